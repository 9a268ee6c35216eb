//! Which pages the browser is to show, and what becomes of what it saw.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::hash::DefaultHasher;
use std::hash::Hasher as _;
use std::sync::Arc;

use super::crawler::Crawler;
use super::fetch::Asked;
use super::fetch::Fetched;
use super::fetch::read;
use super::item::Candidate;
use super::item::Item;
use super::turns::Running;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::OperationSource;
use crate::model::Request;
use crate::scan::browse::Explorer;
use crate::scan::browse::Left;
use crate::scan::browse::Novelty;
use crate::scan::browse::Rendered;
use crate::scan::record::Memory;
use crate::scan::site::Found;
use crate::scan::site::FoundIn;
use crate::scan::templates::PathId;

/// Pages of one kind that are shown: what scripts do on one, they do on its like.
const PER_KIND: u32 = 2;

/// Pages in a row with the same scripts that showed nothing new, before others of them are left.
const DRY: u32 = 4;

/// Pages that wait to be shown.
const MAX_WAITING: usize = 2000;

/// Headers of a script's own that belong to what it asks for.
const KEPT: [&str; 3] = ["content-type", "accept", "x-requested-with"];

/// Path template and names of parameters.
type Kind = (PathId, Arc<BTreeSet<String>>);

/// What one of the crawl's tasks gives.
pub(super) enum Done {
    /// An item was fetched.
    Fetched(Box<Fetched>),
    /// A page was shown.
    Shown(Box<Shown>),
}

impl Done {
    /// What it is, the same in every run.
    pub(super) fn item(&self, memory: &Memory) -> i64 {
        match self {
            Self::Fetched(fetched) => memory.item(&fetched.item.request, "fetched"),
            Self::Shown(shown) => memory.item(&shown.item.request, "shown"),
        }
    }
}

/// A page that was shown.
pub(super) struct Shown {
    item: Item,
    scripts: u64,
    explorer: Explorer,
    rendered: Rendered,
}

/// The browser and what it is to show.
pub(super) struct Shows {
    /// There is a browser at all.
    is_wanted: bool,
    /// `None` while it shows something.
    explorer: Option<Explorer>,
    /// What it shows.
    showing: Option<Item>,
    waiting: VecDeque<Waiting>,
    offered: HashMap<Kind, u32>,
    /// Pages with the same scripts.
    scripts: HashMap<u64, Scripts>,
    /// Left out because there were too many, and because their scripts were known.
    left_out: u64,
    same_scripts: u64,
    /// What the explorer remembers is to be forgotten.
    starts_over: bool,
}

/// A page that is to be shown.
struct Waiting {
    item: Item,
    scripts: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Scripts {
    shown: u32,
    /// Pages in a row that showed nothing new.
    dry: u32,
}

impl Shows {
    pub(super) fn new(explorer: Option<Explorer>) -> Self {
        Self {
            is_wanted: explorer.is_some(),
            explorer,
            showing: None,
            waiting: VecDeque::new(),
            offered: HashMap::new(),
            scripts: HashMap::new(),
            left_out: 0,
            same_scripts: 0,
            starts_over: false,
        }
    }

    /// Takes what was fetched, if it is a page and not enough of its kind were shown.
    pub(super) fn offer(&mut self, item: &Item, fetched: &Fetched) {
        let response = fetched.exchange.as_ref().ok().and_then(|exchange| exchange.response());
        let Some(response) = response.filter(|_| self.is_wanted && !fetched.missing) else {
            return;
        };
        let is_page = response.is_html() && response.status < 300;
        if !is_page || item.request.method.as_str() != "GET" {
            return;
        }
        let Some(scripts) = scripts(&response.body) else { return };
        let offered = self.offered.entry(kind(item)).or_insert(0);
        if *offered >= PER_KIND {
            return;
        }
        *offered += 1;
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(Waiting { item: item.clone(), scripts });
        } else {
            self.left_out += 1;
        }
    }

    /// It may have been shown to nobody: it may be shown once more.
    pub(super) fn forget(&mut self, item: &Item) {
        self.offered.remove(&kind(item));
    }

    /// The page that the browser shows now.
    pub(super) fn showing(&self) -> Option<Item> {
        self.showing.clone()
    }

    /// What was shown was perhaps nobody's: nothing of it counts as tried.
    pub(super) fn start_over(&mut self) {
        self.starts_over = true;
        self.scripts.clear();
    }

    /// Ends the browser; whether everything was shown that was to be.
    pub(super) async fn close(&mut self) -> bool {
        let left = Left {
            waiting: self.waiting.len() as u64 + self.left_out,
            same_scripts: self.same_scripts,
        };
        match self.explorer.take() {
            Some(explorer) => explorer.close(left).await,
            // A fault of ours took it along, and was reported.
            None => !self.is_wanted,
        }
    }
}

