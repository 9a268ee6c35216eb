//! Pages at which an object is seen that was made, and those on which it may be listed.

use url::Url;

use super::members::links;
use super::objects::Handle;
use super::objects::Made;
use super::topic::Topic;
use super::topic::is_about;
use super::topic::path_of;
use super::topic::topic;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::model::stateless_template;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;
use crate::scan::probe::insertion_points;
use crate::scan::probe::insertion_points_in;

/// Nodes and places at which an object is looked for.
const MAX_ITEM_NODES: usize = 6;
const MAX_TRIED: usize = 14;
const MAX_LISTS: usize = 3;

/// A page at which an object is seen.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) request: Request,
    pub(super) template: String,
    /// The path it counts under: of an object that was not made by us.
    pub(super) stands_for: String,
    /// Where the object is named in the request, and how.
    pub(super) point: Option<InsertionPoint>,
    pub(super) handle: String,
    /// The canary that is seen, and what it was written to.
    pub(super) canary: String,
    pub(super) field: String,
    pub(super) shot: Shot,
}

/// Pages at which the maker sees the object.
pub(super) async fn items(
    probe: &mut SiteProbe,
    made: &Made,
    maker: &Person,
) -> Result<Vec<Item>, ProbeStop> {
    let mut found: Vec<Item> = Vec::new();
    let mut tried: Vec<Request> = Vec::new();
    for Place { request, template, stands_for, point, handle } in places(probe, made) {
        let is_done = found.iter().any(|item| item.template == template);
        if tried.contains(&request) || is_done || tried.len() >= MAX_TRIED {
            continue;
        }
        tried.push(request.clone());
        let counted = Some(stands_for.clone());
        let shot = probe.ask_as(maker.whom, request.clone(), &handle, counted).await?;
        let Some((field, canary)) = seen(&shot, made) else { continue };
        found.push(Item { request, template, stands_for, point, handle, canary, field, shot });
    }
    Ok(found)
}

/// A canary that an answer shows and its request does not have, the most private first.
fn seen(shot: &Shot, made: &Made) -> Option<(String, String)> {
    if shot.response().status >= 300 {
        return None;
    }
    let text = shot.response().body_text().into_owned();
    let target = shot.exchange.request.path_and_query_text().into_owned();
    let mut shown: Vec<_> = made
        .canaries
        .iter()
        .filter(|(_, word)| text.contains(word.as_str()) && !target.contains(word.as_str()))
        .collect();
    shown.sort_by_key(|(point, _)| !super::private::is_private(&point.name));
    shown.first().map(|(point, word)| (point.name.clone(), word.clone()))
}

/// Where an object may be seen.
struct Place {
    request: Request,
    template: String,
    stands_for: String,
    point: Option<InsertionPoint>,
    handle: String,
}

/// Everywhere, the likeliest first.
fn places(probe: &SiteProbe, made: &Made) -> Vec<Place> {
    let mut places = led_to(made);
    let own = topic(&made.node.path_template);
    for handle in made.handles.iter().filter(|handle| !handle.about.is_empty()) {
        places.extend(near(probe, &handle.about, std::slice::from_ref(handle)));
        let lists = list_nodes(probe, &handle.about);
        let last_is = |node: &&Node| {
            let last = node.path_template.rsplit('/').next().unwrap_or_default();
            is_about(last, &handle.about)
        };
        let below_list = |node: &Node| below(&node.examples[0], std::slice::from_ref(handle));
        places.extend(lists.iter().filter(last_is).flat_map(below_list));
    }
    places.extend(near(probe, &own, &made.handles));
    places.extend(below(&made.request, &made.handles));
    places
}

/// Nodes of a topic that leave a place open.
fn near(probe: &SiteProbe, about: &Topic, handles: &[Handle]) -> Vec<Place> {
    let site = probe.site();
    let is_near = |node: &&Node| {
        node.method == "GET" && probe.may_send(node) && is_about(&node.path_template, about)
    };
    let nodes = site.nodes().filter(is_near).take(MAX_ITEM_NODES);
    nodes.flat_map(|node| at_node(node, handles)).collect()
}

