//! A real HTTP/3 server on loopback, and what can lie between it and its clients.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use bytes::Buf as _;
use bytes::Bytes;
use h3::server::RequestStream;
use h3_quinn::BidiStream;
use http::Request;
use http::Response;
use quinn::Endpoint;
use quinn::EndpointConfig;
use quinn::TokioRuntime;
use quinn::VarInt;
use quinn::crypto::rustls::QuicServerConfig;
use quinn_proto::HashedConnectionIdGenerator;
use rcgen::SanType;

use shakedown::model::TraceContext;

use crate::tls_bed::Authority;
use crate::tls_bed::Valid;
use crate::tls_bed::loopback;

/// What the server does beyond answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Nothing: it answers all that comes.
    Answer,
    /// After so many requests of a connection it says that it is going away.
    GoAway(u64),
    /// It closes a connection with this code when the request of that number comes.
    Close { at: u64, code: u32 },
    /// It resets the stream of every request whose number over all connections divides by this.
    ResetEvery(u64),
    /// The same, saying that it did nothing with it.
    RejectEvery(u64),
    /// It never answers.
    Silence,
    /// It says the body is longer than it is.
    Lie,
    /// It answers with a header frame that never ends.
    EndlessFrame,
    /// It answers with 70,000 bytes of headers.
    LongHeaders,
}

/// What it saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) closed: AtomicU64,
    /// Requests that carried the id of a trace.
    pub(crate) traced: AtomicU64,
}

/// How a server is set up, beside its certificate.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) habit: Habit,
    /// What it speaks by ALPN; without, it chooses nothing.
    pub(crate) protocol: Option<&'static str>,
    pub(crate) at: &'static str,
    /// A connection that is idle for so long is over; 30 s if nothing is said.
    pub(crate) idle: Option<Duration>,
    /// Clients have to prove their address first (RFC 9000 §8.1.2).
    pub(crate) retries: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let (habit, protocol, at) = (Habit::Answer, Some("h3"), "127.0.0.1:0");
        Self { habit, protocol, at, idle: None, retries: false }
    }
}

pub(crate) struct H3Server {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Arc<Authority>,
    pub(crate) seen: Arc<Seen>,
    setup: Setup,
    config: quinn::ServerConfig,
    /// With the keys of connections' names and of stateless resets, which outlive a restart.
    keys: EndpointConfig,
    /// What ends with the test, or with the server's life.
    alive: Option<(Endpoint, tokio::runtime::Runtime)>,
}

impl H3Server {
    /// With a certificate of its own authority for 127.0.0.1. `/N` is answered by N bytes.
    pub(crate) fn new(habit: Habit) -> Self {
        Self::set_up(Setup { habit, ..Setup::default() })
    }

    pub(crate) fn set_up(setup: Setup) -> Self {
        let authority = Authority::new();
        let mut names = loopback();
        names.push(SanType::IpAddress(Ipv6Addr::LOCALHOST.into()));
        let config = authority.server_config(names, Valid::Now);
        Self::of(authority, config, setup)
    }

    pub(crate) fn of(authority: Authority, mut config: rustls::ServerConfig, setup: Setup) -> Self {
        config.alpn_protocols =
            setup.protocol.map(|name| name.as_bytes().to_vec()).into_iter().collect();
        let crypto = QuicServerConfig::try_from(config).expect("ring has the suite");
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
        let mut transport = quinn::TransportConfig::default();
        transport.max_concurrent_bidi_streams(VarInt::from_u32(100));
        if let Some(idle) = setup.idle {
            transport.max_idle_timeout(Some(idle.try_into().expect("short")));
        }
        config.transport_config(Arc::new(transport));
        let mut keys = EndpointConfig::default();
        keys.cid_generator(|| Box::new(HashedConnectionIdGenerator::from_key(7)));
        let socket = UdpSocket::bind(setup.at).expect("a port is free");
        let mut server = Self {
            address: socket.local_addr().expect("it is bound"),
            authority: Arc::new(authority),
            seen: Arc::default(),
            setup,
            config,
            keys,
            alive: None,
        };
        server.live(socket);
        server
    }

