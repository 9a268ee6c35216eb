//! Requests that other sites can have a visitor's browser send: a request that changes something is
//! done without proof that the site's own page sent it.
//!
//! Judged by what happens. The answer must be stable, and be another without the session's cookies,
//! which are then what the server goes by, and another than that of a mere visit to the same address.
//! The request as a form of another site sends it (its own
//! `Origin` and `Referer`, no headers of scripts; the token left out, emptied, or drawn) must be
//! answered as the real one, twice. A GET is one that changes something if it takes a new password. Where a text of it can be changed, a random word in the forged one
//! is looked for on the pages that it leads to: found there, it has had its effect. Cookies that all
//! are `SameSite` are not sent along with a POST: then the same as a GET is what is tried.
//!
//! Cost at a clean request: 1 without cookies, 3 where nobody may do the same, about 9 with a token
//! that is looked at. It sends what the crawl has sent, so only with `--allow-unsafe`.

use super::tokens::as_text;
use super::tokens::forged;
use super::tokens::is_named;
use super::tokens::is_simple;
use super::tokens::token_points;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Method;
use crate::model::Request;
use crate::scan::checks::known_page::KnownPage;
use crate::scan::checks::names::promises;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::SameSite;
use crate::scan::probe::Shot;
use crate::scan::probe::Site;
use crate::scan::probe::Whom;
use crate::scan::probe::insertion_points;
use crate::scan::probe::new_passwords;

/// Pages that are looked through for a word that was sent.
const MAX_READ: usize = 3;

/// Names of fields that are no place for a word.
const NO_TEXT: [&str; 10] =
    ["mail", "email", "password", "passwd", "url", "phone", "date", "user", "username", "id"];

/// See the module.
pub(crate) struct Csrf;

impl RequestCheck for Csrf {
    fn id(&self) -> &'static str {
        "csrf"
    }

    fn applies(&self, node: &Node) -> bool {
        let request = &node.examples[0];
        !request.method.is_safe() || !new_passwords(request).is_empty()
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    let mut first = probe.baseline().await?;
    let sent = first.exchange.request.clone();
    let base = probe.base().clone();
    let Some(cookies) = sent.header("cookie").cloned() else {
        let reason = "the session does not depend on what browsers send by themselves";
        return Ok(Outcome::Skipped(reason.to_owned()));
    };
    if sent.header("authorization").is_some() {
        // Another site cannot have that sent: the cookies may do.
        probe.carry_cookies_alone(cookies);
        first = probe.ask(base.clone(), "with cookies alone").await?;
    }
    let stays = least_careful(probe, &sent);
    let again = probe.ask(base.clone(), "").await?;
    let Some(page) = KnownPage::of(&[first, again]) else {
        return Ok(Outcome::Skipped("the answer changes too much by itself".to_owned()));
    };
    let nobody = probe.ask_as(Whom::Nobody, base, "without cookies").await?;
    if !page.is_fine() || page.shows(&nobody) {
        return Ok(Outcome::Clean);
    }
    // A form that is shown again, or the page that everything leads to, says nothing of what was done.
    let base = probe.base();
    let target = base.path_and_query_text();
    // Of a GET, what its values do is left out.
    let path = if base.method.is_safe() { target.split('?').next() } else { None };
    let visit = Request::get(base.origin.clone(), path.unwrap_or(&target));
    let visit = probe.ask(visit, "a mere visit").await?;
    if page.shows(&visit) {
        return Ok(Outcome::Clean);
    }
    for (request, how) in ways(probe, stays) {
        if let Some(proof) = accepted(probe, &page, &nobody, (request, how)).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// What is known of the least careful of the cookies that are sent.
fn least_careful(probe: &mut RequestProbe, sent: &Request) -> SameSite {
    let line = sent.header("cookie").map(|it| it.text().into_owned()).unwrap_or_default();
    let mut least = None;
    for name in line.split(';').filter_map(|pair| Some(pair.split_once('=')?.0.trim())) {
        let kept = probe.sender().same_site(name);
        let own = kept.or_else(|| said(probe.site(), name)).unwrap_or(SameSite::None);
        least = Some(least.map_or(own, |least: SameSite| least.min(own)));
    }
    least.unwrap_or(SameSite::None)
}

/// What an answer said of a cookie that the user brought along.
fn said(site: &Site, name: &str) -> Option<SameSite> {
    let answers = site.nodes().filter_map(|node| node.answer.as_ref());
    let set = answers.flat_map(|answer| answer.headers.iter().filter(|it| it.is("set-cookie")));
    let lines = set.map(|header| header.text().to_ascii_lowercase());
    let own = format!("{}=", name.to_ascii_lowercase());
    let line = lines.filter(|line| line.starts_with(&own)).last()?;
    let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    Some(if line.contains(";samesite=strict") {
        SameSite::Strict
    } else if line.contains(";samesite=lax") {
        SameSite::Lax
    } else {
        SameSite::None
    })
}

/// The request as other sites can send it, and how.
fn ways(probe: &mut RequestProbe, stays: SameSite) -> Vec<(Request, String)> {
    let site = format!("{}.example", probe.sender().word());
    let drawn = probe.sender().word();
    let base = probe.base().clone();
    let tokens = token_points(&base);
    let mut ways: Vec<(Request, String)> = Vec::new();
    if tokens.is_empty() {
        ways.push((base.clone(), "from another site".to_owned()));
    }
    for token in &tokens {
        let name = &token.reference.name;
        let left_out = token.without(&base).map(|it| (it, format!("without `{name}`")));
        ways.extend(left_out);
        ways.push((token.place(&base, ""), format!("with an empty `{name}`")));
        let like = drawn.chars().cycle().take(token.value.len()).collect::<String>();
        ways.push((token.place(&base, &like), format!("with a `{name}` of nobody's")));
    }
    let mut sendable = Vec::new();
    for (request, how) in ways {
        let as_get = as_get(&request).map(|it| (it, format!("{how}, as a GET")));
        let simple = match (request.method.as_str(), is_simple(&request)) {
            (_, true) => Some((request, how)),
            ("POST", false) => Some((as_text(&request), format!("{how}, as plain text"))),
            // Browsers ask the server before they send any other method.
            (_, false) => None,
        };
        match stays {
            SameSite::None => sendable.extend(simple.into_iter().chain(as_get)),
            // A browser that is led to another site takes them along.
            SameSite::Lax => {
                let led = simple.filter(|(request, _)| request.method.is_safe());
                sendable.extend(as_get.or(led));
            }
            SameSite::Strict => {}
        }
    }
    let forge = |(request, how): (Request, String)| (forged(&request, &site), how);
    sendable.into_iter().map(forge).collect()
}

/// The same values in the address.
fn as_get(request: &Request) -> Option<Request> {
    let kind = request.header("content-type")?.text().to_ascii_lowercase();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let target = request.path_and_query_text();
    let joint = if target.contains('?') { '&' } else { '?' };
    let body = String::from_utf8_lossy(&request.body);
    let is_of_body = |name: &str| name.starts_with("content-");
    let headers = request.headers.iter();
    Some(Request {
        method: Method::get(),
        path_and_query: format!("{target}{joint}{body}").into_bytes(),
        headers: headers
            .filter(|header| !is_of_body(&header.name.to_ascii_lowercase()))
            .cloned()
            .collect(),
        body: Vec::new(),
        origin: request.origin.clone(),
    })
}

async fn accepted(
    probe: &mut RequestProbe,
    page: &KnownPage,
    nobody: &Shot,
    (request, how): (Request, String),
) -> Result<Option<Proof>, ProbeStop> {
    let attack = probe.ask(request.clone(), &how).await?;
    if !page.shows(&attack) {
        return Ok(None);
    }
    let replay = probe.ask(request.clone(), &how).await?;
    if !page.shows(&replay) {
        return Ok(None);
    }
    let effect = effect(probe, &request, &how).await?;
    let (confidence, seen) = match &effect {
        Some((word, read)) => {
            let url = read.exchange.request.path_and_query_text().into_owned();
            (
                Confidence::Confirmed,
                format!("; `{word}`, sent this way, stands on {url} afterwards"),
            )
        }
        None => (Confidence::Firm, String::new()),
    };
    let detail = format!(
        "sent {how}, with the session's cookies, it is answered as the real request, twice; without \
         cookies it is not (status {}){seen}",
        nobody.response().status
    );
    let mut exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, page.first.clone()),
        Exhibit::new(EvidenceRole::Attack, attack),
        Exhibit::new(EvidenceRole::Control, nobody.clone()),
        Exhibit::new(EvidenceRole::Replay, replay),
    ];
    exhibits.extend(effect.map(|(word, read)| {
        let mark = read.find(&word);
        Exhibit::marked(EvidenceRole::Replay, read, mark)
    }));
    Ok(Some(Proof { confidence, detail, exhibits, payloads: vec![how] }))
}

