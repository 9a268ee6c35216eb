//! How users come onto a shared link, and leave it.

use std::collections::VecDeque;

use super::carrier::Carrier;
use super::state::Mux;
use crate::http::lanes::Again;
use crate::http::lanes::Lost;
use crate::http::lanes::Room;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::load::exchange::Begun;
use crate::load::link::LinkState;
use crate::load::program::Carriage;
use crate::load::shard::Shard;
use crate::load::user::Doing;
use crate::load::user::Moments;
use crate::model::Failure;
use crate::model::FailureClass;

impl<R: Reactor> Shard<'_, R> {
    /// The user's exchange goes onto the shared link `slot`: at once if there is room, else it
    /// waits there; where there is no connection it leads in making one.
    pub(in crate::load) fn join(&mut self, number: u32, slot: u32, now: Nanos) -> Begun {
        let link = &mut self.links[slot as usize];
        let mux = link.mux.get_or_insert_default();
        let begun = match link.state {
            LinkState::Open if mux.waiting.is_empty() => self.begin_on(number, slot, now),
            LinkState::Closed if mux.waiting.is_empty() => {
                mux.leader = number;
                mux.waiting.push_back(number);
                let begun = self.connect(number, slot);
                if begun.is_err() {
                    self.mux(slot).waiting.clear();
                }
                begun
            }
            _ => {
                mux.waiting.push_back(number);
                self.note_due(slot);
                Ok(())
            }
        };
        match begun {
            Ok(()) => Begun::Waiting,
            Err(failure) => Begun::Failed(failure),
        }
    }

    /// The connection stands: its carrier is made, and who waits begins.
    pub(in crate::load) fn opened_shared(
        &mut self,
        number: u32,
        slot: u32,
        now: Nanos,
    ) -> Result<(), Failure> {
        let program = self.shared.program;
        let prepared = self.users[number as usize].prepared(program);
        let (carriage, is_secured) =
            (prepared.carriage, program.origins[prepared.origin as usize].tls.is_some());
        let link = &mut self.links[slot as usize];
        // With TLS to a proxy alone, HTTP/2 is known beforehand.
        if let (Carriage::Http2 { .. }, Some(tls)) = (carriage, &link.tls)
            && is_secured
        {
            match tls.session().alpn_protocol() {
                Some(b"h2") => {}
                chosen => return Err(no_h2(chosen)),
            }
        }
        let mux = link.mux.get_or_insert_default();
        mux.disconnected();
        mux.carrier = Carrier::new(carriage);
        self.begin_waiting(slot, now);
        self.note_due(slot);
        Ok(())
    }

    /// Begins exchanges that wait, as far as there is room.
    pub(super) fn begin_waiting(&mut self, slot: u32, now: Nanos) {
        loop {
            let mux = self.mux(slot);
            let Some(carrier) = &mut mux.carrier else { return };
            if mux.waiting.is_empty() || carrier.room() != Room::Free {
                return;
            }
            let number = mux.waiting.pop_front().expect("checked above");
            if let Err(failure) = self.begin_on(number, slot, now) {
                self.ended.push((number, Err(Lost { failure, again: Again::Never })));
            }
        }
    }

    /// Puts the user's request on the open link, or lets it wait.
    fn begin_on(&mut self, number: u32, slot: u32, now: Nanos) -> Result<(), Failure> {
        let lanes = self.users[number as usize].prepared(self.shared.program).carriage.lanes();
        let lane = number % lanes;
        if self.shared.program.is_scripted {
            self.render(number)?;
        }
        self.note_due(slot);
        let is_call = self.shared.program.has_calls && self.is_call(number);
        let mux = self.links[slot as usize].mux.get_or_insert_default();
        let is_free = mux.carrier.as_mut().is_some_and(|carrier| carrier.room() == Room::Free);
        if !is_free {
            mux.waiting.push_back(number);
            return Ok(());
        }
        let moments = &mut self.users[number as usize].moments;
        if moments.connected == 0 {
            // What went by until now was waiting for a place.
            moments.began = now;
        }
        if is_call {
            return self.begin_call(number, slot, lane, now);
        }
        self.users[number as usize].moments.sending = now;
        let prepared = self.users[number as usize].prepared(self.shared.program);
        let rendered = (self.rendered_for == Some(number)).then_some(self.rendered.as_slice());
        let carrier = mux.carrier.as_mut().expect("it has room");
        carrier.begin(lane, prepared, rendered)
    }

    /// An exchange that ended without a response is begun anew, or has failed.
    pub(super) fn lost(&mut self, number: u32, slot: u32, lost: &Lost, now: Nanos) {
        let user = &mut self.users[number as usize];
        let prepared = user.prepared(self.shared.program);
        let may_retry = match lost.again {
            Again::Always => true,
            // A connection that served nobody was not idle too long: it is refused service.
            Again::IfIdempotent => prepared.is_idempotent && self.links[slot as usize].served > 0,
            Again::Never => false,
        };
        if user.retried || !may_retry {
            return self.fail_and_go_on(number, &lost.failure);
        }
        user.retried = true;
        (user.written, user.status) = (0, 0);
        let intended = user.moments.intended;
        user.moments = Moments { intended, began: now, ..Moments::default() };
        if let Some(line) = user.call.as_deref_mut().filter(|line| line.is_active()) {
            line.reopen(now);
        }
        if let Begun::Failed(failure) = self.join(number, slot, now) {
            self.fail_and_go_on(number, &failure);
        }
    }

    /// No connection could be made: everybody who waited for it has failed.
    pub(in crate::load) fn fail_waiting(&mut self, slot: u32, failure: &Failure) {
        self.close_link(slot);
        // Those who begin anew at once wait for the next attempt.
        let waiting: VecDeque<u32> = std::mem::take(&mut self.mux(slot).waiting);
        for number in waiting {
            self.fail_and_go_on(number, failure);
        }
    }

    /// The user's exchange is over, whatever it was doing on the link; the others stay.
    pub(in crate::load) fn leave(&mut self, number: u32, slot: u32, lanes: u32) {
        let link = &mut self.links[slot as usize];
        let Some(mux) = &mut link.mux else { return };
        let was_waiting = mux.waiting.len();
        mux.waiting.retain(|waiting| *waiting != number);
        let was_waiting = was_waiting != mux.waiting.len();
        if link.state != LinkState::Open {
            // The attempt is the leader's, as old as its exchange: the next one makes another.
            if was_waiting && mux.leader == number {
                self.close_link(slot);
                self.note_due(slot);
            }
            return;
        }
        let was_active = mux.carrier.as_mut().is_some_and(|carrier| carrier.cancel(number % lanes));
        if was_active {
            self.note_due(slot);
        }
    }

    /// The user will never come back: with the last of its link's users, the link closes.
    pub(in crate::load) fn leave_for_good(&mut self, number: u32, slot: u32, lanes: u32) {
        self.leave(number, slot, lanes);
        let first = number - number % lanes;
        let stays = |other: u32| match self.users.get(other as usize).map(|user| user.doing) {
            None | Some(Doing::Gone) => false,
            // Between two arrivals; in a closed model, whoever is idle has left.
            Some(Doing::Nothing) => self.is_open(other),
            Some(_) => true,
        };
        let has_users = (first..first + lanes).any(stays);
        if !has_users && self.links[slot as usize].state != LinkState::Closed {
            self.close_link(slot);
        }
    }

    /// Somebody waits and nobody connects: the first in line does.
    pub(super) fn reconnect(&mut self, slot: u32, now: Nanos) {
        let mux = self.mux(slot);
        let Some(number) = mux.waiting.front().copied() else { return };
        mux.leader = number;
        let user = &mut self.users[number as usize];
        user.addresses_tried = 0;
        user.moments.began = now;
        if let Err(failure) = self.connect(number, slot) {
            self.fail_waiting(slot, &failure);
        }
    }

    /// The link has something to do before the shard waits again.
    pub(in crate::load) fn note_due(&mut self, slot: u32) {
        let mux = self.links[slot as usize].mux.get_or_insert_default();
        if !std::mem::replace(&mut mux.is_due, true) {
            self.due.push(slot);
        }
    }

    pub(super) fn mux(&mut self, slot: u32) -> &mut Mux {
        self.links[slot as usize].mux.get_or_insert_default()
    }
}

fn no_h2(chosen: Option<&[u8]>) -> Failure {
    let chosen = match chosen {
        Some(name) => format!("chose `{}`", String::from_utf8_lossy(name)),
        None => "chose no protocol".to_owned(),
    };
    let detail = format!("the server does not speak HTTP/2 here: by ALPN it {chosen}");
    Failure::new(FailureClass::Protocol, detail)
}
