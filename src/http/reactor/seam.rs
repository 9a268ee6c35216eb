//! What a thread of the load engine needs from the outside: the time, sockets, and waiting.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::http::route::Endpoint;

/// Nanoseconds since the run's start.
pub type Nanos = u64;

/// A duration in nanoseconds; one of more than 584 years is as long as can be.
pub fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

/// How exactly a wait has to end on time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accuracy {
    /// As near to the deadline as the system allows: something is to be sent then.
    Exact,
    /// Up to a millisecond late is fine: housekeeping. One system call.
    Coarse,
}

/// What to do in the last microseconds before an exact deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Sleep to the deadline and accept the wake-up latency of the processor (about 50 µs).
    Park,
    /// Sleep until 60 µs before it, then poll: only where a core is free to do so.
    Spin,
}

/// A connection on which something can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The caller's number of the connection.
    pub slot: u32,
    /// There is something to read, be it an end or an error.
    pub readable: bool,
    /// A connect has ended, or there is room to write again.
    pub writable: bool,
    /// The peer will send no more: read to the end.
    pub closed: bool,
}

/// Non-blocking connections by the caller's slot numbers, edge-triggered readiness, and time.
///
/// A slot holds at most one connection. Readiness is reported once per change: whoever is told that
/// a slot is readable reads until a short read, or to the end if it is `closed`.
pub trait Reactor {
    /// The time.
    fn now(&mut self) -> Nanos;

    /// Returns when something is ready or at `until`, whichever is first; a time that has passed
    /// only looks.
    ///
    /// # Errors
    /// What the system says; nothing can be sent any more then.
    fn wait(&mut self, until: Nanos, accuracy: Accuracy) -> io::Result<()>;

    /// Takes what the last wait found, one at a time; what concerns a connection that was closed
    /// since is left out.
    fn next_ready(&mut self) -> Option<Ready>;

    /// Starts a connection in `slot`, which is closed first if it was in use, from the address
    /// `from` if one is given; its end is reported as writable (or closed). One over UDP exists at
    /// once, whether or not anybody is there.
    ///
    /// # Errors
    /// What the system says at once.
    fn connect(&mut self, slot: u32, to: &Endpoint, from: Option<IpAddr>) -> io::Result<()>;

    /// How the connect of `slot` ended, once it was reported.
    ///
    /// # Errors
    /// Why it failed.
    fn connected(&mut self, slot: u32) -> io::Result<()>;

    /// Reads into `buffer`; 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing, or what ended the connection.
    fn read(&mut self, slot: u32, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes a prefix of `bytes`.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room, or what ended the connection.
    fn write(&mut self, slot: u32, bytes: &[u8]) -> io::Result<usize>;

    /// Reads datagrams of a UDP connection into `buffer`: how many bytes, and how many of them each
    /// datagram has but the last, which may have fewer.
    ///
    /// # Errors
    /// As [`Reactor::read`]; `ConnectionRefused` where the peer's system says that nobody listens.
    fn read_datagrams(&mut self, slot: u32, buffer: &mut [u8]) -> io::Result<(usize, usize)>;

    /// Writes the first one or more of the datagrams in `bytes`, which have `each` bytes but for the
    /// last, which may have fewer; how many bytes that were.
    ///
    /// # Errors
    /// As [`Reactor::write`]; `ConnectionRefused` where the peer's system said that nobody listens.
    fn write_datagrams(&mut self, slot: u32, bytes: &[u8], each: usize) -> io::Result<usize>;

    /// Closes the connection in `slot`, if there is one.
    fn close(&mut self, slot: u32);

    /// Processor time that the calling thread spent on work so far; polling before a deadline is
    /// left out.
    fn busy(&self) -> Nanos;
}
