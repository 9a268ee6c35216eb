//! Requests that wait for others before them, whatever it is that they wait for.

use super::rates::Rates;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use crate::model::Report;
use crate::model::TimelinePoint;

/// Seconds in which most requests wait, at least, where only some are drawn.
pub(super) const SECONDS: usize = 5;

/// Variance from second to second, of what it would be by chance, up to which something is kept up.
pub(super) const STEADY: f64 = 0.1;

/// A request, and what it has waited for others before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queued {
    /// Its place in the rows.
    pub(super) place: usize,
    /// When it was let in, in seconds.
    pub(super) let_in: f64,
    /// What it has waited beyond its endpoint's usual.
    pub(super) excess: f64,
}

/// Requests in the order in which they were let in.
#[derive(Debug)]
pub(super) struct Queue {
    /// What each endpoint's wait usually is, under the least load of the run; `None` of those with too
    /// few rows.
    pub(super) usual: Vec<Option<f64>>,
    pub(super) all: Vec<Queued>,
    /// Seconds beyond an endpoint's usual from which on a request waits.
    long: f64,
}

impl Queue {
    /// Of endpoints that enough is known of; `None` of fewer than two.
    pub(super) fn of(rows: &Rows<'_>, rates: &Rates) -> Option<Self> {
        let usual = usual(rows, rates)?;
        let long = middle(usual.iter().flatten().copied())?;
        let mut all: Vec<Queued> =
            (0..rows.list.len()).filter_map(|place| queued(rows, &usual, place)).collect();
        all.sort_unstable_by(|one, other| one.let_in.total_cmp(&other.let_in));
        Some(Self { usual, all, long })
    }

    pub(super) fn is_waiting(&self, one: &Queued) -> bool {
        one.excess > self.long
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Queued> + Clone {
        self.all.iter().filter(|one| self.is_waiting(one))
    }

    /// Share of those under the least load that wait.
    pub(super) fn waits_when_quiet(&self, rows: &Rows<'_>, rates: &Rates) -> Option<f64> {
        let low = rates.least(rows)?;
        let quiet = self.all.iter().filter(|one| rates.at(&rows.list[one.place]) <= low);
        let waiting = quiet.clone().filter(|one| self.is_waiting(one)).count();
        Some(waiting as f64 / quiet.count().max(1) as f64)
    }

    /// Seconds of the run in which nearly all that were drawn wait.
    pub(super) fn full_seconds<'r>(
        &self,
        rows: &Rows<'_>,
        report: &'r Report,
    ) -> Vec<&'r TimelinePoint> {
        let mut seen = vec![(0, 0); report.timeline.len()];
        for one in &self.all {
            let at = rows.list[one.place].at();
            let place = report.timeline.partition_point(|point| point.from.as_secs_f64() <= at);
            if let Some((waiting, count)) = place.checked_sub(1).and_then(|at| seen.get_mut(at)) {
                *waiting += usize::from(self.is_waiting(one));
                *count += 1;
            }
        }
        let full = report.timeline.iter().zip(seen);
        let full = full.filter(|(_, (waiting, count))| *count >= 4 && waiting * 10 >= count * 9);
        full.map(|(point, _)| point).collect()
    }
}

/// What each endpoint's wait usually is, under the least load of the run.
fn usual(rows: &Rows<'_>, rates: &Rates) -> Option<Vec<Option<f64>>> {
    let low = rates.least(rows)?;
    let of = |endpoint: usize| {
        let quiet = rows.of_endpoint(endpoint).iter().filter(|row| rates.at(row) <= low);
        median(quiet, Row::wait)
    };
    let known: Vec<usize> = rows.known().collect();
    (known.len() >= 2).then(|| {
        (0..rows.endpoints.len())
            .map(|endpoint| known.contains(&endpoint).then(|| of(endpoint)).flatten())
            .collect()
    })
}

fn queued(rows: &Rows<'_>, usual: &[Option<f64>], place: usize) -> Option<Queued> {
    let row = &rows.list[place];
    let excess = row.wait() - usual[row.endpoint]?;
    let before = row.queued + row.setup + row.send;
    Some(Queued { place, let_in: row.at() + before + excess, excess })
}

/// The mean of something and its variance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

impl Spread {
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (sum, count) =
            values.clone().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        let mean = sum / f64::max(count, 1.0);
        let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
        Self { mean, variance: squares / f64::max(count - 1.0, 1.0) }
    }
}

/// How many of something a second has.
pub(super) fn per_second(point: &TimelinePoint, count: u64) -> f64 {
    count as f64 / point.to.saturating_sub(point.from).as_secs_f64().max(1e-9)
}
