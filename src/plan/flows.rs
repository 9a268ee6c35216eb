//! Flows of the plan, compiled to programs.

use std::time::Duration;

use super::document::{Entry, Node};
use super::reader::{Fields, Keys, Reader, duration_with_unit};
use crate::flow::Flow;
use crate::flow::Op;
use crate::model::RequestTemplate;

const STEP: Keys = Keys {
    of: "a step",
    known: &["use", "think"],
    later: &["chance", "choose", "extract", "repeat", "while", "if", "parallel", "do", "weight"],
};

/// Every flow of the plan; `names` are all requests that the plan names, right or wrong.
pub(super) fn flows(
    plan: &Fields<'_>,
    requests: &[RequestTemplate],
    names: &[&str],
    reader: &mut Reader,
) -> Vec<Flow> {
    let Some(node) = plan.get("flows") else { return Vec::new() };
    let entries = reader.entries(node, "flows").unwrap_or_default();
    entries.iter().filter_map(|entry| flow(entry, requests, names, reader)).collect()
}

fn flow(
    entry: &Entry,
    requests: &[RequestTemplate],
    names: &[&str],
    reader: &mut Reader,
) -> Option<Flow> {
    let named = reader.name(entry, "a flow");
    let before = reader.problems.len();
    let items = reader.list(&entry.node, "steps");
    let ops: Vec<Op> =
        items.iter().filter_map(|item| step(item, requests, names, reader)).collect();
    if reader.problems.len() > before {
        return None;
    }
    if !ops.iter().any(|op| matches!(op, Op::Use(_))) {
        reader.problem_with_help(
            &entry.key_at,
            format!("flow `{}` sends nothing", entry.key),
            "add a step `{ use: REQUEST }`",
        );
        return None;
    }
    named.then(|| Flow { name: entry.key.clone(), ops })
}

fn step(
    item: &Node,
    requests: &[RequestTemplate],
    names: &[&str],
    reader: &mut Reader,
) -> Option<Op> {
    let fields = reader.fields(item, &item.at, &STEP)?;
    match (fields.get("use"), fields.get("think")) {
        (Some(name), None) => use_step(name, requests, names, reader),
        (None, Some(range)) => {
            let (min, max) = reader.parsed(range, "a duration, or a range like 1s..3s", think)?;
            Some(Op::Think { min, max })
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

fn use_step(
    node: &Node,
    requests: &[RequestTemplate],
    names: &[&str],
    reader: &mut Reader,
) -> Option<Op> {
    let name = reader.text(node, "the name of a request")?;
    if !names.contains(&name) {
        reader.unknown(&node.at, "request", name, names.iter().copied());
        return None;
    }
    // A request that is named but not compiled has been reported where it stands.
    requests.iter().position(|request| request.name == name).map(Op::Use)
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
