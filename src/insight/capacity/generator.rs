//! Whether a level shows the target's limit or the generator's own: the rule of a whole run's
//! validity, over one level.

use std::time::Duration;

use crate::model::CapacityModel;
use crate::model::Digits;
use crate::model::FailureClass;
use crate::model::Histogram;
use crate::model::LoadWindow;
use crate::model::format_duration;
use crate::model::format_percent;

/// A lag or loop delay below this is never held against a level.
const TOLERATED: Duration = Duration::from_millis(1);

/// Turns of the loop below which their p99 says nothing.
const ENOUGH_TURNS: u64 = 1_000;

/// A thread that uses this much of its core has none left.
const SATURATED: f64 = 0.95;

/// Why the level says nothing about the target, if so.
pub(super) fn limit(model: CapacityModel, windows: &[LoadWindow]) -> Option<String> {
    short(windows).or_else(|| match model {
        CapacityModel::Rate => late(windows).or_else(|| starved(windows)),
        CapacityModel::Users => slow(windows),
    })
}

/// Requests that failed for want of a file or a port never reached the target.
fn short(windows: &[LoadWindow]) -> Option<String> {
    let series = windows.iter().flat_map(|window| &window.series);
    let failed = series.filter_map(|series| series.tally.failures.get(&FailureClass::LocalLimit));
    let failed: u64 = failed.sum();
    (failed > 0).then(|| {
        format!("{failed} requests failed for want of files, ports or memory of the generator")
    })
}

/// One request in a hundred started late. Over the level as a whole: a second at a low rate has so few
/// that its p99 is its latest, and one hiccup of the machine would be held against it.
fn late(windows: &[LoadWindow]) -> Option<String> {
    let mut lag = Histogram::new(Digits::Two);
    let mut all = Histogram::new(Digits::Two);
    for window in windows {
        lag.merge(&window.generator.schedule_lag);
        all.merge(&durations(window));
    }
    let (worst, median) = (lag.quantile(0.99)?, all.quantile(0.5).unwrap_or_default());
    (worst > TOLERATED.max(median / 10)).then(|| {
        format!(
            "the generator was late: schedule lag p99 {}, median response {}, {} of its processor \
             in use",
            format_duration(worst),
            format_duration(median),
            format_percent(busiest(windows))
        )
    })
}

/// Nobody was free because the generator had no time for those who were there.
fn starved(windows: &[LoadWindow]) -> Option<String> {
    let dropped = |window: &LoadWindow| {
        window.scenarios.iter().map(|scenario| scenario.tally.dropped).sum::<u64>()
    };
    let busy = windows.iter().filter(|window| window.generator.cpu >= SATURATED);
    let starved: u64 = busy.map(dropped).sum();
    (starved > 0).then(|| {
        format!(
            "{starved} arrivals found no free user while the generator's processor was saturated"
        )
    })
}

/// A closed model may be busy; it must not keep responses waiting.
fn slow(windows: &[LoadWindow]) -> Option<String> {
    let mut turns = Histogram::new(Digits::Two);
    let mut all = Histogram::new(Digits::Two);
    for window in windows {
        turns.merge(&window.generator.loop_delay);
        all.merge(&durations(window));
    }
    let (delay, median) = (turns.quantile(0.99)?, all.quantile(0.5)?);
    (turns.len() >= ENOUGH_TURNS && delay > TOLERATED.max(median / 5)).then(|| {
        format!(
            "the generator kept responses waiting (loop delay p99 {}, median response {})",
            format_duration(delay),
            format_duration(median)
        )
    })
}

fn busiest(windows: &[LoadWindow]) -> f64 {
    windows.iter().map(|window| window.generator.cpu).fold(0.0, f64::max)
}

fn durations(window: &LoadWindow) -> Histogram {
    let mut sum = Histogram::new(Digits::Two);
    window.series.iter().for_each(|series| sum.merge(&series.tally.duration));
    sum
}
