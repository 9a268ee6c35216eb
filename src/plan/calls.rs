//! Requests that are gRPC calls: the method, what is sent, and what is waited for.

use prost_reflect::MethodDescriptor;

use super::document::{Entry, Node, Value};
use super::messages::{self, MOST_ROUNDS};
use super::reader::{Fields, Keys, Reader};
use super::{bodies, fields, protos};
use crate::flow::Call;
use crate::flow::CallEnd;
use crate::flow::CallMessage;
use crate::flow::CallStep;
use crate::flow::Check;
use crate::flow::Expected;
use crate::flow::MessageType;
use crate::model::CallKind;
use crate::model::Origin;
use crate::model::Target;

/// The key of a request that is a call.
pub(super) const OPENER: &str = "grpc";

/// Keys that belong to calls alone.
pub(super) const OWN_KEYS: [&str; 6] =
    ["proto", "import_paths", "message", "metadata", "count", "maxReceiveSize"];

pub(super) const STEP: Keys = Keys {
    of: "a step of a call",
    known: &["send", "expect", "think", "repeat", "do"],
    later: &["extract", "checks"],
};

/// Longest message that is taken, unless the plan says otherwise: gRPC's own limit.
const MAX_RECEIVE: u32 = 4 << 20;

/// Where the call goes, and what it calls.
pub(super) struct Callee {
    pub(super) origin: Origin,
    service: String,
    method: String,
}

impl Callee {
    /// Path on the wire.
    pub(super) fn path(&self) -> String {
        format!("/{}/{}", self.service, self.method)
    }
}

/// `package.Service/Method`, as ghz and k6 write it, or a URL that ends so.
pub(super) fn callee(node: &Node, target: &Target, reader: &mut Reader) -> Option<Callee> {
    reader.parsed(node, "a method like shop.Catalogue/Get", |text| {
        let (origin, name) = if text.contains("://") {
            let other = Target::parse(text).map_err(|error| error.to_string())?;
            (other.origin, other.path_and_query)
        } else {
            (target.origin.clone(), text.to_owned())
        };
        let name = name.strip_prefix('/').unwrap_or(&name);
        let parts = name.split_once('/').or_else(|| name.rsplit_once('.'));
        let is_name = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        };
        match parts.filter(|(service, method)| is_name(service) && is_name(method)) {
            Some((service, method)) => {
                Ok(Callee { origin, service: service.to_owned(), method: method.to_owned() })
            }
            None => Err(format!("`{text}` is no method; write it as package.Service/Method")),
        }
    })
}

/// The call that the request makes.
pub(super) fn call(
    callee: &Callee,
    node: &Node,
    request: &Fields<'_>,
    reader: &mut Reader,
) -> Option<Call> {
    let pool = protos::pool(request, reader);
    let until = CallEnd {
        count: request.get("count").and_then(|node| {
            reader.number(node, "a number of messages from 1 on", |count: u64| count > 0)
        }),
        hold: request.get("for").and_then(|node| reader.positive_duration(node)),
        message: request.get("until").and_then(|node| messages::until(node, reader)),
    };
    let within = request.get("within").and_then(|node| reader.positive_duration(node));
    let timeout = request.get("timeout").and_then(|node| reader.positive_duration(node));
    let max_receive = request.get("maxReceiveSize").and_then(|node| {
        let size = reader.parsed(node, "a size like 16MiB", bodies::size)?;
        Some(u32::try_from(size).expect("at most 64 MiB"))
    });
    let method = protos::method(&pool?, (&callee.service, &callee.method), node, reader)?;
    let kind = CallKind::of(method.is_client_streaming(), method.is_server_streaming());
    refuse_foreign(kind, request, reader);
    let input = MessageType::new(method.input());
    Some(Call {
        kind,
        steps: steps(&method, kind, &input, request, reader),
        input,
        output: MessageType::new(method.output()),
        timeout,
        max_receive: max_receive.unwrap_or(MAX_RECEIVE),
        until,
        within,
    })
}

/// What has no meaning for a call of this kind.
fn refuse_foreign(kind: CallKind, request: &Fields<'_>, reader: &mut Reader) {
    let mut refuse = |keys: &[&str], why: &str, help: &str| {
        for entry in keys.iter().filter_map(|key| request.entry(key)) {
            let text = format!("`{}` has no meaning for this method: {why}", entry.key);
            reader.problem_with_help(&entry.key_at, text, help);
        }
    };
    if kind.streams_responses() {
        let why = "its server sends a stream";
        refuse(&["extract"], why, "what the stream must bring stands in `until` or `expect`");
    } else {
        let why = "its server sends one message";
        let help = "`timeout` says how long the call may take, `checks` what must come";
        refuse(&["count", "for", "until"], why, help);
    }
    if kind == CallKind::Unary {
        let help = "`timeout` says how long the call may take";
        refuse(&["within"], "it sends one message and gets one", help);
    }
    if kind.streams_requests() {
        refuse(&["message"], "it takes a stream", "write `messages: [ { send: … } ]`");
    } else {
        refuse(&["messages"], "it takes one message", "write `message: { … }`");
    }
}

