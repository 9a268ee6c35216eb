//! Messages with slots, and values out of messages: in virtual time, and against a real peer.

use std::io::Cursor;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::http::reactor::SimServer;
use shakedown::model::FailureClass;
use shakedown::model::LoadTotals;
use shakedown::model::StopToken;
use tungstenite::Message;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::Role;
use tungstenite::protocol::WebSocket;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_flow::plan;

const MILLI: u64 = 1_000_000;

/// Everything that a client sent: the first lines of its requests, and its messages.
type Said = Arc<Mutex<Vec<String>>>;

/// Opens every session under `/chat`, answers each message 5 ms later as `answer` says, and every
/// other request with a room.
struct Peer<F> {
    said: Said,
    answer: F,
}

impl<F: FnMut(&str) -> String> SimServer for Peer<F> {
    fn answer(&mut self, _at: u64, _request: &[u8]) -> Vec<Reply> {
        unreachable!("bytes are answered")
    }

    fn answer_bytes(&mut self, _at: u64, _connection: u64, bytes: &[u8]) -> Option<Vec<Reply>> {
        if let Some(line) = bytes.split(|byte| *byte == b'\r').next()
            && bytes.starts_with(b"GET ")
        {
            let line = String::from_utf8_lossy(line).replace(" HTTP/1.1", "");
            let head = head(&line, &String::from_utf8_lossy(bytes));
            self.said.lock().expect("not poisoned").push(line);
            return Some(vec![Reply::Bytes { after: MILLI, bytes: head.into_bytes() }]);
        }
        let mut client =
            WebSocket::from_raw_socket(Cursor::new(bytes.to_vec()), Role::Server, None);
        let mut answers = WebSocket::from_raw_socket(Cursor::new(Vec::new()), Role::Server, None);
        while let Ok(message) = client.read() {
            let answer = match &message {
                Message::Text(text) => {
                    self.said.lock().expect("not poisoned").push(text.to_string());
                    Message::text((self.answer)(text))
                }
                Message::Close(_) => return Some(vec![Reply::Close { after: 0 }]),
                other => panic!("a client sent {other:?}"),
            };
            answers.send(answer).expect("written to memory");
        }
        let bytes = answers.get_ref().get_ref().clone();
        Some(vec![Reply::Bytes { after: 5 * MILLI, bytes }])
    }
}

