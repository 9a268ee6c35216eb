//! Consumers of events for people: TUI, plain lines, event log.

mod consumer;

pub use consumer::Consumer;
