//! What is said in a gRPC call.

use std::time::Duration;

use super::expectation::Expected;
use super::message_type::MessageType;
use super::template::Template;
use crate::model::CallKind;

/// A call of the plan.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which sides are streams.
    pub kind: CallKind,
    /// What is sent.
    pub input: MessageType,
    /// What comes back.
    pub output: MessageType,
    /// In order; our side of the stream ends after the last. One [`CallStep::Send`] where our side
    /// is no stream.
    pub steps: Vec<CallStep>,
    /// The whole call may take this long, and the server is told.
    pub timeout: Option<Duration>,
    /// Bytes of a message that comes, at most.
    pub max_receive: u32,
    /// When the call has what it is for.
    pub until: CallEnd,
    /// From one message to the next at most; `None` is the plan's timeout.
    pub within: Option<Duration>,
}

/// What ends a call whose server sends a stream, before the server does; nothing waits for the
/// server's end.
#[derive(Debug, Clone, Default)]
pub struct CallEnd {
    /// So many messages have come.
    pub count: Option<u64>,
    /// So long has it gone on since its first answer; then its end is none too early.
    pub hold: Option<Duration>,
    /// A message is this.
    pub message: Option<Expected>,
}

impl CallEnd {
    /// Whether the call is to go on until a certain message has come.
    pub fn awaits_message(&self) -> bool {
        self.count.is_some() || self.message.is_some()
    }
}

/// One step of a call.
#[derive(Debug, Clone)]
pub enum CallStep {
    /// Sends a message.
    Send(CallMessage),
    /// Waits for a message; those that are not it are counted and passed over.
    Expect {
        /// Which; it is compared with the message's JSON.
        what: Expected,
        /// It must come within this time; `None` is the call's `within`.
        within: Option<Duration>,
    },
    /// Pauses; what comes meanwhile is counted.
    Think(Duration),
    /// Goes through the steps several times.
    Repeat {
        /// How often, at least once.
        times: u32,
        /// Never empty, no `Repeat` among them.
        steps: Vec<CallStep>,
    },
}

/// A message that is sent.
#[derive(Debug, Clone)]
pub enum CallMessage {
    /// The same each time, encoded.
    Fixed(Vec<u8>),
    /// JSON with slots, encoded when it is sent.
    Template(Template),
}
