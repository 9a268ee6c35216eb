//! How a connection carries exchanges, by what the plan speaks.

use crate::plan::Protocol;

/// How a connection carries exchanges. Users are grouped by `lanes`, one or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) enum Carriage {
    /// HTTP/1.1, one exchange of one user after the other.
    Alone,
    /// HTTP/2, a stream for each user of the group.
    Http2 { lanes: u32 },
    /// HTTP/3, the same way.
    Http3 { lanes: u32 },
    /// HTTP/1.1, requests of the group's users one behind the other.
    Pipeline { lanes: u32 },
}

impl Carriage {
    pub(super) fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Http1 { pipeline: 0 | 1 } => Self::Alone,
            Protocol::Http1 { pipeline } => Self::Pipeline { lanes: pipeline },
            Protocol::Http2 { streams } => Self::Http2 { lanes: streams.max(1) },
            Protocol::Http3 { streams } => Self::Http3 { lanes: streams.max(1) },
        }
    }

    /// Users per connection.
    pub(in crate::load) fn lanes(self) -> u32 {
        match self {
            Self::Alone => 1,
            Self::Http2 { lanes } | Self::Http3 { lanes } | Self::Pipeline { lanes } => lanes,
        }
    }
}
