//! Flows of the plan, compiled to programs.

use std::collections::BTreeSet;
use std::time::Duration;

use super::document::{Entry, Node};
use super::extractions;
use super::reader::{Fields, Keys, Reader, duration_with_unit};
use super::requests::Planned;
use super::slots::Use;
use crate::flow::Flow;
use crate::flow::Op;
use crate::flow::Variable;
use crate::model::Conversation;
use crate::model::did_you_mean;

pub(super) const STEP: Keys = Keys {
    of: "a step",
    known: &["use", "think", "extract", "choose"],
    later: &["chance", "repeat", "while", "if", "parallel", "do", "weight"],
};

/// What a choice does.
pub(super) const USE: Keys =
    Keys { of: "the step of a choice", known: &["use"], later: STEP.later };
pub(super) const CHOICE: Keys = Keys { of: "a choice", known: &["weight", "do"], later: &[] };
/// Of one choice, and of all that belong together: each is drawn from a list.
const MAX_WEIGHT: usize = 10_000;
const MAX_WEIGHTS: usize = 1_000_000;

/// Every flow of the plan; `names` are all requests that the plan names, right or wrong.
pub(super) fn flows(
    plan: &Fields<'_>,
    requests: &[Planned],
    names: &[&str],
    reader: &mut Reader,
) -> Vec<Flow> {
    let Some(node) = plan.get("flows") else { return Vec::new() };
    let entries = reader.entries(node, "flows").unwrap_or_default();
    entries.iter().filter_map(|entry| flow(entry, requests, names, reader)).collect()
}

