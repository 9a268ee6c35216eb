//! Why a run came to its verdict.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::cli::history::named_run;
use crate::model::Report;
use crate::model::ThresholdResult;

/// Whether a word is a run rather than a word: a file, or written like one.
pub(super) fn is_run(word: &str) -> bool {
    let path = Path::new(word);
    let named_like_one = path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("json") || extension.eq_ignore_ascii_case("jsonl")
    });
    word == "-" || named_run(path).is_some() || named_like_one || path.is_file()
}

/// The verdict as JSON, with each gate's figures.
pub(super) fn json(report: &Report) -> Value {
    let verdict = report.verdict.as_ref();
    let reasons = verdict.iter().flat_map(|verdict| &verdict.reasons);
    let reasons: Vec<Value> =
        reasons.map(|reason| json!({ "code": reason.code.code(), "text": reason.text })).collect();
    json!({
        "kind": "verdict",
        "pass": verdict.map(|verdict| verdict.pass),
        "exit_code": verdict.map(|verdict| verdict.exit_code.code()),
        "meaning": report.verdict_meaning(),
        "reasons": reasons,
        "gates": report.thresholds.iter().map(gate).collect::<Vec<_>>(),
        "cure": verdict.map(|verdict| verdict.exit_code.cure()),
    })
}

fn gate(result: &ThresholdResult) -> Value {
    let metric = result.criterion.as_ref().map(|criterion| criterion.selector.metric);
    json!({
        "metric": result.selector,
        "condition": result.wanted(),
        "pass": result.pass,
        "value": result.value,
        "baseline": result.baseline,
        "measured": result.measured(),
        "margin_percent": crate::report::margin(result),
        "meaning": metric.map(crate::model::MetricName::meaning),
    })
}
