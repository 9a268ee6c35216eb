//! Requests that are released at one instant, for flaws that show only then.
//!
//! Everything but the end of each request is sent first. When that has had time to arrive, the ends
//! follow in one go, so that neither the way there nor the length of the requests tells them apart.
//!
//! * Over HTTP/1.1 every request has a connection of its own, and its end is its last byte
//!   (`last_bytes`).
//! * Over HTTP/2 all share one connection, and their ends are frames that are written at once: they
//!   travel in one packet (`one_packet`; J. Kettle, "Smashing the state machine", 2023,
//!   <https://portswigger.net/research/smashing-the-state-machine>). It is spoken where the target
//!   agrees to it over TLS, or where it is known beforehand. A server that begins with a request before
//!   that has ended gets the beginnings in one go too.
//!
//! Nothing is sent twice here, whatever happens, and connections are not used again.

mod answers;
mod flight;
mod last_bytes;
mod one_packet;
mod send;
