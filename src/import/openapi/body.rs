//! What an operation sends, in the media type that is easiest to read.

use super::documents::At;
use super::parameters::Parameter;
use super::sample;
use super::xml;
use super::{Spec, Version};
use crate::import::operation::{Body, FormPart, Operation, Sample};
use crate::import::text::Text;

/// Adds the body that the description gives or that its schema makes.
pub(super) fn add(
    spec: &Spec,
    at: &At<'_>,
    parameters: &[Parameter<'_>],
    operation: &mut Operation,
) {
    match spec.version {
        Version::Swagger2 => swagger2(spec, at, parameters, operation),
        Version::OpenApi3 => {
            if let Some(body) = spec.get(at, "requestBody") {
                open_api3(spec, &body, operation);
            }
        }
    }
}

fn open_api3(spec: &Spec, body: &At<'_>, operation: &mut Operation) {
    let media_types = spec.entries(body, "content");
    let Some((media_type, media)) = media_types.into_iter().min_by_key(|(name, _)| rank(name))
    else {
        return;
    };
    let Some(media) = spec.resolved(&media) else { return };
    let found = sample::example(spec, &media)
        .or_else(|| sample::of(spec, "body", &media.get("schema")?))
        .unwrap_or(Sample::Map(Vec::new()));
    let files = binary_fields(spec, &media);
    set(spec, &media, media_type, found, &files, operation);
}

fn swagger2(spec: &Spec, at: &At<'_>, parameters: &[Parameter<'_>], operation: &mut Operation) {
    let root = spec.root();
    let consumes = at.get("consumes").or_else(|| root.get("consumes"));
    let consumes = consumes.map(|list| list.items()).unwrap_or_default();
    let consumes: Vec<&str> = consumes.iter().filter_map(|item| item.value.as_str()).collect();
    if let Some(body) = parameters.iter().find(|parameter| parameter.place == "body") {
        let media_type = consumes.iter().copied().min_by_key(|name| rank(name));
        let found = body.value.clone().unwrap_or(Sample::Map(Vec::new()));
        set(spec, &body.at, media_type.unwrap_or("application/json"), found, &[], operation);
        return;
    }
    let fields: Vec<&Parameter<'_>> =
        parameters.iter().filter(|parameter| parameter.place == "formData").collect();
    if fields.is_empty() {
        return;
    }
    let is_file = |field: &&&Parameter<'_>| field.at.text("type") == Some("file");
    let files: Vec<String> =
        fields.iter().filter(is_file).map(|field| field.name.to_owned()).collect();
    let entries =
        fields.iter().filter_map(|field| Some((field.name.to_owned(), field.value.clone()?)));
    let media_type = if files.is_empty() && !consumes.contains(&"multipart/form-data") {
        "application/x-www-form-urlencoded"
    } else {
        "multipart/form-data"
    };
    set(spec, at, media_type, Sample::Map(entries.collect()), &files, operation);
}

/// JSON before forms before everything else.
fn rank(media_type: &str) -> usize {
    let plain = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match plain.as_str() {
        "application/json" => 0,
        other if other.ends_with("+json") || other.ends_with("/json") => 1,
        "*/*" | "application/*" => 2,
        "application/x-www-form-urlencoded" => 3,
        "multipart/form-data" => 4,
        other if other.starts_with("text/") => 5,
        _ => 6,
    }
}

/// `application/xml`, `text/xml`, `application/soap+xml`.
fn is_xml(media_type: &str) -> bool {
    let plain = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    plain.ends_with("/xml") || plain.ends_with("+xml")
}

/// A body of that value, which was made of the schema below `at`.
fn set(
    spec: &Spec,
    at: &At<'_>,
    media_type: &str,
    found: Sample,
    files: &[String],
    operation: &mut Operation,
) {
    let schema = at.get("schema");
    let mut needs_type = true;
    let body = match (rank(media_type), found) {
        (0..=2, found) => {
            needs_type = rank(media_type) == 1;
            // An example that is JSON in a text.
            match &found {
                Sample::Text(text) => match text.as_literal().map(serde_json::from_str) {
                    Some(Ok(
                        value @ (serde_json::Value::Object(_) | serde_json::Value::Array(_)),
                    )) => Body::Json(Sample::from(&value)),
                    _ => Body::Json(found),
                },
                _ => Body::Json(found),
            }
        }
        (3, Sample::Map(entries)) => {
            needs_type = false;
            Body::Form(entries.iter().flat_map(|(name, value)| field(name, value)).collect())
        }
        (4, Sample::Map(entries)) => {
            needs_type = false;
            Body::Multipart(
                entries.into_iter().map(|(name, value)| part(name, &value, files)).collect(),
            )
        }
        (_, Sample::Text(text)) => Body::Text(text),
        (_, found) if is_xml(media_type) && schema.is_some() => {
            let made = schema.and_then(|schema| xml::document(spec, &schema, &found));
            let Some(document) = made else {
                spec.warn(at, "its schema gives the document no name; it is sent empty");
                return;
            };
            Body::Text(document)
        }
        _ => {
            let text =
                format!("a body in `{media_type}` is not made from its schema; it is sent empty");
            spec.warn(at, text);
            return;
        }
    };
    if needs_type && !operation.has_header("content-type") {
        operation.headers.push(("Content-Type".to_owned(), Text::literal(media_type)));
    }
    operation.body = Some(body);
}

fn field(name: &str, value: &Sample) -> Vec<(String, Text)> {
    match value {
        Sample::List(items) => items.iter().map(|item| (name.to_owned(), item.as_text())).collect(),
        // As PHP, Rails and Stripe have it.
        Sample::Map(entries) => entries
            .iter()
            .flat_map(|(key, value)| field(&format!("{name}[{key}]"), value))
            .collect(),
        other => vec![(name.to_owned(), other.as_text())],
    }
}

fn part(name: String, value: &Sample, files: &[String]) -> FormPart {
    let is_file = files.contains(&name);
    let content_type = match value {
        _ if is_file => Some("application/octet-stream".to_owned()),
        Sample::Map(_) => Some("application/json".to_owned()),
        _ => None,
    };
    FormPart {
        value: value.as_text(),
        file: None,
        file_name: is_file.then(|| format!("{name}.bin")),
        content_type,
        name,
    }
}

/// Fields whose schema is `format: binary`.
fn binary_fields(spec: &Spec, media: &At<'_>) -> Vec<String> {
    let Some(schema) = spec.get(media, "schema") else { return Vec::new() };
    let is_binary = |at: &At<'_>| {
        at.text("format") == Some("binary") || at.value.get("contentMediaType").is_some()
    };
    spec.entries(&schema, "properties")
        .into_iter()
        .filter_map(|(name, at)| {
            let at = spec.resolved(&at)?;
            let items = spec.get(&at, "items");
            let found = is_binary(&at) || items.is_some_and(|items| is_binary(&items));
            found.then(|| name.to_owned())
        })
        .collect()
}
