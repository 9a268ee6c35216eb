//! Cross-site scripting in the page itself: a script takes something of the address and makes markup or code
//! of it.
//!
//! Pages whose scripts read anything that a link can carry are opened in a browser, once for each kind of
//! payload: in the fragment, in parameters that the scripts name, in the window's name and in the
//! address of the page before, each with a name of its own. What counts is that a name is evaluated
//! in the page ([`SiteProbe::show`]). Then the place alone is tried with two new names, and with a value in
//! which the name is a part of a longer word, which must stay silent. What the server itself puts into
//! the page is left to the check of reflected values.
//!
//! Cost: 1 request and its scripts for each page, 2 to 4 openings of those that read an address, of each set
//! of scripts twice at most.

use std::time::Duration;

use super::payloads::Payload;
use super::places::Place;
use super::places::scene;
use super::scripts::Scripts;
use super::sources::Sources;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Markup;
use crate::scan::probe::NO_BROWSER;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::Piece;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Scripting;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;

/// Pages with the same scripts.
const ALIKE: usize = 2;

/// Parameters of a page's own address that are tried one by one.
const MAX_OWN: usize = 4;

/// Flaws of one page.
const MAX_FOUND: usize = 3;

/// See the module.
pub(in crate::scan::checks) struct XssDom;

