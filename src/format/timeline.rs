//! The timeline: one point per interval.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::number::Count;
use super::number::Millis;
use crate::model::TimelinePoint;

/// One interval over all endpoints.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Point")]
pub(super) struct PointDto {
    /// Start, since the run's start.
    from_ms: Millis,
    /// End, since the run's start.
    to_ms: Millis,
    /// Belongs to a warm-up.
    warmup: bool,
    requests: Count,
    failed: Count,
    bytes_received: Count,
    /// Virtual users at the end.
    vus: Count,
    /// `http_req_latency` in milliseconds; null when nothing came back.
    latency: Option<PointLatency>,
    /// `http_req_duration`, likewise.
    #[serde(default)]
    duration: Option<PointLatency>,
}

/// Latency of one interval in milliseconds.
#[derive(Serialize, Deserialize, JsonSchema)]
struct PointLatency {
    med: Millis,
    #[serde(rename = "p(95)")]
    p95: Millis,
    #[serde(rename = "p(99)")]
    p99: Millis,
    max: Millis,
}

impl PointLatency {
    fn of(quartet: [Duration; 4]) -> Self {
        let [med, p95, p99, max] = quartet.map(Millis);
        Self { med, p95, p99, max }
    }

    fn quartet(self) -> [Duration; 4] {
        [self.med, self.p95, self.p99, self.max].map(Duration::from)
    }
}

impl From<&TimelinePoint> for PointDto {
    fn from(point: &TimelinePoint) -> Self {
        Self {
            from_ms: point.from.into(),
            to_ms: point.to.into(),
            warmup: point.warmup,
            requests: point.requests.into(),
            failed: point.failed.into(),
            bytes_received: point.bytes_received.into(),
            vus: point.vus.into(),
            latency: point.latency.map(PointLatency::of),
            duration: point.duration.map(PointLatency::of),
        }
    }
}

impl From<PointDto> for TimelinePoint {
    fn from(dto: PointDto) -> Self {
        Self {
            from: dto.from_ms.into(),
            to: dto.to_ms.into(),
            warmup: dto.warmup,
            requests: dto.requests.into(),
            failed: dto.failed.into(),
            bytes_received: dto.bytes_received.into(),
            vus: dto.vus.into(),
            latency: dto.latency.map(PointLatency::quartet),
            duration: dto.duration.map(PointLatency::quartet),
        }
    }
}
