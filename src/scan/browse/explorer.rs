//! The browser of a crawl: started when it is first needed, once more if it breaks, and ended.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::attendant::PATIENCE;
use super::explore::Bounds;
use super::explore::Explored;
use super::explore::Memory;
use super::explore::explore;
use super::running::Running;
use super::running::StartError;
use super::tab::Tab;
use super::visit::Found;
use super::visit::Seen;
use crate::browser::CallError;
use crate::model::Exchange;
use crate::model::NoticeLevel;
use crate::model::inert;
use crate::model::plural;
use crate::plan::Browsing;
use crate::scan::crawl::Allowance;
use crate::scan::page::Page;
use crate::scan::traffic::Traffic;

/// How often it is started again after it broke.
const MAX_RESTARTS: u32 = 3;

/// How often one page is shown that breaks it.
const MAX_ATTEMPTS: u32 = 2;

/// What the browser showed of one page.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// What it refers to, in all of its states.
    pub(crate) page: Page,
    /// What it asked for, and got.
    pub(crate) exchanges: Vec<Arc<Exchange>>,
    /// What it wanted to send, and did not.
    pub(crate) found: Vec<Found>,
}

/// Whether a page with its scripts was shown before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Novelty {
    /// What it does a moment later is waited for.
    New,
    /// What scripts do later was waited for once.
    Known,
}

/// Pages that were not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// There was no room for them.
    pub(crate) waiting: u64,
    /// Enough pages had their scripts.
    pub(crate) same_scripts: u64,
}

/// A browser that renders pages, one after the other.
pub(crate) struct Explorer {
    settings: Browsing,
    program: PathBuf,
    traffic: Arc<Traffic>,
    allow_unsafe: bool,
    allowance: Arc<Allowance>,
    running: Option<Running>,
    restarts: u32,
    began: Option<Duration>,
    memory: Memory,
    tally: Tally,
}

/// What there is to say in the end.
#[derive(Debug, Default)]
struct Tally {
    pages: u64,
    missing: u64,
    cut: u64,
    stuck: u64,
    requests: u64,
    out_of_scope: u64,
    strangers: BTreeSet<String>,
    left_out: u64,
    slow: u64,
    harmful: u64,
    /// Why there is no browser any more.
    given_up: bool,
}

/// What ends the rendering of one page early.
enum Trouble {
    /// The page does, and the browser is well.
    Page,
    /// The browser does.
    Browser(String),
}

impl Explorer {
    /// Nothing is started yet.
    pub(crate) fn new(
        settings: Browsing,
        program: PathBuf,
        traffic: Arc<Traffic>,
        allow_unsafe: bool,
        allowance: Arc<Allowance>,
    ) -> Self {
        Self {
            settings,
            program,
            traffic,
            allow_unsafe,
            allowance,
            running: None,
            restarts: 0,
            began: None,
            memory: Memory::default(),
            tally: Tally::default(),
        }
    }

    /// Whether another page may be rendered.
    pub(crate) fn has_room(&self) -> bool {
        !self.tally.given_up
            && self.tally.pages < self.settings.max_pages
            && self.traffic.now() < self.end()
    }

    /// Renders the page at `url`; what is known of it when something breaks is given all the same.
    ///
    /// Cancel safe: the browser ends with the explorer.
    pub(crate) async fn render(&mut self, url: &Url, novelty: Novelty) -> Rendered {
        self.began.get_or_insert(self.traffic.now());
        self.tally.pages += 1;
        let mut rendered = Rendered::default();
        let mut attempts = 0;
        while !self.traffic.is_stopping() && !self.tally.given_up {
            attempts += 1;
            match self.attempt(url, novelty, &mut rendered).await {
                Ok(()) => break,
                Err(Trouble::Page) => {
                    self.tally.stuck += 1;
                    break;
                }
                Err(Trouble::Browser(why)) => {
                    self.memory.take_back();
                    self.restart(url, &why).await;
                    if attempts == MAX_ATTEMPTS {
                        self.tally.stuck += 1;
                        break;
                    }
                }
            }
        }
        rendered
    }

