//! Exchanges that go on after their response has begun: WebSocket sessions and streams of
//! server-sent events.
//!
//! What is said and waited for is compiled once (`dialogue`). A [`Talk`] is where one user stands
//! in it: a state machine without I/O (`line`, `turn`), which is given what came and the time, and
//! leaves what is to be sent, until when it waits, and how it ended. `drive` is the shard's side:
//! bytes in, bytes out, timers, and the end in the counters. Connecting, TLS, proxies and the
//! request itself are those of every exchange.
//!
//! The figures of the exchange itself (latency, duration, phases) end with the response's head:
//! how long a session lasts is its script's choice, and is counted apart.

mod dialogue;
mod drive;
mod line;
mod turn;

pub(super) use dialogue::Dialogue;
pub(super) use line::Talk;
