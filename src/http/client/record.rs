//! Where the time of an exchange goes while it happens: a timeout still knows its phase.

use std::net::SocketAddr;
use std::time::Duration;

use crate::http::clock::Clock;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::PhaseKind;
use crate::model::Timings;
use crate::model::TlsInfo;

/// The phases so far, and what became known of the connection.
#[derive(Debug)]
pub(super) struct Record {
    clock: Clock,
    phase: PhaseKind,
    since: Duration,
    pub(super) timings: Timings,
    pub(super) peer: Option<SocketAddr>,
    pub(super) tls: Option<TlsInfo>,
}

impl Record {
    /// Begins with [`PhaseKind::Queued`].
    pub(super) fn start(clock: Clock) -> Self {
        Self {
            clock,
            phase: PhaseKind::Queued,
            since: clock.now(),
            timings: Timings::default(),
            peer: None,
            tls: None,
        }
    }

    /// The phase before ends now.
    pub(super) fn enter(&mut self, phase: PhaseKind) {
        let now = self.clock.now();
        let spent = now.saturating_sub(self.since);
        *self.slot() += spent;
        self.phase = phase;
        self.since = now;
    }

    /// The last phase ends now.
    pub(super) fn finish(&mut self) {
        self.enter(self.phase);
    }

    /// What happened on a reused connection that was dead counts as waiting for a connection.
    pub(super) fn start_over(&mut self) {
        self.enter(PhaseKind::Queued);
        self.timings = Timings { queued: self.timings.total(), ..Timings::default() };
        self.peer = None;
        self.tls = None;
    }

    /// What it means that time is up in the present phase.
    pub(super) fn timed_out(&self, limit: Duration) -> Failure {
        let limit = limit.as_secs_f64();
        let (class, what) = match self.phase {
            // Nothing is waited for in this phase while the time runs.
            PhaseKind::Queued | PhaseKind::Dns => (FailureClass::Dns, "the name did not resolve"),
            PhaseKind::Connect => (FailureClass::ConnectTimeout, "the connection was not accepted"),
            PhaseKind::Tls => (FailureClass::TlsTimeout, "the TLS handshake did not end"),
            PhaseKind::Send => (FailureClass::SendTimeout, "the request was not taken"),
            PhaseKind::Wait => (FailureClass::WaitTimeout, "no response began"),
            PhaseKind::Receive => (FailureClass::ReceiveTimeout, "the response did not end"),
        };
        Failure::new(class, format!("{what} within {limit} s"))
    }

    fn slot(&mut self) -> &mut Duration {
        match self.phase {
            PhaseKind::Queued => &mut self.timings.queued,
            PhaseKind::Dns => &mut self.timings.dns,
            PhaseKind::Connect => &mut self.timings.connect,
            PhaseKind::Tls => &mut self.timings.tls,
            PhaseKind::Send => &mut self.timings.send,
            PhaseKind::Wait => &mut self.timings.wait,
            PhaseKind::Receive => &mut self.timings.receive,
        }
    }
}