impl Crawler {
    /// Has the browser show the next page, if it shows none.
    pub(super) fn show_next(&mut self, running: &mut Running) {
        // URLs that are used up are no reason to see less of those that were fetched.
        if self.is_over() || self.job.traffic.is_stopping() {
            return;
        }
        let shows = &mut self.shows;
        let Some(mut explorer) = shows.explorer.take_if(|explorer| explorer.has_room()) else {
            return;
        };
        if std::mem::take(&mut shows.starts_over) {
            explorer.forget();
        }
        while let Some(Waiting { item, scripts }) = shows.waiting.pop_front() {
            let known = shows.scripts.entry(scripts).or_default();
            if known.dry >= DRY {
                shows.same_scripts += 1;
                continue;
            }
            known.shown += 1;
            let novelty = if known.shown == 1 { Novelty::New } else { Novelty::Known };
            shows.showing = Some(item.clone());
            running.spawn(async move {
                let rendered = explorer.render(&item.url, novelty).await;
                (None, Done::Shown(Box::new(Shown { item, scripts, explorer, rendered })))
            });
            return;
        }
        shows.explorer = Some(explorer);
    }

    /// Goes on with what a page showed, asked for and wanted to send.
    pub(super) fn absorb_shown(&mut self, shown: Shown, running: &mut Running) {
        let Shown { item, scripts, explorer, rendered } = shown;
        let mut led_on = false;
        self.shows.explorer = Some(explorer);
        self.shows.showing = None;
        self.left_out.unread += u64::from(rendered.page.truncated);
        for exchange in rendered.exchanges {
            led_on |= self.read_exchange(&item, exchange, running);
        }
        for found in rendered.found {
            let Some(candidate) = candidate(&item, &found.request) else { continue };
            led_on |= match found.left_alone {
                None => self.offer_candidate(candidate, "", |_| {}),
                Some(left) => self.leave(candidate, left.why, left.reason),
            };
        }
        led_on |= self.follow_page(&item, &rendered.page, FoundIn::Browser, false);
        self.settle();
        let known = self.shows.scripts.entry(scripts).or_default();
        known.dry = if led_on { 0 } else { known.dry + 1 };
        self.note_unproven(self.job.traffic.now(), &item);
    }

    /// What a page has fetched is not fetched again; whether it is new.
    fn read_exchange(
        &mut self,
        from: &Item,
        exchange: Arc<Exchange>,
        running: &mut Running,
    ) -> bool {
        let Some(candidate) = candidate(from, &exchange.request) else { return false };
        let (item, key) = self.item(candidate);
        let directory = self.templates.directory(item.path);
        let Some(kind) = self.frontier.note(&item, key, directory) else { return false };
        self.site.discover(item.url.as_str());
        let item = Item { page: Some(from.url.clone()), ..item };
        let directory = self.templates.text(directory);
        let asked = Asked { item, kind, directory, exchange: Ok(exchange), is_counted: true };
        let (traffic, soft404) = (Arc::clone(&self.job.traffic), Arc::clone(&self.soft404));
        running.spawn(async move {
            (None, Done::Fetched(Box::new(read(traffic, soft404, asked).await)))
        });
        true
    }
}

fn kind(item: &Item) -> Kind {
    (item.path, Arc::clone(&item.parameters))
}

/// A request of a page, without what the browser, the session and the run put into every one.
fn candidate(from: &Item, request: &Request) -> Option<Candidate> {
    let kept = |header: &&Header| KEPT.iter().any(|name| header.is(name));
    let request = Request {
        headers: request.headers.iter().filter(kept).cloned().collect(),
        ..request.clone()
    };
    let found = Found { by: FoundIn::Browser, page: Some(Arc::from(from.url.as_str())) };
    Candidate::of(request, from.depth + 1, OperationSource::Browser, found)
}

/// What a page has of scripts, hashed; `None` where a browser would show no more than stands there.
fn scripts(html: &[u8]) -> Option<u64> {
    let starts = |at: usize, word: &str| {
        html.get(at..at + word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()))
    };
    let mut hasher = DefaultHasher::new();
    let mut has_some = false;
    let mut from = 0;
    for at in memchr::memchr2_iter(b'<', b' ', html) {
        let end = match () {
            () if at < from => continue,
            () if starts(at, "<script") => memchr::memmem::find(&html[at..], b"</"),
            () if starts(at, "<iframe") || is_handler(&html[at..]) => {
                memchr::memchr(b'>', &html[at..])
            }
            () => continue,
        };
        from = end.map_or(html.len(), |end| at + end);
        hasher.write(&html[at..from]);
        has_some = true;
    }
    has_some |= memchr::memmem::find(html, b"javascript:").is_some();
    has_some.then(|| hasher.finish())
}

/// Whether an attribute like ` onclick=` stands here.
fn is_handler(html: &[u8]) -> bool {
    let Some(name) = html.get(1..).filter(|it| it.len() > 2 && it[..2].eq_ignore_ascii_case(b"on"))
    else {
        return false;
    };
    let letters = name.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    letters > 2 && name.get(letters) == Some(&b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_with_the_same_scripts_are_told_from_others_and_from_those_without() {
        let of = |html: &str| scripts(html.as_bytes());
        for text in ["<p>once upon a time on </p>", "<p>text on", " on", " on=", "<p on"] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(
            of("<p>1</p><SCRIPT src=/a.js></script>"),
            of("<b>2</b><SCRIPT src=/a.js></script>")
        );
        assert_ne!(of("<script>a()</script>"), of("<script>b()</script>"));
        assert_ne!(of("<b onclick='a()'>"), of("<b onclick='b()'>"));
        assert!(of("<a href='javascript:x()'>").is_some());
        assert!(of("<script").is_some());
    }
}
