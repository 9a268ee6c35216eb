//! What a shared link keeps beside its connection.

use std::collections::VecDeque;

use super::carrier::Carrier;
use crate::http::h1::Collector;
use crate::http::h1::Head;
use crate::http::h1::ResponseSink as _;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Lost;
use crate::http::reactor::Nanos;
use crate::load::call::Hearing;
use crate::load::call::Line;
use crate::load::cookies;
use crate::load::counts::SeriesCounts;
use crate::load::look::Keeping;
use crate::load::look::Looks;
use crate::load::look::Spare;
use crate::load::program::Program;
use crate::load::sample::Odd;
use crate::load::user::User;
use crate::model::ExchangeTap;
use crate::model::Signals;

/// One shared link; it outlives its connections.
#[derive(Debug, Default)]
pub(in crate::load) struct Mux {
    /// Whose exchange is charged with the connection that is being made.
    pub(super) leader: u32,
    /// Users whose exchange has not begun on the wire, in order.
    pub(super) waiting: VecDeque<u32>,
    /// There once the connection is open.
    pub(super) carrier: Option<Carrier>,
    /// Plain text that came with the end of the TLS handshake.
    pub(super) early: Vec<u8>,
    /// What the kernel did not take yet, from `written` on.
    pub(super) out: Vec<u8>,
    pub(super) written: usize,
    /// Of HTTP/3: when its carrier wants a turn whatever comes, as the shard's list has it.
    pub(super) deadline: Option<Nanos>,
    /// Of HTTP/3: bytes of each datagram in `out` but the last.
    pub(super) datagram: usize,
    /// In the shard's list of links that have something to do.
    pub(super) is_due: bool,
    /// The kernel had no room; its word that there is some is awaited.
    pub(super) is_blocked: bool,
    /// The server has something for us, and we wait for room to answer.
    pub(super) is_unread: bool,
    /// Bytes on the wire that no exchange was charged with yet. Frames of several streams share
    /// a header table, so a share per exchange does not exist; the sums are exact.
    pub(super) uncharged: Wire,
}

/// Bytes of a connection beyond the bodies that exchanges were charged with.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Wire {
    pub(super) sent: u64,
    pub(super) received: u64,
}

impl Mux {
    pub(in crate::load) fn leader(&self) -> u32 {
        self.leader
    }

    /// What carries exchanges, while the connection is open.
    pub(in crate::load) fn carrier_mut(&mut self) -> Option<&mut Carrier> {
        self.carrier.as_mut()
    }

    /// Whether the connection that is there, or is being made, is QUIC's.
    pub(in crate::load) fn is_quic(&self) -> bool {
        matches!(self.carrier, Some(Carrier::H3(_)))
    }

    /// The connection is gone; who waits goes on waiting.
    pub(in crate::load) fn disconnected(&mut self) {
        self.carrier = None;
        self.early.clear();
        self.out.clear();
        self.written = 0;
        (self.is_blocked, self.is_unread) = (false, false);
        self.uncharged = Wire::default();
    }
}

/// Takes the responses of one link's lanes into their users.
pub(super) struct LaneIntake<'a> {
    pub(super) program: &'a Program,
    pub(super) users: &'a mut [User],
    /// The user in lane 0.
    pub(super) first: u32,
    pub(super) series: &'a mut [SeriesCounts],
    pub(super) names: &'a [String],
    pub(super) seen: &'a mut [u16],
    pub(super) now: Nanos,
    pub(super) uncharged: &'a mut Wire,
    pub(super) ended: &'a mut Vec<(u32, Result<(), Lost>)>,
    /// Users in whose calls something has come that they have to answer.
    pub(super) spoken: &'a mut Vec<u32>,
    pub(super) spare: &'a mut Spare,
    pub(super) body_limit: usize,
    pub(super) tap: Option<&'a dyn ExchangeTap>,
    pub(super) tap_dropped: &'a mut u64,
}

