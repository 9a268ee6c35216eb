//! Requests that wait for each other: a lock, a pool of limited size, a processor.

use super::claim::Claim;
use super::claim::shown;
use super::rates::Rates;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use super::rows::quantile;
use crate::insight::rank::rank_score;
use crate::insight::rank::share_score;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;
use crate::model::SampledRequest;
use crate::model::ServerTime;

/// Words in names of server times that mean waiting for others.
const WAITING: [&str; 8] =
    ["lock", "mutex", "wait", "queue", "pool", "semaphore", "contention", "checkout"];

/// By how much the load must differ for waits to be compared.
const LEVELS: f64 = 1.4;

/// By how much waits of an endpoint grow with it, half of them or the longest tenth; and how surely
/// those of all endpoints do together.
const GROWTH: f64 = 1.08;
const LONG_GROWTH: f64 = 1.2;
const SURELY: f64 = 3.2;

/// Most requests find a lock free, and a few wait for long: what is beyond this share of all waits is a
/// long one.
const LONG: f64 = 0.85;

/// How surely those of one endpoint do, to be among them.
const LIKELY: f64 = 1.3;

/// Rows under little load, and under much, from which on an endpoint is compared.
const ENOUGH: usize = 12;

/// What of a request the server calls waiting for others.
fn waits(request: &SampledRequest) -> impl Iterator<Item = &ServerTime> {
    let is_waiting = |name: &str| {
        let name = name.to_ascii_lowercase();
        WAITING.iter().any(|word| name.contains(word))
    };
    request.signals.server.iter().filter(move |part| is_waiting(&part.name))
}

/// Seconds that the server says it waited for others.
fn waited(request: &SampledRequest) -> f64 {
    waits(request).map(|part| part.took.as_secs_f64()).sum()
}

/// Whether it takes what it might have had to wait for.
fn takes(row: &Row<'_>) -> bool {
    waits(row.request).next().is_some()
}

/// What the server itself calls waiting.
pub(super) fn named<'a>(rows: &Rows<'a>, report: &Report) -> Vec<Claim<'a>> {
    named_at(rows, report).into_iter().collect()
}

fn named_at<'a>(rows: &Rows<'a>, report: &Report) -> Option<Claim<'a>> {
    let waits =
        |endpoint: &usize| rows.of_endpoint(*endpoint).iter().any(|row| waited(row.request) > 0.0);
    let places: Vec<usize> = rows.known().filter(waits).collect();
    let held = held(rows, report);
    let without = rows.changed(places.iter().copied(), |row| {
        let held = held.filter(|_| takes(row)).unwrap_or(0.0);
        row.shorten_wait(waited(row.request) + held);
    });
    let own = rows.list.iter().filter(|row| places.contains(&row.endpoint));
    let p95 = quantile(own.map(|row| (waited(row.request), row.weight)), 0.95)?;
    let only = if let [only] = places.as_slice() { Some(*only) } else { None };
    Some(Claim {
        cause: BottleneckCause::Contention,
        endpoint: only,
        backend: None,
        certainty: Certainty::High,
        numbers: std::iter::once(format!(
            "the server says that it waited for a lock or a pool: {} at its p95, at {} of {} \
             endpoints",
            shown(p95),
            places.len(),
            rows.known().count(),
        ))
        .chain(held.map(|held| {
            format!(
                "for such waits each of them has to hold it for about {} (M/D/1), which is counted too",
                shown(held)
            )
        }))
        .collect(),
        advice: advice(),
        without,
    })
}

