//! What became of a finding that was looked for again.

use super::exit::ExitCode;
use super::finding::{Finding, Severity};

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retest {
    /// The same was done again, and the flaw did not show.
    Gone,
    /// It showed again.
    StillThere,
    /// It could not be looked for; why, in a sentence.
    NotReplayed(String),
}

impl Retest {
    /// The stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::StillThere => "still-there",
            Self::NotReplayed(_) => "not-replayed",
        }
    }
}

/// A finding of an earlier run, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retested {
    /// `SD-…`
    pub id: String,
    /// The rule's id.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// As the earlier run judged it.
    pub severity: Severity,
    /// Request method.
    pub method: String,
    /// Where it was found.
    pub url: String,
    /// Where the payload went.
    pub insertion_point: Option<String>,
    /// Stable over runs.
    pub fingerprint: String,
    /// What became of it.
    pub result: Retest,
}

impl Retested {
    /// The finding with what became of it.
    pub fn new(finding: &Finding, result: Retest) -> Self {
        Self {
            id: finding.id(),
            rule: finding.rule.id.clone(),
            title: finding.rule.title.clone(),
            severity: finding.severity,
            method: finding.method.clone(),
            url: finding.url.clone(),
            insertion_point: finding.points(),
            fingerprint: finding.fingerprint.clone(),
            result,
        }
    }
}

/// What was looked for again, all together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetestReport {
    /// The program's version.
    pub version: String,
    /// Where it was looked for.
    pub target: String,
    /// In the order of the earlier report.
    pub findings: Vec<Retested>,
}

impl RetestReport {
    /// How many are gone, still there, and could not be replayed.
    pub fn counts(&self) -> [usize; 3] {
        let of = |name: &str| self.findings.iter().filter(|it| it.result.as_str() == name).count();
        [of("gone"), of("still-there"), of("not-replayed")]
    }

    /// 80 while one is there, 83 while of one it is not known, else 0.
    pub fn exit_code(&self) -> ExitCode {
        match self.counts() {
            [_, 0, 0] => ExitCode::Passed,
            [_, 0, _] => ExitCode::Incomplete,
            _ => ExitCode::Findings,
        }
    }
}
