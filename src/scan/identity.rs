//! When two URLs are the same resource: spelling, order of parameters, session ids and tracking.
//!
//! Session ids in URLs make every page look new at every visit. Names that mean nothing else are
//! known; others are learnt, because a session id behaves like nothing else: all links of one page
//! carry the same value, and those of the next page carry another. (A cursor of a list changes too,
//! but stands in one link; keys of files change within one page.)

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use url::Url;

/// Names of session ids, in small letters without `-`, `_` and `.`.
const SESSIONS: [&str; 13] = [
    "jsessionid",
    "phpsessid",
    "aspsessionid",
    "aspnetsessionid",
    "sessionid",
    "sessid",
    "cfid",
    "cftoken",
    "zenid",
    "oscsid",
    "sidbin",
    "xtsid",
    "mscsid",
];

/// Names that are often session ids, and count as such where the value looks like one.
const PERHAPS: [&str; 5] = ["sid", "session", "s", "ssid", "auth"];

/// Names of campaigns and clicks.
const TRACKING: [&str; 9] =
    ["gclid", "fbclid", "msclkid", "dclid", "yclid", "mc_cid", "mc_eid", "_ga", "_gl"];

/// Shorter values are no random tokens.
const MIN_TOKEN: usize = 12;

/// Pages in a row that must show a new value.
const CHANGES: u32 = 3;

/// Names that are watched.
const MAX_WATCHED: usize = 4096;

/// What is known of the target's URLs.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    /// Places whose values change at each visit.
    volatile: HashSet<Place>,
    watched: HashMap<Place, Watched>,
}

/// Where a value stands: a parameter, or a segment behind a certain path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Place {
    Parameter(String),
    Segment(String),
}

#[derive(Debug)]
enum Watched {
    /// The last page's value, and how many pages in a row had another than the page before.
    Changing { last: u64, changes: u32 },
    /// One page had several values.
    Plain,
}

impl Identity {
    /// The same for every spelling of a request.
    pub(crate) fn key(&self, method: &str, url: &Url, body: &[u8]) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        (method, url.scheme(), url.host_str(), url.port_or_known_default()).hash(&mut hasher);
        self.hash_path(url.path(), &mut hasher);
        let mut pairs: Vec<_> =
            url.query_pairs().filter(|(name, value)| !self.is_idle(name, value)).collect();
        pairs.sort();
        pairs.hash(&mut hasher);
        body.hash(&mut hasher);
        hasher.finish()
    }

    fn hash_path(&self, path: &str, hasher: &mut impl std::hash::Hasher) {
        let is_plain = !path.contains([';', '%', '(']) && !self.knows_segments();
        if is_plain {
            return path.hash(hasher);
        }
        let plain = self.plain_path(path);
        let decoded = percent_encoding::percent_decode_str(&plain).decode_utf8();
        decoded.as_deref().unwrap_or(&plain).hash(hasher);
    }

    fn knows_segments(&self) -> bool {
        self.watched.len() + self.volatile.len() > 0
            && self.volatile.iter().any(|place| matches!(place, Place::Segment(_)))
    }

    /// The path without the ids of sessions.
    pub(crate) fn plain_path(&self, path: &str) -> String {
        let mut plain = String::with_capacity(path.len());
        for segment in path.split('/').skip(1) {
            // ASP.NET's sessions without cookies.
            if segment.len() > 10 && segment.starts_with("(S(") && segment.ends_with("))") {
                continue;
            }
            let mut parts = segment.split(';');
            let name = parts.next().unwrap_or_default();
            let volatile = is_token(name) && self.volatile.contains(&Place::Segment(plain.clone()));
            plain.push('/');
            plain.push_str(if volatile { "{session}" } else { name });
            for part in parts {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                if !self.is_idle(name, value) {
                    plain.push(';');
                    plain.push_str(part);
                }
            }
        }
        if plain.is_empty() { "/".to_owned() } else { plain }
    }

    /// Whether a parameter says nothing about the resource.
    pub(crate) fn is_idle(&self, name: &str, value: &str) -> bool {
        let is_tracking = name.starts_with("utm_") || TRACKING.contains(&name);
        if is_tracking {
            return true;
        }
        let plain: String = name
            .chars()
            .filter(|c| !matches!(c, '-' | '_' | '.'))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        SESSIONS.contains(&plain.as_str())
            // ASP adds eight random letters to the name.
            || plain.starts_with("aspsessionid")
            || is_token(value)
                && (PERHAPS.contains(&plain.as_str())
                    || !self.volatile.is_empty()
                        && self.volatile.contains(&Place::Parameter(name.to_owned())))
    }

    /// Learns from all links of one page.
    pub(crate) fn learn<'u>(&mut self, links: impl Iterator<Item = &'u Url>) {
        let mut on_page: BTreeMap<Place, (u64, HashSet<u64>, bool)> = BTreeMap::new();
        for url in links {
            for (place, value, rest) in tokens(url) {
                let entry = on_page.entry(place).or_insert((value, HashSet::new(), true));
                entry.1.insert(rest);
                entry.2 &= entry.0 == value;
            }
        }
        for (place, (value, rests, one_value)) in on_page {
            if one_value && rests.len() < 2 {
                continue;
            }
            if self.watched.len() >= MAX_WATCHED && !self.watched.contains_key(&place) {
                continue;
            }
            self.watch(place, value, one_value);
        }
    }

    fn watch(&mut self, place: Place, value: u64, one_value: bool) {
        let fresh = Watched::Changing { last: value, changes: 0 };
        let known = self.watched.entry(place.clone()).or_insert(fresh);
        if !one_value {
            *known = Watched::Plain;
            return;
        }
        let Watched::Changing { last, changes } = known else { return };
        *changes = if *last == value { 0 } else { *changes + 1 };
        *last = value;
        if *changes >= CHANGES {
            self.volatile.insert(place);
        }
    }
}

