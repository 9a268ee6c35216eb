//! Latency over time: percentiles, the whole distribution as a heat map, and in which phases the time
//! goes.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::charts;
use super::endpoints;
use super::heat::{Grid, Shade};
use super::state::State;
use super::theme;
use crate::model::Headline;
use crate::model::PhaseKind;
use crate::model::TimelinePoint;
use crate::model::format_duration;
use crate::ui::figures;

/// The percentiles over time, with their places in a [`TimelinePoint`].
const PERCENTILES: [(&str, usize); 3] = [("p50", 0), ("p95", 1), ("p99", 2)];
/// Columns of the labels at the left.
const LABEL: u16 = 9;
/// Rows from which everything has its place.
const ROOMY: u16 = 18;
/// Columns of everything else in a phase's row.
const FIGURES: usize = 75;

/// Which of the two latencies is shown.
pub(super) fn shown(state: &State) -> Headline {
    state.orders.latency.unwrap_or_else(|| state.report().preferred())
}

/// The one that is not.
pub(super) fn other(headline: Headline) -> Headline {
    match headline {
        Headline::Latency => Headline::Duration,
        Headline::Duration => Headline::Latency,
    }
}

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    if state.report().timeline.is_empty() {
        let text = if state.report().endpoints.is_empty() {
            " no load in this run"
        } else {
            " no interval is over yet"
        };
        frame.render_widget(Line::styled(text, theme::dim()), area);
        return;
    }
    let phases = phases(state, usize::from(area.width));
    let below = u16::try_from(phases.len() + 1).unwrap_or(u16::MAX);
    let (above, below) = match area.height {
        0..ROOMY => (3.min(area.height), 0),
        ROOMY..30 => (7, below),
        30.. => (10, below),
    };
    let [above, middle, below] = Layout::vertical([
        Constraint::Length(above),
        Constraint::Fill(1),
        Constraint::Length(below),
    ])
    .areas(area);
    draw_percentiles(state, frame, above);
    draw_map(state, frame, middle);
    if below.height > 0 {
        let inside = titled(frame, below, " phases, by their share of all the time ".to_owned());
        frame.render_widget(Paragraph::new(phases), inside);
    }
}

