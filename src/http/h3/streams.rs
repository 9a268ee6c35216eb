//! `h3`'s view of QUIC: its traits over [`Quic`].

use std::cell::Cell;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;

use bytes::Buf as _;
use bytes::Bytes;
use h3::error::Code;
use h3::quic;
use h3::quic::ConnectionErrorIncoming;
use h3::quic::StreamErrorIncoming;
use h3::quic::WriteBuf;
use quinn_proto::ConnectionError;
use quinn_proto::Dir;
use quinn_proto::ReadError;
use quinn_proto::StreamId;
use quinn_proto::VarInt;
use quinn_proto::WriteError;

use super::quic::Quic;
use super::quic::Shared;

/// What `h3` may hold back of one stream: it keeps frames until they are whole, and only a body's
/// frames go on piece by piece. A header list that we read fits in twice.
const HELD: usize = 256 * 1024;

/// Bytes that are taken from a stream at once.
const PIECE: usize = 64 * 1024;

/// The connection in the hands of `h3`.
pub(super) struct Transport(pub(super) Shared);

/// How much a response has brought that was not handed on.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Cell<usize>,
    /// More is there, and was not given.
    is_full: Cell<bool>,
}

impl Held {
    pub(super) fn clear(&self) {
        self.bytes.set(0);
        self.is_full.set(false);
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_full.get()
    }
}

/// The sending side of a stream.
pub(super) struct SendHalf {
    quic: Shared,
    id: StreamId,
    writing: Option<WriteBuf<Bytes>>,
    is_finished: bool,
}

/// The receiving side of a stream.
pub(super) struct RecvHalf {
    quic: Shared,
    id: StreamId,
    held: Rc<Held>,
    is_ended: bool,
}

/// A stream of ours that carries a request one way and its response the other.
pub(super) struct RequestStream {
    send: SendHalf,
    recv: RecvHalf,
}

impl Transport {
    fn stream(&self, id: StreamId) -> RequestStream {
        let stream = RequestStream { send: self.send(id), recv: self.recv(id) };
        self.0.borrow_mut().held.insert(number(id), Rc::clone(&stream.recv.held));
        stream
    }

    fn send(&self, id: StreamId) -> SendHalf {
        SendHalf { quic: Shared::clone(&self.0), id, writing: None, is_finished: false }
    }

    fn recv(&self, id: StreamId) -> RecvHalf {
        RecvHalf { quic: Shared::clone(&self.0), id, held: Rc::default(), is_ended: false }
    }
}

impl Clone for Transport {
    fn clone(&self) -> Self {
        Self(Shared::clone(&self.0))
    }
}

impl quic::Connection<Bytes> for Transport {
    type RecvStream = RecvHalf;
    type OpenStreams = Self;

    fn poll_accept_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::RecvStream, ConnectionErrorIncoming>> {
        let mut quic = self.0.borrow_mut();
        let id = quic.connection.streams().accept(Dir::Uni);
        if let Some(id) = id {
            drop(quic);
            return Poll::Ready(Ok(self.recv(id)));
        }
        if let Some(error) = &quic.lost {
            return Poll::Ready(Err(lost(error)));
        }
        quic.acceptor = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_accept_bidi(
        &mut self,
        _cx: &mut Context<'_>,
    ) -> Poll<Result<Self::BidiStream, ConnectionErrorIncoming>> {
        // The server has no leave to open any: QUIC itself refuses it.
        Poll::Pending
    }

    fn opener(&self) -> Self::OpenStreams {
        self.clone()
    }
}

impl quic::OpenStreams<Bytes> for Transport {
    type BidiStream = RequestStream;
    type SendStream = SendHalf;

    fn poll_open_bidi(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::BidiStream, StreamErrorIncoming>> {
        let mut quic = self.0.borrow_mut();
        let id = quic.open_request();
        let opened = opened(&mut quic, cx, id);
        drop(quic);
        opened.map_ok(|id| self.stream(id))
    }

    fn poll_open_send(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::SendStream, StreamErrorIncoming>> {
        let mut quic = self.0.borrow_mut();
        let id = quic.connection.streams().open(Dir::Uni);
        opened(&mut quic, cx, id).map_ok(|id| self.send(id))
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        self.0.borrow_mut().close(code.value(), reason);
    }
}

fn opened(
    quic: &mut Quic,
    cx: &Context<'_>,
    id: Option<StreamId>,
) -> Poll<Result<StreamId, StreamErrorIncoming>> {
    match (id, &quic.lost) {
        (Some(id), _) => Poll::Ready(Ok(id)),
        (None, Some(error)) => Poll::Ready(Err(lost_stream(error))),
        (None, None) => {
            quic.opener = Some(cx.waker().clone());
            Poll::Pending
        }
    }
}

impl quic::SendStream<Bytes> for SendHalf {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        let Some(data) = &mut self.writing else { return Poll::Ready(Ok(())) };
        let quic = &mut *self.quic.borrow_mut();
        while data.has_remaining() {
            if let Some(error) = &quic.lost {
                return Poll::Ready(Err(lost_stream(error)));
            }
            match quic.connection.send_stream(self.id).write(data.chunk()) {
                Ok(count) => data.advance(count),
                Err(WriteError::Blocked) => {
                    quic.writers.insert(self.id, cx.waker().clone());
                    return Poll::Pending;
                }
                Err(WriteError::Stopped(code)) => return Poll::Ready(Err(terminated(code))),
                Err(error @ WriteError::ClosedStream) => {
                    return Poll::Ready(Err(StreamErrorIncoming::Unknown(Box::new(error))));
                }
            }
        }
        self.writing = None;
        Poll::Ready(Ok(()))
    }

    fn send_data<T: Into<WriteBuf<Bytes>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        debug_assert!(self.writing.is_none(), "`h3` waits until a stream is ready");
        self.writing = Some(data.into());
        Ok(())
    }

