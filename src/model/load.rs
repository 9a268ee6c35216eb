//! What load shards report: counters and histograms per series and interval, never per request.

use std::collections::BTreeMap;
use std::time::Duration;

use super::answers::AnswerTally;
use super::exemplars::worth_keeping;
use super::failure::FailureClass;
use super::generator::GeneratorWindow;
use super::histogram::{Digits, Histogram};
use super::messages::{MessageTally, SeriesKind};
use super::sampled::SampledRequests;
use super::timings::PhaseKind;

/// Index of a series, known from the plan before the run: no hashing in the hot path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(pub u32);

/// What a series counts: one request of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesMeta {
    /// Index; declared in ascending order without gaps.
    pub id: SeriesId,
    /// The scenario's name.
    pub scenario: String,
    /// The request's name in the plan, or its path for one-liners.
    pub request: String,
    /// The method.
    pub method: String,
    /// Path template, `/items/{id}`.
    pub path_template: String,
    /// The absolute URL of an example.
    pub url: String,
    /// What an exchange of it is.
    pub kind: SeriesKind,
    /// The plan's own tags, of the request and its scenario.
    pub tags: BTreeMap<String, String>,
}

impl SeriesMeta {
    /// Method and path, and the group that it was sent in.
    pub fn title(&self) -> String {
        let (method, path) = (&self.method, &self.path_template);
        match self.tags.get("group") {
            Some(group) => format!("{method} {path} in {group}"),
            None => format!("{method} {path}"),
        }
    }
}

/// A scenario as the report names it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioMeta {
    /// The plan's name.
    pub name: String,
    /// k6's executor name.
    pub executor: String,
    /// Whether arrivals follow a schedule (open model) or wait for responses (closed).
    pub open_model: bool,
    /// Excluded from statistics.
    pub warmup: bool,
    /// The plan's own tags.
    pub tags: BTreeMap<String, String>,
    /// What it is meant to do, one stretch after the other; empty in reports that are older than it.
    pub stages: Vec<StageMeta>,
}

/// A stretch of a scenario: straight from where the one before ended to the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageMeta {
    /// When it begins, since the load's start.
    pub from: Duration,
    /// How long it is meant to take; 0 is a jump.
    pub length: Duration,
    /// What is reached at its end: iterations per second in an open model, else virtual users.
    pub target: f64,
}

/// One request worth keeping: among the slowest of its interval, or among the first errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemplar {
    /// Intended start, since the run's start.
    pub at: Duration,
    /// From the intended start to the last byte.
    pub latency: Duration,
    /// Phases in [`PhaseKind::ALL`]'s order.
    pub phases: [Duration; 7],
    /// Status, when there was a response.
    pub status: Option<u16>,
    /// Class and detail, when there was none.
    pub failure: Option<(FailureClass, String)>,
    /// It does not count as success: no response, or one with a status that was not expected.
    pub failed: bool,
    /// The trace that the service made of it: the id that was sent along, or one that came back.
    pub trace_id: Option<String>,
    /// The operation in that trace that it stands for, where the id was sent along.
    pub span_id: Option<String>,
}

/// Counts of one value of one observed response header (backend, cache state).
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The header, as the plan or the command line names it.
    pub header: String,
    /// The value; `(other)` once a shard's table is full.
    pub value: String,
    /// Responses with it.
    pub count: u64,
    /// `http_req_duration` of these.
    pub duration: Histogram,
}

/// Everything counted about one series over some time. Mergeable.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Responses and failures together.
    pub requests: u64,
    /// Of these: no response, or a status that does not count as success.
    pub failed: u64,
    /// Request bytes handed to the kernel, head and body.
    pub bytes_sent: u64,
    /// Response bytes read, head and body.
    pub bytes_received: u64,
    /// Connections that were opened for it.
    pub connections: u64,
    /// TLS handshakes that resumed an earlier session; `phases` count all of them.
    pub tls_resumed: u64,
    /// Responses by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Exchanges without a response, and gRPC calls that came to no good, by class.
    pub failures: BTreeMap<FailureClass, u64>,
    /// `http_req_latency`: from the intended start.
    pub latency: Histogram,
    /// `http_req_duration`: send + wait + receive.
    pub duration: Histogram,
    /// In [`PhaseKind::ALL`]'s order; a phase that did not happen is not recorded.
    pub phases: [Histogram; 7],
    /// The slowest and the first errors, capped.
    pub exemplars: Vec<Exemplar>,
    /// One entry per header and value, capped.
    pub observed: Vec<Observed>,
    /// Where exchanges carry messages.
    pub messages: Option<Box<MessageTally>>,
    /// One entry per check, by name.
    pub checks: Vec<CheckCount>,
    /// What gates ask about some answers alone, by the text of their [`super::AnswerFilter`].
    pub answers: BTreeMap<String, AnswerTally>,
    /// Single responses, drawn evenly; never in run totals, which leave them to the windows.
    pub sampled: SampledRequests,
}

