//! What makes a run visible elsewhere: traces, and where figures are sent.

use serde_json::Value as Json;

use crate::plan::under_load;

use super::shape::{
    Object, any_of, duration, example, fields, list, object, of, pattern, share, text, word,
};

pub(super) fn objects() -> Vec<Object> {
    vec![trace(), under_load(), export(), otlp(), remote_write()]
}

/// A share of load's requests.
pub(super) fn traced_share() -> Json {
    any_of(&[share(), example(pattern(r"^\s*[0-9.]+\s*%?\s*$"), &["1%"])])
}

fn trace() -> Object {
    object!("trace", tracing::TRACE, "Which of load's requests carry the id of a trace.")
        .key_or(
            "sample",
            traced_share(),
            "1%",
            "The share; with 0% only ids that answers name are read.",
        )
        .key(
            "link",
            example(pattern(r"\{trace_id\}"), &["https://apm.example/trace/{trace_id}"]),
            "Where a trace is looked at.",
        )
}

fn under_load() -> Object {
    object!("under_load", under_load::UNDER_LOAD, "What is looked for in load's own traffic.")
        .key(
            "watch",
            list(&word(&under_load::KINDS)),
            "What: `passive` rules, `bleed` (one user's mark, ${canary}, in an answer to another), `cache` \
             (what is one user's, out of a cache that everybody shares), `leaks` (errors that show only \
             beyond a level of load), `posture` (protection that some answers have and others do not), \
             `walls` (nothing but whether a firewall or bot wall answers in the target's place, which all of \
             them look for).",
        )
        .key(
            "refused",
            list(&text()),
            "Requests that must be refused whatever the load is; all their answers are looked at. One that \
             is let in is critical.",
        )
        .key(
            "collateral",
            list(&text()),
            "Requests that may make all others slow: expensive or malformed ones, which a thin scenario sends. \
             They are turned off and on every four seconds, and the others are compared.",
        )
        .key_or(
            "sample",
            traced_share(),
            "1%",
            "The share of answers that are looked at, beside the first of each request and errors.",
        )
}

fn export() -> Object {
    object!("export", exports::EXPORT, "A place that figures are sent to.")
        .key(
            "otlp",
            any_of(&[address("http://127.0.0.1:4318"), of("otlp")]),
            "An OpenTelemetry collector, or whoever speaks OTLP over HTTP: metrics, and spans of traced \
             requests.",
        )
        .key(
            "prometheus_rw",
            any_of(&[address("http://127.0.0.1:9090/api/v1/write"), of("remote-write")]),
            "Whoever takes Prometheus remote write.",
        )
}

fn otlp() -> Object {
    let object = object!("otlp", exports::OTLP, "An export by OTLP over HTTP.")
        .key(
            "endpoint",
            address("http://127.0.0.1:4318"),
            "The receiver; metrics go to /v1/metrics there, and spans to /v1/traces.",
        )
        .key(
            "metrics_endpoint",
            address("http://127.0.0.1:4318/v1/metrics"),
            "Metrics alone: a whole URL.",
        )
        .key(
            "traces_endpoint",
            address("http://127.0.0.1:4318/v1/traces"),
            "Spans alone: a whole URL.",
        )
        .key_or(
            "protocol",
            word(&["http/protobuf", "http/json"]),
            "http/protobuf",
            "How it is written.",
        )
        .key_or("compression", word(&["none", "gzip"]), "none", "How it is packed.")
        .key_or(
            "temporality",
            word(&["cumulative", "delta"]),
            "cumulative",
            "What figures count from: the run's start, or the sending before.",
        )
        .key_or(
            "histograms",
            word(&["explicit", "exponential"]),
            "explicit",
            "How distributions are told: by fixed bounds, or by bounds that grow by a factor.",
        )
        .key(
            "resource",
            fields(),
            "Attributes of the resource: `service.name`, `deployment.environment`.",
        );
    delivered(object)
}

fn remote_write() -> Object {
    let object =
        object!("remote-write", exports::REMOTE_WRITE, "An export by Prometheus remote write.")
            .key("url", address("http://127.0.0.1:9090/api/v1/write"), "The receiver's whole URL.")
            .key("labels", fields(), "Labels of every series.")
            .required(&["url"]);
    delivered(object)
}

fn delivered(object: Object) -> Object {
    object
        .key("headers", fields(), "Sent along; their values are never shown.")
        .key_or("timeout", duration(), "10s", "Longest wait for an answer.")
        .key_or("interval", duration(), "5s", "From one sending to the next.")
        .key("ca_file", text(), "PEM file with more certificates to trust, relative to the plan.")
}

fn address(example_of: &str) -> Json {
    example(pattern(r"^https?://[^\s/]+"), &[example_of])
}
