//! Requests that end at one instant, on real sockets: what arrives, and in which order.

use std::collections::BTreeMap;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use h2::server::Builder;
use shakedown::http::Client;
use shakedown::http::ClientOptions;
use shakedown::http::Pacer;
use shakedown::http::clock::Clock;
use shakedown::model::Exchange;
use shakedown::model::FailureClass;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::Method;
use shakedown::model::Origin;
use shakedown::model::Request;
use shakedown::model::Scheme;
use shakedown::model::Scope;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::h2_server::H2Server;
use crate::h2_server::whole;
use crate::http_server::Server;
use crate::http_server::client;
use crate::http_server::patient;
use crate::http_server::read_request;
use crate::tls_bed::Authority;
use crate::tls_bed::Valid;
use crate::tls_bed::loopback;

const COPIES: usize = 20;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

fn origin(scheme: Scheme, address: SocketAddr) -> Origin {
    Origin { scheme, host: "127.0.0.1".to_owned(), port: address.port() }
}

fn request(origin: &Origin, number: usize, body: &str) -> Request {
    Request {
        method: Method::new("POST"),
        headers: vec![Header::new("X-Number", format!("{number:02}"))],
        body: body.as_bytes().to_vec(),
        ..Request::get(origin.clone(), "/redeem")
    }
}

async fn send(client: &Client, requests: Vec<Request>) -> Vec<Exchange> {
    let admit = |request: Request| {
        Scope::of_origin(request.origin.clone()).admit(request).expect("its own origin")
    };
    client.send_together(requests.into_iter().map(admit).collect()).await
}

/// Whether a request is here whole: by its `Content-Length`, which all of these have.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.expect("it has one").parse().expect("a number")
}

/// Takes in what has come, and says whether anything had.
fn drain(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer) {
        Ok(count) => {
            bytes.extend_from_slice(&buffer[..count]);
            count > 0
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
        Err(error) => panic!("{error}"),
    }
}

/// What had come on each connection when the first request was whole, and in the end.
type Arrived = Vec<(Vec<u8>, Vec<u8>)>;

