//! wrk: the peer for what one core can do.

use std::process::Command;
use std::time::Duration;

use crate::child;
use crate::child::Ended;
use crate::cores::Cores;
use crate::cores::Place;
use crate::problem::Problem;
use crate::tracing;
use crate::tracing::Counter;

/// One run of wrk on one thread.
#[derive(Debug, Clone)]
pub(crate) struct Wrk {
    pub(crate) url: String,
    pub(crate) connections: u32,
    pub(crate) seconds: u64,
}

impl Wrk {
    /// Runs it on the client's core; how many requests it made.
    pub(crate) fn run(&self, cores: Cores) -> Result<(u64, Ended), Problem> {
        cores.take(Place::Client)?;
        let ended = child::run(self.command(), Duration::from_secs(self.seconds + 30));
        cores.take(Place::Both)?;
        let ended = ended?.succeeded()?;
        Ok((requests(&ended)?, ended))
    }

    /// Runs it under a tracer; what was counted, and how many requests it made.
    pub(crate) fn count(&self, counter: Counter, cores: Cores) -> Result<(u64, u64), Problem> {
        cores.take(Place::Client)?;
        let counted = tracing::count(counter, &self.command());
        cores.take(Place::Both)?;
        let (counted, ended) = counted?;
        Ok((counted, requests(&ended)?))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("wrk");
        command.args(["-t", "1", "-c", &self.connections.to_string()]).args([
            "-d",
            &format!("{}s", self.seconds),
            &self.url,
        ]);
        command
    }
}

/// `  178213 requests in 2.00s, 14.45MB read`, and no line on errors.
fn requests(ended: &Ended) -> Result<u64, Problem> {
    let count = |line: &str| {
        let (count, rest) = line.trim().split_once(' ')?;
        rest.starts_with("requests in").then(|| count.parse().ok())?
    };
    let requests = ended.stdout.lines().find_map(count).ok_or_else(|| Problem::Unreadable {
        program: ended.program.clone(),
        wanted: "count of requests",
        said: child::last_lines(&ended.stdout),
    })?;
    let errors = ended
        .stdout
        .lines()
        .any(|line| line.trim().starts_with("Socket errors") || line.trim().starts_with("Non-2xx"));
    if errors || requests == 0 {
        let failed = u64::from(errors);
        return Err(Problem::FailedRequests { program: ended.program.clone(), requests, failed });
    }
    Ok(requests)
}