/// Values of a URL that look random: where they stand, a hash of the value, one of the rest.
fn tokens(url: &Url) -> Vec<(Place, u64, u64)> {
    let mut found = Vec::new();
    let path = url.path();
    let mut before = 0;
    for segment in path.split('/').skip(1) {
        let start = before;
        before += 1 + segment.len();
        if is_token(segment) {
            let place = Place::Segment(path[..start].to_owned());
            found.push((place, hash(segment), hash(&(&path[before..], url.query()))));
        }
    }
    if url.query().is_some_and(|query| query.len() >= MIN_TOKEN) {
        for (name, value) in url.query_pairs() {
            if is_token(&value) {
                found.push((Place::Parameter(name.into_owned()), hash(&value), hash(path)));
            }
        }
    }
    found
}

/// Long, of letters and digits mixed.
fn is_token(value: &str) -> bool {
    let of = |test: fn(&u8) -> bool| value.as_bytes().iter().filter(|byte| test(byte)).count();
    value.len() >= MIN_TOKEN
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'-'))
        && of(u8::is_ascii_digit) >= 2
        && of(u8::is_ascii_alphabetic) >= 2
        && of(|byte| *byte == b'-') <= 1
}

fn hash<T: std::hash::Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(&format!("http://h{text}")).expect("a URL")
    }

    fn key(identity: &Identity, text: &str) -> u64 {
        identity.key("GET", &url(text), b"")
    }

    #[test]
    fn spellings_of_one_resource_have_one_key() {
        let identity = Identity::default();
        let same = |one, other| key(&identity, one) == key(&identity, other);
        assert!(same("/%61?b=2&a=1", "/a?a=1&b=2"));
        assert!(same("/a;jsessionid=0123456789abcdef?x=1", "/a?x=1"));
        assert!(same("/(S(abc123def456))/a", "/a"));
        assert!(same("/a?PHPSESSID=1&utm_source=mail&sid=a1b2c3d4e5f6a7", "/a"));
        assert!(!same("/a?sid=12", "/a"), "a short number is a value");
        assert!(!same("/a?a=1", "/a?a=2"));
        assert!(!same("/a", "/A"));
        assert!(!same("/a?a=1%00b=2", "/a?a=1&b=2"));
        assert_ne!(identity.key("POST", &url("/a"), b"x"), identity.key("POST", &url("/a"), b"y"));
    }

    #[test]
    fn values_that_change_on_all_links_of_each_page_are_sessions() {
        let mut identity = Identity::default();
        for visit in 0..5 {
            let token = format!("tok{visit}a9f3c1d7e5");
            let links = [
                format!("/a?k={token}"),
                format!("/b?k={token}"),
                format!("/s/{token}/x"),
                format!("/s/{token}/y"),
            ];
            let links: Vec<Url> = links.iter().map(|text| url(text)).collect();
            identity.learn(links.iter());
        }
        assert_eq!(key(&identity, "/a?k=new1a9f3c1d7e5"), key(&identity, "/a"));
        assert_eq!(key(&identity, "/s/new1a9f3c1d7e5/x"), key(&identity, "/s/new2a9f3c1d7e5/x"));
        assert_ne!(key(&identity, "/a?k=short"), key(&identity, "/a"));
    }

    #[test]
    fn cursors_and_names_of_files_are_values() {
        let mut identity = Identity::default();
        for page in 0..6 {
            let links = [
                format!("/list?cursor=cur{page}a9f3c1d7e5"),
                format!("/file?name=one{page}a9f3c1d7e5"),
                format!("/file?name=two{page}a9f3c1d7e5"),
                format!("/view?name=one{page}a9f3c1d7e5"),
            ];
            let links: Vec<Url> = links.iter().map(|text| url(text)).collect();
            identity.learn(links.iter());
        }
        assert_ne!(
            key(&identity, "/list?cursor=aaa1a9f3c1d7e5"),
            key(&identity, "/list?cursor=bbb1a9f3c1d7e5")
        );
        assert_ne!(
            key(&identity, "/file?name=aaa1a9f3c1d7e5"),
            key(&identity, "/file?name=bbb1a9f3c1d7e5")
        );
    }
}
