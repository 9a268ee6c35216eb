//! What a web server logged: which requests, how often, and how many a second.

mod line;

use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::address;
use super::error::ImportError;
use super::format::Format;
use super::operation::{Imported, METHODS, Operation, Order, Sample, Scenario};
use super::options::Options;
use super::text::Text;
use crate::model::grouped;
use crate::model::stateless_shape;
use line::Line;

/// Requests of the plan: the most frequent ones.
const MAX_REQUESTS: usize = 200;
/// So many are there whatever their share; behind them one in so many lines is a kind of its own.
const ALWAYS: usize = 20;
const RARE: u64 = 2_000;
/// Kinds of requests that are counted.
const MAX_SHAPES: usize = 50_000;
/// A longer line is no request.
const MAX_LINE: u64 = 64 << 10;
/// Lines that are told of.
const LINES_TOLD: usize = 10;

/// Whether a line is of a log.
pub(super) fn is_line(text: &str) -> bool {
    line::parse(text).is_some()
}

/// Whether a JSON object is a line of a log.
pub(super) fn is_json(map: &Map<String, Value>) -> bool {
    line::is_json(map)
}

/// One kind of request.
struct Shape {
    example: Line,
    count: u64,
}

#[derive(Default)]
struct Tally {
    shapes: HashMap<String, Shape>,
    lines: u64,
    refused: u64,
    uncounted: u64,
    bad: Vec<usize>,
    bad_count: u64,
    methods: HashMap<String, u64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    minutes: HashMap<i64, u64>,
}

/// Reads a log of any length, line by line.
pub(super) fn import(
    name: &str,
    mut log: impl BufRead,
    options: &Options,
) -> Result<Imported, ImportError> {
    let mut tally = Tally::default();
    let unreadable =
        |source| ImportError::Unreadable { path: std::path::PathBuf::from(name), source };
    let mut number = 0;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let read =
            log.by_ref().take(MAX_LINE).read_until(b'\n', &mut buffer).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        number += 1;
        let is_whole = buffer.ends_with(b"\n") || (read as u64) < MAX_LINE;
        let text = String::from_utf8_lossy(&buffer);
        let text = text.trim_start_matches('\u{feff}').trim();
        if !text.is_empty() && !text.starts_with('#') {
            tally.take(number, if is_whole { line::parse(text) } else { None });
        }
        if !is_whole {
            skip_line(&mut log).map_err(unreadable)?;
        }
    }
    Ok(tally.into_imported(name, options))
}

fn skip_line(log: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = log.fill_buf()?;
        let (used, ends) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        log.consume(used);
        if ends {
            return Ok(());
        }
    }
}

impl Tally {
    fn take(&mut self, number: usize, line: Option<Line>) {
        self.lines += 1;
        let Some(line) = line else {
            self.bad_count += 1;
            if self.bad.len() < LINES_TOLD {
                self.bad.push(number);
            }
            return;
        };
        if !METHODS.contains(&line.method.as_str()) {
            let known = self.methods.len() < 50 || self.methods.contains_key(&line.method);
            let method = if known { line.method } else { "others".to_owned() };
            *self.methods.entry(method).or_default() += 1;
            return;
        }
        // Somebody looked for what is not there, or was not let in.
        if line.status.is_some_and(|status| (400..500).contains(&status)) {
            self.refused += 1;
            return;
        }
        if let Some(at) = line.at {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
            self.last = Some(self.last.map_or(at, |last| last.max(at)));
            if self.minutes.len() < 1_000_000 {
                *self.minutes.entry(at.as_second().div_euclid(60)).or_default() += 1;
            }
        }
        let key = shape_of(&line);
        if let Some(shape) = self.shapes.get_mut(&key) {
            shape.count += 1;
        } else if self.shapes.len() < MAX_SHAPES {
            self.shapes.insert(key, Shape { example: line, count: 1 });
        } else {
            self.uncounted += 1;
        }
    }

    fn into_imported(self, name: &str, options: &Options) -> Imported {
        let mut imported = Imported::new(Format::AccessLog);
        imported.order = Order::Draw;
        self.warn(name, &mut imported);
        let rate = self.rate(&mut imported);
        let mut shapes: Vec<(String, Shape)> = self.shapes.into_iter().collect();
        shapes.sort_by(|(one_key, one), (other_key, other)| {
            other.count.cmp(&one.count).then_with(|| one_key.cmp(other_key))
        });
        let all: u64 = shapes.iter().map(|(_, shape)| shape.count).sum();
        let frequent = shapes.iter().filter(|(_, shape)| shape.count >= all.div_ceil(RARE)).count();
        let rest = shapes.split_off(frequent.clamp(ALWAYS, MAX_REQUESTS).min(shapes.len()));
        if !rest.is_empty() {
            let lines: u64 = rest.iter().map(|(_, shape)| shape.count).sum();
            let text = format!(
                "{} rarer kinds of requests ({} of {} lines) are left out",
                grouped(rest.len() as u64),
                grouped(lines),
                grouped(self.lines)
            );
            imported.warn(name, text);
        }
        let hosts: Vec<String> =
            shapes.iter().filter_map(|(_, shape)| origin(&shape.example)).collect();
        imported.origin = options.origin().or_else(|| hosts.first().cloned());
        for (key, shape) in shapes {
            imported.operations.push(operation(&key, &shape, all));
        }
        if let Some(rate) = rate {
            imported.load.scenarios.push(scenario(rate));
        }
        imported
    }

