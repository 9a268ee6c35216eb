//! Words around what a step does: whether, how often, and what each time is called.

use super::super::conditions;
use super::super::document::Node;
use super::super::groups;
use super::super::reader::{Fields, Reader};
use super::{Steps, place};
use crate::flow::Condition;
use crate::flow::Draw;
use crate::flow::MAX_LOOPS;
use crate::flow::Op;

/// Passes of one loop.
const MAX_PASSES: u32 = 1_000_000;

/// Passes of a `while` that says nothing else.
const USUAL_MAX: u32 = 100;

/// Chances are drawn as one of so many.
const CERTAIN: u64 = 1_000_000_000;

impl Steps<'_> {
    pub(super) fn conditional(&mut self, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
        let Some(node) = fields.get("if") else { return self.by_chance(fields, reader) };
        let Some(condition) = self.condition(node, reader) else { return 0.0 };
        let before = self.bound.clone();
        let gate = self.gate(condition);
        let then = self.by_chance(fields, reader);
        let (mut otherwise, mut bound) = (0.0, before.clone());
        match fields.get("else") {
            None => self.close_gate(gate),
            Some(steps) => {
                let end = self.reserve();
                self.close_gate(gate);
                let held = std::mem::replace(&mut self.bound, before);
                otherwise = self.list(steps, reader);
                bound = self.bound.intersection(&held).copied().collect();
                self.ops[end] = Op::Jump(self.here());
            }
        }
        self.bound = bound;
        then.min(otherwise)
    }

    /// What follows is left out where the condition does not hold; see [`Steps::close_gate`].
    pub(super) fn gate(&mut self, condition: Condition) -> usize {
        self.bound.extend(conditions::implied(&condition));
        self.ops.push(Op::Unless { condition, otherwise: 0 });
        self.ops.len() - 1
    }

    pub(super) fn close_gate(&mut self, gate: usize) {
        let here = self.here();
        if let Op::Unless { otherwise, .. } = &mut self.ops[gate] {
            *otherwise = here;
        }
    }

    fn condition(&mut self, node: &Node, reader: &mut Reader) -> Option<Condition> {
        let condition = conditions::condition(node, reader)?;
        let asked = condition.templates().flat_map(conditions::variables);
        self.asked.extend(asked.map(|variable| (variable, node.at.clone())));
        Some(condition)
    }

    fn by_chance(&mut self, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
        let Some(node) = fields.get("chance") else { return self.looped(fields, reader) };
        let chance = reader
            .number(node, "a chance above 0, up to 1", |chance: f64| chance > 0.0 && chance <= 1.0);
        let before = self.bound.clone();
        let draw = self.reserve();
        let start = self.here();
        let sent = self.looped(fields, reader);
        let Some(chance) = chance else { return 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and a billion"
        )]
        let hits = ((chance * CERTAIN as f64).round() as u64).max(1);
        let places = [(hits, start), (CERTAIN - hits, self.here())];
        self.ops[draw] = Op::Draw(Draw::new(places).expect("hits are above 0"));
        if hits < CERTAIN {
            self.bound = before;
        }
        sent * chance
    }

    fn looped(&mut self, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
        let (repeat, until) = (fields.entry("repeat"), fields.entry("while"));
        let Some(entry) = repeat.or(until) else { return self.grouped(fields, reader) };
        if let (Some(_), Some(second)) = (repeat, until) {
            reader.problem(&second.key_at, "a step has `repeat` or `while`, not both");
        }
        if self.loops == MAX_LOOPS {
            reader.problem(&entry.key_at, format!("more than {MAX_LOOPS} loops within each other"));
            return 0.0;
        }
        self.loops += 1;
        let sent = match repeat {
            Some(entry) => self.repeated(&entry.node, fields, reader),
            None => self.going_on_while(&entry.node, fields, reader),
        };
        self.loops -= 1;
        sent
    }

    fn repeated(&mut self, node: &Node, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
        let passes = reader.parsed(node, "a number like 3, or a range like 2..5", passes);
        let (min, max) = passes.unwrap_or((1, 1));
        let before = self.bound.clone();
        let (start, depth) = self.open_loop();
        let sent = self.grouped(fields, reader);
        self.close_loop(start, depth, (min, max));
        if min == 0 {
            self.bound = before;
        }
        sent * f64::midpoint(f64::from(min), f64::from(max))
    }

    fn going_on_while(&mut self, node: &Node, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
        let expected = format!("a number of passes from 1 to {MAX_PASSES}");
        let max = fields.get("max").and_then(|node| {
            reader.number(node, &expected, |max: u32| (1..=MAX_PASSES).contains(&max))
        });
        let max = max.unwrap_or(USUAL_MAX);
        let Some(condition) = self.condition(node, reader) else { return 0.0 };
        let before = self.bound.clone();
        let (start, depth) = self.open_loop();
        let gate = self.gate(condition);
        self.grouped(fields, reader);
        self.close_loop(start, depth, (max, max));
        self.close_gate(gate);
        self.bound = before;
        0.0
    }

    fn open_loop(&mut self) -> (usize, u8) {
        let start = self.reserve();
        (start, u8::try_from(self.loops - 1).expect("at most MAX_LOOPS"))
    }

    fn close_loop(&mut self, start: usize, depth: u8, (min, max): (u32, u32)) {
        self.ops.push(Op::Again { depth, start: place(start + 1) });
        self.ops[start] = Op::Loop { depth, min, max, end: self.here() };
    }

    fn grouped(&mut self, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
        let name = fields.get("group").map(|node| groups::name(node, &self.group, reader));
        let Some(name) = name else { return self.deed(fields, reader) };
        let Some(name) = name else { return 0.0 };
        let start = self.ops.len();
        self.ops.push(Op::Group(name.clone().into()));
        let around = std::mem::replace(&mut self.group, name);
        let sent = self.deed(fields, reader);
        self.group = around;
        if self.ops.len() == start + 1 {
            // What is not to be sent takes no time.
            self.ops.truncate(start);
        } else {
            self.ops.push(Op::GroupEnd);
        }
        sent
    }
}

fn passes(text: &str) -> Result<(u32, u32), String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let number =
        |text: &str| text.trim().parse::<u32>().ok().filter(|passes| *passes <= MAX_PASSES);
    match (number(min), number(max)) {
        (Some(min), Some(max)) if min <= max && max > 0 => Ok((min, max)),
        (Some(min), Some(max)) if min > max => {
            Err(format!("`{text}` goes backwards; write the smaller number first"))
        }
        _ => Err(format!(
            "expected a number of passes from 1 to {MAX_PASSES}, or a range like 2..5; found `{text}`"
        )),
    }
}
