//! Distributions in the forms that others know. Counts, sums, least and greatest values are exact;
//! a value next to a bound may be counted on its other side, by as little as the histogram tells
//! values apart.

use crate::model::Histogram;

/// Upper bounds in seconds: those that OpenTelemetry's conventions give `http.client.request.duration`,
/// and finer ones below, since services on a load generator's network often answer in less.
pub(super) const BOUNDS: [f64; 18] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0,
    2.5, 5.0, 7.5, 10.0,
];

/// Buckets of an exponential histogram at most, as OpenTelemetry's own libraries have it.
const MOST: i64 = 160;

/// As fine as histograms of two digits: 128 buckets for each doubling.
const FINEST: i32 = 7;

/// How often a value came that is no greater than a bound but than the one before; the last counts
/// what is greater than all.
pub(super) fn explicit(histogram: &Histogram) -> Vec<u64> {
    let mut counts = vec![0; BOUNDS.len() + 1];
    for (value, count) in values(histogram) {
        counts[BOUNDS.partition_point(|bound| *bound < value)] += count;
    }
    counts
}

/// Buckets whose bounds grow by the factor 2^(2^-scale), from the one with number `offset` on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Exponential {
    pub(super) scale: i32,
    pub(super) offset: i32,
    pub(super) counts: Vec<u64>,
}

/// As fine as fits into as many buckets as are taken everywhere.
pub(super) fn exponential(histogram: &Histogram) -> Exponential {
    let values = values(histogram);
    let (Some((least, _)), Some((most, _))) = (values.first(), values.last()) else {
        return Exponential::default();
    };
    let fits = |scale: &i32| index(*most, *scale) - index(*least, *scale) < MOST;
    let scale = (-10..=FINEST).rev().find(fits).unwrap_or(-10);
    let offset = index(*least, scale);
    let place = |value: f64| usize::try_from(index(value, scale) - offset).unwrap_or(0);
    let mut counts = vec![0; place(*most) + 1];
    for (value, count) in &values {
        counts[place(*value)] += count;
    }
    Exponential { scale, offset: i32::try_from(offset).unwrap_or(0), counts }
}

/// The number of the bucket that a value above 0 falls into.
fn index(value: f64, scale: i32) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm is small")]
    let index = (value.log2() * f64::from(scale).exp2()).ceil() as i64 - 1;
    index
}

/// Values in seconds, ascending, with how often each came.
fn values(histogram: &Histogram) -> Vec<(f64, u64)> {
    let max = histogram.max().unwrap_or_default();
    let buckets = histogram.buckets().into_iter();
    buckets.map(|(value, count)| (value.min(max).as_secs_f64(), count)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Digits;

    proptest! {
        #[test]
        fn no_value_is_lost_and_each_is_where_it_belongs(
            values in prop::collection::vec(1..100_000_000u64, 0..300),
        ) {
            let mut histogram = Histogram::new(Digits::Two);
            for value in &values {
                histogram.record_us(*value);
            }
            let counts = explicit(&histogram);
            prop_assert_eq!(counts.iter().sum::<u64>(), values.len() as u64);
            let Exponential { scale, offset, counts: growing } = exponential(&histogram);
            prop_assert_eq!(growing.iter().sum::<u64>(), values.len() as u64);
            prop_assert!(growing.len() <= 160, "{}", growing.len());
            let factor = f64::from(-scale).exp2().exp2();
            // One per cent is what two digits tell apart.
            let near = |value: f64, bound: f64| value <= bound * 1.01;
            let below = |bound: f64| {
                let seconds = values.iter().map(|value| *value as f64 / 1e6);
                let (mut sure, mut perhaps) = (0, 0);
                for value in seconds {
                    sure += u64::from(value * 1.01 <= bound);
                    perhaps += u64::from(near(value, bound));
                }
                (sure, perhaps)
            };
            let mut sum = 0;
            for (bound, count) in BOUNDS.iter().zip(&counts) {
                sum += count;
                let (sure, perhaps) = below(*bound);
                prop_assert!(sure <= sum && sum <= perhaps, "{} in {}..{} at {}", sum, sure, perhaps, bound);
            }
            let mut sum = 0;
            for (place, count) in (1..).zip(&growing) {
                sum += count;
                let (sure, perhaps) = below(factor.powi(offset + place));
                prop_assert!(sure <= sum && sum <= perhaps, "{} in {}..{}", sum, sure, perhaps);
            }
        }
    }

    #[test]
    fn nothing_has_empty_buckets() {
        let empty = Histogram::new(Digits::Two);
        assert_eq!(explicit(&empty), vec![0; BOUNDS.len() + 1]);
        assert_eq!(exponential(&empty), Exponential::default());
    }
}