/// Checks that look into the one message of a response, where there are many.
pub(super) fn refuse_checks(
    call: &Call,
    checks: &[Check],
    request: &Fields<'_>,
    reader: &mut Reader,
) {
    let Some(entry) = request.entry("checks").filter(|_| call.kind.streams_responses()) else {
        return;
    };
    if checks.iter().any(Check::reads_body) {
        reader.problem_with_help(
            &entry.key_at,
            "a stream has many messages, and a check looks at one",
            "what the stream must bring stands in `until` or `expect`; checks take `status`, \
             `header` and `duration` here",
        );
    }
}

fn steps(
    method: &MethodDescriptor,
    kind: CallKind,
    input: &MessageType,
    request: &Fields<'_>,
    reader: &mut Reader,
) -> Vec<CallStep> {
    if !kind.streams_requests() {
        let message = match request.get("message") {
            Some(node) => fields::message(node, input, reader),
            // All fields have their defaults.
            None => Some(CallMessage::Fixed(Vec::new())),
        };
        return message.into_iter().map(CallStep::Send).collect();
    }
    let Some(node) = request.get("messages") else {
        if request.get("message").is_none() {
            let text = format!("`{}` takes a stream of messages", method.name());
            let help = "write `messages: [ { send: { … } } ]`";
            reader.problem_with_help(&request.at, text, help);
        }
        return Vec::new();
    };
    let mut steps = Steps { input, kind, reader };
    let steps = steps.read(node, 0);
    if steps.is_empty() && matches!(&node.value, Value::List(items) if items.is_empty()) {
        reader.problem(&node.at, "`messages` sends nothing");
    }
    steps
}

struct Steps<'a> {
    input: &'a MessageType,
    kind: CallKind,
    reader: &'a mut Reader,
}

impl Steps<'_> {
    fn read(&mut self, node: &Node, depth: u32) -> Vec<CallStep> {
        let items = self.reader.list(node, "steps like { send: … } and { expect: … }");
        items.iter().filter_map(|item| self.step(item, depth)).collect()
    }

    fn step(&mut self, node: &Node, depth: u32) -> Option<CallStep> {
        let fields = self.reader.fields(node, &node.at, &STEP)?;
        let kinds = ["send", "expect", "think", "repeat"];
        let entry = messages::kind_of_step(&fields, &kinds, "call", self.reader)?;
        match entry.key.as_str() {
            "send" => fields::message(&entry.node, self.input, self.reader).map(CallStep::Send),
            "expect" => self.expect(entry),
            "think" => self.reader.duration(&entry.node).map(CallStep::Think),
            _ => self.repeat(entry, &fields, depth),
        }
    }

    fn expect(&mut self, entry: &Entry) -> Option<CallStep> {
        if !self.kind.streams_responses() {
            self.reader.problem_with_help(
                &entry.key_at,
                "this method's server answers once, when the stream has ended",
                "what its answer must be stands in `checks`",
            );
            return None;
        }
        let (what, within) = messages::expected(&entry.node, self.reader)?;
        Some(CallStep::Expect { what: Expected::compile(&what).ok()?, within })
    }

    fn repeat(&mut self, entry: &Entry, fields: &Fields<'_>, depth: u32) -> Option<CallStep> {
        if depth > 0 {
            self.reader.problem(&entry.key_at, "`repeat` stands in no other `repeat`");
            return None;
        }
        let times = self.reader.number(&entry.node, "a number from 1 on", |times: u32| {
            (1..=MOST_ROUNDS).contains(&times)
        });
        let Some(body) = fields.get("do") else {
            self.reader.problem_with_help(
                &entry.key_at,
                "`repeat` needs the steps that it repeats",
                "write `{ repeat: 10, do: [ { send: … } ] }`",
            );
            return None;
        };
        let steps = self.read(body, depth + 1);
        if steps.is_empty() && matches!(&body.value, Value::List(items) if items.is_empty()) {
            self.reader.problem(&body.at, "`repeat` with no steps does nothing");
        }
        Some(CallStep::Repeat { times: times?, steps })
    }
}
