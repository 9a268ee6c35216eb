//! What is looked for in HTML: elements by selector, and forms.

use super::checks::{self, bound, text_of};
use super::document::Node;
use super::reader::{Fields, Keys, Reader};
use crate::extract::CssPart;
use crate::extract::CssQuery;
use crate::extract::CssSelector;
use crate::extract::FormPart;
use crate::extract::FormQuery;
use crate::extract::Which;
use crate::flow::Assertion;
use crate::flow::CssTest;
use crate::flow::Extractor;

pub(super) const FORM: Keys =
    Keys { of: "a form to look for", known: &["selector", "field", "token"], later: &[] };

pub(super) const CHECK: Keys = Keys {
    of: "a selector's check",
    known: &["selector", "attr", "exists", "count", "equals", "contains", "regex"],
    later: &[],
};

/// `css: a.next, attr: href, index: random`
pub(super) fn extractor(
    node: &Node,
    extraction: &Fields<'_>,
    which: Option<Which>,
    reader: &mut Reader,
) -> Option<Extractor> {
    let selector = selector(node, reader);
    let part = part(extraction, reader);
    Some(Extractor::Css(CssQuery { selector: selector?, part: part? }, which?))
}

fn selector(node: &Node, reader: &mut Reader) -> Option<CssSelector> {
    reader.parsed(node, "a CSS selector", CssSelector::new)
}

fn part(fields: &Fields<'_>, reader: &mut Reader) -> Option<CssPart> {
    let Some(node) = fields.get("attr") else { return Some(CssPart::Text) };
    let name = reader.text(node, "the name of an attribute")?;
    Some(CssPart::Attribute(name.to_ascii_lowercase()))
}

/// `form: '#login'`, or `form: { selector: '#login', field: next }`
pub(super) fn form(node: &Node, reader: &mut Reader) -> Option<Extractor> {
    if node.scalar().is_some() {
        let selector = Some(selector(node, reader)?);
        return Some(Extractor::Form(FormQuery { selector, part: FormPart::All }));
    }
    let fields = reader.fields(node, &node.at, &FORM)?;
    let selector = match fields.get("selector") {
        Some(node) => Some(selector(node, reader)?),
        None => None,
    };
    let is_token = fields.get("token").and_then(|node| reader.boolean(node)).unwrap_or(false);
    let part = match fields.entry("field") {
        Some(entry) if is_token => {
            reader.problem(&entry.key_at, "a form gives its `token` or one `field`");
            return None;
        }
        Some(entry) => FormPart::Field(reader.text(&entry.node, "the name of a field")?.to_owned()),
        None if is_token => FormPart::Token,
        None => FormPart::All,
    };
    Some(Extractor::Form(FormQuery { selector, part }))
}

/// A selector alone, which must select something; or a mapping.
pub(super) fn check(node: &Node, reader: &mut Reader) -> Option<(Assertion, String)> {
    if node.scalar().is_some() {
        let query = CssQuery { selector: selector(node, reader)?, part: CssPart::Text };
        let text = format!("{query} exists");
        return Some((Assertion::Css(query, CssTest::Exists(true)), text));
    }
    let fields = reader.fields(node, &node.at, &CHECK)?;
    let selector = selector(reader.require(&fields, "selector")?, reader)?;
    let query = CssQuery { selector, part: part(&fields, reader)? };
    let tests = ["exists", "count", "equals", "contains", "regex"];
    let mut given = tests.into_iter().filter_map(|test| fields.entry(test));
    let Some(entry) = given.next() else {
        let text = format!("{query} exists");
        return Some((Assertion::Css(query, CssTest::Exists(true)), text));
    };
    if let Some(second) = given.next() {
        reader.problem(&second.key_at, "a selector's check asserts one thing");
        return None;
    }
    let text = format!("{query} {} {}", entry.key, text_of(&entry.node));
    let test = match entry.key.as_str() {
        "exists" => CssTest::Exists(reader.boolean(&entry.node)?),
        "count" => {
            let parse = |text: &str| bound(text, number);
            let (bound, limit) = reader.parsed(&entry.node, "a bound like >=1", parse)?;
            CssTest::Count(bound, limit)
        }
        _ => CssTest::Some(checks::text_test(entry, reader)?),
    };
    Some((Assertion::Css(query, test), text))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no whole number"))
}
