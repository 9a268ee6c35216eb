//! Who of several made a response, by headers and cookies that load balancers and clusters set.

use super::super::text::inert;

/// Characters of a value.
const VALUE: usize = 64;

/// Headers that name one, the surest first; in lower case.
const HEADERS: [&[u8]; 11] = [
    b"x-served-by",
    b"x-backend-server",
    b"x-backend",
    b"x-upstream",
    b"x-upstream-addr",
    b"x-server-id",
    b"x-instance-id",
    b"x-node",
    b"x-pod-name",
    b"x-hostname",
    b"x-amz-cf-pop",
];

/// Cookies that stick a client to one: the whole name, or how it begins.
const COOKIES: [(&str, bool); 6] = [
    ("SERVERID", true),
    ("ARRAffinity", true),
    ("INGRESSCOOKIE", true),
    ("BIGipServer", false),
    ("ROUTEID", true),
    ("backend", true),
];

/// Cookies of sessions whose value ends in the name of a route: `5F3A….node2`.
const ROUTED: &str = "JSESSIONID";

/// Reads header by header.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    observed: &'a [String],
    /// The surest so far: its rank, the least first, and its value.
    found: Option<(usize, String)>,
}

impl<'a> Reader<'a> {
    /// For somebody who watches `observed` too.
    pub(super) fn new(observed: &'a [String]) -> Self {
        Self { observed, found: None }
    }

    /// Takes a header; `name` is in lower case.
    pub(super) fn read(&mut self, name: &[u8], value: &str) {
        if name == b"set-cookie" {
            if let Some(value) = affinity(value) {
                self.tell(HEADERS.len() + 1, value);
            }
            return;
        }
        let own = |own: &String| own.as_bytes().eq_ignore_ascii_case(name);
        if self.observed.iter().any(own) && !tells_of_caches(name) {
            return self.tell(0, value);
        }
        if let Some(rank) = HEADERS.iter().position(|known| *known == name) {
            self.tell(rank + 1, value);
        }
    }

    /// Who it is.
    pub(super) fn found(self) -> Option<String> {
        self.found.map(|(_, value)| value)
    }

    fn tell(&mut self, rank: usize, value: &str) {
        // Several in one header: the one nearest to the origin comes first.
        let value = value.trim();
        if !value.is_empty() && self.found.as_ref().is_none_or(|(known, _)| rank < *known) {
            self.found = Some((rank, inert(value, VALUE)));
        }
    }
}

fn tells_of_caches(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    name.contains("cache") || name == "age" || name == "x-varnish"
}

fn affinity(cookie: &str) -> Option<&str> {
    let (name, rest) = cookie.split_once('=')?;
    let name = name.trim();
    let value = rest.split(';').next().unwrap_or_default().trim();
    let sticks =
        |(known, whole): &(&str, bool)| name == *known || (!whole && name.starts_with(known));
    if COOKIES.iter().any(sticks) {
        return Some(value);
    }
    (name == ROUTED).then(|| value.rsplit_once('.').map(|(_, route)| route)).flatten()
}
