//! What load measured: figures, latency, endpoints, backends, the slowest requests.

use std::fmt::Write as _;

use crate::model::EndpointReport;
use crate::model::FailureClass;
use crate::model::Histogram;
use crate::model::PhaseKind;
use crate::model::Report;
use crate::model::ScenarioMeta;
use crate::model::ScenarioTally;
use crate::model::Tally;
use crate::model::format_bytes;
use crate::model::format_duration;
use crate::model::inert;

use super::super::figures::COLUMNS;
use super::super::figures::backends;
use super::super::figures::columns;
use super::super::figures::cost;
use super::super::figures::latencies;
use super::super::figures::longest_phase;
use super::super::figures::per_second;
use super::super::figures::percent;
use super::super::figures::share;
use super::super::figures::slowest;
use super::checks::check_table;
use super::groups::group_table;
use super::messages::message_table;
use super::style::INFALLIBLE;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;
use super::traces::trace_list;
use crate::model::grouped;
use crate::model::plural;

/// Endpoints and backends listed; the rest stands in the report.
pub(super) const ROWS: usize = 20;
/// Slowest requests listed.
const SLOWEST: usize = 5;
/// From this many columns on there is room for scenarios and trace ids.
const WIDE: usize = 100;
/// From this many columns on there is room for the rate beside a path of some length.
const RATED: usize = 90;
/// A backend this many times slower than the fastest is pointed out.
const SLOW_BACKEND: f64 = 2.0;

/// The section on load.
pub(super) fn load_section(report: &Report, style: Style) -> String {
    let total = report.total();
    let mut out = style.title("Load");
    if total.requests == 0 {
        writeln!(out, "  {}", style.paint(Ink::Bad, "no request was counted")).expect(INFALLIBLE);
        return out;
    }
    out.push_str(&figures(report, &total, style));
    let tables = [
        latency(report, &total, style),
        endpoints(report, style),
        group_table(report, style),
        message_table(report, style),
        check_table(&total, style),
        backend_table(report, style),
        slowest_table(report, style),
        trace_list(report, style),
    ];
    for table in tables.into_iter().filter(|table| !table.is_empty()) {
        out.push('\n');
        out.push_str(&table);
    }
    out
}

fn figures(report: &Report, total: &Tally, style: Style) -> String {
    let failed = percent(share(total.failed, total.requests));
    let failed = format!("{} failed ({failed})", grouped(total.failed));
    let ink = if total.failed > 0 { Ink::Bad } else { Ink::Plain };
    let mut lines = vec![
        (
            "requests",
            [
                style.paint(Ink::Strong, &grouped(total.requests)),
                format!(
                    "{} over {}",
                    style.paint(Ink::Strong, &per_second(total.requests, report.load_elapsed)),
                    format_duration(report.load_elapsed)
                ),
                style.paint(ink, &failed),
            ]
            .join(style.dot()),
        ),
        ("statuses", statuses(total, style)),
        ("failures", failures(total, style)),
        (
            "data",
            [
                format!("{} received", format_bytes(total.bytes_received)),
                format!("{} sent", format_bytes(total.bytes_sent)),
                connections(total),
            ]
            .join(style.dot()),
        ),
    ];
    let at = lines.len() - 1;
    lines.splice(at..at, samples(total).into_iter().map(|text| ("such as", text)));
    lines.extend(scenarios(report, style).into_iter().map(|text| ("scenario", text)));
    if report.vus.1 > 0 {
        lines.push(("vus", format!("{} at most", grouped(report.vus.1))));
    }
    let generator = report.generator.iter().map(|generator| generator.figures().join(style.dot()));
    lines.extend(generator.map(|text| ("generator", text)));
    lines.extend(cost(report).map(|text| ("cost", text)));
    let lines = lines.into_iter().filter(|(_, text)| !text.is_empty());
    lines.fold(String::new(), |mut out, (name, text)| {
        let name = style.paint(Ink::Faint, &format!("{name:<9}"));
        out.push_str(&style.hang(&format!("  {name} "), &text));
        out
    })
}

