//! Steps of a plan, compiled to instructions.
//!
//! A step is one thing to do (`use`, `think`, `pacing`, `do`, `choose`, `switch`) with words around
//! it that say whether and how often: `if`, then `chance`, then `repeat` or `while`; and `group`, which
//! says what each time is called.

use std::collections::BTreeSet;
use std::time::Duration;

use super::conditions;
use super::document::{self, Entry, Node};
use super::extractions;
use super::groups;
use super::reader::{Fields, Keys, Reader, duration_with_unit};
use super::requests::Planned;
use super::slots::Use;
use crate::flow::Condition;
use crate::flow::ConditionTest;
use crate::flow::Draw;
use crate::flow::MAX_LOOPS;
use crate::flow::Op;
use crate::flow::Template;
use crate::flow::Variable;
use crate::model::Conversation;
use crate::model::did_you_mean;

pub(super) const STEP: Keys = Keys {
    of: "a step",
    known: &[
        "use", "think", "pacing", "do", "choose", "switch", "cases", "default", "extract", "if",
        "else", "chance", "repeat", "while", "max", "parallel", "group",
    ],
    later: &[],
};

/// A step that is drawn.
pub(super) const CHOICE: Keys = Keys {
    of: "a choice",
    known: &[
        "weight", "use", "think", "pacing", "do", "choose", "switch", "cases", "default",
        "extract", "if", "else", "chance", "repeat", "while", "max", "parallel", "group",
    ],
    later: STEP.later,
};

/// What a step can do: one of these.
pub(super) const DEEDS: [&str; 7] =
    ["use", "think", "pacing", "do", "choose", "switch", "parallel"];
/// Keys that mean something only beside another one.
const BESIDE: [(&str, &str); 5] = [
    ("extract", "use"),
    ("else", "if"),
    ("max", "while"),
    ("cases", "switch"),
    ("default", "switch"),
];

/// Of one choice.
const MAX_WEIGHT: u64 = 10_000;
/// Passes of one loop.
const MAX_PASSES: u32 = 1_000_000;
/// Passes of a `while` that says nothing else.
const USUAL_MAX: u32 = 100;
/// Steps that are done at once, as in k6's batches.
const MAX_BRANCHES: usize = 20;
/// Chances are drawn as one of so many.
const CERTAIN: u64 = 1_000_000_000;
/// Instructions of one flow.
const MAX_OPS: usize = 1_000_000;

/// What is known of the plan where steps are compiled.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// Those that are right.
    pub(super) requests: &'a [Planned],
    /// All requests that the plan names, right or wrong.
    pub(super) names: &'a [&'a str],
    /// What the steps belong to, for messages, with its name.
    pub(super) of: &'a str,
}

/// Compiles the steps of one flow.
pub(super) struct Steps<'a> {
    known: Known<'a>,
    pub(super) ops: Vec<Op>,
    /// Values that are there for certain.
    bound: BTreeSet<Variable>,
    /// What conditions ask about.
    pub(super) asked: Vec<(Variable, document::Place)>,
    /// Loops around the step.
    loops: usize,
    /// The whole name of the group around the step, empty outside of all.
    group: String,
    /// Whether a step uses a request that is not to be sent.
    pub(super) has_disabled: bool,
}

impl<'a> Steps<'a> {
    /// Nothing compiled yet; `bound` are there from the start.
    pub(super) fn new(known: Known<'a>, bound: BTreeSet<Variable>) -> Self {
        Self {
            known,
            ops: Vec::new(),
            bound,
            asked: Vec::new(),
            loops: 0,
            group: String::new(),
            has_disabled: false,
        }
    }

    /// Compiles a list of steps; gives the number of requests that a pass sends at least on
    /// average.
    pub(super) fn list(&mut self, node: &Node, reader: &mut Reader) -> f64 {
        reader.list(node, "steps").iter().map(|item| self.step(item, &STEP, reader)).sum()
    }

    /// To be called behind the last step: what can only be judged of all of them.
    pub(super) fn finish(&self, reader: &mut Reader) {
        let taken: BTreeSet<Variable> = self.taken();
        for (variable, at) in &self.asked {
            if taken.contains(variable) || self.is_bound(*variable, reader) {
                continue;
            }
            let name = reader.names.name(*variable).to_owned();
            let known: Vec<_> = taken.iter().map(|known| reader.names.name(*known)).collect();
            let nearest = nearest(&name, known.iter().copied());
            let text =
                format!("`${{{name}}}`: nothing in {} extracts `{name}`{nearest}", self.known.of);
            reader.problem_with_help(at, text, extract_help(&name));
        }
    }

    /// Values that some step takes out of a response.
    fn taken(&self) -> BTreeSet<Variable> {
        let mut taken = self.bound.clone();
        for op in &self.ops {
            match op {
                Op::Extract(extraction) => _ = taken.insert(extraction.variable),
                Op::Use(request) => taken.extend(&self.known.requests[*request].taken),
                _ => {}
            }
        }
        taken
    }

