//! The store: what is kept, and what goes along with a request.

use super::set_cookie;
use super::set_cookie::SameSite;
use crate::model::Header;
use crate::model::Origin;
use crate::model::Response;
use crate::model::Scheme;

/// Cookies kept at most, so that a hostile target cannot fill the memory; the oldest go first.
const MAX_COOKIES: usize = 300;

/// One stored cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value, as received.
    pub value: Vec<u8>,
    /// Whom it is sent to, lower-case.
    pub domain: String,
    /// Only to exactly that host, not to those below it.
    pub host_only: bool,
    /// Where it is sent, with everything below.
    pub path: String,
    /// Only over TLS.
    pub secure: bool,
    /// When it is sent for other sites.
    pub same_site: SameSite,
    /// Seconds since 1970; `None` for the end of the run.
    pub expires: Option<i64>,
    /// Which of the jar's it was, counted from the first: one that replaces another has its number.
    pub number: u64,
}

/// Cookies of one user agent, in the order in which they are sent: longer paths first, then older
/// ones (RFC 6265 §5.4).
#[derive(Debug, Clone, Default)]
pub struct CookieJar {
    cookies: Vec<Cookie>,
    /// Stored until now.
    count: u64,
}

impl CookieJar {
    /// Takes the cookies that `response` to a request for `path_and_query` of `origin` sets, at
    /// `now` (seconds since 1970). A cookie that has expired removes the stored one.
    pub fn store(&mut self, origin: &Origin, path_and_query: &[u8], response: &Response, now: u64) {
        let lines = response.headers_named("set-cookie").map(|header| header.value.as_slice());
        self.store_lines(origin, path_and_query, lines, now);
    }

    /// The same for the values of `Set-Cookie` lines.
    pub fn store_lines<'a>(
        &mut self,
        origin: &Origin,
        path_and_query: &[u8],
        lines: impl IntoIterator<Item = &'a [u8]>,
        now: u64,
    ) {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        for line in lines {
            self.store_line(origin, path_and_query, line, now);
        }
    }

    /// The `Cookie` header for a request, if any cookie belongs to it.
    pub fn header(&self, origin: &Origin, path_and_query: &[u8], now: u64) -> Option<Header> {
        let mut value = Vec::new();
        self.write(origin, path_and_query, now, &mut value).then(|| Header::new("Cookie", value))
    }

    /// Appends that header's value to `out`; false, and nothing, if no cookie belongs to the
    /// request.
    pub fn write(
        &self,
        origin: &Origin,
        path_and_query: &[u8],
        now: u64,
        out: &mut Vec<u8>,
    ) -> bool {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let path = path_of(path_and_query);
        let mut is_first = true;
        for cookie in self.cookies.iter().filter(|cookie| cookie.fits(origin, path, now)) {
            if !std::mem::take(&mut is_first) {
                out.extend_from_slice(b"; ");
            }
            out.extend_from_slice(cookie.name.as_bytes());
            out.push(b'=');
            out.extend_from_slice(&cookie.value);
        }
        !is_first
    }

    /// The value of the cookie of that name that pages of the origin are sent; of several, the one
    /// that is sent first.
    pub fn value(&self, origin: &Origin, name: &str, now: u64) -> Option<&[u8]> {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let is_it = |cookie: &&Cookie| cookie.name == name && cookie.fits_host(origin, now);
        self.cookies.iter().find(is_it).map(|cookie| cookie.value.as_slice())
    }

    /// What is stored, in the order in which it is sent, expired ones included.
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.cookies.clear();
    }

    fn store_line(&mut self, origin: &Origin, path_and_query: &[u8], line: &[u8], now: i64) {
        let Some(set) = set_cookie::parse(line, now) else { return };
        let (domain, host_only) = match set.domain {
            None => (origin.host.clone(), true),
            Some(domain) if domain == origin.host => (domain, origin.literal_ip().is_some()),
            Some(domain) if is_below(origin, &domain) => (domain, false),
            Some(_) => return,
        };
        let default =
            || String::from_utf8_lossy(default_path(path_of(path_and_query))).into_owned();
        let path = set.path.unwrap_or_else(default);
        let mut cookie = Cookie {
            name: set.name,
            value: set.value,
            domain,
            host_only,
            path,
            secure: set.secure,
            same_site: set.same_site,
            expires: set.expires,
            number: self.count,
        };
        let is_live = cookie.is_live(now);
        let place = self.cookies.iter().position(|stored| stored.is_same_as(&cookie));
        match place {
            // The creation time, and with it the order, stays that of the first (§5.3 step 11).
            Some(index) if is_live => {
                cookie.number = self.cookies[index].number;
                self.cookies[index] = cookie;
            }
            Some(index) => drop(self.cookies.remove(index)),
            None if is_live => self.add(cookie, now),
            None => {}
        }
    }

    fn add(&mut self, cookie: Cookie, now: i64) {
        self.cookies.retain(|stored| stored.is_live(now));
        if self.cookies.len() == MAX_COOKIES {
            let oldest = self.cookies.iter().enumerate().min_by_key(|(_, stored)| stored.number);
            let (oldest, _) = oldest.expect("there are some");
            self.cookies.remove(oldest);
        }
        let is_before = |stored: &Cookie| stored.path.len() >= cookie.path.len();
        let place = self.cookies.partition_point(is_before);
        self.cookies.insert(place, cookie);
        self.count += 1;
    }
}

impl Cookie {
    fn fits(&self, origin: &Origin, path: &[u8], now: i64) -> bool {
        self.fits_host(origin, now) && path_matches(path, self.path.as_bytes())
    }

