//! Chance that a seed decides, and waiting that is finer than a timer's tick.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// Spread of the logarithm: of a median of 4 ms, nineteen in twenty lie between 2 and 8 ms.
const SIGMA: f64 = 0.35;

/// Draws in order of arrival.
#[derive(Debug)]
pub(super) struct Jitter {
    seed: u64,
    drawn: AtomicU64,
}

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }

    /// A time from the log-normal distribution with this median.
    pub(super) fn about(&self, median: Duration) -> Duration {
        if median.is_zero() {
            return median;
        }
        let mut chance = self.next();
        // Box and Muller; the first must not be 0.
        let (first, second): (f64, f64) = (1.0 - chance.random::<f64>(), chance.random());
        let normal = (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos();
        median.mul_f64((SIGMA * normal).exp())
    }

    /// Whether something happens that does so in this share of cases.
    pub(super) fn happens(&self, share: f64) -> bool {
        self.next().random::<f64>() < share
    }

    fn next(&self) -> ChaCha8Rng {
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed);
        chance.set_stream(self.drawn.fetch_add(1, Ordering::Relaxed));
        chance
    }
}

/// Waits on a thread of its own: the runtime's timer counts whole milliseconds, and twenty-four
/// waits of a tenth of one would be twenty-four of one.
pub(in crate::demo) async fn wait(time: Duration) {
    if !time.is_zero() {
        // An error means that the runtime is shutting down.
        let _shutting_down = tokio::task::spawn_blocking(move || std::thread::sleep(time)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_and_the_median_is_the_one_asked_for() {
        let median = Duration::from_millis(4);
        let draw = |seed| {
            let jitter = Jitter::new(seed);
            (0..4001).map(|_| jitter.about(median)).collect::<Vec<_>>()
        };
        let mut drawn = draw(1);
        assert!(drawn == draw(1) && drawn != draw(2));
        drawn.sort_unstable();
        let share = |part: usize| drawn[drawn.len() * part / 1000].as_secs_f64() * 1000.0;
        assert!((3.8..4.2).contains(&share(500)), "{}", share(500));
        assert!((1.8..2.2).contains(&share(25)), "{}", share(25));
        assert!((7.2..8.8).contains(&share(975)), "{}", share(975));
    }
}
