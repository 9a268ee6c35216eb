//! HTTP/2's session without I/O: bytes in, responses and bytes out.

use proptest::prelude::*;
use shakedown::http::h1::Head;
use shakedown::http::h2::Session;
use shakedown::http::lanes::Again;
use shakedown::http::lanes::LaneSink;
use shakedown::http::lanes::Lost;
use shakedown::http::lanes::Room;
use shakedown::http::message::Message;
use shakedown::model::FailureClass;

use crate::load_h2::DATA;
use crate::load_h2::END_HEADERS;
use crate::load_h2::END_STREAM;
use crate::load_h2::HEADERS;
use crate::load_h2::RST_STREAM;
use crate::load_h2::STATUS_200;
use crate::load_h2::frame;

const PRIORITY: u8 = 2;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
const PADDED: u8 = 8;
const WITH_PRIORITY: u8 = 32;

/// Kind, flags, stream and payload.
type Frame = (u8, u8, u32, Vec<u8>);

/// What came of each lane.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    lanes: Vec<Response>,
    is_curious: bool,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Response {
    heads: Vec<(u16, Option<u64>, String)>,
    body: Vec<u8>,
    trailers: Vec<String>,
    end: Option<Result<(), Lost>>,
}

impl LaneSink for Seen {
    fn wants_fields(&self, _lane: u32) -> bool {
        self.is_curious
    }

    fn head(&mut self, lane: u32, head: &Head<'_>) {
        let raw = String::from_utf8_lossy(head.raw()).into_owned();
        self.lanes[lane as usize].heads.push((head.status, head.content_length, raw));
    }

    fn body(&mut self, lane: u32, data: &[u8]) {
        assert!(!data.is_empty());
        self.lanes[lane as usize].body.extend_from_slice(data);
    }

    fn trailers(&mut self, lane: u32, trailers: &Head<'_>) {
        let raw = String::from_utf8_lossy(trailers.raw()).into_owned();
        self.lanes[lane as usize].trailers.push(raw);
    }

    fn end(&mut self, lane: u32, outcome: Result<(), Lost>) {
        let before = self.lanes[lane as usize].end.replace(outcome);
        assert_eq!(before, None, "a lane ends once");
    }
}

fn message(text: &str) -> Message {
    let text = text.replace('\n', "\r\n");
    Message::of_h1("https", text.as_bytes()).expect("a request that can be said")
}

fn get() -> Message {
    message("GET / HTTP/1.1\nHost: shop.test\n\n")
}

fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = pairs
        .iter()
        .flat_map(|(name, value)| {
            name.to_be_bytes().into_iter().chain(value.to_be_bytes()).collect::<Vec<_>>()
        })
        .collect();
    frame(SETTINGS, 0, 0, &payload)
}

/// A session and what it said and heard.
struct Bed {
    session: Session,
    seen: Seen,
}

impl Bed {
    /// So many requests are under way, and the server has said its settings.
    fn new(requests: usize) -> Self {
        let mut bed = Self::silent(requests);
        bed.hear(&settings(&[]));
        bed.said();
        bed
    }

    fn silent(requests: usize) -> Self {
        let lanes = requests.max(4);
        let mut session = Session::new(lanes);
        for lane in 0..requests {
            session.begin(u32::try_from(lane).expect("few"), &get());
        }
        let seen = Seen { lanes: vec![Response::default(); lanes], is_curious: true };
        let mut bed = Self { session, seen };
        bed.said();
        bed
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.session.receive(bytes, &mut self.seen);
    }

