//! Flows of the plan, compiled to programs.

use std::collections::BTreeSet;

use super::document::Entry;
use super::reader::{Fields, Reader};
use super::requests::Planned;
use super::steps::{Known, Steps};
use crate::flow::Flow;
use crate::flow::Variable;

/// A flow, and how many requests a pass over it sends at least, on average.
pub(super) struct PlannedFlow {
    pub(super) flow: Flow,
    pub(super) requests: f64,
    /// Values that its conditions look at.
    asked: Vec<Variable>,
}

impl PlannedFlow {
    /// Values that it or one of its requests needs.
    pub(super) fn needs<'a>(&'a self, requests: &'a [Planned]) -> impl Iterator<Item = Variable> {
        let uses = self.flow.requests().flat_map(|request| &requests[request].uses);
        uses.map(|needed| needed.variable).chain(self.asked.iter().copied())
    }
}

/// Every flow of the plan; `names` are all requests that the plan names, right or wrong.
pub(super) fn flows(
    plan: &Fields<'_>,
    requests: &[Planned],
    names: &[&str],
    reader: &mut Reader,
) -> Vec<PlannedFlow> {
    let Some(node) = plan.get("flows") else { return Vec::new() };
    let entries = reader.entries(node, "flows").unwrap_or_default();
    entries.iter().filter_map(|entry| flow(entry, requests, names, reader)).collect()
}

fn flow(
    entry: &Entry,
    requests: &[Planned],
    names: &[&str],
    reader: &mut Reader,
) -> Option<PlannedFlow> {
    let named = reader.name(entry, "a flow");
    let before = reader.problems.len();
    let of = format!("flow `{}`", entry.key);
    let mut steps = Steps::new(Known { requests, names, of: &of }, BTreeSet::new());
    let sent = steps.list(&entry.node, reader);
    steps.finish(reader);
    if reader.problems.len() > before {
        return None;
    }
    let asked = steps.asked.iter().map(|(variable, _)| *variable).collect();
    let flow = Flow { name: entry.key.clone(), ops: steps.ops };
    if flow.requests().next().is_none() {
        let cure = if steps.has_disabled {
            "every request it uses has `enabled: false`; remove that from one of them"
        } else {
            "add a step `{ use: REQUEST }`"
        };
        reader.problem_with_help(
            &entry.key_at,
            format!("flow `{}` sends nothing", entry.key),
            cure,
        );
        return None;
    }
    named.then_some(PlannedFlow { flow, requests: sent, asked })
}
