//! How the value of an aggregate is taken and written where nobody says it otherwise.

use std::time::Duration;

use super::condition::Aggregate;
use super::metric::{MetricKind, MetricName};
use super::units::{format_bytes, format_duration, format_number, format_percent};

impl Aggregate {
    /// What is looked at first of a metric.
    pub fn usual(metric: MetricName) -> Self {
        match (metric, metric.kind()) {
            (
                MetricName::HttpReqs
                | MetricName::Iterations
                | MetricName::DataSent
                | MetricName::DataReceived
                | MetricName::ScanReqs,
                _,
            )
            | (_, MetricKind::Rate) => Self::Rate,
            (_, MetricKind::Counter) => Self::Count,
            (_, MetricKind::Gauge) => Self::Value,
            (_, MetricKind::Trend) => Self::Percentile(95.0),
        }
    }

    /// A value of this aggregate of `metric`, with its unit.
    pub fn figure(self, metric: MetricName, value: f64) -> String {
        let is_bytes = matches!(metric, MetricName::DataSent | MetricName::DataReceived);
        match (metric.kind(), self) {
            (MetricKind::Trend, _) => match Duration::try_from_secs_f64(value / 1e3) {
                Ok(time) => format_duration(time),
                Err(_) => format!("{}ms", format_number(value)),
            },
            (MetricKind::Rate, Self::Rate) => format_percent(value),
            (MetricKind::Counter, Self::Rate) if is_bytes => format!("{}/s", bytes(value)),
            (MetricKind::Counter, Self::Rate) => format!("{}/s", format_number(value)),
            (MetricKind::Counter, _) if is_bytes => bytes(value),
            _ => format_number(value),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes are shown rounded, and are never negative"
)]
fn bytes(value: f64) -> String {
    format_bytes(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_unit() {
        let figure = |metric: MetricName, value| Aggregate::usual(metric).figure(metric, value);
        assert_eq!(figure(MetricName::HttpReqLatency, 12.34), "12.3ms");
        assert_eq!(figure(MetricName::HttpReqFailed, 0.25), "25.0%");
        assert_eq!(figure(MetricName::HttpReqs, 50.0), "50/s");
        assert_eq!(figure(MetricName::Findings, 3.0), "3");
        assert_eq!(figure(MetricName::Vus, 7.0), "7");
    }
}
