//! What a run says where there is no TUI: findings and notices as lines, progress below them on a
//! terminal, among them elsewhere.

mod consumer;
mod lines;

pub use consumer::{Plain, PlainOptions, Talk};
