//! One session: what is said to the server, and what follows from its answers.

use std::sync::Arc;

use rand::RngExt as _;

use super::error::CallbackServerError;
use super::keys::Keys;
use super::message::{Answer, Deregister, Interaction, Poll, Register};
use super::options::CallbackToken;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;
use crate::model::Response;
use crate::model::Scope;
use crate::model::Target;
use crate::model::inert;
use crate::scan::wire::Wire;

/// A session's id: what every name of it begins with.
const ID: usize = 20;

/// What follows the id in a name. Servers tell a name by the length of both together.
const NONCE: usize = 13;

const SECRET: usize = 32;

/// Characters of a server's words that are shown.
const MAX_WORDS: usize = 200;

const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// What a server says of a session that it does not know; it has no code for it.
const FORGOTTEN: &str = "could not get correlation-id";

/// The way to the servers.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) wire: Arc<dyn Wire>,
    pub(super) scope: Arc<Scope>,
    pub(super) token: Option<CallbackToken>,
}

/// A session at one server, registered.
pub(super) struct Session {
    way: Way,
    server: Target,
    keys: Arc<Keys>,
    id: String,
    secret: String,
}

/// What a question gave.
#[derive(Default)]
pub(super) struct Polled {
    pub(super) interactions: Vec<Interaction>,
    /// Messages that could not be read.
    pub(super) unreadable: u64,
}

impl Session {
    /// Registers a new session at `server`.
    pub(super) async fn register(
        way: Way,
        server: Target,
        keys: Arc<Keys>,
    ) -> Result<Self, CallbackServerError> {
        let session = Self { way, server, keys, id: name(ID), secret: name(SECRET) };
        session.register_again().await?;
        Ok(session)
    }

    /// Registers the same session, which the server has forgotten.
    pub(super) async fn register_again(&self) -> Result<(), CallbackServerError> {
        let public_key = self.keys.public()?;
        let body = Register {
            public_key: &public_key,
            secret_key: &self.secret,
            correlation_id: &self.id,
        };
        let response = self.post("/register", serde_json::to_vec(&body)).await?;
        match serde_json::from_slice::<Answer>(&response.body) {
            Ok(Answer { message: Some(message), .. }) if message.contains("successful") => Ok(()),
            Ok(_) | Err(_) => Err(self.something_else()),
        }
    }

    /// What came since the last time.
    pub(super) async fn poll(&self) -> Result<Polled, CallbackServerError> {
        let path =
            format!("{}/poll?id={}&secret={}", self.server.path_and_query, self.id, self.secret);
        let response = self.send(Request::get(self.server.origin.clone(), path)).await?;
        let poll: Poll =
            serde_json::from_slice(&response.body).map_err(|_| self.something_else())?;
        let sealed = poll.data.unwrap_or_default();
        let mut polled = Polled::default();
        if sealed.is_empty() {
            return Ok(polled);
        }
        let Some(key) = self.keys.unwrap(&poll.aes_key) else {
            polled.unreadable = sealed.len() as u64;
            return Ok(polled);
        };
        for message in &sealed {
            let texts = key.open(message).into_iter().flatten();
            let read = texts.filter_map(|text| serde_json::from_slice(text.trim_ascii()).ok());
            match read.into_iter().next() {
                Some(interaction) => polled.interactions.push(interaction),
                None => polled.unreadable += 1,
            }
        }
        Ok(polled)
    }

    /// Takes the session back.
    pub(super) async fn deregister(&self) -> Result<(), CallbackServerError> {
        let body = Deregister { correlation_id: &self.id, secret_key: &self.secret };
        self.post("/deregister", serde_json::to_vec(&body)).await.map(drop)
    }

    /// A name that nothing else has: the first label of a host below the server's.
    pub(super) fn new_name(&self) -> String {
        format!("{}{}", self.id, text(DIGITS, NONCE))
    }

    /// What stands behind a name, and a dot, in a payload.
    pub(super) fn host(&self) -> String {
        self.server.origin.host_header()
    }

    pub(super) fn server(&self) -> String {
        self.server.url()
    }

    async fn post(
        &self,
        path: &str,
        body: serde_json::Result<Vec<u8>>,
    ) -> Result<Response, CallbackServerError> {
        let path = format!("{}{path}", self.server.path_and_query);
        let mut request = Request::get(self.server.origin.clone(), path);
        request.method = Method::new("POST");
        request.headers.push(Header::new("Content-Type", "application/json"));
        request.body = body.expect("texts are JSON");
        self.send(request).await
    }

    /// The answer to a request, if it is 200.
    async fn send(&self, mut request: Request) -> Result<Response, CallbackServerError> {
        request.headers.extend(self.way.token.as_ref().map(CallbackToken::header));
        let admitted = self.way.scope.admit(request)?;
        let server = self.server();
        match self.way.wire.send(admitted).await.outcome {
            Ok(response) if response.status == 200 => Ok(response),
            Ok(response) => Err(self.said(&response)),
            Err(failure) => Err(CallbackServerError::Unreachable { server, failure }),
        }
    }

    /// What an answer other than 200 means.
    fn said(&self, response: &Response) -> CallbackServerError {
        let server = self.server();
        if response.status == 401 {
            return match self.way.token {
                Some(_) => CallbackServerError::TokenRefused { server },
                None => CallbackServerError::TokenWanted { server },
            };
        }
        let Ok(Answer { error: Some(words), .. }) = serde_json::from_slice(&response.body) else {
            return CallbackServerError::SomethingElse { server };
        };
        if words.contains(FORGOTTEN) {
            return CallbackServerError::Forgotten { server };
        }
        let words = match &self.way.token {
            Some(token) => token.hidden_in(&words),
            None => words,
        };
        let text = inert(&words, MAX_WORDS);
        CallbackServerError::Said { server, status: response.status, text }
    }

    fn something_else(&self) -> CallbackServerError {
        CallbackServerError::SomethingElse { server: self.server() }
    }
}

/// `length` characters that nobody can guess, fit for a host name: a letter first.
fn name(length: usize) -> String {
    text(LETTERS, 1) + &text(DIGITS, length - 1)
}

fn text(alphabet: &[u8], length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(alphabet[random.random_range(0..alphabet.len())])).collect()
}
