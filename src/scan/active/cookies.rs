//! At which pages a cookie is worth testing: where anything changes with it. Sites set cookies for all
//! pages, and read most of them at one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use super::board::side_by_side;
use super::reaction::reacts;
use super::run::Round;
use super::tasks::Task;
use crate::model::InsertionKind;
use crate::plan::Strength;

/// Pages at which a cookie of one name is tested below high strength.
const PAGES_PER_COOKIE: u32 = 3;

/// The tasks, without cookies that change nothing. Which ones stay does not depend on which answer came
/// first.
pub(super) async fn with_live_cookies(round: &Arc<Round>, tasks: Vec<Task>) -> Vec<Task> {
    if round.active.means.probing.strength == Strength::High {
        return tasks;
    }
    let tasks: Vec<Arc<Task>> = tasks.into_iter().map(Arc::new).collect();
    let live: Arc<Mutex<BTreeMap<usize, BTreeSet<usize>>>> = Arc::default();
    let works =
        tasks.iter().enumerate().filter(|(_, task)| is_of_cookies(task)).map(|(at, task)| {
            let (round, task, live) = (Arc::clone(round), Arc::clone(task), Arc::clone(&live));
            async move {
                let found = live_in(&round, &task).await;
                live.lock().expect("no holder panics").insert(at, found);
            }
        });
    side_by_side(&round.active, works.collect::<Vec<_>>()).await;
    let live = std::mem::take(&mut *live.lock().expect("no holder panics"));
    let mut pages: BTreeMap<String, u32> = BTreeMap::new();
    let mut kept = Vec::new();
    for (at, task) in tasks.into_iter().enumerate() {
        let mut task = Arc::into_inner(task).expect("the works are over");
        if let Some(live) = live.get(&at) {
            let points = std::mem::take(&mut task.points).into_iter().enumerate();
            let stay = points.filter(|(index, (point, _))| {
                let count = pages.entry(point.reference.name.clone()).or_insert(0);
                let stays = live.contains(index) && *count < PAGES_PER_COOKIE;
                *count += u32::from(stays);
                stays
            });
            task.points = stay.map(|(_, point)| point).collect();
            task.is_settled = true;
        }
        if !task.points.is_empty() {
            kept.push(task);
        }
    }
    kept
}

fn is_of_cookies(task: &Task) -> bool {
    task.points.iter().all(|(point, _)| point.reference.kind == InsertionKind::Cookie)
}

/// Places of the points with which anything changes; all of them where that cannot be asked.
async fn live_in(round: &Round, task: &Task) -> BTreeSet<usize> {
    let all: Vec<_> = task.points.iter().map(|(point, _)| point).collect();
    if matches!(reacts(round, task, &all).await, Ok(false)) {
        return BTreeSet::new();
    }
    let mut live = BTreeSet::new();
    for (at, point) in all.iter().enumerate() {
        if all.len() == 1 || !matches!(reacts(round, task, &[point]).await, Ok(false)) {
            live.insert(at);
        }
    }
    live
}
