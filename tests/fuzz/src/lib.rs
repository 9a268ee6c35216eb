//! What the targets for HTTP responses share: the same bytes, split differently.

use shakedown::http::h1::Head;
use shakedown::http::h1::Progress;
use shakedown::http::h1::RequestKind;
use shakedown::http::h1::ResponseParser;
use shakedown::http::h1::ResponseSink;

/// Heads longer than this are refused here, so that the limit is reached at all.
const MAX_HEAD: usize = 1024;

/// Everything that a parser tells about one response.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    heads: usize,
    status: u16,
    content_length: Option<u64>,
    keep_alive: bool,
    raw: Vec<u8>,
    body: Vec<u8>,
}

impl ResponseSink for Seen {
    fn head(&mut self, head: &Head<'_>) {
        self.heads += 1;
        (self.status, self.content_length) = (head.status, head.content_length);
        self.keep_alive = head.keep_alive;
        self.raw = head.raw().to_vec();
        assert!(self.raw.len() <= MAX_HEAD, "heads are bounded");
        for (name, _) in head.fields() {
            assert!(head.field(&String::from_utf8_lossy(name)).is_some() || !name.is_ascii());
        }
    }

    fn body(&mut self, data: &[u8]) {
        assert_eq!(self.heads, 1, "the head comes first");
        assert!(!data.is_empty(), "empty pieces are not told");
        self.body.extend_from_slice(data);
    }
}

fn read<'a>(
    parser: &mut ResponseParser,
    kind: RequestKind,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (Seen, String) {
    parser.reset(kind);
    let mut seen = Seen::default();
    let mut consumed = 0;
    for piece in pieces {
        match parser.feed(piece, &mut seen) {
            Err(error) => return (seen, format!("{error:?}")),
            Ok(fed) => {
                consumed += fed.consumed;
                if fed.progress == Progress::Complete {
                    return (seen, format!("complete at {consumed}: {}", parser.can_reuse()));
                }
                assert_eq!(fed.consumed, piece.len(), "an incomplete response takes every byte");
            }
        }
    }
    let end = format!("{:?}", parser.eof());
    (seen, end)
}

/// Whole, byte by byte, in pieces of `piece` bytes, and by a parser that knows the response
/// already: the same events and the same end.
pub fn same_however_split(kind: RequestKind, piece: usize, bytes: &[u8]) {
    let mut parser = ResponseParser::new(MAX_HEAD);
    let whole = read(&mut parser, kind, std::iter::once(bytes));
    assert!(whole.0.body.len() <= bytes.len(), "nothing is made up");
    for length in [1, piece.max(1), bytes.len().max(1)] {
        let fresh = read(&mut ResponseParser::new(MAX_HEAD), kind, bytes.chunks(length));
        assert_eq!(fresh, whole, "in pieces of {length}");
        assert_eq!(read(&mut parser, kind, bytes.chunks(length)), whole, "again, by {length}");
    }
}
