//! Recording a duration in the hot path: the buckets of an HDR histogram without its bookkeeping.
//!
//! A request records seven durations. The library's `record` costs about forty instructions for
//! checks and statistics that only a reader needs; here it is an index and an increment. What was
//! recorded leaves as a sparse list, and becomes a [`Histogram`] on the collector's thread.

use crate::model::Digits;
use crate::model::Histogram;
use crate::model::Scale;

/// Counts of one interval on one shard, in microseconds; grows with the greatest value.
#[derive(Debug)]
pub(super) struct Recorder {
    digits: Digits,
    scale: Scale,
    counts: Vec<u32>,
    min_us: u64,
    max_us: u64,
    sum_us: u64,
}

/// What a [`Recorder`] held: lowest value and count of its buckets, ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorded {
    buckets: Vec<(u64, u32)>,
    min_us: u64,
    max_us: u64,
    sum_us: u64,
}

impl Recorder {
    /// Allocates with the first value.
    pub(super) fn new(digits: Digits) -> Self {
        Self {
            digits,
            scale: digits.scale(),
            counts: Vec::new(),
            min_us: u64::MAX,
            max_us: 0,
            sum_us: 0,
        }
    }

    /// Adds one value; under one microsecond counts as one.
    #[inline]
    pub(super) fn record_us(&mut self, value_us: u64) {
        let value_us = value_us.max(1);
        let index = self.scale.bucket_of(value_us);
        match self.counts.get_mut(index) {
            // Four thousand million of one value in a second do not happen.
            Some(count) => *count = count.wrapping_add(1),
            None => self.grow(index),
        }
        self.sum_us = self.sum_us.wrapping_add(value_us);
        // Rare after the first values, so two comparisons are all they cost.
        if value_us < self.min_us {
            self.min_us = value_us;
        }
        if value_us > self.max_us {
            self.max_us = value_us;
        }
    }

    /// What was recorded since the last call; memory is kept.
    pub(super) fn take(&mut self) -> Recorded {
        let mut taken = Recorded::default();
        if self.max_us == 0 {
            return taken;
        }
        let from = self.digits.bucket_of(self.min_us);
        let to = self.digits.bucket_of(self.max_us);
        for (index, count) in self.counts.iter_mut().enumerate().take(to + 1).skip(from) {
            if *count > 0 {
                taken.buckets.push((self.digits.lowest_of(index), std::mem::take(count)));
            }
        }
        (taken.min_us, taken.max_us, taken.sum_us) = (self.min_us, self.max_us, self.sum_us);
        (self.min_us, self.max_us, self.sum_us) = (u64::MAX, 0, 0);
        taken
    }

    #[cold]
    fn grow(&mut self, index: usize) {
        // By whole octaves: a run grows a few times, then never again.
        let octave = self.digits.octave();
        self.counts.resize((index / octave + 1) * octave, 0);
        self.counts[index] = 1;
    }
}

impl Recorded {
    /// Whether there is no value.
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Adds what another recorder held.
    pub(super) fn merge(&mut self, other: Self) {
        if self.is_empty() || other.is_empty() {
            if self.is_empty() {
                *self = other;
            }
            return;
        }
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
        self.sum_us = self.sum_us.wrapping_add(other.sum_us);
        self.buckets.extend(other.buckets);
        self.buckets.sort_unstable();
        self.buckets.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
    }

    /// Adds all values to `histogram`.
    pub(super) fn add_to(&self, histogram: &mut Histogram) {
        if !self.is_empty() {
            let buckets = self.buckets.iter().copied();
            histogram.add_buckets(buckets, self.min_us, self.max_us, self.sum_us);
        }
    }

    /// A histogram of these values.
    pub(super) fn to_histogram(&self, digits: Digits) -> Histogram {
        let mut histogram = Histogram::new(digits);
        self.add_to(&mut histogram);
        histogram
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn micros() -> impl Strategy<Value = u64> {
        prop_oneof![0..5_000u64, 0..100_000_000u64, any::<u32>().prop_map(u64::from)]
    }

    fn digits() -> impl Strategy<Value = Digits> {
        prop_oneof![Just(Digits::Two), Just(Digits::Three)]
    }

    proptest! {
        #[test]
        fn what_is_recorded_is_what_the_histogram_records(
            digits in digits(),
            intervals in prop::collection::vec(prop::collection::vec(micros(), 0..60), 1..5),
        ) {
            let mut recorder = Recorder::new(digits);
            let mut taken = Recorded::default();
            let mut direct = Histogram::new(digits);
            for values in &intervals {
                for value in values {
                    recorder.record_us(*value);
                    direct.record_us(*value);
                }
                taken.merge(recorder.take());
            }
            let converted = taken.to_histogram(digits);
            prop_assert_eq!(converted.buckets(), direct.buckets());
            prop_assert_eq!(converted.min(), direct.min());
            prop_assert_eq!(converted.max(), direct.max());
            prop_assert_eq!(converted.sum(), direct.sum());
            prop_assert!(recorder.take().is_empty());
        }
    }
}
