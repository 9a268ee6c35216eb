//! Messages onto the wire, in pieces that every receiver takes.

use std::io::Write as _;
use std::time::Duration;

use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use opentelemetry_proto::tonic::metrics::v1::ScopeMetrics;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use opentelemetry_proto::tonic::trace::v1::ScopeSpans;
use prost::Message;
use serde::Serialize;
use serde_json::Value as Json;

use super::attributes;
use super::metrics::Metrics;
use super::spans::span;
use crate::export::delivery::Courier;
use crate::export::delivery::Parcel;
use crate::export::exporters::Arrived;
use crate::export::figures::Figures;
use crate::export::figures::Subject;
use crate::model::Compression;
use crate::model::Exemplar;
use crate::model::OtlpEncoding;
use crate::model::OtlpExport;

/// Series, and spans, of one message at most: receivers take some megabytes.
const PER_MESSAGE: usize = 500;

/// Sends the figures, and spans of the exchanges that were kept.
pub(in crate::export) async fn send(
    settings: &OtlpExport,
    courier: &mut Courier,
    (subject, figures): (&Subject, &Figures),
    patience: Duration,
) -> Arrived {
    let metrics = metrics(settings, subject, figures);
    let spans = spans(settings, subject, figures);
    // A receiver may take one of both only.
    let told = deliver_all(settings, courier, Signal::Metrics, &metrics, patience).await;
    let traced = deliver_all(settings, courier, Signal::Traces, &spans, patience).await;
    Arrived {
        metrics: told == metrics.len(),
        traces: traced == spans.len(),
        some_metrics: told > 0,
    }
}

/// Until one does not arrive, since those behind it would wait as long; how many did.
async fn deliver_all<M: Message + Serialize>(
    settings: &OtlpExport,
    courier: &mut Courier,
    signal: Signal,
    messages: &[M],
    patience: Duration,
) -> usize {
    for (number, message) in messages.iter().enumerate() {
        if !deliver(settings, courier, signal, message, patience).await {
            return number;
        }
    }
    messages.len()
}

#[derive(Clone, Copy)]
enum Signal {
    Metrics,
    Traces,
}

fn metrics(
    settings: &OtlpExport,
    subject: &Subject,
    figures: &Figures,
) -> Vec<ExportMetricsServiceRequest> {
    let mut traced: Vec<Vec<&Exemplar>> = vec![Vec::new(); subject.series.len()];
    for (series, exemplar) in &figures.traced {
        if let Some(of_series) = traced.get_mut(*series) {
            of_series.push(exemplar);
        }
    }
    let all: Vec<_> = figures.of_series(subject).collect();
    // Without any series there are users all the same.
    let pieces =
        all.chunks(PER_MESSAGE).map(Some).chain([None].into_iter().take_while(|_| all.is_empty()));
    let messages = pieces.enumerate().map(|(number, piece)| {
        let mut metrics = Metrics::new(settings, subject, figures);
        if number == 0 {
            for (meta, vus, tally) in figures.of_scenarios(subject) {
                metrics.add_scenario(meta, vus, tally);
            }
        }
        for (index, meta, tally) in piece.unwrap_or_default() {
            metrics.add_series(meta, tally, &traced[*index]);
        }
        let scope_metrics = ScopeMetrics {
            scope: Some(attributes::scope()),
            metrics: metrics.into_found(),
            schema_url: attributes::SCHEMA_URL.to_owned(),
        };
        ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(attributes::resource(subject, &settings.resource)),
                scope_metrics: vec![scope_metrics],
                schema_url: attributes::SCHEMA_URL.to_owned(),
            }],
        }
    });
    messages.collect()
}

