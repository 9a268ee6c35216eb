//! `scan --templates`: templates in Nuclei's format as part of a scan.

use std::path::Path;

use serde_json::Value;

use crate::program::{OddServer, shakedown, write};
use crate::rules_run::{Log, lines, ok, server};

/// A page that links to a search, and a panel that nothing links to.
fn site() -> (OddServer, Log) {
    server(|request| {
        let html = "Content-Type: text/html\r\n".to_owned();
        match request.split(' ').nth(1).unwrap_or_default() {
            "/" => (200, html, "<a href='/s?a=1'>s</a>".to_owned()),
            "/panel" => ok("Admin panel v3"),
            path if path.starts_with("/s?") && path.contains("%27") => ok("syntax error near"),
            path if path.starts_with("/s?") => (200, html, "<p>fine</p>".to_owned()),
            _ => (404, String::new(), "no".to_owned()),
        }
    })
}

fn template(id: &str, severity: &str, tags: &str, rest: &str) -> String {
    format!(
        "id: {id}\ninfo: {{ name: n, author: us, severity: {severity}, tags: '{tags}' }}\n{rest}"
    )
}

fn get(path: &str, word: &str) -> String {
    format!(
        "http:\n  - method: GET\n    path: ['{path}']\n    matchers:\n      - {{ type: word, words: ['{word}'] }}\n"
    )
}

const QUOTES: &str = r#"
http:
  - payloads:
      mark: ["'"]
    fuzzing:
      - { part: query, type: postfix, mode: single, fuzz: ["{{mark}}"] }
    matchers:
      - { type: word, words: ["syntax error"] }
"#;

/// One of each kind.
fn templates(dir: &Path) -> String {
    let folder = dir.join("templates");
    std::fs::create_dir(&folder).expect("a directory");
    let all = [
        ("panel", template("panel", "high", "panel", &get("{{BaseURL}}/panel", "Admin panel"))),
        ("gone", template("gone", "low", "panel", &get("{{BaseURL}}/gone", "here"))),
        ("noisy", template("noisy", "low", "dos", &get("{{BaseURL}}/noisy", "x"))),
        ("elsewhere", template("elsewhere", "low", "a", &get("http://127.0.0.1:9/x", "x"))),
        ("quotes", template("quotes", "medium", "sqli", QUOTES)),
        (
            "script",
            template(
                "script",
                "low",
                "a",
                &format!("flow: |\n  let x = 1;\n{}", get("{{BaseURL}}", "x")),
            ),
        ),
        ("broken", "id: broken\ninfo: { name: n, author: us }\nhttp:\n  - metod: GET\n".to_owned()),
    ];
    for (name, text) in all {
        write(&folder, &format!("{name}.yaml"), &text);
    }
    folder.display().to_string()
}

/// Runs a command with a cache of its own; gives its exit code, its report and what it said.
fn report(dir: &Path, args: &[&str]) -> (i32, Value, String) {
    let output = shakedown()
        .args(args)
        .args(["--json", "--seed", "7"])
        .env("XDG_CACHE_HOME", dir.join("cache"))
        .output()
        .expect("the binary can be started");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {stderr}"));
    (output.status.code().unwrap_or(-1), report, stderr)
}

fn found(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().expect("an array").iter();
    let mut ids: Vec<&str> = findings.filter_map(|one| one["rule"].as_str()).collect();
    ids.retain(|id| ["panel", "gone", "noisy", "elsewhere", "quotes"].contains(id));
    ids
}

fn outcome<'r>(report: &'r Value, id: &str) -> &'r Value {
    let rules = report["rules"].as_array().expect("an array");
    rules.iter().find(|rule| rule["id"] == id).unwrap_or(&Value::Null)
}

