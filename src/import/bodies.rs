//! Bodies that came as bytes, as the plan would have written them.

use serde_json::Value;

use super::operation::{Body, Operation, Sample};
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
        json(text)
    } else if plain == "application/x-www-form-urlencoded" {
        form(text)
    } else {
        None
    };
    let has_usual_type = matches!(body, Some(Body::Form(_)))
        || matches!(body, Some(Body::Json(_))) && plain == "application/json";
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

/// The pairs, if writing them again gives the same text.
pub(super) fn form(text: &str) -> Option<Body> {
    let (_, pairs) = super::address::with_pairs(&format!("?{text}"));
    (!pairs.is_empty()).then_some(Body::Form(pairs))
}
