//! Pages that are refused under their own name and shown under another spelling of it, or to whoever
//! says where the request comes from.
//!
//! For each page that was refused (401, 403): the refusal must be stable. Another spelling must give a
//! page twice that is neither the refusal nor the site's start page, and the same spelling of a random
//! sibling must not give it: what answers everything protects nothing. Cost: about 25 requests for
//! each of at most 10 refused pages.

use super::whole_site::at;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::Request;
use crate::scan::checks::known_page::KnownPage;
use crate::scan::checks::query::path_of;
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

/// Refused pages that are tried.
const MAX_PAGES: usize = 10;

/// Another way to ask for a path: what is sent for it, and with which headers. `{d}` is the path's
/// directory with its slash, `{n}` its last name, `{p}` all of it, `{N}` the name in capitals, `{x}`
/// with its first letter escaped.
struct Way {
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
}

const fn path(path: &'static str) -> Way {
    Way { path, headers: &[] }
}

const WAYS: [Way; 19] = [
    Way {
        path: "{p}",
        headers: &[
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Real-IP", "127.0.0.1"),
            ("X-Client-IP", "127.0.0.1"),
            ("X-Originating-IP", "127.0.0.1"),
            ("X-Remote-Addr", "127.0.0.1"),
            ("True-Client-IP", "127.0.0.1"),
            ("X-Custom-IP-Authorization", "127.0.0.1"),
            ("Forwarded", "for=127.0.0.1"),
        ],
    },
    Way { path: "/", headers: &[("X-Original-URL", "{p}")] },
    Way { path: "/", headers: &[("X-Rewrite-URL", "{p}")] },
    path("{d}/{n}"),
    path("{d}./{n}"),
    path("{d}%2e/{n}"),
    path("{d};/{n}"),
    path("{d}{n}/"),
    path("{d}{n}//"),
    path("{d}{n}/."),
    path("{d}{n};"),
    path("{d}{n};/"),
    path("{d}{n}..;/"),
    path("{d}{n}%20"),
    path("{d}{n}%09"),
    path("{d}{n}%2f"),
    path("{d}{n}.json"),
    path("{d}{N}"),
    path("{d}{x}"),
];

/// See the module.
pub(crate) struct AccessBypass;

impl SiteCheck for AccessBypass {
    fn id(&self) -> &'static str {
        "access-bypass"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let site = probe.site();
    let is_refused = |node: &&Node| {
        node.method == "GET" && matches!(node.status, Some(401 | 403)) && !node.reached
    };
    let refused: Vec<Node> = site.nodes().filter(is_refused).take(MAX_PAGES).cloned().collect();
    if refused.is_empty() {
        return Ok(Outcome::Skipped("no page was refused".to_owned()));
    }
    let start = match at(probe, "GET", "/") {
        Some(request) => probe.ask_as(Whom::Session, request, "", None).await?,
        None => return Ok(Outcome::Clean),
    };
    for node in refused {
        let request = node.examples[0].clone();
        let first = probe.ask_as(Whom::Session, request.clone(), "", None).await?;
        let second = probe.ask_as(Whom::Session, request, "", None).await?;
        let Some(refusal) = KnownPage::of(&[first, second]) else { continue };
        if !matches!(refusal.first.response().status, 401 | 403) {
            continue;
        }
        for way in &WAYS {
            if let Some(proof) = passed(probe, &node, &refusal, &start, way).await? {
                probe.found(&node, None, proof);
                break;
            }
        }
    }
    Ok(Outcome::Clean)
}

async fn passed(
    probe: &mut SiteProbe,
    node: &Node,
    refusal: &KnownPage,
    start: &Shot,
    way: &Way,
) -> Result<Option<Proof>, ProbeStop> {
    let own = path_of(&node.examples[0]);
    let Some((request, text)) = asked(&node.examples[0], way, &own) else { return Ok(None) };
    let attack = probe.ask_as(Whom::Session, request.clone(), &text, None).await?;
    let is_page = |shot: &Shot| {
        shot.response().status == 200 && !shot.response().body.trim_ascii().is_empty()
    };
    if !is_page(&attack) || refusal.shows(&attack) {
        return Ok(None);
    }
    let replay = probe.ask_as(Whom::Session, request, &text, None).await?;
    let Some(page) = KnownPage::of(&[attack.clone(), replay.clone()]) else { return Ok(None) };
    let sibling = sibling(&own, &probe.sender().word());
    let Some((request, other)) = asked(&node.examples[0], way, &sibling) else { return Ok(None) };
    let control = probe.ask_as(Whom::Session, request, &other, None).await?;
    let again = probe.ask_as(Whom::Session, node.examples[0].clone(), "", None).await?;
    if page.shows(&control) || page.shows(start) || !refusal.shows(&again) || is_page(&control) {
        return Ok(None);
    }
    let detail = format!(
        "{own} is refused (status {}), before and after; `{text}` shows a page of {} bytes instead, \
         twice, and `{other}` does not (status {})",
        refusal.first.response().status,
        attack.response().body.len(),
        control.response().status
    );
    Ok(Some(Proof {
        confidence: Confidence::Firm,
        detail,
        payloads: vec![text],
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, refusal.first.clone()),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Replay, replay),
            Exhibit::new(EvidenceRole::Control, control),
        ],
    }))
}

/// Another name in the same directory.
fn sibling(path: &str, word: &str) -> String {
    let (directory, _) = split(path);
    format!("{directory}{word}")
}

/// Directory, with its slash, and last name of a path.
fn split(path: &str) -> (&str, &str) {
    let path = path.trim_end_matches('/');
    path.split_at(path.rfind('/').map_or(0, |at| at + 1))
}

/// The request that stands for a path; `None` where it would be the same.
fn asked(base: &Request, way: &Way, path: &str) -> Option<(Request, String)> {
    let (directory, name) = split(path);
    let first = name.bytes().next().filter(u8::is_ascii_alphanumeric)?;
    let escaped = format!("%{first:02x}{}", &name[1..]);
    let fill = |text: &str| {
        text.replace("{p}", path)
            .replace("{d}", directory)
            .replace("{n}", name)
            .replace("{N}", &name.to_ascii_uppercase())
            .replace("{x}", &escaped)
    };
    let spelled = fill(way.path);
    if spelled == path && way.headers.is_empty() {
        return None;
    }
    let target = base.path_and_query_text();
    let query = target.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
    let path_and_query = format!("{spelled}{query}").into_bytes();
    let mut request = Request { path_and_query, ..base.clone() };
    let mut text = spelled;
    for (name, value) in way.headers {
        let value = fill(value);
        text = format!("{text} {name}: {value}");
        request.headers.push(Header::new(*name, value));
    }
    Some((request, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    #[test]
    fn spellings_are_of_the_last_name() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let base = Request::get(origin, "/a/admin?x=1");
        let all: Vec<String> = WAYS
            .iter()
            .filter_map(|way| asked(&base, way, "/a/admin"))
            .map(|(request, _)| request.path_and_query_text().into_owned())
            .collect();
        for spelling in ["/a//admin?x=1", "/a/%61dmin?x=1", "/a/ADMIN?x=1", "/?x=1"] {
            assert!(all.iter().any(|known| known == spelling), "{spelling} in {all:?}");
        }
    }
}
