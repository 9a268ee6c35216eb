//! What a plan is aimed at: one `target`, or `targets` with names of which one is the `default`.
//!
//! The command line goes before the environment, and the environment before the plan.

use super::document::{Entry, Node, Place, Scalar, Value};
use super::file::Overrides;
use super::names::is_name;
use super::reader::{Fields, Reader};
use super::types::NamedTarget;
use crate::model::Target;

/// The name of the one that requests go to which name none.
pub(super) const DEFAULT: &str = "default";

/// More services than any plan has.
const MAX_TARGETS: usize = 64;

/// A target that the command line or the environment names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetOverride {
    /// Which.
    pub name: TargetName,
    /// Instead of the plan's.
    pub target: Target,
}

/// What a target is called outside of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetName {
    /// The one that requests go to which name none.
    Default,
    /// As in the plan; it must be there.
    Exact(String),
    /// The end of an environment variable's name, in capitals; it may be another plan's.
    Capitals(String),
}

/// Every target of a plan.
#[derive(Debug, Clone)]
pub(super) struct Targets {
    /// Never empty: the default one first.
    all: Vec<Named>,
}

#[derive(Debug, Clone)]
struct Named {
    name: String,
    target: Target,
    /// Where the plan says so; nothing where a flag does.
    at: Option<Place>,
}

impl Targets {
    /// One, called `default`.
    pub(super) fn one(target: Target) -> Self {
        Self { all: vec![Named { name: DEFAULT.to_owned(), target, at: None }] }
    }

    /// The one that requests go to which name none.
    pub(super) fn default_one(&self) -> &Target {
        &self.all[0].target
    }

    /// Those that only requests name.
    pub(super) fn others(&self) -> Vec<NamedTarget> {
        let other =
            |named: &Named| NamedTarget { name: named.name.clone(), target: named.target.clone() };
        self.all.iter().skip(1).map(other).collect()
    }

    /// Each with the place where the plan names it.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Target, Option<&Place>)> {
        self.all.iter().map(|named| (&named.target, named.at.as_ref()))
    }

    /// The one that a request names, or the default one.
    pub(super) fn of_request(&self, request: &Fields<'_>, reader: &mut Reader) -> Option<&Target> {
        let Some(node) = request.get("target") else { return Some(self.default_one()) };
        let name = reader.text(node, "the name of a target")?;
        let found = self.all.iter().find(|named| named.name == name);
        if found.is_none() {
            let names = self.all.iter().map(|named| named.name.as_str());
            let text = format!("unknown target `{name}`");
            reader.none_of(&node.at, text, name, names);
        }
        found.map(|named| &named.target)
    }
}

/// The targets, from flags, the environment or the plan.
pub(super) fn targets(
    plan: &Fields<'_>,
    overrides: &Overrides,
    reader: &mut Reader,
) -> Option<Targets> {
    let (one, many) = (plan.entry("target"), plan.entry("targets"));
    if let (Some(one), Some(_)) = (one, many) {
        let text = "a plan has `target` or `targets`";
        reader.problem_with_help(&one.key_at, text, "move it to `targets`, as `default`");
    }
    let mut all = match many {
        Some(entry) => named(entry, overrides, reader)?,
        None => vec![default_of(plan, overrides, reader)?],
    };
    let known: Vec<String> = all.iter().map(|named| named.name.clone()).collect();
    for given in &overrides.targets {
        let of = |named: &&mut Named| match &given.name {
            TargetName::Default => named.name == DEFAULT,
            TargetName::Exact(name) => named.name == *name,
            TargetName::Capitals(name) => capitals(&named.name) == *name,
        };
        match (all.iter_mut().find(of), &given.name) {
            (Some(named), _) => {
                named.target = given.target.clone();
                named.at = None;
            }
            (None, TargetName::Exact(name)) => {
                let text = format!("--target: the plan has no target `{name}`");
                let names = known.iter().map(String::as_str);
                reader.none_of(&plan.at, text, name, names);
            }
            (None, TargetName::Default | TargetName::Capitals(_)) => {}
        }
    }
    Some(Targets { all })
}

/// The plan's one target; where the command line has one, it needs none.
fn default_of(plan: &Fields<'_>, overrides: &Overrides, reader: &mut Reader) -> Option<Named> {
    let name = DEFAULT.to_owned();
    let given = overrides.targets.iter().rev().find(|given| match &given.name {
        TargetName::Default => true,
        TargetName::Exact(name) => name == DEFAULT,
        TargetName::Capitals(_) => false,
    });
    if let Some(given) = given {
        return Some(Named { name, target: given.target.clone(), at: None });
    }
    let node = reader.require(plan, "target")?;
    let target = reader.parsed(node, "a URL", Target::parse)?;
    Some(Named { name, target, at: Some(node.at.clone()) })
}

/// Those of `targets`, the default one first.
fn named(entry: &Entry, overrides: &Overrides, reader: &mut Reader) -> Option<Vec<Named>> {
    let entries = reader.entries(&entry.node, "targets")?;
    if entries.len() > MAX_TARGETS {
        let text = format!("a plan has at most {MAX_TARGETS} targets");
        reader.problem(&entry.key_at, text);
        return None;
    }
    let mut all = Vec::new();
    for Entry { key, key_at, node } in entries {
        if !is_name(key) {
            let text = format!("`{key}` cannot be the name of a target");
            reader.problem_with_help(key_at, text, "a name has letters, digits, `_` and `-`");
            continue;
        }
        if let Some(target) = reader.parsed(node, "a URL", Target::parse) {
            all.push(Named { name: key.clone(), target, at: Some(node.at.clone()) });
        }
    }
    let given = overrides.targets.iter().rev().find(|given| given.name == TargetName::Default);
    if let Some(index) = all.iter().position(|named| named.name == DEFAULT) {
        all.swap(0, index);
    } else if let Some(given) = given {
        let target = given.target.clone();
        all.insert(0, Named { name: DEFAULT.to_owned(), target, at: None });
    } else if !entries.iter().any(|entry| entry.key == DEFAULT) {
        reader.problem_with_help(
            &entry.key_at,
            "`targets` needs `default`, which requests go to that name none",
            "call one of them `default`",
        );
        return None;
    } else {
        return None;
    }
    Some(all)
}

/// As the environment writes it: `SHAKEDOWN_TARGET_AUTH_API` is for `auth-api`.
fn capitals(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

/// Writes into the tree what the command line and the environment said.
pub(super) fn write(tree: &mut Node, targets: &Targets) {
    let Value::Map(entries) = &mut tree.value else { return };
    for Named { name, target, at } in &targets.all {
        if at.is_some() {
            continue;
        }
        let value = Scalar { plain: false, ..Scalar::plain(target.url()) };
        let node = Node { value: Value::Scalar(value), at: 0..0 };
        match entries.iter_mut().find(|entry| entry.key == "targets") {
            Some(Entry { node: Node { value: Value::Map(named), .. }, .. }) => {
                put(named, name, node);
            }
            _ => put(entries, "target", node),
        }
    }
}

fn put(entries: &mut Vec<Entry>, key: &str, node: Node) {
    match entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => entry.node = node,
        None => entries.push(Entry { key: key.to_owned(), key_at: 0..0, node }),
    }
}
