//! Last segments of paths that are values, though too few of them were seen to know it by that:
//! `/help/returns` and `/help/repairs`, where the site answers to any name there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::reaction::ID;
use super::run::Round;
use super::tasks::Task;
use super::tasks::shape_of;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::scan::persona::Whom;
use crate::scan::point::insertion_points_in;
use crate::scan::probe::Likeness;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Sender;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;
use crate::scan::site::Node;

/// Directories that are asked.
const MAX_DIRECTORIES: usize = 20;

/// Pages of a directory that are built alike, at least.
const ALIKE: usize = 2;

/// Requests to one directory.
const BUDGET: u64 = 4;

/// A task for each directory whose last segment is a value.
pub(super) async fn open_segments(round: &Round) -> Vec<Task> {
    let mut tasks = Vec::new();
    for (directory, node) in alike(round).into_iter().take(MAX_DIRECTORIES) {
        if matches!(is_open(round, &directory, &node).await, Ok(true)) {
            tasks.extend(task(&directory, &node));
        }
    }
    tasks
}

/// Directories with pages that are built alike, in the order of the site, and the first of each by its name.
fn alike(round: &Round) -> Vec<(String, Node)> {
    let mut order: Vec<String> = Vec::new();
    let mut pages: BTreeMap<String, Vec<&Node>> = BTreeMap::new();
    let is_plain = |node: &&Node| {
        let path = node.examples[0].path_and_query_text().into_owned();
        node.reached
            && node.method == "GET"
            && node.structure.is_some()
            && !path.contains(['?', '.'])
            && !node.path_template.contains(['{', '#'])
    };
    for node in round.site.nodes().filter(|node| !node.examples.is_empty()).filter(is_plain) {
        let path = node.examples[0].path_and_query_text().into_owned();
        let Some((directory, name)) = path.rsplit_once('/') else { continue };
        // At the root stand the main pages of small sites.
        if directory.is_empty() || name.is_empty() {
            continue;
        }
        if !pages.contains_key(directory) {
            order.push(directory.to_owned());
        }
        pages.entry(directory.to_owned()).or_default().push(node);
    }
    let first = |directory: String| {
        let all = &pages[&directory];
        let is_like = |one: &Node, other: &Node| match (one.structure, other.structure) {
            (Some(one), Some(other)) => one.is_like(other),
            _ => false,
        };
        let has_like =
            |one: &&&Node| all.iter().filter(|other| is_like(one, other)).count() >= ALIKE;
        let first = all.iter().filter(has_like).min_by_key(|one| &one.path_template)?;
        Some((directory, (*first).clone()))
    };
    order.into_iter().filter_map(first).collect()
}

/// Whether any name is answered there, and not in the same way wherever it is asked for.
async fn is_open(round: &Round, directory: &str, node: &Node) -> Result<bool, ProbeStop> {
    let purpose = format!("{ID} segment {directory}");
    let sent: Arc<AtomicU64> = Arc::default();
    let mut sender = Sender::new(round.active.means.clone(), &purpose, BUDGET, sent);
    let result = asked(&mut sender, directory, node).await;
    round.board.spend(ID, sender.spent());
    result
}

async fn asked(sender: &mut Sender, directory: &str, node: &Node) -> Result<bool, ProbeStop> {
    let words = [sender.word(), sender.word(), sender.word()];
    let mut shots: Vec<Shot> = Vec::new();
    for (directory, word) in [directory, directory, ""].into_iter().zip(&words) {
        let path = format!("{directory}/{word}");
        let request = Request::get(node.examples[0].origin.clone(), path);
        let stands_for = node.examples[0].path_and_query_text().into_owned();
        shots.push(sender.send(request, "", Some(stands_for)).await?);
        if shots[0].response().status >= 400 {
            return Ok(false);
        }
    }
    let shape = |index: usize| Shape::of(shots[index].response(), &words[index], "");
    let Some(there) = Likeness::of(&[shape(0), shape(1)]) else { return Ok(false) };
    Ok(!there.is(&shape(2)))
}

fn task(directory: &str, node: &Node) -> Option<Task> {
    let base = node.examples[0].clone();
    let points = insertion_points_in(&base, &format!("{directory}/{{name}}"));
    let point = points.into_iter().rfind(|point| point.reference.kind == InsertionKind::Path)?;
    Some(Task {
        shape: shape_of(&base),
        path_template: format!("{directory}/{{slug}}"),
        base,
        points: vec![(point, Vec::new())],
        is_aside: false,
        whom: Whom::Session,
        is_settled: false,
        is_slow: false,
    })
}
