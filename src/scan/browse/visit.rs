//! What is learnt while the browser shows one page.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;
use tokio::sync::watch;
use url::Url;

use super::paused::Paused;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::LeftAlone;
use crate::model::Request;
use crate::scan::page::Link;

/// Kept of one visit; what is beyond is counted.
const MAX_LINKS: usize = 2000;
const MAX_FOUND: usize = 500;

/// Requests that one page may make.
const MAX_SENT: u64 = 300;

/// A request that a page wanted to make, and that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) request: Request,
    /// Why; `None` where the crawler may send it.
    pub(crate) left_alone: Option<LeftAlone>,
}

/// What pages of a check have told, kept of one visit.
const MAX_TOLD: usize = 200;

/// A check on whose account a page is shown.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// Check and place.
    pub(crate) purpose: Arc<str>,
    /// The path that everything counts under.
    pub(crate) stands_for: String,
    /// What says which check sent it.
    pub(crate) tag: Option<Header>,
    /// Requests of the check.
    pub(crate) sent: Arc<AtomicU64>,
    pub(crate) budget: u64,
}

impl Cause {
    /// Whether nothing more may be sent.
    pub(crate) fn is_spent(&self) -> bool {
        self.sent.load(Ordering::Relaxed) >= self.budget
    }

    /// Counts one request; whether it may be sent.
    pub(super) fn claim(&self) -> bool {
        let has_room = self.sent.fetch_add(1, Ordering::Relaxed) < self.budget;
        if !has_room {
            self.sent.fetch_sub(1, Ordering::Relaxed);
        }
        has_room
    }
}

/// One visit of a page.
#[derive(Debug)]
pub(super) struct Visit {
    /// The window, which is its outermost frame too.
    pub(super) window: String,
    /// The check that it is for; `None` for the crawl.
    pub(super) cause: Option<Arc<Cause>>,
    /// A page of ours that stands for another site, by address and markup.
    pub(super) from: Option<(String, String)>,
    seen: Mutex<Seen>,
    changed: Notify,
    crashed: Notify,
    is_over: watch::Sender<bool>,
}

/// What was seen until now.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The page itself was asked for.
    pub(super) has_begun: bool,
    /// The page's process has ended.
    pub(super) is_crashed: bool,
    /// Requests that wait for their answer, by the browser's names for them.
    pub(super) in_flight: BTreeMap<String, Request>,
    /// Counts whatever the page did that can be seen from outside.
    pub(super) activity: u64,
    pub(super) sent: u64,
    /// Other addresses that the page gave itself without leaving.
    pub(super) routes: u64,
    /// Attempts to leave it.
    pub(super) away: u64,
    /// Streams that were asked for.
    pub(super) streams: BTreeSet<String>,
    /// Windows that the page has opened.
    pub(super) popups: BTreeSet<String>,
    pub(super) links: Vec<Link>,
    pub(super) found: Vec<Found>,
    pub(super) exchanges: Vec<Arc<Exchange>>,
    /// Bytes of their answers.
    pub(super) kept: usize,
    /// Requests that the scope does not allow, and where the first few would have gone.
    pub(super) out_of_scope: u64,
    pub(super) strangers: BTreeSet<String>,
    /// Requests and links beyond the bounds.
    pub(super) left_out: u64,
    /// Requests whose like took too long to answer.
    pub(super) slow: u64,
    /// What the page of a check has told.
    pub(super) told: BTreeSet<String>,
    /// The page of a check, as it was answered.
    pub(super) page: Option<Arc<Exchange>>,
}

impl Visit {
    /// Nothing is known of the page in that window.
    pub(super) fn new(window: String) -> Self {
        Self::of_check(window, None, None)
    }

    /// The same for a check, perhaps begun by another site.
    pub(super) fn of_check(
        window: String,
        cause: Option<Arc<Cause>>,
        from: Option<(String, String)>,
    ) -> Self {
        let (changed, crashed) = (Notify::new(), Notify::new());
        Self {
            window,
            cause,
            from,
            seen: Mutex::default(),
            changed,
            crashed,
            is_over: watch::Sender::new(false),
        }
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no holder panics")
    }

