//! `rules run -iserver`: calls from outside come to a server that the user names. The server here speaks
//! the protocol on loopback, encryption included, and can be made to misbehave.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use aes::Aes256;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::program::{OddServer, shakedown, told, write};

const TOKEN: &str = "hunter2-of-the-callback-server";

const TEMPLATE: &str = r#"
id: fetches
info: { name: Fetches, author: us, severity: high }
http:
  - method: GET
    path: ["{{BaseURL}}/fetch?url=http://{{interactsh-url}}/x"]
    matchers-condition: and
    matchers:
      - { type: word, part: interactsh_protocol, words: [http] }
      - { type: word, part: interactsh_request, words: ["GET /x"] }
"#;

/// How the server encrypts messages.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Counter,
    Feedback,
}

/// What is wrong with it.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The first two questions are for a session that it does not know.
    Forgets,
    /// It answers everything with a page.
    IsAWebSite,
    /// The first question gets no JSON.
    Stumbles,
    /// Messages are encrypted with another key than the one it tells.
    WrongKey,
    /// It says no, and says the token back.
    Full,
}

struct Session {
    id: String,
    secret: String,
    public: PublicKey,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    waiting: Vec<Value>,
    asked: Vec<String>,
    polls: u32,
}

/// A callback server: its address, and what it was asked.
struct CallbackServer {
    server: OddServer,
    state: Arc<Mutex<State>>,
}

impl CallbackServer {
    fn start(mode: Mode, fault: Fault) -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let kept = Arc::clone(&state);
        let server = OddServer::start(move |mut stream| {
            while let Some((head, body)) = read_request(&mut stream) {
                let (status, answer) = {
                    let mut state = kept.lock().expect("not poisoned");
                    state.asked.push(head.lines().next().unwrap_or_default().to_owned());
                    answer(&mut state, &head, &body, mode, fault)
                };
                let text = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{answer}",
                    answer.len()
                );
                if stream.write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
        });
        Self { server, state }
    }

    /// A target that calls whatever it is told to.
    fn target(&self) -> OddServer {
        let state = Arc::clone(&self.state);
        OddServer::start(move |mut stream| {
            while let Some((head, _)) = read_request(&mut stream) {
                if let Some((_, rest)) = head.split_once("url=http://") {
                    let host = rest.split(['/', ' ']).next().unwrap_or_default();
                    let name = host.split('.').next().unwrap_or_default();
                    state.lock().expect("not poisoned").waiting.push(json!({
                        "protocol": "http",
                        "unique-id": name.to_uppercase(),
                        "full-id": name,
                        "raw-request": format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n"),
                        "raw-response": "HTTP/1.1 200 OK\r\n\r\n",
                        "remote-address": "198.51.100.7",
                        "timestamp": "2026-01-01T00:00:00Z",
                    }));
                }
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                if stream.write_all(answer).is_err() {
                    return;
                }
            }
        })
    }

    fn asked(&self) -> Vec<String> {
        let state = self.state.lock().expect("not poisoned");
        state.asked.iter().map(|line| line.split(['?', ' ']).nth(1).unwrap_or("").into()).collect()
    }
}

fn answer(state: &mut State, head: &str, body: &[u8], mode: Mode, fault: Fault) -> (u16, String) {
    let error = |text: &str| (400, json!({ "error": text }).to_string());
    if fault == Fault::IsAWebSite {
        return (200, "<html>Welcome</html>".to_owned());
    }
    let has_token = head.lines().any(|line| line == format!("Authorization: {TOKEN}"));
    if !has_token {
        return (401, String::new());
    }
    if fault == Fault::Full {
        return error(&format!("no room for {TOKEN}\u{1b}[31m"));
    }
    let path = head.split([' ', '?']).nth(1).unwrap_or_default();
    match path {
        "/base/register" => {
            let asked: Value = serde_json::from_slice(body).expect("JSON");
            let text = |name: &str| asked[name].as_str().expect("text").to_owned();
            let pem = BASE64_STANDARD.decode(text("public-key")).expect("base64");
            let pem = String::from_utf8(pem).expect("PEM");
            state.session = Some(Session {
                id: text("correlation-id"),
                secret: text("secret-key"),
                public: PublicKey::from_public_key_pem(&pem).expect("a public key"),
            });
            (200, json!({ "message": "registration successful" }).to_string())
        }
        "/base/poll" => {
            state.polls += 1;
            if fault == Fault::Forgets && state.polls == 1 {
                return error(
                    "could not get interactions: could not get correlation-id from cache",
                );
            }
            if fault == Fault::Stumbles && state.polls == 1 {
                return (200, "not now".to_owned());
            }
            let Some(session) = &state.session else { return error("nobody is registered") };
            let expected = format!("?id={}&secret={} ", session.id, session.secret);
            if !head.contains(&expected) {
                return error("invalid secret key passed for user");
            }
            let key = [7; 32];
            let wrapped = session.public.oaep_encrypt_with_rng::<Sha256, _>(&mut rand::rng(), &key);
            let used = if fault == Fault::WrongKey { [8; 32] } else { key };
            let messages = state.waiting.drain(..);
            let data: Vec<String> =
                messages.map(|message| sealed(&message.to_string(), &used, mode)).collect();
            let wrapped = BASE64_STANDARD.encode(wrapped.expect("it fits"));
            (200, json!({ "data": data, "extra": null, "aes_key": wrapped }).to_string())
        }
        "/base/deregister" => {
            let asked: Value = serde_json::from_slice(body).expect("JSON");
            let session = state.session.take().expect("it is there");
            assert_eq!(asked["secret-key"], session.secret.as_str());
            (200, json!({ "message": "deregistration successful" }).to_string())
        }
        _ => (404, String::new()),
    }
}

