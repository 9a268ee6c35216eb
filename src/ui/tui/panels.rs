//! The overview's figures, as lines.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::charts::per_second;
use super::endpoints;
use super::state::State;
use super::theme;
use super::wrap::wrap;
use crate::model::GeneratorReport;
use crate::model::Headline;
use crate::model::Histogram;
use crate::model::ThresholdResult;
use crate::model::format_bytes;
use crate::model::inert;
use crate::ui::figures;
use crate::ui::progress::findings_by_severity;

/// Columns of a line's label.
const LABEL: usize = 10;
/// Columns from which all percentiles stand in one line.
const WIDE: usize = 74;

/// Load: rate, latency, errors, statuses, virtual users.
pub(super) fn load(state: &State, width: usize) -> Vec<Line<'static>> {
    let (report, total) = (state.report(), &state.picture().total);
    let mut lines = labelled("rate", vec![Span::raw(rate(state))], width);
    let first = report.preferred();
    lines.extend(latency(first.as_str(), first.of(total), width));
    if width >= WIDE && report.is_open_model() {
        // What the target took, and what a user of the schedule waited, beside each other.
        let second = Headline::ALL.into_iter().find(|other| *other != first);
        lines.extend(second.into_iter().flat_map(|it| latency(it.as_str(), it.of(total), width)));
    }
    let failed = figures::percent(total.failed, total.requests);
    let errors = Span::styled(
        format!(
            "{failed}  {} of {}",
            figures::grouped(total.failed),
            figures::grouped(total.requests)
        ),
        if total.failed > 0 { theme::bad() } else { Style::new() },
    );
    lines.extend(labelled("errors", vec![errors], width));
    lines.extend(labelled("statuses", endpoints::status_spans(total), width));
    if let Some(first) = report.bottlenecks.first() {
        let text = Span::styled(inert(&first.sentence(), 200), theme::warn());
        lines.extend(labelled("slowed by", vec![text], width));
    }
    let (vus, most) = report.vus;
    let users = if state.over {
        format!("{} at most", figures::grouped(most))
    } else {
        format!("{} now, {} at most", figures::grouped(vus), figures::grouped(most))
    };
    lines.extend(labelled("vus", vec![Span::raw(users)], width));
    if width >= WIDE {
        let received = format_bytes(total.bytes_received);
        let text = format!("{received} received, {} sent", format_bytes(total.bytes_sent));
        lines.extend(labelled("traffic", vec![Span::raw(text)], width));
    }
    let dropped: u64 = report.scenarios.iter().map(|(_, tally)| tally.dropped).sum();
    if dropped > 0 {
        let text = figures::plural(dropped, "iteration", "iterations");
        lines.extend(labelled("dropped", vec![Span::styled(text, theme::warn())], width));
    }
    let generator = report.generator.iter().flat_map(GeneratorReport::figures);
    let generator = generator.collect::<Vec<_>>().join("  ");
    if width >= WIDE && !generator.is_empty() {
        lines.extend(labelled("generator", vec![Span::styled(generator, theme::dim())], width));
    }
    let warnings = report.validity.iter().flat_map(|validity| &validity.warnings);
    for warning in warnings {
        let text = Span::styled(inert(warning, 300), theme::warn());
        lines.extend(labelled("warning", vec![text], width));
    }
    let problems = report.validity.iter().flat_map(|validity| &validity.problems);
    for problem in problems {
        let text = Span::styled(inert(problem, 300), theme::bad());
        lines.extend(labelled("invalid", vec![text], width));
    }
    lines
}

fn rate(state: &State) -> String {
    let mean = figures::rate(state.picture().total.requests, state.report().load_elapsed);
    match state.report().timeline.last().filter(|_| !state.over) {
        None => format!("{mean} mean"),
        Some(last) if last.warmup => {
            format!("{}/s, warming up", figures::grouped(per_second(last)))
        }
        Some(last) => format!("{}/s now, {mean} mean", figures::grouped(per_second(last))),
    }
}

/// All percentiles where they fit, else the usual ones in two lines that are whole.
fn latency(label: &str, latency: &Histogram, width: usize) -> Vec<Line<'static>> {
    if width >= WIDE {
        let rows = endpoints::all_quantiles(latency, width - LABEL);
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        let line = |(label, row)| labelled(label, vec![Span::raw(row)], width);
        return labels.zip(rows).flat_map(line).collect();
    }
    let at = |q| figures::duration(latency.quantile(q));
    let middle = format!("p50 {}  p95 {}", at(0.5), at(0.95));
    let tail = format!("p99 {}  max {}", at(0.99), figures::duration(latency.max()));
    let mut lines = labelled(label, vec![Span::raw(middle)], width);
    lines.extend(labelled("", vec![Span::raw(tail)], width));
    lines
}

