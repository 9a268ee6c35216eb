//! Limits on requests that should hold: what a scan verifies, request by request.
//!
//! Everything is read after the rest of the plan, because a request is sent outside of any flow here
//! and has to be whole beforehand.

use super::allowance::Allowance;
use super::allowance::EXPECTED;
use super::document::Node;
use super::document::Value;
use super::error::Problem;
use super::reader::Keys;
use super::reader::Reader;
use super::types::Plan;
use crate::flow::RenderError;
use crate::flow::Values;
use crate::flow::Variable;
use crate::model::Conversation;
use crate::model::Request;

pub(super) const RATE_LIMIT: Keys =
    Keys { of: "a rate limit", known: &["request", "expect", "key", "as", "refused"], later: &[] };

/// Each takes time and requests of its own.
const MOST: usize = 50;

/// What the checks that verify limits are called, or begin with.
const CHECKS: &str = "rate-limit";

/// What a limiter is said to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LimitKey {
    /// The address that requests come from.
    #[default]
    Ip,
    /// Who is logged in.
    User,
    /// What they show: a session or a token.
    Token,
}

impl LimitKey {
    /// Every key.
    pub const ALL: [Self; 3] = [Self::Ip, Self::User, Self::Token];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::User => "user",
            Self::Token => "token",
        }
    }
}

/// A limit that should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// The plan's name of the request.
    pub name: String,
    /// What is sent, again and again.
    pub request: Request,
    /// How many of them are let in.
    pub allowed: Allowance,
    /// What the limiter counts by.
    pub key: LimitKey,
    /// The identity that sends it; `None` is nobody, whoever scans.
    pub who: Option<String>,
    /// Another identity, and the request as it sends it.
    pub other: Option<(String, Request)>,
    /// Statuses that refuse; none are 429, and 503 with `Retry-After`.
    pub refused: Vec<u16>,
    /// Response headers that name a backend, beside those that are known.
    pub observed: Vec<String>,
}

/// The plan's `scan.rate_limits`, into the plan.
pub(super) fn rate_limits(tree: &Node, plan: &mut Plan, reader: &mut Reader) {
    let Some(node) = tree.get("scan").and_then(|scan| scan.get("rate_limits")) else { return };
    // What lacks a value may only lack it for another mistake.
    let is_sound = reader.problems.is_empty();
    let items = reader.list(node, "limits like { request: login, expect: 5/1m }");
    if items.len() > MOST {
        reader.problem(&node.at, format!("these are more than {MOST} limits"));
    }
    let limits = items.iter().filter_map(|item| limit(item, plan, is_sound, reader));
    let limits: Vec<RateLimit> = limits.collect();
    let Some(scan) = &mut plan.scan else { return };
    let is_verified =
        scan.probing.policy.is_some() || scan.active.iter().any(|id| id.starts_with(CHECKS));
    if !is_verified && !items.is_empty() {
        let text = "nothing verifies these limits: no active check does";
        let help = "add `active: [rate-limit]`, or a `policy`";
        reader.warnings.push(Problem::new(node.at.clone(), text).help(help));
    }
    scan.probing.rate_limits = limits;
}

/// As whom the plan sends a request by itself, if as one of its identities.
fn own(index: usize, plan: &Plan) -> Option<usize> {
    let who = plan.sessions.requests.get(index).copied().flatten()?;
    who.identity.or_else(|| plan.sessions.of_auth(who.auth).first().copied())
}

fn limit(item: &Node, plan: &Plan, is_sound: bool, reader: &mut Reader) -> Option<RateLimit> {
    let fields = reader.fields(item, &item.at, &RATE_LIMIT)?;
    let node = reader.require(&fields, "request");
    let index = node.and_then(|node| request(node, plan, reader));
    let allowed = reader.require(&fields, "expect");
    let allowed = allowed.and_then(|node| reader.parsed(node, EXPECTED, Allowance::parse));
    let key = match fields.get("key") {
        Some(node) => key(node, reader)?,
        None => LimitKey::default(),
    };
    let who = match fields.get("as") {
        Some(node) => Some(identity(node, plan, reader)?),
        None => index.and_then(|index| own(index, plan)),
    };
    if who.is_none() && key != LimitKey::Ip {
        let text = format!("a limit by {} needs somebody who sends", key.as_str());
        let at = fields.entry("key").map_or(&fields.at, |entry| &entry.key_at).clone();
        reader.problem_with_help(&at, text, "add `as: NAME`, one of `identities`");
    }
    let refused = fields.get("refused").map(|node| refused(node, reader)).unwrap_or_default();
    let (node, index, allowed) = (node?, index?, allowed?);
    if !is_sound {
        return None;
    }
    let name = &plan.requests[index].name;
    let request = match bound(index, who, plan) {
        Ok(request) => request,
        Err(why) => {
            unbound(node, name, why, plan, reader);
            return None;
        }
    };
    let identity = |at: usize| plan.sessions.identities[at].name.clone();
    Some(RateLimit {
        name: name.clone(),
        request,
        allowed,
        key,
        who: who.map(identity),
        other: who.and_then(|who| other(index, who, plan)),
        refused,
        observed: plan.observe.clone(),
    })
}

