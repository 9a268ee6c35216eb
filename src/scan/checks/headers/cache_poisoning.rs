//! Cache poisoning: a header that a cache does not tell pages by gets into the page that it keeps for
//! everybody.
//!
//! Every question has a random query parameter, so that what is kept is kept for nobody; a cache that
//! answers the first such question from its store does not look at queries, and is left alone. A
//! header's word must come back, then without the header at the same address, and not at another one;
//! twice. Cost at a clean page: 3 requests.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::Request;
use crate::scan::checks::query::with_query;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Shot;

/// Headers that applications listen to and caches do not; `{}` is a word.
const HEADERS: [(&str, &str); 6] = [
    ("X-Forwarded-Host", "{}.example"),
    ("X-Host", "{}.example"),
    ("X-Forwarded-Server", "{}.example"),
    ("X-Forwarded-Prefix", "/{}"),
    ("X-Forwarded-Scheme", "{}"),
    ("True-Client-IP", "{}"),
];

/// Those that some routers go by: beside others they would lead to a page that does not exist.
const ROUTING: [(&str, &str); 2] = [("X-Original-URL", "/{}"), ("X-Rewrite-URL", "/{}")];

/// What caches call an answer from their store.
const HIT: [&str; 4] = ["x-cache", "cf-cache-status", "x-cache-status", "x-drupal-cache"];

/// See the module.
pub(crate) struct CachePoisoning;

impl RequestCheck for CachePoisoning {
    fn id(&self) -> &'static str {
        "cache-poisoning"
    }

    fn applies(&self, node: &Node) -> bool {
        let is_kept = node.answer.as_ref().is_none_or(|answer| {
            let control = answer.headers.iter().filter(|header| header.is("cache-control"));
            !control.into_iter().any(|header| {
                let text = header.text().to_ascii_lowercase();
                text.contains("no-store") || text.contains("private")
            })
        });
        node.method == "GET" && is_kept
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    let clean = fresh(probe);
    let baseline = probe.ask(clean, "").await?;
    if is_from_store(&baseline) {
        let reason = "the cache does not tell pages by their query: what is put into it would be \
                      seen by others";
        return Ok(Outcome::Skipped(reason.to_owned()));
    }
    for headers in [&HEADERS[..], &ROUTING[..]] {
        for header in read(probe, headers).await? {
            let Some(attack) = poisoned(probe, header).await? else { continue };
            let Some(replay) = poisoned(probe, header).await? else { continue };
            return Ok(Outcome::Found(Box::new(proof(header.0, baseline, attack, replay))));
        }
    }
    Ok(Outcome::Clean)
}

/// Which of some headers come back, sent together.
async fn read(
    probe: &mut RequestProbe,
    headers: &[(&'static str, &'static str)],
) -> Result<Vec<(&'static str, &'static str)>, ProbeStop> {
    let request = fresh(probe);
    let (all, words) = dressed(probe, &request, headers);
    let shot = probe.ask(all, "several headers").await?;
    let seen = headers.iter().zip(&words).filter(|(_, word)| shot.find(word).is_some());
    Ok(seen.map(|(header, _)| *header).collect())
}

/// The request at an address that no cache knows.
fn fresh(probe: &mut RequestProbe) -> Request {
    let pair = format!("{}={}", probe.sender().word(), probe.sender().word());
    with_query(probe.base(), &pair)
}

fn is_from_store(shot: &Shot) -> bool {
    let response = shot.response();
    let says_hit = |name: &&str| {
        response.header(name).is_some_and(|it| it.text().to_ascii_lowercase().contains("hit"))
    };
    let age = response.header("age").and_then(|age| age.text().trim().parse::<u64>().ok());
    HIT.iter().any(says_hit) || age.is_some_and(|age| age > 0)
}

/// The request with headers, and their words.
fn dressed(
    probe: &mut RequestProbe,
    request: &Request,
    headers: &[(&'static str, &'static str)],
) -> (Request, Vec<String>) {
    let mut request = request.clone();
    let mut words = Vec::new();
    for (name, value) in headers {
        let word = probe.sender().word();
        request.headers.push(Header::new(*name, value.replace("{}", &word)));
        words.push(word);
    }
    (request, words)
}

/// What was asked with the header, what came without it, and what came elsewhere.
struct Poisoned {
    word: String,
    planted: Shot,
    kept: Shot,
    elsewhere: Shot,
}

async fn poisoned(
    probe: &mut RequestProbe,
    header: (&'static str, &'static str),
) -> Result<Option<Poisoned>, ProbeStop> {
    let address = fresh(probe);
    let (request, words) = dressed(probe, &address, &[header]);
    let word = words.concat();
    let planted = probe.ask(request, &format!("{}: {word}", header.0)).await?;
    if planted.find(&word).is_none() {
        return Ok(None);
    }
    let kept = probe.ask(address, "without the header").await?;
    if kept.find(&word).is_none() {
        return Ok(None);
    }
    let other = fresh(probe);
    let elsewhere = probe.ask(other, "another address").await?;
    let is_apart = elsewhere.find(&word).is_none();
    Ok(is_apart.then_some(Poisoned { word, planted, kept, elsewhere }))
}

fn proof(name: &str, baseline: Shot, attack: Poisoned, replay: Poisoned) -> Proof {
    let detail = format!(
        "what `{name}` says (`{}`, and again `{}`) is in the answer to a request at the same \
         address that does not have the header, and not at another address: it was kept",
        attack.word, replay.word
    );
    let (mark, kept_mark) = (attack.planted.find(&attack.word), attack.kept.find(&attack.word));
    let replay_mark = replay.kept.find(&replay.word);
    Proof {
        confidence: Confidence::Confirmed,
        detail,
        payloads: vec![attack.planted.value.clone(), replay.planted.value],
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline),
            Exhibit::marked(EvidenceRole::Attack, attack.planted, mark),
            Exhibit::marked(EvidenceRole::Replay, attack.kept, kept_mark),
            Exhibit::marked(EvidenceRole::Replay, replay.kept, replay_mark),
            Exhibit::new(EvidenceRole::Control, attack.elsewhere),
        ],
    }
}
