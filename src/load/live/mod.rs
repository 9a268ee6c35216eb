//! Live control: how the load differs from its plan, as users asked for it while it runs.
//!
//! A change takes effect at a moment a little ahead, which every shard has heard of by then: so all
//! of them change at the same one, and together they still are one schedule. A shard looks at one
//! number per turn of its loop, and reads the changes only when it has grown.
//!
//! `dial` is the arithmetic: how far the plan's rates and users can be turned, and what comes out.
//! `control` holds what was said, for the shards and for those who ask how the load stands; `clock`
//! is the time that a pause stops.

mod clock;
mod control;
mod dial;
mod error;

pub(super) use clock::LoadClock;
pub(super) use control::Act;
pub(super) use control::Change;
pub use control::ControlStatus;
pub use control::LiveControl;
pub use error::ControlError;
