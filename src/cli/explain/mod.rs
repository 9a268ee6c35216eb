//! `explain`: what a metric, rule, exit code or term means, and why a run came to its verdict.

mod args;
mod command;
mod entry;
mod known;
mod verdict;

pub(super) use args::ExplainArgs;
pub(super) use command::run;