fn flow(entry: &Entry, requests: &[Planned], names: &[&str], reader: &mut Reader) -> Option<Flow> {
    let named = reader.name(entry, "a flow");
    let before = reader.problems.len();
    let items = reader.list(&entry.node, "steps");
    let ops: Vec<Op> =
        items.iter().filter_map(|item| step(item, requests, names, reader)).flatten().collect();
    if reader.problems.len() > before {
        return None;
    }
    unbound(&entry.key, &ops, requests, reader);
    if ops.iter().all(|op| op.sends().is_empty()) {
        let cure = if ops_are_off(items, requests) {
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
    named.then(|| Flow { name: entry.key.clone(), ops })
}

/// Whether a step uses a request that is not to be sent.
fn ops_are_off(items: &[Node], requests: &[Planned]) -> bool {
    let used = |item: &Node| Some(item.get("use")?.scalar()?.text.clone());
    let choices = items.iter().filter_map(|item| item.get("choose"));
    let choices = choices.flat_map(Node::one_or_many).filter_map(|choice| choice.get("do"));
    let steps = items.iter().chain(choices.flat_map(Node::one_or_many));
    steps.filter_map(used).any(|name| {
        requests.iter().any(|planned| planned.template.name == name && !planned.template.enabled)
    })
}

/// The operations of one step; none for a request that is not to be sent.
fn step(item: &Node, requests: &[Planned], names: &[&str], reader: &mut Reader) -> Option<Vec<Op>> {
    let fields = reader.fields(item, &item.at, &STEP)?;
    let extract = fields.entry("extract");
    if let Some(extract) = extract.filter(|_| fields.get("use").is_none()) {
        reader.problem(&extract.key_at, "only a `use` step has a response to extract from");
        return None;
    }
    if let Some(choices) = fields.entry("choose") {
        if fields.entries().len() > 1 {
            reader.problem(&choices.key_at, "a step that chooses does nothing else");
        }
        return choose(&choices.node, requests, names, reader);
    }
    match (fields.get("use"), fields.get("think")) {
        (Some(name), None) => {
            let request = use_step(name, requests, names, reader);
            let own = extract.map(|entry| extractions::extractions(&entry.node, reader));
            let request = request?;
            let goes_on = matches!(
                requests[request].template.conversation,
                Conversation::WebSocket(_) | Conversation::Events(_)
            );
            if let Some(extract) = extract.filter(|_| goes_on) {
                reader.problem_with_help(
                    &extract.key_at,
                    "a session or stream has no response to extract from",
                    "in a session, `extract` stands beside `expect` in its `messages`",
                );
            }
            if !requests[request].template.enabled {
                return None;
            }
            let mut ops = vec![Op::Use(request)];
            let taken = requests[request].extract.iter().cloned().chain(own.into_iter().flatten());
            ops.extend(taken.map(Op::Extract));
            Some(ops)
        }
        (None, Some(range)) => {
            let (min, max) = reader.parsed(range, "a duration, or a range like 1s..3s", think)?;
            Some(vec![Op::Think { min, max }])
        }
        (Some(_), Some(_)) => {
            reader.problem_with_help(
                &item.at,
                "a step does one thing",
                "write `{ use: … }` and `{ think: … }` as two steps",
            );
            None
        }
        (None, None) => {
            if fields.entries().is_empty() {
                reader.problem(&item.at, "an empty step");
            }
            None
        }
    }
}

/// One of several requests, drawn by their weights each time.
fn choose(
    node: &Node,
    requests: &[Planned],
    names: &[&str],
    reader: &mut Reader,
) -> Option<Vec<Op>> {
    let mut drawn: Vec<usize> = Vec::new();
    for item in reader.list(node, "choices `{ weight: 1, do: [ { use: … } ] }`") {
        let Some(fields) = reader.fields(item, &item.at, &CHOICE) else { continue };
        let weight = fields.get("weight").map_or(Some(1), |node| {
            let expected = "a whole number from 1 to 10000";
            reader.number(node, expected, |weight: usize| (1..=MAX_WEIGHT).contains(&weight))
        });
        let request =
            reader.require(&fields, "do").and_then(|node| chosen(node, requests, names, reader));
        let (Some(weight), Some(request)) = (weight, request) else { continue };
        if requests[request].template.enabled {
            drawn.extend(std::iter::repeat_n(request, weight));
        }
    }
    if drawn.len() > MAX_WEIGHTS {
        reader.problem(
            &node.at,
            format!("weights add up to more than {MAX_WEIGHTS}; make them smaller"),
        );
    }
    (!drawn.is_empty()).then(|| vec![Op::UseOneOf(drawn.into())])
}

/// The request that a choice sends.
fn chosen(node: &Node, requests: &[Planned], names: &[&str], reader: &mut Reader) -> Option<usize> {
    let [step] = reader.list(node, "steps") else {
        reader.problem(&node.at, "a choice of more or less than one step is not yet supported");
        return None;
    };
    let fields = reader.fields(step, &step.at, &USE)?;
    let name = reader.require(&fields, "use")?;
    let request = use_step(name, requests, names, reader)?;
    let planned = &requests[request];
    if planned.template.conversation != Conversation::Response {
        reader.problem(&name.at, "a session, stream or call cannot be one of several choices");
        return None;
    }
    if !planned.extract.is_empty() {
        reader.problem(
            &name.at,
            "a request that extracts something cannot be one of several choices",
        );
        return None;
    }
    Some(request)
}

fn use_step(
    node: &Node,
    requests: &[Planned],
    names: &[&str],
    reader: &mut Reader,
) -> Option<usize> {
    let name = reader.text(node, "the name of a request")?;
    if !names.contains(&name) {
        reader.unknown(&node.at, "request", name, names.iter().copied());
        return None;
    }
    // A request that is named but not compiled has been reported where it stands.
    requests.iter().position(|request| request.template.name == name)
}

/// Refuses requests that need a value before the flow has taken it out of a response.
fn unbound(flow: &str, ops: &[Op], requests: &[Planned], reader: &mut Reader) {
    let mut bound: BTreeSet<Variable> = BTreeSet::new();
    for op in ops {
        let sent = op.sends();
        let needs = sent.iter().flat_map(|request| {
            let Planned { template, uses, .. } = &requests[*request];
            uses.iter().map(move |needed| (template, needed))
        });
        for (template, Use { variable, at }) in needs {
            // A flow after the other says it once.
            let is_new = !reader.problems.iter().any(|problem| problem.is_at(at));
            if bound.contains(variable) || !is_new {
                continue;
            }
            let name = reader.names.name(*variable);
            let known = bound.iter().map(|known| reader.names.name(*known));
            let nearest = did_you_mean(name, known)
                .map(|nearest| format!(", did you mean `{nearest}`?"))
                .unwrap_or_default();
            let message = format!(
                "`${{{name}}}`: nothing in flow `{flow}` extracts `{name}` before `{}` is \
                 sent{nearest}",
                template.name
            );
            let help = format!(
                "add `extract: {{ {name}: {{ jsonpath: … }} }}` to a step before it; or \
                 write `$${{` for the characters `${{`"
            );
            reader.problem_with_help(at, message, help);
        }
        // Only of a request that is sent for certain.
        if let [request] = sent {
            bound.extend(&requests[*request].taken);
        }
        if let Op::Extract(extraction) = op {
            bound.insert(extraction.variable);
        }
    }
}

fn think(text: &str) -> Result<(Duration, Duration), String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let (min, max) = (duration_with_unit(min)?, duration_with_unit(max)?);
    if min > max {
        return Err(format!("`{text}` goes backwards; write the shorter time first"));
    }
    if max > Duration::from_secs(24 * 3600) {
        return Err(format!("`{text}` is longer than a day"));
    }
    Ok((min, max))
}
