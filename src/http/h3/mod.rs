//! HTTP/3 without I/O: the `h3` crate over `quinn-proto`, polled by hand.
//!
//! `quinn-proto` is QUIC as a state machine: datagrams and the time go in, datagrams, events and the
//! next deadline come out. It owns the handshake (with rustls), loss recovery, congestion and flow
//! control. `h3` owns framing, QPACK and the rules about streams; what it asks of QUIC are a few
//! traits (`streams`), and of an async runtime only wakers (`wake`). So a readiness loop
//! drives both, as it drives HTTP/2.
//!
//! Left out: 0-RTT (a replayed request is not what a load test sends), server push (`h3` has none),
//! migration to another address, ECN.

mod exchange;
mod fault;
mod quic;
mod reach;
mod session;
mod setup;
mod streams;

pub use reach::reach;
pub use session::{Session, Stage};
pub use setup::QuicSetup;
