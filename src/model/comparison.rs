//! What has changed between two runs: the result, and how it is told. How it is found out is
//! `insight`'s.

use std::fmt;
use std::time::Duration;

use super::exit::ExitCode;
use super::finding::{Confidence, FindingStatus, Severity};
use super::load::SeriesMeta;
use super::units::{format_duration, format_number, format_percent};
use super::verdict::{Facts, Verdict};

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The earlier run.
    pub old: ComparedRun,
    /// The later one.
    pub new: ComparedRun,
    /// What counts as a change.
    pub limits: ComparisonLimits,
    /// Every figure that was compared: the whole run first, then by endpoint.
    pub changes: Vec<Change>,
    /// What could not be compared, and why.
    pub left_out: Vec<LeftOut>,
    /// What makes the runs hard to compare.
    pub caveats: Vec<String>,
    /// Findings that are not the same in both: new, fixed, changed.
    pub findings: Vec<FindingChange>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ComparedRun {
    /// The target's URL.
    pub target: String,
    /// Wall-clock start, seconds since 1970.
    pub started_unix: u64,
    /// SHA-256 of the resolved plan.
    pub plan_hash: String,
    /// Load requests.
    pub requests: u64,
    /// Blocks of time that were drawn from.
    pub blocks: u64,
    /// Why its load figures cannot be believed.
    pub problems: Vec<String>,
}

/// What counts as a change: it must be certain, and large enough both ways.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparisonLimits {
    /// How certain, all comparisons taken together: 0.95 is one wrong alarm in twenty pairs of runs of
    /// a system that has not changed, at most.
    pub confidence: f64,
    /// Least share by which it differs, 0.05 for five per cent.
    pub min_relative: f64,
    /// Least difference of a latency.
    pub min_absolute: Duration,
}

impl Default for ComparisonLimits {
    fn default() -> Self {
        Self { confidence: 0.95, min_relative: 0.05, min_absolute: Duration::from_millis(1) }
    }
}

/// What a figure is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// All requests of load.
    Whole,
    /// Those of one endpoint.
    Endpoint {
        /// The scenario's name.
        scenario: String,
        /// The request's name.
        request: String,
        /// Its method.
        method: String,
        /// Its path template.
        path_template: String,
        /// The group that it is sent in.
        group: Option<String>,
    },
    /// Everything that is no load.
    Scan,
}

impl Subject {
    /// The endpoint that a series is of.
    pub fn of(meta: &SeriesMeta) -> Self {
        Self::Endpoint {
            scenario: meta.scenario.clone(),
            request: meta.request.clone(),
            method: meta.method.clone(),
            path_template: meta.path_template.clone(),
            group: meta.tags.get("group").cloned(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("all requests"),
            Self::Scan => f.write_str("scan"),
            Self::Endpoint { scenario, request, method, path_template, group } => {
                write!(f, "{method} {path_template}")?;
                if let Some(group) = group {
                    write!(f, " in {group}")?;
                }
                if path_template != request {
                    write!(f, " ({request})")?;
                }
                if scenario.is_empty() { Ok(()) } else { write!(f, " [{scenario}]") }
            }
        }
    }
}

/// What is compared of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComparedFigure {
    /// Median latency, in milliseconds.
    Median,
    /// 95th percentile of the latency, in milliseconds.
    P95,
    /// Share of failed requests.
    ErrorRate,
    /// Requests per second that did not fail.
    Throughput,
}