/// A word that was sent the forged way, and the page on which it stands now.
async fn effect(
    probe: &mut RequestProbe,
    request: &Request,
    how: &str,
) -> Result<Option<(String, Shot)>, ProbeStop> {
    let points = insertion_points(request);
    let Some(point) = points.into_iter().find(takes_words) else { return Ok(None) };
    let word = probe.sender().word();
    let sent = probe.ask(point.place(request, &word), how).await?;
    for page in pages(probe, &sent) {
        let read = probe.ask(page, "").await?;
        if read.find(&word).is_some() {
            return Ok(Some((word, read)));
        }
    }
    Ok(None)
}

fn takes_words(point: &InsertionPoint) -> bool {
    let name = &point.reference.name;
    !promises(name, &NO_TEXT)
        && !is_named(point)
        && !is_drawn(&point.value)
        && point.value.chars().any(char::is_alphabetic)
        && !point.value.contains(['@', '/'])
}

/// Long, with digits, and without blanks: nothing that somebody wrote.
fn is_drawn(value: &str) -> bool {
    value.len() > 16 && value.bytes().any(|byte| byte.is_ascii_digit()) && !value.contains(' ')
}

/// Where an effect may be seen: where the answer leads, where the form stands, and what is read under
/// the same path.
fn pages(probe: &RequestProbe, sent: &Shot) -> Vec<Request> {
    let origin = &probe.base().origin;
    let base = url::Url::parse(&probe.base().url()).ok();
    let location = sent.response().header("location").map(|it| it.text().into_owned());
    let mut urls: Vec<url::Url> = Vec::new();
    let found = probe.node().found.page.as_deref().and_then(|page| url::Url::parse(page).ok());
    let next = location.zip(base.clone()).and_then(|(location, base)| base.join(&location).ok());
    for url in next.into_iter().chain(found).chain(base) {
        let is_own = url.origin().ascii_serialization() == origin.to_string();
        if is_own && !urls.contains(&url) {
            urls.push(url);
        }
    }
    let target = |url: &url::Url| match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    urls.iter().take(MAX_READ).map(|url| Request::get(origin.clone(), target(url))).collect()
}
