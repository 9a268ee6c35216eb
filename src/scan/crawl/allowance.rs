//! What is left of a crawl's bounds, for the crawler and for the pages of the browser alike.

use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::robots::Robots;
use crate::model::Exchange;
use crate::model::Origin;
use crate::model::Request;
use crate::plan::CrawlSettings;

/// See the module.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// What is asked of crawlers, by origin, where it is obeyed.
    robots: HashMap<Origin, Robots>,
    max_urls: u64,
    max_bytes: u64,
    /// Of answers, on the wire.
    bytes: AtomicU64,
    /// On the run's clock, in microseconds.
    end: AtomicU64,
    /// Hashes of what was asked for: the same once more is no further URL.
    asked: Mutex<HashSet<u64>>,
}

impl Allowance {
    /// All of it, and no end.
    pub(super) fn new(settings: &CrawlSettings, robots: HashMap<Origin, Robots>) -> Self {
        Self {
            robots,
            max_urls: settings.max_urls,
            max_bytes: settings.max_bytes.unwrap_or(u64::MAX),
            bytes: AtomicU64::new(0),
            end: AtomicU64::new(u64::MAX),
            asked: Mutex::default(),
        }
    }

    /// For pages that no crawl asks for: their bounds are those of whoever shows them.
    pub(crate) fn unbounded() -> Self {
        let settings = CrawlSettings { max_urls: u64::MAX, ..CrawlSettings::default() };
        Self::new(&settings, HashMap::new())
    }

    /// Nothing is shown after `end`, on the run's clock.
    pub(super) fn end_at(&self, end: Duration) {
        self.end.store(micros(end), Ordering::Relaxed);
    }

    /// Whether nothing new may be asked for.
    pub(super) fn is_out_of_urls(&self) -> bool {
        self.urls() >= self.max_urls
    }

    pub(super) fn is_out_of_bytes(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) >= self.max_bytes
    }

    /// Whether nothing may be asked for, new or not.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        micros(now) >= self.end.load(Ordering::Relaxed) || self.is_out_of_bytes()
    }

    /// Counts the bytes of an answer.
    pub(crate) fn count(&self, exchange: &Exchange) {
        let bytes = exchange.response().map_or(0, |response| response.wire_len);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether `robots.txt` leaves the request to crawlers, where it is obeyed.
    pub(crate) fn robots_allow(&self, request: &Request) -> bool {
        let robots = self.robots.get(&request.origin);
        robots.is_none_or(|robots| robots.allows(&request.path_and_query_text()))
    }

    /// Counts a request that is about to be sent.
    pub(super) fn note(&self, request: &Request) {
        self.asked.lock().expect("no holder panics").insert(key(request));
    }

    /// The same unless URLs are used up; whether it may be sent.
    pub(crate) fn claim(&self, request: &Request) -> bool {
        let mut asked = self.asked.lock().expect("no holder panics");
        let key = key(request);
        let may = asked.contains(&key) || (asked.len() as u64) < self.max_urls;
        if may {
            asked.insert(key);
        }
        may
    }

    fn urls(&self) -> u64 {
        self.asked.lock().expect("no holder panics").len() as u64
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn key(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    (request.origin.to_string(), request.method.as_str()).hash(&mut hasher);
    (&request.path_and_query, &request.body).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::Target;

    /// Of a crawl that may ask for `max_urls`.
    pub(crate) fn allowance(max_urls: u64, robots: &str) -> Allowance {
        let origin = Target::parse("http://127.0.0.1:1/").expect("valid").origin;
        let settings = CrawlSettings { max_urls, ..CrawlSettings::default() };
        Allowance::new(&settings, HashMap::from([(origin, Robots::parse(robots))]))
    }

    #[test]
    fn what_was_asked_for_may_be_asked_for_again_and_costs_nothing() {
        let allowance = allowance(2, "");
        let origin = Target::parse("http://127.0.0.1:1/").expect("valid").origin;
        let get = |path: &str| Request::get(origin.clone(), path);
        allowance.note(&get("/a"));
        for (path, may) in [("/a", true), ("/b", true), ("/c", false), ("/b", true), ("/c", false)]
        {
            assert_eq!(allowance.claim(&get(path)), may, "{path}");
        }
        assert_eq!(allowance.urls(), 2);
    }
}
