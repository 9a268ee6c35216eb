//! Where to listen, and what payloads name.

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use thiserror::Error;

use super::interaction::OobProtocol;
use super::secure::IdentityError;
use crate::model::Seed;

/// How to start a [`super::Listener`]. Of ports, 0 is a free one and `None` is not to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OobOptions {
    /// Address to listen on.
    pub bind: IpAddr,
    /// Host, or host and port, that payloads name instead of the address and the port listened on.
    pub public: Option<String>,
    /// A domain whose name server is this listener: payloads name hosts in it.
    pub domain: Option<String>,
    /// What names in the domain resolve to; by default `public` if that is an address, else `bind`.
    pub resolves_to: Option<IpAddr>,
    /// The port that payloads name: HTTP and whatever else comes.
    pub http: Option<u16>,
    /// Port of DNS, over UDP and TCP.
    pub dns: Option<u16>,
    /// Port of SMTP, where the server speaks first.
    pub smtp: Option<u16>,
    /// Port of LDAP.
    pub ldap: Option<u16>,
    /// Seed of the run.
    pub seed: Seed,
    /// What makes ids of this run different from those of others of the same seed. Who may guess
    /// ids must not know it.
    pub salt: u64,
}

impl Default for OobOptions {
    /// Loopback, free ports, no domain.
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            public: None,
            domain: None,
            resolves_to: None,
            http: Some(0),
            dns: Some(0),
            smtp: Some(0),
            ldap: Some(0),
            seed: Seed(0),
            salt: 0,
        }
    }
}

/// Why a listener did not start.
#[derive(Debug, Error)]
pub enum OobError {
    /// A port is taken or not allowed.
    #[error("listening for {protocol} on {address}")]
    Listen {
        /// What for.
        protocol: OobProtocol,
        /// Where.
        address: SocketAddr,
        /// Why it could not.
        #[source]
        source: io::Error,
    },
    /// Neither a port for HTTP nor a domain: payloads would have nothing to name.
    #[error("out-of-band payloads need a port for HTTP or a domain to name")]
    Nowhere,
    /// The domain is no host name.
    #[error("`{0}` is not a domain for out-of-band payloads")]
    Domain(String),
    /// Payloads cannot name all addresses.
    #[error("listening on {0} for out-of-band payloads needs a host that they name")]
    Unnamed(IpAddr),
    /// The host is none.
    #[error("`{0}` is not a host, with or without a port, for out-of-band payloads")]
    Public(String),
    /// There is no certificate for TLS.
    #[error("a certificate for out-of-band payloads: {0}")]
    Identity(#[from] IdentityError),
}

/// `text` as a domain in lower case, without a dot at its end.
pub(super) fn domain(text: &str) -> Result<String, OobError> {
    let domain = text.trim_end_matches('.').to_ascii_lowercase();
    let is_label = |label: &str| {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..64).contains(&label.len()) && label.bytes().all(is_inner)
    };
    // A payload puts an id and what it leaks in front of it.
    if domain.len() < 150 && domain.split('.').all(is_label) {
        Ok(domain)
    } else {
        Err(OobError::Domain(text.to_owned()))
    }
}

/// Host and port as a payload names them; `port` where `text` has none.
pub(super) fn public(text: &str, port: u16) -> Result<String, OobError> {
    let with_port = |host: &str| format!("{host}:{port}");
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, port).to_string());
    }
    let authority: http::uri::Authority =
        text.parse().map_err(|_| OobError::Public(text.to_owned()))?;
    if authority.host().is_empty() || text.contains('@') {
        return Err(OobError::Public(text.to_owned()));
    }
    Ok(if authority.port().is_some() { text.to_owned() } else { with_port(text) })
}

/// What payloads may call the listener: the names in its certificate.
pub(super) fn names(options: &OobOptions, domain: Option<&str>, address: IpAddr) -> Vec<String> {
    let mut names = vec![address.to_string()];
    if let Some(public) = &options.public {
        let authority = public.parse::<http::uri::Authority>();
        let host = authority.as_ref().map_or(public.as_str(), http::uri::Authority::host);
        names.push(host.trim_matches(['[', ']']).to_owned());
    }
    if let Some(domain) = domain {
        names.extend([domain.to_owned(), format!("*.{domain}")]);
    }
    names.retain(|name| name.is_ascii() && !name.is_empty());
    names
}
