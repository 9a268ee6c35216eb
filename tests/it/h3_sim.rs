//! An HTTP/3 server in virtual time: QUIC by `quinn-proto`, its frames by hand, and a path that
//! takes a known time and may lose datagrams.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use bytes::BytesMut;
use quinn_proto::Connection;
use quinn_proto::ConnectionHandle;
use quinn_proto::DatagramEvent;
use quinn_proto::Dir;
use quinn_proto::Endpoint;
use quinn_proto::EndpointConfig;
use quinn_proto::Event;
use quinn_proto::HashedConnectionIdGenerator;
use quinn_proto::Incoming;
use quinn_proto::ServerConfig;
use quinn_proto::StreamEvent;
use quinn_proto::StreamId;
use quinn_proto::TransportConfig;
use quinn_proto::VarInt;
use quinn_proto::crypto::rustls::QuicServerConfig;
use shakedown::http::clock::Clock;
use shakedown::http::reactor::Accept;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimServer;

use crate::tls_bed::Authority;
use crate::tls_bed::Valid;
use crate::tls_bed::loopback;

/// How long every datagram of the server takes to its client; the other way takes no time.
pub(crate) const WAY: u64 = 2_000_000;

/// A control stream that begins with empty SETTINGS (RFC 9114 §6.2.1, §7.2.4).
const CONTROL: &[u8] = &[0x00, 0x04, 0x00];

/// HEADERS of `:status: 200` in QPACK's static table, and DATA of two bytes.
pub(crate) const RESPONSE: &[u8] = &[0x01, 0x03, 0x00, 0x00, 0xd9, 0x00, 0x02, b'o', b'k'];

/// Which way a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Server,
    Client,
}

/// How streams of the server end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Responses do, its own streams do not.
    Usual,
    /// All do.
    Finish,
    /// None does.
    Open,
    /// Responses are cut off by a reset.
    Reset,
}

/// What happens on the way and at the server; changed as a test needs it.
#[derive(Clone)]
pub(crate) struct Law {
    /// How long a request that has come at this time is answered after, if at all.
    pub(crate) service: fn(u64) -> Option<u64>,
    /// Whether a datagram that is sent at this time is lost; how many went that way before it.
    pub(crate) loses: fn(To, u64, u64) -> bool,
    /// One more that is lost, by how many went that way before it.
    pub(crate) lost: Option<(To, u64)>,
    /// How long a datagram takes to its client, by how many went before it.
    pub(crate) way: fn(u64) -> u64,
    /// What the server says on each of its own streams, and in answer to a request.
    pub(crate) streams: Vec<Vec<u8>>,
    pub(crate) response: Vec<u8>,
    /// How what it says ends.
    pub(crate) ending: Ending,
    /// The server starts anew at this time, and knows no connection any more.
    pub(crate) restart: Option<u64>,
    /// It answers nobody whose address it has not proved (Retry).
    pub(crate) retries: bool,
    pub(crate) accept: Accept,
}

impl Default for Law {
    fn default() -> Self {
        Self {
            service: |_| Some(10_000_000),
            loses: |_, _, _| false,
            lost: None,
            way: |_| WAY,
            streams: vec![CONTROL.to_vec()],
            response: RESPONSE.to_vec(),
            ending: Ending::Usual,
            restart: None,
            retries: false,
            accept: Accept::After(0),
        }
    }
}

/// TLS and transport of servers, made once.
pub(crate) struct Bed {
    pub(crate) authority: Authority,
    server: Arc<ServerConfig>,
    endpoint: Arc<EndpointConfig>,
}

impl Bed {
    /// With QUIC's usual idle timeout.
    pub(crate) fn new() -> Self {
        Self::idling(Duration::from_secs(30))
    }

    /// For servers that end connections which are idle for so long.
    pub(crate) fn idling(limit: Duration) -> Self {
        let authority = Authority::new();
        let mut config = authority.server_config(loopback(), Valid::Now);
        config.alpn_protocols = vec![b"h3".to_vec()];
        let crypto = QuicServerConfig::try_from(config).expect("ring has the suite");
        let mut endpoint = EndpointConfig::default();
        // As over a restart: the same keys make identifiers, and the tokens of resets.
        endpoint.cid_generator(|| Box::new(HashedConnectionIdGenerator::from_key(7)));
        let mut transport = TransportConfig::default();
        transport.max_idle_timeout(Some(limit.try_into().expect("short")));
        let mut server = ServerConfig::with_crypto(Arc::new(crypto));
        server.transport_config(Arc::new(transport));
        let server = Arc::new(server);
        Self { authority, server, endpoint: Arc::new(endpoint) }
    }

