//! Content security policies that let in what they are there to keep out, by what the site itself answers.
//!
//! A nonce that stands in several answers is known to whoever reads one of them. And where scripts of the
//! site's own host are let in, an answer of it that calls whatever function a request names is a script
//! of the attacker's. What the text of a policy alone says is judged by passive rules.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::scan::checks::query::with_query;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

/// Pages that are asked for their nonces, and answers that are asked to call back.
const MAX_PAGES: usize = 5;
const MAX_CALLERS: usize = 20;

/// Names of the parameter that names a function.
const CALLBACKS: [&str; 5] = ["callback", "jsonp", "cb", "jsoncallback", "jsonpcallback"];

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Csp {
    /// One nonce in several answers.
    NonceReused,
    /// The own host calls any function.
    OwnHost,
}

impl SiteCheck for Csp {
    fn id(&self) -> &'static str {
        match self {
            Self::NonceReused => "csp-nonce-reused",
            Self::OwnHost => "csp-bypass",
        }
    }

    fn budget(&self) -> u64 {
        150
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        match self {
            Self::NonceReused => Box::pin(nonces(probe)),
            Self::OwnHost => Box::pin(callers(probe)),
        }
    }
}

async fn nonces(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let pages: Vec<Node> =
        probe.reached().into_iter().filter(|node| !nonces_of(&said(node)).is_empty()).collect();
    for node in pages.into_iter().filter(|node| node.method == "GET").take(MAX_PAGES) {
        let base = node.examples[0].clone();
        // Whatever keeps answers has none for this one.
        let fresh = with_query(&base, &format!("v={}", probe.sender().word()));
        let mut shots: Vec<Shot> = Vec::new();
        for request in [base.clone(), fresh, base] {
            shots.extend(probe.try_ask(request, "", None).await?);
        }
        let known: Vec<Vec<String>> = shots.iter().map(|shot| nonces_of(&policy(shot))).collect();
        let Some(nonce) = known.first().and_then(|first| first.first().cloned()) else { continue };
        if shots.len() < 3 || !known.iter().all(|nonces| nonces.contains(&nonce)) {
            continue;
        }
        let detail = format!(
            "the nonce `{nonce}` lets scripts in in three answers, one of them to an address that nobody \
             asked for before: an injected script can name it too"
        );
        let marks: Vec<_> = shots.iter().map(|shot| shot.find(&nonce)).collect();
        let roles = [EvidenceRole::Attack, EvidenceRole::Replay, EvidenceRole::Replay];
        let exhibits = roles.into_iter().zip(shots).zip(marks);
        let exhibits = exhibits.map(|((role, shot), mark)| Exhibit::marked(role, shot, mark));
        let exhibits = exhibits.collect();
        let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads: Vec::new() };
        probe.found(&node, None, proof);
        // They are drawn in one place.
        return Ok(Outcome::Clean);
    }
    Ok(Outcome::Clean)
}

async fn callers(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let site = probe.reached();
    let Some(page) = site.iter().find(|node| lets_own_host_in(node)) else {
        return Ok(Outcome::Skipped("no policy lets in scripts of the own host".to_owned()));
    };
    let allowed = page.path_template.clone();
    let candidates: Vec<(Node, String)> =
        site.iter().filter(|node| probe.may_send(node)).filter_map(candidate).collect();
    for (node, name) in candidates.into_iter().take(MAX_CALLERS) {
        let Some(attack) = call(probe, &node, &name).await? else { continue };
        let Some(replay) = call(probe, &node, &name).await? else { continue };
        let control = probe.try_ask(node.examples[0].clone(), "", None).await?;
        let detail = format!(
            "the policy of {allowed} lets in scripts of this host, and this answer is a script that calls \
             whatever `{name}` names: `{}`, then `{}`",
            attack.value, replay.value
        );
        let payloads = vec![attack.value.clone(), replay.value.clone()];
        let marks = [attack.find(&attack.value), replay.find(&replay.value)];
        let [attack_mark, replay_mark] = marks;
        let mut exhibits = vec![
            Exhibit::marked(EvidenceRole::Attack, attack, attack_mark),
            Exhibit::marked(EvidenceRole::Replay, replay, replay_mark),
        ];
        exhibits.extend(control.map(|shot| Exhibit::new(EvidenceRole::Control, shot)));
        let point = InsertionRef { kind: InsertionKind::Query, name };
        let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads };
        probe.found(&node, Some(point), proof);
    }
    Ok(Outcome::Clean)
}

