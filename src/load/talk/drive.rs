//! A shard's side of sessions and streams: bytes in and out, timers, ends.

use std::io;

use super::dialogue::Dialogue;
use super::line::Around;
use super::line::Line;
use super::line::State;
use super::line::Talk;
use super::turn::SessionTurn;
use super::turn::StreamTurn;
use crate::http::h1::Head;
use crate::http::h1::Progress;
use crate::http::h1::ResponseSink;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::load::exchange::stream_failure;
use crate::load::receive::Intake;
use crate::load::receive::Reading;
use crate::load::shard::Shard;
use crate::load::timers::Timer;
use crate::load::user::Doing;
use crate::model::Failure;
use crate::model::FailureClass;

/// Bursts of messages that one session sends before the others have their turn.
const BURSTS_PER_TURN: u32 = 4;

impl<R: Reactor> Shard<'_, R> {
    /// Makes the user ready for what its request goes on with, if anything.
    pub(in crate::load) fn begin_talk(&mut self, number: u32) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        if user.prepared(program).dialogue.is_none() {
            user.talk = None;
        } else {
            user.talk.get_or_insert_default().restart();
        }
    }

    /// Takes what came on the connection of a session or stream.
    pub(in crate::load) fn take_talk(
        &mut self,
        number: u32,
        slot: u32,
        bytes: &[u8],
        now: Nanos,
    ) -> Reading {
        let Some(mut talk) = self.users[number as usize].talk.take() else {
            return Reading::Drained;
        };
        let was_open = talk.is_open();
        let outcome = self.hear(&mut talk, number, slot, bytes, now);
        let is_open = talk.is_open();
        let user = &mut self.users[number as usize];
        user.talk = Some(talk);
        if is_open && !was_open {
            // From here on every wait has its own time.
            user.deadline = Nanos::MAX;
        }
        match outcome {
            Ok(Some(reading)) => reading,
            Ok(None) if is_open => self.say(number, slot, now),
            Ok(None) => Reading::Drained,
            Err(failure) => Reading::Broken(failure),
        }
    }

    /// What came, into the talk; a reading where that was an ordinary response.
    fn hear(
        &mut self,
        talk: &mut Talk,
        number: u32,
        slot: u32,
        bytes: &[u8],
        now: Nanos,
    ) -> Result<Option<Reading>, Failure> {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let dialogue = program.requests[user.request as usize].dialogue.as_deref();
        let Some(dialogue) = dialogue else { return Ok(None) };
        if user.moments.first_byte == 0 {
            user.moments.first_byte = now;
        }
        let series = &mut self.series[user.series as usize];
        let mut around = Around {
            counts: series.messages.get_or_insert_default(),
            rng: &mut self.rng,
            now,
            program,
            scenario: user.scenario,
            vu: user.vu,
            user: &mut user.session,
            rendered: &mut self.message,
        };
        if let (Dialogue::WebSocket(session), true) = (dialogue, talk.is_open()) {
            user.received += bytes.len() as u64;
            return hear_session(talk, session, bytes, &mut around).map(|()| None);
        }
        let names = &program.observe;
        let from = number as usize * names.len();
        let mut sink = Opening {
            intake: Intake {
                status: &mut user.status,
                sample: &mut user.sample,
                odd: None,
                chain: None,
                trace: user.trace.as_deref_mut(),
                keeping: None,
                cookies: program.keeps_cookies().then_some(&mut user.cookies),
                drawn: user.drawn.as_deref_mut(),
                names,
                observed: &mut series.observed,
                seen: &mut self.seen[from..from + names.len()],
            },
            dialogue,
            talk,
            sent: user.moments.sending,
            began: user.moments.began,
            around: &mut around,
            refused: None,
        };
        let fed = self.links[slot as usize].parser.feed(bytes, &mut sink)?;
        let refused = sink.refused.take();
        user.received += fed.consumed as u64;
        if let Some(failure) = refused {
            return Err(failure);
        }
        let rest = &bytes[fed.consumed..];
        match (dialogue, fed.progress) {
            (_, Progress::NeedMore) => Ok(None),
            (Dialogue::WebSocket(session), Progress::Complete) if talk.is_open() => {
                user.received += rest.len() as u64;
                hear_session(talk, session, rest, &mut around).map(|()| None)
            }
            (Dialogue::Events(_), Progress::Complete) if talk.is_open() => {
                talk.line.closed(dialogue);
                Ok(None)
            }
            (_, Progress::Complete) => {
                Ok(Some(Reading::Complete { leftover: !rest.is_empty(), at: now }))
            }
        }
    }

    /// Sends what there is to say, and notes how long the next wait may be.
    fn say(&mut self, number: u32, slot: u32, now: Nanos) -> Reading {
        for _ in 0..BURSTS_PER_TURN {
            let flushed = self.flush_talk(number, slot);
            let user = &mut self.users[number as usize];
            let Some(talk) = user.talk.as_deref_mut() else { return Reading::Drained };
            match (talk.line.outcome.take(), flushed) {
                (Some(Ok(())), _) => return Reading::SessionOver(now),
                (Some(Err(failure)), _) | (None, Err(failure)) => return Reading::Broken(failure),
                (None, Ok(false)) => {
                    self.set_alarm(number);
                    return Reading::Drained;
                }
                (None, Ok(true)) if talk.line.state != State::Going => {
                    self.set_alarm(number);
                    return Reading::Drained;
                }
                (None, Ok(true)) => self.advance(number, now),
            }
        }
        // The others have their turn first.
        if let Some(talk) = self.users[number as usize].talk.as_deref_mut() {
            (talk.line.until, talk.line.alarm) = (now, now);
            self.timers.set(now, number, Timer::Think);
        }
        Reading::Drained
    }

    fn advance(&mut self, number: u32, now: Nanos) {
        self.with_talk(number, now, |line, dialogue, around| {
            if let Dialogue::WebSocket(session) = dialogue {
                line.advance(session, around);
            }
        });
    }

    /// Lets the user's dialogue go on by `act`.
    fn with_talk(
        &mut self,
        number: u32,
        now: Nanos,
        act: impl FnOnce(&mut Line, &Dialogue, &mut Around<'_>),
    ) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let dialogue = program.requests[user.request as usize].dialogue.as_deref();
        let (Some(dialogue), Some(talk)) = (dialogue, user.talk.as_deref_mut()) else { return };
        let mut around = Around {
            counts: self.series[user.series as usize].messages.get_or_insert_default(),
            rng: &mut self.rng,
            now,
            program,
            scenario: user.scenario,
            vu: user.vu,
            user: &mut user.session,
            rendered: &mut self.message,
        };
        act(&mut talk.line, dialogue, &mut around);
    }

    /// Hands frames to the kernel; true once there is none left.
    fn flush_talk(&mut self, number: u32, slot: u32) -> Result<bool, Failure> {
        let failed = |error: io::Error| stream_failure("sending", &error);
        let Some(talk) = self.users[number as usize].talk.as_deref_mut() else { return Ok(true) };
        let line = &mut talk.line;
        if let Some(tls) = &mut self.links[slot as usize].tls {
            if !line.out.is_empty() {
                tls.encrypt(&line.out).map_err(failed)?;
                line.bytes_sent += line.out.len() as u64;
                line.out.clear();
            }
            return self.flush_tls(slot);
        }
        while line.written < line.out.len() {
            match self.reactor.write(slot, &line.out[line.written..]) {
                Ok(count) => {
                    line.written += count;
                    line.bytes_sent += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(failed(error)),
            }
        }
        line.out.clear();
        line.written = 0;
        Ok(true)
    }

    /// At most one timer stands for a talk, or few: it moves on to the wait of the moment.
    fn set_alarm(&mut self, number: u32) {
        let Some(talk) = self.users[number as usize].talk.as_deref_mut() else { return };
        let line = &mut talk.line;
        if line.until == Nanos::MAX || (line.alarm != 0 && line.alarm <= line.until) {
            return;
        }
        line.alarm = line.until;
        let timer = if line.state == State::Thinking { Timer::Think } else { Timer::Answer };
        self.timers.set(line.until, number, timer);
    }

    /// A timer of a talk has come up; it may be one of an earlier wait.
    pub(in crate::load) fn talk_timer(&mut self, number: u32, at: Nanos, now: Nanos) {
        let slot = self.slot(number);
        let Some(talk) = self.users[number as usize].talk.as_deref_mut() else { return };
        if !talk.is_open() || talk.line.alarm != at {
            return;
        }
        talk.line.alarm = 0;
        if talk.line.until <= now {
            self.with_talk(number, now, Line::time_is_up);
        }
        let reading = self.say(number, slot, now);
        self.settle_talk(number, slot, reading);
    }

    /// There is room to send again; false where that is the request's affair.
    pub(in crate::load) fn talk_writable(&mut self, number: u32, slot: u32) -> bool {
        let is_open = |talk: &Talk| talk.is_open();
        if !self.users[number as usize].talk.as_deref().is_some_and(is_open) {
            return false;
        }
        let now = self.reactor.now();
        let reading = self.say(number, slot, now);
        self.settle_talk(number, slot, reading);
        true
    }

    /// The peer sends no more; false where that is the response's affair.
    pub(in crate::load) fn talk_closed(&mut self, number: u32, slot: u32) -> bool {
        let user = &mut self.users[number as usize];
        let dialogue = self.shared.program.requests[user.request as usize].dialogue.as_deref();
        let (Some(dialogue), Some(talk)) = (dialogue, user.talk.as_deref_mut()) else {
            return false;
        };
        if !talk.is_open() {
            return false;
        }
        talk.line.closed(dialogue);
        let outcome = talk.line.outcome.take();
        let now = self.reactor.now();
        let reading = match outcome {
            Some(Err(failure)) => Reading::Broken(failure),
            Some(Ok(())) | None => Reading::SessionOver(now),
        };
        self.settle_talk(number, slot, reading);
        true
    }

    fn settle_talk(&mut self, number: u32, slot: u32, reading: Reading) {
        if self.users[number as usize].doing != Doing::Exchanging {
            return;
        }
        match reading {
            Reading::SessionOver(now) => self.session_done(number, slot, now),
            Reading::Broken(failure) => self.fail_and_go_on(number, &failure),
            _ => {}
        }
    }

    /// The session or stream has come to its end as it should.
    pub(in crate::load) fn session_done(&mut self, number: u32, slot: u32, now: Nanos) {
        self.end_sample(number, None, now);
        self.close_link(slot);
        let measured = self.talk_ended(number, now).unwrap_or(now);
        self.count_conversation(number, measured, now);
    }

    /// Counts an open session or stream that ends now; says where the exchange's own figures end.
    pub(in crate::load) fn talk_ended(&mut self, number: u32, now: Nanos) -> Option<Nanos> {
        let user = &mut self.users[number as usize];
        let talk = user.talk.as_deref_mut().filter(|talk| talk.is_open())?;
        let counts = self.series[user.series as usize].messages.get_or_insert_default();
        counts.closed(now.saturating_sub(user.moments.began));
        user.written += usize::try_from(talk.line.bytes_sent).unwrap_or(usize::MAX);
        let opened = talk.line.opened;
        talk.restart();
        Some(opened)
    }
}

