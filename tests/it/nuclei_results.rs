//! Nuclei's own results as input: in reports, as a baseline, under a gate.

use std::path::Path;

use serde_json::Value;

use crate::program::{told, write};
use crate::rules_run::{ok, server};

const PANEL: &str = r#"id: panel
info:
  name: A panel
  author: us
  severity: high
  tags: panel
  remediation: Close it.
  classification: { cwe-id: CWE-200, cvss-metrics: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N" }
  metadata: { owasp: "A01:2021" }
http:
  - method: POST
    path: ["{{BaseURL}}/panel?x=1"]
    headers: { Authorization: "Bearer s3cr3t" }
    body: "a=b"
    matchers:
      - { type: word, name: old, words: ["panel v1"] }
    extractors:
      - { type: regex, regex: ["v[0-9]"] }
"#;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("it was written")).expect("JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A finding without what a file of results cannot say: how long it took.
fn gist(finding: &Value) -> Value {
    let mut gist = finding.clone();
    // Nuclei's lines do not say when the run began.
    gist.as_object_mut().expect("an object").remove("found_at_ms");
    for evidence in gist["evidence"].as_array_mut().expect("an array") {
        evidence.as_object_mut().expect("an object").remove("timings");
    }
    gist
}

#[test]
fn what_a_live_run_writes_as_lines_is_read_as_the_same_findings() {
    let (server, _log) =
        server(|_| (200, "Set-Cookie: sid=s3cr3t; Path=/\r\n".to_owned(), "panel v1".to_owned()));
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path(), "panel.yaml", PANEL);
    let [template, lines, live, read] =
        ["panel.yaml", "results.jsonl", "live.json", "read.json"].map(|name| dir.path().join(name));
    let (code, _, stderr) = told(&[
        "rules",
        "run",
        "-t",
        text(&template),
        "-u",
        &server.url(),
        "-jsonl",
        "-silent",
        "-no-index",
        "-o",
        text(&lines),
        "--report",
        text(&live),
    ]);
    assert_eq!(code, 0, "{stderr}");
    let (code, out, stderr) = told(&["report", text(&lines), "--json", text(&read)]);
    assert_eq!(code, 0, "{stderr}");
    assert!(out.contains("A panel"), "{out}");
    let (live, read) = (json(&live), json(&read));
    assert_eq!(gist(&read["findings"][0]), gist(&live["findings"][0]));
    let finding = &read["findings"][0];
    assert_eq!((&finding["severity"], &finding["method"]), (&"high".into(), &"POST".into()));
    assert_eq!(finding["cwe"], serde_json::json!([200]));
    assert_eq!(finding["owasp"], serde_json::json!(["A01:2021"]));
    assert!(!finding.to_string().contains("s3cr3t"), "{finding}");
    assert_eq!(read["rules"][0]["matched"], 1);
}

/// A file as Nuclei writes it with `-json-export`.
fn exported(dir: &Path, port: u16) -> std::path::PathBuf {
    let line = format!(
        r#"{{"template":"http/x.yaml","template-id":"git-config","info":{{"name":"Git config","author":["pd"],"tags":["config","git"],"severity":"medium","reference":null}},"type":"http","host":"127.0.0.1","port":"{port}","scheme":"http","url":"http://127.0.0.1:{port}","matched-at":"http://127.0.0.1:{port}/.git/config","request":"GET /.git/config HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: sid=s3cr3t\r\n\r\n","response":"HTTP/1.1 200 OK\r\nConnection: close\r\nSet-Cookie: sid=s3cr3t\r\n\r\n[core]","ip":"127.0.0.1","timestamp":"2031-02-03T04:05:06.789Z","curl-command":"curl -X 'GET' -H 'Cookie: sid=s3cr3t' 'http://127.0.0.1:{port}/.git/config'","matcher-status":true}}"#
    );
    write(dir, "export.json", &format!("[{line},{line}]"));
    dir.join("export.json")
}

