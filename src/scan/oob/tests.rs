//! Real sockets on loopback, one dialogue for each protocol; and the bounds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;

use super::id::{Ids, candidates};
use super::{
    Conversation, Identity, Interaction, Listener, OobError, OobId, OobOptions, OobProtocol,
    Opening,
};
use crate::http::Client;
use crate::http::ClientOptions;
use crate::http::Pacer;
use crate::http::clock::Clock;
use crate::http::tls::TrustPolicy;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Request;
use crate::model::Response;
use crate::model::Scope;
use crate::model::Seed;
use crate::model::Target;
use crate::model::TlsOptions;

/// Far more than any of these takes.
const LONG: Duration = Duration::from_secs(30);

async fn listener() -> Listener {
    Listener::start(OobOptions::default()).await.expect("free ports")
}

async fn with_domain() -> Listener {
    let domain = Some("Oob.Example.".to_owned());
    Listener::start(OobOptions { domain, ..OobOptions::default() }).await.expect("free ports")
}

fn at(listener: &Listener, protocol: OobProtocol) -> SocketAddr {
    listener.address(protocol).expect("it listens")
}

/// Everything that is answered until the other side closes.
async fn said(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(bytes).await.expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it closes");
    answer
}

/// The only one there is for `id`.
fn only(listener: &Listener, id: &OobId) -> Interaction {
    let mut taken = listener.take(id);
    assert_eq!(taken.len(), 1, "{taken:?}");
    taken.remove(0)
}

/// What a name is looked up with: class IN, recursion desired.
fn query(name: &str, kind: u8) -> Vec<u8> {
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).expect("short"));
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, kind, 0, 1]);
    query
}

/// The answer to `query` with these flags, each answer a type and its data.
fn answer(query: &[u8], flags: [u8; 2], answers: &[(u8, &[u8])]) -> Vec<u8> {
    let mut answer = query.to_vec();
    answer[2..4].copy_from_slice(&flags);
    answer[7] = u8::try_from(answers.len()).expect("few");
    for (kind, data) in answers {
        let len = u8::try_from(data.len()).expect("short");
        answer.extend_from_slice(&[0xc0, 12, 0, *kind, 0, 1, 0, 0, 0, 0, 0, len]);
        answer.extend_from_slice(data);
    }
    answer
}

async fn looked_up(listener: &Listener, query: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    socket.send_to(query, at(listener, OobProtocol::Dns)).await.expect("sent");
    let mut buffer = [0; 600];
    let len = socket.recv(&mut buffer).await.expect("an answer");
    buffer[..len].to_vec()
}

/// A tag with a short length, and what it encloses.
fn ber(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&[tag, u8::try_from(content.len()).expect("short")][..], &content].concat()
}

fn bind_and_search(base: &str) -> (Vec<u8>, Vec<u8>) {
    let bind = ber(0x60, &[&[2, 1, 3, 4, 0, 0x80, 0]]);
    let base = ber(4, &[base.as_bytes()]);
    let rest = [0x0a, 1, 0, 0x0a, 1, 3, 2, 1, 0, 2, 1, 0, 1, 1, 0];
    let filter = [&[0x87, 11][..], b"objectClass", &[0x30, 0]].concat();
    let search = ber(0x63, &[&base, &rest, &filter]);
    (ber(0x30, &[&[2, 1, 1], &bind]), ber(0x30, &[&[2, 1, 2], &search]))
}

#[test]
fn ids_follow_from_seed_and_salt_and_are_found_in_anything() {
    let draw = |seed, salt| {
        let mut ids = Ids::new(Seed(seed), salt);
        [ids.draw(), ids.draw()]
    };
    let [one, other] = draw(1, 2);
    assert_eq!(draw(1, 2), [one, other]);
    assert_ne!(one, other);
    assert_ne!(draw(1, 3)[0], one);
    assert_ne!(draw(2, 2)[0], one);
    assert!(one.as_str().starts_with('c') && one.as_str().len() == 20, "{one}");
    let text = format!("x{}.sub {other}more", one.as_str().to_ascii_uppercase());
    let found: Vec<_> = candidates(text.as_bytes()).collect();
    assert!(found.contains(&one) && found.contains(&other), "{found:?}");
    assert_eq!(candidates(&one.as_str().as_bytes()[..19]).count(), 0);
}

