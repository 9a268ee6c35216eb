//! What the carriers of shared connections have in common: several exchanges at once on one
//! connection, each in a lane of its own, without I/O.
//!
//! A carrier (HTTP/2's [`super::h2::Session`], HTTP/1.1's [`super::h1::Pipeline`]) is given the
//! bytes that came, hands what they mean to a [`LaneSink`], and leaves what is to be written in an
//! outbox. Who sits in a lane, when it begins and what is counted is the driver's affair.

use super::h1::Head;
use crate::model::Failure;

/// Takes the responses on a shared connection, told apart by lane.
pub trait LaneSink {
    /// Whether somebody looks at this response's header fields. Where nobody does, a carrier whose
    /// fields are not bytes on the wire need not write them out.
    fn wants_fields(&self, lane: u32) -> bool;
    /// The final response's head, exactly once.
    fn head(&mut self, lane: u32, head: &Head<'_>);
    /// The next bytes of the body, never empty.
    fn body(&mut self, lane: u32, data: &[u8]);
    /// The fields behind the body, where the carrier has some and [`LaneSink::wants_fields`]; their
    /// status means nothing.
    fn trailers(&mut self, _lane: u32, _trailers: &Head<'_>) {}
    /// The exchange is over and the lane is free.
    fn end(&mut self, lane: u32, outcome: Result<(), Lost>);
}

/// An exchange that has no response and will have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Why.
    pub failure: Failure,
    /// Whether it may be begun anew.
    pub again: Again,
}

/// Whether a lost exchange may be begun anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The peer said that it did nothing, or got nothing: any request may (RFC 9113 §8.7).
    Always,
    /// No byte of the response had come: idempotent ones may (RFC 9110 §9.2.2).
    IfIdempotent,
    /// The response had begun, or the peer judged the request itself.
    Never,
}

/// Whether another exchange may begin now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It may.
    Free,
    /// Not before another one is over, or the peer allows more.
    Full,
    /// Never again on this connection: what runs on it is served, then it ends.
    Closing,
}
