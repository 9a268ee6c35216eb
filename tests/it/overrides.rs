//! What a plan says of findings beforehand.

use serde_json::Value;

use crate::program::Shop;
use crate::program::told;
use crate::program::write;

fn scan(url: &str, overrides: &str) -> (i32, Value) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "version: 1\ntarget: {url}\nscan:\n  crawl: {{ depth: 2, max_urls: 60 }}\n  \
         active: [xss-reflected]\n  max_rps: 2000\n  overrides: {overrides}\n\
         scope: {{ include: ['^/$', '^/search', '^/newsletter'] }}\n\
         thresholds: {{ 'findings{{severity:>=medium}}': [ 'count==0' ] }}\n"
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let (code, stdout, stderr) = told(&["scan", &plan, "--json"]);
    let report = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("JSON: {stderr}"));
    (code, report)
}

fn of<'r>(report: &'r Value, parameter: &str) -> &'r Value {
    let findings = report["findings"].as_array().expect("an array");
    let is_it = |finding: &&Value| {
        finding["rule"] == "xss-reflected" && finding["insertion_point"]["name"] == parameter
    };
    findings.iter().find(is_it).unwrap_or_else(|| panic!("{parameter}: {findings:#?}"))
}

#[test]
fn a_false_positive_is_shown_and_held_against_nobody_and_a_severity_is_another() {
    let shop = Shop::flawed();
    let (code, report) = scan(&shop.url, "[]");
    assert_eq!(code, 80);
    assert_eq!(of(&report, "q")["status"], "new");
    let severity = of(&report, "email")["severity"].clone();
    let (_, report) = scan(
        &shop.url,
        "[ { rule: 'xss-*', url: '^/search', reason: shown as text, false_positive: { owner: Ann, \
         expires: 2099-12-31 } }, { parameter: email, severity: low, reason: an old page } ]",
    );
    assert_eq!(of(&report, "q")["status"], "accepted");
    assert_eq!(of(&report, "q")["accepted"]["reason"], "false positive: shown as text");
    assert_ne!(severity, "low");
    assert_eq!(of(&report, "email")["severity"], "low");
    let (_, report) = scan(
        &shop.url,
        "[ { rule: 'xss-*', reason: x, false_positive: { owner: Ann, expires: 2020-01-31 } } ]",
    );
    assert_eq!(of(&report, "q")["status"], "new", "that has expired");
}
