//! Addresses that are the only protection of what stands there, and can be foretold.
//!
//! Where the answer to a form leads to something that was made of it, at an address that is new each
//! time, two are made and read by nobody in particular: each must show its own words and not those of
//! the other. What a page of the site links to is meant for everybody and left alone. Then more are made
//! in a row, and the places in which their addresses differ are judged by statistics. It costs 2 requests
//! for each request that makes something of texts, and about 10 and a look at every page where there is
//! such an address.

use url::Url;

use super::members::links;
use super::objects::Share;
use super::objects::is_in_body;
use super::objects::is_text;
use super::objects::makers;
use super::objects::with_canaries;
use super::topic::path_of;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::model::stateless_template;
use crate::scan::checks::session::Sample;
use crate::scan::checks::session::judge;
use crate::scan::link;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;
use crate::scan::probe::insertion_points;

/// Addresses that are judged.
const SAMPLES: usize = 10;

/// Pages that may link to what was made.
const MAX_PAGES: usize = 100;

/// Addresses of one answer that are followed.
const MAX_ADDRESSES: usize = 3;

/// See the module.
pub(in crate::scan::checks) struct PredictableAddress;

impl SiteCheck for PredictableAddress {
    fn id(&self) -> &'static str {
        "predictable-address"
    }

    fn budget(&self) -> u64 {
        300
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    if !probe.allows_unsafe() {
        return Ok(Outcome::Skipped("nothing may be made: unsafe methods are not allowed".into()));
    }
    let nodes = makers(probe, Share::Many);
    if nodes.is_empty() {
        return Ok(Outcome::Skipped("nothing is known that makes something".to_owned()));
    }
    for node in nodes {
        let Some(first) = make(probe, &node).await? else { continue };
        let Some(second) = make(probe, &node).await? else { continue };
        for place in places(&first, &second) {
            if is_own(probe, &place, &first, &second).await? && !is_linked(probe, &place).await? {
                judged(probe, &node, place, &first, &second).await?;
                break;
            }
        }
    }
    Ok(Outcome::Clean)
}

/// Something that was made of words, and where the answer leads.
struct Made {
    words: Vec<String>,
    shot: Shot,
    leads: Vec<Request>,
    at: u64,
}

async fn make(probe: &mut SiteProbe, node: &Node) -> Result<Option<Made>, ProbeStop> {
    let base = node.examples[0].clone();
    let points = insertion_points(&base);
    let texts: Vec<_> = points.into_iter().filter(|it| is_in_body(it) && is_text(it)).collect();
    let (request, canaries) = with_canaries(probe, &base, &texts);
    let at = probe.unix_seconds();
    let Some(shot) = probe.try_ask(request, "", Some(path_of(&base))).await? else {
        return Ok(None);
    };
    if shot.response().status >= 400 {
        return Ok(None);
    }
    let leads = leads(&shot);
    Ok(Some(Made { words: canaries.into_iter().map(|(_, word)| word).collect(), shot, leads, at }))
}

/// Where an answer leads: by itself, by links, or by texts of JSON that are addresses.
fn leads(shot: &Shot) -> Vec<Request> {
    let response = shot.response();
    let Some(page) = link::url_of(&shot.exchange.request) else { return Vec::new() };
    let location = response.header("location").map(|header| header.text().into_owned());
    let mut urls: Vec<Url> =
        location.iter().filter_map(|reference| link::resolve(&page, reference)).collect();
    urls.extend(links(shot));
    for member in super::members::members_of(response) {
        if member.value.starts_with('/') || member.value.starts_with("http") {
            urls.extend(link::resolve(&page, &member.value));
        }
    }
    urls.retain(|url| url.origin() == page.origin());
    urls.iter().filter_map(link::get).collect()
}

/// Two addresses that differ in one value.
struct Place {
    first: Request,
    second: Request,
    point: InsertionPoint,
}

impl Place {
    fn of(first: &Request, second: &Request) -> Option<Self> {
        let (one, two) = (insertion_points(first), insertion_points(second));
        if one.len() != two.len() {
            return None;
        }
        let mut differing = one.iter().zip(&two).filter(|(one, two)| one.value != two.value);
        let (before, point) = differing.next()?;
        let is_all = differing.next().is_none() && before.place(second, &before.value) == *first;
        let (first, second) = (first.clone(), second.clone());
        is_all.then(|| Self { first, second, point: point.clone() })
    }

