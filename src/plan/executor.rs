//! When iterations start: k6's executors with k6's fields.

use std::time::Duration;

/// k6's executors.
#[derive(Debug, Clone, PartialEq)]
pub enum Executor {
    /// A fixed number of users, each iterating as fast as it can: a closed model.
    ConstantVus {
        /// Users.
        vus: u32,
        /// How long new iterations start.
        duration: Duration,
    },
    /// A number of users that follows stages: a closed model.
    RampingVus {
        /// Users at the start.
        start_vus: u32,
        /// One after the other; never empty, longer than nothing in all.
        stages: Vec<Stage<u32>>,
        /// How long a user whose turn to leave has come may go on with its iteration.
        graceful_ramp_down: Duration,
    },
    /// A fixed number of iterations shared by users: a closed model.
    SharedIterations {
        /// Users.
        vus: u32,
        /// Iterations in all.
        iterations: u64,
        /// At most this long.
        max_duration: Duration,
    },
    /// A fixed number of iterations for each user: a closed model.
    PerVuIterations {
        /// Users.
        vus: u32,
        /// Iterations of each.
        iterations: u64,
        /// At most this long.
        max_duration: Duration,
    },
    /// Iterations start on a schedule, whatever the target does: an open model.
    ConstantArrivalRate {
        /// Iterations per second.
        rate: f64,
        /// How long new iterations start.
        duration: Duration,
        /// Users there from the start.
        pre_allocated_vus: u32,
        /// Users at most.
        max_vus: u32,
        /// What happens to arrivals that find no free user.
        late: Late,
        /// How arrivals are spread.
        arrivals: Spacing,
    },
    /// Iterations start on a schedule whose rate follows stages: an open model.
    RampingArrivalRate {
        /// Iterations per second at the start.
        start_rate: f64,
        /// One after the other, targets in iterations per second; never empty, longer than nothing
        /// in all, and not all of them zero.
        stages: Vec<Stage<f64>>,
        /// Users there from the start.
        pre_allocated_vus: u32,
        /// Users at most.
        max_vus: u32,
        /// What happens to arrivals that find no free user.
        late: Late,
        /// How arrivals are spread.
        arrivals: Spacing,
    },
}

/// A stretch of a ramp: straight from where the one before ended to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage<T> {
    /// What is reached at its end.
    pub target: T,
    /// How long it takes; 0 is a jump.
    pub duration: Duration,
}

/// What happens to arrivals that find no free user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// They wait, and their latency counts from the intended start.
    Queue,
    /// They are dropped and counted, as k6 does it.
    Drop,
}

/// How arrivals are spread over the area under the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Evenly.
    Even,
    /// By chance, as independent users come: a Poisson process of that rate, drawn from the plan's
    /// seed.
    Poisson,
    /// So many at once, and the same time between bursts. Never 0.
    Bursts(u32),
}

impl Executor {
    /// Every name, in the order of the documentation.
    pub const NAMES: [&str; 6] = [
        "constant-vus",
        "ramping-vus",
        "shared-iterations",
        "per-vu-iterations",
        "constant-arrival-rate",
        "ramping-arrival-rate",
    ];

