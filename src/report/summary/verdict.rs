//! The gates with their numbers, and the last word.

use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::StopReason;
use crate::model::inert;
use std::fmt::Write as _;

use super::super::figures::measured;
use super::style::INFALLIBLE;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;
use super::whole::LINE;

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
            Cell::plain(inert(&result.condition, 40)),
            Cell::new(ink, measured(result)),
        ]);
    }
    let lines = table.render(style);
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
    writeln!(out, "  {mark}{word} exit code {number}: {}", code.meaning()).expect(INFALLIBLE);
    for reason in &verdict.reasons {
        let code = format!("{:>4}", reason.code.code());
        let text = inert(&reason.text, LINE);
        writeln!(out, "  {} {text}", style.paint(Ink::Faint, &code)).expect(INFALLIBLE);
    }
    out
}

fn warnings(report: &Report, style: Style) -> String {
    let mut lines = Vec::new();
    if let Some(reason) = &report.stopped {
        let (word, text) = match reason {
            StopReason::Interrupted(text) => ("interrupted", text),
            StopReason::Safety(text) => ("safety stop", text),
            StopReason::Threshold(text) => ("stopped by a threshold", text),
        };
        lines.push((Ink::Warn, format!("{word}: {text}")));
    }
    let problems = report.validity.iter().flat_map(|validity| &validity.problems);
    lines.extend(problems.map(|text| (Ink::Bad, format!("not valid: {text}"))));
    lines.extend(report.notices.iter().take(NOTICES).map(|notice| {
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
        let text = style.paint(ink, &format!("! {}", inert(&text, LINE)));
        writeln!(out, "  {text}").expect(INFALLIBLE);
        out
    })
}
