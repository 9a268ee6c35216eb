//! What a request goes on with after its response has begun: `ws` with its `messages`, `sse` with
//! how long it is read; and what is common to both and to gRPC calls.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::calls;
use super::document::{Entry, Node, Value};
use super::extractions;
use super::reader::{Fields, Keys, Reader};
use super::slots::{self, Use};
use crate::flow::Expected;
use crate::flow::MessageScript;
use crate::flow::Place;
use crate::flow::Template;
use crate::flow::Variable;
use crate::model::Conversation;
use crate::model::EventStream;
use crate::model::Expectation;
use crate::model::MessageStep;
use crate::model::WebSocketSession;

/// The keys of a request that opens a session or a stream: both are GETs.
pub(super) const OPENERS: [&str; 2] = ["ws", "sse"];

pub(super) const STEP: Keys = Keys {
    of: "a step of a session",
    known: &["send", "expect", "extract", "think", "repeat", "do", "close"],
    later: &["checks"],
};

pub(super) const PAYLOAD: Keys =
    Keys { of: "a message", known: &["json", "binary"], later: &["file", "random"] };

pub(super) const EXPECT: Keys = Keys {
    of: "an expected message",
    known: &["equals", "contains", "regex", "jsonpath", "within"],
    later: &[],
};

pub(super) const UNTIL: Keys = Keys {
    of: "the last event",
    known: &["equals", "contains", "regex", "jsonpath"],
    later: &["event"],
};

pub(super) const LAST: Keys = Keys {
    of: "the last message",
    known: &["equals", "contains", "regex", "jsonpath"],
    later: &[],
};

/// Rounds of one loop at most.
pub(super) const MOST_ROUNDS: u32 = 1_000_000_000;

/// How a request goes on, and the part of it that differs from one sending to the next.
#[derive(Default)]
pub(super) struct Talk {
    pub(super) conversation: Conversation,
    pub(super) messages: Messages,
}

/// What is sent and taken, message by message, as [`crate::flow::Script::messages`] has it.
#[derive(Default)]
pub(super) struct Messages {
    /// Nothing where every session is the same.
    pub(super) scripts: Vec<MessageScript>,
    /// Values that messages need from earlier responses.
    pub(super) uses: Vec<Use>,
    /// Values that are taken out of messages.
    pub(super) taken: BTreeSet<Variable>,
}

impl Messages {
    /// Adds a message to send; what it is made of was taken before it, or has to be there before
    /// the session begins.
    fn send(&mut self, node: &Node, payload: Template) {
        let needed = slots::uses_below(node).into_iter();
        self.uses.extend(needed.filter(|needed| !self.taken.contains(&needed.variable)));
        let payload = payload.has_slots().then_some(payload);
        self.scripts.push(MessageScript { payload, extract: Vec::new() });
    }

    /// Adds a message to expect, with what is taken out of it.
    fn expect(&mut self, extract: Option<&Entry>, reader: &mut Reader) {
        let extract = extract.map(|entry| extractions::of_message(&entry.node, reader));
        let extract = extract.unwrap_or_default();
        self.taken.extend(extract.iter().map(|extraction| extraction.variable));
        self.scripts.push(MessageScript { payload: None, extract });
    }
}

/// How the request goes on; what does not fit its kind is refused. Of a call, what its method
/// makes of it is told elsewhere.
pub(super) fn talk(opener: &str, request: &Fields<'_>, reader: &mut Reader) -> Talk {
    for entry in foreign(opener).iter().filter_map(|key| request.entry(key)) {
        let text = format!("`{}` has no meaning for `{opener}`", entry.key);
        let help = match opener {
            "ws" => "what a session says stands in `messages`",
            "sse" => "a stream is read with GET, for as long as `events`, `for` or `until` say",
            calls::OPENER if entry.key == "headers" => "write `metadata`",
            calls::OPENER => "what a call says stands in `message`, or in `messages` for a stream",
            _ if calls::OWN_KEYS.contains(&entry.key.as_str()) => {
                "it belongs to `grpc: package.Service/Method`"
            }
            _ => "it belongs to `ws: /path` or `sse: /path`",
        };
        reader.problem_with_help(&entry.key_at, text, help);
    }
    let mut messages = Messages::default();
    let conversation = match opener {
        "ws" => Conversation::WebSocket(session(request, &mut messages, reader)),
        "sse" => Conversation::Events(stream(request, reader)),
        _ => Conversation::Response,
    };
    let is_fixed = |message: &MessageScript| *message == MessageScript::default();
    if messages.scripts.iter().all(is_fixed) {
        messages.scripts.clear();
    }
    Talk { conversation, messages }
}

