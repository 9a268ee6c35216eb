//! Objects of others that can be read, found without writing: what one person's pages lead to and
//! another's do not, one page further, and what stands beside it by number.

use std::collections::BTreeSet;

use url::Url;

use super::members::Member;
use super::members::links;
use super::members::members_of;
use super::own_page::Page;
use super::own_page::is_affair;
use super::topic::Topic;
use super::topic::is_about;
use super::topic::path_of;
use super::topic::topic;
use super::topic::topic_of_name;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::model::stateless_shape;
use crate::model::stateless_template;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::insertion_points;
use crate::scan::probe::insertion_points_in;
use crate::scan::probe::is_harmful;

/// Objects of one kind that are looked at.
const PER_KIND: usize = 2;

/// Ids of one answer that are looked at.
const MAX_IDS: usize = 20;

/// An object that the owner's pages lead to.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) request: Request,
    pub(super) template: String,
    pub(super) point: InsertionPoint,
    /// The list that led here, as the owner sees it.
    pub(super) from: Option<Shot>,
    /// One of the other's that the same page leads to, for whom it leads to nothing of the owner's.
    pub(super) others: Option<Request>,
}

impl Own {
    fn url(&self) -> String {
        self.request.url()
    }

    fn kind(&self) -> String {
        stateless_shape(&self.request.path_and_query_text())
    }
}

/// Looks at what is the owner's own; `other` may be missing, then at its neighbours alone. `written` are
/// random words that the owner has written to objects.
pub(super) async fn check(
    probe: &mut SiteProbe,
    owner: &Person,
    other: Option<&Person>,
    written: &[String],
) -> Result<(), ProbeStop> {
    let offered = BTreeSet::new();
    let mut search = Search { owner, other, written, offered, theirs: BTreeSet::new() };
    let own = search.listed(probe).await?;
    let mut kinds: Vec<String> = Vec::new();
    let further = search.judge(probe, own, &mut kinds).await?;
    search.judge(probe, further, &mut kinds).await?;
    Ok(())
}

struct Search<'p> {
    owner: &'p Person,
    other: Option<&'p Person>,
    written: &'p [String],
    /// Everything that the owner is offered.
    offered: BTreeSet<String>,
    /// Everything that the other is offered, which is meant for them.
    theirs: BTreeSet<String>,
}

impl Search<'_> {
    /// What the owner's pages lead to and, where there is another, theirs do not, again and again.
    async fn listed(&mut self, probe: &mut SiteProbe) -> Result<Vec<Own>, ProbeStop> {
        let mut own = Vec::new();
        for node in pages(probe) {
            let request = node.examples[0].clone();
            let first = probe.ask_as(self.owner.whom, request.clone(), "", None).await?;
            if first.response().status >= 300 {
                continue;
            }
            let found = leads(probe, &first);
            self.offered.extend(found.iter().map(Own::url));
            if found.is_empty() {
                continue;
            }
            let again = probe.ask_as(self.owner.whom, request.clone(), "", None).await?;
            let again: BTreeSet<String> = leads(probe, &again).iter().map(Own::url).collect();
            let found = found.into_iter().filter(|lead| again.contains(&lead.url())).collect();
            let theirs = match self.other {
                Some(other) => {
                    let shot = probe.ask_as(other.whom, request, "", None).await?;
                    leads(probe, &shot)
                }
                None => Vec::new(),
            };
            own.extend(apart(found, &theirs, &first));
            self.theirs.extend(theirs.iter().map(Own::url));
        }
        own.retain(|lead| !self.theirs.contains(&lead.url()));
        Ok(own)
    }

    /// Looks at these; what their pages lead to.
    async fn judge(
        &mut self,
        probe: &mut SiteProbe,
        objects: Vec<Own>,
        kinds: &mut Vec<String>,
    ) -> Result<Vec<Own>, ProbeStop> {
        let mut further: Vec<Own> = Vec::new();
        for object in outermost_first(objects) {
            let kind = object.kind();
            let times = kinds.iter().filter(|known| **known == kind).count();
            if times >= PER_KIND {
                continue;
            }
            kinds.push(kind);
            let is_told = probe.has_found(&object.template);
            let people = (self.owner, self.other);
            let Some(page) = Page::of(probe, object, people, self.written).await? else {
                continue;
            };
            further.extend(self.behind(probe, &page));
            if is_told {
                continue;
            }
            if let Some(other) = self.other
                && let Some(proof) = page.read_by(probe, self.owner, other).await?
            {
                page.tell(probe, proof);
                continue;
            }
            let beside = (self.other, &self.offered);
            if let Some(proof) = page.beside(probe, self.owner, beside).await? {
                page.tell(probe, proof);
            }
        }
        Ok(further)
    }

    /// What an object's page leads to beyond what lists lead to.
    fn behind(&mut self, probe: &SiteProbe, page: &Page) -> Vec<Own> {
        let found = leads(probe, &page.shot);
        let again: BTreeSet<String> = leads(probe, &page.again).iter().map(Own::url).collect();
        let theirs = page.others.as_ref().map(|shot| leads(probe, shot)).unwrap_or_default();
        let new = |lead: &Own| {
            again.contains(&lead.url())
                && !self.offered.contains(&lead.url())
                && !self.theirs.contains(&lead.url())
        };
        let found: Vec<Own> = found.into_iter().filter(new).collect();
        // It may repeat what the object's own page says.
        let further = apart(found, &theirs, page.frame());
        self.theirs.extend(theirs.iter().map(Own::url));
        further
    }
}

