//! The rule pack: every shipped rule compiles, says enough, and does what its examples say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use shakedown::model::Severity;
use shakedown::rules::Expectation;
use shakedown::rules::PassiveRule;
use shakedown::rules::Registry;
use shakedown::rules::ResponseView;

fn rule_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn yaml_files(dir: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(dir).expect("rules is readable") {
        let path = entry.expect("rules is readable").path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.insert(path);
        }
    }
}

/// What is wrong with a rule's examples.
fn wrong_examples(rule: &PassiveRule) -> Vec<String> {
    let id = &rule.meta().id;
    let mut wrong = Vec::new();
    for wanted in [Expectation::Match, Expectation::NoMatch] {
        if !rule.examples().iter().any(|example| example.expectation == wanted) {
            wrong.push(format!("{id}: no example of {wanted:?}"));
        }
    }
    for example in rule.examples() {
        let view = ResponseView::of(&example.exchange).expect("examples have a response");
        let found = rule.evaluate(&view);
        if found.is_empty() == (example.expectation == Expectation::Match) {
            wrong.push(format!("{id}, line {}: not {:?}", example.line, example.expectation));
        }
    }
    wrong
}

#[test]
fn every_shipped_rule_does_what_its_examples_say() {
    let registry = Registry::embedded();
    let wrong: Vec<String> = registry.passive().iter().flat_map(wrong_examples).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(registry.passive().len() >= 150, "only {}", registry.passive().len());
}

#[test]
fn a_wrong_example_is_noticed() {
    let text = fs::read_to_string(rule_dir().join("headers/csp-missing.yaml")).expect("readable");
    let swapped = text.replace("\n  match:", "\n  x:").replace("\n  no-match:", "\n  match:");
    let swapped = swapped.replace("\n  x:", "\n  no-match:");
    let registry = Registry::of_sources(&[("x.yaml".to_owned(), swapped)]).expect("compiles");
    let rule = &registry.passive()[0];
    assert_eq!(wrong_examples(rule).len(), rule.examples().len());
    assert!(!rule.examples().is_empty());
}

#[test]
fn highlights_point_into_the_recorded_response() {
    for rule in Registry::embedded().passive() {
        for example in rule.examples() {
            let view = ResponseView::of(&example.exchange).expect("examples have a response");
            let wire = example.exchange.response().expect("has a response").to_wire();
            for found in rule.evaluate(&view) {
                if let Some(place) = found.highlight {
                    assert!(place.length > 0, "{}: empty highlight", rule.meta().id);
                    assert!(place.offset + place.length <= wire.len(), "{}", rule.meta().id);
                }
            }
        }
    }
}

#[test]
fn the_embedded_list_is_the_directory() {
    let mut files = BTreeSet::new();
    yaml_files(&rule_dir(), &mut files);
    let in_dir: BTreeSet<String> =
        files.iter().map(|path| fs::read_to_string(path).expect("readable")).collect();
    let from_dir = Registry::of_sources(
        &in_dir.iter().map(|text| ("x.yaml".to_owned(), text.clone())).collect::<Vec<_>>(),
    )
    .expect("every file compiles");
    let ids = |registry: &Registry| -> BTreeSet<String> {
        registry.metas().map(|meta| meta.id.clone()).collect()
    };
    assert_eq!(ids(&from_dir), ids(&Registry::embedded()));
    for path in &files {
        let stem = path.file_stem().expect("has a name").to_string_lossy();
        assert!(ids(&from_dir).contains(&*stem), "{} has another id", path.display());
    }
}

#[test]
fn every_rule_says_where_it_belongs_and_what_to_do() {
    for meta in Registry::embedded().metas() {
        let id = &meta.id;
        let years: Vec<&str> = meta.owasp.iter().filter_map(|place| place.0.get(4..)).collect();
        assert_eq!(years, ["2025", "2021"], "{id}: OWASP Top 10 of both years");
        assert!(!meta.cwe.is_empty(), "{id}: CWE");
        assert!(meta.references.iter().all(|url| url.starts_with("https://")), "{id}");
        assert!(!meta.references.is_empty() && !meta.tags.is_empty(), "{id}");
        assert!(meta.why.len() > 40 && meta.fix.len() > 10, "{id}: why and fix");
        assert!(meta.severity < Severity::Medium || meta.cvss.is_some(), "{id}: CVSS vector");
    }
}

