//! The phases of a request: of one exchange as durations, of many as distributions.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::number::Millis;
use super::trend::Figures;
use super::trend::Trend;
use crate::model::Digits;
use crate::model::Histogram;
use crate::model::PhaseKind;
use crate::model::Timings;

/// Distributions of the phases of a request; a phase that never happened is absent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct PhaseTrends {
    /// From the intended start until a connection was free or being made.
    #[serde(skip_serializing_if = "Option::is_none")]
    queued: Option<Trend>,
    /// Name resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<Trend>,
    /// TCP connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<Trend>,
    /// TLS handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Trend>,
    /// First byte of the request until the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    send: Option<Trend>,
    /// Last request byte until the first response byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<Trend>,
    /// First response byte until the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    receive: Option<Trend>,
}

impl PhaseTrends {
    pub(super) fn new(phases: &[Histogram; 7], figures: Figures) -> Self {
        let of = |kind: PhaseKind| {
            let phase = &phases[kind as usize];
            (!phase.is_empty()).then(|| Trend::new(phase, figures))
        };
        Self {
            queued: of(PhaseKind::Queued),
            dns: of(PhaseKind::Dns),
            connect: of(PhaseKind::Connect),
            tls: of(PhaseKind::Tls),
            send: of(PhaseKind::Send),
            wait: of(PhaseKind::Wait),
            receive: of(PhaseKind::Receive),
        }
    }
}

impl From<PhaseTrends> for [Histogram; 7] {
    fn from(dto: PhaseTrends) -> Self {
        [dto.queued, dto.dns, dto.connect, dto.tls, dto.send, dto.wait, dto.receive]
            .map(|phase| phase.map_or_else(|| Histogram::new(Digits::Two), Into::into))
    }
}

/// Phases of one exchange; one that did not happen is 0.
#[expect(clippy::struct_field_names, reason = "the unit belongs into the format's names")]
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Timings")]
pub(super) struct TimingsDto {
    queued_ms: Millis,
    dns_ms: Millis,
    connect_ms: Millis,
    tls_ms: Millis,
    send_ms: Millis,
    wait_ms: Millis,
    receive_ms: Millis,
}

impl From<[Duration; 7]> for TimingsDto {
    fn from(phases: [Duration; 7]) -> Self {
        let [queued_ms, dns_ms, connect_ms, tls_ms, send_ms, wait_ms, receive_ms] =
            phases.map(Millis);
        Self { queued_ms, dns_ms, connect_ms, tls_ms, send_ms, wait_ms, receive_ms }
    }
}

impl From<TimingsDto> for [Duration; 7] {
    fn from(dto: TimingsDto) -> Self {
        [
            dto.queued_ms,
            dto.dns_ms,
            dto.connect_ms,
            dto.tls_ms,
            dto.send_ms,
            dto.wait_ms,
            dto.receive_ms,
        ]
        .map(Into::into)
    }
}

impl From<TimingsDto> for Timings {
    fn from(dto: TimingsDto) -> Self {
        let [queued, dns, connect, tls, send, wait, receive] = dto.into();
        Self { queued, dns, connect, tls, send, wait, receive }
    }
}
