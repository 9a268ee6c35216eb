//! The program itself.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::NamedTempFile;

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
    flags: Vec<String>,
    threads: u32,
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
        Self { target: url.to_owned(), flags, threads: 1 }
    }

    /// The scenarios of a plan.
    pub(crate) fn plan(path: &Path) -> Self {
        Self { target: path.display().to_string(), flags: Vec::new(), threads: 1 }
    }

    /// On so many threads.
    pub(crate) fn threads(self, threads: u32) -> Self {
        Self { threads, ..self }
    }

    /// With more flags.
    pub(crate) fn with(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// Runs it there.
    pub(crate) fn run(
        &self,
        cores: &Cores,
        place: Place,
        bound: Duration,
    ) -> Result<Done, Problem> {
        let report = report_file()?;
        let ended = cores.at(place, || child::run(self.command(report.path()), bound))?;
        done(ended, report.path())
    }

    /// Runs it under a tracer and counts.
    pub(crate) fn count(&self, counter: Counter, cores: &Cores) -> Result<(u64, Done), Problem> {
        let report = report_file()?;
        let command = self.command(report.path());
        let (counted, ended) = cores.at(Place::Client, || tracing::count(counter, &command))?;
        Ok((counted, done(ended, report.path())?))
    }

    fn command(&self, report: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
        for name in ["SHAKEDOWN_COLOR", "SHAKEDOWN_CI", "SHAKEDOWN_THREADS"] {
            command.env_remove(name);
        }
        command.env("SHAKEDOWN_HISTORY", "off");
        command
            .args(["load", &self.target, "--threads", &self.threads.to_string(), "--no-tui"])
            .args(&self.flags)
            .arg(format!("--json={}", report.display()));
        command
    }
}

/// A plan in a file of its own.
pub(crate) fn plan_file(text: &str) -> Result<NamedTempFile, Problem> {
    let mut file = tempfile::Builder::new()
        .suffix(".yml")
        .tempfile()
        .map_err(Problem::doing("making a temporary file"))?;
    file.write_all(text.as_bytes()).map_err(Problem::doing("writing a plan"))?;
    Ok(file)
}

fn report_file() -> Result<NamedTempFile, Problem> {
    NamedTempFile::new().map_err(Problem::doing("making a temporary file"))
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
    let unmet = value(&report, "checks", "fails").unwrap_or(0.0);
    let (requests, failed) = (whole(requests), whole(failed + unmet));
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
