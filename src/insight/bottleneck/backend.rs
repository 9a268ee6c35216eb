//! One of several backends that is slower than the others.

use std::collections::BTreeMap;

use super::claim::Claim;
use super::claim::shown;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use super::rows::quantile;
use crate::insight::rank::rank_score;
use crate::insight::rank::share_score;
use crate::model::Bottleneck;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Subject;
use crate::model::format_percent;

/// Requests of a backend from which on something is said about it.
const ENOUGH: usize = 20;

/// More names than this are no backends but something that changes with every answer.
const MOST: usize = 64;

/// How much slower it must be, and how surely.
const SLOWER: f64 = 1.1;
const SURELY: f64 = 4.0;

/// Requests by who answered them; none where nothing tells several apart.
fn by_name<'r, 'a>(rows: &'r Rows<'a>) -> BTreeMap<&'r str, Vec<&'r Row<'a>>> {
    let mut by_name: BTreeMap<&str, Vec<&Row<'a>>> = BTreeMap::new();
    for row in &rows.list {
        if let Some(name) = &row.request.signals.backend {
            by_name.entry(name).or_default().push(row);
        }
    }
    if (2..=MOST).contains(&by_name.len()) { by_name } else { BTreeMap::new() }
}

/// Each backend that is slower than all others together, endpoint by endpoint.
pub(super) fn look<'a>(rows: &Rows<'a>) -> Vec<Claim<'a>> {
    let by_name = by_name(rows);
    let medians: Vec<f64> = (0..rows.endpoints.len())
        .map(|endpoint| median(rows.of_endpoint(endpoint).iter(), Row::wait).unwrap_or(0.0))
        .collect();
    // Measured by its endpoint, so that a backend which serves the slow ones is not blamed for them.
    let relative = |row: &Row<'_>| row.wait() / medians[row.endpoint].max(1e-6);
    let names: Vec<&str> = by_name.keys().copied().collect();
    let claims = names.into_iter().filter_map(|name| {
        let own = &by_name[name];
        let others = by_name.iter().filter(|(other, _)| **other != name);
        let others: Vec<&Row<'a>> = others.flat_map(|(_, rows)| rows.iter().copied()).collect();
        if own.len() < ENOUGH || others.len() < ENOUGH {
            return None;
        }
        let values = |rows: &[&Row<'a>]| rows.iter().map(|row| relative(row)).collect::<Vec<f64>>();
        let (mine, theirs) = (values(own), values(&others));
        let ratio = middle(mine.iter().copied())? / middle(theirs.iter().copied())?.max(1e-9);
        if ratio < SLOWER || rank_score(&mine, &theirs) < SURELY {
            return None;
        }
        Some(claim(rows, name, own, &others, ratio))
    });
    claims.collect()
}

/// Backends that answer so many times their even share are not even, if that is no chance.
const UNEVEN: f64 = 1.25;

/// Share of failed answers of a backend from which on it is a bad one.
const FAILING: f64 = 0.02;

fn names(rows: &Rows<'_>) -> usize {
    let names = rows.list.iter().filter_map(|row| row.request.signals.backend.as_deref());
    names.collect::<std::collections::BTreeSet<_>>().len()
}

