//! Attributes: of the run, of a series, of an exchange.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::export::figures::Subject;
use crate::model::Exemplar;
use crate::model::ScenarioMeta;
use crate::model::SeriesMeta;
use crate::model::Target;

/// The version of the conventions that names follow.
pub(super) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.36.0";

/// Methods that the conventions know; any other is `_OTHER`.
const METHODS: [&str; 9] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

pub(super) fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

pub(super) fn number(key: &str, value: impl Into<i64>) -> KeyValue {
    attribute(key, Value::IntValue(value.into()))
}

pub(super) fn decimal(key: &str, value: f64) -> KeyValue {
    attribute(key, Value::DoubleValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

/// The run; what the user says of it goes before what we say.
pub(super) fn resource(subject: &Subject, own: &[(String, String)]) -> Resource {
    let mut attributes =
        vec![text("service.name", "shakedown"), text("service.version", env!("CARGO_PKG_VERSION"))];
    if let Some(run) = &subject.run {
        attributes.push(text("shakedown.run.id", run.run_id()));
        attributes.push(text("shakedown.command", run.command.as_str()));
        attributes.push(text("shakedown.target", run.target.as_str()));
        attributes.push(text("shakedown.plan.hash", run.plan_hash.as_str()));
        if !run.host.is_empty() {
            attributes.push(text("host.name", run.host.as_str()));
        }
        if let Some(part) = run.part {
            attributes.push(text("shakedown.part", part.to_string()));
        }
    }
    for (key, value) in own {
        attributes.retain(|attribute| attribute.key != *key);
        attributes.push(text(key, value.as_str()));
    }
    Resource { attributes, ..Resource::default() }
}

/// Who made the figures.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "shakedown".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// The request of a scenario.
pub(super) fn of_series(meta: &SeriesMeta) -> Vec<KeyValue> {
    let method = if METHODS.contains(&meta.method.as_str()) { &meta.method } else { "_OTHER" };
    let mut attributes = vec![
        text("http.request.method", method),
        text("url.template", meta.path_template.as_str()),
    ];
    if let Ok(target) = Target::parse(&meta.url) {
        let origin = target.origin;
        attributes.push(text("url.scheme", origin.scheme.as_str()));
        attributes.push(text("server.address", origin.host.trim_matches(['[', ']'])));
        attributes.push(number("server.port", origin.port));
    }
    attributes.push(text("shakedown.scenario", meta.scenario.as_str()));
    attributes.push(text("shakedown.request", meta.request.as_str()));
    for (name, value) in &meta.tags {
        attributes.push(text(&format!("shakedown.tag.{name}"), value.as_str()));
    }
    attributes
}

/// A scenario.
pub(super) fn of_scenario(meta: &ScenarioMeta) -> Vec<KeyValue> {
    vec![
        text("shakedown.scenario", meta.name.as_str()),
        text("shakedown.executor", meta.executor.as_str()),
    ]
}

/// What came of an exchange.
pub(super) fn of_outcome(exemplar: &Exemplar) -> Vec<KeyValue> {
    let mut attributes = Vec::new();
    if let Some(status) = exemplar.status {
        attributes.push(number("http.response.status_code", status));
    }
    match (&exemplar.failure, exemplar.status) {
        (Some((class, _)), _) => attributes.push(text("error.type", class.as_str())),
        (None, Some(status)) if exemplar.failed => {
            attributes.push(text("error.type", status.to_string()));
        }
        (None, _) => {}
    }
    attributes
}
