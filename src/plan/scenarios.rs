//! Scenarios of the plan with k6's fields and defaults.

use super::boundary::{RATE, USERS, is_rate, is_users};
use super::defaults;
use super::document::{Entry, Node};
use super::reader::{Fields, Keys, Reader};
use super::types::{Executor, Late, Scenario};
use crate::flow::Flow;

const EXECUTORS: [&str; 3] = ["constant-vus", "constant-arrival-rate", "shared-iterations"];
const EXECUTORS_LATER: [&str; 3] = ["per-vu-iterations", "ramping-vus", "ramping-arrival-rate"];

const LATER: &[&str] =
    &["stages", "startRate", "startVUs", "gracefulRampDown", "env", "tags", "options"];

/// Keys of every scenario, whatever its executor.
macro_rules! keys {
    ($of:literal, $($own:literal),*) => {
        Keys {
            of: $of,
            known: &["executor", "exec", "startTime", "gracefulStop", "warmup", $($own),*],
            later: LATER,
        }
    };
}

const ANY: Keys = keys!(
    "a scenario",
    "vus",
    "duration",
    "iterations",
    "maxDuration",
    "rate",
    "timeUnit",
    "preAllocatedVUs",
    "maxVUs",
    "late"
);
const CONSTANT_VUS: Keys = keys!("a constant-vus scenario", "vus", "duration");
const SHARED_ITERATIONS: Keys =
    keys!("a shared-iterations scenario", "vus", "iterations", "maxDuration");
const CONSTANT_ARRIVAL_RATE: Keys = keys!(
    "a constant-arrival-rate scenario",
    "rate",
    "timeUnit",
    "duration",
    "preAllocatedVUs",
    "maxVUs",
    "late"
);

/// Every scenario of the plan; `names` are all flows that the plan names, right or wrong.
pub(super) fn scenarios(
    plan: &Fields<'_>,
    flows: &[Flow],
    names: &[&str],
    reader: &mut Reader,
) -> Vec<Scenario> {
    let Some(node) = plan.get("scenarios") else { return Vec::new() };
    let entries = reader.entries(node, "scenarios").unwrap_or_default();
    entries.iter().filter_map(|entry| scenario(entry, flows, names, reader)).collect()
}

fn scenario(
    entry: &Entry,
    flows: &[Flow],
    names: &[&str],
    reader: &mut Reader,
) -> Option<Scenario> {
    let named = reader.name(entry, "a scenario");
    // Quietly: the keys are checked once the executor is known.
    let executor = entry.node.get("executor").and_then(Node::scalar);
    let executor = executor.map(|scalar| scalar.text.as_str());
    let keys = match executor {
        Some("constant-vus") => &CONSTANT_VUS,
        Some("shared-iterations") => &SHARED_ITERATIONS,
        Some("constant-arrival-rate") => &CONSTANT_ARRIVAL_RATE,
        _ => &ANY,
    };
    let fields = reader.fields(&entry.node, &entry.key_at, keys)?;
    let executor = executor_of(&fields, reader);
    let flow = flow_of(&fields, flows, names, reader);
    let start_time = fields.get("startTime").and_then(|node| reader.duration(node));
    let graceful_stop = fields.get("gracefulStop").and_then(|node| reader.duration(node));
    let warmup = fields.get("warmup").and_then(|node| reader.boolean(node));
    let (executor, flow) = (executor?, flow?);
    named.then(|| Scenario {
        name: entry.key.clone(),
        flow,
        executor,
        start_time: start_time.unwrap_or_default(),
        graceful_stop: graceful_stop.unwrap_or(defaults::GRACEFUL_STOP),
        warmup: warmup.unwrap_or(false),
    })
}

fn flow_of(
    fields: &Fields<'_>,
    flows: &[Flow],
    names: &[&str],
    reader: &mut Reader,
) -> Option<usize> {
    let node = reader.require(fields, "exec")?;
    let name = reader.text(node, "the name of a flow")?;
    if !names.contains(&name) {
        reader.unknown(&node.at, "flow", name, names.iter().copied());
        return None;
    }
    // A flow that is named but not compiled has been reported where it stands.
    flows.iter().position(|flow| flow.name == name)
}

fn executor_of(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let node = reader.require(fields, "executor")?;
    match reader.text(node, "the name of an executor")? {
        "constant-vus" => constant_vus(fields, reader),
        "shared-iterations" => shared_iterations(fields, reader),
        "constant-arrival-rate" => constant_arrival_rate(fields, reader),
        later if EXECUTORS_LATER.contains(&later) => {
            reader.not_yet(&node.at, &format!("the executor `{later}`"));
            None
        }
        other => {
            reader.unknown(&node.at, "executor", other, EXECUTORS);
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

fn shared_iterations(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let vus = users(fields, "vus", reader)?.unwrap_or(1);
    let iterations = match fields.get("iterations") {
        Some(node) => reader.number(node, "a whole number above 0", |count: u64| count > 0)?,
        None => 1,
    };
    let max_duration = match fields.get("maxDuration") {
        Some(node) => reader.positive_duration(node)?,
        None => defaults::MAX_DURATION,
    };
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

fn constant_arrival_rate(fields: &Fields<'_>, reader: &mut Reader) -> Option<Executor> {
    let rate = reader.require(fields, "rate").and_then(|node| reader.number(node, RATE, is_rate));
    let duration =
        reader.require(fields, "duration").and_then(|node| reader.positive_duration(node));
    let time_unit = match fields.get("timeUnit") {
        Some(node) => reader.positive_duration(node),
        None => Some(defaults::TIME_UNIT),
    };
    reader.require(fields, "preAllocatedVUs");
    let pre_allocated_vus = users(fields, "preAllocatedVUs", reader);
    let max_vus = users(fields, "maxVUs", reader);
    let late = late(fields, reader);
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
    let rate: f64 = rate? / time_unit?.as_secs_f64();
    if !is_rate(rate) {
        reader.problem(&fields.at, format!("{rate} iterations per second are too many"));
        return None;
    }
    Some(Executor::ConstantArrivalRate {
        rate,
        duration: duration?,
        pre_allocated_vus,
        max_vus,
        late: late?,
    })
}

/// A number of users: `None` when it is wrong, `Some(None)` when it is absent.
#[expect(clippy::option_option, reason = "absent and wrong lead to different places")]
fn users(fields: &Fields<'_>, key: &str, reader: &mut Reader) -> Option<Option<u32>> {
    match fields.get(key) {
        None => Some(None),
        Some(node) => reader.number(node, USERS, is_users).map(Some),
    }
}

fn late(fields: &Fields<'_>, reader: &mut Reader) -> Option<Late> {
    let Some(node) = fields.get("late") else { return Some(Late::Drop) };
    match reader.text(node, "`queue` or `drop`")? {
        "queue" => Some(Late::Queue),
        "drop" => Some(Late::Drop),
        other => {
            reader.unknown(&node.at, "way to treat late arrivals", other, ["queue", "drop"]);
            None
        }
    }
}
