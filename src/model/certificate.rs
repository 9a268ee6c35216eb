//! What a server shows of itself in a handshake.

use std::time::Duration;

/// A chain, and what is wrong with it as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateReport {
    /// The server's own first; never empty.
    pub chain: Vec<ShownCertificate>,
    /// Whether somebody who is trusted stands behind it; its dates and its names aside.
    pub trust: Trust,
    /// The name that was asked for, if the certificate is not for it.
    pub wrong_name: Option<String>,
}

/// Whether a chain leads to somebody who is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It does.
    Trusted,
    /// It does not: why.
    Untrusted(String),
    /// This system trusts nobody, so it cannot be told.
    Unknown,
}

/// One certificate, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCertificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Names and addresses that it is for.
    pub names: Vec<String>,
    /// Since 1970.
    pub valid_from: Duration,
    /// Since 1970.
    pub valid_until: Duration,
    /// `RSA`, `EC`, or what else; empty where it is not known.
    pub key: String,
    /// 0 where they are not known.
    pub key_bits: usize,
    /// The digest in its signature, if that is a broken one: `MD5`, `SHA-1`.
    pub broken_digest: Option<&'static str>,
    /// It is signed by itself.
    pub is_self_signed: bool,
}
