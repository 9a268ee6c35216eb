//! The whole scan over sockets, against the demo shop and its safe twin.

use std::sync::Arc;

use shakedown::http::Client;
use shakedown::http::ClientOptions;
use shakedown::http::Pacer;
use shakedown::http::clock::Clock;
use shakedown::model::Redactor;
use shakedown::model::Report;
use shakedown::model::Severity;
use shakedown::model::Stamped;
use shakedown::model::StopToken;
use shakedown::rules::Registry;
use shakedown::scan::Addresses;
use shakedown::scan::ScanJob;

use super::site::Setup;
use super::site::plan;
use crate::own_shop::OwnShop;

async fn scan_shop(safe: bool) -> Report {
    let shop = OwnShop::open(safe).await;
    let active = vec!["sqli-error", "sqli-boolean", "xss-reflected", "open-redirect"];
    let plan = plan(&format!("{}/", shop.url), Setup { active, ..Setup::default() });
    let clock = Clock::start();
    let scope = Arc::new(plan.scope.clone());
    let client = Client::new(scope, ClientOptions::default(), Pacer::new(None, clock), clock);
    let job = ScanJob {
        record: None,
        addresses: Addresses::Counted,
        plan: Arc::new(plan),
        registry: Arc::new(Registry::embedded()),
        wire: Arc::new(client.expect("no files to read")),
        clock,
        redactor: Redactor::default(),
        browser: None,
        templates: None,
        callbacks: None,
        callback_server: None,
    };
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let scan = tokio::spawn(shakedown::scan::run(job, sender, StopToken::default()));
    let mut report = Report::default();
    let mut seq = 0;
    while let Some(event) = events.recv().await {
        report.apply(&Stamped { seq, at: clock.now(), event });
        seq += 1;
    }
    scan.await.expect("a scan does not panic");
    shop.close().await;
    report
}

/// Findings that gates care about, by rule and place.
fn grave(report: &Report) -> Vec<String> {
    let mut grave: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Medium)
        .map(|finding| {
            let point = finding.insertion_point.as_ref().map(|point| format!(" {point}"));
            let place = point.unwrap_or_default();
            format!("{} {} {}{place}", finding.rule.id, finding.method, finding.path_template)
        })
        .collect();
    grave.sort();
    grave
}

#[tokio::test]
async fn every_flaw_that_these_checks_claim_is_found() {
    let report = scan_shop(false).await;
    let grave = grave(&report);
    for expected in [
        "open-redirect GET /go query `to`",
        "open-redirect GET /partners/trade/return query `return_to`",
        "sqli-boolean GET /news/prices cookie `currency`",
        "sqli-boolean GET /product query `id`",
        "sqli-error GET /products query `category`",
        "xss-reflected GET /newsletter query `email`",
        "xss-reflected GET /search query `q`",
        "xss-reflected GET /track query `code`",
    ] {
        assert!(grave.iter().any(|found| found == expected), "{expected} in {grave:#?}");
    }
    let proven = report.findings.iter().filter(|finding| finding.insertion_point.is_some()).count();
    assert_eq!(proven, 8, "nothing else is claimed: {grave:#?}");
    assert_eq!(report.scan_requests.1, 0, "no request failed");
}

#[tokio::test]
async fn nothing_grave_is_claimed_of_the_safe_twin() {
    let report = scan_shop(true).await;
    assert_eq!(grave(&report), Vec::<String>::new());
    for (id, (_, outcome)) in &report.rules {
        let outcome = outcome.as_ref().expect("every rule has finished");
        let skipped =
            outcome.skipped.as_deref().filter(|why| *why != "not among the active checks");
        assert_eq!((outcome.errors, skipped), (0, None), "{id}");
    }
}

#[test]
fn every_native_rule_has_its_check_and_the_other_way_round() {
    let registry = Registry::embedded();
    let mut checks = shakedown::scan::native_check_ids();
    checks.sort_unstable();
    assert_eq!(registry.native_ids().collect::<Vec<_>>(), checks);
}
