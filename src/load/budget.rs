//! How much memory the statistics may take, and how fine they can be within it.

use crate::model::Digits;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::format_bytes;
use crate::model::plural;

/// What latency and duration of all series may take with three digits.
const THREE_DIGITS_BUDGET: u64 = 128 << 20;

/// The estimate counts on durations up to this long; longer ones add a seventh to a fourteenth
/// each time they double.
const LONGEST_US: u64 = 1_000_000;

/// Send and receive, which seldom take long.
const SHORT_US: u64 = 1_000;

/// Counters, lists and empty histograms of a series.
const FIXED: u64 = 2048;

/// Fineness of the statistics, and what they will take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// Of latency and duration over the whole run.
    pub(super) digits: Digits,
    /// All shards, the collector and the report together, with durations up to a second.
    pub(super) bytes: u64,
}

impl Budget {
    /// What a user may want to know before the run takes it.
    pub(super) fn notice(self, series: usize, shards: usize) -> Notice {
        let precision = match self.digits {
            Digits::Two => "two digits (1 %), three would take too much",
            Digits::Three => "three digits (0.1 %)",
        };
        let text = format!(
            "statistics: {} on {}, percentiles with {precision}, up to {} of memory",
            plural(series as u64, "series", "series"),
            plural(shards as u64, "thread", "threads"),
            format_bytes(self.bytes),
        );
        Notice { level: NoticeLevel::Info, text }
    }
}

/// Three digits as long as there is room for them.
pub(super) fn budget(series: usize, shards: usize) -> Budget {
    let (series, shards) = (series as u64, shards as u64);
    let of = |digits: Digits| {
        let trends = 2 * array(digits, LONGEST_US);
        let phases = array(Digits::Two, LONGEST_US) + 2 * array(Digits::Two, SHORT_US);
        // The collector keeps totals of its own only where the windows are too coarse for them.
        let holders = match digits {
            Digits::Two => shards + 1,
            Digits::Three => shards + 2,
        };
        series * holders * (trends + phases + FIXED)
    };
    let three = of(Digits::Three);
    if three <= THREE_DIGITS_BUDGET {
        Budget { digits: Digits::Three, bytes: three }
    } else {
        Budget { digits: Digits::Two, bytes: of(Digits::Two) }
    }
}

/// An array of 32-bit counts for values up to `max_us`.
fn array(digits: Digits, max_us: u64) -> u64 {
    let buckets = (digits.bucket_of(max_us) / digits.octave() + 1) * digits.octave();
    (buckets * size_of::<u32>()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_series_keep_three_digits() {
        assert_eq!(budget(1, 1).digits, Digits::Three);
        assert_eq!(budget(100, 2).digits, Digits::Three);
    }

    #[test]
    fn thousands_of_series_stay_within_a_quarter_of_a_gigabyte() {
        for shards in 1..=2 {
            let budget = budget(3200, shards);
            assert_eq!(budget.digits, Digits::Two);
            assert!(budget.bytes <= 256 << 20, "{} bytes", budget.bytes);
        }
    }
}
