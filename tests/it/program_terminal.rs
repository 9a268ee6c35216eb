//! The real program in a real terminal: interrupted, it gives the terminal back, writes its report
//! and ends with the code for it.

use portable_pty::CommandBuilder;
use serde_json::Value;

use crate::program::OddServer;
use crate::ui_terminal::Stage;

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn load_in_terminal(url: &str, report: &std::path::Path) -> Stage {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_shakedown"));
    command.args(["load", url, "-z", "60s", "-c", "2"]);
    command.arg(format!("--json={}", report.display()));
    command.env("LANG", "C.UTF-8");
    command.env("SHAKEDOWN_HISTORY", "off");
    Stage::run(command)
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
    let report: Value =
        serde_json::from_slice(&std::fs::read(&path).expect("it was written")).expect("whole JSON");
    let schema: Value =
        serde_json::from_str(include_str!("../../reports/report.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.validate(&report).is_ok());
    assert_eq!(report["interrupted"], true);
}
