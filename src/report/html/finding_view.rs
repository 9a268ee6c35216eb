//! A finding with its proof.

use std::time::Duration;

use serde::Serialize;

use crate::model::Acceptance;
use crate::model::Evidence;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::format_duration;
use crate::model::inert;
use crate::model::plural;

use super::view::Fact;
use super::view::TEXT;
use super::view::line;

/// Lines of evidence shown, and characters of each.
const EVIDENCE_LINES: usize = 400;

/// Bytes of exchanges in a whole page. A browser opens so much at once; the JSON report has the rest.
const ROOM: usize = 32 << 20;

/// How much more evidence the page takes.
pub(super) struct Room(usize);

impl Room {
    /// That of an empty page.
    pub(super) fn new() -> Self {
        Self(ROOM)
    }

    fn takes(&mut self, evidence: &EvidenceView) -> bool {
        let size = evidence.request.len()
            + evidence.before.len()
            + evidence.highlight.len()
            + evidence.after.len();
        let left = self.0.checked_sub(size);
        // What did not fit ends it: a later one that happens to be short would be no help.
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// A finding: what the list shows, and what it unfolds to.
#[derive(Serialize)]
pub(super) struct FindingView {
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
    /// How many exchanges are left out, because the page would become too large.
    left_out: usize,
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

impl FindingView {
    /// The finding; exchanges only while they fit into `room`, which shrinks.
    pub(super) fn of(finding: &Finding, room: &mut Room) -> Self {
        let rule = &finding.rule;
        // Only what a browser opens as a page becomes a link.
        let is_web = |link: &&String| link.starts_with("https://") || link.starts_with("http://");
        let shown = finding.evidence.iter().map(evidence).take_while(|one| room.takes(one));
        let evidence: Vec<EvidenceView> = shown.collect();
        Self {
            id: line(&finding.id()),
            rule: line(&rule.id),
            title: line(&rule.title),
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            status: finding.status.as_str(),
            is_new: finding.status == FindingStatus::New,
            place: line(&format!("{} {}", finding.method, finding.url)),
            facts: facts(finding),
            reproduce: lines(finding.reproduce.as_bytes()),
            references: rule.references.iter().filter(is_web).map(|link| line(link)).collect(),
            left_out: finding.evidence.len() - evidence.len(),
            evidence,
        }
    }
}

fn facts(finding: &Finding) -> Vec<Fact> {
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
        ("found", found(finding.found_at)),
        ("accepted", finding.acceptance.as_ref().map(accepted).unwrap_or_default()),
        ("seen at", plural(finding.occurrences, "URL", "URLs")),
        ("fingerprint", line(&finding.fingerprint)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// Results of other tools do not say when their run began: theirs are all found at once.
fn found(at: Option<Duration>) -> String {
    let at = at.filter(|at| !at.is_zero());
    at.map(|at| format!("{} after the start", format_duration(at))).unwrap_or_default()
}

fn accepted(by: &Acceptance) -> String {
    line(&format!("{} (by {} until {})", by.reason, by.owner, by.expires))
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
        // The empty line that ends a head is no news.
        request: lines(evidence.request.data.trim_ascii_end()),
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
