//! What makes requests slow, what costs most first; and of a search for the capacity, level by level.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::detail;
use super::list;
use super::list::{Branch, Key, Row};
use super::pane;
use super::state::{Screen, State};
use super::theme;
use crate::model::Bottleneck;
use crate::model::Capacity;
use crate::model::Level;
use crate::model::format_duration;
use crate::model::format_number;
use crate::model::format_percent;
use crate::model::inert;

/// What there is where nothing stands out.
const NOTHING: &str = "nothing stands out: no cause explains enough of a p95. A load that rises, and \
    answers that say where their time went (Server-Timing), let more be said";

/// Columns of a row's text.
const TEXT: usize = 240;

/// Levels of the capacity below their answer, then the causes.
pub(super) fn rows(state: &State) -> Vec<Row> {
    let view = state.view_of(Screen::Causes);
    let matches = |text: &str| list::matches(&view.filter, &[text]);
    let report = state.report();
    let causes = report.bottlenecks.iter().filter(|one| matches(&one.sentence()));
    let mut rows: Vec<Row> = causes.map(|one| Row::leaf(key(one))).collect();
    if let Some(capacity) = &report.capacity {
        let branch = view.branch(&Key::Capacity);
        rows.push(Row { key: Key::Capacity, depth: 0, branch });
        if branch == Branch::Open {
            let levels = capacity.levels.iter().enumerate();
            let levels = levels.filter(|(_, level)| matches(&capacity.model.amount(level.asked)));
            rows.extend(levels.map(|(number, _)| Row::below(1, Key::Level(number))));
        }
    }
    rows
}

fn key(bottleneck: &Bottleneck) -> Key {
    let place = format!("{} {:?}", bottleneck.subject, bottleneck.backend);
    Key::Cause(bottleneck.cause, place)
}

/// Causes that are told, for the tab bar.
pub(super) fn count(state: &State) -> usize {
    state.report().bottlenecks.len()
}

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let rows = rows(state);
    if rows.is_empty() {
        let why = if state.report().endpoints.is_empty() { "no load in this run" } else { NOTHING };
        return pane::draw_nothing(state, frame, area, why);
    }
    pane::draw_with_head(
        state,
        frame,
        area,
        (" Why ", &rows),
        |width| pane::columns("", &head(width), widths(width), width).style(theme::dim()),
        |row, width| line(state, row, width),
    );
}

fn is_wide(width: usize) -> bool {
    width >= 72
}

fn widths(width: usize) -> &'static [usize] {
    if is_wide(width) { &[10, 10, 12] } else { &[8, 8] }
}

fn head(width: usize) -> Vec<String> {
    let titles = ["of p95", "of p99", "confidence"];
    titles.into_iter().take(widths(width).len()).map(str::to_owned).collect()
}

fn line(state: &State, row: &Row, width: usize) -> Line<'static> {
    let report = state.report();
    match (&row.key, &report.capacity) {
        (Key::Cause(..), _) => {
            let Some(one) = report.bottlenecks.iter().find(|one| key(one) == row.key) else {
                return Line::default();
            };
            let backend = one.backend.as_ref().map(|name| format!(" ({})", inert(name, 60)));
            let name = format!(
                "{}{} at {}",
                one.cause.title(),
                backend.unwrap_or_default(),
                inert(&one.subject.to_string(), TEXT)
            );
            let texts = [
                format_percent(one.explains_p95),
                format_percent(one.explains_p99),
                one.certainty.as_str().to_owned(),
            ];
            pane::columns(&name, &texts, widths(width), width)
        }
        (Key::Capacity, Some(capacity)) => Line::from(vec![
            Span::raw(row.indent()),
            Span::styled("capacity", theme::strong()),
            Span::raw(format!("  {}", standing(capacity))),
        ]),
        (Key::Level(number), Some(capacity)) => {
            let Some(level) = capacity.levels.get(*number) else { return Line::default() };
            let (text, style) = match (level.counts(), level.meets()) {
                (false, _) => ("says nothing", theme::dim()),
                (true, true) => ("met", theme::good()),
                (true, false) => ("not met", theme::warn()),
            };
            let p95 = p95(level);
            let text = format!(
                "{}{}  p95 {p95}  {text}",
                row.indent(),
                capacity.model.amount(level.asked)
            );
            Line::styled(text, style)
        }
        _ => Line::default(),
    }
}

