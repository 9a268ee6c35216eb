//! What has changed between two runs, as Markdown: alone, and as a section of a report.

use std::fmt::Write as _;

use super::markdown::code;
use super::markdown::escape;
use crate::model::Change;
use crate::model::ChangeKind;
use crate::model::Comparison;
use crate::model::FindingChangeKind;
use crate::model::Subject;
use crate::model::Verdict;

/// Rows listed; a comment has a limit of 65,536 characters.
const ROWS: usize = 30;
/// Why a `write!` here cannot fail.
const INFALLIBLE: &str = "writing to a string cannot fail";

/// Two runs, compared, and what that means as a gate: a comment for a pull request.
pub fn comparison_markdown(comparison: &Comparison, verdict: &Verdict) -> String {
    let exit = verdict.exit_code;
    let mut out = format!(
        "## {} Shakedown compare: {}, exit code {}\n",
        if verdict.pass { "✅" } else { "❌" },
        Comparison::meaning(exit),
        exit.code()
    );
    for (index, reason) in verdict.reasons.iter().take(ROWS).enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        writeln!(out, "{gap}* {} {}", reason.code.code(), escape(&reason.text)).expect(INFALLIBLE);
    }
    out.push_str(&comparison_section(comparison));
    out
}

/// Figures, findings, and what was not compared.
pub(super) fn comparison_section(comparison: &Comparison) -> String {
    let mut out = "\n### Compared with the earlier run\n".to_owned();
    let doubts = comparison.doubts();
    if !doubts.is_empty() {
        out.push_str("\n> [!WARNING]\n");
    }
    for text in doubts.iter().take(ROWS) {
        writeln!(out, "> * {}", escape(text)).expect(INFALLIBLE);
    }
    out.push_str(&figures(comparison));
    if !comparison.findings.is_empty() {
        out.push('\n');
    }
    for finding in comparison.findings.iter().take(ROWS) {
        let sign = match finding.kind {
            FindingChangeKind::New => "❌",
            FindingChangeKind::Changed | FindingChangeKind::NotLookedFor => "⚠️",
            FindingChangeKind::Fixed => "✅",
        };
        writeln!(out, "* {sign} {}", escape(&finding.sentence())).expect(INFALLIBLE);
    }
    more(&mut out, comparison.findings.len());
    if !comparison.left_out.is_empty() {
        out.push_str("\nNot compared:\n\n");
    }
    for left_out in comparison.left_out.iter().take(ROWS) {
        writeln!(out, "* {}", escape(&left_out.to_string())).expect(INFALLIBLE);
    }
    more(&mut out, comparison.left_out.len());
    out
}

/// What a list of so many leaves out is said.
fn more(out: &mut String, listed: usize) {
    if listed > ROWS {
        writeln!(out, "* … and {} more, see the JSON", listed - ROWS).expect(INFALLIBLE);
    }
}

fn figures(comparison: &Comparison) -> String {
    let is_shown =
        |change: &&Change| change.subject == Subject::Whole || change.kind != ChangeKind::Same;
    let shown: Vec<&Change> = comparison.changes.iter().filter(is_shown).collect();
    if shown.is_empty() {
        return String::new();
    }
    let mut out = "\n| | of | figure | old | new | change | between |\n|--|--|--|--:|--:|--:|--|\n"
        .to_owned();
    for change in shown.iter().take(ROWS) {
        let figure = change.figure;
        let sign = match change.kind {
            ChangeKind::Worse => "❌ worse",
            ChangeKind::Better => "✅ better",
            ChangeKind::Noise => "may be noise",
            ChangeKind::Same => "same",
        };
        writeln!(
            out,
            "| {sign} | {} | {} | {} | {} | {} | {} |",
            code(&change.subject.to_string()),
            figure.as_str(),
            escape(&figure.shown(change.old)),
            escape(&figure.shown(change.new)),
            escape(&figure.shown_change(change.change)),
            escape(&change.interval_shown().unwrap_or_default())
        )
        .expect(INFALLIBLE);
    }
    if shown.len() > ROWS {
        writeln!(out, "\n{} more differ, see the JSON.", shown.len() - ROWS).expect(INFALLIBLE);
    }
    writeln!(out, "\nHere {}.", comparison.rule()).expect(INFALLIBLE);
    out
}
