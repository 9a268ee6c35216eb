//! How much memory the statistics may take, and how fine they can be within it.
//!
//! First all that is asked for, with three digits; then two digits; then fewer values told apart of
//! each observed header; at last fewer series, and what is beyond them is counted together.

use crate::model::Digits;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::format_bytes;
use crate::model::plural;

/// What the statistics of all series may take with three digits.
const THREE_DIGITS_BUDGET: u64 = 128 << 20;

/// What they may take at all.
const WHOLE_BUDGET: u64 = 256 << 20;

/// The estimate counts on durations up to this long; longer ones add a seventh to a fourteenth
/// each time they double.
const LONGEST_US: u64 = 1_000_000;

/// Send and receive, which seldom take long.
const SHORT_US: u64 = 1_000;

/// WebSocket sessions and streams take longer than requests: sixteen times.
const LONGEST_SESSION_US: u64 = 16 * LONGEST_US;

/// Counters, lists, empty histograms and exemplars of a series.
const FIXED: u64 = 2048;

/// Counters and empty histograms of a series with messages.
const MESSAGES_FIXED: u64 = 512;

/// A value of an observed header beside its histogram: its texts, and where they stand.
const VALUE_FIXED: u64 = 512;

/// A check's counters.
const CHECK_FIXED: u64 = 96;

/// Exchanges whose trace is known, in the worst of intervals.
const TRACED_FIXED: u64 = 24 * 1024;

/// The program itself, its threads and their buffers.
const PROGRAM: u64 = 24 << 20;

/// What is kept of a series beside its figures: its part of the plan, its names, its place in the
/// report.
const KEPT: u64 = 6 * 1024;

/// Values told apart per observed header, series and shard: as many as there may be, and no fewer
/// than a handful of backends. A target that sends a new value every time must not fill the memory.
const VALUES: [u32; 3] = [16, 8, 4];

/// What is to be counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// Requests of scenarios.
    pub(super) series: usize,
    pub(super) shards: usize,
    /// Response headers whose values are told apart.
    pub(super) observed: usize,
    /// Of the series, those whose exchanges carry messages.
    pub(super) messages: usize,
    /// What gates ask about some answers of a series alone, at most.
    pub(super) answers: usize,
    /// Whether traces are read or sent.
    pub(super) traced: bool,
    /// Checks of all series, and the bytes of their names.
    pub(super) checks: usize,
    pub(super) check_names: usize,
}

/// Fineness of the statistics, and what they will take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// Of latency and duration over the whole run.
    pub(super) digits: Digits,
    /// At most; what is beyond is counted together.
    pub(super) series: usize,
    /// Told apart per observed header; what is beyond is counted together.
    pub(super) values: u32,
    /// All shards, the collector and the report together, with durations up to a second.
    pub(super) bytes: u64,
}

impl Budget {
    /// The finest that there is room for.
    pub(super) fn of(wanted: Wanted) -> Self {
        let with = |digits: Digits, values: u32| {
            let bytes = all(digits, values, wanted);
            Self { digits, series: wanted.series, values, bytes }
        };
        let three = with(Digits::Three, VALUES[0]);
        if three.bytes <= THREE_DIGITS_BUDGET {
            return three;
        }
        let two = VALUES.map(|values| with(Digits::Two, values));
        if let Some(budget) = two.into_iter().find(|budget| budget.bytes <= WHOLE_BUDGET) {
            return budget;
        }
        let [.., least] = VALUES;
        let each = all(Digits::Two, least, wanted).div_ceil(wanted.series as u64);
        // One that takes more than there is has to be counted all the same.
        let series = (WHOLE_BUDGET / each).max(1);
        Self {
            digits: Digits::Two,
            series: usize::try_from(series).unwrap_or(usize::MAX),
            values: least,
            bytes: series * each,
        }
    }

