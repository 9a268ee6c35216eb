//! Prometheus remote write, read by a schema that is not ours to write with.

use std::collections::BTreeMap;

use prost_reflect::DescriptorPool;
use prost_reflect::DynamicMessage;
use serde_json::Value;

use crate::export_receiver::Receiver;
use crate::load_server::Keep;
use crate::load_server::TestServer;
use crate::program::shakedown;

/// As the specification has it: <https://prometheus.io/docs/specs/prw/remote_write_spec/>.
const SCHEMA: &str = r#"
syntax = "proto3";
package prometheus;
message WriteRequest { repeated TimeSeries timeseries = 1; reserved 2; repeated MetricMetadata metadata = 3; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; }
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; }
message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
message MetricMetadata {
  enum MetricType { UNKNOWN = 0; COUNTER = 1; GAUGE = 2; HISTOGRAM = 3; }
  MetricType type = 1; string metric_family_name = 2; string help = 4; string unit = 5;
}
"#;

fn schema() -> DescriptorPool {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("remote.proto"), SCHEMA).expect("writable");
    let mut compiler = protox::Compiler::new([dir.path()]).expect("an include path");
    compiler.open_file("remote.proto").expect("well-formed");
    compiler.descriptor_pool()
}

/// The message as JSON; nothing of it is unknown to the schema.
fn decode(body: &[u8]) -> Value {
    let plain = snap::raw::Decoder::new().decompress_vec(body).expect("snappy's block format");
    let descriptor = schema().get_message_by_name("prometheus.WriteRequest").expect("there");
    let message = DynamicMessage::decode(descriptor, &*plain).expect("the schema's");
    assert_eq!(unknown(&message), 0);
    serde_json::to_value(&message).expect("a message has a JSON form")
}

/// Fields that the schema does not have, however deep.
fn unknown(message: &DynamicMessage) -> usize {
    let inner = message.fields().map(|(_, value)| match value {
        prost_reflect::Value::List(items) => {
            items.iter().filter_map(|item| item.as_message()).map(unknown).sum()
        }
        _ => 0,
    });
    inner.sum::<usize>() + message.unknown_fields().count()
}

type Labels = BTreeMap<String, String>;

fn labels(series: &Value) -> Labels {
    let labels = series["labels"].as_array().expect("a list");
    let pairs: Vec<(String, String)> = labels
        .iter()
        .map(|label| {
            let text = |key: &str| label[key].as_str().expect("a text").to_owned();
            (text("name"), text("value"))
        })
        .collect();
    assert!(pairs.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, each once: {pairs:?}");
    pairs.into_iter().collect()
}

fn value(series: &Value) -> f64 {
    match &series["samples"][0]["value"] {
        Value::Null => 0.0,
        number => number.as_f64().expect("a number"),
    }
}

#[test]
fn series_are_those_of_the_report_in_prometheus_s_form() {
    let (server, receiver) = (TestServer::plain(Keep::Alive), Receiver::willing());
    let url = format!("{}/api/v1/write", receiver.url());
    let output = shakedown()
        .args(["load", &server.url(), "--json", "-n", "200", "-c", "4", "--trace=100%"])
        .args(["--prometheus-rw", &url])
        .output()
        .expect("the binary can be started");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let received = receiver.at("/api/v1/write");
    let last = received.last().expect("at least at the end");
    assert_eq!(last.header("content-encoding"), Some("snappy"));
    assert_eq!(last.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(last.header("x-prometheus-remote-write-version"), Some("0.1.0"));
    let message = decode(&last.body);
    let all = message["timeseries"].as_array().expect("a list");
    let named = |name: &str| -> Vec<(Labels, f64, &Value)> {
        let series = all.iter().map(|series| (labels(series), value(series), series));
        series.filter(|(labels, ..)| labels["__name__"] == name).collect()
    };
    let requests = named("http_reqs_total");
    let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
    assert!(requests.len() == 1 && near(requests[0].1, 200.0), "{requests:?}");
    assert_eq!(requests[0].0["status"], "200");
    for (label, value) in
        [("job", "shakedown"), ("method", "GET"), ("path", "/"), ("scenario", "load")]
    {
        assert_eq!(requests[0].0[label], value, "{label}");
    }
    let endpoint = &report["endpoints"][0];
    let received = named("data_received_bytes_total")[0].1;
    assert_eq!(Some(received), endpoint["bytes_received"].as_f64());

    let buckets = named("http_req_duration_seconds_bucket");
    let counts: Vec<f64> = buckets.iter().map(|(_, count, _)| *count).collect();
    assert!(counts.windows(2).all(|pair| pair[0] <= pair[1]), "{counts:?}");
    let (end, count, _) = buckets.last().expect("there are buckets");
    assert!(end["le"] == "+Inf" && near(*count, 200.0), "{end:?} {count}");
    assert!(near(named("http_req_duration_seconds_count")[0].1, 200.0));
    let sum = named("http_req_duration_seconds_sum")[0].1;
    let told = endpoint["duration"]["sum_us"].as_f64().expect("microseconds") / 1e6;
    assert!(near(sum, told), "{sum} and {told}");

    let kept = endpoint["exemplars"].as_array().expect("a list");
    let examples: Vec<&Value> = buckets
        .iter()
        .filter_map(|(.., series)| series["exemplars"].as_array())
        .flatten()
        .collect();
    assert!(kept.len() >= 10 && examples.len() >= kept.len(), "each is in one bucket");
    for (labels, _, series) in &buckets {
        let bound: f64 = if labels["le"] == "+Inf" {
            f64::INFINITY
        } else {
            labels["le"].parse().expect("a bound")
        };
        for example in series["exemplars"].as_array().into_iter().flatten() {
            assert!(example["value"].as_f64().expect("seconds") <= bound);
        }
    }
}
