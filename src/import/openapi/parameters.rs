//! Parameters of an operation, with values.

use serde_json::Value;

use super::documents::At;
use super::sample;
use super::{Spec, Version};
use crate::import::headers;
use crate::import::operation::{Operation, Sample};
use crate::import::secrets::is_secret;
use crate::import::strings;
use crate::import::text::Text;

/// A parameter that is sent.
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) place: &'a str,
    pub(super) at: At<'a>,
    pub(super) is_required: bool,
    pub(super) value: Option<Sample>,
}

/// Those of the path and of the operation, which go before.
pub(super) fn of<'a>(spec: &'a Spec, path: &At<'a>, operation: &At<'a>) -> Vec<Parameter<'a>> {
    let mut found: Vec<Parameter<'_>> = Vec::new();
    for at in [path, operation] {
        for parameter in spec.items(at, "parameters") {
            let Some(name) = parameter.text("name") else {
                spec.warn(&parameter, "a parameter without `name`, left out");
                continue;
            };
            let Some(place) = parameter.text("in") else {
                spec.warn(
                    &parameter,
                    format!("parameter `{name}` does not say where it is, left out"),
                );
                continue;
            };
            let known = ["path", "query", "header", "cookie", "body", "formData"];
            if !known.contains(&place) {
                spec.warn(
                    &parameter,
                    format!("parameter `{name}` in `{place}` is not known, left out"),
                );
                continue;
            }
            found.retain(|other| (other.name, other.place) != (name, place));
            found.push(Parameter {
                name,
                place,
                is_required: parameter.is("required") || place == "path",
                value: value(spec, name, &parameter),
                at: parameter,
            });
        }
    }
    found
}

/// What is sent for it; for a body its schema's.
fn value(spec: &Spec, name: &str, at: &At<'_>) -> Option<Sample> {
    if let Some(example) = sample::example(spec, at) {
        return Some(example);
    }
    if let Some(schema) = at.get("schema") {
        return sample::of(spec, name, &schema);
    }
    if let Some((_, media)) = spec.entries(at, "content").into_iter().next() {
        let media = spec.resolved(&media)?;
        let found = sample::example(spec, &media)
            .or_else(|| sample::of(spec, name, &media.get("schema")?))?;
        return Some(Sample::Text(found.as_text()));
    }
    match spec.version {
        // Here the parameter is the schema.
        Version::Swagger2 => sample::of(spec, name, at),
        Version::OpenApi3 => Some(Sample::Text(strings::plain(name))),
    }
}

/// Whether the description itself gives a value, so that sending it is no guess.
fn is_given(spec: &Spec, at: &At<'_>) -> bool {
    let has = |at: &At<'_>| {
        ["example", "examples", "default", "x-example"]
            .iter()
            .any(|key| at.value.get(key).is_some())
    };
    has(at) || at.get("schema").and_then(|schema| spec.resolved(&schema)).is_some_and(|at| has(&at))
}

/// Adds what goes into query, headers and cookies.
pub(super) fn add(spec: &Spec, parameters: &[Parameter<'_>], operation: &mut Operation) {
    let mut cookies = Text::default();
    for parameter in parameters {
        let (name, place) = (parameter.name, parameter.place);
        if !matches!(place, "query" | "header" | "cookie") {
            continue;
        }
        if !parameter.is_required && (!is_given(spec, &parameter.at) || is_secret(name)) {
            operation.optional.push(name.to_owned());
            continue;
        }
        let Some(value) = &parameter.value else {
            spec.warn(&parameter.at, format!("parameter `{name}` has no value that could be sent"));
            continue;
        };
        match place {
            "query" => query(spec.version, parameter, value, &mut operation.query),
            "header" => header(spec, parameter, value, operation),
            _ => {
                cookies.push(if cookies == Text::default() { "" } else { "; " });
                cookies.push(&format!("{name}="));
                cookies.append(&value.as_text());
            }
        }
    }
    if cookies != Text::default() {
        operation.headers.push(("Cookie".to_owned(), cookies));
    }
}

fn header(spec: &Spec, parameter: &Parameter<'_>, value: &Sample, operation: &mut Operation) {
    let name = parameter.name;
    // OpenAPI itself says that these are said elsewhere.
    if ["accept", "content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str())
        && spec.version == Version::OpenApi3
    {
        return;
    }
    if !headers::is_name(name) {
        spec.warn(&parameter.at, format!("`{name}` is no name of a header, left out"));
        return;
    }
    operation.headers.push((name.to_owned(), joined(value, ",")));
}

/// One value as one text.
fn joined(value: &Sample, separator: &str) -> Text {
    let Sample::List(items) = value else { return value.as_text() };
    let mut out = Text::default();
    for (index, item) in items.iter().enumerate() {
        out.push(if index > 0 { separator } else { "" });
        out.append(&item.as_text());
    }
    out
}

/// By `style` and `explode`, or Swagger 2's `collectionFormat`.
fn query(
    version: Version,
    parameter: &Parameter<'_>,
    value: &Sample,
    out: &mut Vec<(String, Text)>,
) {
    let (name, at) = (parameter.name, &parameter.at);
    let style = at.text("style").unwrap_or("form");
    let separator = match (version, at.text("collectionFormat"), style) {
        (Version::Swagger2, Some("multi"), _) => None,
        (Version::Swagger2, Some("ssv"), _) | (_, _, "spaceDelimited") => Some(" "),
        (Version::Swagger2, Some("tsv"), _) => Some("\t"),
        (Version::Swagger2, Some("pipes"), _) | (_, _, "pipeDelimited") => Some("|"),
        (Version::Swagger2, _, _) => Some(","),
        (Version::OpenApi3, _, _) => {
            let explode = at.value.get("explode").and_then(Value::as_bool).unwrap_or(true);
            (!explode).then_some(",")
        }
    };
    match value {
        Sample::List(items) if separator.is_none() => {
            out.extend(items.iter().map(|item| (name.to_owned(), item.as_text())));
        }
        Sample::Map(entries) if style == "deepObject" => {
            out.extend(
                entries.iter().map(|(key, item)| (format!("{name}[{key}]"), item.as_text())),
            );
        }
        Sample::Map(entries) if separator.is_none() => {
            out.extend(entries.iter().map(|(key, item)| (key.clone(), item.as_text())));
        }
        value => out.push((name.to_owned(), joined(value, separator.unwrap_or(",")))),
    }
}

/// A parameter of the path, by its style, not yet encoded.
pub(super) fn in_path(parameter: &Parameter<'_>, value: &Sample) -> Text {
    let joined = joined(value, ",");
    let mut out = match parameter.at.text("style") {
        Some("label") => Text::literal("."),
        Some("matrix") => Text::literal(format!(";{}=", parameter.name)),
        _ => Text::default(),
    };
    out.append(&joined);
    out
}
