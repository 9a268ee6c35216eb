//! One QUIC connection, shared by its session and by the streams that `h3` holds.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;
use std::time::Instant;

use bytes::BytesMut;
use quinn_proto::ConnectError;
use quinn_proto::Connection;
use quinn_proto::ConnectionError;
use quinn_proto::ConnectionHandle;
use quinn_proto::DatagramEvent;
use quinn_proto::Dir;
use quinn_proto::Endpoint;
use quinn_proto::Event;
use quinn_proto::StreamEvent;
use quinn_proto::StreamId;
use quinn_proto::VarInt;

use super::setup::QuicSetup;
use super::streams::Held;
use crate::http::clock::Clock;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::http::tls;

/// Datagrams that one system call takes at most. The kernel takes 64.
const BATCH: usize = 32;

pub(super) type Shared = Rc<RefCell<Quic>>;

/// The connection, its endpoint (which has this one connection), and who waits for what.
pub(super) struct Quic {
    endpoint: Endpoint,
    handle: ConnectionHandle,
    pub(super) connection: Connection,
    remote: SocketAddr,
    /// What the run's time 0 is to `quinn-proto`.
    anchor: Instant,
    at: Nanos,
    now: Instant,
    pub(super) readers: BTreeMap<StreamId, Waker>,
    pub(super) writers: BTreeMap<StreamId, Waker>,
    /// Of streams that were opened and whose exchange does not have it yet.
    pub(super) held: BTreeMap<h3::quic::StreamId, Rc<Held>>,
    /// Who accepts the server's streams.
    pub(super) acceptor: Option<Waker>,
    pub(super) opener: Option<Waker>,
    /// A request stream that the server allows and nobody uses yet.
    pub(super) spare: Option<StreamId>,
    /// When the server's first answer came.
    pub(super) answered: Option<Nanos>,
    pub(super) connected: bool,
    /// The server showed a certificate, and it was judged: the session is not an earlier one's.
    pub(super) verdict: Option<tls::Verdict>,
    pub(super) lost: Option<ConnectionError>,
}

impl Quic {
    pub(super) fn connect(
        setup: &QuicSetup,
        remote: SocketAddr,
        now: Nanos,
    ) -> Result<Self, ConnectError> {
        let (anchor, at) = (Clock::anchor(), now);
        let now = anchor + Duration::from_nanos(at);
        // One endpoint for each connection: each has its socket, so that the system tells refusals
        // apart, and its source address.
        let mut endpoint = Endpoint::new(setup.endpoint.clone(), None, true, None);
        let (handle, connection) =
            endpoint.connect(now, setup.client.clone(), remote, &setup.name)?;
        Ok(Self {
            endpoint,
            handle,
            connection,
            remote,
            anchor,
            at,
            now,
            readers: BTreeMap::new(),
            writers: BTreeMap::new(),
            held: BTreeMap::new(),
            acceptor: None,
            opener: None,
            spare: None,
            answered: None,
            connected: false,
            verdict: None,
            lost: None,
        })
    }

    /// The time is `now`: what was due is done.
    pub(super) fn set_time(&mut self, now: Nanos) {
        self.at = now;
        self.now = self.anchor + Duration::from_nanos(now);
        if self.connection.poll_timeout().is_some_and(|due| due <= self.now) {
            self.connection.handle_timeout(self.now);
        }
    }

    pub(super) fn deadline(&mut self) -> Option<Nanos> {
        let due = self.connection.poll_timeout()?.saturating_duration_since(self.anchor);
        // To the next nanosecond that has come: `quinn-proto` compares exactly.
        Some(nanos(due))
    }

    /// Takes one datagram.
    pub(super) fn receive(&mut self, data: &[u8]) {
        // Answers are for peers that want to begin a connection with us.
        let mut answer = Vec::new();
        let data = BytesMut::from(data);
        let event = self.endpoint.handle(self.now, self.remote, None, None, data, &mut answer);
        if let Some(DatagramEvent::ConnectionEvent(_, event)) = event {
            drop(tls::take_verdict());
            self.connection.handle_event(event);
            if let Some(verdict) = tls::take_verdict() {
                self.verdict = Some(verdict);
            }
        }
    }

    /// Lets the endpoint know what the connection has for it, and wakes who waited for what
    /// happened.
    pub(super) fn take_events(&mut self) {
        while let Some(event) = self.connection.poll_endpoint_events() {
            if let Some(event) = self.endpoint.handle_event(self.handle, event) {
                self.connection.handle_event(event);
            }
        }
        while let Some(event) = self.connection.poll() {
            match event {
                Event::HandshakeDataReady => self.answered = Some(self.at),
                Event::Connected => self.connected = true,
                Event::ConnectionLost { reason } => {
                    self.lost = Some(reason);
                    self.wake_everybody();
                }
                Event::Stream(event) => self.wake_for(&event),
                Event::DatagramReceived | Event::DatagramsUnblocked => {}
            }
        }
    }

    fn wake_for(&mut self, event: &StreamEvent) {
        let waker = match event {
            StreamEvent::Opened { .. } => self.acceptor.take(),
            StreamEvent::Readable { id } => self.readers.remove(id),
            StreamEvent::Writable { id } | StreamEvent::Stopped { id, .. } => {
                self.writers.remove(id)
            }
            StreamEvent::Available { .. } => self.opener.take(),
            StreamEvent::Finished { .. } => None,
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn wake_everybody(&mut self) {
        let readers = std::mem::take(&mut self.readers).into_values();
        let writers = std::mem::take(&mut self.writers).into_values();
        for waker in readers.chain(writers).chain(self.acceptor.take()).chain(self.opener.take()) {
            waker.wake();
        }
    }

    /// Puts datagrams to be sent behind what is in `out`, and says how many bytes each of them has
    /// but the last.
    pub(super) fn transmit(&mut self, out: &mut Vec<u8>) -> Option<usize> {
        let transmit = self.connection.poll_transmit(self.now, BATCH, out)?;
        Some(transmit.segment_size.unwrap_or(transmit.size))
    }

    pub(super) fn close(&mut self, code: u64, reason: &[u8]) {
        let code = VarInt::from_u64(code).unwrap_or(VarInt::MAX);
        self.connection.close(self.now, code, bytes::Bytes::copy_from_slice(reason));
    }

    /// A stream of ours in both directions, if the server allows another one.
    pub(super) fn open_request(&mut self) -> Option<StreamId> {
        self.spare.take().or_else(|| self.connection.streams().open(Dir::Bi))
    }

    /// Whether [`Quic::open_request`] has one.
    pub(super) fn may_open_request(&mut self) -> bool {
        if self.spare.is_none() {
            self.spare = self.connection.streams().open(Dir::Bi);
        }
        self.spare.is_some()
    }
}
