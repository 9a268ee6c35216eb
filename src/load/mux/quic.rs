//! The turn of a link over QUIC: datagrams in, datagrams out, and its own deadlines.

use std::io;
use std::net::SocketAddr;

use super::carrier::Carrier;
use super::drive::News;
use crate::http::fault;
use crate::http::h3::Session;
use crate::http::h3::Stage;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::reactor::Ready;
use crate::load::connect::connect_failure;
use crate::load::exchange::stream_failure;
use crate::load::link::LinkState;
use crate::load::receive::READS_PER_TURN;
use crate::load::shard::Shard;
use crate::model::Failure;

impl<R: Reactor> Shard<'_, R> {
    /// The socket is there: the handshake begins.
    pub(in crate::load) fn dial_quic(
        &mut self,
        number: u32,
        slot: u32,
        address: SocketAddr,
    ) -> Result<(), Failure> {
        let program = self.shared.program;
        let prepared = self.users[number as usize].prepared(program);
        let setup = program.origins[prepared.origin as usize].quic.as_ref();
        let setup = setup.expect("made for origins that are dialled over UDP");
        let now = self.reactor.now();
        let session = Session::connect(setup, address, prepared.carriage.lanes() as usize, now)?;
        let mux = self.mux(slot);
        mux.disconnected();
        mux.carrier = Some(Carrier::H3(Box::new(session)));
        self.note_due(slot);
        Ok(())
    }

    /// Carries on with a link whose socket is ready.
    pub(super) fn on_datagrams(&mut self, ready: Ready) {
        if ready.readable || ready.closed {
            self.receive_datagrams(ready.slot);
        }
        self.turn_due();
    }

    /// Reads what is there for a link. Its turn says what comes of it.
    pub(super) fn receive_datagrams(&mut self, slot: u32) {
        self.note_due(slot);
        let mut buffer = std::mem::take(&mut self.buffer);
        for round in 0.. {
            if round == READS_PER_TURN {
                self.unread.push((slot, false));
                break;
            }
            match self.reactor.read_datagrams(slot, &mut buffer) {
                Ok((count, each)) => {
                    let now = self.reactor.now();
                    self.mux(slot).uncharged.received += count as u64;
                    buffer = self.tell(slot, News::Datagrams(buffer, count, each), now);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.socket_failed(slot, "receiving", &error);
                    break;
                }
            }
            if self.mux(slot).carrier.as_ref().is_none_or(Carrier::is_over) {
                break;
            }
        }
        self.buffer = buffer;
    }

    /// Does what is due, begins what there is room for, sends what is there.
    pub(super) fn turn_quic(&mut self, slot: u32) {
        let mut now = self.reactor.now();
        loop {
            self.tell(slot, News::Nothing, now);
            if !self.follow_handshake(slot, now) {
                return;
            }
            self.begin_waiting(slot, now);
            let flushed = self.write_datagrams(slot);
            now = self.reactor.now();
            match flushed {
                Ok(()) => self.note_lanes_sent(slot, now),
                Err(error) => self.socket_failed(slot, "sending", &error),
            }
            let has_ended = !self.ended.is_empty();
            if self.links[slot as usize].state == LinkState::Open {
                self.settle(slot, now);
            }
            let mux = self.mux(slot);
            if mux.is_blocked || !has_ended || mux.carrier.is_none() {
                break;
            }
        }
        if self.links[slot as usize].state == LinkState::Open {
            self.end_turn(slot, now);
        }
        self.note_deadline(slot);
    }

    /// Takes note of how far the handshake is; false when the link is not to go on.
    fn follow_handshake(&mut self, slot: u32, now: Nanos) -> bool {
        let state = self.links[slot as usize].state;
        let Some(Carrier::H3(session)) = &self.mux(slot).carrier else { return false };
        if state == LinkState::Open {
            return true;
        }
        if let Some(failure) = session.failure() {
            let failure = failure.clone();
            self.handshake_failed(slot, &failure);
            return false;
        }
        let (answered, stage) = (session.answered_at(), session.stage());
        let is_resumed = session.is_resumed();
        let number = self.owner(slot);
        if state == LinkState::Connecting
            && let Some(answered) = answered
        {
            self.links[slot as usize].state = LinkState::Handshaking;
            let user = &mut self.users[number as usize];
            user.moments.connected = answered;
            self.series[user.series as usize].connection_opened();
            let origin = user.prepared(self.shared.program).origin as usize;
            let endpoints = self.shared.program.origins[origin].way.endpoints.len();
            let turn = self.preferred[origin] + user.addresses_tried as usize;
            self.preferred[origin] = turn % endpoints;
            // The next address is counted from this one.
            user.addresses_tried = 0;
        }
        if stage == Stage::Open {
            let link = &mut self.links[slot as usize];
            // Not before: whoever lost an exchange on the last connection is judged by that one.
            (link.state, link.served) = (LinkState::Open, 0);
            let user = &mut self.users[number as usize];
            user.moments.secured = now;
            if is_resumed {
                self.series[user.series as usize].session_resumed();
            }
        }
        true
    }

    /// No connection came of it: where nothing answered, the next address is tried.
    fn handshake_failed(&mut self, slot: u32, failure: &Failure) {
        let program = self.shared.program;
        let number = self.owner(slot);
        let was_connecting = self.links[slot as usize].state == LinkState::Connecting;
        let user = &mut self.users[number as usize];
        let origin = user.prepared(program).origin as usize;
        let endpoints = program.origins[origin].way.endpoints.len();
        if was_connecting && user.addresses_tried as usize + 1 < endpoints {
            user.addresses_tried += 1;
            self.close_link(slot);
            if let Err(failure) = self.connect(number, slot) {
                self.fail_waiting(slot, &failure);
            }
            return;
        }
        self.fail_waiting(slot, failure);
    }

    /// The system says that the connection is of no use, mostly because nobody listens.
    fn socket_failed(&mut self, slot: u32, what: &str, error: &io::Error) {
        if self.links[slot as usize].state == LinkState::Open {
            let now = self.reactor.now();
            self.tell(slot, News::Failed(stream_failure(what, error)), now);
            return self.settle(slot, now);
        }
        let program = self.shared.program;
        let user = &self.users[self.owner(slot) as usize];
        let origin = user.prepared(program).origin as usize;
        let way = &program.origins[origin].way;
        let turn = self.preferred[origin] + user.addresses_tried as usize;
        let endpoint = &way.endpoints[turn % way.endpoints.len()];
        let failure = match fault::connect_class(error) {
            _ if self.links[slot as usize].state == LinkState::Handshaking => {
                stream_failure("in QUIC's handshake", error)
            }
            _ => connect_failure(way, endpoint, error),
        };
        self.handshake_failed(slot, &failure);
    }

    /// Sends until there is nothing left, or no room.
    fn write_datagrams(&mut self, slot: u32) -> io::Result<()> {
        let Self { links, reactor, .. } = self;
        let Some(mux) = &mut links[slot as usize].mux else { return Ok(()) };
        let Some(Carrier::H3(session)) = &mut mux.carrier else { return Ok(()) };
        while !mux.is_blocked {
            if mux.written == mux.out.len() {
                mux.out.clear();
                mux.written = 0;
                let Some(each) = session.transmit(&mut mux.out) else { return Ok(()) };
                mux.datagram = each;
            }
            match reactor.write_datagrams(slot, &mux.out[mux.written..], mux.datagram) {
                Ok(count) => {
                    mux.written += count;
                    mux.uncharged.sent += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => mux.is_blocked = true,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Tells the server that the connection ends, if there is one over QUIC: it would keep its side
    /// for as long as it may be idle. If the datagram is lost, that is what happens.
    pub(in crate::load) fn say_goodbye(&mut self, slot: u32) {
        let Self { links, reactor, deadlines, .. } = self;
        let Some(mux) = &mut links[slot as usize].mux else { return };
        if let Some(deadline) = mux.deadline.take() {
            deadlines.remove(&(deadline, slot));
        }
        let Some(Carrier::H3(session)) = &mut mux.carrier else { return };
        session.close(reactor.now());
        mux.out.clear();
        while let Some(each) = session.transmit(&mut mux.out) {
            let sent = reactor.write_datagrams(slot, &mux.out, each);
            mux.out.clear();
            if sent.is_err() {
                break;
            }
        }
    }

    pub(in crate::load) fn say_goodbye_to_all(&mut self) {
        for slot in 0..self.links.len() {
            if self.links[slot].mux.as_ref().is_some_and(|mux| mux.is_quic()) {
                self.say_goodbye(u32::try_from(slot).expect("slots are numbered in u32"));
            }
        }
    }

    /// Gives links whose deadline has come their turn.
    pub(in crate::load) fn wake_quic(&mut self, now: Nanos) {
        while let Some((at, slot)) = self.deadlines.first().copied()
            && at <= now
        {
            self.deadlines.pop_first();
            let mux = self.mux(slot);
            mux.deadline = None;
            self.note_due(slot);
        }
    }

    fn note_deadline(&mut self, slot: u32) {
        let Some(mux) = &mut self.links[slot as usize].mux else { return };
        let next = match &mux.carrier {
            Some(Carrier::H3(session)) => session.deadline(),
            _ => None,
        };
        if mux.deadline == next {
            return;
        }
        if let Some(at) = std::mem::replace(&mut mux.deadline, next) {
            self.deadlines.remove(&(at, slot));
        }
        if let Some(at) = next {
            self.deadlines.insert((at, slot));
        }
    }
}
