//! A finished run, looked at another day: against another baseline, under another gate.

use crate::model::ExitCode;
use crate::model::Facts;
use crate::model::FindingStatus;
use crate::model::MetricName;
use crate::model::Report;
use crate::model::Threshold;
use crate::model::ThresholdResult;
use crate::model::Verdict;

use super::gate_watch::Watched;

/// Says of findings which are new and which known, where there is a baseline; and judges them by `gate`
/// in place of the run's own gates on findings. What else the run came to stays.
pub fn look_again(report: &mut Report, baseline: Option<&Report>, gate: Option<&Threshold>) {
    if let Some(baseline) = baseline {
        for finding in &mut report.findings {
            let is_known =
                baseline.findings.iter().any(|known| known.fingerprint == finding.fingerprint);
            // What somebody accepted stays so.
            if finding.status != FindingStatus::Accepted {
                finding.status = if is_known { FindingStatus::Known } else { FindingStatus::New };
            }
        }
    }
    let Some(gate) = gate else { return };
    let result = Watched::new(gate.clone()).result(report, baseline);
    let mut facts = facts_of(report);
    if !result.pass {
        facts.findings.push(result.failure());
    }
    report.thresholds.retain(|known| !is_of_findings(known));
    report.thresholds.push(result);
    report.verdict = Some(Verdict::of(&facts));
}

fn is_of_findings(result: &ThresholdResult) -> bool {
    let criterion = result.criterion.as_ref();
    criterion.is_some_and(|criterion| criterion.selector.metric == MetricName::Findings)
}

/// Everything that held, but for what gates on findings said.
fn facts_of(report: &Report) -> Facts {
    let mut facts = Facts::default();
    let Some(verdict) = &report.verdict else {
        facts.incomplete.push("the run was cut short".to_owned());
        return facts;
    };
    for reason in &verdict.reasons {
        let texts = match reason.code {
            ExitCode::Internal => &mut facts.internal,
            ExitCode::Interrupted => &mut facts.interrupted,
            ExitCode::Refused => &mut facts.refused,
            ExitCode::Unreachable => &mut facts.unreachable,
            ExitCode::Invalid => &mut facts.invalid,
            ExitCode::Thresholds => &mut facts.thresholds,
            ExitCode::Regression => &mut facts.regressions,
            ExitCode::Incomplete => &mut facts.incomplete,
            ExitCode::Passed
            | ExitCode::Usage
            | ExitCode::Findings
            | ExitCode::FindingsAndThresholds
            | ExitCode::InvalidPlan => continue,
        };
        texts.push(reason.text.clone());
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;

    fn gate() -> Threshold {
        Threshold::parse("findings{severity:>=high}", "count==0").expect("a gate")
    }

    fn code(report: &Report) -> u8 {
        report.verdict.as_ref().expect("a verdict").exit_code.code()
    }

    #[test]
    fn what_else_the_run_came_to_stays() {
        let reasons = [(ExitCode::Findings, "found"), (ExitCode::Thresholds, "slow")];
        let reasons = reasons.map(|(code, text)| Reason { code, text: text.to_owned() }).to_vec();
        let verdict = Verdict { pass: false, exit_code: ExitCode::FindingsAndThresholds, reasons };
        let mut report = Report { verdict: Some(verdict), ..Report::default() };
        look_again(&mut report, None, Some(&gate()));
        assert_eq!(code(&report), 99, "no finding is left");
        assert_eq!(report.thresholds.len(), 1);
    }

    #[test]
    fn a_run_that_was_cut_short_is_incomplete_and_without_a_gate_nothing_changes() {
        let mut report = Report::default();
        look_again(&mut report, None, None);
        assert!(report.verdict.is_none());
        look_again(&mut report, None, Some(&gate()));
        assert_eq!(code(&report), 83);
    }
}