fn head(line: &str, request: &str) -> String {
    if !line.starts_with("GET /chat") {
        return "HTTP/1.1 200 OK\r\nX-Room: red \"1\"\r\nContent-Length: 0\r\n\r\n".to_owned();
    }
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accept = derive_accept_key(key.expect("a key is sent").as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

fn run(text: &str, answer: impl FnMut(&str) -> String + Clone + Sync) -> (Vec<String>, Outcome) {
    let said = Said::default();
    let outcome = PlanBuilder::of(plan(text)).run_on(&StopToken::default(), |_| {
        Ok(SimReactor::new(Peer { said: Arc::clone(&said), answer: answer.clone() }))
    });
    let said = said.lock().expect("not poisoned").clone();
    (said, outcome)
}

fn failed(totals: &LoadTotals) -> u64 {
    totals.series.iter().map(|series| series.tally.failed).sum()
}

const CHAT: &str = "
requests:
  room: { get: /room, extract: { room: { header: X-Room } } }
  chat:
    ws: \"/chat/${room}\"
    messages:
      - send: { json: { join: \"${room}\", as: \"u-${vu}.${iteration}\" } }
      - { expect: { jsonpath: $.ticket }, extract: { ticket: { jsonpath: $.ticket } } }
      - repeat: 3
        do:
          - send: \"use ${ticket}\"
          - { expect: any, extract: { ticket: { regex: 'next=(\\w+)' } } }
  leave: { get: \"/leave?ticket=${ticket}\" }
flows:
  f: [ { use: room }, { use: chat }, { use: leave } ]
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 }
";

#[test]
fn values_go_from_responses_into_messages_and_from_messages_into_what_follows() {
    let (said, outcome) = run(CHAT, |message: &str| match message.strip_prefix("use ") {
        None => r#"{"ticket":"a"}"#.to_owned(),
        Some(ticket) => format!("ok next={ticket}b"),
    });
    let of_iteration = |iteration: u32| {
        [
            "GET /room".to_owned(),
            "GET /chat/red%20%221%22".to_owned(),
            format!(r#"{{"join":"red \"1\"","as":"u-1.{iteration}"}}"#),
            "use a".to_owned(),
            "use ab".to_owned(),
            "use abb".to_owned(),
            "GET /leave?ticket=abbb".to_owned(),
        ]
    };
    assert_eq!(said, [of_iteration(0), of_iteration(1)].concat());
    let totals = outcome.totals();
    assert_eq!((failed(totals), totals.scenarios[0].iterations), (0, 2));
    let messages = totals.series[1].tally.messages.as_deref().expect("messages were sent");
    assert_eq!((messages.sent, messages.received, messages.latency.len()), (8, 8, 8));
    assert_eq!(messages.latency.max().map(|max| max.as_micros()), Some(5_000));
    assert_eq!(messages.session_duration.max().map(|max| max.as_micros()), Some(21_000));
}

#[test]
fn a_message_that_needs_a_value_that_did_not_come_ends_the_session_and_the_iteration() {
    let joined = Arc::new(Mutex::new(0));
    let (said, outcome) = run(CHAT, move |message: &str| {
        if message.starts_with("use ") {
            return "next=x".to_owned();
        }
        let mut joined = joined.lock().expect("not poisoned");
        *joined += 1;
        // The path leads somewhere, but `null` is no value.
        if *joined == 1 { r#"{"ticket":null}"# } else { r#"{"ticket":7}"# }.to_owned()
    });
    assert!(!said[..4].iter().any(|said| said.starts_with("use ")), "{said:?}");
    assert_eq!(
        &said[3..],
        [
            "GET /room",
            "GET /chat/red%20%221%22",
            &said[5],
            "use 7",
            "use x",
            "use x",
            "GET /leave?ticket=x"
        ]
    );
    let totals = outcome.totals();
    let tally = &totals.series[1].tally;
    assert_eq!((failed(totals), tally.failures.get(&FailureClass::Extract)), (1, Some(&1)));
    let failure = tally.exemplars.iter().find_map(|exemplar| exemplar.failure.as_ref());
    let (_, detail) = failure.expect("it failed");
    assert_eq!(detail, "`ticket` has no value: no message of `chat` had it (jsonpath $.ticket)");
    let messages = tally.messages.as_deref().expect("messages were sent");
    assert_eq!((messages.sessions, messages.session_duration.len()), (2, 2));
    let connections: u64 = totals.series.iter().map(|series| series.tally.connections).sum();
    assert_eq!(connections, 3, "one that carried a session carries nothing after it");
    assert_eq!(totals.scenarios[0].iterations, 2);
}

#[test]
fn each_message_draws_anew_and_the_seed_repeats_them() {
    let text = "
requests:
  chat: { ws: /chat, messages: [ { repeat: 20, do: [ { send: \"${rand.hex(16)}\" }, { expect: any } ] } ] }
flows: { f: [ { use: chat } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 2 } }
";
    let words = || {
        let (said, _) = run(text, |_: &str| "ok".to_owned());
        let mut words: Vec<_> = said.into_iter().filter(|said| !said.starts_with("GET")).collect();
        words.sort();
        words
    };
    let drawn = words();
    assert_eq!(drawn, words());
    let mut distinct = drawn.clone();
    distinct.dedup();
    assert_eq!((drawn.len(), distinct.len()), (80, 80));
}

#[test]
fn a_value_out_of_a_long_message_is_looked_for_in_its_beginning() {
    let text = "
requests:
  chat:
    ws: /chat
    messages:
      - send: hello
      - { expect: any, extract: { end: { regex: 'at the end', default: cut } } }
      - send: \"it is ${end}\"
flows: { f: [ { use: chat } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1 } }
";
    let (said, _) = run(text, |_: &str| format!("{} at the end", "x".repeat(1 << 20)));
    assert_eq!(said, ["GET /chat", "hello", "it is cut"]);
}

#[test]
fn a_real_peer_gets_what_it_gave() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let target = format!("http://{}", listener.local_addr().expect("bound"));
    let server = std::thread::spawn(move || {
        for _ in 0..6 {
            let (stream, _) = listener.accept().expect("a client comes");
            let mut socket = tungstenite::accept(stream).expect("a handshake");
            let hello = socket.read().expect("a message").to_string();
            for round in 0..5 {
                let ticket = format!("{hello}\u{e9}{round}");
                let json = serde_json::json!({ "round": round, "ticket": &ticket });
                socket.send(Message::text(json.to_string())).expect("open");
                let back: serde_json::Value = serde_json::from_str(
                    socket.read().expect("a message").to_text().expect("text"),
                )
                .expect("JSON");
                assert_eq!(back, serde_json::json!({ "back": ticket, "round": round }));
            }
            while socket.read().is_ok() {}
        }
    });
    let text = "
requests:
  chat:
    ws: /chat
    messages:
      - send: \"hello, I am \\\"${vu}\\\"\"
      - repeat: 5
        do:
          - expect: { jsonpath: $.ticket, within: 20s }
            extract: { ticket: { jsonpath: $.ticket }, round: { jsonpath: $.round } }
          - send:
              json:
                back: \"${ticket}\"
                round: ${round}
flows: { f: [ { use: chat } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 6 } }
";
    let mut plan = plan(text);
    let target = shakedown::model::Target::parse(&target).expect("a URL");
    plan.scope = shakedown::model::Scope::of_origin(target.origin.clone());
    plan.requests[0].request.origin = target.origin;
    let outcome = PlanBuilder::of(plan).run();
    server.join().expect("six sessions were served");
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (6, 0), "{:?}", tally.exemplars);
    let messages = tally.messages.as_deref().expect("messages were sent");
    assert_eq!((messages.sent, messages.received), (36, 30));
}
