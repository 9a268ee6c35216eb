//! Everything needed to believe a flaw, and what several have in common.

use ratatui::text::{Line, Span};

use super::detail;
use super::evidence;
use super::theme;
use super::wrap::wrap;
use crate::model::Finding;
use crate::model::RuleMeta;
use crate::model::inert;
use crate::ui::figures;

/// Characters shown of one text of a finding.
const TEXT_MAX: usize = 2000;

/// Everything about one finding.
pub(super) fn of_finding(finding: &Finding, width: usize) -> Vec<Line<'static>> {
    let mut lines = summary(finding, width);
    for (index, evidence) in finding.evidence.iter().enumerate() {
        lines.extend(evidence::rows(evidence, (index + 1, finding.evidence.len()), width));
    }
    lines.extend(references(&finding.rule, width));
    lines
}

/// What findings have in common that stand together below `title`: how many of which rules, and of a
/// rule alone what it is and what to do.
pub(super) fn of_group(title: &str, group: &[&Finding], width: usize) -> Vec<Line<'static>> {
    let mut lines = wrap(&Line::styled(inert(title, 200), theme::strong()), width, 0);
    let count = figures::plural(group.len() as u64, "finding", "findings");
    lines.extend(detail::text_field("findings", &count, width));
    let Some(first) = group.first() else { return lines };
    if group.iter().all(|finding| finding.rule.id == first.rule.id) {
        let rule = &first.rule;
        lines.extend(detail::text_field("rule", &inert(&rule.id, 100), width));
        for (label, text) in [("why", &rule.why), ("fix", &rule.fix)] {
            if !text.is_empty() {
                lines.extend(detail::text_field(label, &inert(text.trim_end(), TEXT_MAX), width));
            }
        }
    }
    lines.push(Line::default());
    for finding in group {
        lines.push(super::findings::row(finding));
    }
    if group.iter().all(|finding| finding.rule.id == first.rule.id) {
        lines.extend(references(&first.rule, width));
    }
    lines
}

fn references(rule: &RuleMeta, width: usize) -> Vec<Line<'static>> {
    if rule.references.is_empty() {
        return Vec::new();
    }
    let mut lines = detail::heading("references", theme::strong(), width);
    for reference in &rule.references {
        lines.extend(detail::text_field("", &inert(reference, 300), width));
    }
    lines
}

fn summary(finding: &Finding, width: usize) -> Vec<Line<'static>> {
    let style = theme::severity_style(finding.severity);
    let grade = format!(
        "{} {}, {}, {}",
        theme::severity_symbol(finding.severity),
        finding.severity,
        finding.confidence,
        finding.status.as_str()
    );
    let title = inert(&finding.rule.title, 200);
    let mut lines = wrap(&Line::styled(title, theme::strong()), width, 0);
    lines.extend(detail::field("severity", vec![Span::styled(grade, style)], width));
    let rule = format!("{}  {}", inert(&finding.rule.id, 100), inert(&finding.id(), 20));
    lines.extend(detail::text_field("rule", &rule, width));
    let url = format!("{} {}", inert(&finding.method, 10), inert(&finding.url, TEXT_MAX));
    lines.extend(detail::text_field("url", &url, width));
    if let Some(points) = finding.points() {
        lines.extend(detail::text_field("insertion", &inert(&points, 400), width));
    }
    if finding.occurrences > 1 {
        lines.extend(detail::text_field(
            "seen at",
            &format!("{} URLs", finding.occurrences),
            width,
        ));
    }
    for (label, text) in [
        ("detail", &finding.detail),
        ("why", &finding.rule.why),
        ("fix", &finding.rule.fix),
        ("reproduce", &finding.reproduce),
    ] {
        if !text.is_empty() {
            lines.extend(detail::text_field(label, &inert(text.trim_end(), TEXT_MAX), width));
        }
    }
    for payload in &finding.payloads {
        lines.extend(detail::text_field("payload", &inert(payload, 400), width));
    }
    let classes = classes(finding);
    if !classes.is_empty() {
        lines.extend(detail::text_field("class", &inert(&classes, 300), width));
    }
    lines
}

/// CWE, OWASP places and the CVSS vector.
fn classes(finding: &Finding) -> String {
    let rule = &finding.rule;
    let cwe = rule.cwe.iter().map(|number| format!("CWE-{number}"));
    let owasp = rule.owasp.iter().chain(&rule.api).map(|place| place.0.clone());
    cwe.chain(owasp).chain(rule.cvss.clone()).collect::<Vec<_>>().join("  ")
}
