//! What is learnt while the browser shows one page.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use tokio::sync::Notify;
use url::Url;

use super::paused::Purpose;
use crate::model::Exchange;
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

/// One visit of a page.
#[derive(Debug)]
pub(super) struct Visit {
    /// The window, which is its outermost frame too.
    pub(super) window: String,
    seen: Mutex<Seen>,
    changed: Notify,
    crashed: Notify,
}

/// What was seen until now.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The page itself was asked for.
    pub(super) has_begun: bool,
    /// The page's process has ended.
    pub(super) is_crashed: bool,
    /// Requests that wait for their answer.
    pub(super) in_flight: usize,
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
}

impl Visit {
    /// Nothing is known of the page in that window.
    pub(super) fn new(window: String) -> Self {
        Self { window, seen: Mutex::default(), changed: Notify::new(), crashed: Notify::new() }
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no holder panics")
    }

    /// Takes everything out.
    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen())
    }

    /// A request was answered.
    pub(super) fn answered(&self, purpose: Purpose) {
        let mut seen = self.seen();
        seen.in_flight = seen.in_flight.saturating_sub(waited_for(purpose));
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

/// A stream of events may never end: no page is done only when it is.
fn waited_for(purpose: Purpose) -> usize {
    usize::from(purpose != Purpose::Events)
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

    /// Whether the page may send one more.
    pub(super) fn claim(&mut self, purpose: Purpose) -> bool {
        self.activity += 1;
        if self.sent >= MAX_SENT {
            self.left_out += 1;
            return false;
        }
        self.sent += 1;
        self.in_flight += waited_for(purpose);
        true
    }
}
