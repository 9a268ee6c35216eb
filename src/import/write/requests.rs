//! The requests of a plan.

use std::fmt::Write as _;

use super::names::Names;
use super::yaml;
use crate::import::address::form_value;
use crate::import::operation::{Body, FormPart, Operation, Sample};
use crate::import::text::Text;
use crate::model::inert;

/// A request that is short enough stands in one line.
const SHORT: usize = 110;
/// Deeper JSON is written as text: the plan's own depth is bounded.
const MAX_DEPTH: usize = 20;
/// Longer names are no keys of YAML.
const MAX_KEY: usize = 400;
/// Between the parts of a multipart body.
const BOUNDARY: &str = "shakedown-7d1c5a3f";

/// Writes every request; gives the name of each.
pub(super) fn requests(operations: &[Operation], out: &mut String) -> Vec<String> {
    let mut names = Names::default();
    out.push_str("requests:\n");
    let mut named = Vec::new();
    for operation in operations {
        let name = names.take(&operation.name);
        request(&name, operation, out);
        named.push(name);
    }
    named
}

fn request(name: &str, operation: &Operation, out: &mut String) {
    if let Some(said) = about(operation) {
        yaml::comment(&said, 2, out);
    }
    if !operation.optional.is_empty() {
        yaml::comment(&format!("may also have: {}", operation.optional.join(", ")), 2, out);
    }
    let key = yaml::scalar(name);
    let mut fields = vec![(operation.method.to_ascii_lowercase(), address(operation))];
    if !operation.query.is_empty() {
        fields.push(("query".to_owned(), yaml::pairs(&operation.query)));
    }
    let mut headers = operation.headers.clone();
    let body = operation.body.as_ref().map(|body| written(body, &mut headers));
    if !headers.is_empty() {
        fields.push(("headers".to_owned(), yaml::pairs(&headers)));
    }
    if operation.redirects > 0 {
        fields.push(("redirects".to_owned(), operation.redirects.to_string()));
    }
    if operation.is_unsafe {
        let _ = writeln!(out, "  {key}:");
        out.push_str("    enabled: false # changes something; remove this line to have it sent\n");
    } else if let Some(reason) = &operation.off {
        let _ = writeln!(out, "  {key}:");
        let reason = inert(reason, 120);
        let _ = writeln!(out, "    enabled: false # {reason}; remove this line to have it sent");
    } else {
        let line: Vec<String> =
            fields.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let line = format!("  {key}: {{ {} }}\n", line.join(", "));
        if body.is_none() && line.len() <= SHORT {
            out.push_str(&line);
            return;
        }
        let _ = writeln!(out, "  {key}:");
    }
    for (key, value) in fields {
        let _ = writeln!(out, "    {key}: {value}");
    }
    match body {
        Some(Written::Json(sample)) => yaml::entry("json", sample, 4, out),
        Some(Written::Line(key, value)) => {
            let _ = writeln!(out, "    {key}: {value}");
        }
        None => {}
    }
}

/// What it does, and the groups that it belongs to.
fn about(operation: &Operation) -> Option<String> {
    let summary = operation.summary.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let tags = operation.tags.join(", ");
    match (summary, tags.as_str()) {
        (Some(summary), "") => Some(summary.to_owned()),
        (Some(summary), tags) => Some(format!("{summary} ({tags})")),
        (None, "") => None,
        (None, tags) => Some(format!("({tags})")),
    }
}

fn address(operation: &Operation) -> String {
    let mut address = Text::literal(operation.origin.as_deref().unwrap_or_default());
    address.append(&operation.path);
    yaml::text(&address)
}

/// A body as the plan has it.
enum Written<'a> {
    Json(&'a Sample),
    Line(&'static str, String),
}

fn written<'a>(body: &'a Body, headers: &mut Vec<(String, Text)>) -> Written<'a> {
    let mut needs = |media_type: &str| {
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), Text::literal(media_type)));
        }
    };
    match body {
        Body::Json(sample) if sample.depth() <= MAX_DEPTH && has_short_keys(sample) => {
            Written::Json(sample)
        }
        Body::Json(sample) => {
            needs("application/json");
            Written::Line("body", yaml::text(&sample.as_text()))
        }
        Body::Form(pairs)
            if !pairs.is_empty() && pairs.iter().all(|(key, _)| key.len() <= MAX_KEY) =>
        {
            Written::Line("form", yaml::pairs(pairs))
        }
        Body::Form(pairs) => {
            needs("application/x-www-form-urlencoded");
            Written::Line("body", yaml::text(&urlencoded(pairs)))
        }
        Body::Multipart(parts) => {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
            headers.push(("Content-Type".to_owned(), Text::literal(media_type)));
            Written::Line("body", yaml::text(&multipart(parts)))
        }
        Body::Text(text) => Written::Line("body", yaml::scalar(&text.written())),
        Body::File(path) => Written::Line("file", yaml::scalar(&path.to_string_lossy())),
    }
}

fn has_short_keys(sample: &Sample) -> bool {
    match sample {
        Sample::List(items) => items.iter().all(has_short_keys),
        Sample::Map(entries) => {
            entries.iter().all(|(key, value)| key.len() <= MAX_KEY && has_short_keys(value))
        }
        Sample::Null | Sample::Bool(_) | Sample::Number(_) | Sample::Text(_) => true,
    }
}

fn urlencoded(pairs: &[(String, Text)]) -> Text {
    let mut out = Text::default();
    for (index, (name, value)) in pairs.iter().enumerate() {
        out.push(if index > 0 { "&" } else { "" });
        out.push(&format!("{}=", form_value(name)));
        out.append(&value.map(form_value));
    }
    out
}

/// RFC 7578, with a boundary that no value has by chance.
fn multipart(parts: &[FormPart]) -> Text {
    let quoted = |text: &str| text.replace('"', "%22").replace(['\r', '\n'], " ");
    let mut out = Text::default();
    for part in parts {
        out.push(&format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\""));
        out.push(&quoted(&part.name));
        out.push("\"");
        if let Some(file) = &part.file_name {
            out.push(&format!("; filename=\"{}\"", quoted(file)));
        }
        if let Some(kind) = &part.content_type {
            out.push(&format!("\r\nContent-Type: {}", quoted(kind)));
        }
        out.push("\r\n\r\n");
        out.append(&part.value);
        out.push("\r\n");
    }
    out.push(&format!("--{BOUNDARY}--\r\n"));
    out
}
