//! The program itself.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::child;
use crate::child::Ended;
use crate::cores::Cores;
use crate::cores::Place;
use crate::problem::Problem;
use crate::tracing;
use crate::tracing::Counter;

/// How much is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    Requests(u64),
    For(Duration),
}

/// One run of `shakedown load` with everything that it counts by default.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// URL or plan.
    pub(crate) target: String,
    /// What else stands on the command line.
    pub(crate) flags: Vec<String>,
}

/// A run and its report.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) ended: Ended,
    pub(crate) requests: u64,
    pub(crate) report: Value,
}

impl Load {
    /// Load on a URL over so many connections.
    pub(crate) fn url(url: &str, connections: u32, amount: Amount) -> Self {
        let mut flags = vec!["-c".to_owned(), connections.to_string()];
        match amount {
            Amount::Requests(requests) => flags.extend(["-n".to_owned(), requests.to_string()]),
            Amount::For(time) => {
                flags.extend(["-z".to_owned(), format!("{}ms", time.as_millis())]);
            }
        }
        Self { target: url.to_owned(), flags }
    }

    /// With more flags.
    pub(crate) fn with(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// Runs it on the client's core.
    pub(crate) fn run(&self, cores: Cores, place: Place, bound: Duration) -> Result<Done, Problem> {
        let report = report_file()?;
        cores.take(place)?;
        let ended = child::run(self.command(report.path()), bound);
        cores.take(Place::Both)?;
        done(ended?, report.path())
    }

    /// Runs it under a tracer and counts.
    pub(crate) fn count(&self, counter: Counter, cores: Cores) -> Result<(u64, Done), Problem> {
        let report = report_file()?;
        cores.take(Place::Client)?;
        let counted = tracing::count(counter, &self.command(report.path()));
        cores.take(Place::Both)?;
        let (counted, ended) = counted?;
        Ok((counted, done(ended, report.path())?))
    }

    fn command(&self, report: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
        for name in ["SHAKEDOWN_COLOR", "SHAKEDOWN_CI", "SHAKEDOWN_THREADS"] {
            command.env_remove(name);
        }
        command
            .args(["load", &self.target, "--threads", "1", "--no-tui"])
            .args(&self.flags)
            .arg(format!("--json={}", report.display()));
        command
    }
}

fn report_file() -> Result<tempfile::NamedTempFile, Problem> {
    tempfile::NamedTempFile::new().map_err(Problem::doing("making a temporary file"))
}

fn done(ended: Ended, report: &Path) -> Result<Done, Problem> {
    let ended = ended.succeeded()?;
    let unreadable = |wanted| Problem::Unreadable {
        program: ended.program.clone(),
        wanted,
        said: child::last_lines(&ended.stderr),
    };
    let text = std::fs::read_to_string(report).map_err(Problem::doing("reading the report"))?;
    let report: Value = serde_json::from_str(&text).map_err(|_| unreadable("JSON report"))?;
    let requests = value(&report, "http_reqs", "count").ok_or_else(|| unreadable("http_reqs"))?;
    let failed =
        value(&report, "http_req_failed", "passes").ok_or_else(|| unreadable("http_req_failed"))?;
    let (requests, failed) = (whole(requests), whole(failed));
    if failed > 0 || requests == 0 {
        return Err(Problem::FailedRequests { program: ended.program, requests, failed });
    }
    Ok(Done { ended, requests, report })
}

/// A value of a metric of the whole run.
pub(crate) fn value(report: &Value, metric: &str, key: &str) -> Option<f64> {
    let metrics = report.get("metrics")?.as_array()?;
    let is_it = |found: &&Value| {
        found["name"] == metric && found["tags"].as_object().is_none_or(serde_json::Map::is_empty)
    };
    metrics.iter().find(is_it)?["values"].get(key)?.as_f64()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are small")]
pub(crate) fn whole(count: f64) -> u64 {
    count as u64
}
