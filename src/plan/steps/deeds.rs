//! What a step does: send, pause, choose, branch.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::conditions;
use super::super::document::{self, Entry, Node};
use super::super::extractions;
use super::super::reader::{Fields, Reader, duration_with_unit};
use super::{CHOICE, DEEDS, Known, STEP, Steps};
use crate::flow::Condition;
use crate::flow::ConditionTest;
use crate::flow::Draw;
use crate::flow::Op;
use crate::flow::Template;
use crate::model::Conversation;

/// Of one choice.
const MAX_WEIGHT: u64 = 10_000;

/// Steps that are done at once, as in k6's batches.
const MAX_BRANCHES: usize = 20;

impl Steps<'_> {
    pub(super) fn deed(&mut self, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
        let entry = DEEDS.iter().find_map(|deed| fields.entry(deed)).expect("checked before");
        match entry.key.as_str() {
            "use" => self.send(&entry.node, fields.entry("extract"), reader),
            "do" => self.block(&entry.node, reader),
            "choose" => self.choose(&entry.node, reader),
            "switch" => self.switch(&entry.node, fields, reader),
            "parallel" => self.parallel(&entry.node, reader),
            deed => {
                let range = reader.parsed(&entry.node, "a duration, or a range like 1s..3s", pause);
                if let Some((min, max)) = range {
                    let is_think = deed == "think";
                    self.ops.push(if is_think {
                        Op::Think { min, max }
                    } else {
                        Op::Pace { min, max }
                    });
                }
                0.0
            }
        }
    }

    fn block(&mut self, node: &Node, reader: &mut Reader) -> f64 {
        refuse_empty(node, reader);
        self.list(node, reader)
    }

    fn send(&mut self, name: &Node, extract: Option<&Entry>, reader: &mut Reader) -> f64 {
        let request = self.request(name, reader);
        let own = extract.map(|entry| extractions::extractions(&entry.node, reader));
        let Some(request) = request else { return 0.0 };
        let planned = &self.known.requests[request];
        let goes_on = matches!(
            planned.template.conversation,
            Conversation::WebSocket(_) | Conversation::Events(_)
        );
        if let Some(extract) = extract.filter(|_| goes_on) {
            reader.problem_with_help(
                &extract.key_at,
                "a session or stream has no response to extract from",
                "in a session, `extract` stands beside `expect` in its `messages`",
            );
        }
        if !planned.template.enabled {
            self.has_disabled = true;
            return 0.0;
        }
        self.refuse_unbound(planned, reader);
        self.ops.push(Op::Use(request));
        self.bound.extend(&planned.taken);
        for extraction in planned.extract.iter().cloned().chain(own.into_iter().flatten()) {
            self.bound.insert(extraction.variable);
            self.ops.push(Op::Extract(extraction));
        }
        1.0
    }

    fn request(&self, node: &Node, reader: &mut Reader) -> Option<usize> {
        let name = reader.text(node, "the name of a request")?;
        let Known { requests, names, .. } = self.known;
        if !names.contains(&name) {
            reader.unknown(&node.at, "request", name, names.iter().copied());
            return None;
        }
        // A request that is named but not compiled has been reported where it stands.
        requests.iter().position(|request| request.template.name == name)
    }

    /// One of several steps, drawn by their weights each time.
    fn choose(&mut self, node: &Node, reader: &mut Reader) -> f64 {
        refuse_empty(node, reader);
        let draw = self.reserve();
        let before = self.bound.clone();
        let (mut drawn, mut ends, mut bound) = (Vec::new(), Vec::new(), None);
        for item in reader.list(node, "choices `{ weight: 1, do: [ { use: … } ] }`") {
            let weight = item.get("weight").map_or(Some(1), |node| {
                let expected = "a whole number from 1 to 10000";
                reader.number(node, expected, |weight| (1..=MAX_WEIGHT).contains(&weight))
            });
            let start = self.here();
            self.bound.clone_from(&before);
            let sent = self.step(item, &CHOICE, reader);
            // What is not to be sent is not drawn.
            if self.here() == start {
                continue;
            }
            drawn.push((weight.unwrap_or(1), start, sent));
            ends.push(self.reserve());
            bound = Some(match bound.take() {
                None => self.bound.clone(),
                Some(bound) => self.bound.intersection(&bound).copied().collect(),
            });
        }
        self.bound = bound.unwrap_or(before);
        let here = self.here();
        for end in ends {
            self.ops[end] = Op::Jump(here);
        }
        match Draw::new(drawn.iter().map(|(weight, start, _)| (*weight, *start))) {
            Some(places) => self.ops[draw] = Op::Draw(places),
            None => self.ops.truncate(draw),
        }
        let weights: f64 = drawn.iter().map(|(weight, ..)| *weight as f64).sum();
        drawn.iter().map(|(weight, _, sent)| *weight as f64 * sent).sum::<f64>() / weights.max(1.0)
    }

    /// Several steps at once.
    fn parallel(&mut self, node: &Node, reader: &mut Reader) -> f64 {
        refuse_empty(node, reader);
        let items = reader.list(node, "steps");
        if items.len() > MAX_BRANCHES {
            reader.problem(&node.at, format!("more than {MAX_BRANCHES} steps at once"));
        }
        let before = self.bound.clone();
        let fork = self.reserve();
        let (mut branches, mut bound, mut sent) = (Vec::new(), before.clone(), 0.0);
        for item in items {
            let start = self.here();
            self.bound.clone_from(&before);
            sent += self.step(item, &STEP, reader);
            bound.extend(&self.bound);
            // What is not to be sent needs nobody.
            if self.here() > start {
                branches.push(start);
                self.ops.push(Op::Join);
            }
        }
        self.bound = bound;
        if branches.is_empty() {
            self.ops.truncate(fork);
        } else {
            self.ops[fork] = Op::Fork { branches: branches.into(), join: self.here() };
        }
        sent
    }

    /// What a value is decides which steps are next.
    fn switch(&mut self, node: &Node, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
        let value = conditions::condition(node, reader);
        let Some(Condition { left, test: ConditionTest::Given(true) }) = value else {
            if value.is_some() {
                let text = "a `switch` looks at one value: `switch: \"${kind}\"`";
                reader.problem(&node.at, text);
            }
            return 0.0;
        };
        let asked = conditions::variables(&left).map(|variable| (variable, node.at.clone()));
        self.asked.extend(asked);
        let Some(cases) = reader.require(fields, "cases") else { return 0.0 };
        let before = self.bound.clone();
        let (mut least, mut ends, mut bound) = (f64::MAX, Vec::new(), None::<BTreeSet<_>>);
        let mut take = |steps: &mut Self, sent: f64| {
            least = least.min(sent);
            bound = Some(match bound.take() {
                None => steps.bound.clone(),
                Some(bound) => steps.bound.intersection(&bound).copied().collect(),
            });
            steps.bound.clone_from(&before);
        };
        for Entry { key, node, .. } in reader.entries(cases, "cases").unwrap_or_default() {
            let mut right = Template::default();
            right.push_literal(key.as_bytes());
            let test = ConditionTest::Equals(true, right);
            let gate = self.gate(Condition { left: left.clone(), test });
            let sent = self.block(node, reader);
            ends.push(self.reserve());
            self.close_gate(gate);
            take(self, sent);
        }
        let sent = fields.get("default").map_or(0.0, |node| self.list(node, reader));
        take(self, sent);
        self.bound = bound.unwrap_or(before);
        let here = self.here();
        for end in ends {
            self.ops[end] = Op::Jump(here);
        }
        least
    }
}

fn refuse_empty(node: &Node, reader: &mut Reader) {
    if matches!(&node.value, document::Value::List(items) if items.is_empty()) {
        reader.problem(&node.at, "a list without steps");
    }
}

fn pause(text: &str) -> Result<(Duration, Duration), String> {
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
