//! Figures as series.

use super::message::Example;
use super::message::Kind;
use super::message::Label;
use super::message::Metadata;
use super::message::Sample;
use super::message::TimeSeries;
use crate::export::buckets;
use crate::export::figures::Figures;
use crate::export::figures::Subject;
use crate::model::Exemplar;
use crate::model::Histogram;
use crate::model::PhaseKind;
use crate::model::ScenarioMeta;
use crate::model::ScenarioTally;
use crate::model::SeriesMeta;
use crate::model::Tally;

/// A metric's name, what it is, and what it is for.
struct Name(&'static str, Kind, &'static str);

const DURATION: Name =
    Name("http_req_duration_seconds", Kind::Histogram, "Sending, waiting and receiving.");
const LATENCY: Name = Name(
    "http_req_latency_seconds",
    Kind::Histogram,
    "From a request's intended start to its response's last byte.",
);
const REQUESTS: Name =
    Name("http_reqs_total", Kind::Counter, "Requests, by the status or the error that came.");
const FAILED: Name =
    Name("http_req_failed_total", Kind::Counter, "Requests that do not count as success.");
const SENT: Name = Name("data_sent_bytes_total", Kind::Counter, "Bytes of requests.");
const RECEIVED: Name = Name("data_received_bytes_total", Kind::Counter, "Bytes of responses.");
const CONNECTIONS: Name = Name("connections_total", Kind::Counter, "Connections that were opened.");
const CHECKS: Name = Name("checks_total", Kind::Counter, "Checks of responses, by result.");
const USERS: Name = Name("vus", Kind::Gauge, "Virtual users that are active.");
const ITERATIONS: Name = Name("iterations_total", Kind::Counter, "Iterations that were finished.");
const DROPPED: Name =
    Name("dropped_iterations_total", Kind::Counter, "Iterations that were not started.");
const ITERATION: Name =
    Name("iteration_duration_seconds", Kind::Histogram, "Duration of iterations.");

/// Names of phases, in [`PhaseKind::ALL`]'s order: k6's, with Prometheus's unit.
const PHASES: [Name; 7] = [
    Name("http_req_blocked_seconds", Kind::Histogram, "Waiting for a connection or its turn."),
    Name("http_req_dns_seconds", Kind::Histogram, "Name resolution."),
    Name("http_req_connecting_seconds", Kind::Histogram, "Connecting."),
    Name("http_req_tls_handshaking_seconds", Kind::Histogram, "TLS handshake."),
    Name("http_req_sending_seconds", Kind::Histogram, "Sending."),
    Name("http_req_waiting_seconds", Kind::Histogram, "Waiting for the first byte."),
    Name("http_req_receiving_seconds", Kind::Histogram, "Receiving."),
];

/// Series under way.
pub(super) struct Written<'a> {
    subject: &'a Subject,
    /// Of every series.
    common: Vec<(String, String)>,
    /// Milliseconds since 1970.
    now: i64,
    pub(super) series: Vec<TimeSeries>,
}

/// What the metrics are.
pub(super) fn metadata() -> Vec<Metadata> {
    let names = [
        DURATION,
        LATENCY,
        REQUESTS,
        FAILED,
        SENT,
        RECEIVED,
        CONNECTIONS,
        CHECKS,
        USERS,
        ITERATIONS,
        DROPPED,
        ITERATION,
    ];
    let all = names.into_iter().chain(PHASES);
    let metadata = all.map(|Name(name, kind, help)| Metadata {
        kind: kind.into(),
        family: name.to_owned(),
        help: help.to_owned(),
        unit: if name.ends_with("_seconds") { "seconds" } else { "" }.to_owned(),
    });
    metadata.collect()
}

/// All series of the figures.
pub(super) fn series(
    subject: &Subject,
    figures: &Figures,
    own: &[(String, String)],
) -> Vec<TimeSeries> {
    let (_, to) = figures.span.unwrap_or_default();
    let now = millis(subject.unix_nanos(to));
    let mut written = Written { subject, common: common(subject, own), now, series: Vec::new() };
    for (meta, vus, tally) in figures.of_scenarios(subject) {
        written.add_scenario(meta, vus, tally);
    }
    for (index, meta, tally) in figures.of_series(subject) {
        let traced = figures.traced.iter().filter(|(series, _)| *series == index);
        let traced: Vec<_> = traced.map(|(_, exemplar)| exemplar).collect();
        written.add_series(meta, tally, &traced);
    }
    written.series
}

/// What the user says goes before what we say.
fn common(subject: &Subject, own: &[(String, String)]) -> Vec<(String, String)> {
    let mut labels = vec![("job".to_owned(), "shakedown".to_owned())];
    if let Some(run) = &subject.run {
        if !run.host.is_empty() {
            labels.push(("instance".to_owned(), run.host.clone()));
        }
        labels.push(("run_id".to_owned(), run.run_id()));
        labels.extend(run.part.map(|part| ("part".to_owned(), part.to_string())));
    }
    for (name, value) in own {
        labels.retain(|(known, _)| known != name);
        labels.push((name.clone(), value.clone()));
    }
    labels
}

