//! A run that is over goes into the history.
//!
//! The history is no output that somebody asked for: where a run cannot be kept, that is said, and the
//! run's exit code and files stay what they are.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::outputs::write_stderr;
use crate::format::report;
use crate::model::Report;
use crate::model::inert;
use crate::store::History;

use super::args::HistoryArgs;
use super::place::place;

/// Characters of a warning.
const WARNING_MAX: usize = 2000;

/// What is kept of a run beside its report.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Keeping<'a> {
    /// Whether and where.
    pub(in crate::cli) args: &'a HistoryArgs,
    /// The plan's file, as the command line has it; `None` where a URL was tested.
    pub(in crate::cli) plan: Option<&'a str>,
}

impl Keeping<'_> {
    /// The history that the command line names.
    pub(in crate::cli) fn named(&self) -> Option<&Path> {
        self.args.history.as_deref()
    }
}

/// Keeps a run; gives the line that says where, and warns where it cannot be kept.
pub(in crate::cli) fn keep(keeping: Keeping<'_>, report: &Report) -> Option<String> {
    match kept(keeping, report) {
        Ok(id) => id.map(|id| format!("kept as run {id} of the history\n")),
        Err(error) => {
            let text = inert(&error.to_string(), WARNING_MAX);
            let text = format!("warning: this run is not in the history: {text}\n");
            write_stderr(text.as_bytes());
            None
        }
    }
}

fn kept(keeping: Keeping<'_>, run: &Report) -> Result<Option<u64>, CliError> {
    if keeping.args.no_history {
        return Ok(None);
    }
    let Some(path) = place(keeping.named())? else { return Ok(None) };
    let plan = keeping.plan.map(whole);
    let id = History::open(&path)?.add(run, plan.as_deref(), &report::write(run))?;
    Ok(Some(id))
}

/// The plan's file under the same name wherever it is run from.
fn whole(plan: &str) -> String {
    let path = Path::new(plan).canonicalize();
    path.map_or_else(|_| plan.to_owned(), |path| path.display().to_string())
}
