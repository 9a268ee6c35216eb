//! What is heard: messages and events, one at a time, into the line.

use super::dialogue::Awaited;
use super::dialogue::Session;
use super::dialogue::Stream;
use super::line::Around;
use super::line::Line;
use super::line::State;
use crate::flow::Response;
use crate::http::sse::EventSink;
use crate::http::ws;
use crate::http::ws::MessageSink;
use crate::http::ws::Opcode;
use crate::model::Failure;
use crate::model::FailureClass;

/// Pings are answered as long as no more than this waits to be sent: a peer that asks without
/// reading must not fill our memory.
const MAX_PONGS: usize = 256 * 1024;

/// The message that is coming.
#[derive(Debug, Default)]
pub(super) struct Heard {
    has_begun: bool,
    /// Somebody will look at it.
    is_kept: bool,
    bytes: Vec<u8>,
    /// Events so far.
    events: u64,
}

impl Heard {
    pub(super) fn restart(&mut self) {
        *self = Self { bytes: std::mem::take(&mut self.bytes), ..Self::default() };
        self.bytes.clear();
    }

    /// Of a message that is looked at, `limit` bytes are kept: what stands behind them is not
    /// looked at.
    fn add(&mut self, piece: &[u8], awaited: Option<&Awaited>, limit: usize) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.is_kept = awaited.is_some_and(Awaited::is_looked_at);
            self.bytes.clear();
        }
        if self.is_kept {
            let room = limit.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    /// The message, complete now, if it is the awaited one. One that began before it was awaited
    /// was not looked at.
    fn complete(&mut self, awaited: Option<&Awaited>) -> Option<&[u8]> {
        let is_whole = self.is_kept || !self.has_begun;
        if !self.has_begun {
            self.bytes.clear();
        }
        (self.has_begun, self.is_kept) = (false, false);
        let awaited = awaited?;
        let is_it = !awaited.is_looked_at() || (is_whole && awaited.is(&self.bytes));
        is_it.then_some(self.bytes.as_slice())
    }
}

/// Hears the messages of a session.
pub(super) struct SessionTurn<'a, 'b> {
    pub(super) session: &'a Session,
    pub(super) line: &'a mut Line,
    pub(super) around: &'a mut Around<'b>,
}

impl MessageSink for SessionTurn<'_, '_> {
    fn data(&mut self, piece: &[u8]) {
        let awaited = self.line.awaited(self.session);
        self.line.heard.add(piece, awaited, self.around.program.body_limit);
    }

    fn message(&mut self, _opcode: Opcode) {
        self.around.counts.received();
        let awaited = self.line.awaited(self.session);
        if let Some(message) = self.line.heard.complete(awaited) {
            for extraction in awaited.map(|awaited| awaited.extract.as_slice()).unwrap_or_default()
            {
                self.around.user.take(extraction, &Response::of_message(message));
            }
            self.line.answered(self.around);
            self.line.go_on(self.session, self.around);
        }
    }

    fn ping(&mut self, payload: &[u8]) {
        if self.line.out.len() - self.line.written < MAX_PONGS {
            let mask = self.around.mask();
            ws::frame(Opcode::Pong, payload, mask, &mut self.line.out);
        }
    }

    fn close(&mut self, code: Option<u16>, reason: &[u8]) {
        if self.line.state == State::Closing {
            return self.line.end(Ok(()));
        }
        let mask = self.around.mask();
        ws::close_frame(code.unwrap_or(1000), mask, &mut self.line.out);
        let code = code.map_or_else(String::new, |code| format!(" with {code}"));
        let reason = match reason {
            [] => String::new(),
            reason => format!(": {}", String::from_utf8_lossy(reason)),
        };
        let detail = format!("the server closed the session{code}{reason}");
        self.line.end(Err(Failure::new(FailureClass::Closed, detail)));
    }
}

/// Hears the events of a stream.
pub(super) struct StreamTurn<'a, 'b> {
    pub(super) stream: &'a Stream,
    pub(super) line: &'a mut Line,
    pub(super) around: &'a mut Around<'b>,
}

impl EventSink for StreamTurn<'_, '_> {
    fn data(&mut self, piece: &[u8]) {
        let limit = self.around.program.body_limit;
        self.line.heard.add(piece, self.stream.until.as_ref(), limit);
    }

    fn event(&mut self) {
        if self.line.state != State::Listening {
            return;
        }
        let is_last = self.line.heard.complete(self.stream.until.as_ref()).is_some();
        self.around.counts.received();
        self.line.answered(self.around);
        self.line.heard.events += 1;
        if is_last || self.stream.events.is_some_and(|events| self.line.heard.events >= events) {
            return self.line.end(Ok(()));
        }
        self.line.listen(self.stream.within, self.stream.hold, self.around.now);
    }
}
