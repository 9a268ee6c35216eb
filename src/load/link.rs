//! A connection slot: the parser of its responses and, with TLS, the session over own buffers.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::sync::Arc;

use rustls::ClientConnection;
use rustls::HandshakeKind;
use rustls::pki_types::ServerName;

use super::mux::Mux;
use crate::http::h1::ResponseParser;
use crate::http::tunnel::Tunnel;

/// Plain text of one full record.
const PIECE: usize = 16 * 1024;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkState {
    Closed,
    Connecting,
    /// Talking to a proxy: TLS with it if it wants that, then `CONNECT` or SOCKS if it tunnels.
    Tunnelling,
    Handshaking,
    Open,
}

/// One slot; it outlives its connections.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) state: LinkState,
    pub(super) parser: ResponseParser,
    pub(super) tls: Option<Box<TlsLink>>,
    /// The conversation with a proxy, while it lasts.
    pub(super) tunnel: Option<Box<Tunnel>>,
    /// What several users share on it; `None` where one user has it alone.
    pub(super) mux: Option<Box<Mux>>,
    /// Exchanges that this connection completed.
    pub(super) served: u32,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            state: LinkState::Closed,
            parser: ResponseParser::default(),
            tls: None,
            tunnel: None,
            mux: None,
            served: 0,
        }
    }
}

/// What of an outer session's plain text is taken at once.
const CARRIED: usize = 4 * 1024;

/// A TLS session: bytes of the network in and out, plain text in and out. One with a target may go
/// through one with a proxy: its records are the other's plain text.
#[derive(Debug)]
pub(super) struct TlsLink {
    session: ClientConnection,
    /// Records that the kernel did not take yet, from `flushed` on.
    out: Vec<u8>,
    flushed: usize,
    outer: Option<Box<Outer>>,
}

/// The session with a proxy, and what it brought that the inner one has not taken yet.
#[derive(Debug)]
struct Outer {
    link: Box<TlsLink>,
    carried: Vec<u8>,
    taken: usize,
}

impl TlsLink {
    pub(super) fn new(
        config: &Arc<rustls::ClientConfig>,
        name: &ServerName<'static>,
    ) -> Result<Self, rustls::Error> {
        let session = ClientConnection::new(Arc::clone(config), name.clone())?;
        Ok(Self { session, out: Vec::new(), flushed: 0, outer: None })
    }

    /// The same through `outer`, which is established.
    pub(super) fn through(
        outer: Box<Self>,
        config: &Arc<rustls::ClientConfig>,
        name: &ServerName<'static>,
    ) -> Result<Self, rustls::Error> {
        let outer = Outer { link: outer, carried: Vec::new(), taken: 0 };
        Ok(Self { outer: Some(Box::new(outer)), ..Self::new(config, name)? })
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Whether the handshake went on from an earlier session.
    pub(super) fn is_resumed(&self) -> bool {
        self.session.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    pub(super) fn session(&self) -> &ClientConnection {
        &self.session
    }

    /// Encrypts `plain`; its records wait for [`TlsLink::flush`].
    pub(super) fn encrypt(&mut self, plain: &[u8]) -> io::Result<()> {
        // In pieces, because the session takes only so much before its records are collected.
        for piece in plain.chunks(PIECE) {
            self.session.writer().write_all(piece)?;
            self.collect()?;
        }
        Ok(())
    }

    /// Hands pending records to `write`; true once there is none left.
    pub(super) fn flush(
        &mut self,
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<bool> {
        self.collect()?;
        if let Some(outer) = &mut self.outer {
            outer.link.encrypt(&self.out)?;
            self.out.clear();
            return outer.link.flush(write);
        }
        while self.flushed < self.out.len() {
            match write(&self.out[self.flushed..]) {
                Ok(count) => self.flushed += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.flushed = 0;
        Ok(true)
    }

    /// Takes a prefix of `wire`, decrypts it into `plain` and says how much was taken of the one
    /// and written to the other. Called until both are nothing.
    pub(super) fn decrypt(
        &mut self,
        wire: &mut &[u8],
        plain: &mut [u8],
    ) -> Result<usize, rustls::Error> {
        let Some(outer) = &mut self.outer else { return open(&mut self.session, wire, plain) };
        loop {
            let mut carried = &outer.carried[outer.taken..];
            let count = open(&mut self.session, &mut carried, plain)?;
            outer.taken = outer.carried.len() - carried.len();
            if count > 0 {
                return Ok(count);
            }
            // All of it was taken.
            outer.carried.resize(CARRIED, 0);
            let count = outer.link.decrypt(wire, &mut outer.carried)?;
            outer.carried.truncate(count);
            outer.taken = 0;
            if count == 0 {
                return Ok(0);
            }
        }
    }

    fn collect(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.out)?;
        }
        Ok(())
    }
}

/// Takes a prefix of `wire` into the session, and what comes of it into `plain`.
fn open(
    session: &mut ClientConnection,
    wire: &mut &[u8],
    plain: &mut [u8],
) -> Result<usize, rustls::Error> {
    loop {
        match session.reader().read(plain) {
            // Nothing there yet; an end without close_notify is judged by HTTP's framing.
            Ok(0) | Err(_) => {}
            Ok(count) => return Ok(count),
        }
        if wire.is_empty() {
            return Ok(0);
        }
        match session.read_tls(wire) {
            // After close_notify: what follows is ignored.
            Ok(0) => {
                *wire = &[];
                return Ok(0);
            }
            Err(error) => return Err(rustls::Error::General(error.to_string())),
            Ok(_) => session.process_new_packets().map(|_| ())?,
        }
    }
}
