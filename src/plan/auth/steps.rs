//! Steps that log somebody in: those of flows, and requests that stand in them.
//!
//! A request in a step is taken out and named, so that what is left is a flow like every other.

use std::collections::BTreeSet;

use super::super::document::{Entry, Node, Scalar, Value};
use super::super::reader::Reader;
use super::super::requests;
use super::super::requests::Planned;
use super::super::steps::{Known, STEP, Steps};
use super::Login;
use crate::flow::Flow;
use crate::flow::Op;
use crate::flow::Variable;
use crate::flow::auth::StepsLogin;

/// Redirects that a login follows, unless a step says otherwise.
const REDIRECTS: u32 = 10;

/// Keys of the requests that a step may have in it.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// The steps, and the values that they take out of responses. `bound` are there before.
pub(super) fn steps(
    entry: &Entry,
    auth: &str,
    around: &Login<'_>,
    bound: BTreeSet<Variable>,
    reader: &mut Reader,
) -> Option<(StepsLogin, Vec<Variable>)> {
    let before = reader.problems.len();
    let mut taken = Taken { auth, requests: Vec::new(), used: Vec::new() };
    let node = taken.rewritten(&entry.node);
    let mut planned: Vec<Planned> = taken
        .requests
        .iter()
        .filter_map(|entry| requests::request(entry, around.around, REDIRECTS, reader))
        .collect();
    let of_plan = match around.plan.get("requests").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    for entry in of_plan.iter().filter(|entry| taken.used.contains(&entry.key)) {
        // What is wrong with it is said where the plan's requests are read.
        let said = reader.problems.len();
        planned.extend(requests::request(entry, around.around, REDIRECTS, reader));
        reader.problems.truncate(said);
    }
    if reader.problems.len() > before {
        return None;
    }
    let hoisted = taken.requests.iter().map(|entry| entry.key.as_str());
    let names: Vec<&str> = of_plan.iter().map(|entry| entry.key.as_str()).chain(hoisted).collect();
    let of = format!("the login of `{auth}`");
    let known = Known { requests: &planned, names: &names, of: &of };
    let mut steps = Steps::new(known, bound);
    steps.list(&node, reader);
    steps.finish(reader);
    if reader.problems.len() > before {
        return None;
    }
    let flow = Flow { name: format!("{auth}.login"), ops: std::mem::take(&mut steps.ops) };
    if flow.ops.iter().any(|op| matches!(op, Op::Pace { .. })) {
        reader.problem(&entry.key_at, "`pacing` belongs to iterations, and a login is none");
        return None;
    }
    if flow.requests().next().is_none() {
        reader.problem(&entry.key_at, format!("the login of `{auth}` sends nothing"));
        return None;
    }
    let mut gives: Vec<Variable> = flow
        .ops
        .iter()
        .filter_map(|op| match op {
            Op::Extract(extraction) => Some(extraction.variable),
            _ => None,
        })
        .collect();
    gives.sort_unstable();
    gives.dedup();
    if let Some(own) = planned.iter().find(|planned| planned.template.version.is_some()) {
        let text = format!(
            "`{}` has `http`, and a login speaks what the plan's `connection` says",
            own.template.name
        );
        reader.problem_with_help(&entry.key_at, text, "leave it out, or write it there");
        return None;
    }
    let (requests, scripts) =
        planned.into_iter().map(|planned| (planned.template, planned.script)).unzip();
    Some((StepsLogin { flow, requests, scripts }, gives))
}

/// What was taken out of the steps.
struct Taken<'a> {
    auth: &'a str,
    requests: Vec<Entry>,
    /// Names of the plan's requests that steps use.
    used: Vec<String>,
}

impl Taken<'_> {
    fn rewritten(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.rewritten(item)).collect())
            }
            Value::Map(entries) => Value::Map(self.step(node, entries)),
            other => other.clone(),
        };
        Node { value, at: node.at.clone() }
    }

    fn step(&mut self, node: &Node, entries: &[Entry]) -> Vec<Entry> {
        let Some(opener) = entries.iter().find(|entry| METHODS.contains(&entry.key.as_str()))
        else {
            for entry in entries.iter().filter(|entry| entry.key == "use") {
                self.used.extend(entry.node.scalar().map(|scalar| scalar.text.clone()));
            }
            let inner = entries.iter().map(|entry| match entry.key.as_str() {
                "extract" => entry.clone(),
                _ => Entry { node: self.rewritten(&entry.node), ..entry.clone() },
            });
            return inner.collect();
        };
        // A key that neither knows is a request's: there are more of them.
        let is_steps = |entry: &&Entry| {
            let key = entry.key.as_str();
            let of_step = STEP.known.contains(&key) || STEP.later.contains(&key);
            of_step && !requests::REQUEST.known.contains(&key)
        };
        let (of_step, of_request): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(is_steps);
        let number = self.requests.len() + 1;
        let name = format!("{}.{number}", self.auth);
        let request = Value::Map(of_request.into_iter().cloned().collect());
        self.requests.push(Entry {
            key: name.clone(),
            key_at: opener.key_at.clone(),
            node: Node { value: request, at: node.at.clone() },
        });
        let name = Node { value: Value::Scalar(Scalar::plain(name)), at: opener.node.at.clone() };
        let used = Entry { key: "use".to_owned(), key_at: opener.key_at.clone(), node: name };
        of_step.into_iter().cloned().chain([used]).collect()
    }
}
