//! Runs are kept, found again, named, compared with and removed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::exit_codes::{PAGE, RULE};
use crate::program::{OddServer, shakedown, told, write};

/// Exit code, standard output and standard error of a command that has its own history.
pub(crate) fn with_history(history: &Path, args: &[&str]) -> (i32, String, String) {
    finished(shakedown().args(args).env("SHAKEDOWN_HISTORY", history))
}

pub(crate) fn finished(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("the binary can be started");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

pub(crate) fn listed(history: &Path) -> Vec<Value> {
    let (code, json, stderr) = with_history(history, &["history", "list", "--json", "--last", "0"]);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str::<Vec<Value>>(&json).expect("a list")
}

/// A plan with twenty requests, and this beside it.
fn plan(dir: &Path, name: &str, url: &str, rest: &str) -> String {
    let text = format!(
        "version: 1
target: {url}
requests: {{ home: {{ get: / }} }}
flows: {{ visit: [ {{ use: home }} ] }}
scenarios:
  steady: {{ executor: shared-iterations, exec: visit, vus: 2, iterations: 20, maxDuration: 10s }}
{rest}
"
    );
    write(dir, name, &text)
}

#[test]
fn a_run_is_kept_whole_and_found_by_number_place_and_filter() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    let history = dir.path().join("new/folder/runs.db");
    let slow = "thresholds: { http_req_latency: [ 'p(95)<0.0001' ] }";
    let plan = plan(dir.path(), "slow.yml", &server.url(), slow);
    let report = dir.path().join("run.json");
    let json = format!("--json={}", report.display());
    let run = |args: &[&str]| with_history(&history, args);

    let (code, _, stderr) = run(&["load", &server.url(), "-n", "3"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("kept as run 1 of the history"), "{stderr}");
    let (code, _, stderr) = run(&["check", &plan, &json]);
    assert_eq!(code, 99, "{stderr}");
    assert_eq!(run(&["scan", &server.url(), "--max-urls", "2"]).0, 0);
    assert_eq!(run(&["crawl", &server.url()]).0, 0, "a crawl is no run of the history");

    let runs = listed(&history);
    let told: Vec<_> =
        runs.iter().map(|run| (run["id"].as_u64(), run["command"].as_str())).collect();
    let last_first = [(3, "scan"), (2, "check"), (1, "load")];
    assert_eq!(told, last_first.map(|(id, command)| (Some(id), Some(command))));
    assert_eq!(runs[1]["exit_code"], 99);
    assert_eq!(runs[1]["pass"], false);
    assert_eq!(runs[1]["requests"], 20);
    assert!(runs[1]["plan"].as_str().expect("a path").ends_with("/slow.yml"));
    assert_eq!(runs[2]["plan"], Value::Null);

    let written = std::fs::read(&report).expect("the report");
    for which in ["2", "latest~1"] {
        let (code, exported, _) = run(&["history", "export", which]);
        assert_eq!((code, exported.as_bytes()), (0, written.as_slice()), "{which}");
    }
    let (_, shown, _) = run(&["history", "show", "2"]);
    assert_eq!(shown, told_of(&["report", report.to_str().expect("UTF-8")]));
    let (_, html, _) = run(&["history", "show", "2", "-f", "html"]);
    assert!(html.trim_start().starts_with("<!doctype html>"), "{html:.40}");
    let (_, through_report, _) = run(&["report", "history:2"]);
    assert_eq!(through_report, shown);

    for (flags, ids) in [
        (vec!["--plan", "slow.yml"], "2"),
        (vec!["--plan", "w.yml"], ""),
        (vec!["--command", "load"], "1"),
        (vec!["--target", "127.0.0.1", "--command", "scan"], "3"),
        (vec!["--target", "example.org"], ""),
        (vec!["--since", "1h", "--last", "2"], "3 2"),
        (vec!["--since", "9999-01-01"], ""),
    ] {
        let (code, json, stderr) = run(&[&["history", "list", "--json"], &*flags].concat());
        assert_eq!(code, 0, "{stderr}");
        let runs: Vec<Value> = serde_json::from_str(&json).expect("a list");
        let found: Vec<String> = runs.iter().map(|run| run["id"].to_string()).collect();
        assert_eq!(found.join(" "), ids, "{flags:?}");
    }
    let (_, lines, _) = run(&["history", "export", "--all"]);
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["id"], 2);
    let written: Value = serde_json::from_slice(&written).expect("JSON");
    assert_eq!(lines[1]["report"], written);
}

