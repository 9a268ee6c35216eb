//! What a response tells of how it came about: where the server spent its time, which backend made
//! it, whether a cache had it and whether one might.
//!
//! Everything is read from the head of one response; nothing is guessed. Vendors write the same
//! things in different words, and these are the words that are known.

mod backend;
mod cache;
mod quota;
mod server_time;

use std::time::Duration;

pub use cache::{CacheState, Storing};
pub use quota::Quota;

/// Bytes of the longest name that is looked at: those that users name may be long.
const NAME: usize = 64;

/// What a response told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signals {
    /// Where the server says that its time went, in its order.
    pub server: Vec<ServerTime>,
    /// Who made the response, as the header has it.
    pub backend: Option<String>,
    /// What a cache on the way says.
    pub cache: Option<CacheState>,
    /// Whether a shared cache may keep it.
    pub storing: Storing,
    /// The server ends the connection after it.
    pub closes: bool,
    /// The server says when to come again.
    pub has_retry_after: bool,
    /// What it says of a limit on requests.
    pub quota: Option<Quota>,
}

/// A part of the server's time, as it measured it itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTime {
    /// What the server calls it.
    pub name: String,
    /// How long it took.
    pub took: Duration,
}

impl Signals {
    /// Reads a head. `observed` are headers that the user named: what they hold tells backends apart
    /// where it is nothing else.
    pub fn of<'a>(
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
        observed: &[String],
    ) -> Self {
        let mut signals = Self::default();
        let mut cache = cache::Reader::default();
        let mut backend = backend::Reader::new(observed);
        for (name, value) in fields {
            // Nobody who writes such headers writes them in another encoding.
            let Ok(value) = std::str::from_utf8(value) else { continue };
            let mut room = [0; NAME];
            let Some(name) = lower(name, &mut room) else { continue };
            match name {
                b"connection" => signals.closes |= has_token(value, "close"),
                b"retry-after" => signals.has_retry_after = true,
                _ => {}
            }
            server_time::read(name, value, &mut signals.server);
            quota::read(name, value, &mut signals.quota);
            cache.read(name, value);
            backend.read(name, value);
        }
        signals.cache = cache.state();
        signals.storing = cache.storing();
        signals.backend = backend.found();
        signals
    }

    /// How long the server says that it took: its total, or else all parts together; `None` where it
    /// says nothing.
    pub fn server_total(&self) -> Option<Duration> {
        server_time::total(&self.server)
    }
}

impl ServerTime {
    /// Whether it is the whole rather than a part.
    pub fn is_whole(&self) -> bool {
        server_time::is_whole(&self.name)
    }
}

/// A name in lower case, without allocation; `None` of one that is too long to be known.
fn lower<'r>(name: &[u8], room: &'r mut [u8; NAME]) -> Option<&'r [u8]> {
    let lower = room.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(lower)
}