#[test]
fn templates_run_after_the_crawl_and_what_does_not_run_is_named() {
    let (server, log) = site();
    let dir = tempfile::tempdir().expect("a directory");
    let folder = templates(dir.path());
    let url = server.url();
    let (code, report, stderr) =
        report(dir.path(), &["scan", &url, "--templates", &folder, "-H", "X-From: us"]);
    assert_eq!(code, 80, "{stderr}");
    assert_eq!(found(&report), ["panel"]);
    let asked = log.lock().expect("not poisoned").clone();
    let panel = asked.iter().position(|request| request.starts_with("GET /panel ")).expect("sent");
    let page = asked.iter().position(|request| request.starts_with("GET /s?a=1 ")).expect("sent");
    assert!(page < panel && asked[panel].contains("X-From: us"), "{asked:?}");
    assert!(asked.iter().all(|request| !request.contains("%27") && !request.contains("noisy")));

    let library = &report["templates"]["library"];
    assert_eq!((&library["files"], &library["templates"]), (&7.into(), &3.into()));
    let left: Vec<String> = library["left_out"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|one| format!("{} {}", one["count"], one["reason"].as_str().expect("a text")))
        .collect();
    assert_eq!(left, ["1 dast", "1 excluded-tag", "1 flow-script", "1 syntax"]);
    let broken = &library["refused"][0];
    assert_eq!((&broken["line"], &broken["reason"]), (&4.into(), &"syntax".into()));
    assert!(broken["path"].as_str().expect("a text").ends_with("broken.yaml"));

    let elsewhere = outcome(&report, "elsewhere")["skipped"].as_str().expect("it says why");
    assert!(elsewhere.contains("out-of-scope"), "{elsewhere}");
    assert_eq!(report["templates"]["traffic"]["unsent"][0]["reason"], "out-of-scope");
    assert_eq!(outcome(&report, "gone")["requests"], 1);
    assert_eq!(outcome(&report, "gone")["skipped"], Value::Null);
    for said in ["broken.yaml:4:5", "1 dast", "3 of 7 files take part"] {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
}

#[test]
fn what_changes_known_requests_runs_on_what_the_crawl_found() {
    let (server, log) = site();
    let dir = tempfile::tempdir().expect("a directory");
    let folder = templates(dir.path());
    let url = server.url();
    let args = ["scan", &url, "--templates", &folder, "--dast", "--tags", "sqli,panel"];
    let (_, report, stderr) = report(dir.path(), &args);
    assert_eq!(found(&report), ["panel", "quotes"], "{stderr}");
    assert!(lines(&log).contains(&"GET /s?a=1%27 HTTP/1.1".to_owned()), "{:?}", lines(&log));
    assert_eq!(report["templates"]["library"]["templates"], 3);
}

#[test]
fn a_plan_names_templates_beside_itself() {
    let (server, _log) = site();
    let dir = tempfile::tempdir().expect("a directory");
    templates(dir.path());
    let plan = |templates: &str| {
        let text = format!(
            "version: 1\ntarget: {}\nscan:\n  crawl: {{ depth: 1 }}\n  templates: {templates}\n",
            server.url()
        );
        write(dir.path(), "plan.yml", &text);
        dir.path().join("plan.yml").display().to_string()
    };
    let all = plan("{ paths: [templates], severity: [medium, high], dast: true }");
    for command in ["scan", "check"] {
        let (code, report, stderr) = report(dir.path(), &[command, &all]);
        assert_eq!(code, 80, "{stderr}");
        assert_eq!(found(&report), ["panel", "quotes"], "{command}");
    }
    let one = plan("[templates/gone.yaml]");
    let (code, report, _) = report(dir.path(), &["scan", &one]);
    assert_eq!((code, found(&report).len()), (0, 0));
    assert_eq!(outcome(&report, "gone")["requests"], 1);
}

#[test]
fn what_is_wrong_with_a_choice_of_templates_is_said_where_it_stands() {
    let dir = tempfile::tempdir().expect("a directory");
    templates(dir.path());
    let wrong = |templates: &str| {
        let text = format!(
            "version: 1\ntarget: http://127.0.0.1:1\nscan:\n  templates:\n    {templates}\n"
        );
        write(dir.path(), "plan.yml", &text);
        let plan = dir.path().join("plan.yml").display().to_string();
        let (code, _, stderr) = crate::program::told(&["validate", &plan]);
        assert_eq!(code, 104, "{stderr}");
        stderr
    };
    let said = wrong("{ paths: [templates], severity: [hihg] }");
    assert!(said.contains("plan.yml:5:") && said.contains("`hihg` is no severity"), "{said}");
    assert!(wrong("[no/such]").contains("no/such` is not there"));
    assert!(wrong("{ paths: [templates], condition: 'a ==' }").contains("is no expression"));
    assert!(wrong("{ tags: [a] }").contains("needs `paths`"));
    assert!(wrong("{ paths: [templates], tag: a }").contains("did you mean `tags`"));
}

#[test]
fn a_choice_that_leaves_nothing_is_a_mistake() {
    let dir = tempfile::tempdir().expect("a directory");
    let folder = templates(dir.path());
    let url = "http://127.0.0.1:1/";
    let args = ["scan", url, "--templates", &folder, "--tags", "no-such"];
    let (code, _, stderr) = crate::program::told(&args);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("no template is left to run") && stderr.contains("not-selected"));
    let (code, _, stderr) = crate::program::told(&["scan", url, "--tags", "a"]);
    assert_eq!(code, 2, "{stderr}");
}

