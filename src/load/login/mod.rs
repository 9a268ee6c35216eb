//! Virtual users who log in: before their first request that needs it, when a token ends, and when
//! an answer says that their login does not hold any more.
//!
//! What a login sends goes through the same connections as the rest, and is counted nowhere: the
//! iteration begins when it is over. A login that works for nobody is found out before load begins
//! (`first`); a user whose login is lost for good goes, and where all are lost, what needs them ends.

mod attempt;
mod expand;
mod first;
mod ledger;
mod losses;
mod outcome;
mod slots;
mod watch;

pub(super) use expand::{Expanded, LoginProgram, expand};
pub(super) use first::{FirstLogins, Handed, NoLogin, log_in_first};
pub(super) use ledger::{LoginCounts, LoginLedger, reports};
pub(super) use losses::{Losses, Told};
pub(super) use slots::UserLogins;
