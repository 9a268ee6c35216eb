//! oha without its terminal UI, with one worker thread.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::child;
use crate::child::Ended;
use crate::cores::Cores;
use crate::cores::Place;
use crate::problem::Problem;

/// One run of oha.
#[derive(Debug, Clone)]
pub(crate) struct Oha {
    pub(crate) url: String,
    pub(crate) connections: u32,
    pub(crate) time: Duration,
}

impl Oha {
    /// Runs it on the client's core; how many requests it made.
    pub(crate) fn run(&self, cores: Cores) -> Result<(u64, Ended), Problem> {
        let mut command = Command::new("oha");
        command
            .args(["--no-tui", "--insecure", "--output-format", "json"])
            .args(["-c", &self.connections.to_string()])
            .args(["-z", &format!("{}ms", self.time.as_millis())])
            .arg(&self.url);
        cores.take(Place::Client)?;
        let ended = child::run(command, self.time + Duration::from_secs(30));
        cores.take(Place::Both)?;
        let ended = ended?.succeeded()?;
        Ok((answered(&ended)?, ended))
    }
}

/// Requests that were under way at the end are no failure: oha cuts them off and says so.
fn answered(ended: &Ended) -> Result<u64, Problem> {
    let counted = |report: Value| {
        let statuses = report.get("statusCodeDistribution")?.as_object()?;
        let of = |status: &str| statuses.get(status).and_then(Value::as_u64).unwrap_or(0);
        Some((of("200"), statuses.values().filter_map(Value::as_u64).sum::<u64>()))
    };
    let report = serde_json::from_str(&ended.stdout).ok();
    let (good, all) = report.and_then(counted).ok_or_else(|| Problem::Unreadable {
        program: ended.program.clone(),
        wanted: "status codes",
        said: child::last_lines(&ended.stdout),
    })?;
    if good == 0 || good < all {
        let program = ended.program.clone();
        return Err(Problem::FailedRequests { program, requests: all, failed: all - good });
    }
    Ok(good)
}
