//! What a chain of certificates says, and what is wrong with it: each fault by itself, where a handshake
//! would end at the first.

use std::time::Duration;

use rustls::CertificateError;
use rustls::client::verify_server_name;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::server::ParsedCertificate;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

use super::fault::describe;
use super::judge::Judge;
use crate::model::CertificateReport;
use crate::model::ShownCertificate;
use crate::model::Trust;

/// Bits of the smallest RSA key that ring verifies a signature with.
const LEAST_RSA: usize = 2048;

/// Names that are kept of one certificate.
const MOST_NAMES: usize = 100;

/// Digests that are broken, by the signatures that have them (RFC 3279 §2.2).
const BROKEN: [(&str, &str); 6] = [
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.3.14.3.2.29", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
];

/// What a chain comes to for a name; `None` where there is none, or where its first cannot be read.
pub(super) fn examine(
    judge: &Judge,
    chain: &[Vec<u8>],
    name: &ServerName<'_>,
    now: UnixTime,
) -> Option<CertificateReport> {
    let shown: Vec<ShownCertificate> = chain.iter().map_while(|der| read(der)).collect();
    let own = shown.first()?;
    let der: Vec<CertificateDer<'_>> =
        chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let (end, above) = der.split_first()?;
    let is_named = ParsedCertificate::try_from(end)
        .is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok());
    let wrong_name = (!is_named).then(|| name.to_str().into_owned());
    // At a time at which its own dates are no reason.
    let last = own.valid_until.as_secs().saturating_sub(1);
    let within = now.as_secs().max(own.valid_from.as_secs()).min(last);
    let at = UnixTime::since_unix_epoch(Duration::from_secs(within));
    let trust = match judge.verdict(end, above, name, &[], at) {
        _ if judge.verifier.is_none() => Trust::Unknown,
        Ok(_)
        | Err(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }
            // Of dates that contradict each other.
            | CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => Trust::Trusted,
        Err(error) => Trust::Untrusted(describe(&error)),
    };
    Some(CertificateReport { chain: shown, trust, wrong_name })
}

/// Bits of an RSA key with which no signature can be verified, because they are too few.
pub(super) fn small_key(certificate: &CertificateDer<'_>) -> Option<usize> {
    let own = read(certificate)?;
    (own.key == "RSA" && own.key_bits < LEAST_RSA).then_some(own.key_bits)
}

fn read(der: &[u8]) -> Option<ShownCertificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let since_1970 = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let validity = certificate.validity();
    let key = certificate.public_key().parsed().ok();
    let signature = certificate.signature_algorithm.algorithm.to_id_string();
    Some(ShownCertificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names: names(&certificate),
        valid_from: since_1970(validity.not_before.timestamp()),
        valid_until: since_1970(validity.not_after.timestamp()),
        key: match &key {
            Some(PublicKey::RSA(_)) => "RSA".to_owned(),
            Some(PublicKey::EC(_)) => "EC".to_owned(),
            Some(PublicKey::DSA(_)) => "DSA".to_owned(),
            _ => String::new(),
        },
        key_bits: key.map_or(0, |key| key.key_size()),
        broken_digest: BROKEN.iter().find(|(id, _)| *id == signature).map(|(_, digest)| *digest),
        is_self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
    })
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => {
                <[u8; 4]>::try_from(*bytes).ok().map(|it| std::net::Ipv4Addr::from(it).to_string())
            }
            16 => {
                <[u8; 16]>::try_from(*bytes).ok().map(|it| std::net::Ipv6Addr::from(it).to_string())
            }
            _ => None,
        },
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).take(MOST_NAMES).collect()
}