    /// Every frame since the last call.
    fn said(&mut self) -> Vec<Frame> {
        let mut out = Vec::new();
        while self.session.take_outbox(&mut out) {
            self.session.advance();
        }
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let mut rest = out.strip_prefix(&preface[..]).unwrap_or(&out);
        let mut frames = Vec::new();
        while let Some((head, behind)) = rest.split_first_chunk::<9>() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let (payload, behind) = behind.split_at(length);
            frames.push((head[3], head[4], stream, payload.to_vec()));
            rest = behind;
        }
        assert!(rest.is_empty(), "whole frames only");
        frames
    }

    fn lost(&self, lane: usize) -> &Lost {
        match &self.seen.lanes[lane].end {
            Some(Err(lost)) => lost,
            other => panic!("lane {lane} is not lost: {other:?}"),
        }
    }
}

fn number(value: u32) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

/// A literal field that is not entered.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).expect("short");
    [&[0, length(name)][..], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
}

fn head_with(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = STATUS_200.to_vec();
    for (name, value) in fields {
        block.extend(literal(name, value));
    }
    frame(HEADERS, END_HEADERS | flags, stream, &block)
}

#[test]
fn the_client_speaks_first_and_answers_what_it_must() {
    let mut session = Session::new(1);
    let mut out = Vec::new();
    session.take_outbox(&mut out);
    assert!(out.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0"), "{out:?}");

    let mut bed = Bed::silent(1);
    bed.hear(&settings(&[(1, 100), (3, 7), (9, 9)]));
    bed.hear(&frame(PING, 0, 0, b"12345678"));
    bed.hear(&frame(PING, ACK, 0, b"12345678"));
    bed.hear(&frame(SETTINGS, ACK, 0, &[]));
    bed.hear(&frame(PRIORITY, 0, 5, &[0; 5]));
    bed.hear(&frame(0xbe, 0xff, 9, b"unknown"));
    let answers = [(SETTINGS, ACK, 0, Vec::new()), (PING, ACK, 0, b"12345678".to_vec())];
    assert_eq!(bed.said(), answers);
}

/// Three responses with everything that may stand in them, between each other.
fn three_responses() -> Vec<u8> {
    let padded = |stream, flags, data: &[u8]| {
        let payload = [&[3][..], data, &[0; 3]].concat();
        frame(DATA, flags | PADDED, stream, &payload)
    };
    // `:status: 103`, entered; then the same by its index.
    let interim = [&[0x48, 3][..], b"103"].concat();
    let with_priority = [&[0, 0, 0, 0, 1][..], STATUS_200, &literal("x-a", "1")].concat();
    // An entry that the third response's head uses.
    let entered = [STATUS_200, &[0x40, 3], b"x-b", &[1], b"2"].concat();
    [
        settings(&[]),
        frame(HEADERS, END_HEADERS, 1, &interim),
        frame(HEADERS, END_HEADERS, 3, &entered),
        frame(HEADERS, END_HEADERS, 1, &[0xbf]),
        frame(HEADERS, END_HEADERS | WITH_PRIORITY, 1, &with_priority),
        padded(1, 0, b"first "),
        frame(DATA, 0, 3, b"second"),
        frame(DATA, 0, 1, b""),
        frame(DATA, 0, 1, b"body"),
        frame(HEADERS, END_STREAM, 3, &literal("x-sum", "7")),
        frame(CONTINUATION, 0, 3, &[]),
        frame(CONTINUATION, END_HEADERS, 3, &literal("x-more", "8")),
        frame(PING, 0, 0, &[7; 8]),
        padded(1, END_STREAM, b""),
        frame(HEADERS, END_HEADERS | END_STREAM, 5, &[0x8d, 0xbe]),
    ]
    .concat()
}

fn heard(pieces: &[&[u8]], is_curious: bool) -> (Seen, Vec<Frame>) {
    let mut bed = Bed::silent(3);
    bed.seen.is_curious = is_curious;
    for piece in pieces {
        bed.hear(piece);
    }
    let said = bed.said();
    (bed.seen, said)
}

#[test]
fn responses_are_told_apart_and_read_whole() {
    let bytes = three_responses();
    let (seen, said) = heard(&[&bytes], true);
    let response = |status, lines: &str, body: &str, trailers: &[&str]| Response {
        heads: vec![(status, None, lines.replace('\n', "\r\n"))],
        body: body.into(),
        trailers: trailers.iter().map(|lines| lines.replace('\n', "\r\n")).collect(),
        end: Some(Ok(())),
    };
    let expected = [
        response(200, "HTTP/2\nx-a: 1\n\n", "first body", &[]),
        response(200, "HTTP/2\nx-b: 2\n\n", "second", &["HTTP/2\nx-sum: 7\nx-more: 8\n\n"]),
        response(404, "HTTP/2\nx-b: 2\n\n", "", &[]),
    ];
    assert_eq!(seen.lanes[..3], expected);
    assert_eq!(said.len(), 2, "settings and a ping are acknowledged: {said:?}");

    // Nobody looks: no field is written out, all else is the same.
    let (seen, _) = heard(&[&bytes], false);
    for (response, expected) in seen.lanes.iter().zip(expected) {
        assert_eq!(response.heads, vec![(expected.heads[0].0, None, String::new())]);
        assert_eq!((&response.body, &response.end), (&expected.body, &expected.end));
        assert!(response.trailers.is_empty());
    }
}

proptest! {
    #[test]
    fn every_split_of_the_same_bytes_gives_the_same(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        is_curious in any::<bool>(),
    ) {
        let bytes = three_responses();
        let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces: Vec<_> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(heard(&pieces, is_curious), heard(&[&bytes], is_curious));
    }
}

#[test]
fn what_breaks_the_rules_of_the_connection_ends_it_with_its_reason() {
    let ok = settings(&[]);
    let after = |bytes: Vec<u8>| [ok.clone(), bytes].concat();
    let block = |flags, block: &[u8]| after(frame(HEADERS, flags, 1, block));
    let open = frame(HEADERS, 0, 1, STATUS_200);
    let endless: Vec<u8> = [open.clone(), frame(CONTINUATION, 0, 1, &[]).repeat(200)].concat();
    let huge: Vec<u8> =
        [open.clone(), frame(CONTINUATION, 0, 1, &[0x88; 16_000]).repeat(9)].concat();
    let (protocol, flow, size, compression, calm) = (1, 3, 6, 9, 11);
    let cases: Vec<(&str, Vec<u8>, u32)> = vec![
        ("no settings first", frame(PING, 0, 0, &[0; 8]), protocol),
        ("an acknowledgement first", frame(SETTINGS, ACK, 0, &[]), protocol),
        ("a frame of 16,385 bytes", after(frame(DATA, 0, 1, &[0; 16_385])), size),
        ("settings on a stream", after(frame(SETTINGS, 0, 1, &[])), protocol),
        ("settings of 5 bytes", after(frame(SETTINGS, 0, 0, &[0; 5])), size),
        ("an acknowledgement with settings", after(frame(SETTINGS, ACK, 0, &[0; 6])), size),
        ("push is allowed to us", settings(&[(2, 1)]), protocol),
        ("a window of 2^31", settings(&[(4, 1 << 31)]), flow),
        ("frames of 100 bytes", settings(&[(5, 100)]), protocol),
        ("a short ping", after(frame(PING, 0, 0, &[0; 7])), size),
        ("a ping on a stream", after(frame(PING, 0, 1, &[0; 8])), protocol),
        ("a push", after(frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])), protocol),
        ("data on the connection", after(frame(DATA, 0, 0, b"x")), protocol),
        ("data on a stream of the server's", after(frame(DATA, 0, 2, b"x")), protocol),
        ("data on a stream that nobody opened", after(frame(DATA, 0, 9, b"x")), protocol),
        (
            "a head on a stream that nobody opened",
            after(frame(HEADERS, 4, 9, STATUS_200)),
            protocol,
        ),
        ("a reset of such a stream", after(frame(RST_STREAM, 0, 9, &[0; 4])), protocol),
        ("a short reset", after(frame(RST_STREAM, 0, 1, &[0; 3])), size),
        ("a window opened by nothing", after(frame(WINDOW_UPDATE, 0, 0, &[0; 4])), protocol),
        (
            "a window that is too wide",
            after(frame(WINDOW_UPDATE, 0, 0, &number(0x7fff_ffff))),
            flow,
        ),
        ("a short window update", after(frame(WINDOW_UPDATE, 0, 0, &[0; 3])), size),
        ("a short going-away", after(frame(GOAWAY, 0, 0, &[0; 7])), size),
        ("a going-away on a stream", after(frame(GOAWAY, 0, 1, &[0; 8])), protocol),
        ("a continuation of nothing", after(frame(CONTINUATION, 4, 1, STATUS_200)), protocol),
        ("a head cut by data", after([open.clone(), frame(DATA, 0, 1, b"x")].concat()), protocol),
        (
            "a head cut by another's",
            after([open, frame(CONTINUATION, 4, 3, b"")].concat()),
            protocol,
        ),
        ("a head without end", after(endless), calm),
        ("a head of 144 KB", after(huge), calm),
        ("an unknown index", block(END_HEADERS, &[0xff, 0x7f]), compression),
        ("a block that is cut off", block(END_HEADERS, &[0x88, 0]), compression),
        ("more padding than frame", block(END_HEADERS | PADDED, &[9, 0x88]), protocol),
        ("padding without a length", block(END_HEADERS | PADDED, &[]), size),
        ("a priority that is cut off", block(END_HEADERS | WITH_PRIORITY, &[0; 4]), size),
    ];
    for (what, bytes, reason) in cases {
        let mut bed = Bed::silent(2);
        bed.hear(&bytes);
        assert!(bed.session.is_over() && bed.session.active() == 0, "{what}");
        for lane in 0..2 {
            let lost = bed.lost(lane);
            assert_eq!(lost.failure.class, FailureClass::Protocol, "{what}: {lost:?}");
            assert!(lost.failure.detail.starts_with("HTTP/2: "), "{what}: {lost:?}");
        }
        let said = bed.said();
        let last = said.last().expect("it says why");
        let payload = [number(0), number(reason)].concat();
        assert_eq!(last, &(GOAWAY, 0, 0, payload), "{what}");
        // Whatever comes now, nobody is there to hear it.
        bed.hear(&[0xff; 64]);
        assert_eq!(bed.session.room(), Room::Closing, "{what}");
    }
}

