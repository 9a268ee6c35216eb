//! Reads the plan's races. They name requests, so they are read last, when everything else is known.

use std::ops::RangeInclusive;

use super::document::{Entry, Node, Place};
use super::race::{Invariant, Race, RaceRequest};
use super::reader::{Fields, Keys, Reader};
use super::types::Plan;
use crate::extract::JsonPath;
use crate::flow::Extraction;
use crate::flow::Variable;
use crate::flow::auth::Who;
use crate::model::Conversation;

pub(super) const RACE: Keys = Keys {
    of: "a race",
    known: &["before", "request", "copies", "rounds", "as", "invariant"],
    later: &[],
};
pub(super) const INVARIANT: Keys =
    Keys { of: "an invariant", known: &["request", "json", "at_least", "at_most"], later: &[] };

/// What a plan does not say: as many as common servers take at once on one connection, and enough rounds
/// for chance to show itself.
pub(super) const COPIES: u32 = 20;
pub(super) const ROUNDS: u32 = 5;
pub(super) const MOST_COPIES: u32 = 100;
pub(super) const MOST_ROUNDS: u32 = 20;

/// Requests before each time at most.
const MOST_BEFORE: usize = 20;

/// What is known where a race is read.
struct Around<'a> {
    /// All but its races.
    plan: &'a Plan,
    /// By request: what is taken out of its answers.
    takes: &'a [Vec<Extraction>],
    /// Requests as the plan's text has them, right or wrong.
    written: Option<&'a Node>,
}

/// Reads the races that `tree`, the plan's text, has.
pub(super) fn races(tree: &Node, plan: &mut Plan, reader: &mut Reader) {
    let node = tree.get("scan").and_then(|scan| scan.get("races"));
    let Some(entries) = node.and_then(|node| reader.entries(node, "races")) else { return };
    let takes = std::mem::take(&mut reader.takes);
    let around = Around { plan, takes: &takes, written: tree.get("requests") };
    let races: Vec<_> = entries.iter().filter_map(|entry| race(entry, &around, reader)).collect();
    if let Some(scan) = &mut plan.scan {
        scan.probing.races = races;
    }
}

fn race(entry: &Entry, around: &Around<'_>, reader: &mut Reader) -> Option<Race> {
    let is_named = reader.name(entry, "a race");
    let fields = reader.fields(&entry.node, &entry.key_at, &RACE)?;
    let identity = match fields.get("as") {
        Some(node) => identity(node, around, reader),
        None => Ok(None),
    };
    let naming = Naming { around, identity: identity.unwrap_or_default() };
    let before = fields.get("before").map(|node| before(node, &naming, reader));
    let copies = counted(&fields, "copies", &(2..=MOST_COPIES), reader).unwrap_or(COPIES);
    let rounds = counted(&fields, "rounds", &(1..=MOST_ROUNDS), reader).unwrap_or(ROUNDS);
    let request = reader.require(&fields, "request");
    let request = request.and_then(|node| named_at(node, &naming, reader));
    let invariant = reader.require(&fields, "invariant");
    let invariant = invariant.and_then(|node| {
        let at = fields.entry("invariant").map_or(&fields.at, |entry| &entry.key_at);
        invariant_of(node, at, &naming, reader)
    });
    let (before, request, (invariant, read_at)) =
        (before.unwrap_or_default(), request?, invariant?);
    if !is_named || identity.is_err() {
        return None;
    }
    // With a mistake anywhere, indices may not be those of the text.
    if reader.problems.is_empty() {
        let read = (&invariant.request, &read_at);
        refuse_unset(&before, [read, (&request.0, &request.1)], around, reader);
    }
    Some(Race {
        name: entry.key.clone(),
        before: before.into_iter().map(|(request, _)| request).collect(),
        request: request.0,
        copies,
        rounds,
        invariant,
    })
}

/// A whole number within bounds.
fn counted(
    fields: &Fields<'_>,
    key: &str,
    bounds: &RangeInclusive<u32>,
    reader: &mut Reader,
) -> Option<u32> {
    let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
    reader.number(fields.get(key)?, &expected, |number: u32| bounds.contains(&number))
}

/// A request of a race, and where the race names it.
type Named = (RaceRequest, Place);

/// How names of requests are read.
struct Naming<'a> {
    around: &'a Around<'a>,
    /// As whom they are sent where they do not say so themselves.
    identity: Option<usize>,
}

fn before(node: &Node, naming: &Naming<'_>, reader: &mut Reader) -> Vec<Named> {
    let names = reader.texts(node, "requests");
    if names.len() > MOST_BEFORE {
        reader.problem(&node.at, format!("a race has at most {MOST_BEFORE} requests before it"));
    }
    let named = names.into_iter().filter_map(|(name, at)| {
        let mut request = named(name, at, naming, reader)?;
        request.takes.clone_from(&naming.around.takes[request.request]);
        Some((request, at.clone()))
    });
    named.collect()
}

fn named_at(node: &Node, naming: &Naming<'_>, reader: &mut Reader) -> Option<Named> {
    let name = reader.text(node, "the name of a request")?;
    Some((named(name, &node.at, naming, reader)?, node.at.clone()))
}

