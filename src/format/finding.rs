//! Findings with their evidence.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::Acceptance;
use crate::model::Affected;
use crate::model::Confidence;
use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Match;
use crate::model::MatchPart;
use crate::model::Owasp;
use crate::model::Recorded;
use crate::model::RuleMeta;
use crate::model::Severity;
use crate::model::cvss_base_score;

use super::bytes;
use super::bytes::Encoding;
use super::name::Name;
use super::number::Count;
use super::number::Millis;
use super::phases::TimingsDto;

/// A CVSS 3 vector.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Cvss {
    pub(super) vector: String,
    /// Derived: the base score; absent when the vector is incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
}

impl Cvss {
    pub(super) fn of(vector: &str) -> Self {
        Self { vector: vector.to_owned(), score: cvss_base_score(vector).ok() }
    }
}

/// A flaw with everything needed to believe, repeat and mend it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub(super) struct FindingDto {
    /// Derived: the short name shown to people.
    #[serde(default)]
    id: String,
    /// The rule's id.
    rule: String,
    title: String,
    severity: Name<Severity>,
    confidence: Name<Confidence>,
    status: Name<FindingStatus>,
    /// Why, of one whose status is `accepted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<AcceptanceDto>,
    method: String,
    /// The URL of the first occurrence.
    url: String,
    /// As in `/items/{id}`.
    path_template: String,
    /// Where the payload went; null when nothing was sent.
    insertion_point: Option<InsertionDto>,
    /// Other parameters of the same operation of which the same was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<AffectedDto>,
    /// CWE numbers.
    cwe: Vec<u32>,
    /// Places in the OWASP Top 10, as `A05:2025`.
    owasp: Vec<String>,
    /// Places in the OWASP API Security Top 10, as `API8:2023`.
    api: Vec<String>,
    cvss: Option<Cvss>,
    /// What was observed, in one sentence.
    detail: String,
    /// Why it matters.
    why: String,
    evidence: Vec<EvidenceDto>,
    /// What a repetition needs.
    replay: ReplayDto,
    /// A `curl` command line with `$NAME` for secrets.
    reproduce: String,
    /// What to do.
    fix: String,
    references: Vec<String>,
    /// The rule's tags.
    tags: Vec<String>,
    /// The rule's own severity; the check may have judged otherwise.
    rule_severity: Name<Severity>,
    /// Stable over runs.
    fingerprint: String,
    /// How the fingerprint was made.
    fingerprint_version: u32,
    occurrences: OccurrencesDto,
    /// When it was first told, in milliseconds since the run's start; absent in event lines, which
    /// have their own time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    found_at_ms: Option<Millis>,
}

/// Why a finding is not held against a release.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Acceptance")]
struct AcceptanceDto {
    reason: String,
    /// Who answers for it.
    owner: String,
    /// The last day on which it is accepted, `2031-12-31`.
    expires: String,
}

/// Where in a request a value was put.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Insertion")]
struct InsertionDto {
    kind: Name<InsertionKind>,
    /// Parameter, header or cookie name, JSON pointer, or index of the path segment.
    name: String,
}

/// Another parameter that is affected.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Affected")]
struct AffectedDto {
    kind: Name<InsertionKind>,
    name: String,
    /// What the finding's would be if it were of this parameter alone.
    fingerprint: String,
}

/// What a repetition needs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Replay")]
struct ReplayDto {
    /// In the order sent.
    payloads: Vec<String>,
}

/// Where else it was seen.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Occurrences")]
struct OccurrencesDto {
    /// URLs, the finding's own included.
    count: Count,
}

/// One exchange of a proof.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Evidence")]
struct EvidenceDto {
    role: Name<EvidenceRole>,
    /// The plan's user; null for nobody.
    identity: Option<String>,
    request: RecordedDto,
    /// Null after a failure.
    response: Option<RecordedDto>,
    timings: TimingsDto,
    /// The bytes of the response to look at.
    #[serde(rename = "match")]
    highlight: Option<MatchDto>,
}

/// Where in the recorded response the proof stands.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Match")]
struct MatchDto {
    part: Name<MatchPart>,
    /// Bytes from the start of the recorded response, head included.
    offset: usize,
    /// Bytes.
    length: usize,
}

/// Head and body as they stood on the wire, redacted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "RecordedWire", into = "RecordedWire")]
#[schemars(rename = "Recorded")]
struct RecordedDto(Recorded);

/// Head and body as they stood on the wire, redacted.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Recorded")]
struct RecordedWire {
    data: String,
    encoding: Encoding,
    /// The body was cut to the evidence limit.
    truncated: bool,
}

impl From<RecordedDto> for RecordedWire {
    fn from(dto: RecordedDto) -> Self {
        let Recorded { data, truncated } = dto.0;
        let (data, encoding) = bytes::encode(data);
        Self { data, encoding, truncated }
    }
}

