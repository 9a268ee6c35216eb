//! The report: everything that a run found out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::access::AccessMatrix;
use super::block::Blocks;
use super::bottleneck::Bottleneck;
use super::capacity::Capacity;
use super::comparison::Comparison;
use super::cost::{Cost, Used};
use super::event::{Notice, Phase, RunInfo, StopReason};
use super::exit::ExitCode;
use super::failure::Failure;
use super::finding::Finding;
use super::generator::GeneratorReport;
use super::headline::Headline;
use super::histogram::{Digits, Histogram};
use super::load::{ScenarioMeta, ScenarioTally, SeriesMeta, Tally, Validity};
use super::load_change::{LoadChange, LoadChangeKind};
use super::rule::RuleMeta;
use super::scan::{Coverage, CrawlProgress, RuleOutcome};
use super::session::SessionReport;
use super::site::SiteNode;
use super::template_run::TemplateRun;
use super::threshold_result::ThresholdResult;
use super::verdict::Verdict;

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
    /// Load in blocks of time, for comparisons.
    pub blocks: Blocks,
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
    /// The site model, as the crawl left it; empty while it goes on.
    pub site: Vec<SiteNode>,
    /// Rules that took part: metadata, and what they did once they are done.
    pub rules: BTreeMap<String, (RuleMeta, Option<RuleOutcome>)>,
    /// Templates in Nuclei's format, and rules that ask as they do; `None` where there were none.
    pub templates: Option<TemplateRun>,
    /// Gravest first, then in order of discovery.
    pub findings: Vec<Finding>,
    /// Who may do what; `None` where nobody asked.
    pub access: Option<AccessMatrix>,
    /// Logins.
    pub sessions: Vec<SessionReport>,
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
    /// How much the target can take; `None` where nobody searched for it.
    pub capacity: Option<Capacity>,
    /// What has changed since the baseline; `None` without one.
    pub comparison: Option<Comparison>,
    /// What makes requests slow, what costs most first.
    pub bottlenecks: Vec<Bottleneck>,
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
            blocks: Blocks::default(),
            changes: Vec::new(),
            load_elapsed: Duration::ZERO,
            vus: (0, 0),
            tap_dropped: 0,
            scan_requests: (0, 0),
            scan_duration: Histogram::new(Digits::Three),
            progress: CrawlProgress::default(),
            coverage: Coverage::default(),
            site: Vec::new(),
            rules: BTreeMap::new(),
            templates: None,
            findings: Vec::new(),
            access: None,
            sessions: Vec::new(),
            notices: Vec::new(),
            scan_failures: Vec::new(),
            stopped: None,
            validity: None,
            generator: None,
            capacity: None,
            comparison: None,
            bottlenecks: Vec::new(),
            thresholds: Vec::new(),
            verdict: None,
        }
    }
}

impl Report {
    /// What the verdict means for this run, in a few words; `None` without a verdict.
    ///
    /// A load without gates passes whatever came back, and on a saturated generator too, with a
    /// warning: then it must not be said that gates passed, or that the run is valid. A scan has a gate
    /// without any threshold: what it finds.
    pub fn verdict_meaning(&self) -> Option<&'static str> {
        let code = self.verdict.as_ref()?.exit_code;
        let doubtful = self.validity.as_ref().is_some_and(|validity| !validity.is_valid());
        Some(match code {
            ExitCode::Passed if self.capacity.is_some() => "the capacity was found",
            ExitCode::Passed if doubtful => "no gate failed, but the load figures are not reliable",
            ExitCode::Passed if !self.thresholds.is_empty() => code.meaning(),
            ExitCode::Passed if self.rules.is_empty() => "the run is valid; no gate was set",
            ExitCode::Passed => "no finding fails the run; no threshold was set",
            code => code.meaning(),
        })
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

    /// What the target costs, and what a million requests that did not fail cost at the rate that
    /// was measured.
    pub fn cost(&self) -> Option<(&Cost, Option<f64>)> {
        let cost = self.run.as_ref()?.cost.as_ref()?;
        let used = Used::of(&self.total(), self.load_elapsed.as_secs_f64());
        Some((cost, used.map(|used| cost.per_million(&used))))
    }

    /// Instances that were measured; 1 where the plan does not say.
    pub fn instances(&self) -> u32 {
        let cost = self.run.as_ref().and_then(|run| run.cost.as_ref());
        cost.map_or(1, |cost| cost.instances)
    }

    /// Everything load counted, all series together.
    pub fn total(&self) -> Tally {
        let mut sum = Tally::new(Digits::Three);
        for endpoint in &self.endpoints {
            sum.merge(&endpoint.total);
        }
        sum
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
}
