//! `verify` and `relogin`.

use super::super::document::{Entry, Node, Value};
use super::super::reader::{Keys, Reader};
use super::super::requests;
use super::super::slots::Use;
use super::Login;
use crate::extract::GroupPattern;
use crate::flow::auth::Relogin;
use crate::flow::auth::Verify;

pub(in crate::plan) const VERIFY: Keys = Keys {
    of: "`verify`",
    known: &[
        "get",
        "post",
        "head",
        "headers",
        "query",
        "json",
        "form",
        "target",
        "expect",
        "logged_in",
        "logged_out",
        "every",
    ],
    later: &["use"],
};
pub(in crate::plan) const EXPECT: Keys =
    Keys { of: "`expect`", known: &["status"], later: &["json", "header"] };
pub(in crate::plan) const RELOGIN: Keys =
    Keys { of: "`relogin`", known: &["on_status", "on_body", "on_redirect_to", "max"], later: &[] };

/// Attempts in a row, unless the plan says so.
const MAX_RELOGINS: u32 = 3;

/// The request whose answer tells, and the values that it needs.
pub(super) fn verify(
    entry: &Entry,
    around: &Login<'_>,
    reader: &mut Reader,
) -> Option<(Verify, Vec<Use>)> {
    let fields = reader.fields(&entry.node, &entry.key_at, &VERIFY)?;
    let statuses = fields.get("expect").map(|node| expected(node, reader)).unwrap_or_default();
    let logged_in = fields.get("logged_in").and_then(|node| pattern(node, reader));
    let logged_out = fields.get("logged_out").and_then(|node| pattern(node, reader));
    let every = fields.get("every").and_then(|node| reader.positive_duration(node));
    let is_request = |entry: &&Entry| requests::REQUEST.known.contains(&entry.key.as_str());
    let request: Vec<Entry> = fields.entries().iter().filter(is_request).cloned().collect();
    let node = Node { value: Value::Map(request), at: entry.node.at.clone() };
    let request = Entry { node, ..entry.clone() };
    let planned = requests::request(&request, around.around, 0, reader)?;
    let verify = Verify {
        request: planned.template,
        script: planned.script,
        statuses,
        logged_in,
        logged_out,
        every,
    };
    Some((verify, planned.uses))
}

/// What says that a login is lost; `login_path` is where those are sent who are not logged in.
pub(super) fn relogin(
    entry: Option<&Entry>,
    login_path: Option<String>,
    reader: &mut Reader,
) -> Relogin {
    let usual = Relogin {
        on_status: vec![401],
        on_body: None,
        on_redirect_to: login_path,
        max: MAX_RELOGINS,
    };
    let Some(fields) = entry.and_then(|entry| reader.fields(&entry.node, &entry.key_at, &RELOGIN))
    else {
        return usual;
    };
    let redirect = fields.get("on_redirect_to").and_then(|node| {
        let path = |text: &str| match text.strip_prefix('/') {
            Some(_) if !text.contains(['?', '#']) => Ok(text.to_owned()),
            _ => Err(format!("`{text}` is not a path: write `/login`")),
        };
        reader.parsed(node, "a path", path)
    });
    let max = fields.get("max").and_then(|node| {
        reader.number(node, "a whole number from 1 to 100", |max: u32| (1..=100).contains(&max))
    });
    Relogin {
        on_status: fields.get("on_status").map_or(usual.on_status, |node| statuses(node, reader)),
        on_body: fields.get("on_body").and_then(|node| pattern(node, reader)),
        on_redirect_to: redirect.or(usual.on_redirect_to),
        max: max.unwrap_or(usual.max),
    }
}

fn expected(node: &Node, reader: &mut Reader) -> Vec<u16> {
    let Some(fields) = reader.fields(node, &node.at, &EXPECT) else { return Vec::new() };
    fields.get("status").map(|node| statuses(node, reader)).unwrap_or_default()
}

fn statuses(node: &Node, reader: &mut Reader) -> Vec<u16> {
    let expected = "a status from 100 to 999, or a list of them";
    node.one_or_many()
        .iter()
        .filter_map(|node| reader.number(node, expected, |n: u16| (100..=999).contains(&n)))
        .collect()
}

fn pattern(node: &Node, reader: &mut Reader) -> Option<GroupPattern> {
    reader.parsed(node, "a regular expression", |text| GroupPattern::new(text, 0))
}
