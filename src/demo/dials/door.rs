//! The shop's listener, on which a new connection can cost time before it is served.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::setting::Dials;
use super::table::Dial;

/// Accepts connections.
#[derive(Debug)]
pub(in crate::demo) struct Door {
    listener: TcpListener,
    at_once: bool,
    handshake: Duration,
}

impl Door {
    /// As the dials say; with all of them off an ordinary listener.
    pub(in crate::demo) fn new(listener: TcpListener, dials: Dials) -> Self {
        Self { listener, at_once: !dials.are_off(), handshake: dials.time(Dial::NoKeepAlive) }
    }
}

impl Listener for Door {
    type Io = Guest;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Guest, SocketAddr) {
        // The implementation for plain listeners knows which errors pass.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if self.at_once {
            // Else the last piece of an answer sent in pieces waits for an acknowledgement.
            let _not_supported = stream.set_nodelay(true);
        }
        let waits = !self.handshake.is_zero();
        let handshake = waits.then(|| Box::pin(tokio::time::sleep(self.handshake)));
        (Guest { stream, handshake }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, perhaps not served yet.
#[derive(Debug)]
pub(in crate::demo) struct Guest {
    stream: TcpStream,
    handshake: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(handshake) = &mut self.handshake {
            ready!(handshake.as_mut().poll(context));
            self.handshake = None;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Guest {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
