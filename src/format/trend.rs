//! Distributions: k6's value keys for people and `jq`, the HDR payload for exact merging.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::Digits;
use crate::model::Histogram;

/// The figures of a metric under k6's keys; durations are in milliseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Values {
    /// Counter: the sum. Trend: the number of values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<u64>,
    /// Counter: per second. Rate: the share of trues, 0–1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<f64>,
    /// Rate: the trues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) passes: Option<u64>,
    /// Rate: the falses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fails: Option<u64>,
    /// Gauge: the last value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<f64>,
    /// Arithmetic mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) avg: Option<f64>,
    /// Exact minimum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min: Option<f64>,
    /// Median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) med: Option<f64>,
    /// Trend: exact maximum. Gauge: the greatest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max: Option<f64>,
    /// 90th percentile.
    #[serde(rename = "p(90)", skip_serializing_if = "Option::is_none")]
    pub(super) p90: Option<f64>,
    /// 95th percentile.
    #[serde(rename = "p(95)", skip_serializing_if = "Option::is_none")]
    pub(super) p95: Option<f64>,
    /// 99th percentile.
    #[serde(rename = "p(99)", skip_serializing_if = "Option::is_none")]
    pub(super) p99: Option<f64>,
    /// 99.9th percentile.
    #[serde(rename = "p(99.9)", skip_serializing_if = "Option::is_none")]
    pub(super) p999: Option<f64>,
    /// 99.99th percentile.
    #[serde(rename = "p(99.99)", skip_serializing_if = "Option::is_none")]
    pub(super) p9999: Option<f64>,
}

impl Values {
    /// The figures of a distribution; only `count` when it is empty.
    pub(super) fn of_trend(trend: &Histogram) -> Self {
        let at = |q| trend.quantile(q).map(millis);
        Self {
            count: Some(trend.len()),
            avg: trend.mean().map(millis),
            min: trend.min().map(millis),
            med: at(0.5),
            max: trend.max().map(millis),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            p9999: at(0.9999),
            ..Self::default()
        }
    }
}

/// Microseconds are what a histogram keeps: dividing them once prints without binary noise.
fn millis(value: Duration) -> f64 {
    value.as_micros() as f64 / 1e3
}

/// What a trend is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figures {
    /// With k6's values: the report.
    Shown,
    /// The payload alone: the event log, where there are many.
    Left,
}

/// A distribution of durations.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "TrendWire", into = "TrendWire")]
pub(super) struct Trend {
    histogram: Histogram,
    figures: Figures,
}

impl Trend {
    /// A distribution to be written.
    pub(super) fn new(histogram: &Histogram, figures: Figures) -> Self {
        Self { histogram: histogram.clone(), figures }
    }
}

impl From<Trend> for Histogram {
    fn from(trend: Trend) -> Self {
        trend.histogram
    }
}

/// A distribution of durations. `values` is derived from the rest and ignored when read.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Trend")]
struct TrendWire {
    /// k6's figures, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Values>,
    /// Significant decimal digits that the payload keeps.
    #[schemars(range(min = 2, max = 3))]
    digits: u8,
    /// Exact minimum in microseconds; absent when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_us: Option<u64>,
    /// Exact maximum in microseconds; absent when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_us: Option<u64>,
    /// Exact sum in microseconds; absent when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sum_us: Option<u64>,
    /// `HdrHistogram` V2 payload of microseconds, deflated, base64; absent when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    hdr: String,
}

impl From<Trend> for TrendWire {
    fn from(trend: Trend) -> Self {
        let histogram = &trend.histogram;
        let micros = |value: Duration| u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        Self {
            values: (trend.figures == Figures::Shown).then(|| Values::of_trend(histogram)),
            digits: match histogram.digits() {
                Digits::Two => 2,
                Digits::Three => 3,
            },
            min_us: histogram.min().map(micros),
            max_us: histogram.max().map(micros),
            sum_us: (!histogram.is_empty()).then(|| micros(histogram.sum())),
            hdr: histogram.encode(),
        }
    }
}

impl TryFrom<TrendWire> for Trend {
    type Error = String;

    fn try_from(wire: TrendWire) -> Result<Self, String> {
        let digits = match wire.digits {
            2 => Digits::Two,
            3 => Digits::Three,
            other => return Err(format!("`digits` is {other}: expected 2 or 3")),
        };
        let (min, max) = (wire.min_us.unwrap_or(0), wire.max_us.unwrap_or(0));
        if min > max {
            return Err(format!("`min_us` is {min}, more than `max_us`, which is {max}"));
        }
        let exact = [min, max, wire.sum_us.unwrap_or(0)].map(Duration::from_micros);
        let histogram = Histogram::decode(&wire.hdr, digits, exact[0], exact[1], exact[2])
            .map_err(|error| format!("`hdr`: {error}"))?;
        if !wire.hdr.is_empty() && histogram.is_empty() {
            return Err("`hdr` holds no value: an empty distribution has no payload".to_owned());
        }
        Ok(Self { histogram, figures: Figures::Left })
    }
}
