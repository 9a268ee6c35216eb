//! Findings that were looked for again, as JSON.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::Retest;
use crate::model::RetestReport;
use crate::model::Retested;
use crate::model::Severity;

use super::error::FormatError;
use super::error::parse;
use super::name::Name;

/// Of this format alone.
const SCHEMA_VERSION: u32 = 1;

/// What became of findings of an earlier run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RetestReport")]
struct RetestDto {
    /// Goes up when something that was there changes its meaning or goes away.
    schema_version: u32,
    /// The program's version.
    version: String,
    /// Where they were looked for.
    target: String,
    /// 0 all are gone, 80 one is still there, 83 of one it is not known.
    exit_code: u8,
    counts: CountsDto,
    /// In the order of the earlier report.
    findings: Vec<RetestedDto>,
}

/// How many there are of each result.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RetestCounts")]
struct CountsDto {
    gone: usize,
    still_there: usize,
    not_replayed: usize,
}

/// A finding, and what became of it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RetestedFinding")]
struct RetestedDto {
    /// The short name shown to people.
    id: String,
    /// The rule's id.
    rule: String,
    title: String,
    severity: Name<Severity>,
    method: String,
    /// Where it was found.
    url: String,
    /// Null when nothing was put anywhere.
    insertion_point: Option<String>,
    /// Stable over runs.
    fingerprint: String,
    result: ResultDto,
    /// Why it could not be replayed; null when it could.
    why: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RetestResult")]
enum ResultDto {
    /// The same was done again, and the flaw did not show.
    Gone,
    /// It showed again.
    StillThere,
    /// It could not be looked for.
    NotReplayed,
}

/// The file, indented.
pub fn write(report: &RetestReport) -> Vec<u8> {
    let [gone, still_there, not_replayed] = report.counts();
    let dto = RetestDto {
        schema_version: SCHEMA_VERSION,
        version: report.version.clone(),
        target: report.target.clone(),
        exit_code: report.exit_code().code(),
        counts: CountsDto { gone, still_there, not_replayed },
        findings: report.findings.iter().map(Into::into).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&dto).expect("every key is a string");
    bytes.push(b'\n');
    bytes
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// What is not as it should be.
pub fn read(bytes: &[u8]) -> Result<RetestReport, FormatError> {
    let dto: RetestDto = parse(bytes, 0)?;
    Ok(RetestReport {
        version: dto.version,
        target: dto.target,
        findings: dto.findings.into_iter().map(Into::into).collect(),
    })
}

/// The schema, for those who read it.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RetestDto).to_value()
}

impl From<&Retested> for RetestedDto {
    fn from(one: &Retested) -> Self {
        let (result, why) = match &one.result {
            Retest::Gone => (ResultDto::Gone, None),
            Retest::StillThere => (ResultDto::StillThere, None),
            Retest::NotReplayed(why) => (ResultDto::NotReplayed, Some(why.clone())),
        };
        Self {
            id: one.id.clone(),
            rule: one.rule.clone(),
            title: one.title.clone(),
            severity: Name(one.severity),
            method: one.method.clone(),
            url: one.url.clone(),
            insertion_point: one.insertion_point.clone(),
            fingerprint: one.fingerprint.clone(),
            result,
            why,
        }
    }
}

impl From<RetestedDto> for Retested {
    fn from(dto: RetestedDto) -> Self {
        Self {
            id: dto.id,
            rule: dto.rule,
            title: dto.title,
            severity: dto.severity.0,
            method: dto.method,
            url: dto.url,
            insertion_point: dto.insertion_point,
            fingerprint: dto.fingerprint,
            result: match dto.result {
                ResultDto::Gone => Retest::Gone,
                ResultDto::StillThere => Retest::StillThere,
                ResultDto::NotReplayed => Retest::NotReplayed(dto.why.unwrap_or_default()),
            },
        }
    }
}
