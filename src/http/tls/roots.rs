//! Additional root certificates from PEM files.

use std::path::Path;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::setup::TlsError;

/// Every certificate of every file.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let mut roots = Vec::new();
    for path in files {
        roots.extend(read_file(path)?);
    }
    Ok(roots)
}

fn read_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fault = |cause| TlsError::RootFile { path: path.to_owned(), cause };
    let found = CertificateDer::pem_file_iter(path).map_err(fault)?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(fault)?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(found)
}