    fn warn(&self, name: &str, imported: &mut Imported) {
        for number in &self.bad {
            imported.warn(format!("{name}:{number}"), "is no line of an access log, left out");
        }
        if let Some(more @ 1..) = self.bad_count.checked_sub(LINES_TOLD as u64) {
            imported.warn(name, format!("{} more lines like these", grouped(more)));
        }
        if self.refused > 0 {
            let text = format!("{} lines with a status of 4xx are left out", grouped(self.refused));
            imported.warn(name, text);
        }
        if self.uncounted > 0 {
            let text = format!(
                "{} lines of further kinds are left out: {MAX_SHAPES} kinds are counted",
                grouped(self.uncounted)
            );
            imported.warn(name, text);
        }
        let mut methods: Vec<_> = self.methods.iter().collect();
        methods.sort();
        for (method, count) in methods {
            imported
                .warn(name, format!("{method} ({count}): the plan has no such method; left out"));
        }
    }

    /// Requests per second between the first line and the last.
    fn rate(&self, imported: &mut Imported) -> Option<f64> {
        let (first, last) = (self.first?, self.last?);
        let seconds = last.duration_since(first).as_secs_f64();
        let timed: u64 = self.minutes.values().sum();
        if seconds < 1.0 || timed < 2 {
            return None;
        }
        let rate = timed as f64 / seconds;
        let peak = self.minutes.values().copied().max().unwrap_or(0);
        let busiest = if seconds < 120.0 {
            String::new()
        } else {
            format!(", {:.2}/s in its busiest minute", peak as f64 / 60.0)
        };
        imported.load.notes.push(format!(
            "The log has {} requests between {first} and {last}: {rate:.2}/s{busiest}.",
            grouped(timed)
        ));
        Some(rate)
    }
}

/// Numbers and ids taken out of the path, values out of the query.
fn shape_of(line: &Line) -> String {
    let (path, query) = line.target.split_once('?').unwrap_or((&line.target, ""));
    let path = match address::split(path) {
        Ok((_, path)) => path,
        Err(_) => path.to_owned(),
    };
    let mut names: Vec<&str> = query
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .filter(|n| !n.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    let mark = if names.is_empty() { "" } else { "?" };
    format!("{} {}{mark}{}", line.method, stateless_shape(&path), names.join("&"))
}

fn origin(line: &Line) -> Option<String> {
    if let Ok((origin, _)) = address::split(&line.target) {
        return Some(origin);
    }
    let host = line.host.as_deref().filter(|host| !host.is_empty() && *host != "_")?;
    address::split(&format!("https://{host}/")).ok().map(|(origin, _)| origin)
}

fn operation(key: &str, shape: &Shape, all: u64) -> Operation {
    let line = &shape.example;
    let target = if let Ok((_, path)) = address::split(&line.target) {
        path
    } else {
        let path = address::encoded(line.target.split('#').next().unwrap_or_default());
        if path.starts_with('/') { path } else { format!("/{path}") }
    };
    let (path, query) = address::with_pairs(&target);
    let name = key.replacen(' ', "-", 1).to_ascii_lowercase();
    let mut operation = Operation::new(name, &line.method, Text::literal(path));
    operation.query = query;
    operation.weight = shape.count;
    let share = shape.count as f64 * 100.0 / all.max(1) as f64;
    operation.summary = Some(format!("{} of the log, {share:.1} %: {key}", grouped(shape.count)));
    operation
}

fn scenario(rate: f64) -> Scenario {
    // Two digits say as much as a log does.
    let rounded = if rate >= 1.0 { (rate * 100.0).round() / 100.0 } else { rate.max(0.001) };
    let number = |value: f64| Number::from_f64(value).map_or(Sample::Null, Sample::Number);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a clamped rate")]
    let users = rate.ceil().clamp(1.0, 1000.0) as u64;
    Scenario {
        name: "as-logged".to_owned(),
        exec: "all".to_owned(),
        fields: vec![
            ("executor".to_owned(), "constant-arrival-rate".into()),
            ("rate".to_owned(), number(rounded)),
            ("timeUnit".to_owned(), "1s".into()),
            ("duration".to_owned(), "5m".into()),
            ("preAllocatedVUs".to_owned(), Sample::Number(users.into())),
            ("maxVUs".to_owned(), Sample::Number((users * 10).into())),
        ],
    }
}