#[test]
fn a_template_with_the_name_of_a_rule_is_told_from_it() {
    let (server, _log) = site();
    let dir = tempfile::tempdir().expect("a directory");
    let text = template("open-redirect", "low", "a", &get("{{BaseURL}}/panel", "Admin panel"));
    write(dir.path(), "redirect.yaml", &text);
    let path = dir.path().join("redirect.yaml").display().to_string();
    let url = server.url();
    let (_, report, stderr) = report(dir.path(), &["scan", &url, "--templates", &path]);
    assert_eq!(outcome(&report, "open-redirect-template")["matched"], 1, "{stderr}");
    assert!(outcome(&report, "open-redirect")["skipped"].is_string());
}

#[test]
fn percent_escapes_of_a_payload_are_escapes_where_places_are_escaped() {
    let (server, log) = site();
    let dir = tempfile::tempdir().expect("a directory");
    let lines = QUOTES.replace("[\"'\"]", "['%0d%0aX:y', '%u000a', '100%']");
    write(dir.path(), "crlf.yaml", &template("crlf", "low", "a", &lines));
    let path = dir.path().join("crlf.yaml").display().to_string();
    let url = server.url();
    let args = ["scan", &url, "--templates", &path, "--dast", "--allow-unsafe"];
    let (_, _, stderr) = report(dir.path(), &args);
    let mut sent = crate::rules_run::lines(&log);
    sent.retain(|line| line.contains("/s?a=1%") || line.contains("/s?a=1100"));
    sent.sort();
    let wanted = ["%0D%0AX%3Ay", "%25u000a", "100%25"];
    let wanted = wanted.map(|value| format!("GET /s?a=1{value} HTTP/1.1"));
    assert_eq!(sent, wanted, "{stderr}");
}

#[test]
fn unsafe_requests_are_for_who_sends_something() {
    let (code, _, stderr) =
        crate::program::told(&["scan", "http://127.0.0.1:1/", "--allow-unsafe"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--active, or --dast"), "{stderr}");
}

#[test]
fn a_finding_stays_the_same_when_the_target_moves_to_another_port() {
    let dir = tempfile::tempdir().expect("a directory");
    let folder = templates(dir.path());
    let prints = || {
        let (server, _log) = site();
        let url = server.url();
        let args = ["scan", &url, "--templates", &folder, "--id", "panel"];
        let (_, report, stderr) = report(dir.path(), &args);
        let findings = report["findings"].as_array().expect("an array").clone();
        let panel = findings.iter().find(|finding| finding["rule"] == "panel");
        let panel = panel.unwrap_or_else(|| panic!("{stderr}"));
        (url.clone(), panel["fingerprint"].as_str().expect("a text").to_owned())
    };
    let (first, second) = (prints(), prints());
    assert_ne!(first.0, second.0, "two ports");
    assert_eq!(first.1, second.1);
}
