//! How the client talks.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::content;
use crate::http::tls::TrustPolicy;
use crate::model::ConnectionReuse;
use crate::model::Header;
use crate::model::HttpVersion;
use crate::model::Route;
use crate::model::TlsOptions;

/// What [`Client`](super::Client) is made with; [`Default`] is what a scan uses.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// For one exchange from name resolution to the last byte; waiting for the pacer and for a
    /// free connection is not counted.
    pub timeout: Duration,
    /// Bytes of a body that are kept, before and after decoding; reading ends there.
    pub max_body: usize,
    /// Exchanges at once, and idle connections kept per origin; at least 1.
    pub max_connections: usize,
    /// How long an idle connection is used again. Common servers close after 5 s.
    pub idle_timeout: Duration,
    /// Sent with every request that has none of that name.
    pub headers: Vec<Header>,
    /// Whether content codings are asked for and undone.
    pub decoding: ContentDecoding,
    /// What a bad certificate means.
    pub trust: TrustPolicy,
    /// Additional root certificates (PEM).
    pub ca_files: Vec<PathBuf>,
    /// For a connection alone, proxy and TLS included; `None` leaves it to `timeout`.
    pub connect_timeout: Option<Duration>,
    /// How handshakes are made.
    pub tls: TlsOptions,
    /// Where connections go.
    pub route: Route,
    /// Whether they carry more than one request.
    pub reuse: ConnectionReuse,
    /// What is spoken without TLS where requests are sent together, and is known beforehand; over TLS it
    /// is agreed on. Everything else is HTTP/1.1.
    pub known: HttpVersion,
}

/// How one exchange differs from all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// In place of [`ClientOptions::timeout`].
    pub timeout: Option<Duration>,
    /// In place of [`ClientOptions::max_body`].
    pub max_body: Option<usize>,
    /// What is sent in place of what the request would be encoded as, byte for byte, over a connection
    /// of its own.
    pub bytes: Option<Vec<u8>>,
    /// The name in the TLS handshake, over a connection of its own.
    pub server_name: Option<String>,
    /// After the request was sent: what has come by then of a response that may never end is the
    /// response, cut.
    pub max_time: Option<Duration>,
}

/// Whether content codings are asked for and undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentDecoding {
    /// Bodies stay as they come.
    Off,
    /// `Accept-Encoding` names every coding that is known, and they are undone.
    GzipDeflate,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_body: 4 * 1024 * 1024,
            max_connections: 10,
            idle_timeout: Duration::from_secs(4),
            headers: Vec::new(),
            decoding: ContentDecoding::GzipDeflate,
            trust: TrustPolicy::AcceptAndReport,
            ca_files: Vec::new(),
            connect_timeout: None,
            tls: TlsOptions::default(),
            route: Route::default(),
            reuse: ConnectionReuse::On,
            known: HttpVersion::Http11,
        }
    }
}

impl ClientOptions {
    /// Headers that go along with every request: the user's, and ours where the user has none.
    pub(super) fn standing_headers(&self) -> Vec<Header> {
        let mut headers = self.headers.clone();
        let has = |name| self.headers.iter().any(|header| header.is(name));
        if !has("user-agent") {
            headers
                .push(Header::new("User-Agent", concat!("shakedown/", env!("CARGO_PKG_VERSION"))));
        }
        if self.decoding == ContentDecoding::GzipDeflate && !has("accept-encoding") {
            headers.push(Header::new("Accept-Encoding", content::KNOWN));
        }
        headers
    }
}
