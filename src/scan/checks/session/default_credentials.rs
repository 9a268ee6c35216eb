//! Names and passwords of a list that get in: forms, logins by JSON, and HTTP Basic.
//!
//! Only what the user lists is tried (`scan.credentials`, `--credentials`), and no account often: three
//! pairs of each at each login, slowly, the accounts in turn, and none of people whom the plan has. An
//! answer that speaks of a lock, a limit or a picture ends it there. A pair counts if it gets in twice and a
//! random password for the same name does not.
//!
//! It costs one request for each pair, with a page before each where there is a form, and 2 at each login.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::locks::is_limit;
use super::locks::speaks_of_locks;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::NoticeLevel;
use crate::model::Request;
use crate::plan::Credential;
use crate::scan::probe::Checking;
use crate::scan::probe::Door;
use crate::scan::probe::DoorKind;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Gate;
use crate::scan::probe::Knock;
use crate::scan::probe::Likeness;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Pairs of one account that are tried at one login: locks commonly begin at five failures.
const PER_ACCOUNT: usize = 3;

/// Logins, and places behind HTTP Basic.
const MAX_DOORS: usize = 3;

/// Between two tries.
const PACE: Duration = Duration::from_millis(200);

/// See the module.
pub(in crate::scan::checks) struct DefaultCredentials;

impl SiteCheck for DefaultCredentials {
    fn id(&self) -> &'static str {
        "default-credentials"
    }

    fn budget(&self) -> u64 {
        3000
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let pairs = in_turn(&probe.credentials(), &known_names(probe));
    if pairs.is_empty() {
        let why =
            "no list of credentials: name one with --credentials FILE, or in `scan.credentials`";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let doors: Vec<Door> = probe.login_doors().into_iter().take(MAX_DOORS).collect();
    let basics = behind_basic(probe).await?;
    if doors.is_empty() && basics.is_empty() {
        return Ok(Outcome::Skipped("no login was found".to_owned()));
    }
    for door in doors {
        at_door(probe, &door, &pairs).await?;
    }
    for basic in basics {
        at_basic(probe, &basic, &pairs).await?;
    }
    Ok(Outcome::Clean)
}

/// Whoever the plan has: their accounts are not to be locked.
fn known_names(probe: &SiteProbe) -> Vec<String> {
    probe.people().into_iter().flat_map(|person| person.names).collect()
}

/// A few of each account, the accounts in turn, each with its place in the list from 1.
fn in_turn(pairs: &[Credential], left_out: &[String]) -> Vec<(usize, Credential)> {
    let mut turns: Vec<(usize, usize, Credential)> = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        let earlier = turns.iter().filter(|(_, _, known)| known.user == pair.user);
        let is_twice = earlier.clone().any(|(_, _, known)| known == pair);
        let turn = earlier.count();
        if turn < PER_ACCOUNT && !is_twice && !left_out.contains(&pair.user) {
            turns.push((turn, at + 1, pair.clone()));
        }
    }
    turns.sort_by_key(|(turn, at, _)| (*turn, *at));
    turns.into_iter().map(|(_, at, pair)| (at, pair)).collect()
}

async fn say_locked(probe: &SiteProbe, place: &str, tried: usize) {
    let text = format!(
        "default-credentials: {place} speaks of a lock or a limit after {tried} tries, and is left alone"
    );
    probe.tell(NoticeLevel::Warning, text).await;
}

async fn at_door(
    probe: &mut SiteProbe,
    door: &Door,
    pairs: &[(usize, Credential)],
) -> Result<(), ProbeStop> {
    let (mut shapes, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let nobody = stranger(probe);
        let knock = knock(probe, door, &nobody).await?;
        shapes.push(Shape::of(knock.shot.response(), &nobody.user, ""));
        refused.push(knock);
    }
    let Some(closed) = Likeness::of(&shapes) else { return Ok(()) };
    // What a page says of locks to anybody says nothing.
    let words_count = !speaks_of_locks(&refused[0].shot);
    let is_brake = |shot: &Shot| is_limit(shot) || words_count && speaks_of_locks(shot);
    if is_brake(&refused[1].shot) {
        return Ok(());
    }
    let mut doubtful: Vec<&str> = Vec::new();
    for (tried, (place, pair)) in pairs.iter().enumerate() {
        if doubtful.contains(&pair.user.as_str()) {
            continue;
        }
        probe.sender().pause(PACE).await;
        let answer = knock(probe, door, pair).await?;
        if is_brake(&answer.shot) {
            say_locked(probe, &door.path_template, tried + 1).await;
            return Ok(());
        }
        let is_closed = closed.is(&Shape::of(answer.shot.response(), &pair.user, ""));
        if is_closed || !seems_in(probe, door, &answer) {
            continue;
        }
        if let Some(proof) = prove(probe, door, *place, pair).await? {
            let request = answer.shot.exchange.request.clone();
            probe.found_at(request, door.passwords.first().cloned(), proof);
            return Ok(());
        }
        // The proof has shown wrong passwords for it.
        doubtful.push(&pair.user);
    }
    Ok(())
}

async fn knock(probe: &mut SiteProbe, door: &Door, pair: &Credential) -> Result<Knock, ProbeStop> {
    let whom = probe.visitor();
    probe.knock(door, whom, &pair.user, &pair.password).await
}

fn stranger(probe: &mut SiteProbe) -> Credential {
    let (user, password) = (probe.sender().word(), probe.sender().word());
    Credential { user, password: format!("Aa1-{password}") }
}

