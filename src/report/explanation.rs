//! Why a run passed or failed: in words and numbers, gate by gate.

use crate::model::ExitCode;
use crate::model::Finding;
use crate::model::Limit;
use crate::model::MetricName;
use crate::model::Report;
use crate::model::ThresholdResult;
use crate::model::format_duration;
use crate::model::format_percent;
use crate::model::grouped;
use crate::model::inert;
use crate::model::plural;

use super::figures::has_load;
use super::figures::has_scan;
use super::summary::Ink;
use super::summary::Style;

/// Foreign text of one line is cut to this many characters.
const LINE: usize = 300;

/// Findings of a gate that are named.
const FINDINGS: usize = 5;

/// The verdict of a run, explained: text that ends in a line feed.
pub fn explanation(report: &Report, style: Style) -> String {
    let mut out = verdict(report, style);
    out.push_str(&style.hang("  ", &what_was_done(report, style)));
    out.push('\n');
    out.push_str(&reasons(report, style));
    out.push_str(&gates(report, style));
    out.push_str(&doubts(report, style));
    if let Some(code) = report.verdict.as_ref().map(|verdict| verdict.exit_code) {
        out.push_str(&style.title("What to do"));
        out.push_str(&style.hang("  ", code.cure()));
    }
    style.finish(out)
}

/// How far a value is on the passing side of its limit, in percent of the limit: negative is on the
/// failing side; `None` where that is no number.
pub fn margin(result: &ThresholdResult) -> Option<f64> {
    let condition = &result.criterion.as_ref()?.condition;
    let value = result.value?;
    let (value, limit) = match condition.limit {
        Limit::Value(limit) => (value, limit),
        Limit::Change(by) => (value, result.baseline? + by),
        Limit::Percent(by) => (value, result.baseline? * (1.0 + by / 100.0)),
    };
    let over = (value - limit) / limit.abs() * 100.0;
    over.is_finite().then_some(if result.pass { over.abs() } else { -over.abs() })
}

fn verdict(report: &Report, style: Style) -> String {
    let Some(verdict) = &report.verdict else {
        let text = "no verdict: the run was cut before its gates were judged";
        return style.hang("", &style.paint(Ink::Warn, text));
    };
    let (word, ink) = if verdict.pass { ("PASSED", Ink::Good) } else { ("FAILED", Ink::Bad) };
    let code = verdict.exit_code;
    let meaning = report.verdict_meaning().unwrap_or_else(|| code.meaning());
    let text = format!("{}, exit code {}: {meaning}", style.paint(ink, word), code.code());
    style.hang("", &text)
}

fn what_was_done(report: &Report, style: Style) -> String {
    let mut parts = Vec::new();
    if let Some(run) = &report.run {
        parts.push(format!("{} {}", inert(&run.command, 20), inert(&run.target, LINE)));
    }
    parts.push(format_duration(report.elapsed));
    if has_load(report) {
        let (requests, failed) = report.endpoints.iter().fold((0, 0), |(requests, failed), one| {
            (requests + one.total.requests, failed + one.total.failed)
        });
        let share = if requests == 0 { 0.0 } else { failed as f64 / requests as f64 };
        parts.push(format!("{} requests, {} failed", grouped(requests), format_percent(share)));
    }
    if has_scan(report) {
        let reached = report.coverage.operations.iter().filter(|known| known.reached).count();
        let known = report.coverage.operations.iter().count();
        parts.push(format!("{reached} of {known} operations reached"));
        parts.push(plural(report.findings.len() as u64, "finding", "findings"));
    }
    parts.join(style.dot())
}

/// Every reason with the code that it alone would give.
fn reasons(report: &Report, style: Style) -> String {
    let Some(verdict) = report.verdict.as_ref().filter(|verdict| !verdict.reasons.is_empty())
    else {
        return String::new();
    };
    let mut out = style.title("Why");
    for reason in &verdict.reasons {
        let head = format!("  {:>3}  ", reason.code.code());
        out.push_str(&style.hang(&head, &inert(&reason.text, LINE)));
    }
    let others: Vec<ExitCode> = verdict
        .reasons
        .iter()
        .map(|reason| reason.code)
        .filter(|code| *code != verdict.exit_code)
        .collect();
    if !others.is_empty() {
        let text = match verdict.exit_code {
            ExitCode::FindingsAndThresholds => {
                "81 stands for both: findings (80), and thresholds or a regression (99, 82)."
            }
            _ => {
                "The exit code is the one that goes first: 1, 105, 85, 86, 84, then 80, 99 and 82, \
                 then 83."
            }
        };
        out.push_str(&style.hang("       ", text));
    }
    out.push('\n');
    out
}

fn gates(report: &Report, style: Style) -> String {
    if report.thresholds.is_empty() {
        return String::new();
    }
    let passed = report.thresholds.iter().filter(|result| result.pass).count();
    let mut out = style.title(&format!("Gates {passed}/{}", report.thresholds.len()));
    // Those that failed are what somebody is here for.
    let (passing, failing): (Vec<_>, Vec<_>) =
        report.thresholds.iter().partition(|result| result.pass);
    for result in failing.into_iter().chain(passing) {
        out.push_str(&gate(report, result, style));
    }
    out.push('\n');
    out
}

