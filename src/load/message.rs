//! What a shard tells the collector: one message per interval, never one per request.

use super::counts::SeriesCounts;
use crate::http::reactor::Nanos;
use crate::model::Digits;
use crate::model::Histogram;
use crate::model::ScenarioTally;
use crate::model::Tally;

/// From a shard, by its number.
#[derive(Debug)]
pub(super) enum Message {
    Interval(usize, Box<Interval>),
    /// The shard's last word.
    Done(usize),
}

/// Everything that one shard (or, merged, all of them) counted in some time.
#[derive(Debug)]
pub(super) struct Interval {
    pub(super) from: Nanos,
    pub(super) to: Nanos,
    /// By series; only those with traffic are there.
    pub(super) series: Vec<Option<Tally>>,
    /// By scenario.
    pub(super) scenarios: Vec<ScenarioSlice>,
    pub(super) generator: GeneratorCounts,
    /// Processor time spent by the shards.
    pub(super) busy: Nanos,
}

/// One scenario in an interval.
#[derive(Debug)]
pub(super) struct ScenarioSlice {
    /// Between its start and its end, or with something to report.
    pub(super) running: bool,
    pub(super) vus: u64,
    pub(super) starved: u64,
    pub(super) tally: ScenarioTally,
}

/// How the generator itself did.
#[derive(Debug)]
pub(super) struct GeneratorCounts {
    /// Intended start until the request was issued, whatever the reason.
    pub(super) schedule_lag: Histogram,
    /// The part of it that is ours: only arrivals for which a user was free when they were due.
    /// Waiting for a user is the target's slowness (or too few users), not the generator's.
    pub(super) own_lag: Histogram,
    pub(super) loop_delay: Histogram,
}

impl GeneratorCounts {
    pub(super) fn new() -> Self {
        let empty = || Histogram::new(Digits::Two);
        Self { schedule_lag: empty(), own_lag: empty(), loop_delay: empty() }
    }

    /// What was counted since the last call; memory is kept.
    pub(super) fn take(&mut self) -> Self {
        let mut take = |histogram: fn(&mut Self) -> &mut Histogram| {
            let histogram = histogram(self);
            let taken = histogram.clone();
            histogram.clear();
            taken
        };
        Self {
            schedule_lag: take(|counts| &mut counts.schedule_lag),
            own_lag: take(|counts| &mut counts.own_lag),
            loop_delay: take(|counts| &mut counts.loop_delay),
        }
    }

    fn merge(&mut self, other: &Self) {
        self.schedule_lag.merge(&other.schedule_lag);
        self.own_lag.merge(&other.own_lag);
        self.loop_delay.merge(&other.loop_delay);
    }
}

impl Interval {
    /// What the series counted since the last call.
    pub(super) fn take_series(series: &mut [SeriesCounts]) -> Vec<Option<Tally>> {
        series.iter_mut().map(SeriesCounts::take_window).collect()
    }

    /// Adds the same shard's next interval.
    pub(super) fn append(&mut self, next: Self) {
        for slice in &mut self.scenarios {
            slice.vus = 0;
        }
        self.merge(next);
    }

    /// Adds another shard's interval.
    pub(super) fn merge(&mut self, other: Self) {
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
        for (mine, theirs) in self.series.iter_mut().zip(other.series) {
            match (mine, theirs) {
                (_, None) => {}
                (Some(mine), Some(theirs)) => mine.merge(&theirs),
                (mine @ None, theirs) => *mine = theirs,
            }
        }
        for (mine, theirs) in self.scenarios.iter_mut().zip(&other.scenarios) {
            mine.running |= theirs.running;
            mine.vus += theirs.vus;
            mine.starved += theirs.starved;
            mine.tally.merge(&theirs.tally);
        }
        self.generator.merge(&other.generator);
        self.busy += other.busy;
    }
}

/// What a shard leaves behind.
#[derive(Debug)]
pub(super) struct ShardTotals {
    /// By series: latency and duration with three digits; `None` in a warm-up.
    pub(super) series: Vec<Option<(Histogram, Histogram)>>,
    /// By scenario; `None` in a warm-up.
    pub(super) scenarios: Vec<Option<ScenarioTally>>,
    /// First intended start and last end outside warm-up.
    pub(super) span: Option<(Nanos, Nanos)>,
    pub(super) tap_dropped: u64,
}
