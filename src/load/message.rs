//! What a shard tells the collector: one message per interval, never one per request.

use super::counts::IterationSlice;
use super::counts::SeriesCounts;
use super::counts::SeriesSlice;
use super::login::Handed;
use super::login::LoginCounts;
use super::recorder::Recorded;
use super::recorder::Recorder;
use crate::flow::Values;
use crate::http::reactor::Nanos;
use crate::model::Digits;

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
    /// By series, ascending; only those with traffic are there.
    pub(super) series: Vec<(u32, SeriesSlice)>,
    /// By scenario.
    pub(super) scenarios: Vec<ScenarioSlice>,
    pub(super) generator: GeneratorCounts<Recorded>,
    /// Processor time spent by the shards.
    pub(super) busy: Nanos,
    /// Connections open at the end, by origin.
    pub(super) connections: Vec<u64>,
}

/// One scenario in an interval.
#[derive(Debug)]
pub(super) struct ScenarioSlice {
    /// Between its start and its end, or with something to report.
    pub(super) running: bool,
    pub(super) vus: u64,
    pub(super) starved: u64,
    pub(super) tally: IterationSlice,
}

/// How the generator itself did: in a shard (`Recorder`), and as it leaves (`Recorded`).
#[derive(Debug)]
pub(super) struct GeneratorCounts<T = Recorder> {
    /// Intended start until the request was issued, whatever the reason.
    pub(super) schedule_lag: T,
    /// The part of it that is ours: only arrivals for which a user was free when they were due.
    /// Waiting for a user is the target's slowness (or too few users), not the generator's.
    pub(super) own_lag: T,
    pub(super) loop_delay: T,
}

impl GeneratorCounts {
    pub(super) fn new() -> Self {
        let empty = || Recorder::new(Digits::Two);
        Self { schedule_lag: empty(), own_lag: empty(), loop_delay: empty() }
    }

    /// What was counted since the last call; memory is kept.
    pub(super) fn take(&mut self) -> GeneratorCounts<Recorded> {
        GeneratorCounts {
            schedule_lag: self.schedule_lag.take(),
            own_lag: self.own_lag.take(),
            loop_delay: self.loop_delay.take(),
        }
    }
}

impl GeneratorCounts<Recorded> {
    fn merge(&mut self, other: Self) {
        self.schedule_lag.merge(other.schedule_lag);
        self.own_lag.merge(other.own_lag);
        self.loop_delay.merge(other.loop_delay);
    }
}

impl Interval {
    /// What the series counted since the last call; `observe` are the headers that are watched.
    pub(super) fn take_series(
        series: &mut [SeriesCounts],
        observe: &[String],
    ) -> Vec<(u32, SeriesSlice)> {
        let slices = (0..).zip(series);
        slices.filter_map(|(id, counts)| Some((id, counts.take(observe)?))).collect()
    }

    /// Adds the same shard's next interval.
    pub(super) fn append(&mut self, next: Self) {
        for slice in &mut self.scenarios {
            slice.vus = 0;
        }
        self.connections.fill(0);
        self.merge(next);
    }

    /// Adds another shard's interval.
    pub(super) fn merge(&mut self, other: Self) {
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
        for (id, theirs) in other.series {
            match self.series.binary_search_by_key(&id, |(id, _)| *id) {
                Ok(place) => self.series[place].1.merge(theirs),
                Err(place) => self.series.insert(place, (id, theirs)),
            }
        }
        for (mine, theirs) in self.scenarios.iter_mut().zip(other.scenarios) {
            mine.running |= theirs.running;
            mine.vus += theirs.vus;
            mine.starved += theirs.starved;
            mine.tally.merge(theirs.tally);
        }
        self.generator.merge(other.generator);
        self.busy += other.busy;
        for (mine, theirs) in self.connections.iter_mut().zip(other.connections) {
            *mine += theirs;
        }
    }
}

/// What a shard leaves behind beside its intervals.
#[derive(Debug)]
pub(super) struct ShardTotals {
    /// First intended start and last end outside warm-up.
    pub(super) span: Option<(Nanos, Nanos)>,
    pub(super) tap_dropped: u64,
    /// Responses of which only the beginning was looked at.
    pub(super) bodies_cut: u64,
    /// By login.
    pub(super) logins: Vec<LoginCounts>,
    /// What setup has taken.
    pub(super) captured: Option<Values>,
    /// What first logins gave.
    pub(super) handed: Vec<Handed>,
}
