//! The resolved plan that both engines run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::data::Data;
use super::executor::Executor;
use super::probing::Probing;
use super::templates::TemplateSettings;
use super::under_load::Watched;
use crate::flow::auth::Sessions;
use crate::flow::{Flow, Script, Variable};
use crate::model::{
    CapacityAim, ConnectionReuse, Conversation, Cost, Export, Header, HttpVersion, LeftAlone,
    MetricSelector, OperationSource, OutputKind, Redactor, RequestTemplate, Route, Scope, Seed,
    Target, Threshold, TlsOptions, Tracing,
};

/// A run, fully described: nothing is looked up later.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it is aimed at.
    pub target: Target,
    /// Others of its targets, which requests name.
    pub other_targets: Vec<NamedTarget>,
    /// What may be sent where.
    pub scope: Scope,
    /// Hard caps over everything.
    pub limits: Limits,
    /// By index; flows refer to them.
    pub requests: Vec<RequestTemplate>,
    /// What of each request differs from one sending to the next, by the same index; none at all
    /// where nothing does.
    pub scripts: Vec<Script>,
    /// What the plan calls the values that it takes out of responses.
    pub variables: Vec<String>,
    /// By index; scenarios refer to them.
    pub flows: Vec<Flow>,
    /// Logins, and who uses them.
    pub sessions: Sessions,
    /// What load runs; empty for a scan alone.
    pub scenarios: Vec<Scenario>,
    /// Before the scenarios, once; what it takes out of responses, they have from the start.
    pub setup: Option<Once>,
    /// Behind the scenarios, once.
    pub teardown: Option<Once>,
    /// What scan does; `None` for load alone.
    pub scan: Option<ScanSettings>,
    /// The gates.
    pub thresholds: Vec<Threshold>,
    /// What the run is compared with.
    pub baseline: BaselineFiles,
    /// What a search for the capacity is to find.
    pub capacity: Option<CapacityAim>,
    /// What the target costs to run.
    pub cost: Option<Cost>,
    /// Files to write.
    pub outputs: Vec<Output>,
    /// Where figures are sent while the run goes on.
    pub exports: Vec<Export>,
    /// How connections are made.
    pub connection: Connection,
    /// Whether load's users keep cookies.
    pub cookies: Cookies,
    /// Response headers whose values are counted (backend, cache state), as written by the user.
    pub observe: Vec<String>,
    /// Which of load's requests are traced; `None` is none.
    pub trace: Option<Tracing>,
    /// What load's exchanges are looked at for.
    pub watched: Watched,
    /// Requests that must be refused whatever the load is, by index.
    pub refused: Vec<usize>,
    /// Requests that are turned off and on, to see what they cost all others, by index.
    pub burden: Vec<usize>,
    /// Every random choice follows from it.
    pub seed: Seed,
    /// SHA-256 of the plan file (or of the flags that made the plan), hexadecimal.
    pub hash: String,
    /// Rows of files that iterations are fed with.
    pub data: Data,
    /// Masks the plan's secrets in everything that is shown or kept.
    pub redactor: Redactor,
    /// What is odd in the plan and no mistake, a line each with its place.
    pub warnings: Vec<String>,
}

impl Plan {
    /// What is asked of load's figures: by gates, and by a search for the capacity.
    pub fn load_selectors(&self) -> impl Iterator<Item = &MetricSelector> {
        let gates = self.thresholds.iter().map(|threshold| &threshold.criterion);
        let objective = self.capacity.iter().flat_map(|aim| &aim.slo);
        let selectors = gates.chain(objective).map(|criterion| &criterion.selector);
        selectors.filter(|selector| selector.metric.is_load())
    }

    /// Whether load may find something.
    pub fn watches_load(&self) -> bool {
        self.watched.is_any() || !self.burden.is_empty()
    }

    /// What values are drawn from that are made while load runs.
    pub fn value_seed(&self) -> u64 {
        self.seed.derive("values").0
    }

    /// When load is planned to end, since its start, without graceful stops; `None` when it ends
    /// with a number of iterations or when there is no load.
    pub fn planned_load_duration(&self) -> Option<Duration> {
        self.scenarios
            .iter()
            .map(|scenario| {
                let length = scenario.executor.planned()?;
                Some(scenario.start_time.saturating_add(length))
            })
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }
}

/// A service that requests name instead of the plan's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTarget {
    /// The plan's name for it.
    pub name: String,
    /// Where it is.
    pub target: Target,
}

/// How long a virtual user keeps the cookies that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cookies {
    /// It keeps none.
    #[default]
    Off,
    /// Each iteration begins without any, as in k6: a visitor who comes for the first time.
    PerIteration,
    /// As long as it exists: a visitor who comes back.
    PerUser,
}

