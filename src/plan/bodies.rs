//! Bodies of requests: written in the plan, read from a file, or generated.

use std::io::ErrorKind;

use rand::Rng as _;
use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;

use super::bounded;
use super::document::{Node, Value};
use super::file::Overrides;
use super::found_form;
use super::graphql;
use super::multipart;
use super::pairs::{pairs, urlencoded};
use super::reader::{Fields, Keys, Reader};
use super::slots;
use crate::flow::Place;
use crate::flow::Script;
use crate::flow::Template;
use crate::model::Header;

pub(super) const BODY: Keys =
    Keys { of: "a body", known: &["file", "random", "repeat", "size"], later: &[] };

/// Names a form that was found on a page, whose fields go along.
pub(super) const FORM_FROM: &str = "form_from";

/// A longer body is no test of a web service.
pub(super) const MAX_BODY: u64 = 64 << 20;

/// The body of the request called `name`; its `Content-Type` goes to `headers` unless one is there,
/// and to `script` where it is only known once the body is.
pub(super) fn body(
    name: &str,
    request: &Fields<'_>,
    (headers, script): (&mut Vec<Header>, &mut Script),
    overrides: &Overrides,
    reader: &mut Reader,
) -> Template {
    let keys = ["json", "form", "multipart", graphql::KEY, "body", "file"];
    let mut given = keys.into_iter().filter_map(|key| request.entry(key));
    let from = request.entry(FORM_FROM);
    let Some(entry) = given.next().or(from) else { return Template::default() };
    let replaces = ["form", "multipart", FORM_FROM].contains(&entry.key.as_str());
    if let Some(from) = from.filter(|_| !replaces) {
        let text =
            format!("`{FORM_FROM}` goes with `form` or `multipart`, not with `{}`", entry.key);
        reader.problem(&from.key_at, text);
    }
    if let Some(second) = given.next() {
        reader.problem(
            &second.key_at,
            format!("a request has one body: `{}` or `{}`", entry.key, second.key),
        );
    }
    let node = &entry.node;
    let has_type = headers.iter().any(|header| header.is("content-type"));
    if entry.key == "multipart" && has_type {
        let text = "a multipart body says its `Content-Type` itself: the boundary is part of it";
        reader.problem(&entry.key_at, text);
    }
    if let Some(from) = from.filter(|_| replaces) {
        let (body, content_type) = found_form::body(name, &from.node, request, overrides, reader);
        if let Some(content_type) = content_type.filter(|_| !has_type) {
            headers.push(found_form::unknown_type());
            script.headers.push(content_type);
        }
        return body;
    }
    if entry.key == "multipart" {
        let (content_type, body) = multipart::body(name, node, overrides, reader);
        headers.push(Header::new("Content-Type", content_type));
        return body;
    }
    let (content_type, body) = match entry.key.as_str() {
        graphql::KEY => {
            if request.get("post").is_none() {
                reader.problem(&entry.key_at, "a GraphQL operation is sent with `post`");
            }
            (Some("application/json"), graphql::body(node, reader))
        }
        "json" => {
            let mut json = Template::default();
            slots::json(node, &mut json);
            (Some("application/json"), json)
        }
        "form" => {
            let pairs = pairs(Some(node), "form", reader);
            (Some("application/x-www-form-urlencoded"), urlencoded(&pairs))
        }
        "file" => (None, literal(&file(node, reader))),
        _ => (None, free(name, node, overrides, reader)),
    };
    if let Some(content_type) = content_type
        && !headers.iter().any(|header| header.is("content-type"))
    {
        headers.push(Header::new("Content-Type", content_type));
    }
    body
}

/// A text, or a mapping that says what to read or to make.
fn free(name: &str, node: &Node, overrides: &Overrides, reader: &mut Reader) -> Template {
    if let Some(scalar) = node.scalar().filter(|scalar| !scalar.pieces.is_empty()) {
        return slots::template(scalar, Place::Raw, |text| text.as_bytes().to_vec());
    }
    if !matches!(node.value, Value::Map(_)) {
        let expected = "a text, or one of { file: … }, { random: 10kb }, { repeat: …, size: 10kb }";
        return literal(reader.text(node, expected).unwrap_or_default().as_bytes());
    }
    let Some(fields) = reader.fields(node, &node.at, &BODY) else { return Template::default() };
    let made = match (fields.get("file"), fields.get("random"), fields.get("repeat")) {
        (Some(path), None, None) => file(path, reader),
        (None, Some(size), None) => random(name, size, overrides, reader),
        (None, None, Some(text)) => repeated(text, &fields, reader),
        _ => {
            reader.problem(&node.at, "a body has one of `file`, `random` and `repeat`");
            Vec::new()
        }
    };
    literal(&made)
}

fn literal(bytes: &[u8]) -> Template {
    let mut template = Template::default();
    template.push_literal(bytes);
    template
}

/// Read once, before anything is sent; relative to the file that names it.
pub(super) fn file(node: &Node, reader: &mut Reader) -> Vec<u8> {
    let Some(path) = reader.text(node, "a file name") else { return Vec::new() };
    let path = reader.beside(&node.at, path);
    bounded::read(&path, MAX_BODY).unwrap_or_else(|error| {
        let shown = path.display();
        let problem = match error.kind() {
            ErrorKind::FileTooLarge => {
                format!("`{shown}` is larger than {} MiB", MAX_BODY >> 20)
            }
            _ => format!("reading `{shown}`: {error}"),
        };
        reader.problem(&node.at, problem);
        Vec::new()
    })
}

/// Made once from the run's seed: every sending has the same bytes.
fn random(name: &str, node: &Node, overrides: &Overrides, reader: &mut Reader) -> Vec<u8> {
    let size = reader.parsed(node, SIZE, size).unwrap_or(0);
    let seed = overrides.seed.derive(&format!("body of {name}")).0;
    let mut bytes = vec![0; size];
    Xoshiro256PlusPlus::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

fn repeated(node: &Node, body: &Fields<'_>, reader: &mut Reader) -> Vec<u8> {
    let text = reader.text(node, "a text").unwrap_or_default();
    let size = reader.require(body, "size").and_then(|node| reader.parsed(node, SIZE, size));
    if text.is_empty() {
        reader.problem(&node.at, "an empty text fills nothing, however often it is repeated");
    }
    text.bytes().cycle().take(size.unwrap_or(0)).collect()
}

const SIZE: &str = "a size like 500b, 10kb or 2MiB";

pub(super) fn size(text: &str) -> Result<usize, String> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        _ => return Err(format!("expected {SIZE}; found `{text}`")),
    };
    let number: u64 =
        number.trim().parse().map_err(|_| format!("expected {SIZE}; found `{text}`"))?;
    let size = number.checked_mul(factor).filter(|size| *size <= MAX_BODY);
    size.and_then(|size| usize::try_from(size).ok())
        .ok_or_else(|| format!("`{text}` is larger than {} MiB", MAX_BODY >> 20))
}
