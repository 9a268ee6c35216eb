//! What the scan found: coverage, findings, rules that did not run.

use std::collections::BTreeMap;

use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::Phase;
use crate::model::Report;
use crate::model::Severity;
use crate::model::inert;

use super::super::figures::accepted;
use super::super::figures::answers;
use super::super::figures::by_severity;
use super::super::figures::percent;
use super::super::figures::reached;
use super::super::figures::share;
use super::super::figures::templates;
use super::super::figures::wrong_templates;
use super::load::more;
use super::style::Ink;
use super::style::Style;
use super::whole::LINE;
use crate::model::grouped;
use crate::model::plural;

/// Findings listed; the rest stands in the report.
const FINDINGS: usize = 15;
/// Columns before a finding's text: two, the longest severity, one.
const MARGIN: usize = 11;
/// Operations and rules listed by name.
const NAMES: usize = 5;
/// Operations listed of a crawl; the rest stands in the report.
const OPERATIONS: usize = 200;

/// The section on the scan.
pub(super) fn scan_section(report: &Report, style: Style) -> String {
    let (checked, only_load) = (!is_crawl_alone(report), is_of_load_alone(report));
    let title = match (only_load, checked) {
        (true, _) => "Under load",
        (false, true) => "Scan",
        (false, false) => "Crawl",
    };
    let mut out = style.title(title);
    let mut lines = Vec::new();
    if !only_load {
        lines.extend([
            ("requests", requests(report, style)),
            ("crawl", crawl(report, style)),
            ("answers", answers(report).join(style.dot())),
            ("left out", report.coverage.left_out().join(style.dot())),
            ("coverage", coverage(report, style)),
            ("missed", missed(report, style)),
            ("failures", failures(report, style)),
        ]);
    }
    if checked {
        lines.extend([
            ("templates", templates(report).join(style.dot())),
            ("wrong", wrong_files(report, style)),
            ("rules", rules(report, style)),
            ("findings", counts(report, style)),
        ]);
    }
    for (name, text) in lines.into_iter().filter(|(_, text)| !text.is_empty()) {
        let name = style.paint(Ink::Faint, &format!("{name:<9}"));
        out.push_str(&style.hang(&format!("  {name} "), &text));
    }
    for finding in report.findings.iter().take(FINDINGS) {
        out.push('\n');
        out.push_str(&entry(finding, style));
    }
    out.push_str(&more(report.findings.len(), FINDINGS, style));
    if !checked {
        out.push_str(&operations(report, style));
    }
    out
}

/// Whether all that was found was found in load's own traffic.
fn is_of_load_alone(report: &Report) -> bool {
    report.scan_requests.0 == 0
        && report.phases.iter().all(|(phase, _)| *phase == Phase::Load)
        && !report.phases.is_empty()
}

/// Whether nothing was to be checked: a scan that never got there says so in its rules.
fn is_crawl_alone(report: &Report) -> bool {
    report.rules.is_empty()
        && report.findings.is_empty()
        && report.phases.iter().all(|(phase, _)| *phase == Phase::Crawl)
}

/// What the crawl is run for, by path: a sign for reached, method, path template.
fn operations(report: &Report, style: Style) -> String {
    let mut known: Vec<_> = report.coverage.operations.iter().collect();
    known.sort_by(|a, b| (&a.path_template, &a.method).cmp(&(&b.path_template, &b.method)));
    let mut out = String::new();
    for operation in known.iter().take(OPERATIONS) {
        let name = inert(&format!("{:<7} {}", operation.method, operation.path_template), LINE);
        let note = match &operation.skipped {
            _ if operation.reached => String::new(),
            Some(reason) => format!("not reached: {}", inert(reason, 200)),
            None => "not reached".to_owned(),
        };
        let note = style.paint(Ink::Warn, &note);
        out.push_str(format!("\n  {name}  {note}").trim_end());
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&more(known.len(), OPERATIONS, style));
    out
}

fn requests(report: &Report, style: Style) -> String {
    let (sent, failed) = report.scan_requests;
    let mut parts = vec![grouped(sent)];
    if failed > 0 {
        parts.push(style.paint(Ink::Warn, &format!("{} without a response", grouped(failed))));
    }
    if let Some(p95) = report.scan_duration.quantile(0.95) {
        parts.push(format!("p95 {}", style.time(p95)));
    }
    parts.join(style.dot())
}

fn crawl(report: &Report, style: Style) -> String {
    let progress = &report.progress;
    let nodes = report.coverage.nodes.max(progress.nodes);
    let mut parts = vec![plural(progress.fetched, "URL", "URLs"), plural(nodes, "node", "nodes")];
    // A safe scan has none to check: "0 of 0" would look like an end.
    if progress.points > 0 {
        let (done, points) = (grouped(progress.points_done), grouped(progress.points));
        parts.push(format!("{done} of {points} insertion points checked"));
    }
    match report.coverage.complete {
        Some(true) => parts.push("complete".to_owned()),
        Some(false) => {
            let gaps = report.coverage.gaps().join(", ");
            let text = if gaps.is_empty() {
                "incomplete".to_owned()
            } else {
                format!("incomplete: {gaps}")
            };
            parts.push(style.paint(Ink::Warn, &text));
        }
        None => {}
    }
    parts.join(style.dot())
}

