//! The nodes on an axis, nearest first.

use super::document::{Document, Node, NodeKind};
use super::expression::{Axis, NodeTest};

impl Document {
    /// Hands the nodes on `axis` of `node` to `visit`, until it returns false.
    pub(super) fn walk(&self, axis: Axis, node: Node, visit: &mut dyn FnMut(Node) -> bool) {
        let entry = self.entry(node);
        match axis {
            Axis::Own => _ = visit(node),
            Axis::Parent if node != 0 => _ = visit(entry.parent),
            Axis::Namespace | Axis::Parent => {}
            Axis::Attribute => _ = self.attributes(node).all(visit),
            Axis::Child => self.siblings(self.behind_attributes(node), entry.end, visit),
            Axis::Descendant => self.range(node + 1, entry.end, visit),
            Axis::DescendantOrSelf => {
                if visit(node) {
                    self.range(node + 1, entry.end, visit);
                }
            }
            Axis::Following => self.range(entry.end, self.len(), visit),
            Axis::FollowingSibling if self.is_attribute(node) => {}
            Axis::FollowingSibling => {
                self.siblings(entry.end, self.entry(entry.parent).end, visit);
            }
            Axis::PrecedingSibling => {
                let mut before = entry.previous;
                while !self.is_attribute(node) && before != 0 && visit(before) {
                    before = self.entry(before).previous;
                }
            }
            Axis::Preceding => {
                // Ancestors end behind the node.
                let is_before = |other: &Node| self.entry(*other).end <= node;
                let is_child = |other: &Node| !self.is_attribute(*other);
                _ = (1..node).rev().filter(is_before).filter(is_child).all(visit);
            }
            Axis::Ancestor => self.ancestors(node, visit),
            Axis::AncestorOrSelf => {
                if visit(node) {
                    self.ancestors(node, visit);
                }
            }
        }
    }

    /// Whether `node`, which is on `axis`, passes `test`.
    pub(super) fn passes(&self, axis: Axis, node: Node, test: &NodeTest) -> bool {
        let entry = self.entry(node);
        let principal =
            if axis == Axis::Attribute { NodeKind::Attribute } else { NodeKind::Element };
        match test {
            NodeTest::Any => entry.kind != NodeKind::Namespace,
            NodeTest::Comment => entry.kind == NodeKind::Comment,
            NodeTest::Text => entry.kind == NodeKind::Text,
            NodeTest::Instruction(target) => {
                let is_target = target.as_ref().is_none_or(|target| *target == entry.name);
                entry.kind == NodeKind::Instruction && is_target
            }
            NodeTest::Star => entry.kind == principal,
            NodeTest::Name(name) => entry.kind == principal && self.is_same_name(&entry.name, name),
            NodeTest::Prefix(prefix) => {
                let start = entry.name.get(..prefix.len());
                entry.kind == principal
                    && start.is_some_and(|start| self.is_same_name(start, prefix))
            }
        }
    }

    pub(super) fn is_attribute(&self, node: Node) -> bool {
        matches!(self.entry(node).kind, NodeKind::Attribute | NodeKind::Namespace)
    }

    fn behind_attributes(&self, node: Node) -> Node {
        self.attributes(node).last().unwrap_or(node) + 1
    }

    /// From one child to the next; the first is no attribute.
    fn siblings(&self, first: Node, end: Node, visit: &mut dyn FnMut(Node) -> bool) {
        let mut child = first;
        while child < end && visit(child) {
            child = self.entry(child).end;
        }
    }

    fn range(&self, first: Node, end: Node, visit: &mut dyn FnMut(Node) -> bool) {
        _ = (first..end).filter(|node| !self.is_attribute(*node)).all(visit);
    }

    fn ancestors(&self, node: Node, visit: &mut dyn FnMut(Node) -> bool) {
        let mut node = node;
        while node != 0 {
            node = self.entry(node).parent;
            if !visit(node) {
                return;
            }
        }
    }
}
