//! The tokio driver against servers that behave, misbehave and lie.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use shakedown::http::Client;
use shakedown::http::ClientOptions;
use shakedown::http::ContentDecoding;
use shakedown::http::Pacer;
use shakedown::http::clock::Clock;
use shakedown::model::Authorisation;
use shakedown::model::Exchange;
use shakedown::model::FailureClass;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::Method;
use shakedown::model::Origin;
use shakedown::model::Request;
use shakedown::model::Scheme;
use shakedown::model::Scope;
use shakedown::model::ScopeBuilder;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;

use crate::http_server::Server;
use crate::http_server::client;
use crate::http_server::get;
use crate::http_server::hasty;
use crate::http_server::patient;
use crate::http_server::read_request;
use crate::http_server::send;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers the first request of every connection with `answer` and then closes.
async fn answering(answer: impl Into<Vec<u8>>) -> Server {
    let answer: Arc<[u8]> = answer.into().into();
    Server::start(move |mut stream, _| {
        let answer = Arc::clone(&answer);
        async move {
            if read_request(&mut stream).await.is_some() {
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
                // Closing with unread bytes would reset; the client closes first.
                let _ = read_request(&mut stream).await;
            }
        }
    })
    .await
}

/// Answers every request of every connection with [`OK`] and tells what it read.
async fn recording() -> (Server, mpsc::Receiver<(usize, Vec<u8>)>) {
    let (sender, receiver) = mpsc::channel(64);
    let server = Server::start(move |mut stream, number| {
        let sender = sender.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                sender.send((number, request)).await.expect("the test listens");
                let _ = stream.write_all(OK).await;
            }
        }
    })
    .await;
    (server, receiver)
}

fn class(exchange: &Exchange) -> Option<FailureClass> {
    exchange.outcome.as_ref().err().map(|failure| failure.class)
}

async fn class_of(answer: impl Into<Vec<u8>>, options: ClientOptions) -> Option<FailureClass> {
    let server = answering(answer).await;
    let origin = server.http();
    class(&get(&client(&origin, options), &origin, "/").await)
}

fn request(origin: &Origin, method: &str, path: &[u8], headers: &[(&str, &[u8])]) -> Request {
    Request {
        origin: origin.clone(),
        method: Method::new(method),
        path_and_query: path.to_vec(),
        headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
        body: Vec::new(),
    }
}

