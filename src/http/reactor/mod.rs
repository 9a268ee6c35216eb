//! Readiness and time behind one seam, so that the load engine's laws are tested in virtual time.
//!
//! Not here: anything about HTTP or TLS. A reactor moves bytes and knows the time.

#[cfg(target_os = "linux")]
mod datagram;
#[cfg(target_os = "linux")]
mod epoll;
mod seam;
mod sim;
mod sim_server;
#[cfg(not(target_os = "linux"))]
mod unsupported;

#[cfg(target_os = "linux")]
pub use epoll::SystemReactor;
pub use seam::{Accuracy, Idle, Nanos, Reactor, Ready, nanos};
pub use sim::SimReactor;
pub use sim_server::{Accept, Reply, SimServer};
#[cfg(not(target_os = "linux"))]
pub use unsupported::SystemReactor;