#[test]
fn what_breaks_the_rules_of_a_stream_ends_the_stream_alone() {
    let body = |bytes: &[u8]| frame(DATA, END_STREAM, 1, bytes);
    let length = |value| head_with(1, 0, &[("content-length", value)]);
    let trailing = |block: &[u8]| {
        [head_with(1, 0, &[]), frame(HEADERS, END_HEADERS | END_STREAM, 1, block)].concat()
    };
    let large: Vec<u8> = (0..70)
        .flat_map(|_| [&[0x40, 1][..], b"x", &[0x7f, 0xe9, 6], &[b'v'; 1000]].concat())
        .collect();
    let mut pieces: Vec<_> = large.chunks(16_000).map(<[u8]>::to_vec).collect();
    let last = pieces.pop().expect("some");
    let mut far_too_large = frame(HEADERS, 0, 1, STATUS_200);
    for piece in &pieces {
        far_too_large.extend(frame(CONTINUATION, 0, 1, piece));
    }
    far_too_large.extend(frame(CONTINUATION, END_HEADERS, 1, &last));
    let cases: Vec<(&str, Vec<u8>, bool)> = vec![
        ("a body before its head", frame(DATA, 0, 1, b"x"), true),
        ("no status", frame(HEADERS, END_HEADERS, 1, &literal("x", "y")), true),
        ("a status of letters", frame(HEADERS, END_HEADERS, 1, &literal(":status", "abc")), true),
        ("a status below 100", frame(HEADERS, END_HEADERS, 1, &literal(":status", "099")), true),
        ("a long status", frame(HEADERS, END_HEADERS, 1, &literal(":status", "2000")), true),
        ("two of them", frame(HEADERS, END_HEADERS, 1, &[0x88, 0x88]), true),
        (
            "one behind a field",
            frame(HEADERS, END_HEADERS, 1, &[literal("x", "y"), vec![0x88]].concat()),
            true,
        ),
        ("a path", head_with(1, 0, &[(":path", "/")]), true),
        ("a name in upper case", head_with(1, 0, &[("X-A", "1")]), true),
        ("a name with a space", head_with(1, 0, &[("x a", "1")]), true),
        ("no name", head_with(1, 0, &[("", "1")]), true),
        ("a line break in a value", head_with(1, 0, &[("x", "1\r\nset-cookie: a=b")]), true),
        ("a length of letters", length("ten"), true),
        ("a length with a sign", length("+2"), true),
        ("two lengths", head_with(1, 0, &[("content-length", "1"), ("content-length", "2")]), true),
        ("a longer body", [length("2"), frame(DATA, 0, 1, b"abc")].concat(), true),
        ("a shorter body", [length("4"), body(b"abc")].concat(), false),
        ("no body", head_with(1, END_STREAM, &[("content-length", "4")]), false),
        (
            "an interim head alone",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &literal(":status", "103")),
            true,
        ),
        ("another protocol", frame(HEADERS, END_HEADERS, 1, &literal(":status", "101")), true),
        ("two heads", [head_with(1, 0, &[]), head_with(1, 0, &[])].concat(), true),
        ("a status behind the body", trailing(STATUS_200), true),
        ("a head that is too large", far_too_large, true),
        ("a window opened by nothing", frame(WINDOW_UPDATE, 0, 1, &[0; 4]), true),
        ("a window that is too wide", frame(WINDOW_UPDATE, 0, 1, &number(0x7fff_ffff)), true),
    ];
    for (what, bytes, is_reset) in cases {
        let mut bed = Bed::new(2);
        bed.hear(&bytes);
        let lost = bed.lost(0);
        assert_eq!(lost.failure.class, FailureClass::Protocol, "{what}: {lost:?}");
        assert_eq!(lost.again, Again::Never, "{what}");
        let said = bed.said();
        let resets = said.iter().filter(|(kind, _, stream, _)| (*kind, *stream) == (RST_STREAM, 1));
        assert_eq!(resets.count(), usize::from(is_reset), "{what}: {said:?}");
        // What is still to come of it is nobody's, and the other stream goes on.
        bed.hear(&[frame(DATA, END_STREAM, 1, b"late"), head_with(3, END_STREAM, &[])].concat());
        assert_eq!(bed.seen.lanes[1].end, Some(Ok(())), "{what}");
        assert_eq!(bed.session.room(), Room::Free, "{what}");
    }
}

