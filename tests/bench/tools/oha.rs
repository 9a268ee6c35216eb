//! oha without its terminal UI: one worker thread on one core.

use std::time::Duration;

use serde_json::Value;

use super::peer::Counted;
use super::peer::Peer;
use super::programs::Programs;

/// oha in a closed model, or at a rate.
pub(crate) fn oha(
    programs: &Programs,
    url: &str,
    connections: u32,
    time: Duration,
    rate: Option<u32>,
) -> Peer {
    let connections = connections.to_string();
    let time_text = format!("{}ms", time.as_millis());
    let mut arguments: Vec<_> =
        ["--no-tui", "--insecure", "--output-format", "json", "-c", &connections, "-z", &time_text]
            .map(str::to_owned)
            .to_vec();
    if let Some(rate) = rate {
        arguments.extend(["-q".to_owned(), rate.to_string()]);
    }
    arguments.push(url.to_owned());
    Peer::new(&programs.oha, arguments, time, counted)
}

/// Requests that were under way at the end are no failure: oha cuts them off and says so.
fn counted(stdout: &str) -> Option<Counted> {
    let report: Value = serde_json::from_str(stdout).ok()?;
    let statuses = report.get("statusCodeDistribution")?.as_object()?;
    let all: u64 = statuses.values().filter_map(Value::as_u64).sum();
    let good = statuses.get("200").and_then(Value::as_u64).unwrap_or(0);
    Some(Counted { good, failed: all - good })
}
