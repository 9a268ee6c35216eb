//! From what a template has found to findings and results.

use std::collections::BTreeMap;

use super::alias::Aliases;
use super::hit::{Analysis, Hit};
use crate::http::clock::Clock;
use crate::model::Confidence;
use crate::model::Event;
use crate::model::EvidenceRole;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::InteractionRecord;
use crate::model::Redactor;
use crate::model::TemplateResult;
use crate::model::fingerprint;
use crate::model::inert;
use crate::model::stateless_template;
use crate::scan::curl::curl;
use crate::scan::evidence::evidence;

/// Characters of an observation that are shown.
const MAX_DETAIL: usize = 300;

/// Values of an observation that are shown.
const MAX_VALUES: usize = 20;

/// Findings kept; more are counted only.
const MAX_FINDINGS: usize = 10_000;

/// Makes findings of hits; what is found again only counts up.
pub(super) struct Reporter {
    redactor: Redactor,
    aliases: Aliases,
    known: BTreeMap<String, Finding>,
}

impl Reporter {
    pub(super) fn new(redactor: Redactor, aliases: Aliases) -> Self {
        Self { redactor, aliases, known: BTreeMap::new() }
    }

    /// The finding, new or counted up, and the result.
    pub(super) fn events(&mut self, hit: &Hit, clock: Clock) -> Vec<Event> {
        let mut events = Vec::new();
        events.push(Event::TemplateResult(Box::new(self.result(hit, clock))));
        events.extend(self.finding(hit).map(|finding| Event::Finding(Box::new(finding))));
        events
    }

    fn finding(&mut self, hit: &Hit) -> Option<Finding> {
        let request = &hit.exchange.request;
        let target = request.path_and_query_text().into_owned();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let mut id = hit.template.info.id.clone();
        for part in [&hit.matcher_name, &hit.extractor_name].into_iter().flatten() {
            id.push('\0');
            id.push_str(part);
        }
        // One target has a flaw or has not, however many requests it takes to see it.
        let alias = self.aliases.of(&request.origin);
        let print = fingerprint(&id, &alias, request.method.as_str(), &path, None);
        if let Some(known) = self.known.get_mut(&print) {
            known.occurrences += 1;
            return Some(known.clone());
        }
        if self.known.len() >= MAX_FINDINGS {
            return None;
        }
        let meta = hit.template.info.meta();
        let finding = Finding {
            severity: meta.severity,
            rule: meta,
            confidence: match (&hit.callback, &hit.analysis) {
                (Some(_), _) | (None, Some(Analysis { is_proof: true, .. })) => {
                    Confidence::Confirmed
                }
                (None, _) if hit.template.info.is_tentative() => Confidence::Tentative,
                (None, _) => Confidence::Firm,
            },
            status: FindingStatus::New,
            acceptance: None,
            method: request.method.to_string(),
            url: self.redactor.text(&request.url()),
            path_template: stateless_template(&path),
            insertion_point: None,
            detail: inert(&self.redactor.text(&detail(hit)), MAX_DETAIL),
            evidence: vec![evidence(EvidenceRole::Attack, &hit.exchange, None, &self.redactor)],
            payloads: hit.payloads.iter().map(|(_, value)| value.clone()).collect(),
            reproduce: curl(request, &self.redactor),
            fingerprint: print.clone(),
            occurrences: 1,
        };
        self.known.insert(print, finding.clone());
        Some(finding)
    }

    fn result(&self, hit: &Hit, clock: Clock) -> TemplateResult {
        let request = &hit.exchange.request;
        let text = |text: &str| self.redactor.text(text);
        let shown = evidence(EvidenceRole::Attack, &hit.exchange, None, &self.redactor);
        let wire = hit.bytes.clone().unwrap_or(shown.request.data);
        TemplateResult {
            template: hit.template.info.clone(),
            target: text(&hit.target.url()),
            origin: request.origin.clone(),
            matched_at: text(&hit.matched_at),
            matcher_name: hit.matcher_name.clone(),
            extractor_name: hit.extractor_name.clone(),
            extracted: hit.extracted.iter().take(MAX_VALUES).map(|value| text(value)).collect(),
            payloads: hit
                .payloads
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            ip: hit.exchange.peer.map(|peer| peer.ip()),
            request: lossy(&wire),
            response: shown.response.map(|recorded| lossy(&recorded.data)).unwrap_or_default(),
            curl: curl(request, &self.redactor),
            unix_ms: clock.unix_millis(),
            analysis: hit.analysis.as_ref().map(|analysis| text(&analysis.details)),
            interaction: hit.callback.as_ref().map(|callback| InteractionRecord {
                protocol: callback.protocol.clone(),
                request: lossy(&callback.request),
                response: lossy(&callback.response),
                remote: callback.remote.clone(),
            }),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn detail(hit: &Hit) -> String {
    let mut parts = vec![hit.matched_at.clone()];
    parts
        .extend(hit.matcher_name.iter().chain(&hit.extractor_name).map(|name| format!("[{name}]")));
    if !hit.extracted.is_empty() {
        let shown: Vec<&str> = hit.extracted.iter().take(MAX_VALUES).map(String::as_str).collect();
        parts.push(shown.join(", "));
    }
    parts.extend(hit.analysis.iter().map(|analysis| analysis.details.clone()));
    if let Some(callback) = &hit.callback {
        parts.push(format!("called back over {} from {}", callback.protocol, callback.remote));
    }
    parts.join(" ")
}
