//! Figures as OpenTelemetry's metrics.

use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;
use opentelemetry_proto::tonic::metrics::v1::Exemplar as Example;
use opentelemetry_proto::tonic::metrics::v1::ExponentialHistogram;
use opentelemetry_proto::tonic::metrics::v1::ExponentialHistogramDataPoint;
use opentelemetry_proto::tonic::metrics::v1::Gauge;
use opentelemetry_proto::tonic::metrics::v1::Histogram as Explicit;
use opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use opentelemetry_proto::tonic::metrics::v1::Sum;
use opentelemetry_proto::tonic::metrics::v1::exemplar::Value as ExampleValue;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

use opentelemetry_proto::tonic::common::v1::KeyValue;

use super::attributes;
use super::attributes::text;
use crate::export::buckets;
use crate::export::figures::Figures;
use crate::export::figures::Subject;
use crate::model::Exemplar;
use crate::model::Histogram;
use crate::model::HistogramForm;
use crate::model::OtlpExport;
use crate::model::PhaseKind;
use crate::model::ScenarioMeta;
use crate::model::ScenarioTally;
use crate::model::SeriesMeta;
use crate::model::SpanId;
use crate::model::Tally;
use crate::model::Temporality;
use crate::model::TraceId;

/// Metrics under way: those of one name have their points together.
pub(super) struct Metrics<'a> {
    settings: &'a OtlpExport,
    subject: &'a Subject,
    /// Nanoseconds since 1970 of the figures' beginning and end.
    span: (u64, u64),
    found: Vec<Metric>,
}

/// What a metric is called.
#[derive(Clone, Copy)]
struct Name {
    metric: &'static str,
    unit: &'static str,
    description: &'static str,
}

const DURATION: Name = Name {
    metric: "http.client.request.duration",
    unit: "s",
    description: "Duration of HTTP client requests.",
};
const LATENCY: Name = Name {
    metric: "shakedown.http.request.latency",
    unit: "s",
    description: "From the intended start of a request to its response's last byte.",
};
const PHASE: Name = Name {
    metric: "shakedown.http.request.phase.duration",
    unit: "s",
    description: "Phases of requests.",
};
const REQUESTS: Name = Name {
    metric: "shakedown.http.requests",
    unit: "{request}",
    description: "Requests, by the status or the error that came of them.",
};
const FAILURES: Name = Name {
    metric: "shakedown.http.failures",
    unit: "{request}",
    description: "Requests that do not count as success.",
};
const BYTES: Name = Name {
    metric: "shakedown.http.io",
    unit: "By",
    description: "Bytes of requests and responses, heads and bodies.",
};
const CONNECTIONS: Name = Name {
    metric: "shakedown.http.connections",
    unit: "{connection}",
    description: "Connections that were opened.",
};
const CHECKS: Name = Name {
    metric: "shakedown.checks",
    unit: "{check}",
    description: "Checks of responses, by whether they held.",
};
const USERS: Name =
    Name { metric: "shakedown.vus", unit: "{user}", description: "Virtual users that are active." };
const ITERATIONS: Name = Name {
    metric: "shakedown.iterations",
    unit: "{iteration}",
    description: "Iterations that were finished.",
};
const DROPPED: Name = Name {
    metric: "shakedown.iterations.dropped",
    unit: "{iteration}",
    description: "Iterations that were not started, for want of users or of time.",
};
const ITERATION: Name = Name {
    metric: "shakedown.iteration.duration",
    unit: "s",
    description: "Duration of iterations.",
};

impl<'a> Metrics<'a> {
    pub(super) fn new(settings: &'a OtlpExport, subject: &'a Subject, figures: &Figures) -> Self {
        let (from, to) = figures.span.unwrap_or_default();
        let span = (subject.unix_nanos(from), subject.unix_nanos(to));
        Self { settings, subject, span, found: Vec::new() }
    }

    /// Metrics that have points.
    pub(super) fn into_found(self) -> Vec<Metric> {
        self.found
    }

    /// What was counted of a series, with examples of it whose traces are known.
    pub(super) fn add_series(&mut self, meta: &SeriesMeta, tally: &Tally, traced: &[&Exemplar]) {
        let base = attributes::of_series(meta);
        let with = |more: KeyValue| {
            let mut all = base.clone();
            all.push(more);
            all
        };
        let durations = traced.iter().map(|exemplar| (duration_of(exemplar), *exemplar));
        let durations = durations.collect::<Vec<_>>();
        let latencies = traced.iter().map(|exemplar| (exemplar.latency.as_secs_f64(), *exemplar));
        let latencies = latencies.collect::<Vec<_>>();
        self.add_histogram(DURATION, base.clone(), &tally.duration, &durations);
        self.add_histogram(LATENCY, base.clone(), &tally.latency, &latencies);
        for (phase, histogram) in PhaseKind::ALL.into_iter().zip(&tally.phases) {
            let attributes = with(text("shakedown.phase", phase.as_str()));
            self.add_histogram(PHASE, attributes, histogram, &[]);
        }
        for (status, count) in &tally.statuses {
            let mut attributes = with(attributes::number("http.response.status_code", *status));
            if *status >= 400 {
                attributes.push(text("error.type", status.to_string()));
            }
            self.add_count(REQUESTS, attributes, *count);
        }
        for (class, count) in &tally.failures {
            self.add_count(REQUESTS, with(text("error.type", class.as_str())), *count);
        }
        self.add_count(FAILURES, base.clone(), tally.failed);
        for (direction, bytes) in
            [("transmit", tally.bytes_sent), ("receive", tally.bytes_received)]
        {
            self.add_count(BYTES, with(text("network.io.direction", direction)), bytes);
        }
        self.add_count(CONNECTIONS, base.clone(), tally.connections);
        for check in &tally.checks {
            for (result, count) in [("pass", check.passes), ("fail", check.fails)] {
                let mut attributes = with(text("shakedown.check", check.name.as_str()));
                attributes.push(text("shakedown.check.result", result));
                self.add_count(CHECKS, attributes, count);
            }
        }
    }

