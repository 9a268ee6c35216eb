//! JUnit XML: a test case per gate and per rule, and one for the run itself, so that a run that
//! proves nothing is never green.

use quick_junit::NonSuccessKind;
use quick_junit::Report as Junit;
use quick_junit::TestCase;
use quick_junit::TestCaseStatus;
use quick_junit::TestSuite;

use crate::model::Finding;
use crate::model::Report;
use crate::model::inert;

use super::figures::gating;

/// Foreign text is cut to this many characters.
const TEXT: usize = 500;

/// The file.
pub(super) fn junit(report: &Report) -> Vec<u8> {
    let mut file = Junit::new("shakedown");
    file.set_time(report.elapsed);
    file.add_test_suite(run_suite(report));
    if !report.thresholds.is_empty() {
        file.add_test_suite(threshold_suite(report));
    }
    if !report.rules.is_empty() || !report.findings.is_empty() {
        file.add_test_suite(rule_suite(report));
    }
    let mut bytes = Vec::new();
    file.serialize(&mut bytes).expect("writing into memory cannot fail");
    bytes
}

/// Whether the run is whole and its figures can be believed.
fn run_suite(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("run");
    let mut problems: Vec<String> =
        report.validity.iter().flat_map(|validity| validity.problems.clone()).collect();
    match &report.verdict {
        None => problems.push("the run was cut short: there is no verdict".to_owned()),
        Some(verdict) => {
            let proves_nothing =
                verdict.reasons.iter().filter(|reason| !reason.code.is_judgement());
            problems.extend(proves_nothing.map(|reason| reason.text.clone()));
        }
    }
    problems.dedup();
    let status = if problems.is_empty() {
        TestCaseStatus::success()
    } else {
        non_success(NonSuccessKind::Error, &problems)
    };
    suite.add_test_case(case("run is whole and valid", "shakedown.run", status));
    suite
}

fn threshold_suite(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("thresholds");
    for result in &report.thresholds {
        let status = if result.pass {
            TestCaseStatus::success()
        } else {
            let text = format!("{}: measured {}", result.wanted(), result.measured());
            non_success(NonSuccessKind::Failure, &[text])
        };
        let name = format!("{}: {}", result.selector, result.wanted());
        suite.add_test_case(case(&name, "shakedown.thresholds", status));
    }
    suite
}

/// Findings that a failed gate counted are failures; the others stand in the output.
fn rule_suite(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("rules");
    let gating = gating(report);
    let mut ids: Vec<&str> = report.rules.keys().map(String::as_str).collect();
    for finding in &report.findings {
        if !ids.contains(&finding.rule.id.as_str()) {
            ids.push(&finding.rule.id);
        }
    }
    for id in ids {
        let of_rule = |finding: &&Finding| finding.rule.id == id;
        let failures: Vec<String> = gating.iter().copied().filter(of_rule).map(describe).collect();
        let skipped =
            report.rules.get(id).and_then(|(_, outcome)| outcome.as_ref()?.skipped.clone());
        let status = match (failures.is_empty(), skipped) {
            (false, _) => non_success(NonSuccessKind::Failure, &failures),
            (true, Some(reason)) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(inert(&reason, TEXT));
                status
            }
            (true, None) => TestCaseStatus::success(),
        };
        let mut case = case(id, "shakedown.rules", status);
        let others: Vec<String> = report
            .findings
            .iter()
            .filter(of_rule)
            .map(describe)
            .filter(|text| !failures.contains(text))
            .collect();
        if !others.is_empty() {
            case.set_system_out(others.join("\n"));
        }
        suite.add_test_case(case);
    }
    suite
}

fn describe(finding: &Finding) -> String {
    let point = finding.points().map(|points| format!(", {points}"));
    let text = format!(
        "{} {} ({}, {}) {} {}{}: {}",
        finding.id(),
        finding.rule.title,
        finding.severity,
        finding.confidence,
        finding.method,
        finding.url,
        point.unwrap_or_default(),
        finding.detail
    );
    inert(&text, TEXT)
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(inert(name, TEXT), status);
    case.set_classname(class);
    case
}

fn non_success(kind: NonSuccessKind, texts: &[String]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let lines: Vec<String> = texts.iter().map(|text| inert(text, TEXT)).collect();
    status.set_message(lines.first().cloned().unwrap_or_default());
    status.set_description(lines.join("\n"));
    status
}