    fn live(&mut self, socket: UdpSocket) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let guard = runtime.enter();
        let (keys, config) = (self.keys.clone(), Some(self.config.clone()));
        let endpoint =
            Endpoint::new(keys, config, socket, Arc::new(TokioRuntime)).expect("an endpoint");
        drop(guard);
        let (accepting, seen, setup) = (endpoint.clone(), Arc::clone(&self.seen), self.setup);
        runtime.spawn(async move {
            while let Some(incoming) = accepting.accept().await {
                if setup.retries && incoming.may_retry() && !incoming.remote_address_validated() {
                    incoming.retry().expect("it may");
                    continue;
                }
                tokio::spawn(connection(incoming, setup.habit, Arc::clone(&seen)));
            }
        });
        self.alive = Some((endpoint, runtime));
    }

    /// Ends without a word, like a program that is killed.
    pub(crate) fn die(&mut self) {
        if let Some((endpoint, runtime)) = self.alive.take() {
            runtime.shutdown_timeout(Duration::from_secs(10));
            drop(endpoint);
        }
    }

    /// The same server again, at the same port, with nothing in its memory.
    pub(crate) fn rise(&mut self) {
        let socket = UdpSocket::bind(self.address).expect("nobody took the port");
        self.live(socket);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.seen.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Ends every connection, and takes no more.
    pub(crate) fn close(&self) {
        if let Some((endpoint, _)) = &self.alive {
            endpoint.close(VarInt::from_u32(0x100), b"");
        }
    }
}

async fn connection(incoming: quinn::Incoming, habit: Habit, seen: Arc<Seen>) -> Option<()> {
    let quic = incoming.await.ok()?;
    seen.connections.fetch_add(1, Ordering::SeqCst);
    if matches!(habit, Habit::EndlessFrame | Habit::LongHeaders) {
        while let Ok((mut send, _recv)) = quic.accept_bi().await {
            let response =
                if habit == Habit::LongHeaders { long_headers() } else { endless_frame() };
            // The client may have had enough before the end.
            let _ = send.write_all(&response).await;
            let _ = send.finish();
        }
        return None;
    }
    let mut http =
        h3::server::Connection::new(h3_quinn::Connection::new(quic.clone())).await.ok()?;
    let mut served = 0;
    while let Ok(Some(resolver)) = http.accept().await {
        let (request, stream) = resolver.resolve_request().await.ok()?;
        served += 1;
        let number = seen.requests.fetch_add(1, Ordering::SeqCst) + 1;
        if let Habit::Close { at, code } = habit
            && number == at
        {
            quic.close(VarInt::from_u32(code), b"enough");
            return None;
        }
        tokio::spawn(answer(request, stream, habit, number, Arc::clone(&seen)));
        if habit == Habit::GoAway(served) {
            http.shutdown(0).await.ok()?;
        }
    }
    quic.closed().await;
    seen.closed.fetch_add(1, Ordering::SeqCst);
    Some(())
}

/// HEADERS of 2³⁰ − 1 bytes, and more than anybody should keep of it.
fn endless_frame() -> Vec<u8> {
    let mut bytes = vec![0x01, 0xbf, 0xff, 0xff, 0xff];
    bytes.resize(2_000_000, 0);
    bytes
}

/// HEADERS of 70,009 bytes: `:status: 200` of the static table, and `x` with a value of 70,000.
fn long_headers() -> Vec<u8> {
    let mut bytes = vec![0x01, 0x80, 0x01, 0x11, 0x79, 0, 0, 0xd9, 0x21, b'x', 0x7f, 0xf1, 0xa1, 4];
    bytes.resize(bytes.len() + 70_000, b'v');
    bytes
}

