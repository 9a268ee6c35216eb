//! WebSocket sessions and event streams: in virtual time, and against real peers on loopback.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use proptest::prelude::*;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::http::reactor::SimServer;
use shakedown::http::ws::Decoder;
use shakedown::http::ws::MessageSink;
use shakedown::http::ws::Opcode;
use shakedown::http::ws::frame;
use shakedown::model::Conversation;
use shakedown::model::EventStream;
use shakedown::model::Expectation;
use shakedown::model::FailureClass;
use shakedown::model::Histogram;
use shakedown::model::MessageStep;
use shakedown::model::StopToken;
use shakedown::model::WebSocketSession;
use shakedown::plan::Executor;
use tungstenite::Message;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::Role;
use tungstenite::protocol::WebSocket;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;

fn iterations(vus: u32, iterations: u64) -> Executor {
    Executor::SharedIterations { vus, iterations, max_duration: Duration::from_secs(30) }
}

fn send(text: &str) -> MessageStep {
    MessageStep::Send { payload: text.as_bytes().to_vec(), binary: false }
}

fn expect(what: Expectation, within_ms: u64) -> MessageStep {
    MessageStep::Expect { what, within: Some(Duration::from_millis(within_ms)) }
}

fn session(steps: Vec<MessageStep>) -> Conversation {
    Conversation::WebSocket(WebSocketSession { steps, ..WebSocketSession::default() })
}

/// Serves `sessions` connections, each on a thread; `talk` says what is done on an open session.
fn serve(
    sessions: usize,
    talk: fn(&mut WebSocket<std::net::TcpStream>),
) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let server = std::thread::spawn(move || {
        let talks: Vec<_> = (0..sessions)
            .map(|_| {
                let (stream, _) = listener.accept().expect("a client comes");
                std::thread::spawn(move || {
                    talk(&mut tungstenite::accept(stream).expect("a handshake"));
                })
            })
            .collect();
        for talk in talks {
            talk.join().expect("the session was served");
        }
    });
    (url, server)
}

fn echo(socket: &mut WebSocket<std::net::TcpStream>) {
    while let Ok(message) = socket.read() {
        if message.is_text() || message.is_binary() {
            socket.send(Message::Ping(vec![1, 2].into())).expect("open");
            socket.send(message).expect("open");
        }
    }
}

#[test]
fn sessions_ask_and_are_answered_as_the_server_counts() {
    let (url, server) = serve(6, echo);
    let pair = vec![send("{\"ask\":1}"), expect(Expectation::JsonPath("$.ask".to_owned()), 20_000)];
    let steps = vec![MessageStep::Repeat { times: 50, steps: pair }];
    let outcome =
        PlanBuilder::against(&url, iterations(3, 6)).conversation(session(steps)).threads(2).run();
    server.join().expect("six sessions were served");
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.statuses[&101]), (6, 0, 6));
    let messages = tally.messages.as_deref().expect("messages were sent");
    assert_eq!((messages.sessions, messages.sent, messages.received), (6, 300, 300));
    assert_eq!((messages.latency.len(), messages.session_duration.len()), (300, 6));
    assert!(messages.session_duration.min() >= messages.connecting.min());
}

#[test]
fn what_is_not_awaited_is_counted_and_what_never_comes_is_a_failure() {
    let (url, server) = serve(1, |socket| {
        for text in ["one", "two", "three"] {
            socket.send(Message::text(text)).expect("open");
        }
        while socket.read().is_ok() {}
    });
    let steps = vec![
        expect(Expectation::Equals("three".to_owned()), 20_000),
        expect(Expectation::Contains("four".to_owned()), 50),
    ];
    let outcome = PlanBuilder::against(&url, iterations(1, 1)).conversation(session(steps)).run();
    server.join().expect("the session was served");
    let tally = outcome.only_series();
    assert_eq!(tally.failures[&FailureClass::MessageTimeout], 1);
    let messages = tally.messages.as_deref().expect("messages came");
    assert_eq!((messages.received, messages.latency.len()), (3, 1));
    assert_eq!(messages.session_duration.len(), 1);
}

#[test]
fn a_close_before_the_end_says_its_code_and_reason() {
    let (url, server) = serve(1, |socket| {
        let code = tungstenite::protocol::frame::coding::CloseCode::Again;
        let frame = tungstenite::protocol::CloseFrame { code, reason: "full".into() };
        socket.close(Some(frame)).expect("open");
        while socket.read().is_ok() {}
    });
    let steps = vec![expect(Expectation::Any, 20_000)];
    let outcome = PlanBuilder::against(&url, iterations(1, 1)).conversation(session(steps)).run();
    server.join().expect("the session was served");
    let tally = outcome.only_series();
    let (class, detail) = tally.exemplars[0].failure.as_ref().expect("it failed");
    assert_eq!(*class, FailureClass::Closed);
    assert_eq!(detail, "the server closed the session with 1013: full");
}

