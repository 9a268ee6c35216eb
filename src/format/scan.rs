//! What the scan engine did: operations, rules and traffic.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::CrawlProgress;
use crate::model::Operation;
use crate::model::OperationSource;
use crate::model::Owasp;
use crate::model::RuleMeta;
use crate::model::RuleOutcome;
use crate::model::Severity;

use super::finding::Cvss;
use super::name::Name;
use super::number::Count;

/// One operation known from a specification, the plan or the crawl.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Operation")]
pub(super) struct OperationDto {
    method: String,
    /// As in `/items/{id}`.
    path_template: String,
    source: Name<OperationSource>,
    /// It gave a non-error answer.
    reached: bool,
    /// Why it was left alone; null when it was not.
    skipped: Option<String>,
}

impl From<&Operation> for OperationDto {
    fn from(operation: &Operation) -> Self {
        Self {
            method: operation.method.clone(),
            path_template: operation.path_template.clone(),
            source: Name(operation.source),
            reached: operation.reached,
            skipped: operation.skipped.clone(),
        }
    }
}

impl From<OperationDto> for Operation {
    fn from(dto: OperationDto) -> Self {
        Self {
            method: dto.method,
            path_template: dto.path_template,
            source: dto.source.0,
            reached: dto.reached,
            skipped: dto.skipped,
        }
    }
}

/// What a rule says about itself.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Rule")]
pub(super) struct RuleDto {
    pub(super) id: String,
    title: String,
    severity: Name<Severity>,
    /// CWE numbers.
    cwe: Vec<u32>,
    /// Places in the OWASP Top 10, as `A05:2025`.
    owasp: Vec<String>,
    /// Places in the OWASP API Security Top 10, as `API8:2023`.
    api: Vec<String>,
    cvss: Option<Cvss>,
    /// Why it matters.
    why: String,
    /// What to do.
    fix: String,
    /// Where to read on.
    references: Vec<String>,
    /// For selection.
    tags: Vec<String>,
}

impl From<&RuleMeta> for RuleDto {
    fn from(rule: &RuleMeta) -> Self {
        let names = |places: &[Owasp]| places.iter().map(|place| place.0.clone()).collect();
        Self {
            id: rule.id.clone(),
            title: rule.title.clone(),
            severity: Name(rule.severity),
            cwe: rule.cwe.clone(),
            owasp: names(&rule.owasp),
            api: names(&rule.api),
            cvss: rule.cvss.as_deref().map(Cvss::of),
            why: rule.why.clone(),
            fix: rule.fix.clone(),
            references: rule.references.clone(),
            tags: rule.tags.clone(),
        }
    }
}

impl From<RuleDto> for RuleMeta {
    fn from(dto: RuleDto) -> Self {
        Self {
            id: dto.id,
            title: dto.title,
            severity: dto.severity.0,
            cwe: dto.cwe,
            owasp: dto.owasp.into_iter().map(Owasp).collect(),
            api: dto.api.into_iter().map(Owasp).collect(),
            cvss: dto.cvss.map(|cvss| cvss.vector),
            why: dto.why,
            fix: dto.fix,
            references: dto.references,
            tags: dto.tags,
        }
    }
}

/// What a rule did.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RuleOutcome")]
pub(super) struct RuleOutcomeDto {
    pub(super) id: String,
    /// Requests it sent.
    pub(super) requests: Count,
    /// Exchanges it matched.
    pub(super) matched: Count,
    /// Requests that failed.
    pub(super) errors: Count,
    /// Why it did not run; null when it did.
    pub(super) skipped: Option<String>,
}

impl From<&RuleOutcome> for RuleOutcomeDto {
    fn from(outcome: &RuleOutcome) -> Self {
        Self {
            id: outcome.id.clone(),
            requests: outcome.requests.into(),
            matched: outcome.matched.into(),
            errors: outcome.errors.into(),
            skipped: outcome.skipped.clone(),
        }
    }
}

impl From<RuleOutcomeDto> for RuleOutcome {
    fn from(dto: RuleOutcomeDto) -> Self {
        Self {
            id: dto.id,
            requests: dto.requests.into(),
            matched: dto.matched.into(),
            errors: dto.errors.into(),
            skipped: dto.skipped,
        }
    }
}

/// How far crawl and checks have come.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Progress")]
pub(super) struct ProgressDto {
    /// URLs fetched.
    fetched: Count,
    /// URLs waiting.
    queued: Count,
    /// Nodes of the site model.
    nodes: Count,
    /// Insertion points whose checks are done.
    points_done: Count,
    /// Insertion points known.
    points: Count,
}

impl From<CrawlProgress> for ProgressDto {
    fn from(progress: CrawlProgress) -> Self {
        Self {
            fetched: progress.fetched.into(),
            queued: progress.queued.into(),
            nodes: progress.nodes.into(),
            points_done: progress.points_done.into(),
            points: progress.points.into(),
        }
    }
}

impl From<ProgressDto> for CrawlProgress {
    fn from(dto: ProgressDto) -> Self {
        Self {
            fetched: dto.fetched.into(),
            queued: dto.queued.into(),
            nodes: dto.nodes.into(),
            points_done: dto.points_done.into(),
            points: dto.points.into(),
        }
    }
}
