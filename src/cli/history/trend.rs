//! `history trend`: a metric through runs.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::outputs::write_stderr;
use crate::cli::outputs::write_stdout;
use crate::cli::terminal::Terminal;
use crate::format::report;
use crate::model::Aggregate;
use crate::model::Criterion;
use crate::model::MetricName;
use crate::model::PastRun;
use crate::model::RunTrend;
use crate::model::inert;
use crate::store::History;

use super::args::TrendArgs;
use super::list;

/// Shows it.
pub(super) fn run(args: &TrendArgs, path: &Path, terminal: &Terminal) -> Result<(), CliError> {
    let criterion = criterion(&args.metric, args.value.as_deref())?;
    let history = History::existing(path)?;
    let mut runs = history.list(&list::filter(&args.filter, args.since.as_deref())?)?;
    let of = one_kind(&mut runs, args);
    if args.last > 0 {
        runs.truncate(usize::try_from(args.last).unwrap_or(usize::MAX));
    }
    runs.reverse();
    let points = runs.into_iter().map(|run| {
        let value = value(&history, &run, &criterion);
        (run, value)
    });
    let trend = RunTrend { of, points: points.collect(), criterion };
    if args.json {
        return write_stdout(format!("{:#}\n", json(&trend)).as_bytes());
    }
    if trend.values().next().is_none() {
        return Err(CliError::Usage(format!(
            "none of {} has measured {}; `shakedown history list` shows what there is, `shakedown \
             explain {}` what the metric is",
            trend.of, trend.criterion.selector, trend.criterion.selector.metric
        )));
    }
    write_stdout(crate::report::run_trend(&trend, terminal.style(terminal.stdout)).as_bytes())
}

/// The metric, its tags and what is taken of it, as thresholds have them.
fn criterion(selector: &str, value: Option<&str>) -> Result<Criterion, CliError> {
    let name = selector.split('{').next().unwrap_or_default().trim();
    let usual = MetricName::parse(name).map(Aggregate::usual);
    let value = value.map(str::to_owned).or(usual.map(|usual| usual.to_string()));
    // A condition is what the grammar knows; its limit says nothing here.
    let condition = format!("{}<0", value.as_deref().unwrap_or("count"));
    Criterion::parse(selector, &condition).map_err(|error| CliError::Usage(error.to_string()))
}

/// Unless the user says which runs: those that are of the same plan, or target, as the last one.
fn one_kind(runs: &mut Vec<PastRun>, args: &TrendArgs) -> String {
    let is_said = args.filter.plan.is_some() || args.filter.target.is_some();
    let Some(last) = runs.first().cloned().filter(|_| !is_said) else {
        return "the runs that were asked for".to_owned();
    };
    runs.retain(|run| {
        let is_same = run.plan == last.plan && run.command == last.command;
        is_same && (run.plan.is_some() || run.target == last.target)
    });
    let what = last.plan.as_deref().unwrap_or(&last.target);
    format!("the runs of {} ({})", inert(what, 200), inert(&last.command, 20))
}

/// What a run measured; a report that cannot be read is told and is a gap.
fn value(history: &History, run: &PastRun, criterion: &Criterion) -> Option<f64> {
    let told = |error: &dyn std::error::Error| {
        write_stderr(format!("warning: run {} is left out: {error}\n", run.id).as_bytes());
    };
    let bytes = history.report(run).inspect_err(|error| told(error)).ok()?;
    let report = report::read(&bytes).inspect_err(|error| told(error)).ok()?;
    let data = report.measures(&criterion.selector).then(|| report.metric(&criterion.selector))?;
    criterion.condition.aggregate.of(&data)
}

fn json(trend: &RunTrend) -> Value {
    let points = trend.points.iter().zip(trend.changes()).map(|((run, value), change)| {
        let mut point = list::past_run(run);
        point["value"] = json!(value);
        point["change_percent"] = json!(change);
        point
    });
    json!({
        "metric": trend.criterion.selector.to_string(),
        "value": trend.criterion.condition.aggregate.to_string(),
        "type": trend.criterion.selector.metric.kind().as_str(),
        "runs": points.collect::<Vec<_>>(),
    })
}
