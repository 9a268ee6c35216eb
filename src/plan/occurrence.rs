//! Whether what gates look at can occur when the plan runs: one that cannot would fail for a typo,
//! or pass for want of anything to count.

use std::collections::BTreeSet;
use std::time::Duration;

use super::document::Place;
use super::gates::Gate;
use super::reader::Reader;
use super::types::{Connection, Protocol, Scenario};
use crate::flow::auth::Sessions;
use crate::flow::{Flow, Op, Script};
use crate::model::CallKind;
use crate::model::Conversation;
use crate::model::MetricName;
use crate::model::PhaseKind;
use crate::model::RequestTemplate;
use crate::model::Scheme;
use crate::model::TagMatch;
use crate::model::Tagged;
use crate::model::Threshold;
use crate::model::format_duration;
use crate::model::is_group;

/// The parts of a plan that gates may look at.
pub(super) struct Run<'a> {
    pub(super) scenarios: &'a [Scenario],
    pub(super) flows: &'a [Flow],
    pub(super) requests: &'a [RequestTemplate],
    pub(super) scripts: &'a [Script],
    pub(super) sessions: &'a Sessions,
    pub(super) connection: &'a Connection,
    pub(super) has_scan: bool,
    /// Load itself may find something.
    pub(super) watches: bool,
}

/// A request of a scenario: what a series is made of.
struct Sent<'a> {
    scenario: &'a Scenario,
    /// The whole name of the group that it is sent in.
    group: Option<&'a str>,
    request: &'a RequestTemplate,
    script: &'a Script,
    /// Whether it may have to wait for something before it begins.
    can_wait: bool,
}

/// Refuses gates on what the plan does not have.
pub(super) fn gates(gates: &[Gate], run: &Run<'_>, reader: &mut Reader) {
    let sent = run.sent();
    let mut judged: Vec<(&Place, String)> = Vec::new();
    for gate in gates {
        let selector = &gate.threshold.criterion.selector;
        // Several conditions under one selector are one mistake.
        let key = (&gate.selector_at, selector.to_string());
        if !judged.contains(&key) {
            judged.push(key);
            let is_possible = engine(gate, run, reader)
                && selector.tags.iter().all(|tag| one_tag(gate, tag, &sent, run, reader))
                && series(gate, &sent, run, reader);
            if !is_possible {
                continue;
            }
        }
        times(gate, run, reader);
    }
}

