//! A server of somebody else's for calls from outside, where the user names one: whatever answers as
//! an Interactsh server does (<https://github.com/projectdiscovery/interactsh>).
//!
//! A session is registered with a public key, a secret and an id; payloads name hosts that begin with
//! the id (`ID` and 13 more characters, then the server's name). What calls them is asked for every few
//! seconds. It comes encrypted with AES, the AES key encrypted with the public key (RSA-OAEP, SHA-256),
//! so that nobody but this run can read it. At the end the session is taken back.
//!
//! * `session` is what is said to the server, one request at a time over [`super::Wire`]: the scope
//!   of that wire holds the named servers and nothing else.
//! * `keys` is the run's key pair and how messages are opened; `mailbox` is what came, bounded.
//! * [`CallbackServer`] puts them together, and asks as long as the run lasts.
//!
//! Deliberately not here: a server that nobody named (there is no default), going over to plain HTTP
//! where TLS fails (the token would be read on the way), and sessions that outlive the run.

mod client;
mod error;
mod keys;
mod mailbox;
mod message;
mod options;
mod session;

pub use client::CallbackServer;
pub use error::CallbackServerError;
pub use options::CallbackServerOptions;
