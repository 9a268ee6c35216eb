//! What services for CI are handed: their formats, in the shape in which they read them.

use std::collections::BTreeSet;

use serde_json::Value;
use shakedown::model::FindingStatus;
use shakedown::model::OutputKind;
use shakedown::model::Report;
use shakedown::report::render;

use crate::fixtures::rich_report;
use crate::fixtures::sqli_finding;
use crate::program::{told, write};

fn text_of(kind: OutputKind, report: &Report) -> String {
    String::from_utf8(render(kind, report).expect("this kind renders")).expect("UTF-8")
}

fn json_of(kind: OutputKind, report: &Report) -> Value {
    serde_json::from_str(&text_of(kind, report)).expect("JSON")
}

#[test]
fn gitlab_reads_the_four_figures_of_its_widget() {
    let report = rich_report();
    let summary = json_of(OutputKind::GitlabLoad, &report);
    let number = |pointer: &str| summary.pointer(pointer).and_then(Value::as_f64);
    let total = report.total();
    let wait = total.phases[shakedown::model::PhaseKind::Wait as usize].quantile(0.95);
    let p95 = wait.expect("it was measured").as_micros() as f64 / 1e3;
    assert_eq!(number("/metrics/http_req_waiting/p(95)"), Some(p95));
    assert!(number("/metrics/http_req_waiting/p(90)") <= Some(p95));
    let rate = total.requests as f64 / report.load_elapsed.as_secs_f64();
    assert_eq!(number("/metrics/http_reqs/rate"), Some(rate));
    let passes: u64 = total.checks.iter().map(|check| check.passes).sum();
    let fails: u64 = total.checks.iter().map(|check| check.fails).sum();
    assert!(passes + fails > 0, "the fixture has checks");
    assert_eq!(number("/metrics/checks/passes"), Some(passes as f64));
    assert_eq!(number("/metrics/checks/fails"), Some(fails as f64));
    let named = summary["root_group"]["checks"].as_object().expect("checks by name");
    let of_names: u64 = named.values().filter_map(|check| check["passes"].as_u64()).sum();
    assert_eq!(of_names, passes);
}

#[test]
fn a_run_without_load_has_no_load_figures() {
    let summary = json_of(OutputKind::GitlabLoad, &Report::default());
    assert_eq!(summary["metrics"], serde_json::json!({}));
}

/// Name, labels and value of a line of `OpenMetrics`.
fn sample(line: &str) -> (String, String, f64) {
    let (series, value) = line.rsplit_once(' ').expect("a series and a value");
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    assert!(!name.is_empty() && name.chars().all(is_name), "{line}");
    assert!(labels.ends_with('}'), "{line}");
    (name.to_owned(), labels.to_owned(), value.parse().expect("a number"))
}

#[test]
fn open_metrics_name_each_series_once_under_a_type() {
    let report = rich_report();
    let text = text_of(OutputKind::GitlabMetrics, &report);
    assert!(text.ends_with("\n# EOF\n"));
    let mut families: Vec<(String, String)> = Vec::new();
    let mut seen = BTreeSet::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a type");
            assert!(families.iter().all(|(known, _)| known != name), "{name} is declared twice");
            families.push((name.to_owned(), kind.to_owned()));
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, labels, value) = sample(line);
        assert!(value.is_finite());
        assert!(seen.insert((name.clone(), labels)), "{line} stands there twice");
        let (family, kind) = families.last().expect("a type stands before");
        let suffix = name.strip_prefix(family.as_str()).expect("of the family above");
        let fits = match kind.as_str() {
            "counter" => suffix == "_total",
            "gauge" => suffix.is_empty(),
            _ => ["", "_count", "_sum"].contains(&suffix),
        };
        assert!(fits, "{line} is no {kind}");
    }
    let of = |wanted: &str, label: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(sample);
        let mut found = lines.filter(|(name, labels, _)| name == wanted && labels.contains(label));
        found.next().map(|(_, _, value)| value)
    };
    assert_eq!(of("shakedown_http_reqs_total", ""), Some(report.total().requests as f64));
    assert_eq!(of("shakedown_exit_code", ""), Some(81.0));
    let critical = report.findings.iter().filter(|one| {
        one.severity == shakedown::model::Severity::Info && one.status == FindingStatus::New
    });
    let wanted = "severity=\"info\",status=\"new\"";
    assert_eq!(of("shakedown_findings", wanted), Some(critical.count() as f64));
}

