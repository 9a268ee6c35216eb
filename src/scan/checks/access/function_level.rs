//! Functions of one role that another role reaches (broken function level authorisation).
//!
//! The plan says who has which role. It is the flaw if somebody of another role gets, twice, the page
//! that the privileged one gets, while nobody is refused and no page of theirs leads there; and if the
//! page is an administrator's by its path, others in its folder refuse the same person, or several pages
//! that both are shown lead the privileged one there and not the other. Functions that change something
//! are left to `bola-write`.
//!
//! A clean site costs 2 requests for each page that the privileged identity reaches.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::members::links;
use super::topic::path_of;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Likeness;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Whom;

/// Words of paths and roles of those who run a site.
const ADMIN: [&str; 18] = [
    "admin",
    "administration",
    "administrator",
    "admins",
    "manage",
    "management",
    "manager",
    "backoffice",
    "staff",
    "internal",
    "console",
    "moderation",
    "moderator",
    "audit",
    "superuser",
    "root",
    "operator",
    "debug",
];

/// Pages that both are shown and that lead only one of them somewhere: then it is the menu.
const MENU: usize = 3;

/// Letters that a text has to have to be told from others, and texts that make a page.
const PIECE: usize = 12;
const PIECES: usize = 2;

/// Pages by which it is told what stands on all of them.
const MAX_FRAMES: usize = 10;

/// See the module.
pub(in crate::scan::checks) struct FunctionLevel;

impl SiteCheck for FunctionLevel {
    fn id(&self) -> &'static str {
        "function-level-access"
    }

    fn budget(&self) -> u64 {
        300
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

/// Whether a text has a word of those who run a site.
pub(super) fn is_admin(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
    words.any(|word| ADMIN.contains(&word.as_str()))
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let people = probe.people();
    let mut is_any = false;
    for privileged in &people {
        let others = people.iter().filter(|other| {
            other.role.is_some() && privileged.role.is_some() && other.role != privileged.role
        });
        let is_above = privileged.role.as_deref().is_some_and(is_admin);
        for other in others {
            // Of two, the one who runs the site; else either may have what the other should not.
            if other.role.as_deref().is_some_and(is_admin) && !is_above {
                continue;
            }
            is_any = true;
            compare(probe, privileged, other).await?;
        }
    }
    Ok(if is_any {
        Outcome::Clean
    } else {
        Outcome::Skipped("the plan has no identities of different roles".to_owned())
    })
}

/// One page as both see it.
struct Seen {
    node: Node,
    first: Shot,
    other: Shot,
}

async fn compare(
    probe: &mut SiteProbe,
    privileged: &Person,
    other: &Person,
) -> Result<(), ProbeStop> {
    let most = match probe.sender().strength() {
        Strength::Low => 15,
        Strength::Medium => 50,
        Strength::High => 200,
    };
    let mut seen = Vec::new();
    let mut offered = BTreeSet::new();
    for node in pages(probe).into_iter().take(most) {
        let request = node.examples[0].clone();
        let theirs = probe.ask_as(other.whom, request.clone(), "", None).await?;
        offered.extend(links(&theirs).into_iter().map(String::from));
        let first = probe.ask_as(privileged.whom, request, "", None).await?;
        seen.push(Seen { node, first, other: theirs });
    }
    let hidden = hidden(&seen);
    for page in &seen {
        let is_given = is_page(&page.first) && is_page(&page.other);
        if !is_given || offered.contains(&page.node.examples[0].url()) {
            continue;
        }
        let refusing = || seen.iter().find(|it| is_sibling(it, page) && refuses(&it.other));
        let why = if is_admin(&page.node.path_template) {
            Why::Path
        } else if let Some(sibling) = refusing() {
            Why::Sibling(sibling)
        } else if hidden.get(&page.node.examples[0].url()).is_some_and(|pages| *pages >= MENU) {
            Why::Menu(hidden[&page.node.examples[0].url()])
        } else {
            continue;
        };
        // The menu is another one for each, so that the pages are not quite the same.
        let own =
            if matches!(why, Why::Menu(_)) { own_pieces(page, &seen) } else { BTreeSet::new() };
        judge(probe, page, (&why, &own), (privileged, other)).await?;
    }
    Ok(())
}

/// Texts of a page that stand on no other that the privileged one is shown.
fn own_pieces(page: &Seen, seen: &[Seen]) -> BTreeSet<String> {
    let mut own = pieces(&page.first);
    let others = seen.iter().filter(|it| it.node.path_template != page.node.path_template);
    for other in others.filter(|it| is_page(&it.first)).take(MAX_FRAMES) {
        own = own.difference(&pieces(&other.first)).cloned().collect();
    }
    own
}

fn pieces(shot: &Shot) -> BTreeSet<String> {
    let text = shot.response().body_text();
    let pieces = text.split(['<', '>', '\n']).map(str::trim);
    pieces.filter(|piece| piece.len() >= PIECE).map(str::to_owned).collect()
}

/// What says that a page is not meant for somebody.
enum Why<'a> {
    /// Its path.
    Path,
    /// One beside it.
    Sibling(&'a Seen),
    /// So many pages that lead others there.
    Menu(usize),
}

impl Why<'_> {
    fn sibling(&self) -> Option<&Seen> {
        match self {
            Self::Sibling(sibling) => Some(sibling),
            Self::Path | Self::Menu(_) => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Sibling(sibling) => format!(
                "{} in the same folder refuses them with {}",
                sibling.node.path_template,
                sibling.other.response().status
            ),
            Self::Path => "its path is an administrator's".to_owned(),
            Self::Menu(pages) => {
                format!("{pages} pages that both are shown lead only the other one there")
            }
        }
    }
}