    fn step(&mut self, item: &Node, keys: &Keys, reader: &mut Reader) -> f64 {
        let Some(fields) = reader.fields(item, &item.at, keys) else { return 0.0 };
        if !has_one_deed(&fields, reader) {
            return 0.0;
        }
        if self.ops.len() > MAX_OPS {
            if self.ops.len() < 2 * MAX_OPS {
                reader
                    .problem(&item.at, format!("{} has more than {MAX_OPS} steps", self.known.of));
                self.ops.resize(2 * MAX_OPS, Op::Jump(0));
            }
            return 0.0;
        }
        self.conditional(&fields, reader)
    }

    fn conditional(&mut self, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
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
    fn gate(&mut self, condition: Condition) -> usize {
        self.bound.extend(conditions::implied(&condition));
        self.ops.push(Op::Unless { condition, otherwise: 0 });
        self.ops.len() - 1
    }

    fn close_gate(&mut self, gate: usize) {
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

    fn deed(&mut self, fields: &Fields<'_>, reader: &mut Reader) -> f64 {
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

    /// Refuses a request that needs a value which is not there for certain.
    fn refuse_unbound(&self, planned: &Planned, reader: &mut Reader) {
        for Use { variable, at } in &planned.uses {
            // A flow after the other says it once.
            let is_new = !reader.problems.iter().any(|problem| problem.is_at(at));
            if self.is_bound(*variable, reader) || !is_new {
                continue;
            }
            let name = reader.names.name(*variable).to_owned();
            let known = self.bound.iter().map(|known| reader.names.name(*known));
            let nearest = nearest(&name, known);
            let of = self.known.of;
            let request = &planned.template.name;
            let message = if self.taken().contains(variable) {
                format!(
                    "`${{{name}}}`: {of} does not always extract `{name}` before `{request}` is sent"
                )
            } else {
                format!(
                    "`${{{name}}}`: nothing in {of} extracts `{name}` before `{request}` is \
                     sent{nearest}"
                )
            };
            let help = if self.taken().contains(variable) {
                format!("send it in the same steps, or beside `if: \"${{{name}}}\"`")
            } else {
                extract_help(&name)
            };
            reader.problem_with_help(at, message, help);
        }
    }

    /// Whether the value is there for certain; those of a namespace are there from the start.
    fn is_bound(&self, variable: Variable, reader: &Reader) -> bool {
        self.bound.contains(&variable) || reader.names.name(variable).contains('.')
    }

    fn here(&self) -> u32 {
        place(self.ops.len())
    }

    /// A place for an instruction that is not known yet.
    fn reserve(&mut self) -> usize {
        self.ops.push(Op::Jump(self.here() + 1));
        self.ops.len() - 1
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).expect("at most twice MAX_OPS")
}

/// Refuses steps that do nothing or several things, and keys beside the wrong ones.
fn has_one_deed(fields: &Fields<'_>, reader: &mut Reader) -> bool {
    let mut deeds = DEEDS.iter().filter_map(|deed| fields.entry(deed));
    let Some(deed) = deeds.next() else {
        let is_unknown = |entry: &Entry| !CHOICE.known.contains(&entry.key.as_str());
        if !fields.entries().iter().any(is_unknown) {
            reader.problem_with_help(
                &fields.at,
                "a step that does nothing",
                "give it one of `use`, `think`, `pacing`, `do`, `choose`, `switch` and `parallel`",
            );
        }
        return false;
    };
    if let Some(second) = deeds.next() {
        reader.problem_with_help(
            &second.key_at,
            format!("a step does one thing: `{}` or `{}`", deed.key, second.key),
            format!(
                "write two steps, `{{ {}: … }}` and `{{ {}: … }}`; `do: [ … ]` makes one of them",
                deed.key, second.key
            ),
        );
        return false;
    }
    let astray = BESIDE.iter().find_map(|(key, beside)| {
        fields.entry(key).filter(|_| fields.get(beside).is_none()).map(|entry| (entry, beside))
    });
    if let Some((entry, beside)) = astray {
        let text = match entry.key.as_str() {
            "extract" => "only a `use` step has a response to extract from".to_owned(),
            key => format!("`{key}` belongs to `{beside}`, which the step does not have"),
        };
        reader.problem(&entry.key_at, text);
        return false;
    }
    true
}

fn refuse_empty(node: &Node, reader: &mut Reader) {
    if matches!(&node.value, document::Value::List(items) if items.is_empty()) {
        reader.problem(&node.at, "a list without steps");
    }
}

fn nearest<'c>(name: &str, known: impl Iterator<Item = &'c str>) -> String {
    let nearest = did_you_mean(name, known);
    nearest.map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
}

fn extract_help(name: &str) -> String {
    format!(
        "add `extract: {{ {name}: {{ jsonpath: … }} }}` to a step before it; or write `$${{` for \
         the characters `${{`"
    )
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
