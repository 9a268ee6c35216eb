//! Requests that the server can be made to send: a value names an address, and the server fetches it.
//!
//! Three proofs, by what is at hand:
//!
//! * An address of ours is called: whatever the page shows.
//! * The answer holds the target's own start page, in several places that the baseline lacks, and
//!   lacks them for a closed port and for a page that does not exist.
//! * Where the target is local and nothing is shown: its own port is answered one way and closed ones
//!   another, twice each. The address is spelled as one number, which no list of allowed hosts knows,
//!   and a scheme that the port does not speak is answered like a closed one or otherwise, but not
//!   like the page.
//!
//! Nothing but the target and the listener is ever named. Asked where name or value promise an address
//! (at high strength, where somebody waits for calls, everywhere), and, by the call alone, of headers
//! like `Referer`, which some follow. Cost at a clean point: 7 requests, 1 at a header.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::file_like::is_url;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::scan::checks::known_page::KnownPage;
use crate::scan::checks::names::promises;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::Strength;

/// Names of parameters that promise an address or a host.
const NAMES: [&str; 30] = [
    "url",
    "uri",
    "link",
    "src",
    "source",
    "href",
    "dest",
    "destination",
    "target",
    "callback",
    "webhook",
    "hook",
    "feed",
    "rss",
    "host",
    "domain",
    "proxy",
    "fetch",
    "load",
    "remote",
    "image",
    "avatar",
    "site",
    "api",
    "endpoint",
    "server",
    "address",
    "ping",
    "import",
    "logo",
];

/// Letters that a piece of a page has to have to be told from others.
const MIN_PIECE: usize = 12;

/// Pieces of the start page that prove that it is there.
const MIN_PIECES: usize = 2;

/// A port on which nothing listens: `tcpmux`, and one that is not given to anything.
const CLOSED: [u16; 2] = [1, 4];

/// Of an address with a port: there is room for ten letters that are drawn, at the least.
const LENGTH: usize = 36;

/// See the module.
pub(crate) struct Ssrf;

impl PointCheck for Ssrf {
    fn id(&self) -> &'static str {
        "ssrf"
    }

    fn root_cause(&self) -> &'static str {
        "ssrf"
    }

    fn is_blind(&self) -> bool {
        true
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        point.reference.kind == InsertionKind::Header
            || (point.reference.kind != InsertionKind::Path && !point.is_aside())
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let point = probe.point();
    let is_promising = is_url(&point.value) || promises(&point.reference.name, &NAMES);
    if !is_promising && probe.strength() < Strength::High {
        return Ok(Outcome::Clean);
    }
    let value = point.value.clone();
    if point.is_aside() {
        call(probe, None).await?;
        return Ok(Outcome::Clean);
    }
    let page = KnownPage::at(probe, &value).await?;
    let Some(page) = page.filter(KnownPage::is_fine) else {
        call(probe, None).await?;
        return Ok(Outcome::Clean);
    };
    call(probe, Some(&page)).await?;
    if !is_promising {
        return Ok(Outcome::Clean);
    }
    if let Some(proof) = own_page(probe, &page).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    let found = told_by_ports(probe).await?;
    Ok(found.map_or(Outcome::Clean, |proof| Outcome::Found(Box::new(proof))))
}

/// What stands for an address at the point: with its scheme, unless the value is a bare host.
fn spelled(probe: &Probe, address: &str) -> String {
    let value = &probe.point().value;
    let is_host = value.contains('.') && !value.contains(['/', ':', ' ', '@']);
    let scheme = if is_host { "" } else { "http://" };
    format!("{scheme}{address}")
}

/// An address of ours, by which the rest is told at the end.
async fn call(probe: &mut Probe, page: Option<&KnownPage>) -> Result<(), ProbeStop> {
    let Some(address) = probe.sender().address() else { return Ok(()) };
    let attack = probe.fire(&spelled(probe, &address)).await?;
    let detail = format!("the server fetches `{}`", attack.value);
    let baseline = page.map(|page| Exhibit::new(EvidenceRole::Baseline, page.first.clone()));
    let payloads = vec![attack.value.clone()];
    let mut exhibits: Vec<_> = baseline.into_iter().collect();
    exhibits.push(Exhibit::new(EvidenceRole::Attack, attack));
    let proof = Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads };
    probe.sender().expect_call(address, proof);
    Ok(())
}

