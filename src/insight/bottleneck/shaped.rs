//! Requests that are let in one after the other at an even pace: a limiter that delays instead of
//! refusing (a leaky bucket).
//!
//! Whoever queues before such a limiter waits until the one before was let in, and one gap more. So the
//! moments at which waiting requests are let in are evenly spaced, whatever the requests' own work is,
//! and every endpoint waits as long as every other. A lock or a pool has neither: how long it is held
//! differs from request to request, and not everybody needs it.

use std::collections::HashMap;

use super::claim::Claim;
use super::claim::shown;
use super::rate_limit::told_limit;
use super::rates::Rates;
use super::rows::Rows;
use super::rows::quantile;
use super::waiting::Queue;
use super::waiting::SECONDS;
use super::waiting::STEADY;
use super::waiting::Spread;
use super::waiting::per_second;
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

/// Share of the requests under little load that may be waiting: what is slow at all times is no queue.
const QUIET: f64 = 0.25;

/// Share of the quickest endpoint's usual wait above which a gap may be somebody's work.
const LONGER: f64 = 1.5;

/// An even pace, if requests wait for one.
pub(super) fn look<'a>(rows: &Rows<'a>, report: &Report) -> Option<Claim<'a>> {
    let rates = Rates::of(report);
    let queue = Queue::of(rows, &rates)?;
    if queue.waits_when_quiet(rows, &rates)? > QUIET {
        return None;
    }
    let gap = gap(rows, report, &queue)?;
    if !is_even(&gap, rows, &queue, &rates) || !are_alike(rows, &queue) {
        return None;
    }
    let quickest = queue.usual.iter().flatten().copied().fold(f64::INFINITY, f64::min);
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
    let excess: HashMap<usize, f64> = queue.waiting().map(|one| (one.place, one.excess)).collect();
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

/// The pace, and how far it is from even.
struct Gap {
    seconds: f64,
    /// Between the quartiles of the gaps, in seconds; `None` where only the pace as a whole is known.
    spread: Option<f64>,
}

fn gap(rows: &Rows<'_>, report: &Report, queue: &Queue) -> Option<Gap> {
    if !rows.are_whole() {
        return counted(report, rows, queue);
    }
    let pairs = queue.all.windows(2);
    let pairs = pairs.filter(|pair| queue.is_waiting(&pair[0]) && queue.is_waiting(&pair[1]));
    let gaps: Vec<f64> = pairs.map(|pair| pair[1].let_in - pair[0].let_in).collect();
    let of = |share| quantile(gaps.iter().map(|gap| (*gap, 1.0)), share);
    (gaps.len() >= ENOUGH).then_some(())?;
    Some(Gap { seconds: of(0.5)?, spread: Some(of(0.75)? - of(0.25)?) })
}

/// Where only some requests are drawn: from how many were answered in each second in which most waited.
fn counted(report: &Report, rows: &Rows<'_>, queue: &Queue) -> Option<Gap> {
    let full = queue.full_seconds(rows, report);
    let counts = Spread::of(full.iter().map(|point| per_second(point, point.requests)));
    (full.len() >= SECONDS && counts.mean > 0.0 && counts.variance <= STEADY * counts.mean)
        .then(|| Gap { seconds: 1.0 / counts.mean, spread: None })
}

/// Whether the gaps differ by no more than the requests' own work does.
fn is_even(gap: &Gap, rows: &Rows<'_>, queue: &Queue, rates: &Rates) -> bool {
    let Some(spread) = gap.spread else { return true };
    let Some(low) = rates.least(rows) else { return false };
    // Work of two neighbours, by the quiet part of the run.
    let quiet: Vec<f64> = rows
        .list
        .iter()
        .filter(|row| rates.at(row) <= low)
        .filter_map(|row| Some(row.wait() - queue.usual[row.endpoint]?))
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
fn are_alike(rows: &Rows<'_>, queue: &Queue) -> bool {
    // Between the first and the last that waited.
    let waiting = || queue.waiting().map(|one| rows.list[one.place].at());
    let (from, to) = (waiting().fold(f64::INFINITY, f64::min), waiting().fold(0.0, f64::max));
    let mean = |endpoint: usize| {
        let own = queue.all.iter().filter(|one| {
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
