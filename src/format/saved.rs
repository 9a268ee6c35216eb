//! A run from a file, whichever format it is in.

use serde::Deserialize;

use crate::model::Report;

use super::error::FormatError;
use super::error::parse;
use super::events;
use super::nuclei;
use super::report;

/// Reads a saved run: a report as it is, an event log by folding its events, Nuclei's results as what
/// they would have been here.
///
/// # Errors
/// [`FormatError`] when it is none of them, or damaged. A log that was cut is no error: the report is
/// partial, it has no verdict.
pub fn read_run(bytes: &[u8]) -> Result<Report, FormatError> {
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if is_event(first_line) {
        let log = events::read_all(bytes)?;
        return Ok(Report::of(&log.events));
    }
    if nuclei::is_results(bytes) {
        return nuclei::read(bytes).map(nuclei::report);
    }
    match parse::<Probe>(bytes, 0)? {
        Probe { schema_version: Some(_), .. } => report::read(bytes),
        Probe { schema_version: None, .. } => Err(FormatError::NotOurs {
            problem: "it has no `schema_version`, and its lines have neither `v` nor `template-id`"
                .to_owned(),
        }),
    }
}

/// What tells the formats apart.
#[derive(Deserialize)]
struct Probe {
    v: Option<serde::de::IgnoredAny>,
    schema_version: Option<serde::de::IgnoredAny>,
}

/// Whether a line is one of an event log, by its version; what else is in it may be wrong.
pub fn is_event(line: &[u8]) -> bool {
    matches!(parse(line, 0), Ok(Probe { v: Some(_), schema_version: None }))
}