impl TryFrom<RecordedWire> for RecordedDto {
    type Error = String;

    fn try_from(wire: RecordedWire) -> Result<Self, String> {
        let data = bytes::decode(wire.data, wire.encoding)?;
        Ok(Self(Recorded { data, truncated: wire.truncated }))
    }
}

impl From<&Evidence> for EvidenceDto {
    fn from(evidence: &Evidence) -> Self {
        Self {
            role: Name(evidence.role),
            identity: evidence.identity.clone(),
            request: RecordedDto(evidence.request.clone()),
            response: evidence.response.clone().map(RecordedDto),
            timings: evidence.timings.phases().into(),
            highlight: evidence.highlight.map(|highlight| MatchDto {
                part: Name(highlight.part),
                offset: highlight.offset,
                length: highlight.length,
            }),
        }
    }
}

impl From<EvidenceDto> for Evidence {
    fn from(dto: EvidenceDto) -> Self {
        Self {
            role: dto.role.0,
            identity: dto.identity,
            request: dto.request.0,
            response: dto.response.map(|response| response.0),
            timings: dto.timings.into(),
            highlight: dto.highlight.map(|highlight| Match {
                part: highlight.part.0,
                offset: highlight.offset,
                length: highlight.length,
            }),
        }
    }
}

impl From<&Finding> for FindingDto {
    fn from(finding: &Finding) -> Self {
        let rule = &finding.rule;
        let names = |places: &[Owasp]| places.iter().map(|place| place.0.clone()).collect();
        Self {
            id: finding.id(),
            rule: rule.id.clone(),
            title: rule.title.clone(),
            severity: Name(finding.severity),
            confidence: Name(finding.confidence),
            status: Name(finding.status),
            accepted: finding.acceptance.clone().map(|one| AcceptanceDto {
                reason: one.reason,
                owner: one.owner,
                expires: one.expires,
            }),
            method: finding.method.clone(),
            url: finding.url.clone(),
            path_template: finding.path_template.clone(),
            insertion_point: finding
                .insertion_point
                .as_ref()
                .map(|point| InsertionDto { kind: Name(point.kind), name: point.name.clone() }),
            also: finding
                .also
                .iter()
                .map(|it| AffectedDto {
                    kind: Name(it.point.kind),
                    name: it.point.name.clone(),
                    fingerprint: it.fingerprint.clone(),
                })
                .collect(),
            cwe: rule.cwe.clone(),
            owasp: names(&rule.owasp),
            api: names(&rule.api),
            cvss: rule.cvss.as_deref().map(Cvss::of),
            detail: finding.detail.clone(),
            why: rule.why.clone(),
            evidence: finding.evidence.iter().map(Into::into).collect(),
            replay: ReplayDto { payloads: finding.payloads.clone() },
            reproduce: finding.reproduce.clone(),
            fix: rule.fix.clone(),
            references: rule.references.clone(),
            tags: rule.tags.clone(),
            rule_severity: Name(rule.severity),
            fingerprint: finding.fingerprint.clone(),
            fingerprint_version: 1,
            occurrences: OccurrencesDto { count: finding.occurrences.into() },
            found_at_ms: finding.found_at.map(Into::into),
        }
    }
}

impl From<FindingDto> for Finding {
    fn from(dto: FindingDto) -> Self {
        Self {
            rule: RuleMeta {
                id: dto.rule,
                title: dto.title,
                severity: dto.rule_severity.0,
                cwe: dto.cwe,
                owasp: dto.owasp.into_iter().map(Owasp).collect(),
                api: dto.api.into_iter().map(Owasp).collect(),
                cvss: dto.cvss.map(|cvss| cvss.vector),
                why: dto.why,
                fix: dto.fix,
                references: dto.references,
                tags: dto.tags,
            },
            severity: dto.severity.0,
            confidence: dto.confidence.0,
            status: dto.status.0,
            acceptance: dto.accepted.map(|one| Acceptance {
                reason: one.reason,
                owner: one.owner,
                expires: one.expires,
            }),
            method: dto.method,
            url: dto.url,
            path_template: dto.path_template,
            insertion_point: dto
                .insertion_point
                .map(|point| InsertionRef { kind: point.kind.0, name: point.name }),
            also: dto
                .also
                .into_iter()
                .map(|it| Affected {
                    point: InsertionRef { kind: it.kind.0, name: it.name },
                    fingerprint: it.fingerprint,
                })
                .collect(),
            detail: dto.detail,
            evidence: dto.evidence.into_iter().map(Into::into).collect(),
            payloads: dto.replay.payloads,
            reproduce: dto.reproduce,
            fingerprint: dto.fingerprint,
            occurrences: dto.occurrences.count.into(),
            found_at: dto.found_at_ms.map(Into::into),
        }
    }
}