    pub(crate) fn serving(&self, law: Law) -> Server {
        Server {
            config: Arc::clone(&self.server),
            endpoint: Arc::clone(&self.endpoint),
            law,
            anchor: Clock::anchor(),
            peers: BTreeMap::new(),
            carried: [0, 0],
        }
    }
}

pub(crate) struct Server {
    config: Arc<ServerConfig>,
    endpoint: Arc<EndpointConfig>,
    law: Law,
    anchor: Instant,
    peers: BTreeMap<u64, Peer>,
    /// Datagrams to the server, and to its clients.
    carried: [u64; 2],
}

/// The server's side of one client's socket.
struct Peer {
    endpoint: Endpoint,
    connection: Option<(ConnectionHandle, Connection)>,
    /// Responses that are due.
    answers: BTreeSet<(u64, StreamId)>,
    /// The turn that was asked for.
    turn: Option<u64>,
    since: u64,
}

impl SimServer for Server {
    fn accept(&mut self, _at: u64) -> Accept {
        self.law.accept
    }

    fn answer(&mut self, _at: u64, _request: &[u8]) -> Vec<Reply> {
        unreachable!("everything comes in datagrams")
    }

    fn answer_datagram(&mut self, at: u64, number: u64, bytes: &[u8]) -> Vec<Reply> {
        if self.loses(To::Server, at) {
            return Vec::new();
        }
        let mut peer = self.peer(number, at);
        let (now, from) = (self.instant(at), client());
        let mut out = Vec::new();
        let data = BytesMut::from(bytes);
        let event = peer.endpoint.handle(now, from, None, None, data, &mut out);
        match (event, &mut peer.connection) {
            (Some(DatagramEvent::ConnectionEvent(_, event)), Some((_, connection))) => {
                connection.handle_event(event);
            }
            (Some(DatagramEvent::NewConnection(incoming)), _) => {
                self.welcome(&mut peer, incoming, now, &mut out);
            }
            _ => {}
        }
        let mut replies = Vec::new();
        if !out.is_empty() {
            replies.extend(self.carry(at, &out));
        }
        replies.extend(self.go_on(&mut peer, at));
        self.peers.insert(number, peer);
        replies
    }

    fn turn(&mut self, at: u64, number: u64) -> Vec<Reply> {
        let mut peer = self.peer(number, at);
        let mut replies = Vec::new();
        if peer.turn == Some(at) {
            peer.turn = None;
            replies = self.go_on(&mut peer, at);
        }
        self.peers.insert(number, peer);
        replies
    }
}

impl Server {
    fn instant(&self, at: u64) -> Instant {
        self.anchor + Duration::from_nanos(at)
    }

    fn loses(&mut self, to: To, at: u64) -> bool {
        let before = self.carried[to as usize];
        self.carried[to as usize] += 1;
        (self.law.loses)(to, at, before) || self.law.lost == Some((to, before))
    }

    /// One datagram to the client, if it is not lost.
    fn carry(&mut self, at: u64, bytes: &[u8]) -> Option<Reply> {
        let after = (self.law.way)(self.carried[To::Client as usize]);
        let datagram = Reply::Datagram { after, bytes: bytes.to_vec() };
        (!self.loses(To::Client, at)).then_some(datagram)
    }

    fn peer(&mut self, number: u64, at: u64) -> Peer {
        let has_restarted = |peer: &Peer| {
            self.law.restart.is_some_and(|restart| peer.since < restart && restart <= at)
        };
        self.peers.remove(&number).filter(|peer| !has_restarted(peer)).unwrap_or_else(|| {
            let (endpoint, server) = (Arc::clone(&self.endpoint), Arc::clone(&self.config));
            let endpoint = Endpoint::new(endpoint, Some(server), true, None);
            let (connection, answers) = (None, BTreeSet::new());
            Peer { endpoint, connection, answers, turn: None, since: at }
        })
    }

