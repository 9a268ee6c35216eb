//! How a shard's users exchange: begin, send, and go on with whatever is ready.

use std::io;

use super::link::LinkState;
use super::program::Carriage;
use super::shard::Shard;
use super::timers::Timer;
use super::user::Doing;
use super::user::Moments;
use crate::http::fault;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::reactor::Ready;
use crate::http::tls;
use crate::model::Failure;

/// Whether an exchange could be begun.
pub(super) enum Begun {
    /// The readiness loop goes on with it.
    Waiting,
    /// It failed at once; nothing is counted yet.
    Failed(Failure),
}

impl<R: Reactor> Shard<'_, R> {
    /// Makes `request` the user's next one.
    pub(super) fn choose(&mut self, number: u32, request: usize) {
        let user = &mut self.users[number as usize];
        let place = user.place_in_flow as usize;
        user.series = self.shared.program.series_of[user.scenario as usize][place];
        user.request = u32::try_from(request).expect("fewer requests than 2^32");
        if self.shared.program.is_scripted {
            let looks = self.looks(number);
            self.users[number as usize].looks = looks;
        }
        let user = &mut self.users[number as usize];
        if self.shared.program.redirects.is_some() {
            let follows = self.shared.program.requests[request].redirects > 0;
            match &mut user.chain {
                Some(chain) if follows => chain.restart(),
                chain => *chain = follows.then(Box::default),
            }
        }
    }

    /// Sends the chosen request, on the connection that is there or on a new one.
    pub(super) fn begin_exchange(&mut self, number: u32, now: Nanos) -> Begun {
        let is_open = self.is_open(number);
        let user = &mut self.users[number as usize];
        let intended = user.charged.take();
        if let Some(intended) = intended.filter(|_| is_open) {
            self.generator.schedule_lag.record_us(now.saturating_sub(intended) / 1000);
        }
        let intended = intended.unwrap_or(now);
        user.moments = Moments { intended, began: now, ..Moments::default() };
        (user.written, user.status, user.received) = (0, 0, 0);
        (user.retried, user.addresses_tried) = (false, 0);
        user.doing = Doing::Exchanging;
        let prepared = user.prepared(self.shared.program);
        let (timeout, carriage, origin) = (prepared.timeout, prepared.carriage, prepared.origin);
        user.deadline = now.saturating_add(timeout);
        // One that comes up before moves on to the deadline by itself.
        if user.alarm > user.deadline {
            user.alarm = user.deadline;
            self.timers.set(user.alarm, number, Timer::Timeout);
        }
        self.note_span_start(number, intended);
        self.begin_sample(number);
        if self.shared.program.sampling.is_some() {
            self.begin_trace(number);
        }
        if self.shared.program.has_dialogues {
            self.begin_talk(number);
        }
        if self.shared.program.has_calls {
            self.ready_call(number, now);
        }
        if self.shared.program.is_scripted {
            self.forget_rendering(number);
            self.users[number as usize].drop_cookie_lines();
            if let Err(failure) = self.render(number) {
                return Begun::Failed(failure);
            }
        }
        let slot = self.slot_of(number, carriage, origin);
        let user = &mut self.users[number as usize];
        user.slot = slot;
        user.attended = user.is_attended(self.shared.program);
        if carriage != Carriage::Alone {
            return self.join(number, slot, now);
        }
        let begun = if self.links[slot as usize].state == LinkState::Open {
            self.send(number, slot, now)
        } else {
            self.connect(number, slot)
        };
        match begun {
            Ok(()) => Begun::Waiting,
            Err(failure) => Begun::Failed(failure),
        }
    }

    /// Carries on with whatever `ready` is about.
    pub(super) fn on_ready(&mut self, ready: Ready) {
        let slot = ready.slot;
        let number = self.owner(slot);
        let is_connecting = self.links[slot as usize].state == LinkState::Connecting;
        if is_connecting && self.links[slot as usize].mux.as_ref().is_some_and(|mux| mux.is_quic())
        {
            return self.on_shared_ready(ready);
        }
        if is_connecting
            && (ready.writable || ready.closed)
            && let Err(failure) = self.connect_ended(number, slot)
        {
            return self.connect_failed(number, slot, &failure);
        }
        if self.links[slot as usize].state == LinkState::Tunnelling
            && let Err(failure) = self.tunnel(number, slot)
        {
            return self.connect_failed(number, slot, &failure);
        }
        match self.links[slot as usize].state {
            // Closed since, or on its way to the next address.
            LinkState::Closed | LinkState::Connecting | LinkState::Tunnelling => {}
            LinkState::Handshaking | LinkState::Open if self.links[slot as usize].mux.is_some() => {
                self.on_shared_ready(ready);
            }
            LinkState::Handshaking | LinkState::Open => {
                // A server that speaks first, or closes at once, says so with the connect's event.
                if (ready.readable || ready.closed) && self.receive(number, slot, ready.closed) {
                    return;
                }
                if ready.writable
                    && !is_connecting
                    && self.is_current(number, slot)
                    && !self.talk_writable(number, slot)
                    && let Err(failure) = self.continue_sending(number, slot)
                {
                    self.broken(number, slot, failure);
                }
            }
        }
    }

    /// Sends the request on an open connection; one that was kept and turns out to be closed is
    /// replaced.
    pub(super) fn send(&mut self, number: u32, slot: u32, now: Nanos) -> Result<(), Failure> {
        let user = &mut self.users[number as usize];
        let kind = user.prepared(self.shared.program).kind;
        self.links[slot as usize].parser.reset(kind);
        user.moments.sending = now;
        match self.continue_sending(number, slot) {
            Err(_) if self.may_retry(number, slot) => self.retry(number, slot),
            outcome => outcome,
        }
    }

    fn continue_sending(&mut self, number: u32, slot: u32) -> Result<(), Failure> {
        if self.shared.program.is_scripted {
            self.render(number)?;
        }
        let user = &mut self.users[number as usize];
        let mut written = user.written;
        let prepared = user.prepared(self.shared.program);
        let is_rendered = self.rendered_for == Some(number);
        let bytes = if is_rendered { &self.rendered } else { &prepared.bytes };
        let link = &mut self.links[slot as usize];
        if let Some(tls) = &mut link.tls {
            if link.state == LinkState::Open && written == 0 {
                tls.encrypt(bytes).map_err(|error| stream_failure("sending", &error))?;
                written = bytes.len();
                user.written = written;
            }
            if self.flush_tls(slot)? && self.links[slot as usize].state == LinkState::Open {
                self.note_sent(number);
            }
            return Ok(());
        }
        let blocked = loop {
            if written == bytes.len() {
                break None;
            }
            match self.reactor.write(slot, &bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        user.written = written;
        match blocked {
            None => self.note_sent(number),
            Some(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Some(error) => return Err(stream_failure("sending", &error)),
        }
        Ok(())
    }

    fn note_sent(&mut self, number: u32) {
        let moments = &mut self.users[number as usize].moments;
        if moments.sent == 0 {
            moments.sent = self.reactor.now();
        }
    }

    /// Hands pending records to the kernel; true once there is none left.
    pub(super) fn flush_tls(&mut self, slot: u32) -> Result<bool, Failure> {
        let Some(tls) = &mut self.links[slot as usize].tls else { return Ok(true) };
        tls.flush(|records| self.reactor.write(slot, records))
            .map_err(|error| stream_failure("sending", &error))
    }

    fn connect_failed(&mut self, number: u32, slot: u32, failure: &Failure) {
        if self.links[slot as usize].mux.is_some() {
            return self.fail_waiting(slot, failure);
        }
        self.fail_and_go_on(number, failure);
    }
}

pub(super) fn stream_failure(what: &str, error: &io::Error) -> Failure {
    Failure::new(fault::stream_class(error), format!("{what}: {error}"))
}

pub(super) fn tls_failure(error: &rustls::Error) -> Failure {
    tls::failure(error)
}
