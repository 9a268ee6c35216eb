//! Where outputs go, and what happens to what is there already.

use std::process::Stdio;

use serde_json::Value;

use crate::program::{OddServer, shakedown, told, write};

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn two_outputs_in_one_file_are_refused_before_anything_is_sent() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("out");
    let (json, html) = (format!("--json={}", file.display()), file.display().to_string());
    let dotted = dir.path().join(".").join("out").display().to_string();
    for other in [&html, &dotted] {
        // Port 1 answers nobody: a run that started would end with 86.
        let (code, _, stderr) = told(&["load", "http://127.0.0.1:1/", &json, "--html", other]);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains("two outputs"), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_keeps_leading_to_the_report() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = write(dir.path(), "run.json", "old");
    let link = dir.path().join("latest.json");
    std::os::unix::fs::symlink(&file, &link).expect("writable");
    let json = format!("--json={}", link.display());
    let (code, _, stderr) = told(&["load", &server.url(), "-n", "2", &json]);
    assert_eq!(code, 0, "{stderr}");
    assert!(link.is_symlink());
    let text = std::fs::read_to_string(&file).expect("it is there");
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[cfg(unix)]
#[test]
fn what_the_system_calls_standard_output_is_written_and_never_replaced() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("out.json");
    let status = shakedown()
        .args(["load", &server.url(), "-n", "2", "--json=/dev/fd/1"])
        .stdout(std::fs::File::create(&file).expect("writable"))
        .stderr(Stdio::null())
        .status()
        .expect("the binary can be started");
    assert_eq!(status.code(), Some(0));
    let text = std::fs::read_to_string(&file).expect("it is there");
    assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
}

#[test]
fn urls_of_a_file_are_drawn_alike_under_one_seed() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let urls: Vec<String> = (0..20).map(|n| format!("{}/{n}", server.url())).collect();
    let urls = urls.join("\n");
    let file = write(dir.path(), "urls.txt", &urls);
    let counts = |seed: &str| -> Vec<(String, u64)> {
        let load = ["load", "--urls-from-file", &file, "-n", "60", "-c", "1", "--seed", seed];
        let (code, stdout, stderr) = told(&[&load[..], &["--json"]].concat());
        assert_eq!(code, 0, "{stderr}");
        let report: Value = serde_json::from_str(&stdout).expect("JSON");
        let endpoints = report["endpoints"].as_array().expect("a list").clone();
        assert_eq!(endpoints.len(), 20);
        endpoints
            .iter()
            .map(|endpoint| {
                let requests = endpoint["requests"].as_u64().expect("a count");
                (endpoint["path_template"].to_string(), requests)
            })
            .collect()
    };
    let drawn = counts("5");
    assert_eq!(drawn.iter().map(|(_, requests)| requests).sum::<u64>(), 60);
    assert_eq!(drawn, counts("5"));
    assert_ne!(drawn, counts("6"));
}

#[test]
fn oha_s_words_for_outputs_and_latency_are_understood() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str| dir.path().join(name).display().to_string();
    let load = |more: &[&str]| {
        let url = server.url();
        let load = [&["load", &url, "-n", "4", "-q", "200"], more].concat();
        let (code, stdout, stderr) = told(&load);
        assert_eq!(code, 0, "{stderr}");
        (stdout, stderr)
    };
    let (stdout, shown) = load(&["--no-latency-correction", "-u", "us", "--output-format", "json"]);
    let report: Value = serde_json::from_str(&stdout).expect("JSON alone");
    assert_eq!(report["run"]["headline"], "duration");
    assert!(report["timeline"][0]["duration"]["p(95)"].is_number(), "{}", report["timeline"]);
    assert!(shown.contains("endpoint (duration)"), "{shown}");
    let row = shown.lines().find(|line| line.starts_with("  duration")).expect("a row");
    assert!(row.split_whitespace().skip(1).all(|time| time.ends_with("us")), "{row}");

    let text = file("run.txt");
    let (_, shown) = load(&["-o", &text, "-u", "ns"]);
    let written = std::fs::read_to_string(&text).expect("it is there");
    // A heading may be cut where nanoseconds need the room; this line is not.
    let note = "latency counts from the intended start";
    assert!(shown.contains(note) && written.contains(note), "{written}");
    assert!(written.contains("000ns"), "{written}");

    let csv = file("run.csv");
    load(&["-o", &csv, "--output-format", "csv"]);
    assert!(std::fs::read_to_string(&csv).expect("it is there").contains("http_req_latency"));
    let (stdout, shown) = load(&["--output-format", "quiet"]);
    assert_eq!((stdout.as_str(), shown.as_str()), ("", ""));
}

#[test]
fn a_reader_of_the_event_log_may_leave_early() {
    let server = OddServer::answering(PAGE);
    let mut child = shakedown()
        .args(["load", &server.url(), "-n", "5", "--jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_event_log_that_another_run_is_writing_is_left_alone() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = write(dir.path(), "log.jsonl", "theirs");
    let theirs = std::fs::File::open(&path).expect("it is there");
    theirs.lock().expect("nobody else holds it");
    let (code, _, stderr) = told(&["load", "http://127.0.0.1:1/", &format!("--jsonl={path}")]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("another run"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "theirs");
}

#[test]
fn errors_show_the_escapes_of_a_hostile_file() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = write(dir.path(), "run.json", r#"{"schema_version":"\u001b[31m9"}"#);
    let (code, _, stderr) = told(&["report", &path]);
    assert_eq!(code, 2, "{stderr}");
    assert!(!stderr.contains('\u{1b}') && stderr.contains("u{1b}"), "{stderr:?}");
}

#[test]
fn certificates_that_cannot_be_used_are_a_usage_error() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = write(dir.path(), "ca.pem", "no certificate\n");
    let (code, _, stderr) = told(&["load", "http://127.0.0.1:1/", "--cacert", &path]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("ca.pem"), "{stderr}");
}

#[test]
fn the_environment_switches_ci_in_the_usual_words() {
    for (value, is_on) in [("1", true), ("true", true), ("0", false), ("", false), ("false", false)]
    {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let output = shakedown()
            .args(["load", "http://127.0.0.1:1/"])
            .current_dir(dir.path())
            .env("SHAKEDOWN_CI", value)
            .output()
            .expect("the binary can be started");
        // The command line was understood; nobody listens on port 1.
        assert_eq!(output.status.code(), Some(86), "`{value}`");
        assert_eq!(dir.path().join("reports/run.json").exists(), is_on, "`{value}`");
    }
}
