//! Answers that other sites may read: `Access-Control-Allow-Origin` is what the request's `Origin`
//! says, and cookies are welcome.
//!
//! A random origin first, then `null` and a name that begins like the target's; where the answer knows
//! about CORS at all, others that begin or end like one that is allowed. Where it differs by origin and
//! has allowed none, hosts that the site itself names are asked for until one is. Each must be allowed
//! twice, with other random names, together with credentials. What is public anyway is worth little:
//! where nobody's answer is the session's, confidence is low. Cost at a clean page: 3 requests, 7 where
//! it answers to CORS, and 8 more where it allows nobody that is known; at three pages of each part of
//! a site.

use std::net::Ipv4Addr;

use url::Url;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
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
use crate::scan::probe::Site;
use crate::scan::probe::Whom;
use crate::scan::probe::insertion_points;

/// Origins, `{h}` the host of one that is allowed, `{d}` the domain that it belongs to, `{s}` its scheme,
/// `#` a random word; and what is wrong with a server that allows it.
const ORIGINS: [(&str, &str); 6] = [
    ("https://#.example", "any origin is allowed"),
    ("null", "documents without an origin are allowed, which any site can make"),
    ("{s}://{h}.#.example", "the beginning of the name is enough"),
    ("{s}://#{d}", "the end of the name is enough, without a dot before it"),
    ("{s}://{h}#.example", "the beginning of the name is enough, without a dot after it"),
    ("{s}://#.{d}.#.example", "the name anywhere is enough"),
];

/// So many of them are tried where nothing is said of origins.
const ALWAYS: usize = 3;

/// From there on they are made of one that is allowed.
const OF_ALLOWED: usize = 2;

/// Hosts that the site names.
const MAX_NAMED: usize = 8;

const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// See the module.
pub(crate) struct Cors;

