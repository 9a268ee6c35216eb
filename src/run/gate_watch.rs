//! What gates have to see while the run goes on: windows of load, and failures that end it.
//!
//! A window slides: it is looked at after every second of load, and reaches back as far as the plan
//! says. Windows that tumble would miss a bad spell that lies across two of them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::insight::chance_of_change;
use crate::model::Event;
use crate::model::MetricData;
use crate::model::MetricName;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::StopReason;
use crate::model::Threshold;
use crate::model::ThresholdResult;

/// Parts that a window is made of at most: what a gate keeps is bounded, however long its window.
/// One of two minutes slides by the second, one of an hour by half a minute.
const PARTS: u32 = 120;

/// Load's own interval; it may end a little early or late.
const SECOND: Duration = Duration::from_secs(1);

/// Every gate of a run.
pub(super) struct GateWatch {
    gates: Vec<Watched>,
    /// A report in which load is declared and nothing was measured.
    declared: Report,
}

/// A gate and what was seen of it.
#[derive(Debug)]
pub(super) struct Watched {
    /// The gate.
    pub(super) threshold: Threshold,
    /// What was measured when it stopped the run.
    pub(super) aborted_at: Option<f64>,
    /// What came of it elsewhere, where it cannot be judged here.
    pub(super) judged: Option<ThresholdResult>,
    sliding: Option<Sliding>,
}

/// A window that moves over load.
#[derive(Debug)]
struct Sliding {
    length: Duration,
    /// Oldest first; together hardly longer than the window.
    parts: VecDeque<Part>,
    /// The latest window that was long enough, and what was measured in it.
    latest: Option<f64>,
    /// Beginning of the worst window, and what was measured in it.
    worst: Option<(Duration, f64)>,
}

#[derive(Debug)]
struct Part {
    from: Duration,
    to: Duration,
    data: MetricData,
}

impl GateWatch {
    pub(super) fn new(thresholds: &[Threshold]) -> Self {
        let gates = thresholds.iter().cloned().map(Watched::new).collect();
        Self { gates, declared: Report::default() }
    }

    /// Notices what windows are made of.
    pub(super) fn take(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::LoadDeclared { .. } => self.declared.apply(stamped),
            Event::LoadWindow(window) if !window.warmup => {
                if self.gates.iter().all(|gate| gate.sliding.is_none()) {
                    return;
                }
                let mut part = self.declared.clone();
                part.apply(stamped);
                for gate in &mut self.gates {
                    gate.add(&part, window.from, window.to);
                }
            }
            _ => {}
        }
    }

    /// Why the run should stop now, if it should: a gate with `abortOnFail` whose delay is over.
    pub(super) fn look(&mut self, stamped: &Stamped, report: &Report) -> Option<StopReason> {
        if !matches!(stamped.event, Event::LoadWindow(_) | Event::Finding(_) | Event::ScanWindow(_))
        {
            return None;
        }
        let due = self.gates.iter_mut().filter(|gate| {
            gate.threshold.abort_on_fail && stamped.at >= gate.threshold.delay_abort_eval
        });
        due.into_iter().find_map(|gate| gate.abort(report))
    }

    /// The gates with all that was seen of them.
    pub(super) fn finish(&self) -> &[Watched] {
        &self.gates
    }
}

impl Watched {
    pub(super) fn new(threshold: Threshold) -> Self {
        let sliding = threshold.criterion.window.map(Sliding::new);
        Self { threshold, aborted_at: None, judged: None, sliding }
    }

    /// What came of it, at the end.
    pub(super) fn result(&self, report: &Report, baseline: Option<&Report>) -> ThresholdResult {
        if let Some(judged) = &self.judged {
            return judged.clone();
        }
        let criterion = &self.threshold.criterion;
        let (value, worst_from) = match &self.sliding {
            // Without load nothing was judged.
            None if criterion.selector.metric == MetricName::Validity
                && report.validity.is_none() =>
            {
                (None, None)
            }
            None => (criterion.condition.aggregate.of(&report.metric(&criterion.selector)), None),
            Some(sliding) => {
                (sliding.worst.map(|(_, value)| value), sliding.worst.map(|(from, _)| from))
            }
        };
        let selector = &criterion.selector;
        let earlier = baseline.filter(|_| criterion.condition.limit.is_change());
        let baseline = baseline
            .filter(|_| criterion.condition.limit.is_change())
            .filter(|baseline| baseline.measures(selector))
            .and_then(|baseline| criterion.condition.aggregate.of(&baseline.metric(selector)));
        let holds = value.is_some_and(|value| criterion.condition.holds(value, baseline));
        // A change that chance makes as often is no regression; one that cannot be told from it, for want
        // of measurements by time, is judged as it stands.
        let chance = earlier
            .filter(|_| value.is_some() && baseline.is_some())
            .and_then(|earlier| chance_of_change(earlier, report, selector, &criterion.condition));
        // A gate that asks for an improvement does not hold by chance.
        let tolerates_none =
            baseline.is_some_and(|value| criterion.condition.holds(value, Some(value)));
        let may_be_chance = chance.is_some_and(ThresholdResult::may_be_chance);
        let holds = holds || (tolerates_none && may_be_chance);
        ThresholdResult {
            value,
            baseline,
            chance,
            worst_from,
            aborted_at: self.aborted_at,
            pass: holds && self.aborted_at.is_none(),
            ..ThresholdResult::new(criterion.clone())
        }
    }

