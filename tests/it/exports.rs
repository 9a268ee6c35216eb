//! Figures that are sent while a run goes on, read as OpenTelemetry's published types have them, and
//! held against the report of the same run.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::Output;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;
use opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint;
use opentelemetry_proto::tonic::metrics::v1::NumberDataPoint;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use serde_json::Value;

use crate::export_receiver::Receiver;
use crate::export_receiver::answer;
use crate::load_server::Keep;
use crate::load_server::TestServer;
use crate::program::shakedown;
use crate::program::write;

/// Runs a load with these arguments, and gives its report.
fn load(url: &str, args: &[&str], environment: &[(&str, &str)]) -> (Output, Value) {
    let output = shakedown()
        .args(["load", url, "--json"])
        .args(args)
        .envs(environment.iter().copied())
        .output()
        .expect("the binary can be started");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report = serde_json::from_slice(&output.stdout).expect("a report");
    (output, report)
}

fn metrics(receiver: &Receiver) -> Vec<ExportMetricsServiceRequest> {
    let messages = receiver.at("/v1/metrics").into_iter();
    let decode = |body: Vec<u8>| ExportMetricsServiceRequest::decode(&*body).expect("the schema's");
    messages.map(|message| decode(message.body)).collect()
}

fn spans(receiver: &Receiver) -> Vec<Span> {
    let messages = receiver.at("/v1/traces").into_iter();
    let decode = |body: Vec<u8>| ExportTraceServiceRequest::decode(&*body).expect("the schema's");
    let resources = messages.flat_map(|message| decode(message.body).resource_spans);
    resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
}

fn data(message: &ExportMetricsServiceRequest, name: &str) -> Data {
    let scopes = message.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let found = scopes.flat_map(|scope| &scope.metrics).find(|metric| metric.name == name);
    found.and_then(|metric| metric.data.clone()).unwrap_or_else(|| panic!("no {name}"))
}

fn counted(message: &ExportMetricsServiceRequest, name: &str) -> Vec<NumberDataPoint> {
    match data(message, name) {
        Data::Sum(sum) => {
            assert!(sum.is_monotonic);
            sum.data_points
        }
        Data::Gauge(gauge) => gauge.data_points,
        other => panic!("{name}: {other:?}"),
    }
}

fn sum(points: &[NumberDataPoint]) -> i64 {
    let value = |point: &NumberDataPoint| match point.value {
        Some(Number::AsInt(value)) => value,
        other => panic!("{other:?}"),
    };
    points.iter().map(value).sum()
}

