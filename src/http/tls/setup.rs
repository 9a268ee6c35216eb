//! The client's side of TLS, made once and used by both drivers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::SupportedProtocolVersion;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem;
use rustls::version::TLS12;
use rustls::version::TLS13;
use rustls_platform_verifier::Verifier;

use super::certificate;
use super::fault::describe;
use super::identity;
use super::judge::Judge;
use super::roots;
use crate::model::CertificateReport;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Proxy;
use crate::model::ProxyKind;
use crate::model::SessionReuse;
use crate::model::TlsInfo;
use crate::model::TlsOptions;
use crate::model::TlsVersion;
use crate::model::TlsVersions;

/// What a certificate that the system would refuse means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustPolicy {
    /// The connection fails.
    Verify,
    /// The connection goes on, and [`TlsSetup::info`] tells the fault.
    AcceptAndReport,
}

/// Why TLS cannot be set up: a mistake in what the user named.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of root certificates cannot be read.
    #[error("reading root certificates from {path}: {cause}", path = .path.display())]
    RootFile {
        /// The file.
        path: PathBuf,
        /// The PEM reader's word.
        cause: pem::Error,
    },
    /// A file of root certificates has none.
    #[error("{path} holds no PEM certificate", path = .path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A certificate cannot serve as a root.
    #[error("using the additional root certificates: {0}")]
    Roots(rustls::Error),
    /// The client certificate or its key cannot be read.
    #[error("reading {what} from {path}: {cause}", path = .path.display())]
    IdentityFile {
        /// `the client certificate` or `its key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The PEM reader's word.
        cause: pem::Error,
    },
    /// The client certificate and the key do not make an identity.
    #[error("the client certificate and the key do not fit: {0}")]
    Identity(rustls::Error),
    /// The name for SNI is none.
    #[error("`{0}` cannot stand in a certificate, so no server can be asked for it")]
    ServerName(String),
}

/// ALPN for HTTP/1.1.
pub const HTTP_1_1: &[u8] = b"http/1.1";

/// ALPN for HTTP/2.
pub const HTTP_2: &[u8] = b"h2";

/// ALPN for HTTP/3.
pub const HTTP_3: &[u8] = b"h3";

/// Configuration and trust for TLS connections.
#[derive(Debug, Clone)]
pub struct TlsSetup {
    config: Arc<ClientConfig>,
    judge: Arc<Judge>,
    /// Instead of every host's own.
    server_name: Option<ServerName<'static>>,
}

