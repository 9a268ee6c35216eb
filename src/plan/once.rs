//! What is done once: `setup` before the scenarios and `teardown` behind them; and what scenarios
//! have from the start, the values that setup has taken and those of their own `env`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::conditions;
use super::document::Place;
use super::reader::{Fields, Reader};
use super::requests::Planned;
use super::scenarios::PlannedScenario;
use super::slots::Use;
use super::steps::{Known, Steps};
use super::substitute::SETUP;
use super::types::Once;
use crate::flow::Condition;
use crate::flow::Flow;
use crate::flow::Op;
use crate::flow::Variable;

/// As in k6.
const TIMEOUT: Duration = Duration::from_secs(60);

/// `setup` or `teardown` of the plan, with the key that says how long it may take.
pub(super) fn once(
    plan: &Fields<'_>,
    (key, timeout_key): (&str, &str),
    known: Known<'_>,
    reader: &mut Reader,
) -> Option<Once> {
    let timeout = plan.get(timeout_key).and_then(|node| reader.positive_duration(node));
    let Some(entry) = plan.entry(key) else {
        if let Some(entry) = plan.entry(timeout_key) {
            let text = format!("`{timeout_key}` belongs to `{key}`, which the plan does not have");
            reader.problem(&entry.key_at, text);
        }
        return None;
    };
    if plan.get("scenarios").is_none() {
        let text = format!("`{key}` is done once for all scenarios, and there is none");
        reader.problem(&entry.key_at, text);
    }
    let of = format!("`{key}`");
    let mut steps = Steps::new(Known { of: &of, ..known }, BTreeSet::new());
    steps.list(&entry.node, reader);
    steps.finish(reader);
    let flow = Flow { name: key.to_owned(), ops: steps.ops };
    if flow.requests().next().is_none() {
        let cure = "add a step `{ use: REQUEST }`";
        reader.problem_with_help(&entry.key_at, format!("`{key}` sends nothing"), cure);
    }
    let given = env_of(&flow, &[], known.requests, (&of, &entry.key_at), reader);
    Some(Once { flow, given, timeout: timeout.unwrap_or(TIMEOUT) })
}

/// Refuses what needs a value of setup that setup does not take.
pub(super) fn refuse_unset(
    setup: Option<&Once>,
    flows: &[Flow],
    planned: &[Planned],
    reader: &mut Reader,
) {
    let taken: Vec<String> =
        setup.iter().flat_map(|setup| names_taken(&setup.flow, reader)).collect();
    let mut said: Vec<Place> = Vec::new();
    for Use { variable, at } in planned.iter().flat_map(|planned| &planned.uses) {
        let Some(name) = reader.names.name(*variable).strip_prefix(SETUP).map(str::to_owned) else {
            continue;
        };
        if !taken.contains(&name) && !said.contains(at) {
            said.push(at.clone());
            unset(&name, at, setup.is_some(), &taken, reader);
        }
    }
    for variable in asked(flows) {
        let name = reader.names.name(variable).strip_prefix(SETUP).map(str::to_owned);
        if let Some(name) = name.filter(|name| !taken.contains(name)) {
            unset(&name, &(0..0), setup.is_some(), &taken, reader);
        }
    }
}

fn unset(name: &str, at: &Place, has_setup: bool, taken: &[String], reader: &mut Reader) {
    if has_setup {
        let text = format!("`${{setup.{name}}}`: `setup` does not extract `{name}`");
        reader.none_of(at, text, name, taken.iter().map(String::as_str));
    } else {
        reader.problem_with_help(
            at,
            format!("`${{setup.{name}}}`: the plan has no `setup`"),
            format!(
                "add `setup: [ {{ use: …, extract: {{ {name}: {{ jsonpath: … }} }} }} ]` to the plan"
            ),
        );
    }
}

/// What the plan calls the values that a flow takes out of responses.
fn names_taken(flow: &Flow, reader: &Reader) -> Vec<String> {
    let taken = flow.ops.iter().filter_map(|op| {
        let Op::Extract(extraction) = op else { return None };
        Some(reader.names.name(extraction.variable).to_owned())
    });
    taken.collect()
}

/// Gives each scenario the values of `env` that its flow needs, and refuses one that lacks some.
pub(super) fn give_env(
    scenarios: &mut [PlannedScenario],
    flows: &[Flow],
    planned: &[Planned],
    reader: &mut Reader,
) {
    for PlannedScenario { scenario, env, at } in scenarios {
        let of = format!("scenario `{}`", scenario.name);
        scenario.given = env_of(&flows[scenario.flow], env, planned, (&of, at), reader);
    }
}

/// Values of `env.` that a flow needs: out of `env`, else out of the environment.
fn env_of(
    flow: &Flow,
    env: &[(String, String)],
    planned: &[Planned],
    (of, at): (&str, &Place),
    reader: &mut Reader,
) -> Vec<(Variable, Vec<u8>)> {
    let sent: BTreeSet<usize> = flow.requests().collect();
    let uses = sent.iter().flat_map(|index| &planned[*index].uses);
    let mut needed: BTreeSet<Variable> = uses.map(|used| used.variable).collect();
    needed.extend(asked(std::slice::from_ref(flow)));
    let mut given = Vec::new();
    for variable in needed {
        let full = reader.names.name(variable).to_owned();
        let Some(name) = full.strip_prefix("env.") else { continue };
        let own = env.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let elsewhere = || reader.scenario_env.get(name).cloned().flatten();
        match own.or_else(elsewhere) {
            Some(value) => given.push((variable, value.into_bytes())),
            None => reader.problem_with_help(
                at,
                format!("{of} needs `${{{full}}}`, and nothing gives it a value"),
                format!(
                    "add `env: {{ {name}: … }}` to it, set it in the environment, or write \
                     `${{{full}:-…}}`"
                ),
            ),
        }
    }
    given
}

/// Values that conditions ask about.
fn asked(flows: &[Flow]) -> BTreeSet<Variable> {
    let conditions = flows.iter().flat_map(|flow| &flow.ops).filter_map(|op| {
        let Op::Unless { condition, .. } = op else { return None };
        Some(condition)
    });
    conditions.flat_map(Condition::templates).flat_map(conditions::variables).collect()
}
