//! Data from files: rows that are given to iterations, read where they stand and never all at once.

mod feeder;
mod index;
mod rows;
pub(super) mod section;
mod split;

pub use feeder::{Data, Feeder, Mode, OnEnd};
pub use rows::{RowError, Rows};
pub(super) use section::Feeders;
