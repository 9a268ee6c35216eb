//! The part of the page on load.

use serde::Serialize;

use crate::model::Bottleneck;
use crate::model::Certainty;
use crate::model::EndpointReport;
use crate::model::Exemplar;
use crate::model::GeneratorReport;
use crate::model::Histogram;
use crate::model::MessageTally;
use crate::model::PhaseKind;
use crate::model::Report;
use crate::model::Tally;
use crate::model::format_bytes;
use crate::model::format_duration;

use super::super::figures::COLUMNS;
use super::super::figures::backends;
use super::super::figures::checks;
use super::super::figures::columns;
use super::super::figures::cost;
use super::super::figures::groups;
use super::super::figures::latencies;
use super::super::figures::longest_phase;
use super::super::figures::message_endpoints;
use super::super::figures::outcome;
use super::super::figures::per_second;
use super::super::figures::percent;
use super::super::figures::share;
use super::super::figures::slowest;
use super::super::figures::traced;
use super::cell::Cell;
use super::plots::Plots;
use super::view::Fact;
use super::view::line;
use crate::model::grouped;
use crate::model::plural;

/// Slowest requests listed.
const SLOWEST: usize = 10;

/// Traces of errors listed, and as many of the slowest requests.
const TRACES: usize = 25;

/// What load measured.
#[derive(Serialize)]
pub(super) struct Load {
    facts: Vec<Fact>,
    columns: [&'static str; 9],
    trends: Vec<(String, Vec<String>)>,
    headline: &'static str,
    plots: Option<Plots>,
    phases: Vec<&'static str>,
    /// Where the time of each endpoint goes, and the length of the longest bar.
    bars: Vec<Bar>,
    longest: u64,
    endpoints: Vec<Endpoint>,
    groups: Vec<Group>,
    messages: Vec<Messages>,
    checks: Vec<CheckRow>,
    backends: Vec<Backend>,
    slowest: Vec<Slow>,
    traces: Vec<Slow>,
    bottlenecks: Vec<BottleneckView>,
}

/// What makes requests slow.
#[derive(Serialize)]
struct BottleneckView {
    sentence: String,
    since: String,
    certainty: &'static str,
    class: &'static str,
    numbers: Vec<String>,
    advice: String,
}

impl BottleneckView {
    fn of(found: &Bottleneck) -> Self {
        Self {
            sentence: line(&found.sentence()),
            since: found.since_shown(),
            certainty: found.certainty.as_str(),
            class: match found.certainty {
                Certainty::High => "bad",
                Certainty::Medium => "warn",
                Certainty::Low => "faint",
            },
            numbers: found.numbers.iter().map(|text| line(text)).collect(),
            advice: line(&found.advice),
        }
    }
}

#[derive(Serialize)]
struct Endpoint {
    name: String,
    scenario: String,
    requests: Cell,
    rate: Cell,
    failed: Cell,
    has_failed: bool,
    times: Vec<Cell>,
    phases: Vec<Cell>,
    answers: String,
}

/// What one request of an endpoint takes on average, in microseconds.
#[derive(Serialize)]
struct Bar {
    name: String,
    whole: u64,
    mean: Cell,
    pieces: Vec<Piece>,
    words: String,
}

#[derive(Serialize)]
struct Piece {
    phase: &'static str,
    from: u64,
    length: u64,
}

#[derive(Serialize)]
struct Group {
    name: String,
    scenario: String,
    count: Cell,
    times: Vec<Cell>,
}

#[derive(Serialize)]
struct CheckRow {
    name: String,
    passes: Cell,
    fails: Cell,
    failed: bool,
    rate: Cell,
}

#[derive(Serialize)]
struct Messages {
    name: String,
    sessions: Cell,
    sent: Cell,
    received: Cell,
    rate: Cell,
    times: Vec<Cell>,
    connecting: Cell,
    session: Cell,
}

#[derive(Serialize)]
struct Backend {
    name: String,
    count: Cell,
    share: Cell,
    med: Cell,
    p95: Cell,
    slowdown: Cell,
}

#[derive(Serialize)]
struct Slow {
    name: String,
    status: String,
    latency: Cell,
    at: Cell,
    phase: String,
    trace: String,
    /// Where it is looked at.
    page: Option<String>,
}

impl Load {
    /// The part on load.
    pub(super) fn of(report: &Report) -> Self {
        let total = report.total();
        let phases: Vec<PhaseKind> = PhaseKind::ALL
            .into_iter()
            .filter(|kind| !total.phases[*kind as usize].is_empty())
            .collect();
        let bars: Vec<Bar> =
            report.endpoints.iter().filter_map(|endpoint| bar(endpoint, &phases)).collect();
        Self {
            facts: load_facts(report, &total),
            columns: COLUMNS,
            trends: trends(report, &total),
            headline: report.headline().title(),
            plots: Plots::of(report, &total),
            longest: bars.iter().map(|bar| bar.whole).max().unwrap_or_default(),
            bars,
            phases: phases.iter().map(|kind| kind.as_str()).collect(),
            endpoints: report
                .endpoints
                .iter()
                .map(|endpoint| endpoint_view(report, endpoint, &phases))
                .collect(),
            groups: groups(report)
                .map(|(scenario, name, durations)| group_view(scenario, name, durations))
                .collect(),
            checks: checks(&total)
                .into_iter()
                .map(|check| CheckRow {
                    name: line(&check.name),
                    passes: Cell::count(check.passes),
                    fails: Cell::count(check.fails),
                    failed: check.fails > 0,
                    rate: Cell::share(share(check.passes, check.passes + check.fails)),
                })
                .collect(),
            messages: message_endpoints(report)
                .map(|(endpoint, messages)| messages_view(report, endpoint, messages))
                .collect(),
            backends: backends(report)
                .into_iter()
                .map(|backend| Backend {
                    name: line(&format!("{}: {}", backend.header, backend.value)),
                    count: Cell::count(backend.count),
                    share: Cell::share(backend.share),
                    med: quantile(&backend.duration, 0.5),
                    p95: quantile(&backend.duration, 0.95),
                    slowdown: Cell::worded(format!("{:.1}×", backend.slowdown), backend.slowdown),
                })
                .collect(),
            bottlenecks: report.bottlenecks.iter().map(BottleneckView::of).collect(),
            slowest: slowest(report, SLOWEST)
                .into_iter()
                .map(|slow| Slow::of(report, slow))
                .collect(),
            traces: traced(report, TRACES).into_iter().map(|slow| Slow::of(report, slow)).collect(),
        }
    }
}

impl Slow {
    fn of(report: &Report, (endpoint, exemplar): (&EndpointReport, &Exemplar)) -> Self {
        let (phase, time) = longest_phase(exemplar);
        let link = report.run.as_ref().and_then(|run| run.trace_link.as_ref());
        let trace = exemplar.trace_id.as_deref().unwrap_or_default();
        Self {
            name: name_of(endpoint),
            status: outcome(exemplar),
            latency: Cell::time(Some(exemplar.latency)),
            at: Cell::time(Some(exemplar.at)),
            phase: format!("{} {}", phase.as_str(), format_duration(time)),
            trace: line(trace),
            page: link.filter(|_| !trace.is_empty()).and_then(|link| link.page_of(trace)),
        }
    }
}

fn load_facts(report: &Report, total: &Tally) -> Vec<Fact> {
    let failed = percent(share(total.failed, total.requests));
    let mut facts = vec![
        ("requests", grouped(total.requests)),
        ("rate", per_second(total.requests, report.load_elapsed)),
        ("measured for", format_duration(report.load_elapsed)),
        ("failed", format!("{} ({failed})", grouped(total.failed))),
        ("answers", answers(total)),
        ("received", format_bytes(total.bytes_received)),
        ("sent", format_bytes(total.bytes_sent)),
        ("connections", grouped(total.connections)),
        ("virtual users", format!("{} at most", grouped(report.vus.1))),
    ];
    for (meta, tally) in &report.scenarios {
        let counted = if meta.warmup {
            "warm-up, not counted".to_owned()
        } else {
            let iterations = plural(tally.iterations, "iteration", "iterations");
            format!("{iterations}, {} dropped", grouped(tally.dropped))
        };
        facts.push(("scenario", line(&format!("{} ({}): {counted}", meta.name, meta.executor))));
    }
    let generator: Vec<String> =
        report.generator.iter().flat_map(GeneratorReport::figures).collect();
    if !generator.is_empty() {
        facts.push(("generator", generator.join(", ")));
    }
    facts.extend(cost(report).map(|text| ("cost", line(&text))));
    facts
}

fn trends(report: &Report, total: &Tally) -> Vec<(String, Vec<String>)> {
    let phases = PhaseKind::ALL.map(|kind| (kind.as_str(), &total.phases[kind as usize]));
    latencies(report, total)
        .chain(phases)
        .filter_map(|(name, trend)| {
            Some((name.to_owned(), columns(trend)?.map(format_duration).to_vec()))
        })
        .collect()
}

fn endpoint_view(report: &Report, endpoint: &EndpointReport, phases: &[PhaseKind]) -> Endpoint {
    let total = &endpoint.total;
    let trend = report.headline().of(total);
    let times = [0.5, 0.95, 0.99, 0.999, 0.9999, 1.0].map(|q| quantile(trend, q)).into();
    Endpoint {
        name: name_of(endpoint),
        scenario: line(&endpoint.meta.scenario),
        requests: Cell::count(total.requests),
        rate: rate(total.requests, report),
        failed: Cell::share(share(total.failed, total.requests)),
        has_failed: total.failed > 0,
        times,
        phases: phases.iter().map(|kind| quantile(&total.phases[*kind as usize], 0.95)).collect(),
        answers: answers(total),
    }
}

fn group_view(scenario: &str, name: &str, durations: &Histogram) -> Group {
    let mut times = vec![Cell::time(durations.mean())];
    times.extend([0.5, 0.95, 0.99, 1.0].map(|q| quantile(durations, q)));
    Group { name: line(name), scenario: line(scenario), count: Cell::count(durations.len()), times }
}

fn messages_view(report: &Report, endpoint: &EndpointReport, messages: &MessageTally) -> Messages {
    Messages {
        name: name_of(endpoint),
        sessions: Cell::count(messages.sessions),
        sent: Cell::count(messages.sent),
        received: Cell::count(messages.received),
        rate: rate(messages.received, report),
        times: [0.5, 0.95, 0.99, 0.999, 0.9999, 1.0].map(|q| quantile(&messages.latency, q)).into(),
        connecting: quantile(&messages.connecting, 0.95),
        session: quantile(&messages.session_duration, 0.95),
    }
}

fn name_of(endpoint: &EndpointReport) -> String {
    line(&endpoint.meta.title())
}

fn quantile(trend: &Histogram, q: f64) -> Cell {
    Cell::time(trend.quantile(q))
}

fn rate(count: u64, report: &Report) -> Cell {
    let text = per_second(count, report.load_elapsed);
    // All rates of a report are of one time: they sort as the counts do.
    Cell::worded(text, count as f64)
}

/// Means add up, percentiles do not. A phase that did not happen counts as nothing.
fn bar(endpoint: &EndpointReport, phases: &[PhaseKind]) -> Option<Bar> {
    let total = &endpoint.total;
    let count = u32::try_from(total.latency.len()).ok().filter(|count| *count > 0)?;
    let (mut pieces, mut words, mut whole) = (Vec::new(), Vec::new(), 0);
    for kind in phases {
        let mean = total.phases[*kind as usize].sum() / count;
        let length = u64::try_from(mean.as_micros()).unwrap_or(u64::MAX);
        if length > 0 {
            pieces.push(Piece { phase: kind.as_str(), from: whole, length });
            words.push(format!("{} {}", kind.as_str(), format_duration(mean)));
            whole = whole.saturating_add(length);
        }
    }
    let mean = Cell::time(Some(std::time::Duration::from_micros(whole)));
    Some(Bar { name: name_of(endpoint), whole, mean, pieces, words: words.join(", ") })
}

fn answers(total: &Tally) -> String {
    let statuses = total.statuses.iter().map(|(status, n)| format!("{status} × {}", grouped(*n)));
    let failures = total.failures.iter().map(|(class, n)| format!("{class} × {}", grouped(*n)));
    statuses.chain(failures).collect::<Vec<_>>().join(", ")
}