/// Answers one request with `response` and closes.
fn answer(response: &'static [u8]) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client comes");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("a request") == 1 {
            head.push(byte[0]);
        }
        stream.write_all(response).expect("taken");
    });
    (url, server)
}

#[test]
fn a_refused_handshake_is_a_response_with_its_status() {
    let (url, server) = answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    let outcome = PlanBuilder::against(&url, iterations(1, 1)).conversation(session(vec![])).run();
    server.join().expect("served");
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.statuses[&403]), (1, 1, 1));
}

#[test]
fn a_101_that_does_not_answer_the_key_is_refused() {
    let (url, server) = answer(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    );
    let outcome = PlanBuilder::against(&url, iterations(1, 1)).conversation(session(vec![])).run();
    server.join().expect("served");
    assert_eq!(outcome.only_series().failures[&FailureClass::Protocol], 1);
}

#[test]
fn a_stream_is_read_up_to_the_events_that_were_asked_for() {
    let (url, server) = answer(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n\
          : hello\n\ndata: 1\n\ndata: 2\ndata: 2\n\ndata: last\n\ndata: 4\n\n",
    );
    let until = Some(Expectation::Equals("last".to_owned()));
    let stream = Conversation::Events(EventStream { until, ..EventStream::default() });
    let outcome = PlanBuilder::against(&url, iterations(1, 1)).conversation(stream).run();
    server.join().expect("served");
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (1, 0), "{:?}", tally.exemplars);
    assert_eq!(tally.messages.as_deref().map(|messages| messages.received), Some(3));
}

#[test]
fn a_stream_that_ends_too_early_or_is_none_has_failed() {
    let stream = EventStream { events: Some(5), ..EventStream::default() };
    let cases: [(&'static [u8], FailureClass); 2] = [
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n",
            FailureClass::Closed,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
            FailureClass::Protocol,
        ),
    ];
    for (response, class) in cases {
        let (url, server) = answer(response);
        let conversation = Conversation::Events(stream.clone());
        let outcome = PlanBuilder::against(&url, iterations(1, 1)).conversation(conversation).run();
        server.join().expect("served");
        assert_eq!(outcome.only_series().failures[&class], 1);
    }
}

#[derive(Default, Debug, PartialEq)]
struct Messages {
    piece: Vec<u8>,
    all: Vec<(u8, Vec<u8>)>,
}

impl MessageSink for Messages {
    fn data(&mut self, piece: &[u8]) {
        assert!(!piece.is_empty());
        self.piece.extend_from_slice(piece);
    }

    fn message(&mut self, opcode: Opcode) {
        self.all.push((opcode as u8, std::mem::take(&mut self.piece)));
    }

    fn ping(&mut self, payload: &[u8]) {
        self.all.push((Opcode::Ping as u8, payload.to_vec()));
    }

    fn close(&mut self, code: Option<u16>, reason: &[u8]) {
        let code = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
        self.all.push((Opcode::Close as u8, [&code[..], reason].concat()));
    }
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        ".{0,200}".prop_map(Message::text),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Message::binary),
        (65_000..66_000usize).prop_map(|length| Message::binary(vec![7; length])),
        prop::collection::vec(any::<u8>(), 0..125)
            .prop_map(|payload| Message::Ping(payload.into())),
    ]
}

