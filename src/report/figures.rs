//! Figures that several renderers show: derived from a report, and how they are written.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::CheckCount;
use crate::model::Cost;
use crate::model::Digits;
use crate::model::EndpointReport;
use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::Exemplar;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::GOOD_HIT_RATIO;
use crate::model::Headline;
use crate::model::Histogram;
use crate::model::MessageTally;
use crate::model::MetricName;
use crate::model::MetricSelector;
use crate::model::Phase;
use crate::model::PhaseKind;
use crate::model::Report;
use crate::model::Severity;
use crate::model::Tally;
use crate::model::TemplateRun;
use crate::model::Used;
use crate::model::cacheable_share;
use crate::model::format_rate;
use crate::model::grouped;
use crate::model::inert;
use crate::model::nodes_by_status;
use crate::model::plural;

pub(super) use crate::model::format_number as number;
pub(super) use crate::model::format_percent as percent;

/// The columns of a latency table.
pub(super) const COLUMNS: [&str; 9] =
    ["avg", "min", "med", "p90", "p95", "p99", "p99.9", "p99.99", "max"];

/// A trend's values for [`COLUMNS`]; `None` when it is empty.
pub(super) fn columns(trend: &Histogram) -> Option<[Duration; 9]> {
    let at = |q| trend.quantile(q);
    Some([
        trend.mean()?,
        trend.min()?,
        at(0.5)?,
        at(0.9)?,
        at(0.95)?,
        at(0.99)?,
        at(0.999)?,
        at(0.9999)?,
        trend.max()?,
    ])
}

/// The two latencies as a report shows them, the headline first: in a closed model, where nothing
/// is due at a time, duration alone.
pub(super) fn latencies<'a>(
    report: &Report,
    total: &'a Tally,
) -> impl Iterator<Item = (&'static str, &'a Histogram)> {
    let first = report.headline();
    let second = match first {
        Headline::Latency => Some(Headline::Duration),
        Headline::Duration => report.is_open_model().then_some(Headline::Latency),
    };
    std::iter::once(first).chain(second).map(move |which| (which.as_str(), which.of(total)))
}

/// Groups of steps: scenario, whole name, and how long each pass took.
pub(super) fn groups(report: &Report) -> impl Iterator<Item = (&str, &str, &Histogram)> {
    let measured = report.scenarios.iter().filter(|(meta, _)| !meta.warmup);
    measured.flat_map(|(meta, tally)| {
        let groups = tally.groups.iter();
        groups.map(|(name, durations)| (meta.name.as_str(), name.as_str(), durations))
    })
}

/// Endpoints whose exchanges carry messages, with what they carried.
pub(super) fn message_endpoints(
    report: &Report,
) -> impl Iterator<Item = (&EndpointReport, &MessageTally)> {
    report
        .endpoints
        .iter()
        .filter_map(|endpoint| Some((endpoint, endpoint.total.messages.as_deref()?)))
}

/// Checks of all endpoints together, those that failed most often first.
pub(super) fn checks(total: &Tally) -> Vec<&CheckCount> {
    let mut checks: Vec<_> = total.checks.iter().collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.fails));
    checks
}

/// Whether load was part of the run.
pub(super) fn has_load(report: &Report) -> bool {
    !report.endpoints.is_empty()
}

/// Whether crawling or checking was part of the run.
pub(super) fn has_scan(report: &Report) -> bool {
    report.scan_requests.0 > 0
        || !report.findings.is_empty()
        || !report.rules.is_empty()
        || report.phases.iter().any(|(phase, _)| matches!(phase, Phase::Crawl | Phase::Scan))
}

/// What passed through one backend, or whatever else an observed header tells apart.
pub(super) struct Backend {
    pub(super) header: String,
    pub(super) value: String,
    pub(super) count: u64,
    /// Of all responses that carried the header, 0–1.
    pub(super) share: f64,
    pub(super) duration: Histogram,
    /// How many times the fastest value's median or p95 this one's is, whichever is more: where
    /// endpoints are mixed, a slow endpoint fills the tail of all backends alike.
    pub(super) slowdown: f64,
}

