//! Session ids that a visitor has before the login and keeps after it: whoever gave it to them is then
//! logged in too (session fixation).
//!
//! A visitor gets a cookie, logs in, and a page that nobody is refused is asked for with the cookie of
//! before alone. It is the flaw if that shows the page, twice with new visitors, and the cookie of a
//! visitor who did not log in does not. It costs about 12 requests.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Door;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Guarded;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

use super::lookup::with;

/// Logins that are tried for one person.
const MAX_DOORS: usize = 6;

/// See the module.
pub(in crate::scan::checks) struct SessionFixation;

impl SiteCheck for SessionFixation {
    fn id(&self) -> &'static str {
        "session-fixation"
    }

    fn budget(&self) -> u64 {
        200
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let people = probe.one_of_each_way();
    if people.is_empty() {
        return Ok(Outcome::Skipped("nobody's password is known".to_owned()));
    }
    let mut is_any = false;
    for person in people {
        if let Some(page) = Guarded::find(probe, &person, 1).await?.into_iter().next() {
            is_any = true;
            logins_of(probe, &person, &page).await?;
        }
    }
    Ok(if is_any {
        Outcome::Clean
    } else {
        Outcome::Skipped("no page was found that needs a login".to_owned())
    })
}

async fn logins_of(
    probe: &mut SiteProbe,
    person: &Person,
    page: &Guarded,
) -> Result<(), ProbeStop> {
    for door in probe.doors(DoorKind::Login).into_iter().take(MAX_DOORS) {
        if !probe.callers_at(&door).contains(person) {
            continue;
        }
        let Some(first) = attempt(probe, &door, person, page).await? else { continue };
        let Some(second) = attempt(probe, &door, person, page).await? else { continue };
        // Somebody who has a cookie and has not logged in.
        let stranger = probe.visitor();
        visit(probe, &door, stranger).await?;
        let before = cookie_header(&probe.cookies(stranger));
        let control = with(probe, page, &[before], "").await?;
        if page.shows_inside(&control) || first.names != second.names {
            continue;
        }
        tell(probe, (person, page), first, second, control);
        break;
    }
    Ok(())
}

/// A login with cookies of before, and what they show alone afterwards.
struct Attempt {
    names: Vec<String>,
    login: Shot,
    shot: Shot,
    request: Request,
}

async fn attempt(
    probe: &mut SiteProbe,
    door: &Door,
    person: &Person,
    page: &Guarded,
) -> Result<Option<Attempt>, ProbeStop> {
    let Some((user, password)) = person.credentials() else { return Ok(None) };
    let visitor = probe.visitor();
    visit(probe, door, visitor).await?;
    let before = probe.cookies(visitor);
    if before.is_empty() {
        return Ok(None);
    }
    let knock = probe.knock(door, visitor, &user, &password).await?;
    let after = probe.cookies(visitor);
    let kept: Vec<(String, String)> =
        before.iter().filter(|pair| after.contains(pair)).cloned().collect();
    if kept.is_empty() {
        return Ok(None);
    }
    let shot = with(probe, page, &[cookie_header(&before)], "").await?;
    if !page.shows_same_person(&shot) {
        return Ok(None);
    }
    let names = kept.into_iter().map(|(name, _)| name).collect();
    let request = knock.shot.exchange.request.clone();
    Ok(Some(Attempt { names, login: knock.shot, shot, request }))
}

/// Looks at the page before the login, or at the start.
async fn visit(probe: &mut SiteProbe, door: &Door, whom: Whom) -> Result<(), ProbeStop> {
    let start = probe.site().nodes().next().map(|node| node.examples[0].clone());
    for request in door.page.clone().into_iter().chain(start) {
        probe.ask_as(whom, request, "", None).await?;
        if !probe.cookies(whom).is_empty() {
            break;
        }
    }
    Ok(())
}

fn cookie_header(cookies: &[(String, String)]) -> Header {
    let pairs: Vec<String> =
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Header::new("Cookie", pairs.join("; "))
}

fn tell(
    probe: &mut SiteProbe,
    (person, page): (&Person, &Guarded),
    first: Attempt,
    second: Attempt,
    control: Shot,
) {
    let name = first.names.join("`, `");
    let detail = format!(
        "the cookie `{name}` that a visitor got before the login is the same after it and, sent alone, \
         shows {} as `{}` sees it, with two visitors; the cookie of one who did not log in is answered \
         with {}",
        page.path_template,
        person.name,
        control.response().status,
    );
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, first.login),
        Exhibit::new(EvidenceRole::Attack, first.shot),
        Exhibit::new(EvidenceRole::Replay, second.shot),
        Exhibit::new(EvidenceRole::Control, control),
    ];
    let proof = Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads: Vec::new() };
    let point = InsertionRef { kind: InsertionKind::Cookie, name: first.names[0].clone() };
    probe.found_at(first.request, Some(point), proof);
}
