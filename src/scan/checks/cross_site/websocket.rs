//! Sockets (RFC 6455) that any site may open in a visitor's name: the handshake is accepted whatever
//! page it comes from, and the session's cookies decide who it is for.
//!
//! Addresses are those that scripts of the site open, those that are called after it, and what
//! answers that it wants an upgrade. An address counts once a handshake from the site itself is
//! accepted (RFC 6455 §4.2.2, with the right key); then it must be from a random origin, twice. Where
//! it is refused without cookies, they decide; where it is not, confidence is low. Cost: 1 request for
//! each script that opens one, 1 for each address, 5 where something listens.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::Origin;
use crate::model::Request;
use crate::scan::checks::names::promises;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Whom;

/// The example of RFC 6455 §1.3: a key and what the server must make of it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Words of addresses at which something may listen.
const NAMES: [&str; 7] = ["ws", "wss", "websocket", "websockets", "socket", "sockets", "cable"];

/// Addresses that are usual.
const USUAL: [&str; 2] = ["/ws", "/websocket"];

/// Scripts and pages that are read for addresses, and addresses that are tried.
const MAX_READ: usize = 15;
const MAX_TRIED: usize = 20;

/// An address that a script opens: absolute, or a path in quotes behind one.
static OPENED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?x) wss?://[^\s"'`<>{}$+/]*(?:["'`]?\s*\+\s*(?:window\.)?(?:document\.)?
        location\.host(?:name)?)?(?:\s*\+\s*["'`]|\$\{[^}]*\})?(?P<path>/[\w/.\-]*) "#;
    Regex::new(pattern).expect("a test uses it")
});

/// See the module.
pub(crate) struct WebSocketOrigin;

impl SiteCheck for WebSocketOrigin {
    fn id(&self) -> &'static str {
        "websocket-origin"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let site = probe.site();
    let Some(start) = site.nodes().next() else { return Ok(Outcome::Clean) };
    let origin = start.examples[0].origin.clone();
    let mut paths: BTreeSet<String> =
        site.nodes().filter_map(|node| named(node, &origin)).collect();
    paths.extend(opened(probe, &origin).await?);
    if probe.sender().strength() > Strength::Low {
        paths.extend(USUAL.map(str::to_owned));
    }
    for path in paths.into_iter().take(MAX_TRIED) {
        if let Some(proof) = judged(probe, &origin, &path).await? {
            probe.found_at(Request::get(origin.clone(), path), None, proof);
        }
    }
    Ok(Outcome::Clean)
}

/// The path of a node at which something may listen.
fn named(node: &Node, origin: &Origin) -> Option<String> {
    let request = &node.examples[0];
    let wants = node.status == Some(426)
        || node.answer.as_ref().is_some_and(|answer| {
            answer.headers.iter().any(|header| {
                header.is("upgrade") && header.text().to_ascii_lowercase().contains("websocket")
            })
        });
    let is_one = node.method == "GET" && request.origin == *origin;
    (is_one && (wants || promises(&node.path_template, &NAMES)))
        .then(|| request.path_and_query_text().into_owned())
}

/// Paths that the site's scripts open.
async fn opened(probe: &mut SiteProbe, origin: &Origin) -> Result<Vec<String>, ProbeStop> {
    let mut scripts: Vec<Node> = probe.reached();
    let is_read = |node: &Node| {
        let kind = node.answer.as_ref().map(|answer| answer.media_type.clone()).unwrap_or_default();
        node.method == "GET"
            && node.examples[0].origin == *origin
            && (kind.contains("javascript") || kind.contains("html"))
    };
    scripts.retain(is_read);
    // Scripts before pages.
    scripts.sort_by_key(|node| {
        node.answer.as_ref().is_some_and(|answer| answer.media_type.contains("html"))
    });
    let mut paths = Vec::new();
    for node in scripts.into_iter().take(MAX_READ) {
        let shot = probe.ask_as(Whom::Session, node.examples[0].clone(), "", None).await?;
        let text = shot.response().body_text().into_owned();
        paths.extend(OPENED.captures_iter(&text).map(|found| found["path"].to_owned()));
    }
    Ok(paths)
}

async fn judged(
    probe: &mut SiteProbe,
    origin: &Origin,
    path: &str,
) -> Result<Option<Proof>, ProbeStop> {
    let own = shake_hands(probe, Whom::Session, origin, path, &origin.to_string()).await?;
    if !is_accepted(&own) || own.exchange.request.header("cookie").is_none() {
        return Ok(None);
    }
    let foreign = |probe: &mut SiteProbe| format!("https://{}.example", probe.sender().word());
    let first = foreign(probe);
    let attack = shake_hands(probe, Whom::Session, origin, path, &first).await?;
    let second = foreign(probe);
    let replay = shake_hands(probe, Whom::Session, origin, path, &second).await?;
    if !is_accepted(&attack) || !is_accepted(&replay) {
        return Ok(None);
    }
    let nobody = shake_hands(probe, Whom::Nobody, origin, path, &second).await?;
    let (confidence, worth) = if is_accepted(&nobody) {
        (Confidence::Tentative, "it is accepted without cookies too")
    } else {
        (Confidence::Firm, "without cookies it is refused, so they decide who it is for")
    };
    let detail = format!(
        "the handshake is accepted from `{first}` and from `{second}`, with the session's cookies; \
         {worth}"
    );
    Ok(Some(Proof {
        confidence,
        detail,
        payloads: vec![first, second],
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, own),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Replay, replay),
            Exhibit::new(EvidenceRole::Control, nobody),
        ],
    }))
}

async fn shake_hands(
    probe: &mut SiteProbe,
    whom: Whom,
    target: &Origin,
    path: &str,
    origin: &str,
) -> Result<Shot, ProbeStop> {
    let mut request = Request::get(target.clone(), path);
    for (name, value) in [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", KEY),
        ("Origin", origin),
    ] {
        request.headers.push(Header::new(name, value));
    }
    probe.ask_as(whom, request, origin, Some(path.to_owned())).await
}

fn is_accepted(shot: &Shot) -> bool {
    let response = shot.response();
    let accept = response.header("sec-websocket-accept");
    response.status == 101 && accept.is_some_and(|it| it.text().trim() == ACCEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_scripts_open_are_read() {
        for (script, path) in [
            ("new WebSocket('ws://127.0.0.1:8080/live/feed')", "/live/feed"),
            ("new WebSocket(`ws://${location.host}/chat`)", "/chat"),
            ("new WebSocket('ws://' + location.host + '/chat')", "/chat"),
            ("new WebSocket(\"wss://\"+window.location.host+\"/chat?x\")", "/chat"),
        ] {
            let found = OPENED.captures(script).map(|found| found["path"].to_owned());
            assert_eq!(found.as_deref(), Some(path), "{script}");
        }
    }
}