    fn add(&mut self, part: &Report, from: Duration, to: Duration) {
        let criterion = &self.threshold.criterion;
        let Some(sliding) = &mut self.sliding else { return };
        sliding.add(Part { from, to, data: part.metric(&criterion.selector) });
        let Some((from, data)) = sliding.whole() else { return };
        sliding.latest = criterion.condition.aggregate.of(&data);
        let Some(value) = sliding.latest else { return };
        if sliding.worst.is_none_or(|(_, worst)| criterion.condition.is_worse(value, worst)) {
            sliding.worst = Some((from, value));
        }
    }

    fn abort(&mut self, report: &Report) -> Option<StopReason> {
        let criterion = &self.threshold.criterion;
        let value = match &self.sliding {
            Some(sliding) => sliding.latest?,
            None => criterion.condition.aggregate.of(&report.metric(&criterion.selector))?,
        };
        if criterion.condition.holds(value, None) {
            return None;
        }
        self.aborted_at = Some(value);
        Some(StopReason::Threshold(format!("{criterion} failed at {value:.3} (abortOnFail)")))
    }
}

impl Sliding {
    fn new(length: Duration) -> Self {
        Self { length, parts: VecDeque::new(), latest: None, worst: None }
    }

    /// Adds what was measured last, and lets go of what no window will reach back to.
    fn add(&mut self, part: Part) {
        let least = self.length / PARTS;
        match self.parts.back_mut() {
            Some(last) if last.to.saturating_sub(last.from) + SECOND / 2 < least => {
                last.to = part.to;
                last.data.merge(&part.data);
            }
            _ => self.parts.push_back(part),
        }
        while self.parts.len() > 1 && self.is_long_enough(1) {
            self.parts.pop_front();
        }
    }

    /// Whether the parts from `skipped` on make a whole window. An interval may be some milliseconds
    /// short; that is no reason to take one more.
    fn is_long_enough(&self, skipped: usize) -> bool {
        let (first, last) = (self.parts.get(skipped), self.parts.back());
        first.zip(last).is_some_and(|(first, last)| {
            last.to.saturating_sub(first.from) + SECOND / 2 >= self.length
        })
    }

    /// The window that ends now, once load has gone on for as long: where it begins, and its data.
    fn whole(&self) -> Option<(Duration, MetricData)> {
        if !self.is_long_enough(0) {
            return None;
        }
        let mut parts = self.parts.iter();
        let first = parts.next()?;
        let mut data = first.data.clone();
        parts.for_each(|part| data.merge(&part.data));
        Some((first.from, data))
    }
}

#[cfg(test)]
mod tests {
    use super::super::bed;
    use super::*;
    use crate::model::Digits;
    use crate::model::LoadWindow;
    use crate::model::Tally;

    fn threshold(selector: &str, condition: &str, window: Option<u64>) -> Threshold {
        let mut threshold = Threshold::parse(selector, condition).expect("valid");
        threshold.criterion.window = window.map(Duration::from_secs);
        threshold
    }

    fn declared() -> Stamped {
        let meta = bed::home();
        let event = Event::LoadDeclared { scenarios: Vec::new(), series: vec![meta] };
        Stamped { seq: 0, at: Duration::ZERO, event }
    }

    /// A second of load with requests of that latency.
    fn second(second: u64, requests: u64, latency_ms: u64, warmup: bool) -> Stamped {
        let mut tally = Tally::new(Digits::Two);
        tally.requests = requests;
        for _ in 0..requests {
            tally.latency.record(Duration::from_millis(latency_ms));
        }
        let event = Event::LoadWindow(LoadWindow { warmup, ..bed::window(second, tally) });
        Stamped { seq: second + 1, at: Duration::from_secs(second + 1), event }
    }

    /// What came of a gate over seconds of load with (requests, latency) each.
    fn result(threshold: Threshold, seconds: &[(u64, u64)]) -> ThresholdResult {
        let mut watch = GateWatch::new(&[threshold]);
        let mut report = Report::default();
        let seconds = (0..).zip(seconds).map(|(at, (n, ms))| second(at, *n, *ms, false));
        for stamped in std::iter::once(declared()).chain(seconds) {
            report.apply(&stamped);
            watch.take(&stamped);
            assert_eq!(watch.look(&stamped, &report), None);
        }
        watch.finish()[0].result(&report, None)
    }

