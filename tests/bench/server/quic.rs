//! An HTTP/3 server: quinn and h3 on one thread.

use std::cell::Cell;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use h3::server::Connection;
use h3::server::RequestResolver;
use http::Response;
use quinn::Endpoint;
use quinn::Incoming;
use quinn::crypto::rustls::QuicServerConfig;
use tokio::task::LocalSet;

use super::Seen;
use super::ServerKind;
use super::certificate::server_config;
use crate::problem::Problem;

type Quic = h3_quinn::Connection;

/// Serves until standard input ends; says its port first and what it saw last.
pub(super) fn serve(kind: ServerKind) -> Result<(), Problem> {
    let body = match kind {
        ServerKind::Small => Bytes::from_static(b"Hello, world!"),
        ServerKind::Large => Bytes::from(vec![b'x'; 10 * 1024]),
        ServerKind::Changing | ServerKind::Script | ServerKind::Stall | ServerKind::Arrivals => {
            let error = io::Error::other("this kind is served over TCP only");
            return Err(Problem::doing("serving over QUIC")(error));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .and_then(|runtime| LocalSet::new().block_on(&runtime, run(body)))
        .map_err(Problem::doing("serving over QUIC"))
}

/// What all connections count.
#[derive(Default)]
struct Counts {
    requests: Cell<u64>,
    connections: Cell<u64>,
}

async fn run(body: Bytes) -> io::Result<()> {
    let mut config = server_config();
    config.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = QuicServerConfig::try_from(config).map_err(io::Error::other)?;
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = Endpoint::server(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let mut out = io::stdout();
    writeln!(out, "{}", endpoint.local_addr()?.port())?;
    out.flush()?;
    let counts = Rc::new(Counts::default());
    // Nothing is ever written to it: a thread that sleeps until its end costs nothing.
    let mut end = tokio::task::spawn_blocking(|| io::stdin().read(&mut [0]));
    loop {
        tokio::select! {
            incoming = endpoint.accept() => {
                let Some(incoming) = incoming else { return Ok(()) };
                tokio::task::spawn_local(connection(incoming, body.clone(), Rc::clone(&counts)));
            }
            _ = &mut end => break,
        }
    }
    let seen = Seen {
        requests: counts.requests.get(),
        connections: counts.connections.get(),
        ..Seen::default()
    };
    writeln!(out, "{}", serde_json::to_string(&seen)?)
}

/// Answers all that comes. A client that goes away is no failure of the server.
async fn connection(incoming: Incoming, body: Bytes, counts: Rc<Counts>) -> Option<()> {
    let quic = Quic::new(incoming.await.ok()?);
    counts.connections.set(counts.connections.get() + 1);
    let mut http: Connection<Quic, Bytes> = Connection::new(quic).await.ok()?;
    while let Some(request) = http.accept().await.ok()? {
        counts.requests.set(counts.requests.get() + 1);
        tokio::task::spawn_local(answer(request, body.clone()));
    }
    Some(())
}

/// Requests of benchmarks have no body.
async fn answer(request: RequestResolver<Quic, Bytes>, body: Bytes) -> Option<()> {
    let (_, mut stream) = request.resolve_request().await.ok()?;
    let head = Response::builder().header("server", "fixture").header("content-length", body.len());
    stream.send_response(head.body(()).expect("its fields are valid")).await.ok()?;
    stream.send_data(body).await.ok()?;
    stream.finish().await.ok()
}
