//! Whether a target waits as long as it is told: the one thing that is concluded from time.
//!
//! First the noise is measured (three requests that ask for no wait); where answers differ among
//! themselves by half of the shortest wait, nothing is concluded. Then long and short waits are asked
//! for in random order, each pair once before the next; every answer must come later than without a
//! wait by (nearly) what was asked for, or it is over. Last comes one more request without a wait, which
//! must be as fast as the first: a target that becomes slower by itself is found out here. What holds
//! then is a slope near one second for each second (or near two, where a payload is evaluated twice) and
//! a correlation near one, as in ZAP's and Nuclei's tests of this kind.
//!
//! Deliberately not here: sending. Times are from the last byte of a request to the first of its answer,
//! so that neither connections nor our own queue count.

use std::time::Duration;

use rand::Rng;
use rand::RngExt as _;

use crate::rules::template::TimeDelay;

/// Requests without a wait before the others.
const QUIET: usize = 3;

/// An answer comes later than without a wait by at least this share of what was asked for.
const LEAST_SHARE: f64 = 0.8;

/// Answers without a wait differ by less than this share of the short wait.
const MOST_NOISE: f64 = 0.5;

/// What slope and correlation must hold while there are few points.
const LOOSE_CORRELATION: f64 = 0.3;
const LOOSE_SLOPE: f64 = 0.5;

/// A trial in progress.
#[derive(Debug, Clone)]
pub(crate) struct DelayTrial {
    numbers: TimeDelay,
    /// What is asked for, in order.
    asked: Vec<Duration>,
    /// What it took, as far as it is known, in seconds.
    took: Vec<f64>,
    /// Answers show that it does not wait, or nothing at all.
    failed: bool,
}

impl DelayTrial {
    pub(crate) fn new(numbers: TimeDelay, random: &mut impl Rng) -> Self {
        let mut asked = vec![Duration::ZERO; QUIET];
        for _ in 0..numbers.requests.div_ceil(2) {
            let mut pair = [numbers.sleep, numbers.short()];
            if random.random() {
                pair.reverse();
            }
            asked.extend(pair);
        }
        asked.push(Duration::ZERO);
        Self { numbers, asked, took: Vec::new(), failed: false }
    }

    /// The wait to ask for next; `None` where it is decided.
    pub(crate) fn next(&self) -> Option<Duration> {
        if self.failed { None } else { self.asked.get(self.took.len()).copied() }
    }

    /// How long answers without a wait take, the fastest and the slowest, once several are known.
    pub(crate) fn calm(&self) -> Option<(Duration, Duration)> {
        let (least, most) = self.quiet();
        (self.took.len() >= 2)
            .then(|| (Duration::from_secs_f64(least), Duration::from_secs_f64(most)))
    }

    /// How long the answer to [`Self::next`] took.
    pub(crate) fn take(&mut self, took: Duration) {
        let Some(asked) = self.next() else { return };
        self.took.push(took.as_secs_f64());
        let took = took.as_secs_f64();
        let short = self.numbers.short().as_secs_f64();
        let (least, most) = self.quiet();
        self.failed = if asked.is_zero() {
            // The last one is judged by the first ones, they by one another.
            let nearest = if self.took.len() > QUIET { took - most } else { most - least };
            nearest >= short * MOST_NOISE
        } else {
            let asked = asked.as_secs_f64();
            took < asked
                || took < self.baseline() + asked * LEAST_SHARE
                || !self.line().is_near(LOOSE_CORRELATION, LOOSE_SLOPE)
        };
    }

    /// What proves that it waits, for people, if that is so.
    pub(crate) fn proof(&self) -> Option<String> {
        if self.failed || self.took.len() < self.asked.len() {
            return None;
        }
        let line = self.line();
        if !line.is_near(self.numbers.correlation_error, self.numbers.slope_error) {
            return None;
        }
        let pairs = self.asked.iter().zip(&self.took).skip(QUIET);
        let shown: Vec<String> =
            pairs.map(|(asked, took)| format!("{} s: {took:.2} s", asked.as_secs())).collect();
        Some(format!(
            "waits as long as it is told: {:.2} s without, then {}; slope {:.2}, correlation {:.2}",
            self.baseline(),
            shown.join(", "),
            line.slope,
            line.correlation
        ))
    }

    /// The fastest and the slowest answer without a wait, of the first ones.
    fn quiet(&self) -> (f64, f64) {
        let quiet = self.took.iter().take(QUIET).copied();
        quiet.fold((f64::INFINITY, 0.0), |(least, most), took| (least.min(took), most.max(took)))
    }