fn told_of(args: &[&str]) -> String {
    let (code, stdout, stderr) = told(args);
    assert_eq!(code, 0, "{stderr}");
    stdout
}

#[test]
fn a_named_run_is_a_baseline_by_plan_and_by_flag() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    let history = dir.path().join("runs.db");
    let rules = dir.path().join("rules");
    std::fs::create_dir_all(&rules).expect("writable");
    write(&rules, "marker.yaml", RULE);
    let scan = format!("scan: {{ crawl: {{ max_urls: 3 }}, rules: [{}] }}", rules.display());
    let first = plan(dir.path(), "first.yml", &server.url(), &scan);
    let run = |args: &[&str]| with_history(&history, args);
    assert_eq!(run(&["check", &first]).0, 80);
    let (code, said, _) = run(&["history", "name", "latest", "main"]);
    assert_eq!(code, 0);
    assert!(said.contains("run 1 is called main"), "{said}");

    assert_eq!(run(&["check", &first, "--baseline", "history:main"]).0, 0, "what is known passes");
    let baseline = format!(
        "{scan}\nbaseline: {{ run: history:main }}\n\
         thresholds: {{ 'http_reqs|vs(baseline)': [ 'count<+0%' ] }}"
    );
    let second = plan(dir.path(), "second.yml", &server.url(), &baseline);
    let (code, report, stderr) = run(&["check", &second, "--json"]);
    assert_eq!(code, 82, "{stderr}");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["thresholds"][0]["baseline"], 20.0);

    let (code, _, stderr) = run(&["check", &first, "--baseline", "history:mian"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no run `mian`; did you mean `main`?"), "{stderr}");
    let (code, _, stderr) = run(&["check", &first, "--baseline", "history:a b"]);
    assert_eq!((code, stderr.contains("cannot be the name of a run")), (2, true), "{stderr}");
    assert_eq!(listed(&history).len(), 3, "a run that was refused is none");

    let (_, said, _) = run(&["history", "name", "3", "main"]);
    assert!(said.contains("(it was run 1)"), "{said}");
    assert_eq!(listed(&history)[0]["names"], serde_json::json!(["main"]));
    assert_eq!(run(&["history", "name", "--remove", "main"]).0, 0);
    assert_eq!(run(&["history", "show", "main"]).0, 2);
    for name in ["7", "latest", "a b", "\u{1b}[31m"] {
        let (code, _, stderr) = run(&["history", "name", "1", name]);
        assert_eq!((code, stderr.contains('\u{1b}')), (2, false), "{name:?}: {stderr}");
    }
}

#[test]
fn a_metric_is_followed_through_the_runs_of_one_plan() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    let history = dir.path().join("runs.db");
    let run = |args: &[&str]| with_history(&history, args);
    let plan = plan(dir.path(), "steady.yml", &server.url(), "");
    for _ in 0..3 {
        assert_eq!(run(&["load", &server.url(), "-n", "7"]).0, 0);
        assert_eq!(run(&["load", &plan]).0, 0);
    }
    let (code, json, stderr) =
        run(&["history", "trend", "http_reqs", "--value", "count", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let trend: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&trend["metric"], &trend["value"]), (&"http_reqs".into(), &"count".into()));
    let points = trend["runs"].as_array().expect("runs");
    let told: Vec<_> = points.iter().map(|run| (run["id"].clone(), run["value"].clone())).collect();
    // Those of the last run's plan, the oldest first.
    assert_eq!(told, [2, 4, 6].map(|id| (Value::from(id), Value::from(20.0))));
    assert_eq!(points[0]["change_percent"], Value::Null);
    assert_eq!(points[1]["change_percent"], 0.0);

    let (_, text, _) = run(&["history", "trend", "http_req_latency{request:home}"]);
    let bars: usize = text.lines().nth(1).map_or(0, |line| line.trim().chars().count());
    assert_eq!(bars, 3, "{text}");
    assert!(text.contains("steady.yml (load)"), "{text}");
    let (code, _, stderr) = run(&["history", "trend", "http_req_latencyy"]);
    assert_eq!((code, stderr.contains("http_req_latency")), (2, true), "{stderr}");
    let (code, _, stderr) = run(&["history", "trend", "http_req_latency", "--value", "count"]);
    assert_eq!(code, 2, "{stderr}");
    let (code, _, stderr) = run(&["history", "trend", "findings"]);
    assert_eq!((code, stderr.contains("has measured findings")), (2, true), "{stderr}");
}

