//! One integration binary: a module per subject.

mod architecture;
mod ui_run;
mod ui_tui;
