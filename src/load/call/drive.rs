//! A shard's side of calls: frames out, timers, ends.

use super::calling::Calling;
use super::calling::PayloadError;
use super::line::Around;
use super::line::Line;
use super::line::State;
use crate::http::grpc::Verdict;
use crate::http::message::Message;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::load::look::Looks;
use crate::load::redirect::Next;
use crate::load::shard::Shard;
use crate::load::timers::Timer;
use crate::load::user::Doing;
use crate::load::user::User;
use crate::model::Failure;
use crate::model::FailureClass;

const HAS_LINE: &str = "every call has its line from its exchange's beginning on";

impl<R: Reactor> Shard<'_, R> {
    /// Makes the user ready for the call that its request is, if it is one.
    pub(in crate::load) fn ready_call(&mut self, number: u32, now: Nanos) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let Some(calling) = program.requests[user.request as usize].call.as_deref() else {
            if let Some(line) = &mut user.call {
                line.restart(State::Idle, Nanos::MAX, now);
            }
            return;
        };
        let deadline = calling.timeout.map_or(Nanos::MAX, |timeout| now.saturating_add(timeout));
        if calling.timeout.is_some() {
            user.deadline = deadline;
        }
        user.call.get_or_insert_default().restart(State::Opening, deadline, now);
        // The timer of all exchanges may come too late, but not where it is the call's own.
        if calling.timeout.is_some_and(|timeout| timeout < program.timeout) {
            self.set_call_alarm(number);
        }
    }

    /// Whether the user's request is a call.
    pub(in crate::load) fn is_call(&self, number: u32) -> bool {
        let request = self.users[number as usize].request;
        self.shared.program.requests[request as usize].call.is_some()
    }

    /// Begins the call in its lane, where there is room for it.
    pub(in crate::load) fn begin_call(
        &mut self,
        number: u32,
        slot: u32,
        lane: u32,
        now: Nanos,
    ) -> Result<(), Failure> {
        let program = self.shared.program;
        let user = &self.users[number as usize];
        let prepared = &program.requests[user.request as usize];
        let calling = prepared.call.as_deref().expect("whoever calls has a call");
        let body = match calling.only_frame(&user.context(program.value_seed)) {
            None => None,
            Some(Ok(frame)) => Some(frame),
            Some(Err(error)) => return Err(self.unsayable(number, error)),
        };
        let own = match (self.rendering(number), body) {
            (None, None) => None,
            (Some(rendered), body) => {
                let scheme = prepared.request.origin.scheme.as_str();
                let head = Message::of_h1(scheme, rendered)
                    .map_err(|error| Failure::new(FailureClass::Protocol, error.to_string()))?;
                let fixed = || prepared.request.body.clone().into();
                Some(head.with_body(body.unwrap_or_else(fixed)))
            }
            (None, Some(body)) => prepared.message.clone().map(|message| message.with_body(body)),
        };
        let message = own.as_ref().or(prepared.message.as_ref()).expect("calls go over HTTP/2");
        let mux = self.links[slot as usize].mux.as_mut().expect("calls share their links");
        let carrier = mux.carrier_mut().expect("it has room");
        let user = &mut self.users[number as usize];
        let line = user.call.as_deref_mut().expect(HAS_LINE);
        line.begin(calling, now);
        user.moments.sending = now;
        if calling.kind.streams_requests() {
            carrier.open(lane, message)?;
        } else {
            carrier.begin_message(lane, message)?;
            let counts = &mut self.series[user.series as usize].messages;
            let counts = calling.is_stream().then(|| &mut **counts.get_or_insert_default());
            line.said_all(calling, counts, now);
        }
        if calling.is_stream() && calling.timeout.is_none() {
            // From here on every wait has its own time.
            user.deadline = Nanos::MAX;
        }
        self.advance_call(number, slot, now)?;
        if calling.is_stream() {
            self.set_call_alarm(number);
        }
        Ok(())
    }

    /// Goes on with lines that something has come for.
    pub(in crate::load) fn answer_calls(&mut self, slot: u32, now: Nanos) {
        if self.spoken.is_empty() {
            return;
        }
        let mut spoken = std::mem::take(&mut self.spoken);
        for number in spoken.drain(..) {
            let user = &mut self.users[number as usize];
            let Some(line) = &mut user.call else { continue };
            line.is_noted = false;
            if user.doing == Doing::Exchanging {
                self.go_on_calling(number, slot, now);
            }
        }
        self.spoken = spoken;
    }

    /// Takes the steps that can be taken, and ends the call if it has come to its end.
    fn go_on_calling(&mut self, number: u32, slot: u32, now: Nanos) {
        let has_ended = |line: &Line| line.has_ended;
        if self.users[number as usize].call.as_deref().is_none_or(has_ended) {
            // It is in the list of exchanges that ended.
            return;
        }
        let advanced = self.advance_call(number, slot, now);
        let line = self.users[number as usize].call.as_deref_mut().expect(HAS_LINE);
        if let Err(failure) = advanced {
            line.end(Err(failure));
        }
        match line.outcome.take() {
            None => self.set_call_alarm(number),
            Some(Ok(())) => {
                let lanes =
                    self.users[number as usize].prepared(self.shared.program).carriage.lanes();
                self.leave(number, slot, lanes);
                self.count_call(number, &Next::Stay, now);
            }
            Some(Err(failure)) => self.fail_and_go_on(number, &failure),
        }
    }

    fn advance_call(&mut self, number: u32, slot: u32, now: Nanos) -> Result<(), Failure> {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let prepared = &program.requests[user.request as usize];
        let (Some(calling), lanes) = (prepared.call.as_deref(), prepared.carriage.lanes()) else {
            return Ok(());
        };
        let mut line = user.call.take().expect(HAS_LINE);
        let mux = self.links[slot as usize].mux.as_mut();
        let mut outcome = Ok(());
        if let (State::Going, Some(carrier)) = (line.state, mux.and_then(|mux| mux.carrier_mut())) {
            let messages = &mut self.series[user.series as usize].messages;
            let mut around = Around {
                counts: calling.is_stream().then(|| &mut **messages.get_or_insert_default()),
                carrier,
                lane: number % lanes,
                context: user.context(program.value_seed),
                now,
            };
            outcome = line.advance(calling, &mut around);
            self.note_due(slot);
        }
        self.users[number as usize].call = Some(line);
        outcome.map_err(|error| self.unsayable(number, error))
    }

    fn unsayable(&self, number: u32, error: PayloadError) -> Failure {
        match error {
            PayloadError::Render(error) => {
                let scenario = self.users[number as usize].scenario;
                self.shared.program.unsendable(scenario, error)
            }
            PayloadError::Type(text) => Failure::new(FailureClass::Extract, text),
        }
    }

    /// At most one timer stands for a line, or few: it moves on to the wait of the moment.
    fn set_call_alarm(&mut self, number: u32) {
        let Some(line) = self.users[number as usize].call.as_deref_mut() else { return };
        if line.until == Nanos::MAX || (line.alarm != 0 && line.alarm <= line.until) {
            return;
        }
        line.alarm = line.until;
        let timer = if line.state == State::Thinking { Timer::Think } else { Timer::Answer };
        self.timers.set(line.until, number, timer);
    }

    /// A timer of a call has come up; it may be one of an earlier wait. False where the user's
    /// request is no call.
    pub(in crate::load) fn call_timer(&mut self, number: u32, at: Nanos, now: Nanos) -> bool {
        let program = self.shared.program;
        let slot = self.slot(number);
        let user = &mut self.users[number as usize];
        let Some(line) = user.call.as_deref_mut().filter(|line| line.is_active()) else {
            return false;
        };
        if line.alarm != at {
            return true;
        }
        line.alarm = 0;
        if line.until > now {
            self.set_call_alarm(number);
            return true;
        }
        if line.state == State::Opening {
            self.time_out(number);
            return true;
        }
        if let Some(calling) = program.requests[user.request as usize].call.as_deref() {
            line.time_is_up(calling, now);
            self.go_on_calling(number, slot, now);
        }
        true
    }

    /// Whether the user's exchange is a call that has its time as a whole.
    pub(in crate::load) fn has_call_deadline(&self, number: u32) -> bool {
        let line = self.users[number as usize].call.as_deref();
        line.is_some_and(|line| line.is_active() && line.deadline != Nanos::MAX)
    }

    /// Whether the user's exchange is a call, and its end is told here: its server has ended it, or
    /// we have, before its stream broke.
    pub(in crate::load) fn is_call_to_end(&self, number: u32, has_response: bool) -> bool {
        let line = self.users[number as usize].call.as_deref().filter(|line| line.is_active());
        line.is_some_and(|line| has_response || line.outcome.is_some())
    }

    /// The call's stream has ended.
    pub(in crate::load) fn call_ended(&mut self, number: u32, now: Nanos) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let calling = program.requests[user.request as usize].call.as_deref();
        let (Some(calling), Some(line)) = (calling, user.call.as_deref_mut()) else { return };
        let next = match line.conclude(calling) {
            Verdict::Http(_) => Next::Stay,
            Verdict::Broken(failure) => return self.fail_and_go_on(number, &failure),
            Verdict::Code(code, _) if calling.is_expected(code) => Next::Stay,
            Verdict::Code(code, text) => {
                let text = if text.is_empty() { "without a word".to_owned() } else { text };
                // `OK` where something else was expected is no failure that has a class.
                match code.class() {
                    Some(class) => Next::Refused(Failure::new(class, text)),
                    None => Next::Unexpected,
                }
            }
        };
        if user.looks >= Looks::AtHead
            && let Err(failure) = show(user, calling)
        {
            return self.fail_and_go_on(number, &failure);
        }
        self.count_call(number, &next, now);
    }

    fn count_call(&mut self, number: u32, next: &Next, now: Nanos) {
        self.end_sample(number, None, now);
        let measured = self.call_measured(number, now).unwrap_or(now);
        self.count_response(number, next, measured, now);
    }

    /// Counts an open stream that ends now; says where the exchange's own figures end.
    pub(in crate::load) fn call_measured(&mut self, number: u32, now: Nanos) -> Option<Nanos> {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let line = user.call.as_deref_mut().filter(|line| line.is_active())?;
        line.state = State::Idle;
        let calling = program.requests[user.request as usize].call.as_deref()?;
        if line.opened == 0 || !calling.is_stream() {
            return None;
        }
        let counts = self.series[user.series as usize].messages.get_or_insert_default();
        counts.closed(now.saturating_sub(user.moments.began));
        Some(line.opened)
    }
}

/// Puts the response's message, as JSON, where the flow looks at it.
fn show(user: &mut User, calling: &Calling) -> Result<(), Failure> {
    let (Some(line), Some(kept)) = (user.call.as_deref(), user.kept.as_deref_mut()) else {
        return Ok(());
    };
    let Line { heard, received, .. } = line;
    let is_shown = user.looks == Looks::AtBody && *received > 0;
    let shown = kept.take_message(heard.size, heard.is_cut && is_shown, |body| {
        if !is_shown || heard.is_cut { Ok(()) } else { calling.output.decode(&heard.bytes, body) }
    });
    shown.map_err(|error| {
        let text = format!("the response is no `{}`: {error}", calling.output.name());
        Failure::new(FailureClass::Protocol, text)
    })
}
