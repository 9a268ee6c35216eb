//! Load by what answers say of who gave them: backends, cache states, any observed header.

use std::cmp::Reverse;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::detail;
use super::endpoints;
use super::list;
use super::list::{Branch, Key, Row};
use super::order::BackendOrder;
use super::pane;
use super::state::{Screen, State};
use super::theme;
use crate::model::Histogram;
use crate::model::inert;
use crate::ui::figures;

/// What there is where nothing was observed.
const NOTHING: &str = "no header of the answers is observed: name those that tell the backend or the \
    state of a cache, by --observe x-cache on the command line or `observe: [x-cache]` in the plan";

/// One value of a header, over all endpoints.
#[derive(Debug, Clone)]
struct Seen {
    header: String,
    value: String,
    count: u64,
    duration: Histogram,
}

/// Values as they were counted, those of a header together.
fn values(state: &State) -> Vec<Seen> {
    let observed = state.picture().total.observed.iter();
    let mut values: Vec<Seen> = observed
        .map(|one| Seen {
            header: one.header.clone(),
            value: one.value.clone(),
            count: one.count,
            duration: one.duration.clone(),
        })
        .collect();
    let p95 = |value: &Seen| Reverse(value.duration.quantile(0.95));
    match state.orders.backends {
        BackendOrder::P95 => values.sort_by_cached_key(p95),
        BackendOrder::Count => values.sort_by_key(|value| Reverse(value.count)),
        BackendOrder::Name => values.sort_by(|one, other| one.value.cmp(&other.value)),
    }
    // Stable: within a header the order stays.
    values.sort_by(|one, other| one.header.cmp(&other.header));
    values
}

/// Headers with their values.
pub(super) fn rows(state: &State) -> Vec<Row> {
    let view = state.view_of(Screen::Backends);
    let mut rows: Vec<Row> = Vec::new();
    let mut header: Option<(String, Branch)> = None;
    for value in values(state) {
        if !list::matches(&view.filter, &[&value.header, &value.value]) {
            continue;
        }
        if header.as_ref().is_none_or(|(name, _)| *name != value.header) {
            let key = Key::Header(value.header.clone());
            let branch = view.branch(&key);
            rows.push(Row { key, depth: 0, branch });
            header = Some((value.header.clone(), branch));
        }
        if header.as_ref().is_some_and(|(_, branch)| *branch == Branch::Open) {
            rows.push(Row::below(1, Key::Value(value.header, value.value)));
        }
    }
    rows
}

/// Values seen, for the tab bar.
pub(super) fn count(state: &State) -> usize {
    state.picture().total.observed.len()
}

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let rows = rows(state);
    if rows.is_empty() {
        let why = if state.report().endpoints.is_empty() { "no load in this run" } else { NOTHING };
        return pane::draw_nothing(state, frame, area, why);
    }
    let values = values(state);
    pane::draw_with_head(
        state,
        frame,
        area,
        (" Answers ", &rows),
        |width| pane::columns("", &head(state, width), widths(width), width).style(theme::dim()),
        |row, width| line(row, &values, width),
    );
}

/// Whether there is room for all columns.
fn is_wide(width: usize) -> bool {
    width >= 72
}

fn widths(width: usize) -> &'static [usize] {
    if is_wide(width) { &[11, 9, 9, 9, 9, 9] } else { &[11, 8, 8] }
}

fn head(state: &State, width: usize) -> Vec<String> {
    let by = state.orders.backends;
    let mark = |order| if by == order { "↓" } else { "" };
    let count = format!("responses{}", mark(BackendOrder::Count));
    let p95 = format!("p95{}", mark(BackendOrder::P95));
    let titles = [count.as_str(), "share", "p50", &p95, "p99", "max"].map(str::to_owned);
    if is_wide(width) { titles.to_vec() } else { vec![count, "share".to_owned(), p95] }
}

fn line(row: &Row, values: &[Seen], width: usize) -> Line<'static> {
    match &row.key {
        Key::Header(header) => {
            let count = figures::plural(of(values, header).count() as u64, "value", "values");
            Line::from(vec![
                Span::raw(row.indent()),
                Span::styled(inert(header, 60), theme::strong()),
                Span::styled(format!("  {count}"), theme::dim()),
            ])
        }
        Key::Value(header, text) => {
            let Some(value) = of(values, header).find(|value| value.value == *text) else {
                return Line::default();
            };
            let at = |q| figures::duration(value.duration.quantile(q));
            let count = figures::grouped(value.count);
            let total = of(values, header).map(|value| value.count).sum();
            let share = figures::percent(value.count, total);
            let texts = if is_wide(width) {
                let max = figures::duration(value.duration.max());
                vec![count, share, at(0.5), at(0.95), at(0.99), max]
            } else {
                vec![count, share, at(0.95)]
            };
            pane::columns(&format!("{}{}", row.indent(), shown(text)), &texts, widths(width), width)
        }
        _ => Line::default(),
    }
}

/// The values of one header.
fn of<'a>(values: &'a [Seen], header: &'a str) -> impl Iterator<Item = &'a Seen> {
    values.iter().filter(move |value| value.header == header)
}

fn shown(value: &str) -> String {
    if value.is_empty() { "(empty)".to_owned() } else { inert(value, 60) }
}

/// The selected value by endpoint, or a header's values beside each other.
pub(super) fn detail_rows(state: &State, width: usize) -> Vec<Line<'static>> {
    let rows = rows(state);
    let row = state.view_of(Screen::Backends).chosen(&rows);
    match row.map(|row| &row.key) {
        Some(Key::Header(header)) => of_header(state, header, width),
        Some(Key::Value(header, value)) => of_value(state, (header, value), width),
        Some(_) | None => Vec::new(),
    }
}

fn of_header(state: &State, header: &str, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(inert(header, 60), theme::strong())];
    for value in of(&values(state), header) {
        let text = format!("{}  {}", shown(&value.value), endpoints::quantiles(&value.duration));
        lines.extend(detail::text_field("value", &text, width));
    }
    lines
}

fn of_value(state: &State, (header, value): (&str, &str), width: usize) -> Vec<Line<'static>> {
    let title = format!("{}: {}", inert(header, 60), shown(value));
    let mut lines = super::wrap::wrap(&Line::styled(title, theme::strong()), width, 0);
    let all = values(state);
    let mine = all.iter().find(|one| one.header == header && one.value == value);
    let others = all.iter().filter(|one| one.header == header && one.value != value);
    let fastest = others.min_by_key(|one| one.duration.quantile(0.95));
    if let (Some(mine), Some(other)) = (mine, fastest) {
        let p95 = |value: &Seen| figures::duration(value.duration.quantile(0.95));
        let text = format!("p95 {}, {} {}", p95(mine), shown(&other.value), p95(other));
        lines.extend(detail::text_field("beside", &text, width));
    }
    for endpoint in &state.report().endpoints {
        let observed = endpoint.total.observed.iter();
        for one in observed.filter(|one| one.header == header && one.value == value) {
            let text = format!(
                "{}  ×{}  {}",
                inert(&endpoint.meta.title(), 240),
                figures::grouped(one.count),
                endpoints::quantiles(&one.duration)
            );
            lines.extend(detail::text_field("at", &text, width));
        }
    }
    lines
}
