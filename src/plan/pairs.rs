//! Mappings of names to values: headers, queries, forms.

use url::form_urlencoded;

use super::document::{Entry, Node, Place, Scalar};
use super::reader::Reader;
use super::slots;
use crate::flow;
use crate::flow::Template;

/// A name, one value, and where the value stands.
pub(super) struct Pair<'a> {
    pub(super) name: String,
    /// No value (`q:`) is an empty one.
    pub(super) value: &'a Scalar,
    pub(super) at: Place,
}

/// A mapping of names to a value or a list of values.
pub(super) fn pairs<'a>(node: Option<&'a Node>, of: &str, reader: &mut Reader) -> Vec<Pair<'a>> {
    let Some(entries) = node.and_then(|node| reader.entries(node, of)) else { return Vec::new() };
    let mut pairs = Vec::new();
    for Entry { key, node, .. } in entries {
        for value in node.one_or_many() {
            match value.scalar() {
                Some(scalar) => {
                    pairs.push(Pair { name: key.clone(), value: scalar, at: value.at.clone() });
                }
                None => reader.wrong_type(value, "a value or a list of values"),
            }
        }
    }
    pairs
}

/// A name or a value as forms write it.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The pairs as `application/x-www-form-urlencoded`.
pub(super) fn urlencoded(pairs: &[Pair<'_>]) -> Template {
    let mut out = Template::default();
    for (index, pair) in pairs.iter().enumerate() {
        out.push_literal(if index > 0 { b"&" } else { b"" });
        out.push_literal(encoded(&pair.name).as_bytes());
        out.push_literal(b"=");
        let place = flow::Place::Form;
        out.append(&slots::template(pair.value, place, |text| encoded(text).into_bytes()));
    }
    out
}
