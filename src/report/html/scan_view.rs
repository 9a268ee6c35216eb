//! The part of the page on the scan.

use serde::Serialize;

use crate::model::AccessMatrix;
use crate::model::Report;
use crate::model::Severity;

use super::super::access;
use super::super::access::Tone;
use super::super::figures::accepted;
use super::super::figures::answers;
use super::super::figures::by_severity;
use super::super::figures::percent;
use super::super::figures::reached;
use super::super::figures::share;
use super::super::figures::templates;
use super::super::figures::wrong_templates;
use super::view::Fact;
use super::view::line;
use crate::model::grouped;
use crate::model::plural;

/// Failed exchanges listed.
const FAILURES: usize = 10;

/// What the scan found.
#[derive(Serialize)]
pub(super) struct Scan {
    facts: Vec<Fact>,
    has_findings: bool,
    /// How many findings of each severity, accepted ones among them.
    severities: Vec<(&'static str, usize)>,
    operations: Vec<OperationView>,
    /// Who may do what.
    access: Option<AccessView>,
    rules: Vec<RuleView>,
    /// Template files that do not take part.
    refused: Vec<String>,
}

#[derive(Serialize)]
struct OperationView {
    name: String,
    source: &'static str,
    reached: bool,
    skipped: String,
}

#[derive(Serialize)]
struct AccessView {
    facts: String,
    identities: Vec<String>,
    rows: Vec<AccessRowView>,
}

#[derive(Serialize)]
struct AccessRowView {
    name: String,
    /// A word, and the class of its colour.
    cells: Vec<(String, &'static str)>,
}

#[derive(Serialize)]
struct RuleView {
    id: String,
    title: String,
    severity: &'static str,
    /// Of the severity, for sorting.
    rank: usize,
    outcome: String,
}

impl Scan {
    /// The part on the scan.
    pub(super) fn of(report: &Report) -> Self {
        let rules = report.rules.values().map(|(meta, outcome)| RuleView {
            id: line(&meta.id),
            title: line(&meta.title),
            severity: meta.severity.as_str(),
            rank: meta.severity as usize,
            outcome: match outcome {
                None => "not finished".to_owned(),
                Some(outcome) => match &outcome.skipped {
                    Some(reason) => line(&format!("skipped: {reason}")),
                    None => format!(
                        "{}, {}, {}",
                        plural(outcome.requests, "request", "requests"),
                        plural(outcome.matched, "match", "matches"),
                        plural(outcome.errors, "error", "errors")
                    ),
                },
            },
        });
        let operations = report.coverage.operations.iter().map(|operation| OperationView {
            name: line(&format!("{} {}", operation.method, operation.path_template)),
            source: operation.source.as_str(),
            reached: operation.reached,
            skipped: line(operation.skipped.as_deref().unwrap_or_default()),
        });
        Self {
            facts: scan_facts(report),
            has_findings: !report.findings.is_empty(),
            severities: severities(report),
            operations: operations.collect(),
            access: report.access.as_ref().map(AccessView::of),
            rules: rules.collect(),
            refused: wrong_templates(report),
        }
    }
}

impl AccessView {
    fn of(matrix: &AccessMatrix) -> Self {
        let class = |tone: Tone| match tone {
            Tone::Plain => "",
            Tone::Faint => "faint",
            Tone::Doubtful => "warn",
            Tone::Bad => "bad",
        };
        let rows = access::grid(matrix).into_iter().map(|row| AccessRowView {
            name: line(&row.name),
            cells: row.cells.into_iter().map(|(text, tone)| (text, class(tone))).collect(),
        });
        Self {
            facts: access::facts(matrix).join(", "),
            identities: matrix.identities.iter().map(|name| line(name)).collect(),
            rows: rows.collect(),
        }
    }
}

fn scan_facts(report: &Report) -> Vec<Fact> {
    let (sent, failed) = report.scan_requests;
    let (reached, known) = reached(report);
    let mut facts: Vec<Fact> = vec![
        ("requests", format!("{}, {} without a response", grouped(sent), grouped(failed))),
        ("URLs", grouped(report.progress.fetched)),
        ("nodes", grouped(report.coverage.nodes.max(report.progress.nodes))),
        ("insertion points", {
            let progress = &report.progress;
            format!("{} of {} checked", grouped(progress.points_done), grouped(progress.points))
        }),
        (
            "operations",
            format!("{reached} of {known} reached ({})", percent(share(reached, known))),
        ),
        (
            "crawl",
            match report.coverage.complete {
                Some(true) => "complete".to_owned(),
                Some(false) => "incomplete".to_owned(),
                None => String::new(),
            },
        ),
    ];
    facts.push(("answers", answers(report).join(", ")));
    facts.push(("left out", report.coverage.left_out().join(", ")));
    facts.push(("templates", templates(report).join("; ")));
    facts.extend(
        by_severity(report)
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(severity, count)| (severity.as_str(), count.to_string())),
    );
    if accepted(report) > 0 {
        facts.push(("accepted", accepted(report).to_string()));
    }
    facts.extend(
        report
            .scan_failures
            .iter()
            .take(FAILURES)
            .map(|(url, failure)| ("failed exchange", line(&format!("{url}: {failure}")))),
    );
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn severities(report: &Report) -> Vec<(&'static str, usize)> {
    let count = |severity: &Severity| {
        report.findings.iter().filter(|finding| finding.severity == *severity).count()
    };
    let all = Severity::ALL.iter().rev().map(|severity| (severity.as_str(), count(severity)));
    all.filter(|(_, count)| *count > 0).collect()
}
