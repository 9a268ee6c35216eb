//! `Server-Timing` (<https://www.w3.org/TR/server-timing/>) and the headers that came before it.

use std::time::Duration;

use super::super::text::inert;
use super::ServerTime;

/// Parts of one response at most: what a page shows a browser's tools can be hundreds.
const PARTS: usize = 12;

/// Characters of a name.
const NAME: usize = 32;

/// Longer than any request that a load waits for; what a server claims beyond is no time.
const LONGEST_MS: f64 = 3_600_000.0;

/// Names of the whole, in lower case; the parts are within it.
const WHOLE: [&str; 5] = ["total", "request", "response-time", "runtime", "upstream-service-time"];

/// Adds what a header tells.
pub(super) fn read(name: &[u8], value: &str, parts: &mut Vec<ServerTime>) {
    match name {
        b"server-timing" => list(value, parts),
        // Rack: seconds.
        b"x-runtime" => add("runtime", plain(value, 1_000.0), parts),
        // Express and others: `12ms`, or milliseconds.
        b"x-response-time" => add("response-time", plain(value, 1.0), parts),
        // Envoy: milliseconds.
        b"x-envoy-upstream-service-time" => {
            add("upstream-service-time", plain(value, 1.0), parts);
        }
        // Fastly: `S1512081234.3,VS0,VE13`, the last is the milliseconds until the response ended.
        b"x-timer" => {
            let end = value.split(',').find_map(|part| part.trim().strip_prefix("VE"));
            add("edge", end.and_then(|end| plain(end, 1.0)), parts);
        }
        _ => {}
    }
}

/// The server's whole time.
pub(super) fn total(parts: &[ServerTime]) -> Option<Duration> {
    let whole = parts.iter().filter(|part| is_whole(&part.name)).map(|part| part.took).max();
    whole.or_else(|| (!parts.is_empty()).then(|| parts.iter().map(|part| part.took).sum()))
}

/// Whether a part is the whole.
pub(super) fn is_whole(name: &str) -> bool {
    WHOLE.iter().any(|whole| name.eq_ignore_ascii_case(whole))
}

/// `db;dur=53.2;desc="a, b", app;dur=4`: commas and semicolons within quotes are text.
fn list(value: &str, parts: &mut Vec<ServerTime>) {
    for entry in split(value, ',') {
        let mut fields = split(entry, ';');
        let name = fields.next().unwrap_or_default().trim();
        let duration = fields.find_map(|field| {
            let (key, value) = field.split_once('=')?;
            key.trim().eq_ignore_ascii_case("dur").then(|| value.trim().trim_matches('"'))
        });
        add(name, duration.and_then(|text| plain(text, 1.0)), parts);
    }
}

fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
}

/// A number with or without a unit, as milliseconds; `scale` is what a bare one is multiplied by.
fn plain(text: &str, scale: f64) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let scale = match text[end..].trim() {
        "" => scale,
        "us" | "µs" => 1e-3,
        "ms" => 1.0,
        "s" => 1_000.0,
        _ => return None,
    };
    Some(number * scale)
}

fn add(name: &str, milliseconds: Option<f64>, parts: &mut Vec<ServerTime>) {
    let Some(milliseconds) = milliseconds.filter(|it| (0.0..=LONGEST_MS).contains(it)) else {
        return;
    };
    if name.is_empty() || parts.len() == PARTS {
        return;
    }
    let name = inert(name, NAME);
    let took = Duration::from_secs_f64(milliseconds / 1e3);
    // A server behind a server: each tells its own, under the same name.
    match parts.iter_mut().find(|part| part.name == name) {
        Some(part) => part.took = part.took.max(took),
        None => parts.push(ServerTime { name, took }),
    }
}
