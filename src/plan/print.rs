//! A plan's tree as YAML that reads back to the same plan, and as JSON.
//!
//! Not by a library: a scalar keeps the characters in which it was written (`1.10`, `0x10`), and
//! whether it stood in quotes decides what `${item}` becomes in a JSON body.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::document::{Entry, Node, Scalar, TextPiece, Value};
use crate::model::inert;

const INFALLIBLE: &str = "writing to a string does not fail";

/// What stands where a secret stood.
const HIDDEN: &str = "***";

/// The tree in block style.
pub(super) fn yaml(tree: &Node) -> String {
    let mut out = String::new();
    match &tree.value {
        Value::Map(entries) => map(entries, 0, &mut out),
        Value::List(_) | Value::Scalar(_) | Value::Unsubstituted => {
            out.push_str(&scalar_or_empty(tree));
            out.push('\n');
        }
    }
    out
}

/// The tree as JSON types it.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), json(&entry.node))).collect()
        }
        Value::Scalar(scalar) if scalar.is_secret => HIDDEN.into(),
        Value::Scalar(scalar) if scalar.typed.is_string() => written(scalar).into(),
        Value::Scalar(scalar) => scalar.typed.clone(),
        Value::Unsubstituted => Json::Null,
    }
}

fn map(entries: &[Entry], indent: usize, out: &mut String) {
    for Entry { key, node, .. } in entries {
        write!(out, "{:indent$}{}:", "", quoted_if_needed(key)).expect(INFALLIBLE);
        value(node, indent, out);
    }
}

fn list(items: &[Node], indent: usize, out: &mut String) {
    for item in items {
        write!(out, "{:indent$}-", "").expect(INFALLIBLE);
        match &item.value {
            Value::Map(entries) if !entries.is_empty() => {
                let mut inner = String::new();
                map(entries, indent + 2, &mut inner);
                // Its first key stands beside the dash.
                out.push(' ');
                out.push_str(inner.trim_start_matches(' '));
            }
            _ => value(item, indent, out),
        }
    }
}

/// What stands behind a key or a dash.
fn value(node: &Node, indent: usize, out: &mut String) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            map(entries, indent + 2, out);
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            list(items, indent + 2, out);
        }
        _ => writeln!(out, " {}", scalar_or_empty(node)).expect(INFALLIBLE),
    }
}

fn scalar_or_empty(node: &Node) -> String {
    match &node.value {
        Value::Map(_) => "{}".to_owned(),
        Value::List(_) => "[]".to_owned(),
        Value::Unsubstituted => "null".to_owned(),
        Value::Scalar(scalar) if scalar.is_secret => quoted(HIDDEN),
        Value::Scalar(scalar) if scalar.typed.is_null() => "null".to_owned(),
        Value::Scalar(scalar) => match scalar.pieces.as_slice() {
            [TextPiece::Slot(_)] if scalar.plain => scalar.text.clone(),
            [] if scalar.plain && !scalar.typed.is_string() => scalar.text.clone(),
            _ => quoted_if_needed(&written(scalar)),
        },
    }
}

/// The characters with `${` escaped where it stands for itself.
fn written(scalar: &Scalar) -> String {
    if scalar.pieces.is_empty() {
        return scalar.text.replace("${", "$${");
    }
    let (mut out, mut rest) = (String::new(), scalar.text.as_str());
    for piece in &scalar.pieces {
        match piece {
            TextPiece::Literal(text) => {
                out.push_str(&text.replace("${", "$${"));
                rest = &rest[text.len()..];
            }
            TextPiece::Slot(_) => {
                let (slot, behind) = rest.split_at(rest.find('}').map_or(rest.len(), |at| at + 1));
                out.push_str(slot);
                rest = behind;
            }
        }
    }
    out
}

/// A text that YAML reads as this text.
fn quoted_if_needed(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether YAML reads it as a text without quotes, whatever version it has.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_duration = text.split_once(|c: char| !c.is_ascii_digit()).is_some_and(|(digits, _)| {
        !digits.is_empty() && ["us", "ms", "s", "m", "h"].contains(&&text[digits.len()..])
    });
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-./:?=+~()<> ".contains(c);
    is_duration
        || starts
            && text.chars().all(fits)
            && !text.contains(": ")
            && !text.ends_with([':', ' '])
            && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// As JSON writes it, which YAML reads, without a character that a terminal might obey.
fn quoted(text: &str) -> String {
    let json = Json::from(text).to_string();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let mut buffer = [0; 4];
        let one: &str = c.encode_utf8(&mut buffer);
        if c.is_ascii() && c != '\u{7f}' || inert(one, 1) == one && !is_break(c) {
            out.push(c);
        } else if u32::from(c) <= 0xffff {
            write!(out, "\\u{:04x}", u32::from(c)).expect(INFALLIBLE);
        } else {
            write!(out, "\\U{:08x}", u32::from(c)).expect(INFALLIBLE);
        }
    }
    out
}

/// Characters at which YAML 1.1 ends a line.
fn is_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}
