//! How a shard's users exchange: connect, send, receive, and what every ending means.

use std::io;

use super::link::LinkState;
use super::link::TlsLink;
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
        user.series = self.shared.program.series_of[user.scenario as usize][request];
        user.request = u32::try_from(request).expect("fewer requests than 2^32");
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
        user.deadline = now.saturating_add(self.shared.program.timeout);
        if !user.has_timeout {
            user.has_timeout = true;
            let deadline = user.deadline;
            self.timers.set(deadline, number, Timer::Timeout);
        }
        self.note_span_start(number, intended);
        self.begin_sample(number);
        let slot = self.slot(number);
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
        if is_connecting
            && (ready.writable || ready.closed)
            && let Err(failure) = self.connect_ended(number, slot)
        {
            return self.fail_and_go_on(number, &failure);
        }
        match self.links[slot as usize].state {
            // Closed since, or on its way to the next address.
            LinkState::Closed | LinkState::Connecting => {}
            LinkState::Handshaking | LinkState::Open => {
                // A server that speaks first, or closes at once, says so with the connect's event.
                if (ready.readable || ready.closed) && self.receive(number, slot, ready.closed) {
                    return;
                }
                if ready.writable
                    && !is_connecting
                    && self.is_current(number, slot)
                    && let Err(failure) = self.continue_sending(number, slot)
                {
                    self.broken(number, slot, failure);
                }
            }
        }
    }

    /// Begins a connection to the first address that lets us.
    pub(super) fn connect(&mut self, number: u32, slot: u32) -> Result<(), Failure> {
        let program = self.shared.program;
        loop {
            let user = &mut self.users[number as usize];
            let origin = program.requests[user.request as usize].origin as usize;
            let addresses = &program.origins[origin].addresses;
            let turn = self.preferred[origin] + user.addresses_tried as usize;
            let address = addresses[turn % addresses.len()];
            let link = &mut self.links[slot as usize];
            link.tls = None;
            match self.reactor.connect(slot, address) {
                Ok(()) => {
                    link.state = LinkState::Connecting;
                    return Ok(());
                }
                Err(error) => {
                    link.state = LinkState::Closed;
                    user.addresses_tried += 1;
                    if user.addresses_tried as usize >= addresses.len() {
                        return Err(connect_failure(&error));
                    }
                }
            }
        }
    }

    fn connect_ended(&mut self, number: u32, slot: u32) -> Result<(), Failure> {
        let program = self.shared.program;
        let outcome = self.reactor.connected(slot);
        let now = self.reactor.now();
        let user = &mut self.users[number as usize];
        let origin = program.requests[user.request as usize].origin as usize;
        let destination = &program.origins[origin];
        if let Err(error) = outcome {
            self.reactor.close(slot);
            self.links[slot as usize].state = LinkState::Closed;
            user.addresses_tried += 1;
            if (user.addresses_tried as usize) < destination.addresses.len() {
                return self.connect(number, slot);
            }
            return Err(connect_failure(&error));
        }
        let turn = self.preferred[origin] + user.addresses_tried as usize;
        self.preferred[origin] = turn % destination.addresses.len();
        user.moments.connected = now;
        self.series[user.series as usize].connection_opened();
        let link = &mut self.links[slot as usize];
        link.served = 0;
        match &destination.tls {
            None => {
                link.state = LinkState::Open;
                self.send(number, slot, now)
            }
            Some((setup, name)) => {
                link.state = LinkState::Handshaking;
                let session = TlsLink::new(setup.config(), name).map_err(|e| tls_failure(&e))?;
                link.tls = Some(Box::new(session));
                self.flush_tls(slot).map(|_| ())
            }
        }
    }

    /// Sends the request on an open connection; one that was kept and turns out to be closed is
    /// replaced.
    fn send(&mut self, number: u32, slot: u32, now: Nanos) -> Result<(), Failure> {
        let user = &mut self.users[number as usize];
        let prepared = &self.shared.program.requests[user.request as usize];
        self.links[slot as usize].parser.reset(prepared.kind);
        user.moments.sending = now;
        match self.continue_sending(number, slot) {
            Err(_) if self.may_retry(number, slot) => self.retry(number, slot),
            outcome => outcome,
        }
    }

    fn continue_sending(&mut self, number: u32, slot: u32) -> Result<(), Failure> {
        let user = &mut self.users[number as usize];
        let bytes = &self.shared.program.requests[user.request as usize].bytes;
        let link = &mut self.links[slot as usize];
        if let Some(tls) = &mut link.tls {
            if link.state == LinkState::Open && user.written == 0 {
                tls.encrypt(bytes).map_err(|error| stream_failure("sending", &error))?;
                user.written = bytes.len();
            }
            if self.flush_tls(slot)? && self.links[slot as usize].state == LinkState::Open {
                self.note_sent(number);
            }
            return Ok(());
        }
        while user.written < bytes.len() {
            match self.reactor.write(slot, &bytes[user.written..]) {
                Ok(count) => user.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(stream_failure("sending", &error)),
            }
        }
        self.note_sent(number);
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

    /// The handshake is done: the request goes out.
    pub(super) fn handshake_ended(
        &mut self,
        number: u32,
        slot: u32,
        now: Nanos,
    ) -> Result<(), Failure> {
        self.links[slot as usize].state = LinkState::Open;
        self.users[number as usize].moments.secured = now;
        self.send(number, slot, now)
    }
}

fn connect_failure(error: &io::Error) -> Failure {
    Failure::new(fault::connect_class(error), format!("connecting: {error}"))
}

pub(super) fn stream_failure(what: &str, error: &io::Error) -> Failure {
    Failure::new(fault::stream_class(error), format!("{what}: {error}"))
}

pub(super) fn tls_failure(error: &rustls::Error) -> Failure {
    Failure::new(tls::class(error), error.to_string())
}