fn p95(level: &Level) -> String {
    level.latency.map_or_else(|| "-".to_owned(), |[_, p95, ..]| format_duration(p95))
}

/// What the search has come to.
fn standing(capacity: &Capacity) -> String {
    let amount = |asked| capacity.model.amount(asked);
    match (capacity.answer, capacity.failing) {
        (Some(answer), Some(failing)) => {
            format!("{} meets the objective, {} does not", amount(answer), amount(failing))
        }
        (Some(answer), None) => format!("{} meets the objective", amount(answer)),
        (None, Some(failing)) => format!("{} does not meet the objective", amount(failing)),
        (None, None) => "no level is known yet".to_owned(),
    }
}

/// Everything about the selected cause or level.
pub(super) fn detail_rows(state: &State, width: usize) -> Vec<Line<'static>> {
    let rows = rows(state);
    let report = state.report();
    let row = state.view_of(Screen::Causes).chosen(&rows);
    match (row.map(|row| &row.key), &report.capacity) {
        (Some(chosen @ Key::Cause(..)), _) => {
            let found = report.bottlenecks.iter().find(|one| key(one) == *chosen);
            found.map(|one| of_cause(one, width)).unwrap_or_default()
        }
        (Some(Key::Capacity), Some(capacity)) => of_capacity(capacity, width),
        (Some(Key::Level(number)), Some(capacity)) => {
            capacity.levels.get(*number).map(|level| of_level(level, width)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn of_cause(one: &Bottleneck, width: usize) -> Vec<Line<'static>> {
    let title = Line::styled(inert(&one.sentence(), TEXT), theme::strong());
    let mut lines = super::wrap::wrap(&title, width, 0);
    lines.extend(detail::text_field("since", &one.since_shown(), width));
    lines.extend(detail::text_field("confidence", one.certainty.as_str(), width));
    for number in &one.numbers {
        lines.extend(detail::text_field("seen", &inert(number, 400), width));
    }
    lines.extend(detail::text_field("try", &inert(&one.advice, 400), width));
    lines.extend(detail::text_field("how", one.cause.meaning(), width));
    lines
}

fn of_capacity(capacity: &Capacity, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(standing(capacity), theme::strong())];
    lines.extend(detail::text_field("objective", &capacity.slo.join(", "), width));
    if let Some(level) = capacity.in_operation() {
        let text = format!(
            "{} in operation keeps {} free",
            capacity.model.amount(level),
            format_percent(capacity.reserve)
        );
        lines.extend(detail::text_field("headroom", &text, width));
    }
    for suspect in &capacity.suspects {
        lines.extend(detail::text_field("suspect", &inert(&suspect.sentence(), 400), width));
    }
    if let Some(why) = &capacity.not_isolated {
        lines.extend(detail::text_field("suspects", &format!("left out: {why}"), width));
    }
    lines
}

fn of_level(level: &Level, width: usize) -> Vec<Line<'static>> {
    let rounded = |value: f64| format_number((value * 100.0).round() / 100.0);
    let mut lines = Vec::new();
    let mut field = |label: &str, text: &str| lines.extend(detail::text_field(label, text, width));
    field(
        "answered",
        &format!("{}/s, {} at once", rounded(level.throughput), rounded(level.concurrency)),
    );
    if let Some([median, p95, p99, max]) = level.latency {
        let shown = [median, p95, p99, max].map(format_duration);
        field(
            "latency",
            &format!("p50 {}  p95 {}  p99 {}  max {}", shown[0], shown[1], shown[2], shown[3]),
        );
    }
    field("failed", &format_percent(level.failed));
    field("held", &format!("{}, {}", format_duration(level.length()), level.steadiness.as_str()));
    for broken in &level.broken {
        field("not met", &inert(broken, 300));
    }
    if let Some(why) = &level.generator {
        field("generator", &inert(why, 300));
    }
    lines
}
