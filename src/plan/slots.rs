//! What is only known while the load runs, as expressions of the plan and as templates.

use super::document::{self, Node, Scalar, TextPiece, Value};
use super::names::{Names, is_name};
use super::reader::Fields;
use super::substitute::Mistake;
use crate::flow::Piece;
use crate::flow::Place;
use crate::flow::Random;
use crate::flow::Source;
use crate::flow::Template;
use crate::flow::Variable;
use crate::model::did_you_mean;

/// Names with a meaning of their own.
pub(super) const RESERVED: [&str; 3] = ["canary", "iteration", "vu"];

const RANDOM: [&str; 5] = ["digits", "hex", "int", "uuid", "word"];
const RANDOM_HELP: &str = "there are ${rand.word}, ${rand.uuid}, ${rand.int(1,100)}, ${rand.hex(8)} and ${rand.digits(8)}";

/// `${name}`, `${vu}`, `${iteration}`, `${canary}`.
pub(super) fn bare(name: &str, names: &mut Names) -> Result<Source, Mistake> {
    match name {
        "vu" => return Ok(Source::User),
        "iteration" => return Ok(Source::Iteration),
        "canary" => {
            names.note_canary();
            return Ok(Source::Canary);
        }
        _ if !is_name(name) => {
            return Err((
                format!("`${{{name}}}` is not a name"),
                "a name has letters, digits, `_` and `-`; write `$${` for the characters `${`"
                    .to_owned(),
            ));
        }
        _ => {}
    }
    named(name, names)
}

/// The value of that name, whatever gives it.
pub(super) fn named(name: &str, names: &mut Names) -> Result<Source, Mistake> {
    let variable = names.variable(name).ok_or_else(|| {
        ("the plan names too many values".to_owned(), "1000 are taken".to_owned())
    })?;
    Ok(Source::Extracted(variable))
}

/// What stands behind `rand.`.
pub(super) fn random(call: &str, names: &mut Names) -> Result<Source, Mistake> {
    let (name, arguments) = match call.split_once('(') {
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(arguments) => (name.trim(), arguments),
            None => return Err((format!("`rand.{call}` is not closed"), RANDOM_HELP.to_owned())),
        },
        None => (call, ""),
    };
    let numbers: Result<Vec<i64>, _> =
        arguments.split(',').map(str::trim).filter(|a| !a.is_empty()).map(str::parse).collect();
    let numbers = numbers
        .map_err(|_| (format!("`rand.{call}` takes whole numbers"), RANDOM_HELP.to_owned()))?;
    let random = match (name, numbers.as_slice()) {
        ("word", []) => Random::Word,
        ("uuid", []) => Random::Uuid,
        ("int", [min, max]) if min <= max => Random::Int { min: *min, max: *max },
        ("hex", [count]) => Random::Hex(length(call, *count)?),
        ("digits", [count]) => Random::Digits(length(call, *count)?),
        _ if RANDOM.contains(&name) => {
            return Err((format!("`rand.{call}` makes no sense"), RANDOM_HELP.to_owned()));
        }
        _ => {
            let nearest = did_you_mean(name, RANDOM)
                .map(|nearest| format!(", did you mean `rand.{nearest}`?"))
                .unwrap_or_default();
            return Err((format!("unknown `rand.{name}`{nearest}"), RANDOM_HELP.to_owned()));
        }
    };
    Ok(Source::Random(random, names.draw()))
}

fn length(call: &str, count: i64) -> Result<u8, Mistake> {
    u8::try_from(count)
        .ok()
        .filter(|count| (1..=Random::MAX_LEN).contains(&usize::from(*count)))
        .ok_or_else(|| {
            let help = format!("from 1 to {} digits", Random::MAX_LEN);
            (format!("`rand.{call}` has a length that is not allowed"), help)
        })
}

