//! Counters of one shard, by the plan's indices: nothing is kept per request.

use std::time::Duration;

use super::observe::ObservedTable;
use super::user::Moments;
use crate::http::reactor::Nanos;
use crate::model::Digits;
use crate::model::Exemplar;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Histogram;
use crate::model::PhaseKind;
use crate::model::ScenarioTally;
use crate::model::Tally;

/// Slowest requests, and first errors, kept per series and interval; and the first of each class.
const EXEMPLARS: usize = 5;

/// How an exchange ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending<'a> {
    pub(super) moments: &'a Moments,
    pub(super) end: Nanos,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// Intended starts come from a schedule, so that waiting for a user is a phase.
    pub(super) is_open: bool,
}

impl Ending<'_> {
    fn latency(&self) -> Nanos {
        self.end.saturating_sub(self.moments.intended)
    }

    fn exemplar(&self, status: Option<u16>, failure: Option<(FailureClass, String)>) -> Exemplar {
        Exemplar {
            at: Duration::from_nanos(self.moments.intended),
            latency: Duration::from_nanos(self.latency()),
            phases: self.moments.phases(self.end).map(Duration::from_nanos),
            status,
            failure,
            trace_id: None,
        }
    }
}

/// One series: the running interval, and what only totals need.
#[derive(Debug)]
pub(super) struct SeriesCounts {
    window: Tally,
    /// Responses by status; a target sends few different ones, so a scan beats a tree.
    statuses: Vec<(u16, u64)>,
    failures: [u64; FailureClass::ALL.len()],
    /// The least latency among the slowest kept, once there are enough.
    slow_from: Nanos,
    errors: usize,
    pub(super) observed: ObservedTable,
    /// Three digits over the whole run; `None` in a warm-up.
    totals: Option<(Histogram, Histogram)>,
    /// Exchanges begun: what the tap's sampling goes by.
    pub(super) begun: u64,
}

impl SeriesCounts {
    pub(super) fn new(warmup: bool) -> Self {
        let totals = (Histogram::new(Digits::Three), Histogram::new(Digits::Three));
        Self {
            window: Tally::new(Digits::Two),
            statuses: Vec::new(),
            failures: [0; FailureClass::ALL.len()],
            slow_from: 0,
            errors: 0,
            observed: ObservedTable::default(),
            totals: (!warmup).then_some(totals),
            begun: 0,
        }
    }

    pub(super) fn connection_opened(&mut self) {
        self.window.connections += 1;
    }

    pub(super) fn session_resumed(&mut self) {
        self.window.tls_resumed += 1;
    }

