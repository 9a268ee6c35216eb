//! The exit-code table, each code brought about by the run that deserves it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::program::{OddServer, read_head, shakedown, told, write};

/// A page with what [`RULE`] finds.
pub(crate) const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 40\r\n\r\n\
                    <!doctype html><title>x</title><p>Marker";

/// Finds something grave in [`PAGE`].
pub(crate) const RULE: &str = "\
id: marker-seen
info:
  name: Marker seen
  author: test
  severity: high
  description: The page has the marker.
  remediation: Take it away.
  reference: [https://example.org/]
  classification: { cwe-id: CWE-200 }
passive:
  - matchers:
      - type: word
        part: body
        words: [Marker]
";

/// A plan with a quarter of a second of load and a crawl, and these gates.
fn plan(dir: &Path, target: &str, gates: &str) -> String {
    let rules = dir.join("rules");
    std::fs::create_dir_all(&rules).expect("writable");
    write(&rules, "marker.yaml", RULE);
    let text = format!(
        "version: 1
target: {target}
requests:
  home: {{ get: / }}
flows:
  visit: [ {{ use: home }} ]
scenarios:
  steady: {{ executor: shared-iterations, exec: visit, vus: 2, iterations: 20, maxDuration: 10s }}
scan:
  crawl: {{ depth: 1, max_urls: 5 }}
  rules: [{}]
{gates}
",
        rules.display()
    );
    write(dir, "plan.yml", &text)
}

fn check(gates: &str, target: &str) -> (i32, Value, String) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = plan(dir.path(), target, gates);
    let (code, stdout, stderr) = told(&["check", &plan, "--json", "--fail-on", "never"]);
    let report = serde_json::from_str(&stdout).unwrap_or(Value::Null);
    (code, report, stderr)
}

#[test]
fn every_gate_has_its_code() {
    let server = OddServer::answering(PAGE);
    let fast = "'p(95)<60000'";
    let slow = "'p(95)<0.0001'";
    let cases = [
        ("passes", format!("thresholds: {{ http_req_latency: [{fast}] }}"), 0),
        ("too slow", format!("thresholds: {{ http_req_latency: [{slow}] }}"), 99),
        ("finding", "thresholds: { 'findings{severity:>=high}': ['count==0'] }".to_owned(), 80),
        (
            "finding and too slow",
            format!(
                "thresholds: {{ 'findings{{severity:>=high}}': ['count==0'], http_req_latency: [{slow}] }}"
            ),
            81,
        ),
        ("coverage", "thresholds: { coverage_operations: ['rate>1'] }".to_owned(), 83),
    ];
    for (name, gates, expected) in cases {
        let (code, report, stderr) = check(&gates, &server.url());
        assert_eq!(code, expected, "{name}: {stderr}");
        assert_eq!(report["verdict"]["exit_code"], expected, "{name}");
        let reasons = report["verdict"]["reasons"].as_array().expect("an array");
        assert_eq!(reasons.is_empty(), expected == 0, "{name}: {reasons:?}");
    }
}

#[test]
fn a_gate_on_a_rule_that_there_is_not_is_refused() {
    let server = OddServer::answering(PAGE);
    let (code, _, stderr) =
        check("thresholds: { 'findings{rule:marker-sene}': ['count==0'] }", &server.url());
    assert_eq!(code, 104, "{stderr}");
    assert!(stderr.contains("did you mean `marker-seen`?"), "{stderr}");
    let (code, _, _) =
        check("thresholds: { 'findings{rule:marker-seen}': ['count==0'] }", &server.url());
    assert_eq!(code, 80);
}

#[test]
fn the_default_findings_gate_holds_unless_the_plan_has_its_own() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let bare = plan(dir.path(), &server.url(), "");
    assert_eq!(told(&["check", &bare]).0, 80);
    assert_eq!(told(&["check", &bare, "--fail-on", "critical"]).0, 0);
    let own = plan(
        dir.path(),
        &server.url(),
        "thresholds: { 'findings{severity:critical}': ['count==0'] }",
    );
    assert_eq!(told(&["check", &own]).0, 0);
}

#[test]
fn a_kill_switch_stops_the_run_and_skips_the_scan() {
    let server = OddServer::answering("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "version: 1
target: {}
limits: {{ stop_if: {{ error_rate: 0.5, for: 1s }} }}
requests: {{ home: {{ get: / }} }}
flows: {{ visit: [ {{ use: home }} ] }}
scenarios:
  steady: {{ executor: constant-arrival-rate, exec: visit, rate: 20, duration: 50s, preAllocatedVUs: 5 }}
scan: {{ crawl: {{ depth: 1, max_urls: 5 }} }}
",
        server.url()
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let (code, stdout, stderr) = told(&["check", &plan, "--json"]);
    assert_eq!(code, 85, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("only JSON");
    assert!(stdout.contains("kill switch"), "the reason names it");
    assert_eq!(report["coverage"]["operations"].as_array().map(Vec::len), Some(0), "no scan");
}

/// The marker is there while load runs and gone before the scan comes.
fn marked_at_first() -> OddServer {
    let answered = AtomicU32::new(0);
    OddServer::start(move |mut stream| {
        while read_head(&mut stream) {
            let early = answered.fetch_add(1, Ordering::SeqCst) < 15;
            let page = if early { PAGE.to_owned() } else { PAGE.replace("Marker", "Nobody") };
            if stream.write_all(page.as_bytes()).is_err() {
                return;
            }
        }
    })
}

#[test]
fn passive_rules_run_on_load_traffic_when_the_plan_says_so() {
    let server = marked_at_first();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = plan(dir.path(), &server.url(), "");
    assert_eq!(told(&["check", &path]).0, 0, "by then the marker has gone");

    let server = marked_at_first();
    let path = plan(dir.path(), &server.url(), "");
    let text = std::fs::read_to_string(&path).expect("just written");
    let text = text.replace("max_urls: 5 }", "max_urls: 5 }\n  during_load: [passive]");
    std::fs::write(&path, text).expect("writable");
    assert_eq!(told(&["check", &path]).0, 80, "seen on load traffic");
}

#[test]
fn an_output_that_breaks_while_it_is_written_is_an_internal_error() {
    let server = OddServer::answering(PAGE);
    if !Path::new("/dev/full").exists() {
        // Only Linux has a device that opens and then refuses every byte.
        return;
    }
    let (code, _, stderr) = told(&["load", &server.url(), "-n", "5", "--json=/dev/full"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("/dev/full"), "{stderr}");
    let kind = std::fs::metadata("/dev/full").expect("it is there").file_type();
    assert!(!kind.is_file(), "the device was not replaced");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_writes_a_valid_report_that_says_so() {
    let server = OddServer::answering(PAGE);
    let mut child = shakedown()
        .args(["load", &server.url(), "-z", "60s", "-c", "2", "--jsonl", "--no-tui"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let mut log = String::new();
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    // The first window proves that load is running.
    loop {
        let before = log.len();
        assert!(lines.read_line(&mut log).expect("UTF-8") > 0, "the log ended: {log}");
        if log[before..].contains("load_window") {
            break;
        }
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it is running");
    std::io::Read::read_to_string(&mut lines, &mut log).expect("UTF-8");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(105), "{}", String::from_utf8_lossy(&output.stderr));

    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = write(dir.path(), "log.jsonl", &log);
    let (code, stdout, stderr) = told(&["report", &path, "-f", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    let schema: Value =
        serde_json::from_str(include_str!("../../reports/report.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.validate(&report).is_ok());
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["verdict"]["exit_code"], 105);
}