fn sealed(text: &str, key: &[u8; 32], mode: Mode) -> String {
    let first = [9; 16];
    let mut bytes = text.as_bytes().to_vec();
    match mode {
        Mode::Counter => {
            ctr::Ctr128BE::<Aes256>::new(key.into(), &first.into()).apply_keystream(&mut bytes);
        }
        Mode::Feedback => {
            cfb_mode::Encryptor::<Aes256>::new(key.into(), &first.into()).encrypt(&mut bytes);
        }
    }
    BASE64_STANDARD.encode([&first[..], &bytes].concat())
}

fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let head = crate::program::read_head_text(stream)?;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.and_then(|text| text.trim().parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// Exit code, results and what was said.
fn run(server: &CallbackServer, flags: &[&str]) -> (i32, Vec<Value>, String) {
    run_at(server, &format!("{}/base/", server.server.url()), flags)
}

fn run_at(server: &CallbackServer, at: &str, flags: &[&str]) -> (i32, Vec<Value>, String) {
    let target = server.target();
    let dir = tempfile::tempdir().expect("a directory");
    let template = write(dir.path(), "t.yaml", TEMPLATE);
    let url = target.url();
    let mut arguments = vec!["rules", "run", "-t", &template, "-u", &url, "-iserver", at];
    arguments.extend(["-jsonl", "-no-index", "-interactions-poll-duration", "1"]);
    arguments.extend(flags);
    let (code, out, said) = told(&arguments);
    let results = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!said.contains(TOKEN) && !out.contains(TOKEN), "the token is told: {said}");
    (code, results, said)
}

#[test]
fn calls_that_the_named_server_saw_are_proof() {
    for mode in [Mode::Counter, Mode::Feedback] {
        let server = CallbackServer::start(mode, Fault::None);
        let (code, results, said) = run(&server, &["-itoken", TOKEN]);
        assert_eq!((code, results.len()), (0, 1), "{said}");
        assert_eq!(results[0]["interaction"]["protocol"], "http");
        assert_eq!(results[0]["interaction"]["remote-address"], "198.51.100.7");
        let asked = server.asked();
        assert_eq!(asked.first().map(String::as_str), Some("/base/register"));
        assert_eq!(asked.last().map(String::as_str), Some("/base/deregister"));
        assert!(said.contains(&format!("calls from outside go to {}", server.server.url())));
    }
}

#[test]
fn the_token_may_stand_in_the_environment() {
    let server = CallbackServer::start(Mode::Counter, Fault::None);
    let target = server.target();
    let dir = tempfile::tempdir().expect("a directory");
    let template = write(dir.path(), "t.yaml", TEMPLATE);
    let at = format!("{}/base", server.server.url());
    let output = shakedown()
        .args(["rules", "run", "-t", &template, "-u", &target.url(), "-iserver", &at, "-silent"])
        .args(["-no-index", "-interactions-cooldown-period", "0"])
        .env("SHAKEDOWN_INTERACTSH_TOKEN", TOKEN)
        .output()
        .expect("the binary can be started");
    assert_eq!(output.status.code(), Some(0));
    let out = String::from_utf8_lossy(&output.stdout);
    // The last question is asked at the end, however short the wait.
    assert!(out.contains("[fetches]"), "{out}");
}

#[test]
fn a_server_that_says_no_ends_the_run_before_it_began() {
    for (fault, token, code, words) in [
        (Fault::None, None, 85, "wants a token; give it with -itoken"),
        (Fault::None, Some("wrong"), 85, "refuses the token of -itoken"),
        (Fault::IsAWebSite, Some(TOKEN), 86, "not as an Interactsh server does"),
        (Fault::Full, Some(TOKEN), 86, "answers 400: no room for …\\u{1b}[31m"),
    ] {
        let server = CallbackServer::start(Mode::Counter, fault);
        let flags: Vec<&str> = token.into_iter().flat_map(|token| ["-itoken", token]).collect();
        let (ended, results, said) = run(&server, &flags);
        assert_eq!((ended, results.len()), (code, 0), "{said}");
        assert!(said.contains(words), "{said}");
        assert!(said.contains("nothing was sent to the target"), "{said}");
        assert_eq!(server.asked(), ["/base/register"]);
        assert!(server.state.lock().expect("not poisoned").waiting.is_empty());
    }
}

