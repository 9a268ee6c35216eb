//! Forms for a new password and for one-time codes that can be sent without end.
//!
//! As there is no right answer that a scanner could give in the end, that all are answered alike is a hint
//! only. A code that is asked for between password and login is tried by somebody who has shown the
//! password. An answer that says that nobody is logged in, or that something is not allowed, counts only
//! where the page shows its form to whoever tries: else it may have refused everything. Nor does one that
//! speaks of a lock: somebody else may have reached the limit.

use super::locks::is_limit;
use super::locks::speaks_of_locks;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Door;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Likeness;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Sends the form of a door so many times, and tells if nothing stops it.
pub(super) async fn without_end(
    probe: &mut SiteProbe,
    door: &Door,
    victim: &Person,
    count: u32,
) -> Result<(), ProbeStop> {
    if said(probe, door, victim, count, None).await? || door.kind != DoorKind::Code {
        return Ok(());
    }
    let Some((user, password)) = victim.credentials() else { return Ok(()) };
    for login in probe.doors(DoorKind::Login).into_iter().take(2) {
        let whom = probe.visitor();
        let knock = probe.knock(&login, whom, &user, &password).await?;
        if knock.seems_open(probe) && said(probe, door, victim, count, Some(whom)).await? {
            break;
        }
    }
    Ok(())
}

/// Whether it is said of what `whom`, or somebody new each time, sends.
async fn said(
    probe: &mut SiteProbe,
    door: &Door,
    victim: &Person,
    count: u32,
    whom: Option<Whom>,
) -> Result<bool, ProbeStop> {
    let user = victim.names.first().cloned().unwrap_or_default();
    let mut shapes = Vec::new();
    let mut shots: Vec<Shot> = Vec::new();
    for _ in 0..count {
        let whom = whom.unwrap_or_else(|| probe.visitor());
        let code = format!("{}{}", probe.sender().number(), 10 + probe.sender().number() % 90);
        let knock = probe.knock(door, whom, &user, &code).await?;
        let shot = knock.shot;
        if shots.is_empty() && !is_taken(probe, door, whom, &shot).await? {
            return Ok(false);
        }
        shapes.push(Shape::of(shot.response(), &code, "code"));
        shots.push(shot);
        // How much it changes by itself is known of two.
        let known = Likeness::of(&shapes[..shapes.len().min(2)]);
        if shapes.len() > 1 && !known.is_some_and(|known| known.is(&shapes[shapes.len() - 1])) {
            return Ok(false);
        }
    }
    let (Some(first), Some(last)) = (shots.first().cloned(), shots.pop()) else {
        return Ok(false);
    };
    let what = match door.kind {
        DoorKind::Code => "wrong codes",
        DoorKind::Login | DoorKind::Register | DoorKind::Reset => "requests for a new password",
    };
    let detail = format!(
        "{count} {what} for `{}` in a row were answered alike, with {}, without a lock or a 429",
        victim.name,
        last.response().status,
    );
    let request = last.exchange.request.clone();
    let exhibits =
        vec![Exhibit::new(EvidenceRole::Baseline, first), Exhibit::new(EvidenceRole::Attack, last)];
    let proof = Proof { confidence: Confidence::Tentative, detail, exhibits, payloads: Vec::new() };
    probe.found_at(request, door.codes.first().cloned(), proof);
    Ok(true)
}

/// Whether an answer is one to what was sent, and not to who has sent it.
async fn is_taken(
    probe: &mut SiteProbe,
    door: &Door,
    whom: Whom,
    shot: &Shot,
) -> Result<bool, ProbeStop> {
    let status = shot.response().status;
    if is_limit(shot) || speaks_of_locks(shot) {
        return Ok(false);
    }
    if matches!(status, 401 | 403 | 300..=399) {
        let Some(page) = door.page.clone() else { return Ok(false) };
        let shown = probe.ask_as(whom, page, "", None).await?;
        return Ok(door.renewed(shown.response()).is_some());
    }
    Ok(!matches!(status, 404 | 405) && status < 500)
}
