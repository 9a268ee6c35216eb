//! What is taken out of responses.

use super::css;
use super::document::{Entry, Node};
use super::names::is_name;
use super::reader::{Fields, Keys, Reader};
use super::requests;
use super::slots::RESERVED;
use crate::extract::GroupPattern;
use crate::extract::JsonPath;
use crate::extract::Which;
use crate::flow::Extraction;
use crate::flow::Extractor;
use crate::model::Header;
use crate::model::inert;

pub(super) const EXTRACTION: Keys = Keys {
    of: "an extraction",
    known: &[
        "jsonpath", "regex", "group", "header", "cookie", "css", "attr", "index", "all", "count",
        "form", "default",
    ],
    later: &["xpath"],
};

/// Where may be looked; an extraction looks in one place.
const PLACES: [&str; 6] = ["jsonpath", "regex", "header", "cookie", "css", "form"];

/// `{ item: { jsonpath: "$.items[0].id" } }`
pub(super) fn extractions(node: &Node, reader: &mut Reader) -> Vec<Extraction> {
    let entries = reader.entries(node, "extract").unwrap_or_default();
    entries.iter().filter_map(|entry| extraction(entry, reader)).collect()
}

/// The same for a message, which has no headers and is no page.
pub(super) fn of_message(node: &Node, reader: &mut Reader) -> Vec<Extraction> {
    let extractions = extractions(node, reader);
    let of_response = extractions.iter().find_map(|extraction| match extraction.from {
        Extractor::Header(..) => Some("headers"),
        Extractor::Cookie(_) => Some("cookies"),
        Extractor::Css(..) => Some("elements"),
        Extractor::Form(_) => Some("forms"),
        Extractor::Json(..) | Extractor::Regex(..) => None,
    });
    if let Some(what) = of_response {
        reader.problem(&node.at, format!("a message has no {what} to extract from"));
    }
    extractions
}

fn extraction(entry: &Entry, reader: &mut Reader) -> Option<Extraction> {
    let name = entry.key.as_str();
    if !is_name(name) || RESERVED.contains(&name) {
        reader.problem_with_help(
            &entry.key_at,
            format!("`{name}` cannot be the name of a value"),
            "a name has letters, digits, `_` and `-`; `vu`, `iteration` and `canary` have their own meaning",
        );
        return None;
    }
    let fields = reader.fields(&entry.node, &entry.key_at, &EXTRACTION)?;
    let from = extractor(&fields, reader);
    let default = fields.get("default").map(|node| reader.text(node, "a text").map(str::to_owned));
    let Some(variable) = reader.names.variable(name) else {
        reader.problem(&entry.key_at, "the plan names too many values: 1000 are taken");
        return None;
    };
    Some(Extraction { variable, from: from?, default: default.flatten() })
}

fn extractor(fields: &Fields<'_>, reader: &mut Reader) -> Option<Extractor> {
    let mut given = PLACES.into_iter().filter_map(|key| fields.entry(key));
    let Some(entry) = given.next() else {
        let is_later = |entry: &Entry| EXTRACTION.later.contains(&entry.key.as_str());
        if fields.entries().iter().any(is_later) {
            return None;
        }
        reader.problem_with_help(
            &fields.at,
            "an extraction needs a place to look",
            "write `jsonpath: $.id`, `css: a.next`, `form: '#login'`, `regex: 'id=(.*)'`, \
             `header: Location` or `cookie: session`",
        );
        return None;
    };
    if let Some(second) = given.next() {
        let text = format!("an extraction looks in one place: `{}` or `{}`", entry.key, second.key);
        reader.problem(&second.key_at, text);
    }
    if let Some(group) = fields.entry("group").filter(|_| entry.key != "regex") {
        reader.problem(&group.key_at, "only a `regex` has groups");
    }
    if let Some(attr) = fields.entry("attr").filter(|_| entry.key != "css") {
        reader.problem(&attr.key_at, "only `css` has `attr`");
    }
    let which = which(&entry.key, fields, reader);
    match entry.key.as_str() {
        "css" => css::extractor(&entry.node, fields, which, reader),
        "form" => css::form(&entry.node, reader),
        "cookie" => {
            reader.parsed(&entry.node, "the name of a cookie", cookie).map(Extractor::Cookie)
        }
        "jsonpath" => {
            let path = reader.parsed(&entry.node, "a JSONPath", JsonPath::parse)?;
            Some(Extractor::Json(path, which?))
        }
        "regex" => {
            let group = fields
                .get("group")
                .and_then(|node| reader.number(node, "a number from 0", |_: usize| true));
            let usual = || entry.node.scalar().map_or(0, |scalar| first_group(&scalar.text));
            let group = group.unwrap_or_else(usual);
            let pattern = |text: &str| GroupPattern::new(text, group);
            let pattern = reader.parsed(&entry.node, "a regular expression", pattern)?;
            Some(Extractor::Regex(pattern, which?))
        }
        _ => {
            let name = |name: &str| requests::header(name, "");
            let header = reader.parsed(&entry.node, "the name of a header", name)?;
            Some(Extractor::Header(header.name, which?))
        }
    }
}

/// Which of several is taken: the first one, where nothing is said.
fn which(place: &str, fields: &Fields<'_>, reader: &mut Reader) -> Option<Which> {
    let mut given = ["index", "all", "count"].into_iter().filter_map(|key| fields.entry(key));
    let Some(entry) = given.next() else { return Some(Which::FIRST) };
    if ["cookie", "form"].contains(&place) {
        let text = format!("`{place}` finds one: it has no `{}`", entry.key);
        reader.problem(&entry.key_at, text);
        return None;
    }
    if let Some(second) = given.next() {
        let text = format!("one is taken, or another: `{}` or `{}`", entry.key, second.key);
        reader.problem(&second.key_at, text);
    }
    let node = &entry.node;
    match entry.key.as_str() {
        "all" => reader.boolean(node).map(|is| if is { Which::All } else { Which::FIRST }),
        "count" => reader.boolean(node).map(|is| if is { Which::Count } else { Which::FIRST }),
        _ => match reader.text(node, "a number from 0, `last` or `random`")? {
            "last" => Some(Which::Last),
            "random" => Some(Which::Random),
            word if word.starts_with(|first: char| first.is_ascii_alphabetic()) => {
                reader.unknown(&node.at, "index", word, ["last", "random"]);
                None
            }
            _ => {
                let expected = "a number from 0, `last` or `random`";
                reader.number(node, expected, |_: usize| true).map(Which::Nth)
            }
        },
    }
}

fn cookie(name: &str) -> Result<String, String> {
    if Header::is_name(name) {
        Ok(name.to_owned())
    } else {
        Err(format!("`{}` is not the name of a cookie", inert(name, 80)))
    }
}

/// The first group if there is one, else the whole match.
fn first_group(pattern: &str) -> usize {
    usize::from(GroupPattern::new(pattern, 1).is_ok())
}