fn gate(report: &Report, result: &ThresholdResult, style: Style) -> String {
    let wanted = format!("{}: {}", inert(&result.selector, LINE), inert(&result.wanted(), LINE));
    let mut out = style.hang(&format!("  {} ", style.mark(result.pass)), &wanted);
    let by = match margin(result) {
        Some(margin) if margin < 0.0 => format!(", {:.1}% beyond the limit", -margin),
        Some(margin) => format!(", {margin:.1}% to spare"),
        None => String::new(),
    };
    let measured = format!("measured {}{by}", result.measured());
    out.push_str(&style.hang("      ", &measured));
    if result.pass {
        return out;
    }
    let Some(criterion) = &result.criterion else { return out };
    let metric = criterion.selector.metric;
    out.push_str(&style.hang("      ", &style.paint(Ink::Faint, metric.meaning())));
    if metric == MetricName::Findings {
        let counted: Vec<&Finding> = report.gated_findings(&criterion.selector.tags).collect();
        for finding in counted.iter().take(FINDINGS) {
            out.push_str(&style.hang("      - ", &told(finding)));
        }
        if counted.len() > FINDINGS {
            let text = format!("and {} more in the report", counted.len() - FINDINGS);
            out.push_str(&style.hang("      - ", &text));
        }
    }
    out
}

fn told(finding: &Finding) -> String {
    let place =
        finding.insertion_point.as_ref().map(|point| format!(" at {}", inert(&point.name, 60)));
    format!(
        "{}, {}: {} {} {}{}",
        finding.severity.as_str(),
        finding.confidence.as_str(),
        inert(&finding.rule.id, 60),
        inert(&finding.method, 20),
        inert(&finding.url, LINE),
        place.unwrap_or_default()
    )
}

/// What speaks against the figures, beyond what is a reason already.
fn doubts(report: &Report, style: Style) -> String {
    let reasons = report.verdict.iter().flat_map(|verdict| &verdict.reasons);
    let reasons: Vec<&str> = reasons.map(|reason| reason.text.as_str()).collect();
    let validity = report.validity.iter();
    let doubts: Vec<&String> = validity
        .flat_map(|validity| validity.problems.iter().chain(&validity.warnings))
        .filter(|text| !reasons.contains(&text.as_str()))
        .collect();
    if doubts.is_empty() {
        return String::new();
    }
    let mut out = style.title("What speaks against the figures");
    for text in doubts {
        out.push_str(&style.hang("  ! ", &inert(text, LINE)));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::model::Verdict;

    fn result(condition: &str, value: f64, baseline: Option<f64>, pass: bool) -> ThresholdResult {
        let selector =
            if baseline.is_some() { "http_req_latency|vs(baseline)" } else { "http_req_latency" };
        ThresholdResult {
            value: Some(value),
            baseline,
            pass,
            ..ThresholdResult::written(selector, condition, None)
        }
    }

    #[test]
    fn a_margin_is_of_the_limit_whatever_it_is_relative_to() {
        let rounded = |result: ThresholdResult| margin(&result).map(f64::round);
        assert_eq!(rounded(result("p(95)<500", 612.0, None, false)), Some(-22.0));
        assert_eq!(rounded(result("p(95)<500", 250.0, None, true)), Some(50.0));
        assert_eq!(rounded(result("p(95)<+10%", 121.0, Some(100.0), false)), Some(-10.0));
        assert_eq!(rounded(result("p(95)<+100", 100.0, Some(100.0), true)), Some(50.0));
        assert_eq!(margin(&result("p(95)<0", 1.0, None, false)), None, "of nothing");
    }

    #[test]
    fn what_failed_comes_first_with_its_number_and_hostile_text_is_harmless() {
        let reason = "http_req_latency: p(95)<500 wanted, p(95) is 612ms \u{1b}[31m";
        let verdict = Verdict {
            pass: false,
            exit_code: ExitCode::Thresholds,
            reasons: vec![Reason { code: ExitCode::Thresholds, text: reason.to_owned() }],
        };
        let gates =
            vec![result("avg<900", 300.0, None, true), result("p(95)<500", 612.0, None, false)];
        let report = Report { verdict: Some(verdict), thresholds: gates, ..Report::default() };
        let text = explanation(&report, Style { unicode: true, ..Style::in_a_file() });
        assert!(text.starts_with("FAILED, exit code 99: thresholds failed\n"), "{text}");
        let failed = text.find("p(95)<500\n").expect("the gate");
        let passed = text.find("avg<900\n").expect("the other");
        assert!(failed < passed, "{text}");
        assert!(text.contains("measured 612ms, 22.4% beyond the limit"), "{text}");
        assert!(text.contains("66.7% to spare"), "{text}");
        assert!(!text.contains('\u{1b}'));
        assert!(explanation(&Report::default(), Style::in_a_file()).starts_with("no verdict"));
    }
}
