//! Requests that are let in one after the other at an even pace: a limiter that delays instead of
//! refusing (a leaky bucket).
//!
//! Whoever queues before such a limiter waits until the one before was let in, and one gap more. So the
//! moments at which waiting requests are let in are evenly spaced, whatever the requests' own work is,
//! and every endpoint waits as long as every other. A lock or a pool has neither: how long it is held
//! differs from request to request, and not everybody needs it.

use super::claim::Claim;
use super::claim::shown;
use super::rate_limit::told_limit;
use super::rates::Rates;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use super::rows::quantile;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;

/// Gaps that a pace rests on.
const ENOUGH: usize = 30;

/// Spread of the gaps that the requests' own work does not explain, of the median gap. It is 1.1 where
/// gaps come by chance, 0 where a clock makes them.
const EVEN: f64 = 0.5;

/// What the endpoints wait beyond their usual differs at most by this much, the most from the least.
const ALIKE: f64 = 2.0;

/// Of requests that are drawn, one stands for this many at most where gaps are looked at: between two
/// that were not neighbours there are several.
const WHOLE: f64 = 1.05;

/// Share of the requests under little load that may be waiting: what is slow at all times is no queue.
const QUIET: f64 = 0.25;

/// Share of the quickest endpoint's usual wait above which a gap may be somebody's work.
const LONGER: f64 = 1.5;

/// A request that has waited for others before it.
#[derive(Debug, Clone, Copy)]
struct Queued {
    /// Its place in the rows.
    place: usize,
    /// When it was let in, in seconds.
    let_in: f64,
    /// What it has waited beyond its endpoint's usual.
    excess: f64,
}

/// An even pace, if requests wait for one.
pub(super) fn look<'a>(rows: &Rows<'a>, report: &Report) -> Option<Claim<'a>> {
    let rates = Rates::of(report);
    let usual = usual(rows, &rates)?;
    let long = middle(usual.iter().flatten().copied())?;
    let mut all: Vec<Queued> =
        (0..rows.list.len()).filter_map(|at| queued(rows, &usual, at)).collect();
    all.sort_unstable_by(|one, other| one.let_in.total_cmp(&other.let_in));
    let is_waiting = |one: &Queued| one.excess > long;
    let low = rates.least(rows)?;
    let quiet = || all.iter().filter(|one| rates.at(&rows.list[one.place]) <= low);
    let waiting = quiet().filter(|one| is_waiting(one)).count() as f64;
    if waiting > QUIET * quiet().count() as f64 {
        return None;
    }
    let gap = gap(rows, report, &all, &is_waiting)?;
    if !is_even(&gap, rows, &usual, &rates) || !are_alike(rows, &all, &is_waiting) {
        return None;
    }
    let quickest = usual.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let limit = told_limit(rows);
    let is_longer = gap.seconds > LONGER * quickest;
    let mut numbers = vec![format!(
        "waiting requests are let in one every {}, {:.1}/s, at every endpoint alike",
        shown(gap.seconds),
        1.0 / gap.seconds.max(1e-9)
    )];
    if is_longer {
        numbers.push(format!(
            "that is longer than the quickest endpoint takes when nobody waits ({}): it is not work \
             that they wait for",
            shown(quickest)
        ));
    }
    let certainty = match (&limit, is_longer) {
        (Some(_), _) => Certainty::High,
        (None, true) => Certainty::Medium,
        (None, false) => Certainty::Low,
    };
    numbers.extend(limit);
    let excess: std::collections::HashMap<usize, f64> =
        all.iter().filter(|one| is_waiting(one)).map(|one| (one.place, one.excess)).collect();
    let without = rows.changed_at(|place, row| {
        let excess = excess.get(&place).copied().unwrap_or_default();
        // It stands before the work.
        let around = excess.min(row.around);
        row.around -= around;
        row.shorten_wait(excess - around);
    });
    Some(Claim {
        cause: BottleneckCause::RateLimit,
        endpoint: None,
        backend: None,
        certainty,
        numbers,
        advice:
            "Raise the limiter's rate for the load's address or key if it is not what is tested \
                 (nginx: limit_req); else this is what users get beyond that rate. More instances \
                 behind it change nothing."
                .to_owned(),
        without,
    })
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

/// The pace, and how far it is from even.
struct Gap {
    seconds: f64,
    /// Between the quartiles of the gaps, in seconds; `None` where only the pace as a whole is known.
    spread: Option<f64>,
}