/// A server that takes so many connections and looks at all of them as soon as one request is whole.
fn watching(connections: usize) -> (SocketAddr, JoinHandle<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    let watching = thread::spawn(move || {
        let accept = |_| {
            let (stream, _) = listener.accept().expect("a connection");
            stream.set_nonblocking(true).expect("a socket can be that");
            (stream, Vec::new())
        };
        let mut lines: Vec<(TcpStream, Vec<u8>)> = (0..connections).map(accept).collect();
        while !lines.iter().any(|(_, bytes)| is_whole(bytes)) {
            for (stream, bytes) in &mut lines {
                drain(stream, bytes);
                if is_whole(bytes) {
                    break;
                }
            }
            thread::yield_now();
        }
        for (stream, bytes) in &mut lines {
            while !is_whole(bytes) && drain(stream, bytes) {}
        }
        let first: Vec<Vec<u8>> = lines.iter().map(|(_, bytes)| bytes.clone()).collect();
        for (stream, bytes) in &mut lines {
            stream.set_nonblocking(false).expect("a socket can be that");
            while !is_whole(bytes) {
                assert!(drain(stream, bytes), "the client has closed");
            }
            stream.write_all(OK).expect("the client reads");
        }
        first.into_iter().zip(lines.into_iter().map(|(_, bytes)| bytes)).collect()
    });
    (address, watching)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_whole_before_all_others_are_but_for_a_byte() {
    for body in ["", "code=SPRING"] {
        let (address, watching) = watching(COPIES);
        let origin = origin(Scheme::Http, address);
        let requests: Vec<_> = (0..COPIES).map(|number| request(&origin, number, body)).collect();
        let exchanges = send(&client(&origin, patient()), requests).await;
        let arrived = watching.join().expect("the server does not panic");
        for (number, exchange) in exchanges.iter().enumerate() {
            let response = exchange.response().unwrap_or_else(|| panic!("{:?}", exchange.outcome));
            assert_eq!((response.status, response.body.as_slice()), (200, &b"ok"[..]));
            let asked = exchange.request.header("x-number").expect("each has one");
            assert_eq!(asked.text(), format!("{number:02}"), "in the order of the requests");
        }
        assert_eq!((exchanges.len(), arrived.len()), (COPIES, COPIES));
        for (first, all) in &arrived {
            let missing = all.len() - first.len();
            assert!(missing <= 1, "{missing} bytes missing: {}", String::from_utf8_lossy(first));
        }
        let numbers = arrived.iter().map(|(_, all)| String::from_utf8_lossy(all).into_owned());
        let each = (0..COPIES).all(|number| {
            let line = format!("X-Number: {number:02}\r\n");
            numbers.clone().filter(|text| text.contains(&line)).count() == 1
        });
        assert!(each, "each was sent once");
    }
}

#[tokio::test]
async fn whoever_closes_is_a_failure_of_each_and_nothing_is_sent_again() {
    let server = Server::start(|stream, _| async move { drop(stream) }).await;
    let origin = server.http();
    let requests = (0..3).map(|number| request(&origin, number, "a=1")).collect();
    let exchanges = send(&client(&origin, patient()), requests).await;
    for exchange in &exchanges {
        let class = exchange.outcome.as_ref().err().map(|failure| failure.class);
        assert!(matches!(class, Some(FailureClass::Closed | FailureClass::Reset)), "{class:?}");
    }
    assert_eq!((exchanges.len(), server.connections()), (3, 3));
}

#[tokio::test]
async fn the_cap_on_the_rate_counts_each() {
    let server = Server::start(|mut stream, _| async move {
        if read_request(&mut stream).await.is_some() {
            let _ = stream.write_all(OK).await;
        }
    })
    .await;
    let origin = server.http();
    let clock = Clock::start();
    let pacer = Pacer::new(Some(1000.0), clock);
    let scope = Arc::new(Scope::of_origin(origin.clone()));
    let client = Client::new(scope, patient(), pacer.clone(), clock).expect("usable roots");
    let requests = (0..COPIES).map(|number| request(&origin, number, "")).collect();
    let exchanges = send(&client, requests).await;
    assert!(exchanges.iter().all(|exchange| exchange.response().is_some()));
    assert!(pacer.next_slot(Duration::ZERO) >= Duration::from_millis(COPIES as u64));
}

/// A frame of HTTP/2: its type, flags, stream and payload.
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;

impl Frame {
    fn read(stream: &mut TcpStream) -> Self {
        let mut head = [0; 9];
        stream.read_exact(&mut head).expect("a frame's head");
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload).expect("a frame's payload");
        Self { kind, flags, stream: u32::from_be_bytes(id), payload }
    }

    fn ends(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

/// A server of HTTP/2 that notes frames until so many streams have ended, and then answers each.
fn noting(streams: usize) -> (SocketAddr, JoinHandle<Vec<Frame>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    let noting = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).expect("the preface");
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        // Our settings, which say nothing.
        stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).expect("the client reads");
        let mut frames: Vec<Frame> = Vec::new();
        while frames.iter().filter(|frame| frame.ends()).count() < streams {
            frames.push(Frame::read(&mut stream));
        }
        for ended in frames.iter().filter(|frame| frame.ends()) {
            let [a, b, c, d] = ended.stream.to_be_bytes();
            // A head of `:status: 200` alone, which is all of the response.
            stream.write_all(&[0, 0, 1, HEADERS, 5, a, b, c, d, 0x88]).expect("the client reads");
        }
        frames
    });
    (address, noting)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ends_of_all_streams_follow_all_beginnings_in_what_fits_one_packet() {
    for body in ["", "code=SPRING"] {
        let (address, noting) = noting(COPIES);
        let origin = origin(Scheme::Http, address);
        let options = ClientOptions { known: HttpVersion::Http2, ..patient() };
        let requests = (0..COPIES).map(|number| request(&origin, number, body)).collect();
        let exchanges = send(&client(&origin, options), requests).await;
        let frames = noting.join().expect("the server does not panic");
        for exchange in &exchanges {
            let response = exchange.response().unwrap_or_else(|| panic!("{:?}", exchange.outcome));
            assert_eq!((response.status, response.version), (200, HttpVersion::Http2));
        }
        let start = frames.iter().position(Frame::ends).expect("streams end");
        let (beginnings, ends) = frames.split_at(start);
        assert_eq!(beginnings.iter().filter(|frame| frame.kind == HEADERS).count(), COPIES);
        assert!(ends.iter().all(Frame::ends), "nothing stands between them");
        let mut bodies: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for frame in frames.iter().filter(|frame| frame.kind == DATA) {
            bodies.entry(frame.stream).or_default().extend_from_slice(&frame.payload);
        }
        assert_eq!((ends.len(), bodies.len()), (COPIES, COPIES));
        assert!(bodies.values().all(|whole| whole == body.as_bytes()));
        let size: usize = ends.iter().map(|frame| 9 + frame.payload.len()).sum();
        assert!(size < 1200, "{size} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_what_is_spoken_is_agreed_on() {
    let authority = Authority::new();
    let config = || authority.server_config(loopback(), Valid::Now);
    let server = H2Server::start(Builder::new(), Some(config()), |request, mut respond| {
        Box::pin(async move {
            let body = whole(request.into_body()).await?;
            let response = http::Response::builder().body(()).expect("a response");
            respond.send_response(response, false)?.send_data(Bytes::from(body), true)
        })
    });
    let shared = origin(Scheme::Https, server.address);
    let requests =
        (0..COPIES).map(|number| request(&shared, number, &format!("n={number}"))).collect();
    let exchanges = send(&client(&shared, patient()), requests).await;
    for (number, exchange) in exchanges.iter().enumerate() {
        let response = exchange.response().unwrap_or_else(|| panic!("{:?}", exchange.outcome));
        assert_eq!(response.body_text(), format!("n={number}"));
        assert!(exchange.tls.is_some() && exchange.peer.is_some());
    }
    assert_eq!((server.connections(), server.requests()), (1, COPIES as u64));

    let mut config = config();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if read_request(&mut stream).await.is_some() {
                let _ = stream.write_all(OK).await;
                let _ = stream.shutdown().await;
            }
        }
    })
    .await;
    let alone = server.origin(Scheme::Https, "127.0.0.1");
    let requests = (0..COPIES).map(|number| request(&alone, number, "a=1")).collect();
    let exchanges = send(&client(&alone, patient()), requests).await;
    let answered = exchanges.iter().filter_map(Exchange::response);
    assert_eq!(answered.filter(|response| response.body == b"ok").count(), COPIES);
    assert_eq!(server.connections(), COPIES, "the first one is used too");
}
