//! What the plots are drawn from, and the same as a table and in words.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use crate::model::Headline;
use crate::model::Histogram;
use crate::model::Report;
use crate::model::Tally;
use crate::model::TimelinePoint;
use crate::model::format_duration;
use crate::model::grouped;

use super::super::figures::number;
use super::super::figures::percent;
use super::super::figures::share;
use super::marks::Mark;
use super::marks::marks;
use super::spread::Column;
use super::spread::columns;

/// More points than a zoomed screen has pixels only make the file larger.
const MAX_POINTS: usize = 7200;
/// Rows of the table beside the plots.
const MAX_ROWS: usize = 120;

/// The plots of a run with load.
#[derive(Serialize)]
pub(super) struct Plots {
    over_time: Vec<Plot>,
    spread: Option<Plot>,
    /// The intervals, each with [`HEADS`]' figures.
    intervals: Vec<Vec<String>>,
    interval_heads: [&'static str; 7],
    /// How much of a run stands in one row, where rows are joined.
    joined: Option<String>,
    /// Where from, where to, how many, share.
    columns: Vec<[String; 4]>,
    marks: Vec<Mark>,
    /// For the script: figures and keys of marks only, safe inside a script element.
    data: String,
}

/// One plot.
#[derive(Serialize)]
struct Plot {
    /// By which the script knows what to draw.
    name: &'static str,
    title: &'static str,
    /// What is to be seen, in words.
    words: String,
}

const HEADS: [&str; 7] = ["from", "requests/s", "failed/s", "median", "p95", "p99", "users"];

/// What a line shows of a point; `None` leaves a gap.
type Pick = fn(&TimelinePoint, Headline) -> Option<f64>;

const LINES: [(&str, Pick); 6] = [
    ("requests", |point, _| rate(point, point.requests)),
    ("failed", |point, _| rate(point, point.failed)),
    ("median", |point, first| Some(first.of_point(point)?[0].as_secs_f64())),
    ("p95", |point, first| Some(first.of_point(point)?[1].as_secs_f64())),
    ("p99", |point, first| Some(first.of_point(point)?[2].as_secs_f64())),
    ("users", |point, _| Some(point.vus as f64)),
];

impl Plots {
    /// The plots of the run, where it has something to draw.
    pub(super) fn of(report: &Report, total: &Tally) -> Option<Self> {
        let points = intervals(&report.timeline);
        let trend = report.headline().of(total);
        let spread = columns(trend);
        let has_time = points.len() > 1;
        if !has_time && spread.is_empty() {
            return None;
        }
        let start = points.first().map_or(Duration::ZERO, |point| point.from);
        let end = points.last().map_or(Duration::ZERO, |point| point.to);
        let marks = if has_time { marks(report, start, end) } else { Vec::new() };
        let drawn: Vec<Value> = marks.iter().map(Mark::drawn).collect();
        let warmup = points.iter().filter(|point| point.warmup).map(|point| point.to).max();
        let data = json!({
            "time": has_time.then(|| over_time(report, &points)),
            "warmup": warmup.map(|to| [start.as_secs_f64(), to.as_secs_f64()]),
            "marks": drawn,
            "spread": (!spread.is_empty()).then(|| spread_data(trend, &spread)),
        });
        let rows_per = points.len().div_ceil(MAX_ROWS);
        Some(Self {
            over_time: if has_time { time_plots(report, &points) } else { Vec::new() },
            spread: (!spread.is_empty()).then(|| spread_plot(report, trend)),
            intervals: if has_time { rows(report, &points, rows_per) } else { Vec::new() },
            interval_heads: HEADS,
            joined: (rows_per > 1).then(|| grouped(rows_per as u64)),
            columns: spread.iter().map(|column| column_row(column, trend.len())).collect(),
            marks,
            data: in_script(&data),
        })
    }
}

/// JSON that no parser of HTML takes for anything else: neither `</script>` nor `<!--` can be in it.
fn in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A warm-up beside measured scenarios makes two points of one interval; a plot has one.
fn intervals(points: &[TimelinePoint]) -> Vec<TimelinePoint> {
    let mut joined: Vec<TimelinePoint> = Vec::with_capacity(points.len());
    for point in points {
        match joined.last_mut() {
            Some(last) if last.from == point.from => join(last, point),
            // A file may claim any order; what goes back in time cannot be drawn.
            Some(last) if last.from > point.from => {}
            _ => joined.push(point.clone()),
        }
    }
    joined
}

fn join(one: &mut TimelinePoint, other: &TimelinePoint) {
    one.requests += other.requests;
    one.failed += other.failed;
    one.vus += other.vus;
    one.warmup &= other.warmup;
    one.to = one.to.max(other.to);
    one.latency = slower(one.latency, other.latency);
    one.duration = slower(one.duration, other.duration);
}

fn slower(one: Option<[Duration; 4]>, other: Option<[Duration; 4]>) -> Option<[Duration; 4]> {
    match (one, other) {
        (Some(one), Some(other)) => Some([0, 1, 2, 3].map(|at| one[at].max(other[at]))),
        (one, other) => one.or(other),
    }
}

fn rate(point: &TimelinePoint, count: u64) -> Option<f64> {
    let seconds = point.to.saturating_sub(point.from).as_secs_f64();
    (seconds > 0.0).then(|| count as f64 / seconds)
}

/// The greatest of a step: a peak must not vanish because the run was long.
fn greatest(step: &[TimelinePoint], pick: Pick, first: Headline) -> Option<f64> {
    step.iter().filter_map(|point| pick(point, first)).reduce(f64::max)
}

fn over_time(report: &Report, points: &[TimelinePoint]) -> Value {
    let first = report.preferred();
    let steps = points.chunks(points.len().div_ceil(MAX_POINTS));
    let at: Vec<f64> = steps.clone().map(|step| rounded(step[0].from.as_secs_f64())).collect();
    let mut data = json!({ "at": at });
    for (name, pick) in LINES {
        let values: Vec<Option<f64>> =
            steps.clone().map(|step| greatest(step, pick, first).map(rounded)).collect();
        data[name] = json!(values);
    }
    data
}

/// To the microsecond, or the millionth of a request: the rest is noise that fills the file.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn spread_data(trend: &Histogram, spread: &[Column]) -> Value {
    let from: Vec<f64> = spread.iter().map(|column| column.from.as_secs_f64()).collect();
    let count: Vec<u64> = spread.iter().map(|column| column.count).collect();
    let quantiles = [("median", 0.5), ("p95", 0.95), ("p99", 0.99)];
    let marks: Vec<Value> = quantiles
        .into_iter()
        .filter_map(|(key, q)| Some((key, trend.quantile(q)?)))
        .map(|(key, at)| json!({ "key": key, "kind": "quantile", "at": at.as_secs_f64() }))
        .collect();
    json!({ "from": from, "count": count, "marks": marks })
}