/// What a run is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaselineFiles {
    /// The report or event log of an earlier run, or a run of the history: `history:main`.
    pub run: Option<PathBuf>,
    /// Findings that somebody accepted.
    pub accepted: Option<PathBuf>,
}

/// Hard caps and the kill switch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Requests per second over both engines together; `None` is no cap.
    pub max_rps: Option<f64>,
    /// Virtual users over all scenarios.
    pub max_vus: Option<u32>,
    /// The run is stopped after this time.
    pub max_time: Option<Duration>,
    /// The kill switch; `None` is off.
    pub stop_if: Option<StopIf>,
}

/// When to stop for the target's sake. Any one condition held for `hold` stops the run.
#[derive(Debug, Clone, PartialEq)]
pub struct StopIf {
    /// Share of failed requests, 0–1.
    pub error_rate: Option<f64>,
    /// p95 of `http_req_latency`.
    pub p95: Option<Duration>,
    /// How long the condition must hold (`for` in the plan).
    pub hold: Duration,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The plan's name.
    pub name: String,
    /// Index into [`Plan::flows`].
    pub flow: usize,
    /// When iterations start.
    pub executor: Executor,
    /// Delay after the start of load.
    pub start_time: Duration,
    /// How long running iterations may go on after the end.
    pub graceful_stop: Duration,
    /// Excluded from statistics.
    pub warmup: bool,
    /// The plan's own tags, of all that it measures.
    pub tags: BTreeMap<String, String>,
    /// Values that each of its iterations has from the start.
    pub given: Vec<(Variable, Vec<u8>)>,
}

/// A flow that one user goes through once, outside all figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// What is done.
    pub flow: Flow,
    /// Values that it has from the start.
    pub given: Vec<(Variable, Vec<u8>)>,
    /// For all of it.
    pub timeout: Duration,
}

/// What scan does.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanSettings {
    /// Bounds of discovery.
    pub crawl: CrawlSettings,
    /// Native checks to run, by rule id, beside those of [`Probing::policy`]; where there is neither it is
    /// the safe mode (passive, GET and HEAD only).
    pub active: Vec<String>,
    /// How they are run, and which beside those.
    pub probing: Probing,
    /// Requests per second.
    pub max_rps: f64,
    /// Requests at once.
    pub concurrency: usize,
    /// Probes may use unsafe methods (forms with POST and the like).
    pub allow_unsafe: bool,
    /// Requests of the plan that probes may send although their method is unsafe (indices).
    pub unsafe_requests: Vec<usize>,
    /// Directories with additional rules.
    pub rule_dirs: Vec<PathBuf>,
    /// Templates in Nuclei's format.
    pub templates: TemplateSettings,
    /// What the files of [`CrawlSettings::import`] have; whoever reads the plan imports them.
    pub imported: Vec<ImportedRequest>,
    /// `check` runs passive rules on sampled load traffic too.
    pub passive_during_load: bool,
}

/// The tag of rules whose checks show pages in a browser.
const BROWSER_TAG: &str = "browser";

impl ScanSettings {
    /// Whether the policy has a check whose rule has these tags. Who has pages shown by the crawl means
    /// them to be shown by checks too.
    pub fn chooses(&self, tags: &[String]) -> bool {
        let is_shown = self.crawl.browser.is_some();
        let tags = tags.iter().filter(|tag| !(is_shown && *tag == BROWSER_TAG));
        let tags: Vec<String> = tags.cloned().collect();
        self.probing.policy.is_some_and(|policy| policy.has(&tags))
    }

    /// Whether a rule's check is chosen that shows pages in a browser.
    pub fn shows(&self, id: &str, tags: &[String]) -> bool {
        let is_chosen = self.active.iter().any(|active| active == id) || self.chooses(tags);
        is_chosen && tags.iter().any(|tag| tag == BROWSER_TAG)
    }

    /// Whether probes are sent at all.
    pub fn is_active(&self) -> bool {
        !self.active.is_empty() || self.probing.policy.is_some()
    }
}

/// Bounds of discovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlSettings {
    /// Links followed from the start page at most.
    pub depth: u32,
    /// URLs fetched at most.
    pub max_urls: u64,
    /// Pages of one kind (method, path template, parameters) in a row that lead to nothing new before
    /// the rest of the kind is left out; 0 is no bound.
    pub per_kind: u32,
    /// From the crawl's start; `None` is no bound.
    pub max_time: Option<Duration>,
    /// Bytes of responses on the wire; `None` is no bound.
    pub max_bytes: Option<u64>,
    /// What `robots.txt` means.
    pub robots: RobotsPolicy,
    /// Files that describe the service: their requests are where it begins, beside the plan's own.
    pub import: Vec<PathBuf>,
    /// Pages are shown in a browser too.
    pub browser: Option<Browsing>,
}

