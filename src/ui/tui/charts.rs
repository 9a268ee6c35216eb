//! Throughput and p95 over the whole run, as bars.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Block, Borders, Sparkline, SparklineBar};

use super::state::State;
use super::theme;
use crate::model::TimelinePoint;
use crate::ui::figures;
use crate::ui::progress::load_time;

/// Draws both charts side by side.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let points = &state.report().timeline;
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
    let over = figures::duration(Some(load_time(state.report())));
    let peak = points.iter().map(per_second).max().unwrap_or(0);
    let title = format!(" rate, peak {}/s in {over} ", figures::grouped(peak));
    chart(frame, left, title, points, per_second);
    mark_changes(state, frame, left);
    let first = state.report().preferred();
    let p95 = |point: &TimelinePoint| first.of_point(point).map(|latency| latency[1]);
    let slowest = points.iter().filter_map(p95).max();
    let title = format!(" p95, peak {} ", figures::duration(slowest));
    chart(frame, right, title, points, |point| micros(p95(point)));
    mark_changes(state, frame, right);
}

/// Where the load was changed by hand: below the chart, in its frame.
pub(super) fn mark_changes(state: &State, frame: &mut Frame, area: Rect) {
    let inner = Block::bordered().inner(area);
    if inner.is_empty() {
        return;
    }
    for change in &state.report().changes {
        let Some(column) = column_of(change.at, &state.report().timeline, inner.width.into())
        else {
            continue;
        };
        let x = inner.x + u16::try_from(column).unwrap_or(inner.width - 1);
        if let Some(cell) = frame.buffer_mut().cell_mut((x, area.bottom() - 1)) {
            cell.set_symbol("▲").set_style(theme::warn());
        }
    }
}

/// The first column of the interval that `at` falls in; the last one for what is still to come.
fn column_of(at: Duration, points: &[TimelinePoint], columns: usize) -> Option<usize> {
    let last = points.len().checked_sub(1)?;
    let point = points.iter().position(|point| at < point.to).unwrap_or(last);
    // As `fitted` spreads them, the other way round.
    Some((point * columns).div_ceil(points.len()).min(columns.checked_sub(1)?))
}

/// Bars of `value` below a title.
pub(super) fn below_title(
    frame: &mut Frame,
    area: Rect,
    title: String,
    points: &[TimelinePoint],
    style: Style,
    value: impl Fn(&TimelinePoint) -> u64,
) {
    let block = Block::new().borders(Borders::TOP).title(title).border_style(theme::dim());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    strip(frame, inside, points, style, value);
}

/// Bars of `value` over the whole run.
pub(super) fn strip(
    frame: &mut Frame,
    area: Rect,
    points: &[TimelinePoint],
    style: Style,
    value: impl Fn(&TimelinePoint) -> u64,
) {
    let bars = fitted(points, usize::from(area.width), value);
    let bars = bars.into_iter().map(|(value, warmup)| {
        SparklineBar::from(value).style(if warmup { theme::dim() } else { style })
    });
    frame.render_widget(Sparkline::default().data(bars), area);
}

fn chart(
    frame: &mut Frame,
    area: Rect,
    title: String,
    points: &[TimelinePoint],
    value: impl Fn(&TimelinePoint) -> u64,
) {
    let block = Block::bordered().title(title).border_style(theme::dim());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    strip(frame, inside, points, theme::good(), value);
}

/// The whole run in `columns` bars: the greatest value of the points that share one, for a peak
/// that averaging hides is what one looks for; a short run's points have several each. Warm-up
/// bars are told apart.
fn fitted(
    points: &[TimelinePoint],
    columns: usize,
    value: impl Fn(&TimelinePoint) -> u64,
) -> Vec<(u64, bool)> {
    if points.is_empty() {
        return Vec::new();
    }
    (0..columns)
        .map(|column| {
            let first = column * points.len() / columns;
            let end = ((column + 1) * points.len() / columns).max(first + 1);
            let shared = &points[first..end];
            let value = shared.iter().map(&value).max().unwrap_or(0);
            (value, shared.iter().all(|point| point.warmup))
        })
        .collect()
}

/// Requests per second of an interval, rounded.
pub(super) fn per_second(point: &TimelinePoint) -> u64 {
    let micros = point.to.saturating_sub(point.from).as_micros();
    let scaled = u128::from(point.requests) * 1_000_000 + micros / 2;
    scaled.checked_div(micros).and_then(|rate| u64::try_from(rate).ok()).unwrap_or(0)
}

/// For a bar.
pub(super) fn micros(time: Option<Duration>) -> u64 {
    u64::try_from(time.unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(count: u64) -> Vec<TimelinePoint> {
        (0..count)
            .map(|second| TimelinePoint {
                from: Duration::from_secs(second),
                to: Duration::from_secs(second + 1),
                requests: second,
                warmup: second < 2,
                ..TimelinePoint::default()
            })
            .collect()
    }

    #[test]
    fn a_long_run_fits_and_keeps_its_peak() {
        let bars = fitted(&points(3600), 38, per_second);
        assert_eq!(bars.len(), 38);
        assert_eq!(bars.iter().map(|bar| bar.0).max(), Some(3599));
    }

    #[test]
    fn a_short_run_fills_the_width_with_every_interval() {
        let bars = fitted(&points(3), 7, per_second);
        assert_eq!(bars.len(), 7);
        for bar in [(0, true), (1, true), (2, false)] {
            assert!(bars.contains(&bar), "{bars:?}");
        }
        assert_eq!(fitted(&points(3), 0, per_second), []);
        assert_eq!(fitted(&[], 7, per_second), []);
    }

    #[test]
    fn a_change_stands_below_the_bar_of_its_interval() {
        let mut points = points(20);
        points[7].requests = 1000;
        for columns in [5, 20, 38] {
            let bars = fitted(&points, columns, per_second);
            let column = column_of(Duration::from_millis(7_300), &points, columns).expect("there");
            assert!(column < columns);
            if columns >= points.len() {
                assert_eq!(bars[column].0, 1000, "{columns} columns");
            }
        }
        assert_eq!(column_of(Duration::from_secs(99), &points, 20), Some(19));
        assert_eq!(column_of(Duration::ZERO, &[], 20), None);
        assert_eq!(column_of(Duration::ZERO, &points, 0), None);
    }

    #[test]
    fn an_interval_without_length_has_no_rate() {
        assert_eq!(per_second(&TimelinePoint { requests: 5, ..TimelinePoint::default() }), 0);
    }
}
