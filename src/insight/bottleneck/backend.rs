//! One of several backends that is slower than the others.

use std::collections::BTreeMap;

use super::claim::Claim;
use super::claim::shown;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use super::rows::rank_score;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::format_percent;

/// Requests of a backend from which on something is said about it.
const ENOUGH: usize = 20;

/// More names than this are no backends but something that changes with every answer.
const MOST: usize = 64;

/// How much slower it must be, and how surely.
const SLOWER: f64 = 1.1;
const SURELY: f64 = 4.0;

/// Each backend that is slower than all others together, endpoint by endpoint.
pub(super) fn look<'a>(rows: &Rows<'a>) -> Vec<Claim<'a>> {
    let mut by_name: BTreeMap<&str, Vec<&Row<'a>>> = BTreeMap::new();
    for row in &rows.list {
        if let Some(name) = &row.request.signals.backend {
            by_name.entry(name).or_default().push(row);
        }
    }
    if by_name.len() < 2 || by_name.len() > MOST {
        return Vec::new();
    }
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
    let weight = |rows: &[&Row<'a>]| rows.iter().map(|row| row.weight).sum::<f64>();
    let share = weight(own) / (weight(own) + weight(others));
    Claim {
        cause: BottleneckCause::Backend,
        endpoint: None,
        backend: Some(name.to_owned()),
        certainty: Certainty::High,
        numbers: vec![format!(
            "{name} answers {} of the requests, and waits for it are {ratio:.1} times as long as for \
             the others at the same endpoints ({} more)",
            format_percent(share),
            shown(usual),
        )],
        advice: format!(
            "Look at {name} alone: its load, its version, its neighbours, its way to the database; \
             take it out of the pool and measure again."
        ),
        without,
    }
}
