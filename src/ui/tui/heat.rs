//! How latency was distributed over time: the fold behind the heat map, bounded however long a run
//! goes on.

use std::ops::Range;
use std::time::Duration;

use crate::model::Headline;
use crate::model::Histogram;
use crate::model::LoadWindow;

/// Steps of a decade, of equal ratio.
const PER_DECADE: usize = 10;
/// From 1 µs to 100 s; what lies beyond counts for the outermost.
const BUCKETS: usize = 8 * PER_DECADE + 1;
/// Columns kept; beyond them two become one.
const COLUMNS: usize = 240;
/// The steps' beginnings, as they are written.
const STEPS: [u64; PER_DECADE] = [100, 125, 160, 200, 250, 315, 400, 500, 630, 800];

/// One map for each of the two latencies.
#[derive(Debug, Clone, Default)]
pub(super) struct HeatMaps {
    latency: Heat,
    duration: Heat,
}

impl HeatMaps {
    /// Takes an interval.
    pub(super) fn add(&mut self, window: &LoadWindow) {
        for headline in Headline::ALL {
            let trends = window.series.iter().map(|series| headline.of(&series.tally));
            let heat = match headline {
                Headline::Latency => &mut self.latency,
                Headline::Duration => &mut self.duration,
            };
            heat.add(window.from..window.to, trends);
        }
    }

    /// The map of one of them.
    pub(super) fn of(&self, headline: Headline) -> &Heat {
        match headline {
            Headline::Latency => &self.latency,
            Headline::Duration => &self.duration,
        }
    }
}

/// Requests by time and latency.
#[derive(Debug, Clone, Default)]
pub(super) struct Heat {
    columns: Vec<Column>,
    /// Twice as many intervals share a column each time there are too many.
    doublings: u32,
}

#[derive(Debug, Clone)]
struct Column {
    time: Range<Duration>,
    intervals: u32,
    counts: Box<[u64; BUCKETS]>,
}

/// A map as it fits a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grid {
    /// Slowest first: from which latency on, and what share of each column's requests.
    pub(super) rows: Vec<(Duration, Vec<Shade>)>,
    /// What each column stands for.
    pub(super) times: Vec<Range<Duration>>,
}

/// A share of the requests of one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shade {
    /// None.
    Empty,
    /// Less than one per cent.
    Trace,
    /// From one per cent.
    Some,
    /// From five per cent.
    Many,
    /// From a fifth.
    Most,
    /// From a half.
    Half,
}

impl Shade {
    fn of(count: u64, total: u64) -> Self {
        match count.saturating_mul(1000).checked_div(total) {
            _ if count == 0 => Self::Empty,
            None => Self::Empty,
            Some(0..10) => Self::Trace,
            Some(10..50) => Self::Some,
            Some(50..200) => Self::Many,
            Some(200..500) => Self::Most,
            Some(_) => Self::Half,
        }
    }
}

impl Heat {
    /// Adds an interval; one with the same end as the last belongs to it: a warm-up beside what is
    /// measured.
    fn add<'a>(&mut self, time: Range<Duration>, trends: impl Iterator<Item = &'a Histogram>) {
        let mut counts = Box::new([0; BUCKETS]);
        for (value, count) in trends.flat_map(Histogram::buckets) {
            counts[bucket_of(value)] += count;
        }
        let most = 1 << self.doublings;
        match self.columns.last_mut() {
            Some(last) if last.time.end == time.end => last.take(&counts, 0),
            Some(last) if last.intervals < most => {
                last.time.end = time.end;
                last.take(&counts, 1);
            }
            Some(_) | None => self.columns.push(Column { time, intervals: 1, counts }),
        }
        if self.columns.len() > COLUMNS {
            self.halve();
        }
    }

    fn halve(&mut self) {
        let mut halved: Vec<Column> = Vec::with_capacity(COLUMNS);
        for (place, column) in self.columns.drain(..).enumerate() {
            match halved.last_mut() {
                Some(last) if place % 2 == 1 => {
                    last.time.end = column.time.end;
                    last.take(&column.counts, column.intervals);
                }
                Some(_) | None => halved.push(column),
            }
        }
        self.columns = halved;
        self.doublings += 1;
    }

    /// Whether no interval had any request.
    pub(super) fn is_empty(&self) -> bool {
        self.occupied().is_none()
    }

    /// The steps between the fastest and the slowest request.
    fn occupied(&self) -> Option<Range<usize>> {
        let any = |bucket: &usize| self.columns.iter().any(|column| column.counts[*bucket] > 0);
        let first = (0..BUCKETS).find(any)?;
        let last = (first..BUCKETS).rev().find(any)?;
        Some(first..last + 1)
    }

    /// The map in at most `height` rows and exactly `width` columns; neighbours share a cell where
    /// there are too many, and a short run's columns are as wide as they need to be.
    pub(super) fn grid(&self, width: usize, height: usize) -> Grid {
        let none = Grid { rows: Vec::new(), times: Vec::new() };
        let (Some(range), true) = (self.occupied(), width > 0 && height > 0) else { return none };
        let per_row = range.len().div_ceil(height);
        let shared: Vec<&[Column]> = (0..width)
            .map(|place| {
                let first = place * self.columns.len() / width;
                let end = ((place + 1) * self.columns.len() / width).max(first + 1);
                &self.columns[first..end]
            })
            .collect();
        let sum = |columns: &[Column], buckets: Range<usize>| -> u64 {
            columns.iter().flat_map(|column| &column.counts[buckets.clone()]).sum()
        };
        let totals: Vec<u64> = shared.iter().map(|columns| sum(columns, 0..BUCKETS)).collect();
        let mut rows: Vec<(Duration, Vec<Shade>)> = range
            .clone()
            .step_by(per_row)
            .map(|first| {
                let buckets = first..(first + per_row).min(BUCKETS);
                let cell = |(columns, total): (&&[Column], &u64)| {
                    Shade::of(sum(columns, buckets.clone()), *total)
                };
                (start_of(first), shared.iter().zip(&totals).map(cell).collect())
            })
            .collect();
        rows.reverse();
        let time = |columns: &&[Column]| {
            columns[0].time.start..columns.last().map_or(Duration::ZERO, |last| last.time.end)
        };
        Grid { rows, times: shared.iter().map(time).collect() }
    }
}

