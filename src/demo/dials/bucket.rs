//! A limit on the rate of requests, in its two forms: what is above is refused, or waits.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// The longest that a shaped request waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// What may come at once, as a part of a second's worth.
const BURST: f64 = 0.1;

/// What becomes of requests above the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Above {
    /// They are refused.
    Refused,
    /// They wait.
    Waits,
}

/// A bucket of tokens that fills by time; each request takes one.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: f64,
    above: Above,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    /// Below nought: so many have been promised to who waits.
    tokens: f64,
    at: Instant,
}

/// What is said to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turn {
    /// How long to wait, or nothing if it is refused.
    pub(super) after: Option<Duration>,
    /// Whole tokens left.
    pub(super) left: u32,
    /// When the bucket is full again.
    pub(super) full_in: Duration,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(rate: f64, above: Above, now: Instant) -> Self {
        let level = Mutex::new(Level { tokens: burst(rate), at: now });
        Self { rate, above, level }
    }

    /// Tokens a second, for the header.
    pub(super) fn limit(&self) -> f64 {
        self.rate
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&self, now: Instant) -> Turn {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let grown = now.saturating_duration_since(level.at).as_secs_f64() * self.rate;
        level.tokens = (level.tokens + grown).min(burst(self.rate));
        level.at = now;
        let after = match self.above {
            _ if level.tokens >= 1.0 => Some(Duration::ZERO),
            Above::Refused => None,
            Above::Waits => Some(Duration::from_secs_f64((1.0 - level.tokens) / self.rate))
                .filter(|wait| *wait <= PATIENCE),
        };
        if after.is_some() {
            level.tokens -= 1.0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count"
        )]
        let left = level.tokens.max(0.0) as u32;
        let missing = burst(self.rate) - level.tokens;
        Turn { after, left, full_in: Duration::from_secs_f64(missing / self.rate) }
    }
}

fn burst(rate: f64) -> f64 {
    (rate * BURST).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::clock;

    /// What comes of `asked` requests a second for ten seconds.
    fn run(rate: f64, above: Above, asked: u32) -> Vec<Option<Duration>> {
        let start = clock::now();
        let bucket = Bucket::new(rate, above, start);
        (0..asked * 10)
            .map(|n| bucket.take(start + Duration::from_secs(10) * n / (asked * 10)).after)
            .collect()
    }

    #[test]
    fn below_the_rate_nothing_happens() {
        for above in [Above::Refused, Above::Waits] {
            assert!(run(100.0, above, 90).iter().all(|after| *after == Some(Duration::ZERO)));
        }
    }

    #[test]
    fn above_it_the_rate_is_what_gets_through() {
        let through = run(100.0, Above::Refused, 200).iter().flatten().count();
        assert!((1000..=1011).contains(&through), "{through}");
    }

    #[test]
    fn who_waits_leaves_at_the_rate_and_never_later_than_two_seconds() {
        let waits = run(100.0, Above::Waits, 110);
        let last = waits.last().copied().flatten().expect("ten seconds of ten too many are one");
        assert!((Duration::from_millis(850)..Duration::from_secs(1)).contains(&last), "{last:?}");
        let waits = run(100.0, Above::Waits, 200);
        assert!(waits.iter().any(Option::is_none));
        assert!(waits.iter().flatten().all(|wait| *wait <= PATIENCE));
    }
}
