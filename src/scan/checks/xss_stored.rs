//! Stored cross-site scripting, by context.
//!
//! Words that the sweep of a run has left at every place that takes values lead to the pages that show
//! them ([`SiteProbe::trails`]); only there is anything more sent: a payload that would break
//! out of just the place where the word stands is written, the page is read as it is, and parsed. Twice
//! with new names; the page with the harmless word, in which neither name has come into being, is the control.
//! Where there is a browser, it opens the page with a payload that runs, twice too.
//! In the end the request is sent once more as it was, so that what replaces the value stays the old one.

use super::xss_context::Context;
use super::xss_context::Sign;
use super::xss_context::attempts;
use super::xss_context::contexts;
use super::xss_context::running;
use super::xss_context::shows;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Entry;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Markup;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Scene;
use crate::scan::probe::Scripting;
use crate::scan::probe::Shot;
use crate::scan::probe::Sight;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Trail;

/// Contexts that are tried of one value, on all of its pages.
const MAX_CONTEXTS: usize = 5;

/// See the module.
pub(super) struct XssStored;

impl SiteCheck for XssStored {
    fn id(&self) -> &'static str {
        "xss-stored"
    }

    fn budget(&self) -> u64 {
        2500
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let trails = probe.trails().await?;
    if trails.list.is_empty() {
        return Ok(Outcome::Skipped("nothing takes a value that could be kept".to_owned()));
    }
    for trail in trails.shown() {
        let proof = follow(probe, trail).await?;
        if let Some(proof) = proof {
            let entry = &trail.entry;
            probe.found(&entry.node, Some(entry.point.reference.clone()), proof);
        }
    }
    Ok(Outcome::Clean)
}

/// A page on which a value is shown, and how.
struct Place<'a> {
    entry: &'a Entry,
    context: Context,
    sight: &'a Sight,
}

/// A payload that broke out: as it was written, and the page that it is shown on.
struct Broken {
    written: Shot,
    read: Shot,
    sign: Sign,
}

async fn follow(probe: &mut SiteProbe, trail: &Trail) -> Result<Option<Proof>, ProbeStop> {
    let places = places(trail);
    let mut proof = None;
    for place in &places {
        proof = try_place(probe, place).await?;
        if proof.is_some() {
            break;
        }
    }
    let base = &trail.entry.node.examples[0];
    if !places.is_empty() && !base.method.is_safe() {
        probe.try_ask(base.clone(), "", None).await?;
    }
    Ok(proof)
}

/// Each context once.
fn places(trail: &Trail) -> Vec<Place<'_>> {
    let mut places: Vec<Place<'_>> = Vec::new();
    for sight in &trail.sights {
        let Some(markup) = markup(&sight.page) else { continue };
        for context in contexts(&markup, &sight.marker) {
            if places.len() < MAX_CONTEXTS && !places.iter().any(|it| it.context == context) {
                places.push(Place { entry: &trail.entry, context, sight });
            }
        }
    }
    places
}

/// The response as a browser would parse it; `None` if it would not.
fn markup(shot: &Shot) -> Option<Markup> {
    let response = shot.response();
    let is_shown = !(300..400).contains(&response.status) && response.is_html();
    is_shown.then(|| Markup::parse(&response.body_text(), Scripting::On))
}

async fn try_place(probe: &mut SiteProbe, place: &Place<'_>) -> Result<Option<Proof>, ProbeStop> {
    for index in 0..attempts(&place.context, "x").len() {
        let Some(attack) = attempt(probe, place, index).await? else { continue };
        let Some(replay) = attempt(probe, place, index).await? else { continue };
        let mut proof = proof(place, attack, replay);
        if probe.has_browser() {
            add_run(probe, place, index, &mut proof).await?;
        }
        return Ok(Some(proof));
    }
    Ok(None)
}

/// Makes it certain where a browser runs what stands there, twice with new names.
async fn add_run(
    probe: &mut SiteProbe,
    place: &Place<'_>,
    index: usize,
    proof: &mut Proof,
) -> Result<(), ProbeStop> {
    let Some((written, opened)) = run(probe, place, index).await? else { return Ok(()) };
    let Some((again, reopened)) = run(probe, place, index).await? else { return Ok(()) };
    proof.confidence = Confidence::Confirmed;
    let said = format!(
        "; a browser that opened the page ran what `{}` and then `{}` brought into it",
        written.value, again.value
    );
    proof.detail.push_str(&said);
    proof.payloads.extend([written.value.clone(), again.value.clone()]);
    for (role, shot) in [
        (EvidenceRole::Attack, written),
        (EvidenceRole::Attack, opened),
        (EvidenceRole::Replay, again),
        (EvidenceRole::Replay, reopened),
    ] {
        proof.exhibits.push(Exhibit::new(role, shot));
    }
    Ok(())
}

/// Writes what runs and opens the page; both if it has run.
async fn run(
    probe: &mut SiteProbe,
    place: &Place<'_>,
    index: usize,
) -> Result<Option<(Shot, Shot)>, ProbeStop> {
    let word = probe.sender().word();
    let (payload, sign) = attempts(&place.context, &word).swap_remove(index);
    let payload = running(&payload, &sign, &word);
    let Some(written) = probe.write(place.entry, &payload).await? else { return Ok(None) };
    let url = place.sight.asked.url();
    let scene = Scene { url, words: vec![word.clone()], ..Scene::default() };
    let Some(shown) = probe.show_if_possible(&scene).await? else { return Ok(None) };
    if !shown.ran.contains(&word) {
        return Ok(None);
    }
    Ok(SiteProbe::opened(&scene, &shown).map(|opened| (written, opened)))
}

/// Writes one payload with a new name and reads the page.
async fn attempt(
    probe: &mut SiteProbe,
    place: &Place<'_>,
    index: usize,
) -> Result<Option<Broken>, ProbeStop> {
    let word = probe.sender().word();
    let (payload, sign) = attempts(&place.context, &word).swap_remove(index);
    let Some(written) = probe.write(place.entry, &payload).await? else { return Ok(None) };
    let read = probe.try_ask(place.sight.asked.clone(), "", None).await?;
    let Some(read) = read else { return Ok(None) };
    let broke_out = markup(&read).is_some_and(|markup| shows(&markup, &sign));
    Ok(broke_out.then_some(Broken { written, read, sign }))
}

fn proof(place: &Place<'_>, attack: Broken, replay: Broken) -> Proof {
    let page = place.sight.asked.path_and_query_text().into_owned();
    let policy = match attack.read.response().header("content-security-policy") {
        Some(_) => "; a Content-Security-Policy is set, which may keep scripts from running",
        None => "",
    };
    let detail = format!(
        "what is written here stands on {page} {}, and `{}` made {} there; `{}` with another name did \
         the same{policy}",
        place.context.place(),
        attack.written.value,
        attack.sign.result(),
        replay.written.value
    );
    let payloads = vec![attack.written.value.clone(), replay.written.value.clone()];
    let marks = [&attack, &replay].map(|broken| broken.read.find(broken.sign.word()));
    let [attack_mark, replay_mark] = marks;
    Proof {
        confidence: Confidence::Firm,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Control, place.sight.page.clone()),
            Exhibit::new(EvidenceRole::Attack, attack.written),
            Exhibit::marked(EvidenceRole::Attack, attack.read, attack_mark),
            Exhibit::new(EvidenceRole::Replay, replay.written),
            Exhibit::marked(EvidenceRole::Replay, replay.read, replay_mark),
        ],
        payloads,
    }
}
