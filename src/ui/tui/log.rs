//! What was said so far, newest last.

use std::collections::VecDeque;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::list;
use super::list::{Key, Row};
use super::state::{Screen, State};
use super::theme;
use super::wrap::wrap;
use crate::model::NoticeLevel;
use crate::model::format_duration;
use crate::model::inert;

/// Entries kept; a scan of a broken service fails thousands of times.
const KEPT: usize = 1000;
/// Characters kept of one entry.
const TEXT_KEPT: usize = 600;
/// Columns of the time and the level's mark.
const INDENT: usize = 10;

#[derive(Debug, Clone)]
struct Entry {
    at: Option<Duration>,
    level: NoticeLevel,
    /// Already inert.
    text: String,
}

/// The last entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    /// Of the first that is kept: how many came before it.
    first: u64,
    grave: usize,
}

impl Log {
    /// Adds an entry; foreign text is made inert here.
    pub(super) fn push(&mut self, at: Option<Duration>, level: NoticeLevel, text: &str) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
            self.first += 1;
        }
        self.entries.push_back(Entry { at, level, text: inert(text, TEXT_KEPT) });
        self.grave += usize::from(level > NoticeLevel::Info);
    }

    /// Warnings and errors so far.
    pub(super) fn grave(&self) -> usize {
        self.grave
    }

    /// The last warning or error.
    pub(super) fn latest_grave(&self) -> Option<(NoticeLevel, &str)> {
        let entry = self.entries.iter().rev().find(|entry| entry.level > NoticeLevel::Info)?;
        Some((entry.level, &entry.text))
    }

    /// The numbers of the entries that the filter lets through.
    fn numbers(&self, filter: &str) -> Vec<u64> {
        let passes = |entry: &Entry| list::matches(filter, &[&entry.text, entry.level.as_str()]);
        let numbered = (self.first..).zip(&self.entries);
        numbered.filter(|(_, entry)| passes(entry)).map(|(number, _)| number).collect()
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        let place = number.checked_sub(self.first)?;
        usize::try_from(place).ok().and_then(|place| self.entries.get(place))
    }

    /// The rows that fit, the last of `numbers` at the bottom.
    fn lines(&self, numbers: &[u64], width: usize, height: usize) -> Vec<Line<'static>> {
        let mut rows: VecDeque<Line<'static>> = VecDeque::new();
        for entry in numbers.iter().rev().filter_map(|number| self.entry(*number)) {
            for row in wrap(&entry.line(), width, INDENT).into_iter().rev() {
                rows.push_front(row);
            }
            if rows.len() >= height {
                break;
            }
        }
        if rows.len() < height && self.first > 0 {
            let text = format!("{} older entries are not kept", self.first);
            rows.push_front(Line::styled(text, theme::dim()));
        }
        let skipped = rows.len().saturating_sub(height);
        rows.into_iter().skip(skipped).collect()
    }
}

impl Entry {
    fn line(&self) -> Line<'_> {
        let at = self.at.map(format_duration).unwrap_or_default();
        let (symbol, style) = theme::level_mark(self.level);
        Line::from(vec![
            Span::styled(format!("{at:>7} "), theme::dim()),
            Span::styled(format!("{symbol} "), style),
            Span::raw(self.text.as_str()),
        ])
    }
}

/// The entries that the filter lets through.
pub(super) fn rows(state: &State) -> Vec<Row> {
    let numbers = state.picture().log.numbers(&state.view_of(Screen::Log).filter);
    numbers.into_iter().map(|number| Row::leaf(Key::Entry(number))).collect()
}

/// How many of `rows` stand up to the bottom of the screen: all while it follows; a view that was
/// scrolled back stays put, at the oldest where its own is not kept any more.
pub(super) fn shown(state: &State, rows: &[Row]) -> usize {
    match &state.view_of(Screen::Log).selected {
        Some(Key::Entry(bottom)) => {
            let is_above = |row: &&Row| matches!(row.key, Key::Entry(number) if number <= *bottom);
            rows.iter().take_while(is_above).count().max(usize::from(!rows.is_empty()))
        }
        Some(_) | None => rows.len(),
    }
}

/// Draws the log's end, or where the user has scrolled to.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let log = &state.picture().log;
    let rows = rows(state);
    if rows.is_empty() {
        let text = if log.entries.is_empty() {
            " nothing to report"
        } else {
            " no entry matches the filter (Esc drops it)"
        };
        frame.render_widget(Line::styled(text, theme::dim()), area);
        return;
    }
    let numbers: Vec<u64> = rows[..shown(state, &rows)]
        .iter()
        .filter_map(|row| if let Key::Entry(number) = row.key { Some(number) } else { None })
        .collect();
    let newer = rows.len() - numbers.len();
    let height = usize::from(area.height).saturating_sub(usize::from(newer > 0));
    let mut lines = log.lines(&numbers, usize::from(area.width), height);
    if newer > 0 {
        lines.push(Line::styled(format!(" ↓{newer} newer (End follows)"), theme::dim()));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(log: &Log, numbers: &[u64], height: usize) -> Vec<String> {
        let rows = log.lines(numbers, 40, height);
        rows.iter().map(|row| row.to_string().trim().to_owned()).collect()
    }

    #[test]
    fn the_last_entries_that_match_are_shown() {
        let mut log = Log::default();
        for text in ["one", "two", "three", "two again"] {
            log.push(None, NoticeLevel::Info, text);
        }
        assert_eq!(log.numbers("TWO"), [1, 3]);
        assert_eq!(texts(&log, &[0, 1, 2, 3], 2), ["· three", "· two again"]);
        assert_eq!(texts(&log, &[0, 1], 9), ["· one", "· two"]);
    }

    #[test]
    fn memory_is_bounded_and_the_rest_is_counted() {
        let mut log = Log::default();
        for index in 0..KEPT + 7 {
            log.push(None, NoticeLevel::Warning, &format!("entry {index}"));
        }
        assert_eq!(log.entries.len(), KEPT);
        assert_eq!(log.grave(), KEPT + 7);
        let numbers = log.numbers("");
        assert_eq!(numbers.first(), Some(&7), "an entry keeps its number");
        assert_eq!(texts(&log, &numbers, KEPT + 1)[0], "7 older entries are not kept");
    }

    #[test]
    fn entries_are_inert() {
        let mut log = Log::default();
        log.push(None, NoticeLevel::Error, "\u{1b}[2Jboo");
        assert_eq!(texts(&log, &[0], 1), ["■ \\u{1b}[2Jboo"]);
    }
}
