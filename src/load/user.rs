//! A virtual user: a program counter over its flow and the exchange it is in. Not a task.

use super::call::Line;
use super::cookies::UserCookies;
use super::fork::Helpers;
use super::login::UserLogins;
use super::look::Kept;
use super::look::Looks;
use super::program::Prepared;
use super::program::Program;
use super::redirect::Chain;
use super::talk::Talk;
use super::trace::Trace;
use super::trace::Traced;
use crate::flow::Session;
use crate::http::h1::Collector;
use crate::http::reactor::Nanos;
use crate::model::PhaseKind;
use crate::model::Signals;

/// What a user is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Outside an iteration.
    Nothing,
    /// Waiting for its timer, then doing `then`.
    Pausing { until: Nanos, then: Then },
    /// A request is under way on its connection.
    Exchanging,
    /// Waiting for its helpers.
    Forked,
    /// Will never start again.
    Gone,
}

/// What a user goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The flow's next step.
    Step,
    /// The request that is already chosen.
    Send,
    /// Its login.
    LogIn,
}

/// Moments of the exchange under way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    /// When it was meant to start: the schedule's word in open models.
    pub(super) intended: Nanos,
    /// A connection was free, or being made.
    pub(super) began: Nanos,
    /// The TCP connection was there, or QUIC's server had answered; 0 on a reused one.
    pub(super) connected: Nanos,
    /// The TLS session was there; 0 without or on a reused one.
    pub(super) secured: Nanos,
    /// The first byte was handed to the kernel.
    pub(super) sending: Nanos,
    /// The last byte was handed to the kernel; 0 until then.
    pub(super) sent: Nanos,
    /// The first byte of the response; 0 until then.
    pub(super) first_byte: Nanos,
}

impl Moments {
    /// When the request was out and the response began, if the exchange ended at `end`; in that
    /// order, although a response may begin before the request is out.
    #[inline]
    pub(super) fn sent_and_first_byte(&self, end: Nanos) -> (Nanos, Nanos) {
        let sent = if self.sent == 0 { end } else { self.sent };
        let first_byte = if self.first_byte == 0 { end } else { self.first_byte.max(sent) };
        (sent, first_byte)
    }

    /// Phases up to `end` in [`PhaseKind::ALL`]'s order; what was never reached is zero.
    pub(super) fn phases(&self, end: Nanos) -> [Nanos; 7] {
        let mut phases = [0; 7];
        phases[PhaseKind::Queued as usize] = self.began.saturating_sub(self.intended);
        let mut from = self.began;
        for (kind, reached) in
            [(PhaseKind::Connect, self.connected), (PhaseKind::Tls, self.secured)]
        {
            if reached != 0 {
                phases[kind as usize] = reached - from;
                from = reached;
            }
        }
        if self.sending == 0 {
            return phases;
        }
        let (sent, first_byte) = self.sent_and_first_byte(end);
        phases[PhaseKind::Send as usize] = sent - self.sending;
        phases[PhaseKind::Wait as usize] = first_byte - sent;
        phases[PhaseKind::Receive as usize] = end - first_byte;
        phases
    }
}

