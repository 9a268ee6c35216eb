//! Messages within an exchange: what a WebSocket session, an event stream or a streaming call
//! carries after its response has begun.

use super::histogram::{Digits, Histogram};

/// What an exchange of a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SeriesKind {
    /// One request, one response.
    #[default]
    Http,
    /// A WebSocket session: from the connection to the close.
    WebSocket,
    /// A response that is a stream of server-sent events.
    ServerSentEvents,
    /// A gRPC call, unary or streaming.
    Grpc,
}

impl SeriesKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Http, Self::WebSocket, Self::ServerSentEvents, Self::Grpc];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::WebSocket => "websocket",
            Self::ServerSentEvents => "sse",
            Self::Grpc => "grpc",
        }
    }
}

/// Messages of a series, and the sessions that carried them. Mergeable.
///
/// The latency of a message counts to its arrival from the last message that was sent before it;
/// or from the last arrival that was counted, if that is later: an answer is measured from its
/// question, and an event of a stream from the event before it (the first from the request, or
/// from the response's head where only that is known). Messages that nobody waited for are
/// received, and have no latency.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageTally {
    /// Sessions that were opened: the handshake was accepted, the stream has begun.
    pub sessions: u64,
    /// Messages handed to the kernel; control frames are none.
    pub sent: u64,
    /// Messages or events received complete; control frames and comments are none.
    pub received: u64,
    /// See above.
    pub latency: Histogram,
    /// From the intention to connect to the accepted handshake, of sessions that were opened.
    pub connecting: Histogram,
    /// From the intention to connect to the end, of sessions that were opened.
    pub session_duration: Histogram,
}

impl Default for MessageTally {
    fn default() -> Self {
        let empty = || Histogram::new(Digits::Two);
        Self {
            sessions: 0,
            sent: 0,
            received: 0,
            latency: empty(),
            connecting: empty(),
            session_duration: empty(),
        }
    }
}

impl MessageTally {
    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.sent += other.sent;
        self.received += other.received;
        self.latency.merge(&other.latency);
        self.connecting.merge(&other.connecting);
        self.session_duration.merge(&other.session_duration);
    }
}