/// Bounds of what a browser does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browsing {
    /// Pages shown at most.
    pub max_pages: u64,
    /// From the first page to the last.
    pub max_time: Duration,
}

/// What `robots.txt` means to a crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RobotsPolicy {
    /// It names paths, and asks for nothing: who tests a service of their own wants to know what it
    /// hides, and whoever attacks it reads there first.
    #[default]
    OnlyAsSource,
    /// What it disallows is left alone, and said.
    Respect,
    /// It is not read.
    Ignore,
}

impl RobotsPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::OnlyAsSource, Self::Respect, Self::Ignore];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnlyAsSource => "only-as-source",
            Self::Respect => "respect",
            Self::Ignore => "ignore",
        }
    }

    /// The policy of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

/// A request out of a file that the plan imports.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedRequest {
    /// As it is sent.
    pub template: RequestTemplate,
    /// What the file is.
    pub source: OperationSource,
    /// Why it is not sent, if so.
    pub left_alone: Option<LeftAlone>,
}

/// How connections are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// From the first byte of the request to the last of the response, connect included.
    pub timeout: Duration,
    /// For a connection alone, proxy and TLS included; `None` leaves it to `timeout`.
    pub connect_timeout: Option<Duration>,
    /// What a bad certificate means.
    pub tls: TlsPolicy,
    /// Additional root certificates (PEM).
    pub ca_files: Vec<PathBuf>,
    /// How handshakes are made.
    pub tls_options: TlsOptions,
    /// Where connections go.
    pub route: Route,
    /// Whether they carry more than one request.
    pub reuse: ConnectionReuse,
    /// What is spoken, and how many share a connection.
    pub protocol: Protocol,
    /// Sent with every request unless the request has its own of that name.
    pub headers: Vec<Header>,
}

impl Connection {
    /// Straight to the URL's host, with that much time.
    pub fn new(timeout: Duration, tls: TlsPolicy) -> Self {
        Self {
            timeout,
            connect_timeout: None,
            tls,
            ca_files: Vec::new(),
            tls_options: TlsOptions::default(),
            route: Route::default(),
            reuse: ConnectionReuse::On,
            protocol: Protocol::USUAL,
            headers: Vec::new(),
        }
    }

    /// What is spoken for the request: a version of its own goes before that of connections, and
    /// gRPC is HTTP/2's.
    pub fn protocol_of(&self, template: &RequestTemplate) -> Protocol {
        match (&template.conversation, template.version) {
            (Conversation::Grpc(_), _) => self.protocol.in_version(HttpVersion::Http2),
            (_, Some(version)) => self.protocol.in_version(version),
            (_, None) => self.protocol,
        }
    }
}

/// What is spoken on connections, and how many exchanges go on at once on one: so many virtual
/// users share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1 {
        /// Requests sent ahead of responses; 1 waits for each.
        pipeline: u32,
    },
    /// HTTP/2, agreed on by ALPN over TLS, known beforehand without.
    Http2 {
        /// Streams at once.
        streams: u32,
    },
    /// HTTP/3, over QUIC.
    Http3 {
        /// Streams at once.
        streams: u32,
    },
}

impl Protocol {
    /// HTTP/1.1 without pipelining.
    pub const USUAL: Self = Self::Http1 { pipeline: 1 };

    /// Which version of HTTP it is.
    pub fn version(self) -> HttpVersion {
        match self {
            Self::Http1 { .. } => HttpVersion::Http11,
            Self::Http2 { .. } => HttpVersion::Http2,
            Self::Http3 { .. } => HttpVersion::Http3,
        }
    }

    /// The same in another version of HTTP: as many streams where both have them, else a connection
    /// for each user.
    #[must_use]
    pub fn in_version(self, version: HttpVersion) -> Self {
        let streams = match self {
            Self::Http1 { .. } => 1,
            Self::Http2 { streams } | Self::Http3 { streams } => streams,
        };
        match (self, version) {
            (Self::Http1 { .. }, HttpVersion::Http10 | HttpVersion::Http11) => self,
            (_, HttpVersion::Http10 | HttpVersion::Http11) => Self::USUAL,
            (_, HttpVersion::Http2) => Self::Http2 { streams },
            (_, HttpVersion::Http3) => Self::Http3 { streams },
        }
    }

    /// Virtual users that share a connection.
    pub fn users_per_connection(self) -> u32 {
        match self {
            Self::Http1 { pipeline: users }
            | Self::Http2 { streams: users }
            | Self::Http3 { streams: users } => users.max(1),
        }
    }
}

/// What a bad certificate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPolicy {
    /// The connection fails (load's default).
    Verify,
    /// Go on and report the fault (scan's default, `--insecure`).
    AcceptAndReport,
}

/// A file to write at the end of the run; opened before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Which format.
    pub kind: OutputKind,
    /// Where; `-` is standard output.
    pub path: PathBuf,
}