    /// A response came, whatever its status.
    pub(super) fn response(&mut self, ending: &Ending<'_>, status: u16, succeeded: bool) {
        self.add(ending);
        self.window.failed += u64::from(!succeeded);
        match self.statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => self.statuses.push((status, 1)),
        }
        self.add_durations(ending);
        if ending.latency() > self.slow_from {
            self.keep_slow(ending.exemplar(Some(status), None));
        }
    }

    /// No response came. A timeout counts in the distributions too, as the lower bound it is:
    /// left out, a stall longer than the timeout would make the percentiles better.
    pub(super) fn failure(&mut self, ending: &Ending<'_>, failure: &Failure) {
        self.add(ending);
        self.window.failed += 1;
        self.failures[failure.class as usize] += 1;
        if failure.class.is_timeout() {
            self.add_durations(ending);
        }
        let is_first = self.failures[failure.class as usize] == 1;
        if self.errors < EXEMPLARS || is_first {
            self.errors += 1;
            let failure = (failure.class, failure.detail.clone());
            self.window.exemplars.push(ending.exemplar(None, Some(failure)));
        }
    }

    /// What was counted since the last call; `None` if that is nothing. Memory is kept, so that
    /// recording allocates once per run, not once per interval.
    pub(super) fn take_window(&mut self) -> Option<Tally> {
        if self.window.requests == 0 && self.window.connections == 0 {
            return None;
        }
        let mut taken = self.window.clone();
        taken.statuses = self.statuses.iter().copied().filter(|(_, count)| *count > 0).collect();
        taken.failures = FailureClass::ALL
            .into_iter()
            .zip(self.failures)
            .filter(|(_, count)| *count > 0)
            .collect();
        taken.observed = self.observed.take();
        self.clear_window();
        Some(taken)
    }

    /// Latency and duration over the whole run.
    pub(super) fn into_totals(self) -> Option<(Histogram, Histogram)> {
        self.totals
    }

    fn clear_window(&mut self) {
        let window = &mut self.window;
        (window.requests, window.failed) = (0, 0);
        (window.connections, window.tls_resumed) = (0, 0);
        (window.bytes_sent, window.bytes_received) = (0, 0);
        window.latency.clear();
        window.duration.clear();
        window.phases.iter_mut().for_each(Histogram::clear);
        window.exemplars.clear();
        self.statuses.iter_mut().for_each(|(_, count)| *count = 0);
        self.failures = [0; FailureClass::ALL.len()];
        (self.slow_from, self.errors) = (0, 0);
    }

    fn add(&mut self, ending: &Ending<'_>) {
        self.window.requests += 1;
        self.window.bytes_sent += ending.sent;
        self.window.bytes_received += ending.received;
    }

    fn add_durations(&mut self, ending: &Ending<'_>) {
        let moments = ending.moments;
        let phases = moments.phases(ending.end);
        let of = |kind: PhaseKind| phases[kind as usize];
        let happened = [
            (PhaseKind::Queued, ending.is_open),
            (PhaseKind::Connect, moments.connected != 0),
            (PhaseKind::Tls, moments.secured != 0),
            (PhaseKind::Send, moments.sending != 0),
            (PhaseKind::Wait, moments.sending != 0),
            (PhaseKind::Receive, moments.first_byte != 0),
        ];
        for (kind, _) in happened.into_iter().filter(|(_, happened)| *happened) {
            self.window.phases[kind as usize].record_us(of(kind) / 1000);
        }
        let latency_us = ending.latency() / 1000;
        let duration_us =
            (of(PhaseKind::Send) + of(PhaseKind::Wait) + of(PhaseKind::Receive)) / 1000;
        let has_duration = moments.sending != 0;
        self.window.latency.record_us(latency_us);
        if has_duration {
            self.window.duration.record_us(duration_us);
        }
        if let Some((latency, duration)) = &mut self.totals {
            latency.record_us(latency_us);
            if has_duration {
                duration.record_us(duration_us);
            }
        }
    }

    fn keep_slow(&mut self, exemplar: Exemplar) {
        let slow = |kept: &Exemplar| kept.failure.is_none();
        let exemplars = &mut self.window.exemplars;
        if exemplars.iter().filter(|kept| slow(kept)).count() < EXEMPLARS {
            exemplars.push(exemplar);
        } else if let Some(least) =
            exemplars.iter_mut().filter(|kept| slow(kept)).min_by_key(|kept| kept.latency)
        {
            *least = exemplar;
        }
        let kept = exemplars.iter().filter(|kept| slow(kept));
        if kept.clone().count() == EXEMPLARS {
            let least = kept.map(|kept| kept.latency).min().unwrap_or_default();
            self.slow_from = u64::try_from(least.as_nanos()).unwrap_or(Nanos::MAX);
        }
    }
}

/// One scenario: the running interval, and the whole run with three digits.
#[derive(Debug)]
pub(super) struct ScenarioCounts {
    window: ScenarioTally,
    /// `None` in a warm-up.
    totals: Option<ScenarioTally>,
}

impl ScenarioCounts {
    pub(super) fn new(warmup: bool) -> Self {
        Self {
            window: ScenarioTally::new(Digits::Two),
            totals: (!warmup).then(|| ScenarioTally::new(Digits::Three)),
        }
    }

    pub(super) fn iteration(&mut self, intended: Nanos, started: Nanos, end: Nanos) {
        self.each(|tally| {
            tally.iterations += 1;
            tally.iteration_duration.record_us((end - started) / 1000);
            tally.iteration_latency.record_us(end.saturating_sub(intended) / 1000);
        });
    }

    pub(super) fn interrupted(&mut self) {
        self.each(|tally| tally.interrupted += 1);
    }

    pub(super) fn dropped(&mut self, iterations: u64) {
        self.each(|tally| tally.dropped += iterations);
    }

    /// What was counted since the last call; memory is kept.
    pub(super) fn take_window(&mut self) -> ScenarioTally {
        let taken = self.window.clone();
        (self.window.iterations, self.window.interrupted, self.window.dropped) = (0, 0, 0);
        self.window.iteration_duration.clear();
        self.window.iteration_latency.clear();
        taken
    }

    /// The whole run.
    pub(super) fn into_totals(self) -> Option<ScenarioTally> {
        self.totals
    }

    fn each(&mut self, add: impl Fn(&mut ScenarioTally)) {
        add(&mut self.window);
        if let Some(totals) = &mut self.totals {
            add(totals);
        }
    }
}
