//! Instructions and system calls of a program, counted by tracers.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::child;
use crate::child::Ended;
use crate::child::last_lines;
use crate::problem::Problem;

/// A traced program is slower by up to two orders of magnitude.
const BOUND: Duration = Duration::from_secs(300);

/// What a tracer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// User-mode instructions of the busiest thread but the first, by callgrind. What other threads do goes by the
    /// second and not by the request: a traced run is slower a hundredfold, and has as many more
    /// seconds for the same requests.
    Instructions,
    /// System calls of all threads, by strace.
    SystemCalls,
}

/// Runs `command` under the counter's tracer.
pub(crate) fn count(counter: Counter, command: &Command) -> Result<(u64, Ended), Problem> {
    let folder = tempfile::tempdir().map_err(Problem::doing("making a temporary folder"))?;
    let path = folder.path().join("counts").display().to_string();
    let tracer: &[&str] = match counter {
        Counter::Instructions => &[
            "valgrind",
            "--tool=callgrind",
            "--separate-threads=yes",
            &format!("--callgrind-out-file={path}"),
        ],
        Counter::SystemCalls => &["strace", "-f", "-c", "-o", &path],
    };
    let ended = child::run(under(tracer, command), BOUND)?;
    let counts = read(folder.path()).map_err(Problem::doing("reading what was traced"))?;
    let counted = counts.iter().filter_map(|(name, text)| match counter {
        // The first thread reads the command line and writes the report.
        Counter::Instructions if name.ends_with("-01") => None,
        Counter::Instructions => total(text, "summary:", 1),
        Counter::SystemCalls => total(text, "100.00", 3),
    });
    match counted.max() {
        Some(counted) if ended.status.success() => Ok((counted, ended)),
        Some(_) => Err(ended.failed()),
        None => Err(Problem::TracingRefused {
            program: tracer[0].to_owned(),
            said: last_lines(&ended.stderr),
        }),
    }
}

/// Name and text of each file that the tracer wrote: one, or one for each thread.
fn read(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let files = fs::read_dir(folder)?;
    files
        .map(|file| {
            let path = file?.path();
            Ok((path.display().to_string(), fs::read_to_string(&path)?))
        })
        .collect()
}

/// The column of the last line that begins so.
fn total(text: &str, beginning: &str, column: usize) -> Option<u64> {
    let line = text.lines().rev().find(|line| line.trim_start().starts_with(beginning))?;
    line.split_whitespace().nth(column)?.parse().ok()
}

fn under(tracer: &[&str], command: &Command) -> Command {
    let mut traced = Command::new(tracer[0]);
    traced.args(&tracer[1..]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    traced
}
