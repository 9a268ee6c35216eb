//! What the command line accepts.

use std::path::PathBuf;

use clap::Parser;

use crate::server::ServerKind;
use crate::server::Transport;
use crate::tools::Programs;

/// Measures the load engine, alone and against other tools.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Parser)]
#[command(name = "tests/bench/run")]
pub(crate) struct Arguments {
    /// Rows to measure; all of them without any.
    pub(crate) rows: Vec<String>,
    /// Only the deterministic rows; fails where one is above its committed limit.
    #[arg(long)]
    pub(crate) gate: bool,
    /// Print the rows, how long each takes, and end.
    #[arg(long)]
    pub(crate) list: bool,
    /// Smoke run: three pairs, short lengths. Its figures mean nothing.
    #[arg(long, conflicts_with_all = ["gate", "long", "pairs"])]
    pub(crate) quick: bool,
    /// Write the results as JSON too.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Pairs of slots in the first row; the others take half as many.
    #[arg(long, value_name = "N", default_value_t = 31, value_parser = clap::value_parser!(u32).range(3..))]
    pub(crate) pairs: u32,
    /// Seconds of one slot.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(crate) slot: u32,
    /// Rows that grow with time or requests take their full length (50 million requests, an hour).
    #[arg(long)]
    pub(crate) long: bool,
    /// What is measured beside ours.
    #[command(flatten)]
    pub(crate) programs: Programs,
    /// Be a fixture server until standard input ends.
    #[arg(long, hide = true)]
    pub(crate) serve: Option<ServerKind>,
    /// How that server is reached.
    #[arg(long, hide = true, default_value = "plain")]
    pub(crate) transport: Transport,
    /// What `cargo bench` passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}
