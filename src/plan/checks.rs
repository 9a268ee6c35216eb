//! What a request's `checks` assert.

use std::sync::Arc;
use std::time::Duration;

use memchr::memmem::Finder;
use serde_json::Value as Json;

use super::bodies;
use super::css;
use super::document::{Entry, Node};
use super::reader::{Fields, Keys, Reader, duration_with_unit};
use super::requests;
use crate::extract::JsonPath;
use crate::extract::JsonSchema;
use crate::extract::Pattern;
use crate::flow::Assertion;
use crate::flow::Bound;
use crate::flow::Check;
use crate::flow::HeaderTest;
use crate::flow::JsonTest;
use crate::model::GrpcCode;
use crate::model::inert;

pub(super) const CHECK: Keys = Keys {
    of: "a check",
    known: &[
        "status",
        "jsonpath",
        "exists",
        "equals",
        "regex",
        "contains",
        "header",
        "css",
        "schema",
        "duration",
        "body_size",
        "name",
    ],
    later: &[],
};

pub(super) const HEADER: Keys = Keys {
    of: "a header's check",
    known: &["name", "exists", "equals", "contains", "regex"],
    later: &[],
};

/// What may be asserted; a check asserts one of them.
const KINDS: [&str; 9] =
    ["status", "jsonpath", "regex", "contains", "header", "css", "schema", "duration", "body_size"];

/// A longer name is no name.
const MAX_NAME: usize = 120;

/// What `status` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statuses {
    /// HTTP's.
    Http,
    /// gRPC's codes.
    Grpc,
}

/// Every check of a request; a wrong one is reported and left out.
pub(super) fn checks(request: &Fields<'_>, of: Statuses, reader: &mut Reader) -> Vec<Check> {
    let Some(node) = request.get("checks") else { return Vec::new() };
    let mut checks: Vec<Check> = Vec::new();
    for item in reader.list(node, "checks") {
        let Some(check) = check(item, of, reader) else { continue };
        let is_status = |check: &Check| matches!(check.asserted, Assertion::Status(_));
        if is_status(&check) && checks.iter().any(is_status) {
            reader.problem_with_help(
                &item.at,
                "a response has one status, so two status checks never hold together",
                "write the alternatives as a list: `status: [200, 201]`",
            );
        }
        if checks.iter().any(|earlier| earlier.name == check.name) {
            let text = format!("two checks are called `{}`; give one a `name`", check.name);
            reader.problem(&item.at, text);
        }
        checks.push(check);
    }
    checks
}

/// Statuses that count as success, where a check says so.
pub(super) fn expected_statuses(checks: &[Check]) -> Vec<u16> {
    let statuses = checks.iter().find_map(|check| match &check.asserted {
        Assertion::Status(statuses) => Some(statuses.clone()),
        _ => None,
    });
    statuses.unwrap_or_default()
}

fn check(item: &Node, of: Statuses, reader: &mut Reader) -> Option<Check> {
    let fields = reader.fields(item, &item.at, &CHECK)?;
    let mut given = KINDS.into_iter().filter_map(|kind| fields.entry(kind));
    let Some(entry) = given.next() else {
        let help = format!("say what must hold: {}", KINDS.join(", "));
        reader.problem_with_help(&item.at, "a check that asserts nothing", help);
        return None;
    };
    if let Some(second) = given.next() {
        let text = format!("a check asserts one thing: `{}` or `{}`", entry.key, second.key);
        reader.problem_with_help(&second.key_at, text, "write them as two checks");
        return None;
    }
    let is_json = entry.key == "jsonpath";
    for key in ["exists", "equals"] {
        if let Some(extra) = fields.entry(key).filter(|_| !is_json) {
            reader.problem(
                &extra.key_at,
                format!("`{key}` belongs to `jsonpath`, `header` or `css`"),
            );
        }
    }
    let (asserted, text) = assertion(&entry.key, &entry.node, (&fields, of), reader)?;
    let name = match fields.get("name") {
        Some(node) => reader.parsed(node, "a name", name)?,
        None => inert(&reader.redactor.text(&text), MAX_NAME),
    };
    let name = reader.redactor.text(&name);
    Some(Check { name, asserted })
}

