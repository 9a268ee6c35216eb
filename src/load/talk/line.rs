//! Where a user stands in its dialogue.

use rand::Rng as _;
use rand::rngs::StdRng;

use super::dialogue::Awaited;
use super::dialogue::Dialogue;
use super::dialogue::Payload;
use super::dialogue::Session;
use super::dialogue::Step;
use crate::flow;
use crate::flow::RenderError;
use crate::flow::Template;
use crate::http::reactor::Nanos;
use crate::http::sse::EventParser;
use crate::http::ws;
use crate::http::ws::Decoder;
use crate::load::messages::MessageCounts;
use crate::load::program::Program;
use crate::model::Failure;
use crate::model::FailureClass;

/// With so much unsent, no further message is written before the peer has taken some of it.
const HIGH_WATER: usize = 64 * 1024;

/// One user's session or stream.
#[derive(Debug, Default)]
pub(in crate::load) struct Talk {
    pub(super) decoder: Decoder,
    pub(super) events: EventParser,
    pub(super) line: Line,
}

/// What it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// The response has not begun.
    #[default]
    Opening,
    /// The next step can be taken.
    Going,
    /// A message is awaited.
    Expecting,
    Thinking,
    /// The peer's close is awaited.
    Closing,
    /// Events come.
    Listening,
    Over,
}

/// Everything but the decoders, which hand what they find to it.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) state: State,
    /// When it was opened.
    pub(super) opened: Nanos,
    /// What the latency of the next answer counts from.
    pub(super) asked: Nanos,
    /// When the wait is over, whatever it is for.
    pub(super) until: Nanos,
    /// The timer that stands for it; 0 is none.
    pub(super) alarm: Nanos,
    at: usize,
    /// Messages sent so far.
    messages: u32,
    /// Rounds left, by loop.
    left: Vec<u32>,
    /// Frames, from `written` on not taken by the kernel yet.
    pub(super) out: Vec<u8>,
    pub(super) written: usize,
    pub(super) bytes_sent: u64,
    pub(super) heard: super::turn::Heard,
    pub(super) outcome: Option<Result<(), Failure>>,
}

/// What a turn of a dialogue needs from outside.
pub(super) struct Around<'a> {
    pub(super) counts: &'a mut MessageCounts,
    pub(super) rng: &'a mut StdRng,
    pub(super) now: Nanos,
    pub(super) program: &'a Program,
    /// Whose messages they are: its scenario, its number, and what it has taken out of responses.
    pub(super) scenario: u32,
    pub(super) vu: u64,
    pub(super) user: &'a mut flow::Session,
    /// For a message before it is framed.
    pub(super) rendered: &'a mut Vec<u8>,
}

impl Around<'_> {
    /// A new one for every frame: what is sent must not be foreseen (RFC 6455 §10.3).
    pub(super) fn mask(&mut self) -> [u8; 4] {
        self.rng.next_u32().to_ne_bytes()
    }

    /// What the message of that number says this time.
    fn render(&mut self, template: &Template, message: u32) -> Result<&[u8], RenderError> {
        self.rendered.clear();
        let context = self.user.context(self.vu, self.program.value_seed);
        template.render(&flow::Context { message, ..context }, self.rendered)?;
        Ok(self.rendered)
    }
}

impl Talk {
    /// Whether the handshake was accepted, or the stream has begun.
    pub(in crate::load) fn is_open(&self) -> bool {
        self.line.state != State::Opening
    }

    /// Forgets what it was, and keeps its memory. Timers that stand are told apart by their time.
    pub(in crate::load) fn restart(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        line.left.clear();
        line.out.clear();
        line.heard.restart();
        let fresh = Line { left: line.left, out: line.out, heard: line.heard, ..Line::default() };
        (self.decoder, self.events, self.line) =
            (Decoder::default(), EventParser::default(), fresh);
    }
}

impl Line {
    /// The handshake was accepted, or the stream has begun.
    pub(super) fn open(&mut self, dialogue: &Dialogue, sent: Nanos, around: &mut Around<'_>) {
        self.opened = around.now;
        match dialogue {
            Dialogue::WebSocket(session) => {
                self.asked = around.now;
                self.state = State::Going;
                self.left.resize(session.loops, 0);
                self.advance(session, around);
            }
            Dialogue::Events(stream) => {
                self.asked = sent;
                self.state = State::Listening;
                self.listen(stream.within, stream.hold, around.now);
            }
        }
    }