/// What a scalar stands for where slots can stand in `place`; its text where it has none.
pub(super) fn template(
    scalar: &Scalar,
    place: Place,
    mut literal: impl FnMut(&str) -> Vec<u8>,
) -> Template {
    let mut template = Template::default();
    if scalar.pieces.is_empty() {
        template.push_literal(&literal(&scalar.text));
    }
    for piece in &scalar.pieces {
        match piece {
            TextPiece::Literal(text) => template.push_literal(&literal(text)),
            TextPiece::Slot(source) => template.push_slot(source.clone(), place),
        }
    }
    template
}

/// The bytes of a template without slots.
pub(super) fn fixed(template: &Template) -> Option<Vec<u8>> {
    match template.pieces() {
        [] => Some(Vec::new()),
        [Piece::Literal(bytes)] => Some(bytes.clone()),
        _ => None,
    }
}

/// Whether the byte stands in a literal of the template.
pub(super) fn has_literal(template: &Template, byte: u8) -> bool {
    let has = |piece: &Piece| matches!(piece, Piece::Literal(bytes) if bytes.contains(&byte));
    template.pieces().iter().any(has)
}

/// A value that a request needs, and where it says so.
pub(super) struct Use {
    pub(super) variable: Variable,
    pub(super) at: document::Place,
}

/// Every value that stands below these keys of a request.
pub(super) fn uses(request: &Fields<'_>, keys: &[&str]) -> Vec<Use> {
    keys.iter().filter_map(|key| request.get(key)).flat_map(uses_below).collect()
}

/// Every value that stands below a node.
pub(super) fn uses_below(node: &Node) -> Vec<Use> {
    let mut found = Vec::new();
    collect(node, &mut found);
    found
}

fn collect(node: &Node, found: &mut Vec<Use>) {
    match &node.value {
        Value::Scalar(scalar) => {
            for piece in &scalar.pieces {
                if let TextPiece::Slot(Source::Extracted(variable)) = piece {
                    found.push(Use { variable: *variable, at: node.at.clone() });
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Map(entries) => entries.iter().for_each(|entry| collect(&entry.node, found)),
        Value::Unsubstituted => {}
    }
}

/// JSON text of a tree; slots in quotes stand inside a string, a slot alone without quotes is a
/// value of its own.
pub(super) fn json(node: &Node, out: &mut Template) {
    match &node.value {
        Value::Scalar(scalar) => json_scalar(scalar, out),
        Value::List(items) => {
            out.push_literal(b"[");
            for (index, item) in items.iter().enumerate() {
                out.push_literal(if index > 0 { b"," } else { b"" });
                json(item, out);
            }
            out.push_literal(b"]");
        }
        Value::Map(entries) => {
            out.push_literal(b"{");
            for (index, entry) in entries.iter().enumerate() {
                out.push_literal(if index > 0 { b"," } else { b"" });
                out.push_literal(quoted(&entry.key).as_bytes());
                out.push_literal(b":");
                json(&entry.node, out);
            }
            out.push_literal(b"}");
        }
        Value::Unsubstituted => out.push_literal(b"null"),
    }
}

/// A scalar as a JSON string, whatever it looks like.
pub(super) fn json_text(node: &Node, out: &mut Template) {
    if let Some(scalar) = node.scalar() {
        json_string(scalar, out);
    }
}

/// The value of a tree without slots.
pub(super) fn fixed_json(node: &Node) -> Option<serde_json::Value> {
    let mut template = Template::default();
    json(node, &mut template);
    serde_json::from_slice(&fixed(&template)?).ok()
}

fn json_scalar(scalar: &Scalar, out: &mut Template) {
    match scalar.pieces.as_slice() {
        [] => out.push_literal(scalar.typed.to_string().as_bytes()),
        [TextPiece::Slot(source)] if scalar.plain => {
            out.push_slot(source.clone(), Place::JsonValue);
        }
        _ => json_string(scalar, out),
    }
}

fn json_string(scalar: &Scalar, out: &mut Template) {
    let inside = |text: &str| {
        let quoted = quoted(text);
        quoted.as_bytes()[1..quoted.len() - 1].to_vec()
    };
    out.push_literal(b"\"");
    out.append(&template(scalar, Place::JsonString, inside));
    out.push_literal(b"\"");
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
