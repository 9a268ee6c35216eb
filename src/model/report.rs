//! The report: a fold over events. What is cut short is the same fold, cut short.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::{
    Event, Notice, NoticeLevel, Phase, RunInfo, Stamped, StopReason, ThresholdResult,
};
use super::exit::ExitCode;
use super::failure::Failure;
use super::finding::{Confidence, Finding, FindingStatus, Severity};
use super::generator::GeneratorReport;
use super::headline::Headline;
use super::histogram::{Digits, Histogram};
use super::load::{
    LoadChange, LoadChangeKind, LoadTotals, LoadWindow, ScenarioMeta, ScenarioTally, SeriesMeta,
    Tally, Validity,
};
use super::messages::{MessageTally, SeriesKind};
use super::metric::{MetricData, MetricName, MetricSelector, TagMatch, TagOp};
use super::rule::RuleMeta;
use super::scan::{Coverage, CrawlProgress, Operation, RuleOutcome, ScanWindow};
use super::timings::PhaseKind;
use super::verdict::Verdict;

/// Notices, failures of the scanner and the like are capped at this many; the rest is counted.
const SAMPLES_KEPT: usize = 200;

/// One series over the whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointReport {
    /// What it is.
    pub meta: SeriesMeta,
    /// What was counted, warm-up left out.
    pub total: Tally,
}

/// One interval over all series: what charts are drawn from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimelinePoint {
    /// Start, since the run's start.
    pub from: Duration,
    /// End, since the run's start.
    pub to: Duration,
    /// Belongs to a warm-up.
    pub warmup: bool,
    /// Load requests.
    pub requests: u64,
    /// Of these failed.
    pub failed: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Virtual users at the end.
    pub vus: u64,
    /// `http_req_latency`: median, p95, p99, maximum.
    pub latency: Option<[Duration; 4]>,
    /// `http_req_duration`, likewise; `None` in reports that are older than it.
    pub duration: Option<[Duration; 4]>,
}

/// Everything a run found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What ran; `None` until the first event.
    pub run: Option<RunInfo>,
    /// Parts that have started, in order, and whether they are over.
    pub phases: Vec<(Phase, bool)>,
    /// When the last event was taken, since the run's start.
    pub elapsed: Duration,
    /// By index.
    pub scenarios: Vec<(ScenarioMeta, ScenarioTally)>,
    /// By series id.
    pub endpoints: Vec<EndpointReport>,
    /// One point per interval.
    pub timeline: Vec<TimelinePoint>,
    /// Changes of the load by hand, in order.
    pub changes: Vec<LoadChange>,
    /// Time that load's counters cover, warm-up left out.
    pub load_elapsed: Duration,
    /// Virtual users: last and greatest.
    pub vus: (u64, u64),
    /// Exchanges that the tap could not take.
    pub tap_dropped: u64,
    /// Scanner requests, and those without a response.
    pub scan_requests: (u64, u64),
    /// `scan_req_duration`.
    pub scan_duration: Histogram,
    /// How far the scan has come.
    pub progress: CrawlProgress,
    /// Operations.
    pub coverage: Coverage,
    /// Rules that took part: metadata, and what they did once they are done.
    pub rules: BTreeMap<String, (RuleMeta, Option<RuleOutcome>)>,
    /// Gravest first, then in order of discovery.
    pub findings: Vec<Finding>,
    /// Warnings and errors, capped.
    pub notices: Vec<Notice>,
    /// Failed exchanges of the scanner, capped.
    pub scan_failures: Vec<(String, Failure)>,
    /// Why the run ended early.
    pub stopped: Option<StopReason>,
    /// Whether the load figures can be believed; `None` without load.
    pub validity: Option<Validity>,
    /// How the generator did; `None` without load.
    pub generator: Option<GeneratorReport>,
    /// The gates.
    pub thresholds: Vec<ThresholdResult>,
    /// The last word; `None` in a partial report.
    pub verdict: Option<Verdict>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            run: None,
            phases: Vec::new(),
            elapsed: Duration::ZERO,
            scenarios: Vec::new(),
            endpoints: Vec::new(),
            timeline: Vec::new(),
            changes: Vec::new(),
            load_elapsed: Duration::ZERO,
            vus: (0, 0),
            tap_dropped: 0,
            scan_requests: (0, 0),
            scan_duration: Histogram::new(Digits::Three),
            progress: CrawlProgress::default(),
            coverage: Coverage::default(),
            rules: BTreeMap::new(),
            findings: Vec::new(),
            notices: Vec::new(),
            scan_failures: Vec::new(),
            stopped: None,
            validity: None,
            generator: None,
            thresholds: Vec::new(),
            verdict: None,
        }
    }
}