/// One virtual user.
#[derive(Debug)]
pub(super) struct User {
    pub(super) scenario: u32,
    /// Its place among the users of its scenario on this shard.
    pub(super) place: u32,
    /// Its number among all users of the plan, from 1.
    pub(super) vu: u64,
    pub(super) doing: Doing,
    pub(super) session: Session,
    /// Intended and actual start of the iteration.
    pub(super) iteration: (Nanos, Nanos),
    /// The intended start that the iteration's first request is charged with, until it is.
    pub(super) charged: Option<Nanos>,
    /// When the groups began that it is in, the outermost first.
    pub(super) groups: Vec<Nanos>,
    /// The instruction that sends the request under way or chosen.
    pub(super) place_in_flow: u32,
    /// The request under way or chosen, by the plan's index, and its series.
    pub(super) request: u32,
    pub(super) series: u32,
    /// The connection slot of the exchange under way.
    pub(super) slot: u32,
    pub(super) moments: Moments,
    /// When the exchange has taken too long, and when a timer looks for it.
    pub(super) deadline: Nanos,
    pub(super) alarm: Nanos,
    /// How much of the request is out.
    pub(super) written: usize,
    pub(super) status: u16,
    pub(super) received: u64,
    /// The exchange was already begun anew after a kept connection turned out to be closed.
    pub(super) retried: bool,
    /// Addresses tried in vain for this connection.
    pub(super) addresses_tried: u32,
    pub(super) failures_in_a_row: u32,
    /// More is done with the response under way than to count it: most are only counted.
    pub(super) attended: bool,
    /// Gathers the response for the tap.
    pub(super) sample: Option<Box<Collector>>,
    /// What the head of a drawn request tells.
    pub(super) drawn: Option<Box<Signals>>,
    /// The trace of the exchange, where some are traced.
    pub(super) trace: Option<Box<Trace>>,
    /// Where redirects have led; `None` while the request follows none.
    pub(super) chain: Option<Box<Chain>>,
    /// Of a request that goes on after its response has begun.
    pub(super) talk: Option<Box<Talk>>,
    /// Of a request that is a gRPC call; kept for the next one.
    pub(super) call: Option<Box<Line>>,
    /// What the flow looks at in the response, and what of it has come.
    pub(super) looks: Looks,
    pub(super) kept: Option<Box<Kept>>,
    pub(super) cookies: Option<Box<UserCookies>>,
    /// Whose helper it is, and its own.
    pub(super) helps: Option<u32>,
    pub(super) helpers: Option<Box<Helpers>>,
    /// Only once it was to log in.
    pub(super) logins: Option<Box<UserLogins>>,
}

impl User {
    pub(super) fn new(scenario: u32, place: u32, vu: u64) -> Self {
        Self {
            scenario,
            place,
            vu,
            doing: Doing::Nothing,
            session: Session::default(),
            iteration: (0, 0),
            charged: None,
            groups: Vec::new(),
            place_in_flow: 0,
            request: 0,
            series: 0,
            slot: 0,
            moments: Moments::default(),
            deadline: 0,
            alarm: Nanos::MAX,
            written: 0,
            status: 0,
            received: 0,
            retried: false,
            addresses_tried: 0,
            failures_in_a_row: 0,
            attended: false,
            sample: None,
            drawn: None,
            trace: None,
            chain: None,
            talk: None,
            call: None,
            looks: Looks::Nowhere,
            kept: None,
            cookies: None,
            helps: None,
            helpers: None,
            logins: None,
        }
    }

    /// What is known of the exchange's trace.
    #[inline]
    pub(super) fn traced(&self) -> Option<Traced> {
        self.trace.as_ref().and_then(|trace| trace.known())
    }

    /// Whether somebody wants more of the response than its status, its size and its times.
    #[inline]
    pub(super) fn is_attended(&self, program: &Program) -> bool {
        self.drawn.is_some()
            || self.sample.is_some()
            || self.trace.is_some()
            || self.chain.is_some()
            || self.logins.is_some()
            || self.looks != Looks::Nowhere
            || program.keeps_cookies()
    }

    /// Whether what is under way belongs to a login.
    #[inline]
    pub(super) fn is_logging_in(&self) -> bool {
        self.logins.as_ref().is_some_and(|logins| logins.is_attempting())
    }

    /// What is sent: a login's request, else the plan's request, or what redirects have made of it.
    #[inline]
    pub(super) fn prepared<'a>(&'a self, program: &'a Program) -> &'a Prepared {
        if let Some(prepared) = self.logins.as_ref().and_then(|logins| logins.prepared()) {
            return prepared;
        }
        let hop = self.chain.as_ref().and_then(|chain| chain.hop());
        hop.unwrap_or_else(|| &program.requests[self.request as usize])
    }
}
