//! The release verdict: which of several true things the exit code names.

use super::exit::ExitCode;

/// What holds at the end of a run; each entry is the sentence a user reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// A bug of ours, or an output that broke.
    pub internal: Vec<String>,
    /// A signal or a user stopped the run.
    pub interrupted: Vec<String>,
    /// Scope, authorisation or the kill switch stopped it.
    pub refused: Vec<String>,
    /// Nothing valid came back.
    pub unreachable: Vec<String>,
    /// The run proves nothing, and a gate depends on it.
    pub invalid: Vec<String>,
    /// Findings gates that failed.
    pub findings: Vec<String>,
    /// Thresholds that failed, not counting those against a baseline.
    pub thresholds: Vec<String>,
    /// Comparisons with the baseline that failed.
    pub regressions: Vec<String>,
    /// Coverage gates that failed, or a lost login.
    pub incomplete: Vec<String>,
}

/// One reason of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The code that this reason alone would give.
    pub code: ExitCode,
    /// The sentence, with the number that decided.
    pub text: String,
}

/// Pass or fail, with every reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the exit code is 0.
    pub pass: bool,
    /// What the process ends with.
    pub exit_code: ExitCode,
    /// Everything that held, the deciding kind first.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    /// Weighs the facts: internal error, interruption, refusal, unreachable, invalid; then
    /// findings, thresholds and regressions; then incompleteness.
    pub fn of(facts: &Facts) -> Self {
        let kinds = [
            (ExitCode::Internal, &facts.internal),
            (ExitCode::Interrupted, &facts.interrupted),
            (ExitCode::Refused, &facts.refused),
            (ExitCode::Unreachable, &facts.unreachable),
            (ExitCode::Invalid, &facts.invalid),
            (ExitCode::Findings, &facts.findings),
            (ExitCode::Thresholds, &facts.thresholds),
            (ExitCode::Regression, &facts.regressions),
            (ExitCode::Incomplete, &facts.incomplete),
        ];
        let reasons: Vec<Reason> = kinds
            .iter()
            .flat_map(|(code, texts)| {
                texts.iter().map(|text| Reason { code: *code, text: text.clone() })
            })
            .collect();
        let first = reasons.first().map_or(ExitCode::Passed, |reason| reason.code);
        let slow = !facts.thresholds.is_empty() || !facts.regressions.is_empty();
        let exit_code = match first {
            ExitCode::Findings if slow => ExitCode::FindingsAndThresholds,
            other => other,
        };
        Self { pass: exit_code == ExitCode::Passed, exit_code, reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Vec<String> {
        vec!["because".to_owned()]
    }

    fn code(facts: &Facts) -> u8 {
        Verdict::of(facts).exit_code.code()
    }

    #[test]
    fn nothing_wrong_is_zero() {
        assert_eq!(code(&Facts::default()), 0);
    }

    #[test]
    fn findings_and_thresholds_combine() {
        assert_eq!(code(&Facts { findings: one(), ..Facts::default() }), 80);
        assert_eq!(code(&Facts { thresholds: one(), ..Facts::default() }), 99);
        assert_eq!(code(&Facts { regressions: one(), ..Facts::default() }), 82);
        let both = Facts { findings: one(), thresholds: one(), ..Facts::default() };
        assert_eq!(code(&both), 81);
        let both = Facts { findings: one(), regressions: one(), ..Facts::default() };
        assert_eq!(code(&both), 81);
        let both = Facts { thresholds: one(), regressions: one(), ..Facts::default() };
        assert_eq!(code(&both), 99);
    }

    #[test]
    fn an_invalid_run_beats_every_fact_but_not_a_refusal() {
        let all = Facts {
            invalid: one(),
            findings: one(),
            thresholds: one(),
            incomplete: one(),
            ..Facts::default()
        };
        assert_eq!(code(&all), 84);
        assert_eq!(code(&Facts { refused: one(), ..all.clone() }), 85);
        assert_eq!(code(&Facts { interrupted: one(), refused: one(), ..all.clone() }), 105);
        assert_eq!(code(&Facts { internal: one(), interrupted: one(), ..all }), 1);
    }

    #[test]
    fn incompleteness_comes_last() {
        assert_eq!(code(&Facts { incomplete: one(), ..Facts::default() }), 83);
        assert_eq!(code(&Facts { incomplete: one(), findings: one(), ..Facts::default() }), 80);
    }
}
