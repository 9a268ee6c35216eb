//! Why there is no session with a callback server.

use crate::model::Failure;
use crate::model::OutOfScope;

/// What went wrong between us and a callback server. Never holds the token.
#[derive(Debug, thiserror::Error)]
pub enum CallbackServerError {
    /// The text after `-iserver` is no address of a server.
    #[error("`{text}` is no callback server: {cause}; write it like https://oast.example")]
    Address {
        /// As written.
        text: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The token cannot stand in a header.
    #[error("the callback server's token has a line break or another control character in it")]
    Token,
    /// No answer.
    #[error("the callback server {server} does not answer: {failure}")]
    Unreachable {
        /// Its address.
        server: String,
        /// Why.
        failure: Failure,
    },
    /// It is not one of those that were named.
    #[error(transparent)]
    OutOfScope(#[from] OutOfScope),
    /// Status 401 without a token.
    #[error("the callback server {server} wants a token; give it with -itoken")]
    TokenWanted {
        /// Its address.
        server: String,
    },
    /// Status 401 in spite of a token.
    #[error("the callback server {server} refuses the token of -itoken")]
    TokenRefused {
        /// Its address.
        server: String,
    },
    /// It says that it cannot do that.
    #[error("the callback server {server} answers {status}: {text}")]
    Said {
        /// Its address.
        server: String,
        /// Its status.
        status: u16,
        /// What it says, made harmless.
        text: String,
    },
    /// It answers, but is something else.
    #[error("{server} answers, but not as an Interactsh server does; is the address right?")]
    SomethingElse {
        /// Its address.
        server: String,
    },
    /// It does not know the session any more.
    #[error("the callback server {server} has forgotten the session")]
    Forgotten {
        /// Its address.
        server: String,
    },
    /// No key pair could be made.
    #[error("making a key pair for the callback server: {0}")]
    Keys(String),
    /// Several were named, and none would do.
    #[error("none of {count} callback servers would do; the last: {last}")]
    None {
        /// How many.
        count: usize,
        /// Why the last of them would not.
        last: Box<CallbackServerError>,
    },
}

impl CallbackServerError {
    /// Whether somebody says no, where otherwise nobody is there.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::TokenWanted { .. } | Self::TokenRefused { .. } | Self::OutOfScope(_) => true,
            Self::None { last, .. } => last.is_refusal(),
            Self::Address { .. }
            | Self::Token
            | Self::Unreachable { .. }
            | Self::Said { .. }
            | Self::SomethingElse { .. }
            | Self::Forgotten { .. }
            | Self::Keys(_) => false,
        }
    }
}
