//! One HTTP/2 connection: streams in lanes, bytes in and out.

use bytes::Bytes;

use super::frame;
use super::frame::MAX_PAYLOAD;
use super::frame::Reason;
use super::frame::flag;
use super::frame::kind;
use super::frame::setting;
use super::hpack::Decoder;
use super::hpack::Encoder;
use super::incoming::Incoming;
use super::response::MAX_HEADER_LIST;
use super::upload::Upload;
use crate::http::lanes::Again;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Lost;
use crate::http::lanes::Room;
use crate::http::message::Message;
use crate::model::Failure;
use crate::model::FailureClass;

/// What a server may send ahead, per stream and in all: as h2load does it, because whoever
/// measures a server must not be what holds it back. Bodies are used up as they come.
pub(super) const WINDOW: u32 = (1 << 30) - 1;

/// The windows of both sides before anybody has said otherwise (RFC 9113 §6.9.2).
pub(super) const WINDOW_AT_FIRST: u32 = 65_535;

/// Streams before the server has said how many it allows (RFC 9113 §6.5.2: no less than this is
/// recommended).
const STREAMS_AT_FIRST: usize = 100;

/// The last stream of a connection (RFC 9113 §5.1.1).
const LAST_STREAM: u32 = 0x7fff_ffff;

/// Bytes waiting to be written above which no more are taken: bodies wait in the lanes, where they
/// are shared, not copied.
const OUTBOX: usize = 64 * 1024;

/// The client's side of one connection.
pub struct Session {
    pub(super) incoming: Incoming,
    pub(super) decoder: Decoder,
    pub(super) encoder: Encoder,
    pub(super) outbox: Vec<u8>,
    /// Something did not fit into the outbox.
    overflowed: bool,
    pub(super) lanes: Vec<Lane>,
    /// By lane: the stream in it, 0 for none.
    pub(super) streams: Vec<u32>,
    active: usize,
    pub(super) next_stream: u32,
    /// Streams that the server allows at once.
    pub(super) max_streams: usize,
    /// Bytes of bodies that the server takes, on the connection and on each new stream. A stream's
    /// may be below zero, after the server has changed its mind.
    pub(super) send_window: i64,
    pub(super) initial_window: i64,
    /// Bytes of bodies that came and that the server has not been told of.
    pub(super) unreleased: u32,
    /// Lanes that have an upload, and whose turn it is.
    uploads: usize,
    turn: usize,
    /// Lanes whose request is in the outbox whole, since the last look.
    unsent: Vec<u32>,
    /// For writing out a head that somebody looks at.
    pub(super) scratch: Vec<u8>,
    /// The server takes nothing new any more, and why.
    pub(super) going_away: Option<Reason>,
    pub(super) over: Option<Failure>,
}

#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) download: Download,
    /// Whether the response has no body whatever its head says.
    pub(super) is_bodiless: bool,
    pub(super) upload: Option<Upload>,
    pub(super) send_window: i64,
    pub(super) unreleased: u32,
    /// Bytes of the body: as announced, and so far.
    pub(super) expected: Option<u64>,
    pub(super) received: u64,
}

/// Where a lane's response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Download {
    #[default]
    Idle,
    Head,
    Body,
}

impl Session {
    /// A session of so many lanes; its preface is in the outbox.
    pub fn new(lanes: usize) -> Self {
        let mut outbox = frame::PREFACE.to_vec();
        let largest_list = u32::try_from(MAX_HEADER_LIST).unwrap_or(u32::MAX);
        let settings = [
            (setting::ENABLE_PUSH, 0),
            (setting::INITIAL_WINDOW_SIZE, WINDOW),
            (setting::MAX_HEADER_LIST_SIZE, largest_list),
        ];
        frame::put_settings(&mut outbox, &settings);
        frame::put_window_update(&mut outbox, 0, WINDOW - WINDOW_AT_FIRST);
        Self {
            incoming: Incoming::default(),
            decoder: Decoder::new(),
            encoder: Encoder::new(),
            outbox,
            overflowed: false,
            lanes: (0..lanes).map(|_| Lane::default()).collect(),
            streams: vec![0; lanes],
            active: 0,
            next_stream: 1,
            max_streams: STREAMS_AT_FIRST,
            send_window: WINDOW_AT_FIRST.into(),
            initial_window: WINDOW_AT_FIRST.into(),
            unreleased: 0,
            uploads: 0,
            turn: 0,
            unsent: Vec::new(),
            scratch: Vec::new(),
            going_away: None,
            over: None,
        }
    }

