//! One request of the plan, judged and encoded: what is sent is bytes that lie ready.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::carriage::Carriage;
use super::destination::Origins;
use super::statuses::StatusSet;
use crate::flow::MessageScript;
use crate::flow::Script;
use crate::http::h1;
use crate::http::h1::RequestKind;
use crate::http::message::Message;
use crate::http::message::MessageError;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::http::route;
use crate::http::ws::Handshake;
use crate::load::call::Calling;
use crate::load::error::LoadError;
use crate::load::look::Numbered;
use crate::load::script::Wire;
use crate::load::talk::Dialogue;
use crate::model::ConnectionReuse;
use crate::model::Conversation;
use crate::model::Header;
use crate::model::OutOfScope;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::plan::Plan;

/// A request as bytes.
#[derive(Debug)]
pub(in crate::load) struct Prepared {
    pub(in crate::load) bytes: Vec<u8>,
    pub(in crate::load) kind: RequestKind,
    /// Index of its origin.
    pub(in crate::load) origin: u32,
    pub(in crate::load) carriage: Carriage,
    /// Of a request that goes over HTTP/2 or HTTP/3.
    pub(in crate::load) message: Option<Message>,
    /// Instead of `bytes` and `message`, where the request differs from one sending to the next.
    pub(in crate::load) wire: Option<Box<Wire>>,
    /// Of a request that somebody sends: the number of their login.
    pub(in crate::load) login: Option<u32>,
    /// What it goes on with after its response has begun.
    pub(in crate::load) dialogue: Option<Box<Dialogue>>,
    /// What is said, where it is a gRPC call.
    pub(in crate::load) call: Option<Box<Calling>>,
    /// Whether errors that GraphQL tells in the body are a failure.
    pub(in crate::load) fails_on_errors: bool,
    /// What is asserted of its response.
    pub(in crate::load) checks: Vec<Numbered>,
    pub(in crate::load) expected: StatusSet,
    /// May be sent again when a kept connection turns out to be closed (RFC 9110 §9.2.2).
    pub(in crate::load) is_idempotent: bool,
    /// Whether its connection may carry another one.
    pub(in crate::load) reuse: ConnectionReuse,
    /// Followed at most.
    pub(in crate::load) redirects: u32,
    /// Longest wait for the response.
    pub(in crate::load) timeout: Nanos,
    /// For exchanges that are offered to the tap.
    pub(in crate::load) request: Request,
}

/// The plan's request of that index. One that no flow sends is not judged: it may be there for scan
/// alone.
pub(super) fn prepare(
    plan: &Plan,
    index: usize,
    is_sent: bool,
    origins: &mut Origins<'_>,
) -> Result<Prepared, LoadError> {
    let template = &plan.requests[index];
    let script = plan.scripts.get(index);
    let messages = script.map(|script| script.messages.as_slice()).unwrap_or_default();
    let mut dressed = template.request.clone();
    let dialogue = dialogue(plan, template, messages, &mut dressed)?;
    let timeout = plan.connection.timeout;
    let call = script.and_then(|script| script.call.as_deref()).map(|call| {
        Box::new(Calling::compile(call, &mut dressed, &template.expected_statuses, timeout))
    });
    let request = &dressed;
    let carriage = Carriage::of(plan.connection.protocol_of(template));
    let mut prepared = Prepared {
        bytes: Vec::new(),
        kind: RequestKind::of(&request.method),
        origin: 0,
        carriage,
        message: None,
        wire: None,
        login: None,
        dialogue,
        call,
        fails_on_errors: script.is_some_and(|script| script.fails_on_errors),
        checks: Vec::new(),
        expected: StatusSet::of(expected_statuses(template)),
        is_idempotent: request.method.is_idempotent(),
        redirects: template.redirects,
        timeout: nanos(template.timeout.unwrap_or(plan.connection.timeout)),
        reuse: plan.connection.reuse,
        request: request.clone(),
    };
    if !is_sent {
        return Ok(prepared);
    }
    admit(plan, request, script)
        .map_err(|source| LoadError::OutOfScope { request: template.name.clone(), source })?;
    prepared.origin = origins.index_of(&request.origin, carriage)?;
    match script.filter(|script| !script.is_fixed()) {
        None => {
            prepared.bytes = encode(plan, template, request, carriage)?;
            prepared.message = message(template, request, carriage, &prepared.bytes)?;
            if prepared.call.is_some() {
                // A call's body may grow, so its length is not told.
                let whole = |message: Message| message.with_body(request.body.clone().into());
                prepared.message = prepared.message.take().map(whole);
            }
        }
        Some(script) => {
            let wire = Wire::compile(request, script, |marked| {
                let bytes = encode(plan, template, marked, carriage)?;
                message(template, request, carriage, &bytes).map(|_| bytes)
            })?;
            prepared.wire = Some(Box::new(wire));
        }
    }
    Ok(prepared)
}

