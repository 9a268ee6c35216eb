//! Results of templates as Nuclei writes them, in both directions: one JSON object a line (`-jsonl`),
//! or all in one array (`-json-export`).
//!
//! A file of results is read as a run: each result becomes the finding that it would have been, had
//! the template run here.

mod import;
mod line;
mod raw;
mod read;

pub use import::report;
pub use line::line;
pub use read::NucleiFile;
pub use read::is_results;
pub use read::read;

pub(super) use line::NucleiLineDto;
