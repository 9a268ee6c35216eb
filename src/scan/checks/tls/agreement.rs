//! What a server agrees to that nobody should: old versions, weak suites, small groups.
//!
//! It is offered nothing else, and has to choose it; twice, with other random bytes. An offer of a suite that
//! does not exist must be refused: who agrees to anything has agreed to nothing. No key is exchanged, and the
//! connection is closed after the server's part.
//!
//! Cost at a careful server: 3 handshakes for versions, 6 for suites, and one each for the rest.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Refusal;
use crate::scan::probe::Reply;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Version;
use crate::scan::probe::Weakness;
use crate::scan::probe::Whom;
use crate::scan::probe::suite_name;
use crate::scan::probe::suites;

/// Primes with fewer bits are within reach (RFC 9325 §4.3).
const LEAST_PRIME: usize = 2048;

/// Private use, and used by nobody.
const NO_SUITE: u16 = 0xfe7b;

/// What is offered; each is a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan::checks) enum Agreement {
    /// SSL 3.0, TLS 1.0 and TLS 1.1.
    OldVersion,
    /// Suites that protect little or nothing.
    WeakSuite,
    /// Suites with which one key opens all sessions.
    NoForwardSecrecy,
    /// Diffie-Hellman in a group that is too small.
    SmallPrime,
}

impl SiteCheck for Agreement {
    fn id(&self) -> &'static str {
        match self {
            Self::OldVersion => "tls-old-version",
            Self::WeakSuite => "tls-weak-suite",
            Self::NoForwardSecrecy => "tls-no-forward-secrecy",
            Self::SmallPrime => "tls-small-prime",
        }
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(*self, probe))
    }
}

/// One thing to offer.
struct Offered {
    version: Version,
    suites: Vec<u16>,
    /// For people, where the version does not say it.
    what: &'static str,
}

impl Agreement {
    fn offers(self) -> Vec<Offered> {
        let with = |suites, what| Offered { version: Version::Tls12, suites, what };
        match self {
            Self::OldVersion => [Version::Ssl30, Version::Tls10, Version::Tls11]
                .map(|version| Offered { version, suites: suites(None), what: "" })
                .into(),
            Self::WeakSuite => Weakness::ALL
                .into_iter()
                .filter(|weakness| *weakness != Weakness::NoForwardSecrecy)
                .map(|weakness| with(suites(Some(weakness)), weakness.as_str()))
                .collect(),
            Self::NoForwardSecrecy => {
                let weakness = Weakness::NoForwardSecrecy;
                vec![with(suites(Some(weakness)), weakness.as_str())]
            }
            Self::SmallPrime => {
                let is_it = |suite: &u16| suite_name(*suite).starts_with("TLS_DHE_RSA_");
                let strong = suites(None).into_iter().filter(is_it);
                vec![with(strong.collect(), "Diffie-Hellman")]
            }
        }
    }

    /// What the agreement is, if it is what was asked for.
    fn of(self, offered: &Offered, reply: &Reply) -> Option<String> {
        let Reply::Agreed { version, suite, prime_bits, .. } = reply else { return None };
        let name = suite_name(*suite);
        match self {
            Self::OldVersion => {
                (*version == offered.version).then(|| format!("{} ({name})", version.as_str()))
            }
            Self::WeakSuite | Self::NoForwardSecrecy => Some(format!("{}: {name}", offered.what)),
            Self::SmallPrime => prime_bits
                .filter(|bits| *bits < LEAST_PRIME)
                .map(|bits| format!("a prime of {bits} bits ({name})")),
        }
    }
}

async fn check(what: Agreement, probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let secured = probe.secured();
    if secured.is_empty() {
        return Ok(Outcome::Skipped("nothing is spoken to over TLS".to_owned()));
    }
    for base in secured {
        judge(what, probe, base).await?;
    }
    Ok(Outcome::Clean)
}

async fn judge(what: Agreement, probe: &mut SiteProbe, base: Request) -> Result<(), ProbeStop> {
    let mut agreed = Vec::new();
    for offered in what.offers() {
        let mut seen = None;
        for _ in 0..2 {
            let reply = probe.offer(&base.origin, offered.version, &offered.suites).await?;
            seen = what.of(&offered, &reply);
            if seen.is_none() {
                break;
            }
        }
        agreed.extend(seen);
    }
    if agreed.is_empty() {
        return Ok(());
    }
    let control = probe.offer(&base.origin, Version::Tls12, &[NO_SUITE]).await?;
    let Reply::Refused(refusal) = control else { return Ok(()) };
    let detail = format!(
        "it agrees to {}, twice each; an offer of a suite that does not exist is {}",
        agreed.join(", "),
        refused(refusal),
    );
    let shown = shown(probe, &base).await?;
    let proof = Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![shown],
        payloads: agreed,
    };
    probe.found_at(base, None, proof);
    Ok(())
}

fn refused(refusal: Refusal) -> String {
    match refusal {
        Refusal::Alert(number) => format!("refused with alert {number}"),
        Refusal::Closed => "answered by an end of the connection".to_owned(),
        Refusal::NotOffered | Refusal::NotTls => "not answered as an offer".to_owned(),
    }
}

/// The start page over whatever is agreed on usually: where it is.
pub(super) async fn shown(probe: &mut SiteProbe, base: &Request) -> Result<Exhibit, ProbeStop> {
    let sent = probe.attempt_as(Whom::Nobody, base.clone(), "").await?;
    Ok(Exhibit::attempted(EvidenceRole::Baseline, sent))
}
