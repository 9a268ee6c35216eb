//! The crawl itself: takes from the frontier, fetches several at once, files what comes back.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::allowance::Allowance;
use super::fetch::fetch;
use super::frontier::Bounds;
use super::frontier::Frontier;
use super::frontier::KindId;
use super::graphql::Endpoints;
use super::guesses::Doubt;
use super::guesses::Guesses;
use super::item::Candidate;
use super::item::Item;
use super::known_values::KnownValues;
use super::left_out::LeftOut;
use super::left_out::harm;
use super::robots;
use super::robots::Obeyed;
use super::robots::ROBOTS;
use super::shown::Done;
use super::shown::Shows;
use super::sources;
use super::turns::Running;
use super::turns::Turns;
use super::unmet::Unmet;
use crate::extract::ImportMap;
use crate::model::Event;
use crate::model::Guessed;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::OperationSource;
use crate::model::Request;
use crate::model::Seed;
use crate::model::SkipReason;
use crate::model::Target;
use crate::model::plural;
use crate::plan::CrawlSettings;
use crate::plan::RobotsPolicy;
use crate::scan::browse::Explorer;
use crate::scan::described::Describer;
use crate::scan::identity::Identity;
use crate::scan::room;
use crate::scan::room::Room;
use crate::scan::site::Answer;
use crate::scan::site::Found;
use crate::scan::site::FoundIn;
use crate::scan::site::Sighting;
use crate::scan::site::Site;
use crate::scan::soft404::Soft404;
use crate::scan::templates::Templates;
use crate::scan::traffic::Traffic;
use crate::scan::unbound::Seeded;

/// How often pages are fetched again because the login did not hold.
const MAX_ROUNDS: u32 = 5;

/// Pages that are fetched again at most because the login did not hold, the last ones.
const MAX_UNPROVEN: usize = 10_000;

/// Waiting items per URL that may be fetched.
const QUEUE_PER_URL: u64 = 4;
const MAX_QUEUE: u64 = 50_000;

/// What a crawl needs to know.
pub(crate) struct CrawlJob {
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) start: Target,
    pub(crate) seeds: Vec<Seeded>,
    pub(crate) settings: CrawlSettings,
    pub(crate) concurrency: usize,
    pub(crate) allow_unsafe: bool,
    pub(crate) seed: Seed,
    /// Reads descriptions that are found.
    pub(crate) describer: Describer,
    /// The browser's program, if pages are shown too.
    pub(crate) browser: Option<PathBuf>,
}

/// What a crawl found.
pub(crate) struct Crawled {
    pub(crate) site: Site,
    /// Nothing that it knew of was left out.
    pub(crate) complete: bool,
    /// What was left out, by reason; none is zero.
    pub(crate) skipped: Vec<(SkipReason, u64)>,
    /// What only looked like an address.
    pub(crate) guessed: Guessed,
}

/// Crawls until nothing is left, the bounds are reached or the run is stopped; operations and
/// notices are sent as they come up.
pub(crate) async fn crawl(job: CrawlJob) -> Crawled {
    let capacity = (job.settings.max_urls.saturating_mul(QUEUE_PER_URL)).clamp(100, MAX_QUEUE);
    let bounds = Bounds {
        capacity: usize::try_from(capacity).expect("at most MAX_QUEUE"),
        per_kind: Some(job.settings.per_kind).filter(|bound| *bound > 0),
    };
    let mut events = Vec::new();
    let robots = match job.settings.robots {
        RobotsPolicy::Respect => robots::ask(&job.traffic, &mut events).await,
        RobotsPolicy::OnlyAsSource | RobotsPolicy::Ignore => Obeyed::default(),
    };
    let has_no_robots = robots.without.contains(&job.start.origin);
    let allowance = Arc::new(Allowance::new(&job.settings, robots.rules));
    let mut crawler = Crawler {
        frontier: Frontier::new(bounds),
        site: Site::default(),
        templates: Templates::default(),
        identity: Identity::default(),
        contents: HashMap::new(),
        contents_room: Room::of(room::CONTENTS),
        judged: HashSet::new(),
        guesses: Guesses::default(),
        left_out: LeftOut::default(),
        events,
        fetched: 0,
        unproven: VecDeque::new(),
        rounds: 0,
        imports: Vec::new(),
        values: KnownValues::default(),
        unmet: Unmet::default(),
        endpoints: Endpoints::default(),
        shows: Shows::new(explorer(&job, &allowance)),
        soft404: Arc::new(Soft404::new(job.seed)),
        has_no_robots,
        turns: Turns::new(Arc::clone(&job.traffic)),
        proven: Duration::ZERO,
        allowance,
        job,
    };
    crawler.seed();
    crawler.run().await;
    crawler.finish().await
}

