//! What was said so far, newest last.

use std::collections::VecDeque;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::state::State;
use super::theme;
use super::wrap::wrap;
use crate::model::NoticeLevel;
use crate::model::format_duration;
use crate::model::inert;

/// Entries kept; a scan of a broken service fails thousands of times.
const KEPT: usize = 500;
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

/// The last entries, and how far the user has scrolled back.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    left_out: u64,
    /// Entries between the shown end and the newest; 0 follows.
    back: usize,
    grave: usize,
}

impl Log {
    /// Adds an entry; foreign text is made inert here. A view that is scrolled back stays put.
    pub(super) fn push(&mut self, at: Option<Duration>, level: NoticeLevel, text: &str) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
            self.left_out += 1;
        }
        self.entries.push_back(Entry { at, level, text: inert(text, TEXT_KEPT) });
        self.grave += usize::from(level > NoticeLevel::Info);
        if self.back > 0 {
            self.scroll(1);
        }
    }

    /// Scrolls by entries: positive is back in time.
    pub(super) fn scroll(&mut self, by: isize) {
        let last = self.entries.len().saturating_sub(1);
        self.back = self.back.saturating_add_signed(by).min(last);
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

    /// The rows that fit, the newest shown entry at the bottom.
    fn rows(&self, width: usize, height: usize) -> Vec<Line<'static>> {
        let mut rows: VecDeque<Line<'static>> = VecDeque::new();
        for entry in self.entries.iter().rev().skip(self.back) {
            for row in wrap(&entry.line(), width, INDENT).into_iter().rev() {
                rows.push_front(row);
            }
            if rows.len() >= height {
                break;
            }
        }
        if rows.len() < height && self.left_out > 0 {
            let text = format!("{} older entries are not kept", self.left_out);
            rows.push_front(Line::styled(text, theme::dim()));
        }
        rows.into_iter().collect()
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

/// Draws the log's end, or where the user has scrolled to.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    if state.log.entries.is_empty() {
        frame.render_widget(Line::styled(" nothing to report", theme::dim()), area);
        return;
    }
    let height = usize::from(area.height);
    let rows = state.log.rows(usize::from(area.width), height);
    let skipped = rows.len().saturating_sub(height);
    let shown: Vec<Line<'static>> = rows.into_iter().skip(skipped).collect();
    frame.render_widget(Paragraph::new(shown), area);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(log: &Log, height: usize) -> Vec<String> {
        let rows = log.rows(40, height);
        rows.iter().map(|row| row.to_string().trim().to_owned()).collect()
    }

    #[test]
    fn a_view_that_is_scrolled_back_stays_where_it_is() {
        let mut log = Log::default();
        for text in ["one", "two", "three"] {
            log.push(None, NoticeLevel::Info, text);
        }
        log.scroll(1);
        assert_eq!(texts(&log, 1), ["· two"]);
        log.push(None, NoticeLevel::Info, "four");
        assert_eq!(texts(&log, 1), ["· two"]);
        log.scroll(-9);
        assert_eq!(texts(&log, 1), ["· four"]);
    }

    #[test]
    fn memory_is_bounded_and_the_rest_is_counted() {
        let mut log = Log::default();
        for index in 0..KEPT + 7 {
            log.push(None, NoticeLevel::Warning, &format!("entry {index}"));
        }
        assert_eq!(log.entries.len(), KEPT);
        assert_eq!(log.grave(), KEPT + 7);
        assert_eq!(texts(&log, KEPT + 1)[0], "7 older entries are not kept");
    }

    #[test]
    fn entries_are_inert() {
        let mut log = Log::default();
        log.push(None, NoticeLevel::Error, "\u{1b}[2Jboo");
        assert_eq!(texts(&log, 1), ["■ \\u{1b}[2Jboo"]);
    }
}
