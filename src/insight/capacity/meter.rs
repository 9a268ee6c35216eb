//! One level being measured: its seconds, and what they come to.

use std::time::Duration;

use super::generator;
use super::steady::BLOCKS;
use super::steady::Drift;
use super::steady::Rest;
use crate::model::CapacityAim;
use crate::model::CapacityModel;
use crate::model::Criterion;
use crate::model::Event;
use crate::model::Level;
use crate::model::LoadWindow;
use crate::model::MetricKind;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::Steadiness;
use crate::model::format_percent;

/// Of a level's time, what is left out at its beginning: caches fill and queues find their length.
const TRANSITION: f64 = 0.25;

/// Arrivals that may find no free user: beyond that the rate was not delivered.
const DROPPED: f64 = 0.01;

/// A figure so many times above or below its limit is not near it.
const CLEAR: f64 = 1.25;

/// Standard errors that a figure must be away from its limit.
const SURE: f64 = 4.0;

/// The standard error, of the figure, below which a level near the limit is known.
const KNOWN: f64 = 0.10;

/// Requests that a level must have for its figures to be called known.
const ENOUGH: u64 = 100;

/// A level at which this share of the requests fails over the last seconds is a wall of errors.
const WALL: f64 = 0.5;

/// Seconds that are looked at for a wall.
const WALL_SECONDS: usize = 3;

/// A figure so many times its limit at the end of a level's least time is hopeless.
const HOPELESS: f64 = 2.0;

/// The same for arrivals that found nobody.
const HOPELESS_DROPPED: f64 = 0.05;

/// Measures one level.
#[derive(Debug)]
pub(super) struct Meter {
    asked: f64,
    /// What is before is of the level before.
    since: Duration,
    windows: Vec<LoadWindow>,
}

impl Meter {
    /// Of a level that holds from a moment on.
    pub(super) fn new(asked: f64, since: Duration) -> Self {
        Self { asked, since, windows: Vec::new() }
    }

    /// Adds a second; the level, once there is nothing more to learn.
    pub(super) fn add(
        &mut self,
        window: &LoadWindow,
        aim: &CapacityAim,
        declared: &Report,
    ) -> Option<Level> {
        // The second in which it changed is of both.
        if window.warmup || window.from < self.since {
            return None;
        }
        self.windows.push(window.clone());
        let held = window.to.saturating_sub(self.since);
        if self.is_wall(declared) {
            return Some(self.level(Steadiness::Abandoned, aim, declared));
        }
        let is_over = held >= aim.settle.1;
        // A second more or less changes little, and each look goes through all of them.
        let is_due = self.windows.len().is_multiple_of(BLOCKS);
        if held < aim.settle.0 || !(is_due || is_over) {
            return None;
        }
        if self.is_hopeless(aim, declared) {
            return Some(self.level(Steadiness::Abandoned, aim, declared));
        }
        let rest = self.rest(aim, declared);
        let steadiness = match rest.drift {
            // Far from the limit a figure need not be known well.
            Drift::None if self.is_clear(CLEAR.max(1.0 + SURE * rest.error), aim, declared) => {
                Steadiness::Steady
            }
            _ if !is_over => return None,
            Drift::None if rest.error <= KNOWN => Steadiness::Steady,
            Drift::Rising => Steadiness::Rising,
            Drift::None | Drift::Moving => Steadiness::Noisy,
        };
        Some(self.level(steadiness, aim, declared))
    }

    /// As far as it is, where the run ends before it.
    pub(super) fn unfinished(&self, aim: &CapacityAim, declared: &Report) -> Option<Level> {
        (!self.windows.is_empty()).then(|| self.level(Steadiness::Unfinished, aim, declared))
    }

