//! Reads a scenario's executor with k6's fields and defaults.

use std::time::Duration;

use super::boundary::{RATE, USERS, is_rate, is_users};
use super::defaults;
use super::document::Node;
use super::executor::{Executor, Late, Spacing, Stage};
use super::reader::{Fields, Keys, Reader};

/// What a target of a rate is, for "expected …".
const TARGET_RATE: &str = "a number from 0 to 10000000";
/// What a target of users is, for "expected …".
const TARGET_USERS: &str = "a whole number from 0 to 1000000";

const LATE: [(&str, Late); 2] = [("queue", Late::Queue), ("drop", Late::Drop)];
const ARRIVALS: [(&str, Spacing); 2] = [("even", Spacing::Even), ("poisson", Spacing::Poisson)];

pub(super) const STAGE: Keys =
    Keys { of: "a stage", known: &["target", "duration"], later: &["warmup"] };

/// The executor that a scenario names; `None` when it or a field of it is wrong.
pub(super) fn executor(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let node = reader.require(fields, "executor")?;
    match reader.text(node, "the name of an executor")? {
        "constant-vus" => constant_vus(fields, reader),
        "ramping-vus" => ramping_vus(fields, reader),
        "shared-iterations" => shared_iterations(fields, reader),
        "per-vu-iterations" => per_vu_iterations(fields, reader),
        "constant-arrival-rate" => constant_arrival_rate(fields, reader),
        "ramping-arrival-rate" => ramping_arrival_rate(fields, reader),
        other => {
            reader.unknown(&node.at, "executor", other, Executor::NAMES);
            None
        }
    }
}

fn constant_vus(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let vus = users(fields, "vus", reader);
    let duration = reader.require(fields, "duration")?;
    Some(Executor::ConstantVus {
        duration: reader.positive_duration(duration)?,
        vus: vus?.unwrap_or(1),
    })
}

fn ramping_vus(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let start_vus = match fields.get("startVUs") {
        Some(node) => reader.number(node, TARGET_USERS, is_target_users),
        None => Some(defaults::START_VUS),
    };
    let graceful_ramp_down = match fields.get("gracefulRampDown") {
        Some(node) => reader.duration(node),
        None => Some(defaults::GRACEFUL_RAMP_DOWN),
    };
    let stages =
        stages(fields, reader, |node, reader| reader.number(node, TARGET_USERS, is_target_users));
    let (start_vus, stages) = (start_vus?, stages?);
    let executor =
        Executor::RampingVus { start_vus, stages, graceful_ramp_down: graceful_ramp_down? };
    if executor.max_vus() == 0 {
        let at = fields.get("stages").map_or(&fields.at, |node| &node.at);
        reader.problem(at, "neither `startVUs` nor a stage's target is above 0: nobody would run");
        return None;
    }
    Some(executor)
}

fn shared_iterations(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let vus = users(fields, "vus", reader)?.unwrap_or(1);
    let iterations = iterations(fields, reader)?;
    let max_duration = max_duration(fields, reader)?;
    if iterations < u64::from(vus) {
        let at = fields.entry("vus").map_or(&fields.at, |entry| &entry.node.at);
        reader.problem_with_help(
            at,
            format!("{vus} users cannot share {iterations} iterations"),
            format!("at most `vus: {iterations}`"),
        );
        return None;
    }
    Some(Executor::SharedIterations { vus, iterations, max_duration })
}

fn per_vu_iterations(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let vus = users(fields, "vus", reader);
    let iterations = iterations(fields, reader);
    let max_duration = max_duration(fields, reader);
    Some(Executor::PerVuIterations {
        vus: vus?.unwrap_or(1),
        iterations: iterations?,
        max_duration: max_duration?,
    })
}

fn constant_arrival_rate(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let rate = reader.require(fields, "rate").and_then(|node| reader.number(node, RATE, is_rate));
    let duration =
        reader.require(fields, "duration").and_then(|node| reader.positive_duration(node));
    let time_unit = time_unit(fields, reader);
    let pool = pool(fields, reader);
    let rate = per_second(rate?, time_unit?, fields, reader)?;
    let Pool { pre_allocated_vus, max_vus, late, arrivals } = pool?;
    Some(Executor::ConstantArrivalRate {
        rate,
        duration: duration?,
        pre_allocated_vus,
        max_vus,
        late,
        arrivals,
    })
}