fn spans(
    settings: &OtlpExport,
    subject: &Subject,
    figures: &Figures,
) -> Vec<ExportTraceServiceRequest> {
    let spans = figures
        .traced
        .iter()
        .filter_map(|(series, exemplar)| span(subject, subject.series.get(*series)?, exemplar));
    let all: Vec<_> = spans.collect();
    let messages = all.chunks(PER_MESSAGE).map(|spans| ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(attributes::resource(subject, &settings.resource)),
            scope_spans: vec![ScopeSpans {
                scope: Some(attributes::scope()),
                spans: spans.to_vec(),
                schema_url: attributes::SCHEMA_URL.to_owned(),
            }],
            schema_url: attributes::SCHEMA_URL.to_owned(),
        }],
    });
    messages.collect()
}

async fn deliver<M: Message + Serialize>(
    settings: &OtlpExport,
    courier: &mut Courier,
    signal: Signal,
    message: &M,
    patience: Duration,
) -> bool {
    let (body, content_type) = match settings.encoding {
        OtlpEncoding::Protobuf => (message.encode_to_vec(), "application/x-protobuf"),
        OtlpEncoding::Json => (json(message), "application/json"),
    };
    let (body, content_encoding) = match settings.compression {
        Compression::None => (body, None),
        Compression::Gzip => (gzipped(&body), Some("gzip")),
    };
    let url = match signal {
        Signal::Metrics => &settings.metrics,
        Signal::Traces => &settings.traces,
    };
    let parcel = Parcel { url, content_type, content_encoding, headers: &[], body };
    let Some((kind, answer)) = courier.send(&parcel, patience).await else { return false };
    if let Some((rejected, why)) = rejected(signal, &kind, &answer) {
        courier.ledger.rejected += rejected;
        courier.ledger.why = Some(why);
    }
    // What was refused would be refused again.
    true
}

/// What the receiver did not take of what it was sent.
fn rejected(signal: Signal, kind: &str, answer: &[u8]) -> Option<(u64, String)> {
    let is_json = kind.starts_with("application/json");
    let (count, why) = match signal {
        Signal::Metrics if is_json => return rejected_json(answer, "rejectedDataPoints"),
        Signal::Traces if is_json => return rejected_json(answer, "rejectedSpans"),
        Signal::Metrics => {
            let partial = ExportMetricsServiceResponse::decode(answer).ok()?.partial_success?;
            (partial.rejected_data_points, partial.error_message)
        }
        Signal::Traces => {
            let partial = ExportTraceServiceResponse::decode(answer).ok()?.partial_success?;
            (partial.rejected_spans, partial.error_message)
        }
    };
    u64::try_from(count).ok().filter(|count| *count > 0).map(|count| (count, why))
}

/// In JSON, 64-bit numbers are texts.
fn rejected_json(answer: &[u8], key: &str) -> Option<(u64, String)> {
    let answer: Json = serde_json::from_slice(answer).ok()?;
    let partial = answer.get("partialSuccess")?;
    let count = partial.get(key)?;
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok()).filter(|n| *n > 0)?;
    let why = partial.get("errorMessage").and_then(Json::as_str).unwrap_or_default();
    Some((count, why.to_owned()))
}

/// The message in the form of OTLP's JSON.
fn json<M: Serialize>(message: &M) -> Vec<u8> {
    let mut tree = serde_json::to_value(message).expect("messages have keys that are texts");
    flatten_examples(&mut tree);
    tree.to_string().into_bytes()
}

/// The library has an exemplar's value under a key of its own, where protobuf's JSON has none.
fn flatten_examples(tree: &mut Json) {
    match tree {
        Json::Array(items) => items.iter_mut().for_each(flatten_examples),
        Json::Object(members) => {
            for (key, member) in members.iter_mut() {
                match member {
                    Json::Array(examples) if key == "exemplars" => {
                        examples.iter_mut().for_each(flatten_example);
                    }
                    other => flatten_examples(other),
                }
            }
        }
        _ => {}
    }
}

fn flatten_example(example: &mut Json) {
    let Json::Object(members) = example else { return };
    if let Some(Json::Object(value)) = members.remove("value") {
        members.extend(value);
    }
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}
