//! One integration binary: a module per subject.

mod architecture;
mod http_h1;
mod fixtures;
mod format;
mod plan;
mod ui_plain;
mod ui_run;
mod ui_terminal;
mod ui_tui;
mod demo;
