//! A scenario on one shard: when its iterations start, and when it is over.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::counts::ScenarioCounts;
use super::schedule::Arrivals;
use super::schedule::Rate;
use super::schedule::even_share;
use crate::http::reactor::Nanos;
use crate::plan::Executor;
use crate::plan::Late;
use crate::plan::Scenario;

/// When iterations start.
#[derive(Debug)]
pub(super) enum When {
    /// Each user starts one as soon as its last is over.
    Closed {
        /// Iterations of all shards together at most.
        iterations: Option<u64>,
    },
    /// On a schedule.
    Open(OpenModel),
}

/// Arrivals and the users that wait for them. Queued arrivals need no memory: they are those that
/// the schedule has not been asked for yet.
#[derive(Debug)]
pub(super) struct OpenModel {
    arrivals: Arrivals,
    /// The earliest arrival that nobody has taken, on the run's clock.
    pub(super) next: Option<Nanos>,
    pub(super) late: Late,
    /// Users outside an iteration; the last to become free is the first to go on, because its
    /// connection is the likeliest to be alive.
    pub(super) free: Vec<u32>,
    /// Users that exist, and that may.
    pub(super) users: u32,
    pub(super) max_users: u32,
}

impl OpenModel {
    /// Whether somebody could take an arrival now.
    pub(super) fn can_take(&self) -> bool {
        !self.free.is_empty() || self.users < self.max_users
    }
}

/// One scenario's share on one shard.
#[derive(Debug)]
pub(super) struct ScenarioRun {
    pub(super) when: When,
    pub(super) start: Nanos,
    /// No new iteration from here on.
    pub(super) end: Nanos,
    /// What still runs then is cut off.
    pub(super) hard_end: Nanos,
    pub(super) grace: Nanos,
    pub(super) started: bool,
    pub(super) over: bool,
    /// Users there from the start.
    pub(super) initial_users: u32,
    /// Users inside an iteration.
    pub(super) active: u32,
    /// Arrivals that found no user when they were due, in this interval.
    pub(super) starved: u64,
    pub(super) warmup: bool,
    pub(super) counts: ScenarioCounts,
}

impl ScenarioRun {
    /// The share of shard `shard` of `shards`; `number` is the scenario's own, so that the odd
    /// users of small scenarios do not all fall to the first shard.
    pub(super) fn new(
        scenario: &Scenario,
        number: u32,
        origin: Nanos,
        (shard, shards): (u32, u32),
    ) -> Self {
        let place = (shard + shards - number % shards) % shards;
        let start = origin.saturating_add(nanos(scenario.start_time));
        let (when, initial_users) = when(&scenario.executor, start, (place, shards));
        let end = start.saturating_add(nanos(scenario.executor.duration()));
        let grace = nanos(scenario.graceful_stop);
        Self {
            when,
            start,
            end,
            hard_end: end.saturating_add(grace),
            grace,
            started: false,
            over: false,
            initial_users,
            active: 0,
            starved: 0,
            warmup: scenario.warmup,
            counts: ScenarioCounts::new(scenario.warmup),
        }
    }

    /// Whether a closed model's user may start another iteration; takes one of those shared.
    pub(super) fn claim_iteration(&self, now: Nanos, claimed: &AtomicU64) -> bool {
        match &self.when {
            When::Closed { iterations } => {
                now < self.end
                    && iterations
                        .is_none_or(|total| claimed.fetch_add(1, Ordering::Relaxed) < total)
            }
            When::Open(_) => false,
        }
    }

    /// The earliest arrival due at `now`; the caller has somebody to take it.
    pub(super) fn take_arrival(&mut self, now: Nanos) -> Option<Nanos> {
        let start = self.start;
        let When::Open(open) = &mut self.when else { return None };
        let due = open.next.filter(|next| *next <= now)?;
        open.next = open.arrivals.next().map(|after| start.saturating_add(after));
        Some(due)
    }

    /// Counts every arrival due at `now` as dropped.
    pub(super) fn drop_due(&mut self, now: Nanos) {
        while self.take_arrival(now).is_some() {
            self.starved += 1;
            self.counts.dropped();
        }
    }

    /// Nothing starts any more: what is due is dropped, what is not is no arrival.
    pub(super) fn stop(&mut self, now: Nanos) {
        self.end = self.end.min(now);
        self.hard_end = self.hard_end.min(now.saturating_add(self.grace));
        if now >= self.start {
            self.drop_due(now);
        }
        if let When::Open(open) = &mut self.when {
            open.next = None;
        }
    }

    /// Whether nothing is left to do.
    pub(super) fn is_finished(&self, now: Nanos) -> bool {
        let has_arrivals = match &self.when {
            When::Closed { .. } => false,
            When::Open(open) => open.next.is_some(),
        };
        (self.started || now >= self.end) && self.active == 0 && !has_arrivals
    }
}

/// The executor's share for the shard at `place` of `shards`, and its initial users.
fn when(executor: &Executor, start: Nanos, (place, shards): (u32, u32)) -> (When, u32) {
    match executor {
        Executor::ConstantVus { vus, .. } => {
            (When::Closed { iterations: None }, even_share(*vus, place, shards))
        }
        Executor::SharedIterations { vus, iterations, .. } => {
            (When::Closed { iterations: Some(*iterations) }, even_share(*vus, place, shards))
        }
        Executor::ConstantArrivalRate { rate, duration, pre_allocated_vus, max_vus, late } => {
            let rate = Rate::Constant { per_second: *rate, duration: *duration };
            // A shard without a user could serve no arrival: only as many take part as have one.
            let takers = shards.min((*max_vus).max(1));
            let mut arrivals = Arrivals::share(rate, place, takers);
            let takes_part = place < takers;
            let share = |users: u32| if takes_part { even_share(users, place, takers) } else { 0 };
            let next = if takes_part { arrivals.next() } else { None };
            let initial = share(*pre_allocated_vus);
            let open = OpenModel {
                arrivals,
                next: next.map(|after| start.saturating_add(after)),
                late: *late,
                free: Vec::new(),
                users: 0,
                max_users: share((*max_vus).max(1)).max(initial),
            };
            (When::Open(open), initial)
        }
    }
}

pub(super) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}
