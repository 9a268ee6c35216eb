//! Everything the program learns, as one ordered stream: the report is a fold over it.

use std::time::Duration;

use super::access::AccessMatrix;
use super::bottleneck::Bottleneck;
use super::capacity::Capacity;
use super::comparison::Comparison;
use super::cost::Cost;
use super::failure::Failure;
use super::finding::Finding;
use super::headline::Headline;
use super::load::{LoadTotals, LoadWindow, ScenarioMeta, SeriesMeta, Validity};
use super::load_change::LoadChange;
use super::rule::RuleMeta;
use super::run_part::RunPart;
use super::scan::{Guessed, Operation, RuleOutcome, ScanWindow};
use super::session::SessionReport;
use super::site::{SiteNode, SkipReason};
use super::template::TemplateResult;
use super::template_run::{TemplateLibrary, TemplateTraffic};
use super::threshold_result::ThresholdResult;
use super::trace::TraceLink;
use super::verdict::Verdict;

/// An event with its place in the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// 0, 1, 2, … without gaps.
    pub seq: u64,
    /// When the pump took it, since the run's start.
    pub at: Duration,
    /// What happened.
    pub event: Event,
}

/// What a run is, known before anything is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct RunInfo {
    /// Shakedown's version.
    pub version: String,
    /// `load`, `scan`, `check`, `demo`.
    pub command: String,
    /// The target's URL.
    pub target: String,
    /// Wall-clock start, seconds since 1970.
    pub started_unix: u64,
    /// See [`super::Seed`].
    pub seed: u64,
    /// SHA-256 of the resolved plan, hexadecimal.
    pub plan_hash: String,
    /// Name of the machine that ran it; empty when unknown.
    pub host: String,
    /// Who authorised testing.
    pub authorised_by: Option<String>,
    /// How long the load part is planned to take, if it is bounded by time.
    pub planned: Option<Duration>,
    /// What the user wants to see first where load follows a schedule.
    pub headline: Headline,
    /// What the target costs to run, if the plan says so.
    pub cost: Option<Cost>,
    /// Which part of a run that several processes share; `None` is a whole run.
    pub part: Option<RunPart>,
    /// Wall-clock time of the zero of all times in this run, milliseconds since 1970.
    pub zero_unix_ms: Option<u64>,
    /// Where a trace of the service is looked at, if the user said so.
    pub trace_link: Option<TraceLink>,
}

impl RunInfo {
    /// What tells it from other runs, for those that have figures of many.
    pub fn run_id(&self) -> String {
        format!("{}-{}", self.started_unix, self.seed)
    }
}

/// Parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Discovering the site.
    Crawl,
    /// Driving load.
    Load,
    /// Checking for flaws.
    Scan,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 3] = [Self::Crawl, Self::Load, Self::Scan];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crawl => "crawl",
            Self::Load => "load",
            Self::Scan => "scan",
        }
    }

    /// The phase of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }
}

/// How urgent a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoticeLevel {
    /// For the log.
    Info,
    /// Something the user should know.
    Warning,
    /// Something is wrong.
    Error,
}

impl NoticeLevel {
    /// Every level.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The level of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// A sentence for the user, in the log and in the report's `errors` when it is not mere information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How urgent.
    pub level: NoticeLevel,
    /// The sentence.
    pub text: String,
}

/// Why a run ended before its plan did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// A signal or the user's key.
    Interrupted(String),
    /// The kill switch of `limits.stop_if`, or `limits.max_time`.
    Safety(String),
    /// A threshold with `abortOnFail`.
    Threshold(String),
    /// A firewall or bot wall answers in the target's place.
    Blocked(String),
}

impl StopReason {
    /// The sentence, without its kind.
    pub fn text(&self) -> &str {
        match self {
            Self::Interrupted(text)
            | Self::Safety(text)
            | Self::Threshold(text)
            | Self::Blocked(text) => text,
        }
    }

