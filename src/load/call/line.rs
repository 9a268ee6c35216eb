//! Where a user stands in its call.

use super::calling::Calling;
use super::calling::PayloadError;
use super::calling::Step;
use crate::flow::Context;
use crate::http::grpc::Answer;
use crate::http::grpc::Decoder;
use crate::http::grpc::Verdict;
use crate::http::reactor::Nanos;
use crate::load::messages::MessageCounts;
use crate::load::mux::Carrier;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::GrpcCode;

/// With so much unsent, no further message is encoded before the server has taken some of it.
const HIGH_WATER: usize = 64 * 1024;

/// One user's call; it outlives its calls, and keeps its memory.
#[derive(Debug, Default)]
pub(in crate::load) struct Line {
    pub(super) decoder: Decoder,
    pub(super) answer: Answer,
    pub(super) state: State,
    /// When the answer began, 0 until then.
    pub(super) opened: Nanos,
    /// What the latency of the next message counts from.
    pub(super) asked: Nanos,
    /// When the whole call has taken too long.
    pub(super) deadline: Nanos,
    /// When the wait is over, whatever it is for.
    pub(super) until: Nanos,
    /// The timer that stands for it; 0 is none.
    pub(super) alarm: Nanos,
    at: usize,
    /// Rounds left, by loop.
    left: Vec<u32>,
    /// Messages of this call.
    sent: u32,
    pub(super) received: u64,
    pub(super) heard: super::hear::Heard,
    /// How it ended, where that is ours to say.
    pub(super) outcome: Option<Result<(), Failure>>,
    /// What the server has said of it.
    pub(super) code: Option<GrpcCode>,
    /// In the shard's list of lines that have something to do.
    pub(super) is_noted: bool,
    /// Its stream has ended on the wire.
    pub(super) has_ended: bool,
}

/// What it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// The user's request is no call, or its call is over.
    #[default]
    Idle,
    /// It has no stream yet.
    Opening,
    /// The next step can be taken.
    Going,
    /// The server is to take what was sent.
    Stalled,
    /// A message is awaited.
    Expecting,
    Thinking,
    /// All was sent; what the server has to say is awaited.
    Listening,
    Over,
}

/// What a turn of a call needs from outside.
pub(super) struct Around<'a> {
    /// Of streams.
    pub(super) counts: Option<&'a mut MessageCounts>,
    pub(super) carrier: &'a mut Carrier,
    pub(super) lane: u32,
    pub(super) context: Context<'a>,
    pub(super) now: Nanos,
}

impl Line {
    /// Whether a call is under way.
    pub(in crate::load) fn is_active(&self) -> bool {
        self.state != State::Idle
    }

    /// What the server has said of the call that was the last.
    pub(in crate::load) fn code(&self) -> Option<GrpcCode> {
        self.code
    }

    /// Forgets the call before; a timer that stands is told apart by its time.
    pub(super) fn restart(&mut self, state: State, deadline: Nanos, now: Nanos) {
        let old = std::mem::take(self);
        let (mut left, mut heard) = (old.left, old.heard);
        left.clear();
        heard.restart();
        // One that has come up meanwhile has found nobody.
        let alarm = if old.alarm > now { old.alarm } else { 0 };
        let until = deadline;
        *self = Self { state, deadline, until, alarm, left, heard, ..Self::default() };
    }

    /// Its stream has come to nothing, and it is to have another one.
    pub(in crate::load) fn reopen(&mut self, now: Nanos) {
        self.restart(State::Opening, self.deadline, now);
    }

    /// The call gets its stream; what came of an earlier one does not count.
    pub(super) fn begin(&mut self, calling: &Calling, now: Nanos) {
        self.restart(State::Going, self.deadline, now);
        self.asked = now;
        self.left.resize(calling.loops, 0);
    }

    /// Takes steps up to one that has to wait, or until there is enough to send.
    pub(super) fn advance(
        &mut self,
        calling: &Calling,
        around: &mut Around<'_>,
    ) -> Result<(), PayloadError> {
        while self.state == State::Going {
            if around.carrier.backlog(around.lane) >= HIGH_WATER {
                self.wait(State::Stalled, around.now.saturating_add(calling.patience));
                break;
            }
            let Some(step) = calling.steps.get(self.at) else {
                around.carrier.finish(around.lane);
                self.listen(calling, around.now);
                break;
            };
            self.at += 1;
            match step {
                Step::Send(payload) => {
                    let frame = calling.frame(payload, &self.draw(around.context))?;
                    around.carrier.send(around.lane, frame);
                    self.note_sent(around);
                }
                Step::Expect { within, .. } => {
                    self.at -= 1;
                    self.wait(State::Expecting, around.now.saturating_add(*within));
                }
                Step::Think(pause) => {
                    self.wait(State::Thinking, around.now.saturating_add(*pause));
                }
                Step::Begin { index, times } => self.left[*index] = *times,
                Step::Again { index, to } => {
                    self.left[*index] -= 1;
                    if self.left[*index] > 0 {
                        self.at = *to;
                    }
                }
            }
        }
        Ok(())
    }

