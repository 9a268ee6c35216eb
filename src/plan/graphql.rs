//! GraphQL operations over HTTP: a POST with the document and its variables as JSON.

use super::bodies;
use super::document::{Node, Value};
use super::reader::{Fields, Keys, Reader};
use super::slots;
use crate::flow::Template;

pub(super) const GRAPHQL: Keys = Keys {
    of: "a GraphQL operation",
    known: &["query", "file", "variables", "operationName", "errors"],
    later: &[],
};

/// What a request's body is called here.
pub(super) const KEY: &str = "graphql";

/// A document alone, or a mapping that says more.
pub(super) fn body(node: &Node, reader: &mut Reader) -> Template {
    let mut out = Template::default();
    if node.scalar().is_some() {
        out.push_literal(b"{\"query\":");
        slots::json_text(node, &mut out);
        out.push_literal(b"}");
        return out;
    }
    let Some(fields) = reader.fields(node, &node.at, &GRAPHQL) else { return out };
    out.push_literal(b"{\"query\":");
    document(&fields, &mut out, reader);
    if let Some(name) = fields.get("operationName") {
        out.push_literal(b",\"operationName\":");
        slots::json_text(name, &mut out);
    }
    if let Some(variables) = fields.get("variables") {
        if !matches!(variables.value, Value::Map(_)) {
            reader.wrong_type(variables, "variables: a mapping `{ name: value }`");
        }
        out.push_literal(b",\"variables\":");
        slots::json(variables, &mut out);
    }
    out.push_literal(b"}");
    out
}

fn document(fields: &Fields<'_>, out: &mut Template, reader: &mut Reader) {
    match (fields.get("query"), fields.get("file")) {
        (Some(query), None) if query.scalar().is_some() => slots::json_text(query, out),
        (Some(query), None) => reader.wrong_type(query, "a GraphQL document"),
        (None, Some(file)) => {
            let text = bodies::file(file, reader);
            match String::from_utf8(text) {
                Ok(text) => {
                    out.push_literal(serde_json::Value::from(text).to_string().as_bytes());
                }
                Err(_) => reader.problem(&file.at, "a GraphQL document is UTF-8"),
            }
        }
        _ => {
            let help = "write `graphql: { query: '{ products { id } }' }`";
            reader.problem_with_help(&fields.at, "an operation has a `query` or a `file`", help);
        }
    }
}

/// Whether errors in the answer are a failed request: GraphQL tells most failures in the body of a
/// 200, and whoever looks at statuses alone counts them as successes.
pub(super) fn fails_on_errors(request: &Fields<'_>, reader: &mut Reader) -> bool {
    let Some(entry) = request.entry(KEY) else { return false };
    let errors = match &entry.node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == "errors"),
        _ => None,
    };
    let words = [("fail", true), ("ignore", false)];
    errors
        .is_none_or(|errors| reader.choice(&errors.node, "answer to errors", words).unwrap_or(true))
}
