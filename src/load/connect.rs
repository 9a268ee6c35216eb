//! Making a connection: address, proxy, TLS.

use std::io;

use super::exchange::stream_failure;
use super::exchange::tls_failure;
use super::link::LinkState;
use super::link::TlsLink;
use super::shard::Shard;
use super::timers::Timer;
use crate::http::fault;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::route::Endpoint;
use crate::http::route::Via;
use crate::http::route::Way;
use crate::http::tunnel::Tunnel;
use crate::model::Failure;
use crate::model::FailureClass;

/// A proxy's answers are short.
const ANSWER: usize = 512;

impl<R: Reactor> Shard<'_, R> {
    /// Begins a connection to the first address that lets us.
    pub(super) fn connect(&mut self, number: u32, slot: u32) -> Result<(), Failure> {
        let program = self.shared.program;
        let user = &self.users[number as usize];
        if let Some(limit) = program.connect_timeout
            && user.addresses_tried == 0
        {
            let at = user.moments.began.saturating_add(limit);
            self.timers.set(at, number, Timer::Connect);
        }
        loop {
            let user = &mut self.users[number as usize];
            let origin = user.prepared(program).origin as usize;
            let way = &program.origins[origin].way;
            let turn = self.preferred[origin] + user.addresses_tried as usize;
            let endpoint = &way.endpoints[turn % way.endpoints.len()];
            let link = &mut self.links[slot as usize];
            (link.tls, link.tunnel) = (None, None);
            let from = way.source(endpoint, self.dialled);
            self.dialled += self.shared.shards as usize;
            match self.reactor.connect(slot, endpoint, from) {
                Ok(()) => {
                    link.state = LinkState::Connecting;
                    return match endpoint {
                        Endpoint::Udp(address) => self.dial_quic(number, slot, *address),
                        Endpoint::Tcp(_) | Endpoint::Unix(_) => Ok(()),
                    };
                }
                Err(error) => {
                    link.state = LinkState::Closed;
                    user.addresses_tried += 1;
                    if user.addresses_tried as usize >= way.endpoints.len() {
                        return Err(connect_failure(way, endpoint, &error));
                    }
                }
            }
        }
    }

    /// The connect has had its time, unless the user has gone on since.
    pub(super) fn connect_timer(&mut self, number: u32, now: Nanos) {
        let Some(limit) = self.shared.program.connect_timeout else { return };
        let is_up = self.users[number as usize].moments.began.saturating_add(limit) <= now;
        let is_connecting = match self.links[self.slot(number) as usize].state {
            LinkState::Connecting | LinkState::Tunnelling | LinkState::Handshaking => true,
            LinkState::Closed | LinkState::Open => false,
        };
        if is_up && is_connecting {
            self.time_out(number);
        }
    }

    /// The connect has ended, well or not.
    pub(super) fn connect_ended(&mut self, number: u32, slot: u32) -> Result<(), Failure> {
        let program = self.shared.program;
        let outcome = self.reactor.connected(slot);
        let now = self.reactor.now();
        let user = &mut self.users[number as usize];
        let origin = user.prepared(program).origin as usize;
        let way = &program.origins[origin].way;
        let turn = self.preferred[origin] + user.addresses_tried as usize;
        if let Err(error) = outcome {
            self.reactor.close(slot);
            self.links[slot as usize].state = LinkState::Closed;
            user.addresses_tried += 1;
            if (user.addresses_tried as usize) < way.endpoints.len() {
                return self.connect(number, slot);
            }
            return Err(connect_failure(way, &way.endpoints[turn % way.endpoints.len()], &error));
        }
        self.preferred[origin] = turn % way.endpoints.len();
        self.series[user.series as usize].connection_opened();
        if program.origins[origin].proxy_tls.is_some() {
            return self.secure_proxy(slot, origin);
        }
        match &way.via {
            Via::Nothing | Via::Forward(_) => self.connected(number, slot, now),
            Via::Tunnel(to) => {
                let link = &mut self.links[slot as usize];
                link.state = LinkState::Tunnelling;
                link.tunnel = Some(Box::new(Tunnel::new(to)));
                self.say_to_proxy(slot)
            }
        }
    }

    /// The TLS session with a proxy begins, before anything is asked of it.
    fn secure_proxy(&mut self, slot: u32, origin: usize) -> Result<(), Failure> {
        let destination = &self.shared.program.origins[origin];
        let Some((setup, name)) = &destination.proxy_tls else { return Ok(()) };
        let session = TlsLink::new(setup.config(), name);
        let session = session.map_err(|error| destination.proxy_failure(&error))?;
        let link = &mut self.links[slot as usize];
        link.state = LinkState::Tunnelling;
        link.tls = Some(Box::new(session));
        if let Via::Tunnel(to) = &destination.way.via {
            link.tunnel = Some(Box::new(Tunnel::new(to)));
        }
        self.flush_tls(slot).map(|_| ())
    }

    /// Goes on with a proxy: reads what it answered, and says what comes next.
    pub(super) fn tunnel(&mut self, number: u32, slot: u32) -> Result<(), Failure> {
        let mut buffer = [0; ANSWER];
        loop {
            self.say_to_proxy(slot)?;
            match self.reactor.read(slot, &mut buffer) {
                Ok(0) => return Err(self.proxy_closed(number, slot)),
                Ok(count) => {
                    if self.hear_proxy(number, slot, &buffer[..count])? {
                        self.links[slot as usize].tunnel = None;
                        let now = self.reactor.now();
                        return self.connected(number, slot, now);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(stream_failure("waiting for the proxy", &error)),
            }
        }
    }

    /// Takes what the proxy said; true once it has done its part.
    fn hear_proxy(&mut self, number: u32, slot: u32, bytes: &[u8]) -> Result<bool, Failure> {
        let program = self.shared.program;
        let origin = self.users[number as usize].prepared(program).origin as usize;
        let link = &mut self.links[slot as usize];
        let Some(tls) = &mut link.tls else {
            return link.tunnel.as_mut().map_or(Ok(true), |tunnel| tunnel.take(bytes));
        };
        let (mut wire, mut plain, mut is_done) = (bytes, [0; ANSWER], false);
        loop {
            let heard = tls.decrypt(&mut wire, &mut plain);
            let heard = heard.map_err(|error| program.origins[origin].proxy_failure(&error));
            match (heard, &mut link.tunnel) {
                (Ok(0), Some(_)) => break,
                (Ok(0), None) => {
                    is_done = !tls.is_handshaking();
                    break;
                }
                (Ok(count), Some(tunnel)) => is_done = tunnel.take(&plain[..count])?,
                // What nobody asked for is the exchange's to judge; there is none yet.
                (Ok(_), None) => {}
                (Err(failure), _) => {
                    // The alert says why; the failure is told whether it gets there or not.
                    let _ = self.flush_tls(slot);
                    return Err(failure);
                }
            }
        }
        self.flush_tls(slot)?;
        Ok(is_done)
    }

    /// What it means that the proxy closed the connection.
    fn proxy_closed(&self, number: u32, slot: u32) -> Failure {
        let link = &self.links[slot as usize];
        let is_greeting = link.tls.as_ref().is_some_and(|tls| tls.is_handshaking());
        if let Some(tunnel) = link.tunnel.as_ref().filter(|_| !is_greeting) {
            return tunnel.closed();
        }
        let program = self.shared.program;
        let origin = self.users[number as usize].prepared(program).origin as usize;
        let proxy = program.origins[origin].way.via.proxy();
        let name = proxy.map(ToString::to_string).unwrap_or_default();
        let text = format!("the proxy {name} closed the connection during the TLS handshake");
        Failure::new(FailureClass::Proxy, text)
    }

    fn say_to_proxy(&mut self, slot: u32) -> Result<(), Failure> {
        let link = &mut self.links[slot as usize];
        if let Some(tls) = &mut link.tls {
            let tunnel = link.tunnel.as_mut().filter(|_| !tls.is_handshaking());
            if let Some(tunnel) = tunnel.filter(|tunnel| !tunnel.outgoing().is_empty()) {
                let failed = |error| stream_failure("asking the proxy", &error);
                tls.encrypt(tunnel.outgoing()).map_err(failed)?;
                tunnel.sent(tunnel.outgoing().len());
            }
            return self.flush_tls(slot).map(|_| ());
        }
        let Some(tunnel) = &mut link.tunnel else { return Ok(()) };
        while !tunnel.outgoing().is_empty() {
            match self.reactor.write(slot, tunnel.outgoing()) {
                Ok(count) => tunnel.sent(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(stream_failure("asking the proxy", &error)),
            }
        }
        Ok(())
    }

    /// The target (or a proxy that forwards) is at the other end.
    fn connected(&mut self, number: u32, slot: u32, now: Nanos) -> Result<(), Failure> {
        let user = &mut self.users[number as usize];
        let origin = user.prepared(self.shared.program).origin as usize;
        user.moments.connected = now;
        let link = &mut self.links[slot as usize];
        link.served = 0;
        match &self.shared.program.origins[origin].tls {
            None => {
                link.state = LinkState::Open;
                self.opened(number, slot, now)
            }
            Some((setup, name)) => {
                link.state = LinkState::Handshaking;
                let session = match link.tls.take() {
                    None => TlsLink::new(setup.config(), name),
                    Some(proxy) => TlsLink::through(proxy, setup.config(), name),
                };
                link.tls = Some(Box::new(session.map_err(|error| tls_failure(&error))?));
                self.flush_tls(slot).map(|_| ())
            }
        }
    }

    /// The handshake is done: the request goes out.
    pub(super) fn handshake_ended(
        &mut self,
        number: u32,
        slot: u32,
        now: Nanos,
    ) -> Result<(), Failure> {
        let link = &mut self.links[slot as usize];
        link.state = LinkState::Open;
        let user = &mut self.users[number as usize];
        user.moments.secured = now;
        if link.tls.as_ref().is_some_and(|tls| tls.is_resumed()) {
            self.series[user.series as usize].session_resumed();
        }
        self.opened(number, slot, now)
    }

    /// The connection stands: whoever waits for it sends.
    fn opened(&mut self, number: u32, slot: u32, now: Nanos) -> Result<(), Failure> {
        if self.links[slot as usize].mux.is_some() {
            return self.opened_shared(number, slot, now);
        }
        self.send(number, slot, now)
    }
}

pub(super) fn connect_failure(way: &Way, endpoint: &Endpoint, error: &io::Error) -> Failure {
    Failure::new(fault::connect_class(error), format!("{}: {error}", way.connecting(endpoint)))
}
