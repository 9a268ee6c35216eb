//! Session ids that can be foretold: counters, the time, hashes of either, few bits that change.
//!
//! New visitors ask for what sets a cookie, one after the other; each cookie whose name is a session's
//! or a login's is judged by statistics, with the probability that random values would look the same.
//! Where a page sets one for those alone who are logged in, one of them asks. It costs at most 10
//! requests for each of three pages that set one, and as many more behind a login.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::samples::Sample;
use super::samples::judge;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Visitors for each page.
const VISITORS: usize = 10;

const MAX_PAGES: usize = 3;

/// Parts of names of what holds a login.
const SESSION: [&str; 9] =
    ["sess", "sid", "auth", "token", "login", "remember", "ticket", "user", "uid"];
/// Of these, what is none.
const OTHER: [&str; 4] = ["csrf", "xsrf", "lang", "cart"];

/// See the module.
pub(in crate::scan::checks) struct SessionIdPredictable;

impl SiteCheck for SessionIdPredictable {
    fn id(&self) -> &'static str {
        "session-id-predictable"
    }

    fn budget(&self) -> u64 {
        60
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let site = probe.site();
    let mut seen: Vec<String> = Vec::new();
    let mut nodes: Vec<Node> = Vec::new();
    for node in site.nodes().filter(|node| probe.may_send(node)) {
        let new = set_by(node).into_iter().filter(|name| !seen.contains(name)).collect::<Vec<_>>();
        if !new.is_empty() && nodes.len() < MAX_PAGES {
            seen.extend(new);
            nodes.push(node.clone());
        }
    }
    // Whoever was logged in has got no cookie that is given to new visitors.
    if !nodes.iter().any(|node| node.method == "GET") {
        let is_page = |node: &&Node| node.method == "GET" && node.reached && probe.may_send(node);
        nodes.extend(site.nodes().filter(is_page).take(MAX_PAGES - 1).cloned());
    }
    let mut judged: BTreeSet<String> = BTreeSet::new();
    for node in nodes {
        sample(probe, &node, &mut judged).await?;
    }
    Ok(if judged.is_empty() {
        Outcome::Skipped("no answer sets a cookie that could be a session's".to_owned())
    } else {
        Outcome::Clean
    })
}

/// Names of cookies that the answer to a node's example sets and that may hold a login.
fn set_by(node: &Node) -> Vec<String> {
    let headers = node.answer.as_ref().map(|answer| answer.headers.as_slice()).unwrap_or_default();
    let names = set_in(headers).into_iter().map(|(name, _)| name);
    names.filter(|name| is_session(name)).collect()
}

/// Names and values of cookies that an answer sets.
fn set_in(headers: &[Header]) -> Vec<(String, String)> {
    let lines = headers.iter().filter(|header| header.is("set-cookie"));
    let pair = |header: &Header| {
        let line = header.text().into_owned();
        let (name, value) = line.split(';').next()?.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    lines.filter_map(pair).collect()
}

fn is_session(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SESSION.iter().any(|part| name.contains(part)) && !OTHER.iter().any(|part| name.contains(part))
}

type Given = BTreeMap<String, Vec<(Sample, Shot)>>;

/// Session cookies that are set there, one request after the other: for new visitors, or for one who
/// is logged in.
async fn given(
    probe: &mut SiteProbe,
    node: &Node,
    judged: &BTreeSet<String>,
    inside: Option<Whom>,
) -> Result<Given, ProbeStop> {
    let request: Request = node.examples[0].clone();
    let mut by_name = Given::new();
    for _ in 0..VISITORS {
        let whom = inside.unwrap_or_else(|| probe.visitor());
        let shot = probe.send_form(whom, node, request.clone(), "", None).await?;
        let at = probe.unix_seconds();
        let is_new = |(name, _): &(String, String)| is_session(name) && !judged.contains(name);
        for (name, value) in set_in(&shot.response().headers).into_iter().filter(is_new) {
            by_name.entry(name).or_default().push((Sample { value, at }, shot.clone()));
        }
        if by_name.is_empty() {
            break;
        }
    }
    Ok(by_name)
}

/// Judges what new visitors get there, unless all of it was judged elsewhere.
async fn sample(
    probe: &mut SiteProbe,
    node: &Node,
    judged: &mut BTreeSet<String>,
) -> Result<(), ProbeStop> {
    let mut by_name = given(probe, node, judged, None).await?;
    let wanted: Vec<String> =
        set_by(node).into_iter().filter(|name| !judged.contains(name)).collect();
    // What strangers do not get, somebody who is logged in may.
    let is_missing = !wanted.is_empty() && !wanted.iter().any(|name| by_name.contains_key(name));
    if is_missing && let Some(person) = probe.people().into_iter().next() {
        let whom = probe.enter(&person).await?.unwrap_or(person.whom);
        by_name.extend(given(probe, node, judged, Some(whom)).await?);
    }
    judged.extend(by_name.keys().cloned());
    for (name, given) in by_name {
        let samples: Vec<Sample> = given.iter().map(|(sample, _)| sample.clone()).collect();
        let Some(verdict) = judge(&samples) else { continue };
        let detail = format!(
            "{} requests in a row got {} values of the cookie `{name}`: {}; values drawn at random look \
             like that with a probability below 1 in 10^{:.0}",
            given.len(),
            samples.len(),
            verdict.why,
            -verdict.chance,
        );
        let mark = |index: usize| {
            let (sample, shot) = &given[index];
            (shot.clone(), shot.find(&sample.value))
        };
        let ((first, at), (second, next)) = (mark(0), mark(1));
        let exhibits = vec![
            Exhibit::marked(EvidenceRole::Attack, first, at),
            Exhibit::marked(EvidenceRole::Replay, second, next),
        ];
        let proof =
            Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads: Vec::new() };
        let point = InsertionRef { kind: InsertionKind::Cookie, name };
        probe.found(node, Some(point), proof);
    }
    Ok(())
}
