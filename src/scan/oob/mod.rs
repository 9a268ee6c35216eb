//! The out-of-band listener: what a target is made to call shows up here.
//!
//! A payload names a place that belongs to this listener, with an id that nobody can guess. Who
//! comes by with that id was sent by the payload: a request, a name looked up, a mail or a directory
//! search that the target made proves that it evaluated what it was given.
//!
//! * [`Listener`] does the I/O: loopback and free ports unless told otherwise, bounded in
//!   connections, time, bytes and what it keeps, and gone with the run that started it.
//! * [`Conversation`] is what is said on a connection, without I/O: HTTP, SMTP, FTP's beginning, LDAP,
//!   RMI's beginning and DNS. On the port that payloads name, the first bytes say which it is, as a
//!   payload's author puts any scheme in front of it.
//! * DNS messages are taken apart by `simple-dns`; LDAP's few elements of BER are read here, as the
//!   crates for them bring a whole client.
//!
//! * TLS on that port is answered with a certificate of the listener's own making, which nobody has
//!   signed: who does not check certificates is heard; of who does, the first message is, and the
//!   server name in it.
//!
//! Deliberately not here: anybody else's server (`scan::interactsh` speaks to those), and answers that
//! would make a target do something.

mod book;
mod conversation;
mod dns;
mod http;
mod id;
mod interaction;
mod ldap;
mod lines;
mod listener;
mod options;
mod rmi;
mod secure;
mod serve;
#[cfg(test)]
mod tests;

pub use conversation::Conversation;
pub use conversation::Opening;
pub use conversation::Told;
pub use conversation::Turn;
pub use dns::Zone;
pub use id::OobId;
pub use interaction::Interaction;
pub use interaction::OobProtocol;
pub use listener::Listener;
pub use listener::OobUrl;
pub use options::OobError;
pub use options::OobOptions;
pub use secure::Identity;
pub use secure::IdentityError;
