//! How durations are spread: the columns of a histogram on a logarithmic axis.

use std::time::Duration;

use crate::model::Histogram;

/// Columns per factor of ten: as fine as two digits still fill without gaps.
const PER_DECADE: f64 = 20.0;
/// A day is eight decades above a millisecond; more columns than this are a mistake in the data.
const MAX_COLUMNS: usize = 400;

/// A column of the histogram.
#[derive(Debug, PartialEq)]
pub(super) struct Column {
    /// Where it begins.
    pub(super) from: Duration,
    /// Where it ends.
    pub(super) to: Duration,
    /// Values in it.
    pub(super) count: u64,
}

/// Columns of one width on a logarithmic axis, without a gap; empty where there is no value.
pub(super) fn columns(trend: &Histogram) -> Vec<Column> {
    let buckets = trend.buckets();
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return Vec::new() };
    let (lowest, highest) = (place(first.0), place(last.0));
    let many = usize::try_from(highest - lowest).unwrap_or(MAX_COLUMNS).min(MAX_COLUMNS - 1) + 1;
    let mut columns: Vec<Column> = (lowest..)
        .take(many)
        .map(|at| Column { from: edge(at), to: edge(at + 1), count: 0 })
        .collect();
    for (value, count) in buckets {
        let index = usize::try_from(place(value) - lowest).unwrap_or(0).min(many - 1);
        columns[index].count += count;
    }
    columns
}

/// In which column a value falls, counted from one microsecond.
#[expect(clippy::cast_possible_truncation, reason = "a logarithm of microseconds is small")]
fn place(value: Duration) -> i64 {
    let us = value.as_micros().max(1) as f64;
    // A value on an edge must not fall below it by rounding.
    (us.log10() * PER_DECADE + 1e-9).floor() as i64
}

fn edge(at: i64) -> Duration {
    Duration::try_from_secs_f64(10f64.powf(at as f64 / PER_DECADE) / 1e6).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digits;

    #[test]
    fn every_value_is_in_the_column_whose_edges_enclose_it() {
        let mut trend = Histogram::new(Digits::Three);
        for us in [1, 9, 10, 100, 995, 1_000, 250_000, 86_400_000_000] {
            trend.record_us(us);
        }
        let columns = columns(&trend);
        assert_eq!(columns.iter().map(|column| column.count).sum::<u64>(), trend.len());
        assert!(columns.first().is_some_and(|column| column.count > 0));
        assert!(columns.last().is_some_and(|column| column.count > 0));
        for pair in columns.windows(2) {
            assert_eq!(pair[0].to, pair[1].from);
        }
        let holds = |us: u64| {
            let value = Duration::from_micros(us);
            columns.iter().any(|it| it.count > 0 && it.from <= value && value <= it.to)
        };
        assert!(holds(1_000) && holds(250_000));
    }

    #[test]
    fn nothing_has_no_columns() {
        assert_eq!(columns(&Histogram::new(Digits::Two)), []);
    }
}
