//! Lists and trees with a selection, a filter and a detail pane; which rows they have is the screen's
//! affair.

use std::collections::BTreeSet;
use std::ops::Range;

use ratatui::layout::{Constraint, Layout, Rect};

use crate::model::BottleneckCause;
use crate::model::FailureClass;
use crate::model::SeriesId;
use crate::model::Severity;

/// What a row is, however the rows move while a run goes on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// An endpoint of the load.
    Series(SeriesId),
    /// Responses with a status.
    Status(u16),
    /// Exchanges of the load that failed so.
    Failure(FailureClass),
    /// A check of the plan.
    Check(String),
    /// Exchanges of the scanner that failed so.
    ScanFailure(FailureClass),
    /// Findings of a severity.
    Severity(Severity),
    /// Findings of a rule, below a severity or alone.
    Rule(Option<Severity>, String),
    /// Findings at a path.
    Place(String),
    /// A finding, by fingerprint.
    Finding(String),
    /// Everything below a path.
    Directory(Vec<String>),
    /// An operation: path and method.
    Operation(String, String),
    /// An observed header.
    Header(String),
    /// One of its values.
    Value(String, String),
    /// What makes requests slow, and where.
    Cause(BottleneckCause, String),
    /// What a search for the capacity has come to.
    Capacity,
    /// One of its levels, by number.
    Level(usize),
    /// An entry of the log, by number.
    Entry(u64),
}

/// What a row has below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Branch {
    /// Nothing; it has a detail.
    Leaf,
    /// Rows that are shown.
    Open,
    /// Rows that are not.
    Folded,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) depth: usize,
    pub(super) branch: Branch,
}

impl Row {
    /// A row of a list without branches.
    pub(super) fn leaf(key: Key) -> Self {
        Self::below(0, key)
    }

    /// A row with a detail at a depth.
    pub(super) fn below(depth: usize, key: Key) -> Self {
        Self { key, depth, branch: Branch::Leaf }
    }

    /// What stands before its text: as deep as it is, and whether there is more below it.
    pub(super) fn indent(&self) -> String {
        let mark = match self.branch {
            Branch::Leaf if self.depth == 0 => "",
            Branch::Leaf => "  ",
            Branch::Open => "▾ ",
            Branch::Folded => "▸ ",
        };
        format!("{}{mark}", "  ".repeat(self.depth))
    }
}

/// View state of a list.
#[derive(Debug, Clone, Default)]
pub(super) struct ListView {
    /// A key, not a place: rows move while a run goes on.
    pub(super) selected: Option<Key>,
    pub(super) filter: String,
    /// The detail pane has the whole screen and the arrow keys.
    pub(super) open: bool,
    pub(super) scroll: usize,
    folded: BTreeSet<Key>,
}

impl ListView {
    /// The selected row: the first with a detail, unless another was chosen and is still there.
    pub(super) fn index(&self, rows: &[Row]) -> Option<usize> {
        let chosen = self.selected.as_ref();
        let place = chosen.and_then(|key| rows.iter().position(|row| row.key == *key));
        let first = || rows.iter().position(|row| row.branch == Branch::Leaf);
        place.or_else(first).or((!rows.is_empty()).then_some(0))
    }

    /// The selected row itself.
    pub(super) fn chosen<'a>(&self, rows: &'a [Row]) -> Option<&'a Row> {
        self.index(rows).and_then(|place| rows.get(place))
    }

    /// Moves the selection, stopping at the ends.
    pub(super) fn step(&mut self, rows: &[Row], by: isize) {
        if let Some(index) = self.index(rows) {
            let target = index.saturating_add_signed(by).min(rows.len() - 1);
            self.selected = rows.get(target).map(|row| row.key.clone());
            self.scroll = 0;
        }
    }

    /// Opens the detail of the selected row and holds on to it; folds or unfolds a branch.
    pub(super) fn open_selected(&mut self, rows: &[Row]) {
        let Some(row) = self.chosen(rows) else { return };
        self.selected = Some(row.key.clone());
        self.scroll = 0;
        match row.branch {
            Branch::Leaf => self.open = true,
            Branch::Open => self.fold(&row.key),
            Branch::Folded => self.unfold(&row.key),
        }
    }

    /// Folds the selected branch; from anything else, goes to the branch that it is below.
    pub(super) fn fold_or_go_up(&mut self, rows: &[Row]) {
        let Some(index) = self.index(rows) else { return };
        let row = &rows[index];
        if row.branch == Branch::Open {
            self.selected = Some(row.key.clone());
            return self.fold(&row.key);
        }
        if let Some(parent) = rows[..index].iter().rfind(|other| other.depth < row.depth) {
            self.selected = Some(parent.key.clone());
            self.scroll = 0;
        }
    }

    /// Unfolds the selected branch.
    pub(super) fn unfold_selected(&mut self, rows: &[Row]) {
        if let Some(row) = self.chosen(rows).filter(|row| row.branch == Branch::Folded) {
            self.selected = Some(row.key.clone());
            self.unfold(&row.key);
        }
    }

    fn fold(&mut self, key: &Key) {
        self.folded.insert(key.clone());
    }

    fn unfold(&mut self, key: &Key) {
        self.folded.remove(key);
    }

    /// Whether what is below `key` is shown: everything while a filter is in force.
    pub(super) fn branch(&self, key: &Key) -> Branch {
        if self.filter.is_empty() && self.folded.contains(key) {
            Branch::Folded
        } else {
            Branch::Open
        }
    }
}

