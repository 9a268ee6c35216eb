//! Where the history is, and runs that are named by it.

use std::path::Path;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::cli::error::CliError;
use crate::cli::terminal::environment;
use crate::format::report;
use crate::model::Report;
use crate::store::History;
use crate::store::RunRef;

/// What names the file, or switches the history off.
const VARIABLE: &str = "SHAKEDOWN_HISTORY";

/// The value of [`VARIABLE`] that switches it off.
const OFF: &str = "off";

/// The folder of a project that has a history of its own.
const PROJECT: &str = ".shakedown";

/// The file in either folder.
const FILE: &str = "history.db";

/// What stands before a run where a file could stand too.
const PREFIX: &str = "history:";

/// The file: the one that is named, the environment's, the project's, the user's. `None` where it is
/// switched off.
///
/// # Errors
/// A user without a home.
pub(super) fn place(named: Option<&Path>) -> Result<Option<PathBuf>, CliError> {
    if let Some(path) = named {
        return Ok(Some(path.to_owned()));
    }
    match environment(VARIABLE) {
        Some(value) if value == OFF => return Ok(None),
        Some(value) if !value.is_empty() => return Ok(Some(PathBuf::from(value))),
        Some(_) | None => {}
    }
    if Path::new(PROJECT).is_dir() {
        return Ok(Some(Path::new(PROJECT).join(FILE)));
    }
    let user = etcetera::choose_base_strategy().map_err(|error| {
        CliError::Usage(format!("history: {error}; name a file with --history FILE"))
    })?;
    Ok(Some(user.data_dir().join("shakedown").join(FILE)))
}

/// The file that a command is to look at.
///
/// # Errors
/// Where the history is switched off, and as [`place`].
pub(super) fn looked_at(named: Option<&Path>) -> Result<PathBuf, CliError> {
    place(named)?.ok_or_else(|| {
        CliError::Usage(format!("{VARIABLE} is `{OFF}`; name a file with --history FILE"))
    })
}

/// The run of the history that is meant where a file could be: `history:main`.
pub(in crate::cli) fn named_run(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix(PREFIX)
}

/// The report of such a run.
///
/// # Errors
/// A history that cannot be used, or has no such run.
pub(in crate::cli) fn read_run_of(named: Option<&Path>, run: &str) -> Result<Report, CliError> {
    let path = looked_at(named)?;
    let history = History::existing(&path)?;
    let run = history.find(&RunRef::parse(run)?)?;
    let bytes = history.report(&run)?;
    report::read(&bytes).map_err(|source| CliError::Format { path, source })
}