#[tokio::test]
async fn the_server_receives_exactly_what_was_asked() {
    let (server, mut requests) = recording().await;
    let origin = server.http();
    let options = ClientOptions { decoding: ContentDecoding::Off, ..patient() };
    let odd = request(
        &origin,
        "PoST",
        b"/a/../%2e%2E//b c?x='\"<>\xff&&",
        &[("x-LOWER", b"\xe9\0"), ("X-Lower", b""), ("user-AGENT", b"mine")],
    );
    let odd = Request { body: b"\0body".to_vec(), ..odd };
    let exchange = send(&client(&origin, options), odd).await;
    assert_eq!(class(&exchange), None);
    let (_, bytes) = requests.recv().await.expect("one request");
    let mut expected = b"PoST /a/../%2e%2E//b c?x='\"<>\xff&& HTTP/1.1\r\nHost: ".to_vec();
    expected.extend_from_slice(server.address.to_string().as_bytes());
    expected.extend_from_slice(b"\r\nx-LOWER: \xe9\0\r\nX-Lower: \r\nuser-AGENT: mine\r\n");
    expected.extend_from_slice(b"Content-Length: 5\r\n\r\n\0body");
    assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[tokio::test]
async fn standing_headers_go_along_unless_the_request_has_its_own() {
    let (server, mut requests) = recording().await;
    let origin = server.http();
    let headers = vec![Header::new("X-Team", "a"), Header::new("Authorization", "standing")];
    let client = client(&origin, ClientOptions { headers, ..patient() });
    let own = request(&origin, "GET", b"/", &[("authorization", b"own")]);
    assert_eq!(class(&send(&client, own).await), None);
    let (_, bytes) = requests.recv().await.expect("one request");
    let text = String::from_utf8(bytes).expect("ASCII");
    assert!(text.contains("\r\nauthorization: own\r\n"), "{text}");
    assert!(!text.contains("standing"), "{text}");
    assert!(text.contains("\r\nX-Team: a\r\n"), "{text}");
    assert!(text.contains("\r\nUser-Agent: shakedown/"), "{text}");
    assert!(text.contains("\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"), "{text}");
}

#[tokio::test]
async fn the_response_is_kept_faithfully() {
    let answer = b"HTTP/1.0 418 I'm a  teapot\r\nX-B:  1 \r\nx-b: \xff\r\nA: a\r\n b\r\n\r\nbody\0";
    let server = answering(*answer).await;
    let origin = server.http();
    let exchange = get(&client(&origin, patient()), &origin, "/").await;
    let response = exchange.response().expect("an answer");
    assert_eq!((response.status, response.version), (418, HttpVersion::Http10));
    assert_eq!(response.reason, "I'm a  teapot");
    let headers =
        [Header::new("X-B", "1"), Header::new("x-b", b"\xff".to_vec()), Header::new("A", "a   b")];
    assert_eq!(response.headers, headers);
    assert_eq!(response.body, b"body\0");
    assert_eq!(response.wire_len, answer.len() as u64);
    assert!(!response.truncated);
    assert_eq!(exchange.peer, Some(server.address));
    assert!(exchange.timings.wait > Duration::ZERO);
    assert!(exchange.timings.connect > Duration::ZERO);
    assert_eq!(exchange.timings.tls, Duration::ZERO);
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let (server, _requests) = recording().await;
    let origin = server.http();
    let client = client(&origin, patient());
    for number in 0..5 {
        let exchange = get(&client, &origin, "/").await;
        assert_eq!(class(&exchange), None);
        assert_eq!(exchange.timings.connect.is_zero(), number > 0);
        assert_eq!(exchange.peer, Some(server.address));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_past_its_idle_time_is_not_used_again() {
    let (server, _requests) = recording().await;
    let origin = server.http();
    let client = client(&origin, ClientOptions { idle_timeout: Duration::ZERO, ..patient() });
    for _ in 0..2 {
        assert_eq!(class(&get(&client, &origin, "/").await), None);
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_the_connection() {
    let server = Server::start(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            let _ = stream.write_all(&[OK, b"HTTP/1.1 500 Stale\r\n\r\n"].concat()).await;
        }
    })
    .await;
    let origin = server.http();
    let client = client(&origin, patient());
    for _ in 0..2 {
        let exchange = get(&client, &origin, "/").await;
        assert_eq!(exchange.response().map(|response| response.status), Some(200));
    }
    assert_eq!(server.connections(), 2);
}

/// Answers once, and closes a connection when its second request comes.
async fn closing_at_the_second_request() -> Server {
    Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(OK).await;
        read_request(&mut stream).await;
    })
    .await
}

#[tokio::test]
async fn a_request_on_a_stale_connection_is_sent_once_more() {
    let server = closing_at_the_second_request().await;
    let origin = server.http();
    let client = client(&origin, patient());
    for _ in 0..3 {
        assert_eq!(class(&get(&client, &origin, "/").await), None);
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_request_that_must_not_be_sent_twice_gets_a_new_connection() {
    let server = closing_at_the_second_request().await;
    let origin = server.http();
    let client = client(&origin, patient());
    assert_eq!(class(&get(&client, &origin, "/").await), None);
    let post = request(&origin, "POST", b"/", &[]);
    assert_eq!(class(&send(&client, post).await), None);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_new_connection_that_closes_is_not_tried_again() {
    let server = Server::start(|stream, _| async move { drop(stream) }).await;
    let origin = server.http();
    let found = class(&get(&client(&origin, patient()), &origin, "/").await);
    // Whether the close or the reset that our bytes provoke comes first is the kernel's choice.
    assert!(matches!(found, Some(FailureClass::Closed | FailureClass::Reset)), "{found:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_stale_connection_that_has_begun_to_answer_is_not_tried_again() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(OK).await;
        read_request(&mut stream).await;
        let _ = stream.write_all(b"H").await;
    })
    .await;
    let origin = server.http();
    let client = client(&origin, patient());
    assert_eq!(class(&get(&client, &origin, "/").await), None);
    assert_eq!(class(&get(&client, &origin, "/").await), Some(FailureClass::Closed));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn broken_answers_are_told_by_class() {
    let gzip_lie = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
    let cases: Vec<(Vec<u8>, Option<FailureClass>)> = vec![
        (b"".to_vec(), Some(FailureClass::Closed)),
        (b"HTTP/1.1 200 OK\r\nContent-".to_vec(), Some(FailureClass::Closed)),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort".to_vec(),
            Some(FailureClass::Closed),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab".to_vec(),
            Some(FailureClass::Closed),
        ),
        (b"\x16\x03\x01\x02garbage\r\n\r\n".to_vec(), Some(FailureClass::Protocol)),
        (b"220 mail.example.com ESMTP\r\n".to_vec(), Some(FailureClass::Protocol)),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na".to_vec(),
            Some(FailureClass::Protocol),
        ),
        (
            format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(70_000)).into_bytes(),
            Some(FailureClass::TooLarge),
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: x\r\n".repeat(300)).into_bytes(),
            Some(FailureClass::TooLarge),
        ),
        // A coding that lies about the body, and an answer longer than it says, are answers.
        (gzip_lie.as_bytes().to_vec(), None),
        ([OK, b"and more"].concat(), None),
    ];
    for (answer, expected) in cases {
        let shown = answer[..answer.len().min(60)].escape_ascii().to_string();
        assert_eq!(class_of(answer, patient()).await, expected, "{shown}");
    }
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let server =
        Server::start(
            |mut stream, _| async move { while read_request(&mut stream).await.is_some() {} },
        )
        .await;
    let origin = server.http();
    let exchange = get(&client(&origin, hasty()), &origin, "/").await;
    assert_eq!(class(&exchange), Some(FailureClass::WaitTimeout));
}

#[tokio::test]
async fn a_response_that_drips_in_for_ever_is_a_timeout() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        while stream.write_all(b"1\r\nx\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let origin = server.http();
    let exchange = get(&client(&origin, hasty()), &origin, "/").await;
    assert_eq!(class(&exchange), Some(FailureClass::ReceiveTimeout));
}

#[tokio::test]
async fn a_connection_that_nobody_accepts_is_a_connect_timeout() {
    // A backlog of one that is never emptied: once it is full, the kernel drops further attempts.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("valid")).expect("a free port");
    let listener = socket.listen(1).expect("listens");
    let address = listener.local_addr().expect("bound");
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let connected = TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(200), connected).await {
            Ok(stream) => waiting.push(stream.expect("accepted by the kernel")),
            Err(_) => break,
        }
    }
    assert!(waiting.len() < 8, "the backlog never fills on this system");
    let origin = Origin { scheme: Scheme::Http, host: "127.0.0.1".into(), port: address.port() };
    let exchange = get(&client(&origin, hasty()), &origin, "/").await;
    assert_eq!(class(&exchange), Some(FailureClass::ConnectTimeout));
}