fn time_plots(report: &Report, points: &[TimelinePoint]) -> Vec<Plot> {
    let first = report.preferred();
    let top = |pick: Pick, shown: &dyn Fn(f64) -> String| {
        let values = points.iter().filter_map(|point| Some((point.from, pick(point, first)?)));
        let highest = values.max_by(|one, other| one.1.total_cmp(&other.1));
        highest.map_or_else(
            || "nothing measured".to_owned(),
            |(at, value)| format!("at most {} (at {})", shown(value), format_duration(at)),
        )
    };
    let per_second = |value: f64| format!("{}/s", number((value * 10.0).round() / 10.0));
    let time = |value: f64| {
        Duration::try_from_secs_f64(value).map_or_else(|_| String::new(), format_duration)
    };
    let latency = match first {
        Headline::Latency => "Latency from the intended start",
        Headline::Duration => "Duration: send, wait and receive",
    };
    let plot = |name, title, words| Plot { name, title, words };
    vec![
        plot("requests", "Requests per second", top(LINES[0].1, &per_second)),
        plot("latency", latency, format!("p99 {}", top(LINES[4].1, &time))),
        plot("failed", "Failed requests per second", top(LINES[1].1, &per_second)),
        plot("users", "Virtual users", top(LINES[5].1, &number)),
    ]
}

fn spread_plot(report: &Report, trend: &Histogram) -> Plot {
    let at = |q| trend.quantile(q).map(format_duration).unwrap_or_default();
    let words = format!(
        "{} requests: median {}, p95 {}, p99 {}",
        grouped(trend.len()),
        at(0.5),
        at(0.95),
        at(0.99)
    );
    let title = match report.headline() {
        Headline::Latency => "Requests by latency from the intended start",
        Headline::Duration => "Requests by duration",
    };
    Plot { name: "spread", title, words }
}

fn rows(report: &Report, points: &[TimelinePoint], rows_per: usize) -> Vec<Vec<String>> {
    let first = report.preferred();
    let row = |step: &[TimelinePoint]| {
        let mut cells = vec![format_duration(step[0].from)];
        for (name, pick) in LINES {
            let value = greatest(step, pick, first);
            cells.push(value.map_or_else(|| "–".to_owned(), |value| shown(name, value)));
        }
        cells
    };
    points.chunks(rows_per).map(row).collect()
}

fn shown(name: &str, value: f64) -> String {
    match name {
        "median" | "p95" | "p99" => {
            Duration::try_from_secs_f64(value).map_or_else(|_| String::new(), format_duration)
        }
        _ => number((value * 10.0).round() / 10.0),
    }
}

fn column_row(column: &Column, all: u64) -> [String; 4] {
    [
        format_duration(column.from),
        format_duration(column.to),
        grouped(column.count),
        percent(share(column.count, all)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(from: u64, requests: u64, warmup: bool) -> TimelinePoint {
        let from = Duration::from_secs(from);
        let to = from + Duration::from_secs(1);
        TimelinePoint { from, to, warmup, requests, ..TimelinePoint::default() }
    }

    #[test]
    fn points_of_one_interval_are_one_and_time_only_goes_on() {
        let points =
            [point(1, 5, true), point(1, 7, false), point(0, 9, false), point(2, 1, false)];
        let joined = intervals(&points);
        let seen: Vec<_> = joined.iter().map(|it| (it.from.as_secs(), it.requests)).collect();
        assert_eq!(seen, [(1, 12), (2, 1)]);
        assert!(!joined[0].warmup);
    }

    #[test]
    fn data_for_the_script_cannot_end_its_element() {
        let text = in_script(&json!({ "key": "</script><!--&" }));
        assert!(!text.contains(['<', '>', '&']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON")["key"], "</script><!--&");
    }
}