/// Where pages that both are shown lead the privileged one and not the other, and how many do.
fn hidden(seen: &[Seen]) -> BTreeMap<String, usize> {
    let mut hidden: BTreeMap<String, usize> = BTreeMap::new();
    for page in seen.iter().filter(|page| is_page(&page.first) && is_page(&page.other)) {
        let theirs = links(&page.other);
        for url in links(&page.first).into_iter().filter(|url| !theirs.contains(url)) {
            *hidden.entry(url.into()).or_insert(0) += 1;
        }
    }
    hidden
}

/// Pages of the site that are text, those of administrators first.
fn pages(probe: &SiteProbe) -> Vec<Node> {
    let site = probe.site();
    let is_text = |node: &&Node| {
        let kind = node.answer.as_ref().map(|answer| answer.media_type.clone());
        let is_text = kind.is_none_or(|kind| kind.contains("html") || kind.contains("json"));
        node.method == "GET" && is_text && probe.may_send(node)
    };
    let mut nodes: Vec<Node> = site.nodes().filter(is_text).cloned().collect();
    nodes.sort_by_key(|node| !is_admin(&node.path_template));
    nodes
}

fn is_page(shot: &Shot) -> bool {
    let response = shot.response();
    (200..300).contains(&response.status) && !response.body.is_empty()
}

fn refuses(shot: &Shot) -> bool {
    matches!(shot.response().status, 401 | 403)
}

/// Whether the other stands in the same folder and is the privileged one's.
fn is_sibling(one: &Seen, page: &Seen) -> bool {
    let folder = |node: &Node| {
        let path = path_of(&node.examples[0]);
        path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
    };
    let own = folder(&page.node);
    !own.is_empty() && folder(&one.node) == own && is_page(&one.first)
}

async fn judge(
    probe: &mut SiteProbe,
    page: &Seen,
    (why, own): (&Why<'_>, &BTreeSet<String>),
    (privileged, other): (&Person, &Person),
) -> Result<(), ProbeStop> {
    let request = page.node.examples[0].clone();
    let nobody = probe.ask_as(Whom::Nobody, request.clone(), "", None).await?;
    let again = probe.ask_as(privileged.whom, request.clone(), "", None).await?;
    let replay = probe.ask_as(other.whom, request, "", None).await?;
    // With the names of whoever is greeted read as one, and as they stand: lists have names too.
    let plain = |shot: &Shot| Shape::of(shot.response(), "", "");
    let known = Likeness::of(&[plain(&page.first), plain(&again)]);
    let greeting = Likeness::of(&[shape(&page.first, privileged), shape(&again, privileged)]);
    let has_own = |shot: &Shot| own.len() >= PIECES && own.is_subset(&pieces(shot));
    let is_same = |shot: &Shot| {
        has_own(shot)
            || known.as_ref().is_some_and(|known| known.is(&plain(shot)))
            || greeting.as_ref().is_some_and(|known| known.is(&shape(shot, other)))
    };
    if !is_same(&page.other) || !is_same(&replay) || is_page(&nobody) {
        return Ok(());
    }
    let role = |person: &Person| person.role.clone().unwrap_or_default();
    let detail = format!(
        "{} gives `{}` ({}) the page of `{}` ({}), twice; without a login the answer is {}; none of their \
         pages leads there, and {}",
        page.node.path_template,
        other.name,
        role(other),
        privileged.name,
        role(privileged),
        nobody.response().status,
        why.text(),
    );
    let mut exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, page.first.clone()),
        Exhibit::new(EvidenceRole::Attack, page.other.clone()),
        Exhibit::new(EvidenceRole::Replay, replay),
        Exhibit::new(EvidenceRole::Control, nobody),
    ];
    exhibits.extend(why.sibling().map(|it| Exhibit::new(EvidenceRole::Control, it.other.clone())));
    let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads: Vec::new() };
    probe.found(&page.node, None, proof);
    Ok(())
}

/// The page, whoever it greets.
fn shape(shot: &Shot, person: &Person) -> Shape {
    let name = person.names.first().map(String::as_str).unwrap_or_default();
    Shape::of(shot.response(), name, "somebody")
}
