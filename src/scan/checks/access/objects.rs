//! Objects that a check makes as somebody, with words in them that stand nowhere else.

use url::Url;

use super::items::listed;
use super::members::Member;
use super::members::members_of;
use super::topic::Topic;
use super::topic::path_of;
use super::topic::topic;
use super::topic::topic_of_name;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::insertion_points;
use crate::scan::probe::is_password;
use crate::scan::probe::with_point;

/// Values with which an object is looked for.
const MAX_HANDLES: usize = 5;

/// An object that somebody has made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) node: Node,
    pub(super) request: Request,
    pub(super) shot: Shot,
    /// What was written where.
    pub(super) canaries: Vec<(InsertionRef, String)>,
    pub(super) handles: Vec<Handle>,
    /// Where its maker's lists led to that they did not lead to before.
    pub(super) leads: Vec<Url>,
}

/// What may name an object in addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handle {
    pub(super) value: String,
    /// What it names, where that is said beside it: an order for `order_id`.
    pub(super) about: Topic,
}

/// How many of the requests that make something a check tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    All,
    Half,
    /// For what costs little.
    Many,
}

impl Share {
    fn most(self, strength: Strength) -> usize {
        let [low, medium, high] = match self {
            Self::All => [3, 20, 40],
            Self::Half => [1, 4, 10],
            Self::Many => [24, 64, 160],
        };
        match strength {
            Strength::Low => low,
            Strength::Medium => medium,
            Strength::High => high,
        }
    }
}

/// Requests that make something of texts, the likeliest first, as many as are tried.
pub(super) fn makers(probe: &mut SiteProbe, share: Share) -> Vec<Node> {
    let most = share.most(probe.sender().strength());
    let site = probe.site();
    let is_maker = |node: &&Node| {
        let takes = insertion_points(&node.examples[0]);
        let body = || takes.iter().filter(|point| is_in_body(point));
        node.method == "POST"
            && probe.may_send(node)
            && body().any(is_text)
            && !body().any(|point| is_password(&point.reference.name))
    };
    let mut nodes: Vec<Node> = site.nodes().filter(is_maker).cloned().collect();
    nodes.sort_by_key(promise);
    nodes.truncate(most);
    nodes
}

/// How little a node promises to make something, by what it answered before.
fn promise(node: &Node) -> u8 {
    match node.answer.as_ref().map(|answer| answer.status) {
        Some(201) => 0,
        Some(300..=399) | None => 1,
        Some(200..=299) => 2,
        Some(_) => 3,
    }
}

pub(super) fn is_in_body(point: &InsertionPoint) -> bool {
    matches!(point.reference.kind, InsertionKind::Form | InsertionKind::Json)
}

/// Whether any words can stand there.
pub(super) fn is_text(point: &InsertionPoint) -> bool {
    let name = point.reference.name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_token = ["csrf", "xsrf", "token", "nonce", "captcha"].iter().any(|it| name.contains(it));
    let is_kind = ["id", "type", "status", "date", "role", "lang", "action", "submit"];
    let is_choice = is_kind.iter().any(|it| name == *it || name.ends_with(&format!("_{it}")));
    let value = &point.value;
    let is_plain = value.parse::<f64>().is_err()
        && !matches!(value.as_str(), "true" | "false" | "on" | "off")
        && !value.starts_with("http");
    is_plain && !is_token && !is_choice
}

/// A word for a place: an address where one is expected.
pub(super) fn canary(probe: &mut SiteProbe, point: &InsertionPoint) -> String {
    let word = probe.sender().word();
    let name = point.reference.name.to_ascii_lowercase();
    let is_address = name.contains("mail") || point.value.contains('@');
    if is_address { format!("{word}@example.com") } else { word }
}

/// The request with a new word in each of these places.
pub(super) fn with_canaries(
    probe: &mut SiteProbe,
    request: &Request,
    points: &[InsertionPoint],
) -> (Request, Vec<(InsertionRef, String)>) {
    let mut request = request.clone();
    let mut canaries = Vec::new();
    for point in points {
        let word = canary(probe, point);
        request = with_point(&request, &point.reference, &word).unwrap_or(request);
        canaries.push((point.reference.clone(), word));
    }
    (request, canaries)
}

/// Makes an object as somebody; `None` where the target does not want to.
pub(super) async fn make(
    probe: &mut SiteProbe,
    node: &Node,
    maker: &Person,
) -> Result<Option<Made>, ProbeStop> {
    let base = node.examples[0].clone();
    let texts: Vec<InsertionPoint> =
        insertion_points(&base).into_iter().filter(|it| is_in_body(it) && is_text(it)).collect();
    let before = listed(probe, node, maker.whom).await?;
    // Where all words are refused, the first alone may do: the others may be choices.
    for points in [&texts[..], &texts[..1]] {
        let (request, canaries) = with_canaries(probe, &base, points);
        let counted = Some(path_of(&base));
        let shot = probe.send_form(maker.whom, node, request.clone(), "", counted).await?;
        if shot.response().status < 400 {
            let after = listed(probe, node, maker.whom).await?;
            let leads = after.into_iter().filter(|link| !before.contains(link)).collect();
            let handles = handles(&shot, &canaries);
            let node = node.clone();
            return Ok(Some(Made { node, request, shot, canaries, handles, leads }));
        }
        if texts.len() == 1 {
            break;
        }
    }
    Ok(None)
}

impl Made {
    /// Another one, made by the same node.
    pub(super) fn again(
        &self,
        request: Request,
        shot: Shot,
        canaries: Vec<(InsertionRef, String)>,
    ) -> Self {
        let handles = handles(&shot, &canaries);
        Self { node: self.node.clone(), request, shot, canaries, handles, leads: Vec::new() }
    }
}

/// What may name an object: what the answer calls it, and what was written to it.
fn handles(shot: &Shot, canaries: &[(InsertionRef, String)]) -> Vec<Handle> {
    let mut found: Vec<Handle> = Vec::new();
    let mut take = |value: &str, about: Topic| {
        if !value.is_empty() && !found.iter().any(|known| known.value == value) {
            found.push(Handle { value: value.to_owned(), about });
        }
    };
    if let Some(location) = shot.response().header("location") {
        let location = location.text().into_owned();
        let (path, query) = location.split_once('?').unwrap_or((&location, ""));
        let path = path.trim_end_matches('/');
        let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
        take(last, topic(before));
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            take(value, topic_of_name(name));
        }
    }
    for member in members_of(shot.response()).into_iter().filter(Member::is_id) {
        take(&member.value, topic_of_name(&member.name));
    }
    for (_, word) in canaries {
        take(word, Topic::new());
    }
    found.truncate(MAX_HANDLES);
    found
}
