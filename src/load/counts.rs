//! Counters of one shard, by the plan's indices: nothing is kept per request.

use std::time::Duration;

use super::answers::AnswerCounts;
use super::answers::AnswerSlice;
use super::budget::Budget;
use super::draw::Draw;
use super::messages::MessageCounts;
use super::messages::MessageSlice;
use super::observe::ObservedTable;
use super::recorder::Recorded;
use super::recorder::Recorder;
use super::sample::Tapping;
use super::times::Times;
use super::times::TimesSlice;
use super::trace::Traced;
use super::traced::TracedKept;
use super::user::Moments;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::model::AnswerFilter;
use crate::model::CheckCount;
use crate::model::Digits;
use crate::model::Exemplar;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::SampledRequest;
use crate::model::ScenarioTally;
use crate::model::Signals;
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
    /// Intended starts come from a schedule, or connections are shared: then waiting for a user or
    /// for a place is a phase.
    pub(super) has_queue: bool,
    /// What is known of its trace.
    pub(super) traced: Option<Traced>,
}

impl Ending<'_> {
    pub(super) fn latency(&self) -> Nanos {
        self.end.saturating_sub(self.moments.intended)
    }

    /// As a drawn request; what it stands for is known when its interval ends.
    #[cold]
    pub(super) fn sampled(&self, status: u16, signals: Signals) -> SampledRequest {
        SampledRequest {
            at: Duration::from_nanos(self.moments.intended),
            latency: Duration::from_nanos(self.latency()),
            phases: self.moments.phases(self.end).map(Duration::from_nanos),
            status,
            bytes: self.received,
            signals,
            weight: 1.0,
        }
    }

    pub(super) fn exemplar(
        &self,
        status: Option<u16>,
        failure: Option<(FailureClass, String)>,
    ) -> Exemplar {
        Exemplar {
            at: Duration::from_nanos(self.moments.intended),
            latency: Duration::from_nanos(self.latency()),
            phases: self.moments.phases(self.end).map(Duration::from_nanos),
            status,
            failed: failure.is_some(),
            failure,
            trace_id: self.traced.map(|traced| traced.trace.to_string()),
            span_id: self.traced.and_then(|traced| Some(traced.span?.to_string())),
        }
    }
}

/// One series in the running interval; nothing of the intervals before is kept here.
#[derive(Debug)]
pub(super) struct SeriesCounts {
    requests: u64,
    failed: u64,
    bytes_sent: u64,
    bytes_received: u64,
    connections: u64,
    tls_resumed: u64,
    times: Times,
    /// By filter of the gates that ask about some answers of it alone; mostly none.
    answers: Box<[AnswerCounts]>,
    /// Responses by status; a target sends few different ones, so a scan beats a tree.
    statuses: Vec<(u16, u64)>,
    failures: [u64; FailureClass::ALL.len()],
    exemplars: Vec<Exemplar>,
    /// The least latency among the slowest kept, once there are enough.
    slow_from: Nanos,
    errors: usize,
    /// Of exchanges whose trace is known; there from the first one on.
    traced: Option<Box<TracedKept>>,
    pub(super) observed: ObservedTable,
    /// There from the first message on.
    pub(super) messages: Option<Box<MessageCounts>>,
    /// By the number of the check among the plan's.
    checks: Vec<(u32, CheckCount)>,
    /// Which exchanges the tap is asked about.
    pub(super) tapping: Tapping,
    pub(super) draw: Draw,
}

/// What a series counted in an interval.
#[derive(Debug)]
pub(super) struct SeriesSlice {
    /// Counters, exemplars and observed values; its histograms are empty.
    pub(super) tally: Tally,
    pub(super) times: TimesSlice,
    answers: Vec<AnswerSlice>,
    pub(super) messages: Option<Box<MessageSlice>>,
}

impl SeriesSlice {
    /// Adds the slice of another interval or shard.
    pub(super) fn merge(&mut self, other: Self) {
        self.tally.merge(&other.tally);
        self.times.merge(other.times);
        AnswerSlice::merge(&mut self.answers, other.answers);
        match (&mut self.messages, other.messages) {
            (Some(mine), Some(theirs)) => mine.merge(*theirs),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
    }

    /// Adds everything to `tally`, whose histograms keep their own digits.
    pub(super) fn add_to(&self, tally: &mut Tally) {
        tally.merge(&self.tally);
        self.times.add_to((&mut tally.latency, &mut tally.duration), &mut tally.phases);
        for answers in &self.answers {
            answers.add_to(tally);
        }
        if let Some(messages) = &self.messages {
            messages.add_to(tally.messages.get_or_insert_default());
        }
    }
}

impl SeriesCounts {
    /// As fine as `budget` allows; phases with two digits. Answers that `filters` fit are counted
    /// apart as well.
    pub(super) fn new(budget: Budget, filters: &[AnswerFilter], draw: Draw) -> Self {
        let digits = budget.digits;
        Self {
            requests: 0,
            failed: 0,
            bytes_sent: 0,
            bytes_received: 0,
            connections: 0,
            tls_resumed: 0,
            times: Times::new(digits),
            answers: filters.iter().map(|filter| AnswerCounts::new(filter, digits)).collect(),
            statuses: Vec::new(),
            failures: [0; FailureClass::ALL.len()],
            exemplars: Vec::new(),
            slow_from: 0,
            errors: 0,
            traced: None,
            observed: ObservedTable::new(budget.values),
            messages: None,
            checks: Vec::new(),
            tapping: Tapping::default(),
            draw,
        }
    }

