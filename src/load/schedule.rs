//! When iterations start: pure arithmetic over the integral of the rate.
//!
//! The i-th arrival is where the area under the rate reaches i, computed anew for every i: nothing
//! is added up, so nothing drifts. Completions never enter.

use std::time::Duration;

use crate::http::reactor::Nanos;

const NANOS_PER_SECOND: f64 = 1e9;

/// A rate over time. Ramps become another variant with its own area and inverse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// The same from start to end.
    Constant {
        /// Arrivals per second.
        per_second: f64,
        /// How long.
        duration: Duration,
    },
}

impl Rate {
    /// Number of arrivals: the area under the rate, a started one counts.
    pub fn count(self) -> u64 {
        match self {
            Self::Constant { per_second, duration } => {
                let area = per_second * duration.as_secs_f64();
                // 0.1/s × 30 s is 3.0000000000000004 in floating point, and means 3.
                let tolerance = area.abs().mul_add(1e-12, 1e-9);
                // Casts saturate: a negative or absurd area gives none or u64::MAX.
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "saturating is what is meant"
                )]
                let count = (area - tolerance).ceil().max(0.0) as u64;
                count
            }
        }
    }

    /// When the area reaches `index`, since the start.
    pub fn time_of(self, index: u64) -> Nanos {
        match self {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "below `count`, the quotient lies within the duration"
            )]
            Self::Constant { per_second, .. } => {
                (index as f64 / per_second * NANOS_PER_SECOND) as Nanos
            }
        }
    }
}

/// Intended start times of one shard, since the scenario's start, in order.
#[derive(Debug, Clone)]
pub struct Arrivals {
    rate: Rate,
    next: u64,
    step: u64,
    count: u64,
}

impl Arrivals {
    /// The share of shard `index` of `shards`: every `shards`-th arrival, so that all shares
    /// together are the whole schedule and each is as even as it.
    pub fn share(rate: Rate, index: u32, shards: u32) -> Self {
        Self { rate, next: index.into(), step: u64::from(shards.max(1)), count: rate.count() }
    }
}

impl Iterator for Arrivals {
    type Item = Nanos;

    fn next(&mut self) -> Option<Nanos> {
        if self.next >= self.count {
            return None;
        }
        let time = self.rate.time_of(self.next);
        self.next = self.next.saturating_add(self.step);
        Some(time)
    }
}

/// The part of `total` that falls to shard `index` of `shards`; the parts differ by at most one.
pub fn even_share(total: u32, index: u32, shards: u32) -> u32 {
    total / shards + u32::from(index < total % shards)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn constant(per_second: f64, millis: u64) -> Rate {
        Rate::Constant { per_second, duration: Duration::from_millis(millis) }
    }

    #[test]
    fn whole_areas_are_exact_and_a_started_arrival_counts() {
        assert_eq!(constant(5000.0, 8000).count(), 40_000);
        assert_eq!(constant(0.1, 30_000).count(), 3);
        assert_eq!(constant(1.0, 2500).count(), 3);
        assert_eq!(constant(0.0, 2500).count(), 0);
    }

    #[test]
    fn an_hour_does_not_drift() {
        let last = Arrivals::share(constant(3.0, 3_600_000), 0, 1).last();
        assert_eq!(last, Some(3_599_666_666_666));
    }

    proptest! {
        #[test]
        fn times_never_go_back_and_stay_inside(
            per_second in 0.01f64..20_000.0,
            millis in 1u64..5_000,
        ) {
            let times: Vec<_> = Arrivals::share(constant(per_second, millis), 0, 1).collect();
            prop_assert!(times.is_sorted());
            prop_assert!(times.last().is_none_or(|last| *last <= millis * 1_000_000));
        }

        #[test]
        fn count_is_the_area(per_second in 0.01f64..20_000.0, millis in 1u64..5_000) {
            let area = per_second * millis as f64 / 1e3;
            let count = Arrivals::share(constant(per_second, millis), 0, 1).count() as f64;
            prop_assert!(count >= area - 1e-6 && count < area + 1.0, "{count} for {area}");
        }

        #[test]
        fn shards_partition_the_whole(
            per_second in 0.01f64..2_000.0,
            millis in 1u64..5_000,
            shards in 1u32..9,
        ) {
            let rate = constant(per_second, millis);
            let mut parts: Vec<_> =
                (0..shards).flat_map(|index| Arrivals::share(rate, index, shards)).collect();
            parts.sort_unstable();
            prop_assert_eq!(parts, Arrivals::share(rate, 0, 1).collect::<Vec<_>>());
        }

        #[test]
        fn even_shares_add_up(total in 0u32..10_000, shards in 1u32..65) {
            let parts: Vec<_> = (0..shards).map(|i| even_share(total, i, shards)).collect();
            prop_assert_eq!(parts.iter().sum::<u32>(), total);
            prop_assert!(parts.iter().max().expect("one") - parts.iter().min().expect("one") <= 1);
        }
    }
}
