//! What became of the templates of a run.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::number::Count;
use crate::model::RefusedTemplate;
use crate::model::TemplateLibrary;
use crate::model::TemplateRun;
use crate::model::TemplateTraffic;

/// Templates in Nuclei's format, and rules that ask as they do.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Templates")]
pub(super) struct TemplatesDto {
    /// As they were found; null where only rules of the registry have asked.
    library: Option<LibraryDto>,
    /// What they sent; null while they have not ended.
    traffic: Option<TrafficDto>,
}

/// Templates as they were found, before anything was sent.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TemplateLibrary")]
#[serde(default)]
pub(super) struct LibraryDto {
    /// Files that were looked at.
    files: Count,
    /// Templates that take part.
    templates: Count,
    /// Workflows that take part.
    workflows: Count,
    /// What does not take part, by reason.
    left_out: Vec<ReasonDto>,
    /// Files that are wrong or ask for what this tool does not do, mistakes first; a sample where
    /// there are many.
    refused: Vec<RefusedDto>,
}

/// How many, for one reason.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TemplateReason")]
struct ReasonDto {
    /// A code: `excluded-tag`, `syntax`, `out-of-scope`, …
    reason: String,
    count: Count,
}

/// A template that does not take part.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RefusedTemplate")]
struct RefusedDto {
    path: String,
    /// From 1; 0 where nothing can be pointed at.
    line: u64,
    /// From 1, in characters.
    column: u64,
    /// A code.
    reason: String,
    message: String,
    /// The file is wrong, rather than something that this tool does not do.
    #[serde(default)]
    wrong: bool,
}

/// What templates sent.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TemplateTraffic")]
#[serde(default)]
pub(super) struct TrafficDto {
    requests: Count,
    /// Of these without an answer.
    unanswered: Count,
    /// Requests that were not sent because another template had asked the same.
    shared: Count,
    /// Requests that were not sent for another reason.
    unsent: Vec<ReasonDto>,
    /// Results that were too many to be told.
    untold: Count,
}

fn reasons(counts: &[(String, u64)]) -> Vec<ReasonDto> {
    let one = |(reason, count): &(String, u64)| ReasonDto {
        reason: reason.clone(),
        count: (*count).into(),
    };
    counts.iter().map(one).collect()
}

fn counts(reasons: Vec<ReasonDto>) -> Vec<(String, u64)> {
    reasons.into_iter().map(|one| (one.reason, one.count.into())).collect()
}

impl From<&TemplateRun> for TemplatesDto {
    fn from(run: &TemplateRun) -> Self {
        Self {
            library: run.library.as_ref().map(Into::into),
            traffic: run.traffic.as_ref().map(Into::into),
        }
    }
}

impl From<TemplatesDto> for TemplateRun {
    fn from(dto: TemplatesDto) -> Self {
        Self { library: dto.library.map(Into::into), traffic: dto.traffic.map(Into::into) }
    }
}

impl From<&TemplateLibrary> for LibraryDto {
    fn from(library: &TemplateLibrary) -> Self {
        let refused = |one: &RefusedTemplate| RefusedDto {
            path: one.path.clone(),
            line: one.line,
            column: one.column,
            reason: one.reason.clone(),
            message: one.message.clone(),
            wrong: one.is_wrong,
        };
        Self {
            files: library.files.into(),
            templates: library.templates.into(),
            workflows: library.workflows.into(),
            left_out: reasons(&library.left_out),
            refused: library.refused.iter().map(refused).collect(),
        }
    }
}

impl From<LibraryDto> for TemplateLibrary {
    fn from(dto: LibraryDto) -> Self {
        let refused = |one: RefusedDto| RefusedTemplate {
            path: one.path,
            line: one.line,
            column: one.column,
            reason: one.reason,
            message: one.message,
            is_wrong: one.wrong,
        };
        Self {
            files: dto.files.into(),
            templates: dto.templates.into(),
            workflows: dto.workflows.into(),
            left_out: counts(dto.left_out),
            refused: dto.refused.into_iter().map(refused).collect(),
        }
    }
}

impl From<&TemplateTraffic> for TrafficDto {
    fn from(traffic: &TemplateTraffic) -> Self {
        Self {
            requests: traffic.requests.into(),
            unanswered: traffic.unanswered.into(),
            shared: traffic.shared.into(),
            unsent: reasons(&traffic.unsent),
            untold: traffic.untold.into(),
        }
    }
}

impl From<TrafficDto> for TemplateTraffic {
    fn from(dto: TrafficDto) -> Self {
        Self {
            requests: dto.requests.into(),
            unanswered: dto.unanswered.into(),
            shared: dto.shared.into(),
            unsent: counts(dto.unsent),
            untold: dto.untold.into(),
        }
    }
}
