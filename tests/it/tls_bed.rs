//! Certificates and servers' TLS, made for each test.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::BasicConstraints;
use rcgen::Certificate;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;
use rcgen::SanType;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::SupportedProtocolVersion;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use shakedown::model::ClientIdentity;

/// An authority of our own and the file that names it.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("signs itself");
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).expect("writes");
        Self { issuer, dir }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// What a server needs that shows a certificate for `names`, expired if so wished.
    pub(crate) fn server_config(&self, names: Vec<SanType>, valid: Valid) -> ServerConfig {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        if valid == Valid::Expired {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        }
        self.config_of(&params)
    }

    /// What a server needs that shows a certificate of that kind.
    pub(crate) fn config_of(&self, params: &CertificateParams) -> ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signs");
        config(&certificate, &key)
    }

    /// What a server needs that shows the authority's own certificate.
    pub(crate) fn own_config(&self) -> ServerConfig {
        config(self.issuer.as_ref(), self.issuer.key())
    }

    /// What a server needs that shows a certificate for 127.0.0.1, speaks `versions` only, and wants
    /// a certificate of ours from its clients.
    pub(crate) fn demanding_config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let mut params = CertificateParams::default();
        params.subject_alt_names = loopback();
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signs");
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("it is an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let der = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS #8");
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("ring supports both")
            .with_client_cert_verifier(verifier.build().expect("it has a root"))
            .with_single_cert(vec![certificate.der().clone()], der)
            .expect("key and certificate fit")
    }

    /// A client certificate that it signed, and its key, as files.
    pub(crate) fn client(&self) -> ClientIdentity {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::default();
        let certificate = params.signed_by(&key, &self.issuer).expect("signs");
        let dir = tempfile::tempdir_in(self.dir.path()).expect("a directory").keep();
        let identity = ClientIdentity { certificate: dir.join("c.pem"), key: dir.join("k.pem") };
        std::fs::write(&identity.certificate, certificate.pem()).expect("writes");
        std::fs::write(&identity.key, key.serialize_pem()).expect("writes");
        identity
    }
}

fn config(certificate: &Certificate, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS #8");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports both")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("key and certificate fit")
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Valid {
    Now,
    Expired,
}

pub(crate) fn loopback() -> Vec<SanType> {
    vec![SanType::IpAddress(IpAddr::from([127, 0, 0, 1]))]
}

/// The server's own certificate and the file that holds it: self-signed and marked as an
/// authority's, as the usual one-line recipes make them.
pub(crate) fn self_signed(
    names: Vec<SanType>,
    valid: Valid,
) -> (ServerConfig, tempfile::TempDir, PathBuf) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names = names;
    if valid == Valid::Expired {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("signs itself");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("own.pem");
    std::fs::write(&file, certificate.pem()).expect("writes");
    (config(&certificate, &key), dir, file)
}
