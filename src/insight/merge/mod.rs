//! The parts of a run that several processes shared, put together.
//!
//! Counters add, histograms merge bucket by bucket, times are those of one clock: percentiles are those
//! of one histogram of all values. Gates are not judged here.

mod error;
mod fold;
mod parts;
mod time;

pub use error::MergeError;
pub use fold::merge;
