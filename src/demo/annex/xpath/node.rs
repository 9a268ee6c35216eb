//! The nodes that a path goes along.

use super::parse::Test;
use crate::demo::annex::xml::Element;

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Document,
    Element,
    Attribute(usize),
    Text,
}

/// A node with the elements that lead to it, the root first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node<'a> {
    pub(super) line: Vec<&'a Element>,
    pub(super) kind: Kind,
}

impl<'a> Node<'a> {
    /// The element it is, or belongs to.
    pub(super) fn element(&self) -> &'a Element {
        self.line.last().expect("a node's line starts with the root")
    }

    /// Its text, that of its descendants included.
    pub(super) fn text(&self) -> String {
        match self.kind {
            Kind::Attribute(index) => self.element().attributes[index].1.clone(),
            Kind::Text => self.element().text.clone(),
            Kind::Document | Kind::Element => whole_text(self.element()),
        }
    }

    fn children(&self) -> Vec<Self> {
        match self.kind {
            Kind::Document => vec![Self { line: self.line.clone(), kind: Kind::Element }],
            Kind::Element => {
                let child = |child| {
                    let mut line = self.line.clone();
                    line.push(child);
                    Self { line, kind: Kind::Element }
                };
                self.element().children.iter().map(child).collect()
            }
            Kind::Attribute(_) | Kind::Text => Vec::new(),
        }
    }

    /// It and everything below it.
    pub(super) fn with_descendants(&self) -> Vec<Self> {
        let mut all = vec![self.clone()];
        for child in self.children() {
            all.extend(child.with_descendants());
        }
        all
    }

    fn parent(&self) -> Option<Self> {
        let mut line = self.line.clone();
        let kind = match self.kind {
            Kind::Document => return None,
            Kind::Attribute(_) | Kind::Text => Kind::Element,
            Kind::Element if line.len() == 1 => Kind::Document,
            Kind::Element => {
                line.pop();
                Kind::Element
            }
        };
        Some(Self { line, kind })
    }

    /// The nodes one step away that a test asks for.
    pub(super) fn matching(&self, test: &Test) -> Vec<Self> {
        let with = |kind| Self { line: self.line.clone(), kind };
        let is_element = self.kind == Kind::Element;
        match test {
            Test::Itself => vec![self.clone()],
            Test::Parent => self.parent().into_iter().collect(),
            Test::Any => self.children(),
            Test::Name(name) => {
                self.children().into_iter().filter(|c| c.element().name == *name).collect()
            }
            Test::Text if is_element && !self.element().text.trim().is_empty() => {
                vec![with(Kind::Text)]
            }
            Test::Node => {
                let mut all = self.children();
                all.extend(self.matching(&Test::Text));
                all
            }
            Test::Attribute(name) if is_element => {
                let attributes = self.element().attributes.iter().enumerate();
                let wanted = attributes.filter(|(_, (key, _))| name == "*" || key == name);
                wanted.map(|(index, _)| with(Kind::Attribute(index))).collect()
            }
            Test::Text | Test::Attribute(_) => Vec::new(),
        }
    }
}

fn whole_text(element: &Element) -> String {
    let mut text = element.text.trim().to_owned();
    for child in &element.children {
        text.push_str(&whole_text(child));
    }
    text
}