impl RequestCheck for Cors {
    fn id(&self) -> &'static str {
        "cors-misconfigured"
    }

    fn root_cause(&self, node: &Node) -> String {
        node.part().to_owned()
    }

    fn applies(&self, node: &Node) -> bool {
        node.method == "GET"
    }

    /// What speaks of origins already, then what scripts read.
    fn promise(&self, node: &Node) -> u8 {
        let Some(answer) = &node.answer else { return 0 };
        let says = answer.headers.iter().any(|header| {
            header.name.to_ascii_lowercase().starts_with("access-control-") || is_by_origin(header)
        });
        if says { 2 } else { u8::from(answer.media_type.contains("json")) }
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    let mut allowed = Allowed::of(&probe.base().origin.to_string());
    let mut is_any = false;
    let mut differs = false;
    let mut next = 0;
    while let Some((spelling, what)) = ORIGINS.get(next) {
        if next == ALWAYS && !is_any {
            let known = if differs { named(probe).await? } else { None };
            let Some(known) = known else { break };
            (allowed, is_any, next) = (known, true, OF_ALLOWED);
            continue;
        }
        next += 1;
        let origin = allowed.origin(probe, spelling);
        let attack = ask(probe, &origin).await?;
        differs |= varies(&attack);
        if let Some(said) = says(&attack, ALLOW_ORIGIN) {
            is_any = true;
            // What is allowed by name stands for the target's own name.
            if said.contains("://") && said != origin {
                allowed = Allowed::of(&said);
            }
        }
        if !allows(&attack, &origin) {
            continue;
        }
        let again = allowed.origin(probe, spelling);
        let replay = ask(probe, &again).await?;
        if allows(&replay, &again) {
            let proof = judged(probe, what, (attack, origin), (replay, again)).await?;
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// An origin that is allowed, or else the target's own.
struct Allowed {
    scheme: String,
    host: String,
}

impl Allowed {
    fn of(origin: &str) -> Self {
        let (scheme, host) = origin.split_once("://").unwrap_or(("https", origin));
        Self { scheme: scheme.to_owned(), host: host.trim_end_matches('/').to_owned() }
    }

    /// The domain that somebody has registered, with the port: who has a name below it may well be
    /// trusted with it.
    fn domain(&self) -> String {
        let (name, port) = match self.host.rsplit_once(':') {
            Some((name, port)) => (name, format!(":{port}")),
            None => (self.host.as_str(), String::new()),
        };
        let is_address = name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok();
        let domain = psl::domain_str(name).filter(|_| !is_address);
        format!("{}{port}", domain.unwrap_or(name))
    }

    fn origin(&self, probe: &mut RequestProbe, spelling: &str) -> String {
        spelling
            .replace("{s}", &self.scheme)
            .replace("{h}", &self.host)
            .replace("{d}", &self.domain())
            .replace('#', &probe.sender().word())
    }
}

/// The first that is allowed of those that the site names.
async fn named(probe: &mut RequestProbe) -> Result<Option<Allowed>, ProbeStop> {
    for host in hosts(probe.site()) {
        let origin = format!("https://{host}");
        let shot = ask(probe, &origin).await?;
        if says(&shot, ALLOW_ORIGIN).is_some_and(|said| said == origin) {
            return Ok(Some(Allowed::of(&origin)));
        }
    }
    Ok(None)
}

/// Hosts of others in links of the site, and in values that it sends.
fn hosts(site: &Site) -> Vec<String> {
    let in_value = |value: &str| {
        let url = Url::parse(value).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        url.domain().map(str::to_owned)
    };
    let examples = site.nodes().filter_map(|node| node.examples.first());
    let values = examples.flat_map(insertion_points);
    let sent = values.filter_map(|point| in_value(&point.value));
    let mut found: Vec<String> = Vec::new();
    for host in sent.chain(site.named_hosts().map(str::to_owned)) {
        if found.len() < MAX_NAMED && !found.contains(&host) {
            found.push(host);
        }
    }
    found
}

/// Whether the answer says that it depends on the origin.
fn varies(shot: &Shot) -> bool {
    shot.response().headers.iter().any(is_by_origin)
}

fn is_by_origin(header: &Header) -> bool {
    let is_origin = |name: &str| name.trim().eq_ignore_ascii_case("origin");
    header.is("vary") && header.text().split(',').any(is_origin)
}

async fn ask(probe: &mut RequestProbe, origin: &str) -> Result<Shot, ProbeStop> {
    let mut request = probe.base().clone();
    request.headers.retain(|header| !header.is("origin"));
    request.headers.push(Header::new("Origin", origin.as_bytes()));
    probe.ask(request, origin).await
}

fn says(shot: &Shot, name: &str) -> Option<String> {
    Some(shot.response().header(name)?.text().trim().to_owned())
}

fn allows(shot: &Shot, origin: &str) -> bool {
    says(shot, ALLOW_ORIGIN).as_deref() == Some(origin)
        && says(shot, "access-control-allow-credentials").is_some_and(|it| it == "true")
        && shot.response().status < 400
}

/// With what the answer is worth: what all may see is no secret.
async fn judged(
    probe: &mut RequestProbe,
    what: &str,
    (attack, origin): (Shot, String),
    (replay, again): (Shot, String),
) -> Result<Proof, ProbeStop> {
    let request = attack.exchange.request.clone();
    let is_somebody = ["cookie", "authorization"].iter().any(|it| request.header(it).is_some());
    let nobody = probe.ask_as(Whom::Nobody, probe.base().clone(), "").await?;
    let page = KnownPage::of(&[attack.clone(), replay.clone()]);
    let is_secret = is_somebody && page.is_some_and(|page| !page.shows(&nobody));
    let (confidence, worth) = if is_secret {
        (Confidence::Firm, "the answer is the session's own")
    } else {
        (Confidence::Tentative, "the answer that was seen is the same without a session")
    };
    let detail = format!(
        "the origins `{origin}` and `{again}` may read the answer, with cookies: {what}; {worth}"
    );
    let mark = |shot: &Shot| {
        let name = &shot.response().header(ALLOW_ORIGIN)?.name;
        shot.find(&format!("{name}: {}", says(shot, ALLOW_ORIGIN)?))
    };
    let (attack_mark, replay_mark) = (mark(&attack), mark(&replay));
    Ok(Proof {
        confidence,
        detail,
        payloads: vec![origin, again],
        exhibits: vec![
            Exhibit::marked(EvidenceRole::Attack, attack, attack_mark),
            Exhibit::marked(EvidenceRole::Replay, replay, replay_mark),
            Exhibit::new(EvidenceRole::Control, nobody),
        ],
    })
}