    /// Seconds behind the transition.
    fn measured(&self) -> &[LoadWindow] {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a small length"
        )]
        let skipped = (self.windows.len() as f64 * TRANSITION).ceil() as usize;
        &self.windows[skipped.min(self.windows.len().saturating_sub(1))..]
    }

    /// The last so many seconds.
    fn last(&self, count: usize) -> &[LoadWindow] {
        &self.windows[self.windows.len().saturating_sub(count)..]
    }

    fn is_wall(&self, declared: &Report) -> bool {
        let total = folded(declared, self.last(WALL_SECONDS)).total();
        self.windows.len() >= WALL_SECONDS
            && total.requests > 0
            && total.failed as f64 >= WALL * total.requests as f64
    }

    /// Whether the last third fails so clearly that more time changes nothing.
    fn is_hopeless(&self, aim: &CapacityAim, declared: &Report) -> bool {
        let last = self.last(self.windows.len().div_ceil(3));
        let part = folded(declared, last);
        let far = |criterion: &Criterion| {
            let is_time = criterion.selector.metric.kind() == MetricKind::Trend;
            let fails = |value: f64| !criterion.condition.holds(value, None);
            is_time
                && value(criterion, &part)
                    .is_some_and(|value| fails(value) && fails(value / HOPELESS))
        };
        dropped(&part) > HOPELESS_DROPPED || aim.slo.iter().any(far)
    }

    /// Whether every figure is so many times above or below its limit that a longer look would not change
    /// the verdict. Near the limit a queue takes long to find its length, and a level takes all of its
    /// time.
    fn is_clear(&self, times: f64, aim: &CapacityAim, declared: &Report) -> bool {
        let report = folded(declared, self.measured());
        aim.slo.iter().all(|criterion| {
            let holds = |value: f64| criterion.condition.holds(value, None);
            value(criterion, &report)
                .is_some_and(|value| holds(value * times) == holds(value / times))
        })
    }

    /// Whether the deciding figure has come to rest.
    fn rest(&self, aim: &CapacityAim, declared: &Report) -> Rest {
        let measured = self.measured();
        if measured.len() < BLOCKS || folded(declared, measured).total().requests < ENOUGH {
            return Rest::UNKNOWN;
        }
        let each = measured.len() / BLOCKS;
        // What does not divide is older than the rest.
        let blocks = measured[measured.len() - each * BLOCKS..].chunks(each);
        let figures = blocks.map(|block| deciding(aim, &folded(declared, block)));
        // A block without an answer is a stall.
        let figures: Option<Vec<f64>> = figures.collect();
        figures.map_or(Rest::UNKNOWN, |figures| Rest::of(&figures))
    }

    fn level(&self, steadiness: Steadiness, aim: &CapacityAim, declared: &Report) -> Level {
        let measured = self.measured();
        let report = folded(declared, measured);
        let total = report.total();
        let seconds = report.load_elapsed.as_secs_f64().max(1e-9);
        let requests = total.requests.max(1) as f64;
        let rate = total.requests as f64 / seconds;
        let mean = total.duration.mean();
        let quartet = [0.5, 0.95, 0.99, 1.0].map(|q| total.latency.quantile(q));
        let [Some(median), Some(p95), Some(p99), Some(max)] = quartet else {
            return self.silent(steadiness, aim, measured);
        };
        Level {
            asked: self.asked,
            from: measured.first().map_or(self.since, |window| window.from),
            to: measured.last().map_or(self.since, |window| window.to),
            throughput: total.requests.saturating_sub(total.failed) as f64 / seconds,
            concurrency: match aim.model {
                CapacityModel::Rate => rate * mean.unwrap_or_default().as_secs_f64(),
                CapacityModel::Users => self.asked,
            },
            latency: Some([median, p95, p99, max]),
            mean,
            failed: total.failed as f64 / requests,
            dropped: dropped(&report),
            bytes_per_request: total.bytes_received as f64 / requests,
            steadiness,
            broken: broken(steadiness, aim, &report),
            generator: generator::limit(aim.model, measured),
        }
    }

    /// A level at which nothing was answered.
    fn silent(&self, steadiness: Steadiness, aim: &CapacityAim, windows: &[LoadWindow]) -> Level {
        Level {
            asked: self.asked,
            from: windows.first().map_or(self.since, |window| window.from),
            to: windows.last().map_or(self.since, |window| window.to),
            throughput: 0.0,
            concurrency: 0.0,
            latency: None,
            mean: None,
            failed: 0.0,
            dropped: 0.0,
            bytes_per_request: 0.0,
            steadiness,
            broken: vec!["nothing was answered".to_owned()],
            generator: generator::limit(aim.model, windows),
        }
    }
}

/// The figures of some seconds alone.
fn folded(declared: &Report, windows: &[LoadWindow]) -> Report {
    let mut report = declared.clone();
    for window in windows {
        let event = Event::LoadWindow(window.clone());
        report.apply(&Stamped { seq: 0, at: window.to, event });
    }
    report
}

fn value(criterion: &Criterion, report: &Report) -> Option<f64> {
    criterion.condition.aggregate.of(&report.metric(&criterion.selector))
}

/// The first time that the objective asks about; else the p95 of all.
fn deciding(aim: &CapacityAim, report: &Report) -> Option<f64> {
    let mut times = aim.slo.iter().filter(|one| one.selector.metric.kind() == MetricKind::Trend);
    match times.next() {
        Some(criterion) => value(criterion, report),
        None => report.total().latency.quantile(0.95).map(|value| value.as_secs_f64() * 1e3),
    }
}

/// Share of arrivals for which nobody was free.
fn dropped(report: &Report) -> f64 {
    let (dropped, begun) = report.scenarios.iter().fold((0, 0), |(dropped, begun), (_, tally)| {
        (dropped + tally.dropped, begun + tally.iterations)
    });
    if dropped == 0 { 0.0 } else { dropped as f64 / (dropped + begun) as f64 }
}

/// What does not hold.
fn broken(steadiness: Steadiness, aim: &CapacityAim, report: &Report) -> Vec<String> {
    let mut broken: Vec<String> = aim
        .slo
        .iter()
        .filter_map(|criterion| {
            let value = value(criterion, report);
            if value.is_some_and(|value| criterion.condition.holds(value, None)) {
                return None;
            }
            let aggregate = criterion.condition.aggregate;
            let is = value.map(|value| aggregate.figure(criterion.selector.metric, value));
            let is = is.unwrap_or_else(|| "not measured".to_owned());
            Some(format!("{aggregate} is {is}, {criterion} wanted"))
        })
        .collect();
    let dropped = dropped(report);
    if dropped > DROPPED {
        broken.push(format!("{} of the arrivals found no free user", format_percent(dropped)));
    }
    if steadiness == Steadiness::Rising {
        broken.push("latency was still rising at the end: more arrives than is served".to_owned());
    }
    broken
}
