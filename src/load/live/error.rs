//! Why a command changes nothing.

use super::control::MOST_CHANGES;

/// Why a command cannot be carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// Before its start or after its end.
    #[error("no load is running")]
    NotRunning,
    /// `rate` without an arrival rate.
    #[error("no running scenario has an arrival rate; change its users with `vus`")]
    NoRate,
    /// `vus` without users that can be changed.
    #[error("no running scenario has users that can be changed; with an arrival rate, use `rate`")]
    NoUsers,
    /// A scenario that the plan does not have.
    #[error("there is no scenario `{name}`{nearest}; the plan has {known}")]
    NoScenario {
        /// What was said.
        name: String,
        /// `, did you mean …?`, or nothing.
        nearest: String,
        /// Those there are.
        known: String,
    },
    /// One that has no arrival rate, or no users, that could be changed now.
    #[error("scenario `{name}` {cause}")]
    NotThis {
        /// Which.
        name: String,
        /// Why not.
        cause: &'static str,
    },
    /// An absolute number where the plan has nothing at the moment.
    #[error("the plan has nothing to start at this moment; give a percentage instead")]
    Silent,
    /// Not a number above zero.
    #[error("nothing would start any more; use `pause`")]
    Nothing,
    /// More than there may be.
    #[error("that would be up to {wanted}, above {limit}")]
    TooMuch {
        /// What it would come to.
        wanted: String,
        /// What there may be.
        limit: String,
    },
    /// `pause` twice.
    #[error("the load is paused already")]
    Paused,
    /// `resume` without a pause.
    #[error("the load is not paused")]
    NotPaused,
    /// Far beyond what a user does.
    #[error("the load has been changed {MOST_CHANGES} times; no more changes are taken")]
    TooMany,
}
