//! Bodies that came as bytes, as the plan would have written them.

use serde_json::Value;

use super::operation::{Body, Operation, Sample};
use super::parts;
use super::text::Text;

/// Numbers with more digits are not the same when they are read and written.
const EXACT_DIGITS: usize = 15;

/// JSON and forms become values that people can change, everything else stays as it is.
pub(super) fn of_text(text: &str, media_type: &str, operation: &mut Operation) -> Option<Body> {
    if text.is_empty() {
        return None;
    }
    let plain = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = if plain == "application/json" || plain.ends_with("+json") {
        json(text).map(|body| graphql(body, operation))
    } else if plain == "multipart/form-data" {
        parts::of_text(text, media_type).map(Body::Multipart)
    } else if plain == "application/x-www-form-urlencoded" {
        form(text)
    } else {
        None
    };
    let has_usual_type = matches!(body, Some(Body::Form(_) | Body::Multipart(_)))
        || matches!(body, Some(Body::Json(_) | Body::GraphQl(..))) && plain == "application/json";
    if has_usual_type {
        operation.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    } else if !operation.has_header("content-type") && !media_type.is_empty() {
        super::headers::add(operation, "Content-Type", Text::literal(media_type));
    }
    Some(body.unwrap_or_else(|| Body::Text(Text::literal(text))))
}

/// The value, if nothing is lost by reading it.
pub(super) fn json(text: &str) -> Option<Body> {
    let has_long_number = text
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .any(|digits| digits.chars().filter(char::is_ascii_digit).count() > EXACT_DIGITS);
    if has_long_number {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    Some(Body::Json(Sample::from(&value)))
}

/// A GraphQL operation, if that is what the JSON is; else the JSON.
fn graphql(body: Body, operation: &Operation) -> Body {
    let Body::Json(Sample::Map(entries)) = &body else { return body };
    let of = |key: &str| entries.iter().find(|(own, _)| own == key).map(|(_, value)| value);
    let is_known = |(key, _): &(String, Sample)| {
        ["query", "variables", "operationName"].contains(&key.as_str())
    };
    let (Some(Sample::Text(document)), "POST") = (of("query"), operation.method.as_str()) else {
        return body;
    };
    let is_document = document.as_literal().is_some_and(|text| {
        text.contains('{') && apollo_parser::Parser::new(text).parse().errors().len() == 0
    });
    let variables = match of("variables") {
        None | Some(Sample::Null) => None,
        Some(variables @ Sample::Map(_)) => Some(variables.clone()),
        Some(_) => return body,
    };
    let name = match of("operationName") {
        None | Some(Sample::Null) => None,
        Some(Sample::Text(name)) => Some(name.clone()),
        Some(_) => return body,
    };
    if !is_document || !entries.iter().all(is_known) {
        return body;
    }
    Body::GraphQl(document.clone(), variables, name)
}

/// The pairs, if writing them again gives the same text.
pub(super) fn form(text: &str) -> Option<Body> {
    let (_, pairs) = super::address::with_pairs(&format!("?{text}"));
    (!pairs.is_empty()).then_some(Body::Form(pairs))
}
