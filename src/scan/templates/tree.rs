//! Paths as a tree of segments.

use std::collections::HashMap;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use crate::model::value_kind;
use crate::scan::link;
use crate::scan::room;
use crate::scan::room::Room;
use crate::scan::structure::Structure;

/// Segments known at most: beyond, whatever is new is one template.
pub(super) const MAX_SEGMENTS: usize = 60_000;

/// The same of all kinds: values are more than there are places for them only where somebody makes them
/// up.
const MAX_ALL: usize = 2 * MAX_SEGMENTS;

/// Segments of one path that are told apart.
const MAX_DEPTH: usize = 32;

/// A path template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PathId(pub(super) u32);

/// One template was merged into another, or (into itself) has another text now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) from: PathId,
    pub(crate) into: PathId,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Templates {
    pub(super) segments: Vec<Segment>,
    /// Hash of parent and text to child.
    pub(super) edges: HashMap<u64, u32>,
    /// Hash of parent and pattern to the siblings of that pattern.
    pub(super) groups: HashMap<u64, Group>,
    /// Where everything goes once there are too many.
    pub(super) overflow: Option<u32>,
    /// For the texts of segments.
    pub(super) room: Room,
    /// Of all groups.
    pub(super) builds: usize,
    /// Not yet told.
    pub(super) merged: Vec<Merged>,
}