fn hear_session(
    talk: &mut Talk,
    session: &super::dialogue::Session,
    bytes: &[u8],
    around: &mut Around<'_>,
) -> Result<(), Failure> {
    let Talk { decoder, line, .. } = talk;
    decoder.feed(bytes, &mut SessionTurn { session, line, around }).map_err(Into::into)
}

/// The response that opens a talk, and the body that is a stream.
struct Opening<'a, 'b> {
    intake: Intake<'a>,
    dialogue: &'a Dialogue,
    talk: &'a mut Talk,
    /// When the request was sent, and when its connection was begun.
    sent: Nanos,
    began: Nanos,
    around: &'a mut Around<'b>,
    refused: Option<Failure>,
}

impl ResponseSink for Opening<'_, '_> {
    fn head(&mut self, head: &Head<'_>) {
        self.intake.head(head);
        let agreed = match self.dialogue {
            Dialogue::WebSocket(session) if head.status == 101 => {
                session.handshake.verify(head).map_err(Failure::from)
            }
            Dialogue::Events(_) if head.status == 200 => is_event_stream(head),
            // An answer like any other: its status says what it is.
            Dialogue::WebSocket(_) | Dialogue::Events(_) => return,
        };
        match agreed {
            Ok(()) => {
                self.around.counts.opened(self.around.now.saturating_sub(self.began));
                self.talk.line.open(self.dialogue, self.sent, self.around);
            }
            Err(failure) => self.refused = Some(failure),
        }
    }

    fn body(&mut self, data: &[u8]) {
        self.intake.body(data);
        if let (Dialogue::Events(stream), true) = (self.dialogue, self.talk.is_open()) {
            let Talk { events, line, .. } = &mut *self.talk;
            events.feed(data, &mut StreamTurn { stream, line, around: self.around });
        }
    }
}

fn is_event_stream(head: &Head<'_>) -> Result<(), Failure> {
    let value = head.field("content-type").unwrap_or_default();
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if kind.eq_ignore_ascii_case(b"text/event-stream") {
        return Ok(());
    }
    let detail = match value {
        [] => "the response is no event stream: it has no Content-Type".to_owned(),
        value => {
            format!("the response is no event stream but `{}`", String::from_utf8_lossy(value))
        }
    };
    Err(Failure::new(FailureClass::Protocol, detail))
}
