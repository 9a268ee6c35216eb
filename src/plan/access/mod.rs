//! The plan's `scan.access`, and the file that says who may do what.

mod file;
pub(in crate::plan) mod settings;
mod text;

pub use settings::AccessSettings;
pub use text::access_text;