    fn welcome(&self, peer: &mut Peer, incoming: Incoming, now: Instant, out: &mut Vec<u8>) {
        if self.law.retries && !incoming.remote_address_validated() {
            let retried = peer.endpoint.retry(incoming, out);
            return drop(retried.expect("it was not validated"));
        }
        let accepted = peer.endpoint.accept(incoming, now, out, None);
        peer.connection = accepted.ok();
    }

    /// Does what is due, and says what is to happen then.
    fn go_on(&mut self, peer: &mut Peer, at: u64) -> Vec<Reply> {
        let now = self.instant(at);
        let Some((handle, connection)) = &mut peer.connection else { return Vec::new() };
        if connection.poll_timeout().is_some_and(|due| due <= now) {
            connection.handle_timeout(now);
        }
        while let Some(event) = connection.poll_endpoint_events() {
            if let Some(event) = peer.endpoint.handle_event(*handle, event) {
                connection.handle_event(event);
            }
        }
        while let Some(event) = connection.poll() {
            match event {
                Event::Connected => open_own(connection, &self.law),
                Event::Stream(StreamEvent::Opened { dir: Dir::Bi }) => {
                    while let Some(request) = connection.streams().accept(Dir::Bi) {
                        take(connection, request, at, &self.law, &mut peer.answers);
                    }
                }
                Event::Stream(StreamEvent::Readable { id }) if id.dir() == Dir::Bi => {
                    take(connection, id, at, &self.law, &mut peer.answers);
                }
                _ => {}
            }
        }
        while let Some((_, request)) = peer.answers.first().copied().filter(|(due, _)| *due <= at) {
            peer.answers.pop_first();
            respond(connection, request, &self.law);
        }
        let (mut datagrams, mut out) = (Vec::new(), Vec::new());
        while let Some(sent) = connection.poll_transmit(now, 1, &mut out) {
            datagrams.push(out[..sent.size].to_vec());
            out.clear();
        }
        let due = connection.poll_timeout().map(|due| (due - self.anchor).as_nanos());
        let due = due.map(|due| u64::try_from(due).expect("soon"));
        let due = due.into_iter().chain(peer.answers.first().map(|(due, _)| *due)).min();
        let mut replies: Vec<Reply> =
            datagrams.iter().filter_map(|bytes| self.carry(at, bytes)).collect();
        if let Some(due) = due.filter(|due| peer.turn.is_none_or(|turn| turn <= at || *due < turn))
        {
            peer.turn = Some(due.max(at));
            replies.push(Reply::Turn { after: due.saturating_sub(at) });
        }
        replies
    }
}

fn open_own(connection: &mut Connection, law: &Law) {
    for bytes in &law.streams {
        let stream = connection.streams().open(Dir::Uni).expect("some are allowed");
        let mut stream = connection.send_stream(stream);
        stream.write(bytes).expect("there is room");
        if law.ending == Ending::Finish {
            stream.finish().expect("it is open");
        }
    }
}

fn respond(connection: &mut Connection, request: StreamId, law: &Law) {
    let mut stream = connection.send_stream(request);
    // The client may have given it up.
    if stream.write(&law.response).is_err() {
        return;
    }
    match law.ending {
        Ending::Usual | Ending::Finish => stream.finish().expect("it was written to"),
        Ending::Reset => stream.reset(VarInt::from_u32(0x102)).expect("it was written to"),
        Ending::Open => {}
    }
}

/// Reads of a request; once it is there whole, its answer is due.
fn take(
    connection: &mut Connection,
    request: StreamId,
    at: u64,
    law: &Law,
    answers: &mut BTreeSet<(u64, StreamId)>,
) {
    let mut stream = connection.recv_stream(request);
    let Ok(mut chunks) = stream.read(true) else { return };
    let is_whole = loop {
        match chunks.next(usize::MAX) {
            Ok(Some(_)) => {}
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    let _ = chunks.finalize();
    if is_whole && let Some(service) = (law.service)(at) {
        answers.insert((at + service, request));
    }
}

/// All clients are one host, and each has its own endpoint of the server.
fn client() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_000))
}