/// The first and the last of each kind before all others: the newest and the oldest of somebody's are
/// the least alike.
fn outermost_first(objects: Vec<Own>) -> Vec<Own> {
    let kinds: Vec<String> = objects.iter().map(Own::kind).collect();
    let is_outermost =
        |at: usize| !kinds[..at].contains(&kinds[at]) || !kinds[at + 1..].contains(&kinds[at]);
    let (outermost, others): (Vec<_>, Vec<_>) =
        objects.into_iter().enumerate().partition(|(at, _)| is_outermost(*at));
    outermost.into_iter().chain(others).map(|(_, object)| object).collect()
}

/// Pages without open places, which may list things; what is somebody's affair by its name first.
fn pages(probe: &mut SiteProbe) -> Vec<Node> {
    let most = match probe.sender().strength() {
        Strength::Low => 8,
        Strength::Medium => 30,
        Strength::High => 100,
    };
    let site = probe.site();
    let is_page = |node: &&Node| {
        let is_text = node
            .answer
            .as_ref()
            .is_none_or(|it| it.media_type.contains("html") || it.media_type.contains("json"));
        node.method == "GET" && is_text && !node.path_template.contains('{') && probe.may_send(node)
    };
    let mut pages: Vec<Node> = site.nodes().filter(is_page).cloned().collect();
    pages.sort_by_key(|node| !is_affair(&node.path_template));
    pages.truncate(most);
    pages
}

/// The same with what is known of the kind: another's object, where the page leads both of them to
/// such things, and to none alike.
fn apart(found: Vec<Own>, theirs: &[Own], page: &Shot) -> Vec<Own> {
    let urls: BTreeSet<String> = found.iter().map(Own::url).collect();
    let common: BTreeSet<String> =
        theirs.iter().filter(|lead| urls.contains(&lead.url())).map(Own::kind).collect();
    let with = |lead: Own| {
        let kind = lead.kind();
        let same = || theirs.iter().find(|it| it.kind() == kind).map(|it| it.request.clone());
        let others = if common.contains(&kind) { None } else { same() };
        Own { others, from: Some(page.clone()), ..lead }
    };
    found.into_iter().map(with).collect()
}

/// Objects that a page leads to: by its links, or by ids that a node of the same topic takes.
fn leads(probe: &SiteProbe, page: &Shot) -> Vec<Own> {
    let mut found: Vec<Own> = Vec::new();
    for url in links(page) {
        found.extend(linked(&page.exchange.request, &url));
    }
    let here = topic(&path_of(&page.exchange.request));
    let members = members_of(page.response());
    let ids: Vec<&Member> = members.iter().filter(|it| it.is_id()).take(MAX_IDS).collect();
    if ids.is_empty() {
        return found;
    }
    let site = probe.site();
    for (topic, ids) in by_topic(&ids, &here) {
        let near = |node: &&Node| {
            node.method == "GET" && is_about(&node.path_template, &topic) && probe.may_send(node)
        };
        for node in site.nodes().filter(near).take(4) {
            let base = &node.examples[0];
            let mut points = insertion_points_in(base, &node.path_template).into_iter();
            let of_path = |point: &InsertionPoint| point.reference.kind == InsertionKind::Path;
            let Some(point) = points.rfind(of_path) else { continue };
            found.extend(ids.iter().map(|id| Own {
                request: point.place(base, id),
                template: node.path_template.clone(),
                point: point.clone(),
                from: None,
                others: None,
            }));
        }
    }
    found
}

/// Ids with what they name: what their own names say, else what the page is about.
fn by_topic<'m>(ids: &[&'m Member], here: &Topic) -> Vec<(Topic, Vec<&'m str>)> {
    let mut found: Vec<(Topic, Vec<&str>)> = Vec::new();
    for id in ids {
        let named = topic_of_name(&id.name);
        let about = if named.is_empty() { here.clone() } else { named };
        match found.iter_mut().find(|(known, _)| *known == about) {
            Some((_, ids)) => ids.push(&id.value),
            None => found.push((about, vec![&id.value])),
        }
    }
    found
}

/// What a link leads to, if a value in it says which object.
fn linked(page: &Request, url: &Url) -> Option<Own> {
    if is_harmful(url) {
        return None;
    }
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let request = Request::get(page.origin.clone(), format!("{}{query}", url.path()));
    let points = insertion_points(&request);
    let is_value = |point: &&InsertionPoint| {
        point.reference.kind == InsertionKind::Path || point.value.parse::<u64>().is_ok()
    };
    let point = points.iter().rfind(is_value)?.clone();
    let template = stateless_template(&path_of(&request));
    Some(Own { request, template, point, from: None, others: None })
}
