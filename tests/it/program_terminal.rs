//! The real program in a real terminal: keys work, every size is drawn, and whatever ends it, it gives
//! the terminal back, writes its report and ends with the code for it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use serde_json::Value;
use shakedown::format::events::write_line;
use shakedown::model::Stamped;

use crate::program::OddServer;
use crate::ui_run;
use crate::ui_terminal::Stage;

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn load_in_terminal(url: &str, report: &Path) -> Stage {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_shakedown"));
    command.args(["load", url, "-z", "10m", "-c", "2", "-q", "50"]);
    command.arg(format!("--json={}", report.display()));
    command.env("LANG", "C.UTF-8");
    command.env("SHAKEDOWN_HISTORY", "off");
    Stage::run(command)
}

fn read_report(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("it was written")).expect("whole JSON")
}

#[test]
fn every_screen_is_reached_at_every_size_and_the_summary_stays() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("report.json");
    let mut stage = load_in_terminal(&server.url(), &path);
    stage.until_shown("running");
    for (rows, cols) in [(24, 80), (10, 40), (24, 80), (50, 160)] {
        stage.resize(rows, cols);
        stage.until_drawn(rows);
        for (key, title) in ["Overview", "Endpoints", "Latency", "Errors", "Findings"]
            .into_iter()
            .chain(["Crawl", "Backends", "Bottlenecks", "Log"])
            .zip(1..)
            .map(|(title, key)| (key, title))
        {
            stage.press(&key.to_string());
            stage.until_shown(&format!("{key} {title}"));
        }
    }
    stage.press("q");
    stage.until_shown("Stop the run?");
    stage.press("y");
    stage.until_shown("q leave");
    stage.press("q");
    assert_eq!(stage.assert_restored("wrote "), 105);
    assert!(stage.contents().contains("latency"), "the summary stays\n{}", stage.contents());
}

#[test]
fn w_writes_the_report_while_the_run_goes_on() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("report.json");
    let mut stage = load_in_terminal(&server.url(), &path);
    stage.until_shown("/s now");
    stage.press("w");
    stage.until_shown("wrote report.json as far as the run is");
    let so_far = read_report(&path);
    assert_eq!(so_far["verdict"], Value::Null);
    stage.press("f");
    stage.until_shown("frozen at");
    stage.press("\u{3}");
    assert_eq!(stage.assert_restored("wrote "), 105);
    assert_eq!(read_report(&path)["interrupted"], true, "the whole one replaces it");
}

#[test]
fn a_signal_during_a_run_gives_the_terminal_back() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = OddServer::answering(PAGE);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("report.json");
        let mut stage = load_in_terminal(&server.url(), &path);
        stage.until_shown("/s now");
        stage.assert_taken();
        stage.signal(signal);
        assert_eq!(stage.assert_restored("wrote "), 105, "{signal:?}");
    }
}

#[test]
fn a_log_is_followed_while_it_grows_until_its_run_is_over() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("run.jsonl");
    let events = ui_run::whole();
    let (before, after) = events.split_at(ui_run::loading().len());
    let mut log = File::create(&path).expect("writable");
    let mut grow = |events: &[Stamped]| {
        for event in events {
            writeln!(log, "{}", write_line(event)).expect("writable");
        }
    };
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_shakedown"));
    command.arg("view");
    command.arg(&path);
    command.env("LANG", "C.UTF-8");
    command.cwd(dir.path());
    let mut stage = Stage::run(command);
    stage.until_shown("waiting for the run to start");
    stage.assert_taken();
    grow(before);
    stage.until_shown("● following");
    stage.until_shown("7.00s");
    stage.press("f");
    stage.until_shown("frozen at 7.00s");
    grow(after);
    stage.until_shown("failed, exit 81");
    stage.until_shown("frozen at 7.00s");
    stage.press("f");
    stage.until_shown("12.0s");
    stage.press("w");
    stage.until_shown("wrote shakedown-check-20231114T221320Z.json");
    stage.press("3");
    stage.until_shown("share of the requests of each time");
    stage.press("q");
    assert_eq!(stage.assert_restored(""), 0);
    let written = read_report(&dir.path().join("shakedown-check-20231114T221320Z.json"));
    assert_eq!(written["verdict"]["exit_code"], 81);
}

#[test]
fn a_followed_log_that_breaks_is_told_and_can_be_left() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("run.jsonl");
    let mut log = File::create(&path).expect("writable");
    let mut stage = {
        for event in &ui_run::loading() {
            writeln!(log, "{}", write_line(event)).expect("writable");
        }
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_shakedown"));
        command.arg("view");
        command.arg(&path);
        command.env("LANG", "C.UTF-8");
        Stage::run(command)
    };
    stage.until_shown("● following");
    writeln!(log, "nonsense").expect("writable");
    stage.until_shown("the log cannot be read any further: line 18");
    stage.until_shown("✗ cut short");
    stage.press("q");
    assert_eq!(stage.assert_restored(""), 0);
}

#[test]
fn ctrl_c_in_the_terminal_ui_writes_a_valid_interrupted_report() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("report.json");
    let mut stage = load_in_terminal(&server.url(), &path);
    stage.until_shown("running");
    stage.assert_taken();
    stage.press("\u{3}");
    assert_eq!(stage.assert_restored("wrote "), 105);
    let report = read_report(&path);
    let schema: Value =
        serde_json::from_str(include_str!("../../reports/report.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.validate(&report).is_ok());
    assert_eq!(report["interrupted"], true);
}