    fn poll_finish(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.is_finished = true;
        let outcome = self.quic.borrow_mut().connection.send_stream(self.id).finish();
        Poll::Ready(outcome.map_err(|error| StreamErrorIncoming::Unknown(Box::new(error))))
    }

    fn reset(&mut self, code: u64) {
        self.is_finished = true;
        let code = VarInt::from_u64(code).unwrap_or(VarInt::MAX);
        // It fails for a stream that is over.
        let _ = self.quic.borrow_mut().connection.send_stream(self.id).reset(code);
    }

    fn send_id(&self) -> quic::StreamId {
        number(self.id)
    }
}

impl Drop for SendHalf {
    fn drop(&mut self) {
        self.quic.borrow_mut().writers.remove(&self.id);
        if !self.is_finished {
            quic::SendStream::reset(self, Code::H3_REQUEST_CANCELLED.value());
        }
    }
}

impl quic::RecvStream for RecvHalf {
    type Buf = Bytes;

    fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Self::Buf>, StreamErrorIncoming>> {
        if self.is_ended {
            return Poll::Ready(Ok(None));
        }
        if self.held.bytes.get() >= HELD {
            self.held.is_full.set(true);
            return Poll::Pending;
        }
        let quic = &mut *self.quic.borrow_mut();
        let outcome = match quic.connection.recv_stream(self.id).read(true) {
            Ok(mut chunks) => chunks.next(PIECE),
            // It was stopped by us, or ended.
            Err(_) => Ok(None),
        };
        match outcome {
            Ok(Some(chunk)) => {
                self.held.bytes.set(self.held.bytes.get() + chunk.bytes.len());
                Poll::Ready(Ok(Some(chunk.bytes)))
            }
            Ok(None) => {
                self.is_ended = true;
                Poll::Ready(Ok(None))
            }
            Err(ReadError::Reset(code)) => {
                self.is_ended = true;
                Poll::Ready(Err(terminated(code)))
            }
            Err(ReadError::Blocked) => {
                if let Some(error) = &quic.lost {
                    return Poll::Ready(Err(lost_stream(error)));
                }
                quic.readers.insert(self.id, cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn stop_sending(&mut self, code: u64) {
        self.is_ended = true;
        let code = VarInt::from_u64(code).unwrap_or(VarInt::MAX);
        // It fails for a stream that is over.
        let _ = self.quic.borrow_mut().connection.recv_stream(self.id).stop(code);
    }

    fn recv_id(&self) -> quic::StreamId {
        number(self.id)
    }
}

impl Drop for RecvHalf {
    fn drop(&mut self) {
        {
            let mut quic = self.quic.borrow_mut();
            quic.readers.remove(&self.id);
            // Still there if it was given up before its request was out.
            quic.held.remove(&number(self.id));
        }
        if !self.is_ended {
            quic::RecvStream::stop_sending(self, Code::H3_REQUEST_CANCELLED.value());
        }
    }
}

impl quic::BidiStream<Bytes> for RequestStream {
    type SendStream = SendHalf;
    type RecvStream = RecvHalf;

    fn split(self) -> (Self::SendStream, Self::RecvStream) {
        (self.send, self.recv)
    }
}

impl quic::SendStream<Bytes> for RequestStream {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.send.poll_ready(cx)
    }

    fn send_data<T: Into<WriteBuf<Bytes>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        self.send.send_data(data)
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.send.poll_finish(cx)
    }

    fn reset(&mut self, code: u64) {
        self.send.reset(code);
    }

    fn send_id(&self) -> quic::StreamId {
        self.send.send_id()
    }
}

impl quic::RecvStream for RequestStream {
    type Buf = Bytes;

    fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Self::Buf>, StreamErrorIncoming>> {
        self.recv.poll_data(cx)
    }

    fn stop_sending(&mut self, code: u64) {
        self.recv.stop_sending(code);
    }

    fn recv_id(&self) -> quic::StreamId {
        self.recv.recv_id()
    }
}

fn number(id: StreamId) -> quic::StreamId {
    let id = u64::from(VarInt::from(id));
    id.try_into().expect("QUIC and HTTP/3 number streams alike")
}

fn terminated(code: VarInt) -> StreamErrorIncoming {
    StreamErrorIncoming::StreamTerminated { error_code: code.into_inner() }
}

fn lost_stream(error: &ConnectionError) -> StreamErrorIncoming {
    StreamErrorIncoming::ConnectionErrorIncoming { connection_error: lost(error) }
}

fn lost(error: &ConnectionError) -> ConnectionErrorIncoming {
    match error {
        ConnectionError::TimedOut => ConnectionErrorIncoming::Timeout,
        ConnectionError::ApplicationClosed(close) => {
            ConnectionErrorIncoming::ApplicationClose { error_code: close.error_code.into_inner() }
        }
        other => ConnectionErrorIncoming::Undefined(std::sync::Arc::new(other.clone())),
    }
}
