//! What has changed between two runs, as text: alone, and as a section of a summary.

use std::fmt::Write as _;

use super::style::INFALLIBLE;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;
use super::whole::LINE;
use crate::model::Change;
use crate::model::ChangeKind;
use crate::model::Comparison;
use crate::model::FindingChangeKind;
use crate::model::Subject;
use crate::model::Verdict;
use crate::model::inert;

/// Columns from which on there is room for the interval.
const WIDE: usize = 100;
/// Rows of what is not listed whole.
const ROWS: usize = 40;

/// Two runs, compared, and what that means as a gate: what `compare` prints.
pub fn comparison_text(comparison: &Comparison, verdict: &Verdict, style: Style) -> String {
    let mut out = comparison_section(comparison, style);
    out.push('\n');
    out.push_str(&style.title("Verdict"));
    let (word, ink) = if verdict.pass { ("PASSED", Ink::Good) } else { ("FAILED", Ink::Bad) };
    let code = verdict.exit_code;
    let word = style.paint(ink, word);
    let text = format!("{word} exit code {}: {}", code.code(), Comparison::meaning(code));
    out.push_str(&style.hang("  ", &text));
    for reason in &verdict.reasons {
        let code = format!("{:>4}", reason.code.code());
        let head = format!("  {} ", style.paint(Ink::Faint, &code));
        out.push_str(&style.hang(&head, &inert(&reason.text, LINE)));
    }
    style.finish(out)
}

/// Figures, findings, and what was not compared.
pub(super) fn comparison_section(comparison: &Comparison, style: Style) -> String {
    let mut out = style.title("Compared with the earlier run");
    out.push_str(&style.hang("  ", &style.paint(Ink::Faint, &comparison.rule())));
    for doubt in comparison.doubts() {
        let head = format!("  {} ", style.paint(Ink::Warn, "!"));
        out.push_str(&style.hang(&head, &style.paint(Ink::Warn, &inert(&doubt, LINE))));
    }
    out.push_str(&figures(comparison, style));
    out.push_str(&findings(comparison, style));
    let lines = comparison.left_out.iter().take(ROWS);
    for left_out in lines {
        let text = format!("not compared: {}", inert(&left_out.to_string(), LINE));
        out.push_str(&style.hang("  ", &style.paint(Ink::Faint, &text)));
    }
    if comparison.left_out.len() > ROWS {
        let more = comparison.left_out.len() - ROWS;
        writeln!(out, "  not compared: {more} more, see the JSON").expect(INFALLIBLE);
    }
    out
}

/// The whole with all of its figures, then what differs by endpoint.
fn figures(comparison: &Comparison, style: Style) -> String {
    let is_shown =
        |change: &&Change| change.subject == Subject::Whole || change.kind != ChangeKind::Same;
    let shown: Vec<&Change> = comparison.changes.iter().filter(is_shown).collect();
    let mut out = String::new();
    if !shown.is_empty() {
        let is_wide = style.columns() >= WIDE;
        let mut columns = vec![
            ("", Align::Left),
            ("figure", Align::Left),
            ("old", Align::Right),
            ("new", Align::Right),
            ("change", Align::Right),
            ("", Align::Left),
        ];
        columns.extend(is_wide.then_some(("between", Align::Left)));
        let mut table = Table::new(&columns);
        for change in shown.iter().take(ROWS) {
            let mut cells = row(change);
            let interval = change.interval_shown().unwrap_or_default();
            cells.extend(is_wide.then(|| Cell::plain(interval)));
            table.row(cells);
        }
        out.push_str(&table.render(style));
    }
    let same = comparison.of_kind(ChangeKind::Same).count();
    let quiet = comparison.changes.len() - shown.len();
    if quiet > 0 {
        let text = format!("{same} of {} figures are the same", comparison.changes.len());
        out.push_str(&style.hang("  ", &style.paint(Ink::Faint, &text)));
    }
    out
}

fn row(change: &Change) -> Vec<Cell> {
    let figure = change.figure;
    let (ink, word) = match change.kind {
        ChangeKind::Worse => (Ink::Bad, "worse"),
        ChangeKind::Better => (Ink::Good, "better"),
        ChangeKind::Noise => (Ink::Warn, "noise"),
        ChangeKind::Same => (Ink::Faint, "same"),
    };
    vec![
        Cell::plain(inert(&change.subject.to_string(), 40)),
        Cell::plain(figure.as_str().to_owned()),
        Cell::plain(figure.shown(change.old)),
        Cell::plain(figure.shown(change.new)),
        Cell::new(ink, figure.shown_change(change.change)),
        Cell::new(ink, word.to_owned()),
    ]
}

fn findings(comparison: &Comparison, style: Style) -> String {
    let mut out = String::new();
    for finding in comparison.findings.iter().take(ROWS) {
        let ink = match finding.kind {
            FindingChangeKind::New => Ink::Bad,
            FindingChangeKind::Changed | FindingChangeKind::NotLookedFor => Ink::Warn,
            FindingChangeKind::Fixed => Ink::Good,
        };
        let text = inert(&finding.sentence(), LINE);
        out.push_str(&style.hang("  ", &style.paint(ink, &text)));
    }
    if comparison.findings.len() > ROWS {
        let more = comparison.findings.len() - ROWS;
        writeln!(out, "  … and {more} more findings, see the JSON").expect(INFALLIBLE);
    }
    out
}