#[test]
fn some_responses_have_no_body_whatever_their_length_says() {
    let length = [("content-length", "500")];
    let status = |index: u8| [vec![index], literal("content-length", "500")].concat();
    let mut bed = Bed::new(0);
    bed.session.begin(0, &message("HEAD / HTTP/1.1\nHost: shop.test\n\n"));
    bed.session.begin(1, &get());
    bed.session.begin(2, &get());
    bed.hear(&head_with(1, END_STREAM, &length));
    bed.hear(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &status(0x89)));
    bed.hear(&frame(HEADERS, END_HEADERS | END_STREAM, 5, &status(0x8b)));
    for (lane, status) in [200, 204, 304].into_iter().enumerate() {
        let response = &bed.seen.lanes[lane];
        assert_eq!((response.heads[0].0, response.heads[0].1), (status, Some(500)));
        assert_eq!(response.end, Some(Ok(())));
    }
}

#[test]
fn a_server_that_leaves_serves_what_it_names_and_the_rest_may_be_sent_again() {
    let mut bed = Bed::new(3);
    bed.hear(&head_with(5, 0, &[]));
    bed.hear(&frame(GOAWAY, 0, 0, &[number(1), number(2), b"why".to_vec()].concat()));
    assert_eq!(bed.session.room(), Room::Closing);
    assert_eq!((bed.lost(1).again, bed.lost(2).again), (Again::Always, Again::Never));
    assert_eq!(bed.lost(1).failure.class, FailureClass::Reset);
    assert!(bed.lost(1).failure.detail.contains("INTERNAL_ERROR"), "{:?}", bed.lost(1));
    assert_eq!(bed.session.active(), 1);
    bed.hear(&head_with(1, END_STREAM, &[]));
    assert_eq!(bed.seen.lanes[0].end, Some(Ok(())));

    let mut bed = Bed::new(2);
    bed.hear(&head_with(1, 0, &[]));
    bed.session.end_of_stream(&mut bed.seen);
    assert_eq!((bed.lost(0).again, bed.lost(1).again), (Again::Never, Again::IfIdempotent));
    assert_eq!(bed.lost(1).failure.class, FailureClass::Closed);
    assert!(bed.session.is_over());
}

