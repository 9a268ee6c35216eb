//! `capacity`, the program: against a server on loopback.

use serde_json::Value;

use crate::load_server::Keep;
use crate::load_server::TestServer;
use crate::program::told;
use crate::program::write;

fn searched(args: &[&str]) -> (i32, Value, String) {
    let (code, stdout, stderr) = told(&[&["capacity", "--json"], args].concat());
    (code, serde_json::from_str(&stdout).unwrap_or(Value::Null), stderr)
}

/// Beside other tests a debug build may well be late: then the search says that, and not something
/// about the target.
#[test]
fn a_search_ends_with_what_it_found_or_says_why_not() {
    let server = TestServer::plain(Keep::Alive);
    let url = format!("http://{}/", server.address);
    let flags = ["--start", "20", "--max", "20", "--settle", "8s..10s", "--max-time", "30s"];
    let slo = ["--slo", "http_req_failed: rate<0.5", "--seed", "5"];
    let (code, report, stderr) = searched(&[&[url.as_str()][..], &flags[..], &slo[..]].concat());
    let capacity = &report["capacity"];
    let end = capacity["end"].as_str().expect("an end");
    let expected = match end {
        "max-reached" => 0,
        "generator" => 84,
        "cut-short" => 83,
        other => panic!("{other}: {stderr}"),
    };
    assert_eq!(code, expected, "{stderr}");
    let levels = capacity["levels"].as_array().expect("levels");
    assert!(levels.len() >= 2, "a level is measured again: {levels:?}");
    let met: Vec<&Value> = levels.iter().filter(|level| level["meets"] == true).collect();
    assert_eq!(capacity["answer"].as_f64(), (!met.is_empty()).then_some(20.0));
    for level in met {
        let answered = level["throughput"].as_f64().expect("a number");
        assert!((10.0..30.0).contains(&answered), "{level}");
    }
    let refused = capacity["usl_refused"].as_str().expect("one level is no law");
    assert!(refused.contains("needs 6"), "{refused}");
    assert!(stderr.contains("begins at 20/s") && stderr.contains("level 1, 20/s: "), "{stderr}");
    let changes = report["load"]["changes"].as_array().expect("a list");
    assert!(changes.iter().all(|change| change["by"] == "the search for the capacity"));
    assert!(!stderr.contains("by hand"), "{stderr}");
    assert!(server.counted.requests.load(std::sync::atomic::Ordering::Relaxed) > 100);
}

#[test]
fn less_than_what_must_be_there_fails_the_gate() {
    let server = TestServer::plain(Keep::Alive);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "version: 1
target: http://{}
requests: {{ home: {{ get: / }} }}
flows: {{ visit: [ {{ use: home }}, {{ think: 50ms }} ] }}
scenarios:
  warm: {{ executor: constant-vus, exec: visit, vus: 7, duration: 1h, warmup: true }}
  visitors: {{ executor: constant-vus, exec: visit, vus: 3, duration: 1h }}
capacity:
  slo: [ 'http_req_duration{{scenario:visitors}}: p(95)<0' ]
  model: users
  max: 1
  settle: 8s..10s
  at_least: 1
thresholds: {{ http_reqs: [ 'count<0' ] }}
",
        server.address
    );
    let path = write(dir.path(), "plan.yml", &text);
    let (code, report, stderr) = searched(&[&path]);
    assert_eq!(code, 99, "{stderr}");
    assert_eq!(report["capacity"]["end"], "none-met");
    let reasons = report["verdict"]["reasons"].to_string();
    assert!(reasons.contains("at least 1 user wanted, no level met"), "{reasons}");
    assert!(reasons.contains("there is no capacity"), "{reasons}");
    assert!(!reasons.contains("http_reqs"), "the plan's gates are for its own load: {reasons}");
    let scenarios = report["scenarios"].as_array().expect("a list");
    assert_eq!(scenarios.len(), 1, "no warm-up: {scenarios:?}");
}

#[test]
fn what_cannot_be_searched_for_is_refused_before_anything_is_sent() {
    let refused = |args: &[&str]| {
        let (code, _, stderr) = searched(args);
        assert_eq!(code, 2, "{args:?}: {stderr}");
        stderr
    };
    let url = "http://127.0.0.1:9/";
    assert!(refused(&[url, "--at-least", "30", "--max", "20"]).contains("no level is above 20"));
    assert!(refused(&[url, "--start", "30", "--max", "20"]).contains("above the highest"));
    assert!(refused(&[url, "--slo", "findings: count==0"]).contains("level by level"));
    assert!(refused(&[url, "--settle", "1s..2s"]).contains("a level takes"));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let head = "version: 1\ntarget: http://127.0.0.1:9\nrequests: { a: { get: / } }\n\
                flows: { f: [ { use: a } ] }\n";
    let mixed = write(
        dir.path(),
        "mixed.yml",
        &format!(
            "{head}scenarios:\n  a: {{ executor: constant-vus, exec: f, vus: 1, duration: 1s }}\n  \
             b: {{ executor: constant-arrival-rate, exec: f, rate: 1, duration: 1s, preAllocatedVUs: 1 }}\n"
        ),
    );
    assert!(refused(&[&mixed]).contains("mixes"));
    let empty = write(dir.path(), "empty.yml", head);
    assert!(refused(&[&empty]).contains("no `scenarios`"));
    let limited = write(
        dir.path(),
        "limited.yml",
        &format!(
            "{head}limits: {{ max_rps: 50 }}\nscenarios:\n  \
             a: {{ executor: constant-vus, exec: f, vus: 1, duration: 1s }}\n"
        ),
    );
    assert!(refused(&[&limited]).contains("limits.max_rps (50)"));
}

#[test]
fn validate_shows_what_would_be_searched_for() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let head = "version: 1\ntarget: http://127.0.0.1:9\nrequests: { a: { get: / } }\n\
                flows: { f: [ { use: a } ] }\nscenarios:\n  \
                a: { executor: constant-vus, exec: f, vus: 1, duration: 1s }\n";
    let path = write(dir.path(), "plan.yml", &format!("{head}capacity: {{ max: 500 }}\n"));
    let (code, yaml, text) = told(&["validate", &path]);
    assert_eq!(code, 0, "{text}");
    assert!(yaml.contains("settle: \"10s..60s\""), "{yaml}");
    assert!(text.contains("http_req_latency: p(95)<300, http_req_failed: rate<0.01"), "{text}");
    assert!(text.contains("from 10/s to 500/s, each held 10.0s to 1m00s, 30m00s in all"), "{text}");
    let (code, _, stderr) = told(&[
        "validate",
        &write(
            dir.path(),
            "bad.yml",
            &format!(
                "{head}capacity: {{ slo: [ 'http_req_latency: p(95)<300', 'http_reqs{{request:b}}: rate>1' ], \
         start: 50, max: 5 }}\n"
            ),
        ),
    ]);
    assert_eq!(code, 104);
    assert!(stderr.contains("the first level (50) is above the highest (5)"), "{stderr}");
}
