//! Answers that wait for each other's bytes: a full line.
//!
//! A line sends so many bytes a second, and whoever comes while it is busy waits until those before are
//! sent. So how long each answer is under way follows from when the server had it and from the bytes
//! before it: the queue is replayed for many rates of the line, and the rate is taken at which it says
//! best how long answers were under way. A lock's queue is one of requests, whatever their size; the
//! same replay with answers of one size fits it as well or better.
//!
//! Bytes that a line shares evenly among connections finish in another order, but within the same
//! time.

use super::rates::Rates;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use super::waiting::Queue;
use super::waiting::SECONDS;
use super::waiting::STEADY;
use super::waiting::Spread;
use super::waiting::per_second;
use crate::model::Report;

/// Share of how much the times under way differ that the replay explains, at the middle endpoint.
const EXPLAINED: f64 = 0.4;

/// What it leaves unexplained, of what a queue of requests leaves.
const BETTER: f64 = 0.8;

/// The line's rate is looked for between the run's busiest second and this many times as much, in
/// steps of so much, and then in steps of a hundredth.
const FASTER: f64 = 32.0;
const STEP: f64 = 1.08;

/// A line that is full at times.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) bytes_per_second: f64,
    /// Seconds from when the server has the answer until its last byte has left, by row.
    pub(super) under_way: Vec<f64>,
    /// Where the queue could be replayed.
    replay: Option<Replay>,
}

impl Line {
    /// Seconds less, by row, if the answers of an endpoint had so many bytes; `None` where the queue
    /// is not known request by request.
    pub(super) fn saved(&self, rows: &Rows<'_>, endpoint: usize, bytes: f64) -> Option<Vec<f64>> {
        let replay = self.replay.as_ref()?;
        let smaller = replay.under_way(rows, self.bytes_per_second, &|row| {
            if row.endpoint == endpoint { bytes } else { row.request.bytes as f64 }
        });
        let pairs = self.under_way.iter().zip(smaller);
        Some(pairs.map(|(before, after)| before - after).collect())
    }
}

/// A full line, if answers wait for one.
pub(super) fn look(rows: &Rows<'_>, report: &Report) -> Option<Line> {
    if rows.known().count() < 2 {
        return None;
    }
    if !rows.are_whole() {
        return counted(rows, report);
    }
    let replay = Replay::of(rows);
    let bytes = |row: &Row<'_>| row.request.bytes as f64;
    let line = replay.best(rows, &bytes)?;
    let mean = rows.list.iter().map(bytes).sum::<f64>() / rows.list.len().max(1) as f64;
    let requests = replay.best(rows, &|_| mean)?;
    let left = |fit: &Fit| 1.0 - fit.explained;
    (line.explained >= EXPLAINED && left(&line) <= BETTER * left(&requests)).then(|| Line {
        bytes_per_second: line.rate,
        under_way: replay.under_way(rows, line.rate, &bytes),
        replay: Some(replay),
    })
}

/// When each answer was there to be sent, and how long it was under way.
#[derive(Debug)]
struct Replay {
    /// Places of rows, by when the server had their answers.
    order: Vec<usize>,
    /// When that was, in seconds, by row.
    ready: Vec<f64>,
    /// Seconds to the last byte beside the server's own time, by row.
    took: Vec<f64>,
    /// Bytes per second of the busiest second.
    busiest: f64,
}

/// A rate, and how much of the times under way it explains.
struct Fit {
    rate: f64,
    explained: f64,
}

impl Replay {
    fn of(rows: &Rows<'_>) -> Self {
        // Of a server that tells nothing, what an endpoint usually takes.
        let usual = |endpoint: usize| {
            let untold = rows.of_endpoint(endpoint).iter().filter(|row| !row.is_told());
            median(untold, Row::wait).unwrap_or(0.0)
        };
        let usual: Vec<f64> = (0..rows.endpoints.len()).map(usual).collect();
        let own = |row: &Row<'_>| if row.is_told() { row.server } else { usual[row.endpoint] };
        let before = |row: &Row<'_>| row.at() + row.queued + row.setup + row.send;
        let ready: Vec<f64> = rows.list.iter().map(|row| before(row) + own(row)).collect();
        let took = rows.list.iter().map(|row| row.wait() + row.receive - own(row)).collect();
        let mut order: Vec<usize> = (0..rows.list.len()).collect();
        order.sort_unstable_by(|one, other| ready[*one].total_cmp(&ready[*other]));
        let mut seconds = std::collections::HashMap::new();
        for row in &rows.list {
            #[expect(clippy::cast_possible_truncation, reason = "seconds of a run")]
            let second = (row.at() + row.latency()) as i64;
            *seconds.entry(second).or_insert(0.0) += row.request.bytes as f64;
        }
        let busiest = seconds.into_values().fold(0.0, f64::max);
        Self { order, ready, took, busiest }
    }

