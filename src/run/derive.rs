//! Derivers look at the running report after every event and may stop the run for a reason.

use std::time::Duration;

use super::tap::Shared;
use crate::model::Event;
use crate::model::Histogram;
use crate::model::LoadWindow;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::StopReason;
use crate::model::format_duration;
use crate::plan::Plan;
use crate::plan::StopIf;

/// Looks at each event with the report folded up to it; a reason stops the run.
pub(super) trait Deriver: Send {
    /// Why the run should stop now, if it should.
    fn look(&mut self, stamped: &Stamped, report: &Report) -> Option<StopReason>;
}

/// The derivers that a plan asks for; what the tap has to know of the load goes into `shared`.
pub(super) fn derivers(plan: &Plan, shared: &Shared) -> Vec<Box<dyn Deriver>> {
    let mut found: Vec<Box<dyn Deriver>> = Vec::new();
    if plan.watched.is_any() {
        found.push(Box::new(shared.level.clone()));
        found.push(Box::new(shared.blocked.clone()));
    }
    if let Some(stop_if) = &plan.limits.stop_if {
        found.push(Box::new(KillSwitch { stop_if: stop_if.clone(), bad_since: None }));
    }
    found
}

/// `limits.stop_if`: stops when a window has been bad for long enough without a good one between.
struct KillSwitch {
    stop_if: StopIf,
    bad_since: Option<Duration>,
}

impl Deriver for KillSwitch {
    fn look(&mut self, stamped: &Stamped, _report: &Report) -> Option<StopReason> {
        let Event::LoadWindow(window) = &stamped.event else { return None };
        let Some(complaint) = self.complaint(window) else {
            self.bad_since = None;
            return None;
        };
        let since = *self.bad_since.get_or_insert(window.from);
        let held = window.to.saturating_sub(since);
        (held >= self.stop_if.hold).then(|| {
            StopReason::Safety(format!("kill switch: {complaint} for {}", format_duration(held)))
        })
    }
}

impl KillSwitch {
    fn complaint(&self, window: &LoadWindow) -> Option<String> {
        let mut requests = 0;
        let mut failed = 0;
        let mut latency = Histogram::new(crate::model::Digits::Two);
        for series in &window.series {
            requests += series.tally.requests;
            failed += series.tally.failed;
            latency.merge(&series.tally.latency);
        }
        if requests == 0 {
            return None;
        }
        let rate = failed as f64 / requests as f64;
        if let Some(limit) = self.stop_if.error_rate
            && rate > limit
        {
            return Some(format!("error rate {rate:.2} above {limit}"));
        }
        let p95 = latency.quantile(0.95)?;
        let limit = self.stop_if.p95.filter(|limit| p95 > *limit)?;
        Some(format!("p95 {} above {}", format_duration(p95), format_duration(limit)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::bed;
    use super::*;
    use crate::model::Digits;
    use crate::model::Tally;

    fn window(second: u64, requests: u64, failed: u64, latency_ms: u64) -> Stamped {
        let mut tally = Tally::new(Digits::Two);
        (tally.requests, tally.failed) = (requests, failed);
        for _ in 0..requests {
            tally.latency.record(Duration::from_millis(latency_ms));
        }
        let event = Event::LoadWindow(bed::window(second, tally));
        Stamped { seq: second, at: Duration::from_secs(second + 1), event }
    }

    fn kill_switch() -> KillSwitch {
        KillSwitch {
            stop_if: StopIf {
                error_rate: Some(0.5),
                p95: Some(Duration::from_secs(1)),
                hold: Duration::from_secs(3),
            },
            bad_since: None,
        }
    }

    #[test]
    fn a_bad_spell_must_hold_before_the_run_stops() {
        let mut switch = kill_switch();
        let report = Report::default();
        assert_eq!(switch.look(&window(0, 10, 9, 1), &report), None);
        assert_eq!(switch.look(&window(1, 10, 9, 1), &report), None);
        assert_eq!(switch.look(&window(2, 10, 0, 1), &report), None, "a good window starts anew");
        assert_eq!(switch.look(&window(3, 10, 9, 1), &report), None);
        assert_eq!(switch.look(&window(4, 10, 9, 1), &report), None);
        assert!(matches!(switch.look(&window(5, 10, 9, 1), &report), Some(StopReason::Safety(_))));
    }

    #[test]
    fn slowness_counts_too_and_an_empty_window_decides_nothing() {
        let mut switch = kill_switch();
        let report = Report::default();
        assert_eq!(switch.look(&window(0, 0, 0, 0), &report), None);
        for second in 1..3 {
            assert_eq!(switch.look(&window(second, 10, 0, 2000), &report), None);
        }
        assert!(switch.look(&window(3, 10, 0, 2000), &report).is_some());
    }
}
