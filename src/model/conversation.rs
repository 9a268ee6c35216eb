//! What goes on in an exchange after its response has begun.

use std::time::Duration;

use super::grpc::GrpcCall;

/// How a request of the plan goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Conversation {
    /// One response ends it.
    #[default]
    Response,
    /// A WebSocket session.
    WebSocket(WebSocketSession),
    /// The response is a stream of server-sent events.
    Events(EventStream),
    /// A gRPC call, unary or streaming; its messages stand in the request's script.
    Grpc(GrpcCall),
}

/// What is said in a WebSocket session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebSocketSession {
    /// Offered to the server, in order of preference.
    pub subprotocols: Vec<String>,
    /// In order; the session is closed after the last.
    pub steps: Vec<MessageStep>,
    /// The session may take this long from its handshake on.
    pub max_duration: Option<Duration>,
}

/// One step of a WebSocket session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageStep {
    /// Sends a message of text, or of bytes.
    Send {
        /// What it says.
        payload: Vec<u8>,
        /// Whether it is one of bytes.
        binary: bool,
    },
    /// Waits for a message; those that are not it are counted and passed over.
    Expect {
        /// Which.
        what: Expectation,
        /// It must come within this time; `None` is the plan's timeout.
        within: Option<Duration>,
    },
    /// Pauses; what comes meanwhile is counted.
    Think(Duration),
    /// Goes through the steps several times.
    Repeat {
        /// How often, at least once.
        times: u32,
        /// Never empty, no `Repeat` among them.
        steps: Vec<MessageStep>,
    },
    /// Closes the session with this code.
    Close(u16),
}

/// Which message is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expectation {
    /// The next one, whatever it says.
    #[default]
    Any,
    /// One that is this text.
    Equals(String),
    /// One with this text in it.
    Contains(String),
    /// One in which this regular expression (RE2) matches.
    Regex(String),
    /// One in JSON in which this path leads to something.
    JsonPath(String),
}

/// How long a stream of events is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventStream {
    /// Until so many have come.
    pub events: Option<u64>,
    /// For so long from its beginning on; then its end is none too early.
    pub hold: Option<Duration>,
    /// Until one of them is this.
    pub until: Option<Expectation>,
    /// From one event to the next at most.
    pub within: Option<Duration>,
}
