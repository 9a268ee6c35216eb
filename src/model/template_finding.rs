//! From a result of a template to a finding, whoever ran the template.

use std::collections::BTreeMap;

use super::finding::{Confidence, Evidence, Finding, FindingStatus, fingerprint};
use super::template::TemplateResult;
use super::text::inert;
use super::url_shape::stateless_template;

/// Characters of an observation that are shown.
const MAX_DETAIL: usize = 300;

/// Findings that are kept; of more, only the known ones count up.
const MAX_FINDINGS: usize = 10_000;

/// What a result's own line does not say, or not in these words.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// What the target is called in fingerprints.
    pub alias: String,
    /// Of the request that was answered.
    pub method: String,
    /// The same, redacted.
    pub url: String,
    /// Its path without the query, and without what a template has put there.
    pub path: String,
    /// It leaves no doubt, even where nobody has called from outside.
    pub is_proven: bool,
    /// What was sent and came back, redacted.
    pub evidence: Vec<Evidence>,
}

impl TemplateResult {
    /// The result as a finding.
    pub fn finding(&self, seen: Sighting) -> Finding {
        let mut id = self.template.id.clone();
        for part in [&self.matcher_name, &self.extractor_name].into_iter().flatten() {
            id.push('\0');
            id.push_str(part);
        }
        let point = self.point.as_ref();
        let rule = self.template.meta();
        Finding {
            severity: rule.severity,
            rule,
            confidence: match &self.interaction {
                Some(_) => Confidence::Confirmed,
                None if seen.is_proven => Confidence::Confirmed,
                None if self.template.is_tentative() => Confidence::Tentative,
                None => Confidence::Firm,
            },
            status: FindingStatus::New,
            acceptance: None,
            path_template: stateless_template(&seen.path),
            insertion_point: self.point.clone(),
            also: Vec::new(),
            detail: inert(&self.detail(), MAX_DETAIL),
            payloads: self.payloads.iter().map(|(_, value)| value.clone()).collect(),
            reproduce: self.curl.clone(),
            fingerprint: fingerprint(&id, &seen.alias, &seen.method, &seen.path, point),
            occurrences: 1,
            found_at: None,
            method: seen.method,
            url: seen.url,
            evidence: seen.evidence,
        }
    }

    /// Where, which matcher, what was extracted, who called back.
    fn detail(&self) -> String {
        let mut parts = vec![self.matched_at.clone()];
        let names = self.matcher_name.iter().chain(&self.extractor_name);
        parts.extend(names.map(|name| format!("[{name}]")));
        if !self.extracted.is_empty() {
            parts.push(self.extracted.join(", "));
        }
        parts.extend(self.analysis.clone());
        if let Some(call) = &self.interaction {
            parts.push(format!("called back over {} from {}", call.protocol, call.remote));
        }
        parts.join(" ")
    }
}

/// Findings by their fingerprints: what is found again only counts up.
#[derive(Debug, Default)]
pub struct FindingBook(BTreeMap<String, Finding>);

impl FindingBook {
    /// The finding as it stands now; `None` where it is new and there are too many already.
    pub fn enter(&mut self, finding: Finding) -> Option<Finding> {
        if let Some(known) = self.0.get_mut(&finding.fingerprint) {
            known.occurrences += 1;
            return Some(known.clone());
        }
        if self.0.len() >= MAX_FINDINGS {
            return None;
        }
        self.0.insert(finding.fingerprint.clone(), finding.clone());
        Some(finding)
    }

    /// All of them, by fingerprint.
    pub fn into_findings(self) -> impl Iterator<Item = Finding> {
        self.0.into_values()
    }
}
