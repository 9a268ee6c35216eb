//! Protocol Buffers messages of a type that is only known from the plan's `.proto` files: JSON to
//! bytes and back.

use prost_reflect::DeserializeOptions;
use prost_reflect::DynamicMessage;
use prost_reflect::MessageDescriptor;
use prost_reflect::SerializeOptions;
use prost_reflect::prost::Message as _;

/// A type of messages.
#[derive(Debug, Clone)]
pub struct MessageType(MessageDescriptor);

/// What is no message of the type.
#[derive(Debug, thiserror::Error)]
pub enum MessageTypeError {
    /// The JSON is none, or does not fit.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// The bytes are none.
    #[error("{0}")]
    Bytes(#[from] prost_reflect::prost::DecodeError),
}

impl MessageType {
    /// The type that a file describes.
    pub fn new(descriptor: MessageDescriptor) -> Self {
        Self(descriptor)
    }

    /// What the file says of it.
    pub fn descriptor(&self) -> &MessageDescriptor {
        &self.0
    }

    /// Its name with its package.
    pub fn name(&self) -> &str {
        self.0.full_name()
    }

    /// Appends the message that `json` describes (in the canonical mapping
    /// <https://protobuf.dev/programming-guides/json/>; unknown fields are refused) to `out`.
    ///
    /// # Errors
    /// [`MessageTypeError::Json`].
    pub fn encode(&self, json: &[u8], out: &mut Vec<u8>) -> Result<(), MessageTypeError> {
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        let mut reader = serde_json::Deserializer::from_slice(json);
        let message =
            DynamicMessage::deserialize_with_options(self.0.clone(), &mut reader, &options)?;
        reader.end()?;
        message.encode(out).expect("a vector grows");
        Ok(())
    }

    /// Appends the message as JSON to `out`, fields that have their default value included, as k6
    /// shows them.
    ///
    /// # Errors
    /// For bytes that are no message of this type; `out` may have grown.
    pub fn decode(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), MessageTypeError> {
        let message = DynamicMessage::decode(self.0.clone(), bytes)?;
        let options = SerializeOptions::new().skip_default_fields(false);
        message.serialize_with_options(&mut serde_json::Serializer::new(out), &options)?;
        Ok(())
    }
}