    /// What another site answers, if it is asked.
    pub(super) fn other_site(&self, paused: &Paused) -> Option<&str> {
        let (address, markup) = self.from.as_ref()?;
        let is_it = paused.url.as_ref().is_some_and(|url| url.as_str() == address);
        if is_it {
            self.seen().has_begun = true;
        }
        is_it.then_some(markup)
    }

    /// Takes everything out; what was not answered is left to the crawler.
    pub(super) fn take(&self) -> Seen {
        let mut seen = std::mem::take(&mut *self.seen());
        for request in std::mem::take(&mut seen.in_flight).into_values() {
            if let Ok(url) = Url::parse(&request.url()) {
                seen.leave_to_crawler(&request, &url);
            }
        }
        seen
    }

    /// The page is not shown any more: what it still wants is not sent.
    pub(super) fn end(&self) {
        self.is_over.send_replace(true);
    }

    /// Waits for that.
    pub(super) async fn is_over(&self) {
        let mut is_over = self.is_over.subscribe();
        // It cannot be closed while we are there.
        let _open = is_over.wait_for(|is_over| *is_over).await;
    }

    /// A request was answered.
    pub(super) fn answered(&self, id: &str) {
        let mut seen = self.seen();
        seen.in_flight.remove(id);
        seen.activity += 1;
        drop(seen);
        self.changed.notify_one();
    }

    /// The page's process has ended.
    pub(super) fn note_crash(&self) {
        self.seen().is_crashed = true;
        self.crashed.notify_waiters();
    }

    /// Waits for the page's process to end.
    pub(super) async fn crash(&self) {
        let mut crashed = std::pin::pin!(self.crashed.notified());
        crashed.as_mut().enable();
        // It may have ended before anybody waited.
        if !self.seen().is_crashed {
            crashed.await;
        }
    }

    /// Waits until some request is answered.
    pub(super) async fn change(&self) {
        self.changed.notified().await;
    }
}

impl Seen {
    /// An address that the page named in passing.
    pub(super) fn link(&mut self, url: Url) {
        self.activity += 1;
        if self.links.iter().any(|link| link.url == url) {
            return;
        }
        if self.links.len() < MAX_LINKS {
            self.links.push(Link {
                url,
                label: String::new(),
                method: "GET",
                doubt: None,
                body: None,
                is_worker: false,
            });
        } else {
            self.left_out += 1;
        }
    }

    /// A request that is not sent from here.
    pub(super) fn find(&mut self, request: Request, left_alone: Option<LeftAlone>) {
        self.activity += 1;
        let found = Found { request, left_alone };
        if self.found.contains(&found) {
            return;
        }
        if self.found.len() < MAX_FOUND {
            self.found.push(found);
        } else {
            self.left_out += 1;
        }
    }

    /// The crawler sends it, if anybody does.
    pub(super) fn leave_to_crawler(&mut self, request: &Request, url: &Url) {
        if request.method.as_str() == "GET" {
            self.link(url.clone());
        } else {
            self.find(request.clone(), None);
        }
    }

    /// A page of a check has something to say.
    pub(super) fn tell(&mut self, line: &str) {
        if self.told.len() < MAX_TOLD && line.len() <= 300 {
            self.told.insert(line.to_owned());
        }
    }

    /// Whether the page may send one more; counts it where not.
    pub(super) fn has_room(&mut self) -> bool {
        self.activity += 1;
        let has_room = self.sent < MAX_SENT;
        self.left_out += u64::from(!has_room);
        has_room
    }

    /// A request is sent, which the browser knows by `id`.
    pub(super) fn send(&mut self, id: &str, request: &Request) {
        self.sent += 1;
        self.in_flight.insert(id.to_owned(), request.clone());
    }
}
