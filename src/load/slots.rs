//! Which connection slot belongs to which user and origin.

use super::link::LinkState;
use super::program::Carriage;
use super::scenario::When;
use super::shard::Shard;
use super::user::Doing;
use crate::http::reactor::Reactor;

impl<R: Reactor> Shard<'_, R> {
    /// Whether the user's iterations follow a schedule.
    pub(super) fn is_open(&self, number: u32) -> bool {
        let scenario = self.users[number as usize].scenario;
        matches!(self.runs[scenario as usize].when, When::Open(_))
    }

    /// Whether the user's exchange may have waited for somebody.
    pub(super) fn has_queue(&self, number: u32) -> bool {
        let prepared = self.users[number as usize].prepared(self.shared.program);
        self.is_open(number) || prepared.carriage != Carriage::Alone
    }

    /// Whether the user's exchange is on this connection.
    pub(super) fn is_current(&self, number: u32, slot: u32) -> bool {
        let user = &self.users[number as usize];
        user.doing == Doing::Exchanging && user.slot == slot
    }

    /// The connection slot for the user's chosen request.
    #[inline]
    pub(super) fn slot(&self, number: u32) -> u32 {
        let prepared = self.users[number as usize].prepared(self.shared.program);
        self.slot_of(number, prepared.carriage, prepared.origin)
    }

    /// The user's connection slot for an origin.
    #[inline]
    pub(super) fn slot_of(&self, number: u32, carriage: Carriage, origin: u32) -> u32 {
        let origins = self.shared.program.origins.len();
        let origins = u32::try_from(origins).expect("fewer origins than 2^32");
        let group = match carriage {
            Carriage::Alone => number,
            Carriage::Http2 { lanes }
            | Carriage::Http3 { lanes }
            | Carriage::Pipeline { lanes } => number / lanes,
        };
        group * origins + origin
    }

    /// The user that a connection slot belongs to; of a shared one, the user whose exchange makes
    /// the connection.
    pub(super) fn owner(&self, slot: u32) -> u32 {
        match &self.links[slot as usize].mux {
            Some(mux) => mux.leader(),
            None => self.group(slot),
        }
    }

    /// The user in lane 0 of a shared slot.
    pub(super) fn first_user(&self, slot: u32) -> u32 {
        let origins = &self.shared.program.origins;
        self.group(slot) * origins[slot as usize % origins.len()].carriage.lanes()
    }

    fn group(&self, slot: u32) -> u32 {
        slot / u32::try_from(self.shared.program.origins.len()).expect("fewer origins than 2^32")
    }

    /// The user's exchange is over without a response: its connection is of no use, unless others
    /// are on it.
    pub(super) fn let_go(&mut self, number: u32) {
        let slot = self.slot(number);
        match self.users[number as usize].prepared(self.shared.program).carriage {
            Carriage::Alone => self.close_link(slot),
            Carriage::Http2 { lanes }
            | Carriage::Http3 { lanes }
            | Carriage::Pipeline { lanes } => {
                self.leave(number, slot, lanes);
            }
        }
    }

    pub(super) fn close_link(&mut self, slot: u32) {
        if self.links[slot as usize].mux.is_some() {
            self.say_goodbye(slot);
        }
        let link = &mut self.links[slot as usize];
        link.state = LinkState::Closed;
        link.tls = None;
        link.tunnel = None;
        if let Some(mux) = &mut link.mux {
            mux.disconnected();
        }
        self.reactor.close(slot);
    }

    pub(super) fn close_links(&mut self, number: u32) {
        let destinations = &self.shared.program.origins;
        let count = u32::try_from(destinations.len()).expect("fewer origins than 2^32");
        for (origin, destination) in (0..count).zip(destinations) {
            match destination.carriage {
                Carriage::Alone => self.close_link(number * count + origin),
                Carriage::Http2 { lanes }
                | Carriage::Http3 { lanes }
                | Carriage::Pipeline { lanes } => {
                    self.leave_for_good(number, number / lanes * count + origin, lanes);
                }
            }
        }
    }
}
