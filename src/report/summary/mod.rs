//! The summary on the terminal after a run.

mod checks;
mod groups;
mod load;
mod messages;
mod scan;
mod sessions;
mod style;
mod table;
mod verdict;
mod whole;

pub use style::Style;
pub use whole::summary;