/// A port on which nobody listens.
async fn closed_port() -> Origin {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    Origin { scheme: Scheme::Http, host: "127.0.0.1".into(), port }
}

#[tokio::test]
async fn a_closed_port_is_a_refused_connection() {
    let origin = closed_port().await;
    let client = client(&origin, patient());
    assert_eq!(class(&get(&client, &origin, "/").await), Some(FailureClass::ConnectRefused));
    let failure = client.preflight(&origin).await.expect_err("nobody listens");
    assert_eq!(failure.class, FailureClass::ConnectRefused);
}

#[tokio::test]
async fn a_reset_amid_the_response_is_told_as_such() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab").await;
        stream.set_zero_linger().expect("a TCP socket");
    })
    .await;
    let origin = server.http();
    let exchange = get(&client(&origin, patient()), &origin, "/").await;
    assert_eq!(class(&exchange), Some(FailureClass::Reset));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_a_dns_failure() {
    // An empty label is refused by the resolver itself: no query leaves the machine.
    let origin = Origin { scheme: Scheme::Http, host: "no..name.invalid".into(), port: 80 };
    let exchange = get(&client(&origin, patient()), &origin, "/").await;
    assert_eq!(class(&exchange), Some(FailureClass::Dns));
    assert_eq!(exchange.peer, None);
}

#[tokio::test]
async fn an_address_out_of_scope_is_never_dialled() {
    for host in ["169.254.169.254", "8.8.8.8", "0.0.0.0"] {
        let origin = Origin { scheme: Scheme::Http, host: host.into(), port: 9 };
        let client = client(&origin, hasty());
        assert_eq!(class(&get(&client, &origin, "/").await), Some(FailureClass::OutOfScope));
        let failure = client.preflight(&origin).await.expect_err("not local");
        assert_eq!(failure.class, FailureClass::OutOfScope);
    }
}