impl TlsSetup {
    /// With ring; `protocols` are what ALPN offers, the dearest first. Trusted are the system's
    /// roots and those in the PEM files `extra_roots`, which suffice on a system that has none. A
    /// self-signed certificate that stands in one of the files itself is trusted for the names it
    /// shows.
    ///
    /// # Errors
    /// [`TlsError`] for a file that gives no usable root, certificate or key.
    pub fn new(
        policy: TrustPolicy,
        extra_roots: &[PathBuf],
        options: &TlsOptions,
        protocols: &[&[u8]],
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let judge = Arc::new(judge(policy, extra_roots, &provider)?);
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions(options.versions))
            .expect("ring supports both versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&judge) as Arc<_>);
        let mut config = match &options.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = identity::read(identity)?;
                builder.with_client_auth_cert(chain, key).map_err(TlsError::Identity)?
            }
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        if options.sessions == SessionReuse::Off {
            config.resumption = Resumption::disabled();
        }
        let server_name = options.server_name.as_ref().map(|name| {
            let parsed = ServerName::try_from(name.clone());
            parsed.map_err(|_| TlsError::ServerName(name.clone()))
        });
        Ok(Self { config: Arc::new(config), judge, server_name: server_name.transpose()? })
    }

    /// For the way to `proxy`; `None` for one that is not spoken to over TLS. Its certificate is
    /// always verified, whatever is accepted of targets: who speaks for it gets the password, and
    /// everything that is not encrypted for the target. What targets are told by (client
    /// certificate, SNI) is not for the proxy.
    ///
    /// # Errors
    /// As [`TlsSetup::new`].
    pub fn for_proxy(
        proxy: Option<&Proxy>,
        extra_roots: &[PathBuf],
        options: &TlsOptions,
    ) -> Result<Option<Self>, TlsError> {
        let Some(_) = proxy.filter(|proxy| proxy.kind == ProxyKind::Https) else {
            return Ok(None);
        };
        let options = TlsOptions { identity: None, server_name: None, ..options.clone() };
        Self::new(TrustPolicy::Verify, extra_roots, &options, &[HTTP_1_1]).map(Some)
    }

    /// The name that is asked for, and that the certificate must show, for `host`: a DNS name or an
    /// address literal.
    ///
    /// # Errors
    /// Class `Tls` for a host that no certificate can name.
    pub fn server_name(&self, host: &str) -> Result<ServerName<'static>, Failure> {
        self.server_name.clone().map_or_else(|| server_name(host), Ok)
    }

    /// The same, offering these by ALPN, the dearest first.
    #[must_use]
    pub fn offering(&self, protocols: &[&[u8]]) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Self { config: Arc::new(config), ..self.clone() }
    }

    /// What a connection is made with.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// What was agreed on, once the handshake is done. Under [`TrustPolicy::AcceptAndReport`] the
    /// certificate is judged here: the peer's certificates stay with the connection, and also with
    /// a resumed one, for which rustls calls no verifier.
    pub fn info(&self, connection: &ClientConnection, name: &ServerName<'_>) -> TlsInfo {
        let version = connection.protocol_version().and_then(|version| version.as_str());
        let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
        TlsInfo {
            version: version.unwrap_or("unknown").replace('_', "."),
            // rustls tells TLS 1.3's suites apart by a prefix that IANA's names do not have.
            cipher_suite: suite
                .and_then(|suite| suite.as_str())
                .unwrap_or("unknown")
                .replace("TLS13_", "TLS_"),
            certificate_fault: self.fault(connection, name),
        }
    }

    /// What a chain of certificates (DER, the server's own first) comes to for a name, at a moment in seconds
    /// since 1970; `None` where there is nothing that can be read.
    pub fn examine(
        &self,
        chain: &[Vec<u8>],
        name: &ServerName<'_>,
        now: u64,
    ) -> Option<CertificateReport> {
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        certificate::examine(&self.judge, chain, name, now)
    }

    fn fault(&self, connection: &ClientConnection, name: &ServerName<'_>) -> Option<String> {
        if self.judge.policy == TrustPolicy::Verify {
            return None;
        }
        let Some([certificate, intermediates @ ..]) = connection.peer_certificates() else {
            return Some("the peer showed no certificate".to_owned());
        };
        let verdict = self.judge.verdict(certificate, intermediates, name, &[], UnixTime::now());
        let of_key = certificate::small_key(certificate).map(|bits| {
            format!("the RSA key of {bits} bits is too short for anything to be verified with it")
        });
        of_key.or_else(|| verdict.err().map(|error| describe(&error)))
    }
}

fn judge(
    policy: TrustPolicy,
    extra_roots: &[PathBuf],
    provider: &Arc<CryptoProvider>,
) -> Result<Judge, TlsError> {
    let extra = roots::read(extra_roots)?;
    let has_extra = !extra.is_empty();
    let pinned = extra.clone();
    let verifier = match Verifier::new_with_extra_roots(extra, Arc::clone(provider)) {
        Ok(verifier) => Some(verifier),
        // With additional roots it is one of those; without, the system simply has none.
        Err(error) if has_extra => return Err(TlsError::Roots(error)),
        Err(_) => None,
    };
    Ok(Judge { policy, provider: Arc::clone(provider), verifier, pinned })
}

fn versions(allowed: TlsVersions) -> Vec<&'static SupportedProtocolVersion> {
    [(TlsVersion::V1_3, &TLS13), (TlsVersion::V1_2, &TLS12)]
        .into_iter()
        .filter_map(|(version, supported)| allowed.allow(version).then_some(supported))
        .collect()
}

fn server_name(host: &str) -> Result<ServerName<'static>, Failure> {
    ServerName::try_from(host.to_owned()).map_err(|error| {
        Failure::new(FailureClass::Tls, format!("`{host}` cannot stand in a certificate: {error}"))
    })
}
