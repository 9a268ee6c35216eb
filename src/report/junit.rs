//! JUnit XML: a test case per gate and per rule, and one for the run itself, so that a run that
//! proves nothing is never green.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

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
    let described = described(report);
    let known = report.rules.keys().map(String::as_str);
    // Findings may be of rules that the report does not list.
    let unlisted = described.keys().copied().filter(|id| !report.rules.contains_key(*id));
    for id in known.chain(unlisted) {
        let (failures, others) = described
            .get(id)
            .map_or((&[][..], &[][..]), |(one, other)| (one.as_slice(), other.as_slice()));
        let skipped =
            report.rules.get(id).and_then(|(_, outcome)| outcome.as_ref()?.skipped.clone());
        let status = match (failures.is_empty(), skipped) {
            (false, _) => non_success(NonSuccessKind::Failure, failures),
            (true, Some(reason)) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(inert(&reason, TEXT));
                status
            }
            (true, None) => TestCaseStatus::success(),
        };
        let mut case = case(id, "shakedown.rules", status);
        if !others.is_empty() {
            case.set_system_out(others.join("\n"));
        }
        suite.add_test_case(case);
    }
    suite
}

/// Findings by rule: those that a failed gate counted, and the others.
fn described(report: &Report) -> BTreeMap<&str, (Vec<String>, Vec<String>)> {
    let gating: BTreeSet<*const Finding> =
        gating(report).into_iter().map(std::ptr::from_ref).collect();
    let mut all: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for finding in &report.findings {
        let (failures, others) = all.entry(&finding.rule.id).or_default();
        let is_gating = gating.contains(&std::ptr::from_ref(finding));
        if is_gating { failures } else { others }.push(describe(finding));
    }
    all
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
