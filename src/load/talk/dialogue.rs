//! What is said and waited for, compiled.

use std::time::Duration;

use crate::flow::ExpectationError;
use crate::flow::Expected;
use crate::http::reactor::Nanos;
use crate::http::ws::Handshake;
use crate::http::ws::Opcode;
use crate::load::schedule::nanos;
use crate::model::EventStream;
use crate::model::MessageStep;
use crate::model::WebSocketSession;

/// How a request goes on.
#[derive(Debug)]
pub(in crate::load) enum Dialogue {
    WebSocket(Session),
    Events(Stream),
}

/// A WebSocket session.
#[derive(Debug)]
pub(in crate::load) struct Session {
    pub(super) handshake: Handshake,
    pub(super) steps: Vec<Step>,
    /// Loops among the steps.
    pub(super) loops: usize,
    /// For the end of the closing handshake.
    pub(super) timeout: Nanos,
    pub(super) max_duration: Nanos,
}

/// A step of a session; loops are jumps.
#[derive(Debug)]
pub(super) enum Step {
    Send { opcode: Opcode, payload: Vec<u8> },
    Expect { what: Expected, within: Nanos },
    Think(Nanos),
    Begin { index: usize, times: u32 },
    Again { index: usize, to: usize },
    Close(u16),
}

/// A stream of events.
#[derive(Debug)]
pub(in crate::load) struct Stream {
    pub(super) events: Option<u64>,
    pub(super) hold: Option<Nanos>,
    pub(super) until: Option<Expected>,
    /// `Nanos::MAX` for no limit.
    pub(super) within: Nanos,
}

impl Dialogue {
    /// A session; `timeout` holds for what has no time of its own.
    pub(in crate::load) fn session(
        session: &WebSocketSession,
        handshake: Handshake,
        timeout: Duration,
    ) -> Result<Self, ExpectationError> {
        let mut compiled = Session {
            handshake,
            steps: Vec::new(),
            loops: 0,
            timeout: nanos(timeout),
            max_duration: session.max_duration.map_or(Nanos::MAX, nanos),
        };
        compiled.add(&session.steps)?;
        if !matches!(compiled.steps.last(), Some(Step::Close(_))) {
            compiled.steps.push(Step::Close(NORMAL));
        }
        Ok(Self::WebSocket(compiled))
    }

    /// A stream; `timeout` holds between two events, unless silence was asked for.
    pub(in crate::load) fn events(
        stream: &EventStream,
        timeout: Duration,
    ) -> Result<Self, ExpectationError> {
        let silence = if stream.hold.is_some() { Nanos::MAX } else { nanos(timeout) };
        Ok(Self::Events(Stream {
            events: stream.events,
            hold: stream.hold.map(nanos),
            until: stream.until.as_ref().map(Expected::compile).transpose()?,
            within: stream.within.map_or(silence, nanos),
        }))
    }
}

/// The session did what it was for (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;

impl Session {
    fn add(&mut self, steps: &[MessageStep]) -> Result<(), ExpectationError> {
        for step in steps {
            let step = match step {
                MessageStep::Send { payload, binary } => Step::Send {
                    opcode: if *binary { Opcode::Binary } else { Opcode::Text },
                    payload: payload.clone(),
                },
                MessageStep::Expect { what, within } => Step::Expect {
                    what: Expected::compile(what)?,
                    within: within.map_or(self.timeout, nanos),
                },
                MessageStep::Think(pause) => Step::Think(nanos(*pause)),
                MessageStep::Close(code) => Step::Close(*code),
                MessageStep::Repeat { times, steps } => {
                    let index = self.loops;
                    self.loops += 1;
                    self.steps.push(Step::Begin { index, times: *times });
                    let to = self.steps.len();
                    self.add(steps)?;
                    Step::Again { index, to }
                }
            };
            self.steps.push(step);
        }
        Ok(())
    }
}
