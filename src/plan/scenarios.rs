//! Scenarios of the plan with k6's fields and defaults.

use super::document::{Entry, Node};
use super::reader::{Fields, Keys, Reader};
use super::types::Scenario;
use super::{defaults, executors};
use crate::flow::Flow;

const LATER: &[&str] = &["env", "tags", "options"];

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