fn name(text: &str) -> Result<String, String> {
    let is_fine = !text.is_empty()
        && text.chars().count() <= MAX_NAME
        && !text.chars().any(|c| c.is_control() || matches!(c, ',' | '{' | '}'));
    if is_fine {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "a check's name has 1 to {MAX_NAME} characters, none of them `,`, `{{` or `}}`"
        ))
    }
}

/// What must hold, and its text, which names it where nothing else does.
fn assertion(
    kind: &str,
    node: &Node,
    (fields, of): (&Fields<'_>, Statuses),
    reader: &mut Reader,
) -> Option<(Assertion, String)> {
    match (kind, of) {
        ("status", Statuses::Grpc) => return codes(node, reader),
        ("status", Statuses::Http) => return status(node, reader),
        _ => {}
    }
    match kind {
        "jsonpath" => json(node, fields, reader),
        "regex" => {
            let pattern = reader.parsed(node, "a regular expression", Pattern::new)?;
            Some((Assertion::Regex(pattern), format!("regex {}", text_of(node))))
        }
        "contains" => {
            let text = reader.text(node, "a text")?;
            let finder = Box::new(Finder::new(text).into_owned());
            Some((Assertion::Contains(finder), format!("contains {text}")))
        }
        "header" => header(node, reader),
        "css" => css::check(node, reader),
        "schema" => schema(node, reader),
        "duration" => {
            let expected = "a bound like <500ms";
            let (bound, limit) = reader.parsed(node, expected, |text| bound(text, duration))?;
            Some((Assertion::Duration(bound, limit), format!("duration {}", text_of(node))))
        }
        _ => {
            let expected = "a bound like <10kb";
            let (bound, limit) = reader.parsed(node, expected, |text| bound(text, bodies::size))?;
            Some((Assertion::BodySize(bound, limit as u64), format!("body_size {}", text_of(node))))
        }
    }
}

/// A file, or the schema itself; compiled here, once for all responses.
fn schema(node: &Node, reader: &mut Reader) -> Option<(Assertion, String)> {
    let (schema, text) = if node.scalar().is_some() {
        let before = reader.problems.len();
        let bytes = bodies::file(node, reader);
        if reader.problems.len() > before {
            return None;
        }
        match serde_json::from_slice(&bytes) {
            Ok(schema) => (schema, format!("schema {}", text_of(node))),
            Err(error) => {
                let text = format!("`{}` is not a JSON Schema: {error}", text_of(node));
                reader.problem(&node.at, text);
                return None;
            }
        }
    } else {
        (reader.json(node)?, "schema".to_owned())
    };
    match JsonSchema::new(&schema) {
        Ok(schema) => Some((Assertion::Schema(Arc::new(schema)), text)),
        Err(error) => {
            let help = "a schema stands alone: what `$ref` refers to goes into its `$defs`";
            reader.problem_with_help(&node.at, format!("not a JSON Schema: {error}"), help);
            None
        }
    }
}

pub(super) fn text_of(node: &Node) -> &str {
    node.scalar().map_or("", |scalar| scalar.text.as_str())
}

fn status(node: &Node, reader: &mut Reader) -> Option<(Assertion, String)> {
    let mut statuses: Vec<u16> = Vec::new();
    for value in node.one_or_many() {
        let accept = |status: u16| (100..=599).contains(&status);
        statuses.extend(reader.number(value, "a status from 100 to 599", accept));
    }
    let text: Vec<_> = statuses.iter().map(u16::to_string).collect();
    let text = format!("status {}", text.join(" or "));
    (!statuses.is_empty()).then_some((Assertion::Status(statuses), text))
}

/// Names of gRPC's codes, or their numbers.
fn codes(node: &Node, reader: &mut Reader) -> Option<(Assertion, String)> {
    let mut codes: Vec<GrpcCode> = Vec::new();
    for value in node.one_or_many() {
        let Some(text) = reader.text(value, "the name of a gRPC status: OK, NOT_FOUND") else {
            continue;
        };
        match GrpcCode::parse(text) {
            Some(code) => codes.push(code),
            None => {
                reader.unknown(&value.at, "gRPC status", text, GrpcCode::ALL.map(GrpcCode::as_str));
            }
        }
    }
    let names: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let text = format!("status {}", names.join(" or "));
    let numbers = codes.iter().map(|code| code.number()).collect();
    (!codes.is_empty()).then_some((Assertion::Status(numbers), text))
}

fn json(node: &Node, fields: &Fields<'_>, reader: &mut Reader) -> Option<(Assertion, String)> {
    let path = reader.parsed(node, "a JSONPath", JsonPath::parse)?;
    let (test, text) = match (fields.get("exists"), fields.entry("equals")) {
        (None, None) => (JsonTest::Exists(true), "exists".to_owned()),
        (Some(node), None) => {
            let exists = reader.boolean(node)?;
            (JsonTest::Exists(exists), if exists { "exists" } else { "is absent" }.to_owned())
        }
        (None, Some(entry)) => {
            let value = reader.json(&entry.node)?;
            let text = format!("equals {value}");
            (JsonTest::Equals(value), text)
        }
        (Some(_), Some(entry)) => {
            reader.problem(&entry.key_at, "a check has `exists` or `equals`");
            return None;
        }
    };
    let text = format!("{} {text}", path.as_str());
    Some((Assertion::Json(path, test), text))
}

/// A name alone, which must be there; or a mapping.
fn header(node: &Node, reader: &mut Reader) -> Option<(Assertion, String)> {
    let of_name = |text: &str| requests::header(text, "").map(|header| header.name);
    if node.scalar().is_some() {
        let name = reader.parsed(node, "the name of a header", of_name)?;
        let text = format!("header {name} exists");
        return Some((Assertion::Header(name, HeaderTest::Exists(true)), text));
    }
    let fields = reader.fields(node, &node.at, &HEADER)?;
    let name = reader.require(&fields, "name")?;
    let name = reader.parsed(name, "the name of a header", of_name)?;
    let mut given =
        ["exists", "equals", "contains", "regex"].into_iter().filter_map(|test| fields.entry(test));
    let entry = given.next();
    if let Some(second) = given.next() {
        reader.problem(&second.key_at, "a header's check asserts one thing");
        return None;
    }
    let Some(entry) = entry else {
        let text = format!("header {name} exists");
        return Some((Assertion::Header(name, HeaderTest::Exists(true)), text));
    };
    let text = format!("header {name} {} {}", entry.key, text_of(&entry.node));
    let test = match entry.key.as_str() {
        "exists" => HeaderTest::Exists(reader.boolean(&entry.node)?),
        _ => text_test(entry, reader)?,
    };
    Some((Assertion::Header(name, test), text))
}

/// `equals: a`, `contains: a` or `regex: a`
pub(super) fn text_test(entry: &Entry, reader: &mut Reader) -> Option<HeaderTest> {
    Some(match entry.key.as_str() {
        "equals" => HeaderTest::Equals(reader.text(&entry.node, "a text")?.to_owned()),
        "contains" => HeaderTest::Contains(reader.text(&entry.node, "a text")?.to_owned()),
        _ => {
            let pattern = reader.parsed(&entry.node, "a regular expression", Pattern::new)?;
            HeaderTest::Regex(pattern)
        }
    })
}

pub(super) fn bound<T>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<(Bound, T), String> {
    let found = Bound::ALL
        .into_iter()
        .find_map(|(sign, bound)| Some((bound, text.trim().strip_prefix(sign)?)));
    let Some((bound, limit)) = found else {
        return Err(format!("`{text}` is no bound: begin it with <, <=, > or >="));
    };
    Ok((bound, parse(limit.trim())?))
}

fn duration(text: &str) -> Result<Duration, String> {
    duration_with_unit(text)
}

impl Reader {
    /// A value as JSON types it: a scalar, or a tree of them.
    fn json(&mut self, node: &Node) -> Option<Json> {
        let value = super::slots::fixed_json(node);
        if value.is_none() {
            self.problem(
                &node.at,
                "a value that is only known while the load runs cannot be compared",
            );
        }
        value
    }
}
