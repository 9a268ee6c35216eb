//! Endpoints as a table for spreadsheets: one row per request of a scenario, times in milliseconds.

use std::time::Duration;

use crate::model::EndpointReport;
use crate::model::MessageTally;
use crate::model::PhaseKind;
use crate::model::Report;
use crate::model::inert;

use super::figures::columns;
use super::figures::share;

const STATISTICS: [&str; 9] =
    ["avg", "min", "med", "p(90)", "p(95)", "p(99)", "p(99.9)", "p(99.99)", "max"];

/// The table with a header line, RFC 4180.
pub(super) fn csv(report: &Report) -> Vec<u8> {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    let infallible = "writing records of one length into memory cannot fail";
    writer.write_record(header()).expect(infallible);
    for endpoint in &report.endpoints {
        writer.write_record(row(endpoint, report.load_elapsed)).expect(infallible);
    }
    writer.into_inner().expect(infallible)
}

fn header() -> Vec<String> {
    let mut names: Vec<String> = [
        "scenario",
        "request",
        "method",
        "path_template",
        "url",
        "requests",
        "requests_per_second",
        "failed",
        "failed_rate",
        "bytes_sent",
        "bytes_received",
        "connections",
    ]
    .map(str::to_owned)
    .to_vec();
    for trend in ["http_req_latency", "http_req_duration"] {
        names.extend(STATISTICS.map(|statistic| format!("{trend} {statistic}")));
    }
    names.extend(PhaseKind::ALL.map(|kind| format!("{} p(95)", kind.metric())));
    names.extend(["sessions", "messages_sent", "messages_received"].map(str::to_owned));
    names.extend(STATISTICS.map(|statistic| format!("message_latency {statistic}")));
    names.extend(["ws_connecting p(95)", "ws_session_duration p(95)"].map(str::to_owned));
    names
}

fn row(endpoint: &EndpointReport, elapsed: Duration) -> Vec<String> {
    let (meta, total) = (&endpoint.meta, &endpoint.total);
    let mut cells: Vec<String> =
        [&meta.scenario, &meta.request, &meta.method, &meta.path_template, &meta.url]
            .map(|text| no_formula(text))
            .to_vec();
    let seconds = elapsed.as_secs_f64();
    let rate = if seconds > 0.0 { total.requests as f64 / seconds } else { 0.0 };
    cells.extend([
        total.requests.to_string(),
        rate.to_string(),
        total.failed.to_string(),
        share(total.failed, total.requests).to_string(),
        total.bytes_sent.to_string(),
        total.bytes_received.to_string(),
        total.connections.to_string(),
    ]);
    for trend in [&total.latency, &total.duration] {
        let values = columns(trend).map(|values| values.map(Some)).unwrap_or_default();
        cells.extend(values.map(millis));
    }
    cells.extend(total.phases.iter().map(|phase| millis(phase.quantile(0.95))));
    cells.extend(messages(total.messages.as_deref()));
    cells
}

/// Empty cells where exchanges carry no messages.
fn messages(messages: Option<&MessageTally>) -> [String; 14] {
    let Some(messages) = messages else { return Default::default() };
    let latency = columns(&messages.latency).map(|values| values.map(Some)).unwrap_or_default();
    let [avg, min, med, p90, p95, p99, p999, p9999, max] = latency.map(millis);
    [
        messages.sessions.to_string(),
        messages.sent.to_string(),
        messages.received.to_string(),
        avg,
        min,
        med,
        p90,
        p95,
        p99,
        p999,
        p9999,
        max,
        millis(messages.connecting.quantile(0.95)),
        millis(messages.session_duration.quantile(0.95)),
    ]
}

/// Empty when there was nothing to measure.
fn millis(value: Option<Duration>) -> String {
    value.map(|value| (value.as_micros() as f64 / 1e3).to_string()).unwrap_or_default()
}

/// Foreign text is cut to this many characters: spreadsheets take no more in a cell.
const TEXT: usize = 32_000;

/// Foreign text as text: a spreadsheet runs cells that begin like a formula, an apostrophe makes
/// them text. See <https://owasp.org/www-community/attacks/CSV_Injection>, which names the wide
/// forms of the characters too.
fn no_formula(text: &str) -> String {
    let text = inert(text, TEXT);
    if text.starts_with(['=', '+', '-', '@', '\'', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text
    }
}
