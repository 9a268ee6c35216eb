//! Connections that several users share: HTTP/2's and HTTP/3's streams, HTTP/1.1's pipelining.
//!
//! *When* a user begins, what is *counted* and how a connection is *made* (addresses, TLS,
//! timeouts, back-off) is common to all protocols and stands elsewhere. Here is only how an open
//! link carries several exchanges at once:
//!
//! * Users are grouped: user `u` sits in lane `u % lanes` of link `u / lanes` (`slots`). A link of
//!   its own (`Carriage::Alone`) has none of this state.
//! * [`Mux`] is what a shared link keeps: the users that wait for it, its `leader` (the one whose
//!   exchange is charged with connecting; the others count that time as queued), and its
//!   `Carrier` once it is open.
//! * A carrier is a state machine without I/O (`http::lanes`): bytes go in, [`LaneSink`] takes the
//!   responses, an outbox comes out. Another protocol is another variant.
//! * `drive` is the loop around it: one read feeds all lanes, users whose response is complete go
//!   on at once, and what they send leaves in one write at the end of the turn (`turn`).
//!
//! HTTP/3 differs in that its carrier makes the connection too (QUIC's handshake is TLS's), sends and
//! takes datagrams, and has deadlines of its own: `quic` is the loop around it.
//!
//! What ends a link ends every exchange on it; a timeout ends one lane only.
//!
//! [`LaneSink`]: crate::http::lanes::LaneSink

mod carrier;
mod drive;
mod join;
mod quic;
mod state;

pub(super) use carrier::Carrier;
pub(super) use state::Mux;
