//! HTTP/2 from a server: any split of the same bytes gives the same responses and the same answers.

use shakedown::http::h1::Head;
use shakedown::http::h2::Session;
use shakedown::http::lanes::LaneSink;
use shakedown::http::lanes::Lost;
use shakedown::http::message::Message;

/// Requests under way, on the streams 1, 3, 5 and 7.
const LANES: usize = 4;

#[derive(Debug, Default, Clone, PartialEq)]
struct Response {
    head: Option<(u16, Vec<u8>)>,
    body: Vec<u8>,
    trailers: Option<Vec<u8>>,
    end: Option<Result<(), Lost>>,
}

#[derive(Debug, PartialEq)]
struct Responses([Response; LANES]);

impl Responses {
    fn open(&mut self, lane: u32) -> &mut Response {
        let response = &mut self.0[lane as usize];
        assert_eq!(response.end, None, "nothing comes after the end");
        response
    }
}

impl LaneSink for Responses {
    fn wants_fields(&self, lane: u32) -> bool {
        lane.is_multiple_of(2)
    }

    fn head(&mut self, lane: u32, head: &Head<'_>) {
        assert!((200..1000).contains(&head.status), "{}", head.status);
        let before = self.open(lane).head.replace((head.status, head.raw().to_vec()));
        assert_eq!(before, None, "one head each");
        assert!(head.fields().all(|(name, _)| !name.is_empty()));
    }

    fn body(&mut self, lane: u32, data: &[u8]) {
        let response = self.open(lane);
        assert!(!data.is_empty() && response.head.is_some() && response.trailers.is_none());
        response.body.extend_from_slice(data);
    }

    fn trailers(&mut self, lane: u32, trailers: &Head<'_>) {
        let response = self.open(lane);
        assert!(response.head.is_some());
        assert_eq!(response.trailers.replace(trailers.raw().to_vec()), None);
    }

    fn end(&mut self, lane: u32, outcome: Result<(), Lost>) {
        let response = self.open(lane);
        assert!(outcome.is_err() || response.head.is_some());
        response.end = Some(outcome);
    }
}

fn read(pieces: &[&[u8]], messages: &[Message; 2]) -> (Responses, Vec<u8>) {
    let mut session = Session::new(LANES);
    for lane in 0..LANES {
        session.begin(u32::try_from(lane).expect("few"), &messages[lane / 3]);
    }
    let mut responses = Responses(std::array::from_fn(|_| Response::default()));
    // What is to be written is counted whole at the end: pieces may bring less of it at once.
    let mut out = Vec::new();
    for piece in pieces {
        session.receive(piece, &mut responses);
    }
    session.advance();
    while session.take_outbox(&mut out) {
        session.advance();
    }
    let under_way = responses.0.iter().filter(|response| response.end.is_none()).count();
    assert_eq!(session.active(), under_way);
    session.end_of_stream(&mut responses);
    assert!(session.is_over() && responses.0.iter().all(|response| response.end.is_some()));
    (responses, out)
}

/// A server's bytes. The first one chooses the length of the pieces.
pub fn any(data: &[u8]) {
    let [piece, bytes @ ..] = data else { return };
    let message = |text: &str| Message::of_h1("https", text.as_bytes()).expect("it can be said");
    let post = format!("POST /a HTTP/1.1\r\nHost: a\r\n\r\n{}", "b".repeat(70_000));
    let messages = [message("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), message(&post)];
    let whole = read(&[bytes], &messages);
    let heard: usize = whole.0.0.iter().map(|response| response.body.len()).sum();
    assert!(heard <= bytes.len(), "nothing is made up");
    for pieces in super::splits(bytes, *piece) {
        assert!(read(&pieces, &messages) == whole, "in {} pieces", pieces.len());
    }
}
