//! Two programs in alternating slots, and what their ratios say.

use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::child::Ended;
use crate::problem::Problem;
use crate::server::Server;

/// Samples of the bootstrap, and its seed: the same pairs give the same interval.
const RESAMPLES: usize = 10_000;
const SEED: u64 = 3;

/// What a program did in one slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) requests: u64,
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) seconds: f64,
    /// Processor time of the server meanwhile.
    pub(crate) server: Duration,
}

impl Slot {
    /// Of a program that sends to `server` for that long.
    pub(crate) fn of(
        server: &Server,
        time: Duration,
        run: impl FnOnce() -> Result<(u64, Ended), Problem>,
    ) -> Result<Self, Problem> {
        let before = server.busy()?;
        let (requests, Ended { user, system, .. }) = run()?;
        let server = server.busy()?.saturating_sub(before);
        Ok(Self { requests, user, system, seconds: time.as_secs_f64(), server })
    }

    /// Processor seconds per million requests, start and end of the program included.
    pub(crate) fn cpu(&self) -> f64 {
        (self.user + self.system).as_secs_f64() * 1e6 / self.requests as f64
    }

    /// The same in user mode only.
    pub(crate) fn user_cpu(&self) -> f64 {
        self.user.as_secs_f64() * 1e6 / self.requests as f64
    }

    /// Share of its core that the server used, in percent.
    pub(crate) fn server_share(&self) -> f64 {
        self.server.as_secs_f64() * 100.0 / self.seconds
    }

    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
}

/// Runs `ours` and `theirs` so many times each, in the order A B B A.
pub(crate) fn alternate(
    pairs: u32,
    mut ours: impl FnMut() -> Result<Slot, Problem>,
    mut theirs: impl FnMut() -> Result<Slot, Problem>,
) -> Result<Vec<(Slot, Slot)>, Problem> {
    (0..pairs)
        .map(|pair| {
            if pair.is_multiple_of(2) {
                let first = ours()?;
                Ok((first, theirs()?))
            } else {
                let first = theirs()?;
                Ok((ours()?, first))
            }
        })
        .collect()
}

/// A median and the interval that holds it with 95 %.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The median of `values`, with a bootstrap interval.
pub(crate) fn estimate(values: &[f64]) -> Estimate {
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut medians: Vec<_> = (0..RESAMPLES)
        .map(|_| {
            let mut sample: Vec<_> =
                values.iter().map(|_| values[rng.random_range(0..values.len())]).collect();
            median(&mut sample)
        })
        .collect();
    let mut all = values.to_vec();
    let middle = median(&mut all);
    medians.sort_unstable_by(f64::total_cmp);
    Estimate {
        median: middle,
        low: medians[RESAMPLES / 40],
        high: medians[RESAMPLES - 1 - RESAMPLES / 40],
    }
}

/// The middle value; of an even count the mean of the two.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}
