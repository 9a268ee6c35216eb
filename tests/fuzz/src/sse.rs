//! Server-sent events: any split gives what the standard's rules give, line by line.

use shakedown::http::sse::EventParser;
use shakedown::http::sse::EventSink;

#[derive(Debug, Default, PartialEq)]
struct Events {
    data: Vec<u8>,
    all: Vec<Vec<u8>>,
}

impl EventSink for Events {
    fn data(&mut self, piece: &[u8]) {
        assert!(!piece.is_empty());
        self.data.extend_from_slice(piece);
    }

    fn event(&mut self) {
        self.all.push(std::mem::take(&mut self.data));
    }
}

/// The data of each event, by WHATWG HTML §9.2.6: the stream is read line by line, and what stands
/// behind the last line's end is no line yet.
fn reference(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let (mut events, mut data) = (Vec::new(), None::<Vec<u8>>);
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        let line = &rest[..end];
        rest = if rest[end..].starts_with(b"\r\n") { &rest[end + 2..] } else { &rest[end + 1..] };
        if line.is_empty() {
            events.extend(data.take());
            continue;
        }
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        if name == b"data" {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &mut data {
                Some(data) => data.extend([b"\n", value].concat()),
                None => data = Some(value.to_vec()),
            }
        }
    }
    events
}

/// A stream. The first byte chooses the length of the pieces.
pub fn any(data: &[u8]) {
    let [piece, stream @ ..] = data else { return };
    let expected = reference(stream);
    for pieces in super::splits(stream, *piece) {
        let (mut parser, mut events) = (EventParser::default(), Events::default());
        for piece in &pieces {
            parser.feed(piece, &mut events);
        }
        assert_eq!(events.all, expected, "in {} pieces", pieces.len());
    }
}