fn has_token(list: &str, token: &str) -> bool {
    list.split(',').any(|item| item.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &[(&str, &str)]) -> Signals {
        let observed = ["X-Pod".to_owned(), "X-Cache".to_owned()];
        let fields = head.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        Signals::of(fields, &observed)
    }

    #[test]
    fn every_vendors_word_for_a_cache_is_understood() {
        use CacheState::{Bypass, Dynamic, Hit, Miss, Revalidated, Stale};
        for (name, value, state) in [
            ("Cache-Status", "Edge; hit; ttl=30", Some(Hit)),
            ("Cache-Status", "Origin; fwd=uri-miss; stored, Edge; hit", Some(Hit)),
            ("Cache-Status", "Origin; hit, Edge; fwd=miss", Some(Hit)),
            ("Cache-Status", "Edge; fwd=stale; fwd-status=304", Some(Revalidated)),
            ("Cache-Status", "Edge; fwd=stale; fwd-status=200", Some(Miss)),
            ("Cache-Status", "Edge; fwd=bypass", Some(Bypass)),
            ("Cache-Status", "Edge; fwd=method", Some(Dynamic)),
            ("cf-cache-status", "DYNAMIC", Some(Dynamic)),
            ("cf-cache-status", "EXPIRED", Some(Miss)),
            ("cf-cache-status", "UPDATING", Some(Stale)),
            ("X-Cache", "HIT, MISS", Some(Hit)),
            ("X-Cache", "MISS, MISS", Some(Miss)),
            ("X-Cache", "RefreshHit from cloudfront", Some(Revalidated)),
            ("X-Cache", "Error from cloudfront", None),
            ("X-Cache", "TCP_MEM_HIT", Some(Hit)),
            ("X-Cache-Status", "BYPASS", Some(Bypass)),
            ("X-Vercel-Cache", "PRERENDER", Some(Hit)),
            ("X-Varnish", "32770 3", Some(Hit)),
            ("X-Varnish", "32770", Some(Miss)),
            ("Age", "12", Some(Hit)),
            ("Age", "0", None),
            ("X-Cache", "\u{1f9ca}", None),
        ] {
            assert_eq!(read(&[(name, value)]).cache, state, "{name}: {value}");
        }
        // The standard's word counts, whichever comes first.
        let both = [("X-Cache", "MISS"), ("Cache-Status", "Edge; hit"), ("X-Cache", "MISS")];
        assert_eq!(read(&both).cache, Some(Hit));
    }

    #[test]
    fn what_stands_against_storing_is_told() {
        for (head, storing) in [
            (&[("Cache-Control", "public, max-age=60")][..], Storing::May),
            (&[("Cache-Control", "max-age=0, s-maxage=60")], Storing::May),
            (&[("Expires", "Thu, 01 Dec 2033 16:00:00 GMT")], Storing::May),
            (&[("Expires", "0")], Storing::NoFreshness),
            (&[("Cache-Control", "NO-STORE")], Storing::NoStore),
            (&[("Cache-Control", "private, max-age=60")], Storing::Private),
            (&[("Cache-Control", "private=\"set-cookie\", max-age=60")], Storing::May),
            (&[("Cache-Control", "max-age=0")], Storing::AskEachTime),
            (&[("Cache-Control", "no-cache, max-age=60")], Storing::AskEachTime),
            (&[("Cache-Control", "max-age=60"), ("Set-Cookie", "a=1")], Storing::SetsCookie),
            (&[("Cache-Control", "max-age=60"), ("Vary", "Accept, *")], Storing::VariesByAll),
            (&[("Content-Type", "text/html")], Storing::NoFreshness),
        ] {
            assert_eq!(read(head).storing, storing, "{head:?}");
        }
    }

    #[test]
    fn times_of_the_server_are_in_their_own_units() {
        let micros = Duration::from_micros;
        for (head, parts, total) in [
            (("Server-Timing", "db;dur=53.2, app;dur=4"), 2, Some(57_200)),
            (("Server-Timing", "db;dur=3;desc=\"a, b;c\", total;dur=9.5"), 2, Some(9_500)),
            (("Server-Timing", "cdn-cache;desc=HIT, edge;dur=\"2\""), 1, Some(2_000)),
            (("Server-Timing", "db;dur=-1, app;dur=NaN, x;dur=1e99"), 0, None),
            (("X-Runtime", "0.125"), 1, Some(125_000)),
            (("X-Response-Time", "12ms"), 1, Some(12_000)),
            (("X-Response-Time", "250us"), 1, Some(250)),
            (("X-Envoy-Upstream-Service-Time", "7"), 1, Some(7_000)),
            (("X-Timer", "S1512081234.307,VS0,VE13"), 1, Some(13_000)),
            (("X-Runtime", "soon"), 0, None),
        ] {
            let read = read(&[head]);
            assert_eq!(read.server.len(), parts, "{head:?}: {read:?}");
            assert_eq!(read.server_total(), total.map(micros), "{head:?}");
        }
        let many: Vec<String> = (0..200).map(|part| format!("p{part};dur=1")).collect();
        assert_eq!(read(&[("Server-Timing", &many.join(","))]).server.len(), 12);
    }

    #[test]
    fn limits_are_read_in_every_form_that_is_in_use() {
        let quota = |limit, left| Some(Quota { limit, left });
        for (head, told) in [
            (&[("RateLimit", "\"default\";r=50;t=30")][..], quota(None, Some(50))),
            (&[("RateLimit", "limit=100, remaining=7, reset=5")], quota(Some(100), Some(7))),
            (&[("RateLimit-Policy", "\"burst\";q=100;w=60")], quota(Some(100), None)),
            (&[("RateLimit-Policy", "10;w=1, 1000;w=3600")], quota(Some(10), None)),
            (
                &[("X-RateLimit-Limit", "5000"), ("X-RateLimit-Remaining", "4987")],
                quota(Some(5000), Some(4987)),
            ),
            (&[("X-Rate-Limit-Remaining", "0")], quota(None, Some(0))),
            (&[("RateLimit-Limit", "100, 100;w=60")], quota(Some(100), None)),
            (&[("X-RateLimit-Limit", "unlimited"), ("RateLimit", ";;=,")], None),
            (&[("X-RateLimit-Limit", "99999999999999999999999")], None),
            (&[("X-RateLimit-Reset", "1372700873")], None),
        ] {
            assert_eq!(read(head).quota, told, "{head:?}");
        }
    }

    #[test]
    fn the_surest_name_of_a_backend_counts() {
        let name = |head: &[(&str, &str)]| read(head).backend;
        let cookie = ("Set-Cookie", "SERVERID=s2; path=/");
        assert_eq!(name(&[cookie]).as_deref(), Some("s2"));
        assert_eq!(name(&[cookie, ("X-Served-By", "app-1")]).as_deref(), Some("app-1"));
        assert_eq!(
            name(&[("X-Served-By", "app-1"), ("x-pod", "web-7")]).as_deref(),
            Some("web-7"),
            "the user's own header is surest"
        );
        assert_eq!(name(&[("X-Cache", "HIT")]), None, "a cache's state is no backend");
        let session = ("Set-Cookie", "JSESSIONID=5F3A9C.node2; HttpOnly");
        assert_eq!(name(&[session]).as_deref(), Some("node2"));
        assert_eq!(name(&[("Set-Cookie", "JSESSIONID=5F3A9C")]), None);
        let hostile = format!("\u{1b}[2J{}", "x".repeat(900));
        let shown = name(&[("X-Backend", &hostile)]).expect("it is told");
        assert!(shown.chars().count() <= 80 && !shown.contains('\u{1b}'), "{shown}");
    }
}
