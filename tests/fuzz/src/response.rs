//! Responses: the same bytes, split differently, and what a parser tells about them.

use shakedown::http::h1::Eof;
use shakedown::http::h1::Head;
use shakedown::http::h1::Progress;
use shakedown::http::h1::ProtocolError;
use shakedown::http::h1::RequestKind;
use shakedown::http::h1::ResponseParser;
use shakedown::http::h1::ResponseSink;
use shakedown::model::HttpVersion;

/// Heads longer than this are refused here, so that the limit is reached at all.
const MAX_HEAD: usize = 1024;

/// Everything that a parser tells about one response.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seen {
    pub heads: usize,
    pub status: u16,
    pub version: Option<HttpVersion>,
    pub content_length: Option<u64>,
    pub keep_alive: bool,
    pub raw: Vec<u8>,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// How a response ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Complete { consumed: usize, can_reuse: bool },
    CompleteAtEof,
    BeforeFirstByte,
    Truncated,
    Error(ProtocolError),
}

impl ResponseSink for Seen {
    fn head(&mut self, head: &Head<'_>) {
        self.heads += 1;
        (self.status, self.version) = (head.status, Some(head.version));
        (self.content_length, self.keep_alive) = (head.content_length, head.keep_alive);
        self.raw = head.raw().to_vec();
        self.fields = head.fields().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
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

/// What `parser` makes of a response that comes in these pieces.
pub fn read<'a>(
    parser: &mut ResponseParser,
    kind: RequestKind,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Seen, End) {
    parser.reset(kind);
    let mut seen = Seen::default();
    let mut consumed = 0;
    for piece in pieces {
        match parser.feed(piece, &mut seen) {
            Err(error) => return (seen, End::Error(error)),
            Ok(fed) => {
                consumed += fed.consumed;
                if fed.progress == Progress::Complete {
                    let can_reuse = parser.can_reuse();
                    return (seen, End::Complete { consumed, can_reuse });
                }
                assert_eq!(fed.consumed, piece.len(), "an incomplete response takes every byte");
            }
        }
    }
    let end = match parser.eof() {
        Ok(Eof::Complete) => End::CompleteAtEof,
        Ok(Eof::BeforeFirstByte) => End::BeforeFirstByte,
        Ok(Eof::Truncated) => End::Truncated,
        Err(error) => End::Error(error),
    };
    (seen, end)
}

/// A response. The first byte chooses the request (0 ordinary, 1 HEAD, 2 CONNECT), the second the
/// length of the pieces.
pub fn any(data: &[u8]) {
    let [kind, piece, bytes @ ..] = data else { return };
    let kind = match kind % 3 {
        0 => RequestKind::Ordinary,
        1 => RequestKind::Head,
        _ => RequestKind::Connect,
    };
    same_however_split(kind, *piece, bytes);
}

/// A chunked body behind a valid head. The first byte chooses the length of the pieces.
pub fn chunked(data: &[u8]) {
    let [piece, body @ ..] = data else { return };
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    same_however_split(RequestKind::Ordinary, *piece, &[&head[..], body].concat());
}

/// By a new parser, and by one that knows the response already: the same events and the same end.
fn same_however_split(kind: RequestKind, piece: u8, bytes: &[u8]) {
    let mut parser = ResponseParser::new(MAX_HEAD);
    let whole = read(&mut parser, kind, [bytes]);
    assert!(whole.0.body.len() <= bytes.len(), "nothing is made up");
    assert!(whole.0.raw.len() <= MAX_HEAD, "heads are bounded");
    for pieces in super::splits(bytes, piece) {
        let fresh = read(&mut ResponseParser::new(MAX_HEAD), kind, pieces.iter().copied());
        assert_eq!(fresh, whole, "in {} pieces", pieces.len());
        assert_eq!(read(&mut parser, kind, pieces.iter().copied()), whole, "again");
    }
}
