//! Steps of a plan, compiled to instructions.
//!
//! A step is one thing to do (`use`, `think`, `pacing`, `do`, `choose`, `switch`) with words around
//! it that say whether and how often: `if`, then `chance`, then `repeat` or `while`; and `group`, which
//! says what each time is called.
//!
//! `around` compiles those words, `deeds` what is done; here is what both work on, and what is refused
//! of a step as such.

mod around;
mod deeds;

use std::collections::BTreeSet;

use super::document::{self, Entry, Node};
use super::reader::{Fields, Keys, Reader};
use super::requests::Planned;
use super::slots::Use;
use crate::flow::Op;
use crate::flow::Variable;
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
