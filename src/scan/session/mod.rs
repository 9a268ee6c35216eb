//! Keeps the scanner logged in: before anything else is sent, when a token is about to end, and
//! when an answer says that the login does not hold any more.
//!
//! Everything that a login sends goes through the same scope and rate as the rest, and is counted
//! nowhere: it is not what is tested.

mod attempt;
mod judge;
mod keeper;
mod known;

pub(crate) use judge::Judged;
pub(crate) use keeper::{Keeper, Keeping};
pub(crate) use known::Entrance;
