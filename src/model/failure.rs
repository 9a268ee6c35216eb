//! Why an exchange gave no response: data in the report, never an error of ours.

use std::fmt;

/// The classes a failed exchange is counted under; names are part of the report format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureClass {
    /// The name did not resolve.
    Dns,
    /// Nobody listens on the port.
    ConnectRefused,
    /// Connecting took longer than the timeout.
    ConnectTimeout,
    /// Any other failure to connect (unreachable network, no local port left).
    Connect,
    /// The certificate was refused.
    Certificate,
    /// Any other TLS failure.
    Tls,
    /// The peer reset the connection.
    Reset,
    /// The peer closed before the response was complete.
    Closed,
    /// No complete response within the timeout.
    Timeout,
    /// What came back is not HTTP.
    Protocol,
    /// The response is larger than we are willing to read.
    TooLarge,
    /// The connection's address or the redirect's destination is out of scope.
    OutOfScope,
    /// Cancelled by us: end of run, user, kill switch.
    Cancelled,
}

impl FailureClass {
    /// Every class, in report order.
    pub const ALL: [Self; 13] = [
        Self::Dns,
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::Connect,
        Self::Certificate,
        Self::Tls,
        Self::Reset,
        Self::Closed,
        Self::Timeout,
        Self::Protocol,
        Self::TooLarge,
        Self::OutOfScope,
        Self::Cancelled,
    ];

    /// The stable name in reports and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::Connect => "connect",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::OutOfScope => "out_of_scope",
            Self::Cancelled => "cancelled",
        }
    }

    /// The class of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One failed exchange: the class it counts under and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {detail}")]
pub struct Failure {
    /// What it counts under.
    pub class: FailureClass,
    /// What was attempted and what happened, for a sample in the report.
    pub detail: String,
}

impl Failure {
    /// A failure of `class`, described.
    pub fn new(class: FailureClass, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into() }
    }
}
