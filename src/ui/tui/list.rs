//! A list with a selection, a filter and a detail pane; which rows it has is the screen's affair.

use std::ops::Range;

use ratatui::layout::{Constraint, Layout, Rect};

/// View state of a list. The selection is a key, not a place: rows move while a run goes on.
#[derive(Debug, Clone)]
pub(super) struct ListView<K> {
    pub(super) selected: Option<K>,
    pub(super) filter: String,
    /// The detail pane has the whole screen and the arrow keys.
    pub(super) open: bool,
    pub(super) scroll: usize,
}

impl<K> Default for ListView<K> {
    fn default() -> Self {
        Self { selected: None, filter: String::new(), open: false, scroll: 0 }
    }
}

impl<K: PartialEq + Clone> ListView<K> {
    /// The selected row: the first, unless another was chosen and is still there.
    pub(super) fn index(&self, visible: &[K]) -> Option<usize> {
        let chosen = self.selected.as_ref();
        let place = chosen.and_then(|key| visible.iter().position(|row| row == key));
        place.or((!visible.is_empty()).then_some(0))
    }

    /// Moves the selection, stopping at the ends.
    pub(super) fn step(&mut self, visible: &[K], by: isize) {
        if let Some(index) = self.index(visible) {
            let target = index.saturating_add_signed(by).min(visible.len() - 1);
            self.selected = visible.get(target).cloned();
            self.scroll = 0;
        }
    }

    /// Opens the detail of the selected row and holds on to it.
    pub(super) fn open_selected(&mut self, visible: &[K]) {
        if let Some(index) = self.index(visible) {
            self.selected = visible.get(index).cloned();
            self.open = true;
            self.scroll = 0;
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

    #[test]
    fn the_selection_follows_its_row() {
        let mut list = ListView::default();
        list.step(&["a", "b"], 1);
        assert_eq!(list.index(&["x", "a", "b"]), Some(2));
        assert_eq!(list.index(&["x"]), Some(0), "a vanished row gives way to the first");
        assert_eq!(list.index(&[]), None);
    }

    #[test]
    fn the_selection_stops_at_the_ends() {
        let mut list = ListView::default();
        list.step(&[1, 2, 3], 99);
        assert_eq!(list.selected, Some(3));
        list.step(&[1, 2, 3], -99);
        assert_eq!(list.selected, Some(1));
        list.step(&[], 1);
        assert_eq!(list.selected, Some(1));
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
