//! The programs that send load: how each is told what to do, and what it says it did.

mod goose;
mod h2load;
mod k6;
mod oha;
mod peer;
mod programs;
mod shakedown;
mod wrk;

pub(crate) use goose::goose;
pub(crate) use h2load::h2load;
pub(crate) use k6::Script;
pub(crate) use k6::Users;
pub(crate) use k6::k6;
pub(crate) use oha::oha;
pub(crate) use peer::Peer;
pub(crate) use programs::Programs;
pub(crate) use shakedown::Amount;
pub(crate) use shakedown::Done;
pub(crate) use shakedown::Load;
pub(crate) use shakedown::plan_file;
pub(crate) use shakedown::value;
pub(crate) use shakedown::whole;
pub(crate) use wrk::wrk;
pub(crate) use wrk::wrk2;
