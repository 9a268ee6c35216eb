//! What exchanges carried after their response had begun.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::MessageTally;

use super::number::Count;
use super::trend::Figures;
use super::trend::Trend;

/// Messages of WebSocket sessions, event streams and streaming calls.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MessageTally")]
pub(super) struct MessageTallyDto {
    /// Sessions or streams that were opened.
    sessions: Count,
    sent: Count,
    received: Count,
    /// `message_latency`: from a message to the one that answers it, from an event to the next.
    latency: Trend,
    /// `ws_connecting`: from connecting to the accepted handshake.
    connecting: Trend,
    /// `ws_session_duration`: from connecting to the end.
    session_duration: Trend,
}

impl MessageTallyDto {
    pub(super) fn new(messages: &MessageTally, figures: Figures) -> Self {
        Self {
            sessions: messages.sessions.into(),
            sent: messages.sent.into(),
            received: messages.received.into(),
            latency: Trend::new(&messages.latency, figures),
            connecting: Trend::new(&messages.connecting, figures),
            session_duration: Trend::new(&messages.session_duration, figures),
        }
    }
}

impl From<MessageTallyDto> for MessageTally {
    fn from(dto: MessageTallyDto) -> Self {
        Self {
            sessions: dto.sessions.into(),
            sent: dto.sent.into(),
            received: dto.received.into(),
            latency: dto.latency.into(),
            connecting: dto.connecting.into(),
            session_duration: dto.session_duration.into(),
        }
    }
}