/// What may answer with a call, and the parameter that may name it.
fn candidate(node: &Node) -> Option<(Node, String)> {
    let answer = node.answer.as_ref().filter(|_| node.method == "GET")?;
    let is_data = answer.media_type.contains("json") || answer.media_type.contains("javascript");
    let known =
        node.parameters.iter().find(|name| CALLBACKS.contains(&name.to_ascii_lowercase().as_str()));
    match known {
        Some(name) => Some((node.clone(), name.clone())),
        None => answer.media_type.contains("json").then(|| (node.clone(), CALLBACKS[0].to_owned())),
    }
    .filter(|_| is_data || known.is_some())
}

/// Names a function; what came back if it is a script that calls it.
async fn call(probe: &mut SiteProbe, node: &Node, name: &str) -> Result<Option<Shot>, ProbeStop> {
    let word = probe.sender().word();
    let base = &node.examples[0];
    let request = with_parameter(base, name, &word);
    let path = base.path_and_query_text().into_owned();
    let shot = probe.try_ask(request, &word, Some(path)).await?;
    Ok(shot.filter(|shot| {
        let response = shot.response();
        let is_script = response.media_type().contains("javascript");
        let text = response.body_text();
        let start = text.trim_start().trim_start_matches("/**/").trim_start();
        let guarded = format!("typeof {word} === 'function' && {word}(");
        is_script && (start.starts_with(&format!("{word}(")) || start.starts_with(&guarded))
    }))
}

fn with_parameter(base: &Request, name: &str, value: &str) -> Request {
    let target = base.path_and_query_text().into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let own = format!("{name}=");
    let others: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(&own)).collect();
    let bare =
        if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) };
    let bare = Request { path_and_query: bare.into_bytes(), ..base.clone() };
    with_query(&bare, &format!("{own}{value}"))
}

/// The policy of a page as the crawl saw it.
fn said(node: &Node) -> String {
    let headers = node.answer.iter().flat_map(|answer| &answer.headers);
    let policy = headers.filter(|header| header.is("content-security-policy"));
    policy.map(|header| header.text().into_owned()).collect::<Vec<_>>().join(", ")
}

fn policy(shot: &Shot) -> String {
    let policy = shot.response().header("content-security-policy");
    policy.map(|header| header.text().into_owned()).unwrap_or_default()
}

/// The sources of scripts that a policy names.
fn script_sources(policy: &str) -> Vec<String> {
    let directive = |name: &str| {
        policy.split([';', ',']).find_map(|directive| {
            let mut words = directive.split_ascii_whitespace();
            let own = words.next().is_some_and(|word| word.eq_ignore_ascii_case(name));
            own.then(|| words.map(str::to_owned).collect::<Vec<_>>())
        })
    };
    directive("script-src-elem")
        .or_else(|| directive("script-src"))
        .or_else(|| directive("default-src"))
        .unwrap_or_default()
}

fn nonces_of(policy: &str) -> Vec<String> {
    let sources = script_sources(policy).into_iter();
    sources
        .filter_map(|it| Some(it.strip_prefix("'nonce-")?.strip_suffix('\'')?.to_owned()))
        .collect()
}

/// Whether any script of the page's own host may run in it: a nonce beside it makes no difference, a
/// `'strict-dynamic'` does.
fn lets_own_host_in(node: &Node) -> bool {
    let sources = script_sources(&said(node));
    let host = node.examples[0].origin.host_header();
    let is_own = |source: &String| {
        let bare = source.trim_start_matches("https://").trim_start_matches("http://");
        source.eq_ignore_ascii_case("'self'") || bare.trim_end_matches('/') == host
    };
    let is_dynamic = sources.iter().any(|it| it.eq_ignore_ascii_case("'strict-dynamic'"));
    // Where inline code may run, nobody needs a way around.
    let is_open = sources.iter().any(|it| it.eq_ignore_ascii_case("'unsafe-inline'"))
        && nonces_of(&said(node)).is_empty();
    !is_dynamic && !is_open && sources.iter().any(is_own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directive_that_counts_for_scripts_is_read() {
        assert_eq!(script_sources("default-src 'self'; img-src *"), ["'self'"]);
        assert_eq!(script_sources("default-src 'none'; Script-Src a.example"), ["a.example"]);
        assert_eq!(nonces_of("script-src 'nonce-abc' 'self'; style-src 'nonce-x'"), ["abc"]);
        assert_eq!(nonces_of("img-src *"), Vec::<String>::new());
    }
}