/// Scan: crawl, checks, requests, coverage, findings by severity.
pub(super) fn scan(state: &State, width: usize) -> Vec<Line<'static>> {
    let report = state.report();
    let progress = &report.progress;
    let crawl = format!(
        "{} fetched, {} queued",
        figures::grouped(progress.fetched),
        figures::grouped(progress.queued)
    );
    let checks = format!(
        "{} of {} insertion points",
        figures::grouped(progress.points_done),
        figures::grouped(progress.points)
    );
    let (requests, failed) = report.scan_requests;
    let p95 = figures::duration(report.scan_duration.quantile(0.95));
    let traffic = format!("{}, p95 {p95}", figures::grouped(requests));
    let mut traffic = vec![Span::raw(traffic)];
    if failed > 0 {
        traffic.push(Span::styled(format!(", {} failed", figures::grouped(failed)), theme::bad()));
    }
    let mut lines = labelled("crawl", vec![Span::raw(crawl)], width);
    lines.extend(labelled("checks", vec![Span::raw(checks)], width));
    lines.extend(labelled("requests", traffic, width));
    let operations = &report.coverage.operations;
    if !operations.is_empty() {
        let reached = operations.iter().filter(|operation| operation.reached).count();
        let known = operations.len();
        let text = format!("{reached} of {known} operations, {} nodes", progress.nodes);
        lines.extend(labelled("coverage", vec![Span::raw(text)], width));
    }
    lines.extend(left_out(state, width));
    lines.extend(labelled("findings", severities(state), width));
    lines
}

/// What the crawl left out, and whether it is whole.
pub(super) fn left_out(state: &State, width: usize) -> Vec<Line<'static>> {
    let coverage = &state.report().coverage;
    let left_out = coverage.left_out();
    if coverage.complete == Some(false) {
        let why =
            if left_out.is_empty() { String::new() } else { format!(": {}", left_out.join(", ")) };
        let text = Span::styled(format!("incomplete{why}"), theme::warn());
        return labelled("stopped", vec![text], width);
    }
    if left_out.is_empty() {
        return Vec::new();
    }
    labelled("left out", vec![Span::raw(left_out.join(", "))], width)
}

/// The verdict, the gates with what failed first, and the reasons that are no gate's: a failed
/// gate says itself what was wanted and what was measured.
pub(super) fn gates(state: &State, width: usize) -> Vec<Line<'static>> {
    let report = state.report();
    let mut lines = Vec::new();
    if let Some(verdict) = &report.verdict {
        let (symbol, style) =
            if verdict.pass { ("✓", theme::good()) } else { ("✗", theme::bad()) };
        let code = verdict.exit_code;
        let meaning = report.verdict_meaning().unwrap_or_else(|| code.meaning());
        let text = format!("{symbol} exit {}: {meaning}", code.code());
        lines.extend(wrap(&Line::styled(text, style), width, 2));
        let of_a_gate = |text: &str| {
            let mut failed = report.thresholds.iter().filter(|result| !result.pass);
            failed.any(|result| {
                text.starts_with(&format!("{}: {}", result.selector, result.wanted()))
            })
        };
        for reason in verdict.reasons.iter().filter(|reason| !of_a_gate(&reason.text)) {
            let text = format!("  {}", inert(&reason.text, 300));
            lines.extend(wrap(&Line::raw(text), width, 4));
        }
    }
    let (passed, failed): (Vec<_>, Vec<_>) =
        report.thresholds.iter().partition(|result| result.pass);
    for result in failed.into_iter().chain(passed) {
        lines.extend(wrap(&gate(result), width, 2));
    }
    lines
}

fn gate(result: &ThresholdResult) -> Line<'static> {
    let (symbol, style) = if result.pass { ("✓", theme::good()) } else { ("✗", theme::bad()) };
    Line::from(vec![
        Span::styled(format!("{symbol} "), style),
        Span::raw(format!("{}: {}", inert(&result.selector, 120), inert(&result.wanted(), 120))),
        Span::styled("  measured ", theme::dim()),
        Span::styled(result.measured(), if result.pass { theme::dim() } else { style }),
    ])
}

fn severities(state: &State) -> Vec<Span<'static>> {
    let counts = findings_by_severity(state.report());
    let spans: Vec<Span<'static>> = counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| {
            let text = format!("{} {count} {severity} ", theme::severity_symbol(severity));
            Span::styled(text, theme::severity_style(severity))
        })
        .collect();
    if spans.is_empty() { vec![Span::raw("none")] } else { spans }
}

fn labelled(label: &str, text: Vec<Span<'static>>, width: usize) -> Vec<Line<'static>> {
    let mut spans = vec![Span::styled(format!("{label:<LABEL$}"), theme::dim())];
    spans.extend(text);
    wrap(&Line::from(spans), width, LABEL)
}