#[test]
fn an_export_becomes_every_kind_of_report_without_its_credentials() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = exported(dir.path(), 8080);
    let [html, sarif, junit, md] =
        ["a.html", "a.sarif", "a.xml", "a.md"].map(|name| dir.path().join(name));
    let (code, out, stderr) = told(&[
        "report",
        text(&file),
        "--html",
        text(&html),
        "--sarif",
        text(&sarif),
        "--junit",
        text(&junit),
        "--md",
        text(&md),
    ]);
    assert_eq!(code, 0, "{stderr}");
    assert!(out.contains("Git config") && out.contains("2 URLs"), "{out}");
    let all = [&html, &sarif, &junit, &md].map(|path| {
        let text = std::fs::read_to_string(path).expect("it was written");
        assert!(text.contains("git-config") || text.contains("Git config"), "{path:?}");
        text
    });
    assert!(!(all.concat() + &out).contains("s3cr3t"));
    assert_eq!(json(&sarif)["runs"][0]["results"][0]["ruleId"], "git-config");
}

#[test]
fn a_gate_and_a_baseline_judge_a_file_of_results() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = exported(dir.path(), 8080);
    std::fs::create_dir(dir.path().join("moved")).expect("a directory");
    let moved = exported(&dir.path().join("moved"), 9090);
    let judged = |more: &[&str]| told(&[&["report", text(&file)], more].concat());
    assert_eq!(judged(&[]).0, 0);
    assert_eq!(judged(&["--fail-on", "high"]).0, 0);
    let (code, out, _) = judged(&["--fail-on", "medium"]);
    assert_eq!(code, 80, "{out}");
    // The same service on another port: nothing is new.
    let (code, out, _) = judged(&["--fail-on", "medium", "--baseline", text(&moved)]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("known"), "{out}");
}

#[test]
fn a_scan_takes_results_as_its_baseline() {
    let (server, _log) = server(|request| {
        ok(if request.starts_with("GET /.git/config ") { "[core]" } else { "page" })
    });
    let dir = tempfile::tempdir().expect("a directory");
    let file = exported(dir.path(), 1);
    let template = "id: git-config\ninfo: { name: Git config, author: us, severity: medium }\nhttp:\n  - method: GET\n    path: ['{{BaseURL}}/.git/config']\n    matchers:\n      - { type: word, words: ['[core]'] }\n";
    write(dir.path(), "git.yaml", template);
    let templates = dir.path().join("git.yaml");
    let url = server.url();
    let args = ["scan", &url, "--templates", text(&templates), "--fail-on", "medium", "--json"];
    let (code, _, stderr) = told(&args);
    assert_eq!(code, 80, "{stderr}");
    let (code, _, stderr) = told(&[&args[..], &["--baseline", text(&file)]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert!(!stderr.contains("cut short"), "{stderr}");
}

#[test]
fn what_is_no_result_is_said_with_its_place_and_a_cure() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = exported(dir.path(), 8080);
    let whole = std::fs::read_to_string(&file).expect("it was written");
    let line = whole.trim_start_matches('[').split(",{").next().expect("a line").to_owned();
    let read = |content: &str| {
        write(dir.path(), "bad.jsonl", content);
        told(&["report", text(&dir.path().join("bad.jsonl"))])
    };
    let (code, _, stderr) = read(&format!("{line}\n{{\"template-id\": 7}}\n{line}\n"));
    assert_eq!(code, 2);
    assert!(stderr.contains("bad.jsonl") && stderr.contains("line 2, column"), "{stderr}");
    assert!(stderr.contains("remove it, or have Nuclei write the file again"), "{stderr}");
    let (_, _, stderr) = read(&format!("{line}\n{{}}\n"));
    assert!(stderr.contains("line 2, column 1") && stderr.contains("no `template-id`"), "{stderr}");
    let (code, out, _) = read(&format!("{line}\n{}", &line[..90]));
    assert_eq!(code, 0);
    assert!(out.contains("Git config") && out.contains("the file was cut"), "{out}");
}
