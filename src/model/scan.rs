//! What the scan engine reports while it works.

use std::time::Duration;

use super::histogram::Histogram;
use super::operations::Operations;
use super::site::SkipReason;
use super::units::grouped;

/// Where an operation was learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OperationSource {
    /// An interface description.
    Spec,
    /// The plan.
    Plan,
    /// The crawler.
    Crawl,
    /// A page in the crawler's browser.
    Browser,
}

impl OperationSource {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::Spec, Self::Plan, Self::Crawl, Self::Browser];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::Plan => "plan",
            Self::Crawl => "crawl",
            Self::Browser => "browser",
        }
    }

    /// How much is known of an operation from there: what was found counts for least, what is
    /// described for most.
    pub fn authority(self) -> u8 {
        match self {
            Self::Browser => 0,
            Self::Crawl => 1,
            Self::Plan => 2,
            Self::Spec => 3,
        }
    }

    /// Whether it was found on the way, and neither named nor described.
    pub fn is_found(self) -> bool {
        match self {
            Self::Crawl | Self::Browser => true,
            Self::Plan | Self::Spec => false,
        }
    }

    /// The source of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }
}

/// One operation known from a specification, the plan or the crawl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The method.
    pub method: String,
    /// `/items/{id}`.
    pub path_template: String,
    /// Where it was learnt.
    pub source: OperationSource,
    /// It gave a non-error answer.
    pub reached: bool,
    /// Why it was left alone.
    pub skipped: Option<String>,
}

/// Operations reached against known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By method and path template.
    pub operations: Operations,
    /// Nodes of the site model.
    pub nodes: u64,
    /// Addresses in scope that the crawl learnt of.
    pub urls: u64,
    /// The crawl saw everything it knew of; `None` when there was no crawl or it was cut.
    pub complete: Option<bool>,
    /// What was left out, by reason; none is zero.
    pub skipped: Vec<(SkipReason, u64)>,
    /// What only looked like an address.
    pub guessed: Guessed,
}

/// What a crawl asked for without being told that it is there: texts that look like addresses, and
/// paths that sites have by convention.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guessed {
    /// Guesses that were asked for and answered.
    pub asked: u64,
    /// Of these, where there was something.
    pub right: u64,
}

impl Coverage {
    /// What was left out, most of it first: `12 out of scope`.
    pub fn left_out(&self) -> Vec<String> {
        self.phrases(|_| true)
    }

    /// What makes a crawl incomplete, most of it first: `12 too deep`.
    pub fn gaps(&self) -> Vec<String> {
        self.phrases(SkipReason::is_gap)
    }

    fn phrases(&self, is_meant: impl Fn(SkipReason) -> bool) -> Vec<String> {
        let meant = self.skipped.iter().filter(|(reason, _)| is_meant(*reason));
        let mut meant: Vec<(SkipReason, u64)> = meant.copied().collect();
        meant.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
        let phrase =
            |(reason, count): (SkipReason, u64)| format!("{} {}", grouped(count), reason.meaning());
        meant.into_iter().map(phrase).collect()
    }
}

/// What a rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutcome {
    /// The rule.
    pub id: String,
    /// Requests it sent; those of a template include what another one's answer served.
    pub requests: u64,
    /// Exchanges it matched.
    pub matched: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Why it did not run.
    pub skipped: Option<String>,
}

/// How far crawl and checks have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrawlProgress {
    /// URLs fetched.
    pub fetched: u64,
    /// URLs waiting.
    pub queued: u64,
    /// Nodes of the site model: method, path template and parameter set.
    pub nodes: u64,
    /// Insertion points whose checks are done.
    pub points_done: u64,
    /// Insertion points known.
    pub points: u64,
}

/// Scanner traffic over one interval: never mixed with load's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanWindow {
    /// Start, since the run's start.
    pub from: Duration,
    /// End, since the run's start.
    pub to: Duration,
    /// Exchanges.
    pub requests: u64,
    /// Of these without a response.
    pub failed: u64,
    /// `scan_req_duration`.
    pub duration: Histogram,
    /// How far the engine has come.
    pub progress: CrawlProgress,
}