/// How often a check held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckCount {
    /// The plan's name for it, or its text.
    pub name: String,
    /// It held.
    pub passes: u64,
    /// It did not hold, or there was no response.
    pub fails: u64,
}

impl Tally {
    /// An empty tally; latency and duration keep `digits`, phases two.
    pub fn new(digits: Digits) -> Self {
        Self {
            requests: 0,
            failed: 0,
            bytes_sent: 0,
            bytes_received: 0,
            connections: 0,
            tls_resumed: 0,
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            latency: Histogram::new(digits),
            duration: Histogram::new(digits),
            phases: PhaseKind::ALL.map(|_| Histogram::new(Digits::Two)),
            exemplars: Vec::new(),
            observed: Vec::new(),
            messages: None,
            checks: Vec::new(),
            answers: BTreeMap::new(),
            sampled: SampledRequests::default(),
        }
    }

    /// What is counted of the answers that a filter of that text fits.
    pub fn answer(&mut self, filter: &str) -> &mut AnswerTally {
        let digits = self.latency.digits();
        self.answers.entry(filter.to_owned()).or_insert_with(|| AnswerTally::new(digits))
    }

    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.connections += other.connections;
        self.tls_resumed += other.tls_resumed;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (class, count) in &other.failures {
            *self.failures.entry(*class).or_default() += count;
        }
        self.latency.merge(&other.latency);
        self.duration.merge(&other.duration);
        for (mine, theirs) in self.phases.iter_mut().zip(&other.phases) {
            mine.merge(theirs);
        }
        self.merge_exemplars(&other.exemplars);
        for observed in &other.observed {
            self.merge_observed(observed);
        }
        if let Some(messages) = &other.messages {
            self.messages.get_or_insert_default().merge(messages);
        }
        for check in &other.checks {
            self.merge_check(check);
        }
        for (filter, answers) in &other.answers {
            self.answer(filter).merge(answers);
        }
        self.sampled.merge(&other.sampled);
    }

    /// Responses that gave a status, whatever it was.
    pub fn responses(&self) -> u64 {
        let refused = self.failures.iter().filter(|(class, _)| class.is_answer());
        self.statuses.values().chain(refused.map(|(_, count)| count)).sum()
    }

    /// Keeps what is worth it of these and of those that are here.
    pub fn merge_exemplars(&mut self, others: &[Exemplar]) {
        if !others.is_empty() {
            let mine = self.exemplars.drain(..);
            self.exemplars = worth_keeping(mine.chain(others.iter().cloned()).collect());
        }
    }

    fn merge_check(&mut self, other: &CheckCount) {
        match self.checks.iter_mut().find(|mine| mine.name == other.name) {
            Some(mine) => {
                mine.passes += other.passes;
                mine.fails += other.fails;
            }
            None => self.checks.push(other.clone()),
        }
    }

    fn merge_observed(&mut self, other: &Observed) {
        let same = |mine: &&mut Observed| mine.header == other.header && mine.value == other.value;
        match self.observed.iter_mut().find(same) {
            Some(mine) => {
                mine.count += other.count;
                mine.duration.merge(&other.duration);
            }
            None => self.observed.push(other.clone()),
        }
    }
}

/// One series over one interval, all shards together.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesWindow {
    /// Which.
    pub series: SeriesId,
    /// What was counted.
    pub tally: Tally,
}

/// Everything counted about a scenario's iterations. Mergeable.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioTally {
    /// Finished iterations.
    pub iterations: u64,
    /// Started, then cut off by the end of the run.
    pub interrupted: u64,
    /// Arrivals for which no virtual user was free, and iterations of a fixed number that time was too
    /// short for.
    pub dropped: u64,
    /// From the actual start.
    pub iteration_duration: Histogram,
    /// From the intended start.
    pub iteration_latency: Histogram,
    /// From the first step of a group to behind its last one, by the group's whole name.
    pub groups: BTreeMap<String, Histogram>,
}

