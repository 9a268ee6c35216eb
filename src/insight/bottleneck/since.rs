//! From which load on a cause shows.

use super::rows::Row;
use super::rows::Rows;
use crate::model::Report;
use crate::model::Since;

/// Stretches that the run is divided into.
const STRETCHES: usize = 12;

/// Rows of a stretch from which on it says something.
const ENOUGH: usize = 10;

/// The first stretch in which the claim costs half of what it costs in the worst one; `None` if that
/// is the first of all, or nothing can be said.
pub(super) fn since(
    rows: &Rows<'_>,
    without: &[(usize, Row<'_>)],
    report: &Report,
) -> Option<Since> {
    let first = rows.list.iter().map(Row::at).fold(f64::INFINITY, f64::min);
    let last = rows.list.iter().map(Row::at).fold(0.0, f64::max);
    let length = (last - first) / STRETCHES as f64;
    if !length.is_finite() || length <= 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 11")]
    let stretch = |row: &Row<'_>| (((row.at() - first) / length) as usize).min(STRETCHES - 1);
    let mut cost = [0.0; STRETCHES];
    let mut weight = [0.0; STRETCHES];
    let mut count = [0; STRETCHES];
    let touched: std::collections::BTreeSet<usize> =
        without.iter().map(|(_, row)| row.endpoint).collect();
    for row in rows.list.iter().filter(|row| touched.contains(&row.endpoint)) {
        weight[stretch(row)] += row.weight;
        count[stretch(row)] += 1;
    }
    for (place, row) in without {
        let before = &rows.list[*place];
        cost[stretch(before)] += before.weight * (before.latency() - row.latency());
    }
    let mean = |at: usize| if count[at] < ENOUGH { None } else { Some(cost[at] / weight[at]) };
    let known: Vec<(usize, f64)> = (0..STRETCHES).filter_map(|at| Some((at, mean(at)?))).collect();
    let worst = known.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
    let (place, (at, _)) = known.iter().enumerate().find(|(_, (_, cost))| *cost >= worst / 2.0)?;
    if place == 0 {
        return None;
    }
    let at = std::time::Duration::try_from_secs_f64(first + length * *at as f64).ok()?;
    Some(Since { at, rate: rate_at(report, at, length) })
}

/// Load requests per second in the stretch that begins there.
fn rate_at(report: &Report, from: std::time::Duration, length: f64) -> f64 {
    let to = from + std::time::Duration::try_from_secs_f64(length).unwrap_or_default();
    let within = report.timeline.iter().filter(|point| point.from < to && point.to > from);
    let (requests, seconds) = within.fold((0, 0.0), |(requests, seconds), point| {
        let lasted = point.to.saturating_sub(point.from).as_secs_f64();
        (requests + point.requests, seconds + lasted)
    });
    if seconds > 0.0 { requests as f64 / seconds } else { 0.0 }
}
