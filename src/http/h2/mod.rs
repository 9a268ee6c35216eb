//! HTTP/2 without I/O (RFC 9113): a client's side of one connection, several exchanges at once.
//!
//! Like HTTP/1.1 beside it, it is a state machine of our own, because load is what Shakedown is
//! for: with the `h2` crate polled by hand an exchange took three times the instructions, most of
//! them for header fields that nobody looks at and for wakers that nobody waits with. That crate
//! serves in the tests, so each is read by the other.
//!
//! * [`Session`] holds the lanes, puts requests and their bodies into the outbox and keeps the
//!   server's windows and limits.
//! * `incoming` takes the frames apart as they come, in whatever pieces, and answers what a
//!   connection has to answer.
//! * `response` makes heads of header blocks; `hpack` says what stands in them.
//!
//! What a server may make us keep is bounded: one frame, one header block, the answers to what was
//! read at once.

mod frame;
mod hpack;
mod incoming;
mod response;
mod session;
mod upload;

pub use session::Session;