impl Default for Templates {
    fn default() -> Self {
        Self {
            segments: Vec::new(),
            edges: HashMap::new(),
            groups: HashMap::new(),
            overflow: None,
            room: Room::of(room::TEMPLATES),
            builds: 0,
            merged: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Segment {
    pub(super) parent: Option<u32>,
    pub(super) text: Box<str>,
    pub(super) kind: Kind,
    pub(super) children: Vec<u32>,
    pub(super) merged_into: Option<u32>,
    pub(super) structures: Vec<Structure>,
    /// Where a description says that any value may stand.
    pub(super) wildcard: Option<u32>,
    pub(super) exceptions: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Literal,
    Value,
    /// A value by what was learnt.
    Learnt,
    /// Everything below a directory.
    Rest,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) members: Vec<u32>,
    pub(super) builds: Vec<Build>,
    pub(super) into: Option<u32>,
}

/// Siblings below which something is built alike.
#[derive(Debug)]
pub(super) struct Build {
    /// A hash of the template of what is below, from the sibling on.
    pub(super) below: u64,
    pub(super) structure: Structure,
    pub(super) members: Vec<u32>,
}

impl Templates {
    /// The template of a path of an origin.
    pub(crate) fn place(&mut self, origin: &str, path: &str) -> PathId {
        let mut at = self.root(origin);
        for segment in path.split('/').skip(1).take(MAX_DEPTH) {
            at = self.step(at, segment);
        }
        PathId(at)
    }

    /// The same for a template of a description, `/items/{item}`: whatever stands there is a value.
    pub(crate) fn place_template(&mut self, origin: &str, template: &str) -> PathId {
        let mut at = self.root(origin);
        for segment in template.split('/').skip(1).take(MAX_DEPTH) {
            if segment.contains('#') {
                // Tells operations of one path apart, and is no word of it.
                at = self.child(at, segment, Kind::Value);
            } else if segment.contains('{') {
                let child = self.child(at, "{id}", Kind::Value);
                self.segments[at as usize].wildcard = Some(child);
                at = child;
            } else {
                at = self.step(at, segment);
            }
        }
        PathId(at)
    }

    /// What an id stands for now.
    pub(crate) fn current(&self, path: PathId) -> PathId {
        PathId(self.find(path.0))
    }

    /// The directory that a path stands in.
    pub(crate) fn directory(&self, path: PathId) -> PathId {
        let parent = self.segments[self.find(path.0) as usize].parent;
        PathId(parent.map_or(path.0, |parent| self.find(parent)))
    }

    /// The template as a text; several values of one kind are numbered.
    pub(crate) fn text(&self, path: PathId) -> String {
        let mut segments: Vec<&str> = self
            .upwards(path)
            .filter(|at| self.segments[*at as usize].parent.is_some())
            .map(|at| &*self.segments[at as usize].text)
            .collect();
        segments.reverse();
        let mut text = String::new();
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for segment in segments {
            text.push('/');
            let Some((start, rest)) = segment.split_once('{') else {
                text.push_str(segment);
                continue;
            };
            let (name, rest) = rest.split_once('}').unwrap_or((rest, ""));
            let count = counts.entry(name).or_insert(0);
            *count += 1;
            let number = if *count > 1 { count.to_string() } else { String::new() };
            text.extend([start, "{", name, &number, "}", rest]);
        }
        if text.is_empty() { "/".to_owned() } else { text }
    }

    /// What was merged since this was asked last, in order.
    pub(crate) fn take_merged(&mut self) -> Vec<Merged> {
        std::mem::take(&mut self.merged)
    }

    fn root(&mut self, origin: &str) -> u32 {
        let key = edge(u32::MAX, origin);
        if let Some(&root) = self.edges.get(&key) {
            return root;
        }
        let root = self.push(None, origin, Kind::Value);
        self.edges.insert(key, root);
        root
    }

    fn step(&mut self, at: u32, segment: &str) -> u32 {
        if self.segments[at as usize].kind == Kind::Rest {
            return at;
        }
        let wildcard = self.segments[at as usize].wildcard;
        if let Some(kind) = value_kind(segment) {
            return match wildcard {
                Some(wildcard) => self.find(wildcard),
                None => self.child(at, kind, Kind::Value),
            };
        }
        if let Some(&known) = self.edges.get(&edge(at, segment)) {
            return self.find(known);
        }
        let is_root = self.segments[at as usize].parent.is_none();
        if let Some(wildcard) = wildcard.filter(|_| !is_root && !segment.is_empty()) {
            return self.find(wildcard);
        }
        for pattern in patterns(segment) {
            let into = self.groups.get(&edge(at, &pattern)).and_then(|group| group.into);
            if let Some(into) = into {
                return self.find(into);
            }
        }
        self.child(at, segment, Kind::Literal)
    }

    /// The child of that text, new if there is none.
    pub(super) fn child(&mut self, at: u32, text: &str, kind: Kind) -> u32 {
        let key = edge(at, text);
        if let Some(&known) = self.edges.get(&key) {
            return self.find(known);
        }
        let is_full = match kind {
            Kind::Literal => self.segments.len() >= MAX_SEGMENTS || !self.room.take(text.len()),
            Kind::Value => self.segments.len() >= MAX_ALL,
            Kind::Learnt | Kind::Rest => false,
        };
        if is_full {
            return self.overflow();
        }
        let child = self.push(Some(at), text, kind);
        self.edges.insert(key, child);
        self.segments[at as usize].children.push(child);
        if kind == Kind::Literal { self.enlist(at, child, text) } else { child }
    }

    pub(super) fn push(&mut self, parent: Option<u32>, text: &str, kind: Kind) -> u32 {
        let id = u32::try_from(self.segments.len()).expect("MAX_ALL, and what was learnt");
        self.segments.push(Segment {
            parent,
            text: text.into(),
            kind,
            children: Vec::new(),
            merged_into: None,
            structures: Vec::new(),
            wildcard: None,
            exceptions: 0,
        });
        id
    }

    fn overflow(&mut self) -> u32 {
        if let Some(overflow) = self.overflow {
            return overflow;
        }
        let root = self.push(None, "", Kind::Value);
        let overflow = self.push(Some(root), "{path}", Kind::Rest);
        self.overflow = Some(overflow);
        overflow
    }

    pub(super) fn find(&self, mut at: u32) -> u32 {
        while let Some(into) = self.segments[at as usize].merged_into {
            at = into;
        }
        at
    }

    /// From a path to its root.
    pub(super) fn upwards(&self, path: PathId) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(self.find(path.0)), |at| {
            self.segments[*at as usize].parent.map(|parent| self.find(parent))
        })
    }
}

/// What a word may be an example of: itself with other numbers, or any word with its extension.
pub(super) fn patterns(segment: &str) -> Vec<String> {
    if segment.is_empty() {
        return Vec::new();
    }
    let extension = link::extension(segment);
    let any = if extension.is_empty() { "*".to_owned() } else { format!("*.{extension}") };
    if !segment.bytes().any(|byte| byte.is_ascii_digit()) {
        return vec![any];
    }
    let mut numbered = String::with_capacity(segment.len());
    let mut in_number = false;
    for c in segment.chars() {
        if !c.is_ascii_digit() {
            numbered.push(c);
        } else if !in_number {
            numbered.push('#');
        }
        in_number = c.is_ascii_digit();
    }
    vec![numbered, any]
}

pub(super) fn edge(at: u32, text: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    (at, text).hash(&mut hasher);
    hasher.finish()
}