/// Ids are public.
const NATIVE: &[&str] = &[
    "access-bypass",
    "access-matrix",
    "backup-files",
    "bola",
    "bola-write",
    "buffer-overflow",
    "cache-deception",
    "cache-poisoning",
    "certificate-expired",
    "certificate-expires-soon",
    "certificate-untrusted",
    "certificate-weak",
    "certificate-wrong-name",
    "code-injection",
    "command-injection",
    "cookie-credentials",
    "cors-misconfigured",
    "crlf-injection",
    "crlf-injection-path",
    "csp-bypass",
    "csp-nonce-reused",
    "csrf",
    "default-credentials",
    "deserialization",
    "directory-listing-plain",
    "excessive-data",
    "expression-injection",
    "file-inclusion",
    "forced-browsing",
    "format-string",
    "function-level-access",
    "graphql-authorization",
    "graphql-get-mutation",
    "graphql-limits",
    "host-header",
    "host-header-reset",
    "http-methods",
    "https-not-enforced",
    "integer-overflow",
    "jwt-expiry",
    "jwt-key-confusion",
    "jwt-unverified",
    "jwt-weak-key",
    "ldap-injection",
    "login-unlimited",
    "logout-ineffective",
    "mail-header-injection",
    "mass-assignment",
    "method-override",
    "nosql-injection",
    "open-redirect",
    "page-size",
    "password-in-url",
    "path-traversal",
    "postmessage-origin",
    "predictable-address",
    "prototype-pollution",
    "race",
    "rate-limit-bypass",
    "rate-limit-exceeded",
    "rate-limit-header",
    "rate-limit-key",
    "rate-limit-missing",
    "redos",
    "request-smuggling",
    "session-fixation",
    "session-id-predictable",
    "sqli-boolean",
    "sqli-error",
    "sqli-second-order",
    "sqli-time",
    "sqli-union",
    "ssi-injection",
    "ssrf",
    "template-injection",
    "tls-no-forward-secrecy",
    "tls-old-version",
    "tls-small-prime",
    "tls-weak-suite",
    "trace-method",
    "upload-unrestricted",
    "user-enumeration",
    "websocket-origin",
    "xpath-injection",
    "xss-dom",
    "xss-reflected",
    "xss-stored",
    "xxe",
];

#[test]
fn native_checks_are_described() {
    let registry = Registry::embedded();
    let ids: Vec<&str> = registry.native_ids().collect();
    assert_eq!(ids, NATIVE);
}

/// The ids that match, with severities, of a response at `url`.
fn findings(url: &str, head: &str, body: &str) -> Vec<(String, Severity)> {
    let response = format!("{head}\n\n{body}");
    let indented = response.replace('\n', "\n        ");
    let carrier = format!(
        "id: carrier\ninfo: {{name: n, author: a, severity: info, description: d, remediation: r}}\n\
         passive: [ {{ matchers: [ {{ type: status, status: [200] }} ] }} ]\n\
         examples:\n  match:\n    - url: {url}\n      response: |\n        {indented}\n"
    );
    let carrier = Registry::of_sources(&[("x.yaml".to_owned(), carrier)]).expect("compiles");
    let view = ResponseView::of(&carrier.passive()[0].examples()[0].exchange).expect("a response");
    Registry::embedded()
        .passive()
        .iter()
        .filter(|rule| !rule.evaluate(&view).is_empty())
        .map(|rule| (rule.meta().id.clone(), rule.meta().severity))
        .collect()
}

const PAGE: &str = "<!doctype html><html><head><title>Shop &mdash; index of offers</title>\
<link rel=stylesheet href=/style.css><script src=https://cdn.example/lib.js></script></head>\
<body><h1>Warning: prices at Central.Station(Main) may change</h1>\
<p>Call 10.30 to 18.00, version 10.2.30.400, mail info@shop.example.</p>\
<p>Our error pages never show a Traceback, ORA-1 or SQL syntax.</p>\
<form method=post action=/login><input name=user><input type=password name=pass></form>\
<form method=get action=/search><input name=q></form><!-- end of page --></body></html>";

#[test]
fn a_hardened_page_has_no_finding() {
    let head = "HTTP/1.1 200 OK\nServer: nginx\nContent-Type: text/html; charset=utf-8\n\
        Content-Security-Policy: default-src 'self'; script-src 'nonce-7Qk2v9XcR4mZt1LwP8sYbA' 'strict-dynamic'; form-action 'self'; \
        object-src 'none'; base-uri 'none'; frame-ancestors 'none'\n\
        X-Content-Type-Options: nosniff\nReferrer-Policy: strict-origin-when-cross-origin\n\
        Permissions-Policy: camera=()\nCross-Origin-Opener-Policy: same-origin\n\
        Strict-Transport-Security: max-age=31536000; includeSubDomains\n\
        Set-Cookie: __Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax\n\
        Set-Cookie: csrf_token=abc; Path=/; Secure; SameSite=Strict\n\
        Cache-Control: no-store";
    assert_eq!(findings("https://shop.example/", head, PAGE), []);
}

#[test]
fn an_ordinary_page_has_nothing_of_medium_or_above() {
    let head = "HTTP/1.1 200 OK\nServer: Apache/2.4.57 (Debian)\nX-Powered-By: PHP/8.2.7\n\
        Content-Type: text/html\nSet-Cookie: PHPSESSID=abc; path=/";
    let found = findings("https://shop.example/", head, PAGE);
    assert!(found.len() > 8, "{found:?}");
    assert!(found.iter().all(|(_, severity)| *severity < Severity::Medium), "{found:?}");
}

#[test]
fn an_interface_s_answer_needs_no_headers_for_documents() {
    let head = "HTTP/1.1 200 OK\nContent-Type: application/json\nX-Content-Type-Options: nosniff";
    assert_eq!(findings("http://shop.example/api", head, "{\"items\": []}"), []);
}
