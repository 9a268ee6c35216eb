//! A cookie jar for each virtual user.

use super::shard::Shard;
use super::user::User;
use crate::flow::Extraction;
use crate::flow::Extractor;
use crate::http::CookieJar;
use crate::http::h1::Head;
use crate::http::reactor::Reactor;
use crate::model::Origin;
use crate::plan::Cookies;

/// What a user has of cookies; only once it was given one.
#[derive(Debug, Default)]
pub(super) struct UserCookies {
    /// Those of nobody: whoever is logged in has a jar of their own.
    jar: CookieJar,
    /// Lines of the response under way: they are judged when it is known whose they are.
    lines: Vec<Vec<u8>>,
}

/// Notes what a response's head sets.
pub(super) fn note(cookies: &mut Option<Box<UserCookies>>, head: &Head<'_>) {
    for (name, value) in head.fields() {
        if name.eq_ignore_ascii_case(b"set-cookie") {
            cookies.get_or_insert_default().lines.push(value.to_vec());
        }
    }
}

impl User {
    /// Whether the user's requests may have cookies.
    #[inline]
    pub(super) fn has_cookies(&self) -> bool {
        self.cookies.as_ref().is_some_and(|cookies| !cookies.jar.is_empty())
    }

    /// A new iteration begins: with an empty jar, if the plan wants that.
    pub(super) fn reset_cookies(&mut self, policy: Cookies) {
        if policy == Cookies::PerIteration
            && let Some(cookies) = &mut self.cookies
        {
            cookies.jar.clear();
        }
    }

    /// What it has as nobody.
    pub(super) fn jar(&mut self) -> Option<&mut CookieJar> {
        self.cookies.as_mut().map(|cookies| &mut cookies.jar)
    }

    /// The same, made where there is none.
    pub(super) fn jar_to_fill(&mut self) -> &mut CookieJar {
        &mut self.cookies.get_or_insert_default().jar
    }

    /// A response that breaks off sets nothing.
    pub(super) fn drop_cookie_lines(&mut self) {
        if let Some(cookies) = &mut self.cookies {
            cookies.lines.clear();
        }
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// Puts what the response has set into the user's jar; whether it has set anything.
    pub(super) fn take_cookies(&mut self, number: u32) -> bool {
        let Some(cookies) = &mut self.users[number as usize].cookies else { return false };
        if cookies.lines.is_empty() {
            return false;
        }
        let lines = std::mem::take(&mut cookies.lines);
        if self.is_outdated(number) {
            return false;
        }
        let (request, now) = (self.sent_request(number), self.unix_seconds());
        let Some(jar) = self.jar_to_fill(number) else { return false };
        let lines = lines.iter().map(Vec::as_slice);
        jar.store_lines(&request.origin, &request.path_and_query, lines, now);
        true
    }

    /// Puts the user's cookies into the request that lies rendered from `start` on.
    pub(super) fn add_cookies(&mut self, number: u32) {
        let now = self.unix_seconds();
        // Out of its place and back: the request is looked at too.
        let Some(jar) = self.jar(number).map(std::mem::take) else { return };
        self.write_cookies(number, &jar, now);
        self.put_jar_back(number, jar);
    }

    /// The user's cookies and where its response comes from, out of their place until
    /// [`Shard::put_jar_back`], if the flow takes one of them out of that response.
    pub(super) fn jar_to_look_into(&mut self, number: u32) -> Option<(CookieJar, Origin)> {
        let program = self.shared.program;
        let user = &self.users[number as usize];
        let is_cookie = |extraction: &Extraction| matches!(extraction.from, Extractor::Cookie(_));
        if !program.flows[user.scenario as usize].wanted(&user.session).any(is_cookie) {
            return None;
        }
        let origin = user.prepared(program).request.origin.clone();
        let jar = self.jar(number).map(std::mem::take)?;
        Some((jar, origin))
    }

    pub(super) fn put_jar_back(&mut self, number: u32, jar: CookieJar) {
        if let Some(place) = self.jar(number) {
            *place = jar;
        }
    }

    fn write_cookies(&mut self, number: u32, jar: &CookieJar, now: u64) {
        let user = &self.users[number as usize];
        let origin = &user.prepared(self.shared.program).request.origin;
        let Some(end) = memchr::memmem::find(&self.rendered, b"\r\n\r\n") else { return };
        let head = &self.rendered[..end];
        let own = own_cookies(head);
        let length = self.rendered.len();
        let mut added = std::mem::take(&mut self.cookie_line);
        added.clear();
        added.extend_from_slice(if own.is_some() { b"; " } else { b"\r\nCookie: " });
        if jar.write(origin, target(head), now, &mut added) {
            let at = own.unwrap_or(end);
            self.rendered.extend_from_slice(&added);
            self.rendered.copy_within(at..length, at + added.len());
            self.rendered[at..at + added.len()].copy_from_slice(&added);
            self.cookies_at = at..at + added.len();
        }
        self.cookie_line = added;
    }

    /// Seconds since 1970, by the clock of the load.
    pub(super) fn unix_seconds(&mut self) -> u64 {
        self.shared.unix_start + self.reactor.now() / 1_000_000_000
    }
}

/// Where the value of the request's own `Cookie` line ends, if it has one.
fn own_cookies(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"\r\ncookie:";
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(&head[from..], b"\r\n")?;
        let line = &head[at..];
        if line.get(..NAME.len()).is_some_and(|start| start.eq_ignore_ascii_case(NAME)) {
            let value = &line[2..];
            return Some(at + 2 + memchr::memmem::find(value, b"\r\n").unwrap_or(value.len()));
        }
        from = at + 2;
    }
}

/// Path and query of the request line: its target is a whole URL where a proxy is asked.
fn target(head: &[u8]) -> &[u8] {
    let mut words = head.split(|byte| *byte == b' ');
    let target = words.nth(1).unwrap_or_default();
    if target.starts_with(b"/") {
        return target;
    }
    let authority = memchr::memmem::find(target, b"://").map_or(target.len(), |at| at + 3);
    let path = memchr::memchr(b'/', &target[authority..]);
    path.map_or(b"/", |at| &target[authority + at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_of_a_request_line_is_its_path() {
        for (line, path) in [
            ("GET /a?b HTTP/1.1", "/a?b"),
            ("GET http://h:1/a/b HTTP/1.1", "/a/b"),
            ("GET http://h HTTP/1.1", "/"),
            ("OPTIONS * HTTP/1.1", "/"),
        ] {
            assert_eq!(target(line.as_bytes()), path.as_bytes(), "{line}");
        }
    }

    #[test]
    fn a_cookie_line_of_the_requests_own_is_found() {
        let head = b"GET / HTTP/1.1\r\nX-Cookie: 1\r\ncOOkie: a=1\r\nY: 2";
        assert_eq!(own_cookies(head), Some(head.len() - 6));
        let last = b"GET / HTTP/1.1\r\nCookie: a=1";
        assert_eq!(own_cookies(last), Some(last.len()));
        assert_eq!(own_cookies(b"GET / HTTP/1.1\r\nX-Cookie: 1"), None);
    }
}