/// Whether an answer may let somebody in: it gives a cookie or a token, and does not ask again.
fn seems_in(probe: &SiteProbe, door: &Door, knock: &Knock) -> bool {
    let response = knock.shot.response();
    if !knock.seems_open(probe) {
        return false;
    }
    let location = response.header("location").map(|header| header.text().into_owned());
    if let Some(location) = location {
        let path = |text: &str| {
            let text = text.split(['?', '#']).next().unwrap_or_default().to_owned();
            text.split_once("://").map_or(text.clone(), |(_, rest)| {
                rest.find('/').map(|at| rest[at..].to_owned()).unwrap_or_default()
            })
        };
        let page = door.page.as_ref().unwrap_or(&door.base).path_and_query_text().into_owned();
        return path(&location) != path(&page);
    }
    let page = door.page.as_ref().unwrap_or(&door.base);
    let shown = Door::on_page(page, response);
    !shown.iter().any(|shown| shown.kind == DoorKind::Login)
}

/// The pair gets in again, and a random password does not.
async fn prove(
    probe: &mut SiteProbe,
    door: &Door,
    place: usize,
    pair: &Credential,
) -> Result<Option<Proof>, ProbeStop> {
    let person = Person {
        whom: Whom::Nobody,
        name: pair.user.clone(),
        role: None,
        names: vec![pair.user.clone()],
        password: Some(pair.password.clone()),
        is_registered: false,
    };
    let Some(gate) = Gate::learn(probe, door, &person).await? else { return Ok(None) };
    let (is_in, again) = gate.admits(probe, &pair.user, &pair.password).await?;
    Ok(is_in.then(|| proof(place, pair, gate.right.clone(), again.shot, gate.wrong.clone())))
}

fn proof(place: usize, pair: &Credential, attack: Shot, replay: Shot, control: Shot) -> Proof {
    let detail = format!(
        "pair {place} of the list, for `{}`, gets in, twice (status {}), and a random password for the \
         same name does not (status {})",
        pair.user,
        attack.response().status,
        control.response().status,
    );
    Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Replay, replay),
            Exhibit::new(EvidenceRole::Control, control),
        ],
        payloads: vec![pair.user.clone()],
    }
}

/// A place that asks for HTTP Basic.
struct Basic {
    request: Request,
    path_template: String,
}

/// One of each realm.
async fn behind_basic(probe: &mut SiteProbe) -> Result<Vec<Basic>, ProbeStop> {
    let site = probe.site();
    let refused = site.nodes().filter(|node| node.method == "GET" && node.status == Some(401));
    let mut realms: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for node in refused.take(4 * MAX_DOORS) {
        let request = node.examples[0].clone();
        let shot = probe.ask_as(Whom::Nobody, request.clone(), "", None).await?;
        let challenges = shot.response().headers_named("www-authenticate");
        let mut challenges = challenges.map(|header| header.text().into_owned());
        let is_basic = |text: &String| text.to_ascii_lowercase().starts_with("basic");
        let Some(challenge) = challenges.find(is_basic) else { continue };
        if shot.response().status == 401 && !realms.contains(&challenge) {
            realms.push(challenge);
            found.push(Basic { request, path_template: node.path_template.clone() });
        }
        if found.len() == MAX_DOORS {
            break;
        }
    }
    Ok(found)
}

async fn at_basic(
    probe: &mut SiteProbe,
    basic: &Basic,
    pairs: &[(usize, Credential)],
) -> Result<(), ProbeStop> {
    for (tried, (place, pair)) in pairs.iter().enumerate() {
        probe.sender().pause(PACE).await;
        let attack = show(probe, basic, pair).await?;
        if is_limit(&attack) || attack.response().status == 403 && speaks_of_locks(&attack) {
            say_locked(probe, &basic.path_template, tried + 1).await;
            return Ok(());
        }
        if attack.response().status >= 400 {
            continue;
        }
        let other = Credential { user: pair.user.clone(), ..stranger(probe) };
        let control = show(probe, basic, &other).await?;
        let replay = show(probe, basic, pair).await?;
        if control.response().status == 401 && replay.response().status < 400 {
            let proof = proof(*place, pair, attack, replay, control);
            let (request, template) = (basic.request.clone(), basic.path_template.clone());
            probe.found_in(request, template, None, proof);
        }
        return Ok(());
    }
    Ok(())
}

async fn show(probe: &mut SiteProbe, basic: &Basic, pair: &Credential) -> Result<Shot, ProbeStop> {
    let mut request = basic.request.clone();
    request.headers.retain(|header| !header.is("authorization"));
    let text = BASE64_STANDARD.encode(format!("{}:{}", pair.user, pair.password));
    request.headers.push(Header::new("Authorization", format!("Basic {text}")));
    probe.ask_as(Whom::Nobody, request, &pair.user, None).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_is_tried_often_or_twice_in_a_row() {
        let pair = |text: &str| Credential::parse(text).expect("a pair");
        let list = ["a:1", "a:2", "a:2", "a:3", "a:4", "b:1", "c:1", "alice:1"].map(pair);
        let turns = in_turn(&list, &["alice".to_owned()]);
        let shown: Vec<String> = turns
            .iter()
            .map(|(at, pair)| format!("{at} {}:{}", pair.user, pair.password))
            .collect();
        assert_eq!(shown, ["1 a:1", "6 b:1", "7 c:1", "2 a:2", "4 a:3"]);
    }
}
