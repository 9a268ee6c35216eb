//! Bodies of parts: fields and files, as HTML forms send them (RFC 7578).

use std::fmt::Write as _;

use super::bodies;
use super::document::{Entry, Node, Value};
use super::file::Overrides;
use super::pairs::Pair;
use super::reader::{Keys, Reader};
use super::slots;
use crate::flow::Piece;
use crate::flow::Place;
use crate::flow::Template;
use crate::flow::part_head;
use crate::flow::quoted;
use crate::model::Header;
use crate::model::Seed;

pub(super) const PART: Keys =
    Keys { of: "a part", known: &["value", "file", "filename", "type"], later: &[] };

/// By a file's extension; what is not known is bytes.
const TYPES: [(&str, &str); 16] = [
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("zip", "application/zip"),
];

/// One part, as it stands in the body.
pub(super) struct Part {
    head: String,
    content: Template,
}

/// The body of the request called `name`, and what its `Content-Type` is.
pub(super) fn body(
    name: &str,
    node: &Node,
    overrides: &Overrides,
    reader: &mut Reader,
) -> (String, Template) {
    let parts = parts(node, reader);
    let boundary = boundary(name, &parts, overrides.seed);
    let mut body = joined(&parts, &boundary);
    body.push_literal(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// The parts that a mapping says.
pub(super) fn parts(node: &Node, reader: &mut Reader) -> Vec<Part> {
    let entries = reader.entries(node, "multipart").unwrap_or_default();
    if entries.is_empty() && matches!(node.value, Value::Map(_)) {
        reader.problem(&node.at, "a multipart body has one part at least");
    }
    let mut parts = Vec::new();
    for entry in entries {
        for value in entry.node.one_or_many() {
            parts.extend(part(entry, value, reader));
        }
    }
    let size: usize = parts.iter().map(|part| literal_size(&part.content)).sum();
    if size as u64 > bodies::MAX_BODY {
        let text = format!("the parts are larger than {} MiB together", bodies::MAX_BODY >> 20);
        reader.problem(&node.at, text);
        parts.clear();
    }
    parts
}

/// A field of a form as a part.
pub(super) fn field(pair: &Pair<'_>) -> Part {
    let content = slots::template(pair.value, Place::Raw, |text| text.as_bytes().to_vec());
    Part { head: part_head(&pair.name), content }
}

/// The parts, each with the boundary before it.
pub(super) fn joined(parts: &[Part], boundary: &str) -> Template {
    let mut body = Template::default();
    for part in parts {
        body.push_literal(format!("--{boundary}\r\n{}\r\n\r\n", part.head).as_bytes());
        body.append(&part.content);
        body.push_literal(b"\r\n");
    }
    body
}

/// A value alone, or a mapping that says more.
fn part(entry: &Entry, node: &Node, reader: &mut Reader) -> Option<Part> {
    let mut head = part_head(&entry.key);
    if let Some(scalar) = node.scalar() {
        let content = slots::template(scalar, Place::Raw, |text| text.as_bytes().to_vec());
        return Some(Part { head, content });
    }
    let fields = reader.fields(node, &node.at, &PART)?;
    let (content, path) = match (fields.get("value"), fields.get("file")) {
        (Some(value), None) => {
            let Some(scalar) = value.scalar() else {
                reader.wrong_type(value, "a text");
                return None;
            };
            (slots::template(scalar, Place::Raw, |text| text.as_bytes().to_vec()), None)
        }
        (None, Some(file)) => {
            let mut content = Template::default();
            content.push_literal(&bodies::file(file, reader));
            (content, file.scalar().map(|scalar| scalar.text.clone()))
        }
        _ => {
            let help = "write `avatar: { file: picture.png }`, or the value alone: `title: Hello`";
            reader.problem_with_help(&fields.at, "a part has a `value` or a `file`", help);
            return None;
        }
    };
    let said = fields.get("filename").and_then(|node| reader.text(node, "the name of a file"));
    let own = || path.as_deref().and_then(|path| path.rsplit(['/', '\\']).next());
    if let Some(file_name) = said.or_else(own) {
        let _ = write!(head, "; filename=\"{}\"", quoted(file_name));
    }
    let said = fields.get("type").and_then(|node| reader.parsed(node, "a media type", media_type));
    if let Some(media_type) = said.or_else(|| path.as_deref().map(|path| type_of(path).to_owned()))
    {
        let _ = write!(head, "\r\nContent-Type: {media_type}");
    }
    Some(Part { head, content })
}

fn media_type(text: &str) -> Result<String, String> {
    if Header::is_value(text) && text.contains('/') {
        Ok(text.trim().to_owned())
    } else {
        Err(format!("`{}` is not a media type like image/png", crate::model::inert(text, 80)))
    }
}

fn type_of(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let known = TYPES.iter().find(|(known, _)| Some(*known) == extension.as_deref());
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// Follows from the seed, and stands in no part; of values that are only known while the load runs,
/// chance forbids it.
pub(super) fn boundary(name: &str, parts: &[Part], seed: Seed) -> String {
    let literals: Vec<&[u8]> = parts.iter().flat_map(|part| literals(&part.content)).collect();
    let mut tries = 0;
    loop {
        let drawn = seed.derive(&format!("boundary {tries} of {name}")).0;
        let boundary = format!("shakedown-{drawn:016x}");
        let is_in = |text: &&[u8]| memchr::memmem::find(text, boundary.as_bytes()).is_some();
        if !literals.iter().any(is_in) {
            return boundary;
        }
        tries += 1;
    }
}

fn literals(template: &Template) -> impl Iterator<Item = &[u8]> {
    template.pieces().iter().filter_map(|piece| match piece {
        Piece::Literal(bytes) => Some(bytes.as_slice()),
        Piece::Slot(_) => None,
    })
}

fn literal_size(template: &Template) -> usize {
    literals(template).map(<[u8]>::len).sum()
}
