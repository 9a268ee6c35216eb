//! Where the time of one exchange went.

use std::time::Duration;

/// The phases of a request in the order in which they happen; names are k6's plus `dns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PhaseKind {
    /// From the intended start until a connection was free or being made.
    Queued,
    /// Name resolution.
    Dns,
    /// TCP connect; over QUIC until the server's first answer.
    Connect,
    /// TLS handshake; over QUIC from the server's first answer until requests may be sent.
    Tls,
    /// First byte of the request handed to the kernel until the last.
    Send,
    /// Last request byte until the first response byte.
    Wait,
    /// First response byte until the last.
    Receive,
}

impl PhaseKind {
    /// Every phase, in order; `kind as usize` is its index here.
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Dns, Self::Connect, Self::Tls, Self::Send, Self::Wait, Self::Receive];

    /// The short name used in reports' `phases` and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Receive => "receive",
        }
    }

    /// The metric's name: k6's where k6 has one.
    pub fn metric(self) -> &'static str {
        match self {
            Self::Queued => "http_req_blocked",
            Self::Dns => "http_req_dns",
            Self::Connect => "http_req_connecting",
            Self::Tls => "http_req_tls_handshaking",
            Self::Send => "http_req_sending",
            Self::Wait => "http_req_waiting",
            Self::Receive => "http_req_receiving",
        }
    }
}

/// Phases of one exchange; a phase that did not happen (reused connection) is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// See [`PhaseKind::Queued`].
    pub queued: Duration,
    /// See [`PhaseKind::Dns`].
    pub dns: Duration,
    /// See [`PhaseKind::Connect`].
    pub connect: Duration,
    /// See [`PhaseKind::Tls`].
    pub tls: Duration,
    /// See [`PhaseKind::Send`].
    pub send: Duration,
    /// See [`PhaseKind::Wait`].
    pub wait: Duration,
    /// See [`PhaseKind::Receive`].
    pub receive: Duration,
}

impl Timings {
    /// k6's `http_req_duration`: send + wait + receive.
    pub fn duration(&self) -> Duration {
        self.send + self.wait + self.receive
    }

    /// Everything, from the intended start to the last byte.
    pub fn total(&self) -> Duration {
        self.queued + self.dns + self.connect + self.tls + self.duration()
    }

    /// The phases in [`PhaseKind::ALL`]'s order.
    pub fn phases(&self) -> [Duration; 7] {
        [self.queued, self.dns, self.connect, self.tls, self.send, self.wait, self.receive]
    }
}
