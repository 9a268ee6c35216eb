//! What is left to fill in after rendering.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::ast::Node;
use super::parser::{Markers, parse};

/// `{{…}}` in plain or percent-encoded braces; group 1 is what stands inside.
static MARKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)(?:%7[Bb]|\{){2}([^}]+)(?:%7[Dd]|\}){2}").expect("a constant pattern")
});

/// The names of the markers that rendering has left in `text`, with commas between them; `None` if
/// nothing is left. Arithmetic such as `{{7*7}}` and expressions without variables do not count:
/// they are there to be sent.
pub fn unresolved(text: &[u8]) -> Option<String> {
    let names: Vec<String> = names(text);
    (!names.is_empty()).then(|| names.join(","))
}

/// The markers themselves.
pub(super) fn names(text: &[u8]) -> Vec<String> {
    if memchr::memmem::find(text, b"{{").is_none() && memchr::memchr(b'%', text).is_none() {
        return Vec::new();
    }
    let inner = MARKER.captures_iter(text).filter_map(|found| found.get(1));
    inner
        .map(|found| String::from_utf8_lossy(found.as_bytes()).into_owned())
        .filter(|name| !is_numeric(name) && !is_constant(name))
        .collect()
}

/// Digits and punctuation only.
fn is_numeric(name: &str) -> bool {
    name.bytes().all(|byte| !byte.is_ascii_alphabetic() && byte != b'_')
}

/// Whether it is an expression that names no variable.
fn is_constant(name: &str) -> bool {
    fn names_variable(node: &Node) -> bool {
        matches!(node, Node::Variable(_)) || node.children().into_iter().any(names_variable)
    }
    parse(name, Markers::Names).is_ok_and(|node| !names_variable(&node))
}
