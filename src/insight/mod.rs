//! Pure analyses over reports: what makes requests slow, what has changed between two runs, and the
//! whole of a run that several processes shared.
//!
//! Nothing here reads a file or a clock: the same reports give the same result.

mod bottleneck;
mod compare;
mod merge;

pub use bottleneck::bottlenecks;
pub use compare::chance_of_change;
pub use compare::compare;
pub use merge::MergeError;
pub use merge::merge;