fn coverage(report: &Report, style: Style) -> String {
    let (reached, known) = reached(report);
    if known == 0 {
        return String::new();
    }
    let text = format!(
        "{} of {} operations reached ({})",
        grouped(reached),
        grouped(known),
        percent(share(reached, known))
    );
    let ink = if reached < known { Ink::Warn } else { Ink::Good };
    style.paint(ink, &text)
}

/// Grouped by the reason, which is long and often the same.
fn missed(report: &Report, style: Style) -> String {
    let mut missed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for operation in report.coverage.operations.iter().filter(|operation| !operation.reached) {
        let name = inert(&format!("{} {}", operation.method, operation.path_template), 120);
        missed.entry(operation.skipped.as_deref().unwrap_or_default()).or_default().push(name);
    }
    let parts = missed.into_iter().take(NAMES).map(|(reason, mut names)| {
        let hidden = names.len().saturating_sub(NAMES);
        names.truncate(NAMES);
        if hidden > 0 {
            names.push(format!("{hidden} more"));
        }
        let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
        format!("{}{}", names.join(", "), inert(&reason, 200))
    });
    parts.collect::<Vec<_>>().join(style.dot())
}

fn failures(report: &Report, style: Style) -> String {
    let mut classes: BTreeMap<_, (u64, &str)> = BTreeMap::new();
    for (url, failure) in &report.scan_failures {
        classes.entry(failure.class).or_insert((0, url)).0 += 1;
    }
    let parts = classes.iter().map(|(class, (count, url))| {
        format!("{class} {} as at {}", grouped(*count), inert(url, 100))
    });
    parts.collect::<Vec<_>>().join(style.dot())
}

fn wrong_files(report: &Report, style: Style) -> String {
    let all = wrong_templates(report);
    let mut parts: Vec<String> =
        all.iter().take(NAMES).map(|text| style.paint(Ink::Warn, text)).collect();
    if all.len() > NAMES {
        parts.push(format!("{} more in the report", all.len() - NAMES));
    }
    parts.join(style.dot())
}

fn rules(report: &Report, style: Style) -> String {
    if report.rules.is_empty() {
        return String::new();
    }
    let skipped: Vec<_> = report
        .rules
        .values()
        .filter_map(|(meta, outcome)| Some((meta, outcome.as_ref()?.skipped.as_ref()?)))
        .collect();
    let ran = report.rules.len() - skipped.len();
    let mut parts =
        vec![format!("{} of {} ran", grouped(ran as u64), grouped(report.rules.len() as u64))];
    parts.extend(skipped.iter().take(NAMES).map(|(meta, reason)| {
        let text = inert(&format!("{} skipped: {reason}", meta.id), 120);
        style.paint(Ink::Warn, &text)
    }));
    if skipped.len() > NAMES {
        parts.push(format!("{} more skipped", skipped.len() - NAMES));
    }
    parts.join(style.dot())
}

fn counts(report: &Report, style: Style) -> String {
    let mut parts: Vec<String> = by_severity(report)
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| style.paint(ink(severity), &format!("{count} {severity}")))
        .collect();
    if parts.is_empty() {
        // Nothing found is good news only where something was looked for.
        let looked = !report.rules.is_empty();
        let (ink, text) =
            if looked { (Ink::Good, "none") } else { (Ink::Warn, "none: no rule has run") };
        parts.push(style.paint(ink, text));
    }
    if accepted(report) > 0 {
        parts.push(format!("{} accepted", accepted(report)));
    }
    parts.join(style.dot())
}

fn ink(severity: Severity) -> Ink {
    match severity {
        Severity::Critical | Severity::High => Ink::Bad,
        Severity::Medium => Ink::Warn,
        Severity::Low => Ink::Plain,
        Severity::Info => Ink::Faint,
    }
}

/// Three lines: what, where, why.
fn entry(finding: &Finding, style: Style) -> String {
    let severity = style.paint(ink(finding.severity), &format!("{:<8}", finding.severity));
    let status = match finding.status {
        FindingStatus::New => String::new(),
        FindingStatus::Known | FindingStatus::Accepted => {
            format!("{}{}", style.dot(), finding.status.as_str())
        }
    };
    let head = format!(
        "{}{}{}{}{status}",
        style.paint(Ink::Strong, &inert(&finding.rule.title, 80)),
        style.dot(),
        finding.confidence,
        style.paint(Ink::Faint, &format!("{}{}", style.dot(), inert(&finding.id(), 20))),
    );
    let mut place = vec![inert(&format!("{} {}", finding.method, finding.url), 160)];
    if let Some(points) = finding.points() {
        place.push(inert(&points, 100));
    }
    if finding.occurrences > 1 {
        place.push(format!("{} URLs", grouped(finding.occurrences)));
    }
    let margin = " ".repeat(MARGIN);
    let mut out = style.hang(&format!("  {severity} "), &head);
    out.push_str(&style.hang(&margin, &place.join(style.dot())));
    if !finding.detail.is_empty() {
        let detail = inert(&finding.detail, LINE);
        out.push_str(&style.hang(&margin, &style.paint(Ink::Faint, &detail)));
    }
    out
}
