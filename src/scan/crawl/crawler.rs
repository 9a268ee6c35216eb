//! The crawl itself: takes from the frontier, fetches several at once, files what comes back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use url::Url;

use super::fetch::Fetched;
use super::fetch::fetch;
use super::frontier::Frontier;
use super::frontier::Item;
use super::frontier::Offer;
use super::left_out::LeftOut;
use super::sources;
use crate::model::Event;
use crate::model::Method;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::OperationSource;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Seed;
use crate::model::Target;
use crate::model::inert;
use crate::model::plural;
use crate::plan::CrawlSettings;
use crate::scan::careful;
use crate::scan::form::Form;
use crate::scan::form::FormEncoding;
use crate::scan::link;
use crate::scan::link::Class;
use crate::scan::page::Link;
use crate::scan::point;
use crate::scan::site::Sighting;
use crate::scan::site::Site;
use crate::scan::soft404::Soft404;
use crate::scan::traffic::Traffic;
use crate::scan::traffic::Unsent;
use crate::scan::unbound::Seeded;

/// Redirects followed in a row.
const MAX_HOPS: u32 = 10;

/// How often pages are fetched again because the login did not hold.
const MAX_ROUNDS: u32 = 5;

/// Waiting items per URL that may be fetched.
const QUEUE_PER_URL: u64 = 4;
const MAX_QUEUE: u64 = 50_000;

/// Files that carry neither links nor code: not fetched, and no operations.
const MEDIA: [&str; 24] = [
    "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp", "woff", "woff2", "ttf", "otf",
    "eot", "mp3", "mp4", "webm", "ogg", "wav", "avi", "mov", "zip", "gz", "pdf", "iso",
];

/// What a crawl needs to know.
pub(crate) struct CrawlJob {
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) start: Target,
    pub(crate) seeds: Vec<Seeded>,
    pub(crate) settings: CrawlSettings,
    pub(crate) concurrency: usize,
    pub(crate) allow_unsafe: bool,
    pub(crate) seed: Seed,
}

/// What a crawl found.
pub(crate) struct Crawled {
    pub(crate) site: Site,
    /// Nothing that it knew of was left out.
    pub(crate) complete: bool,
}

/// Crawls until nothing is left, the bounds are reached or the run is stopped; operations and
/// notices are sent as they come up.
pub(crate) async fn crawl(job: CrawlJob) -> Crawled {
    let capacity = (job.settings.max_urls * QUEUE_PER_URL).clamp(100, MAX_QUEUE);
    let mut crawler = Crawler {
        frontier: Frontier::new(usize::try_from(capacity).expect("at most MAX_QUEUE")),
        site: Site::default(),
        left_out: LeftOut::default(),
        events: Vec::new(),
        fetched: 0,
        unproven: Vec::new(),
        rounds: 0,
        job,
    };
    crawler.seed();
    crawler.run().await;
    crawler.finish().await
}

struct Crawler {
    job: CrawlJob,
    frontier: Frontier,
    site: Site,
    left_out: LeftOut,
    /// To be sent before the next fetch is awaited.
    events: Vec<Event>,
    fetched: u64,
    /// What was fetched since the login was last proven, and when.
    unproven: Vec<(Duration, Item)>,
    /// How often such pages were fetched again.
    rounds: u32,
}

impl Crawler {
    fn seed(&mut self) {
        for seed in std::mem::take(&mut self.job.seeds) {
            self.seed_template(seed);
        }
        let start = Request::get(
            self.job.start.origin.clone(),
            self.job.start.path_and_query.clone().into_bytes(),
        );
        if let Some(item) = Item::of(start, 0, OperationSource::Crawl) {
            self.offer(item);
        }
        for guess in sources::GUESSES {
            let request = Request::get(self.job.start.origin.clone(), guess);
            if let Some(item) = Item::of(request, 0, OperationSource::Crawl) {
                self.offer(Item { guess: true, ..item });
            }
        }
    }

