//! The pane beside or below a list, in rows, so that its scrolling has an end.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::draw::regions;
use super::screens;
use super::state::State;
use super::theme;
use super::wrap::wrap;

/// Columns of a field's label.
pub(super) const LABEL: usize = 12;

/// A field: label, then its text, wrapped under itself.
pub(super) fn field(label: &str, text: Vec<Span<'_>>, width: usize) -> Vec<Line<'static>> {
    let mut spans = vec![Span::styled(format!("{label:<LABEL$}"), theme::dim())];
    spans.extend(text);
    wrap(&Line::from(spans), width, LABEL)
}

/// A field of one span.
pub(super) fn text_field(label: &str, text: &str, width: usize) -> Vec<Line<'static>> {
    field(label, vec![Span::raw(text)], width)
}

/// A heading with an empty row above it.
pub(super) fn heading(text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    let mut rows = vec![Line::default()];
    rows.extend(wrap(&Line::styled(text, style), width, 0));
    rows
}

/// The greatest scroll offset of the open detail at the present size.
pub(super) fn last_scroll(state: &State) -> usize {
    let area = inner(regions(Rect::from((ratatui::layout::Position::ORIGIN, state.size)))[1]);
    let width = usize::from(area.width);
    let rows = if state.view().open { screens::detail_rows(state, width).len() } else { 0 };
    rows.saturating_sub(usize::from(area.height))
}

/// Draws `rows(width)` from `scroll` on, below a title.
pub(super) fn draw(
    frame: &mut Frame,
    area: Rect,
    title: &str,
    scroll: usize,
    rows: impl FnOnce(usize) -> Vec<Line<'static>>,
) {
    let inside = inner(area);
    let height = usize::from(inside.height);
    let rows = rows(usize::from(inside.width));
    let first = scroll.min(rows.len().saturating_sub(height));
    let more = rows.len().saturating_sub(first + height);
    let position = match (first, more) {
        (0, 0) => String::new(),
        (above, below) => format!(" ↑{above} ↓{below} "),
    };
    let block = Block::new()
        .borders(Borders::TOP)
        .title(title.to_owned())
        .title_top(Line::raw(position).right_aligned())
        .title_style(theme::strong());
    frame.render_widget(block, area);
    let shown: Vec<Line<'static>> = rows.into_iter().skip(first).take(height).collect();
    frame.render_widget(Paragraph::new(shown), inside);
}

/// Below the title, a column free at both sides.
fn inner(area: Rect) -> Rect {
    let below = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    below.inner(Margin::new(1, 0))
}
