//! Messages that the plan writes as JSON, held against their type: every mistake at its place.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::document::{Entry, Node, Value};
use super::reader::Reader;
use super::slots;
use crate::flow::CallMessage;
use crate::flow::MessageType;
use crate::flow::Template;

/// The message that stands at `node`; encoded, where nothing of it is only known in load.
pub(super) fn message(node: &Node, of: &MessageType, reader: &mut Reader) -> Option<CallMessage> {
    let before = reader.problems.len();
    check(node, of.descriptor(), reader);
    if reader.problems.len() > before {
        return None;
    }
    let mut json = Template::default();
    slots::json(node, &mut json);
    let Some(fixed) = slots::fixed(&json) else { return Some(CallMessage::Template(json)) };
    let mut bytes = Vec::new();
    match of.encode(&fixed, &mut bytes) {
        Ok(()) => Some(CallMessage::Fixed(bytes)),
        Err(error) => {
            // What is wrong with fields together: two of a `oneof`.
            reader.problem(&node.at, format!("no `{}`: {}", of.name(), without_place(&error)));
            None
        }
    }
}

fn check(node: &Node, of: &MessageDescriptor, reader: &mut Reader) {
    if of.full_name().starts_with("google.protobuf.") {
        // Written in a way of its own: a timestamp as a text.
        return whole(node, of, reader);
    }
    if !matches!(node.value, Value::Map(_)) {
        return reader
            .wrong_type(node, &format!("a `{}`: a mapping of its fields", of.full_name()));
    }
    for entry in reader.entries(node, "a message").unwrap_or_default() {
        let is_it = |field: &FieldDescriptor| {
            [field.json_name(), field.name()].contains(&entry.key.as_str())
        };
        match of.fields().find(is_it) {
            Some(field) => value(entry, &field, reader),
            // An extension; its name is checked with the whole message.
            None if entry.key.starts_with('[') => {}
            None => {
                let names: Vec<_> = of.fields().map(|field| field.name().to_owned()).collect();
                let text = format!("unknown field `{}` in `{}`", entry.key, of.full_name());
                reader.none_of(&entry.key_at, text, &entry.key, names.iter().map(String::as_str));
            }
        }
    }
}

fn value(entry: &Entry, field: &FieldDescriptor, reader: &mut Reader) {
    match (&entry.node.value, field.kind()) {
        (Value::Map(pairs), Kind::Message(of)) if field.is_map() => {
            let Kind::Message(of) = of.map_entry_value_field().kind() else {
                return pairs.iter().for_each(|pair| {
                    let of_pair = |json| serde_json::json!({ (pair.key.as_str()): json });
                    part(&pair.node, field, of_pair, reader);
                });
            };
            for pair in pairs {
                check(&pair.node, &of, reader);
            }
        }
        (Value::List(items), Kind::Message(of)) if field.is_list() => {
            for item in items {
                check(item, &of, reader);
            }
        }
        (Value::List(items), kind) if field.is_list() => {
            for item in items {
                enumerator(item, &kind, reader);
                part(item, field, |json| serde_json::json!([json]), reader);
            }
        }
        (Value::Map(_), Kind::Message(of)) if !field.is_list() => check(&entry.node, &of, reader),
        (_, kind) => {
            enumerator(&entry.node, &kind, reader);
            part(&entry.node, field, |json| json, reader);
        }
    }
}

/// Names of an enum have names that they resemble.
fn enumerator(node: &Node, kind: &Kind, reader: &mut Reader) {
    let (Kind::Enum(of), Some(scalar)) = (kind, node.scalar()) else { return };
    if scalar.typed.is_string()
        && scalar.pieces.is_empty()
        && of.get_value_by_name(&scalar.text).is_none()
    {
        let names: Vec<_> = of.values().map(|value| value.name().to_owned()).collect();
        let text = format!("`{}` is no value of `{}`", scalar.text, of.full_name());
        reader.none_of(&node.at, text, &scalar.text, names.iter().map(String::as_str));
    }
}

/// Whether `node`, put where `within` puts it, is a value of the field.
fn part(
    node: &Node,
    field: &FieldDescriptor,
    within: impl Fn(serde_json::Value) -> serde_json::Value,
    reader: &mut Reader,
) {
    let is_told = |reader: &Reader| reader.problems.last().is_some_and(|last| last.is_at(&node.at));
    let Some(json) = slots::fixed_json(node).filter(|_| !is_told(reader)) else { return };
    let json = serde_json::json!({ (field.json_name()): within(json) });
    let parent = MessageType::new(field.parent_message().clone());
    if let Err(error) = parent.encode(json.to_string().as_bytes(), &mut Vec::new()) {
        let text = format!("`{}` in `{}`: {}", field.name(), parent.name(), without_place(&error));
        reader.problem(&node.at, text);
    }
}

fn whole(node: &Node, of: &MessageDescriptor, reader: &mut Reader) {
    let Some(json) = slots::fixed_json(node) else { return };
    let of = MessageType::new(of.clone());
    if let Err(error) = of.encode(json.to_string().as_bytes(), &mut Vec::new()) {
        reader.problem(&node.at, format!("no `{}`: {}", of.name(), without_place(&error)));
    }
}

/// Line and column are those of JSON that nobody has written.
fn without_place(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text).to_owned()
}
