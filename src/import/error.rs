//! Why a file is not imported.

use std::fmt;
use std::path::PathBuf;

use crate::model::ExitCode;
use crate::model::inert;

/// Why a file is not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read.
    #[error("reading {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What it says cannot be used.
    #[error("{0}")]
    Invalid(Fault),
    /// The command line asks for something that the file cannot give.
    #[error("{0}")]
    Usage(String),
}

impl ImportError {
    /// 2 for what the command line got wrong, 104 for what the file did.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unreadable { .. } | Self::Usage(_) => ExitCode::Usage,
            Self::Invalid(_) => ExitCode::InvalidPlan,
        }
    }
}

/// A mistake in a file, at its place, with its cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    file: String,
    place: Option<(usize, usize)>,
    message: String,
    cure: Option<String>,
}

impl Fault {
    /// Something wrong with the file called `file`.
    pub(super) fn new(file: &str, message: impl Into<String>) -> Self {
        Self { file: inert(file, 200), place: None, message: message.into(), cure: None }
    }

    /// In that line and column, both from 1.
    pub(super) fn at(mut self, line: usize, column: usize) -> Self {
        self.place = Some((line, column));
        self
    }

    /// Right behind `before`, which the file begins with.
    pub(super) fn behind(self, before: &str) -> Self {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.at(line, column)
    }

    /// What to do about it.
    pub(super) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }
}

impl From<Fault> for ImportError {
    fn from(fault: Fault) -> Self {
        Self::Invalid(fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", inert(&self.message, 500))?;
        match &self.cure {
            Some(cure) => write!(f, "; {}", inert(cure, 500)),
            None => Ok(()),
        }
    }
}
