//! Dials: faults of speed that are turned up one by one, each by the mechanism that causes it in
//! real services.
//!
//! They are there to try whether a load test finds what slows a service down. With all dials at
//! nought none of this is in the way of a request. What they deliberately do not do: change what an
//! answer says, or keep a core busy only to be slow; time that another machine would take is waited.

mod bucket;
mod cached;
mod door;
mod jitter;
mod layers;
mod line;
mod setting;
mod table;

pub use setting::DialError;
pub use setting::Dials;
pub use table::DIALS;
pub use table::Dial;
pub use table::DialKind;
pub use table::DialRow;

pub(super) use door::Door;
pub(super) use jitter::wait;
pub(super) use layers::Dialled;
pub(super) use layers::back;
pub(super) use layers::front;
pub(super) use line::Line;
