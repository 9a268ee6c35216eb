//! The load through the run: requests per second at the time of each request.

use super::rows::Row;
use super::rows::Rows;
use super::rows::quantile;
use crate::model::Report;

/// Requests per second through the run: from, to, and how many.
pub(super) struct Rates(Vec<(f64, f64, f64)>);

impl Rates {
    /// Of a run.
    pub(super) fn of(report: &Report) -> Self {
        let points = report.timeline.iter().filter(|point| point.to > point.from).map(|point| {
            let (from, to) = (point.from.as_secs_f64(), point.to.as_secs_f64());
            (from, to, point.requests as f64 / (to - from))
        });
        Self(points.collect())
    }

    /// At the time of a request; smoothed over its neighbours, for intervals of a second have few.
    pub(super) fn at(&self, row: &Row<'_>) -> f64 {
        let place = self.0.partition_point(|(from, ..)| *from <= row.at()).saturating_sub(1);
        let near = self.0.iter().skip(place.saturating_sub(2)).take(5);
        let (sum, count) =
            near.fold((0.0, 0.0), |(sum, count), point| (sum + point.2, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// Below which so much of the requests lie.
    pub(super) fn quantile(&self, rows: &Rows<'_>, share: f64) -> Option<f64> {
        quantile(rows.list.iter().map(|row| (self.at(row), 1.0)), share)
    }

    /// Up to which rate the load is at its least.
    pub(super) fn least(&self, rows: &Rows<'_>) -> Option<f64> {
        /// Share of the requests that may have come at a still lower rate, and how much higher one of
        /// the same level may be: rates of chance differ from second to second.
        const LOWER: f64 = 0.05;
        const SAME: f64 = 1.2;
        self.quantile(rows, LOWER).map(|rate| SAME * rate)
    }

    /// The mean over requests whose rate `is`.
    pub(super) fn mean(&self, rows: &Rows<'_>, is: &dyn Fn(f64) -> bool) -> f64 {
        let rates = rows.list.iter().map(|row| self.at(row)).filter(|rate| is(*rate));
        let (sum, count) = rates.fold((0.0, 0.0), |(sum, count), rate| (sum + rate, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }
}