    /// k6's name for it.
    pub fn name(&self) -> &'static str {
        let place = match self {
            Self::ConstantVus { .. } => 0,
            Self::RampingVus { .. } => 1,
            Self::SharedIterations { .. } => 2,
            Self::PerVuIterations { .. } => 3,
            Self::ConstantArrivalRate { .. } => 4,
            Self::RampingArrivalRate { .. } => 5,
        };
        Self::NAMES[place]
    }

    /// Whether arrivals follow a schedule.
    pub fn is_open(&self) -> bool {
        self.peak_rate().is_some()
    }

    /// How long new iterations start, at most.
    pub fn duration(&self) -> Duration {
        match self {
            Self::ConstantVus { duration, .. } | Self::ConstantArrivalRate { duration, .. } => {
                *duration
            }
            Self::RampingVus { stages, .. } => length(stages),
            Self::RampingArrivalRate { stages, .. } => length(stages),
            Self::SharedIterations { max_duration, .. }
            | Self::PerVuIterations { max_duration, .. } => *max_duration,
        }
    }

    /// How long new iterations start; `None` where their number decides and [`Self::duration`] is
    /// only a bound.
    pub fn planned(&self) -> Option<Duration> {
        match self {
            Self::SharedIterations { .. } | Self::PerVuIterations { .. } => None,
            Self::ConstantVus { .. }
            | Self::RampingVus { .. }
            | Self::ConstantArrivalRate { .. }
            | Self::RampingArrivalRate { .. } => Some(self.duration()),
        }
    }

    /// Iterations per second at most; `None` in closed models.
    pub fn peak_rate(&self) -> Option<f64> {
        match self {
            Self::ConstantArrivalRate { rate, .. } => Some(*rate),
            Self::RampingArrivalRate { start_rate, stages, .. } => {
                Some(stages.iter().map(|stage| stage.target).fold(*start_rate, f64::max))
            }
            Self::ConstantVus { .. }
            | Self::RampingVus { .. }
            | Self::SharedIterations { .. }
            | Self::PerVuIterations { .. } => None,
        }
    }

    /// Users at most.
    pub fn max_vus(&self) -> u32 {
        match self {
            Self::ConstantVus { vus, .. }
            | Self::SharedIterations { vus, .. }
            | Self::PerVuIterations { vus, .. } => *vus,
            Self::RampingVus { start_vus, stages, .. } => {
                stages.iter().map(|stage| stage.target).fold(*start_vus, u32::max)
            }
            Self::ConstantArrivalRate { max_vus, .. }
            | Self::RampingArrivalRate { max_vus, .. } => *max_vus,
        }
    }

    /// Stretches in which it goes straight to a target, for people: target, and how long it takes.
    pub fn stretches(&self) -> Vec<(f64, Duration)> {
        match self {
            Self::ConstantArrivalRate { rate, duration, .. } => vec![(*rate, *duration)],
            Self::RampingArrivalRate { stages, .. } => {
                stages.iter().map(|stage| (stage.target, stage.duration)).collect()
            }
            Self::RampingVus { stages, .. } => {
                stages.iter().map(|stage| (stage.target.into(), stage.duration)).collect()
            }
            Self::ConstantVus { vus, .. }
            | Self::SharedIterations { vus, .. }
            | Self::PerVuIterations { vus, .. } => vec![((*vus).into(), self.duration())],
        }
    }

    /// Users `at` a moment since its start, on the line that holds at the moment `during`: at a
    /// jump, one from either side of it tells which side is meant.
    pub(super) fn vus_at(&self, at: Duration, during: Duration) -> f64 {
        if during >= self.duration() {
            return 0.0;
        }
        let Self::RampingVus { start_vus, stages, .. } = self else { return self.max_vus().into() };
        let (mut begin, mut from) = (Duration::ZERO, f64::from(*start_vus));
        for stage in stages {
            let (end, to) = (begin.saturating_add(stage.duration), f64::from(stage.target));
            if (begin..end).contains(&during) {
                return from
                    + (to - from) * at.saturating_sub(begin).div_duration_f64(stage.duration);
            }
            (begin, from) = (end, to);
        }
        0.0
    }

    /// Moments since its start between which the number of users is on a straight line.
    pub(super) fn corners(&self) -> Vec<Duration> {
        let Self::RampingVus { stages, .. } = self else {
            return vec![Duration::ZERO, self.duration()];
        };
        let ends = stages.iter().scan(Duration::ZERO, |end, stage| {
            *end = end.saturating_add(stage.duration);
            Some(*end)
        });
        std::iter::once(Duration::ZERO).chain(ends).collect()
    }
}

fn length<T>(stages: &[Stage<T>]) -> Duration {
    stages.iter().fold(Duration::ZERO, |sum, stage| sum.saturating_add(stage.duration))
}