impl ComparedFigure {
    /// Every figure, in order.
    pub const ALL: [Self; 4] = [Self::Median, Self::P95, Self::ErrorRate, Self::Throughput];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Median => "med",
            Self::P95 => "p(95)",
            Self::ErrorRate => "error_rate",
            Self::Throughput => "throughput",
        }
    }

    /// Whether it is a latency.
    pub fn is_latency(self) -> bool {
        matches!(self, Self::Median | Self::P95)
    }

    /// Whether more of it is worse.
    pub fn grows_worse(self) -> bool {
        self != Self::Throughput
    }

    /// Whether its change is told as a share of the old value; else as a difference.
    pub fn is_relative(self) -> bool {
        self != Self::ErrorRate
    }

    /// A value of it, with its unit.
    pub fn shown(self, value: f64) -> String {
        match self {
            Self::Median | Self::P95 => Duration::try_from_secs_f64(value / 1e3)
                .map_or_else(|_| format_number(value), format_duration),
            Self::ErrorRate => format_percent(value),
            Self::Throughput => format!("{}/s", format_number(value)),
        }
    }

    /// A change of it: `+12.3%`, or percentage points of an error rate.
    pub fn shown_change(self, change: f64) -> String {
        if self.is_relative() {
            format!("{:+.1}%", change * 100.0)
        } else {
            format!("{:+.2} pp", change * 100.0)
        }
    }
}

/// What came of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It is worse: certain, and beyond both floors.
    Worse,
    /// It is better, likewise.
    Better,
    /// It differs by more than the floors, and noise alone may have done that.
    Noise,
    /// It differs by less than a floor.
    Same,
}

impl ChangeKind {
    /// Every kind, the gravest first.
    pub const ALL: [Self; 4] = [Self::Worse, Self::Better, Self::Noise, Self::Same];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Noise => "noise",
            Self::Same => "same",
        }
    }
}

/// A figure of both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Of what.
    pub subject: Subject,
    /// Which.
    pub figure: ComparedFigure,
    /// In the old run.
    pub old: f64,
    /// In the new one.
    pub new: f64,
    /// By what share of the old it differs; of an error rate, the difference.
    pub change: f64,
    /// Where that is with the confidence asked for; `None` where it cannot be said.
    pub interval: Option<(f64, f64)>,
    /// How often chance alone does that, all comparisons taken together, 0–1; 1 below a floor.
    pub p: f64,
    /// What that means.
    pub kind: ChangeKind,
}

impl Change {
    /// `p(95) of GET /items: 120ms → 151ms, +25.8% (+20.1% to +31.0%)`.
    pub fn sentence(&self) -> String {
        let figure = self.figure;
        let interval = self.interval_shown().map(|text| format!(" ({text})")).unwrap_or_default();
        format!(
            "{} of {}: {} → {}, {}{interval}",
            figure.as_str(),
            self.subject,
            figure.shown(self.old),
            figure.shown(self.new),
            figure.shown_change(self.change),
        )
    }

    /// `+20.1% to +31.0%`.
    pub fn interval_shown(&self) -> Option<String> {
        let (low, high) = self.interval?;
        let shown = |change| self.figure.shown_change(change);
        Some(format!("{} to {}", shown(low), shown(high)))
    }
}

/// Something that was not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Of what.
    pub subject: Subject,
    /// Which figure; `None` is all of them.
    pub figure: Option<ComparedFigure>,
    /// Why.
    pub reason: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.figure {
            Some(figure) => write!(f, "{} of {}: {}", figure.as_str(), self.subject, self.reason),
            None => write!(f, "{}: {}", self.subject, self.reason),
        }
    }
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingChangeKind {
    /// It was not there before, at some parameter at least.
    New,
    /// It is there, and graver, surer or otherwise judged than before.
    Changed,
    /// It is no longer there, and the new run has looked.
    Fixed,
    /// It is no longer there, and the new run has not looked: its scan was cut short, or left the rule
    /// out.
    NotLookedFor,
}

impl FindingChangeKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::New, Self::Changed, Self::Fixed, Self::NotLookedFor];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Fixed => "fixed",
            Self::NotLookedFor => "not_looked_for",
        }
    }
}

/// A finding that is not the same in both runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingChange {
    /// What became of it.
    pub kind: FindingChangeKind,
    /// Its short name.
    pub id: String,
    /// What is the same whenever it is found.
    pub fingerprint: String,
    /// The rule that found it.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// As now; of one that is fixed, as before.
    pub severity: Severity,
    /// Likewise.
    pub confidence: Confidence,
    /// Likewise.
    pub status: FindingStatus,
    /// Its method.
    pub method: String,
    /// Its path template.
    pub path_template: String,
    /// What is different of one that changed: `severity medium → high`.
    pub detail: String,
}

