//! Consumers of events for people: TUI, plain lines, event log.
