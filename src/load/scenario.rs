//! A scenario on one shard: when its iterations start, and when it is over.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::counts::ScenarioCounts;
use super::part::Part;
use super::part::Turns;
use super::ramp::UserRamp;
use super::ramp::UserShare;
use super::rate::Rate;
use super::schedule::Arrivals;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::model::Seed;
use crate::plan::Executor;
use crate::plan::Late;
use crate::plan::Scenario;

/// When iterations start.
#[derive(Debug)]
pub(super) enum When {
    /// Each user starts one as soon as its last is over.
    Closed(ClosedModel),
    /// On a schedule.
    Open(OpenModel),
}

/// Users of a planned number, each by its place: those below the number iterate, the others are
/// idle, or finish what they have begun.
#[derive(Debug)]
pub(super) struct ClosedModel {
    share: UserShare,
    /// Users that iterate now.
    pub(super) planned: u32,
    /// When that may change next, on the run's clock.
    pub(super) next_change: Nanos,
    /// By place.
    pub(super) members: Vec<u32>,
    /// Places whose turn to leave has come, and until when they may finish: the earliest first,
    /// and the highest place first, because the last to come is the first to leave.
    leaving: VecDeque<(Nanos, u32)>,
    graceful_ramp_down: Nanos,
    quota: Quota,
}

/// How many iterations there may be.
#[derive(Debug)]
enum Quota {
    /// As many as there is time for.
    Unlimited,
    /// So many of all users on all shards.
    Shared(u64),
    /// So many of each user; what is left, by place and in all.
    Each { of_each: u64, left: Vec<u64>, in_all: u64 },
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
    /// Users that exist, that are there from the start, and that may.
    pub(super) users: u32,
    pub(super) initial_users: u32,
    pub(super) max_users: u32,
}

/// What changed among the users of a closed model.
pub(super) enum Turnover {
    /// These places are to iterate.
    Come(std::ops::Range<u32>),
    /// These are to leave.
    Leave(std::ops::Range<u32>),
}

impl OpenModel {
    /// Whether somebody could take an arrival now.
    pub(super) fn can_take(&self) -> bool {
        !self.free.is_empty() || self.users < self.max_users
    }
}

impl ClosedModel {
    fn new(executor: &Executor, ramp: UserRamp, start: Nanos, part: Part) -> Self {
        let quota = match executor {
            Executor::SharedIterations { iterations, .. } => Quota::Shared(*iterations),
            Executor::PerVuIterations { iterations, .. } => {
                Quota::Each { of_each: *iterations, left: Vec::new(), in_all: 0 }
            }
            Executor::ConstantVus { .. }
            | Executor::RampingVus { .. }
            | Executor::ConstantArrivalRate { .. }
            | Executor::RampingArrivalRate { .. } => Quota::Unlimited,
        };
        let graceful_ramp_down = match executor {
            Executor::RampingVus { graceful_ramp_down, .. } => nanos(*graceful_ramp_down),
            Executor::ConstantVus { .. }
            | Executor::SharedIterations { .. }
            | Executor::PerVuIterations { .. }
            | Executor::ConstantArrivalRate { .. }
            | Executor::RampingArrivalRate { .. } => 0,
        };
        Self {
            share: UserShare::new(ramp, part),
            planned: 0,
            next_change: start,
            members: Vec::new(),
            leaving: VecDeque::new(),
            graceful_ramp_down,
            quota,
        }
    }

    /// The user at the next place is `number`.
    pub(super) fn join(&mut self, number: u32) -> u32 {
        let place = u32::try_from(self.members.len()).expect("fewer users than 2^32");
        self.members.push(number);
        if let Quota::Each { of_each, left, in_all } = &mut self.quota {
            left.push(*of_each);
            *in_all = in_all.saturating_add(*of_each);
        }
        place
    }

    /// Follows the plan to `now`, the scenario having started at `start`.
    pub(super) fn follow(&mut self, start: Nanos, now: Nanos) -> Turnover {
        let since = now.saturating_sub(start);
        let planned = self.share.planned(since);
        self.next_change =
            self.share.next_change(since).map_or(Nanos::MAX, |next| start.saturating_add(next));
        let before = std::mem::replace(&mut self.planned, planned);
        if planned >= before {
            // Whoever has not left yet stays.
            while self.leaving.pop_back_if(|(_, place)| *place < planned).is_some() {}
            return Turnover::Come(before..planned);
        }
        let until = now.saturating_add(self.graceful_ramp_down);
        self.leaving.extend((planned..before).rev().map(|place| (until, place)));
        Turnover::Leave(planned..before)
    }

