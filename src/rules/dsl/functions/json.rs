//! JSON as Go writes it: keys in order, `<`, `>` and `&` escaped, numbers as floats.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::super::eval::EvalError;
use super::unfit;

/// How far one level is indented.
const INDENT: &str = "    ";

fn no_json() -> EvalError {
    unfit("the text is no JSON")
}

/// The object `text` on one line.
pub(super) fn minify(text: &[u8]) -> Result<Vec<u8>, EvalError> {
    let value: Value = serde_json::from_slice(text).map_err(|_| no_json())?;
    if !value.is_object() {
        return Err(unfit("the text is no JSON object"));
    }
    let mut out = String::new();
    write(&value, &mut out);
    Ok(out.into_bytes())
}

/// Depth is bounded by the parser.
pub(super) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
        Value::Number(number) => out.push_str(&float(number)),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn float(number: &serde_json::Number) -> String {
    let value = number.as_f64().unwrap_or_default();
    if value == 0.0 || (1e-6..1e21).contains(&value.abs()) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

fn write_text(text: &str, out: &mut String) {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    for c in quoted.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
}

/// The same tokens with a line for each entry.
pub(super) fn prettify(text: &[u8]) -> Result<Vec<u8>, EvalError> {
    serde_json::from_slice::<IgnoredAny>(text).map_err(|_| no_json())?;
    let text = std::str::from_utf8(text).map_err(|_| no_json())?;
    let mut out = String::new();
    let mut depth = 0;
    let mut characters = text.trim().chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => {}
            '"' => {
                out.push('"');
                copy_text(&mut characters, &mut out);
            }
            '{' | '[' => {
                out.push(c);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => out.push(c),
        }
        super::bounded(Some(out.len()))?;
    }
    Ok(out.into_bytes())
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&INDENT.repeat(depth));
}

fn copy_text(characters: &mut impl Iterator<Item = char>, out: &mut String) {
    while let Some(c) = characters.next() {
        out.push(c);
        match c {
            '\\' => out.extend(characters.next()),
            '"' => return,
            _ => {}
        }
    }
}