async fn answer(
    request: Request<()>,
    mut stream: RequestStream<BidiStream<Bytes>, Bytes>,
    habit: Habit,
    number: u64,
    seen: Arc<Seen>,
) -> Option<()> {
    let trace = request.headers().get("traceparent").map(http::HeaderValue::as_bytes);
    if trace.is_some_and(|value| TraceContext::parse(value).is_some()) {
        seen.traced.fetch_add(1, Ordering::SeqCst);
    }
    match habit {
        Habit::ResetEvery(every) if number.is_multiple_of(every) => {
            stream.stop_stream(h3::error::Code::H3_INTERNAL_ERROR);
            return None;
        }
        Habit::RejectEvery(every) if number.is_multiple_of(every) => {
            stream.stop_stream(h3::error::Code::H3_REQUEST_REJECTED);
            return None;
        }
        Habit::Silence => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return None;
        }
        _ => {}
    }
    let mut length = 0;
    while let Some(data) = stream.recv_data().await.ok()? {
        length += data.remaining() as u64;
    }
    seen.received.fetch_add(length, Ordering::SeqCst);
    let size: usize = request.uri().path().trim_start_matches('/').parse().unwrap_or(2);
    let told = if habit == Habit::Lie { size + 1 } else { size };
    let mut response = Response::builder()
        .header("content-length", told)
        .header("x-got", length)
        .header("x-method", request.method().as_str());
    if let Some(token) = request.headers().get("x-token") {
        response = response.header("x-token", token);
    }
    stream.send_response(response.body(()).expect("a response")).await.ok()?;
    if request.method() != http::Method::HEAD {
        stream.send_data(Bytes::from(vec![b'x'; size])).await.ok()?;
    }
    stream.finish().await.ok()
}

/// Carries datagrams to a server and back, and loses some of them.
pub(crate) struct LossyPath {
    pub(crate) address: SocketAddr,
    pub(crate) lost: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl LossyPath {
    /// One datagram in `every` is lost, in either direction; 1 loses all.
    pub(crate) fn to(server: SocketAddr, every: u64) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let address = front.local_addr().expect("it is bound");
        let (lost, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let path = Self { address, lost: Arc::clone(&lost), over: Arc::clone(&over) };
        thread::spawn(move || {
            let mut backs: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
            let front = Arc::new(front);
            front.set_read_timeout(Some(Duration::from_millis(50))).expect("not zero");
            let mut buffer = [0; 2048];
            let mut count = 0;
            while !over.load(Ordering::Relaxed) {
                let Ok((length, from)) = front.recv_from(&mut buffer) else { continue };
                let back = backs.entry(from).or_insert_with(|| {
                    let back = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
                    back.connect(server).expect("loopback");
                    let back = Arc::new(back);
                    let way = (Arc::clone(&back), Arc::clone(&front), from);
                    let (lost, over) = (Arc::clone(&lost), Arc::clone(&over));
                    thread::spawn(move || carry_back(&way, every, &lost, &over));
                    back
                });
                count += 1;
                if count % every == 0 {
                    lost.fetch_add(1, Ordering::Relaxed);
                } else {
                    let _ = back.send(&buffer[..length]);
                }
            }
        });
        path
    }
}

impl Drop for LossyPath {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn carry_back(
    (back, front, client): &(Arc<UdpSocket>, Arc<UdpSocket>, SocketAddr),
    every: u64,
    lost: &AtomicU64,
    over: &AtomicBool,
) {
    back.set_read_timeout(Some(Duration::from_millis(50))).expect("not zero");
    let mut buffer = [0; 2048];
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        let Ok(length) = back.recv(&mut buffer) else { continue };
        count += 1;
        if count % every == 0 {
            lost.fetch_add(1, Ordering::Relaxed);
        } else {
            let _ = front.send_to(&buffer[..length], client);
        }
    }
}
