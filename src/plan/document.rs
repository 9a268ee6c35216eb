//! A plan's text as a tree whose nodes know where they stand.
//!
//! The plan is decoded from this tree and not by derived `Deserialize`, because serde stops at the
//! first mistake and a plan's author wants to see all of them, each at its place.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, MessageFormatter as _, Spanned, UserMessageFormatter};

use super::error::Problem;
use crate::flow::Source;

/// Bytes of the text that a node came from.
pub(super) type Place = Range<usize>;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) at: Place,
}

/// YAML's three shapes.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// A scalar whose substitution failed, which was reported.
    Unsubstituted,
}

/// A key and its value; keys may repeat, the decoder reports that.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_at: Place,
    pub(super) node: Node,
}

/// A scalar as written and as YAML types it.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    /// The characters, so that a header value `1.10` stays what it is.
    pub(super) text: String,
    /// Null, boolean, number or string.
    pub(super) typed: Json,
    /// Without quotes: what is substituted into it is typed anew.
    pub(super) plain: bool,
    /// What is only known while the load runs, and the text around it; nothing if it is fixed.
    pub(super) pieces: Vec<TextPiece>,
    /// The text with the names of what was substituted, `/items/{id}`; nothing if nothing was.
    pub(super) template: Option<String>,
    /// Whether a secret is part of it.
    pub(super) is_secret: bool,
}

/// A part of a scalar that has slots.
#[derive(Debug, Clone)]
pub(super) enum TextPiece {
    Literal(String),
    Slot(Source),
}

/// More than any plan needs, and little enough for a bomb of aliases to stay harmless.
pub(super) const MAX_NODES: usize = 100_000;
const MAX_DEPTH: usize = 32;

/// Parses one YAML document.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_recorded_anchor_events: MAX_NODES,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_NODES },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
    };
    let raw: Spanned<Raw> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| syntax_problem(&error, text))?;
    Ok(with_text(raw, text))
}

/// As [`parse`]; a file that calls itself JSON has none of YAML's freedoms.
pub(super) fn parse_named(name: &str, text: &str) -> Result<Node, Problem> {
    let extension = Path::new(name).extension();
    if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        refuse_loose_json(text)?;
    }
    parse(text)
}

/// YAML takes a new line for a comma that is missing, and much else that is no JSON.
fn refuse_loose_json(text: &str) -> Result<(), Problem> {
    let Err(error) = serde_json::from_str::<IgnoredAny>(text) else { return Ok(()) };
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line_start: usize = line_start.map(str::len).sum();
    let at = (line_start + error.column().saturating_sub(1)).min(text.len());
    let at = text.floor_char_boundary(at);
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what);
    let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    Err(Problem::new(at..end, format!("this is no JSON: {message}"))
        .help("a plan called .json is JSON to the letter; call it .yml to write it freely"))
}

/// Moves every place behind `base` bytes of other texts.
pub(super) fn shift(node: &mut Node, base: usize) {
    let moved = |at: &Place| at.start + base..at.end + base;
    node.at = moved(&node.at);
    match &mut node.value {
        Value::List(items) => {
            for item in items {
                shift(item, base);
            }
        }
        Value::Map(entries) => {
            for Entry { key_at, node, .. } in entries {
                *key_at = moved(key_at);
                shift(node, base);
            }
        }
        Value::Scalar(_) | Value::Unsubstituted => {}
    }
}

/// Values in it, itself among them.
pub(super) fn count(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|entry| count(&entry.node)).sum::<usize>(),
        Value::Scalar(_) | Value::Unsubstituted => 1,
    }
}

