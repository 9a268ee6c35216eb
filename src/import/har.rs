//! What a browser recorded: HAR 1.2, whatever of it is there.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::bodies;
use super::error::{Fault, ImportError};
use super::format::Format;
use super::headers;
use super::hosts;
use super::operation::{Body, FormPart, Imported, Operation, known_method};
use super::options::Options;
use super::steps::{self, Step};
use super::text::Text;

/// A shorter pause is the browser's, not the user's.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// A longer one is a user who went away.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Reads a recording.
pub(super) fn import(name: &str, root: &Value, options: &Options) -> Result<Imported, ImportError> {
    let Some(entries) = root.pointer("/log/entries").and_then(Value::as_array) else {
        return Err(Fault::new(name, "has no list `log.entries`")
            .cure("save it anew from the browser's network tab")
            .into());
    };
    let mut imported = Imported::new(Format::Har);
    imported.version = root.pointer("/log/version").and_then(Value::as_str).map(str::to_owned);
    let pages = root.pointer("/log/pages").and_then(Value::as_array);
    let title = pages.and_then(|pages| pages.first()?.get("title")?.as_str());
    // Browsers write the URL there, whatever its query holds.
    imported.title = title.and_then(|title| title.split(['?', '#']).next()).map(str::to_owned);
    let mut last: Option<f64> = None;
    for (index, entry) in in_order(entries) {
        let at = format!("{name}#/log/entries/{index}");
        let operation = match operation(entry) {
            Ok(operation) => operation,
            Err(text) => {
                imported.warn(at, format!("{text}; left out"));
                continue;
            }
        };
        let start = started(entry);
        if let (Some(before), Some(start)) = (last, start) {
            let pause = Duration::try_from_secs_f64(start - before).unwrap_or_default();
            if pause >= SHORTEST_PAUSE {
                imported.steps.push(Step::Think(pause.min(LONGEST_PAUSE)));
            }
        }
        let took = entry.get("time").and_then(Value::as_f64).unwrap_or(0.0).max(0.0) / 1000.0;
        last = start.map(|start| last.unwrap_or(start).max(start + took)).or(last);
        imported.steps.push(Step::Use(imported.operations.len()));
        imported.operations.push(operation);
    }
    hosts::settle(&mut imported, options);
    steps::fold(&mut imported);
    Ok(imported)
}

/// Browsers write entries in the order in which they end.
fn in_order(entries: &[Value]) -> Vec<(usize, &Value)> {
    let mut ordered: Vec<(usize, &Value)> = entries.iter().enumerate().collect();
    if entries.iter().all(|entry| started(entry).is_some()) {
        ordered.sort_by(|(_, one), (_, other)| {
            started(one).unwrap_or(0.0).total_cmp(&started(other).unwrap_or(0.0))
        });
    }
    ordered
}

/// Seconds since the epoch.
fn started(entry: &Value) -> Option<f64> {
    let text = entry.get("startedDateTime")?.as_str()?;
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_duration().as_secs_f64())
}

fn operation(entry: &Value) -> Result<Operation, String> {
    let request = entry.get("request").ok_or("has no `request`")?;
    let url = request.get("url").and_then(Value::as_str).ok_or("its request has no `url`")?;
    let method =
        request.get("method").and_then(Value::as_str).unwrap_or("GET").to_ascii_uppercase();
    known_method(&method)?;
    let mut operation = Operation::of_url(&method, url)?;
    let listed = |key: &str| request.get(key).and_then(Value::as_array).into_iter().flatten();
    for header in listed("headers") {
        if let Some((name, value)) = pair(header) {
            headers::add(&mut operation, name, Text::literal(value));
        }
    }
    if !operation.has_header("cookie") {
        let cookies: Vec<String> = listed("cookies")
            .filter_map(pair)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            headers::add(&mut operation, "Cookie", Text::literal(cookies.join("; ")));
        }
    }
    operation.body = request.get("postData").and_then(|data| body(data, &mut operation));
    Ok(operation)
}

fn pair(value: &Value) -> Option<(&str, &str)> {
    let value_of = value.get("value").and_then(Value::as_str).unwrap_or_default();
    Some((value.get("name")?.as_str()?, value_of))
}

/// A field or a file of a form, of which the recording may have the name alone.
fn part(value: &Value) -> Option<FormPart> {
    let (name, content) = pair(value)?;
    let said = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let file_name = said("fileName");
    let usual = if file_name.is_some() { "content" } else { "" };
    let content = if content.is_empty() { usual } else { content };
    Some(FormPart {
        name: name.to_owned(),
        value: Text::literal(content),
        file: None,
        file_name,
        content_type: said("contentType"),
    })
}

fn body(data: &Value, operation: &mut Operation) -> Option<Body> {
    let media_type = data.get("mimeType").and_then(Value::as_str).unwrap_or_default();
    let text = data.get("text").and_then(Value::as_str).unwrap_or_default();
    let decoded = match data.get("encoding").and_then(Value::as_str) {
        Some("base64") => BASE64_STANDARD.decode(text).ok().and_then(|b| String::from_utf8(b).ok()),
        _ => None,
    };
    let text = decoded.as_deref().unwrap_or(text);
    let params = data.get("params").and_then(Value::as_array).into_iter().flatten();
    if text.is_empty() {
        let is_multipart = media_type.to_ascii_lowercase().starts_with("multipart/form-data");
        let body = if is_multipart {
            Body::Multipart(params.filter_map(part).collect())
        } else {
            let field = |(name, value): (&str, &str)| (name.to_owned(), Text::literal(value));
            Body::Form(params.filter_map(pair).map(field).collect())
        };
        operation.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        return match &body {
            Body::Multipart(parts) if parts.is_empty() => None,
            Body::Form(pairs) if pairs.is_empty() => None,
            _ => Some(body),
        };
    }
    bodies::of_text(text, media_type, operation)
}
