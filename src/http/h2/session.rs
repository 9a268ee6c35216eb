//! One HTTP/2 connection: streams in lanes, bytes in and out.

use std::cell::RefCell;
use std::future::Future as _;
use std::pin::Pin;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::Builder;
use h2::client::Connection;
use h2::client::ResponseFuture;
use h2::client::SendRequest;

use super::fault;
use super::pipe::Buffers;
use super::pipe::Pipe;
use super::upload::Progress;
use super::upload::Upload;
use super::upload::UploadEnd;
use crate::http::h1::Head;
use crate::http::lanes::Again;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Lost;
use crate::http::lanes::Room;
use crate::http::message::Message;
use crate::http::wake::Woken;
use crate::http::wake::lane_waker;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::HttpVersion;

/// What a server may send ahead, per stream and in all: as h2load does it, because whoever
/// measures a server must not be what holds it back. Bodies are used up as they come.
const WINDOW: u32 = (1 << 30) - 1;

/// Bytes of a header list that are read, as for HTTP/1.1.
const MAX_HEADER_LIST: u32 = 64 * 1024;

/// Streams before the server has said how many it allows (RFC 9113 §6.5.2: no less than this is
/// recommended).
const STREAMS_AT_FIRST: usize = 100;

/// Streams reset by us (timeouts) whose late frames are still recognised.
const REMEMBERED_RESETS: usize = 1024;

/// The client's side of one connection.
pub struct Session {
    connection: Connection<Pipe, Bytes>,
    requests: SendRequest<Bytes>,
    buffers: Rc<RefCell<Buffers>>,
    /// What came while `h2` could not take it because its own frames had no way out.
    held: Vec<u8>,
    woken: Arc<Woken>,
    lanes: Vec<Lane>,
    active: usize,
    /// Lanes whose request is in the outbox whole, since the last look.
    unsent: Vec<u32>,
    /// For writing out a head that somebody looks at.
    scratch: Vec<u8>,
    seen_bytes: bool,
    /// Something of a body waits in `h2`, and only the connection's next turn brings it out.
    has_queued: bool,
    over: Option<Failure>,
}

struct Lane {
    waker: Waker,
    download: Download,
    upload: Option<Upload>,
}

/// Where a lane's response is.
enum Download {
    Idle,
    Head(ResponseFuture),
    Body(RecvStream),
}

