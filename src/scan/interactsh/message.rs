//! What is said, as JSON.

use serde::Deserialize;
use serde::Serialize;

/// Asks for a session.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Register<'a> {
    /// PEM in base64.
    pub(super) public_key: &'a str,
    pub(super) secret_key: &'a str,
    pub(super) correlation_id: &'a str,
}

/// Takes a session back.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Deregister<'a> {
    pub(super) correlation_id: &'a str,
    pub(super) secret_key: &'a str,
}

/// What is answered to anything but a question for calls.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) message: Option<String>,
    pub(super) error: Option<String>,
}

/// What came since the last question.
#[derive(Deserialize)]
pub(super) struct Poll {
    /// Each encrypted, in base64; `null` for none.
    #[serde(default)]
    pub(super) data: Option<Vec<String>>,
    /// What they are encrypted with, encrypted, in base64.
    pub(super) aes_key: String,
}

/// One call.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Interaction {
    /// `dns`, `http`, `https`, `smtp`, ….
    pub(super) protocol: String,
    /// The first label of the host that was called, without what the target put in front of it.
    pub(super) unique_id: String,
    #[serde(default)]
    pub(super) raw_request: String,
    #[serde(default)]
    pub(super) raw_response: String,
    #[serde(default)]
    pub(super) remote_address: String,
}
