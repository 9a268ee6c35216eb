//! What is wrong with the certificate that a server shows.
//!
//! Each fault is a rule of its own, and told whatever else is wrong: an expired certificate of the wrong
//! name is both. What is found is looked at in a second handshake. Cost: 1 handshake for each rule.

use std::time::Duration;

use super::agreement::shown;
use crate::model::CertificateReport;
use crate::model::Confidence;
use crate::model::Request;
use crate::model::ShownCertificate;
use crate::model::Trust;
use crate::scan::probe::Checking;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

/// An end that is nearer is soon.
const SOON: Duration = Duration::from_secs(21 * DAY);

/// Of certificates that are made for days, it is soon when so little of their time is left.
const SOON_SHARE: u32 = 4;

const DAY: u64 = 86_400;

/// Bits of keys that are too few (RFC 9325 §4.5).
const LEAST_RSA: usize = 2048;
const LEAST_EC: usize = 224;

/// Names that are told of one certificate.
const MOST_NAMES: usize = 6;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan::checks) enum Certificate {
    /// Nobody who is trusted stands behind it.
    Untrusted,
    /// It is for somebody else.
    WrongName,
    /// It is no longer valid, or not yet.
    Expired,
    /// It will soon not be.
    ExpiresSoon,
    /// Its key or its signature can be forged.
    Weak,
}

impl SiteCheck for Certificate {
    fn id(&self) -> &'static str {
        match self {
            Self::Untrusted => "certificate-untrusted",
            Self::WrongName => "certificate-wrong-name",
            Self::Expired => "certificate-expired",
            Self::ExpiresSoon => "certificate-expires-soon",
            Self::Weak => "certificate-weak",
        }
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(*self, probe))
    }
}

async fn check(what: Certificate, probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let secured = probe.secured();
    if secured.is_empty() {
        return Ok(Outcome::Skipped("nothing is spoken to over TLS".to_owned()));
    }
    for base in secured {
        let Some(fault) = look(what, probe, &base).await? else { continue };
        if let Err(why) = fault {
            return Ok(Outcome::Skipped(why));
        }
        // Of several servers behind one name, one may have another certificate.
        let Some(Ok(detail)) = look(what, probe, &base).await? else { continue };
        let exhibit = shown(probe, &base).await?;
        let detail = format!("{detail}, in two handshakes");
        let exhibits = vec![exhibit];
        let proof =
            Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads: Vec::new() };
        probe.found_at(base, None, proof);
    }
    Ok(Outcome::Clean)
}

/// What is wrong, or why it cannot be told.
async fn look(
    what: Certificate,
    probe: &mut SiteProbe,
    base: &Request,
) -> Result<Option<Result<String, String>>, ProbeStop> {
    let Some(report) = probe.certificate(&base.origin).await? else { return Ok(None) };
    if what == Certificate::Untrusted && report.trust == Trust::Unknown {
        let why = "this system has no root certificates; name a file of them with --cacert";
        return Ok(Some(Err(why.to_owned())));
    }
    let now = Duration::from_secs(probe.unix_seconds());
    Ok(fault(what, &report, now).map(Ok))
}

fn fault(what: Certificate, report: &CertificateReport, now: Duration) -> Option<String> {
    let own = report.chain.first()?;
    match what {
        Certificate::Untrusted => match &report.trust {
            Trust::Untrusted(why) if own.is_self_signed => {
                Some(format!("`{}` has signed its certificate itself: {why}", own.subject))
            }
            Trust::Untrusted(why) => {
                Some(format!("the certificate of `{}` by `{}`: {why}", own.subject, own.issuer))
            }
            Trust::Trusted | Trust::Unknown => None,
        },
        Certificate::WrongName => report.wrong_name.as_ref().map(|asked| {
            let mut names = own.names.clone();
            names.truncate(MOST_NAMES);
            let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
            format!("the certificate is for {names}, not for {asked}")
        }),
        Certificate::Expired => {
            let all = report.chain.iter();
            let mut ended = all.filter(|it| it.valid_until < now || it.valid_from > now);
            ended.next().map(|it| {
                let (word, at) = match now.checked_sub(it.valid_until) {
                    Some(ago) => ("ended", ago),
                    None => ("begins in", it.valid_from.saturating_sub(now)),
                };
                let days = (at.as_secs() / DAY).max(1);
                let ago = if word == "ended" { " ago" } else { "" };
                let unit = if days == 1 { "day" } else { "days" };
                format!("the certificate of `{}` {word} {days} {unit}{ago}", it.subject)
            })
        }
        Certificate::ExpiresSoon => {
            let left = own.valid_until.checked_sub(now)?;
            let life = own.valid_until.saturating_sub(own.valid_from);
            let soon = SOON.min(life / SOON_SHARE);
            (left < soon).then(|| {
                let days = left.as_secs() / DAY;
                format!("the certificate of `{}` ends in {days} days", own.subject)
            })
        }
        Certificate::Weak => report.chain.iter().find_map(weakness),
    }
}

/// A signature of its own is not what a certificate is trusted for.
fn weakness(certificate: &ShownCertificate) -> Option<String> {
    let ShownCertificate { subject, key, key_bits, .. } = certificate;
    let least = match key.as_str() {
        "RSA" | "DSA" => LEAST_RSA,
        "EC" => LEAST_EC,
        _ => 0,
    };
    if *key_bits > 0 && *key_bits < least {
        return Some(format!("the {key} key of `{subject}` has {key_bits} bits"));
    }
    let digest = certificate.broken_digest.filter(|_| !certificate.is_self_signed)?;
    Some(format!("the certificate of `{subject}` is signed with {digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(days: u64) -> Duration {
        Duration::from_secs(days * DAY)
    }

    fn own() -> ShownCertificate {
        ShownCertificate {
            subject: "CN=shop".to_owned(),
            issuer: "CN=authority".to_owned(),
            names: vec!["shop.example".to_owned()],
            valid_from: days(1000),
            valid_until: days(1100),
            key: "RSA".to_owned(),
            key_bits: 2048,
            broken_digest: None,
            is_self_signed: false,
        }
    }

    fn faults(own: ShownCertificate, at: u64) -> Vec<Certificate> {
        use Certificate::{Expired, ExpiresSoon, Untrusted, Weak, WrongName};
        let report =
            CertificateReport { chain: vec![own], trust: Trust::Trusted, wrong_name: None };
        let all = [Untrusted, WrongName, Expired, ExpiresSoon, Weak];
        all.into_iter().filter(|what| fault(*what, &report, days(at)).is_some()).collect()
    }

    #[test]
    fn each_fault_is_told_by_itself() {
        use Certificate::{Expired, ExpiresSoon, Weak};
        assert_eq!(faults(own(), 1050), []);
        assert_eq!(faults(own(), 999), [Expired]);
        assert_eq!(faults(own(), 1101), [Expired]);
        assert_eq!(faults(own(), 1085), [ExpiresSoon]);
        let short = ShownCertificate { valid_until: days(1008), ..own() };
        assert_eq!(faults(short.clone(), 1005), []);
        assert_eq!(faults(short, 1007), [ExpiresSoon]);
        assert_eq!(faults(ShownCertificate { key_bits: 1024, ..own() }, 1050), [Weak]);
        let ec = ShownCertificate { key: "EC".to_owned(), key_bits: 256, ..own() };
        assert_eq!(faults(ec, 1050), []);
        let old = ShownCertificate { broken_digest: Some("SHA-1"), ..own() };
        assert_eq!(faults(old.clone(), 1050), [Weak]);
        assert_eq!(faults(ShownCertificate { is_self_signed: true, ..old }, 1050), []);
    }
}
