//! The client's side of WebSocket (RFC 6455), without I/O.
//!
//! Own code and not `tungstenite`'s: that allocates for every message in both directions and keeps
//! whole messages, where the load engine counts messages by the million and looks at few of them.
//! A property test holds the two to the same word over every cut of the same bytes.
//!
//! Deliberately left out: extensions (`permessage-deflate` is never offered, so a frame that uses
//! it is an error), and the check that text is UTF-8: a message is handed on as bytes.

mod decoder;
mod encode;
mod handshake;

pub use decoder::{Decoder, FrameError, MessageSink};
pub use encode::{close_frame, frame};
pub use handshake::{Handshake, HandshakeError};

/// What a message or a frame is; the values are those on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// A message of text.
    Text = 1,
    /// A message of bytes.
    Binary = 2,
    /// The end of the session, with a code.
    Close = 8,
    /// Asks for a pong.
    Ping = 9,
    /// Answers a ping.
    Pong = 10,
}

/// Control frames carry at most this much.
pub(super) const MAX_CONTROL: usize = 125;