    /// The rate that explains most.
    fn best(&self, rows: &Rows<'_>, bytes: &dyn Fn(&Row<'_>) -> f64) -> Option<Fit> {
        let fit = |rate: f64| Fit { rate, explained: self.explained(rows, rate, bytes) };
        let best = |fits: &mut dyn Iterator<Item = Fit>| {
            fits.max_by(|one, other| one.explained.total_cmp(&other.explained))
        };
        if self.busiest <= 0.0 {
            return None;
        }
        // In the busiest second some of what was sent had waited from the one before.
        let steps = std::iter::successors(Some(0.8), |faster: &f64| Some(faster * STEP));
        let steps = steps.take_while(|faster| *faster <= FASTER);
        let near = best(&mut steps.map(|faster| fit(faster * self.busiest)))?;
        best(&mut (-8..=8).map(|step| fit(near.rate * (1.0 + 0.01 * f64::from(step)))))
    }

    /// How long each answer waits for the line and travels.
    fn under_way(&self, rows: &Rows<'_>, rate: f64, bytes: &dyn Fn(&Row<'_>) -> f64) -> Vec<f64> {
        let mut free = 0.0_f64;
        let mut under_way = vec![0.0; self.order.len()];
        for place in &self.order {
            free = free.max(self.ready[*place]) + bytes(&rows.list[*place]) / rate;
            under_way[*place] = free - self.ready[*place];
        }
        under_way
    }

    /// Share of the absolute deviations from each endpoint's median, at the middle endpoint.
    fn explained(&self, rows: &Rows<'_>, rate: f64, bytes: &dyn Fn(&Row<'_>) -> f64) -> f64 {
        let under_way = self.under_way(rows, rate, bytes);
        let of = |endpoint: usize| {
            let places = rows.places_of(endpoint);
            let took = &self.took[places.clone()];
            let left: Vec<f64> =
                took.iter().zip(&under_way[places]).map(|(took, line)| took - line).collect();
            Some(1.0 - deviation(left)? / deviation(took.to_vec())?.max(1e-9))
        };
        middle(rows.known().filter_map(of)).unwrap_or(0.0)
    }
}

/// The sum of absolute deviations from the median; `None` of nothing.
fn deviation(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let half = values.len() / 2;
    let middle = *values.select_nth_unstable_by(half, f64::total_cmp).1;
    Some(values.iter().map(|value| (value - middle).abs()).sum())
}

/// Where only some requests are drawn: from the bytes of each second in which most waited.
fn counted(rows: &Rows<'_>, report: &Report) -> Option<Line> {
    let rates = Rates::of(report);
    let queue = Queue::of(rows, &rates)?;
    let full = queue.full_seconds(rows, report);
    let bytes = Spread::of(full.iter().map(|point| per_second(point, point.bytes_received)));
    let counts = Spread::of(full.iter().map(|point| per_second(point, point.requests)));
    // By chance: as many answers as there were, each of a size drawn by itself.
    let squares = rows.list.iter().map(|row| row.weight * (row.request.bytes as f64).powi(2));
    let weight: f64 = rows.list.iter().map(|row| row.weight).sum();
    let chance = counts.mean * squares.sum::<f64>() / weight.max(1e-9);
    let is_even = bytes.variance <= STEADY * chance && counts.variance > STEADY * counts.mean;
    if full.len() < SECONDS || bytes.mean <= 0.0 || !is_even {
        return None;
    }
    let mut under_way = vec![0.0; rows.list.len()];
    for one in queue.waiting() {
        under_way[one.place] = one.excess;
    }
    Some(Line { bytes_per_second: bytes.mean, under_way, replay: None })
}