fn ramping_arrival_rate(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let is_target = |rate: f64| rate == 0.0 || is_rate(rate);
    let start_rate = match fields.get("startRate") {
        Some(node) => reader.number(node, TARGET_RATE, is_target),
        None => Some(0.0),
    };
    let stages = stages(fields, reader, |node, reader| reader.number(node, TARGET_RATE, is_target));
    let time_unit = time_unit(fields, reader);
    let pool = pool(fields, reader);
    let (start_rate, mut stages, time_unit) = (start_rate?, stages?, time_unit?);
    let start_rate = per_second(start_rate, time_unit, fields, reader)?;
    for stage in &mut stages {
        stage.target = per_second(stage.target, time_unit, fields, reader)?;
    }
    let Pool { pre_allocated_vus, max_vus, late, arrivals } = pool?;
    let executor = Executor::RampingArrivalRate {
        start_rate,
        stages,
        pre_allocated_vus,
        max_vus,
        late,
        arrivals,
    };
    if executor.peak_rate() == Some(0.0) {
        let at = fields.get("stages").map_or(&fields.at, |node| &node.at);
        reader.problem(
            at,
            "neither `startRate` nor a stage's target is above 0: nothing would start",
        );
        return None;
    }
    Some(executor)
}

/// Rates are in `timeUnit`, schedules in seconds.
fn per_second(
    rate: f64,
    time_unit: Duration,
    fields: &Fields<'_>,
    reader: &mut Reader,
) -> Option<f64> {
    let per_second = rate / time_unit.as_secs_f64();
    if per_second != 0.0 && !is_rate(per_second) {
        reader.problem(&fields.at, format!("{per_second} iterations per second are too many"));
        return None;
    }
    Some(per_second)
}

/// The stages, with targets as `target` reads them.
fn stages<T>(
    fields: &Fields<'_>,
    reader: &mut Reader,
    target: impl Fn(&Node, &mut Reader) -> Option<T>,
) -> Option<Vec<Stage<T>>> {
    let node = reader.require(fields, "stages")?;
    let problems = reader.problems.len();
    let items = reader.list(node, "stages like `{ target: 20, duration: 1m }`");
    let stages: Vec<Option<Stage<T>>> = items
        .iter()
        .map(|item| {
            let fields = reader.fields(item, &item.at, &STAGE)?;
            let target = reader.require(&fields, "target").and_then(|node| target(node, reader));
            let duration =
                reader.require(&fields, "duration").and_then(|node| reader.duration(node));
            Some(Stage { target: target?, duration: duration? })
        })
        .collect();
    let total: Duration = stages.iter().flatten().map(|stage| stage.duration).sum();
    if reader.problems.len() == problems && total.is_zero() {
        reader.problem_with_help(
            &node.at,
            "the stages take no time at all",
            "give at least one of them a `duration` above 0",
        );
        return None;
    }
    stages.into_iter().collect()
}

/// What both open models say of arrivals and of the users that take them.
struct Pool {
    pre_allocated_vus: u32,
    max_vus: u32,
    late: Late,
    arrivals: Spacing,
}

fn pool(fields: &Fields<'_>, reader: &mut Reader) -> Option<Pool> {
    reader.require(fields, "preAllocatedVUs");
    let pre_allocated_vus = users(fields, "preAllocatedVUs", reader);
    let max_vus = users(fields, "maxVUs", reader);
    let late = match fields.get("late") {
        Some(node) => reader.choice(node, "way to treat late arrivals", LATE),
        None => Some(Late::Drop),
    };
    let arrivals = match fields.get("arrivals") {
        Some(node) => reader.choice(node, "spread of arrivals", ARRIVALS),
        None => Some(Spacing::Even),
    };
    let pre_allocated_vus = pre_allocated_vus??;
    let max_vus = max_vus?.unwrap_or(pre_allocated_vus);
    if max_vus < pre_allocated_vus {
        let at = fields.entry("maxVUs").map_or(&fields.at, |entry| &entry.node.at);
        reader.problem(
            at,
            format!("`maxVUs: {max_vus}` is below `preAllocatedVUs: {pre_allocated_vus}`"),
        );
        return None;
    }
    Some(Pool { pre_allocated_vus, max_vus, late: late?, arrivals: arrivals? })
}

fn time_unit(fields: &Fields<'_>, reader: &mut Reader) -> Option<Duration> {
    match fields.get("timeUnit") {
        Some(node) => reader.positive_duration(node),
        None => Some(defaults::TIME_UNIT),
    }
}

fn iterations(fields: &Fields<'_>, reader: &mut Reader) -> Option<u64> {
    match fields.get("iterations") {
        Some(node) => reader.number(node, "a whole number above 0", |count: u64| count > 0),
        None => Some(1),
    }
}

fn max_duration(fields: &Fields<'_>, reader: &mut Reader) -> Option<Duration> {
    match fields.get("maxDuration") {
        Some(node) => reader.positive_duration(node),
        None => Some(defaults::MAX_DURATION),
    }
}

fn is_target_users(users: u32) -> bool {
    users == 0 || is_users(users)
}

/// A number of users: `None` when it is wrong, `Some(None)` when it is absent.
#[expect(clippy::option_option, reason = "absent and wrong lead to different places")]
fn users(fields: &Fields<'_>, key: &str, reader: &mut Reader) -> Option<Option<u32>> {
    match fields.get(key) {
        None => Some(None),
        Some(node) => reader.number(node, USERS, is_users).map(Some),
    }
}
