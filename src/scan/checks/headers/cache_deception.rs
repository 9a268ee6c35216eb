//! Cache deception: a private page also answers at an address that looks like a file, and a cache
//! keeps it there for whoever asks next.
//!
//! The page must be the session's (nobody else sees it), must be shown at the made-up address, must
//! then be shown there to somebody without a session, and must not be shown to them at another made-up
//! address. Names are random, so that nobody comes by. Cost: 1 request without a session, 3 at a page
//! that all may see, 7 at a private one.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::checks::known_page::KnownPage;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Shot;
use crate::scan::probe::Whom;

/// What is put behind a path: servers end it earlier than caches do. `#` is a random word.
const SUFFIXES: [&str; 4] = ["/#.css", ";#.css", "%0A#.css", "%3F#.css"];

/// See the module.
pub(crate) struct CacheDeception;

impl RequestCheck for CacheDeception {
    fn id(&self) -> &'static str {
        "cache-deception"
    }

    fn root_cause(&self, node: &Node) -> String {
        node.path_template.split('/').nth(1).unwrap_or_default().to_owned()
    }

    fn applies(&self, node: &Node) -> bool {
        let is_page = node.answer.as_ref().is_none_or(|answer| {
            answer.media_type.contains("html") || answer.media_type.contains("json")
        });
        node.method == "GET" && is_page
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    let first = probe.baseline().await?;
    let sent = &first.exchange.request;
    if sent.header("cookie").is_none() && sent.header("authorization").is_none() {
        return Ok(Outcome::Clean);
    }
    let Some(page) = KnownPage::of(&[first, probe.baseline().await?]) else {
        return Ok(Outcome::Skipped("the page changes too much by itself".to_owned()));
    };
    let request = probe.base().clone();
    let stranger = probe.ask_as(Whom::Nobody, request, "").await?;
    if page.shows(&stranger) || !page.is_fine() {
        return Ok(Outcome::Clean);
    }
    for suffix in SUFFIXES {
        if let Some(proof) = kept(probe, &page, &stranger, suffix).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

async fn kept(
    probe: &mut RequestProbe,
    page: &KnownPage,
    stranger: &Shot,
    suffix: &str,
) -> Result<Option<Proof>, ProbeStop> {
    let (address, text) = disguised(probe, suffix);
    let own = probe.ask(address.clone(), &text).await?;
    if !page.shows(&own) {
        return Ok(None);
    }
    let attack = probe.ask_as(Whom::Nobody, address, &text).await?;
    if !page.shows(&attack) {
        return Ok(None);
    }
    let (elsewhere, other_text) = disguised(probe, suffix);
    let control = probe.ask_as(Whom::Nobody, elsewhere, &other_text).await?;
    if page.shows(&control) {
        return Ok(None);
    }
    let detail = format!(
        "the session's page was shown at the same path with `{text}` behind it, then there to \
         somebody without a session, who sees another page at `{other_text}` and at the page itself"
    );
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        payloads: vec![text, other_text],
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, page.first.clone()),
            Exhibit::new(EvidenceRole::Control, stranger.clone()),
            Exhibit::new(EvidenceRole::Replay, own),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Control, control),
        ],
    }))
}

fn disguised(probe: &mut RequestProbe, suffix: &str) -> (Request, String) {
    let text = suffix.replace('#', &probe.sender().word());
    let target = probe.base().path_and_query_text().into_owned();
    let (path, query) = target
        .split_once('?')
        .map_or((&*target, String::new()), |(path, query)| (path, format!("?{query}")));
    let path = path.trim_end_matches('/');
    let path = if path.is_empty() && !text.starts_with('/') { "/" } else { path };
    let path_and_query = format!("{path}{text}{query}").into_bytes();
    (Request { path_and_query, ..probe.base().clone() }, text)
}
