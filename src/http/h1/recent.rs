//! The last head of a connection: servers under load mostly repeat it byte by byte, and then
//! comparing it costs a tenth of parsing it.

use super::framing::BodyLength;
use super::framing::RequestKind;
use super::head::Head;
use crate::model::HttpVersion;

/// Longer heads are parsed each time: the copy is kept per connection, and there may be thousands.
const MAX_LEN: usize = 512;

/// A head and what it says about the body.
pub(super) struct Parsed<'a> {
    pub(super) head: Head<'a>,
    /// Bytes up to the end of the head, empty lines before it included.
    pub(super) len: usize,
    pub(super) body: BodyLength,
}

/// Remembers one head. Equal bytes that answer an equal kind of request parse equally, so a recall
/// is exact.
#[derive(Debug, Default)]
pub(super) struct RecentHead {
    bytes: Vec<u8>,
    facts: Option<Facts>,
}

#[derive(Debug, Clone, Copy)]
struct Facts {
    kind: RequestKind,
    start: usize,
    status: u16,
    version: HttpVersion,
    content_length: Option<u64>,
    keep_alive: bool,
    body: BodyLength,
}

impl RecentHead {
    /// The head at the start of `bytes`, if it is the remembered one.
    #[inline]
    pub(super) fn recall<'a>(&self, bytes: &'a [u8], kind: RequestKind) -> Option<Parsed<'a>> {
        let facts = self.facts.as_ref().filter(|facts| facts.kind == kind)?;
        let len = self.bytes.len();
        if bytes.get(..len)? != self.bytes {
            return None;
        }
        let head = Head {
            status: facts.status,
            version: facts.version,
            content_length: facts.content_length,
            keep_alive: facts.keep_alive,
            raw: &bytes[facts.start..len],
        };
        Some(Parsed { head, len, body: facts.body })
    }

    /// Remembers the head at the start of `bytes` instead of the one before.
    pub(super) fn remember(&mut self, bytes: &[u8], kind: RequestKind, parsed: &Parsed<'_>) {
        if parsed.len > MAX_LEN {
            return;
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(&bytes[..parsed.len]);
        let head = &parsed.head;
        self.facts = Some(Facts {
            kind,
            start: parsed.len - head.raw.len(),
            status: head.status,
            version: head.version,
            content_length: head.content_length,
            keep_alive: head.keep_alive,
            body: parsed.body,
        });
    }
}
