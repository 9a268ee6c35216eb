//! Frames from the server, in whatever pieces they come.

use super::frame;
use super::frame::FrameHead;
use super::frame::HEAD;
use super::frame::MAX_PAYLOAD;
use super::frame::Reason;
use super::frame::flag;
use super::frame::kind;
use super::frame::setting;
use super::response::Fields;
use super::response::MAX_HEADER_LIST;
use super::session::Download;
use super::session::Session;
use super::session::WINDOW;
use super::session::left;
use super::session::number;
use crate::http::lanes::Again;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Lost;
use crate::model::Failure;
use crate::model::FailureClass;

/// Bytes of a header block at most: what we read of it, and as much again to see that it is more.
const MAX_BLOCK: usize = 2 * MAX_HEADER_LIST;

/// Frames of a header block at most, because empty ones cost nothing but time.
const MAX_CONTINUATIONS: u32 = 128;

/// Windows do not reach this (RFC 9113 §6.9.1).
const WINDOW_BOUND: i64 = 1 << 31;

/// Where the server's bytes are.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// What is here of a frame that is not here whole.
    held: Vec<u8>,
    reading: Reading,
    block: Option<Block>,
    has_settings: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum Reading {
    #[default]
    Head,
    Payload(FrameHead),
    /// Of a body, which is handed on as it comes; so many bytes of the frame are left.
    Data(FrameHead, usize),
}

/// A header block that is not complete.
#[derive(Debug)]
struct Block {
    stream: u32,
    ends_stream: bool,
    bytes: Vec<u8>,
    continuations: u32,
}

