//! A cause that is claimed, and what it would explain.

use std::collections::BTreeSet;

use super::FLOOR;
use super::FLOOR_OF_NAMED;
use super::FLOOR_SECONDS;
use super::endpoint;
use super::rows::Row;
use super::rows::Rows;
use super::rows::quantile;
use super::since::since;
use crate::model::Bottleneck;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;
use crate::model::Subject;
use crate::model::format_bytes;

/// A cause at a place.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pub(super) cause: BottleneckCause,
    /// The endpoint; `None` is all of them.
    pub(super) endpoint: Option<usize>,
    pub(super) backend: Option<String>,
    pub(super) certainty: Certainty,
    pub(super) numbers: Vec<String>,
    pub(super) advice: String,
    /// Requests as they would have been, by their places; only those that would have been shorter.
    pub(super) without: Vec<(usize, Row<'a>)>,
}

impl<'a> Claim<'a> {
    /// Whether it is told already: what is left of a cause is no second one.
    pub(super) fn is_in(&self, rows: &Rows<'a>, known: &Bottleneck) -> bool {
        self.cause == known.cause
            && self.backend == known.backend
            && self.subject(rows) == known.subject
    }

    /// What claims are ranked by: what it explains, less what is doubtful about it; `None` of one that
    /// explains too little to be told.
    pub(super) fn score(&self, rows: &Rows<'a>) -> Option<f64> {
        let explains = self.explains(rows, 0.95);
        let p95 = |endpoint| {
            let latencies =
                rows.of_endpoint(endpoint).iter().map(|row| (row.latency(), row.weight));
            quantile(latencies, 0.95).unwrap_or(0.0)
        };
        let longest = self.places(rows).map(p95).fold(0.0, f64::max);
        let trust = match self.certainty {
            Certainty::High => 1.0,
            Certainty::Medium => 0.8,
            Certainty::Low => 0.6,
        };
        let floor = match (self.cause, self.certainty) {
            (BottleneckCause::Endpoint, _) => endpoint::FLOOR,
            (
                BottleneckCause::Backend
                | BottleneckCause::Connections
                | BottleneckCause::Contention,
                Certainty::High,
            ) => FLOOR_OF_NAMED,
            _ => FLOOR,
        };
        (explains >= floor && explains * longest >= FLOOR_SECONDS).then_some(trust * explains)
    }

    fn subject(&self, rows: &Rows<'a>) -> Subject {
        self.endpoint.map_or(Subject::Whole, |index| Subject::of(&rows.endpoints[index].meta))
    }

    /// As the report has it.
    pub(super) fn told(&self, rows: &Rows<'a>, report: &Report) -> Bottleneck {
        Bottleneck {
            cause: self.cause,
            subject: self.subject(rows),
            backend: self.backend.clone(),
            explains_p95: self.explains(rows, 0.95),
            explains_p99: self.explains(rows, 0.99),
            since: since(rows, &self.without, report),
            certainty: self.certainty,
            numbers: self.numbers.clone(),
            advice: self.advice.clone(),
        }
    }

    /// What it costs: the seconds of the p95 that it explains, over all requests that it touches, of
    /// whichever endpoint.
    pub(super) fn cost(&self, rows: &Rows<'a>) -> f64 {
        let of = |endpoint| rows.cost_of(endpoint) * rows.explained(endpoint, 0.95, &self.without);
        self.touched(rows).map(of).sum()
    }

    /// Share of a quantile: of the endpoint's, or the mean of those that it touches, by their requests.
    fn explains(&self, rows: &Rows<'a>, share: f64) -> f64 {
        let mut sum = 0.0;
        let mut whole = 0.0;
        for endpoint in self.places(rows) {
            let weight: f64 = rows.of_endpoint(endpoint).iter().map(|row| row.weight).sum();
            sum += weight * rows.explained(endpoint, share, &self.without);
            whole += weight;
        }
        if whole > 0.0 { sum / whole } else { 0.0 }
    }

    fn places(&self, rows: &Rows<'a>) -> impl Iterator<Item = usize> + Clone {
        let only = self.endpoint;
        let all = if only.is_some() { None } else { Some(self.touched(rows)) };
        only.into_iter()
            .filter(|only| rows.known().any(|known| known == *only))
            .chain(all.into_iter().flatten())
    }

    fn touched(&self, rows: &Rows<'a>) -> impl Iterator<Item = usize> + Clone {
        let touched: BTreeSet<usize> = self.without.iter().map(|(_, row)| row.endpoint).collect();
        rows.known().filter(move |endpoint| touched.contains(endpoint))
    }
}

/// Seconds in words.
pub(super) fn shown(seconds: f64) -> String {
    let duration = std::time::Duration::try_from_secs_f64(seconds.max(0.0));
    crate::model::format_duration(duration.unwrap_or_default())
}

/// Bytes in words.
pub(super) fn shown_bytes(bytes: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size or a rate")]
    format_bytes(bytes as u64)
}