impl ScenarioTally {
    /// An empty tally.
    pub fn new(digits: Digits) -> Self {
        Self {
            iterations: 0,
            interrupted: 0,
            dropped: 0,
            iteration_duration: Histogram::new(digits),
            iteration_latency: Histogram::new(digits),
            groups: BTreeMap::new(),
        }
    }

    /// The durations of the group of that name, as fine as those of iterations.
    pub fn group(&mut self, name: &str) -> &mut Histogram {
        let digits = self.iteration_duration.digits();
        self.groups.entry(name.to_owned()).or_insert_with(|| Histogram::new(digits))
    }

    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Self) {
        self.iterations += other.iterations;
        self.interrupted += other.interrupted;
        self.dropped += other.dropped;
        self.iteration_duration.merge(&other.iteration_duration);
        self.iteration_latency.merge(&other.iteration_latency);
        for (name, durations) in &other.groups {
            self.group(name).merge(durations);
        }
    }
}

/// One scenario over one interval.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioWindow {
    /// Index into the declared scenarios.
    pub scenario: usize,
    /// Virtual users active at the end of the interval.
    pub vus: u64,
    /// What was counted.
    pub tally: ScenarioTally,
}

/// All shards over one interval; the collector makes it of one message per shard.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadWindow {
    /// Start, since the run's start.
    pub from: Duration,
    /// End, since the run's start.
    pub to: Duration,
    /// Belongs to a warm-up: shown, not counted.
    pub warmup: bool,
    /// Series that saw traffic.
    pub series: Vec<SeriesWindow>,
    /// Every running scenario.
    pub scenarios: Vec<ScenarioWindow>,
    /// The generator's own state.
    pub generator: GeneratorWindow,
}

/// Run totals with three digits, sent once when load ends; they replace the sum of the windows.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadTotals {
    /// From the first intended start to the last response, warm-up left out.
    pub elapsed: Duration,
    /// Per series.
    pub series: Vec<SeriesWindow>,
    /// Per scenario, by index.
    pub scenarios: Vec<ScenarioTally>,
    /// Exchanges that the tap could not take.
    pub tap_dropped: u64,
}

/// Whether the load figures can be believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validity {
    /// Why not; empty when they can.
    pub problems: Vec<String>,
    /// Where the generator came near its limits without being judged by it.
    pub warnings: Vec<String>,
}

impl Validity {
    /// What a gate may count, the lesser first.
    pub const LEVELS: [&'static str; 2] = ["warning", "problem"];

    /// Whether the load figures can be believed.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(at_ms: u64, latency_ms: u64, failed: bool) -> Exemplar {
        Exemplar {
            at: Duration::from_millis(at_ms),
            latency: Duration::from_millis(latency_ms),
            phases: [Duration::ZERO; 7],
            status: (!failed).then_some(200),
            failure: failed.then(|| (FailureClass::Reset, "peer reset".to_owned())),
            failed,
            trace_id: None,
            span_id: None,
        }
    }

    #[test]
    fn merged_exemplars_are_the_slowest_and_the_first_errors() {
        let mut tally = Tally::new(Digits::Two);
        for step in 0..20 {
            let mut part = Tally::new(Digits::Two);
            part.exemplars.push(exemplar(step, step, false));
            part.exemplars.push(exemplar(100 - step, 1, true));
            tally.merge(&part);
        }
        let slow: Vec<_> = tally.exemplars.iter().filter(|e| e.failure.is_none()).collect();
        let errors: Vec<_> = tally.exemplars.iter().filter(|e| e.failure.is_some()).collect();
        assert_eq!(slow.len(), 5);
        assert_eq!(slow[0].latency, Duration::from_millis(19));
        assert_eq!(errors.len(), 5);
        assert_eq!(errors[0].at, Duration::from_millis(81));
    }

    #[test]
    fn the_first_failure_of_a_class_is_kept_however_late_it_comes() {
        let mut tally = Tally::new(Digits::Two);
        for step in 0..20 {
            let mut part = Tally::new(Digits::Two);
            let mut error = exemplar(step, 1, true);
            if step >= 18 {
                error.failure = Some((FailureClass::Proxy, "refused".to_owned()));
            }
            part.exemplars.push(error);
            tally.merge(&part);
        }
        let at: Vec<_> = tally.exemplars.iter().map(|exemplar| exemplar.at.as_millis()).collect();
        assert_eq!(at, [0, 1, 2, 3, 4, 18]);
    }
}
