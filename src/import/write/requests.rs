//! The requests of a plan.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::names::Names;
use super::yaml;
use crate::import::address::form_value;
use crate::import::operation::{Body, FormPart, Operation, Sample};
use crate::import::text::Text;
use crate::model::Header;
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
        Some(Written::Json(key, sample)) => yaml::entry(key, &sample, 4, out),
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
    Json(&'static str, Cow<'a, Sample>),
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
            Written::Json("json", Cow::Borrowed(sample))
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
        Body::Multipart(parts)
            if !parts.is_empty() && parts.iter().all(|part| part.name.len() <= MAX_KEY) =>
        {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            Written::Json("multipart", Cow::Owned(fields_and_files(parts)))
        }
        Body::Multipart(parts) => {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
            headers.push(("Content-Type".to_owned(), Text::literal(media_type)));
            Written::Line("body", yaml::text(&multipart(parts)))
        }
        Body::GraphQl(document, variables, name) => {
            graphql(document, variables.as_ref(), name.as_ref(), needs)
        }
        Body::Text(text) => Written::Line("body", yaml::scalar(&text.written())),
        Body::File(path) => Written::Line("file", yaml::scalar(&path.to_string_lossy())),
    }
}

/// As the plan has parts: the value alone where that is all, several of one name in a list.
fn fields_and_files(parts: &[FormPart]) -> Sample {
    let mut entries: Vec<(String, Vec<Sample>)> = Vec::new();
    for part in parts {
        let text = |key: &str, value: Text| (key.to_owned(), Sample::Text(value));
        let mut said = vec![match &part.file {
            Some(file) => text("file", Text::literal(file.to_string_lossy())),
            None => text("value", part.value.clone()),
        }];
        let file_name = part.file_name.as_deref().map(|name| text("filename", Text::literal(name)));
        let media_type = part.content_type.as_deref();
        let media_type = media_type.filter(|said| said.contains('/') && Header::is_value(said));
        said.extend(file_name);
        said.extend(media_type.map(|said| text("type", Text::literal(said))));
        let value = match said.as_slice() {
            [(key, value)] if key == "value" => value.clone(),
            _ => Sample::Map(said),
        };
        match entries.iter_mut().find(|(known, _)| *known == part.name) {
            Some((_, values)) => values.push(value),
            None => entries.push((part.name.clone(), vec![value])),
        }
    }
    let one_or_many = |(name, mut values): (String, Vec<Sample>)| {
        let value = if values.len() == 1 { values.swap_remove(0) } else { Sample::List(values) };
        (name, value)
    };
    Sample::Map(entries.into_iter().map(one_or_many).collect())
}

/// The document alone where that is all. What is too deep for a plan is JSON as text.
fn graphql<'a>(
    document: &Text,
    variables: Option<&Sample>,
    name: Option<&Text>,
    mut needs: impl FnMut(&str),
) -> Written<'a> {
    let entry = |key: &str, value: &Sample| (key.to_owned(), value.clone());
    let mut entries = vec![("query".to_owned(), Sample::Text(document.clone()))];
    entries.extend(name.map(|name| ("operationName".to_owned(), Sample::Text(name.clone()))));
    entries.extend(variables.map(|variables| entry("variables", variables)));
    let whole = Sample::Map(entries);
    if variables.is_some_and(|sample| sample.depth() > MAX_DEPTH || !has_short_keys(sample)) {
        needs("application/json");
        return Written::Line("body", yaml::text(&whole.as_text()));
    }
    match (variables, name) {
        (None, None) => Written::Line("graphql", yaml::inline(&Sample::Text(document.clone()))),
        _ => Written::Json("graphql", Cow::Owned(whole)),
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