/// Keys that a request has no use for.
fn foreign(opener: &str) -> Vec<&'static str> {
    let bodies = ["json", "form", "form_from", "multipart", "graphql", "body", "file", "redirects"];
    let looks = ["checks", "extract"];
    let session = ["subprotocols", "maxDuration"];
    let stream = ["for", "until", "within"];
    match opener {
        "ws" => [&stream[..], &["events"], &bodies, &looks, &calls::OWN_KEYS].concat(),
        "sse" => [&session[..], &["messages"], &bodies, &looks, &calls::OWN_KEYS].concat(),
        calls::OPENER => [&session[..], &["events", "query", "headers"], &bodies].concat(),
        _ => [&session[..], &["messages", "events"], &stream, &calls::OWN_KEYS].concat(),
    }
}

fn session(request: &Fields<'_>, messages: &mut Messages, reader: &mut Reader) -> WebSocketSession {
    let subprotocols = request.get("subprotocols").map(|node| {
        let texts = reader.texts(node, "subprotocols");
        texts.into_iter().map(|(text, at)| (text.to_owned(), at.clone())).collect::<Vec<_>>()
    });
    let subprotocols = subprotocols.unwrap_or_default();
    for (name, at) in &subprotocols {
        if super::requests::header(name, "").is_err() {
            reader.problem(at, format!("`{}` is not a subprotocol", crate::model::inert(name, 80)));
        }
    }
    WebSocketSession {
        subprotocols: subprotocols.into_iter().map(|(name, _)| name).collect(),
        steps: request
            .get("messages")
            .map(|node| steps(node, 0, messages, reader))
            .unwrap_or_default(),
        max_duration: request.get("maxDuration").and_then(|node| reader.positive_duration(node)),
    }
}

fn stream(request: &Fields<'_>, reader: &mut Reader) -> EventStream {
    let events = request.get("events").and_then(|node| {
        reader.number(node, "a number of events from 1 on", |events: u64| events > 0)
    });
    let until = request.get("until").and_then(|node| {
        let fields = reader.fields(node, &node.at, &UNTIL)?;
        expectation(&fields, reader)
    });
    EventStream {
        events,
        hold: request.get("for").and_then(|node| reader.positive_duration(node)),
        until,
        within: request.get("within").and_then(|node| reader.positive_duration(node)),
    }
}

fn steps(
    node: &Node,
    depth: u32,
    messages: &mut Messages,
    reader: &mut Reader,
) -> Vec<MessageStep> {
    let items = reader.list(node, "steps like { send: … } and { expect: … }");
    items.iter().filter_map(|item| step(item, depth, messages, reader)).collect()
}

fn step(
    node: &Node,
    depth: u32,
    messages: &mut Messages,
    reader: &mut Reader,
) -> Option<MessageStep> {
    let fields = reader.fields(node, &node.at, &STEP)?;
    let kinds = ["send", "expect", "think", "repeat", "close"];
    let entry = kind_of_step(&fields, &kinds, "session", reader)?;
    let extract = fields.entry("extract");
    if let (Some(extract), false) = (extract, entry.key == "expect") {
        let text = "only an `expect` step has a message to extract from";
        reader.problem(&extract.key_at, text);
    }
    match entry.key.as_str() {
        "send" => {
            let (payload, binary) = payload(&entry.node, reader)?;
            let fixed = slots::fixed(&payload).unwrap_or_default();
            messages.send(&entry.node, payload);
            Some(MessageStep::Send { payload: fixed, binary })
        }
        "expect" => {
            messages.expect(extract, reader);
            expect(&entry.node, reader)
        }
        "think" => reader.duration(&entry.node).map(MessageStep::Think),
        "close" => close(&entry.node, reader),
        _ => repeat(entry, &fields, depth, messages, reader),
    }
}

/// Which of `kinds` a step of a session or a call is; `repeat` is one of them, and alone has a `do`.
pub(super) fn kind_of_step<'a>(
    fields: &Fields<'a>,
    kinds: &[&str],
    whole: &str,
    reader: &mut Reader,
) -> Option<&'a Entry> {
    let mut given = kinds.iter().filter_map(|key| fields.entry(key));
    let Some(entry) = given.next() else {
        let others = kinds.iter().filter(|key| **key != "repeat");
        let others: Vec<_> = others.map(|key| format!("`{key}`")).collect();
        reader.problem_with_help(
            &fields.at,
            format!("a step of a {whole} says what to do"),
            format!("write one of {}, or `repeat` with `do`", others.join(", ")),
        );
        return None;
    };
    if let Some(second) = given.next() {
        let text = format!("a step is one thing: `{}` or `{}`", entry.key, second.key);
        reader.problem_with_help(&second.key_at, text, "write two steps");
    }
    if let (Some(body), false) = (fields.entry("do"), entry.key == "repeat") {
        reader.problem(&body.key_at, "`do` belongs to `repeat`");
    }
    Some(entry)
}