    pub(super) fn connection_opened(&mut self) {
        self.connections += 1;
    }

    pub(super) fn session_resumed(&mut self) {
        self.tls_resumed += 1;
    }

    /// A response came, whatever its status.
    pub(super) fn response(&mut self, ending: &Ending<'_>, status: u16, succeeded: bool) {
        self.add(ending);
        self.failed += u64::from(!succeeded);
        match self.statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => self.statuses.push((status, 1)),
        }
        self.times.record(ending);
        if !self.answers.is_empty() {
            self.count_answer(ending, status, succeeded, true);
        }
        if ending.traced.is_some() {
            self.traced.get_or_insert_default().response(ending, status, succeeded);
        } else if ending.latency() > self.slow_from {
            let exemplar = ending.exemplar(Some(status), None);
            self.keep_slow(Exemplar { failed: !succeeded, ..exemplar });
        }
    }

    /// No response came, or one that says that it failed. A timeout counts in the distributions too, as the lower bound it is:
    /// left out, a stall longer than the timeout would make the percentiles better.
    pub(super) fn failure(&mut self, ending: &Ending<'_>, failure: &Failure) {
        self.add(ending);
        self.failed += 1;
        self.failures[failure.class as usize] += 1;
        let is_timed = failure.class.is_timeout() || failure.class.is_answer();
        if is_timed {
            self.times.record(ending);
        }
        self.count_answer(ending, 0, false, is_timed);
        let is_first = self.failures[failure.class as usize] == 1;
        if ending.traced.is_some() {
            self.traced.get_or_insert_default().failure(ending, failure, is_first);
        } else if self.errors < EXEMPLARS || is_first {
            self.errors += 1;
            let failure = (failure.class, failure.detail.clone());
            self.exemplars.push(ending.exemplar(None, Some(failure)));
        }
    }

    /// A check held, or did not.
    pub(super) fn check(&mut self, number: u32, name: &str, passed: bool) {
        let known = self.checks.iter().position(|(known, _)| *known == number);
        let place = known.unwrap_or_else(|| {
            self.checks.push((number, CheckCount { name: name.to_owned(), passes: 0, fails: 0 }));
            self.checks.len() - 1
        });
        let count = &mut self.checks[place].1;
        count.passes += u64::from(passed);
        count.fails += u64::from(!passed);
    }

    /// What was counted since the last call; `None` if that is nothing. Memory is kept, so that
    /// recording allocates once per run, not once per interval.
    pub(super) fn take(&mut self, observe: &[String]) -> Option<SeriesSlice> {
        let messages = self.messages.as_mut().and_then(|messages| messages.take());
        if self.requests == 0 && self.connections == 0 && messages.is_none() {
            return None;
        }
        let mut tally = Tally::new(Digits::Two);
        tally.requests = std::mem::take(&mut self.requests);
        tally.failed = std::mem::take(&mut self.failed);
        tally.bytes_sent = std::mem::take(&mut self.bytes_sent);
        tally.bytes_received = std::mem::take(&mut self.bytes_received);
        tally.connections = std::mem::take(&mut self.connections);
        tally.tls_resumed = std::mem::take(&mut self.tls_resumed);
        tally.statuses = self.statuses.iter().copied().filter(|(_, count)| *count > 0).collect();
        tally.failures = FailureClass::ALL
            .into_iter()
            .zip(self.failures)
            .filter(|(_, count)| *count > 0)
            .collect();
        tally.exemplars.append(&mut self.exemplars);
        tally.sampled = self.draw.take(tally.statuses.values().sum());
        if let Some(traced) = &mut self.traced {
            tally.merge_exemplars(&traced.take());
        }
        tally.observed = self.observed.take(observe);
        for (_, check) in self.checks.iter_mut().filter(|(_, check)| check.passes + check.fails > 0)
        {
            tally.checks.push(check.clone());
            (check.passes, check.fails) = (0, 0);
        }
        self.statuses.iter_mut().for_each(|(_, count)| *count = 0);
        self.failures = [0; FailureClass::ALL.len()];
        (self.slow_from, self.errors) = (0, 0);
        Some(SeriesSlice {
            tally,
            times: self.times.take(),
            answers: self.answers.iter_mut().filter_map(AnswerCounts::take).collect(),
            messages,
        })
    }