    /// Takes steps up to one that has to wait, or until there is enough to send.
    pub(super) fn advance(&mut self, session: &Session, around: &mut Around<'_>) {
        while self.state == State::Going && self.out.len() - self.written < HIGH_WATER {
            let limit = self.opened.saturating_add(session.max_duration);
            let Some(step) = session.steps.get(self.at) else { return };
            self.at += 1;
            match step {
                Step::Send { opcode, payload } => {
                    let mask = around.mask();
                    let payload = match payload {
                        Payload::Fixed(bytes) => Ok(bytes.as_slice()),
                        Payload::Varying(template) => around.render(template, self.messages),
                    };
                    match payload {
                        Ok(payload) => ws::frame(*opcode, payload, mask, &mut self.out),
                        Err(error) => {
                            let failure = around.program.unsendable(around.scenario, error);
                            return self.end(Err(failure));
                        }
                    }
                    around.counts.sent();
                    self.messages = self.messages.wrapping_add(1);
                    self.asked = around.now;
                }
                Step::Expect { within, .. } => {
                    self.at -= 1;
                    self.wait(State::Expecting, around.now.saturating_add(*within).min(limit));
                }
                Step::Think(pause) => {
                    self.wait(State::Thinking, around.now.saturating_add(*pause).min(limit));
                }
                Step::Begin { index, times } => self.left[*index] = *times,
                Step::Again { index, to } => {
                    self.left[*index] -= 1;
                    if self.left[*index] > 0 {
                        self.at = *to;
                    }
                }
                Step::Close(code) => {
                    let mask = around.mask();
                    ws::close_frame(*code, mask, &mut self.out);
                    self.wait(State::Closing, around.now.saturating_add(session.timeout));
                }
            }
        }
    }

    fn wait(&mut self, state: State, until: Nanos) {
        (self.state, self.until) = (state, until);
    }

    /// Waits for an event, as long as that may take.
    pub(super) fn listen(&mut self, within: Nanos, hold: Option<Nanos>, now: Nanos) {
        let hold = hold.map_or(Nanos::MAX, |hold| self.opened.saturating_add(hold));
        self.until = now.saturating_add(within).min(hold);
    }

    /// What is awaited, where that is a message of a session.
    pub(super) fn awaited<'a>(&self, session: &'a Session) -> Option<&'a Awaited> {
        match (self.state, session.steps.get(self.at)) {
            (State::Expecting, Some(Step::Expect { awaited, .. })) => Some(awaited),
            _ => None,
        }
    }

    /// What was awaited has come.
    pub(super) fn answered(&mut self, around: &mut Around<'_>) {
        around.counts.answered(around.now.saturating_sub(self.asked));
        self.asked = around.now;
    }

    /// Goes on after the message that was awaited.
    pub(super) fn go_on(&mut self, session: &Session, around: &mut Around<'_>) {
        self.at += 1;
        self.state = State::Going;
        self.advance(session, around);
    }

    pub(super) fn end(&mut self, outcome: Result<(), Failure>) {
        self.state = State::Over;
        self.outcome.get_or_insert(outcome);
    }

    /// The wait is over.
    pub(super) fn time_is_up(&mut self, dialogue: &Dialogue, around: &mut Around<'_>) {
        match dialogue {
            Dialogue::WebSocket(session) => self.session_time_is_up(session, around),
            Dialogue::Events(stream) => {
                let hold = stream.hold.map(|hold| self.opened.saturating_add(hold));
                if hold.is_some_and(|end| around.now >= end) {
                    self.end(Ok(()));
                } else {
                    self.end(Err(late("no event came within the time it had")));
                }
            }
        }
    }

    fn session_time_is_up(&mut self, session: &Session, around: &mut Around<'_>) {
        let limit = self.opened.saturating_add(session.max_duration);
        match self.state {
            State::Opening | State::Listening | State::Over => {}
            State::Closing => self.end(Ok(())),
            _ if around.now >= limit => {
                let text = "the session took longer than its `maxDuration`";
                self.end(Err(Failure::new(FailureClass::ReceiveTimeout, text)));
            }
            State::Expecting => self.end(Err(late("an expected message did not come in time"))),
            State::Going | State::Thinking => {
                self.state = State::Going;
                self.advance(session, around);
            }
        }
    }

    /// The connection has ended without a word.
    pub(super) fn closed(&mut self, dialogue: &Dialogue) {
        let cut = |text: &str| Err(Failure::new(FailureClass::Closed, text));
        let outcome = match dialogue {
            // Some servers leave out their half of the closing handshake.
            Dialogue::WebSocket(_) if self.state == State::Closing => Ok(()),
            Dialogue::WebSocket(_) => cut("the connection ended in the middle of the session"),
            Dialogue::Events(stream) if stream.events.is_some() || stream.until.is_some() => {
                cut("the stream ended before the event that it was read for")
            }
            Dialogue::Events(_) => Ok(()),
        };
        self.end(outcome);
    }
}

fn late(text: &str) -> Failure {
    Failure::new(FailureClass::MessageTimeout, text)
}
