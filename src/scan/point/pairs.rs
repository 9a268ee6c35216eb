//! Pairs of a query or of a form: values, and names.

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

use super::insertion::InsertionPoint;
use super::insertion::Place;
use crate::model::InsertionKind;
use crate::model::InsertionRef;

/// What travels unescaped inside a value: RFC 3986 §2.3's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names and values, in order.
pub(super) fn pairs(
    text: &str,
    kind: InsertionKind,
    place: fn(usize) -> Place,
) -> Vec<InsertionPoint> {
    text.split('&')
        .enumerate()
        .filter(|(_, pair)| !pair.is_empty())
        .map(|(index, pair)| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            InsertionPoint {
                reference: InsertionRef { kind, name: decode(name) },
                value: decode(value),
                place: place(index),
            }
        })
        .collect()
}

/// The pairs with another value at a place.
pub(super) fn replace_value(pairs: &str, index: usize, value: &str) -> String {
    replace_pair(pairs, index, |name| format!("{name}={}", encode(value)))
}

/// The pairs with a value for a member of the one at a place: `name[member]=value`. Members of members
/// are parted by slashes.
pub(super) fn replace_member(pairs: &str, index: usize, member: &str, value: &str) -> String {
    let members: Vec<String> =
        member.split('/').map(|member| format!("[{}]", encode(member))).collect();
    let members = members.concat();
    replace_pair(pairs, index, |name| format!("{name}{members}={}", encode(value)))
}

fn replace_pair(pairs: &str, index: usize, by: impl Fn(&str) -> String) -> String {
    let replaced = pairs.split('&').enumerate().map(|(at, pair)| {
        if at == index { by(pair.split('=').next().unwrap_or_default()) } else { pair.to_owned() }
    });
    replaced.collect::<Vec<_>>().join("&")
}

/// The pairs with another name at a place.
pub(super) fn replace_name(pairs: &str, index: usize, name: &str) -> String {
    pairs
        .split('&')
        .enumerate()
        .map(|(at, pair)| match pair.split_once('=') {
            Some((_, value)) if at == index => format!("{}={value}", encode(name)),
            None if at == index => encode(name),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}

/// The pairs without one of them.
pub(super) fn without_pair(pairs: &str, index: usize) -> String {
    let kept = pairs.split('&').enumerate().filter(|(at, _)| *at != index);
    kept.map(|(_, pair)| pair).collect::<Vec<_>>().join("&")
}

pub(super) fn encode(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

pub(super) fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
