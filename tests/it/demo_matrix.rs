//! Planted flaw × found: what this version claims it finds, and the safe twin stays silent.

use serde_json::Value;
use shakedown::demo::{FLAWS, FlawKind, Parameter};

use crate::program::{Shop, told};

/// Rules that a planted flaw shows up under.
const FOUND_AS: &[(&str, &[&str])] = &[
    ("xss-search-text", &["xss-reflected"]),
    ("xss-newsletter-attribute", &["xss-reflected"]),
    ("xss-track-script", &["xss-reflected"]),
    ("xss-gift-card", &["xss-reflected"]),
    ("sqli-category-error", &["sqli-error"]),
    ("sqli-product-boolean", &["sqli-boolean"]),
    ("open-redirect-go", &["open-redirect"]),
    (
        "headers-missing",
        &["csp-missing", "clickjacking", "content-type-options-missing", "referrer-policy-missing"],
    ),
    ("cookie-flags-missing", &["cookie-no-httponly", "cookie-no-samesite"]),
    ("version-disclosure", &["server-version", "technology-version"]),
    ("verbose-error-page", &["stack-trace"]),
];

/// Planted flaws that no check of this version claims.
const NOT_YET: &[&str] = &[
    "xss-review-stored",
    "sqli-stock-blind",
    "path-traversal-download",
    "crlf-lang",
    "bola-order-page",
    "bola-upload",
    "bola-order-api",
    "bfla-admin-users",
    "mass-assignment-account",
    "excessive-data-account",
    "cors-any-origin",
    "csrf-missing",
    "verbose-error-api",
    "login-unlimited-page",
    "login-unlimited-api",
    "debug-page",
    "source-backup",
    "upload-unrestricted",
];

fn scan(url: &str) -> Value {
    let (code, stdout, stderr) = told(&[
        "scan",
        url,
        "--active",
        "--allow-unsafe",
        "--max-rps",
        "2000",
        "--fail-on",
        "never",
        "--json",
    ]);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).expect("only JSON")
}

fn findings(report: &Value) -> &[Value] {
    report["findings"].as_array().expect("an array")
}

/// Whether a finding is at the flaw's place, by path and, where the flaw has one, by parameter.
fn is_at(finding: &Value, flaw: &shakedown::demo::Flaw) -> bool {
    let url =
        url::Url::parse(finding["url"].as_str().unwrap_or_default()).expect("an absolute URL");
    let point = finding["insertion_point"]["name"].as_str();
    match flaw.place.parameter {
        // Whole-site rules are reported where they were seen first.
        Parameter::Whole | Parameter::RequestHeader(_) | Parameter::ResponseHeader(_) => true,
        Parameter::Query(name) | Parameter::Form(name) | Parameter::Json(name) => {
            url.path() == flaw.place.path && point.is_none_or(|point| point == name)
        }
        Parameter::Path(_) | Parameter::File(_) => url.path().starts_with(flaw.place.path),
    }
}

#[test]
fn every_planted_flaw_is_claimed_or_named_as_not_yet() {
    for flaw in FLAWS.iter().filter(|flaw| flaw.kind == FlawKind::Security) {
        let claimed = FOUND_AS.iter().any(|(id, _)| *id == flaw.id);
        assert!(claimed != NOT_YET.contains(&flaw.id), "{} must be in one of the lists", flaw.id);
    }
    for (id, _) in FOUND_AS {
        assert!(FLAWS.iter().any(|flaw| flaw.id == *id), "{id} is not planted");
    }
}

#[test]
fn every_claimed_flaw_is_found_on_the_flawed_shop() {
    let shop = Shop::flawed();
    let report = scan(&shop.url);
    let mut missed = Vec::new();
    for (id, rules) in FOUND_AS {
        let flaw = FLAWS.iter().find(|flaw| flaw.id == *id).expect("it is planted");
        for rule in *rules {
            let found = findings(&report)
                .iter()
                .any(|finding| finding["rule"] == *rule && is_at(finding, flaw));
            if !found {
                missed.push(format!("{id} as {rule}"));
            }
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}\nfound: {:?}", shown(&report, "info"));
    for finding in findings(&report) {
        let reproduce = finding["reproduce"].as_str().unwrap_or_default();
        assert!(reproduce.starts_with("curl "), "{reproduce}");
        assert!(!finding["evidence"].as_array().expect("an array").is_empty());
    }
}

#[test]
fn the_safe_twin_has_no_finding_of_medium_or_higher() {
    let shop = Shop::safe();
    let report = scan(&shop.url);
    assert!(report["coverage"]["operations"].as_array().is_some_and(|known| known.len() > 10));
    let grave = shown(&report, "medium");
    assert!(grave.is_empty(), "{grave:#?}");
}

/// Findings from a severity on, one line each.
fn shown(report: &Value, from: &str) -> Vec<String> {
    let severity = |name: &str| shakedown::model::Severity::parse(name).expect("a known severity");
    findings(report)
        .iter()
        .filter(|finding| {
            severity(finding["severity"].as_str().unwrap_or_default()) >= severity(from)
        })
        .map(|finding| {
            format!("{} {} {}", finding["rule"], finding["url"], finding["insertion_point"]["name"])
        })
        .collect()
}
