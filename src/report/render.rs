//! One door to every format that can be made from a report.

use crate::format::report;
use crate::model::OutputKind;
use crate::model::Report;

use super::csv;
use super::evidence_har;
use super::gitlab;
use super::html;
use super::junit;
use super::markdown;
use super::sarif;
use super::summary;
use super::summary::Style;

/// Why a report cannot be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A report no longer holds the single events.
    #[error("an event log cannot be made from a report: write it during the run, with --jsonl")]
    EventLog,
}

/// The bytes of a file of that format.
///
/// # Errors
/// [`RenderError::EventLog`] for [`OutputKind::Jsonl`].
pub fn render(kind: OutputKind, report: &Report) -> Result<Vec<u8>, RenderError> {
    match kind {
        OutputKind::Json => Ok(report::write(report)),
        OutputKind::Jsonl => Err(RenderError::EventLog),
        OutputKind::Html => Ok(html::html(report)),
        OutputKind::Markdown => Ok(markdown::markdown(report).into_bytes()),
        OutputKind::Sarif => Ok(sarif::sarif(report)),
        OutputKind::Junit => Ok(junit::junit(report)),
        OutputKind::Csv => Ok(csv::csv(report)),
        OutputKind::GitlabLoad => Ok(gitlab::load(report)),
        OutputKind::GitlabMetrics => Ok(gitlab::metrics(report)),
        OutputKind::GitlabDast => Ok(gitlab::dast(report)),
        OutputKind::Har => Ok(evidence_har::evidence_har(report)),
        OutputKind::Text => Ok(summary::summary(report, Style::in_a_file()).into_bytes()),
    }
}

/// What a crawl found, as an OpenAPI description.
pub fn openapi(report: &Report) -> Vec<u8> {
    super::openapi::openapi(report).into_bytes()
}

/// What a crawl sent and got, as a HAR.
pub fn har(report: &Report) -> Vec<u8> {
    super::har::har(report)
}