impl Report {
    /// What the verdict means for this run, in a few words; `None` without a verdict.
    ///
    /// A load without gates passes whatever came back, and on a saturated generator too, with a
    /// warning: then it must not be said that gates passed, or that the run is valid.
    pub fn verdict_meaning(&self) -> Option<&'static str> {
        let code = self.verdict.as_ref()?.exit_code;
        let doubtful = self.validity.as_ref().is_some_and(|validity| !validity.is_valid());
        Some(match code {
            ExitCode::Passed if doubtful => "no gate failed, but the load figures are not reliable",
            ExitCode::Passed if self.thresholds.is_empty() => "the run is valid; no gate was set",
            code => code.meaning(),
        })
    }

    /// The fold of a whole stream.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Stamped>) -> Self {
        let mut report = Self::default();
        for event in events {
            report.apply(event);
        }
        report
    }

    /// Takes one event.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.elapsed = stamped.at;
        match &stamped.event {
            Event::RunStarted(info) => self.run = Some(info.clone()),
            Event::PhaseStarted(phase) => self.phases.push((*phase, false)),
            Event::PhaseFinished(phase) => self.finish_phase(*phase),
            Event::LoadDeclared { scenarios, series } => self.declare(scenarios, series),
            Event::LoadWindow(window) => self.add_window(window),
            Event::LoadChanged(change) => self.add_change(change),
            Event::LoadFinished(totals) => self.set_totals(totals),
            Event::ScanWindow(window) => self.add_scan_window(window),
            Event::Operation(operation) => self.set_operation(operation),
            Event::CrawlFinished { nodes, complete } => {
                self.coverage.nodes = *nodes;
                self.coverage.complete = Some(*complete);
            }
            Event::RuleDeclared(meta) => {
                self.rules.insert(meta.id.clone(), (meta.clone(), None));
            }
            Event::RuleFinished(outcome) => {
                if let Some((_, slot)) = self.rules.get_mut(&outcome.id) {
                    *slot = Some(outcome.clone());
                }
            }
            Event::Finding(finding) => self.set_finding(finding),
            Event::ScanFailure { url, failure } => {
                if self.scan_failures.len() < SAMPLES_KEPT {
                    self.scan_failures.push((url.clone(), failure.clone()));
                }
            }
            Event::Notice(notice) => {
                if notice.level > NoticeLevel::Info && self.notices.len() < SAMPLES_KEPT {
                    self.notices.push(notice.clone());
                }
            }
            Event::Stopping(reason) => self.stopped = Some(reason.clone()),
            Event::Validity(validity) => self.validity = Some(validity.clone()),
            Event::Thresholds(results) => self.thresholds.clone_from(results),
            Event::Verdict(verdict) => self.verdict = Some(verdict.clone()),
        }
    }

    /// Whether a user or a signal cut the run short.
    pub fn is_interrupted(&self) -> bool {
        matches!(self.stopped, Some(StopReason::Interrupted(_)))
    }

    /// Whether any counted scenario follows a schedule, so that latency from the intended start
    /// says more than duration.
    pub fn is_open_model(&self) -> bool {
        self.scenarios.iter().any(|(meta, _)| meta.open_model && !meta.warmup)
    }

    /// What the user wants to see first of the two latencies: while load runs, and in charts.
    pub fn preferred(&self) -> Headline {
        self.run.as_ref().map_or(Headline::default(), |run| run.headline)
    }

    /// By what endpoints are compared: in a closed model, where nothing is due at a time, by
    /// duration.
    pub fn headline(&self) -> Headline {
        if self.is_open_model() { self.preferred() } else { Headline::Duration }
    }

    /// Everything load counted, all series together.
    pub fn total(&self) -> Tally {
        let mut sum = Tally::new(Digits::Three);
        for endpoint in &self.endpoints {
            sum.merge(&endpoint.total);
        }
        sum
    }

    /// The data of a metric, or of the part of it that matches the selector's tags.
    pub fn metric(&self, selector: &MetricSelector) -> MetricData {
        let trend = |pick: fn(&Tally) -> &Histogram| {
            let mut sum = Histogram::new(Digits::Three);
            for endpoint in self.matching_endpoints(&selector.tags) {
                sum.merge(pick(&endpoint.total));
            }
            MetricData::Trend(sum)
        };
        let counter = |count: u64| MetricData::Counter { count, elapsed: self.load_elapsed };
        let sum = |pick: fn(&Tally) -> u64| -> u64 {
            self.matching_endpoints(&selector.tags).map(|endpoint| pick(&endpoint.total)).sum()
        };
        let iterations = |pick: fn(&ScenarioTally) -> u64| -> u64 {
            self.matching_scenarios(&selector.tags).map(pick).sum()
        };
        let iteration_trend = |pick: fn(&ScenarioTally) -> &Histogram| {
            let mut sum = Histogram::new(Digits::Three);
            for tally in self.matching_scenarios(&selector.tags) {
                sum.merge(pick(tally));
            }
            MetricData::Trend(sum)
        };
        match selector.metric {
            MetricName::HttpReqs => counter(sum(|tally| tally.requests)),
            MetricName::DataSent => counter(sum(|tally| tally.bytes_sent)),
            MetricName::DataReceived => counter(sum(|tally| tally.bytes_received)),
            MetricName::HttpReqDuration => trend(|tally| &tally.duration),
            MetricName::HttpReqLatency => trend(|tally| &tally.latency),
            MetricName::HttpReqFailed => MetricData::Rate {
                hits: sum(|tally| tally.failed),
                total: sum(|tally| tally.requests),
            },
            MetricName::Checks => self.checks_metric(&selector.tags),
            MetricName::Phase(kind) => self.phase_metric(kind, &selector.tags),
            MetricName::WsSessions | MetricName::GrpcStreams => {
                counter(self.messages(selector, |tally| tally.sessions))
            }
            MetricName::WsMsgsSent | MetricName::GrpcStreamsMsgsSent => {
                counter(self.messages(selector, |tally| tally.sent))
            }
            MetricName::WsMsgsReceived
            | MetricName::SseEvent
            | MetricName::GrpcStreamsMsgsReceived => {
                counter(self.messages(selector, |tally| tally.received))
            }
            MetricName::GrpcReqDuration => {
                let mut sum = Histogram::new(Digits::Three);
                for endpoint in self.matching_endpoints(&selector.tags) {
                    if endpoint.meta.kind == SeriesKind::Grpc {
                        sum.merge(&endpoint.total.duration);
                    }
                }
                MetricData::Trend(sum)
            }
            MetricName::WsSessionDuration => {
                self.message_trend(selector, |tally| &tally.session_duration)
            }
            MetricName::WsConnecting => self.message_trend(selector, |tally| &tally.connecting),
            MetricName::MessageLatency => self.message_trend(selector, |tally| &tally.latency),
            MetricName::Iterations => counter(iterations(|tally| tally.iterations)),
            MetricName::DroppedIterations => counter(iterations(|tally| tally.dropped)),
            MetricName::IterationDuration => iteration_trend(|tally| &tally.iteration_duration),
            MetricName::IterationLatency => iteration_trend(|tally| &tally.iteration_latency),
            MetricName::Vus => MetricData::Gauge(self.vus.0 as f64),
            MetricName::ScanReqs => {
                MetricData::Counter { count: self.scan_requests.0, elapsed: self.elapsed }
            }
            MetricName::ScanReqDuration => MetricData::Trend(self.scan_duration.clone()),
            MetricName::Findings => MetricData::Counter {
                count: self.gated_findings(&selector.tags).count() as u64,
                elapsed: self.elapsed,
            },
            MetricName::CoverageOperations => MetricData::Rate {
                hits: self.coverage.operations.iter().filter(|op| op.reached).count() as u64,
                total: self.coverage.operations.len() as u64,
            },
        }
    }

    /// Findings that a gate with these tags counts: unless named, `confidence:>=firm` and
    /// `status:new` apply.
    pub fn gated_findings<'a>(
        &'a self,
        tags: &'a [TagMatch],
    ) -> impl Iterator<Item = &'a Finding> + 'a {
        let names = |name: &str| tags.iter().any(|tag| tag.tag == name);
        let (any_confidence, any_status) = (names("confidence"), names("status"));
        self.findings.iter().filter(move |finding| {
            (any_confidence || finding.confidence >= Confidence::Firm)
                && (any_status || finding.status == FindingStatus::New)
                && tags.iter().all(|tag| finding_matches(finding, tag))
        })
    }

    fn finish_phase(&mut self, phase: Phase) {
        if let Some(entry) = self.phases.iter_mut().rev().find(|entry| entry.0 == phase) {
            entry.1 = true;
        }
    }

    fn declare(&mut self, scenarios: &[ScenarioMeta], series: &[SeriesMeta]) {
        self.scenarios = scenarios
            .iter()
            .map(|meta| (meta.clone(), ScenarioTally::new(Digits::Three)))
            .collect();
        self.endpoints = series
            .iter()
            .map(|meta| EndpointReport { meta: meta.clone(), total: Tally::new(Digits::Three) })
            .collect();
    }

    fn add_window(&mut self, window: &LoadWindow) {
        self.add_generator(window);
        let mut point = TimelinePoint {
            from: window.from,
            to: window.to,
            warmup: window.warmup,
            vus: window.scenarios.iter().map(|scenario| scenario.vus).sum(),
            ..TimelinePoint::default()
        };
        let mut latency = Histogram::new(Digits::Two);
        let mut duration = Histogram::new(Digits::Two);
        for series in &window.series {
            point.requests += series.tally.requests;
            point.failed += series.tally.failed;
            point.bytes_received += series.tally.bytes_received;
            latency.merge(&series.tally.latency);
            duration.merge(&series.tally.duration);
            if !window.warmup
                && let Some(endpoint) = self.endpoints.get_mut(series.series.0 as usize)
            {
                endpoint.total.merge(&series.tally);
            }
        }
        (point.latency, point.duration) = (quartet(&latency), quartet(&duration));
        if !window.warmup {
            self.load_elapsed += window.to.saturating_sub(window.from);
            for scenario in &window.scenarios {
                if let Some((_, tally)) = self.scenarios.get_mut(scenario.scenario) {
                    tally.merge(&scenario.tally);
                }
            }
        }
        self.vus = (point.vus, self.vus.1.max(point.vus));
        self.timeline.push(point);
    }

    /// A warm-up beside measured scenarios makes two windows of one interval; the generator is one.
    fn add_generator(&mut self, window: &LoadWindow) {
        if self.timeline.last().is_none_or(|point| point.to < window.to) {
            let length = window.to.saturating_sub(window.from);
            self.generator.get_or_insert_default().add(&window.generator, length);
        }
    }

    /// Whoever reads figures must see that they are not the plan's.
    fn add_change(&mut self, change: &LoadChange) {
        self.changes.push(change.clone());
        if self.notices.len() < SAMPLES_KEPT {
            self.notices.push(Notice { level: NoticeLevel::Warning, text: change.to_string() });
        }
    }

    /// How long the load has stood still by hand until `now`, and whether it does.
    pub fn paused(&self, now: Duration) -> (Duration, bool) {
        let mut sum = Duration::ZERO;
        let mut since = None;
        for change in &self.changes {
            match (change.kind, since) {
                (LoadChangeKind::Paused, None) => since = Some(change.at),
                (LoadChangeKind::Resumed, Some(from)) => {
                    sum += change.at.saturating_sub(from);
                    since = None;
                }
                _ => {}
            }
        }
        (sum + since.map_or(Duration::ZERO, |from| now.saturating_sub(from)), since.is_some())
    }

    fn set_totals(&mut self, totals: &LoadTotals) {
        self.load_elapsed = totals.elapsed;
        self.tap_dropped = totals.tap_dropped;
        for series in &totals.series {
            if let Some(endpoint) = self.endpoints.get_mut(series.series.0 as usize) {
                endpoint.total = series.tally.clone();
            }
        }
        for ((_, mine), theirs) in self.scenarios.iter_mut().zip(&totals.scenarios) {
            mine.clone_from(theirs);
        }
    }

    fn add_scan_window(&mut self, window: &ScanWindow) {
        self.scan_requests.0 += window.requests;
        self.scan_requests.1 += window.failed;
        self.scan_duration.merge(&window.duration);
        self.progress = window.progress;
    }

    fn set_operation(&mut self, operation: &Operation) {
        let same = |known: &&mut Operation| {
            known.method == operation.method && known.path_template == operation.path_template
        };
        match self.coverage.operations.iter_mut().find(same) {
            Some(known) => known.clone_from(operation),
            None => self.coverage.operations.push(operation.clone()),
        }
    }

    fn set_finding(&mut self, finding: &Finding) {
        match self.findings.iter_mut().find(|known| known.fingerprint == finding.fingerprint) {
            Some(known) => known.clone_from(finding),
            None => self.findings.push(finding.clone()),
        }
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
    }

    fn checks_metric(&self, tags: &[TagMatch]) -> MetricData {
        let (named, tags): (Vec<_>, Vec<_>) =
            tags.iter().cloned().partition(|tag| tag.tag == "check");
        let (mut hits, mut total) = (0, 0);
        for endpoint in self.matching_endpoints(&tags) {
            let is_named = |name: &str| named.iter().all(|tag| tag.value == name);
            for check in endpoint.total.checks.iter().filter(|check| is_named(&check.name)) {
                hits += check.passes;
                total += check.passes + check.fails;
            }
        }
        MetricData::Rate { hits, total }
    }

    fn phase_metric(&self, kind: PhaseKind, tags: &[TagMatch]) -> MetricData {
        let mut sum = Histogram::new(Digits::Two);
        for endpoint in self.matching_endpoints(tags) {
            sum.merge(&endpoint.total.phases[kind as usize]);
        }
        MetricData::Trend(sum)
    }

    fn messages(&self, selector: &MetricSelector, pick: fn(&MessageTally) -> u64) -> u64 {
        self.matching_messages(selector).map(pick).sum()
    }

    fn message_trend(
        &self,
        selector: &MetricSelector,
        pick: fn(&MessageTally) -> &Histogram,
    ) -> MetricData {
        let mut sum = Histogram::new(Digits::Two);
        for tally in self.matching_messages(selector) {
            sum.merge(pick(tally));
        }
        MetricData::Trend(sum)
    }

    fn matching_messages<'a>(
        &'a self,
        selector: &'a MetricSelector,
    ) -> impl Iterator<Item = &'a MessageTally> {
        let kind = selector.metric.series_kind();
        self.matching_endpoints(&selector.tags)
            .filter(move |endpoint| kind.is_none_or(|kind| endpoint.meta.kind == kind))
            .filter_map(|endpoint| endpoint.total.messages.as_deref())
    }

    fn matching_endpoints<'a>(
        &'a self,
        tags: &'a [TagMatch],
    ) -> impl Iterator<Item = &'a EndpointReport> {
        self.endpoints.iter().filter(move |endpoint| {
            tags.iter().all(|tag| match tag.tag.as_str() {
                "scenario" => endpoint.meta.scenario == tag.value,
                "request" => endpoint.meta.request == tag.value,
                "method" => endpoint.meta.method == tag.value,
                "path" => endpoint.meta.path_template == tag.value,
                _ => false,
            })
        })
    }

    fn matching_scenarios<'a>(
        &'a self,
        tags: &'a [TagMatch],
    ) -> impl Iterator<Item = &'a ScenarioTally> {
        self.scenarios
            .iter()
            .filter(move |(meta, _)| {
                !meta.warmup
                    && tags.iter().all(|tag| tag.tag == "scenario" && meta.name == tag.value)
            })
            .map(|(_, tally)| tally)
    }
}

/// Median, p95, p99 and maximum.
fn quartet(trend: &Histogram) -> Option<[Duration; 4]> {
    let max = trend.max()?;
    let at = |q| trend.quantile(q).unwrap_or(max);
    Some([at(0.5), at(0.95), at(0.99), max])
}

fn finding_matches(finding: &Finding, tag: &TagMatch) -> bool {
    fn ordered<T: Ord + Copy>(op: TagOp, mine: T, theirs: Option<T>) -> bool {
        theirs.is_some_and(|theirs| match op {
            TagOp::Equal => mine == theirs,
            TagOp::AtLeast => mine >= theirs,
        })
    }
    match tag.tag.as_str() {
        "severity" => ordered(tag.op, finding.severity, Severity::parse(&tag.value)),
        "confidence" => ordered(tag.op, finding.confidence, Confidence::parse(&tag.value)),
        "status" => FindingStatus::parse(&tag.value) == Some(finding.status),
        "rule" => finding.rule.id == tag.value,
        _ => false,
    }
}