    /// Its kind in words: `safety stop`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Interrupted(_) => "interrupted",
            Self::Safety(_) => "safety stop",
            Self::Threshold(_) => "stopped by a threshold",
            Self::Blocked(_) => "blocked",
        }
    }

    /// Both, as reports say it.
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.kind(), self.text())
    }
}

/// Where engines put what they learn: bounded, so a slow consumer slows the collector, never the
/// load threads.
pub type EventSender = tokio::sync::mpsc::Sender<Event>;

/// Everything that can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The first event.
    RunStarted(RunInfo),
    /// A part begins.
    PhaseStarted(Phase),
    /// A part ends.
    PhaseFinished(Phase),
    /// Scenarios and series, before the first window.
    LoadDeclared {
        /// By index.
        scenarios: Vec<ScenarioMeta>,
        /// By id.
        series: Vec<SeriesMeta>,
    },
    /// One interval of load.
    LoadWindow(LoadWindow),
    /// The load was changed by hand.
    LoadChanged(LoadChange),
    /// Load is over.
    LoadFinished(LoadTotals),
    /// One interval of scanner traffic.
    ScanWindow(ScanWindow),
    /// An operation was learnt of, or its state changed; the last one with the same method and path
    /// template holds.
    Operation(Operation),
    /// Two operations have turned out to be one (`/blog/first` is a `/blog/{slug}`): the first is no
    /// more, and what was known of it is part of the second, which is told next if it has changed.
    OperationMerged {
        /// Of both.
        method: String,
        /// The path template that is no more.
        from: String,
        /// The one that it is part of.
        into: String,
    },
    /// An address in scope that the crawl learnt of, whether it asks for it or not; each once, where
    /// somebody wants to hear of them.
    UrlFound(String),
    /// Which templates take part, and which do not and why.
    TemplatesLoaded(Box<TemplateLibrary>),
    /// A template in Nuclei's format has found something.
    TemplateResult(Box<TemplateResult>),
    /// Templates have ended; what they sent.
    TemplatesFinished(Box<TemplateTraffic>),
    /// A node of the site model, as the crawl leaves it.
    SiteNode(Box<SiteNode>),
    /// Whether the crawl saw everything it knew of, and the number of nodes in the site model.
    CrawlFinished {
        /// Nodes of the site model.
        nodes: u64,
        /// Addresses in scope that it learnt of.
        urls: u64,
        /// Nothing was left in the frontier.
        complete: bool,
        /// What was left out, by reason; none is zero.
        skipped: Vec<(SkipReason, u64)>,
        /// What only looked like an address.
        guessed: Guessed,
    },
    /// Metadata of a rule that takes part.
    RuleDeclared(RuleMeta),
    /// What a rule did in the whole run.
    RuleFinished(RuleOutcome),
    /// A flaw. One with a known fingerprint replaces the earlier (occurrences and parameters grow).
    Finding(Box<Finding>),
    /// Who may do what, as checks saw it; the last one holds.
    AccessMatrix(Box<AccessMatrix>),
    /// An exchange of the scanner failed; sampled, all are counted in [`ScanWindow::failed`].
    ScanFailure {
        /// Where.
        url: String,
        /// Why.
        failure: Failure,
    },
    /// How a login stands; the last one of the same part, auth and identity holds.
    Session(Box<SessionReport>),
    /// A sentence for the user.
    Notice(Notice),
    /// The run is being stopped early.
    Stopping(StopReason),
    /// Can the load figures be believed?
    Validity(Validity),
    /// How much the target can take, as far as the search for it went.
    Capacity(Box<Capacity>),
    /// What has changed since the baseline.
    Comparison(Box<Comparison>),
    /// What makes requests slow, as far as is known; the last one holds.
    Bottlenecks(Vec<Bottleneck>),
    /// The gates.
    Thresholds(Vec<ThresholdResult>),
    /// The last event of a whole run.
    Verdict(Verdict),
}