    /// Whether another exchange may begin.
    pub fn room(&self) -> Room {
        if self.over.is_some() || self.going_away.is_some() || self.next_stream > LAST_STREAM {
            Room::Closing
        } else if self.active < self.max_streams {
            Room::Free
        } else {
            Room::Full
        }
    }

    /// Begins an exchange in a lane that is idle, after [`Session::room`] said [`Room::Free`].
    pub fn begin(&mut self, lane: u32, message: &Message) {
        self.start(lane, message, true);
    }

    /// As [`Session::begin`], and more of the body follows with [`Session::send`].
    pub fn open(&mut self, lane: u32, message: &Message) {
        self.start(lane, message, false);
    }

    fn start(&mut self, lane: u32, message: &Message, is_all: bool) {
        let index = lane as usize;
        debug_assert_eq!(self.streams[index], 0, "the lane is idle");
        let is_bare = message.body.is_empty() && is_all;
        let stream = self.next_stream;
        self.next_stream += 2;
        let from = self.outbox.len();
        self.outbox.extend_from_slice(&[0; frame::HEAD]);
        self.encoder.encode(&message.head, &mut self.outbox);
        let flags = if is_bare { flag::END_STREAM } else { 0 };
        frame::seal_block(&mut self.outbox, from, stream, flags);
        self.streams[index] = stream;
        self.active += 1;
        self.lanes[index] = Lane {
            download: Download::Head,
            is_bodiless: message.head.method() == http::Method::HEAD,
            upload: (!is_bare).then(|| Upload::new(message.body.clone(), is_all)),
            send_window: self.initial_window,
            ..Lane::default()
        };
        if is_bare || message.body.is_empty() {
            self.unsent.push(lane);
        }
        if !is_bare {
            self.uploads += 1;
            while self.send_piece(index) {}
        }
    }

    /// Adds to the body of a request that was opened. What its stream does not take any more,
    /// because the server has ended it, is dropped: the response says why.
    pub fn send(&mut self, lane: u32, bytes: Bytes) {
        let index = lane as usize;
        if let Some(upload) = &mut self.lanes[index].upload {
            upload.push(bytes);
            while self.send_piece(index) {}
        }
    }

    /// Ends the body of a request that was opened.
    pub fn finish(&mut self, lane: u32) {
        let index = lane as usize;
        if let Some(upload) = &mut self.lanes[index].upload {
            upload.finish();
            while self.send_piece(index) {}
        }
    }

    /// Ends the body of a request that was opened with these bytes: in one frame, where the server takes
    /// that much.
    pub fn finish_with(&mut self, lane: u32, bytes: Bytes) {
        let index = lane as usize;
        if let Some(upload) = &mut self.lanes[index].upload {
            upload.push(bytes);
            upload.finish();
            while self.send_piece(index) {}
        }
    }

    /// Streams that the server allows at once.
    pub fn most_streams(&self) -> usize {
        self.max_streams
    }

    /// Bytes of a request's body that wait for the server to allow more.
    pub fn backlog(&self, lane: u32) -> usize {
        self.lanes[lane as usize].upload.as_ref().map_or(0, Upload::unsent)
    }

    /// The peer sends no more.
    pub fn end_of_stream<S: LaneSink>(&mut self, sink: &mut S) {
        self.fail(&left(self.going_away.unwrap_or(Reason::NO_ERROR)), sink);
    }

    /// Goes on without new bytes: what may be sent of the bodies that wait is put into the outbox,
    /// a frame of each in turn.
    pub fn advance(&mut self) {
        while self.uploads > 0 {
            let lanes = self.lanes.len();
            let mut has_sent = false;
            for _ in 0..lanes {
                self.turn = (self.turn + 1) % lanes;
                has_sent |= self.send_piece(self.turn);
            }
            if !has_sent || self.overflowed {
                return;
            }
        }
    }