#[tokio::test]
async fn preflight_keeps_to_the_origins_in_scope() {
    let (server, _requests) = recording().await;
    let origin = server.http();
    let client = client(&origin, patient());
    assert_eq!(client.preflight(&origin).await, Ok((Some(server.address), None)));
    let other = server.origin(Scheme::Http, "localhost");
    let failure = client.preflight(&other).await.expect_err("another origin");
    assert_eq!(failure.class, FailureClass::OutOfScope);
}

#[tokio::test]
async fn localhost_is_tried_at_each_of_its_addresses() {
    let (server, _requests) = recording().await;
    let origin = server.origin(Scheme::Http, "localhost");
    let exchange = get(&client(&origin, patient()), &origin, "/").await;
    assert_eq!(class(&exchange), None);
    assert_eq!(exchange.peer, Some(server.address));
}

#[tokio::test]
async fn a_line_break_in_a_header_is_refused_and_not_sent() {
    let (server, _requests) = recording().await;
    let origin = server.http();
    let broken = request(&origin, "GET", b"/", &[("a", b"x\r\nevil: y")]);
    let exchange = send(&client(&origin, patient()), broken).await;
    assert_eq!(class(&exchange), Some(FailureClass::Protocol));
    assert_eq!(server.connections(), 0);
}

/// Sends one request that nobody waits for longer than `most`.
async fn get_within(origin: &Origin, most: Duration) -> Exchange {
    let request = Scope::of_origin(origin.clone()).admit(Request::get(origin.clone(), "/"));
    client(origin, patient()).send_within(request.expect("its own origin"), most).await
}

#[tokio::test]
async fn of_a_stream_without_end_comes_what_was_sent_until_then() {
    let server = Server::start(|mut stream, _| async move {
        let _ = read_request(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";
        let _ = stream.write_all(head).await;
        // Until the client hangs up.
        let _ = read_request(&mut stream).await;
    })
    .await;
    let exchange = get_within(&server.http(), Duration::from_millis(200)).await;
    let response = exchange.response().expect("its beginning");
    assert_eq!((response.status, response.truncated), (200, true));
    assert_eq!(response.body, b"data: 1\n\n");
    assert!(exchange.timings.duration() >= Duration::from_millis(200));
    let mute =
        Server::start(
            |mut stream, _| async move { while read_request(&mut stream).await.is_some() {} },
        )
        .await;
    let exchange = get_within(&mute.http(), Duration::from_millis(100)).await;
    assert_eq!(class(&exchange), Some(FailureClass::WaitTimeout));
    let server = answering(OK).await;
    let exchange = get_within(&server.http(), Duration::from_secs(20)).await;
    assert!(!exchange.response().expect("whole").truncated);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_cut_and_marked() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let origin = server.http();
    let options = ClientOptions { max_body: 100_000, ..patient() };
    let exchange = get(&client(&origin, options), &origin, "/").await;
    let response = exchange.response().expect("cut, not failed");
    assert_eq!((response.body.len(), response.truncated), (100_000, true));
}

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).expect("memory");
    let body = encoder.finish().expect("memory");
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[tokio::test]
async fn gzip_is_undone_where_asked_and_its_header_stays() {
    let answer = gzipped(b"hello, hello, hello");
    let server = answering(answer.clone()).await;
    let origin = server.http();
    let exchange = get(&client(&origin, patient()), &origin, "/").await;
    let response = exchange.response().expect("an answer");
    assert_eq!(response.body_text(), "hello, hello, hello");
    assert!(response.header("content-encoding").is_some_and(|header| header.value == b"gzip"));
    assert_eq!(response.wire_len, answer.len() as u64);
    let raw = ClientOptions { decoding: ContentDecoding::Off, ..patient() };
    let exchange = get(&client(&origin, raw), &origin, "/").await;
    assert!(answer.ends_with(&exchange.response().expect("an answer").body));
}

#[tokio::test]
async fn a_gzip_bomb_is_cut() {
    let server = answering(gzipped(&vec![0; 20_000_000])).await;
    let origin = server.http();
    let options = ClientOptions { max_body: 1_000_000, ..patient() };
    let exchange = get(&client(&origin, options), &origin, "/").await;
    let response = exchange.response().expect("cut, not failed");
    assert_eq!((response.body.len(), response.truncated), (1_000_000, true));
}