    fn fits_host(&self, origin: &Origin, now: i64) -> bool {
        let is_host = self.domain == origin.host;
        self.is_live(now)
            && (is_host || (!self.host_only && is_below(origin, &self.domain)))
            && (!self.secure || origin.scheme == Scheme::Https)
    }

    fn is_live(&self, now: i64) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    fn is_same_as(&self, other: &Self) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }
}

/// Whether the origin's host is a name below `domain`; addresses are below nothing, and a domain of
/// one label (`com`) has no cookies of its own.
fn is_below(origin: &Origin, domain: &str) -> bool {
    domain.contains('.')
        && origin.literal_ip().is_none()
        && origin.host.strip_suffix(domain).is_some_and(|below| below.ends_with('.'))
}

fn path_of(path_and_query: &[u8]) -> &[u8] {
    path_and_query.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default()
}

/// RFC 6265 §5.1.4: up to, but not including, the last slash.
fn default_path(path: &[u8]) -> &[u8] {
    match memchr::memrchr(b'/', path) {
        Some(end) if end > 0 && path.starts_with(b"/") => &path[..end],
        _ => b"/",
    }
}

fn path_matches(path: &[u8], cookie_path: &[u8]) -> bool {
    match path.strip_prefix(cookie_path) {
        Some(rest) => rest.is_empty() || cookie_path.ends_with(b"/") || rest.starts_with(b"/"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpVersion;
    use crate::model::Target;

    const NOW: u64 = 1_000_000;

    fn jar(url: &str, lines: &[&str]) -> CookieJar {
        let mut jar = CookieJar::default();
        add(&mut jar, url, lines);
        jar
    }

    fn add(jar: &mut CookieJar, url: &str, lines: &[&str]) {
        let target = Target::parse(url).expect("valid");
        let response = Response {
            status: 200,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: lines.iter().map(|line| Header::new("sEt-cookie", *line)).collect(),
            body: Vec::new(),
            wire_len: 0,
            truncated: false,
        };
        jar.store(&target.origin, target.path_and_query.as_bytes(), &response, NOW);
    }

    fn sent(jar: &CookieJar, url: &str) -> String {
        let target = Target::parse(url).expect("valid");
        let header = jar.header(&target.origin, target.path_and_query.as_bytes(), NOW);
        header.map(|header| header.text().into_owned()).unwrap_or_default()
    }

    #[test]
    fn a_cookie_without_domain_is_for_its_host_only() {
        let jar = jar("http://shop.example.com/", &["a=1"]);
        assert_eq!(sent(&jar, "http://shop.example.com:8080/x?y"), "a=1");
        assert_eq!(sent(&jar, "http://x.shop.example.com/"), "");
        assert_eq!(sent(&jar, "http://example.com/"), "");
    }

    #[test]
    fn a_domain_covers_what_is_below_it() {
        let jar = jar("http://shop.example.com/", &["a=1; Domain=.example.com"]);
        assert_eq!(sent(&jar, "http://example.com/"), "a=1");
        assert_eq!(sent(&jar, "http://x.y.example.com/"), "a=1");
        assert_eq!(sent(&jar, "http://notexample.com/"), "");
    }

    #[test]
    fn foreign_and_top_level_domains_are_refused() {
        for domain in ["other.com", "com", "x.shop.example.com", "le.com"] {
            let jar = jar("http://shop.example.com/", &[&format!("a=1; domain={domain}")]);
            assert_eq!(jar.cookies(), [], "{domain}");
        }
        let address = jar("http://127.0.0.1/", &["a=1; domain=0.0.1", "b=2; domain=127.0.0.1"]);
        assert_eq!(sent(&address, "http://127.0.0.1/"), "b=2");
    }

    #[test]
    fn paths_match_whole_segments() {
        let jar = jar("http://h/shop/cart?x=/y", &["a=1", "b=2; Path=/shop/cart", "c=3; path=/"]);
        assert_eq!(sent(&jar, "http://h/shop"), "a=1; c=3");
        assert_eq!(sent(&jar, "http://h/shop/cart/1"), "b=2; a=1; c=3");
        assert_eq!(sent(&jar, "http://h/shopping"), "c=3");
        assert_eq!(sent(&jar, "http://h/"), "c=3");
    }

    #[test]
    fn secure_cookies_need_tls() {
        let jar = jar("https://h/", &["a=1; Secure", "b=2"]);
        assert_eq!(sent(&jar, "http://h/"), "b=2");
        assert_eq!(sent(&jar, "https://h/"), "a=1; b=2");
    }

    #[test]
    fn newer_values_replace_and_expired_ones_remove() {
        let mut jar = jar("http://h/", &["a=1", "b=2; max-age=5", "a=3"]);
        assert_eq!(sent(&jar, "http://h/"), "a=3; b=2");
        let target = Target::parse("http://h/").expect("valid");
        let later = jar.header(&target.origin, b"/", NOW + 5).expect("a stays");
        assert_eq!(later.text(), "a=3");
        add(&mut jar, "http://h/", &["a=; expires=Thu, 01 Jan 1970 00:00:00 GMT"]);
        assert_eq!(sent(&jar, "http://h/"), "b=2");
    }

    #[test]
    fn a_flood_of_cookies_is_bounded() {
        let lines: Vec<_> = (0..1000).map(|number| format!("c{number}=x")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let jar = jar("http://h/", &lines);
        assert_eq!(jar.cookies().len(), MAX_COOKIES);
        assert_eq!(jar.cookies().last().map(|cookie| cookie.name.as_str()), Some("c999"));
        assert_eq!(jar.cookies()[0].name, "c700", "the oldest went first");
    }
}