impl Written<'_> {
    fn add_series(&mut self, meta: &SeriesMeta, tally: &Tally, traced: &[&Exemplar]) {
        let mut base: Vec<(String, String)> = [
            ("scenario", &meta.scenario),
            ("request", &meta.request),
            ("method", &meta.method),
            ("path", &meta.path_template),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into();
        base.extend(meta.tags.iter().map(|(name, value)| (label_name(name), value.clone())));
        let duration_of = |it: &Exemplar| it.phases[PhaseKind::Send as usize..].iter().sum();
        let durations: Vec<_> = traced.iter().map(|it| (duration_of(it), *it)).collect();
        let latencies: Vec<_> = traced.iter().map(|it| (it.latency, *it)).collect();
        self.add_histogram(&DURATION, &base, &tally.duration, &durations);
        self.add_histogram(&LATENCY, &base, &tally.latency, &latencies);
        for (name, histogram) in PHASES.iter().zip(&tally.phases) {
            self.add_histogram(name, &base, histogram, &[]);
        }
        for (status, count) in &tally.statuses {
            self.add(REQUESTS.0, &base, &[("status", &status.to_string())], *count as f64);
        }
        for (class, count) in &tally.failures {
            self.add(REQUESTS.0, &base, &[("error", class.as_str())], *count as f64);
        }
        for (name, count) in [
            (FAILED, tally.failed),
            (SENT, tally.bytes_sent),
            (RECEIVED, tally.bytes_received),
            (CONNECTIONS, tally.connections),
        ] {
            self.add(name.0, &base, &[], count as f64);
        }
        for check in &tally.checks {
            for (result, count) in [("pass", check.passes), ("fail", check.fails)] {
                let more = [("check", check.name.as_str()), ("result", result)];
                self.add(CHECKS.0, &base, &more, count as f64);
            }
        }
    }

    fn add_scenario(&mut self, meta: &ScenarioMeta, vus: u64, tally: Option<&ScenarioTally>) {
        let base = [("scenario".to_owned(), meta.name.clone())];
        self.add(USERS.0, &base, &[], vus as f64);
        let Some(tally) = tally else { return };
        self.add(ITERATIONS.0, &base, &[], tally.iterations as f64);
        self.add(DROPPED.0, &base, &[], tally.dropped as f64);
        self.add_histogram(&ITERATION, &base, &tally.iteration_duration, &[]);
    }

    fn add_histogram(
        &mut self,
        Name(name, ..): &Name,
        base: &[(String, String)],
        histogram: &Histogram,
        traced: &[(std::time::Duration, &Exemplar)],
    ) {
        if histogram.is_empty() {
            return;
        }
        let bounds = buckets::BOUNDS.iter().copied().chain([f64::INFINITY]);
        let (mut sum, mut below) = (0, 0.0);
        for (bound, count) in bounds.zip(buckets::explicit(histogram)) {
            sum += count;
            let told = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
            self.add(&format!("{name}_bucket"), base, &[("le", &told)], sum as f64);
            let in_it = traced.iter().filter(|(value, _)| {
                let value = value.as_secs_f64();
                below < value && value <= bound
            });
            let mut examples: Vec<_> = in_it
                .filter_map(|(value, exemplar)| self.example(value.as_secs_f64(), exemplar))
                .collect();
            // They are taken in the order of time only.
            examples.sort_by_key(|example| example.timestamp);
            if let Some(series) = self.series.last_mut() {
                series.exemplars = examples;
            }
            below = bound;
        }
        self.add(&format!("{name}_sum"), base, &[], histogram.sum().as_secs_f64());
        self.add(&format!("{name}_count"), base, &[], sum as f64);
    }

    fn example(&self, value: f64, exemplar: &Exemplar) -> Option<Example> {
        let trace_id = label("trace_id", exemplar.trace_id.as_deref()?);
        let span_id = exemplar.span_id.as_deref().map(|id| label("span_id", id));
        Some(Example {
            labels: span_id.into_iter().chain([trace_id]).collect(),
            value,
            timestamp: millis(self.subject.unix_nanos(exemplar.at + exemplar.latency)),
        })
    }

    /// Adds a sample of the series with these labels; empty ones are none.
    fn add(&mut self, name: &str, base: &[(String, String)], more: &[(&str, &str)], value: f64) {
        let base = self.common.iter().chain(base);
        let mut labels: Vec<Label> = base.map(|(name, value)| label(name, value)).collect();
        labels.extend(more.iter().map(|(name, value)| label(name, value)));
        labels.push(label("__name__", name));
        labels.retain(|label| !label.value.is_empty());
        // A later one of the same name goes before an earlier one.
        labels.reverse();
        labels.sort_by(|a, b| a.name.cmp(&b.name));
        labels.dedup_by(|next, kept| next.name == kept.name);
        let samples = vec![Sample { value, timestamp: self.now }];
        self.series.push(TimeSeries { labels, samples, exemplars: Vec::new() });
    }
}

fn label(name: &str, value: &str) -> Label {
    Label { name: name.to_owned(), value: value.to_owned() }
}

/// A tag's name with what labels may have: letters, digits and `_`.
pub(super) fn label_name(tag: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = tag.chars().map(fits).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn millis(nanos: u64) -> i64 {
    i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)
}