impl Session {
    /// A session of so many lanes; its preface is in the outbox after the first
    /// [`Session::advance`].
    ///
    /// # Panics
    /// Never: a pipe in memory takes the preface at once.
    pub fn new(lanes: usize) -> Self {
        let buffers = Rc::new(RefCell::new(Buffers::default()));
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_header_list_size(MAX_HEADER_LIST)
            .initial_max_send_streams(STREAMS_AT_FIRST)
            .max_concurrent_reset_streams(REMEMBERED_RESETS)
            .max_local_error_reset_streams(None)
            // Frames are used up in the turn in which they are read, and a turn is bounded.
            .data_frame_budget(usize::MAX / 2);
        let made = pin!(builder.handshake(Pipe(Rc::clone(&buffers))))
            .poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Ok((requests, connection))) = made else {
            panic!("a pipe in memory takes the preface at once")
        };
        let woken = Woken::new(lanes);
        let lane =
            |lane| Lane { waker: lane_waker(&woken, lane), download: Download::Idle, upload: None };
        Self {
            connection,
            requests,
            buffers,
            held: Vec::new(),
            lanes: (0..lanes).map(lane).collect(),
            woken,
            active: 0,
            unsent: Vec::new(),
            scratch: Vec::new(),
            seen_bytes: false,
            has_queued: false,
            over: None,
        }
    }

    /// Whether another exchange may begin.
    pub fn room(&mut self) -> Room {
        if self.over.is_some() {
            return Room::Closing;
        }
        match self.requests.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(_)) => Room::Closing,
            Poll::Ready(Ok(())) if self.active < self.requests.current_max_send_streams() => {
                Room::Free
            }
            Poll::Ready(Ok(())) | Poll::Pending => Room::Full,
        }
    }

    /// Begins an exchange in a lane that is idle, after [`Session::room`] said [`Room::Free`].
    ///
    /// # Errors
    /// What makes the request one that `h2` does not send.
    pub fn begin(&mut self, lane: u32, message: &Message) -> Result<(), Failure> {
        self.start(lane, message, UploadEnd::WithLast)
    }

    /// As [`Session::begin`], and more of the body follows with [`Session::send`].
    ///
    /// # Errors
    /// As [`Session::begin`].
    pub fn open(&mut self, lane: u32, message: &Message) -> Result<(), Failure> {
        self.start(lane, message, UploadEnd::Open)
    }

    fn start(&mut self, lane: u32, message: &Message, end: UploadEnd) -> Result<(), Failure> {
        let is_whole = message.body.is_empty() && end == UploadEnd::WithLast;
        let (response, stream) = self
            .requests
            .send_request(message.head.clone(), is_whole)
            .map_err(|error| fault::failure(&error))?;
        let index = lane as usize;
        self.lanes[index].download = Download::Head(response);
        self.active += 1;
        // Polled for the first time after the next read: often it is complete then.
        self.woken.set(index);
        if is_whole {
            self.unsent.push(lane);
        } else {
            // Sent once the stream is open, which it is after the connection's next turn.
            self.lanes[index].upload = Some(Upload::new(stream, message.body.clone(), end));
        }
        Ok(())
    }

    /// Adds to the body of a request that was opened. What its stream does not take any more,
    /// because the server has ended it, is dropped: the response says why.
    pub fn send(&mut self, lane: u32, bytes: Bytes) {
        if let Some(upload) = &mut self.lanes[lane as usize].upload {
            upload.push(bytes);
            self.upload(lane as usize);
        }
    }

    /// Ends the body of a request that was opened.
    pub fn finish(&mut self, lane: u32) {
        if let Some(upload) = &mut self.lanes[lane as usize].upload {
            upload.finish();
            self.upload(lane as usize);
        }
    }

    /// Bytes of a request's body that wait for the server to allow more.
    pub fn backlog(&self, lane: u32) -> usize {
        self.lanes[lane as usize].upload.as_ref().map_or(0, Upload::unsent)
    }

    /// Takes `buffer[..len]` as the next bytes of the connection. The buffer is given back as it
    /// was; it is swapped in so that nothing is copied.
    pub fn receive<S: LaneSink>(&mut self, buffer: &mut Vec<u8>, len: usize, sink: &mut S) {
        if !std::mem::replace(&mut self.seen_bytes, true) && buffer[..len].starts_with(b"HTTP/1.") {
            let detail = "the server answers in HTTP/1.x: it does not speak HTTP/2 here";
            return self.fail(&Failure::new(FailureClass::Protocol, detail), sink);
        }
        if !self.held.is_empty() {
            self.held.extend_from_slice(&buffer[..len]);
            return self.advance(sink);
        }
        {
            let mut buffers = self.buffers.borrow_mut();
            std::mem::swap(&mut buffers.inbox, buffer);
            (buffers.start, buffers.end) = (0, len);
        }
        self.poll();
        {
            let mut buffers = self.buffers.borrow_mut();
            self.held.extend_from_slice(&buffers.inbox[buffers.start..buffers.end]);
            std::mem::swap(&mut buffers.inbox, buffer);
            (buffers.start, buffers.end) = (0, 0);
        }
        self.poll_lanes(sink);
    }

    /// The peer sends no more.
    pub fn end_of_stream<S: LaneSink>(&mut self, sink: &mut S) {
        self.buffers.borrow_mut().ended = true;
        self.advance(sink);
    }

    /// Goes on without new bytes: frames that wait are put into the outbox.
    pub fn advance<S: LaneSink>(&mut self, sink: &mut S) {
        loop {
            self.poll_held();
            self.has_queued = false;
            self.poll_lanes(sink);
            if !self.has_queued || self.over.is_some() {
                return;
            }
        }
    }

    fn poll_held(&mut self) {
        if !self.held.is_empty() {
            let mut buffers = self.buffers.borrow_mut();
            (buffers.start, buffers.end) = (0, self.held.len());
            buffers.inbox = std::mem::take(&mut self.held);
        }
        self.poll();
        let mut buffers = self.buffers.borrow_mut();
        if buffers.end > 0 {
            self.held = std::mem::take(&mut buffers.inbox).split_off(buffers.start);
            (buffers.start, buffers.end) = (0, 0);
        }
    }

    /// Gives up an exchange: its stream is reset, the others go on. True if there was one.
    pub fn cancel(&mut self, lane: u32) -> bool {
        let lane = &mut self.lanes[lane as usize];
        lane.upload = None;
        // Dropping the last handle of an unfinished stream resets it with CANCEL.
        match std::mem::replace(&mut lane.download, Download::Idle) {
            Download::Idle => false,
            Download::Head(_) | Download::Body(_) => {
                self.active -= 1;
                true
            }
        }
    }

    /// The connection is of no use any more: every exchange on it ends.
    pub fn fail<S: LaneSink>(&mut self, failure: &Failure, sink: &mut S) {
        self.over.get_or_insert_with(|| failure.clone());
        for lane in 0..self.lanes.len() {
            let again = match self.lanes[lane].download {
                Download::Idle => continue,
                Download::Head(_) => Again::IfIdempotent,
                Download::Body(_) => Again::Never,
            };
            self.end(lane, Err(Lost { failure: failure.clone(), again }), sink);
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
        !self.held.is_empty()
    }

    /// Moves what is to be written behind what is in `out`; true if there was more than fits at
    /// once, so that [`Session::advance`] brings another piece.
    pub fn take_outbox(&mut self, out: &mut Vec<u8>) -> bool {
        let mut buffers = self.buffers.borrow_mut();
        if out.is_empty() {
            std::mem::swap(out, &mut buffers.outbox);
        } else {
            out.append(&mut buffers.outbox);
        }
        std::mem::take(&mut buffers.overflowed)
    }

    /// Lanes whose request was put into the outbox whole since the last call, or as much of it as
    /// there is for now.
    pub fn take_unsent(&mut self, mut each: impl FnMut(u32)) {
        self.unsent.drain(..).for_each(&mut each);
    }

    fn poll(&mut self) {
        if self.over.is_some() {
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        self.over = match Pin::new(&mut self.connection).poll(&mut context) {
            Poll::Pending => None,
            Poll::Ready(Err(error)) => Some(fault::failure(&error)),
            Poll::Ready(Ok(())) => {
                Some(Failure::new(FailureClass::Closed, "closed before the response was complete"))
            }
        };
    }

    fn poll_lanes<S: LaneSink>(&mut self, sink: &mut S) {
        let mut from = 0;
        while let Some(lane) = self.woken.take_from(from) {
            from = lane;
            self.upload(lane);
            while self.download(lane, sink) {}
        }
        if let Some(failure) = self.over.clone() {
            // What had its response has it by now.
            self.fail(&failure, sink);
        }
    }

    /// One step of a lane's response; false when there is nothing more for now.
    fn download<S: LaneSink>(&mut self, lane: usize, sink: &mut S) -> bool {
        let Lane { waker, download, .. } = &mut self.lanes[lane];
        let mut context = Context::from_waker(waker);
        let number = u32::try_from(lane).expect("lanes are numbered in u32");
        let (outcome, has_head) = match download {
            Download::Idle => return false,
            Download::Head(response) => match Pin::new(response).poll(&mut context) {
                Poll::Pending => return false,
                Poll::Ready(Ok(response)) => {
                    let (head, body) = response.into_parts();
                    let is_complete = body.is_end_stream();
                    *download = Download::Body(body);
                    self.scratch.clear();
                    let fields = sink.wants_fields(number).then_some(&head.headers);
                    let head = Head::of_fields(
                        HttpVersion::Http2,
                        head.status.as_u16(),
                        fields,
                        &mut self.scratch,
                    );
                    sink.head(number, &head);
                    if !is_complete {
                        return true;
                    }
                    (Ok(()), true)
                }
                Poll::Ready(Err(error)) => (Err(error), false),
            },
            Download::Body(body) => match body.poll_data(&mut context) {
                Poll::Pending => return false,
                Poll::Ready(Some(Ok(data))) => {
                    if !data.is_empty() {
                        sink.body(number, &data);
                    }
                    if !body.is_end_stream() {
                        // It fails only for more than was received.
                        let _ = body.flow_control().release_capacity(data.len());
                        return true;
                    }
                    // The window is given back with the stream.
                    (Ok(()), true)
                }
                Poll::Ready(Some(Err(error))) => (Err(error), true),
                Poll::Ready(None) => match body.poll_trailers(&mut context) {
                    Poll::Pending => return false,
                    Poll::Ready(Ok(trailers)) => {
                        if let Some(trailers) = trailers.filter(|_| sink.wants_fields(number)) {
                            self.scratch.clear();
                            sink.trailers(
                                number,
                                &Head::of_fields(
                                    HttpVersion::Http2,
                                    0,
                                    Some(&trailers),
                                    &mut self.scratch,
                                ),
                            );
                        }
                        (Ok(()), true)
                    }
                    Poll::Ready(Err(error)) => (Err(error), true),
                },
            },
        };
        self.end(lane, outcome.map_err(|error| fault::lost(&error, has_head)), sink);
        false
    }

    fn end<S: LaneSink>(&mut self, lane: usize, outcome: Result<(), Lost>, sink: &mut S) {
        let number = u32::try_from(lane).expect("lanes are numbered in u32");
        self.cancel(number);
        sink.end(number, outcome);
    }

    /// Sends as much of a lane's request body as flow control lets out.
    fn upload(&mut self, lane: usize) {
        let Lane { waker, upload: slot, .. } = &mut self.lanes[lane];
        let Some(upload) = slot else { return };
        let progress = upload.go_on(&mut Context::from_waker(waker), &mut self.has_queued);
        if matches!(progress, Progress::Whole | Progress::Refused) {
            *slot = None;
        }
        let number = u32::try_from(lane).expect("lanes are numbered in u32");
        let is_out = matches!(progress, Progress::Whole | Progress::Drained);
        if is_out && self.unsent.last() != Some(&number) {
            self.unsent.push(number);
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("active", &self.active)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
