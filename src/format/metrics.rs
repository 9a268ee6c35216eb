//! The report's `metrics` block: every figure of the run under k6's names.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

use crate::model::Criterion;
use crate::model::MetricData;
use crate::model::MetricKind;
use crate::model::MetricName;
use crate::model::MetricSelector;
use crate::model::Phase;
use crate::model::Report;
use crate::model::SeriesKind;
use crate::model::TagOp;

use super::name::Name;
use super::trend::Values;

/// A metric of the whole run, or of the part that the tags of a threshold select.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Metric")]
pub(super) struct MetricDto {
    /// k6's name where k6 has the metric.
    name: String,
    #[serde(rename = "type")]
    kind: Name<MetricKind>,
    /// Empty for the whole run.
    tags: BTreeMap<String, String>,
    /// `ms`, `bytes` or empty.
    unit: String,
    values: Values,
    /// `HdrHistogram` V2 payload of microseconds, deflated, base64; trends that have values only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    hdr: String,
}

/// Every metric that the run could have measured, then the parts that thresholds name.
pub(super) fn metrics(report: &Report) -> Vec<MetricDto> {
    let whole = MetricName::ALL
        .into_iter()
        .filter(|metric| applies(*metric, report))
        .map(|metric| MetricSelector { metric, tags: Vec::new() });
    let mut parts: Vec<MetricSelector> = Vec::new();
    for result in &report.thresholds {
        if let Some(Criterion { selector, .. }) = &result.criterion
            && !selector.tags.is_empty()
            && !parts.contains(selector)
        {
            parts.push(selector.clone());
        }
    }
    whole.chain(parts).map(|selector| metric(report, &selector)).collect()
}

/// Whether the part of the run that measures the metric was there at all.
fn applies(metric: MetricName, report: &Report) -> bool {
    let load = !report.endpoints.is_empty() || !report.scenarios.is_empty();
    let scan = report.scan_requests.0 > 0
        || report.phases.iter().any(|(phase, _)| matches!(phase, Phase::Crawl | Phase::Scan));
    match metric {
        MetricName::HttpReqs
        | MetricName::HttpReqDuration
        | MetricName::HttpReqLatency
        | MetricName::HttpReqFailed
        | MetricName::Phase(_)
        | MetricName::Iterations
        | MetricName::IterationDuration
        | MetricName::IterationLatency
        | MetricName::DroppedIterations
        | MetricName::DataSent
        | MetricName::DataReceived
        | MetricName::Vus => load,
        MetricName::WsSessions
        | MetricName::WsMsgsSent
        | MetricName::WsMsgsReceived
        | MetricName::WsSessionDuration
        | MetricName::WsConnecting
        | MetricName::SseEvent
        | MetricName::GrpcReqDuration => {
            let kind = metric.series_kind();
            report.endpoints.iter().any(|endpoint| Some(endpoint.meta.kind) == kind)
        }
        MetricName::GrpcStreams
        | MetricName::GrpcStreamsMsgsSent
        | MetricName::GrpcStreamsMsgsReceived => report.endpoints.iter().any(|endpoint| {
            endpoint.meta.kind == SeriesKind::Grpc && endpoint.total.messages.is_some()
        }),
        MetricName::MessageLatency => {
            report.endpoints.iter().any(|endpoint| endpoint.total.messages.is_some())
        }
        MetricName::GroupDuration => {
            report.scenarios.iter().any(|(_, tally)| !tally.groups.is_empty())
        }
        MetricName::Validity => report.validity.is_some(),
        MetricName::Checks => {
            report.endpoints.iter().any(|endpoint| !endpoint.total.checks.is_empty())
        }
        MetricName::AuthLost => !report.sessions.is_empty(),
        MetricName::ScanReqs | MetricName::ScanReqDuration => scan,
        MetricName::Findings => scan || !report.findings.is_empty(),
        MetricName::CoverageOperations => !report.coverage.operations.is_empty(),
        MetricName::CrawlIncomplete | MetricName::CrawlSkipped => {
            report.coverage.complete.is_some()
        }
    }
}

fn metric(report: &Report, selector: &MetricSelector) -> MetricDto {
    let data = report.metric(selector);
    let tags = selector.tags.iter().map(|tag| {
        let op = match tag.op {
            TagOp::Equal => "",
            TagOp::AtLeast => ">=",
        };
        (tag.tag.clone(), format!("{op}{}", tag.value))
    });
    let unit = match selector.metric {
        MetricName::DataSent | MetricName::DataReceived => "bytes",
        metric if metric.kind() == MetricKind::Trend => "ms",
        _ => "",
    };
    let hdr = match &data {
        MetricData::Trend(trend) => trend.encode(),
        MetricData::Counter { .. } | MetricData::Gauge(_) | MetricData::Rate { .. } => {
            String::new()
        }
    };
    let mut values = values(&data);
    if selector.metric == MetricName::Vus {
        values.max = Some(report.vus.1 as f64);
    }
    MetricDto {
        name: selector.metric.as_str().to_owned(),
        kind: Name(selector.metric.kind()),
        tags: tags.collect(),
        unit: unit.to_owned(),
        values,
        hdr,
    }
}

fn values(data: &MetricData) -> Values {
    match data {
        MetricData::Counter { count, elapsed } => Values {
            count: Some(*count),
            rate: (!elapsed.is_zero()).then(|| *count as f64 / elapsed.as_secs_f64()),
            ..Values::default()
        },
        MetricData::Gauge(value) => Values { value: Some(*value), ..Values::default() },
        MetricData::Rate { hits, total } => Values {
            rate: (*total > 0).then(|| *hits as f64 / *total as f64),
            passes: Some(*hits),
            fails: Some(total.saturating_sub(*hits)),
            ..Values::default()
        },
        MetricData::Trend(trend) => Values::of_trend(trend),
    }
}
