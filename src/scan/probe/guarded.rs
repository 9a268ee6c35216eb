//! Pages that somebody sees and nobody is shown: what tells whether a login holds.

use super::Node;
use super::Person;
use super::ProbeStop;
use super::Shot;
use super::SiteProbe;
use super::Whom;
use super::has_word;
use crate::model::Request;
use crate::scan::careful::split_words;
use crate::scan::session::Entrance;

/// Pages that are looked at for one that nobody is shown.
const MAX_ASKED: usize = 14;

/// Words of paths at which people find what is theirs.
const PERSONAL: [&str; 18] = [
    "me",
    "profile",
    "account",
    "settings",
    "dashboard",
    "home",
    "orders",
    "order",
    "my",
    "user",
    "whoami",
    "self",
    "preferences",
    "wallet",
    "private",
    "messages",
    "basket",
    "cart",
];

/// A page, as somebody sees it and as nobody does.
#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    pub(crate) path_template: String,
    pub(crate) request: Request,
    /// Whose login it was.
    pub(crate) inside: Shot,
    pub(crate) outside: Shot,
    /// What stands in it of whoever sees it, where they are known.
    pub(crate) marker: Option<String>,
}

impl Guarded {
    /// Pages that the person is shown and nobody is, the most personal first, until there are
    /// enough.
    ///
    /// # Errors
    /// [`ProbeStop`]
    pub(crate) async fn find(
        probe: &mut SiteProbe,
        person: &Person,
        enough: usize,
    ) -> Result<Vec<Self>, ProbeStop> {
        let mut found: Vec<Self> = Vec::new();
        for (request, path_template) in candidates(probe, person) {
            if found.len() >= enough {
                break;
            }
            let inside = probe.ask_as(person.whom, request.clone(), "", None).await?;
            if !(200..300).contains(&inside.response().status) {
                continue;
            }
            let outside = probe.ask_as(Whom::Nobody, request.clone(), "", None).await?;
            let text = inside.response().body_text().into_owned();
            let marker = person.named_in(&text).map(str::to_owned);
            let page = Self { path_template, request, inside, outside, marker };
            if page.is_guarded() {
                found.push(page);
            }
        }
        found.sort_by_key(|page| page.marker.is_none());
        Ok(found)
    }

    fn is_guarded(&self) -> bool {
        let (inside, outside) = (self.inside.response(), self.outside.response());
        if outside.status != inside.status {
            return matches!(outside.status, 301 | 302 | 303 | 307 | 401 | 403 | 404);
        }
        let text = outside.body_text();
        self.marker.as_ref().is_some_and(|marker| !has_word(&text, marker))
    }

    /// Whether an answer to the same request is for somebody who is logged in; for whom, where that
    /// can be told.
    pub(crate) fn shows_inside(&self, shot: &Shot) -> bool {
        let response = shot.response();
        if response.status != self.inside.response().status {
            return false;
        }
        if self.outside.response().status != response.status {
            return true;
        }
        self.marker.as_ref().is_some_and(|marker| has_word(&response.body_text(), marker))
    }

    /// Whether what stands in it is the same person's.
    pub(crate) fn shows_same_person(&self, shot: &Shot) -> bool {
        let text = shot.response().body_text().into_owned();
        let is_theirs = self.marker.as_ref().is_none_or(|marker| has_word(&text, marker));
        self.shows_inside(shot) && is_theirs
    }
}

/// What may be somebody's own, with its path template, the likeliest first: what the plan asks to see
/// whether they are logged in, then what stands beside their login, then what sounds like it.
fn candidates(probe: &SiteProbe, person: &Person) -> Vec<(Request, String)> {
    let site = probe.site();
    let proof = probe.proof_request(person).map(|request| {
        let path = path(&request);
        (Request::get(request.origin.clone(), request.path_and_query), path)
    });
    let part = probe.entrance_part(person);
    let is_beside = |node: &Node| {
        let known = part.as_deref().and_then(|part| node.path_template.strip_prefix(part));
        known.is_some_and(|rest| (rest.is_empty() || rest.starts_with('/')) && !rest.contains('{'))
    };
    let mut nodes: Vec<(usize, &Node)> = site
        .nodes()
        .filter(|node| node.method == "GET" && probe.may_send(node))
        .filter(|node| node.answer.as_ref().is_none_or(|answer| is_text(&answer.media_type)))
        .map(|node| (if is_beside(node) { 0 } else { 1 + rank(node) }, node))
        .collect();
    nodes.sort_by_key(|(rank, _)| *rank);
    let nodes = nodes.into_iter().map(|(_, node)| node);
    let known = nodes.map(|node| (node.examples[0].clone(), node.path_template.clone()));
    proof.into_iter().chain(known).take(MAX_ASKED).collect()
}

fn path(request: &Request) -> String {
    request.path_and_query_text().split('?').next().unwrap_or_default().to_owned()
}

impl SiteProbe {
    /// The directory in which somebody logs in, where that is a part of a site: `/club` of `/club/login`.
    fn entrance_part(&self, person: &Person) -> Option<String> {
        let persona = self.sending().means().traffic.persona(person.whom);
        let (Entrance::Page(request) | Entrance::Request(request)) =
            persona.keeper()?.entrance()?;
        let path = path(&request);
        let (directory, _) = path.rsplit_once('/')?;
        (!directory.is_empty()).then(|| directory.to_owned())
    }

    /// What the plan asks to see whether somebody is logged in.
    fn proof_request(&self, person: &Person) -> Option<Request> {
        let persona = self.sending().means().traffic.persona(person.whom);
        persona.keeper()?.proof_request().filter(|request| request.method.as_str() == "GET")
    }
}

fn rank(node: &Node) -> usize {
    let words = split_words(&node.path_template);
    let personal = words.iter().any(|word| PERSONAL.contains(&word.as_str()));
    let is_open = node.path_template.contains('{');
    let is_refused = matches!(node.status, Some(401 | 403));
    usize::from(!personal) * 2
        + usize::from(is_open)
        + usize::from(!is_refused && !node.reached) * 4
}

fn is_text(media_type: &str) -> bool {
    media_type.contains("html")
        || media_type.contains("json")
        || media_type.contains("xml")
        || media_type == "text/plain"
        || media_type.is_empty()
}
