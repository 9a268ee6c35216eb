//! What failed: statuses, failures and checks of the load, failures of the scanner; each with where
//! and examples.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::charts;
use super::detail;
use super::endpoints;
use super::list;
use super::list::{Key, Row};
use super::order::ErrorOrder;
use super::pane;
use super::state::{Screen, State};
use super::theme;
use crate::model::EndpointReport;
use crate::model::TimelinePoint;
use crate::model::inert;
use crate::ui::figures;

/// Rows from which there is place for a chart.
const ROOMY: u16 = 18;
/// Columns of the figures.
const COLUMNS: [usize; 3] = [10, 9, 9];

/// One kind of error.
#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    count: u64,
    /// Of how many it could have been.
    of: u64,
    /// Endpoints, or addresses of the scanner.
    places: u64,
}

/// Every kind that was seen.
fn kinds(state: &State) -> BTreeMap<Key, Kind> {
    let report = state.report();
    let requests = state.picture().total.requests;
    let mut kinds: BTreeMap<Key, Kind> = BTreeMap::new();
    for endpoint in &report.endpoints {
        for (key, count, of) in of_endpoint(endpoint) {
            let kind = kinds.entry(key).or_default();
            kind.count += count;
            kind.places += 1;
            match of {
                Some(of) => kind.of += of,
                None => kind.of = requests,
            }
        }
    }
    for (_, failure) in &report.scan_failures {
        let kind = kinds.entry(Key::ScanFailure(failure.class)).or_default();
        kind.count += 1;
        kind.places += 1;
        kind.of = report.scan_requests.0;
    }
    kinds
}

/// Kinds of one endpoint with their counts; of checks, how often they were made.
fn of_endpoint(endpoint: &EndpointReport) -> impl Iterator<Item = (Key, u64, Option<u64>)> {
    let tally = &endpoint.total;
    let statuses = tally.statuses.iter().filter(|(status, _)| !(200..400).contains(*status));
    let statuses = statuses.map(|(status, count)| (Key::Status(*status), *count, None));
    let failures = tally.failures.iter();
    let failures = failures.map(|(class, count)| (Key::Failure(*class), *count, None));
    let checks = tally.checks.iter().filter(|check| check.fails > 0);
    let checks = checks.map(|check| {
        (Key::Check(check.name.clone()), check.fails, Some(check.passes + check.fails))
    });
    statuses.chain(failures).chain(checks)
}

fn count_of(endpoint: &EndpointReport, key: &Key) -> Option<u64> {
    of_endpoint(endpoint).find(|(own, ..)| own == key).map(|(_, count, _)| count)
}

/// The name of a kind.
fn title(key: &Key) -> String {
    match key {
        Key::Status(status) => format!("status {status}"),
        Key::Failure(class) => class.to_string(),
        Key::Check(name) => format!("check {}", inert(name, 120)),
        Key::ScanFailure(class) => format!("scan: {class}"),
        _ => String::new(),
    }
}

/// The kinds that the filter lets through, in the chosen order.
pub(super) fn rows(state: &State) -> Vec<Row> {
    let filter = &state.view_of(Screen::Errors).filter;
    let mut kinds: Vec<(Key, Kind)> =
        kinds(state).into_iter().filter(|(key, _)| list::matches(filter, &[&title(key)])).collect();
    match state.orders.errors {
        ErrorOrder::Count => kinds.sort_by_key(|(_, kind)| Reverse(kind.count)),
        ErrorOrder::Places => kinds.sort_by_key(|(_, kind)| Reverse((kind.places, kind.count))),
        ErrorOrder::Name => kinds.sort_by_key(|(key, _)| title(key)),
    }
    kinds.into_iter().map(|(key, _)| Row::leaf(key)).collect()
}

/// Kinds of errors, for the tab bar.
pub(super) fn count(state: &State) -> usize {
    kinds(state).len()
}

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let rows = rows(state);
    if rows.is_empty() {
        let why = if state.over { "nothing failed" } else { "nothing has failed so far" };
        return pane::draw_nothing(state, frame, area, why);
    }
    let mut area = area;
    if area.height >= ROOMY && !state.report().timeline.is_empty() && !state.view().open {
        let [chart, rest] =
            Layout::vertical([Constraint::Length(4), Constraint::Fill(1)]).areas(area);
        draw_chart(state, frame, chart);
        area = rest;
    }
    let kinds = kinds(state);
    let by = state.orders.errors;
    pane::draw_with_head(
        state,
        frame,
        area,
        (" Error ", &rows),
        |width| head(width, by),
        |row, width| line(&row.key, kinds.get(&row.key).copied().unwrap_or_default(), width),
    );
}