fn scenarios(report: &Report, style: Style) -> Vec<String> {
    let line = |(meta, tally): &(ScenarioMeta, ScenarioTally)| {
        let mut parts = vec![inert(&meta.name, 40), inert(&meta.executor, 40)];
        if meta.warmup {
            parts.push("warm-up, not counted".to_owned());
            return parts.join(style.dot());
        }
        parts.push(plural(tally.iterations, "iteration", "iterations"));
        if tally.dropped > 0 {
            let text = format!("{} dropped", grouped(tally.dropped));
            parts.push(style.paint(Ink::Warn, &text));
        }
        if tally.interrupted > 0 {
            parts.push(format!("{} cut off at the end", grouped(tally.interrupted)));
        }
        parts.join(style.dot())
    };
    report.scenarios.iter().map(line).collect()
}

fn statuses(total: &Tally, style: Style) -> String {
    let responses = total.responses();
    let parts = total.statuses.iter().map(|(status, count)| {
        let ink = match status {
            200..400 => Ink::Good,
            500.. => Ink::Bad,
            _ => Ink::Warn,
        };
        let status = style.paint(ink, &status.to_string());
        format!("{status} {} ({})", grouped(*count), percent(share(*count, responses)))
    });
    parts.collect::<Vec<_>>().join(style.dot())
}

fn connections(total: &Tally) -> String {
    let opened = plural(total.connections, "connection", "connections");
    match total.tls_resumed {
        0 => opened,
        resumed => format!("{opened} ({} resumed a TLS session)", grouped(resumed)),
    }
}

fn failures(total: &Tally, style: Style) -> String {
    let parts = total.failures.iter().map(|(class, count)| {
        let class = style.paint(Ink::Bad, class.as_str());
        format!("{class} {} ({})", grouped(*count), percent(share(*count, total.requests)))
    });
    parts.collect::<Vec<_>>().join(style.dot())
}

/// What was seen of each class of failure, once.
fn samples(total: &Tally) -> Vec<String> {
    let first_of = |class: &FailureClass| {
        let mut failures = total.exemplars.iter().filter_map(|exemplar| exemplar.failure.as_ref());
        let (_, detail) = failures.find(|(of, _)| of == class)?;
        Some(format!("{class}: {}", inert(detail, 200)))
    };
    total.failures.keys().filter_map(first_of).collect()
}

/// Latency and duration side by side in open models; then where the time went.
fn latency(report: &Report, total: &Tally, style: Style) -> String {
    if total.duration.is_empty() {
        return String::new();
    }
    // What gives way first in a narrow terminal is the least of all figures.
    let is_shown = |column: &str| column != "min" || style.columns() >= RATED;
    let mut header = vec![("", Align::Left)];
    header.extend(COLUMNS.iter().filter(|name| is_shown(name)).map(|name| (*name, Align::Right)));
    let mut table = Table::new(&header);
    let mut row = |name: &str, trend: &Histogram, ink: Ink| {
        let Some(values) = columns(trend) else { return };
        let mut cells = vec![Cell::new(ink, name)];
        let shown = COLUMNS.iter().zip(values).filter(|(name, _)| is_shown(name));
        cells.extend(shown.map(|(_, value)| Cell::new(ink, style.time(value))));
        table.row(cells);
    };
    for (place, (name, trend)) in latencies(report, total).enumerate() {
        row(name, trend, if place == 0 { Ink::Strong } else { Ink::Plain });
    }
    for kind in PhaseKind::ALL {
        row(&format!("  {}", kind.as_str()), &total.phases[kind as usize], Ink::Plain);
    }
    let mut out = table.render(style);
    if report.is_open_model() {
        let note = "latency counts from the intended start, duration = send + wait + receive";
        writeln!(out, "  {}", style.paint(Ink::Faint, note)).expect(INFALLIBLE);
    }
    out
}

