//! `history export`.

use std::path::Path;

use serde_json::Value;

use crate::cli::error::CliError;
use crate::cli::outputs::write_file;
use crate::cli::outputs::write_stderr;
use crate::model::plural;
use crate::store::History;
use crate::store::HistoryError;
use crate::store::RunFilter;
use crate::store::RunRef;

use super::args::ExportArgs;
use super::list::past_run;

/// Writes one report, or all of them: those that are damaged are told, and the rest is written.
pub(super) fn run(args: &ExportArgs, path: &Path) -> Result<(), CliError> {
    let history = History::existing(path)?;
    if let Some(run) = &args.run {
        let bytes = history.report(&history.find(&RunRef::parse(run)?)?)?;
        return write_file(&args.output, &bytes);
    }
    let mut lines = Vec::new();
    let mut damaged = 0;
    for run in history.list(&RunFilter::default())?.iter().rev() {
        let report = history.report(run).and_then(|bytes| {
            let id = run.id;
            serde_json::from_slice(&bytes).map_err(|error| HistoryError::Report {
                path: path.to_owned(),
                id,
                problem: error.to_string(),
            })
        });
        match report {
            Ok(report) => {
                let mut line: Value = past_run(run);
                line["report"] = report;
                lines.extend_from_slice(line.to_string().as_bytes());
                lines.push(b'\n');
            }
            Err(error) => {
                damaged += 1;
                write_stderr(format!("warning: {error}\n").as_bytes());
            }
        }
    }
    write_file(&args.output, &lines)?;
    if damaged > 0 {
        let runs = plural(damaged, "run", "runs");
        return Err(CliError::Internal(format!("{runs} could not be read and are left out")));
    }
    Ok(())
}
