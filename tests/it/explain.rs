//! What the program says of its own words and verdicts.

use serde_json::Value;
use shakedown::model::{BottleneckCause, ExitCode, GLOSSARY, MetricName};
use shakedown::rules::Registry;

use crate::exit_codes::PAGE;
use crate::program::{OddServer, told, write};

#[test]
fn every_word_of_reports_is_explained() {
    let (code, contents, stderr) = told(&["explain", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let contents: Value = serde_json::from_str(&contents).expect("JSON");
    let listed = |kind: &str| contents[kind].as_array().expect("a list").len();
    assert_eq!(listed("metrics"), MetricName::ALL.len());
    assert_eq!(listed("exit codes"), ExitCode::ALL.len());
    assert_eq!(listed("bottlenecks"), BottleneckCause::ALL.len());
    assert_eq!(listed("terms"), GLOSSARY.len());
    assert_eq!(listed("rules"), Registry::embedded().metas().count());

    for (words, kind, name) in [
        (&["http_req_latency"][..], "metric", "http_req_latency"),
        (&["http_req_latency{request:a}|vs(baseline)"], "metric", "http_req_latency"),
        (&["82"], "exit code", "82"),
        (&["exit", "code", "82"], "exit code", "82"),
        (&["rate", "limit"], "bottleneck", "rate_limit"),
        (&["xss-reflected"], "rule", "xss-reflected"),
        (&["Coordinated", "Omission"], "term", "coordinated omission"),
        (&["open-model"], "term", "open model"),
    ] {
        let (code, json, stderr) = told(&[&["explain", "--json"], words].concat());
        assert_eq!(code, 0, "{stderr}");
        let meanings: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&meanings[0]["kind"], &meanings[0]["name"]), (&kind.into(), &name.into()));
        let (_, text, _) = told(&[&["explain"], words].concat());
        assert!(text.starts_with(&format!("{name} ({kind})")), "{text}");
        let first = meanings[0]["text"][0].as_str().expect("text").split(' ').next();
        assert!(text.contains(first.expect("a word")), "{text}");
    }
}

#[test]
fn what_nobody_knows_is_answered_with_what_is_near() {
    for (word, near) in [
        ("http_req_latencyy", "`http_req_latency`"),
        ("latency", "`http_req_latency`"),
        ("tentativ", "`tentative`"),
        ("xss-reflectd", "`xss-reflected`"),
        ("zzzzzzzzzz", "alone lists what can be explained"),
        ("\u{1b}[31mred", "\\u{1b}"),
    ] {
        let (code, stdout, stderr) = told(&["explain", word]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{word}");
        assert!(stderr.contains(near) && !stderr.contains('\u{1b}'), "{word}: {stderr}");
    }
    let (code, _, stderr) = told(&["explain", "no-such-run.json"]);
    assert_eq!((code, stderr.contains("reading no-such-run.json")), (2, true), "{stderr}");
}

#[test]
fn a_verdict_is_explained_in_words_and_numbers() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    let text = format!(
        "version: 1
target: {}
requests: {{ home: {{ get: / }} }}
flows: {{ visit: [ {{ use: home }} ] }}
scenarios: {{ some: {{ executor: shared-iterations, exec: visit, iterations: 20 }} }}
thresholds: {{ http_reqs: [ 'count<16', 'count<80' ], http_req_failed: [ 'rate<0.01' ] }}
",
        server.url()
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let (code, report, stderr) = told(&["load", &plan, "--json"]);
    assert_eq!(code, 99, "{stderr}");
    let file = write(dir.path(), "run.json", &report);

    let (code, text, stderr) = told(&["explain", &file]);
    assert_eq!(code, 0, "what the run came to is no failure of the question: {stderr}");
    assert!(text.starts_with("FAILED, exit code 99: thresholds failed"), "{text}");
    assert!(text.contains("measured 20, 25.0% beyond the limit"), "{text}");
    assert!(text.contains("measured 20, 75.0% to spare"), "{text}");
    assert!(text.contains("Gates 2/3") && text.contains("What to do"), "{text}");

    let (_, json, _) = told(&["explain", &file, "--json"]);
    let verdict: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&verdict["pass"], &verdict["exit_code"]), (&false.into(), &99.into()));
    assert_eq!(verdict["gates"][0]["margin_percent"], -25.0);
    assert_eq!(verdict["reasons"][0]["code"], 99);
}

#[test]
fn shells_complete_what_can_be_explained() {
    let (_, script, _) = told(&["completions", "bash"]);
    for word in ["http_req_latency", "xss-reflected", "tentative"] {
        assert!(script.contains(word), "{word}");
    }
    let (_, help, _) = told(&["explain", "--help"]);
    assert!(!help.contains("possible values"), "{help}");
}