    /// When it has had its time.
    fn end(&self) -> Duration {
        self.began.unwrap_or_else(|| self.traffic.now()).saturating_add(self.settings.max_time)
    }

    /// What was tried counts as not tried: it was perhaps nobody who did.
    pub(crate) fn forget(&mut self) {
        self.memory.forget();
        if let Some(running) = &self.running {
            running.attendant.forget();
        }
    }

    async fn attempt(
        &mut self,
        url: &Url,
        novelty: Novelty,
        rendered: &mut Rendered,
    ) -> Result<(), Trouble> {
        if self.running.is_none() {
            let started = self.start().await;
            self.running = Some(started.map_err(|error| Trouble::Browser(error.to_string()))?);
        }
        let running = self.running.as_ref().expect("it was just started");
        let connection = running.connection().clone();
        let opened = Tab::open(connection, Arc::clone(&self.traffic)).await;
        let tab = opened.map_err(|error| Trouble::Browser(error.to_string()))?;
        running.attendant.attend(Some(Arc::clone(tab.visit())));
        running.attendant.show_cookies().await;
        let mut explored = Explored::default();
        let bounds = Bounds { traffic: &self.traffic, allowance: &self.allowance, end: self.end() };
        let outcome = explore(&tab, &bounds, (url, novelty), &mut self.memory, &mut explored).await;
        running.attendant.attend(None);
        let seen = tab.visit().take();
        let is_crashed = seen.is_crashed;
        self.tally.count(&explored, &seen);
        rendered.take(explored, seen);
        let closed = tab.close().await;
        match outcome.and(closed) {
            Ok(()) if is_crashed => Err(Trouble::Page),
            Ok(()) => Ok(()),
            Err(error) => {
                // Who answers for the browser tells whether it is the page that does not.
                Err(match (running.is_alive().await, error) {
                    (false, error) | (true, error @ CallError::Gone) => {
                        Trouble::Browser(error.to_string())
                    }
                    (true, _) => Trouble::Page,
                })
            }
        }
    }

    async fn start(&self) -> Result<Running, StartError> {
        let (traffic, allowance) = (&self.traffic, &self.allowance);
        let running = Running::start(&self.program, traffic, self.allow_unsafe, allowance).await?;
        if !running.is_sandboxed() && self.restarts == 0 {
            let text = "crawl: the browser runs without its sandbox, as it has to for root; what a \
                        page does to it, it does to this machine";
            self.traffic.notice(NoticeLevel::Info, text.to_owned()).await;
        }
        Ok(running)
    }

    async fn restart(&mut self, url: &Url, why: &str) {
        self.running = None;
        let (at, why) = (inert(url.as_str(), 200), inert(why, 600));
        if self.restarts < MAX_RESTARTS {
            self.restarts += 1;
            let text = format!("crawl: the browser broke at {at} ({why}); it is started once more");
            self.traffic.notice(NoticeLevel::Warning, text).await;
        } else {
            self.tally.given_up = true;
            let text = format!("crawl: the browser broke at {at} ({why}) and is given up");
            self.traffic.notice(NoticeLevel::Error, text).await;
        }
    }