    /// From `now` on it follows `factor` times its plan, unless its users have a number of
    /// iterations each: there they decide how many there are.
    pub(super) fn rescale(&mut self, factor: f64, now: Nanos) {
        if !matches!(self.quota, Quota::Each { .. }) {
            self.share.rescale(factor);
            self.next_change = self.next_change.min(now);
        }
    }

    /// The next user whose time to finish is over.
    pub(super) fn overdue(&mut self, now: Nanos) -> Option<u32> {
        let (_, place) = self.leaving.pop_front_if(|(until, _)| *until <= now)?;
        Some(self.members[place as usize])
    }

    /// When somebody's time to finish is over.
    pub(super) fn next_overdue(&self) -> Option<Nanos> {
        self.leaving.front().map(|(until, _)| *until)
    }

    /// Takes one of the iterations there may be for the user at `place`.
    fn claim(&mut self, place: u32, claimed: &AtomicU64) -> bool {
        match &mut self.quota {
            Quota::Unlimited => true,
            Quota::Shared(total) => claimed.fetch_add(1, Ordering::Relaxed) < *total,
            Quota::Each { left, in_all, .. } => {
                let left = &mut left[place as usize];
                let has_one = *left > 0;
                *left -= u64::from(has_one);
                *in_all = in_all.saturating_sub(has_one.into());
                has_one
            }
        }
    }

    /// Takes every iteration that nobody has begun.
    fn claim_rest(&mut self, claimed: &AtomicU64) -> u64 {
        match &mut self.quota {
            Quota::Unlimited => 0,
            Quota::Shared(total) => {
                total.saturating_sub(claimed.fetch_max(*total, Ordering::Relaxed))
            }
            Quota::Each { in_all, .. } => std::mem::take(in_all),
        }
    }

    /// Whether there is no iteration left to begin.
    fn is_exhausted(&self, claimed: &AtomicU64) -> bool {
        match &self.quota {
            Quota::Unlimited => false,
            Quota::Shared(total) => claimed.load(Ordering::Relaxed) >= *total,
            Quota::Each { in_all, .. } => *in_all == 0,
        }
    }
}

/// One scenario's share on one shard.
#[derive(Debug)]
pub(super) struct ScenarioRun {
    pub(super) when: When,
    /// Which of its users are on this shard.
    pub(super) part: Part,
    pub(super) start: Nanos,
    /// No new iteration from here on.
    pub(super) end: Nanos,
    /// What still runs then is cut off.
    pub(super) hard_end: Nanos,
    pub(super) grace: Nanos,
    pub(super) started: bool,
    pub(super) over: bool,
    /// Users inside an iteration.
    pub(super) active: u32,
    /// Users there may be, and those that will begin nothing more.
    users: u32,
    lost: u32,
    /// Arrivals that found no user when they were due, in this interval.
    pub(super) starved: u64,
    pub(super) warmup: bool,
    pub(super) counts: ScenarioCounts,
}

impl ScenarioRun {
    /// The part of one shard, whose flow has so many groups. Chance follows `seed`.
    pub(super) fn new(
        scenario: &Scenario,
        groups: usize,
        seed: Seed,
        origin: Nanos,
        part: Part,
    ) -> Self {
        let start = origin.saturating_add(nanos(scenario.start_time));
        let end = start.saturating_add(nanos(scenario.executor.duration()));
        let grace = nanos(scenario.graceful_stop);
        Self {
            when: when(&scenario.executor, seed, start, part),
            part,
            start,
            end,
            hard_end: end.saturating_add(grace),
            grace,
            started: false,
            over: false,
            active: 0,
            users: part.of(scenario.executor.max_vus()),
            lost: 0,
            starved: 0,
            warmup: scenario.warmup,
            counts: ScenarioCounts::new(groups),
        }
    }

    /// Whether a closed model's user may start another iteration; takes one of those there may be.
    pub(super) fn claim_iteration(&mut self, place: u32, now: Nanos, claimed: &AtomicU64) -> bool {
        match &mut self.when {
            When::Closed(closed) => {
                now < self.end && place < closed.planned && closed.claim(place, claimed)
            }
            When::Open(_) => false,
        }
    }

