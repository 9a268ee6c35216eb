//! The exit-code table: public API.

/// Every code that the program ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Every gate passed, the run is valid.
    Passed = 0,
    /// A bug of ours, or an output that broke while it was being written.
    Internal = 1,
    /// The command line does not make sense, or an output cannot be opened.
    Usage = 2,
    /// The findings gate failed.
    Findings = 80,
    /// The findings gate and a threshold failed.
    FindingsAndThresholds = 81,
    /// Worse than the baseline.
    Regression = 82,
    /// Coverage below its gate, or the login was lost.
    Incomplete = 83,
    /// The generator was saturated or the target blocked us: the run proves nothing.
    Invalid = 84,
    /// Out of scope, not authorised, or a safety stop.
    Refused = 85,
    /// The target could not be reached, or never gave a valid HTTP response.
    Unreachable = 86,
    /// A threshold failed; k6's number.
    Thresholds = 99,
    /// The plan or a rule is invalid; k6's number.
    InvalidPlan = 104,
    /// Stopped by a signal or by hand (a key of the terminal UI, the control socket); a partial report
    /// was written.
    Interrupted = 105,
}

impl ExitCode {
    /// Every code, ascending.
    pub const ALL: [Self; 13] = [
        Self::Passed,
        Self::Internal,
        Self::Usage,
        Self::Findings,
        Self::FindingsAndThresholds,
        Self::Regression,
        Self::Incomplete,
        Self::Invalid,
        Self::Refused,
        Self::Unreachable,
        Self::Thresholds,
        Self::InvalidPlan,
        Self::Interrupted,
    ];

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The code of a number, for reports read back.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// Whether the run came to its end and its gates could judge it, one way or the other.
    pub fn is_judgement(self) -> bool {
        match self {
            Self::Passed
            | Self::Findings
            | Self::FindingsAndThresholds
            | Self::Regression
            | Self::Thresholds => true,
            Self::Internal
            | Self::Usage
            | Self::Incomplete
            | Self::Invalid
            | Self::Refused
            | Self::Unreachable
            | Self::InvalidPlan
            | Self::Interrupted => false,
        }
    }

    /// One line for `--help` and the documentation.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Passed => "every gate passed, the run is valid",
            Self::Internal => "internal error, or an output failed while being written",
            Self::Usage => "usage error, or an output cannot be opened",
            Self::Findings => "findings gate failed",
            Self::FindingsAndThresholds => "findings and thresholds failed",
            Self::Regression => "regression against the baseline",
            Self::Incomplete => {
                "incomplete: coverage below its gate, a login lost, or the plan's setup failed"
            }
            Self::Invalid => "invalid: generator saturated, or the target blocked us",
            Self::Refused => "refused: out of scope, not authorised, or a safety stop",
            Self::Unreachable => "target unreachable, or no valid HTTP response",
            Self::Thresholds => "thresholds failed",
            Self::InvalidPlan => "plan or rule invalid",
            Self::Interrupted => "stopped by a signal or by hand; a partial report was written",
        }
    }
}