fn share(own: &[&Row<'_>], others: &[&Row<'_>]) -> f64 {
    let weight = |rows: &[&Row<'_>]| rows.iter().map(|row| row.weight).sum::<f64>();
    weight(own) / (weight(own) + weight(others)).max(1e-9)
}

/// That a backend has more or less than its even share: the normal score of its count.
fn skew(drawn: usize, share: f64, names: usize) -> Option<String> {
    let even = 1.0 / names.max(1) as f64;
    let all = drawn as f64 / share.max(1e-9);
    let score = (share - even) / (even * (1.0 - even) / all.max(1.0)).sqrt();
    let is_uneven = share > UNEVEN * even || share * UNEVEN < even;
    (is_uneven && score.abs() >= SURELY).then(|| {
        format!("an even share would be {}: the load is not spread evenly", format_percent(even))
    })
}

/// A server's failure, which a backend is to blame for.
fn has_failed(row: &Row<'_>) -> bool {
    row.request.status >= 500
}

fn failed_share(rows: &[&Row<'_>]) -> f64 {
    let weight = |rows: &mut dyn Iterator<Item = &Row<'_>>| rows.map(|row| row.weight).sum::<f64>();
    let mut failed = rows.iter().copied().filter(|row| has_failed(row));
    weight(&mut failed) / weight(&mut rows.iter().copied()).max(1e-9)
}

/// How much more often a backend fails than the others, if it does.
fn failures(own: &[&Row<'_>], others: &[&Row<'_>]) -> Option<String> {
    let (mine, theirs) = (failed_share(own), failed_share(others));
    let score = share_score((mine, own.len() as f64), (theirs, others.len() as f64));
    (mine >= FAILING && score >= SURELY).then(|| {
        format!(
            "{} of its answers failed, {} of the others'",
            format_percent(mine),
            format_percent(theirs)
        )
    })
}

/// Backends whose answers fail where those of the others do not. What each explains is no time: it is
/// its share of the failures.
pub(super) fn failing(rows: &Rows<'_>) -> Vec<Bottleneck> {
    let by_name = by_name(rows);
    let failed = |rows: &[&Row<'_>]| rows.iter().filter(|row| has_failed(row)).count() as f64;
    let whole: f64 = by_name.values().map(|rows| failed(rows)).sum();
    let claims = by_name.iter().filter_map(|(name, own)| {
        let others = by_name.iter().filter(|(other, _)| *other != name);
        let others: Vec<&Row<'_>> = others.flat_map(|(_, rows)| rows.iter().copied()).collect();
        let text =
            failures(own, &others).filter(|_| own.len() >= ENOUGH && others.len() >= ENOUGH)?;
        let share = failed(own) / whole.max(1.0);
        Some(Bottleneck {
            cause: BottleneckCause::Backend,
            subject: Subject::Whole,
            backend: Some((*name).to_owned()),
            explains_p95: share,
            explains_p99: share,
            since: None,
            certainty: Certainty::High,
            numbers: vec![text],
            advice: advice(name),
        })
    });
    claims.collect()
}

fn advice(name: &str) -> String {
    format!(
        "Look at {name} alone: its load, its version, its neighbours, its way to the database; take it \
         out of the pool and measure again."
    )
}

fn claim<'a>(
    rows: &Rows<'a>,
    name: &str,
    own: &[&Row<'a>],
    others: &[&Row<'a>],
    ratio: f64,
) -> Claim<'a> {
    let of = |list: &[&Row<'a>], endpoint: usize| {
        let of_endpoint = list.iter().copied().filter(|row| row.endpoint == endpoint);
        (of_endpoint.clone().count() >= 8).then(|| median(of_endpoint, Row::wait)).flatten()
    };
    let shifts: BTreeMap<usize, f64> = rows
        .known()
        .filter_map(|endpoint| Some((endpoint, of(own, endpoint)? - of(others, endpoint)?)))
        .collect();
    let usual = middle(shifts.values().copied()).unwrap_or(0.0);
    let without = rows.changed(rows.known(), |row| {
        if row.request.signals.backend.as_deref() == Some(name) {
            let shift = shifts.get(&row.endpoint).copied().unwrap_or(usual);
            // It is in front of the work as well as within it: what is not told is taken first.
            let around = shift.clamp(0.0, row.around);
            row.around -= around;
            row.shorten_wait(shift - around);
        }
    });
    let (share, names) = (share(own, others), names(rows));
    let p95 = |list: &[&Row<'a>]| {
        quantile(list.iter().map(|row| (row.latency(), row.weight)), 0.95).unwrap_or(0.0)
    };
    Claim {
        cause: BottleneckCause::Backend,
        endpoint: None,
        backend: Some(name.to_owned()),
        certainty: Certainty::High,
        numbers: [
            format!(
                "{name} answers {} of the requests, and waits for it are {ratio:.1} times as long as \
                 for the others at the same endpoints ({} more)",
                format_percent(share),
                shown(usual),
            ),
            format!("p95 {} there, {} at the others", shown(p95(own)), shown(p95(others))),
        ]
        .into_iter()
        .chain(skew(own.len(), share, names))
        .chain(failures(own, others))
        .collect(),
        advice: advice(name),
        without,
    }
}
