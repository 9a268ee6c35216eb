//! Servers that agree to what they should not, and certificates with faults.

use std::sync::Arc;
use std::time::Duration;

use shakedown::http::clock::Clock;
use shakedown::http::tls::own::Offer;
use shakedown::http::tls::own::Refusal;
use shakedown::http::tls::own::Reply;
use shakedown::http::tls::own::Version;
use shakedown::model::CertificateReport;
use shakedown::model::Confidence;
use shakedown::model::ShownCertificate;
use shakedown::model::Trust;

use super::site::Scanned;
use super::site::Setup;
use super::site::Shown;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::scan;

const AGREEMENTS: [&str; 4] =
    ["tls-old-version", "tls-weak-suite", "tls-no-forward-secrecy", "tls-small-prime"];
const CERTIFICATES: [&str; 5] = [
    "certificate-untrusted",
    "certificate-wrong-name",
    "certificate-expired",
    "certificate-expires-soon",
    "certificate-weak",
];

/// A server that speaks these versions and suites, the dearest first.
#[derive(Debug, Clone)]
struct Server {
    versions: Vec<Version>,
    suites: Vec<u16>,
    prime_bits: usize,
    /// Agrees to whatever is offered.
    careless: bool,
}

fn careful() -> Server {
    Server {
        versions: vec![Version::Tls12],
        suites: vec![0xc02f, 0xc030, 0x009e],
        prime_bits: 2048,
        careless: false,
    }
}

impl Server {
    fn answer(&self, offer: &Offer) -> Reply {
        let fits = |version: &&Version| **version <= offer.version;
        let version = self.versions.iter().filter(fits).max().copied();
        let suite = if self.careless {
            offer.suites.first()
        } else {
            self.suites.iter().find(|suite| offer.suites.contains(suite))
        };
        match (version, suite.copied()) {
            (Some(version), Some(suite)) => {
                let prime_bits = matches!(suite, 0x0033 | 0x009e).then_some(self.prime_bits);
                Reply::Agreed { version, suite, certificates: Vec::new(), prime_bits }
            }
            (None, _) => Reply::Refused(Refusal::Alert(70)),
            (_, None) => Reply::Refused(Refusal::Alert(40)),
        }
    }
}

