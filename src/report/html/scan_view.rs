//! The part of the page on the scan.

use serde::Serialize;

use crate::model::Evidence;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::Report;
use crate::model::format_duration;
use crate::model::inert;

use super::super::figures::accepted;
use super::super::figures::answers;
use super::super::figures::by_severity;
use super::super::figures::percent;
use super::super::figures::reached;
use super::super::figures::share;
use super::super::figures::templates;
use super::super::figures::wrong_templates;
use super::view::Fact;
use super::view::TEXT;
use super::view::line;
use crate::model::grouped;
use crate::model::plural;

/// Lines of evidence shown, and characters of each.
const EVIDENCE_LINES: usize = 400;
/// Failed exchanges listed.
const FAILURES: usize = 10;

/// What the scan found.
#[derive(Serialize)]
pub(super) struct Scan {
    facts: Vec<Fact>,
    findings: Vec<FindingView>,
    operations: Vec<OperationView>,
    rules: Vec<RuleView>,
    /// Template files that do not take part.
    refused: Vec<String>,
}

#[derive(Serialize)]
struct FindingView {
    id: String,
    rule: String,
    title: String,
    severity: &'static str,
    confidence: &'static str,
    status: &'static str,
    is_new: bool,
    place: String,
    facts: Vec<Fact>,
    reproduce: String,
    references: Vec<String>,
    evidence: Vec<EvidenceView>,
}

#[derive(Serialize)]
struct EvidenceView {
    role: &'static str,
    identity: String,
    time: String,
    request: String,
    request_cut: bool,
    answered: bool,
    before: String,
    highlight: String,
    after: String,
    response_cut: bool,
}

#[derive(Serialize)]
struct OperationView {
    name: String,
    source: &'static str,
    reached: bool,
    skipped: String,
}

#[derive(Serialize)]
struct RuleView {
    id: String,
    title: String,
    severity: &'static str,
    outcome: String,
}

impl Scan {
    /// The part on the scan.
    pub(super) fn of(report: &Report) -> Self {
        let rules = report.rules.values().map(|(meta, outcome)| RuleView {
            id: line(&meta.id),
            title: line(&meta.title),
            severity: meta.severity.as_str(),
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
            findings: report.findings.iter().map(finding).collect(),
            operations: operations.collect(),
            rules: rules.collect(),
            refused: wrong_templates(report),
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

fn finding(finding: &Finding) -> FindingView {
    let rule = &finding.rule;
    let cwe = rule.cwe.iter().map(|number| format!("CWE-{number}"));
    let places = rule.owasp.iter().chain(&rule.api).map(|place| place.0.clone());
    let mut facts: Vec<Fact> = vec![
        ("observed", line(&finding.detail)),
        ("where", line(&finding.points().unwrap_or_default())),
        ("payloads", line(&finding.payloads.join("  "))),
        ("why it matters", line(&rule.why)),
        ("what to do", line(&rule.fix)),
        ("class", line(&cwe.chain(places).collect::<Vec<_>>().join(", "))),
        ("CVSS", line(rule.cvss.as_deref().unwrap_or_default())),
        ("seen at", plural(finding.occurrences, "URL", "URLs")),
        ("fingerprint", line(&finding.fingerprint)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    // Only what a browser opens as a page becomes a link.
    let is_web = |link: &&String| link.starts_with("https://") || link.starts_with("http://");
    FindingView {
        id: line(&finding.id()),
        rule: line(&rule.id),
        title: line(&rule.title),
        severity: finding.severity.as_str(),
        confidence: finding.confidence.as_str(),
        status: finding.status.as_str(),
        is_new: finding.status == FindingStatus::New,
        place: line(&format!("{} {}", finding.method, finding.url)),
        facts,
        reproduce: lines(finding.reproduce.as_bytes()),
        references: rule.references.iter().filter(is_web).map(|link| line(link)).collect(),
        evidence: finding.evidence.iter().map(evidence).collect(),
    }
}

fn evidence(evidence: &Evidence) -> EvidenceView {
    let response = evidence.response.as_ref();
    let data = response.map_or(&[][..], |response| &response.data);
    // A file may claim any place: one outside the response marks nothing.
    let marked = evidence.highlight.and_then(|highlight| {
        let end = highlight.offset.checked_add(highlight.length)?;
        let found = data.get(highlight.offset..end)?;
        Some((&data[..highlight.offset], found, &data[end..]))
    });
    let (before, highlight, after) = marked.unwrap_or((data, &[], &[]));
    EvidenceView {
        role: evidence.role.as_str(),
        identity: line(evidence.identity.as_deref().unwrap_or_default()),
        time: format_duration(evidence.timings.total()),
        request: lines(&evidence.request.data),
        request_cut: evidence.request.truncated,
        answered: response.is_some(),
        before: lines(before),
        highlight: lines(highlight),
        after: lines(after),
        response_cut: response.is_some_and(|response| response.truncated),
    }
}

/// Several lines, each harmless.
fn lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown: Vec<String> = text
        .split('\n')
        .take(EVIDENCE_LINES)
        .map(|text| inert(text.strip_suffix('\r').unwrap_or(text), TEXT))
        .collect();
    if text.split('\n').nth(EVIDENCE_LINES).is_some() {
        shown.push("…".to_owned());
    }
    shown.join("\n")
}
