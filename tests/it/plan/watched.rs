//! The plan's `trace` and `export`.

use std::time::Duration;

use shakedown::model::Compression;
use shakedown::model::Export;
use shakedown::model::HistogramForm;
use shakedown::model::OtlpEncoding;
use shakedown::model::OtlpExport;
use shakedown::model::RemoteWriteExport;
use shakedown::model::Temporality;
use shakedown::plan::Plan;

use super::resolve;

const BASE: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";

fn plan(text: &str) -> Plan {
    resolve(&format!("{BASE}{text}")).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn told(text: &str) -> String {
    resolve(&format!("{BASE}{text}")).expect_err("wrong").render(false)
}

#[test]
fn a_trace_is_a_share_or_says_where_it_is_looked_at() {
    let share = |text: &str| plan(text).trace.map(|tracing| tracing.share);
    assert_eq!(share(""), None);
    assert_eq!(share("trace: 5%"), Some(0.05));
    assert_eq!(share("trace: 0.05"), Some(0.05));
    assert_eq!(share("trace: {}"), Some(0.01));
    let tracing = plan("trace: { sample: 0%, link: 'https://apm.example/{trace_id}' }").trace;
    let tracing = tracing.expect("traced");
    assert!(tracing.share.abs() < f64::EPSILON);
    let link = tracing.link.expect("a template");
    assert_eq!(link.of("4bf9"), "https://apm.example/4bf9");
}

#[test]
fn an_export_is_an_address_or_all_that_can_be_said_of_it() {
    let short = plan(
        "export: [ { otlp: 'http://127.0.0.1:4318/' }, { prometheus_rw: 'http://127.0.0.1:9090/w' } ]",
    );
    let expected = [
        Export::Otlp(OtlpExport::to("http://127.0.0.1:4318")),
        Export::RemoteWrite(RemoteWriteExport::to("http://127.0.0.1:9090/w")),
    ];
    assert_eq!(short.exports, expected);
    let long = plan(
        "export:\n  - otlp:\n      endpoint: http://127.0.0.1:4318\n      \
         traces_endpoint: http://127.0.0.1:4319/spans\n      headers: { x-team: shop }\n      \
         protocol: http/json\n      compression: gzip\n      temporality: delta\n      \
         histograms: exponential\n      resource: { service.name: nightly }\n      timeout: 2s\n      \
         interval: 1s\n  - prometheus_rw: { url: 'http://127.0.0.1:9090/w', labels: { team: shop } }\n",
    );
    let [Export::Otlp(otlp), Export::RemoteWrite(write)] = long.exports.as_slice() else {
        panic!("{:?}", long.exports)
    };
    assert_eq!(otlp.metrics, "http://127.0.0.1:4318/v1/metrics");
    assert_eq!(otlp.traces, "http://127.0.0.1:4319/spans");
    assert_eq!(
        (otlp.encoding, otlp.compression, otlp.temporality, otlp.histograms),
        (OtlpEncoding::Json, Compression::Gzip, Temporality::Delta, HistogramForm::Exponential)
    );
    assert_eq!(otlp.resource, [("service.name".to_owned(), "nightly".to_owned())]);
    let delivery = &otlp.delivery;
    assert_eq!(
        (delivery.timeout, delivery.interval),
        (Duration::from_secs(2), Duration::from_secs(1))
    );
    assert!(delivery.headers[0].is("x-team"));
    assert_eq!(write.labels, [("team".to_owned(), "shop".to_owned())]);
}

#[test]
fn every_mistake_is_told() {
    for (text, said) in [
        ("trace: 2", "`2` is no share"),
        ("trace: { sampel: 1% }", "did you mean `sample`"),
        ("trace: { link: 'https://apm.example/' }", "{trace_id}"),
        ("export: [ { otlp: 'collector:4318' } ]", "no address like"),
        ("export: [ { otlp: {} } ]", "needs `endpoint`"),
        (
            "export: [ { otlp: { endpoint: 'http://h', protocol: grpc } } ]",
            "unknown protocol `grpc`",
        ),
        (
            "export: [ { otlp: { endpoint: 'http://h', headers: { 'a b': c } } } ]",
            "not a header name",
        ),
        ("export: [ { otlp: { endpoint: 'http://h', ca_file: none.pem } } ]", "is not a file"),
        ("export: [ { prometheus_rw: { labels: {} } } ]", "needs `url`"),
        (
            "export: [ { prometheus_rw: { url: 'http://h', labels: { a-b: c } } } ]",
            "no name of a label",
        ),
        ("export: [ {} ]", "needs `otlp` or `prometheus_rw`"),
        ("export: [ { influx: 'http://h' } ]", "unknown key `influx`"),
        ("outputs: [ { otlp: 'http://h' } ]", "it is sent while the run goes on"),
    ] {
        let told = told(text);
        let flat: String =
            told.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(flat.contains(said), "{text}: {told}");
    }
}