    /// What was counted of a scenario.
    pub(super) fn add_scenario(
        &mut self,
        meta: &ScenarioMeta,
        vus: u64,
        tally: Option<&ScenarioTally>,
    ) {
        let attributes = attributes::of_scenario(meta);
        let point = self.point(attributes.clone(), vus);
        let data = self.data(USERS, || Data::Gauge(Gauge::default()));
        if let Data::Gauge(gauge) = data {
            gauge.data_points.push(point);
        }
        let Some(tally) = tally else { return };
        self.add_count(ITERATIONS, attributes.clone(), tally.iterations);
        self.add_count(DROPPED, attributes.clone(), tally.dropped);
        self.add_histogram(ITERATION, attributes, &tally.iteration_duration, &[]);
    }

    fn add_count(&mut self, name: Name, attributes: Vec<KeyValue>, count: u64) {
        let point = self.point(attributes, count);
        let aggregation_temporality = self.temporality();
        let data = self.data(name, || {
            let data_points = Vec::new();
            Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic: true })
        });
        if let Data::Sum(sum) = data {
            sum.data_points.push(point);
        }
    }

    fn add_histogram(
        &mut self,
        name: Name,
        attributes: Vec<KeyValue>,
        histogram: &Histogram,
        traced: &[(f64, &Exemplar)],
    ) {
        let (Some(min), Some(max)) = (histogram.min(), histogram.max()) else { return };
        let examples = traced.iter().filter_map(|(value, exemplar)| self.example(*value, exemplar));
        let exemplars = examples.collect();
        let (start_time_unix_nano, time_unix_nano) = self.span;
        let aggregation_temporality = self.temporality();
        let (count, sum) = (histogram.len(), Some(histogram.sum().as_secs_f64()));
        let (min, max) = (Some(min.as_secs_f64()), Some(max.as_secs_f64()));
        match self.settings.histograms {
            HistogramForm::Explicit => {
                let data = self.data(name, || {
                    let data_points = Vec::new();
                    Data::Histogram(Explicit { data_points, aggregation_temporality })
                });
                let Data::Histogram(explicit) = data else { return };
                explicit.data_points.push(HistogramDataPoint {
                    attributes,
                    start_time_unix_nano,
                    time_unix_nano,
                    count,
                    sum,
                    bucket_counts: buckets::explicit(histogram),
                    explicit_bounds: buckets::BOUNDS.to_vec(),
                    exemplars,
                    flags: 0,
                    min,
                    max,
                });
            }
            HistogramForm::Exponential => {
                let data = self.data(name, || {
                    let data_points = Vec::new();
                    Data::ExponentialHistogram(ExponentialHistogram {
                        data_points,
                        aggregation_temporality,
                    })
                });
                let Data::ExponentialHistogram(exponential) = data else { return };
                let buckets::Exponential { scale, offset, counts } =
                    buckets::exponential(histogram);
                exponential.data_points.push(ExponentialHistogramDataPoint {
                    attributes,
                    start_time_unix_nano,
                    time_unix_nano,
                    count,
                    sum,
                    scale,
                    positive: Some(Buckets { offset, bucket_counts: counts }),
                    exemplars,
                    min,
                    max,
                    ..ExponentialHistogramDataPoint::default()
                });
            }
        }
    }

    /// The metric's data, made where it is the first time that it is named.
    fn data(&mut self, name: Name, make: impl FnOnce() -> Data) -> &mut Data {
        let known = self.found.iter().position(|metric| metric.name == name.metric);
        let place = known.unwrap_or_else(|| {
            self.found.push(Metric {
                name: name.metric.to_owned(),
                unit: name.unit.to_owned(),
                description: name.description.to_owned(),
                ..Metric::default()
            });
            self.found.len() - 1
        });
        self.found[place].data.get_or_insert_with(make)
    }

    fn point(&self, attributes: Vec<KeyValue>, value: u64) -> NumberDataPoint {
        NumberDataPoint {
            attributes,
            start_time_unix_nano: self.span.0,
            time_unix_nano: self.span.1,
            value: Some(Value::AsInt(i64::try_from(value).unwrap_or(i64::MAX))),
            ..NumberDataPoint::default()
        }
    }

    fn example(&self, value: f64, exemplar: &Exemplar) -> Option<Example> {
        let trace_id = TraceId::parse(exemplar.trace_id.as_deref()?.as_bytes())?.bytes().to_vec();
        let span_id = exemplar.span_id.as_deref().and_then(|id| SpanId::parse(id.as_bytes()));
        Some(Example {
            filtered_attributes: attributes::of_outcome(exemplar),
            time_unix_nano: self.subject.unix_nanos(exemplar.at + exemplar.latency),
            span_id: span_id.map(|id| id.bytes().to_vec()).unwrap_or_default(),
            trace_id,
            value: Some(ExampleValue::AsDouble(value)),
        })
    }

    fn temporality(&self) -> i32 {
        let temporality = match self.settings.temporality {
            Temporality::Cumulative => AggregationTemporality::Cumulative,
            Temporality::Delta => AggregationTemporality::Delta,
        };
        temporality.into()
    }
}

/// `http_req_duration`: send, wait and receive.
fn duration_of(exemplar: &Exemplar) -> f64 {
    let phases = [PhaseKind::Send, PhaseKind::Wait, PhaseKind::Receive];
    phases.iter().map(|phase| exemplar.phases[*phase as usize].as_secs_f64()).sum()
}
