//! The other side of a simulated network: what a server decides, and when it comes to pass.

use super::seam::Nanos;

/// How a connection attempt ends, and after what time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// Established.
    After(Nanos),
    /// Nobody listens.
    Refuse(Nanos),
    /// No answer at all.
    Never,
}

/// One act of a server, counted from the arrival of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// These bytes arrive in one piece.
    Bytes {
        /// How long after the request.
        after: Nanos,
        /// What arrives.
        bytes: Vec<u8>,
    },
    /// The server sends no more.
    Close {
        /// How long after the request.
        after: Nanos,
    },
    /// The connection is torn down; what was not read is lost.
    Reset {
        /// How long after the request.
        after: Nanos,
    },
    /// One datagram arrives, for connections over UDP.
    Datagram {
        /// How long from now.
        after: Nanos,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// The server is asked for its [`SimServer::turn`].
    Turn {
        /// How long from now.
        after: Nanos,
    },
}

/// The other side of every connection. A closure over time and request is one that accepts at once.
pub trait SimServer {
    /// Judges a connection attempt. Over UDP there is a connection at once, and what is sent on it
    /// arrives only where somebody listens.
    fn accept(&mut self, _at: Nanos) -> Accept {
        Accept::After(0)
    }

    /// Answers bytes as they arrive, for a protocol that is not HTTP/1.1; `None` leaves requests to
    /// [`SimServer::answer`]. Connections are told apart by a number of their own.
    fn answer_bytes(&mut self, _at: Nanos, _connection: u64, _bytes: &[u8]) -> Option<Vec<Reply>> {
        None
    }

    /// Answers one datagram as it arrives; connections as for [`SimServer::answer_bytes`].
    fn answer_datagram(&mut self, _at: Nanos, _connection: u64, _bytes: &[u8]) -> Vec<Reply> {
        Vec::new()
    }

    /// Does what it wanted to do on a connection at this time, for a server with timers of its own.
    fn turn(&mut self, _at: Nanos, _connection: u64) -> Vec<Reply> {
        Vec::new()
    }

    /// Answers a request that has arrived whole, head and body.
    fn answer(&mut self, at: Nanos, request: &[u8]) -> Vec<Reply>;
}

impl<F: FnMut(Nanos, &[u8]) -> Vec<Reply>> SimServer for F {
    fn answer(&mut self, at: Nanos, request: &[u8]) -> Vec<Reply> {
        self(at, request)
    }
}
