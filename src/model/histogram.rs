//! Mergeable latency histograms with a fixed relative error and a stated memory budget.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

/// Upper end of the pre-sized range; larger values grow the histogram instead of being clamped.
const PRESIZED_MAX_US: u64 = 60_000_000;

/// Significant decimal digits that a histogram keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Digits {
    /// One per cent: windows and phases, about 10 KB once used.
    Two,
    /// One per mille: run totals, about 68 KB once used.
    Three,
}

impl Digits {
    fn count(self) -> u8 {
        match self {
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// A histogram of durations in microseconds; minimum, maximum and sum are exact.
///
/// Nothing is allocated until the first value. Merging is associative and commutative, and gives
/// what recording all values into one histogram of the coarser digits would give.
#[derive(Debug, Clone)]
pub struct Histogram {
    digits: Digits,
    counts: Option<Box<hdrhistogram::Histogram<u32>>>,
    min_us: u64,
    max_us: u64,
    sum_us: u64,
}

/// Why an embedded histogram could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistogramError {
    /// Not base64.
    #[error("decoding a histogram's base64")]
    Base64(#[source] base64::DecodeError),
    /// Not a V2 payload.
    #[error("decoding a histogram: {0}")]
    Payload(String),
}

impl Histogram {
    /// An empty histogram; allocates on first use.
    pub fn new(digits: Digits) -> Self {
        Self { digits, counts: None, min_us: u64::MAX, max_us: 0, sum_us: 0 }
    }

    /// Adds one value. Values under one microsecond count as one.
    pub fn record(&mut self, value: Duration) {
        self.record_us(u64::try_from(value.as_micros()).unwrap_or(u64::MAX));
    }

    /// Adds one value in microseconds.
    pub fn record_us(&mut self, value_us: u64) {
        let value_us = value_us.max(1);
        let digits = self.digits;
        let counts = self.counts.get_or_insert_with(|| Box::new(presized(digits)));
        // Grows the range where needed; `saturating_record` would clamp instead.
        counts.record(value_us).expect("an auto-resizing histogram takes any value");
        self.min_us = self.min_us.min(value_us);
        self.max_us = self.max_us.max(value_us);
        self.sum_us = self.sum_us.saturating_add(value_us);
    }

    /// Adds all values of `other`; a coarser `other` makes this one no finer than `other`.
    pub fn merge(&mut self, other: &Self) {
        let Some(theirs) = &other.counts else { return };
        match &mut self.counts {
            None if self.digits == other.digits => self.counts = Some(theirs.clone()),
            mine => {
                let digits = self.digits;
                let mine = mine.get_or_insert_with(|| Box::new(presized(digits)));
                mine.add(theirs.as_ref())
                    .expect("auto-resizing histograms add without a range error");
            }
        }
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }

    /// Forgets all values, keeps the allocation.
    pub fn clear(&mut self) {
        if let Some(counts) = &mut self.counts {
            counts.reset();
        }
        (self.min_us, self.max_us, self.sum_us) = (u64::MAX, 0, 0);
    }

    /// Number of values.
    pub fn len(&self) -> u64 {
        self.counts.as_ref().map_or(0, |counts| counts.len())
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at quantile `q` in 0..=1 within the digits kept; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let counts = self.counts.as_ref().filter(|counts| !counts.is_empty())?;
        let value = counts.value_at_quantile(q.clamp(0.0, 1.0)).clamp(self.min_us, self.max_us);
        Some(Duration::from_micros(value))
    }

    /// Exact minimum; `None` when empty.
    pub fn min(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.min_us))
    }

    /// Exact maximum; `None` when empty.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.max_us))
    }