#[test]
fn a_reset_says_whether_the_request_may_be_sent_again() {
    let mut bed = Bed::new(3);
    bed.hear(&frame(RST_STREAM, 0, 1, &number(7)));
    bed.hear(&frame(RST_STREAM, 0, 3, &number(0xbad)));
    bed.hear(&[head_with(5, 0, &[]), frame(RST_STREAM, 0, 5, &number(7))].concat());
    assert_eq!(bed.lost(0).again, Again::Always);
    assert_eq!((bed.lost(1).again, bed.lost(2).again), (Again::Never, Again::Never));
    assert!(bed.lost(1).failure.detail.contains("error 0xbad"), "{:?}", bed.lost(1));
    assert_eq!(bed.session.active(), 0);
}

#[test]
fn no_more_streams_are_opened_than_the_server_allows() {
    let mut bed = Bed::new(3);
    bed.hear(&settings(&[(3, 2)]));
    assert_eq!(bed.session.room(), Room::Full);
    bed.hear(&head_with(1, END_STREAM, &[]));
    assert_eq!(bed.session.room(), Room::Full);
    assert!(bed.session.cancel(1));
    assert!(!bed.session.cancel(1));
    assert_eq!(bed.session.room(), Room::Free);
    let cancelled = (RST_STREAM, 0, 3, number(8));
    assert!(bed.said().contains(&cancelled));
}