#[tokio::test]
async fn a_request_is_seen_by_its_path() {
    let listener = listener().await;
    let (url, unused) = (listener.new_url(), listener.new_url());
    let address = at(&listener, OobProtocol::Http);
    assert_eq!(url.text, format!("{address}/{}", url.id));
    assert_eq!(listener.server(), address.to_string());
    let request = format!("GET /{}/sub?x HTTP/1.1\r\nHost: {address}\r\n\r\n", url.id);
    let answer = String::from_utf8(said(address, request.as_bytes()).await).expect("text");
    let reversed: String = url.id.as_str().chars().rev().collect();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let page = format!("\r\n\r\n<html><head></head><body>{reversed}</body></html>");
    assert!(answer.ends_with(&page), "{answer}");

    let seen = only(&listener, &url.id);
    assert_eq!((seen.protocol, seen.id), (OobProtocol::Http, url.id));
    assert_eq!(seen.question, format!("GET /{}/sub?x {address}", url.id));
    assert_eq!(seen.raw_request, request.as_bytes());
    assert_eq!(seen.raw_response, answer.as_bytes());
    assert!(seen.remote.ip().is_loopback());
    assert!(listener.take(&url.id).is_empty(), "it was taken");
    assert!(listener.take(&unused.id).is_empty());
    assert_eq!(listener.unknown(), 0);
}