/// Observed header values over all endpoints, by header and value.
pub(super) fn backends(report: &Report) -> Vec<Backend> {
    let mut seen: BTreeMap<(&str, &str), (u64, Histogram)> = BTreeMap::new();
    for observed in report.endpoints.iter().flat_map(|endpoint| &endpoint.total.observed) {
        let (count, duration) = seen
            .entry((&observed.header, &observed.value))
            .or_insert_with(|| (0, Histogram::new(Digits::Two)));
        *count += observed.count;
        duration.merge(&observed.duration);
    }
    let seconds = |trend: &Histogram| {
        [0.5, 0.95].map(|q| trend.quantile(q).unwrap_or_default().as_secs_f64())
    };
    let mut totals: BTreeMap<&str, (u64, [f64; 2])> = BTreeMap::new();
    for ((header, _), (count, duration)) in &seen {
        let (sum, fastest) = totals.entry(header).or_insert((0, [f64::INFINITY; 2]));
        *sum += count;
        if !duration.is_empty() {
            let own = seconds(duration);
            *fastest = [fastest[0].min(own[0]), fastest[1].min(own[1])];
        }
    }
    seen.into_iter()
        .map(|((header, value), (count, duration))| {
            let (sum, fastest) = totals[header];
            let own = seconds(&duration);
            let times = |at: usize| if fastest[at] > 0.0 { own[at] / fastest[at] } else { 1.0 };
            Backend {
                header: header.to_owned(),
                value: value.to_owned(),
                count,
                share: share(count, sum),
                slowdown: times(0).max(times(1)),
                duration,
            }
        })
        .collect()
}

/// The slowest requests that had a response, slowest first.
pub(super) fn slowest(report: &Report, count: usize) -> Vec<(&EndpointReport, &Exemplar)> {
    let mut all: Vec<_> = report
        .endpoints
        .iter()
        .flat_map(|endpoint| endpoint.total.exemplars.iter().map(move |e| (endpoint, e)))
        .filter(|(_, exemplar)| exemplar.failure.is_none())
        .collect();
    all.sort_by_key(|(_, exemplar)| std::cmp::Reverse(exemplar.latency));
    all.truncate(count);
    all
}

/// Requests whose traces are known: the first that failed, and then the slowest of the others.
pub(super) fn traced(report: &Report, count: usize) -> Vec<(&EndpointReport, &Exemplar)> {
    let all = report.endpoints.iter().flat_map(|endpoint| {
        let exemplars = endpoint.total.exemplars.iter();
        exemplars.filter(|it| it.trace_id.is_some()).map(move |exemplar| (endpoint, exemplar))
    });
    let (mut failed, mut others): (Vec<_>, Vec<_>) = all.partition(|(_, it)| it.failed);
    failed.sort_by_key(|(_, exemplar)| exemplar.at);
    others.sort_by_key(|(_, exemplar)| std::cmp::Reverse(exemplar.latency));
    failed.truncate(count);
    others.truncate(count);
    failed.append(&mut others);
    failed
}

/// What came of a request, in a word.
pub(super) fn outcome(exemplar: &Exemplar) -> String {
    match (&exemplar.failure, exemplar.status) {
        (Some((class, _)), _) => class.to_string(),
        (None, Some(status)) => status.to_string(),
        (None, None) => "-".to_owned(),
    }
}

/// The phase that took most of a request, and its time.
pub(super) fn longest_phase(exemplar: &Exemplar) -> (PhaseKind, Duration) {
    PhaseKind::ALL
        .into_iter()
        .zip(exemplar.phases)
        .max_by_key(|(_, time)| *time)
        .expect("there are seven phases")
}

/// How many findings there are of each severity, gravest first, accepted ones left out.
pub(super) fn by_severity(report: &Report) -> Vec<(Severity, usize)> {
    Severity::ALL
        .into_iter()
        .rev()
        .map(|severity| {
            let same = |finding: &&Finding| {
                finding.severity == severity && finding.status != FindingStatus::Accepted
            };
            (severity, report.findings.iter().filter(same).count())
        })
        .collect()
}

/// How many findings somebody accepted.
pub(super) fn accepted(report: &Report) -> usize {
    report.findings.iter().filter(|f| f.status == FindingStatus::Accepted).count()
}

/// Operations reached and known.
pub(super) fn reached(report: &Report) -> (u64, u64) {
    let operations = &report.coverage.operations;
    (operations.iter().filter(|op| op.reached).count() as u64, operations.len() as u64)
}