    /// What the whole process will take at most, while durations stay below a second. Figures grow
    /// by pieces, so that a quarter of their memory lies idle between them.
    pub(super) fn process(self) -> u64 {
        PROGRAM + self.series as u64 * KEPT + self.bytes / 4 * 5
    }

    /// What a user may want to know before the run takes it.
    pub(super) fn notices(self, wanted: Wanted) -> Vec<Notice> {
        let precision = match self.digits {
            Digits::Two => "two digits (1 %), three would take too much",
            Digits::Three => "three digits (0.1 %)",
        };
        let text = format!(
            "statistics: {} on {}, percentiles with {precision}, up to {} of memory ({} in all)",
            plural(self.series.min(wanted.series) as u64, "series", "series"),
            plural(wanted.shards as u64, "thread", "threads"),
            format_bytes(self.bytes),
            format_bytes(self.process()),
        );
        let whole = Notice { level: NoticeLevel::Info, text };
        let capped = (wanted.series > self.series).then(|| {
            let text = format!(
                "{} of scenarios are more than the {} series that fit {} of memory: the last of \
                 each large scenario are counted together as `{OTHER}`; give a run fewer requests, \
                 or fewer --observe",
                plural(wanted.series as u64, "request", "requests"),
                self.series,
                format_bytes(WHOLE_BUDGET),
            );
            Notice { level: NoticeLevel::Warning, text }
        });
        [Some(whole), capped].into_iter().flatten().collect()
    }
}

/// The name of what is counted together, be it requests or header values.
pub(super) const OTHER: &str = "(other)";

/// How many series each scenario gets of `most`, by the number that each of them wants: small ones
/// get all, and large ones share what is left evenly; none gets nothing.
pub(super) fn share_out(most: usize, wanted: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|scenario| wanted[*scenario]);
    let mut shares = vec![0; wanted.len()];
    let mut left = most;
    for (place, scenario) in order.into_iter().enumerate() {
        let even = left / (wanted.len() - place);
        shares[scenario] = wanted[scenario].min(even.max(1));
        left = left.saturating_sub(shares[scenario]);
    }
    shares
}

/// All series on all shards, in the collector and in the report.
fn all(digits: Digits, values: u32, wanted: Wanted) -> u64 {
    let shards = wanted.shards as u64;
    let trends = 2 * array(digits, LONGEST_US);
    let phases = array(Digits::Two, LONGEST_US) + 2 * array(Digits::Two, SHORT_US);
    // The collector keeps totals of its own only where the windows are too coarse for them.
    let holders = match digits {
        Digits::Two => shards + 1,
        Digits::Three => shards + 2,
    };
    // And one for all other values.
    let values = wanted.observed as u64 * (u64::from(values) + 1);
    let value = array(Digits::Two, LONGEST_US) + VALUE_FIXED;
    let messages = 2 * array(Digits::Two, LONGEST_US)
        + array(Digits::Two, LONGEST_SESSION_US)
        + MESSAGES_FIXED;
    let checks = wanted.checks as u64 * CHECK_FIXED + wanted.check_names as u64;
    let fixed = FIXED + if wanted.traced { TRACED_FIXED } else { 0 };
    let series = wanted.series as u64 * (trends + phases + fixed + values * value);
    let answers = wanted.answers as u64 * (trends + phases);
    holders * (series + answers + wanted.messages as u64 * messages + checks)
}