/// The request of that name, if a scan can send it.
fn request(node: &Node, plan: &Plan, reader: &mut Reader) -> Option<usize> {
    let name = reader.text(node, "the name of a request")?;
    let Some(index) = plan.requests.iter().position(|request| request.name == name) else {
        let names = plan.requests.iter().map(|request| request.name.as_str());
        reader.unknown(&node.at, "request", name, names);
        return None;
    };
    let template = &plan.requests[index];
    if !template.enabled {
        let text = format!("`{name}` has `enabled: false`, so no probe may send it");
        reader.problem_with_help(&node.at, text, "remove one of the two");
        return None;
    }
    if template.conversation != Conversation::Response {
        let text = format!("`{name}` is a session, stream or call, which only load makes");
        reader.problem_with_help(&node.at, text, "name a request that has one response");
        return None;
    }
    Some(index)
}

fn key(node: &Node, reader: &mut Reader) -> Option<LimitKey> {
    let known = (&LimitKey::ALL[..], LimitKey::as_str as fn(LimitKey) -> _);
    reader.named(node, "ip, user or token", "key", known)
}

fn identity(node: &Node, plan: &Plan, reader: &mut Reader) -> Option<usize> {
    let name = reader.text(node, "the name of an identity")?;
    let identities = &plan.sessions.identities;
    let index = identities.iter().position(|identity| identity.name == name);
    if index.is_none() && plan.sessions.auths.iter().any(|auth| auth.name == name) {
        let text = format!("`{name}` is an auth, and a limit is somebody's");
        reader.problem_with_help(&node.at, text, "name one of `identities` that logs in by it");
    } else if index.is_none() {
        let names = identities.iter().map(|identity| identity.name.as_str());
        reader.unknown(&node.at, "identity", name, names);
    }
    index
}

fn refused(node: &Node, reader: &mut Reader) -> Vec<u16> {
    let items = reader.list(node, "statuses");
    if items.is_empty() && matches!(node.value, Value::List(_)) {
        let help = "name the statuses that refuse, or leave it out: 429, and 503 with Retry-After";
        reader.problem_with_help(&node.at, "`refused` names no status", help);
    }
    let is_one = |status: u16| (300..=599).contains(&status);
    let mut statuses = Vec::new();
    for item in items {
        statuses.extend(reader.number(item, "a status from 300 to 599", is_one));
    }
    statuses
}

/// The request with what is known before the start.
fn bound(index: usize, who: Option<usize>, plan: &Plan) -> Result<Request, RenderError> {
    let mut values = plan.known_values();
    for (variable, value) in who.iter().flat_map(|who| &plan.sessions.identities[*who].vars) {
        set(&mut values, *variable, value.as_bytes());
    }
    let mut bound = plan.sent_with(index, &values);
    // Each round gives one value.
    for _ in &plan.variables {
        let Err(RenderError::Missing(variable)) = bound else { break };
        let Some(example) = plan.example(index, variable) else { break };
        set(&mut values, variable, example);
        bound = plan.sent_with(index, &values);
    }
    bound
}

fn set(values: &mut Values, variable: Variable, value: &[u8]) {
    values.set(variable, |out| {
        out.extend_from_slice(value);
        true
    });
}

fn unbound(node: &Node, name: &str, why: RenderError, plan: &Plan, reader: &mut Reader) {
    let called = |variable: Variable| &plan.variables[usize::from(variable.0)];
    match why {
        RenderError::Missing(variable) => {
            let value = called(variable);
            let text = format!("`{name}` needs `${{{value}}}`, which only a running load has");
            let help = format!("give the request `examples: {{ {value}: … }}`, or use ${{vars.…}}");
            reader.problem_with_help(&node.at, text, help);
        }
        RenderError::Control(variable) => {
            let text =
                format!("`{}` has a value that would break out of its header", called(variable));
            reader.problem_with_help(&node.at, text, "a header's value is one line");
        }
    }
}

/// Somebody else who can send it.
fn other(index: usize, who: usize, plan: &Plan) -> Option<(String, Request)> {
    let others = plan.sessions.identities.iter().enumerate().filter(|(at, _)| *at != who);
    let mut whole = others.filter_map(|(at, identity)| {
        Some((identity.name.clone(), bound(index, Some(at), plan).ok()?))
    });
    whole.next()
}