#[test]
fn of_several_servers_the_first_that_is_there_is_taken() {
    let gone = OddServer::start(|_| ()).url();
    let server = CallbackServer::start(Mode::Counter, Fault::None);
    let at = format!("{gone},{}/base", server.server.url());
    let (code, results, said) = run_at(&server, &at, &["-itoken", TOKEN]);
    assert_eq!((code, results.len()), (0, 1), "{said}");
    let dir = tempfile::tempdir().expect("a directory");
    let template = write(dir.path(), "t.yaml", TEMPLATE);
    let both = format!("{gone},{gone}/x");
    let url = server.server.url();
    let (code, _, said) = told(&["rules", "run", "-t", &template, "-u", &url, "-iserver", &both]);
    assert_eq!(code, 86, "{said}");
    assert!(said.contains("none of 2 callback servers would do; the last: "), "{said}");
}

#[test]
fn a_session_that_was_lost_is_registered_anew_and_said() {
    let server = CallbackServer::start(Mode::Counter, Fault::Forgets);
    let (code, results, said) = run(&server, &["-itoken", TOKEN]);
    assert_eq!((code, results.len()), (0, 1), "{said}");
    assert!(said.contains("has forgotten the session; it was registered anew"), "{said}");
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|path| *path == "/base/register").count(), 2);
}

#[test]
fn answers_that_cannot_be_used_are_said_and_do_no_harm() {
    let server = CallbackServer::start(Mode::Counter, Fault::Stumbles);
    let (code, results, said) = run(&server, &["-itoken", TOKEN]);
    assert_eq!((code, results.len()), (0, 1), "{said}");
    assert!(said.contains("calls cannot be asked for: "), "{said}");
    assert!(said.contains("answers again"), "{said}");

    let server = CallbackServer::start(Mode::Counter, Fault::WrongKey);
    let (code, results, said) =
        run(&server, &["-itoken", TOKEN, "-interactions-cooldown-period", "0"]);
    assert_eq!((code, results.len()), (0, 0), "{said}");
    assert!(said.contains("calls: 1 could not be read"), "{said}");
}

#[test]
fn nobody_is_asked_who_is_not_named_or_not_needed() {
    let server = CallbackServer::start(Mode::Counter, Fault::None);
    let target = server.target();
    let dir = tempfile::tempdir().expect("a directory");
    let plain = TEMPLATE.replace("http://{{interactsh-url}}/x", "x").replace("interactsh_", "no_");
    let template = write(dir.path(), "t.yaml", &plain);
    let (url, at) = (target.url(), server.server.url());
    let (code, _, said) = told(&["rules", "run", "-t", &template, "-u", &url, "-iserver", &at]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(server.asked(), [""; 0]);
    for wrong in ["ftp://oast.example", "https://u:p@oast.example"] {
        let (code, _, said) =
            told(&["rules", "run", "-t", &template, "-u", &url, "-iserver", wrong]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("is no callback server"), "{said}");
    }
    let (code, _, said) =
        told(&["rules", "run", "-t", &template, "-u", &url, "-ni", "-iserver", &at]);
    assert_eq!(code, 2, "{said}");
}

/// A scan of a site whose templates wait for calls at a server that is named.
#[test]
fn a_scan_waits_at_the_named_server_too() {
    let server = CallbackServer::start(Mode::Counter, Fault::None);
    let target = server.target();
    let dir = tempfile::tempdir().expect("a directory");
    let template = write(dir.path(), "t.yaml", TEMPLATE);
    let file = dir.path().join("report.json");
    let report = format!("--json={}", file.display());
    let (url, at) = (target.url(), format!("{}/base", server.server.url()));
    let scan = |flags: &[&str]| {
        let mut arguments = vec!["scan", &url, &report, "--max-urls", "3"];
        arguments.extend(["--max-rps", "500", "--fail-on", "never"]);
        arguments.extend(flags);
        told(&arguments)
    };
    let (code, out, said) = scan(&[
        "--templates",
        &template,
        "--interactsh-server",
        &at,
        "--interactsh-token",
        TOKEN,
        "--interactions-poll-duration",
        "1",
    ]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains(TOKEN) && !out.contains(TOKEN), "the token is told: {said}");
    let text = std::fs::read_to_string(&file).expect("a report");
    assert!(!text.contains(TOKEN), "the token is told: {text}");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let found = report["findings"].as_array().expect("a list");
    let is_proof = |finding: &&Value| {
        finding["rule"] == "callback" || finding.to_string().contains("called back over http")
    };
    assert_eq!(found.iter().filter(is_proof).count(), 1, "{found:?}");
    let asked = server.asked();
    assert_eq!(asked.last().map(String::as_str), Some("/base/deregister"));

    let (code, _, said) = scan(&["--interactsh-server", &at]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("nothing provokes calls from outside"), "{said}");
}
