//! Logins of the plan as places to test: what stands beside name and password, with the right ones, since
//! what a login does with it may depend on its being right; and name and password themselves where the
//! crawl has not come by, because whoever is logged in is not shown the form.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::reaction::ID;
use super::run::Round;
use super::tasks::Task;
use super::tasks::shape_of;
use crate::model::Request;
use crate::scan::door::Door;
use crate::scan::door::DoorKind;
use crate::scan::persona::Persona;
use crate::scan::persona::Whom;
use crate::scan::point::InsertionPoint;
use crate::scan::point::insertion_points_in;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Sender;
use crate::scan::session::Keeper;
use crate::scan::site::Node;

/// Logins that are looked at.
const MAX_DOORS: usize = 6;

/// Requests to one of them before it is tested.
const BUDGET: u64 = 2;

/// A login of the plan, with what somebody shows there.
struct Login {
    door: Door,
    user: String,
    password: String,
}

/// Tasks at each login of the plan, which a visitor tries; none where the plan does not allow what they send.
pub(super) async fn logins(round: &Round) -> Vec<Task> {
    let mut tasks = Vec::new();
    let all = planned(round);
    if all.is_empty() {
        return tasks;
    }
    let visitor = round.active.means.traffic.admit(Persona::stand_in());
    for login in all.into_iter().take(MAX_DOORS) {
        let node = round.site.nodes().find(|node| is_at(node, &login.door));
        let door = match node {
            Some(node) => Some(login.door.at(node)),
            None => read(round, &login, visitor).await.ok().flatten(),
        };
        let Some(door) = door.filter(|door| is_allowed(round, door)) else { continue };
        let is_shown = |point: &InsertionPoint| {
            door.users.contains(&point.reference) || door.passwords.contains(&point.reference)
        };
        let right = door.filled(&login.user, &login.password);
        tasks.extend(task(&door, right, visitor, |point| !is_shown(point)));
        if node.is_none() {
            // Wrong passwords for a right name could lock it.
            let is_made_up = login.door.page.is_some();
            let is_spared = |point: &InsertionPoint| door.passwords.contains(&point.reference);
            let wanted =
                |point: &InsertionPoint| is_shown(point) && (is_made_up || !is_spared(point));
            tasks.extend(task(&door, door.base.clone(), visitor, wanted));
        }
    }
    tasks
}

fn is_allowed(round: &Round, door: &Door) -> bool {
    round.active.means.allow_unsafe || door.base.method.is_safe()
}

/// Each login once.
fn planned(round: &Round) -> Vec<Login> {
    let mut found: Vec<Login> = Vec::new();
    for persona in round.active.means.traffic.everybody() {
        let entrance = persona.keeper().and_then(Keeper::entrance);
        let door = entrance.and_then(|it| Door::of_plan(&it, &persona.known));
        let credentials = persona.known.names.first().zip(persona.known.password.as_ref());
        let (Some(door), Some((user, password))) = (door, credentials) else { continue };
        if !found.iter().any(|known| known.door.is_same(&door)) {
            found.push(Login { door, user: user.clone(), password: password.clone() });
        }
    }
    found
}

/// Whether a node's requests go through the door.
fn is_at(node: &Node, door: &Door) -> bool {
    let Some(example) = node.examples.first() else { return false };
    if !door.is_read() {
        return Door::of_node(node, true).is_some_and(|own| own.is_same(door));
    }
    example.method == door.base.method
        && example.origin == door.base.origin
        && shape_of(example) == shape_of(&door.base)
}

/// The door as its page shows it to a visitor, or as the plan has it.
async fn read(round: &Round, login: &Login, visitor: Whom) -> Result<Option<Door>, ProbeStop> {
    let Some(page) = login.door.page.clone() else { return Ok(Some(login.door.clone())) };
    let purpose = format!("{ID} login {}", page.path_and_query_text());
    let sent: Arc<AtomicU64> = Arc::default();
    let means = round.active.means.clone();
    let mut sender = Sender::new(means, &purpose, BUDGET, sent).by(visitor);
    let shown = sender.send(page.clone(), "", None).await;
    round.board.spend(ID, sender.spent());
    let doors = Door::on_page(&page, shown?.response());
    Ok(doors.into_iter().find(|door| door.kind == DoorKind::Login))
}

/// The points of a request that are wanted.
fn task(
    door: &Door,
    base: Request,
    whom: Whom,
    is_wanted: impl Fn(&InsertionPoint) -> bool,
) -> Option<Task> {
    let points = insertion_points_in(&base, &door.path_template).into_iter();
    let points: Vec<_> =
        points.filter(|point| is_wanted(point)).map(|point| (point, Vec::new())).collect();
    (!points.is_empty()).then(|| Task {
        shape: shape_of(&base),
        path_template: door.path_template.clone(),
        base,
        points,
        is_aside: false,
        whom,
        is_settled: false,
        is_slow: false,
    })
}
