//! The history: every run goes into it, and `history` looks at what is there.

mod args;
mod command;
mod export;
mod keep;
mod list;
mod place;
mod prune;
mod trend;

pub(super) use args::HistoryArgs;
pub(super) use args::HistoryCommandArgs;
pub(super) use command::run;
pub(super) use keep::Keeping;
pub(super) use keep::keep;
pub(super) use place::named_run;
pub(super) use place::read_run_of;
