//! Thresholds and outputs of the plan.

use std::path::PathBuf;
use std::time::Duration;

use super::document::{Entry, Node, Place, Value};
use super::reader::{Fields, Keys, Reader};
use super::types::Output;
use crate::model::Criterion;
use crate::model::MetricKind;
use crate::model::MetricName;
use crate::model::OutputKind;
use crate::model::Threshold;
use crate::model::ThresholdError;
use crate::model::format_duration;

pub(super) const THRESHOLD: Keys = Keys {
    of: "a threshold",
    known: &["threshold", "window", "abortOnFail", "delayAbortEval"],
    later: &[],
};

/// Formats that are designed and do not exist yet.
const FORMATS_LATER: [&str; 2] = ["influxdb", "statsd"];

/// What is sent and not written.
const SENT: [&str; 3] = ["otlp", "prometheus-rw", "prometheus_rw"];

/// A gate and the places of its parts.
pub(super) struct Gate {
    pub(super) threshold: Threshold,
    pub(super) selector_at: Place,
    pub(super) window_at: Option<Place>,
    pub(super) delay_at: Option<Place>,
}

/// Every gate of the plan.
pub(super) fn thresholds(plan: &Fields<'_>, reader: &mut Reader) -> Vec<Gate> {
    let Some(node) = plan.get("thresholds") else { return Vec::new() };
    let mut gates = Vec::new();
    for entry in reader.entries(node, "thresholds").unwrap_or_default() {
        if entry.key.contains("|vs(history:") {
            reader.not_yet(&entry.key_at, "a comparison with a run of the history");
            continue;
        }
        for item in reader.list(&entry.node, "conditions like 'p(95)<500'") {
            gates.extend(gate(entry, item, reader));
        }
    }
    gates
}

fn gate(entry: &Entry, item: &Node, reader: &mut Reader) -> Option<Gate> {
    let selector_at = entry.key_at.clone();
    let Value::Map(_) = item.value else {
        let threshold = condition(entry, item, reader)?;
        return Some(Gate { threshold, selector_at, window_at: None, delay_at: None });
    };
    let fields = reader.fields(item, &item.at, &THRESHOLD)?;
    let threshold =
        reader.require(&fields, "threshold").and_then(|node| condition(entry, node, reader));
    let abort = fields.get("abortOnFail").and_then(|node| reader.boolean(node));
    let delay = fields.get("delayAbortEval").and_then(|node| reader.duration(node));
    let window = fields.get("window").and_then(|node| window(node, reader));
    let mut threshold = threshold?;
    if let (Some(_), Some(node)) = (window, fields.get("window")) {
        fits_window(&threshold.criterion, node, reader);
    }
    if let (Some(true), Some(key)) = (abort, fields.entry("abortOnFail")) {
        fits_abort(&threshold.criterion, &key.key_at, reader);
    }
    threshold.criterion.window = window;
    threshold.abort_on_fail = abort.unwrap_or(false);
    threshold.delay_abort_eval = delay.unwrap_or_default();
    let at = |key| fields.get(key).map(|node| node.at.clone());
    Some(Gate { threshold, selector_at, window_at: at("window"), delay_at: at("delayAbortEval") })
}

/// Findings are compared one by one, each being new or known.
fn compares(threshold: Threshold, at: &Place, reader: &mut Reader) -> Option<Threshold> {
    let is_change = threshold.criterion.condition.limit.is_change();
    if is_change && threshold.metric() == MetricName::Findings {
        if !reader.problems.iter().any(|problem| problem.is_at(at)) {
            reader.problem_with_help(
                at,
                "findings are compared one by one, not by their number",
                "leave out `|vs(baseline)`: `findings` counts those that are not in the baseline",
            );
        }
        return None;
    }
    Some(threshold)
}

