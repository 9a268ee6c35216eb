//! `examples` of a request: values for what nothing else gives it. A scan sends them; in load, a
//! value that is not there is a mistake of the plan.

use super::document::Node;
use super::reader::Reader;
use super::slots::Use;
use crate::flow::Variable;

/// The request's own values; each must be of a slot that it has.
pub(super) fn examples(node: &Node, uses: &[Use], reader: &mut Reader) -> Vec<(Variable, Vec<u8>)> {
    let mut examples = Vec::new();
    for entry in reader.entries(node, "examples").unwrap_or_default() {
        let value = reader.text(&entry.node, "a text, a number, true or false");
        let value = value.map(|text| text.as_bytes().to_vec());
        let named = uses.iter().find(|used| reader.names.name(used.variable) == entry.key);
        if let Some(used) = named {
            examples.extend(value.map(|value| (used.variable, value)));
            continue;
        }
        let mut known: Vec<String> =
            uses.iter().map(|used| reader.names.name(used.variable).to_owned()).collect();
        known.sort_unstable();
        known.dedup();
        let message =
            format!("the request has no `${{{}}}` that this could be a value of", entry.key);
        reader.none_of(&entry.key_at, message, &entry.key, known.iter().map(String::as_str));
    }
    examples
}
