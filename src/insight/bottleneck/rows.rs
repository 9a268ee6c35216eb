//! The requests that were drawn, taken apart: what each one's latency is made of.
//!
//! A cause is what a request would not have taken without it, so rows can be changed: a claim makes
//! rows as they would have been, and what is left is looked at again.

use std::ops::Range;

use crate::model::EndpointReport;
use crate::model::PhaseKind;
use crate::model::Report;
use crate::model::SampledRequest;
use crate::model::SeriesKind;

/// Rows of an endpoint from which on something is said about it.
const ENOUGH: usize = 40;

/// Of requests that are drawn, one stands for this many at most where queues are looked at one by one:
/// between two that were not neighbours there are several.
const WHOLE: f64 = 1.05;

/// One request, in seconds.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    /// What was drawn.
    pub(super) request: &'a SampledRequest,
    /// Index of its endpoint.
    pub(super) endpoint: usize,
    /// Waiting for a user or a connection, on our side.
    pub(super) queued: f64,
    /// Connect and TLS.
    pub(super) setup: f64,
    /// Sending.
    pub(super) send: f64,
    /// What the server says that it took; 0 where it says nothing.
    pub(super) server: f64,
    /// The rest of the wait for the first byte.
    pub(super) around: f64,
    /// First byte to last.
    pub(super) receive: f64,
    /// How many requests it stands for.
    pub(super) weight: f64,
}

impl<'a> Row<'a> {
    fn of(request: &'a SampledRequest, endpoint: usize) -> Self {
        let phase = |kind| request.phase(kind).as_secs_f64();
        let wait = phase(PhaseKind::Wait);
        let receive = phase(PhaseKind::Receive);
        // A server that streams goes on while we receive: what is beyond the wait is not told apart.
        let told = request.signals.server_total().map_or(0.0, |total| total.as_secs_f64());
        let server = told.min(wait);
        Self {
            request,
            endpoint,
            queued: phase(PhaseKind::Queued),
            setup: phase(PhaseKind::Dns) + phase(PhaseKind::Connect) + phase(PhaseKind::Tls),
            send: phase(PhaseKind::Send),
            server,
            around: wait - server,
            receive,
            weight: request.weight,
        }
    }

    /// All of it.
    pub(super) fn latency(&self) -> f64 {
        self.queued + self.setup + self.send + self.server + self.around + self.receive
    }

    /// From the request's last byte to the response's first.
    pub(super) fn wait(&self) -> f64 {
        self.server + self.around
    }

    /// Whether the server tells its own time.
    pub(super) fn is_told(&self) -> bool {
        !self.request.signals.server.is_empty()
    }

    /// When it was meant to start, in seconds since the run's start.
    pub(super) fn at(&self) -> f64 {
        self.request.at.as_secs_f64()
    }

    /// Takes so much off the wait: what is `around` the server's work beyond the usual first, then the
    /// server's part.
    pub(super) fn shorten_beyond(&mut self, seconds: f64, around: f64) {
        let of_around = (self.around - around).clamp(0.0, seconds.max(0.0));
        self.around -= of_around;
        self.shorten_wait(seconds - of_around);
    }

    /// Takes so much off the wait, the server's part first.
    pub(super) fn shorten_wait(&mut self, seconds: f64) {
        let of_server = seconds.clamp(0.0, self.server);
        self.server -= of_server;
        self.around = (self.around - (seconds - of_server).max(0.0)).max(0.0);
    }
}

/// All rows of a run, endpoint by endpoint.
#[derive(Debug, Clone)]
pub(super) struct Rows<'a> {
    pub(super) endpoints: &'a [EndpointReport],
    pub(super) list: Vec<Row<'a>>,
    /// Where those of each endpoint stand.
    places: Vec<Range<usize>>,
}

impl<'a> Rows<'a> {
    /// Of exchanges that are over with their response: streams and sessions are long on purpose.
    pub(super) fn of(report: &'a Report) -> Self {
        let mut list = Vec::new();
        let mut places = Vec::new();
        for (index, endpoint) in report.endpoints.iter().enumerate() {
            let from = list.len();
            if endpoint.meta.kind == SeriesKind::Http {
                let drawn = endpoint.total.sampled.iter();
                list.extend(drawn.map(|request| Row::of(request, index)));
            }
            places.push(from..list.len());
        }
        Self { endpoints: &report.endpoints, list, places }
    }