impl FindingChange {
    /// `new: high SQL injection (sqli-error), GET /items, SD-…`.
    pub fn sentence(&self) -> String {
        let detail =
            if self.detail.is_empty() { String::new() } else { format!(", {}", self.detail) };
        format!(
            "{}: {} {} ({}), {} {}, {}{detail}",
            self.kind.as_str().replace('_', " "),
            self.severity.as_str(),
            self.title,
            self.rule,
            self.method,
            self.path_template,
            self.id
        )
    }
}

impl Comparison {
    /// Changes of one kind.
    pub fn of_kind(&self, kind: ChangeKind) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.kind == kind)
    }

    /// What counts as a change, in a sentence.
    pub fn rule(&self) -> String {
        let limits = &self.limits;
        format!(
            "a change counts when it is certain to {} over all {} comparisons together, at least {} \
             and, of latencies, at least {}",
            format_percent(limits.confidence),
            self.changes.len(),
            format_percent(limits.min_relative),
            format_duration(limits.min_absolute)
        )
    }

    /// What makes the comparison doubtful: how the runs differ, and load that cannot be believed.
    pub fn doubts(&self) -> Vec<String> {
        let caveats = self.caveats.iter().cloned();
        let problems = self.runs().flat_map(|(name, run)| {
            run.problems.iter().map(move |text| format!("the {name} run is not valid: {text}"))
        });
        caveats.chain(problems).collect()
    }

    /// Both runs with what they are called.
    pub fn runs(&self) -> impl Iterator<Item = (&'static str, &ComparedRun)> {
        [("old", &self.old), ("new", &self.new)].into_iter()
    }

    /// Whether load was measured in either run.
    pub fn has_load(&self) -> bool {
        self.old.requests + self.new.requests > 0
    }

    /// What the comparison means as a gate: 82 when a figure is worse or a finding of that severity or
    /// above is new (firm, and not accepted); 84 when the load figures of a run cannot be believed; 83
    /// when there is load of which no latency could be compared.
    pub fn verdict(&self, new_findings: Option<Severity>) -> Verdict {
        let mut facts = Facts::default();
        facts.regressions.extend(self.of_kind(ChangeKind::Worse).map(Change::sentence));
        let counts = |finding: &&FindingChange| {
            let is_new = finding.kind == FindingChangeKind::New;
            let is_firm = finding.confidence >= Confidence::Firm;
            is_new
                && is_firm
                && finding.status != FindingStatus::Accepted
                && new_findings.is_some_and(|least| finding.severity >= least)
        };
        let new = self.findings.iter().filter(counts);
        facts.regressions.extend(new.map(FindingChange::sentence));
        for (name, run) in self.runs() {
            let problems = run.problems.iter();
            facts.invalid.extend(problems.map(|text| format!("the {name} run: {text}")));
        }
        let compared = self
            .changes
            .iter()
            .any(|change| change.subject == Subject::Whole && change.figure.is_latency());
        if self.has_load() && !compared {
            let reasons = self.left_out.iter().filter(|one| one.subject == Subject::Whole);
            let reasons: Vec<&str> = reasons.map(|one| one.reason.as_str()).collect();
            facts.incomplete.push(format!("latency was not compared: {}", reasons.join("; ")));
        } else if !self.has_load() && self.nothing_else() {
            facts.incomplete.push("neither load nor findings were compared".to_owned());
        }
        Verdict::of(&facts)
    }

    fn nothing_else(&self) -> bool {
        self.left_out.iter().any(|one| one.subject == Subject::Scan)
    }

    /// The code of [`Comparison::verdict`] in a few words.
    pub fn meaning(code: ExitCode) -> &'static str {
        match code {
            ExitCode::Passed => "nothing is worse",
            ExitCode::Regression => "worse than before",
            ExitCode::Incomplete => "not compared",
            ExitCode::Invalid => "a run is not valid, so nothing is proven",
            other => other.meaning(),
        }
    }
}
