//! Records of JSON as they are read back.

use serde_json::Value;

use super::extra::is_grave;
use super::items::items;
use super::members::json as document;
use super::members::object_with;
use super::objects::Made;
use crate::model::Request;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Pages on which an object is looked for.
const MAX_PAGES: usize = 10;

/// A record as it is read back.
pub(super) struct Record {
    pub(super) shot: Shot,
    pub(super) object: Value,
}

impl Record {
    /// Members that decide something, and all of them.
    fn shows(&self) -> (usize, usize) {
        let names = || self.object.as_object().into_iter().flat_map(|members| members.keys());
        (names().filter(|name| is_grave(name)).count(), names().count())
    }
}

/// The object as its own page shows it, or the answer to what has made it.
pub(super) async fn record_of(
    probe: &mut SiteProbe,
    made: &Made,
    owner: &Person,
) -> Result<Option<Record>, ProbeStop> {
    for item in items(probe, made, owner).await? {
        if let Some(record) = record_in(&item.shot, &item.canary) {
            return Ok(Some(record));
        }
    }
    let words: Vec<String> = made.canaries.iter().map(|(_, word)| word.clone()).collect();
    look(probe, owner.whom, &words).await
}

pub(super) fn record_in(shot: &Shot, word: &str) -> Option<Record> {
    let document = document(shot.response())?;
    let object = object_with(&document, word)?.clone();
    Some(Record { shot: shot.clone(), object })
}

/// What JSON of the site shows of an object with one of these words: of several views, the one with
/// most members that decide something, then with most members.
pub(super) async fn look(
    probe: &mut SiteProbe,
    whom: Whom,
    words: &[String],
) -> Result<Option<Record>, ProbeStop> {
    let site = probe.site();
    let is_json = |node: &&Node| {
        let kind = node.answer.as_ref().map(|answer| answer.media_type.clone());
        node.method == "GET"
            && kind.is_none_or(|kind| kind.contains("json") || kind.is_empty())
            && !node.path_template.contains('{')
            && probe.may_send(node)
    };
    let nodes: Vec<Request> =
        site.nodes().filter(is_json).take(MAX_PAGES).map(|node| node.examples[0].clone()).collect();
    let mut best: Option<Record> = None;
    for request in nodes {
        let shot = probe.ask_as(whom, request, "", None).await?;
        let Some(found) = words.iter().find_map(|word| record_in(&shot, word)) else { continue };
        if best.as_ref().is_none_or(|best| found.shows() > best.shows()) {
            best = Some(found);
        }
    }
    Ok(best)
}