impl Column {
    fn take(&mut self, counts: &[u64; BUCKETS], intervals: u32) {
        self.intervals += intervals;
        for (mine, theirs) in self.counts.iter_mut().zip(counts) {
            *mine += theirs;
        }
    }
}

/// The last step that does not begin after `value`.
fn bucket_of(value: Duration) -> usize {
    let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
    (1..BUCKETS).rfind(|bucket| nominal(*bucket) <= micros.saturating_mul(100)).unwrap_or(0)
}

/// Where a step begins.
fn start_of(bucket: usize) -> Duration {
    Duration::from_nanos(nominal(bucket) * 10)
}

/// In hundredths of a microsecond.
fn nominal(bucket: usize) -> u64 {
    let decade = u32::try_from(bucket / PER_DECADE).unwrap_or(u32::MAX);
    STEPS[bucket % PER_DECADE] * 10_u64.pow(decade)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digits;

    fn trend(values_us: &[u64]) -> Histogram {
        let mut trend = Histogram::new(Digits::Two);
        for value in values_us {
            trend.record_us(*value);
        }
        trend
    }

    fn second(number: u64) -> Range<Duration> {
        Duration::from_secs(number)..Duration::from_secs(number + 1)
    }

    #[test]
    fn every_step_contains_its_own_beginning() {
        for bucket in (0..BUCKETS).filter(|bucket| nominal(*bucket).is_multiple_of(100)) {
            assert_eq!(bucket_of(start_of(bucket)), bucket, "{:?}", start_of(bucket));
        }
        assert_eq!(bucket_of(Duration::ZERO), 0);
        assert_eq!(bucket_of(Duration::from_secs(9999)), BUCKETS - 1);
    }

    #[test]
    fn a_cell_is_the_share_of_its_own_time() {
        let mut heat = Heat::default();
        heat.add(second(0), [trend(&[1_000; 99]), trend(&[90_000])].iter());
        heat.add(second(1), [trend(&[90_000; 3])].iter());
        let grid = heat.grid(2, 40);
        let slow = grid.rows.first().expect("a slowest row");
        let fast = grid.rows.last().expect("a fastest row");
        assert_eq!(slow.1, [Shade::Some, Shade::Half]);
        assert_eq!(fast.1, [Shade::Half, Shade::Empty]);
        assert_eq!(fast.0, Duration::from_millis(1));
        assert_eq!(grid.times, [second(0), second(1)]);
    }

    #[test]
    fn a_long_run_takes_no_more_room_and_loses_nothing() {
        let mut heat = Heat::default();
        for number in 0..2_000 {
            heat.add(second(number), [trend(&[1_000, 2_000])].iter());
        }
        assert!(heat.columns.len() <= COLUMNS);
        let counted: u64 = heat.columns.iter().flat_map(|column| column.counts.iter()).sum();
        assert_eq!(counted, 4_000);
        assert_eq!(heat.columns[0].time.start, Duration::ZERO);
        assert_eq!(heat.columns.last().map(|last| last.time.end), Some(Duration::from_secs(2_000)));
        let gaps = heat.columns.windows(2).filter(|pair| pair[0].time.end != pair[1].time.start);
        assert_eq!(gaps.count(), 0);
    }

    #[test]
    fn a_warm_up_beside_what_is_measured_is_one_column() {
        let mut heat = Heat::default();
        heat.add(second(0), [trend(&[1_000])].iter());
        heat.add(second(0), [trend(&[2_000])].iter());
        assert_eq!(heat.columns.len(), 1);
    }

    #[test]
    fn the_map_fits_any_screen() {
        let mut heat = Heat::default();
        assert!(heat.is_empty() && heat.grid(10, 10).rows.is_empty());
        heat.add(second(0), [trend(&[1, 1_000, 1_000_000])].iter());
        for (width, height) in [(1, 1), (3, 7), (200, 100)] {
            let grid = heat.grid(width, height);
            assert!((1..=height).contains(&grid.rows.len()), "{width}×{height}");
            assert!(grid.rows.iter().all(|row| row.1.len() == width), "{width}×{height}");
        }
        assert!(heat.grid(0, 5).rows.is_empty() && heat.grid(5, 0).rows.is_empty());
    }
}
