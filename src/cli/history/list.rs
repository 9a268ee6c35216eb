//! `history list`.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::outputs::write_stderr;
use crate::cli::outputs::write_stdout;
use crate::cli::terminal::Terminal;
use crate::http::clock::Clock;
use crate::model::PastRun;
use crate::model::parse_duration;
use crate::store::History;
use crate::store::HistoryError;
use crate::store::RunFilter;

use super::args::FilterArgs;
use super::args::ListArgs;

/// Lists them.
pub(super) fn run(args: &ListArgs, path: &Path, terminal: &Terminal) -> Result<(), CliError> {
    let mut filter = filter(&args.filter, args.since.as_deref())?;
    filter.last = (args.last > 0).then_some(args.last);
    let runs = match History::existing(path) {
        Ok(history) => history.list(&filter)?,
        Err(HistoryError::Missing { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if args.json {
        let runs: Vec<Value> = runs.iter().map(past_run).collect();
        return write_stdout(format!("{:#}\n", Value::Array(runs)).as_bytes());
    }
    if runs.is_empty() {
        write_stderr(format!("no such run in the history {}\n", path.display()).as_bytes());
        return Ok(());
    }
    write_stdout(crate::report::runs_table(&runs, terminal.style(terminal.stdout)).as_bytes())
}

/// What runs have to be.
///
/// # Errors
/// A time that is none.
pub(super) fn filter(args: &FilterArgs, since: Option<&str>) -> Result<RunFilter, CliError> {
    let plan = args.plan.as_deref().map(|plan| plan.strip_prefix("./").unwrap_or(plan));
    // What leads upwards is no part of a whole path.
    let whole = |plan: &str| match Path::new(plan).canonicalize() {
        Ok(path) if plan.contains("..") => path.display().to_string(),
        _ => plan.to_owned(),
    };
    Ok(RunFilter {
        target: args.target.clone(),
        plan: plan.map(whole),
        command: args.command.clone(),
        since_unix: since.map(since_unix).transpose()?,
        last: None,
    })
}

/// `30d` ago, or a day, or a moment.
fn since_unix(text: &str) -> Result<u64, CliError> {
    if let Ok(ago) = parse_duration(text) {
        return Ok(Clock::start().unix_seconds().saturating_sub(ago.as_secs()));
    }
    let day = text.parse::<jiff::civil::Date>().ok();
    let day = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let moment = text.parse::<jiff::Timestamp>().ok().or(day.map(|day| day.timestamp()));
    let seconds = moment.and_then(|moment| u64::try_from(moment.as_second()).ok());
    seconds.ok_or_else(|| {
        CliError::Usage(format!(
            "--since: `{text}` is neither a time (12h, 30d) nor a day (2026-11-30) nor a moment \
             (2026-11-30T18:00:00Z)"
        ))
    })
}

/// A run as JSON.
pub(super) fn past_run(run: &PastRun) -> Value {
    let started = i64::try_from(run.started_unix).ok();
    let started = started.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    json!({
        "id": run.id,
        "names": run.names,
        "started": started.map(|started| started.to_string()),
        "started_unix": run.started_unix,
        "command": run.command,
        "target": run.target,
        "plan": run.plan,
        "plan_hash": run.plan_hash,
        "version": run.version,
        "pass": run.passed(),
        "exit_code": run.exit_code,
        "elapsed_ms": u64::try_from(run.elapsed.as_millis()).unwrap_or(u64::MAX),
        "requests": run.requests,
        "failed": run.failed,
        "findings": run.findings,
        "report_bytes": run.report_len,
        "stored_bytes": run.stored_len,
    })
}
