//! goose: the load test of tests/bench/goose.

use std::time::Duration;

use super::k6::Script;
use super::k6::counted;
use super::peer::Peer;
use super::programs::Programs;

/// goose, all users at once.
pub(crate) fn goose(
    programs: &Programs,
    url: &str,
    users: u32,
    time: Duration,
    script: Script,
) -> Peer {
    let scenario = match script {
        Script::Plain => "plain",
        Script::Chain { .. } => "chain",
    };
    let arguments = vec![
        "--quiet".to_owned(),
        "--no-print-metrics".to_owned(),
        "--increase-rate=100000".to_owned(),
        format!("--users={users}"),
        format!("--run-time={}", time.as_secs()),
        format!("--scenarios={scenario}"),
        format!("--host={url}"),
    ];
    Peer::new(&programs.goose, arguments, time, counted)
}
