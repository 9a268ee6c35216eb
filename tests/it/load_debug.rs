//! `load --debug`: one request and its response, to be looked at.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;

use crate::program::OddServer;
use crate::program::read_head_text;
use crate::program::told;

/// Answers every request with `response` and keeps their heads.
fn keeping(response: &'static [u8]) -> (OddServer, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    let server = OddServer::start(move |mut stream| {
        while let Some(head) = read_head_text(&mut stream) {
            kept.lock().expect("no holder panics").push(head);
            if stream.write_all(response).is_err() {
                return;
            }
        }
    });
    (server, heads)
}

/// The lines behind `mark`.
fn marked(out: &str, mark: &str) -> Vec<String> {
    out.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect()
}

#[test]
fn one_request_goes_out_and_is_shown_as_it_was_sent() {
    let (server, heads) =
        keeping(b"HTTP/1.1 404 Gone Fishing\r\nx-ODD: 1\r\nContent-Length: 4\r\n\r\nnope");
    let url = format!("{}/a?b=c", server.url());
    let (code, out, err) =
        told(&["load", &url, "--debug", "-n", "50", "-c", "5", "-H", "x-Mine: yes"]);
    assert_eq!((code, err.as_str()), (0, ""), "a response is a response, whatever its status");
    let heads = heads.lock().expect("no holder panics");
    assert_eq!(heads.len(), 1, "{heads:?}");
    let sent: Vec<_> = heads[0].trim_end().lines().map(str::to_owned).collect();
    let shown = marked(&out, "> ");
    assert_eq!(shown[..sent.len()], sent[..]);
    assert!(sent.contains(&"x-Mine: yes".to_owned()), "{sent:?}");
    let expected = ["HTTP/1.1 404 Gone Fishing", "x-ODD: 1", "Content-Length: 4", "", "nope"];
    assert_eq!(marked(&out, "< "), expected);
}

#[test]
fn secrets_are_masked_in_both_directions() {
    let (server, heads) = keeping(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cr3t-sid; Path=/\r\nContent-Length: 0\r\n\r\n",
    );
    let (code, out, _) =
        told(&["load", &server.url(), "--debug", "-a", "me:s3cr3t", "-H", "X-Api-Key: s3cr3t-key"]);
    assert_eq!(code, 0);
    assert!(heads.lock().expect("no holder panics")[0].contains("s3cr3t-key"), "it was sent");
    assert!(!out.contains("s3cr3t") && !out.contains("bWU6"), "{out}");
    assert!(out.contains("> Authorization: Basic [redacted]"), "{out}");
    assert!(out.contains("< Set-Cookie: sid=[redacted]; Path=/"), "{out}");
}

#[test]
fn bodies_are_cut_and_escapes_are_shown_not_obeyed() {
    let body = format!("\u{1b}[31mred\n{}", "x".repeat(9_000));
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let server = OddServer::answering(head + &body);
    let (code, out, _) = told(&["load", &server.url(), "--debug"]);
    assert_eq!(code, 0);
    assert!(!out.contains('\u{1b}') && out.contains("< \\u{1b}[31mred"), "{out}");
    assert!(out.contains("* 4096 of 9009 bytes shown"), "{out}");
    assert!(out.len() < 6_000, "{}", out.len());
}

#[test]
fn a_body_that_is_not_text_is_counted_only() {
    let server = OddServer::answering(
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\x00\xfe\x01".as_slice(),
    );
    let (_, out, _) = told(&["load", &server.url(), "--debug"]);
    assert!(out.contains("* 4 bytes that are not text"), "{out}");
}

#[test]
fn a_target_that_is_not_there_ends_with_86_after_the_request_was_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let (code, out, err) = told(&["load", &format!("http://{address}/"), "--debug"]);
    assert_eq!(code, 86, "{err}");
    assert!(out.contains("> GET / HTTP/1.1"), "{out}");
    assert!(err.starts_with("error: ") && err.contains("refused"), "{err}");
}

#[test]
fn what_cannot_be_shown_so_is_refused() {
    for extra in [["--http2", "-Q"], ["--http-version", "2"], ["--json", "-Q"]] {
        let args = [["load", "http://127.0.0.1:9/", "--debug"].as_slice(), &extra].concat();
        assert_eq!(told(&args).0, 2, "{extra:?}");
    }
    assert_eq!(told(&["load", "ws://127.0.0.1:9/", "--debug"]).0, 2);
    let (code, _, err) = told(&["load", "scenarios/release-gate.yml", "--debug"]);
    assert!(code == 2 && err.contains("--debug"), "{err}");
}