/// Where the target itself has pointed.
fn led_to(made: &Made) -> Vec<Place> {
    let Ok(here) = Url::parse(&made.request.url()) else { return Vec::new() };
    let location = made.shot.response().header("location").map(|it| it.text().into_owned());
    let leads = location.and_then(|to| here.join(&to).ok()).into_iter().chain(made.leads.clone());
    let own = leads.filter(|url| url.origin() == here.origin());
    let place = |url: Url| {
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{query}", url.path());
        let request = Request::get(made.request.origin.clone(), target);
        let point = insertion_points(&request).into_iter().next_back();
        let handle = point.as_ref().map(|point| point.value.clone()).unwrap_or_default();
        let template = stateless_template(&request.path_and_query_text());
        Place { request, stands_for: path_of(&made.request), template, point, handle }
    };
    own.map(place).collect()
}

/// Where a node of the site model leaves a place open.
fn at_node(node: &Node, handles: &[Handle]) -> Vec<Place> {
    let base = &node.examples[0];
    let points = insertion_points_in(base, &node.path_template);
    let of = |kind: InsertionKind| points.iter().filter(move |it| it.reference.kind == kind);
    let of_path = of(InsertionKind::Path).next_back();
    let open = of_path.into_iter().chain(of(InsertionKind::Query).take(2));
    let place = |(point, handle): (&InsertionPoint, &Handle)| Place {
        request: point.place(base, &handle.value),
        template: node.path_template.clone(),
        stands_for: path_of(base),
        point: Some(point.clone()),
        handle: handle.value.clone(),
    };
    open.flat_map(|point| handles.iter().map(move |handle| (point, handle))).map(place).collect()
}

/// An object may be asked for below where it was made or is listed, although nobody has seen it there.
fn below(list: &Request, handles: &[Handle]) -> Vec<Place> {
    let path = path_of(list);
    let path = path.trim_end_matches('/');
    let request = Request::get(list.origin.clone(), format!("{path}/1"));
    let point = insertion_points(&request).into_iter().next_back();
    let place = |(point, handle): (&InsertionPoint, &Handle)| Place {
        request: point.place(&request, &handle.value),
        template: format!("{path}/{{id}}"),
        stands_for: path.to_owned(),
        point: Some(point.clone()),
        handle: handle.value.clone(),
    };
    let points = point.iter();
    points.flat_map(|point| handles.iter().map(move |it| (point, it))).map(place).collect()
}

impl Item {
    /// The same page of an object that does not exist.
    pub(super) fn absent(&self, probe: &mut SiteProbe) -> Option<Request> {
        let point = self.point.as_ref()?;
        let handle = if self.handle.parse::<u64>().is_ok() {
            format!("{}{}", probe.sender().number(), probe.sender().number())
        } else {
            probe.sender().word()
        };
        Some(point.place(&self.request, &handle))
    }
}
/// Pages of somebody's on which what a node makes may be listed, or what it is `about` beside.
pub(super) async fn lists(
    probe: &mut SiteProbe,
    node: &Node,
    about: &Topic,
    whom: Whom,
) -> Result<Vec<Shot>, ProbeStop> {
    let own = topic(&node.path_template);
    let topics = [&own, about].into_iter().filter(|topic| !topic.is_empty());
    let mut requests: Vec<Request> = Vec::new();
    for list in topics.flat_map(|topic| list_nodes(probe, topic)) {
        if !requests.contains(&list.examples[0]) {
            requests.push(list.examples[0].clone());
        }
    }
    if requests.is_empty() {
        let base = &node.examples[0];
        requests.push(Request::get(base.origin.clone(), path_of(base)));
    }
    let mut shots = Vec::new();
    for request in requests {
        shots.push(probe.ask_as(whom, request, "", None).await?);
    }
    Ok(shots)
}

/// Nodes that may list things of a topic.
fn list_nodes(probe: &SiteProbe, about: &Topic) -> Vec<Node> {
    let site = probe.site();
    let is_list = |node: &&Node| {
        node.method == "GET"
            && !node.path_template.contains('{')
            && probe.may_send(node)
            && is_about(&node.path_template, about)
    };
    site.nodes().filter(is_list).take(MAX_LISTS).cloned().collect()
}

/// Where the pages lead on which such objects may be listed.
pub(super) async fn listed(
    probe: &mut SiteProbe,
    node: &Node,
    whom: Whom,
) -> Result<Vec<Url>, ProbeStop> {
    let shots = lists(probe, node, &Topic::new(), whom).await?;
    Ok(shots.iter().flat_map(links).collect())
}
