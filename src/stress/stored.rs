//! What is one user's, kept by a cache that everybody shares.
//!
//! Whatever a cache serves was made for somebody before. That is a flaw where it holds what is one user's:
//! his mark ([`Canaries`]), a cookie that was set for him, an answer to his credentials. An application may
//! have a cache of its own, with a key for each user, and say `X-Cache: HIT`; only caches on the way count
//! an answer's `Age` (RFC 9111 §5.1). So what came to nobody else has to have one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::found::Finder;
use super::found::Found;
use super::found::Known;
use super::found::brief;
use crate::model::CacheState;
use crate::model::Canaries;
use crate::model::Confidence;
use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::model::Finding;
use crate::model::Response;
use crate::model::SeriesId;
use crate::model::Storing;
use crate::model::Tapped;

pub(super) const RULE: &str = "private-answer-cached";

/// Cookies of a series that are kept in mind, values of each, and users of a value.
const MAX_COOKIES: usize = 256;
const MAX_VALUES: usize = 256;
const MAX_USERS: usize = 2;

/// Characters of a cookie's value from which on it may tell users apart.
const LONG: usize = 8;

/// And up to which it is kept.
const LONGEST: usize = 4096;

/// What lets a shared cache keep an answer to credentials (RFC 9111 §3.5).
const ALLOWED: [&str; 3] = ["public", "s-maxage", "must-revalidate"];

/// See the module.
pub(super) struct Stored {
    canaries: Canaries,
    /// By series and name.
    cookies: BTreeMap<(SeriesId, String), Cookie>,
    /// By series and what was found there.
    known: Known<(SeriesId, &'static str)>,
}

/// A cookie that an endpoint sets.
#[derive(Debug, Default)]
struct Cookie {
    /// Who got each value.
    values: BTreeMap<String, Served>,
    /// The origin gives one value to several users: a backend, a language, a test of two versions.
    tells_nobody: bool,
}

#[derive(Debug, Default)]
struct Served {
    /// From the origin, and out of a cache.
    made: BTreeSet<u64>,
    users: BTreeSet<u64>,
    /// The first of them.
    first: Option<Evidence>,
}

/// Why an answer should not have come out of a cache.
struct Fault {
    kind: &'static str,
    detail: String,
    confidence: Confidence,
    /// Beside the answer itself.
    control: Option<Evidence>,
}

impl Stored {
    pub(super) fn new(canaries: Canaries) -> Self {
        Self { canaries, cookies: BTreeMap::new(), known: Known::default() }
    }

    pub(super) fn look(&mut self, tapped: &Tapped, finder: &Finder) -> Vec<Finding> {
        let Some(response) = tapped.exchange.response() else { return Vec::new() };
        let signals = response.signals();
        let is_served = signals.cache.is_some_and(CacheState::is_served);
        let cookie = self.cookie(tapped, response, is_served, finder);
        if !is_served || !(200..300).contains(&response.status) {
            return Vec::new();
        }
        let faults = [
            cookie,
            self.mark(tapped, response),
            credentials(&tapped.exchange, response),
            refused(&tapped.exchange, response, signals.storing),
        ];
        faults.into_iter().flatten().filter_map(|fault| self.told(tapped, fault, finder)).collect()
    }

    /// Those that were seen more than once, with how often.
    pub(super) fn end(&self) -> Vec<Finding> {
        self.known.again()
    }

    /// One value of a cookie, set out of a cache for two users, where others get others.
    fn cookie(
        &mut self,
        tapped: &Tapped,
        response: &Response,
        is_served: bool,
        finder: &Finder,
    ) -> Option<Fault> {
        let mut fault = None;
        for (name, value) in response.headers_named("set-cookie").filter_map(|set| pair(&set.value))
        {
            let key = (tapped.series, name.clone());
            if !(LONG..=LONGEST).contains(&value.len())
                || self.cookies.len() >= MAX_COOKIES && !self.cookies.contains_key(&key)
            {
                continue;
            }
            let cookie = self.cookies.entry(key).or_default();
            // Room is left for what caches serve.
            let most = if is_served { MAX_VALUES } else { MAX_VALUES / 4 };
            let is_known = cookie.values.contains_key(&value);
            if cookie.values.len() >= most && !is_known {
                continue;
            }
            let known = cookie.values.len() + usize::from(!is_known);
            let served = cookie.values.entry(value).or_default();
            if !is_served {
                if served.made.len() < MAX_USERS {
                    served.made.insert(tapped.user);
                }
                cookie.tells_nobody |= served.made.len() >= MAX_USERS;
                continue;
            }
            if served.users.len() < MAX_USERS {
                served.users.insert(tapped.user);
            }
            if served.first.is_none() {
                let shown = finder.evidence(EvidenceRole::Control, &brief(&tapped.exchange), None);
                served.first = Some(shown);
                continue;
            }
            let (is_shared, control) = (served.users.len() >= MAX_USERS, served.first.clone());
            if is_shared && known > 1 && !cookie.tells_nobody {
                fault = Some(Fault {
                    kind: "cookie",
                    detail: format!(
                        "a cache sets the same `{name}` for several users, where others get others"
                    ),
                    confidence: Confidence::Confirmed,
                    control,
                });
            }
        }
        fault
    }

