//! The part of the page on load.

use serde::Serialize;

use crate::model::EndpointReport;
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
use super::super::figures::per_second;
use super::super::figures::percent;
use super::super::figures::share;
use super::super::figures::slowest;
use super::chart::Chart;
use super::chart::charts;
use super::view::Fact;
use super::view::line;
use crate::model::grouped;
use crate::model::plural;

/// Slowest requests listed.
const SLOWEST: usize = 10;

/// What load measured.
#[derive(Serialize)]
pub(super) struct Load {
    facts: Vec<Fact>,
    columns: [&'static str; 9],
    trends: Vec<(String, Vec<String>)>,
    headline: &'static str,
    charts: Vec<Chart>,
    phases: Vec<&'static str>,
    endpoints: Vec<Endpoint>,
    groups: Vec<Group>,
    messages: Vec<Messages>,
    checks: Vec<CheckRow>,
    backends: Vec<Backend>,
    slowest: Vec<Slow>,
}

#[derive(Serialize)]
struct Endpoint {
    name: String,
    scenario: String,
    requests: String,
    rate: String,
    failed: String,
    has_failed: bool,
    times: Vec<String>,
    phases: Vec<String>,
    answers: String,
}

#[derive(Serialize)]
struct Group {
    name: String,
    scenario: String,
    count: String,
    times: Vec<String>,
}

#[derive(Serialize)]
struct CheckRow {
    name: String,
    passes: String,
    fails: String,
    failed: bool,
    rate: String,
}

#[derive(Serialize)]
struct Messages {
    name: String,
    sessions: String,
    sent: String,
    received: String,
    rate: String,
    times: Vec<String>,
    connecting: String,
    session: String,
}

#[derive(Serialize)]
struct Backend {
    name: String,
    count: String,
    share: String,
    med: String,
    p95: String,
    slowdown: String,
}

#[derive(Serialize)]
struct Slow {
    name: String,
    status: String,
    latency: String,
    at: String,
    phase: String,
    trace: String,
}

impl Load {
    /// The part on load.
    pub(super) fn of(report: &Report) -> Self {
        let total = report.total();
        let phases: Vec<PhaseKind> = PhaseKind::ALL
            .into_iter()
            .filter(|kind| !total.phases[*kind as usize].is_empty())
            .collect();
        Self {
            facts: load_facts(report, &total),
            columns: COLUMNS,
            trends: trends(report, &total),
            headline: report.headline().title(),
            charts: charts(report),
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
                    name: check.name.clone(),
                    passes: grouped(check.passes),
                    fails: grouped(check.fails),
                    failed: check.fails > 0,
                    rate: percent(share(check.passes, check.passes + check.fails)),
                })
                .collect(),
            messages: message_endpoints(report)
                .map(|(endpoint, messages)| messages_view(report, endpoint, messages))
                .collect(),
            backends: backends(report)
                .into_iter()
                .map(|backend| Backend {
                    name: line(&format!("{}: {}", backend.header, backend.value)),
                    count: grouped(backend.count),
                    share: percent(backend.share),
                    med: quantile(&backend.duration, 0.5),
                    p95: quantile(&backend.duration, 0.95),
                    slowdown: format!("{:.1}×", backend.slowdown),
                })
                .collect(),
            slowest: slowest(report, SLOWEST)
                .into_iter()
                .map(|(endpoint, exemplar)| {
                    let (phase, time) = longest_phase(exemplar);
                    Slow {
                        name: name_of(endpoint),
                        status: exemplar
                            .status
                            .map(|status| status.to_string())
                            .unwrap_or_default(),
                        latency: format_duration(exemplar.latency),
                        at: format_duration(exemplar.at),
                        phase: format!("{} {}", phase.as_str(), format_duration(time)),
                        trace: line(exemplar.trace_id.as_deref().unwrap_or_default()),
                    }
                })
                .collect(),
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
    let mut times = [0.5, 0.95, 0.99, 0.999, 0.9999].map(|q| quantile(trend, q)).to_vec();
    times.push(quantile(trend, 1.0));
    Endpoint {
        name: name_of(endpoint),
        scenario: line(&endpoint.meta.scenario),
        requests: grouped(total.requests),
        rate: per_second(total.requests, report.load_elapsed),
        failed: percent(share(total.failed, total.requests)),
        has_failed: total.failed > 0,
        times,
        phases: phases.iter().map(|kind| quantile(&total.phases[*kind as usize], 0.95)).collect(),
        answers: answers(total),
    }
}

fn group_view(scenario: &str, name: &str, durations: &Histogram) -> Group {
    let mut times = vec![durations.mean().map_or_else(|| "–".to_owned(), format_duration)];
    times.extend([0.5, 0.95, 0.99, 1.0].map(|q| quantile(durations, q)));
    Group { name: line(name), scenario: line(scenario), count: grouped(durations.len()), times }
}

fn messages_view(report: &Report, endpoint: &EndpointReport, messages: &MessageTally) -> Messages {
    Messages {
        name: name_of(endpoint),
        sessions: grouped(messages.sessions),
        sent: grouped(messages.sent),
        received: grouped(messages.received),
        rate: per_second(messages.received, report.load_elapsed),
        times: [0.5, 0.95, 0.99, 0.999, 0.9999, 1.0]
            .map(|q| quantile(&messages.latency, q))
            .to_vec(),
        connecting: quantile(&messages.connecting, 0.95),
        session: quantile(&messages.session_duration, 0.95),
    }
}

fn name_of(endpoint: &EndpointReport) -> String {
    line(&endpoint.meta.title())
}

fn quantile(trend: &Histogram, q: f64) -> String {
    trend.quantile(q).map_or_else(|| "–".to_owned(), format_duration)
}

fn answers(total: &Tally) -> String {
    let statuses = total.statuses.iter().map(|(status, n)| format!("{status} × {}", grouped(*n)));
    let failures = total.failures.iter().map(|(class, n)| format!("{class} × {}", grouped(*n)));
    statuses.chain(failures).collect::<Vec<_>>().join(", ")
}