    /// The earliest arrival due at `now`; the caller has somebody to take it.
    pub(super) fn take_arrival(&mut self, now: Nanos) -> Option<Nanos> {
        let start = self.start;
        let When::Open(open) = &mut self.when else { return None };
        let due = open.next.filter(|next| *next <= now)?;
        open.arrivals.next();
        open.next = open.arrivals.peek().map(|after| start.saturating_add(after));
        Some(due)
    }

    /// From `now` on there are `factor` times as many arrivals as planned.
    pub(super) fn rescale(&mut self, factor: f64, now: Nanos) {
        let start = self.start;
        if now >= self.end {
            return;
        }
        // A shard without users takes no part.
        if let When::Open(open) = &mut self.when
            && open.max_users > 0
        {
            open.arrivals.rescale(now.saturating_sub(start), factor);
            open.next = open.arrivals.peek().map(|after| start.saturating_add(after));
        }
    }

    /// Counts every arrival due at `now` as dropped.
    pub(super) fn drop_due(&mut self, now: Nanos) {
        while self.take_arrival(now).is_some() {
            self.starved += 1;
            self.counts.dropped(1);
        }
    }

    /// Counts the iterations that time was too short for, as k6 does.
    pub(super) fn drop_unbegun(&mut self, claimed: &AtomicU64) {
        if let When::Closed(closed) = &mut self.when {
            self.counts.dropped(closed.claim_rest(claimed));
        }
    }

    /// Nothing starts any more: what is due is dropped, what is not is no arrival.
    pub(super) fn stop(&mut self, now: Nanos) {
        self.end = self.end.min(now);
        self.hard_end = self.hard_end.min(now.saturating_add(self.grace));
        if now >= self.start {
            self.drop_due(now);
        }
        match &mut self.when {
            When::Open(open) => open.next = None,
            // What is not begun for want of will is not dropped for want of time.
            When::Closed(closed) => closed.quota = Quota::Unlimited,
        }
    }

    /// The user at `place` will begin nothing more; whether no other is left who could.
    pub(super) fn lose(&mut self, place: u32) -> bool {
        if let When::Closed(closed) = &mut self.when
            && let Quota::Each { left, in_all, .. } = &mut closed.quota
        {
            let unbegun = std::mem::take(&mut left[place as usize]);
            *in_all = in_all.saturating_sub(unbegun);
            self.counts.dropped(unbegun);
        }
        self.lost += 1;
        self.lost >= self.users
    }

    /// None of its users will begin anything more.
    pub(super) fn lose_all(&mut self, now: Nanos) {
        if let When::Closed(closed) = &mut self.when
            && let Quota::Each { left, in_all, .. } = &mut closed.quota
        {
            left.fill(0);
            self.counts.dropped(std::mem::take(in_all));
        }
        self.stop(now);
    }

    /// Whether nothing is left to do. A schedule that has come to its last arrival, or users that
    /// have all left, are no end: the plan says how long a scenario goes on.
    pub(super) fn is_finished(&self, now: Nanos, claimed: &AtomicU64) -> bool {
        let (has_arrivals, is_exhausted) = match &self.when {
            When::Closed(closed) => (false, self.started && closed.is_exhausted(claimed)),
            When::Open(open) => (open.next.is_some(), false),
        };
        (now >= self.end || is_exhausted) && self.active == 0 && !has_arrivals
    }
}

/// The executor's part for one shard.
fn when(executor: &Executor, seed: Seed, start: Nanos, part: Part) -> When {
    match executor {
        Executor::ConstantVus { .. }
        | Executor::RampingVus { .. }
        | Executor::SharedIterations { .. }
        | Executor::PerVuIterations { .. } => {
            let ramp = UserRamp::of(executor).expect("its users do not wait for arrivals");
            When::Closed(ClosedModel::new(executor, ramp, start, part))
        }
        Executor::ConstantArrivalRate { pre_allocated_vus, max_vus, late, arrivals, .. }
        | Executor::RampingArrivalRate { pre_allocated_vus, max_vus, late, arrivals, .. } => {
            let rate = Rate::of(executor).expect("it has a schedule");
            // A shard without a user could serve no arrival, and is dealt none.
            let turns = Turns::new(part, *max_vus);
            let mut arrivals = Arrivals::spaced(rate, *arrivals, seed, turns);
            let initial_users = part.of(*pre_allocated_vus);
            When::Open(OpenModel {
                next: arrivals.peek().map(|after| start.saturating_add(after)),
                arrivals,
                late: *late,
                free: Vec::new(),
                users: 0,
                initial_users,
                max_users: part.of((*max_vus).max(1)).max(initial_users),
            })
        }
    }
}
