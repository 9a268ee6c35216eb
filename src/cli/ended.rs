//! How a command ended, and the number that the process ends with for it.

use std::ffi::OsString;

use clap::ValueEnum;

use crate::model::ExitCode;
use crate::model::FindingStatus;
use crate::model::Report;

use super::terminal::environment;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    /// The code of the table.
    pub(super) code: ExitCode,
    /// There are findings that nobody accepted.
    pub(super) found: bool,
}

impl From<ExitCode> for Ended {
    fn from(code: ExitCode) -> Self {
        Self { code, found: false }
    }
}

impl Ended {
    /// With a code, and a report that may have findings.
    pub(super) fn with(code: ExitCode, report: &Report) -> Self {
        let is_open = |status: FindingStatus| status != FindingStatus::Accepted;
        Self { code, found: report.findings.iter().any(|finding| is_open(finding.status)) }
    }
}

/// Which numbers the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExitCodeStyle {
    /// The table below.
    Shakedown,
    /// 0 passed, 1 a gate failed (80, 81, 82, 99), 2 everything else.
    Simple,
    /// As zap-baseline: 0 passed, 1 a gate failed (80, 81, 82, 99), 2 passed with findings, 3 everything else.
    Zap,
}

impl ExitCodeStyle {
    /// The number.
    pub(super) fn number(self, ended: Ended) -> u8 {
        let has_failed = ended.code.is_judgement() && ended.code != ExitCode::Passed;
        match self {
            Self::Shakedown => ended.code.code(),
            Self::Simple | Self::Zap if has_failed => 1,
            Self::Simple if ended.code == ExitCode::Passed => 0,
            Self::Simple => 2,
            Self::Zap if ended.code != ExitCode::Passed => 3,
            Self::Zap if ended.found => 2,
            Self::Zap => 0,
        }
    }

    /// The style of a command line that makes no sense otherwise.
    pub(super) fn of(arguments: &[OsString]) -> Self {
        let flag = "--exit-code-style";
        let mut words = arguments.iter().filter_map(|word| word.to_str());
        let mut named = None;
        while let Some(word) = words.next() {
            if word == flag {
                named = words.next().map(str::to_owned);
            } else if let Some(value) = word.strip_prefix(flag).and_then(|it| it.strip_prefix('='))
            {
                named = Some(value.to_owned());
            }
        }
        let named = named.or_else(|| environment("SHAKEDOWN_EXIT_CODE_STYLE"));
        named.and_then(|name| Self::from_str(&name, false).ok()).unwrap_or(Self::Shakedown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_number_in_every_style_and_only_a_pass_is_0() {
        for code in ExitCode::ALL {
            let ended = Ended::from(code);
            for style in [ExitCodeStyle::Shakedown, ExitCodeStyle::Simple, ExitCodeStyle::Zap] {
                let number = style.number(ended);
                assert_eq!(number == 0, code == ExitCode::Passed, "{code:?} {style:?}");
            }
        }
        let numbers = |code| {
            let ended = Ended::from(code);
            (ExitCodeStyle::Simple.number(ended), ExitCodeStyle::Zap.number(ended))
        };
        assert_eq!(numbers(ExitCode::Findings), (1, 1));
        assert_eq!(numbers(ExitCode::Thresholds), (1, 1));
        assert_eq!(numbers(ExitCode::Invalid), (2, 3));
        assert_eq!(numbers(ExitCode::Incomplete), (2, 3));
        let warned = Ended { code: ExitCode::Passed, found: true };
        assert_eq!(ExitCodeStyle::Zap.number(warned), 2);
        assert_eq!(ExitCodeStyle::Simple.number(warned), 0);
    }

    #[test]
    fn a_line_that_makes_no_sense_has_its_style_all_the_same() {
        let of = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            ExitCodeStyle::of(&words)
        };
        assert_eq!(of("x scan --exit-code-style zap --nonsense"), ExitCodeStyle::Zap);
        assert_eq!(of("x --exit-code-style=simple scan"), ExitCodeStyle::Simple);
    }
}