    /// Exact arithmetic mean; `None` when empty.
    pub fn mean(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.sum_us / self.len()))
    }

    /// Exact sum.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// Digits kept.
    pub fn digits(&self) -> Digits {
        self.digits
    }

    /// Occupied buckets as `(highest equivalent value, count)`, ascending.
    pub fn buckets(&self) -> Vec<(Duration, u64)> {
        let Some(counts) = &self.counts else { return Vec::new() };
        counts
            .iter_recorded()
            .map(|step| {
                (Duration::from_micros(step.value_iterated_to()), step.count_since_last_iteration())
            })
            .collect()
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.counts.as_ref().map_or(0, |counts| counts.distinct_values() * 4)
    }

    /// HDR V2 payload, deflated, base64; the empty string when there is no value.
    pub fn encode(&self) -> String {
        let Some(counts) = self.counts.as_ref().filter(|counts| !counts.is_empty()) else {
            return String::new();
        };
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(counts.as_ref(), &mut bytes)
            .expect("serialising into memory cannot fail");
        STANDARD.encode(bytes)
    }

    /// Reads what [`Histogram::encode`] wrote; exact minimum, maximum and sum travel beside it.
    ///
    /// # Errors
    /// [`HistogramError`] when the text is not such a payload.
    pub fn decode(
        text: &str,
        digits: Digits,
        min: Duration,
        max: Duration,
        sum: Duration,
    ) -> Result<Self, HistogramError> {
        if text.is_empty() {
            return Ok(Self::new(digits));
        }
        let bytes = STANDARD.decode(text).map_err(HistogramError::Base64)?;
        let mut counts: hdrhistogram::Histogram<u32> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| HistogramError::Payload(format!("{error:?}")))?;
        counts.auto(true);
        let micros = |value: Duration| u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        Ok(Self {
            digits,
            counts: Some(Box::new(counts)),
            min_us: micros(min),
            max_us: micros(max),
            sum_us: micros(sum),
        })
    }
}

/// Equal when every bucket and the exact figures agree, whatever is allocated.
impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        self.digits == other.digits
            && (self.min_us, self.max_us, self.sum_us) == (other.min_us, other.max_us, other.sum_us)
            && self.buckets() == other.buckets()
    }
}

fn presized(digits: Digits) -> hdrhistogram::Histogram<u32> {
    let mut counts = hdrhistogram::Histogram::new_with_bounds(1, PRESIZED_MAX_US, digits.count())
        .expect("the bounds are constants");
    counts.auto(true);
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new(Digits::Two);
        for value in values {
            histogram.record_us(*value);
        }
        histogram
    }

    fn merged(parts: &[&Histogram]) -> Histogram {
        let mut sum = Histogram::new(Digits::Two);
        for part in parts {
            sum.merge(part);
        }
        sum
    }

    #[test]
    fn values_beyond_the_presized_range_are_not_clamped() {
        let histogram = of(&[10, 300_000_000]);
        let p100 = histogram.quantile(1.0).expect("two values");
        assert_eq!(p100, Duration::from_secs(300));
    }

    #[test]
    fn empty_histogram_holds_no_buckets() {
        let histogram = Histogram::new(Digits::Three);
        assert!(histogram.memory() < 100);
        assert_eq!(histogram.quantile(0.5), None);
    }

    proptest! {
        #[test]
        fn merge_equals_recording_together(
            a in prop::collection::vec(1u64..100_000_000, 0..50),
            b in prop::collection::vec(1u64..100_000_000, 0..50),
            c in prop::collection::vec(1u64..100_000_000, 0..50),
        ) {
            let all = of(&[a.clone(), b.clone(), c.clone()].concat());
            let (a, b, c) = (of(&a), of(&b), of(&c));
            prop_assert_eq!(&merged(&[&a, &b, &c]), &all);
            prop_assert_eq!(&merged(&[&c, &merged(&[&b, &a])]), &all);
        }

        #[test]
        fn encoding_keeps_every_bucket(values in prop::collection::vec(1u64..1_000_000_000, 1..50)) {
            let original = of(&values);
            let back = Histogram::decode(
                &original.encode(),
                Digits::Two,
                original.min().expect("not empty"),
                original.max().expect("not empty"),
                original.sum(),
            );
            prop_assert_eq!(back.expect("own payload decodes"), original);
        }
    }
}
