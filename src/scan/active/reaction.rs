//! Whether an application takes any notice of what stands at points beside its values.
//!
//! Most read no header and no cookie but their own. All points of a request are changed at once, to two
//! odd values; where the page stays the same, and shows neither, there is nothing to ask of answers:
//! 4 requests for all of them together, in place of some for each check and point. Where it changes, the
//! request is sent once more as it was: other checks change pages too.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::run::Round;
use super::tasks::Task;
use crate::model::Request;
use crate::scan::point::InsertionPoint;
use crate::scan::point::place_all;
use crate::scan::probe::Likeness;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Sender;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;

/// What statements, scripts, templates and markup stumble over.
const ODD: &str = "'\"`)}]>{{7*'";

/// Requests of one trial.
const BUDGET: u64 = 12;

/// How often a trial begins anew because the page has changed by itself.
const TRIALS: usize = 2;

/// What is counted under.
pub(super) const ID: &str = "reaction";

/// Whether anything changes with the points of a task.
pub(super) async fn reacts(
    round: &Round,
    task: &Task,
    points: &[&InsertionPoint],
) -> Result<bool, ProbeStop> {
    let names: Vec<_> = points.iter().map(|point| point.reference.to_string()).collect();
    let purpose = format!("{ID} {} {} {}", task.base.method, task.shape, names.join(", "));
    let sent = Arc::new(AtomicU64::new(0));
    let mut sender = Sender::new(round.active.means.clone(), &purpose, BUDGET, sent);
    let result = changes(&mut sender, task, points).await;
    round.board.spend(ID, sender.spent());
    result
}

async fn changes(
    sender: &mut Sender,
    task: &Task,
    points: &[&InsertionPoint],
) -> Result<bool, ProbeStop> {
    let usual = with_all(&task.base, points, |point| point.value.clone());
    for _ in 0..TRIALS {
        let mut shapes = Vec::new();
        for _ in 0..2 {
            let shot = fire(sender, task, usual.clone(), "").await?;
            shapes.push(Shape::of(shot.response(), "", ""));
        }
        let Some(page) = Likeness::of(&shapes) else { return Ok(true) };
        match trial(sender, task, points, &page).await? {
            Trial::Same => return Ok(false),
            Trial::Shown => return Ok(true),
            Trial::Changed => {}
        }
        let shot = fire(sender, task, usual.clone(), "").await?;
        if page.is(&Shape::of(shot.response(), "", "")) {
            return Ok(true);
        }
    }
    // It changes all the time.
    Ok(true)
}

/// What came of odd values.
enum Trial {
    Same,
    Changed,
    /// One of them stands in the page.
    Shown,
}

async fn trial(
    sender: &mut Sender,
    task: &Task,
    points: &[&InsertionPoint],
    page: &Likeness,
) -> Result<Trial, ProbeStop> {
    let (word, other) = (sender.word(), sender.word());
    for value in [format!("{word}{ODD}"), other.clone()] {
        let changed = with_all(&task.base, points, |_| value.clone());
        let shot = fire(sender, task, changed, &value).await?;
        if shot.find(&word).is_some() || shot.find(&other).is_some() {
            return Ok(Trial::Shown);
        }
        if !page.is(&Shape::of(shot.response(), "", "")) {
            return Ok(Trial::Changed);
        }
    }
    Ok(Trial::Same)
}

fn with_all(
    base: &Request,
    points: &[&InsertionPoint],
    value: impl Fn(&InsertionPoint) -> String,
) -> Request {
    let values: Vec<_> = points.iter().map(|point| (*point, value(point))).collect();
    place_all(base, &values)
}

async fn fire(
    sender: &mut Sender,
    task: &Task,
    request: Request,
    value: &str,
) -> Result<Shot, ProbeStop> {
    let stands_for = task.base.path_and_query_text().into_owned();
    sender.send(request, value, Some(stands_for)).await
}