/// A session is opened by 101 alone, a stream by 200: all else is no success.
fn expected_statuses(template: &RequestTemplate) -> &[u16] {
    match template.conversation {
        Conversation::Response => &template.expected_statuses,
        Conversation::WebSocket(_) => &[101],
        Conversation::Events(_) | Conversation::Grpc(_) => &[200],
    }
}

/// What the request goes on with; a WebSocket handshake is put into its headers.
fn dialogue(
    plan: &Plan,
    template: &RequestTemplate,
    messages: &[MessageScript],
    request: &mut Request,
) -> Result<Option<Box<Dialogue>>, LoadError> {
    let timeout = template.timeout.unwrap_or(plan.connection.timeout);
    let compiled = match &template.conversation {
        Conversation::Response | Conversation::Grpc(_) => return Ok(None),
        Conversation::WebSocket(session) => {
            let seed = plan.seed.derive(&format!("websocket key of {}", template.name));
            let key = StdRng::seed_from_u64(seed.0).random();
            let handshake = Handshake::new(request, key, &session.subprotocols);
            Dialogue::session(session, messages, handshake, timeout)
        }
        Conversation::Events(stream) => {
            if request.header("accept").is_none() {
                request.headers.push(Header::new("Accept", "text/event-stream"));
            }
            Dialogue::events(stream, timeout)
        }
    };
    compiled
        .map(|dialogue| Some(Box::new(dialogue)))
        .map_err(|source| LoadError::Expectation { request: template.name.clone(), source })
}

/// A path with slots is judged when it is known.
fn admit(plan: &Plan, request: &Request, script: Option<&Script>) -> Result<(), OutOfScope> {
    if script.is_some_and(|script| script.path.is_some()) {
        return plan.scope.judge_origin(&request.origin);
    }
    plan.scope.admit(request.clone()).map(|_| ())
}

/// The request's bytes: as HTTP/1.1 sends them, or as they are before they become HTTP/2's or
/// HTTP/3's.
fn encode(
    plan: &Plan,
    template: &RequestTemplate,
    request: &Request,
    carriage: Carriage,
) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    h1::encode(request, &plan.connection.headers, &mut bytes)
        .map_err(|source| LoadError::Encode { request: template.name.clone(), source })?;
    match carriage {
        Carriage::Http2 { .. } | Carriage::Http3 { .. } => {}
        Carriage::Alone | Carriage::Pipeline { .. } => {
            route::dress(&plan.connection.route, request, &mut bytes);
        }
    }
    Ok(bytes)
}

fn message(
    template: &RequestTemplate,
    request: &Request,
    carriage: Carriage,
    bytes: &[u8],
) -> Result<Option<Message>, LoadError> {
    message_of(carriage, request, bytes)
        .map_err(|source| LoadError::NotInFrames { request: template.name.clone(), source })
}

/// The request's form for HTTP/2 and HTTP/3, where one of them is spoken.
pub(in crate::load) fn message_of(
    carriage: Carriage,
    request: &Request,
    bytes: &[u8],
) -> Result<Option<Message>, MessageError> {
    match carriage {
        Carriage::Alone | Carriage::Pipeline { .. } => Ok(None),
        Carriage::Http2 { .. } | Carriage::Http3 { .. } => {
            Message::of_h1(request.origin.scheme.as_str(), bytes).map(Some)
        }
    }
}
