//! A list or tree with the detail of its selected row, as most screens have it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::detail;
use super::list;
use super::list::Row;
use super::screens;
use super::state::State;
use super::theme;

/// Draws the rows that fit, the selected one among them, and its detail below a title. `line` gives
/// the text of a row for so many columns.
pub(super) fn draw(
    state: &State,
    frame: &mut Frame,
    area: Rect,
    (title, rows): (&str, &[Row]),
    line: impl Fn(&Row, usize) -> Line<'static>,
) {
    let view = state.view();
    let (list_area, detail_area) = list::split(area, view.open);
    if let Some(area) = list_area {
        draw_list(frame, area, rows, view.index(rows), line);
    }
    if let Some(area) = detail_area {
        draw_detail(state, frame, area, title);
    }
}

/// Draws the detail alone.
pub(super) fn draw_detail(state: &State, frame: &mut Frame, area: Rect, title: &str) {
    let scroll = state.view().scroll;
    detail::draw(frame, area, title, scroll, |width| screens::detail_rows(state, width));
}

/// The same with a head above the list's columns.
pub(super) fn draw_with_head(
    state: &State,
    frame: &mut Frame,
    area: Rect,
    (title, rows): (&str, &[Row]),
    head: impl Fn(usize) -> Line<'static>,
    line: impl Fn(&Row, usize) -> Line<'static>,
) {
    let view = state.view();
    let (list_area, detail_area) = list::split(area, view.open);
    if let Some(area) = list_area {
        let [top, below] =
            Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
        frame.render_widget(head(usize::from(top.width)), top);
        draw_list(frame, below, rows, view.index(rows), line);
    }
    if let Some(area) = detail_area {
        draw_detail(state, frame, area, title);
    }
}

fn draw_list(
    frame: &mut Frame,
    area: Rect,
    rows: &[Row],
    selected: Option<usize>,
    line: impl Fn(&Row, usize) -> Line<'static>,
) {
    let width = usize::from(area.width);
    let shown = list::visible_rows(selected.unwrap_or(0), usize::from(area.height), rows.len());
    let lines: Vec<Line<'static>> = shown
        .map(|place| {
            let look = if Some(place) == selected { theme::chosen() } else { Style::new() };
            line(&rows[place], width).patch_style(look)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// A name, and figures in columns of `widths` at the right.
pub(super) fn columns(
    name: &str,
    figures: &[String],
    widths: &[usize],
    width: usize,
) -> Line<'static> {
    let room = width.saturating_sub(widths.iter().sum());
    let mut text = String::new();
    let mut used = 0;
    for character in name.chars() {
        let columns = Span::raw(character.to_string()).width();
        if used + columns >= room {
            break;
        }
        used += columns;
        text.push(character);
    }
    text.push_str(&" ".repeat(room.saturating_sub(used)));
    for (figure, width) in figures.iter().zip(widths) {
        let pad = width.saturating_sub(Span::raw(figure.as_str()).width());
        text.push_str(&" ".repeat(pad));
        text.push_str(figure);
    }
    Line::raw(text)
}

/// Says why there is nothing, in place of a list.
pub(super) fn draw_nothing(state: &State, frame: &mut Frame, area: Rect, why: &str) {
    let text = if state.view().filter.is_empty() {
        format!(" {why}")
    } else {
        " nothing matches the filter (Esc drops it)".to_owned()
    };
    let lines = super::wrap::wrap(&Line::styled(text, theme::dim()), usize::from(area.width), 1);
    frame.render_widget(Paragraph::new(lines), area);
}
