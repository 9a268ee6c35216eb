//! The plan's `auth` and `identities`, and who is meant by `as`.

pub(in crate::plan) mod identities;
pub(in crate::plan) mod oauth2;
pub(in crate::plan) mod proof;
pub(in crate::plan) mod schemes;
mod steps;
mod who;

use super::document::{Entry, Node};
use super::reader::{Fields, Reader};
use super::requests;
use super::requests::Surroundings;
use super::slots;
use crate::flow::Place;
use crate::flow::Template;
use crate::flow::auth::Sessions;

pub(super) use who::{feed, provides, scan_as, users};

/// Every login of the plan and everybody who logs in; `as` is read by [`users`].
pub(super) fn sessions(
    plan: &Fields<'_>,
    around: &Surroundings<'_>,
    reader: &mut Reader,
) -> Sessions {
    let entries = |key: &str, reader: &mut Reader| {
        plan.get(key).and_then(|node| reader.entries(node, key)).unwrap_or_default()
    };
    let auths: Vec<&Entry> = entries("auth", reader).iter().collect();
    let known: Vec<&str> = auths.iter().map(|entry| entry.key.as_str()).collect();
    let named = entries("identities", reader);
    let identities: Vec<_> =
        named.iter().filter_map(|entry| identities::identity(entry, &known, reader)).collect();
    let around = Login { plan, around, identities: &identities };
    let auths: Vec<_> = auths
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| schemes::auth(entry, index, &around, reader))
        .collect();
    for entry in named.iter().filter(|entry| known.contains(&entry.key.as_str())) {
        let text = format!("`{}` is the name of an auth already, and `as` takes both", entry.key);
        reader.problem_with_help(&entry.key_at, text, "give one of them another name");
    }
    // Indices are those of the plan's text; with a mistake in it, nobody asks.
    Sessions { auths, identities, ..Sessions::default() }
}

/// What is known where a login is read.
struct Login<'a> {
    plan: &'a Fields<'a>,
    around: &'a Surroundings<'a>,
    identities: &'a [crate::flow::auth::Identity],
}

/// A text that may have slots.
fn template(node: &Node, place: Place, reader: &mut Reader) -> Option<Template> {
    let Some(scalar) = node.scalar().filter(|scalar| !scalar.typed.is_null()) else {
        reader.wrong_type(node, "a text");
        return None;
    };
    Some(slots::template(scalar, place, |text| text.as_bytes().to_vec()))
}

/// The text of a key that must be there.
fn required(fields: &Fields<'_>, key: &str, reader: &mut Reader) -> Option<Template> {
    let node = reader.require(fields, key)?;
    template(node, Place::Raw, reader)
}

/// The text of a key that may be there.
fn optional(fields: &Fields<'_>, key: &str, reader: &mut Reader) -> Option<Template> {
    template(fields.get(key)?, Place::Raw, reader)
}

/// A value that goes into a header.
fn header_value(name: &str, node: &Node, reader: &mut Reader) -> Option<Template> {
    let template = template(node, Place::Header, reader)?;
    let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
    match requests::header(name, text) {
        Ok(_) => Some(template),
        Err(message) => {
            reader.problem(&node.at, message);
            None
        }
    }
}
