//! Which requests of a series are drawn, so that what slow ones have in common can be told later.
//!
//! Every so manieth one, at random distances: a fixed distance would draw the same step of a flow
//! again and again. The mean distance follows the rate of the interval before.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::model::SampledRequest;
use crate::model::SampledRequests;

/// Requests drawn in one interval of all series on all shards, if there are not too many series.
const WHOLE: usize = 512;

/// Requests drawn in one interval of one series on one shard: enough for a p95 of some intervals,
/// and no more than cost nothing.
const LEAST: u32 = 2;
const MOST: u32 = 48;

/// What is drawn of one series on one shard.
#[derive(Debug)]
pub(super) struct Draw {
    /// In one interval.
    quota: u32,
    /// The mean distance.
    every: u32,
    /// Requests until the next one.
    left: u32,
    /// Since the last call of [`Draw::take`].
    drawn: u32,
    list: Vec<SampledRequest>,
    rng: StdRng,
}

impl Draw {
    /// For one of so many series on so many shards.
    pub(super) fn new(series: usize, shards: u32, seed: u64) -> Self {
        let quota = WHOLE / (series * shards as usize).max(1);
        let quota = u32::try_from(quota).unwrap_or(MOST).clamp(LEAST, MOST);
        let rng = StdRng::seed_from_u64(seed);
        Self { quota, every: 1, left: 1, drawn: 0, list: Vec::new(), rng }
    }

    /// Whether the request that begins now is drawn.
    #[inline]
    pub(super) fn is_due(&mut self) -> bool {
        self.left -= 1;
        self.left == 0 && self.is_drawn()
    }

    /// One that was drawn has ended.
    #[cold]
    pub(super) fn push(&mut self, request: SampledRequest) {
        self.list.push(request);
    }

    /// What was drawn since the last call, of so many responses.
    pub(super) fn take(&mut self, responses: u64) -> SampledRequests {
        let every = responses / u64::from(self.quota);
        self.every = u32::try_from(every).unwrap_or(u32::MAX / 4).max(1);
        self.drawn = 0;
        let weight = responses as f64 / self.list.len().max(1) as f64;
        let drawn = self.list.drain(..);
        drawn.map(|request| SampledRequest { weight, ..request }).collect()
    }

    #[cold]
    fn is_drawn(&mut self) -> bool {
        // A rate that has grown since the interval before, or the first interval.
        if self.drawn >= 2 * self.quota {
            self.every = self.every.saturating_mul(2).min(u32::MAX / 4);
            self.drawn = self.quota;
        }
        self.left = self.rng.random_range(1..=2 * self.every - 1);
        self.drawn += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Signals;

    fn request(at: u64) -> SampledRequest {
        SampledRequest {
            at: Duration::from_micros(at),
            latency: Duration::from_millis(1),
            phases: [Duration::ZERO; 7],
            status: 200,
            bytes: 1,
            signals: Signals::default(),
            weight: 0.0,
        }
    }

    #[test]
    fn as_many_as_wanted_are_drawn_whatever_the_rate_and_stand_for_all() {
        let mut draw = Draw::new(4, 2, 7);
        let quota = u64::from(draw.quota);
        for rate in [10, 100, 50_000, 50_000, 200, 3, 100_000] {
            for at in 0..rate {
                if draw.is_due() {
                    draw.push(request(at));
                }
            }
            let drawn = draw.take(rate);
            let count = drawn.len() as u64;
            // After a jump of the rate more, or fewer, for one interval.
            assert!(count <= 20 * quota && count >= rate.min(quota / 64), "{count} of {rate}");
            let weight: f64 = drawn.iter().map(|request| request.weight).sum();
            assert!(count == 0 || (weight - rate as f64).abs() < 1e-6 * rate as f64, "{weight}");
        }
    }

    #[test]
    fn every_place_of_a_flow_is_drawn_alike() {
        let mut draw = Draw::new(1, 1, 3);
        let mut places = [0u32; 6];
        for _ in 0..400 {
            for at in 0..600 {
                if draw.is_due() {
                    places[at % 6] += 1;
                    draw.push(request(at as u64));
                }
            }
            draw.take(600);
        }
        let mean = f64::from(places.iter().sum::<u32>()) / 6.0;
        assert!(
            places.iter().all(|count| (f64::from(*count) / mean - 1.0).abs() < 0.1),
            "{places:?}"
        );
    }
}
