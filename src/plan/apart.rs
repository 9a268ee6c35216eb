//! Which of a plan's requests can be sent without which others.
//!
//! A request needs those whose responses give a value that it is made of. What a condition asks about
//! is needed by all: without it flows would take other ways. That a request needs a cookie which
//! another's response sets cannot be told from the plan; whoever leaves something out looks at the
//! answers.

use std::collections::BTreeSet;

use super::conditions::variables;
use super::types::Plan;
use crate::flow::CallMessage;
use crate::flow::CallStep;
use crate::flow::Flow;
use crate::flow::Op;
use crate::flow::Script;
use crate::flow::Template;
use crate::flow::Variable;

/// A request of the plan and what is sent where it stands alone, or where it is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// The plan's name for it.
    pub request: String,
    /// Whether each request of the plan is sent where it stands alone: it and what it needs; `None`
    /// where that is everything.
    pub alone: Option<Vec<bool>>,
    /// The same where it and what needs it are left out; `None` where that is impossible, or nothing
    /// is left.
    pub without: Option<Vec<bool>>,
}

impl Plan {
    /// What its scenarios send of it when one request is to stand alone, or to be left out; by the
    /// plan's index of requests.
    pub fn apart(&self) -> Vec<Apart> {
        let flows = || {
            let of = |one: &super::types::Scenario| self.flows.get(one.flow);
            self.scenarios.iter().filter_map(of)
        };
        let sent: BTreeSet<usize> = flows().flat_map(Flow::requests).collect();
        let taken: Vec<BTreeSet<Variable>> = (0..self.requests.len())
            .map(|request| {
                let behind = flows().flat_map(|flow| taken_behind(&flow.ops, request));
                behind.chain(self.scripts.get(request).into_iter().flat_map(taken_within)).collect()
            })
            .collect();
        let used: Vec<BTreeSet<Variable>> = (0..self.requests.len())
            .map(|request| self.scripts.get(request).map(used).unwrap_or_default())
            .collect();
        let asked: BTreeSet<Variable> = flows()
            .flat_map(|flow| &flow.ops)
            .filter_map(
                |op| if let Op::Unless { condition, .. } = op { Some(condition) } else { None },
            )
            .flat_map(|condition| condition.templates().flat_map(variables).collect::<Vec<_>>())
            .collect();
        // What a value that the request gives itself and takes from itself would say is nothing.
        let needs = |request: usize, other: usize| {
            request != other && !used[request].is_disjoint(&taken[other])
        };
        let essential: BTreeSet<usize> =
            sent.iter().copied().filter(|one| !taken[*one].is_disjoint(&asked)).collect();
        let grown = |mut set: BTreeSet<usize>, joins: &dyn Fn(usize, usize) -> bool| loop {
            let before = set.len();
            let new: Vec<usize> = sent
                .iter()
                .copied()
                .filter(|other| set.iter().any(|member| joins(*member, *other)))
                .collect();
            set.extend(new);
            if set.len() == before {
                return set;
            }
        };
        let all = |is: &dyn Fn(usize) -> bool| (0..self.requests.len()).map(is).collect();
        let one = |request: usize| {
            let mut alone = essential.clone();
            alone.insert(request);
            let alone = grown(alone, &|member, other| needs(member, other));
            let gone = grown(BTreeSet::from([request]), &|member, other| needs(other, member));
            let is_left = sent.iter().any(|other| !gone.contains(other));
            let is_possible = is_left && gone.is_disjoint(&essential);
            Apart {
                request: self.requests[request].name.clone(),
                alone: (alone.len() < sent.len()).then(|| all(&|other| alone.contains(&other))),
                without: is_possible.then(|| all(&|other| !gone.contains(&other))),
            }
        };
        sent.iter().copied().map(one).collect()
    }
}

