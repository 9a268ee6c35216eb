//! The plan's `trace`, `under_load` and `export`.

use std::time::Duration;

use shakedown::model::Compression;
use shakedown::model::Export;
use shakedown::model::HistogramForm;
use shakedown::model::OtlpEncoding;
use shakedown::model::OtlpExport;
use shakedown::model::RemoteWriteExport;
use shakedown::model::Temporality;
use shakedown::plan::Plan;
use shakedown::plan::Watched;

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
fn what_is_looked_for_under_load_is_asked_for_by_name() {
    let none = Watched::default();
    assert_eq!(plan("").watched, none);
    assert!(!none.is_any());
    let watched = plan("under_load: { watch: [leaks, posture], sample: 5% }").watched;
    assert_eq!(watched, Watched { leaks: true, posture: true, every: 20, ..none });
    let marked = "requests: { a: { get: /, headers: { X-Member: '${canary}' } } }\n";
    let bleed = plan(&format!("{marked}under_load: {{ watch: [bleed] }}")).watched;
    assert_eq!(bleed, Watched { bleed: true, ..none });
    let refused = plan(
        "requests: { a: { get: / }, b: { get: /b, checks: [ { status: 403 } ] } }\n\
         under_load: { refused: [b, a] }",
    );
    assert_eq!((refused.watched.refused, refused.refused.as_slice()), (true, [1, 0].as_slice()));
    // Being refused is no failure of theirs.
    let expected = |at: usize| refused.requests[at].expected_statuses.clone();
    assert!(expected(0).contains(&401) && !expected(0).contains(&200));
    assert_eq!(expected(1), [403]);
    // Load that looks for something may have a gate on what it finds.
    let gate = "thresholds: { findings: [ 'count==0' ] }";
    assert!(told(gate).contains("comes from a scan"));
    let watching = "under_load: { watch: [leaks] }\n";
    assert!(told(&format!("{watching}{gate}")).contains("comes from a scan"), "nothing is sent");
    let load = "requests: { a: { get: / } }\nflows: { f: [ { use: a } ] }\n\
        scenarios: { s: { executor: constant-vus, exec: f, vus: 1, duration: 1s } }\n";
    assert_eq!(plan(&format!("{load}{watching}{gate}")).thresholds.len(), 1);
    let burden = "under_load: { collateral: [b] }\n";
    let load = load.replace("{ a: { get: / } }", "{ a: { get: / }, b: { get: /b } }");
    let burdened = plan(&format!("{load}{burden}{gate}"));
    assert!(burdened.watches_load() && !burdened.watched.is_any());
    assert_eq!((burdened.burden.as_slice(), burdened.thresholds.len()), ([1].as_slice(), 1));
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
        ("under_load: {}", "without `watch`, `refused` and `collateral` looks for nothing"),
        ("under_load: { watch: [leeks] }", "did you mean `leaks`"),
        ("under_load: { watch: [leaks], sample: 0% }", "with a share of 0"),
        ("under_load: { watch: [bleed] }", "no request has one"),
        ("under_load: { refused: [] }", "looks for nothing"),
        ("under_load: { collateral: [] }", "looks for nothing"),
        ("requests: { a: { get: / } }\nunder_load: { collateral: [b] }", "unknown request `b`"),
        ("requests: { a: { get: / } }\nunder_load: { collateral: [a] }", "names all requests"),
        (
            "requests: { a: { get: /, redirects: 3 } }\nunder_load: { refused: [a] }",
            "give it `redirects: 0`",
        ),
        (
            "requests: { a: { get: /, checks: [ { status: 200 } ] } }\nunder_load: { refused: [a] }",
            "expect a status from 200 to 299",
        ),
        ("requests: { a: { get: / } }\nunder_load: { refused: [b] }", "unknown request `b`"),
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
