//! HTTP/2 without I/O: the `h2` crate over a pipe in memory, polled by hand.
//!
//! `h2` owns framing, HPACK, flow control and the stream states. What it asks of an async runtime
//! is little: something to read from and write to (`pipe`), and somebody to tell when a stream
//! has news (`wake`). So a readiness loop in real or simulated time drives it, with one read and
//! one write for all streams of a connection.

mod fault;
mod pipe;
mod session;
mod upload;

pub use session::Session;
