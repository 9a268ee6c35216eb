//! Arguments and variables of GraphQL, in a body or in an address.

use std::ops::Range;

use apollo_parser::Lexer;
use apollo_parser::TokenKind;

use super::insertion::InsertionPoint;
use super::insertion::Place;
use super::json::json_leaves;
use crate::model::InsertionKind;
use crate::model::InsertionRef;

/// Tokens read of one GraphQL document.
const MAX_TOKENS: usize = 5000;

/// The variables of a GraphQL query in an address, instead of all together, and not the query itself.
pub(super) fn opened(points: Vec<InsertionPoint>) -> Vec<InsertionPoint> {
    let is_document =
        |point: &InsertionPoint| point.reference.name == "query" && point.value.contains('{');
    if !points.iter().any(is_document) {
        return points;
    }
    let mut opened = Vec::new();
    for point in points {
        let Place::Query(index) = point.place else { continue };
        if is_document(&point) {
            continue;
        }
        let variables = (point.reference.name == "variables")
            .then(|| serde_json::from_str(&point.value).ok())
            .flatten();
        let Some(variables) = variables else {
            opened.push(point);
            continue;
        };
        let mut leaves = Vec::new();
        json_leaves(&variables, &mut String::new(), &mut leaves);
        opened.extend(leaves.into_iter().map(|leaf| {
            let pointer = leaf.reference.name;
            let name = format!("variables{pointer}");
            InsertionPoint {
                reference: InsertionRef { kind: InsertionKind::Query, name },
                value: leaf.value,
                place: Place::QueryJson(index, pointer),
            }
        }));
    }
    opened
}

/// Arguments that are written out in a GraphQL document, instead of the document as a whole.
pub(super) fn graphql(body: &serde_json::Value, points: &mut Vec<InsertionPoint>) {
    let Some(document) = body.get("query").and_then(serde_json::Value::as_str) else { return };
    if !document.contains('{') {
        return;
    }
    points.retain(|point| point.place != Place::Json("/query".to_owned()));
    for value in arguments(document) {
        let name = format!("/query/{}", value.name);
        points.push(InsertionPoint {
            reference: InsertionRef { kind: InsertionKind::Json, name },
            value: value.text,
            place: Place::GraphQl(value.range),
        });
    }
}

struct Argument {
    name: String,
    text: String,
    range: Range<usize>,
}

/// `name: "text"` and `name: 12` in a document (<https://spec.graphql.org/October2021/#Argument>).
fn arguments(document: &str) -> Vec<Argument> {
    let (tokens, _faults) = Lexer::new(document).with_limit(MAX_TOKENS).lex();
    let tokens: Vec<_> = tokens
        .into_iter()
        .filter(|token| !matches!(token.kind(), TokenKind::Whitespace | TokenKind::Comment))
        .collect();
    let mut found = Vec::new();
    for [name, colon, value] in tokens.array_windows() {
        let is_value =
            matches!(value.kind(), TokenKind::StringValue | TokenKind::Int | TokenKind::Float);
        if name.kind() != TokenKind::Name || colon.kind() != TokenKind::Colon || !is_value {
            continue;
        }
        let written = value.data();
        let text = match value.kind() {
            TokenKind::StringValue => serde_json::from_str(written).unwrap_or_default(),
            _ => written.to_owned(),
        };
        let range = value.index()..value.index() + written.len();
        found.push(Argument { name: name.data().to_owned(), text, range });
    }
    found
}

/// The body with a text in its GraphQL document; strings are written as in JSON there.
pub(super) fn in_document(body: &[u8], range: &Range<usize>, value: &str) -> Option<Vec<u8>> {
    let mut body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let document = body.get("query")?.as_str()?.to_owned();
    let (before, after) = (document.get(..range.start)?, document.get(range.end..)?);
    let written = serde_json::to_string(value).ok()?;
    body["query"] = serde_json::Value::String(format!("{before}{written}{after}"));
    Some(body.to_string().into_bytes())
}
