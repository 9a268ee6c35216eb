//! Forms that tell who has an account: they answer to a name that exists in another way than to one
//! that does not.
//!
//! Three rounds in random order of a known name and one that nobody has, each with a password that is
//! wrong. All answers to known names must be one page and all to unknown ones another, the name itself
//! left out. Logins, registrations (with a password that is too short to register anybody) and forms
//! for a new password.
//!
//! It costs 6 requests at each of at most five doors, with a page before each where there is a form.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Door;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Likeness;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

const ROUNDS: usize = 3;

/// Logins that are looked at.
const MAX_LOGINS: usize = 10;

/// See the module.
pub(in crate::scan::checks) struct UserEnumeration;

impl SiteCheck for UserEnumeration {
    fn id(&self) -> &'static str {
        "user-enumeration"
    }

    fn budget(&self) -> u64 {
        400
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    if probe.one_of_each_way().is_empty() {
        return Ok(Outcome::Skipped("no name is known that has an account".to_owned()));
    }
    let mut doors = probe.doors(DoorKind::Login);
    doors.truncate(MAX_LOGINS);
    doors.extend(probe.doors(DoorKind::Reset).into_iter().take(1));
    doors.extend(probe.doors(DoorKind::Register).into_iter().take(1));
    if doors.is_empty() {
        return Ok(Outcome::Skipped("no form was found that asks for a name".to_owned()));
    }
    for door in doors {
        for person in probe.callers_at(&door) {
            if judge(probe, &door, &person).await? {
                break;
            }
        }
    }
    Ok(Outcome::Clean)
}

/// Whether the door tells.
async fn judge(probe: &mut SiteProbe, door: &Door, person: &Person) -> Result<bool, ProbeStop> {
    let Some(known) = person.names.first().cloned() else { return Ok(false) };
    let mut known_shots = Vec::new();
    let mut unknown_shots = Vec::new();
    for _ in 0..ROUNDS {
        let mut names = vec![(known.clone(), true), (unknown_like(probe, &known), false)];
        probe.sender().shuffle(&mut names);
        for (name, is_known) in names {
            let password = match door.kind {
                // Nobody is to be registered.
                DoorKind::Register => "x".to_owned(),
                _ => format!("Aa1-{}", probe.sender().word()),
            };
            let whom = probe.visitor();
            let shot = probe.knock(door, whom, &name, &password).await?.shot;
            let shape = Shape::of(shot.response(), &name, "somebody");
            let place = if is_known { &mut known_shots } else { &mut unknown_shots };
            place.push((shot, shape));
        }
    }
    if let Some(proof) = differ(&known_shots, &unknown_shots, door, &known) {
        let request = known_shots[0].0.exchange.request.clone();
        probe.found_at(request, door.users.first().cloned(), proof);
        return Ok(true);
    }
    Ok(false)
}

/// A name that nobody has, of the same form.
fn unknown_like(probe: &mut SiteProbe, known: &str) -> String {
    let word = probe.sender().word();
    let (name, domain) = known.split_once('@').unwrap_or((known, ""));
    let length = name.len().clamp(4, 10);
    let digits: String = name.chars().rev().take_while(char::is_ascii_digit).map(|_| '7').collect();
    let word = format!("{}{digits}", &word[..length.min(word.len())]);
    if domain.is_empty() { word } else { format!("{word}@{domain}") }
}

fn differ(
    known: &[(Shot, Shape)],
    unknown: &[(Shot, Shape)],
    door: &Door,
    name: &str,
) -> Option<Proof> {
    let likeness = |shots: &[(Shot, Shape)]| {
        let shapes: Vec<Shape> = shots.iter().map(|(_, shape)| shape.clone()).collect();
        Likeness::of(&shapes)
    };
    let (of_known, of_unknown) = (likeness(known)?, likeness(unknown)?);
    let is_told = known.iter().all(|(_, shape)| of_known.is(shape) && !of_unknown.is(shape))
        && unknown.iter().all(|(_, shape)| of_unknown.is(shape) && !of_known.is(shape));
    let status = |shots: &[(Shot, Shape)]| shots[0].0.response().status;
    let is_brake = [status(known), status(unknown)].contains(&429);
    if !is_told || is_brake {
        return None;
    }
    let what = match door.kind {
        DoorKind::Login => "the login",
        DoorKind::Register => "the registration",
        DoorKind::Reset => "the form for a new password",
        DoorKind::Code => "the form for codes",
    };
    let detail = format!(
        "{what} answers to `{name}`, who exists, with one page (status {}) and to names that nobody has \
         with another (status {}), {ROUNDS} times each in random order, the names left out",
        status(known),
        status(unknown),
    );
    // A name must be free to be taken, and whoever registers is told so; an address can be written to.
    let is_choice = door.kind == DoorKind::Register && !name.contains('@');
    let (confidence, hint) = if is_choice {
        (Confidence::Tentative, ": hardly to be avoided where people choose a name")
    } else {
        (Confidence::Firm, "")
    };
    let detail = format!("{detail}{hint}");
    let payloads = vec![name.to_owned(), unknown[0].0.value.clone()];
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Attack, known[0].0.clone()),
        Exhibit::new(EvidenceRole::Control, unknown[0].0.clone()),
        Exhibit::new(EvidenceRole::Replay, known[1].0.clone()),
        Exhibit::new(EvidenceRole::Control, unknown[1].0.clone()),
    ];
    Some(Proof { confidence, detail, exhibits, payloads })
}