fn data_lengths(frames: &[Frame]) -> Vec<(u32, usize, bool)> {
    let data = frames.iter().filter(|(kind, ..)| *kind == DATA);
    data.map(|(_, flags, stream, payload)| (*stream, payload.len(), flags & END_STREAM != 0))
        .collect()
}

#[test]
fn bodies_leave_as_the_windows_open() {
    let post = |length: usize| {
        let head = format!("POST / HTTP/1.1\nHost: shop.test\nContent-Length: {length}\n\n");
        message(&format!("{head}{}", "b".repeat(length)))
    };
    let mut bed = Bed::silent(0);
    bed.hear(&settings(&[(4, 10)]));
    bed.session.begin(0, &post(25));
    bed.session.begin(1, &post(8));
    assert_eq!(data_lengths(&bed.said()), [(1, 10, false), (3, 8, true)]);
    assert_eq!(bed.session.backlog(0), 15);
    let mut unsent = Vec::new();
    bed.session.take_unsent(|lane| unsent.push(lane));
    assert_eq!(unsent, [1]);
    // It takes five back: nothing may leave before it has opened by more than that.
    bed.hear(&settings(&[(4, 5)]));
    bed.hear(&frame(WINDOW_UPDATE, 0, 1, &number(5)));
    bed.session.advance();
    assert_eq!(data_lengths(&bed.said()), []);
    bed.hear(&frame(WINDOW_UPDATE, 0, 1, &number(4)));
    bed.session.advance();
    assert_eq!(data_lengths(&bed.said()), [(1, 4, false)]);
    bed.hear(&settings(&[(4, 500)]));
    bed.session.advance();
    assert_eq!(data_lengths(&bed.said()), [(1, 11, true)]);

    // The connection's window is shared, a frame for each in turn.
    let mut bed = Bed::silent(0);
    bed.hear(&settings(&[(4, 1 << 20)]));
    bed.session.begin(0, &post(65_535));
    bed.session.begin(1, &post(40_000));
    bed.session.begin(2, &post(40_000));
    let first = data_lengths(&bed.said());
    assert_eq!(first.iter().map(|(_, length, _)| length).sum::<usize>(), 65_535);
    bed.hear(&frame(WINDOW_UPDATE, 0, 0, &number(1 << 20)));
    bed.session.advance();
    let rest = data_lengths(&bed.said());
    let streams: Vec<_> = rest.iter().take(2).map(|(stream, ..)| *stream).collect();
    assert_eq!(streams.len(), 2);
    assert_ne!(streams[0], streams[1], "{rest:?}");
    let ended: Vec<_> = first.iter().chain(&rest).filter(|(.., end)| *end).collect();
    assert_eq!(ended.len(), 3);
}

