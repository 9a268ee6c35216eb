//! Figures as `OpenMetrics` text, for GitLab's metrics widget (`artifacts:reports:metrics`), which
//! compares each line with the target branch's: the lines of two runs of one plan have one name.
//!
//! <https://docs.gitlab.com/ci/testing/metrics_reports/>,
//! <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>

use std::fmt::Write as _;

use crate::model::FindingStatus;
use crate::model::Histogram;
use crate::model::MetricData;
use crate::model::MetricName;
use crate::model::MetricSelector;
use crate::model::Report;
use crate::model::Severity;
use crate::model::inert;

/// Foreign text is cut to this many characters.
const TEXT: usize = 200;

/// Endpoints that have lines of their own.
const ENDPOINTS: usize = 200;

const QUANTILES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// Why a `write!` here cannot fail.
const INFALLIBLE: &str = "writing to a string cannot fail";

/// The file.
pub(in super::super) fn metrics(report: &Report) -> Vec<u8> {
    let mut out = String::new();
    for metric in MetricName::ALL.into_iter().filter(|metric| *metric != MetricName::Findings) {
        let selector = MetricSelector { metric, tags: Vec::new() };
        if report.measures(&selector) {
            family(&mut out, metric, &report.metric(&selector));
        }
    }
    endpoints(&mut out, report);
    findings(&mut out, report);
    gates(&mut out, report);
    out.push_str("# EOF\n");
    out.into_bytes()
}

fn family(out: &mut String, metric: MetricName, data: &MetricData) {
    let name = format!("shakedown_{}", metric.as_str());
    match data {
        MetricData::Counter { count, .. } => {
            head(out, &name, "counter");
            line(out, &format!("{name}_total"), &[], *count as f64);
            rate(out, &name, data);
        }
        MetricData::Gauge(value) => {
            head(out, &name, "gauge");
            line(out, &name, &[], *value);
        }
        MetricData::Rate { hits, total } => {
            let name = format!("{name}_ratio");
            head(out, &name, "gauge");
            let share = if *total > 0 { *hits as f64 / *total as f64 } else { 0.0 };
            line(out, &name, &[], share);
        }
        MetricData::Trend(trend) => summary(out, &format!("{name}_seconds"), &[], trend, true),
    }
}

/// Counters of load, per second of load.
fn rate(out: &mut String, name: &str, data: &MetricData) {
    let MetricData::Counter { count, elapsed } = data else { return };
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 {
        let name = format!("{name}_per_second");
        head(out, &name, "gauge");
        line(out, &name, &[], *count as f64 / seconds);
    }
}

fn summary(
    out: &mut String,
    name: &str,
    labels: &[(&str, &str)],
    trend: &Histogram,
    is_first: bool,
) {
    if is_first {
        head(out, name, "summary");
        writeln!(out, "# UNIT {name} seconds").expect(INFALLIBLE);
    }
    for q in QUANTILES {
        let Some(time) = trend.quantile(q) else { continue };
        let quantile = q.to_string();
        let labels = [labels, &[("quantile", quantile.as_str())]].concat();
        line(out, name, &labels, time.as_secs_f64());
    }
    line(out, &format!("{name}_count"), labels, trend.len() as f64);
    line(out, &format!("{name}_sum"), labels, trend.sum().as_secs_f64());
}

/// Times and failures of each request of each scenario.
fn endpoints(out: &mut String, report: &Report) {
    let headline = report.headline();
    let shown = || report.endpoints.iter().take(ENDPOINTS);
    for (index, endpoint) in shown().enumerate() {
        let meta = &endpoint.meta;
        let labels = [("scenario", meta.scenario.as_str()), ("request", meta.request.as_str())];
        let trend = headline.of(&endpoint.total);
        summary(out, "shakedown_endpoint_seconds", &labels, trend, index == 0);
    }
    for (index, endpoint) in shown().enumerate() {
        let (meta, total) = (&endpoint.meta, &endpoint.total);
        if index == 0 {
            head(out, "shakedown_endpoint_failed_ratio", "gauge");
        }
        let labels = [("scenario", meta.scenario.as_str()), ("request", meta.request.as_str())];
        let share = super::super::figures::share(total.failed, total.requests);
        line(out, "shakedown_endpoint_failed_ratio", &labels, share);
    }
}

/// All severities, so that the first finding of one is a change from 0.
fn findings(out: &mut String, report: &Report) {
    if !super::super::figures::has_scan(report) {
        return;
    }
    head(out, "shakedown_findings", "gauge");
    for severity in Severity::ALL {
        for status in FindingStatus::ALL {
            let is_meant = |finding: &&crate::model::Finding| {
                finding.severity == severity && finding.status == status
            };
            let count = report.findings.iter().filter(is_meant).count();
            let labels = [("severity", severity.as_str()), ("status", status.as_str())];
            line(out, "shakedown_findings", &labels, count as f64);
        }
    }
}

fn gates(out: &mut String, report: &Report) {
    if !report.thresholds.is_empty() {
        head(out, "shakedown_gate_passed", "gauge");
    }
    for result in &report.thresholds {
        let wanted = result.wanted();
        let labels = [("metric", result.selector.as_str()), ("condition", wanted.as_str())];
        line(out, "shakedown_gate_passed", &labels, f64::from(u8::from(result.pass)));
    }
    if let Some(verdict) = &report.verdict {
        head(out, "shakedown_exit_code", "gauge");
        line(out, "shakedown_exit_code", &[], f64::from(verdict.exit_code.code()));
    }
}

fn head(out: &mut String, name: &str, kind: &str) {
    writeln!(out, "# TYPE {name} {kind}").expect(INFALLIBLE);
}

fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    out.push_str(name);
    for (index, (label, text)) in labels.iter().enumerate() {
        let open = if index == 0 { '{' } else { ',' };
        write!(out, "{open}{label}=\"{}\"", escape(text)).expect(INFALLIBLE);
    }
    if !labels.is_empty() {
        out.push('}');
    }
    writeln!(out, " {value}").expect(INFALLIBLE);
}

/// A label's value: foreign text on one line.
fn escape(text: &str) -> String {
    inert(text, TEXT).replace('\\', "\\\\").replace('"', "\\\"")
}
