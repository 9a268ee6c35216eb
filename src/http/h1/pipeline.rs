//! Several HTTP/1.1 requests in flight on one connection: responses come in the order of the
//! requests (RFC 9112 §9.3.2), so a queue says whose each is.

use std::collections::VecDeque;

use super::framing::RequestKind;
use super::parser::Eof;
use super::parser::Progress;
use super::parser::ResponseParser;
use super::parser::ResponseSink;
use crate::http::h1::Head;
use crate::http::lanes::Again;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Lost;
use crate::http::lanes::Room;
use crate::model::Failure;
use crate::model::FailureClass;

/// The client's side of one pipelined connection, without I/O.
#[derive(Debug)]
pub struct Pipeline {
    depth: usize,
    parser: ResponseParser,
    /// The first is the one whose response is awaited or under way.
    queue: VecDeque<(u32, RequestKind)>,
    outbox: Vec<u8>,
    unsent: Vec<u32>,
    closing: bool,
    over: bool,
}

impl Pipeline {
    /// Up to `depth` requests at once.
    pub fn new(depth: u32) -> Self {
        Self {
            depth: depth as usize,
            parser: ResponseParser::default(),
            queue: VecDeque::new(),
            outbox: Vec::new(),
            unsent: Vec::new(),
            closing: false,
            over: false,
        }
    }

    /// Whether another exchange may begin.
    pub fn room(&self) -> Room {
        if self.closing || self.over {
            Room::Closing
        } else if self.queue.len() < self.depth {
            Room::Free
        } else {
            Room::Full
        }
    }

    /// Puts a request behind those that are under way.
    pub fn begin(&mut self, lane: u32, kind: RequestKind, bytes: &[u8]) {
        if self.queue.is_empty() {
            self.parser.reset(kind);
        }
        self.queue.push_back((lane, kind));
        self.outbox.extend_from_slice(bytes);
        self.unsent.push(lane);
    }

    /// Takes the next bytes of the connection: what is left after one response is the next one's.
    pub fn receive<S: LaneSink>(&mut self, mut bytes: &[u8], sink: &mut S) {
        while !bytes.is_empty() && !self.over {
            let Some((lane, _)) = self.queue.front().copied() else {
                self.over = true;
                return;
            };
            let fed = match self.parser.feed(bytes, &mut OneLane { lane, sink }) {
                Ok(fed) => fed,
                Err(error) => return self.fail(&error.into(), sink),
            };
            bytes = &bytes[fed.consumed..];
            if fed.progress == Progress::NeedMore {
                return;
            }
            self.response_is_complete(sink);
        }
    }

    /// The peer sends no more.
    pub fn end_of_stream<S: LaneSink>(&mut self, sink: &mut S) {
        if self.queue.is_empty() {
            self.over = true;
            return;
        }
        let detail = match self.parser.eof() {
            Ok(Eof::Complete) => {
                self.response_is_complete(sink);
                "closed before the response began"
            }
            Ok(Eof::BeforeFirstByte) => "closed before the response began",
            Ok(Eof::Truncated) => "closed in the middle of the response",
            Err(error) => return self.fail(&error.into(), sink),
        };
        self.fail(&Failure::new(FailureClass::Closed, detail), sink);
    }

    /// The connection is of no use any more: every exchange on it ends.
    pub fn fail<S: LaneSink>(&mut self, failure: &Failure, sink: &mut S) {
        self.over = true;
        let mut has_begun = self.parser.has_started();
        while let Some((lane, _)) = self.queue.pop_front() {
            let again = if has_begun { Again::Never } else { Again::IfIdempotent };
            has_begun = false;
            sink.end(lane, Err(Lost { failure: failure.clone(), again }));
        }
    }

    /// Gives up an exchange. The responses behind it cannot be had without its own, so nothing
    /// more begins here, and the others end with the connection.
    pub fn cancel(&mut self, lane: u32) -> bool {
        let Some(place) = self.queue.iter().position(|(queued, _)| *queued == lane) else {
            return false;
        };
        self.queue.remove(place);
        if place == 0 {
            // What had come was of that response; of the others, nothing.
            self.parser.reset(RequestKind::Ordinary);
        }
        self.over = true;
        true
    }

    /// Whether nothing can be carried any more.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Exchanges under way.
    pub fn active(&self) -> usize {
        self.queue.len()
    }

    /// Moves what is to be written behind what is in `out`; all of it always fits.
    pub fn take_outbox(&mut self, out: &mut Vec<u8>) -> bool {
        if out.is_empty() {
            std::mem::swap(out, &mut self.outbox);
        } else {
            out.append(&mut self.outbox);
        }
        false
    }

    /// Lanes whose request was put into the outbox since the last call.
    pub fn take_unsent(&mut self, mut each: impl FnMut(u32)) {
        self.unsent.drain(..).for_each(&mut each);
    }

    fn response_is_complete<S: LaneSink>(&mut self, sink: &mut S) {
        let can_go_on = self.parser.can_reuse();
        if let Some((lane, _)) = self.queue.pop_front() {
            sink.end(lane, Ok(()));
        }
        if let Some((_, next)) = self.queue.front() {
            self.parser.reset(*next);
        }
        if !can_go_on {
            self.closing = true;
            let detail = "the server closed the connection after an earlier response";
            self.fail(&Failure::new(FailureClass::Closed, detail), sink);
        }
    }
}

struct OneLane<'a, S> {
    lane: u32,
    sink: &'a mut S,
}

impl<S: LaneSink> ResponseSink for OneLane<'_, S> {
    fn head(&mut self, head: &Head<'_>) {
        self.sink.head(self.lane, head);
    }

    fn body(&mut self, data: &[u8]) {
        self.sink.body(self.lane, data);
    }
}
