//! Scenarios of the plan with k6's fields and defaults.

use std::collections::BTreeMap;

use super::document::{Entry, Node, Place, Value};
use super::reader::{Fields, Keys, Reader};
use super::types::Scenario;
use super::{defaults, executors};
use crate::flow::Flow;

const LATER: &[&str] = &["options"];

/// Keys of every scenario, whatever its executor.
macro_rules! keys {
    ($of:literal, $($own:literal),*) => {
        Keys {
            of: $of,
            known: &["executor", "exec", "startTime", "gracefulStop", "warmup", "env", "tags", "as", $($own),*],
            later: LATER,
        }
    };
}

pub(super) const ANY: Keys = keys!(
    "a scenario",
    "vus",
    "startVUs",
    "stages",
    "gracefulRampDown",
    "duration",
    "iterations",
    "maxDuration",
    "rate",
    "startRate",
    "timeUnit",
    "preAllocatedVUs",
    "maxVUs",
    "late",
    "arrivals"
);
pub(super) const CONSTANT_VUS: Keys = keys!("a constant-vus scenario", "vus", "duration");
pub(super) const RAMPING_VUS: Keys =
    keys!("a ramping-vus scenario", "startVUs", "stages", "gracefulRampDown");
pub(super) const SHARED_ITERATIONS: Keys =
    keys!("a shared-iterations scenario", "vus", "iterations", "maxDuration");
pub(super) const PER_VU_ITERATIONS: Keys =
    keys!("a per-vu-iterations scenario", "vus", "iterations", "maxDuration");
pub(super) const CONSTANT_ARRIVAL_RATE: Keys = keys!(
    "a constant-arrival-rate scenario",
    "rate",
    "timeUnit",
    "duration",
    "preAllocatedVUs",
    "maxVUs",
    "late",
    "arrivals"
);
pub(super) const RAMPING_ARRIVAL_RATE: Keys = keys!(
    "a ramping-arrival-rate scenario",
    "startRate",
    "timeUnit",
    "stages",
    "preAllocatedVUs",
    "maxVUs",
    "late",
    "arrivals"
);

/// A scenario, and its own values of `env`.
pub(super) struct PlannedScenario {
    pub(super) scenario: Scenario,
    pub(super) env: Vec<(String, String)>,
    pub(super) at: Place,
}

/// Variables that some scenario has in its `env`.
pub(super) fn env_names(plan: &[Entry]) -> BTreeMap<String, Option<String>> {
    let scenarios = plan.iter().find(|entry| entry.key == "scenarios");
    let scenarios = scenarios.map(|entry| below(&entry.node)).unwrap_or_default();
    let envs = scenarios.iter().filter_map(|scenario| scenario.node.get("env"));
    envs.flat_map(below).map(|entry| (entry.key.clone(), None)).collect()
}

fn below(node: &Node) -> &[Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        Value::Scalar(_) | Value::List(_) | Value::Unsubstituted => &[],
    }
}

fn env(fields: &Fields<'_>, reader: &mut Reader) -> Vec<(String, String)> {
    let Some(node) = fields.get("env") else { return Vec::new() };
    let entries = reader.entries(node, "env").unwrap_or_default();
    let pair = |entry: &Entry| {
        let value = reader.text(&entry.node, "a text, a number, true or false")?;
        Some((entry.key.clone(), value.to_owned()))
    };
    entries.iter().filter_map(pair).collect()
}

/// Every scenario of the plan; `names` are all flows that the plan names, right or wrong.
pub(super) fn scenarios(
    plan: &Fields<'_>,
    flows: &[Flow],
    names: &[&str],
    reader: &mut Reader,
) -> Vec<PlannedScenario> {
    let Some(node) = plan.get("scenarios") else { return Vec::new() };
    let entries = reader.entries(node, "scenarios").unwrap_or_default();
    entries.iter().filter_map(|entry| scenario(entry, flows, names, reader)).collect()
}

fn scenario(
    entry: &Entry,
    flows: &[Flow],
    names: &[&str],
    reader: &mut Reader,
) -> Option<PlannedScenario> {
    let named = reader.name(entry, "a scenario");
    // Quietly: the keys are checked once the executor is known.
    let executor = entry.node.get("executor").and_then(Node::scalar);
    let executor = executor.map(|scalar| scalar.text.as_str());
    let keys = match executor {
        Some("constant-vus") => &CONSTANT_VUS,
        Some("ramping-vus") => &RAMPING_VUS,
        Some("shared-iterations") => &SHARED_ITERATIONS,
        Some("per-vu-iterations") => &PER_VU_ITERATIONS,
        Some("constant-arrival-rate") => &CONSTANT_ARRIVAL_RATE,
        Some("ramping-arrival-rate") => &RAMPING_ARRIVAL_RATE,
        _ => &ANY,
    };
    let fields = reader.fields(&entry.node, &entry.key_at, keys)?;
    let executor = executors::executor(&fields, reader);
    let flow = flow_of(&fields, flows, names, reader);
    let start_time = fields.get("startTime").and_then(|node| reader.duration(node));
    let graceful_stop = fields.get("gracefulStop").and_then(|node| reader.duration(node));
    let warmup = fields.get("warmup").and_then(|node| reader.boolean(node));
    let env = env(&fields, reader);
    let tags = super::tags::tags(&fields, reader);
    let (executor, flow) = (executor?, flow?);
    let scenario = Scenario {
        name: entry.key.clone(),
        flow,
        executor,
        start_time: start_time.unwrap_or_default(),
        graceful_stop: graceful_stop.unwrap_or(defaults::GRACEFUL_STOP),
        warmup: warmup.unwrap_or(false),
        tags,
        given: Vec::new(),
    };
    named.then(|| PlannedScenario { scenario, env, at: entry.key_at.clone() })
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
