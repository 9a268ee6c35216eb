//! Checks at insertion points: points side by side, the checks of one point one after the other.
//! Points with one name (method, path shape, kind, name) are one, wherever they stand, and so are all
//! points of requests that write. What is tested thus depends on the site model alone and never on
//! which answer came first.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::Mutex;

use super::board::side_by_side;
use super::finding::Spot;
use super::order::Pass;
use super::reaction::reacts;
use super::run::Came;
use super::run::Round;
use super::run::run_at;
use super::tasks::Task;
use crate::model::NoticeLevel;
use crate::model::inert;
use crate::model::stateless_shape;
use crate::plan::Strength;
use crate::scan::point::InsertionPoint;
use crate::scan::probe::NativeCheck;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::ProbeTask;
use crate::scan::probe::Sender;
use crate::scan::probe::place;

/// Nodes in which the same insertion point (method, path shape, kind, name) is tested.
const NODES_PER_POINT: u32 = 2;

/// One insertion point of a node.
struct Place {
    task: Arc<Task>,
    /// Among the points of the task.
    index: usize,
    key: String,
}

/// Points that are tested one after the other, and what is known of them.
#[derive(Default)]
pub(super) struct Group {
    places: Vec<Place>,
    tested: BTreeMap<String, u32>,
    /// Insertion points where a root cause is known.
    found: BTreeMap<String, Vec<&'static str>>,
    /// Insertion points where checks got no answer, and how many.
    unanswered: BTreeMap<String, u32>,
    /// Insertion points that are left alone.
    left: BTreeSet<String>,
    /// Points of which the application takes no notice, by their place in the group; known once the
    /// first check comes by.
    idle: Option<BTreeSet<usize>>,
    /// Checks that had their turn, by the point's place in the group.
    done: BTreeSet<(usize, usize)>,
    /// Some are slow and left for later.
    is_postponed: bool,
}

/// Tests the points of some nodes: all of them by grave checks first, then by the others. Gives those of
/// which some are left for later, because they are slow.
pub(super) async fn test_points(round: &Arc<Round>, tasks: Vec<Task>) -> Vec<SharedGroup> {
    let groups = groups(tasks);
    let points: usize = groups.iter().map(|group| group.places.len()).sum();
    let groups: Vec<SharedGroup> =
        groups.into_iter().map(|group| Arc::new(Mutex::new(group))).collect();
    for pass in Pass::ALL {
        let works =
            groups.iter().map(|group| test_group(Arc::clone(round), Arc::clone(group), pass));
        side_by_side(&round.active, works.collect::<Vec<_>>()).await;
    }
    round.active.means.traffic.progress.points_done.fetch_add(points as u64, Ordering::Relaxed);
    let mut slow = Vec::new();
    for group in groups {
        if group.lock().await.is_postponed {
            slow.push(group);
        }
    }
    slow
}

/// Tests what was left, one place after the other: a place that waits may keep others waiting with it, so
/// that only alone it is seen which one it is.
pub(super) async fn test_slow_points(round: &Arc<Round>, groups: &[SharedGroup]) {
    round.active.means.pace.begin_last();
    for pass in Pass::ALL {
        for group in groups {
            test_group(Arc::clone(round), Arc::clone(group), pass).await;
        }
    }
}

/// A group that is tested in several passes.
pub(super) type SharedGroup = Arc<Mutex<Group>>;

/// Points in groups that do not depend on each other, in the order of the tasks.
fn groups(tasks: Vec<Task>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for task in tasks.into_iter().map(Arc::new) {
        for (index, (point, _)) in task.points.iter().enumerate() {
            let key = point_key(&task, point);
            // What is written to one place is read there too; and what is beside the values is
            // tried together.
            let name = if task.is_aside || !task.base.method.is_safe() {
                format!("{} {} {}", task.base.method, task.shape, task.is_aside)
            } else {
                key.clone()
            };
            let group = *by_name.entry(name).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() - 1
            });
            groups[group].places.push(Place { task: Arc::clone(&task), index, key });
        }
    }
    groups
}

async fn test_group(round: Arc<Round>, group: Arc<Mutex<Group>>, pass: Pass) {
    // Passes come one after the other, and groups once in each.
    let mut group = group.lock().await;
    group.learn_idle(&round).await;
    for at in 0..group.places.len() {
        for (index, selected) in round.active.checks.iter().enumerate() {
            let NativeCheck::Point(check) = &selected.check else { continue };
            if round.active.means.traffic.is_stopping() {
                return;
            }
            if !pass.has(selected) || group.is_slow(at, &round).await {
                continue;
            }
            if !group.done.insert((at, index)) || !group.claim(at, check.as_ref(), &round) {
                continue;
            }
            let came = test_point(&round, &group.places[at], index, check).await;
            if let Some(why) = group.note(at, check.as_ref(), came) {
                round.active.means.traffic.notice(NoticeLevel::Warning, why).await;
            }
        }
    }
}

/// Checks at one point that may stay without an answer before the others are spared: it stops the
/// target, or something in front of it.
const MOST_UNANSWERED: u32 = 2;

/// A few of a template are enough, however many values were seen in its path.
fn point_key(task: &Task, point: &InsertionPoint) -> String {
    let shape = stateless_shape(&path_at(task, point));
    format!("{} {shape} {}", task.base.method, point.reference)
}