fn named(name: &str, at: &Place, naming: &Naming<'_>, reader: &mut Reader) -> Option<RaceRequest> {
    let plan = naming.around.plan;
    let Some(index) = plan.requests.iter().position(|request| request.name == name) else {
        // What is wrong with it was said.
        if naming.around.written.and_then(|written| written.get(name)).is_none() {
            let names = plan.requests.iter().map(|request| request.name.as_str());
            reader.unknown(at, "request", name, names);
        }
        return None;
    };
    let template = &plan.requests[index];
    if !template.enabled {
        let text = format!("`{name}` has `enabled: false`, so no race may send it");
        reader.problem_with_help(at, text, "remove one of the two");
        return None;
    }
    if template.conversation != Conversation::Response {
        let text = format!("`{name}` is a session, stream or call, which only load makes");
        reader.problem_with_help(at, text, "a race takes requests that have one answer");
        return None;
    }
    let own = plan.sessions.requests.get(index).copied().flatten();
    let identity = match own {
        Some(who) => somebody(who, at, naming.around, reader).ok()?,
        None => naming.identity,
    };
    Some(RaceRequest { request: index, identity, takes: Vec::new() })
}

/// It was said why not.
#[derive(Debug, Clone, Copy)]
struct Refused;

/// Whom `as` means; nobody in particular is whoever looks at the site.
fn identity(
    node: &Node,
    around: &Around<'_>,
    reader: &mut Reader,
) -> Result<Option<usize>, Refused> {
    let sessions = &around.plan.sessions;
    let name = reader.text(node, "the name of an identity").ok_or(Refused)?;
    if let Some(index) = sessions.identities.iter().position(|known| known.name == name) {
        return Ok(Some(index));
    }
    if let Some(auth) = sessions.auths.iter().position(|known| known.name == name) {
        return somebody(Who { auth, identity: None }, &node.at, around, reader);
    }
    let identities = sessions.identities.iter().map(|identity| identity.name.as_str());
    let auths = sessions.auths.iter().map(|auth| auth.name.as_str());
    reader.unknown(&node.at, "identity or auth", name, identities.chain(auths));
    Err(Refused)
}

/// One of those who log in so: a race is about one user, or about the same one many times.
fn somebody(
    who: Who,
    at: &Place,
    around: &Around<'_>,
    reader: &mut Reader,
) -> Result<Option<usize>, Refused> {
    let sessions = &around.plan.sessions;
    let first = || sessions.of_auth(who.auth).first().copied();
    if let Some(index) = who.identity.or_else(first) {
        return Ok(Some(index));
    }
    if sessions.scan.is_some_and(|scan| scan.auth == who.auth) {
        return Ok(None);
    }
    let auth = sessions.auths.get(who.auth).map_or("", |auth| auth.name.as_str());
    let text = format!("the auth `{auth}` has no identity as whom a race could be sent");
    reader.problem_with_help(at, text, "add one under `identities`, or name another one by `as`");
    Err(Refused)
}

fn invariant_of(
    node: &Node,
    at: &Place,
    naming: &Naming<'_>,
    reader: &mut Reader,
) -> Option<(Invariant, Place)> {
    let fields = reader.fields(node, at, &INVARIANT)?;
    let request = reader.require(&fields, "request");
    let request = request.and_then(|node| named_at(node, naming, reader));
    let json = reader.require(&fields, "json");
    let json =
        json.and_then(|node| reader.parsed(node, "a JSONPath like $.used_count", JsonPath::parse));
    let mut bound = |key: &str| reader.number(fields.get(key)?, "a number", f64::is_finite);
    let (at_least, at_most) = (bound("at_least"), bound("at_most"));
    let is_bounded = ["at_least", "at_most"].iter().any(|key| fields.get(key).is_some());
    if !is_bounded {
        let text = "an invariant needs `at_most` or `at_least`";
        reader.problem_with_help(&fields.at, text, "add `at_most: 1`, say");
    }
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
    {
        reader.problem(&fields.at, format!("nothing is at least {least} and at most {most}"));
    }
    let (request, read_at) = request?;
    Some((Invariant { request, json: json?, at_least, at_most }, read_at))
}

/// Refuses requests that need a value which nothing gives them: races go through no flow.
fn refuse_unset(
    before: &[Named],
    others: [(&RaceRequest, &Place); 2],
    around: &Around<'_>,
    reader: &mut Reader,
) {
    let plan = around.plan;
    let mut taken: Vec<Variable> = Vec::new();
    let mut check = |request: &RaceRequest, at: &Place, taken: &[Variable]| {
        let Some(variable) = plan.lacking(request, taken) else { return };
        let name = &plan.requests[request.request].name;
        let value = &plan.variables[usize::from(variable.0)];
        let text = format!("`{name}` needs `${{{value}}}`, which nothing gives it in a race");
        let help = "extract it in a request that the race has under `before`, or give the \
                    request an example of it";
        reader.problem_with_help(at, text, help);
    };
    for (request, at) in before {
        check(request, at, &taken);
        taken.extend(request.takes.iter().map(|extraction| extraction.variable));
    }
    for (request, at) in others {
        check(request, at, &taken);
    }
}
