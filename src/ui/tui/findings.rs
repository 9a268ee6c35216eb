//! Flaws: a list, gravest first, and everything needed to believe one of them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::detail;
use super::evidence;
use super::list;
use super::state::State;
use super::theme;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::inert;

/// Characters shown of one text of a finding.
const TEXT_MAX: usize = 2000;

/// Fingerprints of the findings that the filter lets through, gravest first.
pub(super) fn visible(state: &State) -> Vec<String> {
    let passes = |finding: &&Finding| {
        let texts = [
            finding.rule.id.as_str(),
            &finding.rule.title,
            finding.severity.as_str(),
            finding.confidence.as_str(),
            finding.status.as_str(),
            &finding.method,
            &finding.url,
        ];
        list::matches(&state.findings.filter, &texts)
    };
    state.report.findings.iter().filter(passes).map(|found| found.fingerprint.clone()).collect()
}

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let rows = visible(state);
    let view = &state.findings;
    if rows.is_empty() {
        let text = if !state.report.findings.is_empty() {
            " no finding matches the filter (Esc drops it)"
        } else if state.over {
            " no findings"
        } else {
            " no findings yet"
        };
        frame.render_widget(Line::styled(text, theme::dim()), area);
        return;
    }
    let (list_area, detail_area) = list::split(area, view.open);
    if let Some(area) = list_area {
        draw_list(state, frame, area, &rows);
    }
    if let Some(area) = detail_area {
        detail::draw(frame, area, " Finding ", view.scroll, |width| detail_rows(state, width));
    }
}

/// One row of a list of findings.
pub(super) fn row(finding: &Finding) -> Line<'static> {
    let style = theme::severity_style(finding.severity);
    let symbol = theme::severity_symbol(finding.severity);
    let known = match finding.status {
        FindingStatus::New => "",
        FindingStatus::Known => "known, ",
        FindingStatus::Accepted => "accepted, ",
    };
    Line::from(vec![
        Span::styled(format!("{symbol} {:<9}", finding.severity), style),
        Span::raw(inert(&finding.rule.title, 80)),
        Span::styled(
            format!(
                "  {} {}  {known}{}",
                inert(&finding.method, 10),
                inert(&finding.path_template, 120),
                finding.confidence
            ),
            theme::dim(),
        ),
    ])
}

fn draw_list(state: &State, frame: &mut Frame, area: Rect, rows: &[String]) {
    let selected = state.findings.index(rows);
    let shown = list::visible_rows(selected.unwrap_or(0), usize::from(area.height), rows.len());
    let lines: Vec<Line<'static>> = shown
        .filter_map(|place| {
            let finding = by_fingerprint(state, &rows[place])?;
            let look = if Some(place) == selected { theme::chosen() } else { Style::new() };
            Some(row(finding).patch_style(look))
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn by_fingerprint<'a>(state: &'a State, fingerprint: &str) -> Option<&'a Finding> {
    state.report.findings.iter().find(|finding| finding.fingerprint == fingerprint)
}

/// Everything about the selected finding.
pub(super) fn detail_rows(state: &State, width: usize) -> Vec<Line<'static>> {
    let rows = visible(state);
    let chosen = state.findings.index(&rows).and_then(|place| rows.get(place));
    let Some(finding) = chosen.and_then(|fingerprint| by_fingerprint(state, fingerprint)) else {
        return Vec::new();
    };
    let mut lines = summary(finding, width);
    for (index, evidence) in finding.evidence.iter().enumerate() {
        lines.extend(evidence::rows(evidence, (index + 1, finding.evidence.len()), width));
    }
    if !finding.rule.references.is_empty() {
        lines.extend(detail::heading("references", theme::strong(), width));
        for reference in &finding.rule.references {
            lines.extend(detail::text_field("", &inert(reference, 300), width));
        }
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
    let mut lines = super::wrap::wrap(&Line::styled(title, theme::strong()), width, 0);
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
