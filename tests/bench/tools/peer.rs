//! One run of another tool.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::child;
use crate::child::Ended;
use crate::cores::Cores;
use crate::cores::Place;
use crate::problem::Problem;
use crate::tracing;
use crate::tracing::Counter;

/// Longer than a run takes this is never.
const GRACE: Duration = Duration::from_secs(60);

/// What a tool says it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) good: u64,
    pub(super) failed: u64,
}

/// A tool and what it is told.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(&'static str, String)>,
    /// How long it sends.
    pub(crate) time: Duration,
    /// Reads what it prints.
    pub(super) counted: fn(&str) -> Option<Counted>,
    /// What an argument names.
    pub(super) file: Option<NamedTempFile>,
}

impl Peer {
    pub(super) fn new(
        program: &Path,
        arguments: Vec<String>,
        time: Duration,
        counted: fn(&str) -> Option<Counted>,
    ) -> Self {
        let program = program.display().to_string();
        Self { program, arguments, environment: Vec::new(), time, counted, file: None }
    }

    /// Runs it on the client's core; how many requests it made.
    pub(crate) fn run(&self, cores: &Cores) -> Result<(u64, Ended), Problem> {
        let bound = self.time + GRACE;
        let ended = cores.at(Place::Client, || child::run(self.command(), bound))?.succeeded()?;
        Ok((self.requests(&ended)?, ended))
    }

    /// Runs it under a tracer; what was counted, and how many requests it made.
    pub(crate) fn count(&self, counter: Counter, cores: &Cores) -> Result<(u64, u64), Problem> {
        let (counted, ended) =
            cores.at(Place::Client, || tracing::count(counter, &self.command()))?;
        Ok((counted, self.requests(&ended)?))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(file) = &self.file {
            command.arg(file.path());
        }
        command
    }

    /// A run in which something failed measures something else.
    fn requests(&self, ended: &Ended) -> Result<u64, Problem> {
        let program = self.program.clone();
        let Some(counted) = (self.counted)(&ended.stdout) else {
            let said = child::last_lines(&ended.stdout);
            return Err(Problem::Unreadable { program, wanted: "count of requests", said });
        };
        if counted.failed > 0 || counted.good == 0 {
            let requests = counted.good + counted.failed;
            return Err(Problem::FailedRequests { program, requests, failed: counted.failed });
        }
        Ok(counted.good)
    }
}
