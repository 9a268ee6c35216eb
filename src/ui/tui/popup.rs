//! What covers the screen until it is answered.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::state::State;
use super::theme;
use super::wrap::wrap;
use crate::model::StopLevel;

/// The popups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Popup {
    /// The keys, scrolled down by so many rows.
    Help(usize),
    /// Really stop?
    Confirm,
}

/// Every key, for `?`.
const KEYS: &[(&str, &str)] = &[
    ("1-8", "open a screen"),
    ("Tab", "next screen; Shift-Tab: previous"),
    ("j k ↓ ↑", "move or scroll"),
    ("PgUp PgDn", "move by ten"),
    ("Home End", "first and last; also g and G"),
    ("Enter", "open the detail; fold or unfold a branch"),
    ("← →", "fold, or to the branch above; unfold; also h l"),
    ("Esc", "close the detail, drop the filter"),
    ("s", "next order: by p95, by count, …"),
    ("/", "filter the rows of a list, tree or log"),
    ("f", "freeze the picture, the run goes on; again: go on"),
    ("+ -", "ten per cent of the plan's load more or less"),
    ("p", "pause the load; again: go on"),
    ("w", "write the report as far as it is"),
    ("q", "stop the run (asks); leave when it is over"),
    ("Ctrl-C", "stop; again: drop what is in flight; third: leave"),
    ("?", "these keys"),
];

/// Rows of the help text at most: what scrolling stops at.
pub(super) const HELP_ROWS: usize = KEYS.len();

/// Draws the open popup, if any.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    match state.popup {
        None => {}
        Some(Popup::Help(scroll)) => boxed(frame, area, " Keys ", &help(), scroll),
        Some(Popup::Confirm) => boxed(frame, area, " Stop? ", &question(state.level), 0),
    }
}

fn help() -> Vec<Line<'static>> {
    let row = |(key, text): &(&'static str, &'static str)| {
        Line::from(vec![Span::styled(format!("{key:<11}"), theme::strong()), Span::raw(*text)])
    };
    KEYS.iter().map(row).collect()
}

fn question(level: StopLevel) -> Vec<Line<'static>> {
    let text = match level {
        StopLevel::Running => {
            "Stop the run? What is in flight may finish, then the report follows."
        }
        StopLevel::Stopping => "The run is stopping. Drop what is still in flight?",
        StopLevel::Cancelled => "The run is being cancelled. Leave without waiting for it?",
    };
    vec![Line::raw(text), Line::styled("y yes   n no", theme::strong())]
}

fn boxed(frame: &mut Frame, area: Rect, title: &str, lines: &[Line<'static>], scroll: usize) {
    let width = area.width.min(64);
    let inner = usize::from(width.saturating_sub(4));
    let rows: Vec<Line> = lines.iter().flat_map(|line| wrap(line, inner, 0)).collect();
    let height = u16::try_from(rows.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place = area.centered(Constraint::Length(width), Constraint::Length(height));
    let hidden = rows.len().saturating_sub(usize::from(height.saturating_sub(2)));
    let shown: Vec<Line> = rows.into_iter().skip(scroll.min(hidden)).collect();
    let block = Block::bordered()
        .title(title)
        .border_style(theme::strong())
        .padding(ratatui::widgets::Padding::horizontal(1));
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(shown).block(block), place);
}
