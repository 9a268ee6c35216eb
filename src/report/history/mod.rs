//! Past runs as text: a list of them, and a metric through them.

mod list;
mod trend;

pub use list::runs_table;
pub use trend::run_trend;
