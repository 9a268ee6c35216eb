//! Pure analyses over reports: what makes requests slow, what has changed between two runs, the whole
//! of a run that several processes shared, and a search for the capacity, level by level.
//!
//! Nothing here reads a file or a clock: the same reports give the same result.

mod bottleneck;
mod capacity;
mod compare;
mod merge;
mod rank;

pub use bottleneck::bottlenecks;
pub use capacity::CapacityWatch;
pub use capacity::Order;
pub use capacity::Parts;
pub use capacity::Possible;
pub use capacity::Sent;
pub use capacity::Step;
pub use capacity::conclude;
pub use capacity::next;
pub use capacity::scalability;
pub use compare::chance_of_change;
pub use compare::compare;
pub use merge::MergeError;
pub use merge::merge;
pub use rank::rank_score;
pub use rank::share_score;