/// The target's start page in the answer.
async fn own_page(probe: &mut Probe, page: &KnownPage) -> Result<Option<Proof>, ProbeStop> {
    let origin = probe.base().origin.clone();
    let start = probe.ask(Request::get(origin.clone(), "/"), "").await?;
    let host = origin.host_header();
    let known = pieces(&page.first);
    let attack = probe.fire(&spelled(probe, &format!("{host}/"))).await?;
    let own: BTreeSet<String> = pieces(&start).difference(&known).cloned().collect();
    let shown = |shot: &Shot| pieces(shot).intersection(&own).count();
    if own.len() < MIN_PIECES || shown(&attack) < own.len().div_ceil(2).max(MIN_PIECES) {
        return Ok(None);
    }
    let word = probe.word();
    let absent = probe.fire(&spelled(probe, &format!("{host}/{word}/{word}"))).await?;
    let closed = probe.fire(&spelled(probe, &format!("{}:{}/", bare(&host), CLOSED[0]))).await?;
    let replay = probe.fire(&spelled(probe, &format!("{host}/?{word}"))).await?;
    let most = shown(&absent).max(shown(&closed));
    if most * 2 >= shown(&attack) || shown(&replay) * 2 < shown(&attack) {
        return Ok(None);
    }
    let detail = format!(
        "`{}` is answered with {} of {} pieces of the target's own start page, `{}` and `{}` with {most}",
        attack.value,
        shown(&attack),
        own.len(),
        absent.value,
        closed.value
    );
    let payloads = [&attack, &replay, &absent, &closed].map(|shot| shot.value.clone()).to_vec();
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        payloads,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, page.first.clone()),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Replay, replay),
            Exhibit::new(EvidenceRole::Control, absent),
            Exhibit::new(EvidenceRole::Control, closed),
        ],
    }))
}

/// Texts of a page that are long enough to be told from others, unescaped.
fn pieces(shot: &Shot) -> BTreeSet<String> {
    let text = shot.response().body_text().replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("\\u003c", "<").replace("\\u003e", ">").replace("\\n", "\n");
    let pieces = text.split(['<', '>', '\n']).map(str::trim);
    pieces.filter(|piece| piece.len() >= MIN_PIECE).map(str::to_owned).collect()
}

/// A host without its port.
fn bare(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

/// An open port and closed ones of a local target, told apart.
async fn told_by_ports(probe: &mut Probe) -> Result<Option<Proof>, ProbeStop> {
    let origin = probe.base().origin.clone();
    let Some(IpAddr::V4(ip)) = origin.literal_ip().filter(IpAddr::is_loopback) else {
        return Ok(None);
    };
    let number = u32::from(ip);
    // All of one length: a page may tell how much it was sent.
    let made = |probe: &mut Probe, scheme: &str, port: u16| {
        let place = format!("{scheme}://{number}:{port}/?");
        let word = format!("{}{}", probe.word(), probe.word());
        format!("{place}{}", &word[..LENGTH.saturating_sub(place.len()).min(word.len())])
    };
    let open = |probe: &mut Probe| made(probe, "http", origin.port);
    let closed = |probe: &mut Probe, port: u16| made(probe, "http", port);
    let (first, shut) = (open(probe), closed(probe, CLOSED[0]));
    let attack = probe.fire(&first).await?;
    let control = probe.fire(&shut).await?;
    let page = |one: &Shot, other: &Shot| KnownPage::of(&[one.clone(), other.clone()]);
    if page(&attack, &attack).is_none_or(|page| page.shows(&control)) {
        return Ok(None);
    }
    let (second, shut) = (open(probe), closed(probe, CLOSED[1]));
    let other_control = probe.fire(&shut).await?;
    let replay = probe.fire(&second).await?;
    let (Some(opened), Some(closed)) = (page(&attack, &replay), page(&control, &other_control))
    else {
        return Ok(None);
    };
    let unspoken = made(probe, "ftp", origin.port);
    let unspoken = probe.fire(&unspoken).await?;
    if opened.shows(&control) || closed.shows(&attack) || opened.shows(&unspoken) {
        return Ok(None);
    }
    let detail = format!(
        "`{}`, where something listens, is answered one way twice, `{}` and `{}`, where nothing \
         does, another: the server tries to connect",
        attack.value, control.value, other_control.value
    );
    let payloads = [&attack, &control, &other_control, &replay];
    Ok(Some(Proof {
        confidence: Confidence::Firm,
        detail,
        payloads: payloads.map(|shot| shot.value.clone()).to_vec(),
        exhibits: vec![
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Control, control),
            Exhibit::new(EvidenceRole::Control, other_control),
            Exhibit::new(EvidenceRole::Replay, replay),
            Exhibit::new(EvidenceRole::Control, unspoken),
        ],
    }))
}