/// An array of 32-bit counts for values up to `max_us`.
fn array(digits: Digits, max_us: u64) -> u64 {
    let buckets = (digits.bucket_of(max_us) / digits.octave() + 1) * digits.octave();
    (buckets * size_of::<u32>()) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(series: usize, shards: usize, observed: usize) -> Budget {
        Budget::of(Wanted { series, shards, observed, ..Wanted::default() })
    }

    #[test]
    fn a_few_series_keep_three_digits() {
        assert_eq!(budget(1, 1, 0).digits, Digits::Three);
        assert_eq!(budget(100, 2, 0).digits, Digits::Three);
    }

    #[test]
    fn thousands_of_series_stay_within_a_quarter_of_a_gigabyte() {
        for shards in 1..=2 {
            let budget = budget(3200, shards, 0);
            assert_eq!((budget.digits, budget.series), (Digits::Two, 3200));
            assert!(budget.bytes <= 256 << 20, "{} bytes", budget.bytes);
            if shards == 1 {
                let process = budget.process();
                assert!(process <= 256 << 20, "{process} bytes");
            }
        }
    }

    #[test]
    fn fewer_values_are_told_apart_before_series_are() {
        let observed = budget(900, 2, 1);
        assert_eq!((observed.series, observed.digits), (900, Digits::Two));
        assert!(observed.values < 16 && observed.values >= 4, "{observed:?}");
        let capped = budget(3200, 2, 2);
        assert_eq!(capped.values, 4);
        assert!(capped.series < 3200 && capped.series > 300, "{capped:?}");
    }

    #[test]
    fn a_cap_is_told_with_its_figures_and_the_cure() {
        let wanted = Wanted { series: 9_000, shards: 2, ..Wanted::default() };
        let [whole, capped] = Budget::of(wanted).notices(wanted).try_into().expect("two");
        assert_eq!((whole.level, capped.level), (NoticeLevel::Info, NoticeLevel::Warning));
        assert!(
            capped.text.contains("9,000 requests") && capped.text.contains(OTHER),
            "{capped:?}"
        );
        let few = Wanted { series: 3, ..wanted };
        assert_eq!(Budget::of(few).notices(few).len(), 1);
    }

    #[test]
    fn small_scenarios_keep_all_of_their_series() {
        assert_eq!(share_out(100, &[200, 10, 5]), [85, 10, 5]);
        assert_eq!(share_out(100, &[60, 60, 60]), [33, 33, 34]);
        assert_eq!(share_out(2, &[9, 9, 9]), [1, 1, 1]);
        assert_eq!(share_out(100, &[]), Vec::<usize>::new());
    }

    #[test]
    fn messages_and_checks_are_counted() {
        let plain = Wanted { series: 100, shards: 2, ..Wanted::default() };
        let bytes = |wanted| Budget::of(wanted).bytes;
        let messages = bytes(Wanted { messages: 50, ..plain }) - bytes(plain);
        // On two shards, in the collector and in the report: at least three histograms.
        assert!(messages >= 50 * 4 * 3 * array(Digits::Two, LONGEST_US), "{messages}");
        let checks = Wanted { checks: 1_000, check_names: 20_000, ..plain };
        let checks = bytes(checks) - bytes(plain);
        assert!(checks >= 4 * (1_000 * 48 + 20_000), "{checks}");
    }

    proptest! {
        #[test]
        fn the_budget_is_kept_whatever_is_wanted(
            series in 1usize..2_000_000, shards in 1usize..64, observed in 0usize..10,
            has_messages in any::<bool>(), traced in any::<bool>(), checks in 0usize..10_000_000,
        ) {
            let messages = if has_messages { series } else { 0 };
            let check_names = checks * 20;
            let answers = series / 2;
            let wanted =
                Wanted { series, shards, observed, messages, answers, traced, checks, check_names };
            let budget = Budget::of(wanted);
            prop_assert!(budget.bytes <= 256 << 20 || budget.series == 1, "{budget:?}");
            prop_assert!(budget.series <= series && budget.series > 0, "{budget:?}");
        }

        #[test]
        fn shares_use_all_there_is_and_no_more(
            most in 50usize..5_000, wanted in prop::collection::vec(1usize..800, 1..30),
        ) {
            let shares = share_out(most, &wanted);
            let (sum, all) = (shares.iter().sum::<usize>(), wanted.iter().sum::<usize>());
            prop_assert_eq!(sum, most.min(all));
            prop_assert!(shares.iter().zip(&wanted).all(|(share, wanted)| share <= wanted));
        }
    }
}