/// Values that are taken out of a request's responses.
fn taken_behind(ops: &[Op], request: usize) -> Vec<Variable> {
    let places = ops.iter().enumerate().filter(|(_, op)| **op == Op::Use(request));
    let behind = places.flat_map(|(place, _)| {
        ops[place + 1..].iter().map_while(|op| match op {
            Op::Extract(extraction) => Some(extraction.variable),
            _ => None,
        })
    });
    behind.collect()
}

/// And out of messages of its session.
fn taken_within(script: &Script) -> impl Iterator<Item = Variable> {
    script.messages.iter().flat_map(|message| &message.extract).map(|taken| taken.variable)
}

/// Values that a request is made of.
fn used(script: &Script) -> BTreeSet<Variable> {
    let messages = script.messages.iter().filter_map(|message| message.payload.as_ref());
    let calls = script.call.iter().flat_map(|call| &call.steps).filter_map(|step| match step {
        CallStep::Send(CallMessage::Template(template)) => Some(template),
        _ => None,
    });
    let headers = script.headers.iter().map(|header| &header.value);
    let templates: Vec<&Template> = script
        .path
        .iter()
        .chain(&script.body)
        .chain(headers)
        .chain(messages)
        .chain(calls)
        .collect();
    templates.into_iter().flat_map(variables).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Overrides, from_text};
    use super::*;
    use crate::model::Seed;

    fn apart(requests_and_flow: &str) -> Vec<Apart> {
        let text = format!(
            "version: 1\ntarget: http://127.0.0.1:9\n{requests_and_flow}\nscenarios:\n  \
             load: {{ executor: constant-vus, vus: 1, duration: 1s, exec: any }}\n"
        );
        let overrides = Overrides::new(Seed(1), jiff::civil::date(2026, 12, 1));
        let plan = from_text("plan.yml", &text, &|_| None, &overrides);
        plan.unwrap_or_else(|errors| panic!("{}", errors.render(false))).apart()
    }

    fn of<'a>(all: &'a [Apart], name: &str) -> &'a Apart {
        all.iter().find(|one| one.request == name).expect("it is sent")
    }

    const SHOP: &str = "
requests:
  home: { get: / }
  basket: { post: /basket }
  pay: { post: \"/basket/${id}/pay\" }
  done: { get: \"/orders/${order}\" }
  unused: { get: /unused }
";

    #[test]
    fn what_a_request_needs_stands_beside_it() {
        let all = apart(&format!(
            "{SHOP}flows:\n  any:\n    - use: home\n    - use: basket\n      extract: {{ id: {{ jsonpath: $.id }} }}\n    \
             - use: pay\n      extract: {{ order: {{ jsonpath: $.order }} }}\n    - use: done\n"
        ));
        assert_eq!(all.len(), 4, "what no flow sends is no suspect");
        let sent = |kept: &Option<Vec<bool>>| kept.clone().expect("possible");
        assert_eq!(sent(&of(&all, "home").alone), [true, false, false, false, false]);
        assert_eq!(sent(&of(&all, "home").without), [false, true, true, true, true]);
        assert_eq!(sent(&of(&all, "done").alone), [false, true, true, true, false]);
        assert_eq!(sent(&of(&all, "basket").without), [true, false, false, false, true]);
    }

    #[test]
    fn what_a_condition_asks_about_cannot_be_left_out() {
        let all = apart(&format!(
            "{SHOP}flows:\n  any:\n    - use: basket\n      extract: {{ id: {{ jsonpath: $.id }} }}\n    \
             - if: \"${{id}}\"\n      use: home\n"
        ));
        assert_eq!(of(&all, "basket").without, None);
        assert_eq!(of(&all, "home").alone, None, "with what is asked about it is everything");
        assert!(of(&all, "home").without.is_some());
    }

    #[test]
    fn one_request_has_no_others() {
        let all = apart("requests:\n  home: { get: / }\nflows:\n  any: [ { use: home } ]\n");
        assert_eq!((&of(&all, "home").alone, &of(&all, "home").without), (&None, &None));
    }
}