/// As our sink notes it.
fn noted(message: &Message) -> (u8, Vec<u8>) {
    let opcode = match message {
        Message::Text(_) => 1,
        Message::Ping(_) => 9,
        _ => 2,
    };
    (opcode, message.clone().into_data().to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_split_of_a_servers_frames_gives_its_messages(
        messages in prop::collection::vec(message(), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let wire = std::io::Cursor::new(Vec::new());
        let mut server = WebSocket::from_raw_socket(wire, Role::Server, None);
        for message in &messages {
            server.send(message.clone()).expect("written to memory");
        }
        let bytes = server.get_ref().get_ref().clone();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let (mut decoder, mut sink) = (Decoder::default(), Messages::default());
        for pair in places.windows(2) {
            decoder.feed(&bytes[pair[0]..pair[1]], &mut sink).expect("a server's frames");
        }
        prop_assert_eq!(sink.all, messages.iter().map(noted).collect::<Vec<_>>());
    }

    #[test]
    fn a_server_reads_what_we_write(
        payload in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            (65_000..66_000usize).prop_map(|length| vec![3; length]),
        ],
        mask in any::<[u8; 4]>(),
    ) {
        let mut wire = Vec::new();
        frame(Opcode::Binary, &payload, mask, &mut wire);
        let mut server =
            WebSocket::from_raw_socket(std::io::Cursor::new(wire), Role::Server, None);
        prop_assert_eq!(server.read().expect("a client's frame"), Message::binary(payload));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Decoder::default().feed(&bytes, &mut Messages::default());
    }
}

const MILLI: u64 = 1_000_000;

/// Accepts sessions after 2 ms, and answers every message with `ok` after each of `delays`.
struct Peer {
    delays: &'static [u64],
}

impl SimServer for Peer {
    fn answer(&mut self, _at: u64, _request: &[u8]) -> Vec<Reply> {
        unreachable!("bytes are answered")
    }

    fn answer_bytes(&mut self, _at: u64, _connection: u64, bytes: &[u8]) -> Option<Vec<Reply>> {
        let is_close = bytes[0] == 0x88;
        if bytes.starts_with(b"GET ") {
            let head = String::from_utf8_lossy(bytes);
            let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
            let accept = derive_accept_key(key.expect("a key is sent").as_bytes());
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            return Some(vec![Reply::Bytes { after: 2 * MILLI, bytes: head.into_bytes() }]);
        }
        let answer = if is_close { &[0x88, 0][..] } else { &[0x81, 2, b'o', b'k'] };
        let delays = if is_close { &[0] } else { self.delays };
        let replies =
            delays.iter().map(|after| Reply::Bytes { after: *after, bytes: answer.into() });
        Some(replies.collect())
    }
}

fn simulated(steps: Vec<MessageStep>, delays: &'static [u64]) -> Outcome {
    PlanBuilder::new(iterations(1, 1))
        .conversation(session(steps))
        .run_on(&StopToken::default(), |_| Ok(SimReactor::new(Peer { delays })))
}

fn max_us(trend: &Histogram) -> u128 {
    trend.max().expect("something was recorded").as_micros()
}

#[test]
fn the_clock_of_a_session_is_exact() {
    let steps = vec![
        send("a"),
        expect(Expectation::Any, 1_000),
        MessageStep::Think(Duration::from_secs(40)),
        send("b"),
        expect(Expectation::Any, 1_000),
    ];
    let outcome = simulated(steps, &[5 * MILLI]);
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (1, 0), "{:?}", tally.exemplars);
    // The exchange's own figures end with the head; a pause longer than the timeout is no timeout.
    assert_eq!(max_us(&tally.duration), 2_000);
    let messages = tally.messages.as_deref().expect("messages were sent");
    assert_eq!((max_us(&messages.latency), messages.latency.len()), (5_000, 2));
    assert_eq!(max_us(&messages.connecting), 2_000);
    assert_eq!(max_us(&messages.session_duration), 40_012_000);
}

#[test]
fn an_answer_that_comes_too_late_is_a_timeout_at_its_moment() {
    // A later wait with less time than the one before it: the timer moves to the nearer moment.
    let steps = vec![
        send("a"),
        expect(Expectation::Any, 9_000),
        send("b"),
        expect(Expectation::Equals("never".to_owned()), 30),
    ];
    let outcome = simulated(steps, &[MILLI, 45 * MILLI]);
    let tally = outcome.only_series();
    assert_eq!(tally.failures[&FailureClass::MessageTimeout], 1);
    let messages = tally.messages.as_deref().expect("messages were sent");
    assert_eq!((messages.sent, messages.received, messages.latency.len()), (2, 2, 1));
    assert_eq!(max_us(&messages.session_duration), 2_000 + 1_000 + 30_000);
}

#[test]
fn a_session_ends_with_its_max_duration() {
    let pair = vec![send("a"), expect(Expectation::Any, 1_000)];
    let conversation = Conversation::WebSocket(WebSocketSession {
        steps: vec![MessageStep::Repeat { times: 1_000_000, steps: pair }],
        max_duration: Some(Duration::from_millis(50)),
        ..WebSocketSession::default()
    });
    let outcome = PlanBuilder::new(iterations(1, 1))
        .conversation(conversation)
        .run_on(&StopToken::default(), |_| Ok(SimReactor::new(Peer { delays: &[4 * MILLI] })));
    let tally = outcome.only_series();
    assert_eq!(tally.failures[&FailureClass::ReceiveTimeout], 1);
    let messages = tally.messages.as_deref().expect("messages were sent");
    assert_eq!((messages.received, max_us(&messages.session_duration)), (12, 52_000));
}