    fn add(&mut self, ending: &Ending<'_>) {
        self.requests += 1;
        self.bytes_sent += ending.sent;
        self.bytes_received += ending.received;
    }

    #[cold]
    fn count_answer(&mut self, ending: &Ending<'_>, status: u16, succeeded: bool, is_timed: bool) {
        for answers in &mut self.answers {
            answers.count(ending, status, succeeded, is_timed);
        }
    }

    #[cold]
    fn keep_slow(&mut self, exemplar: Exemplar) {
        let slow = |kept: &Exemplar| kept.failure.is_none();
        let exemplars = &mut self.exemplars;
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
            self.slow_from = nanos(least);
        }
    }
}

/// One scenario in the running interval.
#[derive(Debug)]
pub(super) struct ScenarioCounts {
    iterations: u64,
    interrupted: u64,
    dropped: u64,
    /// Of iterations that started when they were meant to, as all do in a closed model: their
    /// duration is their latency.
    punctual: Recorder,
    /// Of the others.
    duration: Recorder,
    latency: Recorder,
    /// By the flow's groups.
    groups: Box<[Recorder]>,
}

/// What a scenario counted in an interval.
#[derive(Debug, Default)]
pub(super) struct IterationSlice {
    pub(super) iterations: u64,
    pub(super) interrupted: u64,
    pub(super) dropped: u64,
    duration: Recorded,
    latency: Recorded,
    groups: Vec<Recorded>,
}

impl IterationSlice {
    /// Adds the slice of another interval or shard.
    pub(super) fn merge(&mut self, other: Self) {
        self.iterations += other.iterations;
        self.interrupted += other.interrupted;
        self.dropped += other.dropped;
        self.duration.merge(other.duration);
        self.latency.merge(other.latency);
        for (mine, theirs) in self.groups.iter_mut().zip(other.groups) {
            mine.merge(theirs);
        }
    }

    /// Adds everything to `tally`, whose histograms keep their own digits; `groups` are the names of
    /// the flow's groups.
    pub(super) fn add_to(&self, tally: &mut ScenarioTally, groups: &[String]) {
        tally.iterations += self.iterations;
        tally.interrupted += self.interrupted;
        tally.dropped += self.dropped;
        self.duration.add_to(&mut tally.iteration_duration);
        self.latency.add_to(&mut tally.iteration_latency);
        for (name, group) in groups.iter().zip(&self.groups) {
            if !group.is_empty() {
                group.add_to(tally.group(name));
            }
        }
    }
}

impl ScenarioCounts {
    /// For a flow with so many groups.
    pub(super) fn new(groups: usize) -> Self {
        let recorder = || Recorder::new(Digits::Three);
        Self {
            iterations: 0,
            interrupted: 0,
            dropped: 0,
            punctual: recorder(),
            duration: recorder(),
            latency: recorder(),
            groups: (0..groups).map(|_| recorder()).collect(),
        }
    }

    pub(super) fn iteration(&mut self, intended: Nanos, started: Nanos, end: Nanos) {
        self.iterations += 1;
        if intended == started {
            return self.punctual.record_us((end - started) / 1000);
        }
        self.duration.record_us((end - started) / 1000);
        self.latency.record_us(end.saturating_sub(intended) / 1000);
    }

    pub(super) fn group(&mut self, group: u32, began: Nanos, end: Nanos) {
        self.groups[group as usize].record_us(end.saturating_sub(began) / 1000);
    }

    pub(super) fn interrupted(&mut self) {
        self.interrupted += 1;
    }

    pub(super) fn dropped(&mut self, iterations: u64) {
        self.dropped += iterations;
    }

    /// What was counted since the last call; memory is kept.
    pub(super) fn take(&mut self) -> IterationSlice {
        let punctual = self.punctual.take();
        let (mut duration, mut latency) = (self.duration.take(), self.latency.take());
        duration.merge(punctual.clone());
        latency.merge(punctual);
        IterationSlice {
            iterations: std::mem::take(&mut self.iterations),
            interrupted: std::mem::take(&mut self.interrupted),
            dropped: std::mem::take(&mut self.dropped),
            duration,
            latency,
            groups: self.groups.iter_mut().map(Recorder::take).collect(),
        }
    }
}
