//! Registers people where the plan has no second identity, so that checks have somebody to compare
//! with: up to two, with random names and passwords, where the site lets anybody register and the
//! plan allows what that changes. They stay in the target; a notice says who they are.

use std::sync::Arc;

use super::door::Door;
use super::door::DoorKind;
use super::persona::Known;
use super::persona::Persona;
use super::probe::Gate;
use super::probe::Guarded;
use super::probe::Person;
use super::probe::ProbeStop;
use super::probe::SiteProbe;
use super::probe::Whom;
use super::traffic::Traffic;
use crate::model::NoticeLevel;

/// People that a comparison needs.
const ENOUGH: usize = 2;

/// Doors at which it is tried.
const MAX_DOORS: usize = 3;

/// Requests for all of it.
pub(crate) const BUDGET: u64 = 80;

/// Registers as many as are missing.
///
/// # Errors
/// [`ProbeStop`]; who has registered by then stays known.
pub(crate) async fn register(
    probe: &mut SiteProbe,
    traffic: &Arc<Traffic>,
) -> Result<(), ProbeStop> {
    let mut names = Vec::new();
    let doors = probe.doors(DoorKind::Register);
    for door in doors.iter().take(MAX_DOORS) {
        while probe.people().len() < ENOUGH {
            match newcomer(probe, traffic, door).await? {
                Some(name) => names.push(name),
                None => break,
            }
        }
        if !names.is_empty() {
            let at = format!("{} {}", door.base.method, door.path_template);
            let who = names.join("`, `");
            let text = format!(
                "scan: registered `{who}` at {at}, because the plan names fewer than {ENOUGH} \
                 identities; they stay there"
            );
            traffic.notice(NoticeLevel::Info, text).await;
            break;
        }
    }
    Ok(())
}

/// Somebody new, who has logged in; their name.
async fn newcomer(
    probe: &mut SiteProbe,
    traffic: &Arc<Traffic>,
    door: &Door,
) -> Result<Option<String>, ProbeStop> {
    let name = probe.new_name();
    let password = format!("Aa1-{}", probe.sender().word());
    let whom = probe.visitor();
    let knock = probe.knock(door, whom, &name, &password).await?;
    if knock.shot.response().status >= 400 {
        return Ok(None);
    }
    let address = format!("{name}@example.com");
    let orders = [vec![name.clone(), address.clone()], vec![address, name.clone()]];
    for names in orders {
        let known = Known { names, password: Some(password.clone()) };
        if let Some(whom) = log_in(probe, &known).await? {
            settle(traffic, whom, &name, known);
            return Ok(Some(name));
        }
    }
    // Some are logged in as soon as they have registered.
    let known = Known { names: vec![name.clone()], password: Some(password) };
    let person = person(whom, &known);
    if knock.seems_open(probe) && !Guarded::find(probe, &person, 1).await?.is_empty() {
        settle(traffic, whom, &name, known);
        return Ok(Some(name));
    }
    Ok(None)
}

/// Logs in where it can be told that a wrong password would not do.
async fn log_in(probe: &mut SiteProbe, known: &Known) -> Result<Option<Whom>, ProbeStop> {
    for door in probe.doors(DoorKind::Login).iter().take(MAX_DOORS) {
        let person = person(Whom::Nobody, known);
        let Some(gate) = Gate::learn(probe, door, &person).await? else { continue };
        let Some((user, password)) = person.credentials() else { continue };
        let (is_in, knock) = gate.admits(probe, &user, &password).await?;
        if is_in {
            return Ok(Some(knock.whom));
        }
    }
    Ok(None)
}

fn person(whom: Whom, known: &Known) -> Person {
    Person {
        whom,
        name: known.names.first().cloned().unwrap_or_default(),
        role: None,
        names: known.names.clone(),
        password: known.password.clone(),
        is_registered: true,
    }
}

/// Whoever was passing stays, with what they got.
fn settle(traffic: &Traffic, whom: Whom, name: &str, known: Known) {
    let passing = traffic.persona(whom);
    let settled = Persona::registered(name, known);
    let cookies = passing.cookies.lock().expect("no holder panics").clone();
    let credentials = passing.credentials.lock().expect("no holder panics").clone();
    *settled.cookies.lock().expect("no holder panics") = cookies;
    *settled.credentials.lock().expect("no holder panics") = credentials;
    let _whom = traffic.admit(settled);
}
