//! The verifier: the system's judgement, and what we make of it.

use std::cell::Cell;
use std::sync::Arc;

use rustls::CertificateError;
use rustls::DigitallySignedStruct;
use rustls::OtherError;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::server::ParsedCertificate;
use rustls_platform_verifier::Verifier;

use super::certificate::small_key;
use super::fault::AUTHORITY_AS_SERVER;
use super::setup::TrustPolicy;

/// Judges certificates by the system's roots and the additional ones.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) policy: TrustPolicy,
    pub(super) provider: Arc<CryptoProvider>,
    /// `None` on a system without roots when none were added: then nobody can be trusted.
    pub(super) verifier: Option<Verifier>,
    /// The additional roots: a server may show one of them as its own certificate.
    pub(super) pinned: Vec<CertificateDer<'static>>,
}

#[derive(Debug, thiserror::Error)]
#[error("this system has no root certificates; name a file of them with --cacert")]
struct NoRoots;

impl Judge {
    /// The real judgement, whatever the policy.
    pub(super) fn verdict(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(verifier) = &self.verifier else {
            let reason = CertificateError::Other(OtherError(Arc::new(NoRoots)));
            return Err(rustls::Error::InvalidCertificate(reason));
        };
        let verdict =
            verifier.verify_server_cert(certificate, intermediates, name, ocsp_response, now);
        match verdict {
            Err(error) if is_authority(&error) && self.pinned.contains(certificate) => {
                let parsed = ParsedCertificate::try_from(certificate)?;
                verify_server_name(&parsed, name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    /// Whether a signature is not looked at: where faults are told and are no reason to stop, and the key is
    /// one that ring verifies nothing with. The key is told as a fault ([`small_key`]).
    fn goes_on_with(&self, certificate: &CertificateDer<'_>) -> bool {
        self.policy == TrustPolicy::AcceptAndReport && small_key(certificate).is_some()
    }
}

thread_local! {
    /// What was said last on this thread, for QUIC.
    static LAST_VERDICT: Cell<Option<Verdict>> = const { Cell::new(None) };
}

/// What a handshake's certificate was found to be.
pub type Verdict = Result<(), rustls::Error>;

/// Takes the verdict on the server's certificate, if one was passed on this thread since the last
/// call. QUIC keeps its TLS session to itself: that a certificate was judged at all tells a full
/// handshake from a resumed one, and rustls's own error is told here and nowhere else.
pub fn take_verdict() -> Option<Verdict> {
    LAST_VERDICT.take()
}

/// What self-signed certificates get that `openssl req -x509` makes: they are marked as an
/// authority's. The verifier has looked at their dates by then, at their names not yet.
fn is_authority(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(cause)))
        if cause.to_string() == AUTHORITY_AS_SERVER)
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = match self.policy {
            TrustPolicy::Verify => {
                self.verdict(certificate, intermediates, name, ocsp_response, now)
            }
            TrustPolicy::AcceptAndReport => Ok(ServerCertVerified::assertion()),
        };
        LAST_VERDICT.set(Some(verdict.as_ref().map(|_| ()).map_err(Clone::clone)));
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.goes_on_with(certificate) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.goes_on_with(certificate) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tls::class;
    use crate::http::tls::describe;
    use crate::model::FailureClass;

    #[test]
    fn without_any_root_nobody_is_trusted_and_the_reason_is_told() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let judge =
            Judge { policy: TrustPolicy::Verify, provider, verifier: None, pinned: Vec::new() };
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let certificate = CertificateDer::from(vec![]);
        let verdict = judge.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now());
        let error = verdict.expect_err("nobody is trusted");
        assert_eq!(class(&error), FailureClass::Certificate);
        assert!(describe(&error).contains("no root certificates"), "{error}");
    }
}
