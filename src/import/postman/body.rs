//! Postman's bodies.

use std::path::PathBuf;

use serde_json::Value;

use super::variables::Variables;
use super::{is_on, plain};
use crate::import::bodies;
use crate::import::operation::{Body, FormPart, Operation, Sample};
use crate::import::text::Text;

/// Adds the body; an error says what of it is left out.
pub(super) fn read(
    request: &Value,
    operation: &mut Operation,
    variables: &mut Variables,
) -> Result<(), String> {
    let Some(body) = request.get("body").filter(|body| body.is_object() && is_on(body)) else {
        return Ok(());
    };
    let mode = body.get("mode").and_then(Value::as_str).unwrap_or("raw");
    match mode {
        "raw" => raw(body, operation, variables),
        "urlencoded" => {
            let pairs = fields(body, "urlencoded");
            let pairs = pairs.map(|(key, value)| (key, variables.text(&value))).collect::<Vec<_>>();
            if !pairs.is_empty() {
                operation.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
                operation.body = Some(Body::Form(pairs));
            }
        }
        "formdata" => return form_data(body, operation, variables),
        "file" => {
            let file = body.pointer("/file/src").and_then(Value::as_str);
            let file = file.ok_or("the file of its body is not named; it is sent empty")?;
            operation.body = Some(Body::File(PathBuf::from(file)));
        }
        "graphql" => graphql(body, operation, variables),
        "none" => {}
        other => return Err(format!("a body of mode `{other}` is not known; it is sent empty")),
    }
    Ok(())
}

fn raw(body: &Value, operation: &mut Operation, variables: &mut Variables) {
    let text = body.get("raw").and_then(Value::as_str).unwrap_or_default();
    let language = body.pointer("/options/raw/language").and_then(Value::as_str).unwrap_or("text");
    let said = operation.header("content-type").map(Text::template);
    let media_type = said.unwrap_or_else(|| {
        match language {
            "json" => "application/json",
            "xml" => "application/xml",
            "html" => "text/html",
            "javascript" => "application/javascript",
            _ => "text/plain",
        }
        .to_owned()
    });
    operation.body = match bodies::of_text(text, &media_type, operation) {
        Some(Body::Json(mut sample)) => {
            refer(&mut sample, variables);
            Some(Body::Json(sample))
        }
        Some(Body::GraphQl(document, given, name)) => {
            let given = given.map(|mut sample| {
                refer(&mut sample, variables);
                sample
            });
            Some(Body::GraphQl(variables.text(&document.template()), given, name))
        }
        Some(Body::Multipart(mut parts)) => {
            for part in &mut parts {
                part.value = variables.text(&part.value.template());
            }
            Some(Body::Multipart(parts))
        }
        // `{"id": {{id}}}` is JSON only once the value is there.
        Some(Body::Text(_)) => Some(Body::Text(variables.text(text))),
        Some(Body::Form(pairs)) => {
            let with = |(name, value): (String, Text)| (name, variables.text(&value.template()));
            Some(Body::Form(pairs.into_iter().map(with).collect()))
        }
        other => other,
    };
}

/// References inside of texts.
fn refer(sample: &mut Sample, variables: &mut Variables) {
    match sample {
        Sample::Text(text) => {
            let own = text.as_literal().filter(|literal| literal.contains("{{")).map(str::to_owned);
            if let Some(own) = own {
                *text = variables.text(&own);
            }
        }
        Sample::List(items) => items.iter_mut().for_each(|item| refer(item, variables)),
        Sample::Map(entries) => entries.iter_mut().for_each(|(_, value)| refer(value, variables)),
        Sample::Null | Sample::Bool(_) | Sample::Number(_) => {}
    }
}

fn form_data(
    body: &Value,
    operation: &mut Operation,
    variables: &mut Variables,
) -> Result<(), String> {
    let listed = body.get("formdata").and_then(Value::as_array);
    let mut parts = Vec::new();
    let mut files = Vec::new();
    for part in listed.into_iter().flatten().filter(|part| is_on(part)) {
        let Some(name) = part.get("key").and_then(Value::as_str) else { continue };
        let is_file = part.get("type").and_then(Value::as_str) == Some("file");
        let content_type = part.get("contentType").and_then(Value::as_str).map(str::to_owned);
        let file_name = is_file.then(|| {
            let src =
                part.get("src").map(|src| plain(src.get(0).unwrap_or(src))).unwrap_or_default();
            src.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file").to_owned()
        });
        let value = part.get("value").map(plain).unwrap_or_default();
        let value = if is_file { Text::literal("content") } else { variables.text(&value) };
        files.extend(file_name.clone());
        let file = None;
        parts.push(FormPart { name: name.to_owned(), value, file, file_name, content_type });
    }
    operation.body = Some(Body::Multipart(parts));
    if files.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the content of {} is not read; the plan has a word in its place",
        files.join(", ")
    ))
}

fn graphql(body: &Value, operation: &mut Operation, variables: &mut Variables) {
    let of = |key: &str| body.pointer(&format!("/graphql/{key}")).map(plain).unwrap_or_default();
    let document = variables.text(&of("query"));
    let given = serde_json::from_str::<Value>(&of("variables")).ok();
    let given = given.filter(|value| value.as_object().is_some_and(|map| !map.is_empty()));
    let given = given.map(|value| {
        let mut sample = Sample::from(&value);
        refer(&mut sample, variables);
        sample
    });
    let name = Some(of("operationName")).filter(|name| !name.is_empty());
    let name = name.map(|name| variables.text(&name));
    operation.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    operation.body = Some(Body::GraphQl(document, given, name));
}

fn fields(body: &Value, key: &str) -> impl Iterator<Item = (String, String)> {
    let listed = body.get(key).and_then(Value::as_array);
    listed.into_iter().flatten().filter(|pair| is_on(pair)).filter_map(|pair| {
        let key = pair.get("key").and_then(Value::as_str)?;
        Some((key.to_owned(), pair.get("value").map(plain).unwrap_or_default()))
    })
}