/// The path without the example that stands at the point, and with the operation's name where
/// several have one path.
fn path_at(task: &Task, point: &InsertionPoint) -> String {
    let path = point.open_path(&task.base.path_and_query_text());
    match task.path_template.split_once('#') {
        Some((_, operation)) => format!("{path}:{operation}"),
        None => path,
    }
}

impl Group {
    /// Finds out which points are idle, where most are.
    async fn learn_idle(&mut self, round: &Round) {
        if self.idle.is_some() {
            return;
        }
        let mut idle = BTreeSet::new();
        let asides: Vec<usize> =
            (0..self.places.len()).filter(|at| self.places[*at].task.is_untried()).collect();
        for several in
            asides.chunk_by(|a, b| Arc::ptr_eq(&self.places[*a].task, &self.places[*b].task))
        {
            let task = &self.places[several[0]].task;
            let point = |at: &usize| &task.points[self.places[*at].index].0;
            let all: Vec<_> = several.iter().map(point).collect();
            // Where it cannot be asked, the checks are; but what never gets to the application, because
            // the server hangs up on it, no check can ask either.
            let is_idle = |reacts| matches!(reacts, Ok(false) | Err(ProbeStop::Failed(_)));
            match reacts(round, task, &all).await {
                Ok(false) => {
                    idle.extend(several);
                    continue;
                }
                Err(ProbeStop::Failed(_)) if several.len() == 1 => {
                    idle.extend(several);
                    continue;
                }
                _ => {}
            }
            for at in several.iter().filter(|_| several.len() > 1) {
                if is_idle(reacts(round, task, &[point(at)]).await) {
                    idle.insert(*at);
                }
            }
        }
        self.idle = Some(idle);
    }

    /// Whether the place is left for later because it is slow, or has by then kept the run waiting for so long
    /// that it is left alone.
    async fn is_slow(&mut self, at: usize, round: &Round) -> bool {
        let means = &round.active.means;
        let task = &self.places[at].task;
        let place = place(task.base.method.as_str(), &task.base.path_and_query_text());
        if means.pace.is_for_later(&place, task.is_slow) {
            self.is_postponed = true;
            return true;
        }
        let Some(why) = means.pace.spent(&place, means.probing.strength) else { return false };
        if let Ok(why) = why {
            let text = format!("scan: no more is asked at {}: {why}", inert(&place, 200));
            means.traffic.notice(NoticeLevel::Warning, text).await;
        }
        true
    }

    /// Remembers what came of a check; why the point is left alone from now on, if it is.
    fn note(&mut self, at: usize, check: &dyn PointCheck, came: Came) -> Option<String> {
        let key = self.places[at].key.clone();
        let why = match came {
            Came::Nothing => return None,
            Came::Unsure => check.goes_first().then(|| format!("{} may be there", check.id()))?,
            Came::Found => {
                self.found.entry(key.clone()).or_default().push(check.root_cause());
                check.goes_first().then(|| format!("{} is there", check.id()))?
            }
            Came::Unanswered => {
                let count = self.unanswered.entry(key.clone()).or_insert(0);
                *count += 1;
                (*count >= MOST_UNANSWERED).then(|| format!("{count} checks got no answer"))?
            }
        };
        let text = format!("scan: no more is asked at {}: {why}", inert(&key, 200));
        self.left.insert(key).then_some(text)
    }

    /// Whether the check is to be run at the point: not where nothing can come of it, not more often
    /// than useful, and not once the flaw is known there.
    fn claim(&mut self, at: usize, check: &dyn PointCheck, round: &Round) -> bool {
        let place = &self.places[at];
        let (point, _) = &place.task.points[place.index];
        let is_idle = self.idle.as_ref().is_some_and(|idle| idle.contains(&at));
        if self.left.contains(&place.key) {
            return false;
        }
        let is_worth_it =
            !is_idle || check.is_blind() && round.active.means.probing.strength == Strength::High;
        if !is_worth_it || !check.applies(point) {
            return false;
        }
        let cause = check.root_cause();
        if self.found.get(&place.key).is_some_and(|causes| causes.contains(&cause)) {
            return false;
        }
        let tested = self.tested.entry(purpose(place, check)).or_insert(0);
        *tested += 1;
        *tested <= NODES_PER_POINT
    }
}

/// Check and point, by which payloads are drawn and answers of an earlier run are found.
fn purpose(place: &Place, check: &dyn PointCheck) -> String {
    format!("{} {}", check.id(), place.key)
}

async fn test_point(
    round: &Arc<Round>,
    place: &Place,
    index: usize,
    check: &Arc<dyn PointCheck>,
) -> Came {
    let task = &place.task;
    let (point, others) = &task.points[place.index];
    let sent = Arc::new(AtomicU64::new(0));
    let means = round.active.means.clone();
    let purpose = purpose(place, check.as_ref());
    let sender = Sender::new(means, &purpose, check.budget(), Arc::clone(&sent)).by(task.whom);
    let about =
        ProbeTask { base: task.base.clone(), point: point.clone(), other_values: others.clone() };
    let spot = Spot {
        base: task.base.clone(),
        path_template: task.path_template.clone(),
        point: Some(point.reference.clone()),
        open_path: path_at(task, point),
    };
    let mut probe = Probe::new(sender, about);
    let running = Arc::clone(check);
    let work = async move { (running.run(&mut probe).await, probe.sender().take_expected()) };
    run_at(round, index, &spot, &sent, work).await
}