impl LaneIntake<'_> {
    fn user(&mut self, lane: u32) -> &mut User {
        &mut self.users[(self.first + lane) as usize]
    }

    /// Tells the call in the lane; false where the exchange is none.
    fn hear(&mut self, lane: u32, tell: impl FnOnce(&mut Hearing<'_>)) -> bool {
        let number = self.first + lane;
        let user = &mut self.users[number as usize];
        let Some(line) = user.call.as_deref_mut().filter(|line| line.is_active()) else {
            return false;
        };
        let request = &self.program.requests[user.request as usize];
        let Some(calling) = request.call.as_deref() else { return false };
        let mut hearing = Hearing {
            line,
            calling,
            counts: &mut self.series[user.series as usize].messages,
            keep: (user.looks == Looks::AtBody).then_some(self.body_limit),
            now: self.now,
        };
        tell(&mut hearing);
        if hearing.is_news() {
            self.spoken.push(number);
        }
        true
    }

    fn keeping(&mut self, lane: u32) -> Option<Keeping<'_>> {
        let user = &mut self.users[(self.first + lane) as usize];
        (user.looks >= Looks::AtHead).then_some(Keeping {
            looks: user.looks,
            kept: &mut user.kept,
            spare: self.spare,
            limit: self.body_limit,
        })
    }
}

impl LaneSink for LaneIntake<'_> {
    fn wants_fields(&self, lane: u32) -> bool {
        let user = &self.users[(self.first + lane) as usize];
        !self.names.is_empty()
            || user.sample.is_some()
            || self.tap.is_some()
            || user.drawn.is_some()
            || user.chain.is_some()
            || user.trace.is_some()
            || user.looks >= Looks::AtHead
            || self.program.keeps_cookies()
            || user.call.as_deref().is_some_and(Line::is_active)
    }

    fn head(&mut self, lane: u32, head: &Head<'_>) {
        let now = self.now;
        let names = self.names;
        let user = self.user(lane);
        user.moments.first_byte = now;
        user.status = head.status;
        if let Some(chain) = user.chain.as_deref_mut() {
            chain.head(head);
        }
        if let Some(trace) = user.trace.as_deref_mut() {
            trace.hear(head);
        }
        let series = user.series as usize;
        if let Some(tap) = self.tap {
            let tapping = &mut self.series[series].tapping;
            let mut odd = Odd { tap, tapping, dropped: self.tap_dropped };
            odd.look(head.status, &mut self.users[(self.first + lane) as usize].sample);
        }
        let user = self.user(lane);
        if let Some(sample) = user.sample.as_deref_mut() {
            Collector::head(sample, head);
        }
        if let Some(drawn) = user.drawn.as_deref_mut() {
            *drawn = Signals::of(head.fields(), names);
        }
        if let Some(mut keeping) = self.keeping(lane) {
            keeping.head(head);
        }
        if self.program.keeps_cookies() {
            cookies::note(&mut self.user(lane).cookies, head);
        }
        let began = self.user(lane).moments.began;
        self.hear(lane, |hearing| hearing.head(head, began));
        let user = self.user(lane);
        let series = user.series as usize;
        if !self.names.is_empty() {
            let from = (self.first + lane) as usize * self.names.len();
            let seen = &mut self.seen[from..from + self.names.len()];
            self.series[series].observed.look(self.names, head, seen);
        }
    }

    fn body(&mut self, lane: u32, data: &[u8]) {
        // What another exchange was charged with already is not charged again.
        let charged = self.uncharged.received.min(data.len() as u64);
        self.uncharged.received -= charged;
        let user = self.user(lane);
        user.received += charged;
        if let Some(sample) = user.sample.as_deref_mut() {
            sample.body(data);
        }
        if self.hear(lane, |hearing| hearing.body(data)) {
            return;
        }
        if let Some(mut keeping) = self.keeping(lane) {
            keeping.body(data);
        }
    }

    fn trailers(&mut self, lane: u32, trailers: &Head<'_>) {
        if self.hear(lane, |hearing| hearing.trailers(trailers))
            && let Some(kept) = &mut self.user(lane).kept
        {
            kept.add_fields(trailers);
        }
    }

    fn end(&mut self, lane: u32, outcome: Result<(), Lost>) {
        let sent = std::mem::take(&mut self.uncharged.sent);
        let received = std::mem::take(&mut self.uncharged.received);
        let number = self.first + lane;
        let user = self.user(lane);
        user.written = usize::try_from(sent).unwrap_or(usize::MAX);
        user.received += received;
        self.ended.push((number, outcome));
        if let Some(line) = &mut self.user(lane).call {
            line.stream_ended();
        }
    }
}