fn setup(rules: &[&'static str], shown: Shown) -> Setup {
    Setup {
        active: rules.to_vec(),
        target: "https://127.0.0.1:8443/",
        tls: Some(Arc::new(shown)),
        ..Setup::default()
    }
}

async fn scan_server(server: Server) -> Scanned {
    let offer = move |offer: &Offer| server.answer(offer);
    let shown = Shown { offer: Box::new(offer), certificate: None };
    scan(setup(&AGREEMENTS, shown), |_| html("<h1>Shop</h1>")).await
}

#[tokio::test]
async fn what_a_server_agrees_to_is_told_by_rule() {
    use Version::{Ssl30, Tls10, Tls11, Tls12};
    for (server, expected) in [
        (careful(), vec![]),
        (
            Server { versions: vec![Tls10, Tls11, Tls12], ..careful() },
            vec![("tls-old-version", "TLS 1.0 (TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), TLS 1.1")],
        ),
        (
            Server { versions: vec![Ssl30, Tls12], ..careful() },
            vec![("tls-old-version", "it agrees to SSL 3.0")],
        ),
        (
            Server { suites: vec![0xc02f, 0x0005, 0x0001], ..careful() },
            vec![(
                "tls-weak-suite",
                "no encryption: TLS_RSA_WITH_NULL_MD5, RC4: TLS_RSA_WITH_RC4_128_SHA, twice each",
            )],
        ),
        (
            Server { suites: vec![0xc02f, 0x009c], ..careful() },
            vec![("tls-no-forward-secrecy", "TLS_RSA_WITH_AES_128_GCM_SHA256")],
        ),
        (
            Server { prime_bits: 1024, ..careful() },
            vec![("tls-small-prime", "a prime of 1024 bits")],
        ),
    ] {
        let scanned = scan_server(server.clone()).await;
        for rule in AGREEMENTS {
            let found = scanned.found(rule);
            let words = expected.iter().find(|(known, _)| *known == rule).map(|(_, words)| *words);
            assert_eq!(found.len(), usize::from(words.is_some()), "{rule} {server:?} {found:?}");
            let Some(words) = words else { continue };
            assert!(found[0].detail.contains(words), "{}", found[0].detail);
            assert!(found[0].detail.contains("refused with alert"), "{}", found[0].detail);
            assert_eq!(found[0].confidence, Confidence::Confirmed);
            assert_eq!(found[0].evidence.len(), 1);
        }
        assert_eq!(scanned.outcome("tls-old-version").errors, 0);
    }
}

#[tokio::test]
async fn who_agrees_to_anything_has_agreed_to_nothing() {
    let versions = Version::ALL.to_vec();
    let scanned = scan_server(Server { careless: true, versions, ..careful() }).await;
    for rule in AGREEMENTS {
        assert!(scanned.found(rule).is_empty(), "{rule}");
        assert!(scanned.outcome(rule).requests > 0, "{rule}");
    }
}

#[tokio::test]
async fn a_careful_server_costs_what_is_said() {
    let scanned = scan_server(careful()).await;
    let cost = |rule: &str| scanned.outcome(rule).requests;
    assert_eq!(AGREEMENTS.map(cost), [3, 6, 1, 1]);
}

#[tokio::test]
async fn without_tls_there_is_nothing_to_agree_on() {
    let rules: Vec<&str> = AGREEMENTS.into_iter().chain(CERTIFICATES).collect();
    let setup = Setup { active: rules.clone(), ..Setup::default() };
    let scanned = scan(setup, |_| html("<h1>Shop</h1>")).await;
    for rule in rules {
        let skipped = scanned.outcome(rule).skipped.clone().unwrap_or_default();
        assert!(skipped.contains("TLS"), "{rule} {skipped}");
    }
}

const DAY: Duration = Duration::from_secs(86_400);

fn good() -> CertificateReport {
    let now = Duration::from_secs(Clock::start().unix_seconds());
    let own = ShownCertificate {
        subject: "CN=shop".to_owned(),
        issuer: "CN=authority".to_owned(),
        names: vec!["127.0.0.1".to_owned()],
        valid_from: now.saturating_sub(40 * DAY),
        valid_until: now + 50 * DAY,
        key: "EC".to_owned(),
        key_bits: 256,
        broken_digest: None,
        is_self_signed: false,
    };
    CertificateReport { chain: vec![own], trust: Trust::Trusted, wrong_name: None }
}

async fn scan_certificate(report: CertificateReport) -> Scanned {
    let refuse = |_: &Offer| Reply::Refused(Refusal::Closed);
    let shown = Shown { offer: Box::new(refuse), certificate: Some(report) };
    scan(setup(&CERTIFICATES, shown), |_| html("<h1>Shop</h1>")).await
}

#[tokio::test]
async fn faults_of_certificates_are_told_each_by_its_rule() {
    let with = |change: &dyn Fn(&mut CertificateReport)| {
        let mut report = good();
        change(&mut report);
        report
    };
    let ended = |report: &mut CertificateReport| {
        report.chain[0].valid_until = report.chain[0].valid_from + 30 * DAY;
    };
    let named = |report: &mut CertificateReport| report.wrong_name = Some("127.0.0.1".to_owned());
    for (report, expected) in [
        (good(), vec![]),
        (
            with(&|report| report.trust = Trust::Untrusted("nobody knows it".to_owned())),
            vec![("certificate-untrusted", "the certificate of `CN=shop` by `CN=authority`")],
        ),
        (with(&named), vec![("certificate-wrong-name", "is for 127.0.0.1, not for")]),
        (with(&ended), vec![("certificate-expired", "ended 10 days ago, in two handshakes")]),
        (
            with(&|report| {
                ended(report);
                named(report);
            }),
            vec![("certificate-expired", "ended"), ("certificate-wrong-name", "not for")],
        ),
        (
            with(&|report| report.chain[0].key_bits = 192),
            vec![("certificate-weak", "the EC key of `CN=shop` has 192 bits")],
        ),
    ] {
        let scanned = scan_certificate(report).await;
        for rule in CERTIFICATES {
            let found = scanned.found(rule);
            let words = expected.iter().find(|(known, _)| *known == rule).map(|(_, words)| *words);
            assert_eq!(found.len(), usize::from(words.is_some()), "{rule} {found:?}");
            if let Some(words) = words {
                assert!(found[0].detail.contains(words), "{}", found[0].detail);
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_judged_is_said() {
    let scanned = scan_certificate(CertificateReport { trust: Trust::Unknown, ..good() }).await;
    let outcome = scanned.outcome("certificate-untrusted");
    let skipped = outcome.skipped.clone().unwrap_or_default();
    assert!(skipped.contains("--cacert"), "{skipped}");
}

#[tokio::test]
async fn a_host_that_answers_plainly_too_is_told() {
    let rule = "https-not-enforced";
    for (leads_there, count) in [(false, 1), (true, 0)] {
        let shown =
            Shown { offer: Box::new(|_| Reply::Refused(Refusal::Closed)), certificate: None };
        let setup = Setup { also: vec!["http://127.0.0.1:8080/"], ..setup(&[rule], shown) };
        let scanned = scan(setup, move |ask| {
            let is_plain = ask.request.origin.port == 8080;
            match ask.path.as_str() {
                "/" if is_plain && leads_there => redirect("https://127.0.0.1:8443/"),
                "/" => html("<h1>Shop</h1>"),
                _ => not_found(),
            }
        })
        .await;
        assert_eq!(scanned.found(rule).len(), count, "{:?}", scanned.outcome(rule));
    }
}
