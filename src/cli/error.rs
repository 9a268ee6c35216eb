//! What ends a command before its verdict, and the code it ends with.

use std::path::PathBuf;

use crate::browser::BrowserError;
use crate::demo::DemoError;
use crate::format::FormatError;
use crate::http::tls::TlsError;
use crate::import::ImportError;
use crate::insight::MergeError;
use crate::model::ExitCode;
use crate::plan::FlagError;
use crate::plan::PlanErrors;
use crate::rules::RuleErrors;
use crate::run::FetchError;
use crate::run::OnceError;
use crate::run::RunError;
use crate::run::socket::SocketError;
use crate::store::HistoryError;

/// Errors of all commands; the texts are what the user reads.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The command line does not make sense.
    #[error("{0}")]
    Usage(String),
    /// The plan is wrong; every mistake with its position.
    #[error("{}", .0.render(false))]
    Plan(PlanErrors),
    /// A template is wrong, and that was to stop the run: the first mistake, and how many there are.
    #[error("{0}; {1} mistakes in all, see `shakedown rules validate`")]
    Templates(String, usize),
    /// A rule is wrong; every mistake with its position.
    #[error("{0}")]
    Rules(RuleErrors),
    /// A gate is about a change, and there is nothing to compare with.
    #[error(
        "thresholds: `{0}`: there is no baseline; name one with `baseline: {{ run: main.json }}` in \
         the plan, or --baseline FILE"
    )]
    NoBaseline(String),
    /// A gate counts findings of a rule that there is not, and would always pass.
    #[error("thresholds: `{selector}`: no rule `{rule}`{}", .nearest.as_ref().map_or_else(|| "; rules/README.md lists them".to_owned(), |nearest| format!(", did you mean `{nearest}`?")))]
    NoSuchRule {
        /// The gate's.
        selector: String,
        /// As written.
        rule: String,
        /// The nearest one.
        nearest: Option<String>,
    },
    /// A plan that is right and asks for nothing.
    #[error("{0}: neither `scenarios` nor `scan`: there is nothing to check")]
    EmptyPlan(String),
    /// An output cannot be opened.
    #[error("opening output {path}: {source}")]
    OutputUnwritable {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An output broke while it was being written.
    #[error("writing output {path}: {source}")]
    OutputBroke {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A report or event log cannot be read.
    #[error("reading {path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A report or event log is not what it should be.
    #[error("{path}: {source}")]
    Format {
        /// Which.
        path: PathBuf,
        /// Why.
        source: FormatError,
    },
    /// Flags that make no plan.
    #[error(transparent)]
    Flags(#[from] FlagError),
    /// A foreign file cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Certificates that the user named cannot be used.
    #[error(transparent)]
    Certificates(#[from] TlsError),
    /// There is no browser, and the run needs one.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// A document could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The history cannot be used, or has no such run.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Reports are not the parts of one run.
    #[error("merge: {0}")]
    Merge(#[from] MergeError),
    /// There is no control socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// A run could not be told something, or did not answer.
    #[error("the run at {path} does not answer: {source}")]
    Unanswered {
        /// Its socket.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The one request of `--debug` was not sent.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// The run could not be carried out.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The demo shop could not be served.
    #[error("serving the demo shop: {0}")]
    Shop(#[from] DemoError),
    /// The demo shop could not be started.
    #[error("starting the demo shop: {0}")]
    Demo(String),
    /// The terminal could not be used.
    #[error("using the terminal: {0}; try --no-tui")]
    Terminal(std::io::Error),
    /// The user insisted on leaving at once.
    #[error("left at the third interrupt; no report was written")]
    Left,
    /// Something of ours is broken.
    #[error("{0}")]
    Internal(String),
}

impl CliError {
    /// The code of DESIGN's table.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_)
            | Self::OutputUnwritable { .. }
            | Self::Unreadable { .. }
            | Self::Format { .. }
            | Self::Certificates(_)
            | Self::Merge(_)
            | Self::Browser(_)
            | Self::Once(OnceError::Tls(_) | OnceError::Request(_))
            | Self::Shop(DemoError::NotLoopback(_) | DemoError::Listen { .. })
            | Self::Socket(_)
            | Self::History(
                HistoryError::Missing { .. }
                | HistoryError::Foreign { .. }
                | HistoryError::Newer { .. }
                | HistoryError::Corrupt { .. }
                | HistoryError::ReadOnly { .. }
                | HistoryError::Busy { .. }
                | HistoryError::NoSuchRun { .. }
                | HistoryError::Report { .. }
                | HistoryError::Name(..),
            )
            | Self::Terminal(_) => ExitCode::Usage,
            Self::Once(OnceError::OutOfScope(_)) => ExitCode::Refused,
            Self::Plan(errors) => errors.exit_code(),
            Self::Templates(..)
            | Self::Rules(_)
            | Self::NoSuchRule { .. }
            | Self::NoBaseline(_)
            | Self::EmptyPlan(_) => ExitCode::InvalidPlan,
            Self::Import(error) => error.exit_code(),
            Self::Flags(error) => error.exit_code(),
            Self::Fetch(error) => error.exit_code(),
            Self::Run(error) => error.exit_code(),
            Self::Left => ExitCode::Interrupted,
            // A write that fails is 1, as that of an output is; whatever could be told before is 2.
            Self::History(HistoryError::Full { .. } | HistoryError::Other { .. }) => {
                ExitCode::Internal
            }
            Self::OutputBroke { .. }
            | Self::Unanswered { .. }
            | Self::Shop(_)
            | Self::Demo(_)
            | Self::Internal(_) => ExitCode::Internal,
        }
    }
}