fn titled(frame: &mut Frame, area: Rect, title: String) -> Rect {
    let block = Block::new().borders(Borders::TOP).title(title).border_style(theme::dim());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// A row of bars for each percentile, as high as its own peak.
fn draw_percentiles(state: &State, frame: &mut Frame, area: Rect) {
    let mut area = area;
    if area.height > 3 {
        let title = format!(" {} over time, each up to its peak ", shown(state).title());
        area = titled(frame, area, title);
    }
    let points = &state.report().timeline;
    let rows = Layout::vertical([Constraint::Fill(1); PERCENTILES.len()]).split(area);
    for ((name, place), row) in PERCENTILES.into_iter().zip(rows.iter()) {
        let headline = shown(state);
        let value = |point: &TimelinePoint| headline.of_point(point).map(|trend| trend[place]);
        let [label, bars] =
            Layout::horizontal([Constraint::Length(2 * LABEL), Constraint::Fill(1)]).areas(*row);
        let last = figures::duration(points.iter().rev().find_map(value));
        let peak = figures::duration(points.iter().filter_map(value).max());
        let labels = if label.height > 1 {
            vec![
                Line::raw(format!(" {name} {last} last")),
                Line::styled(format!("     {peak} peak"), theme::dim()),
            ]
        } else {
            vec![Line::raw(format!(" {name} ≤ {peak}"))]
        };
        frame.render_widget(Paragraph::new(labels), label);
        let bar = |point: &TimelinePoint| charts::micros(value(point));
        charts::strip(frame, bars, points, theme::good(), bar);
    }
}

/// Time from left to right, latency upwards, the share of the requests as shade.
fn draw_map(state: &State, frame: &mut Frame, area: Rect) {
    let roomy = area.height >= 5;
    let mut area = area;
    if roomy {
        area = titled(frame, area, String::new());
        let legend = Rect { y: area.y.saturating_sub(1), height: 1, ..area };
        frame.render_widget(legend_line(area.width), legend);
    }
    let heat = state.picture().heat.of(shown(state));
    if heat.is_empty() {
        let text =
            " how latency was distributed over time is in an event log (--jsonl), not in a report";
        let rows = super::wrap::wrap(&Line::styled(text, theme::dim()), usize::from(area.width), 1);
        frame.render_widget(Paragraph::new(rows), area);
        return;
    }
    let width = usize::from(area.width.saturating_sub(LABEL));
    let height = usize::from(area.height).saturating_sub(usize::from(roomy));
    let grid = heat.grid(width, height);
    let mut lines: Vec<Line<'static>> = grid.rows.iter().map(map_row).collect();
    if roomy {
        lines.push(time_axis(state, &grid, width));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn legend_line(width: u16) -> Line<'static> {
    let steps = [
        (Shade::Trace, "<1%"),
        (Shade::Some, "1%"),
        (Shade::Many, "5%"),
        (Shade::Most, "20%"),
        (Shade::Half, "50%"),
    ];
    let title = if width < 60 { " share" } else { " share of the requests of each time " };
    let mut spans = vec![Span::raw(title)];
    for (shade, text) in steps {
        let (symbol, style) = look(shade);
        spans.push(Span::styled(format!(" {symbol}"), style));
        spans.push(Span::raw(format!(" {text}")));
    }
    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// Every shade has a symbol of its own: no meaning is carried by colour alone.
fn look(shade: Shade) -> (&'static str, Style) {
    match shade {
        Shade::Empty => (" ", Style::new()),
        Shade::Trace => ("·", theme::dim()),
        Shade::Some => ("░", Style::new().fg(Color::Blue)),
        Shade::Many => ("▒", Style::new().fg(Color::Cyan)),
        Shade::Most => ("▓", Style::new().fg(Color::Yellow)),
        Shade::Half => ("█", Style::new().fg(Color::Red)),
    }
}

fn map_row((from, cells): &(Duration, Vec<Shade>)) -> Line<'static> {
    let label = format!("≥ {}", format_duration(*from));
    let mut spans = vec![Span::styled(format!("{label:>8} "), theme::dim())];
    for run in cells.chunk_by(|one, other| one == other) {
        let (symbol, style) = look(run[0]);
        spans.push(Span::styled(symbol.repeat(run.len()), style));
    }
    Line::from(spans)
}

/// From when to when, and where the load was changed by hand.
fn time_axis(state: &State, grid: &Grid, width: usize) -> Line<'static> {
    let (Some(first), Some(last)) = (grid.times.first(), grid.times.last()) else {
        return Line::default();
    };
    let (from, to) = (format_duration(first.start), format_duration(last.end));
    let mut axis: Vec<char> = from.chars().collect();
    axis.resize(width.saturating_sub(to.chars().count()).max(axis.len()), ' ');
    axis.extend(to.chars());
    for change in &state.report().changes {
        let column = grid.times.iter().position(|time| change.at < time.end);
        if let Some(cell) = column.and_then(|column| axis.get_mut(column)) {
            *cell = '▲';
        }
    }
    let text: String = axis.into_iter().take(width).collect();
    Line::styled(format!("{}{text}", " ".repeat(usize::from(LABEL))), theme::dim())
}

/// Phases that were, each with its share of all the time and its percentiles.
fn phases(state: &State, width: usize) -> Vec<Line<'static>> {
    let phases = &state.picture().total.phases;
    let all: f64 = phases.iter().map(|phase| phase.sum().as_secs_f64()).sum();
    let bar = width.saturating_sub(FIGURES).clamp(5, 24);
    let kinds = PhaseKind::ALL.iter().zip(phases).filter(|(_, trend)| !trend.is_empty());
    kinds
        .map(|(kind, trend)| {
            let share = if all > 0.0 { trend.sum().as_secs_f64() / all } else { 0.0 };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share is in 0..=1"
            )]
            let filled = ((share * bar as f64).round() as usize).min(bar);
            Line::from(vec![
                Span::raw(format!(" {:<8}", kind.as_str())),
                Span::styled("█".repeat(filled), theme::good()),
                Span::styled("░".repeat(bar - filled), theme::dim()),
                Span::raw(format!(" {:>4.0}%  ", share * 100.0)),
                Span::raw(endpoints::quantiles(trend)),
            ])
        })
        .collect()
}
