//! `accept`: what goes on the list, and what becomes of it when its day is over.

use std::path::Path;

use serde_json::Value;

use crate::exit_codes::{PAGE, RULE};
use crate::program::{OddServer, told, write};

/// A plan that finds something grave, with a gate of its own.
fn plan(dir: &Path, target: &str, gate: &str) -> String {
    let rules = dir.join("rules");
    std::fs::create_dir_all(&rules).expect("writable");
    write(&rules, "marker.yaml", RULE);
    let text = format!(
        "version: 1
target: {target}
scan: {{ crawl: {{ depth: 1, max_urls: 5 }}, rules: [{}] }}
thresholds: {{ '{gate}': [ 'count==0' ] }}
",
        rules.display()
    );
    write(dir, "plan.yml", &text)
}

struct Bed {
    server: OddServer,
    dir: tempfile::TempDir,
    report: String,
    id: String,
    /// Of other paths too.
    ids: Vec<String>,
    list: String,
}

impl Bed {
    fn new() -> Self {
        let server = OddServer::answering(PAGE);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let plan = plan(dir.path(), &server.url(), "findings{severity:>=high}");
        let (code, json, stderr) = told(&["scan", &plan, "--json"]);
        assert_eq!(code, 80, "{stderr}");
        let parsed: Value = serde_json::from_str(&json).expect("JSON");
        let findings = parsed["findings"].as_array().expect("an array");
        let markers = findings.iter().filter(|it| it["rule"] == "marker-seen");
        let ids: Vec<String> =
            markers.filter_map(|it| it["id"].as_str().map(str::to_owned)).collect();
        let id = ids.first().expect("the marker").clone();
        let report = write(dir.path(), "run.json", &json);
        let list = dir.path().join("accepted.yml").display().to_string();
        Self { server, dir, report, id, ids, list }
    }

    fn accept(&self, id: &str, until: &str) -> (i32, String) {
        let (report, file) = (&self.report, &self.list);
        let said = ["--reason", "a test: page", "--owner", "team-a", "--until", until];
        let place = ["--report", report, "--file", file];
        let (code, _, stderr) = told(&[&["accept", id][..], &said, &place].concat());
        (code, stderr)
    }

    fn scan(&self, gate: &str) -> (i32, Value) {
        let plan = plan(self.dir.path(), &self.server.url(), gate);
        let (code, json, stderr) = told(&["scan", &plan, "--json", "--accepted", &self.list]);
        (code, serde_json::from_str(&json).unwrap_or_else(|_| panic!("{stderr}")))
    }
}

#[test]
fn what_is_accepted_passes_and_says_who_answers_for_it() {
    let bed = Bed::new();
    for id in &bed.ids {
        let (code, stderr) = bed.accept(id, "9999-12-31");
        assert_eq!(code, 0, "{stderr}");
        assert!(stderr.contains(&format!("accepted {id} until 9999-12-31")), "{stderr}");
    }
    let (code, report) = bed.scan("findings{severity:>=high}");
    assert_eq!(code, 0, "{}", report["verdict"]);
    let findings = report["findings"].as_array().expect("an array");
    let accepted = findings.iter().find(|it| it["id"] == bed.id.as_str()).expect("still found");
    assert_eq!(accepted["accepted"]["reason"], "a test: page");
    assert_eq!(accepted["accepted"]["owner"], "team-a");
    // Once more is a renewal, not a second entry.
    assert_eq!(bed.accept(&bed.id, "9999-12-30").0, 0);
    let list = std::fs::read_to_string(&bed.list).expect("it was written");
    assert_eq!(list.matches("- fingerprint").count(), bed.ids.len(), "{list}");
    assert_eq!(list.matches("9999-12-30").count(), 1, "{list}");
    for id in &bed.ids {
        assert!(list.contains(&format!("# {id} marker-seen: GET /")), "{list}");
    }
}

#[test]
fn what_nobody_found_or_is_over_is_not_accepted() {
    let bed = Bed::new();
    let mut wrong = bed.id.clone();
    let last = if wrong.ends_with('0') { '1' } else { '0' };
    wrong.pop();
    wrong.push(last);
    let (code, stderr) = bed.accept(&wrong, "9999-12-31");
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains(&format!("did you mean `{}`?", bed.id)), "{stderr}");
    let (code, stderr) = bed.accept(&bed.id, "2001-01-01");
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("that day is over"), "{stderr}");
    let (code, stderr) = bed.accept(&bed.id, "soon");
    assert_eq!(code, 2, "{stderr}");
    assert!(!Path::new(&bed.list).exists(), "nothing was written");
    write(bed.dir.path(), "accepted.yml", "- nonsense\n");
    let (code, stderr) = bed.accept(&bed.id, "9999-12-31");
    assert_eq!(code, 104, "{stderr}");
    let kept = std::fs::read_to_string(&bed.list).expect("it is there");
    assert_eq!(kept, "- nonsense\n");
}

#[test]
fn an_acceptance_that_is_over_fails_the_gate_by_name_whatever_the_severity() {
    let bed = Bed::new();
    let expired = format!(
        "- {{ fingerprint: {}, reason: until June, owner: team-a, expires: 2001-01-01 }}\n\
         - {{ fingerprint: SD-0000000000, reason: long gone, owner: team-b, expires: 2001-01-01 }}\n",
        bed.id
    );
    write(bed.dir.path(), "accepted.yml", &expired);
    // The gate is about graver ones.
    let (code, report) = bed.scan("findings{severity:critical}");
    assert_eq!(code, 80, "{}", report["verdict"]);
    let reasons = report["verdict"]["reasons"].to_string();
    for part in [bed.id.as_str(), "expired on 2001-01-01 (until June, team-a)", "marker-seen GET /"]
    {
        assert!(reasons.contains(part), "{part} in {reasons}");
    }
    assert!(!reasons.contains("long gone"), "nobody holds against a release what is gone");
    assert!(report["errors"].to_string().contains("long gone"), "but it is said");
}