fn draw_chart(state: &State, frame: &mut Frame, area: Rect) {
    let points = &state.report().timeline;
    let share = |point: &TimelinePoint| point.failed as f64 / point.requests.max(1) as f64;
    let worst = points.iter().max_by(|one, other| share(one).total_cmp(&share(other)));
    let most = worst.map_or((0, 0), |point| (point.failed, point.requests));
    let title = format!(" failed, at most {} of an interval ", figures::percent(most.0, most.1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share is in 0..=1"
    )]
    let bar = |point: &TimelinePoint| (share(point) * 1e6) as u64;
    charts::below_title(frame, area, title, points, theme::bad(), bar);
}

fn head(width: usize, by: ErrorOrder) -> Line<'static> {
    let mark =
        |order: ErrorOrder, sign: &str| if by == order { sign.to_owned() } else { String::new() };
    let texts = [
        format!("count{}", mark(ErrorOrder::Count, "↓")),
        "share".to_owned(),
        format!("places{}", mark(ErrorOrder::Places, "↓")),
    ];
    let name = format!("error{}", mark(ErrorOrder::Name, "↑"));
    pane::columns(&name, &texts, &COLUMNS, width).style(theme::dim())
}

fn line(key: &Key, kind: Kind, width: usize) -> Line<'static> {
    let texts = [
        figures::grouped(kind.count),
        figures::percent(kind.count, kind.of),
        figures::grouped(kind.places),
    ];
    pane::columns(&title(key), &texts, &COLUMNS, width)
}

/// Everything about the selected kind.
pub(super) fn detail_rows(state: &State, width: usize) -> Vec<Line<'static>> {
    let rows = rows(state);
    let Some(row) = state.view_of(Screen::Errors).chosen(&rows) else { return Vec::new() };
    let kind = kinds(state).get(&row.key).copied().unwrap_or_default();
    let text = format!(
        "{}: {} of {}",
        title(&row.key),
        figures::grouped(kind.count),
        figures::grouped(kind.of)
    );
    let mut lines = super::wrap::wrap(&Line::styled(text, theme::strong()), width, 0);
    match row.key {
        Key::ScanFailure(class) => {
            let failures = state.report().scan_failures.iter();
            for (url, failure) in failures.filter(|(_, failure)| failure.class == class) {
                let text = format!("{}: {}", inert(url, 300), inert(&failure.detail, 300));
                lines.extend(detail::text_field("at", &text, width));
            }
        }
        _ => lines.extend(of_load(state, &row.key, width)),
    }
    lines
}

/// By endpoint, most first, with the exchanges that were kept.
fn of_load(state: &State, key: &Key, width: usize) -> Vec<Line<'static>> {
    let endpoints = state.report().endpoints.iter();
    let mut places: Vec<(u64, &EndpointReport)> =
        endpoints.filter_map(|endpoint| Some((count_of(endpoint, key)?, endpoint))).collect();
    places.sort_by_key(|(count, _)| Reverse(*count));
    let mut lines = Vec::new();
    for (count, endpoint) in places {
        let requests = endpoint.total.requests;
        let text = format!(
            "{}  {} of {}, {}",
            inert(&endpoint.meta.title(), 240),
            figures::grouped(count),
            figures::grouped(requests),
            figures::percent(count, requests)
        );
        lines.extend(detail::text_field("at", &text, width));
        let kept = endpoint.total.exemplars.iter().filter(|exemplar| match key {
            Key::Status(status) => exemplar.failure.is_none() && exemplar.status == Some(*status),
            Key::Failure(class) => exemplar.failure.as_ref().is_some_and(|it| it.0 == *class),
            _ => false,
        });
        for exemplar in kept {
            lines.extend(endpoints::exemplar_rows(state.report(), exemplar, width));
        }
    }
    lines
}
