//! A small threaded HTTP server on loopback that counts what it answered.

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;

/// What the server counted.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) requests: AtomicU64,
    pub(crate) connections: AtomicU64,
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
        Self::start(keep, None, String::new())
    }

    /// With a self-signed certificate for 127.0.0.1.
    pub(crate) fn tls(keep: Keep) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])
            .expect("a certificate can be made");
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports both versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("the key belongs to the certificate");
        Self::start(keep, Some(Arc::new(config)), made.cert.pem())
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

    fn start(keep: Keep, tls: Option<Arc<ServerConfig>>, certificate: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
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
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
        }
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
