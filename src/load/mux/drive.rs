//! A shared link's turn: one read for all lanes, one write for all that they send.

use std::io;

use super::carrier::Carrier;
use super::state::LaneIntake;
use crate::http::lanes::Room;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::reactor::Ready;
use crate::load::exchange::stream_failure;
use crate::load::exchange::tls_failure;
use crate::load::link::LinkState;
use crate::load::receive::READS_PER_TURN;
use crate::load::shard::Shard;
use crate::load::timers::Timer;
use crate::model::Failure;
use crate::model::FailureClass;

/// What is said to a link's carrier.
pub(super) enum News {
    Bytes(Vec<u8>, usize),
    /// How many bytes there are, and how many each datagram has but the last.
    Datagrams(Vec<u8>, usize, usize),
    End,
    Failed(Failure),
    Nothing,
}

impl<R: Reactor> Shard<'_, R> {
    /// Carries on with a shared link whose connection stands or is in its TLS handshake.
    pub(in crate::load) fn on_shared_ready(&mut self, ready: Ready) {
        let slot = ready.slot;
        if ready.writable {
            self.mux(slot).is_blocked = false;
            self.note_due(slot);
        }
        if self.mux(slot).is_quic() {
            return self.on_datagrams(ready);
        }
        if ready.readable || ready.closed {
            self.receive_shared(slot, ready.closed);
        }
        self.turn_due();
    }

    /// Reads what is there for the lanes of a link.
    pub(in crate::load) fn receive_shared(&mut self, slot: u32, peer_closed: bool) {
        self.note_due(slot);
        if self.mux(slot).is_quic() {
            return self.receive_datagrams(slot);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        for round in 0.. {
            if self.links[slot as usize].state == LinkState::Closed {
                break;
            }
            let mux = self.mux(slot);
            if mux.carrier.as_ref().is_some_and(Carrier::is_blocked) {
                mux.is_unread = true;
                break;
            }
            if round == READS_PER_TURN {
                self.unread.push((slot, peer_closed));
                break;
            }
            let news = match self.reactor.read(slot, &mut buffer) {
                Ok(0) => News::End,
                Ok(count) => News::Bytes(std::mem::take(&mut buffer), count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => News::Failed(stream_failure("receiving", &error)),
            };
            let now = self.reactor.now();
            let has_more = match news {
                News::Bytes(bytes, count) => {
                    // A read that does not fill the buffer has emptied the socket.
                    let has_more = count == bytes.len() || peer_closed;
                    buffer = self.take_shared_bytes(slot, bytes, count, now);
                    has_more
                }
                other => {
                    self.tell(slot, other, now);
                    false
                }
            };
            self.settle(slot, now);
            if !has_more {
                break;
            }
        }
        self.buffer = buffer;
    }

    /// Gives the first `count` of `bytes` to the carrier, through TLS where there is some; the
    /// buffer comes back.
    fn take_shared_bytes(
        &mut self,
        slot: u32,
        bytes: Vec<u8>,
        count: usize,
        now: Nanos,
    ) -> Vec<u8> {
        self.mux(slot).uncharged.received += count as u64;
        if self.links[slot as usize].tls.is_none() {
            return self.tell(slot, News::Bytes(bytes, count), now);
        }
        if let Err(failure) = self.take_shared_records(slot, &bytes[..count], now) {
            self.tell(slot, News::Failed(failure), now);
        }
        bytes
    }

    fn take_shared_records(&mut self, slot: u32, bytes: &[u8], now: Nanos) -> Result<(), Failure> {
        let mut wire = bytes;
        let mut plain = std::mem::take(&mut self.plain);
        let outcome = loop {
            let link = &mut self.links[slot as usize];
            let Some(tls) = &mut link.tls else { break Ok(()) };
            match tls.decrypt(&mut wire, &mut plain) {
                Ok(0) => break Ok(()),
                Ok(count) => {
                    let mux = link.mux.get_or_insert_default();
                    if mux.carrier.is_none() {
                        mux.early.extend_from_slice(&plain[..count]);
                    } else {
                        plain = self.tell(slot, News::Bytes(plain, count), now);
                    }
                }
                Err(error) => break Err(tls_failure(&error)),
            }
        };
        self.plain = plain;
        // Alerts and answers of the handshake go out whatever came of the rest.
        let flushed = self.flush_tls(slot);
        outcome?;
        flushed?;
        let link = &self.links[slot as usize];
        let is_secured = link.state == LinkState::Handshaking
            && link.tls.as_ref().is_some_and(|tls| !tls.is_handshaking());
        if is_secured {
            let early = std::mem::take(&mut self.mux(slot).early);
            self.handshake_ended(self.owner(slot), slot, now)?;
            if !early.is_empty() {
                let count = early.len();
                self.tell(slot, News::Bytes(early, count), now);
            }
        }
        Ok(())
    }

    /// Tells the carrier, and gathers which exchanges that ended. A buffer in the news comes back.
    pub(super) fn tell(&mut self, slot: u32, news: News, now: Nanos) -> Vec<u8> {
        let first = self.first_user(slot);
        let link = &mut self.links[slot as usize];
        let mux = link.mux.get_or_insert_default();
        let Some(carrier) = &mut mux.carrier else {
            return self.tell_without_carrier(slot, news);
        };
        let mut intake = LaneIntake {
            program: self.shared.program,
            users: &mut self.users,
            first,
            series: &mut self.series,
            names: &self.shared.program.observe,
            seen: &mut self.seen,
            now,
            uncharged: &mut mux.uncharged,
            ended: &mut self.ended,
            spoken: &mut self.spoken,
            spare: &mut self.spare,
            body_limit: self.shared.program.body_limit,
            tap: self.shared.tap,
            tap_dropped: &mut self.tap_dropped,
        };
        match news {
            News::Bytes(bytes, count) => {
                carrier.receive(&bytes[..count], &mut intake);
                return bytes;
            }
            News::Datagrams(bytes, count, each) => {
                carrier.take_datagrams(&bytes[..count], each, now);
                carrier.advance(now, &mut intake);
                return bytes;
            }
            News::End => carrier.end_of_stream(&mut intake),
            News::Failed(failure) => carrier.fail(&failure, &mut intake),
            News::Nothing => carrier.advance(now, &mut intake),
        }
        Vec::new()
    }

    /// A connection that is not open yet can only break.
    fn tell_without_carrier(&mut self, slot: u32, news: News) -> Vec<u8> {
        let failure = match news {
            News::Bytes(bytes, _) | News::Datagrams(bytes, _, _) => return bytes,
            News::Nothing => return Vec::new(),
            News::Failed(failure) => failure,
            News::End => Failure::new(FailureClass::Tls, "closed during the TLS handshake"),
        };
        self.fail_waiting(slot, &failure);
        Vec::new()
    }

    /// Lets users whose exchange ended go on, and closes a link that carries nothing any more.
    pub(super) fn settle(&mut self, slot: u32, now: Nanos) {
        let link = &mut self.links[slot as usize];
        let mux = link.mux.get_or_insert_default();
        let is_over = mux.carrier.as_ref().is_some_and(Carrier::is_over);
        if is_over {
            let failure = Failure::new(
                FailureClass::Closed,
                "the connection was given up after another exchange on it",
            );
            self.tell(slot, News::Failed(failure), now);
            self.close_link(slot);
            self.note_due(slot);
        }
        self.answer_calls(slot, now);
        let mut ended = std::mem::take(&mut self.ended);
        for (number, outcome) in ended.drain(..) {
            let is_call = self.is_call_to_end(number, outcome.is_ok());
            if outcome.is_ok() {
                let link = &mut self.links[slot as usize];
                link.served = link.served.saturating_add(1);
            }
            match outcome {
                _ if is_call => self.call_ended(number, now),
                Ok(()) => self.responded(number, now),
                Err(lost) => self.lost(number, slot, &lost, now),
            }
        }
        // Nothing above ends an exchange in mid-turn, so the list is empty, but for requests that
        // were refused before they went out.
        ended.append(&mut self.ended);
        self.ended = ended;
    }

    /// Gives every link that has something to do its turn.
    pub(in crate::load) fn turn_due(&mut self) {
        while let Some(slot) = self.due.pop() {
            let mux = self.mux(slot);
            mux.is_due = false;
            if mux.is_quic() {
                self.turn_quic(slot);
            } else {
                self.turn(slot);
            }
        }
    }

    /// Connects where somebody waits for it, begins what there is room for, writes what is there.
    fn turn(&mut self, slot: u32) {
        let mut now = self.reactor.now();
        match self.links[slot as usize].state {
            LinkState::Closed => return self.reconnect(slot, now),
            LinkState::Open => {}
            // The handshake's own answers may be waiting for room.
            _ => {
                if let Err(failure) = self.flush_tls(slot) {
                    self.fail_waiting(slot, &failure);
                }
                return;
            }
        }
        loop {
            self.begin_waiting(slot, now);
            if self.mux(slot).is_blocked {
                break;
            }
            self.tell(slot, News::Nothing, now);
            let mux = self.mux(slot);
            let was_full = match &mut mux.carrier {
                Some(carrier) => carrier.take_outbox(&mut mux.out),
                None => return,
            };
            let flushed = self.write_out(slot);
            now = self.reactor.now();
            match flushed {
                Ok(true) => self.note_lanes_sent(slot, now),
                Ok(false) => self.mux(slot).is_blocked = true,
                Err(failure) => {
                    self.tell(slot, News::Failed(failure), now);
                }
            }
            let has_ended = !self.ended.is_empty();
            self.settle(slot, now);
            let mux = self.mux(slot);
            if mux.is_blocked || !(was_full || has_ended) || mux.carrier.is_none() {
                break;
            }
        }
        self.end_turn(slot, now);
    }

    pub(super) fn end_turn(&mut self, slot: u32, now: Nanos) {
        let mux = self.mux(slot);
        let Some(carrier) = &mut mux.carrier else { return };
        if mux.is_unread && !carrier.is_blocked() {
            mux.is_unread = false;
            self.unread.push((slot, false));
            return;
        }
        // A server that takes nothing new is left once it has answered what it took.
        if carrier.active() == 0 && carrier.room() == Room::Closing {
            self.close_link(slot);
            self.reconnect(slot, now);
        }
    }

    /// Writes the outbox; true once nothing is left of it.
    fn write_out(&mut self, slot: u32) -> Result<bool, Failure> {
        let link = &mut self.links[slot as usize];
        let Some(mux) = &mut link.mux else { return Ok(true) };
        if let Some(tls) = &mut link.tls {
            if !mux.out.is_empty() {
                tls.encrypt(&mux.out).map_err(|error| stream_failure("sending", &error))?;
                mux.uncharged.sent += mux.out.len() as u64;
                mux.out.clear();
            }
            return self.flush_tls(slot);
        }
        while mux.written < mux.out.len() {
            match self.reactor.write(slot, &mux.out[mux.written..]) {
                Ok(count) => {
                    mux.written += count;
                    mux.uncharged.sent += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(stream_failure("sending", &error)),
            }
        }
        mux.out.clear();
        mux.written = 0;
        Ok(true)
    }

    pub(super) fn note_lanes_sent(&mut self, slot: u32, now: Nanos) {
        let first = self.first_user(slot);
        let users = &mut self.users;
        let link = &mut self.links[slot as usize];
        let Some(carrier) = link.mux.as_mut().and_then(|mux| mux.carrier.as_mut()) else { return };
        let timers = &mut self.timers;
        carrier.take_unsent(|lane| {
            let user = &mut users[(first + lane) as usize];
            if user.moments.sent == 0 && user.moments.sending != 0 {
                user.moments.sent = now;
            }
            if user.call.as_deref_mut().is_some_and(|line| line.drained(now)) {
                timers.set(now, first + lane, Timer::Think);
            }
        });
    }
}
