//! Runs that are compared with an earlier one.

use std::path::Path;

use serde_json::Value;

use crate::exit_codes::{PAGE, RULE};
use crate::program::{OddServer, told, write};

/// A plan with a quarter of a second of load, a crawl and what is compared.
fn plan(dir: &Path, target: &str, rest: &str) -> String {
    let rules = dir.join("rules");
    std::fs::create_dir_all(&rules).expect("writable");
    write(&rules, "marker.yaml", RULE);
    let text = format!(
        "version: 1
target: {target}
requests: {{ home: {{ get: / }} }}
flows: {{ visit: [ {{ use: home }} ] }}
scenarios:
  steady: {{ executor: shared-iterations, exec: visit, vus: 2, iterations: 20, maxDuration: 10s }}
scan: {{ crawl: {{ depth: 1, max_urls: 5 }}, rules: [{}] }}
{rest}
",
        rules.display()
    );
    write(dir, "plan.yml", &text)
}

fn check(args: &[&str]) -> (i32, Value, String) {
    let (code, stdout, stderr) = told(&[&["check", "--json"], args].concat());
    (code, serde_json::from_str(&stdout).unwrap_or(Value::Null), stderr)
}

fn statuses(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().expect("an array");
    findings.iter().filter_map(|finding| finding["status"].as_str()).collect()
}

#[test]
fn what_was_there_before_is_known_and_fails_no_gate() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let first = plan(dir.path(), &server.url(), "");
    let (code, report, stderr) = check(&[&first]);
    assert_eq!(code, 80, "{stderr}");
    assert!(statuses(&report).iter().all(|status| *status == "new"));
    let main = write(dir.path(), "main.json", &report.to_string());

    let (code, report, stderr) = check(&[&first, "--baseline", &main]);
    assert_eq!(code, 0, "{stderr}");
    assert!(statuses(&report).iter().all(|status| *status == "known"), "{:?}", statuses(&report));

    let known = "thresholds: { 'findings{severity:>=high,status:known}': [ 'count==0' ] }";
    let strict =
        plan(dir.path(), &server.url(), &format!("baseline: {{ run: main.json }}\n{known}"));
    assert_eq!(check(&[&strict]).0, 80, "a gate may count what is known");
}

#[test]
fn an_accepted_finding_passes_until_it_expires() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (_, report, _) = check(&[&plan(dir.path(), &server.url(), "")]);
    let findings = report["findings"].as_array().expect("an array");
    let markers = findings.iter().filter(|one| one["rule"] == "marker-seen");
    let fingerprints: Vec<&str> =
        markers.map(|marker| marker["fingerprint"].as_str().expect("a text")).collect();
    assert!(!fingerprints.is_empty());
    let accept = |expires: &str| {
        let entries = fingerprints.iter().map(|fingerprint| {
            format!(
                "- {{ fingerprint: {fingerprint}, reason: a test page, owner: team-a, expires: {expires} }}\n"
            )
        });
        write(dir.path(), "accepted.yml", &entries.collect::<String>());
        let plan = plan(dir.path(), &server.url(), "baseline: { accepted: accepted.yml }");
        check(&[&plan])
    };
    let (code, report, stderr) = accept("9999-12-31");
    assert_eq!(code, 0, "{stderr}");
    assert!(statuses(&report).contains(&"accepted"));
    let findings = report["findings"].as_array().expect("an array");
    let accepted = findings.iter().find(|one| one["status"] == "accepted").expect("one");
    let said =
        serde_json::json!({ "reason": "a test page", "owner": "team-a", "expires": "9999-12-31" });
    assert_eq!(accepted["accepted"], said);
    let (code, report, _) = accept("2001-01-01");
    assert_eq!(code, 80);
    assert!(!statuses(&report).contains(&"accepted"));
    let notices = report["errors"].to_string();
    assert!(notices.contains("expired on 2001-01-01 (a test page, team-a)"), "{notices}");
    let (code, _, stderr) = accept("someday");
    assert_eq!(code, 104);
    assert!(stderr.contains("accepted.yml:1:"), "{stderr}");
}

#[test]
fn a_change_is_82_alone_and_needs_a_baseline() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let gates = "thresholds: { 'http_reqs|vs(baseline)': [ 'count==+0', 'count<+0%' ] }";
    let plan = plan(dir.path(), &server.url(), gates);
    let (code, _, stderr) = told(&["load", &plan]);
    assert_eq!(code, 104);
    assert!(stderr.contains("`http_reqs|vs(baseline)`: there is no baseline"), "{stderr}");

    let (_, report, _) = told(&["load", &server.url(), "-n", "20", "--json"]);
    let main = write(dir.path(), "main.json", &report);
    let (code, report, stderr) = told(&["load", &plan, "--json", "--baseline", &main]);
    assert_eq!(code, 82, "{stderr}");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let results = report["thresholds"].as_array().expect("an array");
    assert_eq!(results[0]["pass"], true);
    assert_eq!(results[1]["pass"], false);
    assert_eq!(results[1]["baseline"], 20.0);

    let (code, _, stderr) = told(&["load", &plan, "--baseline", "/nowhere.json"]);
    assert_eq!(code, 2, "{stderr}");
    let (code, _, stderr) = told(&["load", &server.url(), "--baseline", &main]);
    assert_eq!((code, stderr.contains("nothing is compared")), (2, true), "{stderr}");
}

#[test]
fn gates_select_by_tags_of_the_plan() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "version: 1
target: {}
requests: {{ home: {{ get: /, tags: {{ tier: critical }} }}, about: {{ get: /about }} }}
flows: {{ visit: [ {{ use: home }}, {{ use: about }} ] }}
scenarios:
  one: {{ executor: shared-iterations, exec: visit, iterations: 20, tags: {{ team: shop }} }}
  two: {{ executor: shared-iterations, exec: visit, iterations: 10, tags: {{ tier: low }} }}
thresholds:
  'http_reqs{{tier:critical}}': [ 'count==30' ]
  'http_reqs{{tier:low}}': [ 'count==10' ]
  'http_reqs{{team:shop}}': [ 'count==40' ]
  'iterations{{team:shop}}': [ 'count==20' ]
",
        server.url()
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let (code, report, stderr) = told(&["load", &plan, "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["endpoints"][0]["tags"]["team"], "shop");
    let metrics = report["metrics"].as_array().expect("an array");
    assert!(metrics.iter().any(|metric| metric["tags"]["tier"] == "critical"));
}

#[test]
fn the_cost_stands_in_the_report() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let cost = "cost: { instances: 4, price_per_hour: 0.17, currency: USD }";
    let plan = plan(dir.path(), &server.url(), cost);
    let (code, report, stderr) = told(&["load", &plan, "--json"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("0.68 USD/h for 4 instances, "), "{stderr}");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let elapsed_hours = report["load"]["elapsed_ms"].as_f64().expect("a number") / 3.6e6;
    let per_million = report["cost"]["per_million_requests"].as_f64().expect("a number");
    assert!((per_million / (0.68 * elapsed_hours / 20.0 * 1e6) - 1.0).abs() < 1e-6);
}
