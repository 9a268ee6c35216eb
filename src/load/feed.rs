//! Rows of the plan's files for iterations: which one is next, over all shards.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rand::RngExt as _;

use super::program::Program;
use super::shard::Shard;
use crate::http::reactor::Reactor;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::RunPart;
use crate::plan::Feeder;
use crate::plan::Mode;
use crate::plan::OnEnd;
use crate::plan::Rows;

/// What all shards know of a feeder.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Rows that were claimed, beyond the last one too.
    claimed: AtomicU64,
    ended: Mutex<Ended>,
}

/// Scenarios that a feeder has ended, and why.
#[derive(Debug, Default)]
struct Ended {
    scenarios: Vec<String>,
    fault: Option<String>,
}

impl Claims {
    /// The next row's number; `None` behind the last.
    /// Of a part of a run, the next of its own: every `n`-th, from the `k`-th on.
    fn claim(
        &self,
        feeder: &Feeder,
        part: RunPart,
        mut draw: impl FnMut(u64) -> u64,
    ) -> Option<u64> {
        let next = match feeder.mode {
            Mode::Random => return Some(draw(feeder.rows)),
            Mode::Sequential | Mode::Circular | Mode::Unique => {
                let own = self.claimed.fetch_add(1, Ordering::Relaxed);
                own.saturating_mul(part.of.into()).saturating_add(part.index().into())
            }
        };
        match feeder.on_end {
            OnEnd::Stop if next >= feeder.rows => None,
            OnEnd::Stop | OnEnd::Recycle => Some(next % feeder.rows),
        }
    }

    fn end(&self, scenario: &str, fault: Option<String>) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if !ended.scenarios.iter().any(|known| known == scenario) {
            ended.scenarios.push(scenario.to_owned());
        }
        ended.fault = ended.fault.take().or(fault);
    }

    /// What the user should know of it after the run.
    pub(super) fn notice(&self, feeder: &Feeder, part: RunPart) -> Option<Notice> {
        let rows = feeder.rows.saturating_sub(part.index().into()).div_ceil(part.of.into());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let claimed = self.claimed.load(Ordering::Relaxed);
        let name = &feeder.name;
        let (level, mut text) = match &ended.fault {
            Some(fault) => (NoticeLevel::Error, format!("the file of the data `{name}` {fault}")),
            None if !ended.scenarios.is_empty() => {
                let text = format!("the data `{name}` ran out: its {rows} rows were used");
                (NoticeLevel::Warning, text)
            }
            None if feeder.mode == Mode::Unique && claimed > rows => {
                let text = format!(
                    "the data `{name}` ran out and started over: {claimed} rows of {rows} were used, so \
                     they were not unique"
                );
                return Some(Notice { level: NoticeLevel::Warning, text });
            }
            None => return None,
        };
        let scenarios = ended.scenarios.join("`, `");
        write!(text, "; no iteration of `{scenarios}` began after that")
            .expect("writing to a string does not fail");
        Some(Notice { level, text })
    }
}

impl Program {
    /// Claims for each feeder; none where nothing is fed.
    pub(super) fn claims(&self) -> Vec<Claims> {
        self.data.feeders.iter().map(|_| Claims::default()).collect()
    }
}

impl<'a, R: Reactor> Shard<'a, R> {
    /// Gives the user the rows of its next iteration. Where there is none any more, the scenario
    /// comes to its end, and the iteration does not begin.
    #[inline]
    pub(super) fn feed(&mut self, number: u32) -> bool {
        self.shared.program.data.feeders.is_empty() || self.feed_rows(number)
    }

    fn feed_rows(&mut self, number: u32) -> bool {
        let program = self.shared.program;
        let scenario = self.users[number as usize].scenario as usize;
        for feeder in &program.feeds[scenario] {
            if let Err(fault) = self.feed_row(number, *feeder) {
                let name = &program.scenarios[scenario].name;
                self.shared.claims[*feeder].end(name, fault);
                let now = self.clock.load_time(self.reactor.now());
                self.runs[scenario].stop(now);
                return false;
            }
        }
        true
    }

    /// A row of one feeder; what is wrong with its file, or nothing if it has no more rows.
    fn feed_row(&mut self, number: u32, index: usize) -> Result<(), Option<String>> {
        let program: &'a Program = self.shared.program;
        let feeder = &program.data.feeders[index];
        let rng = &mut self.rng;
        let part = self.shared.part;
        let row = self.shared.claims[index].claim(feeder, part, |rows| rng.random_range(0..rows));
        let row = row.ok_or(None)?;
        if self.rows.is_empty() {
            self.rows.resize_with(program.data.feeders.len(), || None);
        }
        let rows = self.rows[index].get_or_insert_with(|| Rows::new(feeder));
        let session = &mut self.users[number as usize].session;
        rows.read(row, |variable, value| session.give(variable, value))
            .map_err(|error| Some(error.to_string()))
    }
}
