//! What is looked for in load's own traffic.

use super::document::Node;
use super::reader::Fields;
use super::reader::Keys;
use super::reader::Reader;
use crate::model::Conversation;
use crate::model::RequestTemplate;
use crate::model::Tracing;

pub(super) const UNDER_LOAD: Keys =
    Keys { of: "under_load", known: &["watch", "refused", "collateral", "sample"], later: &[] };

/// Kinds of watching, as the plan names them.
pub(super) const KINDS: [&str; 6] = ["passive", "bleed", "cache", "leaks", "posture", "walls"];

/// Of so many answers one is looked at, unless the plan says otherwise: 1 %.
const EVERY: u64 = 100;

/// What load's exchanges are looked at for; nothing unless asked for.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// The passive rules.
    pub passive: bool,
    /// What is one user's in an answer to another, by the marks that `${canary}` puts into requests.
    pub bleed: bool,
    /// What is one user's, kept by a cache that everybody shares.
    pub cache: bool,
    /// What answers say only beyond a level of load.
    pub leaks: bool,
    /// Protection that some answers of an endpoint have and others do not.
    pub posture: bool,
    /// Whether a firewall or bot wall answers in the target's place. That is judged whenever anything is
    /// looked for.
    pub walls: bool,
    /// Requests that must be refused, whatever the load is; see [`super::Plan::refused`].
    pub refused: bool,
    /// Behind the first few of each endpoint, and beside errors, one answer in so many is looked at.
    pub every: u64,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            passive: false,
            bleed: false,
            cache: false,
            leaks: false,
            posture: false,
            walls: false,
            refused: false,
            every: EVERY,
        }
    }
}

impl Watched {
    /// Whether anything is looked for.
    pub fn is_any(self) -> bool {
        self.passive
            || self.bleed
            || self.cache
            || self.leaks
            || self.posture
            || self.walls
            || self.refused
    }

    fn turn_on(&mut self, kind: &str) -> bool {
        let wanted = match kind {
            "passive" => &mut self.passive,
            "bleed" => &mut self.bleed,
            "cache" => &mut self.cache,
            "leaks" => &mut self.leaks,
            "posture" => &mut self.posture,
            "walls" => &mut self.walls,
            _ => return false,
        };
        *wanted = true;
        true
    }
}

/// Answers that refuse, where the request does not say which it expects: to the login, and errors of
/// whoever asks.
const REFUSALS: std::ops::RangeInclusive<u16> = 300..=499;

/// What a plan asks for.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) watched: Watched,
    /// Requests that must be refused.
    pub(super) refused: Vec<usize>,
    /// Requests that may be a burden to all others.
    pub(super) burden: Vec<usize>,
}

impl Asked {
    pub(super) fn is_any(&self) -> bool {
        self.watched.is_any() || !self.burden.is_empty()
    }
}

/// The plan's `under_load`.
pub(super) fn under_load(
    plan: &Fields<'_>,
    requests: &mut [RequestTemplate],
    reader: &mut Reader,
) -> Asked {
    let mut watched = Watched::default();
    let Some(fields) = plan
        .entry("under_load")
        .and_then(|entry| reader.fields(&entry.node, &entry.key_at, &UNDER_LOAD))
    else {
        return Asked::default();
    };
    let refused = match fields.get("refused") {
        Some(node) => refused(node, requests, reader),
        None => Vec::new(),
    };
    watched.refused = !refused.is_empty();
    let burden = match fields.get("collateral") {
        Some(node) => burden(node, requests, reader),
        None => Vec::new(),
    };
    let is_empty = |key: &str, reader: &mut Reader| {
        fields.get(key).is_none_or(|node| reader.list(node, "requests").is_empty())
    };
    let is_idle = is_empty("refused", reader) && is_empty("collateral", reader);
    if let Some(every) = fields.get("sample").and_then(|node| sample(node, reader)) {
        watched.every = every;
    }
    let Some(node) = fields.get("watch") else {
        if is_idle {
            let text = "`under_load` without `watch`, `refused` and `collateral` looks for nothing";
            reader.problem_with_help(&fields.at, text, "add `watch: [leaks, posture]`");
        }
        return Asked { watched, refused, burden };
    };
    for (name, at) in reader.texts(node, "a list: [passive, bleed, cache, leaks, posture, walls]") {
        if !watched.turn_on(name) {
            reader.unknown(at, "kind of watching", name, KINDS);
        } else if name == "bleed" && !reader.names.has_canary() {
            let text = "`bleed` looks for users' marks, and no request has one";
            let help = "put ${canary} where only its user should see it: a header, or a field";
            reader.problem_with_help(at, text, help);
        }
    }
    Asked { watched, refused, burden }
}

/// Requests by name; others have to be left when they are turned off.
fn burden(node: &Node, requests: &[RequestTemplate], reader: &mut Reader) -> Vec<usize> {
    let mut burden = Vec::new();
    for (name, at) in reader.texts(node, "requests") {
        match requests.iter().position(|request| request.name == name) {
            Some(index) if !burden.contains(&index) => burden.push(index),
            Some(_) => {}
            None => {
                let names = requests.iter().map(|request| request.name.as_str());
                reader.unknown(at, "request", name, names);
            }
        }
    }
    if !burden.is_empty() && burden.len() == requests.len() {
        let text = "`collateral` names all requests, and it is the others that are measured";
        reader.problem(&node.at, text);
    }
    burden
}

/// Requests by name; being refused is what is expected of them.
fn refused(node: &Node, requests: &mut [RequestTemplate], reader: &mut Reader) -> Vec<usize> {
    let mut refused = Vec::new();
    for (name, at) in reader.texts(node, "requests") {
        let Some(index) = requests.iter().position(|request| request.name == name) else {
            let names = requests.iter().map(|request| request.name.as_str());
            reader.unknown(at, "request", name, names);
            continue;
        };
        if let Some(why) = not_refusable(&requests[index]) {
            reader.problem(at, format!("whether `{name}` is refused cannot be told: {why}"));
            continue;
        }
        let expected = &mut requests[index].expected_statuses;
        if expected.is_empty() {
            expected.extend(REFUSALS);
        }
        refused.push(index);
    }
    refused
}

/// Why the status of its own answer does not say whether a request was let in.
fn not_refusable(request: &RequestTemplate) -> Option<&'static str> {
    if matches!(request.conversation, Conversation::Grpc(_)) {
        return Some("a gRPC call is refused with status 200");
    }
    if request.redirects > 0 {
        return Some("it follows redirects, to a login, say; give it `redirects: 0`");
    }
    let expects_entry = request.expected_statuses.iter().any(|status| (200..300).contains(status));
    expects_entry.then_some("its checks expect a status from 200 to 299")
}

fn sample(node: &Node, reader: &mut Reader) -> Option<u64> {
    let share =
        reader.parsed(node, "a share like 1%", |text| match Tracing::parse_share(text)? {
            share if share > 0.0 => Ok(share),
            _ => Err("with a share of 0 nothing is looked at".to_owned()),
        })?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 and up")]
    let every = (1.0 / share).round().clamp(1.0, 1e9) as u64;
    Some(every)
}