impl<'a> Run<'a> {
    fn sent(&self) -> Vec<Sent<'a>> {
        let mut sent = Vec::new();
        for scenario in self.scenarios {
            let flow = &self.flows[scenario.flow];
            let requests = flow.ops.iter().zip(flow.groups());
            let requests: BTreeSet<(usize, Option<&str>)> = requests
                .filter_map(|(op, group)| match op {
                    Op::Use(request) => Some((*request, group)),
                    _ => None,
                })
                .collect();
            sent.extend(requests.into_iter().map(|(index, group)| Sent {
                scenario,
                group,
                request: &self.requests[index],
                script: &self.scripts[index],
                can_wait: scenario.executor.is_open()
                    || self.connection.protocol_of(&self.requests[index]) != Protocol::USUAL,
            }));
        }
        sent
    }

    /// From the first beginning of a measured scenario to the last end, if all end by the clock.
    fn measured(&self) -> Option<Duration> {
        let measured = || self.scenarios.iter().filter(|scenario| !scenario.warmup);
        let start = measured().map(|scenario| scenario.start_time).min()?;
        let ends = measured()
            .map(|scenario| Some(scenario.start_time.saturating_add(scenario.executor.planned()?)));
        let end = ends.collect::<Option<Vec<_>>>()?.into_iter().max()?;
        Some(end.saturating_sub(start))
    }

    /// Somebody must log in whose login could be lost.
    fn logs_in(&self, gate: &Gate, reader: &mut Reader) -> bool {
        let of_load = self.sessions.requests.iter().chain(&self.sessions.scenarios).flatten();
        let logs_in = of_load.chain(&self.sessions.scan).next().is_some();
        if !logs_in {
            reader.problem_with_help(
                &gate.selector_at,
                "`auth_lost` counts lost logins, and nobody logs in",
                "add `as` to a scenario, a request or the scan, or leave the gate out",
            );
        }
        logs_in
    }

    /// When load is over at the latest, if it ends by the clock.
    fn end(&self) -> Option<Duration> {
        let ends = self.scenarios.iter().map(|scenario| {
            let length = scenario.executor.planned()?.saturating_add(scenario.graceful_stop);
            Some(scenario.start_time.saturating_add(length))
        });
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// The engine that measures the metric must run.
fn engine(gate: &Gate, run: &Run<'_>, reader: &mut Reader) -> bool {
    let metric = gate.threshold.metric();
    if metric == MetricName::AuthLost {
        return run.logs_in(gate, reader);
    }
    if metric == MetricName::Findings && run.watches && !run.scenarios.is_empty() {
        return true;
    }
    let (missing, cure) = match (metric.is_load(), run.scenarios.is_empty(), run.has_scan) {
        (true, true, _) => {
            ("load, and the plan has no `scenarios`", "add a scenario, or leave the gate out")
        }
        (false, _, false) => {
            ("a scan, and the plan has no `scan`", "add `scan`, or leave the gate out")
        }
        _ => return true,
    };
    reader.problem_with_help(&gate.selector_at, format!("`{metric}` comes from {missing}"), cure);
    false
}

/// Each tag alone must name something that there is.
fn one_tag(
    gate: &Gate,
    tag: &TagMatch,
    sent: &[Sent<'_>],
    run: &Run<'_>,
    reader: &mut Reader,
) -> bool {
    let of_requests = |value: fn(&RequestTemplate) -> &str| -> Vec<&str> {
        sent.iter().map(|sent| value(sent.request)).collect()
    };
    let checks = || sent.iter().flat_map(|sent| &sent.script.checks);
    let (what, mut known): (&str, Vec<&str>) = match tag.tag.as_str() {
        "scenario" => {
            ("scenario", run.scenarios.iter().map(|scenario| scenario.name.as_str()).collect())
        }
        "request" => ("request of the scenarios", of_requests(|request| &request.name)),
        "method" if gate.threshold.metric().is_load() => {
            ("method of the scenarios", of_requests(|request| request.request.method.as_str()))
        }
        "path" => ("path of the scenarios", of_requests(|request| &request.path_template)),
        "group" => return group(gate, tag, run, reader),
        "check" => (
            "check of the scenarios' requests",
            checks().map(|check| check.name.as_str()).collect(),
        ),
        "auth" => ("auth", run.sessions.auths.iter().map(|auth| auth.name.as_str()).collect()),
        "identity" => {
            let names = run.sessions.identities.iter().map(|identity| identity.name.as_str());
            ("identity", names.collect())
        }
        "phase" => ("part of a run that logs in", vec!["load", "scan"]),
        own if gate.threshold.metric().has_own_tags()
            && !gate.threshold.metric().tags().contains(&own) =>
        {
            return own_tag(gate, tag, sent, reader);
        }
        _ => return true,
    };
    let is_known = known.contains(&tag.value.as_str());
    if !is_known {
        known.sort_unstable();
        known.dedup();
        reader.unknown(&gate.selector_at, what, &tag.value, known);
    }
    is_known
}

/// A group must be one of the flows that scenarios go through.
fn group(gate: &Gate, tag: &TagMatch, run: &Run<'_>, reader: &mut Reader) -> bool {
    let flows = run.scenarios.iter().map(|scenario| &run.flows[scenario.flow]);
    let known: BTreeSet<&str> = flows.flat_map(|flow| flow.groups().flatten()).collect();
    let is_known = known.iter().any(|known| is_group(known, &tag.value));
    if !is_known && known.is_empty() {
        reader.problem_with_help(
            &gate.selector_at,
            format!("no group `{}`: no step of the scenarios' flows has a `group`", tag.value),
            "name steps: `- group: checkout` with `do: [ … ]`",
        );
    } else if !is_known {
        reader.unknown(&gate.selector_at, "group of the scenarios", &tag.value, known);
    }
    is_known
}

/// A tag of the plan's own must be given somewhere, with that value.
fn own_tag(gate: &Gate, tag: &TagMatch, sent: &[Sent<'_>], reader: &mut Reader) -> bool {
    let metric = gate.threshold.metric();
    let given = || sent.iter().flat_map(|sent| sent.request.tags.iter().chain(&sent.scenario.tags));
    let mut values: Vec<&str> =
        given().filter(|(name, _)| **name == tag.tag).map(|(_, value)| value.as_str()).collect();
    let is_known = values.contains(&tag.value.as_str());
    if values.is_empty() {
        let mut names: Vec<&str> = given().map(|(name, _)| name.as_str()).collect();
        names.extend(metric.tags());
        names.sort_unstable();
        names.dedup();
        let message = format!("metric `{metric}`: no tag `{}`", tag.tag);
        reader.none_of(&gate.selector_at, message, &tag.tag, names);
    } else if !is_known {
        values.sort_unstable();
        values.dedup();
        let message = format!("the tag `{}` is never `{}`", tag.tag, tag.value);
        reader.none_of(&gate.selector_at, message, &tag.value, values);
    }
    is_known
}

/// Something that is measured must have all of the tags, and be of the metric's kind.
fn series(gate: &Gate, sent: &[Sent<'_>], run: &Run<'_>, reader: &mut Reader) -> bool {
    let selector = &gate.threshold.criterion.selector;
    let metric = selector.metric;
    if !metric.is_load() || matches!(metric, MetricName::Vus | MetricName::Validity) {
        return true;
    }
    if run.scenarios.iter().all(|scenario| scenario.warmup) {
        reader.problem_with_help(
            &gate.selector_at,
            format!("`{metric}` is measured outside of warm-up, and every scenario is one"),
            "take `warmup: true` from a scenario",
        );
        return false;
    }
    if let Some((why, cure)) = impossible(metric, sent) {
        reader.problem_with_help(&gate.selector_at, format!("`{metric}`: {why}"), cure);
        return false;
    }
    let is_possible = sent.iter().any(|sent| {
        !sent.scenario.warmup
            && can_measure(metric, sent)
            && selector.tags.iter().all(|tag| sent.has(tag))
    });
    if !is_possible {
        reader.problem_with_help(
            &gate.selector_at,
            format!("nothing that is measured is `{selector}`"),
            "each tag fits something of the scenarios, and nothing outside of warm-up fits all",
        );
    }
    is_possible
}

impl Sent<'_> {
    fn has(&self, tag: &TagMatch) -> bool {
        if tag.tag == "check" {
            return self.script.checks.iter().any(|check| check.name == tag.value);
        }
        let Self { scenario, group, request, .. } = *self;
        let own = |name: &str| {
            request.tags.get(name).or_else(|| scenario.tags.get(name)).map(String::as_str)
        };
        let tagged = Tagged {
            scenario: &scenario.name,
            request: &request.name,
            method: request.request.method.as_str(),
            path_template: &request.path_template,
            group,
            own: &own,
        };
        tagged.fits(tag)
    }
}

/// Why no request of the scenarios makes such a metric, and what would.
fn impossible(metric: MetricName, sent: &[Sent<'_>]) -> Option<(&'static str, &'static str)> {
    if sent.iter().any(|sent| can_measure(metric, sent)) {
        return None;
    }
    let request = "have a request of that kind in a flow of a scenario, or leave the gate out";
    Some(match metric {
        MetricName::Checks => {
            ("no request of the scenarios has checks", "add `checks` to one, or leave the gate out")
        }
        MetricName::GroupDuration => (
            "no step of the scenarios' flows has a `group`",
            "name steps: `- group: checkout` with `do: [ … ]`",
        ),
        MetricName::Phase(PhaseKind::Queued) => (
            "no request of the scenarios waits: their users begin one when the last is done, each \
             on a connection of its own",
            "use an arrival-rate executor or shared connections, or leave the gate out",
        ),
        MetricName::Phase(PhaseKind::Dns) => (
            "load resolves names once, before the start, and records no such phase",
            "leave the gate out",
        ),
        MetricName::Phase(PhaseKind::Tls) => {
            ("no request of the scenarios goes to `https://`", "leave the gate out")
        }
        MetricName::WsSessions
        | MetricName::WsMsgsSent
        | MetricName::WsMsgsReceived
        | MetricName::WsSessionDuration
        | MetricName::WsConnecting => {
            ("no request of the scenarios is a WebSocket session (`ws`)", request)
        }
        MetricName::SseEvent => {
            ("no request of the scenarios reads server-sent events (`sse`)", request)
        }
        MetricName::GrpcReqDuration => ("no request of the scenarios is a gRPC call", request),
        MetricName::GrpcStreams
        | MetricName::GrpcStreamsMsgsSent
        | MetricName::GrpcStreamsMsgsReceived => {
            ("no request of the scenarios is a streaming gRPC call", request)
        }
        MetricName::MessageLatency => (
            "no request of the scenarios exchanges messages (`ws`, `sse`, streaming `grpc`)",
            request,
        ),
        _ => ("the scenarios send no request", request),
    })
}

/// Whether the request makes such a metric.
fn can_measure(metric: MetricName, sent: &Sent<'_>) -> bool {
    let conversation = &sent.request.conversation;
    let streams = matches!(conversation, Conversation::Grpc(call) if call.kind != CallKind::Unary);
    match metric {
        MetricName::Checks => !sent.script.checks.is_empty(),
        MetricName::GroupDuration => sent.group.is_some(),
        MetricName::Phase(PhaseKind::Dns) => false,
        MetricName::Phase(PhaseKind::Queued) => sent.can_wait,
        // A redirect may lead to a secured origin.
        MetricName::Phase(PhaseKind::Tls) => {
            sent.request.redirects > 0 || sent.request.request.origin.scheme == Scheme::Https
        }
        MetricName::WsSessions
        | MetricName::WsMsgsSent
        | MetricName::WsMsgsReceived
        | MetricName::WsSessionDuration
        | MetricName::WsConnecting => matches!(conversation, Conversation::WebSocket(_)),
        MetricName::SseEvent => matches!(conversation, Conversation::Events(_)),
        MetricName::GrpcReqDuration => matches!(conversation, Conversation::Grpc(_)),
        MetricName::GrpcStreams
        | MetricName::GrpcStreamsMsgsSent
        | MetricName::GrpcStreamsMsgsReceived => streams,
        MetricName::MessageLatency => {
            streams || matches!(conversation, Conversation::WebSocket(_) | Conversation::Events(_))
        }
        _ => true,
    }
}

/// A window must fit into load, and an abort must come before its end.
fn times(gate: &Gate, run: &Run<'_>, reader: &mut Reader) {
    let Threshold { criterion, abort_on_fail, delay_abort_eval } = &gate.threshold;
    if let (Some(window), Some(measured), Some(at)) =
        (criterion.window, run.measured(), &gate.window_at)
        && window > measured
    {
        reader.problem_with_help(
            at,
            format!(
                "a window of {} is longer than load, of which {} are measured",
                format_duration(window),
                format_duration(measured)
            ),
            "shorten the window; without one the condition is about the whole run",
        );
    }
    if criterion.selector.metric.is_load()
        && *abort_on_fail
        && let (Some(end), Some(at)) = (run.end(), &gate.delay_at)
        && *delay_abort_eval >= end
    {
        reader.problem_with_help(
            at,
            format!(
                "`delayAbortEval: {}` is over when load is: it ends after {}",
                format_duration(*delay_abort_eval),
                format_duration(end)
            ),
            "shorten the delay, or leave `abortOnFail` out",
        );
    }
}
