//! Measures the load engine, alone and against other tools, on one machine.
//!
//! `tests/bench/run` sets up and starts this program; it needs two cores and Linux.
//!
//! ```console
//! $ tests/bench/run                         # every row; takes about half an hour
//! $ tests/bench/run --list                  # the rows and their bars
//! $ tests/bench/run h1-small tls            # some rows
//! $ tests/bench/run --gate                  # only what is deterministic, against committed limits
//! $ tests/bench/run --json result.json      # the same as data
//! ```
//!
//! # How it measures
//!
//! Servers are children of this program, one thread each, pinned to the first core; the client is
//! pinned to the second. Shared machines drift by half within a second, so two tools are compared
//! in alternating slots of a second or two, in the order A B B A, as ratios within a pair; what is
//! told is the median with a 95 % bootstrap interval. On loopback client and server cost about the
//! same per request, so the rate is limited by both: processor time of the client per request is
//! the cleaner figure, and what "per core" means.
//!
//! Instructions (callgrind) and system calls (strace) per request are marginal: the difference
//! between two lengths of run, so that start and end of the program are not in them. They hardly
//! depend on what else the machine does, which is why the gate consists of them and of memory; its
//! limits, with when and on what they were measured, stand in `limits.rs`.
//!
//! # Other tools
//!
//! `run` installs valgrind and strace by apt. Comparisons use wrk and oha where they are on the path;
//! what is missing is told as "not measured", never left out.

#![expect(dead_code, reason = "the rows that compare tools come next")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark tells its figures")]

mod arguments;
mod bed;
mod child;
mod clock;
mod cores;
mod figure;
mod gate;
mod limits;
mod pairs;
mod problem;
mod rows;
mod server;
mod table;
mod tools;
mod tracing;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;
use bed::Bed;
use problem::Problem;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Problem> {
    if let Some(kind) = arguments.serve {
        server::serve(kind, arguments.transport)?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.list {
        table::list();
        return Ok(ExitCode::SUCCESS);
    }
    let rows = rows::chosen(&arguments.rows, arguments.gate)?;
    let bed = Bed::new(arguments)?;
    let results = table::measure(&rows, &bed);
    if let Some(path) = &arguments.json {
        table::write_json(path, &results)?;
    }
    Ok(if arguments.gate { gate::judge(&results) } else { ExitCode::SUCCESS })
}
