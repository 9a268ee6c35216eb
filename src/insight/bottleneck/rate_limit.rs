//! Requests that the target turns away because there are too many.

use super::rows::Row;
use super::rows::Rows;
use crate::model::Bottleneck;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;
use crate::model::Since;
use crate::model::Subject;
use crate::model::format_percent;
use crate::model::grouped;

/// Share of requests turned away that is worth a claim.
const LEAST: f64 = 0.01;

/// What the answers say of a limit.
pub(super) fn told_limit(rows: &Rows<'_>) -> Option<String> {
    let quotas = || rows.list.iter().filter_map(|row| row.request.signals.quota);
    let least = |of: &dyn Fn(crate::model::Quota) -> Option<u64>| quotas().filter_map(of).min();
    let limit = least(&|quota| quota.limit).map(|limit| format!("a limit of {}", grouped(limit)));
    let left = least(&|quota| quota.left).map(|left| format!("{} left at least", grouped(left)));
    let told: Vec<String> = limit.into_iter().chain(left).collect();
    (!told.is_empty()).then(|| format!("the answers tell of {} (RateLimit)", told.join(", ")))
}

/// Whether a request was turned away because there were too many.
pub(super) fn is_refused(row: &Row<'_>) -> bool {
    match row.request.status {
        429 => true,
        503 => row.request.signals.has_retry_after,
        _ => false,
    }
}

/// The limit, if there is one. What it explains is no time: it is the share of requests that had no
/// answer worth having.
pub(super) fn look(report: &Report, rows: &Rows<'_>) -> Option<Bottleneck> {
    let of = |status: u16| -> u64 {
        report.endpoints.iter().filter_map(|one| one.total.statuses.get(&status)).sum()
    };
    let comes_back = rows.list.iter().filter(|row| row.request.status == 503);
    let (with, all) = comes_back.fold((0, 0), |(with, all), row| {
        (with + u32::from(row.request.signals.has_retry_after), all + 1)
    });
    let unavailable = if with * 2 > all { of(503) } else { 0 };
    let refused = of(429) + unavailable;
    let whole: u64 = report.endpoints.iter().map(|one| one.total.requests).sum();
    let share = refused as f64 / whole.max(1) as f64;
    if share < LEAST {
        return None;
    }
    let is_refused = |status: u16| status == 429 || (status == 503 && unavailable > 0);
    let let_in = (whole - refused) as f64 / report.load_elapsed.as_secs_f64().max(1e-9);
    let mut numbers = vec![format!(
        "{} of {} requests ({}) were turned away; {let_in:.1}/s were let in",
        grouped(refused),
        grouped(whole),
        format_percent(share),
    )];
    let drawn = rows.list.iter().filter(|row| is_refused(row.request.status));
    if drawn.clone().any(|row| row.request.signals.has_retry_after) {
        numbers.push("the answers say when to come again (Retry-After)".to_owned());
    }
    numbers.extend(told_limit(rows));
    // Nobody is turned away in the first moment of a run.
    let first = drawn.map(|row| row.request.at).min();
    let begin = rows.list.iter().map(|row| row.request.at).min().unwrap_or_default();
    let since = first.filter(|first| first.saturating_sub(begin).as_secs_f64() > 1.0).map(|at| {
        let before = report.timeline.iter().rfind(|point| point.from <= at);
        let rate = before.map_or(0.0, |point| {
            point.requests as f64 / point.to.saturating_sub(point.from).as_secs_f64().max(1e-9)
        });
        Since { at, rate }
    });
    Some(Bottleneck {
        cause: BottleneckCause::RateLimit,
        subject: Subject::Whole,
        backend: None,
        explains_p95: share,
        explains_p99: share,
        since,
        certainty: if of(429) > 0 { Certainty::High } else { Certainty::Medium },
        numbers,
        advice:
            "Raise the limit for the load's address or key if the limit is not what is tested; \
                 else its answers count as what users would get."
                .to_owned(),
    })
}
