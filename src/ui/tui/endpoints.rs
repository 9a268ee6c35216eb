//! Load by endpoint: a sortable table, and where the time of one endpoint goes.

use std::cmp::Reverse;

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table};

use super::detail;
use super::list;
use super::list::{Key, Row as ListRow};
use super::order::EndpointOrder;
use super::pane;
use super::state::{Screen, State};
use super::theme;
use crate::model::EndpointReport;
use crate::model::Exemplar;
use crate::model::Histogram;
use crate::model::MessageTally;
use crate::model::PhaseKind;
use crate::model::Report;
use crate::model::SeriesId;
use crate::model::Tally;
use crate::model::format_bytes;
use crate::model::format_duration;
use crate::model::inert;
use crate::ui::figures;

/// The endpoints that the filter lets through, in the chosen order.
pub(super) fn visible(state: &State) -> Vec<SeriesId> {
    let all = &state.report().endpoints;
    let mut rows: Vec<usize> = (0..all.len())
        .filter(|index| {
            let meta = &all[*index].meta;
            let texts = [&meta.request, &meta.path_template, &meta.method, &meta.scenario];
            list::matches(&state.view_of(Screen::Endpoints).filter, &texts.map(String::as_str))
        })
        .collect();
    let first = state.report().preferred();
    let quantile = |index: usize, q: f64| first.of(&all[index].total).quantile(q);
    match state.orders.endpoints {
        EndpointOrder::P95 => rows.sort_by_cached_key(|row| Reverse(quantile(*row, 0.95))),
        EndpointOrder::P99 => rows.sort_by_cached_key(|row| Reverse(quantile(*row, 0.99))),
        EndpointOrder::Requests => rows.sort_by_key(|row| Reverse(all[*row].total.requests)),
        EndpointOrder::Failed => rows.sort_by_key(|row| Reverse(all[*row].total.failed)),
        EndpointOrder::Path => rows.sort_by(|a, b| {
            let key = |row: usize| (&all[row].meta.path_template, &all[row].meta.method);
            key(*a).cmp(&key(*b))
        }),
    }
    rows.into_iter().filter_map(|row| u32::try_from(row).ok().map(SeriesId)).collect()
}

/// The same as rows of a list.
pub(super) fn rows(state: &State) -> Vec<ListRow> {
    visible(state).into_iter().map(|id| ListRow::leaf(Key::Series(id))).collect()
}

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let rows = visible(state);
    if rows.is_empty() {
        return pane::draw_nothing(state, frame, area, "no load in this run");
    }
    let (table_area, detail_area) = list::split(area, state.view().open);
    if let Some(area) = table_area {
        table(state, frame, area, &rows, selected(state, &rows));
    }
    if let Some(area) = detail_area {
        pane::draw_detail(state, frame, area, " Endpoint ");
    }
}

fn selected(state: &State, rows: &[SeriesId]) -> Option<usize> {
    let chosen = match &state.view_of(Screen::Endpoints).selected {
        Some(Key::Series(id)) => rows.iter().position(|row| row == id),
        Some(_) | None => None,
    };
    chosen.or((!rows.is_empty()).then_some(0))
}

/// Draws the rows that fit, the selected one among them; the overview selects none.
pub(super) fn table(
    state: &State,
    frame: &mut Frame,
    area: Rect,
    rows: &[SeriesId],
    selected: Option<usize>,
) {
    let columns = Columns::fitting(area.width);
    let height = usize::from(area.height.saturating_sub(1));
    let shown = list::visible_rows(selected.unwrap_or(0), height, rows.len());
    let lines = shown.clone().filter_map(|place| {
        let endpoint = state.report().endpoints.get(rows[place].0 as usize)?;
        let row = columns.row(state, endpoint);
        Some(if Some(place) == selected { row.style(theme::chosen()) } else { row })
    });
    let table = Table::new(lines, columns.widths())
        .header(Row::new(columns.titles(state.orders.endpoints)).style(theme::dim()))
        .column_spacing(1);
    frame.render_widget(table, area);
}

