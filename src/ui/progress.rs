//! How far a run has come, from the report alone.

use std::fmt;
use std::time::Duration;

use crate::model::Event;
use crate::model::Phase;
use crate::model::Report;
use crate::model::Severity;
use crate::model::Stamped;
use crate::model::format_duration;

/// The part that is running, how much of it is done, and how long it will still take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Progress {
    /// The part that started last; `None` before the first.
    pub(super) phase: Option<Phase>,
    /// 0..=1; `None` where the end is not known.
    pub(super) fraction: Option<f64>,
    /// `None` where nothing is known of it yet.
    pub(super) left: Option<Left>,
}

/// How long a part will still take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Left {
    /// As load is planned.
    Planned(Duration),
    /// If what is known of goes on as fast as what is done; a crawl may yet learn of more.
    About(Duration),
}

impl fmt::Display for Left {
    /// `4.00s left`, `about 12s left`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planned(left) => write!(f, "{} left", format_duration(*left)),
            Self::About(left) if *left < WHOLE => write!(f, "about {}s left", left.as_secs()),
            Self::About(left) => write!(f, "about {} left", format_duration(*left)),
        }
    }
}

/// From here on durations are written without fractions anyway.
const WHOLE: Duration = Duration::from_secs(60);
/// Of a part that has run for less, nothing is said.
const TOO_SHORT: Duration = Duration::from_secs(1);
/// Nor of one of which less is done.
const TOO_LITTLE: f64 = 0.02;

/// When the part that is running began: a fold of its own, for a report does not say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PartClock(Duration);

impl PartClock {
    /// Takes one event.
    pub(super) fn take(&mut self, stamped: &Stamped) {
        if let Event::PhaseStarted(_) = stamped.event {
            self.0 = stamped.at;
        }
    }

    fn left(self, now: Duration, fraction: Option<f64>) -> Option<Left> {
        let spent = now.saturating_sub(self.0);
        let fraction = fraction.filter(|done| *done >= TOO_LITTLE && spent >= TOO_SHORT)?;
        Some(Left::About(spent.mul_f64((1.0 - fraction) / fraction)))
    }
}

impl Progress {
    /// The progress of the part that started last.
    pub(super) fn of(report: &Report, clock: PartClock) -> Self {
        let Some((phase, over)) = report.phases.last().copied() else {
            return Self { phase: None, fraction: None, left: None };
        };
        let (fraction, left) = match phase {
            // What was cut short has not come to its end.
            _ if over && !report.is_interrupted() => (Some(1.0), None),
            Phase::Load => load(report),
            Phase::Crawl => estimated(report, clock, crawl(report)),
            Phase::Scan => estimated(report, clock, checks(report)),
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

fn estimated(
    report: &Report,
    clock: PartClock,
    fraction: Option<f64>,
) -> (Option<f64>, Option<Left>) {
    (fraction, clock.left(report.elapsed, fraction))
}

fn load(report: &Report) -> (Option<f64>, Option<Left>) {
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
    (Some(fraction), Some(Left::Planned(planned.saturating_sub(spent))))
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
            part: None,
            zero_unix_ms: None,
            trace_link: None,
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
        let progress = Progress::of(&loading(Some(40), 10), PartClock::default());
        assert_eq!(progress.fraction, Some(0.25));
        assert_eq!(progress.left, Some(Left::Planned(Duration::from_secs(30))));
    }

    #[test]
    fn overtime_is_no_more_than_all() {
        let progress = Progress::of(&loading(Some(5), 10), PartClock::default());
        assert_eq!(progress.fraction, Some(1.0));
        assert_eq!(progress.left, Some(Left::Planned(Duration::ZERO)));
        assert_eq!(Progress::of(&loading(Some(0), 10), PartClock::default()).fraction, Some(1.0));
    }

    #[test]
    fn an_end_that_is_not_known_is_not_shown() {
        assert_eq!(Progress::of(&loading(None, 10), PartClock::default()).fraction, None);
        let scan = Report { phases: vec![(Phase::Scan, false)], ..Report::default() };
        assert_eq!(Progress::of(&scan, PartClock::default()).fraction, None);
        let progress = CrawlProgress { fetched: 3, queued: 1, ..CrawlProgress::default() };
        let crawl = Report { phases: vec![(Phase::Crawl, false)], progress, ..Report::default() };
        assert_eq!(Progress::of(&crawl, PartClock::default()).fraction, Some(0.75));
    }

    #[test]
    fn what_is_left_of_a_crawl_goes_by_what_is_known() {
        let progress = CrawlProgress { fetched: 30, queued: 10, ..CrawlProgress::default() };
        let at = |seconds| Report {
            phases: vec![(Phase::Crawl, false)],
            progress,
            elapsed: Duration::from_secs(seconds),
            ..Report::default()
        };
        let clock = PartClock(Duration::from_secs(10));
        let left = |seconds| Progress::of(&at(seconds), clock).left.map(|left| left.to_string());
        assert_eq!(left(40).as_deref(), Some("about 10s left"));
        assert_eq!(left(400).as_deref(), Some("about 2m10s left"));
        assert_eq!(left(10), None, "nothing has been seen of its pace");
    }
}
