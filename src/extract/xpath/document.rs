//! A document as a table of nodes in document order: a node's number is its place, what is in it
//! stands right behind it.

use std::borrow::Cow;

/// A node of a [`Document`]; 0 is its root.
pub(super) type Node = u32;

/// Larger documents are cut off; attributes count.
const MAX_NODES: usize = 400_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Root,
    Element,
    Attribute,
    /// `xmlns` and its like, which no axis finds.
    Namespace,
    Text,
    Comment,
    Instruction,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: NodeKind,
    /// With its prefix. Empty for those that have none.
    pub(super) name: String,
    /// Of attributes, texts, comments and instructions.
    pub(super) value: String,
    pub(super) parent: Node,
    /// The child of the same parent before it; 0 if there is none.
    pub(super) previous: Node,
    /// The node behind all that is in it.
    pub(super) end: Node,
}

/// Whether upper case and lower case of names are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    AnyCase,
    Exact,
}

#[derive(Debug)]
pub(super) struct Document {
    entries: Vec<Entry>,
    names: Names,
}

impl Document {
    pub(super) fn entry(&self, node: Node) -> &Entry {
        &self.entries[node as usize]
    }

    pub(super) fn len(&self) -> Node {
        node_of(self.entries.len())
    }

    pub(super) fn is_same_name(&self, one: &str, other: &str) -> bool {
        match self.names {
            Names::AnyCase => one.eq_ignore_ascii_case(other),
            Names::Exact => one == other,
        }
    }

    /// Attributes of `element`, `xmlns` and its like among them.
    pub(super) fn attributes(&self, element: Node) -> impl Iterator<Item = Node> + '_ {
        let is_attribute = |node: &Node| {
            matches!(self.entry(*node).kind, NodeKind::Attribute | NodeKind::Namespace)
        };
        let end =
            if self.entry(element).kind == NodeKind::Element { self.entry(element).end } else { 0 };
        (element + 1..end).take_while(is_attribute)
    }

    /// The value of the attribute `name` of `element`.
    pub(super) fn attribute(&self, element: Node, name: &str) -> Option<&str> {
        let mut attributes = self.attributes(element).map(|node| self.entry(node));
        attributes.find(|entry| self.is_same_name(&entry.name, name)).map(|entry| &*entry.value)
    }

    /// The text in a node: of attributes, comments and instructions, what they say.
    pub(super) fn text(&self, node: Node) -> Cow<'_, str> {
        let entry = self.entry(node);
        if !matches!(entry.kind, NodeKind::Root | NodeKind::Element) {
            return Cow::Borrowed(&entry.value);
        }
        let inside = &self.entries[node as usize + 1..entry.end as usize];
        let mut texts = inside.iter().filter(|entry| entry.kind == NodeKind::Text);
        match (texts.next(), texts.next()) {
            (None, _) => Cow::Borrowed(""),
            (Some(only), None) => Cow::Borrowed(&only.value),
            (Some(first), Some(second)) => {
                let mut text = [&*first.value, &second.value].concat();
                texts.for_each(|entry| text.push_str(&entry.value));
                Cow::Owned(text)
            }
        }
    }
}

/// Builds a [`Document`] from what a parser meets.
pub(super) struct Builder {
    document: Document,
    /// The open elements, the root below them, each with the last child it has so far.
    open: Vec<(Node, Node)>,
}

impl Builder {
    pub(super) fn new(names: Names) -> Self {
        let mut builder =
            Self { document: Document { entries: Vec::new(), names }, open: vec![(0, 0)] };
        builder.push(NodeKind::Root, String::new(), String::new());
        builder
    }

    /// Whether it takes no more.
    pub(super) fn is_full(&self) -> bool {
        self.document.entries.len() >= MAX_NODES
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len() - 1
    }

    fn push(&mut self, kind: NodeKind, name: String, value: String) -> Node {
        let node = self.document.len();
        let (parent, previous) = self.open[self.open.len() - 1];
        let entry = Entry { kind, name, value, parent, previous, end: node + 1 };
        self.document.entries.push(entry);
        node
    }

    fn push_child(&mut self, kind: NodeKind, name: String, value: String) -> Node {
        let child = self.push(kind, name, value);
        let last = self.open.len() - 1;
        self.open[last].1 = child;
        child
    }

    pub(super) fn open(&mut self, name: String) {
        let element = self.push_child(NodeKind::Element, name, String::new());
        self.open.push((element, 0));
    }

    /// Adds an attribute to the element opened last, before anything else is in it.
    pub(super) fn attribute(&mut self, name: String, value: String) {
        let is_namespace = name == "xmlns" || name.starts_with("xmlns:");
        let kind = if is_namespace { NodeKind::Namespace } else { NodeKind::Attribute };
        self.push(kind, name, value);
    }

    /// Adds a text, or to the text right before it.
    pub(super) fn text(&mut self, text: &str) {
        let (_, last) = self.open[self.open.len() - 1];
        if text.is_empty() {
            return;
        }
        let entry = &mut self.document.entries[last as usize];
        if entry.kind == NodeKind::Text {
            entry.value.push_str(text);
        } else {
            self.push_child(NodeKind::Text, String::new(), text.to_owned());
        }
    }

    pub(super) fn comment(&mut self, text: String) {
        self.push_child(NodeKind::Comment, String::new(), text);
    }

    pub(super) fn instruction(&mut self, target: String, text: String) {
        self.push_child(NodeKind::Instruction, target, text);
    }

    /// Closes the innermost open element.
    pub(super) fn close(&mut self) {
        if self.open.len() > 1
            && let Some((element, _)) = self.open.pop()
        {
            self.document.entries[element as usize].end = self.document.len();
        }
    }

    /// Closes the innermost open element of this name and those in it; nothing if there is none.
    pub(super) fn close_named(&mut self, name: &str) {
        let is_named = |(node, _): &(Node, Node)| self.document.entry(*node).name == name;
        if let Some(at) = self.open[1..].iter().rposition(is_named) {
            (at + 1..self.open.len()).for_each(|_| self.close());
        }
    }

    pub(super) fn finish(mut self) -> Document {
        (1..self.open.len()).for_each(|_| self.close());
        self.document.entries[0].end = self.document.len();
        self.document
    }
}

fn node_of(at: usize) -> Node {
    Node::try_from(at).expect("documents are cut off before")
}