/// Everything about the selected endpoint.
pub(super) fn detail_rows(state: &State, width: usize) -> Vec<Line<'static>> {
    let rows = visible(state);
    let chosen = selected(state, &rows).and_then(|place| rows.get(place));
    let Some(endpoint) = chosen.and_then(|id| state.report().endpoints.get(id.0 as usize)) else {
        return Vec::new();
    };
    let (meta, tally) = (&endpoint.meta, &endpoint.total);
    let mut lines = detail::text_field("url", &inert(&meta.url, 500), width);
    let names = format!("{} in scenario {}", inert(&meta.request, 100), inert(&meta.scenario, 60));
    lines.extend(detail::text_field("request", &names, width));
    for (label, trend) in [("latency", &tally.latency), ("duration", &tally.duration)] {
        let rows = all_quantiles(trend, width.saturating_sub(detail::LABEL));
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        lines.extend(
            labels.zip(&rows).flat_map(|(label, row)| detail::text_field(label, row, width)),
        );
    }
    for (kind, histogram) in PhaseKind::ALL.iter().zip(&tally.phases) {
        if !histogram.is_empty() {
            let label = format!("  {}", kind.as_str());
            lines.extend(detail::text_field(&label, &quantiles(histogram), width));
        }
    }
    lines.extend(detail::field("statuses", status_spans(tally), width));
    lines.extend(detail::text_field("traffic", &traffic(tally), width));
    for check in &tally.checks {
        let text = format!(
            "{}: {} passed, {} failed",
            inert(&check.name, 120),
            figures::grouped(check.passes),
            figures::grouped(check.fails)
        );
        lines.extend(detail::text_field("check", &text, width));
    }
    if let Some(messages) = &tally.messages {
        lines.extend(message_rows(messages, width));
    }
    for observed in &tally.observed {
        let name = format!("{}: {}", inert(&observed.header, 40), inert(&observed.value, 60));
        let text = format!("{name}  {}  {}", times(observed.count), quantiles(&observed.duration));
        lines.extend(detail::text_field("seen", &text, width));
    }
    for exemplar in &tally.exemplars {
        lines.extend(exemplar_rows(state.report(), exemplar, width));
    }
    lines
}

/// Statuses and failure classes with their counts.
pub(super) fn status_spans(tally: &Tally) -> Vec<Span<'static>> {
    let statuses = tally.statuses.iter().map(|(status, count)| {
        let style = match status {
            200..400 => theme::good(),
            400..500 => theme::warn(),
            _ => theme::bad(),
        };
        Span::styled(format!("{status} {}  ", times(*count)), style)
    });
    let failures = tally
        .failures
        .iter()
        .map(|(class, count)| Span::styled(format!("{class} {}  ", times(*count)), theme::bad()));
    let spans: Vec<Span<'static>> = statuses.chain(failures).collect();
    if spans.is_empty() { vec![Span::raw(figures::NOTHING)] } else { spans }
}

/// Percentiles in a row.
pub(super) fn quantiles(histogram: &Histogram) -> String {
    let at = |q| figures::duration(histogram.quantile(q));
    format!(
        "p50 {}  p90 {}  p95 {}  p99 {}  max {}",
        at(0.5),
        at(0.9),
        at(0.95),
        at(0.99),
        figures::duration(histogram.max())
    )
}

/// All percentiles: in one row where `width` has room for them, else the rare ones in a second.
pub(super) fn all_quantiles(histogram: &Histogram, width: usize) -> Vec<String> {
    let usual = quantiles(histogram);
    let at = |q| figures::duration(histogram.quantile(q));
    let rare = format!("p99.9 {}  p99.99 {}", at(0.999), at(0.9999));
    if usual.len() + 2 + rare.len() > width {
        return vec![usual, rare];
    }
    let (before, max) = usual.split_once("  max").expect("it ends with it");
    vec![format!("{before}  {rare}  max{max}")]
}

fn times(count: u64) -> String {
    format!("×{}", figures::grouped(count))
}

fn traffic(tally: &Tally) -> String {
    format!(
        "{}, {} failed, {}, {} sent, {} received",
        figures::plural(tally.requests, "request", "requests"),
        figures::grouped(tally.failed),
        figures::plural(tally.connections, "connection", "connections"),
        format_bytes(tally.bytes_sent),
        format_bytes(tally.bytes_received)
    )
}

fn message_rows(messages: &MessageTally, width: usize) -> Vec<Line<'static>> {
    let carried = format!(
        "{}, {} sent, {} received",
        figures::plural(messages.sessions, "session", "sessions"),
        figures::grouped(messages.sent),
        figures::grouped(messages.received)
    );
    let trends = [
        ("  latency", &messages.latency),
        ("  connecting", &messages.connecting),
        ("  session", &messages.session_duration),
    ];
    let trends = trends.into_iter().filter(|(_, trend)| !trend.is_empty());
    let rows = trends.map(|(label, trend)| (label, quantiles(trend)));
    std::iter::once(("messages", carried))
        .chain(rows)
        .flat_map(|(label, text)| detail::text_field(label, &text, width))
        .collect()
}

/// One exchange that was kept: how long, when, what came, in which phases.
pub(super) fn exemplar_rows(
    report: &Report,
    exemplar: &Exemplar,
    width: usize,
) -> Vec<Line<'static>> {
    let what = match (&exemplar.failure, exemplar.status) {
        (Some((class, detail)), _) => format!("{class}: {}", inert(detail, 200)),
        (None, Some(status)) => format!("status {status}"),
        (None, None) => figures::NOTHING.to_owned(),
    };
    let phases: Vec<String> = PhaseKind::ALL
        .iter()
        .zip(exemplar.phases)
        .filter(|(_, spent)| !spent.is_zero())
        .map(|(kind, spent)| format!("{} {}", kind.as_str(), format_duration(spent)))
        .collect();
    let text = format!(
        "{} at {}, {what}: {}",
        format_duration(exemplar.latency),
        format_duration(exemplar.at),
        phases.join(", ")
    );
    let label = if exemplar.failure.is_some() { "failure" } else { "slow" };
    let mut rows = detail::text_field(label, &text, width);
    if let Some(trace_id) = &exemplar.trace_id {
        rows.extend(detail::text_field("  trace", &inert(trace_id, 100), width));
        let link = report.run.as_ref().and_then(|run| run.trace_link.as_ref());
        if let Some(link) = link {
            rows.extend(detail::text_field("", &inert(&link.of(trace_id), 500), width));
        }
    }
    rows
}

