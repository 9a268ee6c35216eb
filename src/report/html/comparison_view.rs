//! The part of the page on what has changed since the baseline.

use serde::Serialize;

use crate::model::Change;
use crate::model::ChangeKind;
use crate::model::ComparedRun;
use crate::model::Comparison;
use crate::model::FindingChange;
use crate::model::FindingChangeKind;
use crate::model::plural;

use super::super::figures::moment;
use super::cell::Cell;
use super::view::Fact;
use super::view::line;

/// What has changed since the baseline.
#[derive(Serialize)]
pub(super) struct ComparisonView {
    facts: Vec<Fact>,
    rule: String,
    doubts: Vec<String>,
    /// The gravest first, then as they are in the report.
    changes: Vec<ChangeRow>,
    findings: Vec<FindingRow>,
    left_out: Vec<String>,
}

#[derive(Serialize)]
struct ChangeRow {
    class: &'static str,
    word: &'static str,
    /// Of the word, for sorting.
    rank: usize,
    subject: String,
    figure: &'static str,
    old: Cell,
    new: Cell,
    change: Cell,
    interval: String,
}

#[derive(Serialize)]
struct FindingRow {
    class: &'static str,
    word: &'static str,
    severity: &'static str,
    title: String,
    rule: String,
    place: String,
    id: String,
    detail: String,
}

impl ComparisonView {
    /// The part on a comparison.
    pub(super) fn of(comparison: &Comparison) -> Self {
        let mut changes: Vec<&Change> = comparison.changes.iter().collect();
        changes.sort_by_key(|change| change.kind);
        Self {
            facts: vec![("old", run(&comparison.old)), ("new", run(&comparison.new))],
            rule: comparison.rule(),
            doubts: comparison.doubts().iter().map(|text| line(text)).collect(),
            changes: changes.into_iter().map(ChangeRow::of).collect(),
            findings: comparison.findings.iter().map(FindingRow::of).collect(),
            left_out: comparison.left_out.iter().map(|one| line(&one.to_string())).collect(),
        }
    }
}

impl ChangeRow {
    fn of(change: &Change) -> Self {
        let figure = change.figure;
        let (class, word) = match change.kind {
            ChangeKind::Worse => ("bad", "✗ worse"),
            ChangeKind::Better => ("good", "✓ better"),
            ChangeKind::Noise => ("warn", "? may be noise"),
            ChangeKind::Same => ("faint", "= same"),
        };
        Self {
            class,
            word,
            rank: change.kind as usize,
            subject: line(&change.subject.to_string()),
            figure: figure.as_str(),
            old: Cell::worded(figure.shown(change.old), change.old),
            new: Cell::worded(figure.shown(change.new), change.new),
            change: Cell::worded(figure.shown_change(change.change), change.change),
            interval: change.interval_shown().unwrap_or_else(|| "–".to_owned()),
        }
    }
}

impl FindingRow {
    fn of(finding: &FindingChange) -> Self {
        let (class, word) = match finding.kind {
            FindingChangeKind::New => ("bad", "✗ new"),
            FindingChangeKind::Changed => ("warn", "! changed"),
            FindingChangeKind::Fixed => ("good", "✓ fixed"),
            FindingChangeKind::NotLookedFor => ("warn", "? not looked for"),
        };
        Self {
            class,
            word,
            severity: finding.severity.as_str(),
            title: line(&finding.title),
            rule: line(&finding.rule),
            place: line(&format!("{} {}", finding.method, finding.path_template)),
            id: line(&finding.id),
            detail: line(&finding.detail),
        }
    }
}

/// When a run was, and how much of it can be compared.
fn run(run: &ComparedRun) -> String {
    let mut words = vec![moment(run.started_unix).unwrap_or_default()];
    if run.requests > 0 {
        words.push(plural(run.requests, "request", "requests"));
        words.push(plural(run.blocks, "block of time", "blocks of time"));
    }
    line(&words.join(", "))
}