    /// Puts the next frame of a lane's body into the outbox; false if there is none for now.
    fn send_piece(&mut self, index: usize) -> bool {
        let lane = &mut self.lanes[index];
        let Some(upload) = &mut lane.upload else { return false };
        if self.outbox.len() >= OUTBOX {
            self.overflowed = true;
            return false;
        }
        let allowed = self.send_window.min(lane.send_window).max(0);
        let most = usize::try_from(allowed).unwrap_or(usize::MAX).min(MAX_PAYLOAD);
        let Some(piece) = upload.next(most) else { return false };
        let length = piece.bytes.len();
        let flags = if piece.is_last { flag::END_STREAM } else { 0 };
        frame::put_head(&mut self.outbox, length, kind::DATA, flags, self.streams[index]);
        self.outbox.extend_from_slice(&piece.bytes);
        // At most a frame's length.
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        self.send_window -= length;
        lane.send_window -= length;
        if piece.is_last {
            lane.upload = None;
            self.uploads -= 1;
        }
        let number = number(index);
        if piece.is_rest && self.unsent.last() != Some(&number) {
            self.unsent.push(number);
        }
        !piece.is_last
    }

    /// Gives up an exchange: its stream is reset, the others go on. True if there was one.
    pub fn cancel(&mut self, lane: u32) -> bool {
        self.reset(lane as usize, Reason::CANCEL)
    }

    /// Resets a lane's stream and empties the lane. True if there was a stream.
    pub(super) fn reset(&mut self, lane: usize, reason: Reason) -> bool {
        let stream = self.streams[lane];
        if stream == 0 {
            return false;
        }
        frame::put_reset(&mut self.outbox, stream, reason);
        self.free(lane);
        true
    }

    /// Empties a lane whose stream is over on both sides; true if its upload was not.
    pub(super) fn free(&mut self, lane: usize) -> bool {
        let was_sending = self.lanes[lane].upload.take().is_some();
        self.uploads -= usize::from(was_sending);
        self.lanes[lane].download = Download::Idle;
        self.streams[lane] = 0;
        self.active -= 1;
        was_sending
    }

    /// The connection is of no use any more: every exchange on it ends.
    pub fn fail<S: LaneSink>(&mut self, failure: &Failure, sink: &mut S) {
        self.over.get_or_insert_with(|| failure.clone());
        for lane in 0..self.lanes.len() {
            let again = match self.lanes[lane].download {
                Download::Idle => continue,
                Download::Head => Again::IfIdempotent,
                Download::Body => Again::Never,
            };
            self.free(lane);
            sink.end(number(lane), Err(Lost { failure: failure.clone(), again }));
        }
    }

    /// Whether nothing can be carried any more.
    pub fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Exchanges under way.
    pub fn active(&self) -> usize {
        self.active
    }

    /// Whether reading on has to wait until the outbox was written.
    pub fn is_blocked(&self) -> bool {
        self.outbox.len() >= OUTBOX
    }

    /// Moves what is to be written behind what is in `out`; true if there was more than fits at
    /// once, so that [`Session::advance`] brings another piece.
    pub fn take_outbox(&mut self, out: &mut Vec<u8>) -> bool {
        if out.is_empty() {
            std::mem::swap(out, &mut self.outbox);
        } else {
            out.append(&mut self.outbox);
        }
        std::mem::take(&mut self.overflowed)
    }

    /// Lanes whose request was put into the outbox whole since the last call, or as much of it as
    /// there is for now.
    pub fn take_unsent(&mut self, mut each: impl FnMut(u32)) {
        self.unsent.drain(..).for_each(&mut each);
    }
}

/// A lane as others call it.
pub(super) fn number(lane: usize) -> u32 {
    u32::try_from(lane).expect("lanes are numbered in u32")
}

/// What a server's leaving is counted under.
pub(super) fn left(reason: Reason) -> Failure {
    if reason == Reason::NO_ERROR {
        return Failure::new(FailureClass::Closed, "closed before the response was complete");
    }
    let detail = format!("HTTP/2: the server gave up the connection ({reason})");
    Failure::new(FailureClass::Reset, detail)
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("active", &self.active)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
