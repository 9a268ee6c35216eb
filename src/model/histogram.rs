//! Mergeable latency histograms with a fixed relative error and a stated memory budget.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

/// Significant decimal digits that a histogram keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Digits {
    /// One per cent: 1 KB for values up to 256 µs, and 0.5 KB more each time they double.
    Two,
    /// One per mille: 8 KB for values up to 2 ms, and 4 KB more each time they double.
    Three,
}

impl Digits {
    fn count(self) -> u8 {
        match self {
            Self::Two => 2,
            Self::Three => 3,
        }
    }

    /// The first `2^precision` values have a bucket each; then every octave has half as many.
    fn precision(self) -> u32 {
        match self {
            Self::Two => 8,
            Self::Three => 11,
        }
    }

    /// Buckets of one octave.
    pub fn octave(self) -> usize {
        1 << (self.precision() - 1)
    }

    /// Index of the bucket that `value` falls into.
    #[inline]
    pub fn bucket_of(self, value: u64) -> usize {
        self.scale().bucket_of(value)
    }

    /// The same with its numbers worked out, for who asks again and again.
    pub fn scale(self) -> Scale {
        Scale { listed: (1 << self.precision()) - 1, octave_bits: self.precision() - 1 }
    }

    /// The least value of the bucket at `index`.
    pub fn lowest_of(self, index: usize) -> u64 {
        let shift = (index / self.octave()).saturating_sub(1);
        ((index - shift * self.octave()) as u64) << shift
    }
}

/// The numbers that a bucket's index is made of: HDR's arithmetic with a lowest value of one.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Values up to this have a bucket each.
    listed: u64,
    octave_bits: u32,
}

impl Scale {
    /// Index of the bucket that `value` falls into.
    #[inline]
    pub fn bucket_of(self, value: u64) -> usize {
        let shift = (63 ^ (value | self.listed).leading_zeros()).wrapping_sub(self.octave_bits);
        let index = (u64::from(shift) << self.octave_bits) + (value >> (shift & 63));
        // At most 64 octaves of 1,024 buckets.
        usize::try_from(index).unwrap_or(usize::MAX)
    }
}

/// Buckets up to which they are listed one by one: a window of a series seldom has more, and a
/// list of so many takes as much as the smallest array.
const LISTED: usize = 64;

/// The range that an encoded histogram covers at least.
const ENCODED_MAX_US: u64 = 60_000_000;

/// A histogram of durations in microseconds; minimum, maximum and sum are exact.
///
/// Nothing is allocated until the first value, and little until there are many. Merging is
/// associative and commutative, and gives what recording all values into one histogram of the
/// coarser digits would give.
#[derive(Debug, Clone)]
pub struct Histogram {
    digits: Digits,
    counts: Counts,
    min_us: u64,
    max_us: u64,
    sum_us: u64,
}