#[tokio::test]
async fn interim_responses_and_heads_without_body_are_read() {
    let server = Server::start(|mut stream, _| async move {
        while let Some(request) = read_request(&mut stream).await {
            let answer: &[u8] = if request.starts_with(b"HEAD") {
                b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
            } else {
                b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 No\r\n\r\n"
            };
            let _ = stream.write_all(answer).await;
        }
    })
    .await;
    let origin = server.http();
    let client = client(&origin, patient());
    let head = send(&client, request(&origin, "HEAD", b"/", &[])).await;
    assert_eq!(head.response().expect("an answer").body, b"");
    let get = get(&client, &origin, "/").await;
    assert_eq!(get.response().map(|response| response.status), Some(204));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_answer_before_the_body_was_read_counts() {
    let server = Server::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await;
        let _ = stream.shutdown().await;
        let mut sink = tokio::io::sink();
        let _ = tokio::io::copy(&mut stream, &mut sink).await;
    })
    .await;
    let origin = server.http();
    let post = Request { body: vec![0; 3_000_000], ..request(&origin, "POST", b"/", &[]) };
    let exchange = send(&client(&origin, patient()), post).await;
    assert_eq!(exchange.response().map(|response| response.status), Some(413));
}

#[tokio::test]
async fn an_answer_is_read_even_if_the_peer_then_resets() {
    let server = Server::start(|mut stream, _| async move {
        let _ = stream.readable().await;
        let _ = stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await;
        // Closing with unread bytes makes the kernel send a reset after the answer.
    })
    .await;
    let origin = server.http();
    let post = Request { body: vec![0; 8_000_000], ..request(&origin, "POST", b"/", &[]) };
    let exchange = send(&client(&origin, patient()), post).await;
    assert_eq!(exchange.response().map(|response| response.status), Some(413));
}

#[tokio::test]
async fn no_more_exchanges_run_at_once_than_allowed() {
    let (entered, mut entries) = mpsc::channel(64);
    let gate = Arc::new(Semaphore::new(0));
    let server_gate = Arc::clone(&gate);
    let server = Server::start(move |mut stream, _| {
        let entered = entered.clone();
        let gate = Arc::clone(&server_gate);
        async move {
            while read_request(&mut stream).await.is_some() {
                entered.send(()).await.expect("the test listens");
                gate.acquire().await.expect("open").forget();
                let _ = stream.write_all(OK).await;
            }
        }
    })
    .await;
    let origin = server.http();
    let client = client(&origin, ClientOptions { max_connections: 2, ..patient() });
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (client, origin) = (client.clone(), origin.clone());
            tokio::spawn(async move { get(&client, &origin, "/").await })
        })
        .collect();
    for _ in 0..2 {
        entries.recv().await.expect("two are let in");
    }
    assert!(entries.try_recv().is_err(), "a third request before any answer");
    gate.add_permits(6);
    for task in tasks {
        assert_eq!(class(&task.await.expect("no panic")), None);
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn waiting_for_the_pacer_is_queueing_and_not_part_of_the_timeout() {
    let (server, _requests) = recording().await;
    let origin = server.http();
    let clock = Clock::start();
    let pacer = Pacer::new(Some(1.0), clock);
    pacer.acquire().await;
    let scope = Arc::new(Scope::of_origin(origin.clone()));
    let timeout = Duration::from_millis(900);
    let options = ClientOptions { timeout, ..ClientOptions::default() };
    let client = Client::new(scope, options, pacer, clock).expect("no files");
    let exchange = get(&client, &origin, "/").await;
    assert_eq!(class(&exchange), None);
    assert!(exchange.timings.queued > timeout, "{:?}", exchange.timings);
}

#[tokio::test]
async fn a_granted_host_is_dialled_though_nothing_else_is() {
    let (server, _requests) = recording().await;
    let origin = server.http();
    let scope = ScopeBuilder {
        origins: vec![origin.clone()],
        include: vec![],
        exclude: vec![],
        authorisation: Authorisation::Granted { by: "A. Person".into(), hosts: vec![] },
    };
    let clock = Clock::start();
    let scope = Arc::new(scope.build().expect("no patterns"));
    let client = Client::new(scope, patient(), Pacer::new(None, clock), clock).expect("no files");
    assert_eq!(class(&get(&client, &origin, "/").await), None);
}
