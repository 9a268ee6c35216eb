//! Runs that are over, as the history lists them and as a metric goes through them.

use std::time::Duration;

use super::condition::percent_change;
use super::exit::ExitCode;
use super::threshold::Criterion;

/// A run of the history, without its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// From 1, in the order in which runs ended; never given twice.
    pub id: u64,
    /// What users called it, in alphabetical order.
    pub names: Vec<String>,
    /// Wall-clock start, seconds since 1970.
    pub started_unix: u64,
    /// `load`, `scan` or `check`.
    pub command: String,
    /// The target's URL.
    pub target: String,
    /// The plan's file; `None` where a URL was tested.
    pub plan: Option<String>,
    /// SHA-256 of the resolved plan, hexadecimal.
    pub plan_hash: String,
    /// Shakedown's version.
    pub version: String,
    /// What the run ended with; `None` when it was cut before there was a verdict.
    pub exit_code: Option<u8>,
    /// How long it took.
    pub elapsed: Duration,
    /// Requests of load.
    pub requests: u64,
    /// Of these failed.
    pub failed: u64,
    /// Findings, whatever became of them.
    pub findings: u64,
    /// Bytes of the report.
    pub report_len: u64,
    /// Bytes that it takes in the history.
    pub stored_len: u64,
}

impl PastRun {
    /// Whether it passed; `None` without a verdict.
    pub fn passed(&self) -> Option<bool> {
        self.exit_code.map(|code| code == ExitCode::Passed.code())
    }

    /// When it began: `2026-11-30 18:45`, UTC.
    pub fn started(&self) -> String {
        let seconds = i64::try_from(self.started_unix).unwrap_or(i64::MAX);
        let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        moment.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// A metric through runs, the oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct RunTrend {
    /// What is looked at; of its condition, only the aggregate.
    pub criterion: Criterion,
    /// Which runs these are, in words.
    pub of: String,
    /// Each run, and the value where it was measured.
    pub points: Vec<(PastRun, Option<f64>)>,
}

impl RunTrend {
    /// Values that were measured, the oldest first.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.points.iter().filter_map(|(_, value)| *value)
    }

    /// By how many percent each run's value differs from the last one measured before it.
    pub fn changes(&self) -> Vec<Option<f64>> {
        let mut before: Option<f64> = None;
        let mut changes = Vec::with_capacity(self.points.len());
        for (_, value) in &self.points {
            let change = value.zip(before).map(|(value, before)| percent_change(value, before));
            changes.push(change.filter(|change| change.is_finite()));
            before = value.or(before);
        }
        changes
    }

    /// A value with its unit.
    pub fn figure(&self, value: f64) -> String {
        let metric = self.criterion.selector.metric;
        self.criterion.condition.aggregate.figure(metric, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_on_the_last_run_that_measured() {
        let run = PastRun {
            id: 1,
            names: Vec::new(),
            started_unix: 0,
            command: "load".to_owned(),
            target: String::new(),
            plan: None,
            plan_hash: String::new(),
            version: String::new(),
            exit_code: Some(0),
            elapsed: Duration::ZERO,
            requests: 0,
            failed: 0,
            findings: 0,
            report_len: 0,
            stored_len: 0,
        };
        let values = [Some(0.0), Some(10.0), None, Some(15.0)];
        let trend = RunTrend {
            criterion: Criterion::parse("http_req_latency", "p(95)<1").expect("a criterion"),
            of: String::new(),
            points: values.map(|value| (run.clone(), value)).to_vec(),
        };
        // From nothing to something is no number of percent.
        assert_eq!(trend.changes(), [None, None, None, Some(50.0)]);
        assert_eq!(trend.figure(15.0), "15.0ms");
        assert_eq!(run.started(), "1970-01-01 00:00");
    }
}
