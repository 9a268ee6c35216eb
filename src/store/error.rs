//! Why a history cannot be used, and what to do.

use std::path::Path;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Errors of the history; each says the cure.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such file.
    #[error(
        "there is no history at {} yet; a run of `load`, `scan` or `check` makes it",
        path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It is another program's file, or none of SQLite's.
    #[error(
        "{} is no history of Shakedown, and is left as it is; name another file with --history FILE",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer Shakedown has made it.
    #[error(
        "the history {} was made by a newer Shakedown; use that one, or name another file with \
         --history FILE",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged.
    #[error(
        "the history {} is damaged; save what can be read with `shakedown history export --all \
         --history FILE -o runs.jsonl`, then move it away: the next run makes a new one: {problem}",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        problem: String,
    },
    /// It may not be written, or its folder may not.
    #[error(
        "the history {} cannot be written; give this user the right to write it and its folder, or \
         name another file with --history FILE: {problem}",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// The system's word.
        problem: String,
    },
    /// There is no room left.
    #[error(
        "no room for the history {}, or its disk fails; quotas and limits of file sizes count too; \
         make room there, or name a file elsewhere with --history FILE: {problem}",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// The system's word.
        problem: String,
    },
    /// Another process has had it for too long.
    #[error("the history {} is held by another process; try again when that is done", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that SQLite says.
    #[error("using the history {}: {problem}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What it says.
        problem: String,
    },
    /// There is no such run.
    #[error("the history {} has no run `{wanted}`{}", path.display(), hint(.nearest.as_deref()))]
    NoSuchRun {
        /// The file.
        path: PathBuf,
        /// As asked for.
        wanted: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// A report does not come out as it went in.
    #[error("the report of run {id} in {} is damaged: {problem}", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// Which run.
        id: u64,
        /// What is wrong.
        problem: String,
    },
    /// No name that a run can have.
    #[error("`{0}` cannot be the name of a run: {1}")]
    Name(String, &'static str),
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => "; `shakedown history list` shows those there are".to_owned(),
    }
}

impl HistoryError {
    /// What SQLite says of the file, with the cure.
    pub(super) fn of(path: &Path, source: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let problem = source.to_string();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, problem },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, problem }
            }
            // A limit of file sizes is an error of input and output to SQLite.
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Self::Full { path, problem },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            _ => Self::Other { path, problem },
        }
    }
}
