//! Names of hosts in headers: the answer makes addresses of the `Host`, or of what a proxy would have
//! said of it, that whoever asks has written.
//!
//! The names are random ones under `.example` (RFC 2606 §3); the request goes to the target all the
//! same. Only addresses count (`Location`, links, forms, and URLs in other texts), parsed as a browser
//! would; a name that is merely shown does not. Seen again with another name. Pages that have to do
//! with forgotten passwords are a rule of their own: there the address is sent to somebody. Cost at a
//! clean page: 2 requests, at three pages of each part of a site.

use url::Url;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::scan::checks::names::promises;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Shot;

/// What proxies say of the host that was asked for.
const FORWARDED: [(&str, &str); 6] = [
    ("X-Forwarded-Host", "{host}"),
    ("X-Forwarded-Server", "{host}"),
    ("X-Host", "{host}"),
    ("X-HTTP-Host-Override", "{host}"),
    ("X-Original-Host", "{host}"),
    ("Forwarded", "for=127.0.0.1;host={host}"),
];

/// Words of pages that send somebody an address to click on.
const RESET: [&str; 8] =
    ["reset", "forgot", "forgotten", "recover", "recovery", "activate", "verify", "invite"];

/// Words of pages that show mails.
const MAILBOX: [&str; 6] = ["outbox", "mailbox", "mails", "emails", "inbox", "maildev"];

const MAX_MAILBOXES: usize = 2;

/// Pages on which the rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// All but those below.
    Page,
    /// Those that send addresses to somebody.
    Reset,
}

impl RequestCheck for Host {
    fn id(&self) -> &'static str {
        match self {
            Self::Page => "host-header",
            Self::Reset => "host-header-reset",
        }
    }

    /// A part of a site has one way to make addresses.
    fn root_cause(&self, node: &Node) -> String {
        match self {
            Self::Page => node.part().to_owned(),
            Self::Reset => node.path_template.clone(),
        }
    }

    fn applies(&self, node: &Node) -> bool {
        match self {
            Self::Page => node.method == "GET" && !sends_addresses(node),
            Self::Reset => sends_addresses(node),
        }
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(*self, probe))
    }
}

fn sends_addresses(node: &Node) -> bool {
    promises(&node.path_template, &RESET)
}

async fn check(pages: Host, probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    for index in [None, Some(0..FORWARDED.len())] {
        let headers = index.map_or(Vec::new(), |all| FORWARDED[all].to_vec());
        let Some((name, _)) = ask(probe, &headers).await? else { continue };
        // Alone, to tell which one it was and that it was no chance.
        let one: Vec<_> = headers.into_iter().filter(|(known, _)| *known == name).collect();
        let Some((_, attack)) = ask(probe, &one).await? else { continue };
        let Some((_, replay)) = ask(probe, &one).await? else { continue };
        return Ok(Outcome::Found(Box::new(proof(pages, &name, attack, replay))));
    }
    Ok(Outcome::Clean)
}

/// An answer with an address on a host that a header named.
struct Named {
    sent: Shot,
    /// The answer, or the page that shows what was sent.
    shot: Shot,
    host: String,
    /// Where the address stands, for people.
    place: String,
}

/// Asks with some headers, `Host` itself where there are none; gives the one that showed.
async fn ask(
    probe: &mut RequestProbe,
    headers: &[(&'static str, &'static str)],
) -> Result<Option<(String, Named)>, ProbeStop> {
    let mut request = probe.with_known_name();
    let mut hosts = Vec::new();
    let all: &[_] = if headers.is_empty() { &[("Host", "{host}")] } else { headers };
    for (name, value) in all {
        let host = format!("{}.example", probe.sender().word());
        request.headers.retain(|header| !header.is(name));
        request.headers.push(Header::new(*name, value.replace("{host}", &host)));
        hosts.push(((*name).to_owned(), host));
    }
    let text = hosts.iter().map(|(name, host)| format!("{name}: {host}")).collect::<Vec<_>>();
    let shot = probe.ask(request, &text.join(", ")).await?;
    for page in std::iter::once(shot.clone()).chain(mails(probe).await?) {
        let found = hosts.iter().find_map(|(name, host)| {
            let place = place(&page, host)?;
            Some((name.clone(), host.clone(), place))
        });
        if let Some((name, host, place)) = found {
            let is_answer =
                page.exchange.request.path_and_query == shot.exchange.request.path_and_query;
            let path = page.exchange.request.path_and_query_text().into_owned();
            let place =
                if is_answer { place } else { format!("{place} of {path}, where mails are shown") };
            return Ok(Some((name, Named { sent: shot, shot: page, host, place })));
        }
    }
    Ok(None)
}

/// Pages of the site that show the mails that it sends, as test systems have them, as they are now; none
/// where nothing was sent.
async fn mails(probe: &mut RequestProbe) -> Result<Vec<Shot>, ProbeStop> {
    if probe.base().method.is_safe() || !sends_addresses(probe.node()) {
        return Ok(Vec::new());
    }
    let is_mailbox = |node: &&Node| {
        node.reached && node.method == "GET" && promises(&node.path_template, &MAILBOX)
    };
    let pages: Vec<_> =
        probe.site().nodes().filter(is_mailbox).map(|it| it.examples[0].clone()).collect();
    let mut shots = Vec::new();
    for page in pages.into_iter().take(MAX_MAILBOXES) {
        shots.push(probe.ask(page, "").await?);
    }
    Ok(shots)
}

/// Where the answer has an address on the host.
fn place(shot: &Shot, host: &str) -> Option<String> {
    let response = shot.response();
    // A page that says that there is no such host has no visitors.
    if response.status >= 400 {
        return None;
    }
    let is_there = |url: &Url| url.host_str() == Some(host);
    for name in ["location", "content-location", "refresh", "link"] {
        let value = response.header(name).map(|header| header.text().into_owned());
        if value.is_some_and(|value| urls(&value).iter().any(is_there)) {
            return Some(format!("header `{name}`"));
        }
    }
    urls(&response.body_text()).iter().any(is_there).then(|| "body".to_owned())
}

/// What looks like an absolute address in a text, escaped or not.
fn urls(text: &str) -> Vec<Url> {
    // As JSON and HTML may have it.
    let text = text.replace("\\/", "/").replace("&#x2F;", "/").replace("&#x2f;", "/");
    let text = text.replace("&#47;", "/").replace("&sol;", "/");
    let mut found = Vec::new();
    for (at, _) in text.match_indices("//") {
        let end = text[at..]
            .find(|c: char| c.is_whitespace() || "\"'<>;,)".contains(c))
            .map_or(text.len(), |length| at + length);
        found.extend(Url::parse(&format!("http:{}", &text[at..end])).ok());
    }
    found
}

fn proof(pages: Host, name: &str, attack: Named, replay: Named) -> Proof {
    let why = match pages {
        Host::Page => "",
        Host::Reset => "; this page sends addresses to somebody who trusts them",
    };
    let detail = format!(
        "`{name}: {}` comes back as the host of an address ({}), and `{name}: {}` does again{why}",
        attack.host, attack.place, replay.host
    );
    let payloads = vec![attack.sent.value.clone(), replay.sent.value.clone()];
    let (mark, replay_mark) = (attack.shot.find(&attack.host), replay.shot.find(&replay.host));
    Proof {
        confidence: Confidence::Firm,
        detail,
        exhibits: vec![
            Exhibit::marked(EvidenceRole::Attack, attack.shot, mark),
            Exhibit::marked(EvidenceRole::Replay, replay.shot, replay_mark),
        ],
        payloads,
    }
}
