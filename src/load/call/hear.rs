//! What is heard: head, messages and trailers, into the line.

use super::calling::Calling;
use super::line::Line;
use super::line::State;
use crate::http::content;
use crate::http::grpc::FrameSink;
use crate::http::h1::Head;
use crate::http::reactor::Nanos;
use crate::load::messages::MessageCounts;
use crate::model::Failure;
use crate::model::FailureClass;

/// Of a message that steps look at, so much is kept: a longer one is not what is waited for.
const MAX_KEPT: usize = 1 << 20;

/// The message that is coming.
#[derive(Debug, Default)]
pub(super) struct Heard {
    has_begun: bool,
    is_kept: bool,
    /// Its beginning was kept, and not all of it.
    pub(super) is_cut: bool,
    pub(super) bytes: Vec<u8>,
    /// Bytes of it on the wire.
    pub(super) size: u64,
    json: Vec<u8>,
}

impl Heard {
    pub(super) fn restart(&mut self) {
        let (mut bytes, mut json) =
            (std::mem::take(&mut self.bytes), std::mem::take(&mut self.json));
        for buffer in [&mut bytes, &mut json] {
            buffer.clear();
            // What one large message has needed is not kept for every user.
            buffer.shrink_to(MAX_SPARE);
        }
        *self = Self { bytes, json, ..Self::default() };
    }
}

const MAX_SPARE: usize = 64 << 10;

/// A user's line while something comes for it.
pub(in crate::load) struct Hearing<'a> {
    pub(in crate::load) line: &'a mut Line,
    pub(in crate::load) calling: &'a Calling,
    /// Of streams; made by the first of them.
    pub(in crate::load) counts: &'a mut Option<Box<MessageCounts>>,
    /// How much of the last message is kept for who looks at the response.
    pub(in crate::load) keep: Option<usize>,
    pub(in crate::load) now: Nanos,
}

impl Hearing<'_> {
    fn counts(&mut self) -> Option<&mut MessageCounts> {
        let counts = &mut *self.counts;
        self.calling.is_stream().then(|| &mut **counts.get_or_insert_default())
    }

    /// The response has begun; the connection was begun at `began`.
    pub(in crate::load) fn head(&mut self, head: &Head<'_>, began: Nanos) {
        self.line.answer.head(head);
        if !self.line.answer.is_open() {
            return;
        }
        let now = self.now;
        self.line.opened = now;
        if let Some(counts) = self.counts() {
            counts.opened(now.saturating_sub(began));
        }
        if self.calling.is_stream() && self.line.state == State::Listening {
            self.line.listen(self.calling, now);
        }
    }

    /// The next bytes of the response's body.
    pub(in crate::load) fn body(&mut self, data: &[u8]) {
        if !self.line.answer.is_call() || self.line.state == State::Over {
            return;
        }
        let mut decoder = std::mem::take(&mut self.line.decoder);
        let fed = decoder.feed(data, self.calling.max_receive, self);
        self.line.decoder = decoder;
        if let Err(error) = fed {
            self.line.end(Err(error.into()));
        }
    }

    /// The trailers.
    pub(in crate::load) fn trailers(&mut self, trailers: &Head<'_>) {
        self.line.answer.trailers(trailers);
    }

    /// Whether the shard has something to do for the line; asked once, it has been noted.
    pub(in crate::load) fn is_news(&mut self) -> bool {
        let is_due = self.line.outcome.is_some()
            || self.line.state == State::Going
            || (self.calling.is_stream() && self.line.state == State::Listening);
        is_due && !std::mem::replace(&mut self.line.is_noted, true)
    }

    fn begin_message(&mut self) {
        let is_awaited = self.line.awaited(self.calling).is_some_and(|what| !what.is_any());
        let heard = &mut self.line.heard;
        heard.bytes.clear();
        (heard.has_begun, heard.is_cut, heard.size) = (true, false, 0);
        heard.is_kept = is_awaited || self.keep.is_some();
    }

    /// The message's bytes, its compression undone.
    fn undo_compression(&mut self) -> Result<(), Failure> {
        let protocol = |text: &str| Failure::new(FailureClass::Protocol, text);
        if !self.calling.takes_gzip || self.line.answer.coding() != "gzip" {
            return Err(protocol(
                "a compressed message, although none was asked for (`grpc-accept-encoding`)",
            ));
        }
        let heard = &mut self.line.heard;
        if !heard.is_kept || heard.is_cut {
            return Ok(());
        }
        let limit = self.calling.max_receive as usize;
        let decoded = content::decoded("gzip", &heard.bytes, limit);
        match decoded.filter(|decoded| decoded.is_whole) {
            Some(decoded) => heard.bytes = decoded.body,
            None => return Err(protocol("a compressed message that cannot be read")),
        }
        Ok(())
    }

    /// Whether the message, complete now, is the awaited one; `None` where none is awaited. One
    /// that began before it was awaited was not looked at.
    fn is_awaited(&mut self) -> Option<bool> {
        let what = self.line.awaited(self.calling)?;
        if what.is_any() {
            return Some(true);
        }
        let heard = &mut self.line.heard;
        if !heard.is_kept || heard.is_cut {
            return Some(false);
        }
        heard.json.clear();
        let is_read = self.calling.output.decode(&heard.bytes, &mut heard.json).is_ok();
        Some(is_read && what.matches(&heard.json))
    }
}

impl FrameSink for Hearing<'_> {
    fn data(&mut self, piece: &[u8]) {
        if !self.line.heard.has_begun {
            self.begin_message();
        }
        let heard = &mut self.line.heard;
        heard.size += piece.len() as u64;
        if heard.is_kept {
            let room = self.keep.unwrap_or(MAX_KEPT).saturating_sub(heard.bytes.len());
            heard.is_cut |= piece.len() > room;
            heard.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    fn message(&mut self, compressed: bool) {
        if !std::mem::replace(&mut self.line.heard.has_begun, false) {
            // It is empty.
            self.begin_message();
            self.line.heard.has_begun = false;
        }
        self.line.received += 1;
        let now = self.now;
        if let Some(counts) = self.counts() {
            counts.received();
        }
        if self.line.state == State::Over {
            return;
        }
        if compressed && let Err(failure) = self.undo_compression() {
            return self.line.end(Err(failure));
        }
        let is_awaited = self.is_awaited();
        let is_listening = self.line.state == State::Listening;
        if is_listening || is_awaited == Some(true) {
            let asked = std::mem::replace(&mut self.line.asked, now);
            if let Some(counts) = self.counts() {
                counts.answered(now.saturating_sub(asked));
            }
        }
        match (is_listening, is_awaited) {
            (true, Some(true)) => self.line.end(Ok(())),
            (true, _) => self.line.listen(self.calling, now),
            (false, Some(true)) => self.line.go_on(),
            (false, _) => {}
        }
    }
}