    /// Somebody's mark in what a cache served.
    fn mark(&self, tapped: &Tapped, response: &Response) -> Option<Fault> {
        let wire = response.to_wire();
        let mut owners = self.canaries.find(&wire).map(|(_, user)| user);
        let owner = owners.find(|user| *user != tapped.user).or_else(|| {
            let is_own = self.canaries.find(&wire).next().is_some();
            (is_own && has_age(response) && !self.is_keyed(tapped, response)).then_some(tapped.user)
        })?;
        let whose = if owner == tapped.user { "its user's own" } else { "another user's" };
        Some(Fault {
            kind: "mark",
            detail: format!("a cache keeps an answer that holds {whose} data (user {owner})"),
            confidence: Confidence::Confirmed,
            control: None,
        })
    }

    /// Whether the cache's key holds what makes the answer the user's: the address, or a header that
    /// `Vary` names.
    fn is_keyed(&self, tapped: &Tapped, response: &Response) -> bool {
        let request = &tapped.exchange.request;
        let has_mark = |text: &[u8]| self.canaries.find(text).next().is_some();
        let varies: Vec<String> =
            response.headers_named("vary").flat_map(|vary| words(&vary.value)).collect();
        has_mark(&request.path_and_query)
            || varies.iter().any(|name| ["*", "cookie", "authorization"].contains(&name.as_str()))
            || varies
                .iter()
                .any(|name| request.header(name).is_some_and(|header| has_mark(&header.value)))
    }

    /// `None` of what was told before.
    fn told(&mut self, tapped: &Tapped, fault: Fault, finder: &Finder) -> Option<Finding> {
        let key = (tapped.series, fault.kind);
        if self.known.count(&key) {
            return None;
        }
        let shown = finder.evidence(EvidenceRole::Attack, &tapped.exchange, None);
        let finding = finder.finding(
            &tapped.exchange,
            Found {
                rule: RULE,
                about: fault.kind.to_owned(),
                confidence: fault.confidence,
                detail: format!("{}, at {:.1} s", fault.detail, tapped.at.as_secs_f64()),
                evidence: std::iter::once(shown).chain(fault.control).collect(),
                occurrences: 1,
            },
        )?;
        self.known.add(key, finding.clone());
        Some(finding)
    }
}

/// An answer to credentials that nothing allows a shared cache to keep.
fn credentials(exchange: &Exchange, response: &Response) -> Option<Fault> {
    exchange.request.header("authorization")?;
    let control: Vec<String> =
        response.headers_named("cache-control").flat_map(|header| words(&header.value)).collect();
    let is_allowed =
        control.iter().any(|word| ALLOWED.contains(&word.split('=').next().unwrap_or_default()));
    let mut varies = response.headers_named("vary").flat_map(|vary| words(&vary.value));
    let is_keyed = varies.any(|name| name == "*" || name == "authorization");
    (has_age(response) && !is_allowed && !is_keyed).then(|| Fault {
        kind: "credentials",
        detail:
            "a cache keeps an answer to a request with Authorization, and nothing in it allows that"
                .to_owned(),
        // It may have been stored for somebody without credentials.
        confidence: Confidence::Tentative,
        control: None,
    })
}

/// An answer that says itself that it must not be kept.
fn refused(exchange: &Exchange, response: &Response, storing: Storing) -> Option<Fault> {
    let is_refused = matches!(storing, Storing::NoStore | Storing::Private);
    // Caches of the operator's own may have rules of their own for what is everybody's.
    let has_credentials =
        ["authorization", "cookie"].iter().any(|name| exchange.request.header(name).is_some());
    let is_somebodys = has_credentials || response.header("set-cookie").is_some();
    (is_somebodys && has_age(response) && is_refused).then(|| Fault {
        kind: "refused",
        detail: format!("a cache keeps an answer to somebody although {}", storing.reason()),
        confidence: Confidence::Tentative,
        control: None,
    })
}

/// Whether a cache on the way has had it for a second or longer.
fn has_age(response: &Response) -> bool {
    let age = response.header("age").map(|age| age.text().trim().parse::<u64>());
    age.is_some_and(|age| age.is_ok_and(|age| age > 0))
}

/// Name and value of a cookie that is set.
fn pair(set: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(set).ok()?;
    let (name, value) = text.split(';').next()?.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

/// The elements of a list in a header, in lower case.
fn words(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    text.split(',').map(|word| word.trim().to_owned()).collect()
}
