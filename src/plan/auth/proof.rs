//! `verify` and `relogin`.

use super::super::document::{Entry, Node, Value};
use super::super::reader::{Fields, Keys, Reader};
use super::super::requests::{self, Planned};
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
        "use",
        "checks",
        "expect",
        "logged_in",
        "logged_out",
        "every",
    ],
    later: &[],
};
pub(in crate::plan) const EXPECT: Keys = Keys { of: "`expect`", known: &["status"], later: &[] };
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
    let planned = if let Some(name) = fields.entry("use") {
        used(name, &fields, around, reader)?
    } else {
        let own = fields.entries().iter().filter(|entry| is_request(entry));
        let node = Node { value: Value::Map(own.cloned().collect()), at: entry.node.at.clone() };
        requests::request(&Entry { node, ..entry.clone() }, around.around, 0, reader)?
    };
    let statuses =
        if statuses.is_empty() { planned.template.expected_statuses.clone() } else { statuses };
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

/// Whether the key is one of the request that asks.
fn is_request(entry: &Entry) -> bool {
    requests::REQUEST.known.contains(&entry.key.as_str())
}

/// A request of the plan that asks, with its own checks.
fn used(
    name: &Entry,
    verify: &Fields<'_>,
    around: &Login<'_>,
    reader: &mut Reader,
) -> Option<Planned> {
    if let Some(own) = verify.entries().iter().find(|entry| is_request(entry)) {
        let text = format!("`verify` uses a request, or is one: `use` or `{}`", own.key);
        reader.problem(&own.key_at, text);
        return None;
    }
    let wanted = reader.text(&name.node, "the name of a request")?.to_owned();
    let requests = match around.plan.get("requests").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let Some(entry) = requests.iter().find(|entry| entry.key == wanted) else {
        let names = requests.iter().map(|entry| entry.key.as_str());
        reader.unknown(&name.node.at, "request", &wanted, names);
        return None;
    };
    // What is wrong with it is said where the plan's requests are read.
    let said = reader.problems.len();
    let planned = requests::request(entry, around.around, 0, reader);
    reader.problems.truncate(said);
    if planned.as_ref().is_some_and(|planned| planned.template.version.is_some()) {
        let text = format!("`{wanted}` has `http`, and a login speaks what `connection` says");
        reader.problem(&name.node.at, text);
        return None;
    }
    planned
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
