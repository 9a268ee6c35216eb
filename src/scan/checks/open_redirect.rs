//! Open redirects: the answer sends a browser to a host that the request named.
//!
//! The hosts are random names under `.example` (RFC 2606 §3), which belong to nobody and are never
//! contacted. `Location` is read as a browser reads it (WHATWG URL), so that `//host`, `/\host` and
//! `https://ours@host` count for what they are, and our host inside a path or query counts for
//! nothing.

use url::Url;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Markup;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Scripting;
use crate::scan::probe::Shot;
use crate::scan::probe::refresh_target;

/// Spellings of a foreign URL; `{host}` is ours-to-name, `{own}` the target's host and port, `{led}`
/// those of the address that stands at the point. The later ones get past checks for a leading slash,
/// an allowed prefix, or an allowed name anywhere.
const SPELLINGS: [&str; 12] = [
    "https://{host}/",
    "//{host}/",
    "/\\{host}/",
    "https://{own}@{host}/",
    "https://{own}.{host}/",
    "https://{host}/?{own}",
    "@{host}/",
    ".{host}/",
    "{led}.{host}/",
    "{led}@{host}/",
    "https://{host}/?{led}",
    "https://{host}/?{was}",
];

/// Parameter names that promise a destination.
const NAMES: [&str; 20] = [
    "url",
    "uri",
    "next",
    "redirect",
    "return",
    "dest",
    "destination",
    "target",
    "goto",
    "go",
    "to",
    "continue",
    "callback",
    "forward",
    "out",
    "link",
    "ref",
    "site",
    "view",
    "back",
];

/// See the module.
pub(super) struct OpenRedirect;

impl PointCheck for OpenRedirect {
    fn id(&self) -> &'static str {
        "open-redirect"
    }

    fn root_cause(&self) -> &'static str {
        "open-redirect"
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        matches!(point.reference.kind, InsertionKind::Query | InsertionKind::Form)
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let baseline = probe.baseline().await?;
    let mut promising = redirects(&baseline) || promises(probe.point());
    let led = led(&probe.point().value);
    let spellings =
        SPELLINGS.iter().filter(|spelling| led.is_some() || !spelling.contains("{led}"));
    for (index, spelling) in spellings.enumerate() {
        if index > 0 && !promising {
            break;
        }
        let (attack, host) = fire(probe, spelling).await?;
        promising |= redirects(&attack);
        if !leads_to(&attack, &host) {
            continue;
        }
        let (replay, other_host) = fire(probe, spelling).await?;
        if leads_to(&replay, &other_host) {
            let proof = proof(baseline, (attack, &host), (replay, &other_host));
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

fn promises(point: &InsertionPoint) -> bool {
    let name = point.reference.name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphabetic());
    let value = &point.value;
    words.any(|word| NAMES.iter().any(|known| word == *known || word.strip_suffix(known).is_some()))
        || value.starts_with('/')
        || value.contains("://")
}

async fn fire(probe: &mut Probe, spelling: &str) -> Result<(Shot, String), ProbeStop> {
    let host = format!("{}.example", probe.word());
    let own = probe.base().origin.host_header();
    let led = led(&probe.point().value).unwrap_or_default();
    let payload = spelling.replace("{host}", &host).replace("{own}", &own).replace("{led}", &led);
    let payload = payload.replace("{was}", &probe.point().value);
    Ok((probe.fire(&payload).await?, host))
}

/// Scheme, host and port of an address, as a prefix of it.
fn led(value: &str) -> Option<String> {
    let url = Url::parse(value).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.origin().ascii_serialization())
}

fn redirects(shot: &Shot) -> bool {
    !destinations(shot).is_empty()
}

/// Where a browser would go by itself: `Location` of a 3xx, `Refresh`, or a `meta` refresh.
fn destinations(shot: &Shot) -> Vec<Url> {
    let response = shot.response();
    let Ok(base) = Url::parse(&shot.exchange.request.url()) else { return Vec::new() };
    let mut found = Vec::new();
    if (300..400).contains(&response.status) {
        found.extend(response.header("location").map(|header| header.text().into_owned()));
        return found.iter().filter_map(|reference| base.join(reference.trim()).ok()).collect();
    }
    let refresh = response.header("refresh").map(|header| header.text().into_owned());
    found.extend(refresh.as_deref().and_then(refresh_target).map(str::to_owned));
    if response.is_html() {
        let markup = Markup::parse(&response.body_text(), Scripting::On);
        let refreshes = markup.tags().filter(|tag| {
            tag.name == "meta"
                && tag.attribute("http-equiv").is_some_and(|it| it.eq_ignore_ascii_case("refresh"))
        });
        let contents = refreshes.filter_map(|tag| tag.attribute("content"));
        found.extend(contents.filter_map(refresh_target).map(str::to_owned));
    }
    found.iter().filter_map(|reference| base.join(reference.trim()).ok()).collect()
}

/// Whether a destination is on `host` or a name below it.
fn leads_to(shot: &Shot, host: &str) -> bool {
    destinations(shot).iter().any(|url| {
        let below = format!(".{host}");
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|found| found == host || found.ends_with(&below))
    })
}

fn proof(baseline: Shot, (attack, host): (Shot, &str), (replay, other): (Shot, &str)) -> Proof {
    let how = if (300..400).contains(&attack.response().status) {
        format!("status {} with a Location", attack.response().status)
    } else {
        "a page that refreshes itself".to_owned()
    };
    let detail = format!(
        "`{}` is answered with {how} that takes a browser to {host}; `{}` takes it to {other}",
        attack.value, replay.value
    );
    let payloads = vec![attack.value.clone(), replay.value.clone()];
    let attack_mark = attack.find(host);
    let replay_mark = replay.find(other);
    Proof {
        confidence: Confidence::Firm,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline),
            Exhibit::marked(EvidenceRole::Attack, attack, attack_mark),
            Exhibit::marked(EvidenceRole::Replay, replay, replay_mark),
        ],
        payloads,
    }
}