    #[test]
    fn a_spell_that_the_whole_run_hides_fails_its_window() {
        let mut seconds = vec![(100, 10); 60];
        seconds[30..33].fill((3, 900));
        let whole = result(threshold("http_req_latency", "p(95)<500", None), &seconds);
        assert!(whole.pass);
        let in_two = result(threshold("http_req_latency", "p(95)<500", Some(2)), &seconds);
        assert!(!in_two.pass);
        assert_eq!(in_two.worst_from, Some(Duration::from_secs(30)));
        assert!((in_two.value.expect("measured") - 900.0).abs() < 9.0);
    }

    #[test]
    fn a_window_reaches_across_the_borders_that_tumbling_ones_would_have() {
        let mut seconds = vec![(10, 1); 40];
        // Never more than 55 in 0–10, 10–20, …; 100 in 15–25.
        seconds[15..25].fill((1, 1));
        let rate = result(threshold("http_reqs", "count>=50", Some(10)), &seconds);
        assert!(!rate.pass);
        assert_eq!((rate.value, rate.worst_from), (Some(10.0), Some(Duration::from_secs(15))));
    }

    #[test]
    fn per_second_is_of_the_window() {
        let mut seconds = vec![(10, 1); 20];
        seconds[7..9].fill((4, 1));
        let rate = result(threshold("http_reqs", "rate>=5", Some(2)), &seconds);
        assert_eq!(rate.value, Some(4.0));
        assert!(!rate.pass);
    }

    #[test]
    fn what_is_shorter_than_the_window_proves_nothing() {
        let short = result(threshold("http_req_latency", "p(95)<500", Some(30)), &[(10, 1); 20]);
        assert_eq!((short.pass, short.value), (false, None));
    }

    #[test]
    fn seconds_without_requests_decide_nothing_about_latency() {
        let seconds = [(10, 1), (10, 1), (0, 0), (0, 0), (0, 0), (10, 1)];
        let latency = result(threshold("http_req_latency", "p(95)<500", Some(2)), &seconds);
        assert!(latency.pass);
        let count = result(threshold("http_reqs", "count>0", Some(2)), &seconds);
        assert_eq!((count.pass, count.worst_from), (false, Some(Duration::from_secs(2))));
    }

    #[test]
    fn a_long_window_keeps_few_parts_and_all_of_them() {
        let mut sliding = Sliding::new(Duration::from_secs(3600));
        for at in 0..10_000 {
            let data = MetricData::Counter { count: 1, elapsed: SECOND };
            let (from, to) = (Duration::from_secs(at), Duration::from_secs(at + 1));
            sliding.add(Part { from, to, data });
            assert!(sliding.parts.len() <= 122);
            match sliding.whole() {
                None => assert!(at < 3600),
                Some((_, MetricData::Counter { count, elapsed })) => {
                    assert_eq!(Duration::from_secs(count), elapsed);
                    assert!((3600..3600 + 31).contains(&count), "{count}");
                }
                Some(other) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_warm_up_is_in_no_window() {
        let mut watch = GateWatch::new(&[threshold("http_reqs", "count>=1", Some(2))]);
        watch.take(&declared());
        (0..5).for_each(|at| watch.take(&second(at, 1, 1, true)));
        assert_eq!(watch.finish()[0].result(&Report::default(), None).value, None);
    }

    #[test]
    fn abort_on_fail_waits_for_its_delay() {
        let mut threshold = threshold("http_reqs", "count>5", None);
        threshold.abort_on_fail = true;
        threshold.delay_abort_eval = Duration::from_secs(5);
        let mut watch = GateWatch::new(&[threshold]);
        let report = Report::default();
        assert_eq!(watch.look(&second(1, 1, 1, false), &report), None);
        let stop = watch.look(&second(7, 1, 1, false), &report);
        assert!(matches!(stop, Some(StopReason::Threshold(_))));
        assert!(!watch.finish()[0].result(&report, None).pass);
    }

    #[test]
    fn a_window_that_fails_stops_the_run_when_it_is_whole_and_the_delay_is_over() {
        let stops_at = |delay| {
            let mut threshold = threshold("http_req_latency", "p(95)<500", Some(3));
            threshold.abort_on_fail = true;
            threshold.delay_abort_eval = Duration::from_secs(delay);
            let mut watch = GateWatch::new(&[threshold]);
            watch.take(&declared());
            (0..20).find(|at| {
                let latency = if (5..10).contains(at) { 900 } else { 1 };
                let stamped = second(*at, 10, latency, false);
                watch.take(&stamped);
                watch.look(&stamped, &Report::default()).is_some()
            })
        };
        assert_eq!(stops_at(0), Some(5));
        assert_eq!(stops_at(9), Some(8));
        assert_eq!(stops_at(15), None, "what failed before the delay fails the run, at its end");
    }
}
