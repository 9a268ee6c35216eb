//! The client's side of TLS, made once and used by both drivers.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::OtherError;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem;
use rustls_platform_verifier::Verifier;

use super::judge::Judge;
use super::roots;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::TlsInfo;

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
}

/// Configuration and trust for TLS connections.
#[derive(Debug, Clone)]
pub struct TlsSetup {
    config: Arc<ClientConfig>,
    judge: Arc<Judge>,
}

impl TlsSetup {
    /// TLS 1.2 and 1.3 with ring, ALPN `http/1.1`; trusted are the system's roots and those in the
    /// PEM files `extra_roots`, which suffice on a system that has none. A self-signed certificate
    /// that stands in one of the files itself is trusted for the names it shows.
    ///
    /// # Errors
    /// [`TlsError`] for a file that gives no usable root.
    pub fn new(policy: TrustPolicy, extra_roots: &[PathBuf]) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let extra = roots::read(extra_roots)?;
        let has_extra = !extra.is_empty();
        let pinned = extra.clone();
        let verifier = match Verifier::new_with_extra_roots(extra, Arc::clone(&provider)) {
            Ok(verifier) => Some(verifier),
            // With additional roots it is one of those; without, the system simply has none.
            Err(error) if has_extra => return Err(TlsError::Roots(error)),
            Err(_) => None,
        };
        let judge = Arc::new(Judge { policy, provider: Arc::clone(&provider), verifier, pinned });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports both versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&judge) as Arc<_>)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), judge })
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

    fn fault(&self, connection: &ClientConnection, name: &ServerName<'_>) -> Option<String> {
        if self.judge.policy == TrustPolicy::Verify {
            return None;
        }
        let Some([certificate, intermediates @ ..]) = connection.peer_certificates() else {
            return Some("the peer showed no certificate".to_owned());
        };
        let verdict = self.judge.verdict(certificate, intermediates, name, &[], UnixTime::now());
        verdict.err().map(|error| describe(&error))
    }
}

/// The configuration alone, for a driver that does not tell [`TlsSetup::info`].
///
/// # Errors
/// As [`TlsSetup::new`].
pub fn client_config(
    policy: TrustPolicy,
    extra_roots: &[PathBuf],
) -> Result<Arc<ClientConfig>, TlsError> {
    TlsSetup::new(policy, extra_roots).map(|setup| setup.config)
}

/// The name that a certificate for `host` (a DNS name or an address literal) must show.
///
/// # Errors
/// Class `Tls` for a host that no certificate can name.
pub fn server_name(host: &str) -> Result<ServerName<'static>, Failure> {
    ServerName::try_from(host.to_owned()).map_err(|error| {
        Failure::new(FailureClass::Tls, format!("`{host}` cannot stand in a certificate: {error}"))
    })
}

/// webpki's name for a certificate of an authority that is shown as a server's own.
pub(super) const AUTHORITY_AS_SERVER: &str = "CaUsedAsEndEntity";

/// An error of TLS for people; rustls shows some as the names of its types.
pub fn describe(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the certificate is not signed by anybody this system trusts".to_owned()
        }
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) => {
            match cause.to_string().as_str() {
                AUTHORITY_AS_SERVER => "the certificate is an authority's own, \
                    as self-signed ones often are, and not a server's"
                    .to_owned(),
                cause => format!("the certificate is not accepted: {cause}"),
            }
        }
        other => other.to_string(),
    }
}

/// The class of an error of TLS: about the certificate, or any other.
pub fn class(error: &rustls::Error) -> FailureClass {
    match error {
        rustls::Error::InvalidCertificate(_)
        | rustls::Error::InvalidCertRevocationList(_)
        | rustls::Error::NoCertificatesPresented => FailureClass::Certificate,
        _ => FailureClass::Tls,
    }
}
