//! One integration binary: a module per subject.

mod architecture;
mod fixtures;
mod format;
mod report;
mod report_generated;
