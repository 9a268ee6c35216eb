//! The programs that send load: how each is told what to do, and what it says it did.

mod oha;
mod shakedown;
mod wrk;

pub(crate) use oha::Oha;
pub(crate) use shakedown::Amount;
pub(crate) use shakedown::Load;
pub(crate) use wrk::Wrk;
