//! A small threaded HTTP server on loopback that counts what it answered.

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;

use crate::tls_bed::Valid;
use crate::tls_bed::loopback;
use crate::tls_bed::self_signed;

/// What the server counted.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) requests: AtomicU64,
    pub(crate) connections: AtomicU64,
    /// Where they came from.
    pub(crate) peers: Mutex<Vec<IpAddr>>,
    /// The first head that came.
    pub(crate) head: OnceLock<String>,
}

/// How it ends connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Alive,
    /// For this many requests, then it closes without a word.
    For(u64),
}

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) counted: Arc<Counted>,
    /// PEM of the certificate, with TLS.
    pub(crate) certificate: String,
}

/// A read that takes longer means that a test has gone wrong; it must not hang.
const PATIENCE: Duration = Duration::from_secs(20);

impl TestServer {
    pub(crate) fn plain(keep: Keep) -> Self {
        Self::start("127.0.0.1:0", keep, None, String::new())
    }

    /// On the loopback of IPv6.
    pub(crate) fn plain_on_ipv6(keep: Keep) -> Self {
        Self::start("[::1]:0", keep, None, String::new())
    }

    /// With a self-signed certificate for 127.0.0.1.
    pub(crate) fn tls(keep: Keep) -> Self {
        let (config, _dir, file) = self_signed(loopback(), Valid::Now);
        let certificate = std::fs::read_to_string(file).expect("just written");
        Self::start("127.0.0.1:0", keep, Some(Arc::new(config)), certificate)
    }

    /// With TLS as given; whom to trust is for the test to know.
    pub(crate) fn secured(keep: Keep, config: ServerConfig) -> Self {
        Self::start("127.0.0.1:0", keep, Some(Arc::new(config)), "elsewhere".to_owned())
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.certificate.is_empty() { "http" } else { "https" };
        format!("{scheme}://{}/", self.address)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.counted.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.counted.connections.load(Ordering::SeqCst)
    }

    fn start(at: &str, keep: Keep, tls: Option<Arc<ServerConfig>>, certificate: String) -> Self {
        let listener = TcpListener::bind(at).expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let counted = Arc::new(Counted::default());
        let server = Self { address, counted: Arc::clone(&counted), certificate };
        // Both kinds of threads end with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (counted, tls) = (Arc::clone(&counted), tls.clone());
                thread::spawn(move || serve(stream, keep, tls, &counted));
            }
        });
        server
    }
}

fn serve(stream: TcpStream, keep: Keep, tls: Option<Arc<ServerConfig>>, counted: &Counted) {
    counted.connections.fetch_add(1, Ordering::SeqCst);
    let peer = stream.peer_addr().expect("it was accepted").ip();
    counted.peers.lock().expect("not poisoned").push(peer);
    stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
    // A client that goes away is no failure of the server.
    let _ = match tls {
        None => answer_all(stream, keep, counted),
        Some(config) => {
            let session = ServerConnection::new(config).expect("the configuration is valid");
            answer_all(StreamOwned::new(session, stream), keep, counted)
        }
    };
}

fn answer_all(stream: impl Read + Write, keep: Keep, counted: &Counted) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    for served in 1.. {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let _ = counted.head.set(head);
        counted.requests.fetch_add(1, Ordering::SeqCst);
        let body = "x".repeat(10_000);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.get_mut().write_all((head + &body).as_bytes())?;
        stream.get_mut().flush()?;
        if keep == Keep::For(served) {
            return Ok(());
        }
    }
    Ok(())
}
