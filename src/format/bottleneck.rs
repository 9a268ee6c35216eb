//! What makes requests slow.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::comparison::SubjectDto;
use super::name::Name;
use super::number::Millis;
use crate::model::Bottleneck;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Since;

/// One cause of slowness, somewhere, with what it costs.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Bottleneck")]
pub(super) struct BottleneckDto {
    cause: Name<BottleneckCause>,
    /// Where: everything, or one endpoint.
    #[serde(rename = "where")]
    subject: SubjectDto,
    /// The backend, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backend: Option<String>,
    /// Share of that place's p95 that would not be there without it, 0–1.
    #[schemars(range(min = 0, max = 1))]
    explains_p95: f64,
    /// Likewise of its p99.
    #[schemars(range(min = 0, max = 1))]
    explains_p99: f64,
    /// When it began, since the run's start; absent if from the first request on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_ms: Option<Millis>,
    /// Requests per second at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_rate: Option<f64>,
    confidence: Name<Certainty>,
    /// The figures it rests on, as sentences.
    numbers: Vec<String>,
    /// What to try.
    #[serde(rename = "try")]
    advice: String,
}

impl From<&Bottleneck> for BottleneckDto {
    fn from(found: &Bottleneck) -> Self {
        Self {
            cause: Name(found.cause),
            subject: (&found.subject).into(),
            backend: found.backend.clone(),
            explains_p95: found.explains_p95,
            explains_p99: found.explains_p99,
            since_ms: found.since.map(|since| since.at.into()),
            since_rate: found.since.map(|since| since.rate),
            confidence: Name(found.certainty),
            numbers: found.numbers.clone(),
            advice: found.advice.clone(),
        }
    }
}

impl From<BottleneckDto> for Bottleneck {
    fn from(dto: BottleneckDto) -> Self {
        let since = dto.since_ms.zip(dto.since_rate);
        Self {
            cause: dto.cause.0,
            subject: dto.subject.into(),
            backend: dto.backend,
            explains_p95: dto.explains_p95,
            explains_p99: dto.explains_p99,
            since: since.map(|(at, rate)| Since { at: at.into(), rate }),
            certainty: dto.confidence.0,
            numbers: dto.numbers,
            advice: dto.advice,
        }
    }
}
