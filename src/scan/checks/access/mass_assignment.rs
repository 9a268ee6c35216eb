//! Members that a request may not set and sets all the same (mass assignment).
//!
//! Two objects are made alike but for one thing: the second has members that decide rights or money
//! (those that the first is seen to have, then a short list), and one with a random name. It is the
//! flaw if the second is read back with a value that was sent and the first has another. Where the
//! random member comes back too, everything is kept as it comes, and nothing is concluded.
//! Registrations are objects too: what was registered logs in and reads its own record. A record that
//! can be changed is changed and changed back (`mass_update`).
//!
//! A clean site costs about 10 requests for each of the few requests that make something, about 25
//! where people register, and 5 for each request that changes a record.

use serde_json::Value;

use super::extra::Extra;
use super::mass_register;
use super::mass_update;
use super::objects::Share;
use super::objects::canary;
use super::objects::is_in_body;
use super::objects::make;
use super::objects::makers;
use super::record::Record;
use super::record::record_of;
use super::topic::path_of;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::scan::probe::Checking;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::insertion_points;
use crate::scan::probe::with_point;

/// See the module.
pub(in crate::scan::checks) struct MassAssignment;

impl SiteCheck for MassAssignment {
    fn id(&self) -> &'static str {
        "mass-assignment"
    }

    fn budget(&self) -> u64 {
        300
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let people = probe.people();
    for door in probe.doors(DoorKind::Register).into_iter().take(2) {
        mass_register::registration(probe, &door).await?;
    }
    let Some(owner) = people.first() else {
        return Ok(Outcome::Clean);
    };
    // The session last: what the scan is about should change least.
    let expendable = probe.expendable().into_iter();
    let writers: Vec<Person> = expendable.chain(std::iter::once(owner.clone())).collect();
    mass_update::check(probe, &writers).await?;
    for node in makers(probe, Share::Half) {
        objects(probe, &node, owner).await?;
    }
    Ok(Outcome::Clean)
}

/// Objects that somebody makes.
async fn objects(probe: &mut SiteProbe, node: &Node, owner: &Person) -> Result<(), ProbeStop> {
    let Some(made) = make(probe, node, owner).await? else { return Ok(()) };
    let Some(control) = record_of(probe, &made, owner).await? else { return Ok(()) };
    let extra = Extra::for_record(probe, &control, &made.request);
    let texts: Vec<_> = insertion_points(&made.request)
        .into_iter()
        .filter(|point| is_in_body(point) && made.canaries.iter().any(|it| it.0 == point.reference))
        .collect();
    let mut request = made.request.clone();
    let mut canaries = Vec::new();
    for point in &texts {
        let word = canary(probe, point);
        request = with_point(&request, &point.reference, &word).unwrap_or(request);
        canaries.push((point.reference.clone(), word));
    }
    let Some(request) = extra.added(&request) else { return Ok(()) };
    let counted = Some(path_of(&request));
    let shot = probe.send_form(owner.whom, node, request.clone(), "", counted).await?;
    if shot.response().status >= 400 {
        return Ok(());
    }
    let second = made.again(request, shot.clone(), canaries);
    let Some(record) = record_of(probe, &second, owner).await? else { return Ok(()) };
    if let Some(set) = extra.set_in(&record, &control) {
        let proof = proof(set, (&made.shot, &control), (&shot, &record));
        let point = point_of(&proof);
        probe.found(node, Some(point), proof);
    }
    Ok(())
}

pub(super) fn proof(
    (name, sent, before): (String, Value, Value),
    (first, control): (&Shot, &Record),
    (attack, record): (&Shot, &Record),
) -> Proof {
    let before = if before.is_null() { "nothing".to_owned() } else { before.to_string() };
    let detail = format!(
        "sent along with what belongs there, `{name}` = {sent} is read back in the object that was \
         made; one made without it has {before} there; a member with a random name is not kept"
    );
    let highlight = record.shot.find(&format!("\"{name}\""));
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, first.clone()),
        Exhibit::new(EvidenceRole::Control, control.shot.clone()),
        Exhibit::new(EvidenceRole::Attack, attack.clone()),
        Exhibit::marked(EvidenceRole::Replay, record.shot.clone(), highlight),
    ];
    let payloads = vec![name];
    Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads }
}

pub(super) fn point_of(proof: &Proof) -> InsertionRef {
    let name = proof.payloads.first().cloned().unwrap_or_default();
    InsertionRef { kind: InsertionKind::Json, name: format!("/{name}") }
}
