//! Why bytes are not a response that we accept.

use crate::model::Failure;
use crate::model::FailureClass;

/// A response that breaks RFC 9112 or a limit. The connection cannot be used any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// Status line or header fields are malformed.
    #[error("the response head is not HTTP/1.x: {0}")]
    Head(httparse::Error),
    /// A status code below 100.
    #[error("the status code {0} does not exist")]
    Status(u16),
    /// No end of the head within the limit.
    #[error("the response head is longer than {limit} bytes")]
    HeadTooLarge {
        /// In bytes.
        limit: usize,
    },
    /// More header fields than we keep.
    #[error("the response has more than {limit} header fields")]
    TooManyFields {
        /// In fields.
        limit: usize,
    },
    /// `Content-Length` is not a number, or does not fit 64 bits.
    #[error("Content-Length is not a number of bytes")]
    ContentLength,
    /// Several `Content-Length` values that differ.
    #[error("the response has several Content-Length values that differ")]
    ContentLengthConflict,
    /// A chunk does not begin with a hexadecimal size and CRLF.
    #[error("a chunk of the body does not begin with its size")]
    ChunkSize,
    /// A chunk size that does not fit 64 bits.
    #[error("a chunk size does not fit 64 bits")]
    ChunkSizeOverflow,
    /// Chunk data is not followed by CRLF.
    #[error("the data of a chunk is longer than its size says")]
    ChunkEnd,
    /// Chunk extensions or trailer fields beyond the limit.
    #[error("chunk extensions or trailers are longer than {limit} bytes")]
    ChunkOverhead {
        /// In bytes.
        limit: usize,
    },
    /// An endless row of 1xx responses.
    #[error("more than {limit} interim responses came before the final one")]
    TooManyInterim {
        /// In responses.
        limit: u32,
    },
}

impl ProtocolError {
    /// What an exchange that ended so is counted under.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::HeadTooLarge { .. }
            | Self::TooManyFields { .. }
            | Self::ChunkOverhead { .. }
            | Self::TooManyInterim { .. } => FailureClass::TooLarge,
            Self::Head(_)
            | Self::Status(_)
            | Self::ContentLength
            | Self::ContentLengthConflict
            | Self::ChunkSize
            | Self::ChunkSizeOverflow
            | Self::ChunkEnd => FailureClass::Protocol,
        }
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self::new(error.class(), error.to_string())
    }
}
