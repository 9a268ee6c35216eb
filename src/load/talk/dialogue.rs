//! What is said and waited for, compiled.

use std::time::Duration;

use crate::flow::ExpectationError;
use crate::flow::Expected;
use crate::flow::Extraction;
use crate::flow::MessageScript;
use crate::flow::Template;
use crate::flow::Variable;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::http::ws::Handshake;
use crate::http::ws::Opcode;
use crate::model::EventStream;
use crate::model::Expectation;
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
    Send { opcode: Opcode, payload: Payload },
    Expect { awaited: Awaited, within: Nanos },
    Think(Nanos),
    Begin { index: usize, times: u32 },
    Again { index: usize, to: usize },
    Close(u16),
}

/// What a message says.
#[derive(Debug)]
pub(super) enum Payload {
    Fixed(Vec<u8>),
    /// Is rendered each time it is sent.
    Varying(Template),
}

/// Which message is waited for, and what is taken out of it.
#[derive(Debug)]
pub(super) struct Awaited {
    what: Expected,
    pub(super) extract: Vec<Extraction>,
}

impl Awaited {
    /// Whether the message's bytes are looked at at all.
    pub(super) fn is_looked_at(&self) -> bool {
        !self.what.is_any() || !self.extract.is_empty()
    }

    /// Whether the message is the one.
    pub(super) fn is(&self, message: &[u8]) -> bool {
        self.what.matches(message)
    }
}

/// A stream of events.
#[derive(Debug)]
pub(in crate::load) struct Stream {
    pub(super) events: Option<u64>,
    pub(super) hold: Option<Nanos>,
    pub(super) until: Option<Awaited>,
    /// `Nanos::MAX` for no limit.
    pub(super) within: Nanos,
}

impl Dialogue {
    /// A session; `scripts` say what varies in its messages, and `timeout` holds for what has no
    /// time of its own.
    pub(in crate::load) fn session(
        session: &WebSocketSession,
        scripts: &[MessageScript],
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
        compiled.add(&session.steps, &mut scripts.iter())?;
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
            until: stream.until.as_ref().map(|what| awaited(what, None)).transpose()?,
            within: stream.within.map_or(silence, nanos),
        }))
    }

    /// Where a variable's value is taken out of one of its messages.
    pub(in crate::load) fn origin_of(&self, variable: Variable) -> Option<&Extraction> {
        let Self::WebSocket(session) = self else { return None };
        let taken = session.steps.iter().flat_map(|step| match step {
            Step::Expect { awaited, .. } => awaited.extract.as_slice(),
            _ => &[],
        });
        taken.into_iter().find(|extraction| extraction.variable == variable)
    }
}

fn awaited(
    what: &Expectation,
    script: Option<&MessageScript>,
) -> Result<Awaited, ExpectationError> {
    let extract = script.map(|script| script.extract.clone()).unwrap_or_default();
    Ok(Awaited { what: Expected::compile(what)?, extract })
}

/// The session did what it was for (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;

impl Session {
    fn add<'a>(
        &mut self,
        steps: &[MessageStep],
        scripts: &mut impl Iterator<Item = &'a MessageScript>,
    ) -> Result<(), ExpectationError> {
        for step in steps {
            let step = match step {
                MessageStep::Send { payload, binary } => {
                    let varying = scripts.next().and_then(|script| script.payload.clone());
                    Step::Send {
                        opcode: if *binary { Opcode::Binary } else { Opcode::Text },
                        payload: varying
                            .map_or_else(|| Payload::Fixed(payload.clone()), Payload::Varying),
                    }
                }
                MessageStep::Expect { what, within } => Step::Expect {
                    awaited: awaited(what, scripts.next())?,
                    within: within.map_or(self.timeout, nanos),
                },
                MessageStep::Think(pause) => Step::Think(nanos(*pause)),
                MessageStep::Close(code) => Step::Close(*code),
                MessageStep::Repeat { times, steps } => {
                    let index = self.loops;
                    self.loops += 1;
                    self.steps.push(Step::Begin { index, times: *times });
                    let to = self.steps.len();
                    self.add(steps, scripts)?;
                    Step::Again { index, to }
                }
            };
            self.steps.push(step);
        }
        Ok(())
    }
}
