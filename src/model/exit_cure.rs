//! What to do about an exit code, in words: for `explain`.

use super::exit::ExitCode;

impl ExitCode {
    /// What a user does next.
    pub fn cure(self) -> &'static str {
        match self {
            Self::Passed => {
                "Nothing. Where no gate was set, set some: a run without gates passes whatever \
                 came back."
            }
            Self::Internal => {
                "Read what stands on standard error. An output that broke is a full disk or a \
                 folder that went away; the others are written. Anything else is a bug of \
                 ours: report it."
            }
            Self::Usage => {
                "The first line of standard error says which flag or file, and what is right; \
                 --help of the command has examples. Nothing was sent."
            }
            Self::Findings => {
                "The findings that count are new and at least firm. `shakedown report \
                 run.json` shows each with its proof, a curl to reproduce it and the fix. What \
                 is no flaw here goes into `accepted` with a reason and a day on which that \
                 ends."
            }
            Self::FindingsAndThresholds => {
                "Two things at once: 80 (findings) and 99 or 82 (thresholds). `shakedown \
                 explain run.json` tells which gates."
            }
            Self::Regression => {
                "A condition on `METRIC|vs(baseline)` failed: the run is worse than the one it \
                 was compared with. Is the baseline of the same machine and plan? Then look at \
                 the metric's endpoints; once the change is meant, name the new run as the \
                 baseline."
            }
            Self::Incomplete => {
                "What should have been tested was not: a login was lost, setup failed, or \
                 coverage is below its gate. The reasons name it; the report's `coverage` \
                 lists what was not reached, and why."
            }
            Self::Invalid => {
                "The figures prove nothing. Most often the generator was too weak: lower the \
                 rate, give it threads or a machine of its own. Or the target blocked us: \
                 allow the tester's address, or lower the rate. It goes before 80-83 and 99, \
                 because gates on such figures are chance."
            }
            Self::Refused => {
                "Either the target needs `authorised` (--authorised-by NAME) or a scope that \
                 has it, or a safety stop ended the run: `limits.stop_if`, `limits.max_time`."
            }
            Self::Unreachable => {
                "Is the target up, is the port right, does the certificate fit (--cacert, \
                 --insecure)? The reason says what most requests failed with."
            }
            Self::Thresholds => {
                "A gate on load figures failed. The reason has what was wanted and what was \
                 measured; the endpoints of the report show which request it was and in which \
                 phase the time went."
            }
            Self::InvalidPlan => {
                "`shakedown validate PLAN` shows every mistake with its line and what is \
                 right. Nothing was sent."
            }
            Self::Interrupted => {
                "Somebody stopped the run: what was measured until then is in the report, and \
                 its gates do not count as passed."
            }
        }
    }
}