#[test]
fn an_answer_before_the_requests_end_ends_the_request() {
    let mut bed = Bed::new(0);
    bed.session.open(0, &message("POST / HTTP/1.1\nHost: shop.test\n\n"));
    bed.session.send(0, "one".into());
    bed.hear(&head_with(1, END_STREAM, &[]));
    assert_eq!(bed.seen.lanes[0].end, Some(Ok(())));
    bed.session.send(0, "two".into());
    bed.session.finish(0);
    let said = bed.said();
    assert_eq!(data_lengths(&said), [(1, 3, false)]);
    assert!(said.contains(&(RST_STREAM, 0, 1, number(8))), "{said:?}");
}

#[test]
fn a_head_that_is_larger_than_a_frame_is_continued() {
    let mut bed = Bed::new(0);
    let cookie = "c".repeat(60_000);
    bed.session
        .begin(0, &message(&format!("GET / HTTP/1.1\nHost: shop.test\nCookie: {cookie}\n\n")));
    let said = bed.said();
    let kinds: Vec<_> = said.iter().map(|(kind, flags, ..)| (*kind, *flags)).collect();
    let pieces = kinds.len();
    assert!(pieces > 2, "{kinds:?}");
    assert_eq!(kinds[0], (HEADERS, END_STREAM));
    assert!(kinds[1..pieces - 1].iter().all(|kind| *kind == (CONTINUATION, 0)), "{kinds:?}");
    assert_eq!(kinds[pieces - 1], (CONTINUATION, END_HEADERS));
}

#[test]
fn windows_are_given_back_as_bodies_are_used_up() {
    const HALF: usize = (1 << 29) / 16_384;
    let mut bed = Bed::new(2);
    bed.seen.is_curious = false;
    bed.hear(&head_with(1, 0, &[]));
    let piece = frame(DATA, 0, 1, &[b'x'; 16_384]);
    for _ in 0..HALF - 1 {
        bed.hear(&piece);
        bed.seen.lanes[0].body.clear();
    }
    assert_eq!(bed.said(), []);
    bed.hear(&[piece.clone(), piece].concat());
    let streams: Vec<_> = bed
        .said()
        .into_iter()
        .map(|(kind, _, stream, more)| {
            (kind, stream, u32::from_be_bytes(more.try_into().expect("4")))
        })
        .collect();
    let half = 1 << 29;
    assert_eq!(streams, [(WINDOW_UPDATE, 0, half), (WINDOW_UPDATE, 1, half)]);
}