impl SiteCheck for XssDom {
    fn id(&self) -> &'static str {
        "xss-dom"
    }

    fn budget(&self) -> u64 {
        3000
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

/// Pages that are opened with payloads, and the time that this may take.
fn bounds(strength: Strength) -> (usize, Duration) {
    match strength {
        Strength::Low => (15, Duration::from_mins(1)),
        Strength::Medium => (60, Duration::from_mins(5)),
        Strength::High => (200, Duration::from_mins(20)),
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    if !probe.has_browser() {
        return Ok(Outcome::Skipped(NO_BROWSER.to_owned()));
    }
    let mut scripts = Scripts::default();
    let mut pages = 0;
    let (most, time) = bounds(probe.sender().strength());
    let end = probe.now() + time;
    for node in Scripts::pages(probe) {
        let Some(page) = scripts.of(probe, &node).await? else { continue };
        let sources = Sources::of(page.texts.iter().map(AsRef::as_ref));
        if !sources.any || !scripts.is_worth_it(&page, ALIKE) {
            continue;
        }
        pages += 1;
        if pages > most {
            let reason = format!("more than {most} pages have scripts that read the address");
            return Ok(Outcome::Skipped(reason));
        }
        if probe.now() >= end {
            let reason = format!("{pages} pages took more than {} s", time.as_secs());
            return Ok(Outcome::Skipped(reason));
        }
        if open(probe, &node, &sources).await? {
            scripts.is_known(&page);
        }
    }
    Ok(Outcome::Clean)
}

/// Opens a page with payloads; whether a flaw was found.
async fn open(probe: &mut SiteProbe, node: &Node, sources: &Sources) -> Result<bool, ProbeStop> {
    let mut found: Vec<Place> = Vec::new();
    for places in groups(node, sources) {
        for payload in Payload::ALL {
            for place in fired(probe, node, &places, payload).await? {
                if found.len() >= MAX_FOUND || found.iter().any(|known| known.is_like(&place)) {
                    continue;
                }
                // Some run only beside another one: a fragment, where the script begins at a parameter.
                let others: Vec<_> =
                    places.iter().filter(|it| **it != place && it.is_in_address()).collect();
                for company in [&[][..], &others[..]] {
                    let proof = confirm(probe, node, (&place, company), payload).await?;
                    if let Some(proof) = proof {
                        probe.found(node, reference(&place), proof);
                        found.push(place);
                        break;
                    }
                    if others.is_empty() {
                        break;
                    }
                }
            }
        }
    }
    Ok(!found.is_empty())
}

/// Places that are tried at once: everything that the page does without, then its own parameters one by
/// one, and names of the fragment.
fn groups(node: &Node, sources: &Sources) -> Vec<Vec<Place>> {
    let own = own_parameters(node);
    let mut together = vec![Place::Fragment, Place::WindowName, Place::Referrer];
    let others = sources.names.iter().filter(|name| !own.contains(name));
    together.extend(others.cloned().map(Place::Parameter));
    let mut groups = vec![together];
    if sources.fragment && !sources.names.is_empty() {
        groups.push(sources.names.iter().cloned().map(Place::InFragment).collect());
    }
    groups.extend(own.into_iter().take(MAX_OWN).map(|name| vec![Place::Parameter(name)]));
    groups
}

fn own_parameters(node: &Node) -> Vec<String> {
    let target = node.examples[0].path_and_query_text();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

/// The places whose payload ran.
async fn fired(
    probe: &mut SiteProbe,
    node: &Node,
    places: &[Place],
    payload: Payload,
) -> Result<Vec<Place>, ProbeStop> {
    let words: Vec<String> = places.iter().map(|_| probe.sender().word()).collect();
    let values: Vec<_> =
        places.iter().zip(&words).map(|(place, word)| (place, payload.with(word))).collect();
    let scene = scene(&node.examples[0], &values, words.clone());
    let Some(shown) = probe.show(&scene).await? else { return Ok(Vec::new()) };
    let page = shown.page.as_ref().and_then(|page| page.response());
    let text = page.map(|response| response.body_text().into_owned()).unwrap_or_default();
    let ran = places
        .iter()
        .zip(&words)
        .filter(|(_, word)| shown.ran.contains(*word) && !is_of_server(&text, word));
    Ok(ran.map(|(place, _)| place.clone()).collect())
}

/// Whether the page has come with the payload as a part of its markup or code.
fn is_of_server(html: &str, word: &str) -> bool {
    let markup = Markup::parse(html, Scripting::On);
    let has = |text: &str| text.contains(&format!("({word})"));
    markup.pieces.iter().any(|piece| match piece {
        Piece::Open(tag) => tag.attributes.iter().any(|(name, value)| {
            name.starts_with("on") && has(value) || value.starts_with("javascript:") && has(value)
        }),
        Piece::Text { .. } | Piece::Close(_) | Piece::Comment(_) => false,
    })
}

/// The place alone, or beside mere words at others: twice with new names, and once with what must not run.
async fn confirm(
    probe: &mut SiteProbe,
    node: &Node,
    (place, company): (&Place, &[&Place]),
    payload: Payload,
) -> Result<Option<Proof>, ProbeStop> {
    let mut shots: Vec<Shot> = Vec::new();
    for is_attack in [true, false, true] {
        let word = probe.sender().word();
        let value = if is_attack { payload.with(&word) } else { format!("x{word}x") };
        let mut values = vec![(place, value.clone())];
        for other in company {
            values.push((*other, probe.sender().word()));
        }
        let scene = scene(&node.examples[0], &values, vec![word.clone()]);
        let Some(shown) = probe.show(&scene).await? else { return Ok(None) };
        if shown.ran.contains(&word) != is_attack {
            return Ok(None);
        }
        let Some(shot) = SiteProbe::opened(&scene, &shown) else { return Ok(None) };
        let value = if place.is_in_address() { shot.value } else { value };
        shots.push(Shot { value, exchange: shot.exchange });
    }
    let [attack, control, replay] = <[Shot; 3]>::try_from(shots).expect("three were pushed");
    Ok(Some(proof(place, attack, control, replay)))
}

fn proof(place: &Place, attack: Shot, control: Shot, replay: Shot) -> Proof {
    let detail = format!(
        "opened in a browser with a payload {}, the page ran it, in its own origin, and ran it again with \
         another name; the same place with a mere word ran nothing: `{}`",
        place.said(),
        attack.value
    );
    let payloads = vec![attack.value.clone(), replay.value.clone()];
    Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Control, control),
            Exhibit::new(EvidenceRole::Replay, replay),
        ],
        payloads,
    }
}

/// How findings call the place; those that no request has have no name.
fn reference(place: &Place) -> Option<InsertionRef> {
    match place {
        Place::Parameter(name) => {
            Some(InsertionRef { kind: InsertionKind::Query, name: name.clone() })
        }
        Place::Fragment | Place::InFragment(_) | Place::WindowName | Place::Referrer => None,
    }
}