#[test]
fn labels_cannot_break_out_of_their_line() {
    let mut report = rich_report();
    report.endpoints[0].meta.request = "a\"} 1\nevil{b=\"\\".to_owned();
    let text = text_of(OutputKind::GitlabMetrics, &report);
    assert!(!text.lines().any(|line| line.starts_with("evil")));
    assert!(text.contains(r#"request="a\"} 1\\nevil{b=\"\\""#), "{text}");
}

#[test]
fn gitlab_is_told_of_what_is_held_against_the_branch_alone() {
    let report = rich_report();
    let dast = json_of(OutputKind::GitlabDast, &report);
    let listed = dast["vulnerabilities"].as_array().expect("a list");
    let open = report.findings.iter().filter(|one| one.status != FindingStatus::Accepted).count();
    assert!(open < report.findings.len(), "the fixture has an accepted one");
    assert_eq!(listed.len(), open);
    let told = dast["scan"]["messages"].as_array().expect("a list");
    let says = |text: &str| {
        told.iter().any(|one| one["value"].as_str().is_some_and(|it| it.contains(text)))
    };
    assert!(says("1 accepted findings are not among"), "{told:?}");
    let sqli = listed
        .iter()
        .find(|one| one["identifiers"][0]["value"] == "sqli-error")
        .expect("the injection");
    assert_eq!(sqli["location"]["hostname"], "http://127.0.0.1:8080");
    assert_eq!(sqli["location"]["path"], "/search");
    assert_eq!(sqli["identifiers"][1]["name"], "CWE-89");
    assert_eq!(sqli["evidence"]["request"]["url"], "http://127.0.0.1:8080/search?q=lamp%27");
    assert_eq!(sqli["evidence"]["response"]["status_code"], 500);
    assert_eq!(dast["scan"]["status"], "success");
}

#[test]
fn evidence_as_har_is_read_again_by_the_importer() {
    let mut finding = sqli_finding();
    finding.evidence[0].request.data =
        b"POST /orders HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n\r\n{\"a\":1}"
            .to_vec();
    let report = Report { findings: vec![finding], ..rich_report() };
    let har = json_of(OutputKind::Har, &report);
    let entries = har["log"]["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), report.findings[0].evidence.len());
    for entry in entries {
        let sum: f64 = ["blocked", "dns", "connect", "send", "wait", "receive"]
            .iter()
            .filter_map(|name| entry["timings"][name].as_f64())
            .filter(|time| *time > 0.0)
            .sum();
        let time = entry["time"].as_f64().expect("a number");
        assert!((sum - time).abs() < 0.01, "HAR wants the time to be the sum of its parts");
        assert!(entry["comment"].as_str().is_some_and(|it| it.contains("sqli-error")));
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = write(dir.path(), "evidence.har", &text_of(OutputKind::Har, &report));
    let (code, plan, stderr) = told(&["import", &file]);
    assert_eq!(code, 0, "{stderr}");
    assert!(plan.contains("post: /orders"), "{plan}");
    assert!(plan.contains("/search"), "{plan}");
}

#[test]
fn a_comment_never_grows_beyond_what_forges_take() {
    let mut report = rich_report();
    let fat = "*".repeat(5000);
    for threshold in std::iter::repeat_n(report.thresholds[0].clone(), 400) {
        let wide = shakedown::model::ThresholdResult { selector: fat.clone(), ..threshold };
        report.thresholds.push(wide);
    }
    let text = text_of(OutputKind::Markdown, &report);
    assert!(text.chars().count() <= 65_536, "{}", text.chars().count());
    assert!(text.starts_with("## ❌ Shakedown: failed, exit code 81"));
    assert!(text.trim_end().ends_with("other formats of the report."), "the cut is said");
    assert!(!text_of(OutputKind::Markdown, &rich_report()).contains("Cut:"));
}

#[test]
fn no_format_has_a_secret_of_the_plan() {
    // What stands in the report is masked already; what a renderer puts together anew must stay so.
    let mut report = rich_report();
    let redactor = shakedown::model::Redactor::new([("PASSWORD", "hunter22")]);
    let request = b"GET /?pass=hunter22 HTTP/1.1\r\nCookie: sid=hunter22\r\n\r\n";
    report.findings[0].evidence[0].request.data = redactor.bytes(request);
    for kind in OutputKind::ALL.into_iter().filter(|kind| *kind != OutputKind::Jsonl) {
        assert!(!text_of(kind, &report).contains("hunter22"), "{kind:?}");
    }
}
