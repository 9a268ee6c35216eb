//! Consumers of events for people: TUI, plain lines, event log.
//!
//! None of them decides anything: each shows what the stream says, and the TUI's keys go back as
//! [`crate::model::ControlCommand`]s and nothing else.

mod consumer;
mod figures;
pub mod jsonl;
pub mod plain;
mod progress;
pub mod results;
pub mod statistics;
mod story;
pub mod tui;
pub mod urls;

pub use consumer::Consumer;
