//! Virtual users who log in: before their first request that needs it, when a token ends, and when
//! an answer says that their login does not hold any more.
//!
//! What a login sends goes through the same connections as the rest, and is counted nowhere: the
//! iteration begins when it is over.

mod attempt;
mod expand;
mod ledger;
mod watch;

pub(super) use attempt::UserLogins;
pub(super) use expand::{Expanded, LoginProgram, expand};
pub(super) use ledger::{LoginCounts, LoginLedger, reports};