/// Why the connection cannot go on.
#[derive(Debug, Clone, Copy)]
struct Breach(Reason, &'static str);

const fn protocol(detail: &'static str) -> Breach {
    Breach(Reason::PROTOCOL_ERROR, detail)
}

const BAD_LENGTH: Breach = Breach(
    Reason::FRAME_SIZE_ERROR,
    "HTTP/2: a frame of the server has a length that it cannot have",
);
const BAD_STREAM: Breach =
    protocol("HTTP/2: a frame of the server is on a stream that it cannot be on");
const TOO_WIDE: Breach =
    Breach(Reason::FLOW_CONTROL_ERROR, "HTTP/2: the server opened a window beyond 2^31 - 1 bytes");
impl Session {
    /// Whether the server has said what it takes: its first frame is here, whole.
    pub fn is_greeted(&self) -> bool {
        self.incoming.has_settings && matches!(self.incoming.reading, Reading::Head)
    }

    /// Takes the next bytes of the connection.
    pub fn receive<S: LaneSink>(&mut self, mut bytes: &[u8], sink: &mut S) {
        while !bytes.is_empty() && self.over.is_none() {
            if let Err(Breach(reason, detail)) = self.take(&mut bytes, sink) {
                frame::put_go_away(&mut self.outbox, reason);
                self.fail(&Failure::new(FailureClass::Protocol, detail), sink);
            }
        }
    }

    /// Takes what is there of the next frame.
    fn take<S: LaneSink>(&mut self, bytes: &mut &[u8], sink: &mut S) -> Result<(), Breach> {
        match self.incoming.reading {
            Reading::Head => {
                let Some(head) = self.take_head(bytes) else { return Ok(()) };
                self.begin_frame(head, sink)
            }
            Reading::Payload(head) => {
                let held = &mut self.incoming.held;
                let missing = head.length - held.len();
                let Some((rest, behind)) = bytes.split_at_checked(missing) else {
                    held.extend_from_slice(bytes);
                    *bytes = &[];
                    return Ok(());
                };
                *bytes = behind;
                self.incoming.reading = Reading::Head;
                if held.is_empty() {
                    return self.on_frame(head, rest, sink);
                }
                let mut payload = std::mem::take(held);
                payload.extend_from_slice(rest);
                let outcome = self.on_frame(head, &payload, sink);
                payload.clear();
                self.incoming.held = payload;
                outcome
            }
            Reading::Data(head, left) => {
                let (piece, behind) = bytes.split_at(left.min(bytes.len()));
                *bytes = behind;
                let left = left - piece.len();
                self.incoming.reading =
                    if left == 0 { Reading::Head } else { Reading::Data(head, left) };
                self.on_data(head.stream, piece, sink);
                if left == 0 {
                    self.end_data(head, sink);
                }
                Ok(())
            }
        }
    }

    fn take_head(&mut self, bytes: &mut &[u8]) -> Option<FrameHead> {
        let held = &mut self.incoming.held;
        if held.is_empty()
            && let Some((head, behind)) = bytes.split_first_chunk::<HEAD>()
        {
            *bytes = behind;
            return Some(FrameHead::parse(head));
        }
        let (piece, behind) = bytes.split_at((HEAD - held.len()).min(bytes.len()));
        *bytes = behind;
        held.extend_from_slice(piece);
        let head = FrameHead::parse(held.first_chunk::<HEAD>()?);
        held.clear();
        Some(head)
    }

    fn begin_frame<S: LaneSink>(&mut self, head: FrameHead, sink: &mut S) -> Result<(), Breach> {
        if !std::mem::replace(&mut self.incoming.has_settings, true)
            && (head.kind != kind::SETTINGS || head.has(flag::ACK))
        {
            // The same nine bytes as a status line's first.
            let is_h1 = (head.length, head.kind, head.flags) == (0x0048_5454, b'P', b'/');
            return Err(protocol(if is_h1 {
                "the server answers in HTTP/1.x: it does not speak HTTP/2 here"
            } else {
                "HTTP/2: what the server said first is not HTTP/2"
            }));
        }
        if head.length > MAX_PAYLOAD {
            return Err(Breach(
                Reason::FRAME_SIZE_ERROR,
                "HTTP/2: a frame of the server has more than 16,384 bytes",
            ));
        }
        let is_expected = match &self.incoming.block {
            Some(block) => head.kind == kind::CONTINUATION && head.stream == block.stream,
            None => head.kind != kind::CONTINUATION,
        };
        if !is_expected {
            return Err(protocol(
                "HTTP/2: the server sent a head whose parts do not follow each other",
            ));
        }
        if head.kind == kind::DATA {
            self.begin_data(head, sink)?;
            if !head.has(flag::PADDED) && head.length > 0 {
                self.incoming.reading = Reading::Data(head, head.length);
                return Ok(());
            }
        }
        if head.length == 0 {
            return self.on_frame(head, &[], sink);
        }
        self.incoming.reading = Reading::Payload(head);
        Ok(())
    }

    fn on_frame<S: LaneSink>(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        sink: &mut S,
    ) -> Result<(), Breach> {
        match head.kind {
            kind::DATA => {
                self.on_data(head.stream, unpadded(&head, payload)?, sink);
                self.end_data(head, sink);
                Ok(())
            }
            kind::HEADERS => self.on_headers(head, payload, sink),
            kind::CONTINUATION => self.on_continuation(head, payload, sink),
            kind::RST_STREAM => self.on_reset(head, payload, sink),
            kind::SETTINGS => self.on_settings(head, payload),
            kind::PUSH_PROMISE => Err(protocol("HTTP/2: the server pushes although it must not")),
            kind::PING => self.on_ping(head, payload),
            kind::GOAWAY => self.on_go_away(head, payload, sink),
            kind::WINDOW_UPDATE => self.on_window_update(head, payload, sink),
            // Priorities are a server's affair; what is unknown means nothing (RFC 9113 §5.5).
            _ => Ok(()),
        }
    }

    /// The lane of a stream; `None` for one that is over.
    fn lane_of(&self, stream: u32) -> Result<Option<usize>, Breach> {
        if stream.is_multiple_of(2) || stream >= self.next_stream {
            return Err(BAD_STREAM);
        }
        Ok(self.streams.iter().position(|had| *had == stream))
    }

    /// Counts a frame of a body, whatever comes of its stream.
    fn begin_data<S: LaneSink>(&mut self, head: FrameHead, sink: &mut S) -> Result<(), Breach> {
        let lane = self.lane_of(head.stream)?;
        let length = u32::try_from(head.length).unwrap_or(u32::MAX);
        // What is in use of a window is given back at half of it, so nobody can overrun one.
        self.unreleased += length;
        if self.unreleased > WINDOW / 2 {
            frame::put_window_update(&mut self.outbox, 0, self.unreleased);
            self.unreleased = 0;
        }
        let Some(lane) = lane else { return Ok(()) };
        if self.lanes[lane].download == Download::Head {
            self.refuse(lane, "HTTP/2: a response's body comes before its head", sink);
            return Ok(());
        }
        let unreleased = &mut self.lanes[lane].unreleased;
        *unreleased += length;
        if *unreleased > WINDOW / 2 && !head.has(flag::END_STREAM) {
            frame::put_window_update(&mut self.outbox, head.stream, *unreleased);
            *unreleased = 0;
        }
        Ok(())
    }

    fn on_data<S: LaneSink>(&mut self, stream: u32, piece: &[u8], sink: &mut S) {
        let Ok(Some(index)) = self.lane_of(stream) else { return };
        let lane = &mut self.lanes[index];
        lane.received += piece.len() as u64;
        if lane.expected.is_some_and(|expected| lane.received > expected) {
            return self.refuse(index, "HTTP/2: a body is longer than its Content-Length", sink);
        }
        if !piece.is_empty() {
            sink.body(number(index), piece);
        }
    }

    fn end_data<S: LaneSink>(&mut self, head: FrameHead, sink: &mut S) {
        if head.has(flag::END_STREAM)
            && let Ok(Some(lane)) = self.lane_of(head.stream)
        {
            self.complete(lane, sink);
        }
    }

    fn on_headers<S: LaneSink>(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        sink: &mut S,
    ) -> Result<(), Breach> {
        self.lane_of(head.stream)?;
        let mut block = unpadded(&head, payload)?;
        if head.has(flag::PRIORITY) {
            block = block.get(5..).ok_or(BAD_LENGTH)?;
        }
        let ends_stream = head.has(flag::END_STREAM);
        if head.has(flag::END_HEADERS) {
            return self.on_block(head.stream, ends_stream, block, sink);
        }
        let (stream, bytes) = (head.stream, block.to_vec());
        self.incoming.block = Some(Block { stream, ends_stream, bytes, continuations: 0 });
        Ok(())
    }

    fn on_continuation<S: LaneSink>(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        sink: &mut S,
    ) -> Result<(), Breach> {
        let Some(mut block) = self.incoming.block.take() else { return Err(BAD_STREAM) };
        block.bytes.extend_from_slice(payload);
        block.continuations += 1;
        if block.bytes.len() > MAX_BLOCK || block.continuations > MAX_CONTINUATIONS {
            return Err(Breach(
                Reason::ENHANCE_YOUR_CALM,
                "HTTP/2: a response's head does not come to an end",
            ));
        }
        if head.has(flag::END_HEADERS) {
            return self.on_block(block.stream, block.ends_stream, &block.bytes, sink);
        }
        self.incoming.block = Some(block);
        Ok(())
    }

    /// A head, or what stands behind a body. Nobody's block is decoded too: those after it refer
    /// to it.
    fn on_block<S: LaneSink>(
        &mut self,
        stream: u32,
        ends_stream: bool,
        block: &[u8],
        sink: &mut S,
    ) -> Result<(), Breach> {
        let lane = self.lane_of(stream)?;
        let is_wanted = lane.is_some_and(|lane| sink.wants_fields(number(lane)));
        let mut lines = std::mem::take(&mut self.scratch);
        let mut fields = Fields::new(&mut lines, is_wanted);
        let decoded = self.decoder.decode(block, &mut fields);
        if decoded.is_ok()
            && let Some(lane) = lane
        {
            let outcome = match self.lanes[lane].download {
                Download::Head => self.on_response(lane, ends_stream, &mut fields, sink),
                _ => self.on_trailers(lane, ends_stream, is_wanted, &mut fields, sink),
            };
            if let Err(detail) = outcome {
                self.refuse(lane, detail, sink);
            }
        }
        self.scratch = lines;
        decoded.map_err(|malformed| Breach(Reason::COMPRESSION_ERROR, malformed.0))
    }

    fn on_response<S: LaneSink>(
        &mut self,
        index: usize,
        ends_stream: bool,
        fields: &mut Fields<'_>,
        sink: &mut S,
    ) -> Result<(), &'static str> {
        let status = fields.status()?;
        if status.code < 200 {
            // What is to come is told by another head.
            let is_interim = !ends_stream && status.code != 101;
            return is_interim.then_some(()).ok_or("HTTP/2: a response has an interim status only");
        }
        let lane = &mut self.lanes[index];
        lane.download = Download::Body;
        if !lane.is_bodiless && !matches!(status.code, 204 | 304) {
            lane.expected = status.length;
        }
        sink.head(number(index), &fields.head(status.code));
        if ends_stream {
            self.complete(index, sink);
        }
        Ok(())
    }

    fn on_trailers<S: LaneSink>(
        &mut self,
        lane: usize,
        ends_stream: bool,
        is_wanted: bool,
        fields: &mut Fields<'_>,
        sink: &mut S,
    ) -> Result<(), &'static str> {
        fields.trailers()?;
        if !ends_stream {
            return Err("HTTP/2: a response has two heads");
        }
        if is_wanted {
            sink.trailers(number(lane), &fields.head(0));
        }
        self.complete(lane, sink);
        Ok(())
    }

    /// The response is here whole.
    fn complete<S: LaneSink>(&mut self, index: usize, sink: &mut S) {
        let lane = &self.lanes[index];
        let outcome = match lane.expected {
            Some(expected) if expected != lane.received => {
                let detail = format!(
                    "HTTP/2: a body ends after {} bytes, its Content-Length is {expected}",
                    lane.received
                );
                let failure = Failure::new(FailureClass::Protocol, detail);
                Err(Lost { failure, again: Again::Never })
            }
            _ => Ok(()),
        };
        let stream = self.streams[index];
        if self.free(index) {
            // The server has answered without waiting for the rest of the request.
            frame::put_reset(&mut self.outbox, stream, Reason::CANCEL);
        }
        sink.end(number(index), outcome);
    }

    /// The server broke the rules on one stream: it is reset, the others go on.
    fn refuse<S: LaneSink>(&mut self, lane: usize, detail: &'static str, sink: &mut S) {
        if self.reset(lane, Reason::PROTOCOL_ERROR) {
            let failure = Failure::new(FailureClass::Protocol, detail);
            sink.end(number(lane), Err(Lost { failure, again: Again::Never }));
        }
    }

    fn on_reset<S: LaneSink>(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        sink: &mut S,
    ) -> Result<(), Breach> {
        let reason = Reason(u32::from_be_bytes(payload.try_into().map_err(|_| BAD_LENGTH)?));
        let Some(lane) = self.lane_of(head.stream)? else { return Ok(()) };
        let is_untouched =
            reason == Reason::REFUSED_STREAM && self.lanes[lane].download == Download::Head;
        self.free(lane);
        let detail = format!("HTTP/2: the server reset the stream ({reason})");
        let failure = Failure::new(FailureClass::Reset, detail);
        let again = if is_untouched { Again::Always } else { Again::Never };
        sink.end(number(lane), Err(Lost { failure, again }));
        Ok(())
    }

    fn on_settings(&mut self, head: FrameHead, payload: &[u8]) -> Result<(), Breach> {
        let (settings, rest) = payload.as_chunks::<6>();
        if head.stream != 0 {
            return Err(BAD_STREAM);
        }
        if !rest.is_empty() || (head.has(flag::ACK) && !payload.is_empty()) {
            return Err(BAD_LENGTH);
        }
        if head.has(flag::ACK) {
            return Ok(());
        }
        for [a, b, value @ ..] in settings {
            self.on_setting(u16::from_be_bytes([*a, *b]), u32::from_be_bytes(*value))?;
        }
        frame::put_head(&mut self.outbox, 0, kind::SETTINGS, flag::ACK, 0);
        Ok(())
    }

    fn on_setting(&mut self, name: u16, value: u32) -> Result<(), Breach> {
        match name {
            setting::HEADER_TABLE_SIZE => {
                self.encoder.resize(usize::try_from(value).unwrap_or(usize::MAX));
            }
            setting::ENABLE_PUSH if value != 0 => {
                return Err(protocol("HTTP/2: the server allows us to push"));
            }
            setting::MAX_CONCURRENT_STREAMS => {
                self.max_streams = usize::try_from(value).unwrap_or(usize::MAX);
            }
            setting::INITIAL_WINDOW_SIZE => {
                if i64::from(value) >= WINDOW_BOUND {
                    return Err(TOO_WIDE);
                }
                let more = i64::from(value) - self.initial_window;
                self.initial_window = value.into();
                for lane in &mut self.lanes {
                    lane.send_window += more;
                    if lane.download != Download::Idle && lane.send_window >= WINDOW_BOUND {
                        return Err(TOO_WIDE);
                    }
                }
            }
            setting::MAX_FRAME_SIZE if !(16_384..1 << 24).contains(&value) => {
                return Err(protocol("HTTP/2: the server takes frames of an impossible size"));
            }
            _ => {}
        }
        Ok(())
    }

    fn on_ping(&mut self, head: FrameHead, payload: &[u8]) -> Result<(), Breach> {
        if payload.len() != 8 {
            return Err(BAD_LENGTH);
        }
        if head.stream != 0 {
            return Err(BAD_STREAM);
        }
        if !head.has(flag::ACK) {
            frame::put_head(&mut self.outbox, payload.len(), kind::PING, flag::ACK, 0);
            self.outbox.extend_from_slice(payload);
        }
        Ok(())
    }

    fn on_go_away<S: LaneSink>(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        sink: &mut S,
    ) -> Result<(), Breach> {
        if head.stream != 0 {
            return Err(BAD_STREAM);
        }
        let (words, _) = payload.as_chunks::<4>();
        let [last, reason, ..] = *words else { return Err(BAD_LENGTH) };
        let last = u32::from_be_bytes(last) & 0x7fff_ffff;
        let reason = Reason(u32::from_be_bytes(reason));
        self.going_away = Some(reason);
        for lane in 0..self.lanes.len() {
            if self.streams[lane] > last {
                let again = match self.lanes[lane].download {
                    Download::Body => Again::Never,
                    _ => Again::Always,
                };
                self.free(lane);
                sink.end(number(lane), Err(Lost { failure: left(reason), again }));
            }
        }
        Ok(())
    }

    fn on_window_update<S: LaneSink>(
        &mut self,
        head: FrameHead,
        payload: &[u8],
        sink: &mut S,
    ) -> Result<(), Breach> {
        let more = u32::from_be_bytes(payload.try_into().map_err(|_| BAD_LENGTH)?) & 0x7fff_ffff;
        let nothing = "HTTP/2: the server opened a window by nothing";
        if head.stream == 0 {
            self.send_window += i64::from(more);
            return match (more, self.send_window) {
                (0, _) => Err(protocol(nothing)),
                (_, WINDOW_BOUND..) => Err(TOO_WIDE),
                _ => Ok(()),
            };
        }
        let Some(lane) = self.lane_of(head.stream)? else { return Ok(()) };
        self.lanes[lane].send_window += i64::from(more);
        if more == 0 {
            self.refuse(lane, nothing, sink);
        } else if self.lanes[lane].send_window >= WINDOW_BOUND {
            self.refuse(lane, TOO_WIDE.1, sink);
        }
        Ok(())
    }
}

/// A payload without its padding.
fn unpadded<'a>(head: &FrameHead, payload: &'a [u8]) -> Result<&'a [u8], Breach> {
    if !head.has(flag::PADDED) {
        return Ok(payload);
    }
    let (length, payload) = payload.split_first().ok_or(BAD_LENGTH)?;
    let end = payload.len().checked_sub(usize::from(*length));
    end.map(|end| &payload[..end])
        .ok_or(protocol("HTTP/2: a frame of the server has too much padding"))
}