    fn seed_template(&mut self, seed: Seeded) {
        let Seeded { template, source, left_alone } = seed;
        let Some(item) = Item::of(template.request.clone(), 0, source) else {
            let text = format!("crawl: the plan's request `{}` has no URL", template.name);
            self.events.push(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
            return;
        };
        let item = Item {
            path_template: Some(template.path_template.clone()),
            expected_statuses: template.expected_statuses.clone(),
            ..item
        };
        match left_alone {
            None => self.offer(item),
            Some(reason) => self.see(&item, None, false, Some(reason)),
        }
    }

    async fn run(&mut self) {
        let soft404 = Arc::new(Soft404::new(self.job.seed));
        let mut running = JoinSet::new();
        loop {
            self.doubt();
            while running.len() < self.job.concurrency.max(1)
                && self.fetched < self.job.settings.max_urls
                && !self.job.traffic.is_stopping()
                && let Some(item) = self.frontier.take()
            {
                self.fetched += 1;
                if self.job.traffic.is_somebody() {
                    self.unproven.push((self.job.traffic.now(), item.clone()));
                }
                running.spawn(fetch(Arc::clone(&self.job.traffic), Arc::clone(&soft404), item));
            }
            self.publish().await;
            match running.join_next().await {
                Some(Ok(fetched)) => self.absorb(&fetched),
                Some(Err(fault)) => self.left_out.faults.push(fault.to_string()),
                None if self.unproven.is_empty() || self.rounds >= MAX_ROUNDS => return,
                None => {
                    self.job.traffic.prove().await;
                    self.doubt();
                    if self.frontier.len() == 0 || self.job.traffic.is_stopping() {
                        return;
                    }
                }
            }
        }
    }

    /// What may have been fetched as nobody is fetched again.
    fn doubt(&mut self) {
        let traffic = &self.job.traffic;
        let Some(since) = traffic.take_doubtful().filter(|_| self.rounds < MAX_ROUNDS) else {
            if let Some(proof) = traffic.last_proof() {
                self.unproven.retain(|(at, _)| *at >= proof);
            }
            return;
        };
        self.rounds += 1;
        let mut again = 0;
        for (at, item) in std::mem::take(&mut self.unproven) {
            if at >= since {
                again += 1;
                self.frontier.offer_again(item);
            }
        }
        // They were counted once already.
        self.fetched = self.fetched.saturating_sub(again);
        let text = format!(
            "crawl: {} fetched since the login was last proven, perhaps as nobody: once more",
            plural(again, "page was", "pages were")
        );
        self.events.push(Event::Notice(Notice { level: NoticeLevel::Info, text }));
    }

    async fn finish(mut self) -> Crawled {
        self.left_out.waiting = self.frontier.len() as u64;
        // Some of what was too deep by one way was near by another.
        let frontier = &self.frontier;
        self.left_out.deeper.retain(|key| !frontier.knows(key));
        let settings = &self.job.settings;
        for notice in self.left_out.notices(settings.depth, settings.max_urls) {
            self.events.push(Event::Notice(notice));
        }
        self.publish().await;
        let complete = self.left_out.is_complete() && !self.job.traffic.is_stopping();
        Crawled { site: self.site, complete }
    }

    async fn publish(&mut self) {
        let progress = &self.job.traffic.progress;
        progress.fetched.store(self.fetched, Ordering::Relaxed);
        progress.queued.store(self.frontier.len() as u64, Ordering::Relaxed);
        progress.nodes.store(self.site.nodes().len() as u64, Ordering::Relaxed);
        for event in std::mem::take(&mut self.events) {
            self.job.traffic.event(event).await;
        }
    }

    fn absorb(&mut self, fetched: &Fetched) {
        let item = &fetched.item;
        match &fetched.exchange {
            Err(Unsent::Stopped) => return,
            Err(Unsent::OutOfScope(reason)) => {
                self.left_out.out_of_scope += 1;
                if item.source != OperationSource::Crawl {
                    self.see(item, None, false, Some(reason.to_string()));
                }
                return;
            }
            Ok(exchange) => self.file(item, exchange.response().map(|it| it.status), fetched),
        }
        if let Some(url) = fetched.redirect.as_ref().filter(|_| !fetched.missing) {
            self.follow_redirect(item, url);
        }
        self.left_out.unread += u64::from(fetched.page.truncated);
        for link in &fetched.page.links {
            self.follow_link(item, link);
        }
        for form in &fetched.page.forms {
            self.follow_form(item, form);
        }
    }

    /// Puts what was fetched into the site model, unless it turned out not to exist.
    fn file(&mut self, item: &Item, status: Option<u16>, fetched: &Fetched) {
        let gone = fetched.missing || matches!(status, Some(404 | 410));
        if gone && item.source == OperationSource::Crawl && !item.is_start() {
            return;
        }
        let reached = !fetched.missing && status.is_some_and(|status| item.expects(status));
        if item.guess && !reached {
            return;
        }
        self.see(item, status, reached, None);
    }

    fn see(&mut self, item: &Item, status: Option<u16>, reached: bool, skipped: Option<String>) {
        let changed = self.site.see(&Sighting {
            class: item.class.clone(),
            path_template: item.path_template.clone(),
            source: item.source,
            request: item.request.clone(),
            status,
            reached,
            skipped,
        });
        self.events.extend(changed.map(Event::Operation));
    }

    fn follow_redirect(&mut self, from: &Item, url: &Url) {
        if from.hops >= MAX_HOPS {
            self.left_out.redirects += 1;
            return;
        }
        if from.is_start() && !self.in_scope(url) {
            let text = format!(
                "crawl: the start page redirects to {}, which is out of scope; add its origin to \
                 scope.origins if it is yours to test",
                inert(url.as_str(), 200)
            );
            self.events.push(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
        }
        let Some(request) = link::get(url) else { return };
        if let Some(item) = Item::of(request, from.depth, OperationSource::Crawl) {
            self.offer_careful(Item { hops: from.hops + 1, ..item }, "");
        }
    }

    fn follow_link(&mut self, from: &Item, found: &Link) {
        if MEDIA.contains(&link::extension(found.url.path()).as_str()) {
            return;
        }
        let Some(request) = link::get(&found.url) else { return };
        let request = Request { method: Method::new(found.method), ..request };
        let is_safe = request.method.is_safe();
        let Some(item) = Item::of(request, from.depth + 1, OperationSource::Crawl) else { return };
        let page = Some(from.page.clone().unwrap_or_else(|| from.url.clone()));
        let item = Item { guess: found.is_likely, page, ..item };
        if is_safe || self.job.allow_unsafe {
            self.offer_careful(item, &found.label);
        } else if self.in_scope(&item.url) {
            self.see(&item, None, false, Some(unsafe_reason(found.method)));
        } else {
            self.left_out.out_of_scope += 1;
        }
    }

    fn follow_form(&mut self, from: &Item, form: &Form) {
        let submitted = match form.request() {
            Some(request) => Item::of(request, from.depth + 1, OperationSource::Crawl),
            None => link::get(&form.action)
                .and_then(|request| Item::of(request, from.depth + 1, OperationSource::Crawl)),
        };
        let Some(mut item) = submitted else { return };
        let names: Vec<String> = form.fields.iter().map(|(name, _)| name.clone()).collect();
        item.class = Class::of(&form.method, &item.url, &names);
        if form.asks_password && self.job.traffic.is_somebody() {
            let reason = "asks for a password: to send it could end the login".to_owned();
            return self.see(&item, None, false, Some(reason));
        }
        if form.encoding == FormEncoding::Query {
            self.offer_careful(item, &form.label);
            return;
        }
        if !self.in_scope(&item.url) {
            self.left_out.out_of_scope += 1;
            return;
        }
        if form.encoding == FormEncoding::Multipart {
            let reason = "multipart forms are recorded and not submitted".to_owned();
            self.see(&item, None, false, Some(reason));
        } else if self.job.allow_unsafe {
            self.offer_careful(item, &form.label);
        } else {
            self.see(&item, None, false, Some(unsafe_reason(&form.method)));
        }
    }

    fn in_scope(&self, url: &Url) -> bool {
        Origin::of(url).is_ok_and(|origin| {
            self.job.traffic.scope().judge(&origin, &link::path_and_query(url)).is_ok()
        })
    }

    /// Offers what was found, unless following it may do harm.
    fn offer_careful(&mut self, item: Item, label: &str) {
        if !self.in_scope(&item.url) {
            self.left_out.out_of_scope += 1;
            return;
        }
        match careful::reason_to_leave(&item.url, label) {
            Some(reason) => self.see(&item, None, false, Some(reason)),
            None => self.offer(item),
        }
    }

    fn offer(&mut self, item: Item) {
        let shape = item.class.shape.clone();
        if item.depth > self.job.settings.depth {
            self.left_out.too_deep(item.key());
            return;
        }
        match self.frontier.offer(item) {
            Offer::Queued | Offer::Known => {}
            Offer::EnoughOfItsKind => *self.left_out.same_kind.entry(shape).or_insert(0) += 1,
            Offer::Full => self.left_out.full += 1,
        }
    }
}

impl Item {
    fn of(request: Request, depth: u32, source: OperationSource) -> Option<Self> {
        let url = link::url_of(&request)?;
        let class = Class::of(request.method.as_str(), &url, &point::body_parameters(&request));
        Some(Self {
            request,
            url,
            class,
            depth,
            hops: 0,
            source,
            path_template: None,
            expected_statuses: Vec::new(),
            guess: false,
            page: None,
        })
    }

    fn is_start(&self) -> bool {
        self.depth == 0 && self.hops == 0 && !self.guess
    }

    /// Whether a status counts as reached.
    fn expects(&self, status: u16) -> bool {
        if self.expected_statuses.is_empty() {
            status < 400
        } else {
            self.expected_statuses.contains(&status)
        }
    }
}

fn unsafe_reason(method: &str) -> String {
    format!("{method} may change something; pass --allow-unsafe to send it")
}
