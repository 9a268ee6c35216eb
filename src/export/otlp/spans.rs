//! Kept exchanges as spans of a client, the parents of what the service tells of them.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::attributes;
use super::attributes::decimal;
use super::attributes::text;
use crate::export::figures::Subject;
use crate::model::Exemplar;
use crate::model::PhaseKind;
use crate::model::SeriesMeta;
use crate::model::SpanId;
use crate::model::TraceId;

/// The trace's part that was ours; `None` where the service began the trace, whose parent we are not.
///
/// It lasts from when a connection was free or being made; what came before is an attribute.
pub(super) fn span(subject: &Subject, meta: &SeriesMeta, exemplar: &Exemplar) -> Option<Span> {
    let trace_id = TraceId::parse(exemplar.trace_id.as_deref()?.as_bytes())?;
    let span_id = SpanId::parse(exemplar.span_id.as_deref()?.as_bytes())?;
    let queued = exemplar.phases[PhaseKind::Queued as usize];
    let (start, end) = (exemplar.at + queued, exemplar.at + exemplar.latency);
    let mut attributes = attributes::of_series(meta);
    attributes.push(text("url.full", meta.url.as_str()));
    attributes.extend(attributes::of_outcome(exemplar));
    attributes.push(decimal("shakedown.queued", queued.as_secs_f64()));
    let message = exemplar.failure.as_ref().map(|(_, detail)| detail.clone());
    let code = if exemplar.failed { StatusCode::Error } else { StatusCode::Unset };
    Some(Span {
        trace_id: trace_id.bytes().to_vec(),
        span_id: span_id.bytes().to_vec(),
        // Sampled (W3C), and the first of its trace.
        flags: 0x101,
        name: format!("{} {}", meta.method, meta.path_template),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: subject.unix_nanos(start),
        end_time_unix_nano: subject.unix_nanos(end.max(start)),
        attributes,
        events: events(subject, exemplar, (start, end)),
        status: Some(Status { code: code.into(), message: message.unwrap_or_default() }),
        ..Span::default()
    })
}

/// The beginning of each phase that happened: connecting follows on the start, and the end of
/// receiving is the end.
fn events(
    subject: &Subject,
    exemplar: &Exemplar,
    (start, end): (Duration, Duration),
) -> Vec<Event> {
    let spent = |phase: PhaseKind| exemplar.phases[phase as usize];
    let mut begun = Vec::new();
    let mut at = start;
    for phase in [PhaseKind::Dns, PhaseKind::Connect, PhaseKind::Tls] {
        begun.push((phase, at));
        at += spent(phase);
    }
    let mut at = end;
    for phase in [PhaseKind::Receive, PhaseKind::Wait, PhaseKind::Send] {
        at = at.saturating_sub(spent(phase));
        begun.push((phase, at));
    }
    begun.retain(|(phase, _)| !spent(*phase).is_zero());
    begun.sort_by_key(|(phase, at)| (*at, *phase));
    let events = begun.into_iter().map(|(phase, at)| Event {
        time_unix_nano: subject.unix_nanos(at),
        name: phase.as_str().to_owned(),
        attributes: vec![decimal("shakedown.phase.duration", spent(phase).as_secs_f64())],
        ..Event::default()
    });
    events.collect()
}