/// Seconds for which each of them holds it, by how long it is waited for: before one server that is busy
/// for `h` at each of `λ` arrivals per second, the mean wait is `W = λh² / 2(1 − λh)` (M/D/1; A.
/// Khinchine 1932, F. Pollaczek 1930). Of a pool of several it is less than the truth. `None` where it
/// would be nothing beside what is waited.
fn held(rows: &Rows<'_>, report: &Report) -> Option<f64> {
    /// Share of the time that it is held, below which it is hardly ever found taken.
    const BUSY: f64 = 0.1;
    let rates = Rates::of(report);
    let high = rates.quantile(rows, 2.0 / 3.0)?;
    let busy = rows.list.iter().filter(|row| rates.at(row) >= high);
    let (mut own, mut all, mut sum) = (0.0, 0.0, 0.0);
    for row in busy {
        all += row.weight;
        if takes(row) {
            own += row.weight;
            sum += row.weight * waited(row.request);
        }
    }
    let rate = rates.mean(rows, &|rate| rate >= high) * own / f64::max(all, 1e-9);
    let wait = sum / f64::max(own, 1e-9);
    if rate <= 0.0 || wait <= 0.0 {
        return None;
    }
    let held = (wait * wait + 2.0 * wait / rate).sqrt() - wait;
    // No longer than what they do beside waiting.
    let work = |row: &Row<'_>| (row.server - waited(row.request)).max(0.0);
    let least = |endpoint: usize| {
        let own = || rows.of_endpoint(endpoint).iter().filter(|row| takes(row));
        (own().count() >= ENOUGH).then(|| median(own(), work)).flatten()
    };
    let most = rows.known().filter_map(least).fold(f64::INFINITY, f64::min);
    Some(held.min(most)).filter(|held| held.is_finite() && rate * held >= BUSY)
}

/// What to try.
pub(super) fn advice() -> String {
    "Look for what these endpoints share: a lock, a connection pool, worker threads, a processor. Hold \
     it for less, or have more of it; `shakedown capacity` tells from which rate on."
        .to_owned()
}

/// Rows of an endpoint by the load at their time.
struct Levels {
    endpoint: usize,
    low: Vec<f64>,
    high: Vec<f64>,
    /// What is around the server's work under little load.
    around: f64,
}

impl Levels {
    /// Of a quantile of the waits.
    fn growth(&self, share: f64) -> Option<f64> {
        let of = |list: &[f64]| quantile(list.iter().map(|wait| (*wait, 1.0)), share);
        (self.low.len() >= ENOUGH && self.high.len() >= ENOUGH)
            .then(|| Some(of(&self.high)? / of(&self.low)?.max(1e-6)))
            .flatten()
    }

    /// How surely waits grow: all of them, or how many are long ones.
    fn score(&self) -> f64 {
        rank_score(&self.high, &self.low).max(self.score_of_long().unwrap_or(0.0))
    }

    /// The normal score of two proportions: of waits that are long under much load and under little.
    fn score_of_long(&self) -> Option<f64> {
        let all = self.low.iter().chain(&self.high).map(|wait| (*wait, 1.0));
        let long = quantile(all, LONG)?;
        let share = |list: &[f64]| {
            list.iter().filter(|wait| **wait > long).count() as f64 / list.len().max(1) as f64
        };
        let of = |list: &[f64]| (share(list), list.len() as f64);
        Some(share_score(of(&self.high), of(&self.low)))
    }

    fn grows(&self) -> bool {
        let grows = |share, least| self.growth(share).is_some_and(|growth| growth >= least);
        (grows(0.5, GROWTH) || grows(0.9, LONG_GROWTH)) && self.score() >= LIKELY
    }
}

/// What grows with the load at several endpoints at once.
pub(super) fn together<'a>(rows: &Rows<'a>, report: &Report) -> Vec<Claim<'a>> {
    together_at(rows, report).into_iter().collect()
}

fn together_at<'a>(rows: &Rows<'a>, report: &Report) -> Option<Claim<'a>> {
    let rate = Rates::of(report);
    let (low, high) = (rate.quantile(rows, 1.0 / 3.0)?, rate.quantile(rows, 2.0 / 3.0)?);
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
        let quiet = own.clone().filter(|row| rate.at(row) <= low);
        let around = median(quiet, |row| row.around).unwrap_or(0.0);
        Levels { endpoint, low: of(&|it| it <= low), high: of(&|it| it >= high), around }
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
        let more = (wait - like.or(levels.low.last()).unwrap_or(&wait)).max(0.0);
        row.shorten_beyond(more, levels.around);
    });
    let growth = |share| middle(growing.iter().filter_map(|levels| levels.growth(share)));
    let (growth, long) = (growth(0.5)?, growth(0.9)?);
    let (quiet, busy) = (rate.mean(rows, &|it| it <= low), rate.mean(rows, &|it| it >= high));
    Some(Claim {
        cause: BottleneckCause::Contention,
        endpoint: None,
        backend: None,
        certainty: Certainty::Medium,
        numbers: vec![format!(
            "waits of {} of {} endpoints grow together from {quiet:.0} to {busy:.0} requests/s: their \
             median {growth:.1} times, their p90 {long:.1} times",
            growing.len(),
            known.len(),
        )],
        advice: advice(),
        without,
    })
}
