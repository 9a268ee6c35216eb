//! A plan that people read, from what was imported.

mod names;
mod plan;
mod requests;
mod yaml;

pub use plan::plan_text;
