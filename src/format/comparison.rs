//! What has changed between two runs, as JSON: alone, version 1, and as a block of a report.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::Serialize;

use super::name::Name;
use super::number::Count;
use super::number::Millis;
use super::run::VerdictDto;
use crate::model::Change;
use crate::model::ChangeKind;
use crate::model::ComparedFigure;
use crate::model::ComparedRun;
use crate::model::Comparison;
use crate::model::ComparisonLimits;
use crate::model::Confidence;
use crate::model::FindingChange;
use crate::model::FindingChangeKind;
use crate::model::FindingStatus;
use crate::model::LeftOut;
use crate::model::Severity;
use crate::model::Subject;
use crate::model::Verdict;

/// The version that is written: major for breaks, minor for additions.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// The comparison and its verdict as indented JSON, ending in a line feed.
pub fn write(comparison: &Comparison, verdict: &Verdict) -> Vec<u8> {
    let document = DocumentDto {
        schema_version: SCHEMA_VERSION,
        verdict: verdict.into(),
        comparison: comparison.into(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document)
        .expect("keys are strings and nothing fails to serialise");
    bytes.push(b'\n');
    bytes
}

/// The JSON Schema of what [`write()`] writes.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<DocumentDto>().into()
}

/// What `compare` found out about two runs.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Shakedown comparison")]
struct DocumentDto {
    /// Version of this format.
    schema_version: &'static str,
    /// What it means as a gate.
    verdict: VerdictDto,
    #[serde(flatten)]
    comparison: ComparisonDto,
}

/// Two runs, compared.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Comparison")]
pub(super) struct ComparisonDto {
    /// The earlier run.
    old: ComparedRunDto,
    /// The later one.
    new: ComparedRunDto,
    limits: LimitsDto,
    /// Every figure that was compared: the whole run first, then by endpoint.
    changes: Vec<ChangeDto>,
    /// What could not be compared, and why.
    left_out: Vec<LeftOutDto>,
    /// What makes the runs hard to compare.
    caveats: Vec<String>,
    /// Findings that are not the same in both.
    findings: Vec<FindingChangeDto>,
}

/// One of the two runs.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ComparedRun")]
struct ComparedRunDto {
    target: String,
    /// Start, seconds since 1970.
    started_unix: u64,
    /// SHA-256 of the resolved plan, hexadecimal.
    plan_hash: String,
    /// Load requests.
    requests: Count,
    /// Blocks of time that were drawn from.
    blocks: Count,
    /// Why its load figures cannot be believed.
    problems: Vec<String>,
}

/// What counts as a change.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ComparisonLimits")]
struct LimitsDto {
    /// How certain, all comparisons taken together, 0–1.
    confidence: f64,
    /// Least share by which it differs.
    min_relative: f64,
    /// Least difference of a latency.
    min_absolute_ms: Millis,
}