/// Nodes of the site model by what they answered: `2xx 12`.
pub(super) fn answers(report: &Report) -> Vec<String> {
    let phrase = |(class, count)| format!("{class} {}", grouped(count));
    nodes_by_status(&report.site).into_iter().map(phrase).collect()
}

/// What became of templates; nothing where there were none.
pub(super) fn templates(report: &Report) -> Vec<String> {
    let figures = report.templates.as_ref().map(TemplateRun::figures).unwrap_or_default();
    figures.iter().map(|text| inert(text, 300)).collect()
}

/// Template files that are wrong: where, why.
pub(super) fn wrong_templates(report: &Report) -> Vec<String> {
    let mistakes = report.templates.iter().flat_map(TemplateRun::mistakes);
    mistakes.map(|one| inert(&one.to_string(), 300)).collect()
}

/// Findings that a failed gate counted.
pub(super) fn gating<'a>(report: &'a Report) -> Vec<&'a Finding> {
    let failed: Vec<&MetricSelector> = report
        .thresholds
        .iter()
        .filter(|result| !result.pass)
        .filter_map(|result| result.criterion.as_ref().map(|criterion| &criterion.selector))
        .filter(|selector| selector.metric == MetricName::Findings)
        .collect();
    let counted: BTreeSet<*const Finding> = failed
        .iter()
        .flat_map(|selector| report.gated_findings(&selector.tags))
        .map(std::ptr::from_ref)
        .collect();
    let is_counted = |finding: &&'a Finding| counted.contains(&std::ptr::from_ref(*finding));
    report.findings.iter().filter(is_counted).collect()
}

/// What the target costs an hour, and a million requests at the measured rate.
pub(super) fn cost(report: &Report) -> Option<String> {
    let (cost, per_million) = report.cost()?;
    let instances = plural(u64::from(cost.instances), "instance", "instances");
    let hour = (cost.price_per_hour > 0.0)
        .then(|| format!("{}/h for {instances}", cost.amount(cost.per_hour())));
    let million = per_million.map(|amount| format!("{} per million requests", cost.amount(amount)));
    let total = report.total();
    let used = Used::of(&total, report.load_elapsed.as_secs_f64());
    let saved = used.and_then(|used| saved_by_cache(cost, &used, &total));
    let parts: Vec<String> = hour.into_iter().chain(million).chain(saved).collect();
    (!parts.is_empty()).then(|| inert(&parts.join(", "), 240))
}

/// What a cache that works well would save of a million requests.
pub(super) fn saved_by_cache(cost: &Cost, used: &Used, total: &Tally) -> Option<String> {
    let saved = cost.saved_by_cache(used, GOOD_HIT_RATIO)?;
    let hits = used.hit_ratio.map_or("none seen".to_owned(), percent);
    let may = cacheable_share(total)
        .map(|share| format!("; {} of the answers may be kept by a shared cache", percent(share)));
    Some(format!(
        "{} less with {} cache hits ({hits} now{}; extrapolated)",
        cost.amount(saved),
        percent(GOOD_HIT_RATIO),
        may.unwrap_or_default()
    ))
}

/// The exchange that shows a finding best: the attack, else the last one with a response.
pub(super) fn evidence_to_show(finding: &Finding) -> Option<&Evidence> {
    let attack = finding.evidence.iter().find(|evidence| evidence.role == EvidenceRole::Attack);
    attack
        .or_else(|| finding.evidence.iter().rev().find(|evidence| evidence.response.is_some()))
        .or(finding.evidence.first())
}

/// When the run began, RFC 3339 in UTC.
pub(super) fn started(report: &Report) -> Option<String> {
    moment(report.run.as_ref()?.started_unix)
}

/// Seconds since 1970 as a timestamp, `2026-01-31T12:00:00Z`.
pub(super) fn moment(unix: u64) -> Option<String> {
    let seconds = i64::try_from(unix).ok()?;
    jiff::Timestamp::from_second(seconds).ok().map(|timestamp| timestamp.to_string())
}

/// `part` of `whole`, 0–1; 0 of nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// `187.7/s`; `-` when no time passed.
pub(super) fn per_second(count: u64, elapsed: Duration) -> String {
    format_rate(count, elapsed).unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_has_no_rate() {
        assert_eq!(per_second(10, Duration::ZERO), "-");
    }
}
