//! Programs that are measured: started, bounded, reaped with what they used.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Seek as _;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::pidfd_open;
use wait4::Wait4 as _;

use crate::clock;
use crate::problem::Problem;

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) program: String,
    pub(crate) status: ExitStatus,
    /// Processor time in user and in kernel mode.
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    /// Largest resident memory in bytes. The kernel counts what the parent had when it forked, so
    /// this process stays small: the servers are processes of their own.
    pub(crate) max_rss: u64,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Itself, if it ended well.
    pub(crate) fn succeeded(self) -> Result<Self, Problem> {
        if self.status.success() { Ok(self) } else { Err(self.failed()) }
    }

    /// Why it did not end well.
    pub(crate) fn failed(self) -> Problem {
        let said = last_lines(if self.stderr.is_empty() { &self.stdout } else { &self.stderr });
        Problem::Failed { program: self.program, status: self.status.to_string(), said }
    }
}

/// Runs to the end, or kills it at `bound`. Output goes through files: a full pipe would stop it.
pub(crate) fn run(mut command: Command, bound: Duration) -> Result<Ended, Problem> {
    let program = command.get_program().to_string_lossy().into_owned();
    let stdout = tempfile::tempfile().map_err(Problem::doing("making a temporary file"))?;
    let stderr = tempfile::tempfile().map_err(Problem::doing("making a temporary file"))?;
    let handles = (|| Ok((stdout.try_clone()?, stderr.try_clone()?)))();
    let (out, err) = handles.map_err(Problem::doing::<io::Error>("duplicating a descriptor"))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|cause| not_started(&program, cause))?;
    let ended = ends_within(&child, bound);
    if !matches!(ended, Ok(true)) {
        child.kill().map_err(Problem::doing(format!("killing {program}")))?;
    }
    let used = child.wait4().map_err(Problem::doing(format!("waiting for {program}")))?;
    if !ended.map_err(Problem::doing(format!("waiting for {program}")))? {
        return Err(Problem::TooLong { program, bound });
    }
    Ok(Ended {
        program,
        status: used.status,
        user: used.rusage.utime,
        system: used.rusage.stime,
        max_rss: used.rusage.maxrss,
        stdout: text(stdout)?,
        stderr: text(stderr)?,
    })
}

/// Waits for its end without reaping it; false where it does not come in time.
pub(crate) fn ends_within(child: &std::process::Child, bound: Duration) -> io::Result<bool> {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child has an id");
    let process = pidfd_open(id, PidfdFlags::empty())?;
    let deadline = clock::nanos() + u64::try_from(bound.as_nanos()).expect("a bound is short");
    loop {
        let left = Duration::from_nanos(deadline.saturating_sub(clock::nanos()));
        let timeout = Timespec::try_from(left).expect("a bound is short");
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&timeout)) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

pub(crate) fn not_started(program: &str, cause: io::Error) -> Problem {
    if cause.kind() == io::ErrorKind::NotFound {
        let cure =
            "tests/bench/run installs what registries have; `--help` says how others are named";
        return Problem::Missing { program: program.to_owned(), cure };
    }
    Problem::doing(format!("starting {program}"))(cause)
}

fn text(mut file: File) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .map_err(Problem::doing("reading a program's output"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The end of what a program said, for an error message.
pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join(" | ")
}