#[test]
fn pruning_says_first_what_goes_and_leaves_what_has_a_name() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a directory");
    let history = dir.path().join("runs.db");
    let run = |args: &[&str]| with_history(&history, args);
    for _ in 0..5 {
        assert_eq!(run(&["load", &server.url(), "-n", "1"]).0, 0);
    }
    assert_eq!(run(&["history", "name", "1", "main"]).0, 0);
    let ids = || -> Vec<u64> {
        listed(&history).iter().map(|run| run["id"].as_u64().expect("a number")).collect()
    };
    let (code, said, _) = run(&["history", "prune", "--keep", "2"]);
    assert_eq!(code, 0);
    assert!(said.contains("2 runs") && said.contains("--yes"), "{said}");
    assert_eq!(ids(), [5, 4, 3, 2, 1]);
    let (_, said, _) = run(&["history", "prune", "--keep", "1", "--older-than", "90d", "--yes"]);
    assert_eq!(said, "nothing to remove\n");
    assert_eq!(run(&["history", "prune", "--keep", "2", "--yes"]).0, 0);
    assert_eq!(ids(), [5, 4, 1]);
    assert_eq!(run(&["history", "prune", "--older-than", "0s", "--yes"]).0, 0);
    assert_eq!(ids(), [1]);
    assert_eq!(run(&["load", &server.url(), "-n", "1"]).0, 0);
    assert_eq!(ids(), [6, 1], "a number is never given twice");
    assert_eq!(run(&["history", "prune"]).0, 2, "of what, has to be said");
}

#[test]
fn a_project_has_its_own_history_and_each_user_one_for_the_rest() {
    let server = OddServer::answering(PAGE);
    let home = tempfile::tempdir().expect("a home");
    let project = tempfile::tempdir().expect("a project");
    let load = |extra: &[&str], off: Option<&str>| {
        let mut command = shakedown();
        command.env_remove("SHAKEDOWN_HISTORY").env("HOME", home.path());
        command.env_remove("XDG_DATA_HOME").current_dir(project.path());
        command.envs(off.map(|value| ("SHAKEDOWN_HISTORY", value)));
        let (code, _, stderr) =
            finished(command.args(["load", &server.url(), "-n", "1"]).args(extra));
        assert_eq!(code, 0, "{stderr}");
        stderr
    };
    let users = home.path().join(".local/share/shakedown/history.db");
    let projects = project.path().join(".shakedown/history.db");
    assert!(!load(&["--no-history"], None).contains("kept"));
    assert!(!load(&[], Some("off")).contains("kept"));
    assert!(!users.exists());
    assert!(load(&[], None).contains("kept as run 1"));
    assert!(users.exists());
    std::fs::create_dir(project.path().join(".shakedown")).expect("writable");
    assert!(load(&[], None).contains("kept as run 1"));
    assert_eq!((listed(&users).len(), listed(&projects).len()), (1, 1));
    let mode = std::fs::metadata(&users).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "reports are their user's alone");

    let mut looking = shakedown();
    let (code, _, stderr) = finished(looking.args(["history", "show"]));
    assert_eq!((code, stderr.contains("SHAKEDOWN_HISTORY is `off`")), (2, true), "{stderr}");
    let nowhere = project.path().join("none.db");
    assert_eq!(listed(&nowhere).len(), 0);
    assert!(!nowhere.exists(), "looking makes no file");
    let (code, _, stderr) = with_history(&nowhere, &["history", "show"]);
    assert_eq!((code, stderr.contains("there is no history at")), (2, true), "{stderr}");
}
