//! Which operations are asked for.

use std::collections::BTreeSet;

use crate::scan::probe::AccessSettings;
use crate::scan::probe::Node;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::insertion_points_in;
use crate::scan::probe::is_password;

/// What is asked for, and what is not.
pub(super) struct Operations {
    /// One node of each, those that only read first, then by path.
    pub(super) nodes: Vec<Node>,
    /// Names of those that take a password: sent as somebody else, they log that one in.
    pub(super) spared: Vec<String>,
}

impl Operations {
    /// Those that were reached and may be sent, and that the plan means. What changes something was
    /// reached only where the plan allows it.
    pub(super) fn of(probe: &SiteProbe, settings: &AccessSettings) -> Self {
        let mut known = BTreeSet::new();
        let mut nodes: Vec<Node> = Vec::new();
        let mut spared = Vec::new();
        for node in probe.reached() {
            let is_meant = settings.includes(&node.method, &node.path_template);
            if !is_meant || !probe.may_send(&node) || !known.insert(name(&node)) {
                continue;
            }
            if takes_password(&node) {
                spared.push(name(&node));
            } else {
                nodes.push(node);
            }
        }
        nodes.sort_by_cached_key(|node| {
            let writes = !node.examples[0].method.is_safe();
            (writes, node.path_template.clone(), node.method.clone())
        });
        Self { nodes, spared }
    }
}

/// `GET /api/orders/{id}`
pub(super) fn name(node: &Node) -> String {
    format!("{} {}", node.method, node.path_template)
}

fn takes_password(node: &Node) -> bool {
    let points = insertion_points_in(&node.examples[0], &node.path_template);
    points.iter().any(|point| is_password(&point.reference.name))
}
