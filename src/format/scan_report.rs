//! What the report says of the scan: its traffic, its rules and what it has reached.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::exemplar::FailureDto;
use super::name::Name;
use super::number::Count;
use super::scan::OperationDto;
use super::scan::ProgressDto;
use super::scan::RuleDto;
use super::scan::RuleOutcomeDto;
use super::site::GuessedDto;
use super::site::SkippedDto;
use super::trend::Figures;
use super::trend::Trend;
use crate::model::Failure;
use crate::model::Report;
use crate::model::RuleMeta;
use crate::model::RuleOutcome;

/// The scanner's own traffic: never mixed with load's figures.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Scan")]
pub(super) struct ScanDto {
    pub(super) requests: Count,
    /// Of these without a response.
    pub(super) failed: Count,
    /// `scan_req_duration`.
    pub(super) duration: Trend,
    pub(super) progress: ProgressDto,
    /// Samples of failed exchanges.
    pub(super) failures: Vec<ScanFailureDto>,
}

/// A failed exchange of the scanner.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ScanFailure")]
pub(super) struct ScanFailureDto {
    pub(super) url: String,
    #[serde(flatten)]
    pub(super) failure: FailureDto,
}

/// Operations reached against known.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Coverage")]
pub(super) struct CoverageDto {
    pub(super) operations: Vec<OperationDto>,
    /// Nodes of the site model.
    pub(super) nodes: Count,
    /// Addresses in scope that the crawl learnt of, whether it asked for them or not.
    #[serde(default)]
    pub(super) urls: Count,
    /// The crawl saw everything it knew of; null when there was none or it was cut.
    pub(super) complete: Option<bool>,
    /// What was left out, by reason.
    #[serde(default)]
    pub(super) skipped: Vec<SkippedDto>,
    /// What only looked like an address.
    #[serde(default)]
    pub(super) guessed: GuessedDto,
}

/// A rule and what it did. `requests`, `matched` and `errors` are null while it is not done.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RuleReport")]
pub(super) struct RuleReportDto {
    #[serde(flatten)]
    pub(super) meta: RuleDto,
    /// Requests it sent.
    pub(super) requests: Option<Count>,
    /// Exchanges it matched.
    pub(super) matched: Option<Count>,
    /// Requests that failed.
    pub(super) errors: Option<Count>,
    /// Why it did not run; null when it did.
    pub(super) skipped: Option<String>,
}

pub(super) fn scan(report: &Report) -> ScanDto {
    let failure = |(url, failure): &(String, Failure)| ScanFailureDto {
        url: url.clone(),
        failure: FailureDto { class: Name(failure.class), detail: failure.detail.clone() },
    };
    ScanDto {
        requests: report.scan_requests.0.into(),
        failed: report.scan_requests.1.into(),
        duration: Trend::new(&report.scan_duration, Figures::Shown),
        progress: report.progress.into(),
        failures: report.scan_failures.iter().map(failure).collect(),
    }
}

pub(super) fn rule((meta, outcome): &(RuleMeta, Option<RuleOutcome>)) -> RuleReportDto {
    let outcome = outcome.as_ref().map(RuleOutcomeDto::from);
    RuleReportDto {
        meta: meta.into(),
        requests: outcome.as_ref().map(|outcome| outcome.requests),
        matched: outcome.as_ref().map(|outcome| outcome.matched),
        errors: outcome.as_ref().map(|outcome| outcome.errors),
        skipped: outcome.and_then(|outcome| outcome.skipped),
    }
}

impl From<RuleReportDto> for (RuleMeta, Option<RuleOutcome>) {
    fn from(dto: RuleReportDto) -> Self {
        let id = dto.meta.id.clone();
        let skipped = dto.skipped;
        let outcome = dto.requests.map(|requests| RuleOutcome {
            id,
            requests: requests.into(),
            matched: dto.matched.unwrap_or_default().into(),
            errors: dto.errors.unwrap_or_default().into(),
            skipped,
        });
        (dto.meta.into(), outcome)
    }
}