    /// Leaves out rows that are not `kept`.
    pub(super) fn retain(&mut self, kept: impl Fn(&Row<'a>) -> bool) {
        let mut list = Vec::with_capacity(self.list.len());
        for place in &mut self.places {
            let from = list.len();
            list.extend(self.list[place.clone()].iter().filter(|row| kept(row)).cloned());
            *place = from..list.len();
        }
        self.list = list;
    }

    /// Rows of one endpoint.
    pub(super) fn of_endpoint(&self, endpoint: usize) -> &[Row<'a>] {
        &self.list[self.places[endpoint].clone()]
    }

    /// Where the rows of one endpoint stand in the list.
    pub(super) fn places_of(&self, endpoint: usize) -> Range<usize> {
        self.places[endpoint].clone()
    }

    /// Whether nearly every request of the run is here.
    pub(super) fn are_whole(&self) -> bool {
        let all: f64 = self.list.iter().map(|row| row.weight).sum();
        all <= WHOLE * self.list.len() as f64
    }

    /// Endpoints with enough rows to say something about them.
    pub(super) fn known(&self) -> impl Iterator<Item = usize> + Clone {
        let places = self.places.iter().enumerate();
        places.filter(|(_, place)| place.len() >= ENOUGH).map(|(endpoint, _)| endpoint)
    }

    /// Rows of some endpoints that a change makes shorter, with their places.
    pub(super) fn changed(
        &self,
        endpoints: impl Iterator<Item = usize>,
        mut change: impl FnMut(&mut Row<'a>),
    ) -> Vec<(usize, Row<'a>)> {
        let mut changed = Vec::new();
        for place in endpoints.flat_map(|endpoint| self.places[endpoint].clone()) {
            let mut row = self.list[place].clone();
            change(&mut row);
            if row.latency() < self.list[place].latency() {
                changed.push((place, row));
            }
        }
        changed
    }

    /// Rows that a change makes shorter, whichever endpoint they are of; it is told their places.
    pub(super) fn changed_at(
        &self,
        mut change: impl FnMut(usize, &mut Row<'a>),
    ) -> Vec<(usize, Row<'a>)> {
        let changed = self.list.iter().enumerate().map(|(place, before)| {
            let mut row = before.clone();
            change(place, &mut row);
            (place, row)
        });
        changed.filter(|(place, row)| row.latency() < self.list[*place].latency()).collect()
    }

    /// By how much lower a quantile of an endpoint is with these changes, 0–1.
    pub(super) fn explained(
        &self,
        endpoint: usize,
        share: f64,
        changes: &[(usize, Row<'a>)],
    ) -> f64 {
        let place = &self.places[endpoint];
        let weighed = |row: &Row<'_>| (row.latency(), row.weight);
        let before = quantile(self.list[place.clone()].iter().map(weighed), share);
        let mut after: Vec<(f64, f64)> = self.list[place.clone()].iter().map(weighed).collect();
        for (at, row) in changes.iter().filter(|(at, _)| place.contains(at)) {
            after[at - place.start] = weighed(row);
        }
        let after = quantile(after.into_iter(), share);
        match (before, after) {
            (Some(before), Some(after)) if before > 0.0 => (1.0 - after / before).clamp(0.0, 1.0),
            _ => 0.0,
        }
    }

    /// Seconds that an endpoint's requests take if each takes as long as its p95.
    pub(super) fn cost_of(&self, endpoint: usize) -> f64 {
        let own = self.of_endpoint(endpoint).iter();
        let weight: f64 = own.clone().map(|row| row.weight).sum();
        weight * quantile(own.map(|row| (row.latency(), row.weight)), 0.95).unwrap_or(0.0)
    }

    /// The same of all endpoints.
    pub(super) fn cost_of_all(&self) -> f64 {
        (0..self.endpoints.len()).map(|endpoint| self.cost_of(endpoint)).sum()
    }

    /// Takes the changes for given.
    pub(super) fn apply(&mut self, changes: Vec<(usize, Row<'a>)>) {
        for (place, row) in changes {
            self.list[place] = row;
        }
    }
}

/// The value below which a share of the weight lies; `None` of nothing.
pub(super) fn quantile(values: impl Iterator<Item = (f64, f64)>, share: f64) -> Option<f64> {
    let mut values: Vec<(f64, f64)> = values.collect();
    values.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let whole: f64 = values.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    for (value, weight) in &values {
        sum += weight;
        if sum >= share * whole {
            return Some(*value);
        }
    }
    values.last().map(|(value, _)| *value)
}

/// The weighted median of something of rows.
pub(super) fn median<'r, 'a: 'r>(
    rows: impl Iterator<Item = &'r Row<'a>>,
    of: impl Fn(&Row<'a>) -> f64,
) -> Option<f64> {
    quantile(rows.map(|row| (of(row), row.weight)), 0.5)
}

/// The plain median of a list.
pub(super) fn middle(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(values.map(|value| (value, 1.0)), 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_move_quantiles() {
        let even = [(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)];
        assert_eq!(quantile(even.into_iter(), 0.5), Some(2.0));
        let heavy = [(1.0, 1.0), (2.0, 1.0), (3.0, 8.0)];
        assert_eq!(quantile(heavy.into_iter(), 0.5), Some(3.0));
        assert_eq!(quantile(std::iter::empty(), 0.5), None);
    }
}
