//! Public file formats in both directions, versioned and lossless: the report as JSON and the
//! event log as JSON Lines.
//!
//! The types here are the formats: `model` does not derive them, so a rename there is no format
//! break. What can be wrong in a file is found while it is parsed, so that every error names line,
//! column and path. Nothing here reads or writes a file.

mod access;
mod blocks;
mod bottleneck;
mod bytes;
mod capacity;
mod change;
pub mod comparison;
pub mod control;
mod error;
pub mod events;
mod exemplar;
mod finding;
mod generator;
mod load;
mod messages;
mod metrics;
mod name;
pub mod nuclei;
mod number;
mod outcomes;
mod phases;
pub mod report;
pub mod retest;
mod run;
mod sampled;
mod saved;
mod scan;
mod scan_report;
mod session;
mod site;
mod templates;
mod timeline;
mod trend;

pub use error::FormatError;
pub use saved::{is_event, read_run};