/// What is only known at the end ends nothing.
fn fits_abort(criterion: &Criterion, at: &Place, reader: &mut Reader) {
    let metric = criterion.selector.metric;
    let when = match metric {
        _ if criterion.condition.limit.is_change() => "in its change when the run is over",
        MetricName::Validity => "when load is over",
        MetricName::CoverageOperations => "when the scan is over",
        _ => return,
    };
    reader.problem_with_help(
        at,
        format!("`{metric}` is only known {when}, so it cannot end the run before"),
        "leave `abortOnFail` out",
    );
}

/// Load is measured by the second.
fn window(node: &Node, reader: &mut Reader) -> Option<Duration> {
    let length = reader.positive_duration(node)?;
    if length.subsec_nanos() != 0 {
        reader.problem_with_help(
            &node.at,
            format!("a window of {} is no whole number of seconds", format_duration(length)),
            "load is measured by the second, so a window has 1s, 2s, …",
        );
        return None;
    }
    Some(length)
}

/// Only what load measures over time has windows.
fn fits_window(criterion: &Criterion, node: &Node, reader: &mut Reader) {
    let metric = criterion.selector.metric;
    if criterion.condition.limit.is_change() {
        reader.problem_with_help(
            &node.at,
            "a change against the baseline is one of the whole run",
            "leave out `window`",
        );
        return;
    }
    let is_measured_over_time = metric.is_load() && metric != MetricName::Validity;
    if !is_measured_over_time || metric.kind() == MetricKind::Gauge {
        reader.problem_with_help(
            &node.at,
            format!("`{metric}` has no windows"),
            "windows are for counters, rates and trends of load; leave out `window`",
        );
    }
}

fn condition(entry: &Entry, node: &Node, reader: &mut Reader) -> Option<Threshold> {
    let text = reader.text(node, "a condition like 'p(95)<500'")?;
    match Threshold::parse(&entry.key, text) {
        Ok(threshold) => compares(threshold, &entry.key_at, reader),
        Err(error) => {
            let at = match error {
                ThresholdError::Metric { .. }
                | ThresholdError::Tag { .. }
                | ThresholdError::Against { .. } => &entry.key_at,
                ThresholdError::Condition(_) | ThresholdError::Kind { .. } => &node.at,
            };
            // Several conditions under one bad selector are one mistake.
            let said = reader.problems.iter().any(|problem| problem.is_at(at));
            if !said {
                reader.problem(at, error.to_string());
            }
            None
        }
    }
}

/// Every output of the plan, relative to the working directory.
pub(super) fn outputs(plan: &Fields<'_>, reader: &mut Reader) -> Vec<Output> {
    let Some(node) = plan.get("outputs") else { return Vec::new() };
    let mut outputs: Vec<Output> = Vec::new();
    for item in reader.list(node, "outputs") {
        let Some(entries) = reader.entries(item, "an output") else { continue };
        for Entry { key, key_at, node } in entries {
            let Some(kind) = output_kind(key, key_at, reader) else { continue };
            let Some(path) = reader.text(node, "a file name") else { continue };
            let path = PathBuf::from(path);
            if outputs.iter().any(|earlier| earlier.path == path) {
                reader.problem(&node.at, format!("`{}` is written twice", path.display()));
            }
            outputs.push(Output { kind, path });
        }
    }
    outputs
}

fn output_kind(name: &str, at: &Place, reader: &mut Reader) -> Option<OutputKind> {
    let kind = OutputKind::parse(name);
    if kind.is_none() && SENT.contains(&name) {
        let text = format!("`{name}` is no file: it is sent while the run goes on");
        reader.problem_with_help(at, text, "write `export: [ { otlp: URL } ]` or `prometheus_rw`");
    } else if kind.is_none() && FORMATS_LATER.contains(&name) {
        reader.not_yet(at, &format!("the output format `{name}`"));
    } else if kind.is_none() {
        reader.unknown(at, "output format", name, OutputKind::ALL.map(OutputKind::as_str));
    }
    kind
}
