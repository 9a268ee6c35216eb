//! What the command line says about a run of a URL, before any of it is judged.

use std::path::PathBuf;
use std::time::Duration;

use super::connection::ConnectionFlags;
use super::executor::Spacing;
use super::policy::Policy;
use super::stages::StageList;
use super::strength::Strength;
use super::templates::TemplateSettings;
use super::types::{Browsing, Output, RobotsPolicy};
use crate::model::ExitCode;
use crate::model::HttpVersion;
use crate::model::Origin;
use crate::model::OutOfScope;
use crate::model::Seed;

/// What both commands take.
#[derive(Debug, Clone)]
pub struct CommonFlags {
    /// The target.
    pub url: String,
    /// `-H`, as `Name: value`.
    pub headers: Vec<String>,
    /// Instead of the command's default.
    pub timeout: Option<Duration>,
    /// Go on with a bad certificate.
    pub insecure: bool,
    /// Root certificates beside the platform's.
    pub ca_files: Vec<PathBuf>,
    /// How connections are made.
    pub connection: ConnectionFlags,
    /// `--authorised-by`.
    pub authorised_by: Option<String>,
    /// Files to write.
    pub outputs: Vec<Output>,
    /// The run's seed.
    pub seed: Seed,
}

/// Flags of `load URL`.
#[derive(Debug, Clone)]
pub struct LoadFlags {
    /// What both commands take.
    pub common: CommonFlags,
    /// `--urls-from-file`: the URL is a file with one on each line, and each request goes to one of
    /// them.
    pub urls_from_file: bool,
    /// `-c`: connections, each with one request at a time.
    pub connections: Option<u32>,
    /// `--http2`, `--http3`, `--http-version`.
    pub http_version: HttpVersion,
    /// `-p`: HTTP/2 or HTTP/3 streams per connection.
    pub parallel: Option<u32>,
    /// `--pipeline`: HTTP/1.1 requests ahead of responses per connection.
    pub pipeline: Option<u32>,
    /// `-n`: requests in all; not looked at with `-z`, as in oha.
    pub requests: Option<u64>,
    /// `-z`: how long.
    pub duration: Option<Duration>,
    /// `-q`: requests per second.
    pub rate: Option<f64>,
    /// `--stages`: rates from 0 on.
    pub stages: Option<StageList<f64>>,
    /// `--vu-stages`: users from 1 on.
    pub vu_stages: Option<StageList<u32>>,
    /// `--arrivals`: how a schedule is spread.
    pub arrivals: Option<Spacing>,
    /// `--burst-delay`: time between bursts.
    pub burst_delay: Option<Duration>,
    /// `--burst-rate`: requests of a burst.
    pub burst_rate: Option<u32>,
    /// `-m`; GET without it, even with a body, as in oha.
    pub method: Option<String>,
    /// `-d`.
    pub body: Option<Body>,
    /// `--messages`: how often a WebSocket session sends the body and awaits an answer.
    pub messages: Option<u32>,
    /// Statuses that count as success; empty means 200–399.
    pub expected_statuses: Vec<u16>,
    /// `-r`: redirects followed at most.
    pub redirects: u32,
    /// Response headers whose values are counted.
    pub observe: Vec<String>,
}

/// A request body from the command line.
#[derive(Debug, Clone)]
pub enum Body {
    /// `-d TEXT`.
    Text(String),
    /// `-D FILE`.
    File(PathBuf),
}

