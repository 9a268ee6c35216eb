//! The gates with their numbers, and the last word.

use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::inert;
use std::fmt::Write as _;

use super::style::INFALLIBLE;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;
use super::whole::LINE;

/// Columns of the widest mark.
const MARK: usize = 4;
/// Notices listed; the rest stands in the report.
const NOTICES: usize = 10;

/// Every gate, what it asks for and what was measured.
pub(super) fn gates_section(report: &Report, style: Style) -> String {
    let passed = report.thresholds.iter().filter(|result| result.pass).count();
    let mut out = style.title(&format!("Gates {passed}/{}", report.thresholds.len()));
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left), ("", Align::Left)]);
    for result in &report.thresholds {
        let ink = if result.pass { Ink::Plain } else { Ink::Bad };
        table.row(vec![
            Cell::plain(inert(&result.selector, 60)),
            Cell::plain(inert(&result.wanted(), 60)),
            Cell::new(ink, result.measured()),
        ]);
    }
    // The marks stand before the table's own margin.
    let lines = table.render(Style { width: style.width.saturating_sub(2 + MARK), ..style });
    for (result, line) in report.thresholds.iter().zip(lines.lines()) {
        writeln!(out, "  {}{line}", style.mark(result.pass)).expect(INFALLIBLE);
    }
    out
}

/// What must be known to read the figures, then pass or fail with every reason.
pub(super) fn verdict_section(report: &Report, style: Style) -> String {
    let mut out = style.title("Verdict");
    out.push_str(&warnings(report, style));
    let Some(verdict) = &report.verdict else {
        let text = "partial report: the run was cut short, there is no verdict";
        writeln!(out, "  {}", style.paint(Ink::Warn, text)).expect(INFALLIBLE);
        return out;
    };
    let (word, ink) = if verdict.pass { ("PASSED", Ink::Good) } else { ("FAILED", Ink::Bad) };
    let code = verdict.exit_code;
    let mark = if style.unicode { style.mark(verdict.pass) + " " } else { String::new() };
    let (word, number) = (style.paint(ink, word), code.code());
    let meaning = report.verdict_meaning().unwrap_or_else(|| code.meaning());
    let text = format!("{word} exit code {number}: {meaning}");
    out.push_str(&style.hang(&format!("  {mark}"), &text));
    for reason in &verdict.reasons {
        let code = format!("{:>4}", reason.code.code());
        let text = inert(&reason.text, LINE);
        out.push_str(&style.hang(&format!("  {} ", style.paint(Ink::Faint, &code)), &text));
    }
    out
}

fn warnings(report: &Report, style: Style) -> String {
    let mut lines = Vec::new();
    if let Some(reason) = &report.stopped {
        lines.push((Ink::Warn, reason.sentence()));
    }
    // What is a reason of the verdict is said there.
    let reasons = report.verdict.iter().flat_map(|verdict| &verdict.reasons);
    let reasons: Vec<&str> = reasons.map(|reason| reason.text.as_str()).collect();
    let is_new = |text: &String| !reasons.contains(&text.as_str());
    let problems = report.validity.iter().flat_map(|validity| &validity.problems);
    let problems = problems.filter(|text| is_new(text));
    lines.extend(problems.map(|text| (Ink::Bad, format!("not valid: {text}"))));
    let own = report.validity.iter().flat_map(|validity| &validity.warnings);
    lines.extend(own.map(|text| (Ink::Warn, format!("warning: {text}"))));
    let notices = report.notices.iter().take(NOTICES).filter(|notice| is_new(&notice.text));
    lines.extend(notices.map(|notice| {
        let ink = match notice.level {
            NoticeLevel::Error => Ink::Bad,
            NoticeLevel::Warning | NoticeLevel::Info => Ink::Warn,
        };
        (ink, format!("{}: {}", notice.level.as_str(), notice.text))
    }));
    if report.notices.len() > NOTICES {
        let text = format!("… and {} more in the report", report.notices.len() - NOTICES);
        lines.push((Ink::Faint, text));
    }
    if report.tap_dropped > 0 {
        let text = format!(
            "{} sampled exchanges were not checked: the queue was full",
            report.tap_dropped
        );
        lines.push((Ink::Warn, text));
    }
    lines.into_iter().fold(String::new(), |mut out, (ink, text)| {
        let head = style.paint(ink, "!");
        out.push_str(&style.hang(&format!("  {head} "), &style.paint(ink, &inert(&text, LINE))));
        out
    })
}
