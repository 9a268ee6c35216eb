//! The run over time as figures for inline SVG: numbers only, nothing of the target's.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::model::Headline;
use crate::model::Report;
use crate::model::TimelinePoint;
use crate::model::format_duration;

use super::super::figures::number;

/// More points than a screen has pixels only make the file larger.
const MAX_POINTS: usize = 400;
/// The drawing area inside the axes, in SVG user units.
const LEFT: f64 = 56.0;
const TOP: f64 = 8.0;
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 130.0;

/// One chart.
#[derive(Serialize)]
pub(super) struct Chart {
    title: &'static str,
    lines: Vec<Line>,
    /// Height and text of the marks on the vertical axis.
    y_marks: Vec<(String, String)>,
    /// Place and text of the marks on the horizontal axis.
    x_marks: Vec<(String, String)>,
    /// Where the warm-up ends, if there was one.
    warmup_width: Option<String>,
    /// Place and text of each change of the load by hand.
    changes: Vec<(String, String)>,
}

/// One line of a chart.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    /// `x,y x,y …`; one per stretch without a gap.
    stretches: Vec<String>,
    /// Which colour.
    class: &'static str,
}

/// What a line shows of a point; `None` leaves a gap.
type Pick = fn(&TimelinePoint, Headline) -> Option<f64>;

/// Throughput, latency and errors; empty with fewer than two intervals.
pub(super) fn charts(report: &Report) -> Vec<Chart> {
    let points = &report.timeline;
    if points.len() < 2 {
        return Vec::new();
    }
    let chart =
        |title, lines: &[_], label: &dyn Fn(f64) -> String| chart(title, report, lines, label);
    let per_second = |value: f64| format!("{}/s", number(value));
    let time = |value: f64| {
        Duration::try_from_secs_f64(value).map_or_else(|_| String::new(), format_duration)
    };
    let latency: [(&str, &str, Pick); 3] = [
        ("p99", "c3", |point, first| Some(first.of_point(point)?[2].as_secs_f64())),
        ("p95", "c2", |point, first| Some(first.of_point(point)?[1].as_secs_f64())),
        ("median", "c1", |point, first| Some(first.of_point(point)?[0].as_secs_f64())),
    ];
    let latency_title = match report.preferred() {
        Headline::Latency => "Latency from the intended start",
        Headline::Duration => "Duration: send, wait and receive",
    };
    vec![
        chart(
            "Requests per second",
            &[("requests", "c1", |p, _| rate(p, p.requests))],
            &per_second,
        ),
        chart(latency_title, &latency, &time),
        chart(
            "Failed requests per second",
            &[("failed", "bad", |p, _| rate(p, p.failed))],
            &per_second,
        ),
        chart("Virtual users", &[("vus", "c1", |p, _| Some(p.vus as f64))], &number),
    ]
}

fn rate(point: &TimelinePoint, count: u64) -> Option<f64> {
    let seconds = point.to.saturating_sub(point.from).as_secs_f64();
    (seconds > 0.0).then(|| count as f64 / seconds)
}

fn chart(
    title: &'static str,
    report: &Report,
    lines: &[(&'static str, &'static str, Pick)],
    label: &dyn Fn(f64) -> String,
) -> Chart {
    let points = &report.timeline;
    let start = points.iter().map(|point| point.from).min().unwrap_or_default();
    let end = points.iter().map(|point| point.to).max().unwrap_or_default();
    let span = end.saturating_sub(start).as_secs_f64().max(1e-9);
    let first = report.preferred();
    let values = lines
        .iter()
        .flat_map(|(_, _, pick)| points.iter().filter_map(move |point| pick(point, first)));
    let top = round_up(values.fold(0.0, f64::max));
    let x = |at: Duration| LEFT + at.saturating_sub(start).as_secs_f64() / span * WIDTH;
    let y = |value: f64| TOP + HEIGHT - value / top * HEIGHT;
    let per_step = points.len().div_ceil(MAX_POINTS);
    let drawn = lines.iter().map(|(name, class, pick)| {
        let mut stretches = vec![String::new()];
        for step in points.chunks(per_step) {
            // The greatest of a step: a peak must not vanish because the run was long.
            let value = step.iter().filter_map(|point| pick(point, first)).reduce(f64::max);
            match value {
                Some(value) => {
                    let current = stretches.last_mut().expect("never empty");
                    write!(current, "{:.1},{:.1} ", x(step[0].from), y(value))
                        .expect("writing to a string cannot fail");
                }
                None => stretches.push(String::new()),
            }
        }
        stretches.retain(|stretch| !stretch.is_empty());
        Line { name, stretches, class }
    });
    let warmup = points.iter().filter(|point| point.warmup).map(|point| point.to).max();
    Chart {
        title,
        lines: drawn.collect(),
        y_marks: [0.0, 0.5, 1.0]
            .map(|share| (format!("{:.1}", y(top * share)), label(top * share)))
            .to_vec(),
        x_marks: [0.0, 0.25, 0.5, 0.75, 1.0]
            .map(|share| {
                let at = start + Duration::from_secs_f64(span * share);
                (format!("{:.1}", LEFT + share * WIDTH), format_duration(at))
            })
            .to_vec(),
        warmup_width: warmup.map(|end| format!("{:.1}", x(end) - LEFT)),
        changes: report
            .changes
            .iter()
            .take(MAX_POINTS)
            // One that would have come after the end was never carried out.
            .filter(|change| (start..=end).contains(&change.at))
            .map(|change| (format!("{:.1}", x(change.at)), change.to_string()))
            .collect(),
    }
}

/// The next of 1, 2, 5 times a power of ten: what an axis ends at.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= value)
        .unwrap_or(power * 10.0)
}
