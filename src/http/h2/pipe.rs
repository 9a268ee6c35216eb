//! The two ends of a connection in memory.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;

/// Bytes waiting to be written above which no more are taken: bodies wait in the streams, where
/// they are shared, not copied.
const OUTBOX: usize = 64 * 1024;

/// Both directions, as the driver sees them.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// What came and was not read yet: `inbox[start..end]`.
    pub(super) inbox: Vec<u8>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The peer sends no more.
    pub(super) ended: bool,
    /// What is to be written.
    pub(super) outbox: Vec<u8>,
    /// Something did not fit into the outbox.
    pub(super) overflowed: bool,
}

/// The end that `h2` holds. Nobody is woken by it: its driver polls after every change.
#[derive(Debug)]
pub(super) struct Pipe(pub(super) Rc<RefCell<Buffers>>);

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut buffers = self.0.borrow_mut();
        let waiting = &buffers.inbox[buffers.start..buffers.end];
        if waiting.is_empty() {
            return if buffers.ended { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        let count = waiting.len().min(into.remaining());
        into.put_slice(&waiting[..count]);
        buffers.start += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut buffers = self.0.borrow_mut();
        let mut taken = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            let room = OUTBOX.saturating_sub(buffers.outbox.len());
            let part = &slice[..slice.len().min(room)];
            buffers.outbox.extend_from_slice(part);
            taken += part.len();
        }
        if taken == 0 && slices.iter().any(|slice| !slice.is_empty()) {
            buffers.overflowed = true;
            return Poll::Pending;
        }
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
