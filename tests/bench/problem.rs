//! Why something could not be measured.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A row that does not exist.
    #[error("there is no row `{0}`; --list prints them")]
    UnknownRow(String),
    /// Client and server each need one.
    #[error("{0} core is not enough: client and server need one each")]
    Cores(usize),
    /// A program that is not there.
    #[error("{program} is not there: {cure}")]
    Missing { program: String, cure: &'static str },
    /// A program ran longer than it ever should.
    #[error("{program} did not end within {bound:?}")]
    TooLong { program: String, bound: Duration },
    /// A program failed.
    #[error("{program} failed ({status}): {said}")]
    Failed { program: String, status: String, said: String },
    /// The system does not let a tracer look.
    #[error("tracing is refused: {program} said {said}")]
    TracingRefused { program: String, said: String },
    /// Output that is not as expected.
    #[error("what {program} printed has no {wanted}: {said}")]
    Unreadable { program: String, wanted: &'static str, said: String },
    /// A measured run in which not everything was answered measures something else.
    #[error("{failed} of {requests} requests of {program} failed")]
    FailedRequests { program: String, requests: u64, failed: u64 },
    /// The system said no.
    #[error("{doing}")]
    System {
        doing: String,
        #[source]
        cause: io::Error,
    },
    /// A result could not be written.
    #[error("writing {}: {cause}", path.display())]
    Write { path: PathBuf, cause: io::Error },
}

impl Problem {
    /// What was attempted, for `map_err`.
    pub(crate) fn doing<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |cause| {
            let cause = cause.into();
            Self::System { doing: format!("{}: {cause}", what.into()), cause }
        }
    }
}
