//! gRPC calls, unary and streaming, on HTTP/2's shared links.
//!
//! What is said and waited for is compiled once (`calling`). A [`Line`] is where one user stands in
//! its call: a state machine without I/O (`line`, `hear`), which is given what came and the time,
//! and leaves what is to be sent, until when it waits, and how it ended. `drive` is the shard's
//! side: frames out, timers, and the end in the counters. Connections, streams, resets and who
//! waits for a place are `mux`'s affair, as for every request over HTTP/2.
//!
//! The figures of a unary call are those of any exchange. Those of a stream end with its response's
//! head: how long a stream lasts is its script's choice, and is counted apart, as its messages are.

mod calling;
mod drive;
mod hear;
mod line;

pub(super) use calling::Calling;
pub(super) use hear::Hearing;
pub(super) use line::Line;
