//! A Chromium of our own: started, spoken to over its debugging protocol, ended with everything
//! that belongs to it.
//!
//! * The protocol goes over two pipes, not over a port: no other program and no page can reach it,
//!   and a browser whose pipes close ends by itself, even if we are killed.
//! * The browser has no network. Names and addresses lead nowhere ([`Browser::start`] says how), so
//!   that what a page asks for is answered by whoever holds the pipes, or not at all.
//! * What comes through the pipe was made by hostile pages: messages have a bound, and one that
//!   makes no sense is counted and left behind.
//!
//! Deliberately not here: typed domains of the protocol (its users name the dozen methods they
//! need), and any idea of what a page is for.

mod connection;
mod error;
mod frames;
mod locate;
mod message;
mod process;
mod profile;

pub use connection::Connection;
pub use error::{BrowserError, CallError};
pub use frames::{Frame, Frames};
pub use locate::{NAMES, locate};
pub use message::{CdpEvent, Message, Unreadable};
pub use process::Browser;