    /// Ends the browser and says what it did, and what was left to it. Whether it saw everything
    /// that it was to.
    pub(crate) async fn close(mut self, left: Left) -> bool {
        let Left { waiting, same_scripts } = left;
        if let Some(running) = self.running.take() {
            running.close().await;
        }
        let tally = &self.tally;
        if tally.pages > 0 {
            for (level, text) in tally.sentences(&self.memory) {
                self.traffic.notice(level, text).await;
            }
        }
        if same_scripts > 0 {
            let text = format!(
                "crawl: {} not shown in the browser, because pages with the same scripts had shown \
                 nothing new",
                plural(same_scripts, "page was", "pages were")
            );
            self.traffic.notice(NoticeLevel::Info, text).await;
        }
        if waiting > 0 && tally.given_up {
            let text = format!(
                "crawl: {} not shown, because the browser was given up",
                plural(waiting, "page was", "pages were")
            );
            self.traffic.notice(NoticeLevel::Warning, text).await;
        } else if waiting > 0 && !self.traffic.is_stopping() {
            let text = format!(
                "crawl: {} not shown in the browser, whose budget is {} and {} s; raise \
                 crawl.browser's max_pages or max_time (--browser-max-pages, --browser-max-time) to \
                 see them",
                plural(waiting, "page was", "pages were"),
                plural(self.settings.max_pages, "page", "pages"),
                self.settings.max_time.as_secs()
            );
            self.traffic.notice(NoticeLevel::Warning, text).await;
        }
        waiting == 0 && tally.cut == 0 && tally.stuck == 0 && !tally.given_up
    }
}

impl Rendered {
    /// Adds what an attempt gave.
    fn take(&mut self, explored: Explored, seen: Seen) {
        self.page.truncated |= explored.page.truncated;
        // What a script has asked for is certain, where its text alone is a guess.
        self.page.links.extend(seen.links);
        self.page.links.extend(explored.page.links);
        self.page.forms.extend(explored.page.forms);
        self.exchanges.extend(seen.exchanges);
        self.found.extend(seen.found);
    }
}

impl Tally {
    fn count(&mut self, explored: &Explored, seen: &Seen) {
        self.missing += u64::from(explored.is_missing);
        self.cut += u64::from(explored.is_cut);
        self.harmful += explored.harmful;
        self.requests += seen.sent;
        self.out_of_scope += seen.out_of_scope;
        self.left_out += seen.left_out;
        self.slow += seen.slow;
        for origin in &seen.strangers {
            if self.strangers.len() < 5 {
                self.strangers.insert(origin.clone());
            }
        }
    }

    fn sentences(&self, memory: &Memory) -> Vec<(NoticeLevel, String)> {
        let mut sentences = vec![(
            NoticeLevel::Info,
            format!(
                "crawl: the browser showed {}, clicked {}, filled in {} and made {}",
                plural(self.pages, "page", "pages"),
                plural(memory.clicked, "time", "times"),
                plural(memory.filled, "form", "forms"),
                plural(self.requests, "request", "requests")
            ),
        )];
        let mut say = |count: u64, level, text: String| {
            if count > 0 {
                sentences.push((level, text));
            }
        };
        let strangers: Vec<String> = self.strangers.iter().map(|it| inert(it, 100)).collect();
        say(
            self.out_of_scope,
            NoticeLevel::Info,
            format!(
                "crawl: {} of pages in the browser would have left the scope and were not sent: {}",
                plural(self.out_of_scope, "request", "requests"),
                strangers.join(", ")
            ),
        );
        say(
            self.harmful,
            NoticeLevel::Info,
            format!(
                "crawl: {} that look as if they log out or delete were not clicked",
                plural(self.harmful, "element", "elements")
            ),
        );
        say(
            self.cut,
            NoticeLevel::Warning,
            format!(
                "crawl: {} had more to try than the browser's bounds allow",
                plural(self.cut, "page", "pages")
            ),
        );
        say(
            self.stuck,
            NoticeLevel::Warning,
            format!(
                "crawl: {} kept the browser from answering or made it crash, and were left",
                plural(self.stuck, "page", "pages")
            ),
        );
        say(
            self.missing,
            NoticeLevel::Info,
            format!("crawl: {} could not be shown", plural(self.missing, "page", "pages")),
        );
        say(
            self.slow,
            NoticeLevel::Info,
            format!(
                "crawl: {} of pages were left to the crawler, because others like them were not \
                 answered within {} s",
                plural(self.slow, "request", "requests"),
                PATIENCE.as_secs()
            ),
        );
        say(
            self.left_out,
            NoticeLevel::Warning,
            format!(
                "crawl: {} of pages that never stop asking were not sent",
                plural(self.left_out, "request", "requests")
            ),
        );
        sentences
    }
}