#[derive(Debug, Clone)]
enum Counts {
    /// Lowest value and count of each bucket, ascending.
    Few(Vec<(u64, u32)>),
    Many(Box<hdrhistogram::Histogram<u32>>),
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
        Self { digits, counts: Counts::Few(Vec::new()), min_us: u64::MAX, max_us: 0, sum_us: 0 }
    }

    /// Adds one value. Values under one microsecond count as one.
    pub fn record(&mut self, value: Duration) {
        self.record_us(u64::try_from(value.as_micros()).unwrap_or(u64::MAX));
    }

    /// Adds one value in microseconds.
    pub fn record_us(&mut self, value_us: u64) {
        let value_us = value_us.max(1);
        self.add_buckets([(value_us, 1)], value_us, value_us, value_us);
    }

    /// Adds values by bucket, `(any value of it in microseconds, how many)`, with their exact
    /// minimum, maximum and sum.
    pub fn add_buckets(
        &mut self,
        buckets: impl IntoIterator<Item = (u64, u32)>,
        min_us: u64,
        max_us: u64,
        sum_us: u64,
    ) {
        let buckets = buckets.into_iter();
        if buckets.size_hint().0 > LISTED {
            let many = self.many(max_us);
            buckets.for_each(|(value_us, count)| record(many, value_us.max(1), count));
        } else {
            buckets.for_each(|(value_us, count)| self.add_bucket(value_us.max(1), count));
        }
        self.min_us = self.min_us.min(min_us);
        self.max_us = self.max_us.max(max_us);
        self.sum_us = self.sum_us.saturating_add(sum_us);
    }

    /// Adds all values of `other`; a coarser `other` makes this one no finer than `other`.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() && self.digits >= other.digits {
            self.clone_from(other);
            return;
        }
        match (&mut self.counts, &other.counts) {
            (_, Counts::Few(few)) => {
                for (value_us, count) in few {
                    self.add_bucket(*value_us, *count);
                }
            }
            (Counts::Many(mine), Counts::Many(theirs)) => add_all(mine, theirs),
            (Counts::Few(_), Counts::Many(theirs)) => {
                add_all(self.many(other.max_us), theirs);
            }
        }
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        *self = Self::new(self.digits);
    }

    /// Number of values.
    pub fn len(&self) -> u64 {
        match &self.counts {
            Counts::Few(few) => few.iter().map(|(_, count)| u64::from(*count)).sum(),
            Counts::Many(many) => many.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.max_us == 0
    }

    /// The value at quantile `q` in 0..=1 within the digits kept; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        if self.is_empty() {
            return None;
        }
        let value = self.dense().value_at_quantile(q.clamp(0.0, 1.0));
        Some(Duration::from_micros(value.clamp(self.min_us, self.max_us)))
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
        if self.is_empty() {
            return Vec::new();
        }
        self.dense()
            .iter_recorded()
            .map(|step| {
                (Duration::from_micros(step.value_iterated_to()), step.count_since_last_iteration())
            })
            .collect()
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + match &self.counts {
                Counts::Few(few) => few.capacity() * size_of::<(u64, u32)>(),
                Counts::Many(many) => many.distinct_values() * size_of::<u32>(),
            }
    }

    /// HDR V2 payload, deflated, base64; the empty string when there is no value.
    pub fn encode(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        // The payload's head names the range: the same for the same values, however they came here.
        let mut counts = sized(self.digits, self.max_us.max(ENCODED_MAX_US));
        add_all(&mut counts, &self.dense());
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&counts, &mut bytes)
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
        let counts: hdrhistogram::Histogram<u32> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| HistogramError::Payload(format!("{error:?}")))?;
        let micros = |value: Duration| u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        let mut histogram = Self::new(digits);
        let buckets = counts.iter_recorded().map(|step| {
            let count = step.count_since_last_iteration();
            (step.value_iterated_to(), u32::try_from(count).unwrap_or(u32::MAX))
        });
        histogram.add_buckets(buckets, micros(min), micros(max), micros(sum));
        Ok(histogram)
    }

    fn add_bucket(&mut self, value_us: u64, count: u32) {
        let lowest = self.digits.lowest_of(self.digits.bucket_of(value_us));
        match &mut self.counts {
            Counts::Few(few) => match few.binary_search_by_key(&lowest, |(value, _)| *value) {
                Ok(place) => few[place].1 = few[place].1.saturating_add(count),
                Err(place) if few.len() < LISTED => few.insert(place, (lowest, count)),
                Err(_) => record(self.many(value_us), value_us, count),
            },
            Counts::Many(many) => record(many, value_us, count),
        }
    }

    /// Leaves the list behind, with room for values up to `max_us`.
    fn many(&mut self, max_us: u64) -> &mut hdrhistogram::Histogram<u32> {
        if let Counts::Few(few) = &self.counts {
            let few_max = few.last().map_or(0, |(value, _)| *value);
            let mut many = sized(self.digits, max_us.max(few_max));
            for (value_us, count) in few {
                record(&mut many, *value_us, *count);
            }
            self.counts = Counts::Many(Box::new(many));
        }
        match &mut self.counts {
            Counts::Many(many) => many,
            Counts::Few(_) => unreachable!("replaced above"),
        }
    }

    fn dense(&self) -> Cow<'_, hdrhistogram::Histogram<u32>> {
        match &self.counts {
            Counts::Many(many) => Cow::Borrowed(many),
            Counts::Few(few) => {
                let mut many = sized(self.digits, self.max_us);
                for (value_us, count) in few {
                    record(&mut many, *value_us, *count);
                }
                Cow::Owned(many)
            }
        }
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

/// Room for values up to `max_us`, and more when they come.
fn sized(digits: Digits, max_us: u64) -> hdrhistogram::Histogram<u32> {
    let mut counts = hdrhistogram::Histogram::new_with_bounds(1, max_us.max(2), digits.count())
        .expect("the bounds are in order and the digits few");
    counts.auto(true);
    counts
}

/// Grows the range where needed; `saturating_record_n` would clamp instead.
fn record(counts: &mut hdrhistogram::Histogram<u32>, value_us: u64, count: u32) {
    counts.record_n(value_us, count).expect("an auto-resizing histogram takes any value");
}

fn add_all(mine: &mut hdrhistogram::Histogram<u32>, theirs: &hdrhistogram::Histogram<u32>) {
    mine.add(theirs).expect("auto-resizing histograms add without a range error");
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
    fn values_beyond_any_range_are_not_clamped() {
        let histogram = of(&[10, 300_000_000]);
        let p100 = histogram.quantile(1.0).expect("two values");
        assert_eq!(p100, Duration::from_secs(300));
    }

    #[test]
    fn a_coarser_histogram_makes_an_empty_one_as_coarse() {
        let mut histogram = Histogram::new(Digits::Three);
        histogram.merge(&of(&[1_000_000]));
        assert_eq!(histogram.digits(), Digits::Two);
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
            a in prop::collection::vec(1u64..100_000_000, 0..100),
            b in prop::collection::vec(1u64..100_000_000, 0..100),
            c in prop::collection::vec(1u64..100_000_000, 0..100),
        ) {
            let all = of(&[a.clone(), b.clone(), c.clone()].concat());
            let (a, b, c) = (of(&a), of(&b), of(&c));
            prop_assert_eq!(&merged(&[&a, &b, &c]), &all);
            prop_assert_eq!(&merged(&[&c, &merged(&[&b, &a])]), &all);
        }

        #[test]
        fn buckets_are_those_of_the_library(value in 1u64..1 << 40, three in any::<bool>()) {
            let digits = if three { Digits::Three } else { Digits::Two };
            let lowest = digits.lowest_of(digits.bucket_of(value));
            prop_assert_eq!(lowest, sized(digits, 1 << 40).lowest_equivalent(value));
        }

        #[test]
        fn encoding_keeps_every_bucket(values in prop::collection::vec(1u64..1_000_000_000, 1..150)) {
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
