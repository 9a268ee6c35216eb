//! Which connection slot belongs to which user and origin.

use super::link::LinkState;
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

    /// Whether the user's exchange is on this connection.
    pub(super) fn is_current(&self, number: u32, slot: u32) -> bool {
        self.users[number as usize].doing == Doing::Exchanging && self.slot(number) == slot
    }

    /// The connection slot for the user's chosen request.
    pub(super) fn slot(&self, number: u32) -> u32 {
        let program = self.shared.program;
        let origins = u32::try_from(program.origins.len()).expect("fewer origins than 2^32");
        number * origins + self.users[number as usize].prepared(program).origin
    }

    /// The user that a connection slot belongs to.
    pub(super) fn owner(&self, slot: u32) -> u32 {
        slot / u32::try_from(self.shared.program.origins.len()).expect("fewer origins than 2^32")
    }

    pub(super) fn close_link(&mut self, slot: u32) {
        let link = &mut self.links[slot as usize];
        link.state = LinkState::Closed;
        link.tls = None;
        link.tunnel = None;
        self.reactor.close(slot);
    }

    pub(super) fn close_links(&mut self, number: u32) {
        let origins = self.shared.program.origins.len();
        for slot in number as usize * origins..(number as usize + 1) * origins {
            self.close_link(u32::try_from(slot).expect("slots are numbered in u32"));
        }
    }
}
