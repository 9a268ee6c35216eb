//! What stands in `reports/` is what the program writes today.

use std::fs;
use std::path::Path;

use shakedown::format;
use shakedown::model::OutputKind;
use shakedown::report::{Style, render, summary};

use crate::fixtures::rich_report;

/// Compares a committed file with what would be written now; writes it when asked to.
fn assert_current(name: &str, content: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports").join(name);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().expect("it has one")).expect("the folder can be made");
        fs::write(&path, content).expect("the file can be written");
        return;
    }
    let committed = fs::read(&path).unwrap_or_default();
    assert!(
        committed == content,
        "reports/{name} is stale; run `UPDATE_GENERATED=1 cargo test --test it report_generated`, \
         then read the difference"
    );
}

fn indented(schema: &serde_json::Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(schema).expect("keys are strings");
    bytes.push(b'\n');
    bytes
}

#[test]
fn schemas_are_current() {
    assert_current("report.schema.json", &indented(&format::report::schema()));
    assert_current("events.schema.json", &indented(&format::events::schema()));
    assert_current("comparison.schema.json", &indented(&format::comparison::schema()));
}

#[test]
fn examples_are_current() {
    let report = rich_report();
    for (kind, name) in [
        (OutputKind::Json, "example.json"),
        (OutputKind::Html, "example.html"),
        (OutputKind::Markdown, "example.md"),
        (OutputKind::Sarif, "example.sarif"),
        (OutputKind::Junit, "example.xml"),
        (OutputKind::Csv, "example.csv"),
        (OutputKind::GitlabLoad, "example.load-performance.json"),
        (OutputKind::GitlabMetrics, "example.metrics.txt"),
        (OutputKind::GitlabDast, "example.gl-dast-report.json"),
        (OutputKind::Har, "example.har"),
    ] {
        assert_current(name, &render(kind, &report).expect("it renders"));
    }
    let style = Style { color: false, unicode: true, width: 100, unit: None };
    assert_current("example.txt", summary(&report, style).as_bytes());
}