    /// The request's only message is on its way with its head.
    pub(super) fn said_all(
        &mut self,
        calling: &Calling,
        counts: Option<&mut MessageCounts>,
        now: Nanos,
    ) {
        if let Some(counts) = counts {
            counts.sent();
        }
        self.listen(calling, now);
    }

    /// Every message of a stream draws its own random values.
    fn draw<'a>(&self, context: Context<'a>) -> Context<'a> {
        Context { message: self.sent, ..context }
    }

    fn note_sent(&mut self, around: &mut Around<'_>) {
        self.sent = self.sent.wrapping_add(1);
        self.asked = around.now;
        if let Some(counts) = &mut around.counts {
            counts.sent();
        }
    }

    pub(super) fn wait(&mut self, state: State, until: Nanos) {
        (self.state, self.until) = (state, until.min(self.deadline));
    }

    /// Waits for what the server has to say, as long as that may take.
    pub(super) fn listen(&mut self, calling: &Calling, now: Nanos) {
        if calling.count.is_some_and(|count| self.received >= count) {
            return self.end(Ok(()));
        }
        if !calling.is_stream() {
            return self.wait(State::Listening, self.deadline);
        }
        let (within, hold) = match self.opened {
            0 => (calling.patience, Nanos::MAX),
            opened => (
                calling.within,
                calling.hold.map_or(Nanos::MAX, |hold| opened.saturating_add(hold)),
            ),
        };
        self.wait(State::Listening, now.saturating_add(within).min(hold));
    }

    /// The server has taken all that there was to say. True where there is more: a timer at `now`
    /// is to go on with it, so that the others have their turn first.
    pub(in crate::load) fn drained(&mut self, now: Nanos) -> bool {
        let is_stalled = self.state == State::Stalled;
        if is_stalled {
            (self.state, self.until, self.alarm) = (State::Thinking, now, now);
        }
        is_stalled
    }

    /// The call's stream has ended on the wire.
    pub(in crate::load) fn stream_ended(&mut self) {
        self.has_ended = true;
    }

    /// What is awaited, where that is a certain message.
    pub(super) fn awaited<'a>(&self, calling: &'a Calling) -> Option<&'a crate::flow::Expected> {
        match (self.state, calling.steps.get(self.at)) {
            (State::Expecting, Some(Step::Expect { what, .. })) => Some(what),
            (State::Listening, _) => calling.until.as_ref(),
            _ => None,
        }
    }

    /// The message that a step has waited for has come.
    pub(super) fn go_on(&mut self) {
        self.at += 1;
        self.state = State::Going;
    }

    pub(super) fn end(&mut self, outcome: Result<(), Failure>) {
        self.state = State::Over;
        self.outcome.get_or_insert(outcome);
    }

    /// The wait is over, of a call that has its stream.
    pub(super) fn time_is_up(&mut self, calling: &Calling, now: Nanos) {
        let late = |class, text: &str| Err(Failure::new(class, text));
        let hold = calling.hold.map(|hold| self.opened.saturating_add(hold));
        let is_held = self.opened != 0 && hold.is_some_and(|end| now >= end);
        let is_listening = self.state == State::Listening;
        match self.state {
            State::Listening if is_held => self.end(Ok(())),
            _ if now >= self.deadline => self.end(late(FailureClass::GrpcDeadlineExceeded, LATE)),
            State::Thinking => self.state = State::Going,
            State::Stalled => {
                let text = "the server did not take the messages in time";
                self.end(late(FailureClass::SendTimeout, text));
            }
            State::Expecting | State::Listening => {
                let text = if is_listening && self.received == 0 {
                    "no answer came within the time it had"
                } else {
                    "no message came within the time it had"
                };
                self.end(late(FailureClass::MessageTimeout, text));
            }
            State::Idle | State::Opening | State::Going | State::Over => {}
        }
    }

    /// What came of the call, now that its stream has ended.
    pub(super) fn conclude(&mut self, calling: &Calling) -> Verdict {
        match self.outcome.take() {
            Some(Ok(())) => return Verdict::Code(GrpcCode::Ok, String::new()),
            Some(Err(failure)) => return Verdict::Broken(failure),
            None => {}
        }
        let verdict = self.answer.verdict();
        let Verdict::Code(code, _) = verdict else { return verdict };
        self.code = Some(code);
        let broken = |class, text: String| Verdict::Broken(Failure::new(class, text));
        if !self.decoder.is_between() {
            let text = "the response has ended in the middle of a message".to_owned();
            return broken(FailureClass::Protocol, text);
        }
        if code != GrpcCode::Ok {
            return verdict;
        }
        if !calling.kind.streams_responses() {
            return match self.received {
                1 => verdict,
                received => {
                    let text = format!("OK with {received} messages where there is to be one");
                    broken(FailureClass::Protocol, text)
                }
            };
        }
        if self.state != State::Listening {
            let text = "the server ended the call in the middle of it".to_owned();
            return broken(FailureClass::Closed, text);
        }
        if calling.awaits_message() {
            let text = "the stream ended before the message that it was read for".to_owned();
            return broken(FailureClass::Closed, text);
        }
        verdict
    }
}

/// What is said of a call that has taken too long.
pub(super) const LATE: &str = "the call was not over within its time";
