//! A result of a template in Nuclei's format, with everything that its own result line says.

use std::net::IpAddr;

use super::address::Origin;
use super::cvss::cvss_base_score;
use super::finding::{InsertionRef, Severity};
use super::rule::{Owasp, RuleMeta};

/// What a template says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateClass {
    /// Its id.
    pub id: String,
    /// What it is called in a run in which a rule has its id.
    pub called: Option<String>,
    /// The file.
    pub path: String,
    /// What it looks for.
    pub name: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// For selection.
    pub tags: Vec<String>,
    /// Why it matters.
    pub description: String,
    /// What comes of it.
    pub impact: String,
    /// What to do.
    pub remediation: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// `None` where it says `unknown`, or nothing.
    pub severity: Option<Severity>,
    /// All else, in the order of the file.
    pub metadata: Vec<(String, String)>,
    /// Lower-case.
    pub cve_ids: Vec<String>,
    /// Lower-case, `cwe-79`.
    pub cwe_ids: Vec<String>,
    /// The CVSS vector.
    pub cvss_metrics: String,
    /// The CVSS score.
    pub cvss_score: Option<f64>,
    /// The probability of exploitation, by EPSS.
    pub epss_score: Option<f64>,
    /// Its place among all, by EPSS.
    pub epss_percentile: Option<f64>,
    /// The product's name in the dictionary of products.
    pub cpe: String,
}

impl TemplateClass {
    /// What it is called among the rules of a run.
    pub fn rule_id(&self) -> &str {
        self.called.as_deref().unwrap_or(&self.id)
    }

    /// Whether a match is a hint rather than a fact, which rules of our own say among their metadata.
    pub fn is_tentative(&self) -> bool {
        self.metadata.iter().any(|(name, value)| name == "confidence" && value == "tentative")
    }

    /// Places in a catalogue, which rules of our own name among their metadata.
    fn places(&self, key: &str) -> Vec<Owasp> {
        let value = self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let names = value.map(String::as_str).unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(|name| Owasp(name.to_owned())).collect()
    }

    /// The same as rules of our own say it. An unknown severity counts as information.
    pub fn meta(&self) -> RuleMeta {
        let number = |text: &String| text.strip_prefix("cwe-").and_then(|id| id.parse().ok());
        let fix = if self.remediation.is_empty() {
            "See the references of the template.".to_owned()
        } else {
            self.remediation.clone()
        };
        let parts = [self.description.trim(), self.impact.trim()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let why = parts.join(" ");
        let has_vector = cvss_base_score(&self.cvss_metrics).is_ok();
        RuleMeta {
            id: self.rule_id().to_owned(),
            title: self.name.clone(),
            severity: self.severity.unwrap_or(Severity::Info),
            cwe: self.cwe_ids.iter().filter_map(number).collect(),
            owasp: self.places("owasp"),
            api: self.places("owasp-api"),
            cvss: has_vector.then(|| self.cvss_metrics.clone()),
            why: if why.is_empty() { self.name.clone() } else { why },
            fix,
            references: self.references.clone(),
            tags: self.tags.clone(),
        }
    }
}

/// A call from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionRecord {
    /// `http`, `dns`, `smtp`, `ldap`.
    pub protocol: String,
    /// As it came.
    pub request: String,
    /// As it was answered.
    pub response: String,
    /// From where.
    pub remote: String,
}

/// One result; redacted.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateResult {
    /// Whose.
    pub template: TemplateClass,
    /// The protocol: `http`, or another one where somebody else ran it.
    pub protocol: String,
    /// The URL that it was run against.
    pub target: String,
    /// Where the request went.
    pub origin: Origin,
    /// The URL that was asked.
    pub matched_at: String,
    /// Which of several named matchers.
    pub matcher_name: Option<String>,
    /// Which of several named extractors.
    pub extractor_name: Option<String>,
    /// The place of a known request that it changed.
    pub point: Option<InsertionRef>,
    /// What was taken out of the answer.
    pub extracted: Vec<String>,
    /// Names and values.
    pub payloads: Vec<(String, String)>,
    /// The peer's address.
    pub ip: Option<IpAddr>,
    /// As sent, bytes outside UTF-8 replaced.
    pub request: String,
    /// As received, likewise.
    pub response: String,
    /// To see it again.
    pub curl: String,
    /// Milliseconds since 1970.
    pub unix_ms: u64,
    /// What an analyzer says of it.
    pub analysis: Option<String>,
    /// The call that proves it.
    pub interaction: Option<InteractionRecord>,
}
