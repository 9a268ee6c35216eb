//! Pure analyses over finished reports: what has changed between two runs, and the whole of a run
//! that several processes shared.
//!
//! Nothing here reads a file or a clock: the same reports give the same result.

mod compare;
mod merge;

pub use compare::chance_of_change;
pub use compare::compare;
pub use merge::MergeError;
pub use merge::merge;
