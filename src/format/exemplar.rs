//! Single exchanges that are worth keeping: the slowest and the first errors.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::name::Name;
use super::number::Millis;
use super::phases::TimingsDto;
use crate::model::Exemplar;
use crate::model::FailureClass;

/// One request worth keeping.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Exemplar")]
pub(super) struct ExemplarDto {
    /// Intended start, since the run's start.
    at_ms: Millis,
    /// From the intended start to the last byte.
    latency_ms: Millis,
    timings: TimingsDto,
    /// Null when there was no response.
    status: Option<u16>,
    /// Null when there was a response.
    failure: Option<FailureDto>,
    /// It did not count as success, whether or not there was a response.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    failed: bool,
    /// The trace that the service made of it, as far as it is known.
    trace_id: Option<String>,
    /// The operation of that trace that it stands for, where its id was sent along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    span_id: Option<String>,
}

/// Why there was no response.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Failure")]
pub(super) struct FailureDto {
    pub(super) class: Name<FailureClass>,
    /// What was attempted and what happened.
    pub(super) detail: String,
}

impl From<&Exemplar> for ExemplarDto {
    fn from(exemplar: &Exemplar) -> Self {
        let failure = exemplar.failure.as_ref();
        Self {
            at_ms: exemplar.at.into(),
            latency_ms: exemplar.latency.into(),
            timings: exemplar.phases.into(),
            status: exemplar.status,
            failure: failure
                .map(|(class, detail)| FailureDto { class: Name(*class), detail: detail.clone() }),
            failed: exemplar.failed,
            trace_id: exemplar.trace_id.clone(),
            span_id: exemplar.span_id.clone(),
        }
    }
}

impl From<ExemplarDto> for Exemplar {
    fn from(dto: ExemplarDto) -> Self {
        Self {
            at: dto.at_ms.into(),
            latency: dto.latency_ms.into(),
            phases: dto.timings.into(),
            status: dto.status,
            failed: dto.failed || dto.failure.is_some(),
            failure: dto.failure.map(|failure| (failure.class.0, failure.detail)),
            trace_id: dto.trace_id,
            span_id: dto.span_id,
        }
    }
}
