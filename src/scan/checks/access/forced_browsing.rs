//! Pages that anybody gets who knows their address, behind pages that nobody gets.
//!
//! A page counts if it was found on a page that nobody may see (or by a script of one), if others in its
//! folder refuse nobody, its path says that it is for some only or it is data about people, and if nobody
//! gets, twice, what somebody who is logged in gets.
//!
//! A clean site costs 1 request for each page of those who are logged in, 1 for each page that led
//! to one, and up to 3 for each that stands beside one that refuses nobody.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use url::Url;

use super::function_level::is_admin;
use super::members::links;
use super::private::is_about_people;
use super::topic::path_of;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Likeness;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;
use crate::scan::probe::Site;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Whom;
use crate::scan::probe::split_words;

/// Beginnings of media types of what pages are drawn with.
const DRAWN: [&str; 5] = ["image/", "font/", "audio/", "video/", "text/css"];

/// Words of folders whose pages are not for everybody.
const CLOSED: [&str; 13] = [
    "member",
    "members",
    "subscriber",
    "subscribers",
    "premium",
    "vip",
    "private",
    "internal",
    "intranet",
    "restricted",
    "confidential",
    "insiders",
    "employees",
];

/// Pages of one folder that are asked for as somebody, for one that refuses nobody alone.
const MAX_SIBLINGS: usize = 3;

/// See the module.
pub(in crate::scan::checks) struct ForcedBrowsing;

impl SiteCheck for ForcedBrowsing {
    fn id(&self) -> &'static str {
        "forced-browsing"
    }

    fn budget(&self) -> u64 {
        400
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let Some(person) = probe.people().into_iter().find(|person| person.whom == Whom::Session)
    else {
        return Ok(Outcome::Skipped("the site was looked at as nobody".to_owned()));
    };
    let most = match probe.sender().strength() {
        Strength::Low => 40,
        Strength::Medium => 150,
        Strength::High => 500,
    };
    let reached = documents(probe).into_iter().take(most);
    let mut seen: Vec<(Node, Shot)> = Vec::new();
    let mut offered: BTreeSet<String> = BTreeSet::new();
    for node in reached.collect::<Vec<_>>() {
        let shot = probe.ask_as(Whom::Nobody, node.examples[0].clone(), "", None).await?;
        offered.extend(links(&shot).into_iter().map(String::from));
        offered.extend(led_to(&shot));
        seen.push((node, shot));
    }
    let mut pages_before: BTreeMap<String, bool> = BTreeMap::new();
    for (node, open) in &seen {
        if !is_given(open) || offered.contains(&node.examples[0].url()) {
            continue;
        }
        let leaders = leaders(&probe.site(), node);
        let siblings = seen.iter().filter(|(other, shot)| {
            let led_here = leaders.contains(&other.examples[0].url());
            !led_here && is_beside(other, node) && refuses(shot)
        });
        let sibling = given_to(probe, person.whom, siblings.take(MAX_SIBLINGS)).await?;
        let guard = match sibling {
            Some((sibling, refused)) => Guard::Sibling(sibling, refused),
            None if is_closed(node) => Guard::Path,
            None if is_about_people(open.response()) => Guard::People,
            None => continue,
        };
        let Some(page) = leaders.last().map(String::as_str) else { continue };
        let known = pages_before.get(page).copied();
        let is_behind = if let Some(known) = known {
            known
        } else {
            let is_behind = refuses_page(probe, page).await?;
            pages_before.insert(page.to_owned(), is_behind);
            is_behind
        };
        if is_behind {
            judge(probe, person.whom, (node, page), open, &guard).await?;
        }
    }
    Ok(Outcome::Clean)
}

/// The first page that somebody who is logged in gets: what leads everybody elsewhere refuses nobody.
async fn given_to<'s>(
    probe: &mut SiteProbe,
    whom: Whom,
    pages: impl Iterator<Item = &'s (Node, Shot)>,
) -> Result<Option<&'s (Node, Shot)>, ProbeStop> {
    for page in pages {
        let shot = probe.ask_as(whom, page.0.examples[0].clone(), "", None).await?;
        if is_given(&shot) {
            return Ok(Some(page));
        }
    }
    Ok(None)
}

/// The page on which a node was found, and where that is a script or the like, the one that loads it.
fn leaders(site: &Site, node: &Node) -> Vec<String> {
    let mut leaders: Vec<String> = Vec::new();
    let mut found = node.found.page.as_deref();
    while let Some(page) =
        found.filter(|page| leaders.len() < 3 && !leaders.iter().any(|it| it == page))
    {
        leaders.push(page.to_owned());
        let leader = site.nodes().find(|it| it.examples[0].url() == *page);
        let is_page = |node: &&Node| {
            node.answer.as_ref().is_none_or(|answer| answer.media_type.contains("html"))
        };
        found = leader.filter(|node| !is_page(node)).and_then(|node| node.found.page.as_deref());
    }
    leaders
}