/// What something is about.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(rename = "Subject")]
pub(super) enum SubjectDto {
    /// All requests of load.
    Whole,
    /// Those of one endpoint.
    Endpoint {
        scenario: String,
        request: String,
        method: String,
        path_template: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// Everything that is no load.
    Scan,
}

/// A figure of both runs.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ComparedFigureChange")]
struct ChangeDto {
    subject: SubjectDto,
    /// Latencies are in milliseconds, `error_rate` is 0–1, `throughput` per second.
    figure: Name<ComparedFigure>,
    old: f64,
    new: f64,
    /// By what share of the old it differs; of an error rate, the difference; null where the old is 0.
    change: Option<f64>,
    /// Where the change is with the confidence asked for.
    low: Option<f64>,
    high: Option<f64>,
    /// How often chance alone does that, all comparisons taken together; 1 below a floor.
    p: f64,
    kind: Name<ChangeKind>,
}

/// Something that was not compared.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LeftOut")]
struct LeftOutDto {
    subject: SubjectDto,
    /// Null is all of them.
    figure: Option<Name<ComparedFigure>>,
    reason: String,
}

/// A finding that is not the same in both runs.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FindingChange")]
struct FindingChangeDto {
    kind: Name<FindingChangeKind>,
    id: String,
    fingerprint: String,
    rule: String,
    title: String,
    severity: Name<Severity>,
    confidence: Name<Confidence>,
    status: Name<FindingStatus>,
    method: String,
    path_template: String,
    /// What is different of one that changed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    detail: String,
}

impl From<&Subject> for SubjectDto {
    fn from(subject: &Subject) -> Self {
        match subject.clone() {
            Subject::Whole => Self::Whole,
            Subject::Scan => Self::Scan,
            Subject::Endpoint { scenario, request, method, path_template, group } => {
                Self::Endpoint { scenario, request, method, path_template, group }
            }
        }
    }
}

impl From<SubjectDto> for Subject {
    fn from(dto: SubjectDto) -> Self {
        match dto {
            SubjectDto::Whole => Self::Whole,
            SubjectDto::Scan => Self::Scan,
            SubjectDto::Endpoint { scenario, request, method, path_template, group } => {
                Self::Endpoint { scenario, request, method, path_template, group }
            }
        }
    }
}

impl From<&ComparedRun> for ComparedRunDto {
    fn from(run: &ComparedRun) -> Self {
        Self {
            target: run.target.clone(),
            started_unix: run.started_unix,
            plan_hash: run.plan_hash.clone(),
            requests: run.requests.into(),
            blocks: run.blocks.into(),
            problems: run.problems.clone(),
        }
    }
}

impl From<ComparedRunDto> for ComparedRun {
    fn from(dto: ComparedRunDto) -> Self {
        Self {
            target: dto.target,
            started_unix: dto.started_unix,
            plan_hash: dto.plan_hash,
            requests: dto.requests.into(),
            blocks: dto.blocks.into(),
            problems: dto.problems,
        }
    }
}

impl From<&Change> for ChangeDto {
    fn from(change: &Change) -> Self {
        // JSON has no word for an infinite change of nothing.
        let finite = |number: f64| number.is_finite().then_some(number);
        Self {
            subject: (&change.subject).into(),
            figure: Name(change.figure),
            old: change.old,
            new: change.new,
            change: finite(change.change),
            low: change.interval.and_then(|(low, _)| finite(low)),
            high: change.interval.and_then(|(_, high)| finite(high)),
            p: change.p,
            kind: Name(change.kind),
        }
    }
}

impl From<ChangeDto> for Change {
    fn from(dto: ChangeDto) -> Self {
        Self {
            subject: dto.subject.into(),
            figure: dto.figure.0,
            old: dto.old,
            new: dto.new,
            change: dto.change.unwrap_or(f64::INFINITY),
            interval: dto.low.zip(dto.high),
            p: dto.p,
            kind: dto.kind.0,
        }
    }
}

impl From<&FindingChange> for FindingChangeDto {
    fn from(finding: &FindingChange) -> Self {
        Self {
            kind: Name(finding.kind),
            id: finding.id.clone(),
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.clone(),
            title: finding.title.clone(),
            severity: Name(finding.severity),
            confidence: Name(finding.confidence),
            status: Name(finding.status),
            method: finding.method.clone(),
            path_template: finding.path_template.clone(),
            detail: finding.detail.clone(),
        }
    }
}

impl From<FindingChangeDto> for FindingChange {
    fn from(dto: FindingChangeDto) -> Self {
        Self {
            kind: dto.kind.0,
            id: dto.id,
            fingerprint: dto.fingerprint,
            rule: dto.rule,
            title: dto.title,
            severity: dto.severity.0,
            confidence: dto.confidence.0,
            status: dto.status.0,
            method: dto.method,
            path_template: dto.path_template,
            detail: dto.detail,
        }
    }
}

impl From<&Comparison> for ComparisonDto {
    fn from(comparison: &Comparison) -> Self {
        let left_out = |one: &LeftOut| LeftOutDto {
            subject: (&one.subject).into(),
            figure: one.figure.map(Name),
            reason: one.reason.clone(),
        };
        Self {
            old: (&comparison.old).into(),
            new: (&comparison.new).into(),
            limits: LimitsDto {
                confidence: comparison.limits.confidence,
                min_relative: comparison.limits.min_relative,
                min_absolute_ms: comparison.limits.min_absolute.into(),
            },
            changes: comparison.changes.iter().map(Into::into).collect(),
            left_out: comparison.left_out.iter().map(left_out).collect(),
            caveats: comparison.caveats.clone(),
            findings: comparison.findings.iter().map(Into::into).collect(),
        }
    }
}

impl From<ComparisonDto> for Comparison {
    fn from(dto: ComparisonDto) -> Self {
        let left_out = |one: LeftOutDto| LeftOut {
            subject: one.subject.into(),
            figure: one.figure.map(|name| name.0),
            reason: one.reason,
        };
        Self {
            old: dto.old.into(),
            new: dto.new.into(),
            limits: ComparisonLimits {
                confidence: dto.limits.confidence,
                min_relative: dto.limits.min_relative,
                min_absolute: dto.limits.min_absolute_ms.into(),
            },
            changes: dto.changes.into_iter().map(Into::into).collect(),
            left_out: dto.left_out.into_iter().map(left_out).collect(),
            caveats: dto.caveats,
            findings: dto.findings.into_iter().map(Into::into).collect(),
        }
    }
}
