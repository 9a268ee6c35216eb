//! The client certificate and its key from PEM files.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::setup::TlsError;
use crate::model::ClientIdentity;

/// The certificate with those that lead to its authority, and the key.
pub(super) fn read(
    identity: &ClientIdentity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let path = &identity.certificate;
    let fault = |cause| TlsError::IdentityFile {
        what: "the client certificate",
        path: path.clone(),
        cause,
    };
    let chain = CertificateDer::pem_file_iter(path).map_err(fault)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(fault)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path: path.clone() });
    }
    let path = &identity.key;
    let key = PrivateKeyDer::from_pem_file(path).map_err(|cause| TlsError::IdentityFile {
        what: "its key",
        path: path.clone(),
        cause,
    })?;
    Ok((chain, key))
}
