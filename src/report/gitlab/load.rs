//! Load figures as k6's `--summary-export` writes them, which GitLab's load performance widget reads
//! (`artifacts:reports:load_performance`): it shows checks, `http_req_waiting`'s p(90) and p(95), and
//! the rate of `http_reqs`, and compares them with the target branch.
//!
//! <https://docs.gitlab.com/ci/testing/load_performance_testing/>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::Histogram;
use crate::model::MetricData;
use crate::model::MetricName;
use crate::model::MetricSelector;
use crate::model::Report;
use crate::model::inert;

use super::super::one_by_one::pretty;

/// Foreign names are cut to this many characters.
const TEXT: usize = 200;

/// The file. Metrics of which nothing was measured are left out, as k6 does.
pub(in super::super) fn load(report: &Report) -> Vec<u8> {
    let mut metrics = Map::new();
    for metric in MetricName::ALL.into_iter().filter(|metric| metric.is_load()) {
        let selector = MetricSelector { metric, tags: Vec::new() };
        if report.measures(&selector) {
            let figures = figures(report, &selector);
            metrics.insert(metric.as_str().to_owned(), figures);
        }
    }
    let summary = json!({ "metrics": metrics, "root_group": root_group(report) });
    pretty(&summary)
}

fn figures(report: &Report, selector: &MetricSelector) -> Value {
    match report.metric(selector) {
        MetricData::Counter { count, elapsed } => {
            let seconds = elapsed.as_secs_f64();
            let rate = if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
            json!({ "count": count, "rate": rate })
        }
        MetricData::Gauge(value) => json!({ "value": value, "max": report.vus.1 }),
        MetricData::Rate { hits, total } => {
            let value = if total > 0 { hits as f64 / total as f64 } else { 0.0 };
            json!({ "passes": hits, "fails": total.saturating_sub(hits), "value": value })
        }
        MetricData::Trend(trend) => times(&trend),
    }
}

/// In milliseconds, under k6's keys.
fn times(trend: &Histogram) -> Value {
    let at = |q| trend.quantile(q);
    let columns = [
        ("avg", trend.mean()),
        ("min", trend.min()),
        ("med", at(0.5)),
        ("max", trend.max()),
        ("p(90)", at(0.9)),
        ("p(95)", at(0.95)),
        ("p(99)", at(0.99)),
    ];
    let millis = columns.map(|(name, time)| {
        let micros = time.unwrap_or_default().as_micros() as f64;
        (name.to_owned(), json!(micros / 1e3))
    });
    Value::Object(millis.into_iter().collect())
}

/// k6 has checks there too, by name.
fn root_group(report: &Report) -> Value {
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for check in &report.total().checks {
        let (passes, fails) = counts.entry(inert(&check.name, TEXT)).or_default();
        *passes += check.passes;
        *fails += check.fails;
    }
    let checks: Map<String, Value> = counts
        .into_iter()
        .map(|(name, (passes, fails))| {
            let path = format!("::{name}");
            let check = json!({ "name": name, "path": path, "passes": passes, "fails": fails });
            (name, check)
        })
        .collect();
    json!({ "name": "", "path": "", "groups": {}, "checks": checks })
}
