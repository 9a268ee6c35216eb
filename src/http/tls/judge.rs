//! The verifier: the system's judgement, and what we make of it.

use std::sync::Arc;

use rustls::CertificateError;
use rustls::DigitallySignedStruct;
use rustls::OtherError;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls_platform_verifier::Verifier;

use super::setup::TrustPolicy;

/// Judges certificates by the system's roots and the additional ones.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) policy: TrustPolicy,
    pub(super) provider: Arc<CryptoProvider>,
    /// `None` on a system without roots when none were added: then nobody can be trusted.
    pub(super) verifier: Option<Verifier>,
}

#[derive(Debug, thiserror::Error)]
#[error("this system has no root certificates; name a file of them with --ca-file")]
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
        verifier.verify_server_cert(certificate, intermediates, name, ocsp_response, now)
    }
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
        match self.policy {
            TrustPolicy::Verify => {
                self.verdict(certificate, intermediates, name, ocsp_response, now)
            }
            TrustPolicy::AcceptAndReport => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
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
        let judge = Judge { policy: TrustPolicy::Verify, provider, verifier: None };
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let certificate = CertificateDer::from(vec![]);
        let verdict = judge.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now());
        let error = verdict.expect_err("nobody is trusted");
        assert_eq!(class(&error), FailureClass::Certificate);
        assert!(describe(&error).contains("no root certificates"), "{error}");
    }
}