fn explorer(job: &CrawlJob, allowance: &Arc<Allowance>) -> Option<Explorer> {
    let (settings, program) = (job.settings.browser.clone()?, job.browser.clone()?);
    let traffic = Arc::clone(&job.traffic);
    Some(Explorer::new(settings, program, traffic, job.allow_unsafe, Arc::clone(allowance)))
}

/// The state of a crawl. What pages lead to is followed in [`super::follow`].
pub(super) struct Crawler {
    pub(super) job: CrawlJob,
    pub(super) frontier: Frontier,
    pub(super) site: Site,
    pub(super) templates: Templates,
    pub(super) identity: Identity,
    /// Hashes of whole pages, and where each was seen first.
    pub(super) contents: HashMap<u64, Arc<str>>,
    pub(super) contents_room: Room,
    /// Keys of what was left alone once.
    pub(super) judged: HashSet<u64>,
    /// Texts that look like addresses.
    pub(super) guesses: Guesses,
    pub(super) left_out: LeftOut,
    /// To be sent before the next fetch is awaited.
    pub(super) events: Vec<Event>,
    fetched: u64,
    /// What was fetched since the login was last proven, and when.
    unproven: VecDeque<(Duration, Item)>,
    /// How often such pages were fetched again.
    rounds: u32,
    /// What pages say of where modules are, once each.
    pub(super) imports: Vec<Arc<ImportMap>>,
    /// What the browser is to show.
    pub(super) shows: Shows,
    /// What the target has shown, for what descriptions leave open.
    pub(super) values: KnownValues,
    pub(super) unmet: Unmet,
    /// Of GraphQL.
    pub(super) endpoints: Endpoints,
    pub(super) soft404: Arc<Soft404>,
    /// The target was asked what it asks for, and has nothing there.
    has_no_robots: bool,
    turns: Turns,
    /// When the login was last seen to be proven.
    proven: Duration,
    /// What is left of the bounds.
    pub(super) allowance: Arc<Allowance>,
}

impl Crawler {
    fn seed(&mut self) {
        for seed in std::mem::take(&mut self.job.seeds) {
            self.seed_template(seed);
        }
        let origin = self.job.start.origin.clone();
        let start = Request::get(origin, self.job.start.path_and_query.clone().into_bytes());
        self.seed_request(start, Found::start(), None);
        let lists = sources::LISTS.iter().copied();
        let is_read = self.job.settings.robots != RobotsPolicy::Ignore && !self.has_no_robots;
        let wanted = |path: &&str| *path != ROBOTS || is_read;
        self.seed_paths(&lists.filter(wanted).collect::<Vec<_>>(), Doubt::List);
    }

    /// Which budget is used up, if one is.
    pub(super) fn spent(&self) -> Option<SkipReason> {
        let settings = &self.job.settings;
        if self.allowance.is_out_of_urls() {
            Some(SkipReason::Urls)
        } else if settings.max_time.is_some_and(|most| self.turns.elapsed() >= most) {
            Some(SkipReason::Time)
        } else if self.allowance.is_out_of_bytes() {
            Some(SkipReason::Bytes)
        } else {
            None
        }
    }

    /// Whether pages that are known may not even be shown any more; until when they may is told to
    /// the browser.
    pub(super) fn is_over(&self) -> bool {
        let now = self.job.traffic.now();
        if let Some(most) = self.job.settings.max_time {
            self.allowance.end_at(now.saturating_add(most.saturating_sub(self.turns.elapsed())));
        }
        self.allowance.is_over(now)
    }

    /// Paths that sites have by convention.
    fn seed_paths(&mut self, paths: &[&str], doubt: Doubt) {
        let origin = self.job.start.origin.clone();
        for path in paths {
            let found = Found { by: FoundIn::Convention, page: None };
            self.seed_request(Request::get(origin.clone(), *path), found, Some(doubt));
        }
    }

    fn seed_request(&mut self, request: Request, found: Found, guess: Option<Doubt>) {
        let Some(candidate) = Candidate::of(request, 0, OperationSource::Crawl, found) else {
            return;
        };
        let (item, key) = self.item(candidate);
        self.offer(Item { guess, ..item }, key);
    }