fn gap(
    rows: &Rows<'_>,
    report: &Report,
    all: &[Queued],
    is_waiting: &dyn Fn(&Queued) -> bool,
) -> Option<Gap> {
    let drawn: f64 = rows.list.iter().map(|row| row.weight).sum();
    if drawn > WHOLE * rows.list.len() as f64 {
        return counted(report, rows, all, is_waiting);
    }
    let pairs = all.windows(2).filter(|pair| is_waiting(&pair[0]) && is_waiting(&pair[1]));
    let gaps: Vec<f64> = pairs.map(|pair| pair[1].let_in - pair[0].let_in).collect();
    let of = |share| quantile(gaps.iter().map(|gap| (*gap, 1.0)), share);
    (gaps.len() >= ENOUGH).then_some(())?;
    Some(Gap { seconds: of(0.5)?, spread: Some(of(0.75)? - of(0.25)?) })
}

/// Where only some requests are drawn: from how many were answered in each second in which most waited.
fn counted(
    report: &Report,
    rows: &Rows<'_>,
    all: &[Queued],
    is_waiting: &dyn Fn(&Queued) -> bool,
) -> Option<Gap> {
    /// Seconds with that many waiting, at least.
    const SECONDS: usize = 5;
    /// Variance of counts, of their mean: 1 of those that come by chance.
    const STEADY: f64 = 0.1;
    let mut waiting = vec![(0, 0); report.timeline.len()];
    for one in all {
        let at = rows.list[one.place].at();
        let place = report.timeline.partition_point(|point| point.from.as_secs_f64() <= at);
        if let Some((waiting, count)) = place.checked_sub(1).and_then(|at| waiting.get_mut(at)) {
            *waiting += usize::from(is_waiting(one));
            *count += 1;
        }
    }
    let full = report.timeline.iter().zip(waiting);
    let full = full.filter(|(_, (waiting, count))| *count >= 4 && waiting * 10 >= count * 9);
    let counts: Vec<f64> = full
        .map(|(point, _)| {
            point.requests as f64 / point.to.saturating_sub(point.from).as_secs_f64().max(1e-9)
        })
        .collect();
    let mean = counts.iter().sum::<f64>() / counts.len().max(1) as f64;
    let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>()
        / counts.len().saturating_sub(1).max(1) as f64;
    (counts.len() >= SECONDS && mean > 0.0 && variance <= STEADY * mean)
        .then(|| Gap { seconds: 1.0 / mean, spread: None })
}

/// Whether the gaps differ by no more than the requests' own work does.
fn is_even(gap: &Gap, rows: &Rows<'_>, usual: &[Option<f64>], rates: &Rates) -> bool {
    let Some(spread) = gap.spread else { return true };
    let Some(low) = rates.least(rows) else { return false };
    // Work of two neighbours, by the quiet part of the run.
    let quiet: Vec<f64> = rows
        .list
        .iter()
        .filter(|row| rates.at(row) <= low)
        .filter_map(|row| Some(row.wait() - usual[row.endpoint]?))
        .collect();
    let pairs = || quiet.windows(2).map(|pair| (pair[1] - pair[0], 1.0));
    let (Some(first), Some(third)) = (quantile(pairs(), 0.25), quantile(pairs(), 0.75)) else {
        return false;
    };
    let own = third - first;
    // Where neighbours differ by more than a gap in any case, nothing can be told.
    if own > gap.seconds {
        return false;
    }
    let beyond = (spread * spread - own * own).max(0.0).sqrt();
    gap.seconds > 0.0 && beyond <= EVEN * gap.seconds
}

/// Whether every endpoint waits as long as the others.
fn are_alike(rows: &Rows<'_>, all: &[Queued], is_waiting: &dyn Fn(&Queued) -> bool) -> bool {
    // Between the first and the last that waited.
    let waiting = || all.iter().filter(|one| is_waiting(one)).map(|one| rows.list[one.place].at());
    let (from, to) = (waiting().fold(f64::INFINITY, f64::min), waiting().fold(0.0, f64::max));
    let mean = |endpoint: usize| {
        let own = all.iter().filter(|one| {
            let row = &rows.list[one.place];
            row.endpoint == endpoint && (from..=to).contains(&row.at())
        });
        let (sum, count) =
            own.fold((0.0, 0.0), |(sum, count), one| (sum + one.excess.max(0.0), count + 1.0));
        (count >= 10.0).then_some(sum / count)
    };
    let means: Vec<f64> = rows.known().filter_map(mean).collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let most = means.iter().copied().fold(0.0, f64::max);
    means.len() >= 2 && most <= ALIKE * least
}
