//! How far a run has come, from the report alone.

use std::time::Duration;

use crate::model::Phase;
use crate::model::Report;
use crate::model::Severity;

/// The part that is running, how much of it is done, and how long it will still take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Progress {
    /// The part that started last; `None` before the first.
    pub(super) phase: Option<Phase>,
    /// 0..=1; `None` where the end is not known.
    pub(super) fraction: Option<f64>,
    /// Only load has a planned end; a scan's cannot be told without inventing it.
    pub(super) left: Option<Duration>,
}

impl Progress {
    /// The progress of the part that started last.
    pub(super) fn of(report: &Report) -> Self {
        let Some((phase, over)) = report.phases.last().copied() else {
            return Self { phase: None, fraction: None, left: None };
        };
        let (fraction, left) = match phase {
            // What was cut short has not come to its end.
            _ if over && !report.is_interrupted() => (Some(1.0), None),
            Phase::Load => load(report),
            Phase::Crawl => (crawl(report), None),
            Phase::Scan => (checks(report), None),
        };
        let left = left.filter(|_| !over);
        Self { phase: Some(phase), fraction, left }
    }
}

/// Time covered by load's intervals, warm-up included, as the plan counts it.
pub(super) fn load_time(report: &Report) -> Duration {
    match (report.timeline.first(), report.timeline.last()) {
        (Some(first), Some(last)) => last.to.saturating_sub(first.from),
        _ => Duration::ZERO,
    }
}

/// Findings by severity, gravest first.
pub(super) fn findings_by_severity(report: &Report) -> [(Severity, usize); 5] {
    let mut counts = Severity::ALL.map(|severity| {
        (severity, report.findings.iter().filter(|finding| finding.severity == severity).count())
    });
    counts.reverse();
    counts
}

fn load(report: &Report) -> (Option<f64>, Option<Duration>) {
    let Some(planned) = report.run.as_ref().and_then(|run| run.planned) else {
        return (None, None);
    };
    // The load's own time stands still during a pause.
    let until = report.timeline.last().map_or(Duration::ZERO, |point| point.to);
    let spent = load_time(report).saturating_sub(report.paused(until).0);
    let fraction = if planned.is_zero() {
        1.0
    } else {
        (spent.as_secs_f64() / planned.as_secs_f64()).min(1.0)
    };
    (Some(fraction), Some(planned.saturating_sub(spent)))
}

fn crawl(report: &Report) -> Option<f64> {
    share(report.progress.fetched, report.progress.fetched.saturating_add(report.progress.queued))
}

fn checks(report: &Report) -> Option<f64> {
    share(report.progress.points_done, report.progress.points)
}

fn share(done: u64, known: u64) -> Option<f64> {
    (known > 0).then(|| (done as f64 / known as f64).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CrawlProgress;
    use crate::model::Headline;
    use crate::model::RunInfo;
    use crate::model::TimelinePoint;

    fn loading(planned: Option<u64>, seconds: u64) -> Report {
        let run = RunInfo {
            version: String::new(),
            command: "load".to_owned(),
            target: "http://127.0.0.1/".to_owned(),
            started_unix: 0,
            seed: 0,
            plan_hash: String::new(),
            host: String::new(),
            authorised_by: None,
            planned: planned.map(Duration::from_secs),
            headline: Headline::default(),
            cost: None,
        };
        let point = TimelinePoint {
            from: Duration::from_secs(3),
            to: Duration::from_secs(3 + seconds),
            ..TimelinePoint::default()
        };
        Report {
            run: Some(run),
            phases: vec![(Phase::Load, false)],
            timeline: vec![point],
            ..Report::default()
        }
    }

    #[test]
    fn load_counts_from_its_first_interval() {
        let progress = Progress::of(&loading(Some(40), 10));
        assert_eq!(progress.fraction, Some(0.25));
        assert_eq!(progress.left, Some(Duration::from_secs(30)));
    }

    #[test]
    fn overtime_is_no_more_than_all() {
        let progress = Progress::of(&loading(Some(5), 10));
        assert_eq!(progress.fraction, Some(1.0));
        assert_eq!(progress.left, Some(Duration::ZERO));
        assert_eq!(Progress::of(&loading(Some(0), 10)).fraction, Some(1.0));
    }

    #[test]
    fn an_end_that_is_not_known_is_not_shown() {
        assert_eq!(Progress::of(&loading(None, 10)).fraction, None);
        let scan = Report { phases: vec![(Phase::Scan, false)], ..Report::default() };
        assert_eq!(Progress::of(&scan).fraction, None);
        let progress = CrawlProgress { fetched: 3, queued: 1, ..CrawlProgress::default() };
        let crawl = Report { phases: vec![(Phase::Crawl, false)], progress, ..Report::default() };
        assert_eq!(Progress::of(&crawl).fraction, Some(0.75));
    }
}