fn endpoints(report: &Report, style: Style) -> String {
    let headline = report.headline();
    let by = format!("endpoint ({})", headline.as_str());
    let several = style.columns() >= WIDE
        && report.endpoints.iter().any(|endpoint| {
            report
                .endpoints
                .first()
                .is_some_and(|first| first.meta.scenario != endpoint.meta.scenario)
        });
    // A rate follows from the number of requests; a path that is cut follows from nothing.
    let rated = style.columns() >= RATED;
    let mut header = vec![(by.as_str(), Align::Left)];
    header.extend(several.then_some(("scenario", Align::Left)));
    header.push(right("requests"));
    header.extend(rated.then(|| right("rate")));
    header.extend(["failed", "med", "p95", "p99", "max"].map(right));
    let mut table = Table::new(&header);
    for endpoint in report.endpoints.iter().take(ROWS) {
        let total = &endpoint.total;
        let trend = headline.of(total);
        let time = |value| style.time_or_none(value);
        let failed = if total.failed > 0 { Ink::Bad } else { Ink::Plain };
        let mut cells = vec![Cell::plain(name_of(endpoint))];
        cells.extend(several.then(|| Cell::plain(inert(&endpoint.meta.scenario, 16))));
        cells.push(Cell::plain(grouped(total.requests)));
        cells.extend(rated.then(|| Cell::plain(per_second(total.requests, report.load_elapsed))));
        cells.extend([
            Cell::new(failed, percent(share(total.failed, total.requests))),
            Cell::plain(time(trend.quantile(0.5))),
            Cell::new(Ink::Strong, time(trend.quantile(0.95))),
            Cell::plain(time(trend.quantile(0.99))),
            Cell::plain(time(trend.max())),
        ]);
        table.row(cells);
    }
    table.render(style) + &more(report.endpoints.len(), ROWS, style)
}

pub(super) fn right(name: &str) -> (&str, Align) {
    (name, Align::Right)
}

pub(super) fn name_of(endpoint: &EndpointReport) -> String {
    inert(&endpoint.meta.title(), 160)
}

fn backend_table(report: &Report, style: Style) -> String {
    let backends = backends(report);
    if backends.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("observed", Align::Left),
        ("responses", Align::Right),
        ("share", Align::Right),
        ("med", Align::Right),
        ("p95", Align::Right),
        ("", Align::Left),
    ]);
    for backend in backends.iter().take(ROWS) {
        let name = format!("{}: {}", inert(&backend.header, 30), inert(&backend.value, 60));
        let slow = backend.slowdown >= SLOW_BACKEND;
        let ink = if slow { Ink::Warn } else { Ink::Plain };
        let time = |q| style.time_or_none(backend.duration.quantile(q));
        let note = format!("{:.1}× the fastest", backend.slowdown);
        table.row(vec![
            Cell::new(ink, name),
            Cell::plain(grouped(backend.count)),
            Cell::plain(percent(backend.share)),
            Cell::new(ink, time(0.5)),
            Cell::new(ink, time(0.95)),
            Cell::new(ink, if slow { note } else { String::new() }),
        ]);
    }
    table.render(style) + &more(backends.len(), ROWS, style)
}

fn slowest_table(report: &Report, style: Style) -> String {
    let slowest = slowest(report, SLOWEST);
    if slowest.is_empty() {
        return String::new();
    }
    let traced =
        style.columns() >= WIDE && slowest.iter().any(|(_, exemplar)| exemplar.trace_id.is_some());
    let mut header = vec![("slowest requests", Align::Left)];
    header.extend(["status", "latency", "at"].map(right));
    header.push(("most of it", Align::Left));
    header.extend(traced.then_some(("trace", Align::Left)));
    let mut table = Table::new(&header);
    for (endpoint, exemplar) in slowest {
        let (phase, time) = longest_phase(exemplar);
        let status = exemplar.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let mut cells = vec![
            Cell::plain(name_of(endpoint)),
            Cell::plain(status),
            Cell::new(Ink::Strong, style.time(exemplar.latency)),
            Cell::plain(format_duration(exemplar.at)),
            Cell::plain(format!("{} {}", phase.as_str(), style.time(time))),
        ];
        let trace = exemplar.trace_id.as_deref().unwrap_or_default();
        cells.extend(traced.then(|| Cell::new(Ink::Faint, inert(trace, 32))));
        table.row(cells);
    }
    table.render(style)
}

/// Says that a list was cut, if it was.
pub(super) fn more(count: usize, shown: usize, style: Style) -> String {
    if count <= shown {
        return String::new();
    }
    let text = format!("… and {} more in the report", count - shown);
    format!("  {}\n", style.paint(Ink::Faint, &text))
}
