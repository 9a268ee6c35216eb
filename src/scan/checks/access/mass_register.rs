//! Members that a registration may not set and sets all the same.

use super::extra::Extra;
use super::mass_assignment::point_of;
use super::mass_assignment::proof;
use super::record::Record;
use super::record::look;
use crate::model::Request;
use crate::scan::probe::Door;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Gate;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;

/// People who register.
pub(super) async fn registration(probe: &mut SiteProbe, door: &Door) -> Result<(), ProbeStop> {
    let Some((first, control, _)) = newcomer(probe, door, None).await? else { return Ok(()) };
    let extra = Extra::for_record(probe, &control, &door.base);
    let Some((shot, record, request)) = newcomer(probe, door, Some(&extra)).await? else {
        return Ok(());
    };
    if let Some(set) = extra.set_in(&record, &control) {
        let proof = proof(set, (&first, &control), (&shot, &record));
        let point = point_of(&proof);
        let template = door.path_template.clone();
        probe.found_in(request, template, Some(point), proof);
    }
    Ok(())
}

/// Registers somebody, logs in, and reads their record.
async fn newcomer(
    probe: &mut SiteProbe,
    door: &Door,
    extra: Option<&Extra>,
) -> Result<Option<(Shot, Record, Request)>, ProbeStop> {
    let name = probe.new_name();
    let password = format!("Aa1-{}", probe.sender().word());
    let mut here = door.clone();
    let whom = probe.visitor();
    if let Some(page) = &door.page {
        let shown = probe.ask_as(whom, page.clone(), "", None).await?;
        here = door.renewed(shown.response()).unwrap_or(here);
    }
    let request = here.filled(&name, &password);
    let request = match extra {
        Some(extra) => extra.added(&request),
        None => Some(request),
    };
    let Some(request) = request else { return Ok(None) };
    let shot = probe.ask_as(whom, request.clone(), &name, None).await?;
    if shot.response().status >= 400 {
        return Ok(None);
    }
    let names = vec![name.clone(), format!("{name}@example.com")];
    for user in &names {
        let own = vec![user.clone()];
        let password = Some(password.clone());
        let person = Person {
            whom,
            name: name.clone(),
            role: None,
            names: own,
            password,
            is_registered: true,
        };
        for login in probe.doors(DoorKind::Login).into_iter().take(2) {
            let Some(gate) = Gate::learn(probe, &login, &person).await? else { continue };
            let Some((user, password)) = person.credentials() else { continue };
            let (is_in, knock) = gate.admits(probe, &user, &password).await?;
            if is_in {
                let record = look(probe, knock.whom, &names).await?;
                return Ok(record.map(|record| (shot, record, request)));
            }
        }
    }
    let record = look(probe, whom, &names).await?;
    Ok(record.map(|record| (shot, record, request)))
}
