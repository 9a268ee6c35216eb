//! Requests that wait for each other: a lock, a pool of limited size, a processor.

use super::claim::Claim;
use super::claim::shown;
use super::rows::Row;
use super::rows::Rows;
use super::rows::quantile;
use super::rows::rank_score;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;
use crate::model::SampledRequest;

/// Words in names of server times that mean waiting for others.
const WAITING: [&str; 8] =
    ["lock", "mutex", "wait", "queue", "pool", "semaphore", "contention", "checkout"];

/// By how much the load must differ for waits to be compared.
const LEVELS: f64 = 1.4;

/// By how much waits of an endpoint grow with it, and how surely all of them do together.
const GROWTH: f64 = 1.08;
const SURELY: f64 = 4.0;

/// How surely those of one endpoint do, to be among them.
const LIKELY: f64 = 1.3;

/// Rows under little load, and under much, from which on an endpoint is compared.
const ENOUGH: usize = 12;

/// Seconds that the server says it waited for others.
fn waited(request: &SampledRequest) -> f64 {
    let is_waiting = |name: &str| {
        let name = name.to_ascii_lowercase();
        WAITING.iter().any(|word| name.contains(word))
    };
    let parts = request.signals.server.iter().filter(|part| is_waiting(&part.name));
    parts.map(|part| part.took.as_secs_f64()).sum()
}

/// What the server itself calls waiting.
pub(super) fn named<'a>(rows: &Rows<'a>) -> Vec<Claim<'a>> {
    named_at(rows).into_iter().collect()
}

fn named_at<'a>(rows: &Rows<'a>) -> Option<Claim<'a>> {
    let waits =
        |endpoint: &usize| rows.of_endpoint(*endpoint).iter().any(|row| waited(row.request) > 0.0);
    let places: Vec<usize> = rows.known().filter(waits).collect();
    let without = rows.changed(places.iter().copied(), |row| row.shorten_wait(waited(row.request)));
    let own = rows.list.iter().filter(|row| places.contains(&row.endpoint));
    let p95 = quantile(own.map(|row| (waited(row.request), row.weight)), 0.95)?;
    let only = if let [only] = places.as_slice() { Some(*only) } else { None };
    Some(Claim {
        cause: BottleneckCause::Contention,
        endpoint: only,
        backend: None,
        certainty: Certainty::High,
        numbers: vec![format!(
            "the server says that it waited for a lock or a pool: {} at its p95, at {} of {} \
             endpoints",
            shown(p95),
            places.len(),
            rows.known().count(),
        )],
        advice: advice(),
        without,
    })
}

fn advice() -> String {
    "Look for what these endpoints share: a lock, a connection pool, worker threads, a processor. Hold \
     it for less, or have more of it; `shakedown capacity` tells from which rate on."
        .to_owned()
}

/// Rows of an endpoint by the load at their time.
struct Levels {
    endpoint: usize,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Levels {
    fn growth(&self) -> Option<f64> {
        let of = |list: &[f64]| quantile(list.iter().map(|wait| (*wait, 1.0)), 0.5);
        (self.low.len() >= ENOUGH && self.high.len() >= ENOUGH)
            .then(|| Some(of(&self.high)? / of(&self.low)?.max(1e-6)))
            .flatten()
    }

    fn score(&self) -> f64 {
        rank_score(&self.high, &self.low)
    }

    fn grows(&self) -> bool {
        self.growth().is_some_and(|growth| growth >= GROWTH) && self.score() >= LIKELY
    }
}

/// What grows with the load at several endpoints at once.
pub(super) fn together<'a>(rows: &Rows<'a>, report: &Report) -> Vec<Claim<'a>> {
    together_at(rows, report).into_iter().collect()
}

fn together_at<'a>(rows: &Rows<'a>, report: &Report) -> Option<Claim<'a>> {
    let rate = Rates::of(report);
    let at = |share| quantile(rows.list.iter().map(|row| (rate.at(row), 1.0)), share);
    let (low, high) = (at(1.0 / 3.0)?, at(2.0 / 3.0)?);
    if high < LEVELS * low {
        return None;
    }
    let levels = |endpoint| {
        let own = rows.of_endpoint(endpoint).iter();
        let of = |is: &dyn Fn(f64) -> bool| {
            let mut waits: Vec<f64> =
                own.clone().filter(|row| is(rate.at(row))).map(Row::wait).collect();
            waits.sort_unstable_by(f64::total_cmp);
            waits
        };
        Levels { endpoint, low: of(&|it| it <= low), high: of(&|it| it >= high) }
    };
    let known: Vec<Levels> = rows.known().map(levels).collect();
    let growing: Vec<&Levels> = known.iter().filter(|levels| levels.grows()).collect();
    let sure =
        growing.iter().map(|levels| levels.score()).sum::<f64>() / (known.len() as f64).sqrt();
    if growing.len() < 2 || growing.len() * 4 < known.len() || sure < SURELY {
        return None;
    }
    let without = rows.changed(growing.iter().map(|levels| levels.endpoint), |row| {
        let Some(levels) = growing.iter().find(|levels| levels.endpoint == row.endpoint) else {
            return;
        };
        if rate.at(row) <= low {
            return;
        }
        let wait = row.wait();
        // As long as one of the same rank under little load.
        let rank = levels.high.partition_point(|other| *other < wait);
        let like = levels.low.get(rank * levels.low.len() / levels.high.len());
        row.shorten_wait((wait - like.or(levels.low.last()).unwrap_or(&wait)).max(0.0));
    });
    let times = growing.iter().filter_map(|levels| levels.growth());
    let growth = quantile(times.map(|times| (times, 1.0)), 0.5)?;
    let (quiet, busy) = (rate.mean(rows, &|it| it <= low), rate.mean(rows, &|it| it >= high));
    Some(Claim {
        cause: BottleneckCause::Contention,
        endpoint: None,
        backend: None,
        certainty: Certainty::Medium,
        numbers: vec![format!(
            "waits of {} of {} endpoints grow together, {growth:.1} times from {quiet:.0} to {busy:.0} \
             requests/s (median)",
            growing.len(),
            known.len(),
        )],
        advice: advice(),
        without,
    })
}

/// Requests per second through the run.
struct Rates(Vec<(f64, f64, f64)>);

impl Rates {
    fn of(report: &Report) -> Self {
        let points = report.timeline.iter().filter(|point| point.to > point.from).map(|point| {
            let (from, to) = (point.from.as_secs_f64(), point.to.as_secs_f64());
            (from, to, point.requests as f64 / (to - from))
        });
        Self(points.collect())
    }

    /// At the time of a request; smoothed over its neighbours, for intervals of a second have few.
    fn at(&self, row: &Row<'_>) -> f64 {
        let place = self.0.partition_point(|(from, ..)| *from <= row.at()).saturating_sub(1);
        let near = self.0.iter().skip(place.saturating_sub(2)).take(5);
        let (sum, count) =
            near.fold((0.0, 0.0), |(sum, count), point| (sum + point.2, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }

    fn mean(&self, rows: &Rows<'_>, is: &dyn Fn(f64) -> bool) -> f64 {
        let rates = rows.list.iter().map(|row| self.at(row)).filter(|rate| is(*rate));
        let (sum, count) = rates.fold((0.0, 0.0), |(sum, count), rate| (sum + rate, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }
}
