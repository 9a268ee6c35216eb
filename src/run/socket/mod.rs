//! The control socket: other programs of the same user steer a run and look at it.
//!
//! Whoever may open the file may speak; that is its owner alone. Nothing a client does or leaves
//! undone holds up the run: lines, clients, waiting and the pace of requests are bounded, and all
//! that the run's own threads do for it is to fold each event into a copy of the report.

mod client;
mod file;
mod lines;
mod server;

pub use file::{SocketError, SocketFile, living_sockets};
pub use server::{ControlSocket, SocketFeed};
