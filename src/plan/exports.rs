//! `export`: where figures are sent while the run goes on. These addresses are the user's choice and
//! are not under test: the scope does not judge them.

use super::document::Entry;
use super::document::Node;
use super::document::Value;
use super::reader::Fields;
use super::reader::Keys;
use super::reader::Reader;
use super::requests;
use crate::model::Compression;
use crate::model::Delivery;
use crate::model::Export;
use crate::model::HistogramForm;
use crate::model::OtlpEncoding;
use crate::model::OtlpExport;
use crate::model::RemoteWriteExport;
use crate::model::Temporality;

pub(super) const EXPORT: Keys =
    Keys { of: "an export", known: &["otlp", "prometheus_rw"], later: &[] };

pub(super) const OTLP: Keys = Keys {
    of: "an OTLP export",
    known: &[
        "endpoint",
        "metrics_endpoint",
        "traces_endpoint",
        "headers",
        "protocol",
        "compression",
        "temporality",
        "histograms",
        "resource",
        "timeout",
        "interval",
        "ca_file",
    ],
    later: &[],
};

pub(super) const REMOTE_WRITE: Keys = Keys {
    of: "a remote write",
    known: &["url", "headers", "labels", "timeout", "interval", "ca_file"],
    later: &[],
};

/// Every place of the plan.
pub(super) fn exports(plan: &Fields<'_>, reader: &mut Reader) -> Vec<Export> {
    let Some(node) = plan.get("export") else { return Vec::new() };
    let mut exports = Vec::new();
    for item in reader.list(node, "places, each `{ otlp: … }` or `{ prometheus_rw: … }`") {
        let Some(fields) = reader.fields(item, &item.at, &EXPORT) else { continue };
        if fields.entries().is_empty() {
            reader.problem(&item.at, "an export needs `otlp` or `prometheus_rw`");
        }
        for entry in fields.entries() {
            exports.extend(match entry.key.as_str() {
                "otlp" => otlp(entry, reader).map(Export::Otlp),
                "prometheus_rw" => remote_write(entry, reader).map(Export::RemoteWrite),
                // It was reported.
                _ => None,
            });
        }
    }
    exports
}

fn otlp(entry: &Entry, reader: &mut Reader) -> Option<OtlpExport> {
    if !matches!(entry.node.value, Value::Map(_)) {
        return address(&entry.node, reader).map(|base| OtlpExport::to(&base));
    }
    let fields = reader.fields(&entry.node, &entry.key_at, &OTLP)?;
    let mut at = |key: &str| fields.get(key).map(|node| address(node, reader));
    let (base, metrics, traces) = (at("endpoint"), at("metrics_endpoint"), at("traces_endpoint"));
    let mut export = match (&base, &metrics, &traces) {
        (Some(base), ..) => OtlpExport::to(base.as_deref()?),
        (None, Some(_), Some(_)) => OtlpExport::to(""),
        _ => {
            reader.problem_with_help(
                &fields.at,
                "an OTLP export needs `endpoint`",
                "or both `metrics_endpoint` and `traces_endpoint`",
            );
            return None;
        }
    };
    if let Some(metrics) = metrics {
        export.metrics = metrics?;
    }
    if let Some(traces) = traces {
        export.traces = traces?;
    }
    if let Some(node) = fields.get("protocol") {
        let named = (OtlpEncoding::ALL.as_slice(), OtlpEncoding::as_str as fn(_) -> _);
        export.encoding = reader.named(node, "a protocol", "protocol", named)?;
    }
    if let Some(node) = fields.get("compression") {
        let named = (Compression::ALL.as_slice(), Compression::as_str as fn(_) -> _);
        export.compression = reader.named(node, "a compression", "compression", named)?;
    }
    if let Some(node) = fields.get("temporality") {
        let named = (Temporality::ALL.as_slice(), Temporality::as_str as fn(_) -> _);
        export.temporality = reader.named(node, "a temporality", "temporality", named)?;
    }
    if let Some(node) = fields.get("histograms") {
        let named = (HistogramForm::ALL.as_slice(), HistogramForm::as_str as fn(_) -> _);
        export.histograms = reader.named(node, "a form of histograms", "form", named)?;
    }
    export.resource = pairs(&fields, "resource", reader, |_| Ok(()));
    export.delivery = delivery(&fields, reader);
    Some(export)
}

fn remote_write(entry: &Entry, reader: &mut Reader) -> Option<RemoteWriteExport> {
    if !matches!(entry.node.value, Value::Map(_)) {
        return address(&entry.node, reader).map(|url| RemoteWriteExport::to(&url));
    }
    let fields = reader.fields(&entry.node, &entry.key_at, &REMOTE_WRITE)?;
    let url = reader.require(&fields, "url")?;
    let mut export = RemoteWriteExport::to(&address(url, reader)?);
    export.labels = pairs(&fields, "labels", reader, label_name);
    export.delivery = delivery(&fields, reader);
    Some(export)
}

fn address(node: &Node, reader: &mut Reader) -> Option<String> {
    reader.parsed(node, "an address like http://127.0.0.1:4318", |text| {
        Export::check_url(text).map(|()| text.to_owned())
    })
}

fn delivery(fields: &Fields<'_>, reader: &mut Reader) -> Delivery {
    let mut delivery = Delivery::default();
    let headers = pairs(fields, "headers", reader, |_| Ok(()));
    for (name, value) in headers {
        match requests::header(&name, &value) {
            Ok(header) => delivery.headers.push(header),
            Err(message) => {
                let at = fields.entry("headers").map_or(fields.at.clone(), |it| it.key_at.clone());
                reader.problem(&at, message);
            }
        }
    }
    let mut time = |key: &str| fields.get(key).and_then(|node| reader.positive_duration(node));
    delivery.timeout = time("timeout").unwrap_or(delivery.timeout);
    delivery.interval = time("interval").unwrap_or(delivery.interval);
    if let Some(node) = fields.get("ca_file")
        && let Some(name) = reader.text(node, "a PEM file")
    {
        let path = reader.beside(&node.at, name);
        if !path.is_file() {
            reader.problem(&node.at, format!("`{}` is not a file", path.display()));
        }
        delivery.ca_file = Some(path);
    }
    delivery
}

/// Names and values under `key`.
fn pairs(
    fields: &Fields<'_>,
    key: &str,
    reader: &mut Reader,
    judge: impl Fn(&str) -> Result<(), String>,
) -> Vec<(String, String)> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let mut pairs = Vec::new();
    for entry in reader.entries(node, key).unwrap_or_default() {
        if let Err(message) = judge(&entry.key) {
            reader.problem(&entry.key_at, message);
        }
        if let Some(value) = reader.text(&entry.node, "a text") {
            pairs.push((entry.key.clone(), value.to_owned()));
        }
    }
    pairs
}

fn label_name(name: &str) -> Result<(), String> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if starts && fits && !name.starts_with("__") {
        return Ok(());
    }
    Err(format!("`{name}` is no name of a label: letters, digits and `_`, and no digit first"))
}
