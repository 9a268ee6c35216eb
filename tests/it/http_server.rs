//! Servers on loopback that misbehave as told, for the tests of the client.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shakedown::http::Client;
use shakedown::http::ClientOptions;
use shakedown::http::Pacer;
use shakedown::http::clock::Clock;
use shakedown::model::Exchange;
use shakedown::model::Origin;
use shakedown::model::Request;
use shakedown::model::Scheme;
use shakedown::model::Scope;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

/// A listening server; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Calls `handler` with every connection and its number, 0 first.
    pub(crate) async fn start<F, T>(handler: F) -> Self
    where
        F: Fn(TcpStream, usize) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(handler(stream, number));
            }
        });
        Self { address, connections }
    }

    pub(crate) fn origin(&self, scheme: Scheme, host: &str) -> Origin {
        Origin { scheme, host: host.to_owned(), port: self.address.port() }
    }

    pub(crate) fn http(&self) -> Origin {
        self.origin(Scheme::Http, "127.0.0.1")
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// The next request's bytes, body by `Content-Length` included; `None` when the client is gone.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.map_or(0, |length| length.trim().parse().expect("a number"));
            if bytes.len() >= end + 4 + length {
                return Some(bytes);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A client that may dial `origin` and whatever resolves to a local address.
pub(crate) fn client(origin: &Origin, options: ClientOptions) -> Client {
    let clock = Clock::start();
    let scope = Arc::new(Scope::of_origin(origin.clone()));
    Client::new(scope, options, Pacer::new(None, clock), clock).expect("usable roots")
}

/// Long enough for a busy machine.
pub(crate) fn patient() -> ClientOptions {
    ClientOptions { timeout: Duration::from_secs(20), ..ClientOptions::default() }
}

/// So short that a server which never answers does not hold up the test.
pub(crate) fn hasty() -> ClientOptions {
    ClientOptions { timeout: Duration::from_millis(200), ..ClientOptions::default() }
}

pub(crate) async fn send(client: &Client, request: Request) -> Exchange {
    let scope = Scope::of_origin(request.origin.clone());
    client.send(scope.admit(request).expect("its own origin")).await
}

pub(crate) async fn get(client: &Client, origin: &Origin, path: &str) -> Exchange {
    send(client, Request::get(origin.clone(), path)).await
}
