//! A scan that logs in, is killed and goes on: as whom, with what, and what of that is in its file.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use crate::program::{OddServer, read_head_text, shakedown, write};

const PASSWORD: &str = "lantern-58-copper";

/// What the members' site remembers.
#[derive(Default)]
struct Club {
    /// Sessions that it has given; only the last is good.
    sessions: Vec<String>,
    /// Values of another cookie, another one with each answer.
    marks: Vec<String>,
    /// The token of the last form that was shown.
    token: Option<String>,
    tokens: u32,
    asked: BTreeMap<String, u32>,
}

fn word(text: &str) -> String {
    let digest = Sha256::digest(text);
    let parts: Vec<String> = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    parts.concat()
}

/// A site for members; tells when its search was used so often.
fn serve(tell_at: u32, tell: mpsc::SyncSender<()>) -> (OddServer, Arc<Mutex<Club>>) {
    let club: Arc<Mutex<Club>> = Arc::default();
    let (shared, tell) = (Arc::clone(&club), Mutex::new(tell));
    let server = OddServer::start(move |mut stream| {
        while let Some(head) = read_head_text(&mut stream) {
            let answer = {
                let mut club = shared.lock().expect("no panic");
                let body = body(&mut stream, &head);
                let answer = club.answer(&head, &body);
                let finds = club.asked.iter().filter(|(path, _)| path.starts_with("/find"));
                if finds.map(|(_, count)| count).sum::<u32>() == tell_at {
                    let _gone = tell.lock().expect("no panic").try_send(());
                }
                answer
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    (server, club)
}

fn body(stream: &mut TcpStream, head: &str) -> String {
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut body).expect("as long as it says");
    String::from_utf8(body).expect("a form")
}

fn found(status: &str, headers: &str, content: &str) -> String {
    let body = format!("<!doctype html><html><body>{content}</body></html>");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Club {
    fn answer(&mut self, head: &str, body: &str) -> String {
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let path = target.split('?').next().unwrap_or_default();
        if path == "/login" {
            if head.starts_with("GET") {
                let form = "<form method=post action=/login><input name=username>\
                            <input type=password name=password></form>";
                return found("200 OK", "", form);
            }
            assert!(body.contains(PASSWORD), "{body}");
            let session = word(&format!("session {}", self.sessions.len()));
            let cookie = format!("Set-Cookie: sid={session}; HttpOnly\r\nLocation: /\r\n");
            self.sessions.push(session);
            self.token = None;
            return found("302 Found", &cookie, "");
        }
        let session = self.sessions.last().cloned().unwrap_or_default();
        if session.is_empty() || !head.contains(&format!("sid={session}")) {
            return found("302 Found", "Location: /login\r\n", "");
        }
        *self.asked.entry(target.clone()).or_insert(0) += 1;
        let mark = word(&format!("mark {} {}", self.marks.len(), self.sessions.len()));
        let headers = format!("Set-Cookie: mark={mark}; HttpOnly\r\n");
        self.marks.push(mark.clone());
        let (status, content) = self.page(path, &target, &session, &mark);
        found(status, &headers, &content)
    }

    fn page(
        &mut self,
        path: &str,
        target: &str,
        session: &str,
        mark: &str,
    ) -> (&'static str, String) {
        let content = match path {
            "/" => {
                let pages = (0..12).map(|n| format!("<a href=/page/{n}>p</a>"));
                format!("<a href=/me>me</a><a href=/form>f</a>{}", pages.collect::<String>())
            }
            "/me" => format!("<p>You are {session}, marked {mark}, and know {PASSWORD}.</p>"),
            "/form" => {
                self.tokens += 1;
                let token = word(&format!("token {} {session}", self.tokens));
                self.token = Some(token.clone());
                format!(
                    "<form action=/find><input type=hidden name=csrf_token value={token}>\
                     <input name=q></form>"
                )
            }
            "/find" => {
                let query = target.split_once('?').map_or("", |(_, query)| query);
                let sent: BTreeMap<String, String> =
                    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
                if self.token.is_none() || sent.get("csrf_token") != self.token.take().as_ref() {
                    return ("403 Forbidden", "<p>That form is old.</p>".to_owned());
                }
                format!("<p>Nothing about {}</p>", sent.get("q").cloned().unwrap_or_default())
            }
            path if path.starts_with("/page/") => format!("<h1>{path}</h1>"),
            _ => return ("404 Not Found", "<p>no</p>".to_owned()),
        };
        ("200 OK", content)
    }
}

fn plan(dir: &Path, url: &str) -> String {
    let text = format!(
        "version: 1\ntarget: {url}\nsecrets: {{ PASSWORD: {{ env: CLUB_PASSWORD }} }}\nauth:\n  \
         member: {{ form: {{ url: /login, user: alice, password: '${{secrets.PASSWORD}}' }} }}\n\
         scan:\n  as: member\n  active: [xss-reflected, sqli-error]\n  concurrency: 4\n  \
         max_rps: 2000\n"
    );
    write(dir, "plan.yml", &text)
}

fn command(plan: &str, more: &[&str]) -> std::process::Command {
    let mut command = shakedown();
    command.args(["scan", plan, "--no-tui", "--seed", "7"]).args(more);
    command.env("CLUB_PASSWORD", PASSWORD);
    command
}

fn report(plan: &str, more: &[&str]) -> Value {
    let output = command(plan, more).arg("--json").output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 80)), "{stderr}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn findings(report: &Value) -> BTreeSet<String> {
    let findings = report["findings"].as_array().expect("an array").iter();
    findings.map(|one| one["fingerprint"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Everything that the file holds, as anybody could read it.
fn contents(dir: &Path) -> String {
    let mut bytes = Vec::new();
    for name in ["state.db", "state.db-wal"] {
        bytes.extend(std::fs::read(dir.join(name)).unwrap_or_default());
    }
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    let file = rusqlite::Connection::open(dir.join("state.db")).expect("a database");
    let mut rows = file.prepare("SELECT head, body FROM answers").expect("it has answers");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    for row in rows {
        let (head, packed): (Vec<u8>, Vec<u8>) = row.expect("a row");
        text.push_str(&String::from_utf8_lossy(&head));
        let mut body = String::new();
        let mut unpacked = flate2::read::DeflateDecoder::new(packed.as_slice());
        unpacked.read_to_string(&mut body).expect("a page");
        text.push_str(&body);
    }
    text
}

/// Only those that were in flight are asked for once more; a form is shown as often as it is sent.
const CONCURRENCY: u32 = 4;

#[test]
fn a_scan_of_a_member_goes_on_with_another_login_and_keeps_no_secret() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (tell, told_of) = mpsc::sync_channel(1);
    let (server, club) = serve(12, tell);
    let plan = plan(dir.path(), &server.url());
    let state = dir.path().join("state.db");
    let state = state.to_str().expect("UTF-8");
    let mut child = command(&plan, &["--resume", state])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    told_of.recv_timeout(Duration::from_secs(60)).expect("the run gets that far");
    child.kill().expect("SIGKILL");
    child.wait().expect("it is gone");
    let kept = contents(dir.path());
    assert!(kept.contains("<h1>/page/7</h1>"), "it has the pages");
    let resumed = report(&plan, &["--resume", state]);

    let club = club.lock().expect("no panic");
    assert_eq!(club.sessions.len(), 2, "each run has logged in once");
    let kept = kept + &contents(dir.path());
    let secrets = club.sessions.iter().chain(&club.marks).map(String::as_str).chain([PASSWORD]);
    for secret in secrets {
        assert!(!kept.contains(secret), "{secret} is in the file");
    }

    let (tell, _told_of) = mpsc::sync_channel(1);
    let (server, whole) = serve(u32::MAX, tell);
    let expected = report(&self::plan(dir.path(), &server.url()), &[]);
    assert_eq!(findings(&resumed), findings(&expected));
    let has_found = |rule: &str| {
        let findings = resumed["findings"].as_array().expect("an array");
        findings.iter().any(|one| one["rule"]["id"] == rule || one["rule"] == rule)
    };
    assert!(has_found("xss-reflected"), "through a form with a token that is good once");
    let whole = whole.lock().expect("no panic");
    let count = |club: &Club, of: &str| -> u32 {
        let asked = club.asked.iter().filter(|(path, _)| path.starts_with(of));
        asked.map(|(_, count)| count).sum()
    };
    for of in ["/page/", "/me", "/find"] {
        let (resumed, whole) = (count(&club, of), count(&whole, of));
        assert!(resumed <= whole + CONCURRENCY, "{of}: {resumed} instead of {whole}");
    }
}