impl Node {
    /// What it is, for "expected …, found …".
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Unsubstituted => "a substitution",
            Value::Scalar(scalar) => match scalar.typed {
                Json::Null => "nothing",
                Json::Bool(_) => "a boolean",
                Json::Number(_) => "a number",
                _ => "a text",
            },
        }
    }

    /// The value of `key`, if it is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
            }
            Value::Scalar(_) | Value::List(_) | Value::Unsubstituted => None,
        }
    }

    /// The items of a list, or itself.
    pub(super) fn one_or_many(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Scalar(_) | Value::Map(_) | Value::Unsubstituted => std::slice::from_ref(self),
        }
    }

    /// The scalar, if it is one.
    pub(super) fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::List(_) | Value::Map(_) | Value::Unsubstituted => None,
        }
    }
}

impl Scalar {
    /// Types `text` as YAML would type a plain scalar of JSON's vocabulary.
    pub(super) fn plain(text: String) -> Self {
        let typed = match serde_json::from_str(&text) {
            Ok(typed @ (Json::Null | Json::Bool(_) | Json::Number(_))) => typed,
            _ => Json::String(text.clone()),
        };
        Self { text, typed, plain: true, pieces: Vec::new(), template: None, is_secret: false }
    }
}

/// What serde sees, before the text of scalars is fetched from the source.
#[derive(Debug)]
enum Raw {
    Scalar(Json),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Json::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

fn with_text(raw: Spanned<Raw>, text: &str) -> Node {
    let at = place(raw.defined, text);
    let value = match raw.value {
        Raw::Scalar(typed) => Value::Scalar(scalar(typed, &text[at.clone()])),
        Raw::List(items) => {
            Value::List(items.into_iter().map(|item| with_text(item, text)).collect())
        }
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    key_at: place(key.defined, text),
                    key: key.value,
                    node: with_text(value, text),
                })
                .collect(),
        ),
    };
    Node { value, at }
}

/// Booleans and numbers keep the characters of the source; a string's are what YAML made of it.
fn scalar(typed: Json, source: &str) -> Scalar {
    let plain = !source.starts_with(['"', '\'', '|', '>']);
    let text = match &typed {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        _ => source.trim().to_owned(),
    };
    Scalar { text, typed, plain, pieces: Vec::new(), template: None, is_secret: false }
}

/// Bytes of `location`, within `text` and on its character boundaries whatever the parser says.
fn place(location: Location, text: &str) -> Place {
    let span = location.span();
    let index = |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok());
    // The scanner's errors come with line and column alone.
    let start = index(span.byte_offset())
        .map_or_else(|| offset_of(location, text), |start| text.floor_char_boundary(start));
    let len = index(span.byte_len()).unwrap_or(0);
    start..text.floor_char_boundary(start.saturating_add(len)).max(start)
}

fn offset_of(location: Location, text: &str) -> usize {
    let index = |value: u64| usize::try_from(value).unwrap_or(usize::MAX).saturating_sub(1);
    let line_start: usize =
        text.split_inclusive('\n').take(index(location.line())).map(str::len).sum();
    let line = &text[line_start..];
    line.char_indices()
        .nth(index(location.column()))
        .map_or(text.len(), |(column, _)| line_start + column)
}

/// The mistake itself, without the snippet and the alias that led to it.
fn original(error: &serde_saphyr::Error) -> &serde_saphyr::Error {
    match error.without_snippet() {
        serde_saphyr::Error::AliasError { error, .. } => original(error),
        other => other,
    }
}

fn syntax_problem(error: &serde_saphyr::Error, text: &str) -> Problem {
    let at = error.location().map_or(0..0, |location| place(location, text));
    let message = match original(error) {
        serde_saphyr::Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            "a plan is one YAML document; a second one starts here".to_owned()
        }
        serde_saphyr::Error::Budget { .. } => format!(
            "too much for a plan: it may have {MAX_NODES} values, aliases expanded, \
             nested {MAX_DEPTH} deep"
        ),
        other => UserMessageFormatter.format_message(other).into_owned(),
    };
    let problem = Problem::new(at.clone(), message);
    if text[..at.start].ends_with('$') && text[at.start..].starts_with('{') {
        return problem
            .help("inside `{ }` and `[ ]` YAML wants quotes around a substitution: \"${…}\"");
    }
    problem
}