/// Which columns fit into a width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Columns {
    Few,
    Usual,
    All,
}

impl Columns {
    fn fitting(width: u16) -> Self {
        match width {
            0..60 => Self::Few,
            60..110 => Self::Usual,
            _ => Self::All,
        }
    }

    fn titles(self, sort: EndpointOrder) -> Vec<Cell<'static>> {
        let titles: &[(&'static str, Option<EndpointOrder>)] = match self {
            Self::Few => &[
                ("endpoint", Some(EndpointOrder::Path)),
                ("reqs", Some(EndpointOrder::Requests)),
                ("errors", Some(EndpointOrder::Failed)),
                ("p95", Some(EndpointOrder::P95)),
            ],
            Self::Usual => &[
                ("endpoint", Some(EndpointOrder::Path)),
                ("requests", Some(EndpointOrder::Requests)),
                ("rate", None),
                ("errors", Some(EndpointOrder::Failed)),
                ("p50", None),
                ("p95", Some(EndpointOrder::P95)),
                ("p99", Some(EndpointOrder::P99)),
            ],
            Self::All => &[
                ("endpoint", Some(EndpointOrder::Path)),
                ("scenario", None),
                ("requests", Some(EndpointOrder::Requests)),
                ("rate", None),
                ("errors", Some(EndpointOrder::Failed)),
                ("p50", None),
                ("p95", Some(EndpointOrder::P95)),
                ("p99", Some(EndpointOrder::P99)),
                ("max", None),
            ],
        };
        titles
            .iter()
            .map(|(title, by)| {
                let mark = match by {
                    Some(EndpointOrder::Path) if sort == EndpointOrder::Path => "↑",
                    Some(by) if *by == sort => "↓",
                    Some(_) | None => "",
                };
                let text = Line::raw(format!("{title}{mark}"));
                let first = *title == "endpoint" || *title == "scenario";
                Cell::from(if first { text } else { text.right_aligned() })
            })
            .collect()
    }

    fn widths(self) -> Vec<Constraint> {
        let fixed: &[u16] = match self {
            Self::Few => &[7, 7, 7],
            Self::Usual => &[10, 9, 8, 7, 7, 7],
            Self::All => &[14, 11, 10, 8, 8, 8, 8, 8],
        };
        let rest = fixed.iter().map(|width| Constraint::Length(*width));
        std::iter::once(Constraint::Fill(1)).chain(rest).collect()
    }

    fn row(self, state: &State, endpoint: &EndpointReport) -> Row<'static> {
        let tally = &endpoint.total;
        let right = |text: String| Cell::from(Line::raw(text).right_aligned());
        let trend = state.report().preferred().of(tally);
        let at = |q| right(figures::duration(trend.quantile(q)));
        let name = Cell::from(match self {
            Self::Few | Self::Usual if !has_twin(state, endpoint) => place(endpoint),
            Self::Few | Self::Usual | Self::All => name(endpoint),
        });
        let requests = right(figures::grouped(tally.requests));
        let errors = Span::styled(
            figures::percent(tally.failed, tally.requests),
            if tally.failed > 0 { theme::bad() } else { theme::dim() },
        );
        let errors = Cell::from(Line::from(errors).right_aligned());
        let rate = right(figures::rate(tally.requests, state.report().load_elapsed));
        Row::new(match self {
            Self::Few => vec![name, requests, errors, at(0.95)],
            Self::Usual => vec![name, requests, rate, errors, at(0.5), at(0.95), at(0.99)],
            Self::All => {
                let scenario = Cell::from(inert(&endpoint.meta.scenario, 14));
                let max = right(figures::duration(trend.max()));
                vec![name, scenario, requests, rate, errors, at(0.5), at(0.95), at(0.99), max]
            }
        })
    }
}

/// Whether another row has the same method and path: only the names tell them apart.
fn has_twin(state: &State, endpoint: &EndpointReport) -> bool {
    let meta = &endpoint.meta;
    let same = |other: &&EndpointReport| {
        other.meta.method == meta.method && other.meta.path_template == meta.path_template
    };
    state.report().endpoints.iter().filter(same).count() > 1
}

/// Method and path.
fn place(endpoint: &EndpointReport) -> String {
    inert(&endpoint.meta.title(), 240)
}

/// Method and path; the plan's name where it says more.
fn name(endpoint: &EndpointReport) -> String {
    let meta = &endpoint.meta;
    if meta.request == meta.path_template {
        place(endpoint)
    } else {
        format!("{} ({})", place(endpoint), inert(&meta.request, 60))
    }
}
