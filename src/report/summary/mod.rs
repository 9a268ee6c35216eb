//! The summary on the terminal after a run.

mod access;
mod bottlenecks;
mod capacity;
mod checks;
mod comparison;
mod groups;
mod load;
mod messages;
mod scan;
mod sessions;
mod style;
mod table;
mod traces;
mod verdict;
mod whole;

pub use comparison::comparison_text;
pub(super) use style::INFALLIBLE;
pub(super) use style::Ink;
pub use style::Style;
pub(super) use table::Align;
pub(super) use table::Cell;
pub(super) use table::Table;
pub use whole::summary;