/// Flags of `scan URL`.
#[derive(Debug, Clone)]
pub struct ScanFlags {
    /// What both commands take.
    pub common: CommonFlags,
    /// `--active`: `None` is the safe mode, no ids are those of [`ScanFlags::policy`].
    pub active: Option<Vec<String>>,
    /// Which checks are run where none is named; the standard ones where it is not said.
    pub policy: Option<Policy>,
    /// How much the checks try; as the policy has it where it is not said.
    pub strength: Option<Strength>,
    /// Nothing is tried that is told by how long the target waits.
    pub untimed: bool,
    /// Ids of the native checks that exist.
    pub known_checks: Vec<String>,
    /// Links followed from the start page at most.
    pub depth: Option<u32>,
    /// URLs fetched at most.
    pub max_urls: Option<u64>,
    /// Pages of one kind in a row that lead to nothing new before the rest is left out.
    pub per_kind: Option<u32>,
    /// From the crawl's start.
    pub max_time: Option<Duration>,
    /// Bytes of responses.
    pub max_bytes: Option<u64>,
    /// What `robots.txt` means.
    pub robots: Option<RobotsPolicy>,
    /// Requests per second.
    pub rps: Option<f64>,
    /// Requests at once.
    pub concurrency: Option<usize>,
    /// Probes may use unsafe methods.
    pub allow_unsafe: bool,
    /// A file of names and passwords that may be tried.
    pub credentials: Option<PathBuf>,
    /// Pages are shown in a browser too.
    pub browser: Option<Browsing>,
    /// Directories with additional rules.
    pub rule_dirs: Vec<PathBuf>,
    /// Templates in Nuclei's format.
    pub templates: TemplateSettings,
    /// Regexes on path and query; one must match.
    pub include: Vec<String>,
    /// Regexes on path and query; none may match.
    pub exclude: Vec<String>,
    /// Origins in scope besides the target's.
    pub also: Vec<Origin>,
}

/// Why flags do not make a plan.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    /// A flag's value makes no sense; the sentence names the flag.
    #[error("{0}")]
    Usage(String),
    /// A body file could not be read.
    #[error("reading the body from {}", path.display())]
    Body {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A list of URLs could not be read.
    #[error("reading URLs from {}", path.display())]
    Urls {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// URLs of a list that may not be tested, each with its line.
    #[error("{0}")]
    RefusedUrls(String),
    /// The target is an address that nobody authorised, or the scope leaves the target out.
    #[error("{0}")]
    Refused(OutOfScope),
}

impl FlagError {
    /// 2, or 85 for a refusal.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Body { .. } | Self::Urls { .. } => ExitCode::Usage,
            Self::Refused(_) | Self::RefusedUrls(_) => ExitCode::Refused,
        }
    }
}

impl CommonFlags {
    /// The URL alone.
    pub fn new(url: impl Into<String>, seed: Seed) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            timeout: None,
            insecure: false,
            ca_files: Vec::new(),
            connection: ConnectionFlags::default(),
            authorised_by: None,
            outputs: Vec::new(),
            seed,
        }
    }
}

impl LoadFlags {
    /// No flag of its own.
    pub fn new(common: CommonFlags) -> Self {
        Self {
            common,
            urls_from_file: false,
            connections: None,
            http_version: HttpVersion::Http11,
            parallel: None,
            pipeline: None,
            requests: None,
            duration: None,
            rate: None,
            stages: None,
            vu_stages: None,
            arrivals: None,
            burst_delay: None,
            burst_rate: None,
            method: None,
            body: None,
            messages: None,
            expected_statuses: Vec::new(),
            redirects: 0,
            observe: Vec::new(),
        }
    }

    /// Whether the URL is a WebSocket's.
    pub fn is_websocket(&self) -> bool {
        let scheme = self.common.url.split("://").next().unwrap_or_default();
        scheme.eq_ignore_ascii_case("ws") || scheme.eq_ignore_ascii_case("wss")
    }
}

impl ScanFlags {
    /// No flag of its own.
    pub fn new(common: CommonFlags, known_checks: Vec<String>) -> Self {
        Self {
            common,
            active: None,
            policy: None,
            strength: None,
            untimed: false,
            known_checks,
            depth: None,
            max_urls: None,
            per_kind: None,
            max_time: None,
            max_bytes: None,
            robots: None,
            rps: None,
            concurrency: None,
            allow_unsafe: false,
            credentials: None,
            browser: None,
            rule_dirs: Vec::new(),
            templates: TemplateSettings::default(),
            include: Vec::new(),
            exclude: Vec::new(),
            also: Vec::new(),
        }
    }
}