fn durations(message: &ExportMetricsServiceRequest) -> Vec<HistogramDataPoint> {
    match data(message, "http.client.request.duration") {
        Data::Histogram(histogram) => histogram.data_points,
        other => panic!("{other:?}"),
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) => Some(text.clone()),
        Any::IntValue(number) => Some(number.to_string()),
        Any::DoubleValue(number) => Some(number.to_string()),
        other => panic!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Ids of the exchanges that the report keeps.
fn kept(report: &Value) -> BTreeSet<(String, String)> {
    let exemplars = report["endpoints"][0]["exemplars"].as_array().expect("a list");
    let id = |exemplar: &Value, key: &str| exemplar[key].as_str().unwrap_or_default().to_owned();
    exemplars.iter().map(|it| (id(it, "trace_id"), id(it, "span_id"))).collect()
}

#[test]
fn what_arrives_is_what_the_report_says() {
    let (server, receiver) = (TestServer::plain(Keep::Alive), Receiver::willing());
    let (_, report) = load(
        &server.url(),
        &["-n", "300", "-c", "3", "--trace=100%", "--otlp", &receiver.url()],
        &[],
    );
    let metrics = metrics(&receiver);
    let last = metrics.last().expect("at least at the end");
    let endpoint = &report["endpoints"][0];
    let requests = counted(last, "shakedown.http.requests");
    assert_eq!(sum(&requests), 300);
    assert_eq!(
        attribute(&requests[0].attributes, "http.response.status_code").as_deref(),
        Some("200")
    );
    assert_eq!(sum(&counted(last, "shakedown.http.failures")), 0);
    let bytes: BTreeMap<_, _> = counted(last, "shakedown.http.io")
        .iter()
        .map(|point| {
            let direction = attribute(&point.attributes, "network.io.direction").expect("one");
            (direction, sum(std::slice::from_ref(point)))
        })
        .collect();
    assert_eq!(bytes["receive"], endpoint["bytes_received"].as_i64().expect("a number"));
    assert_eq!(bytes["transmit"], endpoint["bytes_sent"].as_i64().expect("a number"));
    assert_eq!(sum(&counted(last, "shakedown.iterations")), 300);

    let [duration] = durations(last).try_into().expect("one series");
    assert_eq!((duration.count, duration.bucket_counts.iter().sum::<u64>()), (300, 300));
    for (sent, told) in
        [(duration.min, "min_us"), (duration.max, "max_us"), (duration.sum, "sum_us")]
    {
        let (sent, told) = (sent.expect("there are values"), &endpoint["duration"][told]);
        let told = told.as_f64().expect("microseconds") / 1e6;
        assert!((sent - told).abs() < 1e-9, "{sent} and {told}");
    }
    assert!(duration.start_time_unix_nano < duration.time_unix_nano);
    for (key, value) in [
        ("http.request.method", "GET"),
        ("url.template", "/"),
        ("server.address", "127.0.0.1"),
        ("server.port", &server.address.port().to_string()),
        ("shakedown.scenario", "load"),
    ] {
        assert_eq!(attribute(&duration.attributes, key).as_deref(), Some(value), "{key}");
    }
    let resource = last.resource_metrics[0].resource.as_ref().expect("who it is from");
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("shakedown"));
    let target = attribute(&resource.attributes, "shakedown.target");
    assert_eq!(target.as_deref(), Some(server.url().as_str()));
    assert!(attribute(&resource.attributes, "shakedown.run.id").is_some());

    // Examples of the distribution, and spans, are the exchanges that the report keeps.
    let kept = kept(&report);
    let examples: BTreeSet<_> = duration
        .exemplars
        .iter()
        .map(|example| (hex(&example.trace_id), hex(&example.span_id)))
        .collect();
    let spans = spans(&receiver);
    let ids: BTreeSet<_> =
        spans.iter().map(|span| (hex(&span.trace_id), hex(&span.span_id))).collect();
    assert!(kept.len() >= 10);
    assert_eq!(examples, ids);
    assert!(kept.is_subset(&ids), "{kept:?} in {ids:?}");
    for span in &spans {
        assert_eq!((span.kind(), span.name.as_str()), (SpanKind::Client, "GET /"));
        assert!(
            span.start_time_unix_nano < span.end_time_unix_nano && span.parent_span_id.is_empty()
        );
        let within = span.start_time_unix_nano..=span.end_time_unix_nano;
        assert!(span.events.iter().all(|event| within.contains(&event.time_unix_nano)));
        assert!(span.events.iter().any(|event| event.name == "wait"), "{:?}", span.events);
        assert_eq!(attribute(&span.attributes, "url.full"), Some(server.url()));
    }
}

#[test]
fn failures_have_a_type_and_their_spans_an_error() {
    let server = Receiver::start(|_, _| answer("503 Busy", "text/plain", b"busy"));
    let receiver = Receiver::willing();
    let (_, report) = load(
        &server.url(),
        &["-n", "40", "-c", "2", "--trace=100%", "--otlp", &receiver.url()],
        &[],
    );
    assert_eq!(report["endpoints"][0]["failed"], 40);
    let metrics = metrics(&receiver);
    let last = metrics.last().expect("at least at the end");
    let requests = counted(last, "shakedown.http.requests");
    assert_eq!(attribute(&requests[0].attributes, "error.type").as_deref(), Some("503"));
    assert_eq!(sum(&counted(last, "shakedown.http.failures")), 40);
    let spans = spans(&receiver);
    assert_eq!(spans.len(), 40, "each error is kept");
    for span in spans {
        assert_eq!(attribute(&span.attributes, "error.type").as_deref(), Some("503"));
        assert_eq!(span.status.map(|status| status.code), Some(2));
    }
}