    fn baseline(&self) -> f64 {
        let quiet = &self.took[..self.took.len().min(QUIET)];
        quiet.iter().sum::<f64>() / (quiet.len().max(1)) as f64
    }

    fn line(&self) -> Line {
        let baseline = self.baseline();
        let points: Vec<(f64, f64)> = self
            .asked
            .iter()
            .zip(&self.took)
            .filter(|(asked, _)| !asked.is_zero())
            .map(|(asked, took)| (asked.as_secs_f64(), took - baseline))
            .collect();
        Line::through(&points)
    }
}

/// The straight line of least squares through some points.
#[derive(Debug, Clone, Copy)]
struct Line {
    slope: f64,
    correlation: f64,
    is_determined: bool,
}

impl Line {
    fn through(points: &[(f64, f64)]) -> Self {
        let count = points.len().max(1) as f64;
        let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        for point in points {
            xx += (point.0 - x).powi(2);
            yy += (point.1 - y).powi(2);
            xy += (point.0 - x) * (point.1 - y);
        }
        let is_determined = xx > 0.0;
        let slope = if is_determined { xy / xx } else { 0.0 };
        let correlation = if xx > 0.0 && yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 };
        Self { slope, correlation, is_determined }
    }

    /// Whether it is near enough to one, or two, seconds for each second. One point is.
    fn is_near(&self, correlation_error: f64, slope_error: f64) -> bool {
        let near = |slope: f64| (self.slope - slope).abs() <= slope_error;
        !self.is_determined
            || (near(1.0) || near(2.0)) && self.correlation > 1.0 - correlation_error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    /// Plays a trial; `took` says how long an answer takes, by its number and by what is asked for.
    fn trial(seed: u64, took: impl Fn(usize, f64) -> f64) -> (Option<String>, usize) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut trial = DelayTrial::new(TimeDelay::default(), &mut random);
        let mut count = 0;
        while let Some(asked) = trial.next() {
            trial.take(Duration::from_secs_f64(took(count, asked.as_secs_f64())));
            count += 1;
        }
        (trial.proof(), count)
    }

    #[test]
    fn who_waits_as_told_is_proven_with_the_figures() {
        let (proof, count) = trial(1, |_, asked| 0.1 + asked);
        assert_eq!(count, 8);
        let proof = proof.expect("it waits");
        assert!(proof.starts_with("waits as long as it is told: 0.10 s without, then "), "{proof}");
        assert!(proof.ends_with("slope 1.00, correlation 1.00"), "{proof}");
        assert!(trial(1, |_, asked| 0.1 + 2.0 * asked).0.is_some(), "evaluated twice");
        assert!(trial(1, |number, asked| 0.1 + asked + (number % 3) as f64 * 0.2).0.is_some());
    }

    #[test]
    fn who_is_slow_anyway_is_no_alarm() {
        assert_eq!(trial(1, |_, _| 9.0), (None, 4), "the first wait is over at once");
        assert_eq!(trial(1, |number, _| (number % 2) as f64 * 9.0), (None, 2), "noise");
        assert_eq!(trial(1, |_, _| 0.1).0, None);
    }

    #[test]
    fn chance_and_growing_slowness_are_no_alarm() {
        let mut alarms = 0;
        for seed in 0..500 {
            let times = |number: usize| {
                let mut random = ChaCha8Rng::seed_from_u64(seed * 100 + number as u64);
                random.random_range(0.0..12.0)
            };
            assert_eq!(trial(seed, |number, _| times(number)).0, None, "{seed}");
            // Quiet at first, then whatever.
            let later = |number: usize, _: f64| if number < QUIET { 0.1 } else { times(number) };
            alarms += usize::from(trial(seed, later).0.is_some());
            // Every answer comes two seconds later than the one before.
            assert_eq!(trial(seed, |number, _| 0.1 + 2.0 * number as f64).0, None, "{seed}");
            // It waits for what it is told, and does not come back.
            let stuck = |number: usize, asked: f64| if number > 6 { 8.0 } else { 0.1 + asked };
            assert_eq!(trial(seed, stuck).0, None, "{seed}");
        }
        // Whoever is quiet for the noise and then answers at any time within 12 s, by chance.
        assert!(alarms <= 2, "{alarms} of 500");
    }

    #[test]
    fn half_of_what_is_asked_for_is_not_enough() {
        assert_eq!(trial(1, |_, asked| 0.1 + asked / 2.0).0, None);
        assert_eq!(trial(1, |_, asked| 0.1 + asked * 4.0).0, None);
        assert_eq!(trial(1, |_, asked| if asked > 0.0 { 8.0 } else { 0.1 }).0, None);
    }
}
