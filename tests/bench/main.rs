//! Measures the load engine, alone and against other tools, on one machine.
//!
//! `tests/bench/run` sets up and starts this program; it needs two cores and Linux.
//!
//! ```console
//! $ tests/bench/run                         # every row; says first how long it takes (half an hour)
//! $ tests/bench/run --list                  # the rows, how long each takes, which are gates
//! $ tests/bench/run h1-small tls            # some rows
//! $ tests/bench/run --gate                  # only what is deterministic, against committed limits
//! $ tests/bench/run --long requests         # 50 million requests; endpoints: an hour
//! $ tests/bench/run --json result.json      # the table as data too
//! $ tests/bench/run --quick                 # whether it works here; the figures mean nothing
//! $ K6=~/go/bin/k6 WRK2=~/wrk2/wrk tests/bench/run k6 jitter
//! ```
//!
//! Standard output is a Markdown table below the machine and the versions of everything; progress
//! goes to standard error. Measure on a quiet machine: its load average stands on top.
//!
//! # How it measures
//!
//! Servers are children of this program, one thread each, pinned to the first core; the client is
//! pinned to the second. Shared machines drift by half within a second, so two tools are compared
//! in alternating slots of a second or two, in the order A B B A, as ratios within a pair; what is
//! told is the median with a 95 % bootstrap interval. On loopback client and server cost about the
//! same per request, so the rate is limited by both: processor time of the client per request is
//! the cleaner figure, and what "per core" means. How much of its core the server used stands
//! beside each ratio of rates: at 100 % it compares servers.
//!
//! Instructions (callgrind) and system calls (strace) per request are marginal: the difference
//! between two lengths of run, so that start and end of the program are not in them. They hardly
//! depend on what else the machine does, which is why the gate consists of them and of memory; its
//! limits, with when and on what they were measured, stand in `limits.rs`.
//!
//! Send times of open models are what a server saw that polls without pause: each request's
//! distance from a grid of the intended rate that begins at the tool's own first percentile. The
//! engine polls too before a deadline where it may use more cores than it has threads, and parks
//! where it may not; both are measured. Percentiles of the stalled server are held against those of
//! the schedule on a server that is infinitely fast but for the stall, which says itself from when
//! to when it stood still.
//!
//! # Other tools
//!
//! No load generator with HTTP/3 is packaged (Debian's h2load is built without it), so `h3` has no
//! bar: it measures our own processor time per request beside that of our HTTP/2, in one run.
//!
//! `run` installs valgrind, strace, wrk, h2load and nginx by apt, and builds oha and a load test
//! with goose (`goose/`) in `target/bench`. k6 and wrk2 are taken from the path, or from `K6=` and
//! `WRK2=`. What is missing is told as "not measured", never left out.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark tells its figures")]

mod arguments;
mod bed;
mod child;
mod clock;
mod cores;
mod figure;
mod gate;
mod limits;
mod machine;
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
use machine::Machine;
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
    let rows = rows::chosen(&arguments.rows, arguments.gate)?;
    let bed = Bed::new(arguments)?;
    if arguments.list {
        table::list(&bed);
        return Ok(ExitCode::SUCCESS);
    }
    let machine = Machine::ask(&bed);
    let results = table::measure(&rows, &bed, &machine);
    if let Some(path) = &arguments.json {
        table::write_json(path, &machine, &results)?;
    }
    Ok(if arguments.gate { gate::judge(&results) } else { ExitCode::SUCCESS })
}