#[test]
fn json_and_gzip_are_taken_by_choice_of_the_standard_variables() {
    let (server, receiver) = (
        TestServer::plain(Keep::Alive),
        Receiver::start(|_, _| answer("200 OK", "application/json", b"{}")),
    );
    let url = receiver.url();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter22hunter22"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
        ),
        ("OTEL_SERVICE_NAME", "nightly"),
    ];
    let (output, report) =
        load(&server.url(), &["-n", "50", "--trace=100%", "--otlp", "env"], &environment);
    let all = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&all).contains("hunter22"), "a key is not shown");
    let received = receiver.at("/v1/metrics");
    let last = received.last().expect("at least at the end");
    assert_eq!(last.header("content-encoding"), Some("gzip"));
    assert_eq!(last.header("content-type"), Some("application/json"));
    assert_eq!(last.header("x-key"), Some("hunter22hunter22"));
    let tree: Value = serde_json::from_slice(&last.body).expect("JSON");
    let resource = &tree["resourceMetrics"][0];
    let names = resource["resource"]["attributes"].as_array().expect("a list");
    assert!(
        names
            .iter()
            .any(|it| it["key"] == "service.name" && it["value"]["stringValue"] == "nightly")
    );
    let metrics = resource["scopeMetrics"][0]["metrics"].as_array().expect("a list");
    let named = |name: &str| metrics.iter().find(|metric| metric["name"] == name).expect("there");
    let duration = &named("http.client.request.duration")["exponentialHistogram"];
    assert_eq!(duration["aggregationTemporality"], 2);
    let point = &duration["dataPoints"][0];
    // 64-bit numbers are texts, ids are hexadecimal.
    assert_eq!(point["count"], "50");
    let buckets = point["positive"]["bucketCounts"].as_array().expect("a list");
    let count = |value: &Value| value.as_str().expect("a text").parse::<u64>().expect("a number");
    assert_eq!(buckets.iter().map(count).sum::<u64>(), 50);
    let kept = kept(&report);
    let examples = point["exemplars"].as_array().expect("a list");
    let id = |example: &Value, key: &str| example[key].as_str().expect("digits").to_owned();
    let ids: BTreeSet<_> =
        examples.iter().map(|it| (id(it, "traceId"), id(it, "spanId"))).collect();
    assert!(kept.is_subset(&ids), "{kept:?} in {ids:?}");
    for example in examples {
        assert!(example["asDouble"].as_f64().is_some_and(|seconds| seconds > 0.0), "{example}");
    }
}

#[test]
fn deltas_add_up_to_the_report() {
    let (server, receiver) = (TestServer::plain(Keep::Alive), Receiver::willing());
    let environment = [
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ];
    let args = ["-z", "3s", "-q", "100", "--otlp", &receiver.url()];
    let (_, report) = load(&server.url(), &args, &environment);
    let metrics = metrics(&receiver);
    assert!(metrics.len() >= 2, "{}", metrics.len());
    let total: i64 =
        metrics.iter().map(|message| sum(&counted(message, "shakedown.http.requests"))).sum();
    assert_eq!(Some(total), report["endpoints"][0]["requests"].as_i64());
    for message in &metrics {
        let Data::Sum(sum) = data(message, "shakedown.http.requests") else { panic!("a sum") };
        assert_eq!(sum.aggregation_temporality, i32::from(AggregationTemporality::Delta));
    }
    let mut spans: Vec<_> = metrics
        .iter()
        .flat_map(durations)
        .map(|point| (point.start_time_unix_nano, point.time_unix_nano))
        .collect();
    spans.sort_unstable();
    assert!(
        spans.windows(2).all(|pair| pair[0].1 <= pair[1].0),
        "no time is told twice: {spans:?}"
    );
}

