//! A request's body on its way out, as far as flow control lets it.

use std::collections::VecDeque;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use h2::SendStream;

/// One stream's body; shared, not copied.
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    rest: Bytes,
    /// Behind `rest`, none of them empty.
    more: VecDeque<Bytes>,
    end: UploadEnd,
}

/// How a request's body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UploadEnd {
    /// More may come.
    Open,
    /// The last byte that is there ends it.
    WithLast,
}

/// How far a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// The server has to allow more first.
    Waiting,
    /// What is there was sent, and more may come.
    Drained,
    /// It has been sent, end and all.
    Whole,
    /// The stream has ended; its response says how.
    Refused,
}

impl Upload {
    pub(super) fn new(stream: SendStream<Bytes>, body: Bytes, end: UploadEnd) -> Self {
        Self { stream, rest: body, more: VecDeque::new(), end }
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.more.push_back(bytes);
        }
    }

    pub(super) fn finish(&mut self) {
        self.end = UploadEnd::WithLast;
    }

    /// Bytes that wait for the server to allow more.
    pub(super) fn unsent(&self) -> usize {
        self.rest.len() + self.more.iter().map(Bytes::len).sum::<usize>()
    }

    /// Sends what can be sent, and says in `has_queued` whether that was something; the context's
    /// waker is told when more can.
    pub(super) fn go_on(&mut self, context: &mut Context<'_>, has_queued: &mut bool) -> Progress {
        while self.has_next() {
            let capacity = self.capacity();
            if capacity == 0 {
                match self.stream.poll_capacity(context) {
                    Poll::Pending => return Progress::Waiting,
                    Poll::Ready(Some(Ok(_))) => continue,
                    Poll::Ready(Some(Err(_)) | None) => return Progress::Refused,
                }
            }
            let part = self.rest.split_to(capacity.min(self.rest.len()));
            let is_last =
                self.end == UploadEnd::WithLast && self.rest.is_empty() && self.more.is_empty();
            *has_queued = true;
            if self.stream.send_data(part, is_last).is_err() {
                return Progress::Refused;
            }
            if is_last {
                return Progress::Whole;
            }
        }
        if self.end == UploadEnd::Open {
            return Progress::Drained;
        }
        *has_queued = true;
        // What was the last byte was not known when it was sent.
        match self.stream.send_data(Bytes::new(), true) {
            Ok(()) => Progress::Whole,
            Err(_) => Progress::Refused,
        }
    }

    /// What may be sent now of what is to be sent.
    fn capacity(&mut self) -> usize {
        self.stream.reserve_capacity(self.rest.len());
        if self.stream.capacity() == 0 {
            // `h2` gives nothing to a stream that waits for its place among those that the server
            // allows, and does not look again when the same is asked for once it has it.
            self.stream.reserve_capacity(0);
            self.stream.reserve_capacity(self.rest.len());
        }
        self.stream.capacity()
    }

    /// Whether there is something to send; then it is in `rest`.
    fn has_next(&mut self) -> bool {
        if self.rest.is_empty()
            && let Some(next) = self.more.pop_front()
        {
            self.rest = next;
        }
        !self.rest.is_empty()
    }
}
