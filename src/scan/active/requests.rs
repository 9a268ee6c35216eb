//! Checks of requests: nodes side by side, but of one name of a root cause one after the other; and so are
//! all that write, since what one of them changes may stand on the pages that another compares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::board::side_by_side;
use super::finding::Spot;
use super::run::Came;
use super::run::Round;
use super::run::run_at;
use crate::scan::probe::NativeCheck;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Sender;
use crate::scan::site::Node;

/// Nodes of one root cause at which a check is run before it is said that nothing is there.
const NODES_PER_CAUSE: usize = 3;

/// Tests some nodes with every check of requests.
pub(super) async fn test_requests(round: &Arc<Round>, nodes: &[&Node]) {
    let mut works = Vec::new();
    for (index, selected) in round.active.checks.iter().enumerate() {
        let NativeCheck::Request(check) = &selected.check else { continue };
        for causes in by_cause(check.as_ref(), nodes) {
            works.push(test_cause(Arc::clone(round), index, Arc::clone(check), causes));
        }
    }
    if nodes.iter().all(|node| node.examples[0].method.is_safe()) {
        side_by_side(&round.active, works).await;
        return;
    }
    for work in works {
        work.await;
    }
}

/// Nodes that a check applies to, those of one root cause together, the most promising first, then in
/// the order of the site.
fn by_cause(check: &dyn RequestCheck, nodes: &[&Node]) -> Vec<Vec<Node>> {
    let mut order: Vec<Vec<&Node>> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for node in nodes.iter().copied().filter(|node| check.applies(node)) {
        let cause = *known.entry(check.root_cause(node)).or_insert_with(|| {
            order.push(Vec::new());
            order.len() - 1
        });
        order[cause].push(node);
    }
    let chosen = |mut nodes: Vec<&Node>| {
        nodes.sort_by_key(|node| std::cmp::Reverse(check.promise(node)));
        nodes.into_iter().take(NODES_PER_CAUSE).cloned().collect()
    };
    order.into_iter().map(chosen).collect()
}

async fn test_cause(
    round: Arc<Round>,
    index: usize,
    check: Arc<dyn RequestCheck>,
    nodes: Vec<Node>,
) {
    for node in nodes {
        if round.active.means.traffic.is_stopping() || test_node(&round, index, &check, node).await
        {
            return;
        }
    }
}

/// Whether the flaw is there.
async fn test_node(
    round: &Arc<Round>,
    index: usize,
    check: &Arc<dyn RequestCheck>,
    node: Node,
) -> bool {
    let sent = Arc::new(AtomicU64::new(0));
    let purpose = format!("{} {} {}", check.id(), node.method, node.path_template);
    let means = round.active.means.clone();
    let sender = Sender::new(means, &purpose, check.budget(), Arc::clone(&sent));
    let spot = Spot {
        base: node.examples[0].clone(),
        path_template: node.path_template.clone(),
        point: None,
        open_path: node.path_template.clone(),
    };
    let mut probe = RequestProbe::new(sender, Arc::clone(&round.site), node);
    let running = Arc::clone(check);
    let work = async move { (running.run(&mut probe).await, probe.sender().take_expected()) };
    run_at(round, index, &spot, &sent, work).await == Came::Found
}