/// Warnings of the report.
fn warnings(report: &Value) -> String {
    report["errors"].to_string()
}

#[test]
fn a_receiver_that_is_gone_fails_nothing_and_is_told() {
    let server = TestServer::plain(Keep::Alive);
    // A port that was free a moment ago, and that nobody listens on.
    let gone =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let otlp = format!("http://user:hunter22hunter22@{gone}");
    let write = format!("http://{gone}/api/v1/write");
    let (output, report) =
        load(&server.url(), &["-n", "20", "--otlp", &otlp, "--prometheus-rw", &write], &[]);
    let told = warnings(&report);
    assert_eq!(told.matches("1 of 1 sending not delivered").count(), 2, "{told}");
    assert!(told.contains(&format!("http://{gone}/v1/metrics")), "{told}");
    let all = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&all).contains("hunter22"), "a password is not shown");
}

#[test]
fn who_is_busy_is_asked_again_and_who_refuses_is_not() {
    let server = TestServer::plain(Keep::Alive);
    let busy = Receiver::start(|number, _| match number {
        0 => b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".to_vec(),
        _ => answer("200 OK", "application/x-protobuf", b""),
    });
    let (_, report) = load(&server.url(), &["-n", "20", "--otlp", &busy.url()], &[]);
    assert_eq!(busy.received().len(), 2);
    assert!(!warnings(&report).contains("export"), "{}", warnings(&report));

    let strict = Receiver::start(|_, _| answer("401 Unauthorized", "text/plain", b"no such key"));
    let (_, report) = load(&server.url(), &["-n", "20", "--otlp", &strict.url()], &[]);
    assert_eq!(strict.received().len(), 1);
    assert!(warnings(&report).contains("status 401: no such key"), "{}", warnings(&report));

    let partial = ExportMetricsServiceResponse {
        partial_success: Some(ExportMetricsPartialSuccess {
            rejected_data_points: 7,
            error_message: "too old".to_owned(),
        }),
    };
    let body = partial.encode_to_vec();
    let picky = Receiver::start(move |_, _| answer("200 OK", "application/x-protobuf", &body));
    let (_, report) = load(&server.url(), &["-n", "20", "--otlp", &picky.url()], &[]);
    assert!(warnings(&report).contains("7 data points refused; the last: too old"));
}

#[test]
fn a_plan_says_where_with_secrets_that_nobody_sees() {
    let (server, receiver) = (TestServer::plain(Keep::Alive), Receiver::willing());
    let dir = tempfile::tempdir().expect("a directory");
    let text = format!(
        "version: 1\ntarget: {}\nsecrets: {{ KEY: {{ env: EXPORT_KEY }} }}\n\
         requests: {{ r: {{ get: / }} }}\nflows: {{ f: [ {{ use: r }} ] }}\n\
         scenarios: {{ s: {{ executor: shared-iterations, exec: f, vus: 2, iterations: 10, maxDuration: 1m }} }}\n\
         export:\n  - otlp:\n      endpoint: {}\n      headers: {{ api-key: \"${{secrets.KEY}}\" }}\n\
         \x20     resource: {{ deployment.environment: test }}\n",
        server.url(),
        receiver.url()
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let run = |command: &[&str]| {
        let output = shakedown()
            .args(command)
            .arg(&plan)
            .env("EXPORT_KEY", "hunter22hunter22")
            .output()
            .expect("the binary can be started");
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert!(!told.contains("hunter22"), "{told}");
    };
    run(&["load", "--json"]);
    run(&["validate"]);
    let received = receiver.at("/v1/metrics");
    let last = received.last().expect("at least at the end");
    assert_eq!(last.header("api-key"), Some("hunter22hunter22"));
    let message = ExportMetricsServiceRequest::decode(&*last.body).expect("the schema's");
    let resource = message.resource_metrics[0].resource.as_ref().expect("who it is from");
    let environment = attribute(&resource.attributes, "deployment.environment");
    assert_eq!(environment.as_deref(), Some("test"));
}
