//! The plan's load part, prepared: everything that is the same for every request is done once.
//!
//! A [`Program`] is what all shards share and none of them changes (`compile`). Its requests lie
//! ready as bytes, admitted by the scope (`prepare`); what differs from one sending to the next is
//! in `script`. Hosts are resolved and TLS is set up before the start (`destination`), since both
//! block; how many users share a connection follows from what is spoken (`carriage`). `series`
//! numbers what is counted, within the budget.

mod carriage;
mod compile;
mod destination;
mod prepare;
mod series;
mod statuses;

pub(super) use carriage::Carriage;
pub(super) use compile::Program;
pub(super) use compile::Purpose;
pub(super) use prepare::Prepared;
pub(super) use prepare::message_of;
pub(super) use statuses::StatusSet;