/// What a message says, and whether it is one of bytes.
fn payload(node: &Node, reader: &mut Reader) -> Option<(Template, bool)> {
    let mut payload = Template::default();
    if let Some(scalar) = node.scalar().filter(|scalar| !scalar.pieces.is_empty()) {
        payload = slots::template(scalar, Place::Raw, |text| text.as_bytes().to_vec());
        return Some((payload, false));
    }
    if !matches!(node.value, Value::Map(_)) {
        let text = reader.text(node, "a text, { json: … } or { binary: base64 }")?;
        payload.push_literal(text.as_bytes());
        return Some((payload, false));
    }
    let fields = reader.fields(node, &node.at, &PAYLOAD)?;
    match (fields.get("json"), fields.get("binary")) {
        (Some(json), None) => {
            slots::json(json, &mut payload);
            Some((payload, false))
        }
        (None, Some(binary)) => {
            payload.push_literal(&reader.parsed(binary, "bytes in base64", |text| {
                STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))
            })?);
            Some((payload, true))
        }
        _ => {
            reader.problem(&node.at, "a message is a text, or one of `json` and `binary`");
            None
        }
    }
}

fn expect(node: &Node, reader: &mut Reader) -> Option<MessageStep> {
    let (what, within) = expected(node, reader)?;
    Some(MessageStep::Expect { what, within })
}

/// A message that is waited for, and how long that may take.
pub(super) fn expected(
    node: &Node,
    reader: &mut Reader,
) -> Option<(Expectation, Option<Duration>)> {
    if let Some("any") = node.scalar().map(|scalar| scalar.text.as_str()) {
        return Some((Expectation::Any, None));
    }
    let fields = reader.fields(node, &node.at, &EXPECT)?;
    let within = fields.get("within").and_then(|node| reader.positive_duration(node));
    Some((expectation(&fields, reader)?, within))
}

/// The message that ends a call.
pub(super) fn until(node: &Node, reader: &mut Reader) -> Option<Expected> {
    let fields = reader.fields(node, &node.at, &LAST)?;
    Expected::compile(&expectation(&fields, reader)?).ok()
}

fn expectation(fields: &Fields<'_>, reader: &mut Reader) -> Option<Expectation> {
    let kinds = ["equals", "contains", "regex", "jsonpath"];
    let mut given = kinds.into_iter().filter_map(|key| fields.entry(key));
    let Some(entry) = given.next() else { return Some(Expectation::Any) };
    if let Some(second) = given.next() {
        let text = format!("what is expected is one: `{}` or `{}`", entry.key, second.key);
        reader.problem(&second.key_at, text);
    }
    let text = reader.text(&entry.node, "a text")?.to_owned();
    let what = match entry.key.as_str() {
        "equals" => Expectation::Equals(text),
        "contains" => Expectation::Contains(text),
        "regex" => Expectation::Regex(text),
        _ => Expectation::JsonPath(text),
    };
    if let Err(error) = Expected::compile(&what) {
        reader.problem(&entry.node.at, error.to_string());
    }
    Some(what)
}

fn close(node: &Node, reader: &mut Reader) -> Option<MessageStep> {
    let is_code = |code: u16| matches!(code, 1000 | 1001 | 1003 | 1007..=1011 | 3000..=4999);
    reader
        .number(node, "a close code: 1000 for a normal end, or one from 3000 to 4999", is_code)
        .map(MessageStep::Close)
}

fn repeat(
    entry: &Entry,
    fields: &Fields<'_>,
    depth: u32,
    messages: &mut Messages,
    reader: &mut Reader,
) -> Option<MessageStep> {
    if depth > 0 {
        reader.problem(&entry.key_at, "`repeat` stands in no other `repeat`");
        return None;
    }
    let times = reader
        .number(&entry.node, "a number from 1 on", |times: u32| (1..=MOST_ROUNDS).contains(&times));
    let body = fields.get("do");
    let Some(body) = body else {
        reader.problem_with_help(
            &entry.key_at,
            "`repeat` needs the steps that it repeats",
            "write `{ repeat: 10, do: [ { send: … }, { expect: any } ] }`",
        );
        return None;
    };
    let steps = steps(body, depth + 1, messages, reader);
    if steps.iter().any(|step| matches!(step, MessageStep::Close(_))) {
        reader.problem(&body.at, "a session is closed once: `close` stands in no `repeat`");
    }
    if steps.is_empty() && matches!(&body.value, Value::List(items) if items.is_empty()) {
        reader.problem(&body.at, "`repeat` with no steps does nothing");
    }
    Some(MessageStep::Repeat { times: times?, steps })
}
