//! What a request goes on with after its response has begun: `ws` with its `messages`, `sse` with
//! how long it is read; and what is common to both and to gRPC calls.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::calls;
use super::document::{Entry, Node, Value};
use super::reader::{Fields, Keys, Reader};
use super::slots;
use crate::flow::Expected;
use crate::flow::Template;
use crate::model::Conversation;
use crate::model::EventStream;
use crate::model::Expectation;
use crate::model::MessageStep;
use crate::model::WebSocketSession;

/// The keys of a request that opens a session or a stream: both are GETs.
pub(super) const OPENERS: [&str; 2] = ["ws", "sse"];

const STEP: Keys = Keys {
    of: "a step of a session",
    known: &["send", "expect", "think", "repeat", "do", "close"],
    later: &["extract", "checks"],
};

const PAYLOAD: Keys =
    Keys { of: "a message", known: &["json", "binary"], later: &["file", "random"] };

const EXPECT: Keys = Keys {
    of: "an expected message",
    known: &["equals", "contains", "regex", "jsonpath", "within"],
    later: &["extract"],
};

const UNTIL: Keys = Keys {
    of: "the last event",
    known: &["equals", "contains", "regex", "jsonpath"],
    later: &["event"],
};

const LAST: Keys = Keys {
    of: "the last message",
    known: &["equals", "contains", "regex", "jsonpath"],
    later: &[],
};

/// Rounds of one loop at most.
pub(super) const MOST_ROUNDS: u32 = 1_000_000_000;

/// How the request goes on; what does not fit its kind is refused. Of a call, what its method
/// makes of it is told elsewhere.
pub(super) fn conversation(
    opener: &str,
    request: &Fields<'_>,
    reader: &mut Reader,
) -> Conversation {
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
    if let Some(entry) = request.entry("timeout").filter(|_| opener != calls::OPENER) {
        reader.not_yet(&entry.key_at, "`timeout` in a request");
    }
    match opener {
        "ws" => Conversation::WebSocket(session(request, reader)),
        "sse" => Conversation::Events(stream(request, reader)),
        _ => Conversation::Response,
    }
}

/// Keys that a request has no use for.
fn foreign(opener: &str) -> Vec<&'static str> {
    let bodies = ["json", "form", "body", "file", "redirects"];
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

fn session(request: &Fields<'_>, reader: &mut Reader) -> WebSocketSession {
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
        steps: request.get("messages").map(|node| steps(node, 0, reader)).unwrap_or_default(),
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

fn steps(node: &Node, depth: u32, reader: &mut Reader) -> Vec<MessageStep> {
    let items = reader.list(node, "steps like { send: … } and { expect: … }");
    items.iter().filter_map(|item| step(item, depth, reader)).collect()
}

fn step(node: &Node, depth: u32, reader: &mut Reader) -> Option<MessageStep> {
    let fields = reader.fields(node, &node.at, &STEP)?;
    let kinds = ["send", "expect", "think", "repeat", "close"];
    let mut given = kinds.iter().filter_map(|key| fields.entry(key));
    let Some(entry) = given.next() else {
        reader.problem_with_help(
            &fields.at,
            "a step of a session says what to do",
            "write one of `send`, `expect`, `think`, `close`, or `repeat` with `do`",
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
    match entry.key.as_str() {
        "send" => send(&entry.node, reader),
        "expect" => expect(&entry.node, reader),
        "think" => reader.duration(&entry.node).map(MessageStep::Think),
        "close" => close(&entry.node, reader),
        _ => repeat(entry, &fields, depth, reader),
    }
}

fn send(node: &Node, reader: &mut Reader) -> Option<MessageStep> {
    if !matches!(node.value, Value::Map(_)) {
        let scalar = reader.scalar(node, "a text, { json: … } or { binary: base64 }")?;
        if !scalar.pieces.is_empty() {
            reader.not_yet(&node.at, "a message with a value that is only known in load (`${…}`)");
            return None;
        }
        return Some(MessageStep::Send {
            payload: scalar.text.clone().into_bytes(),
            binary: false,
        });
    }
    let fields = reader.fields(node, &node.at, &PAYLOAD)?;
    match (fields.get("json"), fields.get("binary")) {
        (Some(json), None) => {
            let mut template = Template::default();
            slots::json(json, &mut template);
            let Some(payload) = slots::fixed(&template) else {
                reader.not_yet(
                    &json.at,
                    "a message with a value that is only known in load (`${…}`)",
                );
                return None;
            };
            Some(MessageStep::Send { payload, binary: false })
        }
        (None, Some(binary)) => {
            let payload = reader.parsed(binary, "bytes in base64", |text| {
                STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))
            })?;
            Some(MessageStep::Send { payload, binary: true })
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
    let scalar = reader.scalar(&entry.node, "a text")?;
    if !scalar.pieces.is_empty() {
        reader.not_yet(&entry.node.at, "an expected message that is only known in load (`${…}`)");
        return None;
    }
    let text = scalar.text.clone();
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
    let steps = steps(body, depth + 1, reader);
    if steps.iter().any(|step| matches!(step, MessageStep::Close(_))) {
        reader.problem(&body.at, "a session is closed once: `close` stands in no `repeat`");
    }
    if steps.is_empty() && matches!(&body.value, Value::List(items) if items.is_empty()) {
        reader.problem(&body.at, "`repeat` with no steps does nothing");
    }
    Some(MessageStep::Repeat { times: times?, steps })
}
