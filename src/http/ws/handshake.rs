//! The opening handshake: a GET that asks for an upgrade, and whether the 101 agrees.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Digest as _;
use sha1::Sha1;

use crate::http::h1::Head;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::Request;

/// What the server appends to the key before it hashes it (RFC 6455 §1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why a 101 is none of WebSocket's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// `Upgrade` or `Connection` is missing.
    #[error("the server switched to another protocol than WebSocket")]
    NotWebSocket,
    /// The hash of the key is missing or wrong.
    #[error("the WebSocket handshake's `Sec-WebSocket-Accept` does not answer our key")]
    Accept,
    /// An extension; none was offered.
    #[error("the server chose the WebSocket extension `{0}`, and none was offered")]
    Extension(String),
    /// A subprotocol that was not asked for.
    #[error("the server chose the subprotocol `{0}`, which was not offered")]
    Subprotocol(String),
}

impl From<HandshakeError> for Failure {
    fn from(error: HandshakeError) -> Self {
        Self::new(FailureClass::Protocol, error.to_string())
    }
}

/// What a request asks for, and what answers it.
#[derive(Debug, Clone)]
pub struct Handshake {
    accept: String,
    subprotocols: Vec<String>,
}

impl Handshake {
    /// Makes `request` ask for a session with one of `subprotocols`, or with none if there are
    /// none. Headers that it has already stay as they are.
    ///
    /// The key is to keep caches from answering; one for all sessions of a run does that as well
    /// as one for each, and leaves the request the same bytes every time.
    pub fn new(request: &mut Request, key: [u8; 16], subprotocols: &[String]) -> Self {
        let key = match request.header("sec-websocket-key") {
            Some(given) => given.value.trim_ascii().to_vec(),
            None => STANDARD.encode(key).into_bytes(),
        };
        let mut add = |name: &str, value: &[u8]| {
            if request.header(name).is_none() {
                request.headers.push(Header::new(name, value));
            }
        };
        add("Upgrade", b"websocket");
        add("Connection", b"Upgrade");
        add("Sec-WebSocket-Key", &key);
        add("Sec-WebSocket-Version", b"13");
        if !subprotocols.is_empty() {
            add("Sec-WebSocket-Protocol", subprotocols.join(", ").as_bytes());
        }
        let hash = Sha1::new().chain_update(&key).chain_update(GUID).finalize();
        Self { accept: STANDARD.encode(hash), subprotocols: subprotocols.to_vec() }
    }

    /// Whether the head of a 101 agrees to what was asked for.
    ///
    /// # Errors
    /// What it does not agree to.
    pub fn verify(&self, head: &Head<'_>) -> Result<(), HandshakeError> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let has_token = |name, token: &str| {
            head.fields().filter(|(found, _)| found.eq_ignore_ascii_case(name)).any(|(_, value)| {
                value
                    .split(|byte| *byte == b',')
                    .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
            })
        };
        if !has_token(b"upgrade", "websocket") || !has_token(b"connection", "upgrade") {
            return Err(HandshakeError::NotWebSocket);
        }
        if head.field("sec-websocket-accept") != Some(self.accept.as_bytes()) {
            return Err(HandshakeError::Accept);
        }
        if let Some(extension) = head.field("sec-websocket-extensions") {
            return Err(HandshakeError::Extension(text(extension)));
        }
        match head.field("sec-websocket-protocol") {
            Some(chosen) if !self.subprotocols.iter().any(|name| name.as_bytes() == chosen) => {
                Err(HandshakeError::Subprotocol(text(chosen)))
            }
            Some(_) | None => Ok(()),
        }
    }
}
