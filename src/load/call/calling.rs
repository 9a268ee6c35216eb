//! What is said and waited for in a call, compiled.

use std::time::Duration;

use bytes::Bytes;

use crate::flow::Call;
use crate::flow::CallMessage;
use crate::flow::CallStep;
use crate::flow::Context;
use crate::flow::Expected;
use crate::flow::MessageType;
use crate::flow::RenderError;
use crate::flow::Template;
use crate::http::grpc;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::model::CallKind;
use crate::model::GrpcCode;
use crate::model::Header;
use crate::model::Request;

/// A call.
#[derive(Debug)]
pub(in crate::load) struct Calling {
    pub(super) kind: CallKind,
    input: MessageType,
    pub(super) output: MessageType,
    pub(super) steps: Vec<Step>,
    /// Loops among the steps.
    pub(super) loops: usize,
    /// For the whole call; `None` leaves it to the waits within it.
    pub(super) timeout: Option<Nanos>,
    /// For the first answer.
    pub(super) patience: Nanos,
    /// From then on from one message to the next; `Nanos::MAX` is no limit.
    pub(super) within: Nanos,
    pub(super) max_receive: u32,
    pub(super) count: Option<u64>,
    pub(super) hold: Option<Nanos>,
    pub(super) until: Option<Expected>,
    /// Codes that count as success.
    expected: u32,
    /// Compressed messages were offered to be read.
    pub(super) takes_gzip: bool,
}

/// A step of a call; loops are jumps.
#[derive(Debug)]
pub(super) enum Step {
    Send(Payload),
    Expect { what: Expected, within: Nanos },
    Think(Nanos),
    Begin { index: usize, times: u32 },
    Again { index: usize, to: usize },
}

/// A message that is sent.
#[derive(Debug)]
pub(super) enum Payload {
    /// As it stands on the wire.
    Fixed(Bytes),
    /// JSON with slots.
    Template(Template),
}

/// Why a message cannot be sent.
#[derive(Debug)]
pub(in crate::load) enum PayloadError {
    /// A value is missing.
    Render(RenderError),
    /// What the values make of it is no message of its type.
    Type(String),
}

impl Calling {
    /// The call that `request` opens, which gets the fields that make it one; `timeout` holds for
    /// what has no time of its own.
    pub(in crate::load) fn compile(
        call: &Call,
        request: &mut Request,
        codes: &[u16],
        timeout: Duration,
    ) -> Self {
        let is_unary = call.kind == CallKind::Unary;
        let whole = call.timeout.or(is_unary.then_some(timeout));
        dress(request, whole);
        let patience = nanos(call.within.unwrap_or(timeout));
        let silence = if call.until.hold.is_some() { Nanos::MAX } else { patience };
        let coding =
            request.header("grpc-accept-encoding").map(|header| header.text().into_owned());
        let takes_gzip =
            coding.is_some_and(|coding| coding.split(',').any(|name| name.trim() == "gzip"));
        let mut calling = Self {
            kind: call.kind,
            input: call.input.clone(),
            output: call.output.clone(),
            steps: Vec::new(),
            loops: 0,
            timeout: whole.map(nanos),
            patience,
            within: call.within.map_or(silence, nanos),
            max_receive: call.max_receive,
            count: call.until.count,
            hold: call.until.hold.map(nanos),
            until: call.until.message.clone(),
            expected: codes.iter().fold(0, |set, code| set | 1 << (code % 32)),
            takes_gzip,
        };
        if codes.is_empty() {
            calling.expected = 1 << GrpcCode::Ok.number();
        }
        calling.add(&call.steps);
        if let (false, Some(Step::Send(Payload::Fixed(frame)))) =
            (call.kind.streams_requests(), calling.steps.first())
        {
            request.body = frame.to_vec();
        }
        calling
    }

    fn add(&mut self, steps: &[CallStep]) {
        for step in steps {
            let step = match step {
                CallStep::Send(CallMessage::Fixed(message)) => {
                    let mut bytes = Vec::with_capacity(message.len() + 5);
                    grpc::frame(message, &mut bytes);
                    Step::Send(Payload::Fixed(bytes.into()))
                }
                CallStep::Send(CallMessage::Template(json)) => {
                    Step::Send(Payload::Template(json.clone()))
                }
                CallStep::Expect { what, within } => {
                    Step::Expect { what: what.clone(), within: within.map_or(self.patience, nanos) }
                }
                CallStep::Think(pause) => Step::Think(nanos(*pause)),
                CallStep::Repeat { times, steps } => {
                    let index = self.loops;
                    self.loops += 1;
                    self.steps.push(Step::Begin { index, times: *times });
                    let to = self.steps.len();
                    self.add(steps);
                    Step::Again { index, to }
                }
            };
            self.steps.push(step);
        }
    }

    /// Whether either side is a stream.
    pub(super) fn is_stream(&self) -> bool {
        self.kind != CallKind::Unary
    }

    pub(super) fn is_expected(&self, code: GrpcCode) -> bool {
        self.expected >> code.number() & 1 == 1
    }

    /// Whether the call goes on until a certain message has come.
    pub(super) fn awaits_message(&self) -> bool {
        self.count.is_some() || self.until.is_some()
    }

    /// The frame that is all of the request, where that is not always the same.
    pub(in crate::load) fn only_frame(
        &self,
        context: &Context<'_>,
    ) -> Option<Result<Bytes, PayloadError>> {
        match (self.kind.streams_requests(), self.steps.first()) {
            (false, Some(Step::Send(payload @ Payload::Template(_)))) => {
                Some(self.frame(payload, context))
            }
            _ => None,
        }
    }

    /// The message as it stands on the wire.
    pub(super) fn frame(
        &self,
        payload: &Payload,
        context: &Context<'_>,
    ) -> Result<Bytes, PayloadError> {
        let json = match payload {
            Payload::Fixed(frame) => return Ok(frame.clone()),
            Payload::Template(json) => json,
        };
        let mut text = Vec::new();
        json.render(context, &mut text).map_err(PayloadError::Render)?;
        let mut message = Vec::new();
        self.input
            .encode(&text, &mut message)
            .map_err(|error| PayloadError::Type(format!("no `{}`: {error}", self.input.name())))?;
        let mut frame = Vec::with_capacity(message.len() + 5);
        grpc::frame(&message, &mut frame);
        Ok(frame.into())
    }
}

/// The fields of a call, in the order that gRPC's own description gives them.
fn dress(request: &mut Request, timeout: Option<Duration>) {
    let mut fields = Vec::new();
    if let Some(timeout) = timeout {
        fields.push(("grpc-timeout", grpc::timeout_field(timeout)));
    }
    fields.push(("te", "trailers".to_owned()));
    fields.push(("content-type", "application/grpc".to_owned()));
    fields.retain(|(name, _)| request.header(name).is_none());
    request.headers.splice(..0, fields.into_iter().map(|(name, value)| Header::new(name, value)));
}