    /// The value of another address of the same form.
    fn value_in(&self, other: &Request) -> Option<String> {
        let found = insertion_points(other).into_iter();
        let point = found.into_iter().find(|it| it.reference == self.point.reference)?;
        (point.place(&self.second, &point.value) == *other).then_some(point.value)
    }
}

fn places(first: &Made, second: &Made) -> Vec<Place> {
    let is_new = |request: &&Request| !first.leads.contains(request);
    let new = second.leads.iter().filter(is_new).take(MAX_ADDRESSES);
    new.filter_map(|two| first.leads.iter().find_map(|one| Place::of(one, two))).collect()
}

/// Whether nobody in particular is shown at each address what was made there, and there alone.
async fn is_own(
    probe: &mut SiteProbe,
    place: &Place,
    first: &Made,
    second: &Made,
) -> Result<bool, ProbeStop> {
    let one = read(probe, &place.first).await?;
    let two = read(probe, &place.second).await?;
    let shows = |shot: &Shot, made: &Made| made.words.iter().any(|word| shot.find(word).is_some());
    Ok(shows(&one, first) && !shows(&one, second) && shows(&two, second) && !shows(&two, first))
}

async fn read(probe: &mut SiteProbe, page: &Request) -> Result<Shot, ProbeStop> {
    let counted = Some(stateless_template(&path_of(page)));
    probe.ask_as(Whom::Nobody, page.clone(), "", counted).await
}

/// Whether a page of the site leads there, as it is now.
async fn is_linked(probe: &mut SiteProbe, place: &Place) -> Result<bool, ProbeStop> {
    let address = place.second.path_and_query_text().into_owned();
    let is_page = |node: &&Node| {
        let is_text =
            |kind: &str| kind.contains("html") || kind.contains("json") || kind.contains("xml");
        node.method == "GET" && node.answer.as_ref().is_some_and(|it| is_text(&it.media_type))
    };
    let pages: Vec<Request> = probe
        .reached()
        .iter()
        .filter(is_page)
        .filter(|node| probe.may_send(node))
        .map(|node| node.examples[0].clone())
        .filter(|request| *request != place.first && *request != place.second)
        .take(MAX_PAGES)
        .collect();
    for page in pages {
        let counted = Some(page.path_and_query_text().into_owned());
        let shown = probe.try_ask(page, "", counted).await?;
        if shown.is_some_and(|shown| shown.response().body_text().contains(&address)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes some more, and tells what their addresses have in common.
async fn judged(
    probe: &mut SiteProbe,
    node: &Node,
    place: Place,
    first: &Made,
    second: &Made,
) -> Result<(), ProbeStop> {
    let mut samples: Vec<Sample> = Vec::new();
    for (address, made) in [(&place.first, first), (&place.second, second)] {
        samples.extend(place.value_in(address).map(|value| Sample { value, at: made.at }));
    }
    while samples.len() < SAMPLES {
        let Some(made) = make(probe, node).await? else { break };
        let is_known = |value: &String| samples.iter().any(|sample| sample.value == *value);
        let mut values = made.leads.iter().filter_map(|lead| place.value_in(lead));
        let Some(value) = values.find(|value| !is_known(value)) else { break };
        samples.push(Sample { value, at: made.at });
    }
    let Some(verdict) = judge(&samples) else { return Ok(()) };
    let template = stateless_template(&path_of(&place.second));
    let detail = format!(
        "what is made here is shown to nobody in particular at an address of its own, to which no page \
         links, and {} such addresses in a row have the values {} to {}: {}; values drawn at random look \
         like that with a probability below 1 in 10^{:.0}",
        samples.len(),
        samples[0].value,
        samples[samples.len() - 1].value,
        verdict.why,
        -verdict.chance,
    );
    let one = read(probe, &place.first).await?;
    let two = read(probe, &place.second).await?;
    let mark = |shot: &Shot, made: &Made| made.words.iter().find_map(|word| shot.find(word));
    let (attack_mark, replay_mark) = (mark(&one, first), mark(&two, second));
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, first.shot.clone()),
        Exhibit::marked(EvidenceRole::Attack, one, attack_mark),
        Exhibit::new(EvidenceRole::Baseline, second.shot.clone()),
        Exhibit::marked(EvidenceRole::Replay, two, replay_mark),
    ];
    let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads: Vec::new() };
    probe.found_in(place.second, template, Some(place.point.reference), proof);
    Ok(())
}
