//! One integration binary: a module per subject.

mod architecture;
mod fixtures;
mod format;
mod report;
mod ui_jsonl;
mod ui_plain;
mod ui_run;
mod ui_terminal;
mod ui_tui;