/// Why a page is not meant for everybody.
enum Guard<'s> {
    /// Another in its folder refuses nobody.
    Sibling(&'s Node, &'s Shot),
    /// Its path says so.
    Path,
    /// What it holds says so.
    People,
}

/// What was reached and is more than what pages are drawn with, what is for some only by its path first.
fn documents(probe: &SiteProbe) -> Vec<Node> {
    let site = probe.site();
    let is_document = |node: &&Node| {
        let kind = node.answer.as_ref().map(|answer| answer.media_type.to_ascii_lowercase());
        let is_drawn = kind.is_some_and(|kind| {
            DRAWN.iter().any(|known| kind.starts_with(known)) || kind.contains("javascript")
        });
        node.method == "GET" && node.reached && !is_drawn && probe.may_send(node)
    };
    let mut nodes: Vec<Node> = site.nodes().filter(is_document).cloned().collect();
    nodes.sort_by_key(|node| !is_closed(node) && !is_admin(&node.path_template));
    nodes
}

/// Whether a folder of its path is for some only.
fn is_closed(node: &Node) -> bool {
    let folder = node.path_template.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
    let words = split_words(folder);
    is_admin(folder) || words.iter().any(|word| CLOSED.contains(&word.as_str()))
}

async fn refuses_page(probe: &mut SiteProbe, page: &str) -> Result<bool, ProbeStop> {
    let Ok(url) = Url::parse(page) else { return Ok(false) };
    let Some(origin) = probe.site().nodes().next().map(|node| node.examples[0].origin.clone())
    else {
        return Ok(false);
    };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let request = Request::get(origin, format!("{}{query}", url.path()));
    let shot = probe.ask_as(Whom::Nobody, request, "", None).await?;
    Ok(refuses(&shot))
}

/// Where whoever is refused is led: mostly to the page with the login.
fn led_to(shot: &Shot) -> Option<String> {
    let location = shot.response().header("location")?.text().into_owned();
    let here = Url::parse(&shot.exchange.request.url()).ok()?;
    here.join(&location).ok().map(String::from)
}

fn is_given(shot: &Shot) -> bool {
    let response = shot.response();
    (200..300).contains(&response.status) && !response.body.is_empty()
}

fn refuses(shot: &Shot) -> bool {
    matches!(shot.response().status, 301 | 302 | 303 | 307 | 401 | 403)
}

/// Whether both stand in the same folder, which is not that of all.
fn is_beside(other: &Node, node: &Node) -> bool {
    let folder = |node: &Node| {
        let path = path_of(&node.examples[0]);
        path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
    };
    let own = folder(node);
    !own.is_empty() && folder(other) == own && other.path_template != node.path_template
}

async fn judge(
    probe: &mut SiteProbe,
    whom: Whom,
    (node, page): (&Node, &str),
    open: &Shot,
    guard: &Guard<'_>,
) -> Result<(), ProbeStop> {
    let request = node.examples[0].clone();
    let inside = probe.ask_as(whom, request.clone(), "", None).await?;
    let again = probe.ask_as(whom, request.clone(), "", None).await?;
    let replay = probe.ask_as(Whom::Nobody, request, "", None).await?;
    let shape = |shot: &Shot| Shape::of(shot.response(), "", "");
    let Some(known) = Likeness::of(&[shape(&inside), shape(&again)]) else { return Ok(()) };
    if !known.is(&shape(open)) || !known.is(&shape(&replay)) {
        return Ok(());
    }
    let why = match guard {
        Guard::Sibling(sibling, refused) => format!(
            "as does {} beside it with {}",
            sibling.path_template,
            refused.response().status
        ),
        Guard::Path => {
            "no page without a login leads there, and its path is for some only".to_owned()
        }
        Guard::People => {
            "no page without a login leads there, and it is data about people".to_owned()
        }
    };
    let detail = format!(
        "{} was found on {}, which asks for a login; {why}; its page is given without one all the same, \
         twice, as it is for somebody who is logged in",
        node.path_template,
        Url::parse(page).map(|url| url.path().to_owned()).unwrap_or_default(),
    );
    let mut exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, inside),
        Exhibit::new(EvidenceRole::Attack, open.clone()),
        Exhibit::new(EvidenceRole::Replay, replay),
    ];
    if let Guard::Sibling(_, refused) = guard {
        exhibits.push(Exhibit::new(EvidenceRole::Control, (*refused).clone()));
    }
    let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads: Vec::new() };
    probe.found(node, None, proof);
    Ok(())
}
