//! The search for the capacity: which level is next, when a level's figures have come to rest, and
//! what all of them say together.
//!
//! The target is driven by one load whose rate (or number of users) is turned from level to level,
//! so that logins, connections and caches are those of a service in operation, and the whole search
//! stands in one timeline. What would spoil that is the backlog that a level beyond the capacity
//! leaves: after each that failed the load rests until nothing is under way, and the beginning of
//! every level is left out of its figures.
//!
//! Once the capacity is known, the endpoints that take most of the time are measured alone, and the
//! others without each of them, at the same rates: an endpoint that is as slow alone is slow by its own
//! work; one that is not waits for the others.
//!
//! [`next`] is the search alone, a function of the levels so far. [`CapacityWatch`] sees the load's
//! events, measures levels and gives [`Order`]s; [`conclude()`] makes the result. Nothing here looks at
//! a clock, so the whole search runs against simulated systems in tests.

mod conclude;
mod generator;
mod isolate;
mod meter;
mod search;
mod solve;
mod steady;
mod usl;
mod watch;

pub use conclude::conclude;
pub use isolate::Parts;
pub use isolate::Possible;
pub use isolate::Sent;
pub use search::Step;
pub use search::next;
pub use usl::scalability;
pub use watch::CapacityWatch;
pub use watch::Order;
