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
    /// Any other failure to connect (an unreachable network).
    Connect,
    /// We had no descriptor, local port or memory left: the generator's limit, not the target's.
    LocalLimit,
    /// The proxy refused to make the connection, or could not be understood.
    Proxy,
    /// The certificate was refused.
    Certificate,
    /// Any other TLS failure.
    Tls,
    /// The TLS handshake did not end within the timeout.
    TlsTimeout,
    /// The peer reset the connection.
    Reset,
    /// The peer closed before the response was complete.
    Closed,
    /// The peer did not take the whole request within the timeout.
    SendTimeout,
    /// No response began within the timeout.
    WaitTimeout,
    /// A response began and was not complete within the timeout.
    ReceiveTimeout,
    /// A message or event that was waited for did not come within its time.
    MessageTimeout,
    /// What came back is not HTTP.
    Protocol,
    /// The response is larger than we are willing to read.
    TooLarge,
    /// The connection's address or the redirect's destination is out of scope.
    OutOfScope,
    /// Too many redirects, or one that leads nowhere.
    Redirect,
    /// A value that the request needs was in no response before it, or does not fit into it.
    Extract,
    /// Cancelled by us: end of run, user, kill switch.
    Cancelled,
}

impl FailureClass {
    /// Every class, in report order.
    pub const ALL: [Self; 21] = [
        Self::Dns,
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::Connect,
        Self::LocalLimit,
        Self::Proxy,
        Self::Certificate,
        Self::Tls,
        Self::TlsTimeout,
        Self::Reset,
        Self::Closed,
        Self::SendTimeout,
        Self::WaitTimeout,
        Self::ReceiveTimeout,
        Self::MessageTimeout,
        Self::Protocol,
        Self::TooLarge,
        Self::OutOfScope,
        Self::Redirect,
        Self::Extract,
        Self::Cancelled,
    ];

    /// The stable name in reports and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::Connect => "connect",
            Self::LocalLimit => "local_limit",
            Self::Proxy => "proxy",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::TlsTimeout => "tls_timeout",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::SendTimeout => "send_timeout",
            Self::WaitTimeout => "wait_timeout",
            Self::ReceiveTimeout => "receive_timeout",
            Self::MessageTimeout => "message_timeout",
            Self::Protocol => "protocol",
            Self::TooLarge => "too_large",
            Self::OutOfScope => "out_of_scope",
            Self::Redirect => "redirect",
            Self::Extract => "extract",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether time was up: such an exchange took at least as long as it was given.
    pub fn is_timeout(self) -> bool {
        match self {
            Self::ConnectTimeout
            | Self::TlsTimeout
            | Self::SendTimeout
            | Self::WaitTimeout
            | Self::ReceiveTimeout
            | Self::MessageTimeout => true,
            Self::Dns
            | Self::ConnectRefused
            | Self::Connect
            | Self::LocalLimit
            | Self::Proxy
            | Self::Certificate
            | Self::Tls
            | Self::Reset
            | Self::Closed
            | Self::Protocol
            | Self::TooLarge
            | Self::OutOfScope
            | Self::Redirect
            | Self::Extract
            | Self::Cancelled => false,
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