/// Whether any of `texts` contains the filter, letter case ignored.
pub(super) fn matches(filter: &str, texts: &[&str]) -> bool {
    let wanted = filter.to_lowercase();
    wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted))
}

/// Which of `len` rows fit into `height`, with the selected one as near to the middle as it goes.
pub(super) fn visible_rows(selected: usize, height: usize, len: usize) -> Range<usize> {
    let start = selected.saturating_sub(height / 2).min(len.saturating_sub(height));
    start..(start + height).min(len)
}

/// Where list and detail go: an open detail takes all, a small screen shows one at a time.
pub(super) fn split(area: Rect, open: bool) -> (Option<Rect>, Option<Rect>) {
    if open {
        return (None, Some(area));
    }
    if area.width >= 120 {
        let [list, detail] =
            Layout::horizontal([Constraint::Percentage(45), Constraint::Fill(1)]).areas(area);
        return (Some(list), Some(detail));
    }
    if area.height < 14 {
        return (Some(area), None);
    }
    let [list, detail] =
        Layout::vertical([Constraint::Percentage(45), Constraint::Fill(1)]).areas(area);
    (Some(list), Some(detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: &[u16]) -> Vec<Row> {
        numbers.iter().map(|number| Row::leaf(Key::Status(*number))).collect()
    }

    /// A branch with two leaves.
    fn tree(list: &ListView) -> Vec<Row> {
        let key = Key::Place("/".to_owned());
        let branch = list.branch(&key);
        let mut rows = vec![Row { key, depth: 0, branch }];
        if branch == Branch::Open {
            rows.extend([1, 2].map(|number| Row::below(1, Key::Status(number))));
        }
        rows
    }

    #[test]
    fn the_selection_follows_its_row() {
        let mut list = ListView::default();
        list.step(&rows(&[1, 2]), 1);
        assert_eq!(list.index(&rows(&[9, 1, 2])), Some(2));
        assert_eq!(list.index(&rows(&[9])), Some(0), "a vanished row gives way to the first");
        assert_eq!(list.index(&[]), None);
    }

    #[test]
    fn the_selection_stops_at_the_ends() {
        let mut list = ListView::default();
        list.step(&rows(&[1, 2, 3]), 99);
        assert_eq!(list.selected, Some(Key::Status(3)));
        list.step(&rows(&[1, 2, 3]), -99);
        assert_eq!(list.selected, Some(Key::Status(1)));
        list.step(&[], 1);
        assert_eq!(list.selected, Some(Key::Status(1)));
    }

    #[test]
    fn a_branch_is_folded_and_unfolded_and_nothing_below_it_is_lost() {
        let mut list = ListView::default();
        assert_eq!(list.index(&tree(&list)), Some(1), "the first with a detail");
        list.fold_or_go_up(&tree(&list));
        assert_eq!(list.index(&tree(&list)), Some(0), "the branch above");
        list.open_selected(&tree(&list));
        assert_eq!(tree(&list).len(), 1);
        assert!(!list.open, "a branch has nothing to be opened");
        list.filter.push('x');
        assert_eq!(tree(&list).len(), 3, "a filter finds what is folded too");
        list.filter.clear();
        list.unfold_selected(&tree(&list));
        assert_eq!(tree(&list).len(), 3);
        list.fold_or_go_up(&tree(&list));
        assert_eq!(tree(&list).len(), 1);
    }

    #[test]
    fn the_selected_row_is_always_in_the_window() {
        for height in 1..12 {
            for selected in 0..10 {
                let rows = visible_rows(selected, height, 10);
                assert!(rows.contains(&selected), "{selected} in {rows:?}");
                assert_eq!(rows.len(), height.min(10));
            }
        }
    }
}