    pub(super) fn seed_template(&mut self, seed: Seeded) {
        let Seeded { template, source, left_alone } = seed;
        let by = match source {
            OperationSource::Spec => FoundIn::Spec,
            OperationSource::Plan | OperationSource::Crawl | OperationSource::Browser => {
                FoundIn::Plan
            }
        };
        let found = Found { by, page: None };
        let Some(candidate) = Candidate::of(template.request.clone(), 0, source, found) else {
            let text = format!("crawl: the plan's request `{}` has no URL", template.name);
            self.events.push(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
            return;
        };
        let origin = template.request.origin.to_string();
        // First, so that the request's own path is one of the template's.
        let path = self.templates.place_template(&origin, &template.path_template);
        let (item, key) = self.item(candidate);
        let item = Item {
            // Operations of one path that are told apart.
            path: if template.path_template.contains('#') { path } else { item.path },
            path_template: Some(template.path_template.clone()),
            expected_statuses: template.expected_statuses.clone(),
            ..item
        };
        let harm = || harm(source, &item.request, &self.job.traffic);
        match left_alone.or_else(harm) {
            None => {
                self.offer(item, key);
            }
            Some(left) => {
                if self.judge(key) {
                    self.left_out.left_alone(left.why);
                }
                self.see(&item, Seen::skipped(left.reason));
            }
        }
    }

    async fn run(&mut self) {
        let mut running = Running::new();
        // Few sites have them, so all else comes first.
        let mut well_known: &[&str] = &sources::WELL_KNOWN;
        loop {
            self.doubt().await;
            let in_flight = running.len() + self.turns.waiting();
            let is_idle = self.frontier.len() == 0 && in_flight == 0 && self.fetched > 0;
            // What is under way says nothing yet of which guesses are likely.
            let answered = self.fetched.saturating_sub(in_flight as u64);
            if is_idle && self.guesses.is_doubtful() && self.guesses.has_room(answered, is_idle) {
                self.seed_paths(std::mem::take(&mut well_known), Doubt::Convention);
            }
            self.release_guesses(answered, is_idle);
            // Of those that it knows already, there may be others.
            while is_idle && self.frontier.len() == 0 && self.retry_unmet() {}
            while running.len() + self.turns.waiting() < self.job.concurrency.max(1)
                && self.spent().is_none()
                && !self.job.traffic.is_stopping()
                && let Some((item, kind)) = self.frontier.take()
            {
                self.fetched += 1;
                self.allowance.note(&item.request);
                self.note_unproven(self.job.traffic.now(), &item);
                let directory = self.templates.text(self.templates.directory(item.path));
                let (traffic, soft404) = (Arc::clone(&self.job.traffic), Arc::clone(&self.soft404));
                let place = self.turns.place();
                running.spawn(async move {
                    let fetched = fetch(traffic, soft404, item, kind, directory).await;
                    (Some(place), Done::Fetched(Box::new(fetched)))
                });
            }
            self.show_next(&mut running);
            self.publish().await;
            match self.turns.next(&mut running).await {
                Some(Ok(Done::Fetched(fetched))) => self.absorb(&fetched),
                Some(Ok(Done::Shown(shown))) => self.absorb_shown(*shown, &mut running),
                Some(Err(fault)) => self.left_out.faults.push(fault.to_string()),
                None if self.unproven.is_empty() || self.rounds >= MAX_ROUNDS => return,
                None => {
                    self.job.traffic.prove().await;
                    self.doubt().await;
                    if self.frontier.len() == 0 || self.job.traffic.is_stopping() {
                        return;
                    }
                }
            }
        }
    }

    /// What was begun at that time counts as somebody's only with the next proof.
    pub(super) fn note_unproven(&mut self, began: Duration, item: &Item) {
        if self.job.traffic.is_somebody() {
            if self.unproven.len() >= MAX_UNPROVEN {
                self.unproven.pop_front();
            }
            self.unproven.push_back((began, item.clone()));
        }
    }

    /// What may have been fetched as nobody is fetched again.
    async fn doubt(&mut self) {
        let traffic = &self.job.traffic;
        let Some(since) = traffic.take_doubtful().filter(|_| self.rounds < MAX_ROUNDS) else {
            if let Some(proof) = traffic.last_proof().filter(|proof| *proof > self.proven) {
                self.proven = proof;
                self.unproven.retain(|(at, _)| *at >= proof);
                if let Some(memory) = traffic.memory() {
                    memory.prove().await;
                }
            }
            return;
        };
        if let Some(memory) = traffic.memory() {
            memory.doubt().await;
        }
        self.rounds += 1;
        let mut again = 0;
        // Whenever it began: it goes on as nobody.
        let showing = self.shows.showing().map(|item| (since, item));
        for (at, item) in std::mem::take(&mut self.unproven).into_iter().chain(showing) {
            if at >= since {
                again += 1;
                self.shows.forget(&item);
                let directory = self.templates.directory(item.path);
                let path = self.templates.current(item.path);
                self.frontier.offer_again(Item { path, ..item }, directory);
            }
        }
        // They were counted once already.
        self.fetched = self.fetched.saturating_sub(again);
        // Nobody's pages say nothing about what somebody sees.
        self.contents.clear();
        self.shows.start_over();
        self.contents_room = Room::of(room::CONTENTS);
        let text = format!(
            "crawl: {} fetched since the login was last proven, perhaps as nobody: once more",
            plural(again, "page was", "pages were")
        );
        self.events.push(Event::Notice(Notice { level: NoticeLevel::Info, text }));
    }

    async fn finish(mut self) -> Crawled {
        self.left_out.waiting = self.frontier.len() as u64;
        self.left_out.spent = self.spent();
        self.left_out.guesses = self.guesses.left();
        // Some of what was too deep by one way was near by another.
        let frontier = &self.frontier;
        self.left_out.deeper.retain(|key| !frontier.knows(*key));
        (self.left_out.nodes, self.left_out.urls) = self.site.left_out();
        let settings = &self.job.settings;
        for notice in self.left_out.notices(settings.depth, settings.max_urls, &self.templates) {
            self.events.push(Event::Notice(notice));
        }
        for (method, path, links) in self.frontier.links() {
            self.site.link(method.as_str(), path, links);
        }
        self.site.conclude(&self.templates);
        self.publish().await;
        let is_all_shown = self.shows.close().await;
        let complete =
            self.left_out.is_complete() && is_all_shown && !self.job.traffic.is_stopping();
        Crawled {
            site: self.site,
            complete,
            skipped: self.left_out.counts(),
            guessed: self.guesses.guessed(),
        }
    }

    async fn publish(&mut self) {
        let progress = &self.job.traffic.progress;
        progress.fetched.store(self.fetched, Ordering::Relaxed);
        progress.queued.store(self.frontier.len() as u64, Ordering::Relaxed);
        progress.nodes.store(self.site.len() as u64, Ordering::Relaxed);
        for event in std::mem::take(&mut self.events) {
            self.job.traffic.event(event).await;
        }
    }

    /// Puts something into the site model.
    pub(super) fn see(&mut self, item: &Item, seen: Seen) {
        let sighting = Sighting {
            path: item.path,
            parameters: Arc::clone(&item.parameters),
            path_template: item.path_template.clone(),
            source: item.source,
            found: item.found.clone(),
            request: item.request.clone(),
            status: seen.status,
            answer: seen.answer,
            reached: seen.reached,
            skipped: seen.skipped,
            structure: seen.structure,
            same_as: seen.same_as,
        };
        self.events.extend(self.site.see(sighting, &self.templates));
    }

    /// Tells everybody what the templates have learnt.
    pub(super) fn settle(&mut self) {
        for merged in self.templates.take_merged() {
            let directory = self.templates.directory(merged.into);
            self.frontier.merge(merged.from, merged.into, directory);
            self.events.extend(self.site.merge(merged, &self.templates));
        }
    }

    /// A candidate with its place among the known, and its key.
    pub(super) fn item(&mut self, candidate: Candidate) -> (Item, u64) {
        let Candidate { request, url, body_parameters, depth, source, found } = candidate;
        let key = self.identity.key(request.method.as_str(), &url, &request.body);
        let names = url
            .query_pairs()
            .filter(|(name, value)| !self.identity.is_idle(name, value))
            .map(|(name, _)| name.into_owned());
        let parameters = names.chain(body_parameters).collect();
        let origin = request.origin.to_string();
        let path = if url.path().contains([';', '(']) {
            self.templates.place(&origin, &self.identity.plain_path(url.path()))
        } else {
            self.templates.place(&origin, url.path())
        };
        let item = Item {
            request,
            url,
            path,
            parameters: Arc::new(parameters),
            depth,
            hops: 0,
            source,
            found,
            path_template: None,
            expected_statuses: Vec::new(),
            guess: None,
            page: None,
            imports: None,
        };
        (item, key)
    }

    /// Whether a page of the kind has led to something new.
    pub(super) fn conclude(&mut self, kind: KindId, led_on: bool) {
        let left_out = self.frontier.conclude(kind, led_on);
        if left_out > 0 {
            self.left_out.same_kind(self.frontier.path(kind), left_out);
        }
    }
}

/// What is known of an item now.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) status: Option<u16>,
    pub(super) answer: Option<Answer>,
    pub(super) reached: bool,
    pub(super) skipped: Option<String>,
    pub(super) structure: Option<crate::scan::structure::Structure>,
    pub(super) same_as: Option<Arc<str>>,
}

impl Seen {
    /// It was left alone.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self { skipped: Some(reason.into()), ..Self::default() }
    }
}
