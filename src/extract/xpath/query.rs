//! What the rest of the program sees.

use super::document::{Document, Node, NodeKind};
use super::evaluate::{Evaluator, Exhausted, MAX_WORK, Place, as_boolean, ordered};
use super::expression::{Expression, Type};
use super::html::html_document;
use super::parser::parse;
use super::value::Value;
use super::xml::xml_document;

/// More is not given of one document: texts of nested elements repeat each other.
const MAX_OUTPUT: usize = 8 << 20;

/// An `XPath` expression, known to be valid.
#[derive(Debug, Clone)]
pub struct XPath {
    expression: Expression,
}

impl XPath {
    /// Compiles `text`.
    ///
    /// # Errors
    /// What is wrong with it and at which character, in one line.
    pub fn new(text: &str) -> Result<Self, String> {
        let expression = parse(text).map_err(|fault| {
            let place = text[..fault.at.min(text.len())].chars().count() + 1;
            format!("not an XPath expression: {}, at character {place}", fault.what)
        })?;
        Ok(Self { expression })
    }

    /// What it gives for `document`, which is XML if it begins with `<?xml`, else HTML; not more than
    /// `limit` values.
    ///
    /// For each node that is selected, in document order, the value of `attribute` (empty if it has
    /// none), or else the text in it. An expression that is a string or a number has one value, and
    /// one that is true the value `true`; one that is false has none.
    ///
    /// Of an HTML document, no more than a mebibyte is looked at, of XML four; one that is nested too
    /// deeply gives nothing.
    pub fn values(&self, document: &[u8], attribute: Option<&str>, limit: usize) -> Vec<Vec<u8>> {
        self.values_within(document, attribute, limit, MAX_WORK)
    }

    /// As [`XPath::values`], with a budget of so much work.
    pub(super) fn values_within(
        &self,
        document: &[u8],
        attribute: Option<&str>,
        limit: usize,
        work: u64,
    ) -> Vec<Vec<u8>> {
        let Some(document) = xml_document(document).or_else(|| html_document(document)) else {
            return Vec::new();
        };
        let evaluator = Evaluator::new(&document, work);
        if self.expression.gives() != Type::Nodes {
            return single(&self.expression, &evaluator).into_iter().take(limit).collect();
        }
        let mut nodes = Vec::new();
        // What was found before the budget was spent is right.
        _ = evaluator.select(&self.expression, &mut nodes);
        let mut left = MAX_OUTPUT;
        let mut values = Vec::new();
        for node in ordered(nodes).into_iter().take(limit) {
            let value = match attribute {
                Some(name) => attribute_of(&document, node, name).as_bytes().to_vec(),
                None => document.text(node).as_bytes().to_vec(),
            };
            let Some(rest) = left.checked_sub(value.len()) else { break };
            left = rest;
            values.push(value);
        }
        values
    }
}

/// The value of an expression that does not give nodes.
fn single(expression: &Expression, evaluator: &Evaluator<'_>) -> Option<Vec<u8>> {
    let value: Result<_, Exhausted> = evaluator.evaluate(expression, Place::ROOT);
    match value.ok()? {
        value @ Value::Boolean(_) if !as_boolean(&value) => None,
        value => Some(evaluator.as_text(value).ok()?.as_bytes().to_vec()),
    }
}

fn attribute_of<'d>(document: &'d Document, node: Node, name: &str) -> &'d str {
    let entry = document.entry(node);
    if entry.kind == NodeKind::Attribute && document.is_same_name(&entry.name, name) {
        return &entry.value;
    }
    document.attribute(node, name).unwrap_or_default()
}