#[tokio::test]
async fn a_request_is_seen_by_its_host_query_headers_and_body() {
    let listener = with_domain().await;
    let address = at(&listener, OobProtocol::Http);
    let url = listener.new_url();
    assert_eq!(url.text, format!("{}.oob.example", url.id));
    let upper = url.id.as_str().to_ascii_uppercase();
    for (method, request) in [
        ("GET", format!("GET / HTTP/1.1\r\nHost: a.{upper}.oob.example\r\n\r\n")),
        ("GET", format!("GET /?u={upper}x HTTP/1.0\r\n\r\n")),
        ("HEAD", format!("HEAD / HTTP/1.1\r\nReferer: http://{}/\r\n\r\n", url.id)),
        ("POST", format!("POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n{}", url.id)),
        (
            "PUT",
            format!(
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{}\r\n0\r\n\r\n",
                url.id
            ),
        ),
    ] {
        let answer = said(address, request.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{request}");
        assert_eq!(answer.ends_with(b"</html>"), method != "HEAD");
        let seen = only(&listener, &url.id);
        assert_eq!(seen.raw_request, request.as_bytes());
        assert!(seen.question.starts_with(method), "{}", seen.question);
    }
}

#[tokio::test]
async fn what_is_asked_for_counts_before_what_else_is_said() {
    let listener = listener().await;
    let (asked, quoted) = (listener.new_url(), listener.new_url());
    let request = format!("GET /{} HTTP/1.1\r\nReferer: http://{}\r\n\r\n", asked.id, quoted.text);
    said(at(&listener, OobProtocol::Http), request.as_bytes()).await;
    assert_eq!(listener.take(&asked.id).len(), 1);
    assert!(listener.take(&quoted.id).is_empty());
}

#[tokio::test]
async fn who_waits_before_his_body_is_told_to_go_on() {
    let listener = listener().await;
    let url = listener.new_url();
    let address = at(&listener, OobProtocol::Http);
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n";
    stream.write_all(head).await.expect("it reads");
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.expect("an answer");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(url.id.as_str().as_bytes()).await.expect("it reads");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("it closes");
    assert!(rest.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(listener.take(&url.id).len(), 1);
}

#[tokio::test]
async fn names_in_the_domain_have_its_address() {
    let listener = with_domain().await;
    let url = listener.new_url();
    let name = format!("Leak.{}.OOB.example", url.id.as_str().to_ascii_uppercase());
    let found = [0x85, 0];
    for (kind, expected) in [
        (1, vec![(1, &[127, 0, 0, 1][..])]),
        (28, vec![]),
        (16, vec![(16, &b"\x0bout-of-band"[..])]),
        (15, vec![(15, &[0, 10, 0xc0, 12][..])]),
        (255, vec![(1, &[127, 0, 0, 1][..])]),
        (65, vec![]),
    ] {
        let query = query(&name, kind);
        let expected = answer(&query, found, &expected);
        assert_eq!(looked_up(&listener, &query).await, expected, "type {kind}");
        let seen = only(&listener, &url.id);
        assert_eq!((seen.protocol, &seen.raw_request), (OobProtocol::Dns, &query));
        assert_eq!(seen.raw_response, expected);
        assert!(seen.question.starts_with(&name.to_ascii_lowercase()), "{}", seen.question);
        let text = String::from_utf8(seen.request_text()).expect("text");
        assert!(text.contains(&format!(";{name}.\tIN\t")), "{text}");
    }
    let elsewhere = query("www.notoob.example.org", 1);
    assert_eq!(looked_up(&listener, &elsewhere).await, answer(&elsewhere, [0x81, 5], &[]));
    assert_eq!(listener.unknown(), 1);
}

#[tokio::test]
async fn names_are_looked_up_over_tcp_too() {
    let listener = with_domain().await;
    let urls = [listener.new_url(), listener.new_url()];
    let mut stream = TcpStream::connect(at(&listener, OobProtocol::Dns)).await.expect("it listens");
    for url in &urls {
        let query = query(&url.text, 1);
        let len = u16::try_from(query.len()).expect("short").to_be_bytes();
        stream.write_all(&[&len[..], &query].concat()).await.expect("it reads");
        let expected = answer(&query, [0x85, 0], &[(1, &[127, 0, 0, 1])]);
        let mut framed = vec![0; 2 + expected.len()];
        stream.read_exact(&mut framed).await.expect("an answer");
        assert_eq!(framed[2..], expected);
        assert_eq!(usize::from(framed[1]), expected.len());
        assert_eq!(only(&listener, &url.id).protocol, OobProtocol::Dns);
    }
}

#[tokio::test]
async fn without_a_domain_only_names_with_an_id_are_answered() {
    let listener = listener().await;
    let url = listener.new_url();
    let with_id = query(&format!("{}.some.example", url.id), 1);
    let expected = answer(&with_id, [0x85, 0], &[(1, &[127, 0, 0, 1])]);
    assert_eq!(looked_up(&listener, &with_id).await, expected);
    let other = query("some.example", 1);
    assert_eq!(looked_up(&listener, &other).await, answer(&other, [0x81, 5], &[]));
    assert_eq!(listener.take(&url.id).len(), 1);
}

#[tokio::test]
async fn a_mail_is_seen_by_its_recipient() {
    let listener = with_domain().await;
    let url = listener.new_url();
    let stream = TcpStream::connect(at(&listener, OobProtocol::Smtp)).await.expect("it listens");
    let mut stream = tokio::io::BufStream::new(stream);
    let mut replies = Vec::new();
    let recipient = format!("RCPT TO:<root@{}>\r\n", url.text);
    let lines = [
        "",
        "EHLO client\r\n",
        "MAIL FROM:<a@b.example>\r\n",
        &recipient,
        "DATA\r\n",
        "Subject: x\r\n\r\nbody\r\n.\r\n",
    ];
    for line in lines {
        stream.write_all(line.as_bytes()).await.expect("it reads");
        stream.flush().await.expect("it reads");
        let mut reply = String::new();
        while reply.lines().last().is_none_or(|last| last.as_bytes()[3] == b'-') {
            tokio::io::AsyncBufReadExt::read_line(&mut stream, &mut reply).await.expect("a line");
        }
        replies.push(reply[..3].to_owned());
    }
    assert_eq!(replies, ["220", "250", "250", "250", "354", "250"]);
    let seen = only(&listener, &url.id);
    assert_eq!(seen.protocol, OobProtocol::Smtp);
    assert_eq!(seen.question, format!("MAIL FROM:<a@b.example>, {}", recipient.trim_end()));
    assert_eq!(seen.raw_request, lines.concat().as_bytes());
    assert!(seen.raw_response.starts_with(b"250-"));
}

#[tokio::test]
async fn a_mail_that_is_broken_off_is_seen() {
    let listener = with_domain().await;
    let url = listener.new_url();
    let said_so = format!("HELO x\r\nMAIL FROM:<x@{}>\r\nQUIT\r\n", url.text);
    let answer = said(at(&listener, OobProtocol::Smtp), said_so.as_bytes()).await;
    assert!(answer.ends_with(b"221 bye\r\n"));
    assert_eq!(only(&listener, &url.id).protocol, OobProtocol::Smtp);
}

#[tokio::test]
async fn a_directory_search_is_seen_by_its_base_on_either_port() {
    let listener = listener().await;
    for protocol in [OobProtocol::Ldap, OobProtocol::Http] {
        let url = listener.new_url();
        let address = at(&listener, protocol);
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let (bind, search) = bind_and_search(&format!("{}/a", url.id));
        for (request, expected) in [
            (&bind, [0x30, 12, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0]),
            (&search, [0x30, 12, 2, 1, 2, 0x65, 7, 0x0a, 1, 0, 4, 0, 4, 0]),
        ] {
            stream.write_all(request).await.expect("it reads");
            let mut reply = [0; 14];
            stream.read_exact(&mut reply).await.expect("an answer");
            assert_eq!(reply, expected);
        }
        let seen = only(&listener, &url.id);
        assert_eq!((seen.protocol, &seen.raw_request), (OobProtocol::Ldap, &search));
        assert_eq!(seen.question, format!("{}/a", url.id));
    }
    assert_eq!(listener.unknown(), 0);
}

#[tokio::test]
async fn a_registry_lookup_is_seen_by_its_name() {
    let listener = listener().await;
    let url = listener.new_url();
    let address = at(&listener, OobProtocol::Http);
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(b"JRMI\x00\x02\x4b").await.expect("it reads");
    let mut welcome = [0; 16];
    stream.read_exact(&mut welcome).await.expect("an answer");
    assert_eq!(&welcome, b"\x4e\x00\x09localhost\x00\x00\x00\x00");
    // The block: object, operation and hash of a registry's `lookup`.
    let block = [0x22; 0x22];
    let id = url.id.as_str().as_bytes();
    let call = [
        &b"\x00\x09127.0.0.1\x00\x00\x00\x00\x50\xac\xed\x00\x05\x77\x22"[..],
        &block,
        b"\x74\x00\x16",
        id,
        b"/a",
    ];
    stream.write_all(&call.concat()).await.expect("it reads");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("it closes");
    let seen = only(&listener, &url.id);
    assert_eq!((seen.protocol, seen.question), (OobProtocol::Rmi, format!("{}/a", url.id)));
}

#[test]
fn who_waits_for_a_greeting_gets_one_and_may_speak_ftp() {
    let zone = super::Zone { domain: None, address: [127, 0, 0, 1].into() };
    let (mut conversation, greeting) = Conversation::new(Opening::Any, &zone, None);
    assert_eq!(greeting, b"");
    assert!(conversation.silence().reply.starts_with(b"220 "));
    let id = Ids::new(Seed(1), 1).draw();
    let said = format!("USER anonymous\r\nPASS x\r\nTYPE I\r\nCWD {id}\r\nEPSV\r\nRETR a\r\n");
    let turn = conversation.feed(said.as_bytes());
    let reply = String::from_utf8(turn.reply).expect("text");
    let codes: Vec<_> = reply.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["331", "230", "200", "250", "502", "550"]);
    assert_eq!(turn.told.len(), 1);
    assert_eq!(turn.told[0].protocol, OobProtocol::Ftp);
    assert_eq!(turn.told[0].question, format!("CWD {id}, RETR a"));
}

#[tokio::test]
async fn the_first_message_of_tls_and_bytes_of_no_protocol_are_seen() {
    let listener = listener().await;
    let address = at(&listener, OobProtocol::Http);
    let url = listener.new_url();
    let hello = [b"\x16\x03\x01\x00\x18\x01\x00\x00\x14", url.id.as_str().as_bytes()].concat();
    let alert = said(address, &hello).await;
    assert_eq!(alert.first(), Some(&0x15), "{alert:?}");
    let seen = only(&listener, &url.id);
    assert_eq!((seen.protocol, seen.raw_request), (OobProtocol::Tls, hello));

    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(format!("_{}\r\n", url.id).as_bytes()).await.expect("it reads");
    stream.shutdown().await.expect("open");
    assert!(listener.wait(&[url.id], LONG).await);
    assert_eq!(only(&listener, &url.id).protocol, OobProtocol::Tcp);
}

#[tokio::test]
async fn waiting_ends_with_the_first_arrival_or_the_time() {
    let listener = listener().await;
    let (url, other) = (listener.new_url(), listener.new_url());
    assert!(!listener.wait(&[url.id], Duration::ZERO).await);
    let request = format!("GET /{} HTTP/1.1\r\n\r\n", url.id);
    let ids = [other.id, url.id];
    let (arrived, _) = tokio::join!(
        listener.wait(&ids, LONG),
        said(at(&listener, OobProtocol::Http), request.as_bytes()),
    );
    assert!(arrived);
    assert!(listener.wait(&[url.id], Duration::ZERO).await, "it has not been taken");
    assert!(!listener.wait(&[other.id], Duration::ZERO).await);
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_what_is_unknown_is_counted() {
    let listener = listener().await;
    let url = listener.new_url();
    let address = at(&listener, OobProtocol::Http);
    for _ in 0..20 {
        said(address, format!("GET /{} HTTP/1.1\r\n\r\n", url.id).as_bytes()).await;
    }
    said(address, b"GET /c2345678901234567890 HTTP/1.1\r\n\r\n").await;
    assert_eq!(listener.take(&url.id).len(), 16);
    assert_eq!((listener.dropped(), listener.unknown()), (4, 1));
    said(address, format!("GET /{} HTTP/1.1\r\n\r\n", url.id).as_bytes()).await;
    assert_eq!(listener.take(&url.id).len(), 1, "there is room again");
}

#[tokio::test]
async fn requests_are_bounded_and_answered_all_the_same() {
    let listener = listener().await;
    let url = listener.new_url();
    let body = "a".repeat(200_000);
    let head = format!("POST /{} HTTP/1.1\r\nContent-Length: 200000\r\n\r\n", url.id);
    let answer = said(at(&listener, OobProtocol::Http), (head + &body).as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    assert_eq!(only(&listener, &url.id).raw_request.len(), 64 << 10);
}

#[tokio::test]
async fn connections_beyond_a_number_are_closed() {
    let listener = listener().await;
    let address = at(&listener, OobProtocol::Ldap);
    let mut streams = Vec::new();
    for _ in 0..130 {
        streams.push(TcpStream::connect(address).await.expect("it listens"));
    }
    let mut byte = [0];
    let last = streams.last_mut().expect("there are some");
    assert_eq!(last.read(&mut byte).await.unwrap_or(0), 0);
    assert_eq!(listener.dropped(), 2);
    let url = listener.new_url();
    let (_, search) = bind_and_search(url.id.as_str());
    streams[0].write_all(&search).await.expect("it is open");
    streams[0].read_exact(&mut byte).await.expect("an answer");
    assert_eq!(listener.take(&url.id).len(), 1);
}

#[tokio::test]
async fn it_is_gone_when_it_stops() {
    let listener = listener().await;
    let address = at(&listener, OobProtocol::Http);
    let mut open = TcpStream::connect(address).await.expect("it listens");
    listener.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    let mut rest = Vec::new();
    assert_eq!(open.read_to_end(&mut rest).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn options_that_cannot_be_are_refused() {
    let start = |options: OobOptions| async { Listener::start(options).await.map(drop) };
    let defaults = OobOptions::default();
    let nowhere = OobOptions { http: None, ..defaults.clone() };
    assert!(matches!(start(nowhere).await, Err(OobError::Nowhere)));
    let long = "a.".repeat(100);
    for domain in ["", "a..b", "a b", "a/b", &long] {
        let options = OobOptions { domain: Some(domain.to_owned()), ..defaults.clone() };
        assert!(matches!(start(options).await, Err(OobError::Domain(_))), "{domain}");
    }
    for public in ["", "a/b", "u@h", "a b"] {
        let options = OobOptions { public: Some(public.to_owned()), ..defaults.clone() };
        assert!(matches!(start(options).await, Err(OobError::Public(_))), "{public}");
    }
    let all = OobOptions { bind: [0, 0, 0, 0].into(), ..defaults.clone() };
    assert!(matches!(start(all).await, Err(OobError::Unnamed(_))));
    let taken = listener().await;
    let http = Some(at(&taken, OobProtocol::Http).port());
    let error = start(OobOptions { http, ..defaults }).await.expect_err("the port is taken");
    assert!(error.to_string().starts_with("listening for http on 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn payloads_name_the_public_host() {
    for (public, expected) in [
        ("hooks.example", "hooks.example:PORT"),
        ("hooks.example:99", "hooks.example:99"),
        ("127.0.0.2", "127.0.0.2:PORT"),
        ("::1", "[::1]:PORT"),
        ("[::1]:99", "[::1]:99"),
    ] {
        let public = Some(public.to_owned());
        let listener = Listener::start(OobOptions { public, ..OobOptions::default() }).await;
        let listener = listener.expect("free ports");
        let port = at(&listener, OobProtocol::Http).port().to_string();
        assert_eq!(listener.server(), expected.replace("PORT", &port));
    }
}

/// Asks for a path of the listener over TLS; the status, or why there was none.
async fn over_tls(
    listener: &Listener,
    path: &str,
    name: Option<String>,
    trust: TrustPolicy,
) -> Result<Response, Failure> {
    let at = at(listener, OobProtocol::Http);
    let origin = Target::parse(&format!("https://{at}/")).expect("a URL").origin;
    let scope = Arc::new(Scope::of_origin(origin.clone()));
    let options = ClientOptions {
        trust,
        tls: TlsOptions { server_name: name, ..TlsOptions::default() },
        ..ClientOptions::default()
    };
    let clock = Clock::start();
    let client = Client::new(Arc::clone(&scope), options, Pacer::new(None, clock), clock);
    let request = scope.admit(Request::get(origin, path)).expect("in scope");
    client.expect("no files").send(request).await.outcome
}

#[tokio::test]
async fn a_request_over_tls_is_answered_and_seen() {
    let listener = listener().await;
    let url = listener.new_url();
    let path = format!("/{}/x", url.id);
    let response = over_tls(&listener, &path, None, TrustPolicy::AcceptAndReport).await;
    let response = response.expect("an answer");
    let reversed: String = url.id.as_str().chars().rev().collect();
    assert!(response.body_text().contains(&reversed), "{response:?}");
    let seen = only(&listener, &url.id);
    assert_eq!(seen.protocol, OobProtocol::Https);
    assert!(seen.raw_request.starts_with(format!("GET {path} HTTP/1.1").as_bytes()));
    assert!(seen.raw_response.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn who_does_not_trust_the_certificate_is_seen_by_the_name_he_asks_for() {
    let listener = with_domain().await;
    let url = listener.new_url();
    let name = Some(format!("a.{}", url.text));
    let refused = over_tls(&listener, "/", name, TrustPolicy::Verify).await;
    assert_eq!(refused.expect_err("nobody has signed it").class, FailureClass::Certificate);
    assert!(listener.wait(&[url.id], LONG).await);
    assert_eq!(only(&listener, &url.id).protocol, OobProtocol::Tls);
}

#[test]
fn the_certificate_holds_every_name_that_payloads_use() {
    let local = [127, 0, 0, 1].into();
    let names = |public: Option<&str>, domain| {
        let public = public.map(str::to_owned);
        super::options::names(&OobOptions { public, ..OobOptions::default() }, domain, local)
    };
    assert_eq!(names(None, None), ["127.0.0.1"]);
    assert_eq!(names(Some("hooks.example:9"), None), ["127.0.0.1", "hooks.example"]);
    assert_eq!(names(Some("[::1]:9"), None), ["127.0.0.1", "::1"]);
    assert_eq!(names(Some("::1"), None), ["127.0.0.1", "::1"]);
    assert_eq!(names(None, Some("a.example")), ["127.0.0.1", "a.example", "*.a.example"]);
}

fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::new(vec!["a.example".to_owned()]).expect("a name"))
}

fn opening() -> impl Strategy<Value = Opening> {
    prop::sample::select(vec![Opening::Any, Opening::Dns, Opening::Ldap, Opening::Smtp])
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_is_made_up(
        opening in opening(),
        first in prop::sample::select(vec![&b""[..], b"0", b"\x16\x03\x01", b"JRMI\0\x02K", b"GET / HTTP/1.1\n", b"EHLO\n"]),
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
    ) {
        let zone = super::Zone { domain: Some("a.example".to_owned()), address: [127, 0, 0, 1].into() };
        let (mut conversation, _) = Conversation::new(opening, &zone, Some(identity()));
        let mut turns = vec![conversation.feed(first)];
        for piece in &pieces {
            turns.push(conversation.feed(piece));
            turns.push(conversation.silence());
        }
        turns.push(conversation.end());
        let told: usize = turns.iter().flat_map(|turn| &turn.told).map(|told| told.request.len()).sum();
        prop_assert!(told <= first.len() + pieces.concat().len());
    }
}
