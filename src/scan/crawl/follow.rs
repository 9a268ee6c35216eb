//! What a fetched page leads to.

use std::collections::HashSet;
use std::sync::Arc;

use url::Url;

use super::crawler::Crawler;
use super::crawler::Seen;
use super::fetch::Fetched;
use super::frontier::Offer;
use super::graphql::has_failed;
use super::graphql::is_introspection;
use super::guesses::Doubt;
use super::guesses::Outcome;
use super::item::Candidate;
use super::item::Item;
use super::passwords::Own;
use super::passwords::with_own;
use crate::extract::ImportMap;
use crate::model::Event;
use crate::model::Method;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::OperationSource;
use crate::model::Origin;
use crate::model::Request;
use crate::model::SkipReason;
use crate::model::inert;
use crate::scan::careful;
use crate::scan::described::Description;
use crate::scan::form::Form;
use crate::scan::form::FormEncoding;
use crate::scan::link;
use crate::scan::page::Link;
use crate::scan::page::Page;
use crate::scan::site::Answer;
use crate::scan::site::Found;
use crate::scan::site::FoundIn;
use crate::scan::traffic::Unsent;

/// Redirects followed in a row.
const MAX_HOPS: u32 = 10;

/// Pages whose content is remembered, and keys of what was left alone.
const MAX_REMEMBERED: usize = 200_000;

/// Why something is left alone that `robots.txt` disallows.
pub(crate) const ROBOTS_REASON: &str = "robots.txt asks to leave it alone";

/// Files that carry neither links nor code: not fetched, and no operations.
const MEDIA: [&str; 22] = [
    "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp", "woff", "woff2", "ttf", "otf",
    "eot", "mp3", "mp4", "webm", "ogg", "wav", "avi", "mov", "zip", "iso",
];

/// Whether following something led to a kind of pages that was not known.
type LedOn = bool;

/// Import maps kept; sites have one or a few.
const MAX_IMPORT_MAPS: usize = 64;

/// Where a link stands.
struct Place {
    found: Found,
    imports: Option<Arc<ImportMap>>,
}

/// What a page is, beside its links.
struct Reading {
    /// The same content stands elsewhere.
    same_as: Option<Arc<str>>,
    /// Built like nothing of its template.
    novel: bool,
    /// What leads further down is no more believed.
    endless: bool,
}

impl Crawler {
    pub(super) fn absorb(&mut self, fetched: &Fetched) {
        let led_on = self.read(fetched);
        self.conclude_guess(fetched);
        self.conclude(fetched.kind, led_on);
    }

    fn read(&mut self, fetched: &Fetched) -> LedOn {
        let item = &fetched.item;
        let status = match &fetched.exchange {
            // It is the session that looks, and its loss stops the run.
            Err(Unsent::Stopped | Unsent::NotLoggedIn { .. }) => return false,
            Err(Unsent::OutOfScope(reason)) => {
                self.left_out.out_of_scope += 1;
                if !item.source.is_found() {
                    self.see(item, Seen::skipped(reason.to_string()));
                }
                return false;
            }
            Ok(exchange) => {
                if !fetched.is_counted {
                    self.allowance.count(exchange);
                }
                exchange.response().map(|response| response.status)
            }
        };
        self.left_out.failed += u64::from(status.is_none());
        let mut item = item.clone();
        item.path = self.templates.current(item.path);
        let reading = self.learn(&mut item, fetched, status);
        if self.is_schema_refused(&item, fetched) {
            return false;
        }
        self.file(&item, status, fetched, reading.same_as.clone());
        let mut led_on = reading.novel;
        if let Some(url) = fetched.redirect.as_ref().filter(|_| !fetched.missing) {
            led_on |= self.follow_redirect(&item, url);
        }
        self.left_out.unread += u64::from(fetched.page.truncated);
        self.note_values(&item, fetched);
        self.note_answer(&item, fetched);
        if reading.same_as.is_some() {
            self.left_out.same_content += 1;
            // To a browser it may be another page all the same: its script reads the address.
            self.shows.offer(&item, fetched);
            return false;
        }
        self.job.traffic.tokens.learn(&item.url, &fetched.page.forms);
        led_on |= self.follow_page(&item, &fetched.page, fetched.document, reading.endless);
        if let Some(description) = &fetched.page.description {
            self.describe(&item, description);
        }
        self.settle();
        self.shows.offer(&item, fetched);
        led_on
    }

    /// Goes on with what an interface's description names.
    fn describe(&mut self, item: &Item, body: &[u8]) {
        let url = &item.url;
        let method = is_introspection(item).then_some(&item.request.method);
        match self.job.describer.read(Description { url, body, asked_by: method }) {
            Ok(seeds) => {
                let own = Origin::of(url).ok();
                for mut seeded in seeds {
                    // Copies of a service are described by the address of the one that is in use.
                    let request = &mut seeded.template.request;
                    let scope = self.job.traffic.scope();
                    let path = request.path_and_query_text().into_owned();
                    if scope.judge(&request.origin, &path).is_err() {
                        request.origin = own.clone().unwrap_or_else(|| request.origin.clone());
                    }
                    self.seed_template(seeded);
                }
            }
            Err(reason) => {
                let (url, reason) = (inert(url.as_str(), 200), inert(&reason, 300));
                let text = format!("crawl: the description at {url} is not read: {reason}");
                self.events.push(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
            }
        }
    }

    /// Whether there is something where a guess has led.
    fn conclude_guess(&mut self, fetched: &Fetched) {
        let item = &fetched.item;
        let status = match &fetched.exchange {
            Ok(exchange) => exchange.response().map(|response| response.status),
            Err(_) => None,
        };
        let is_gone = fetched.missing || matches!(status, Some(404 | 410));
        if status.is_some() && !is_gone {
            self.guesses.confirm(&item.url);
        }
        if item.guess.is_some() {
            let key =
                self.identity.key(item.request.method.as_str(), &item.url, &item.request.body);
            let outcome = match status {
                None => Outcome::Unknown,
                Some(_) if is_gone => Outcome::Wrong,
                Some(_) => Outcome::Right,
            };
            self.guesses.conclude(key, outcome);
            if outcome == Outcome::Right {
                self.site.discover(item.url.as_str());
            }
        }
    }

    /// Asks for as many guesses as there is room for.
    pub(super) fn release_guesses(&mut self, asked: u64, is_idle: bool) {
        while let Some((mut item, key)) = self.guesses.release(asked, is_idle) {
            item.path = self.templates.current(item.path);
            let directory = self.templates.directory(item.path);
            let is_known = self.frontier.knows(key);
            if is_known
                || !matches!(self.frontier.offer(item, key, directory), Offer::Queued { .. })
            {
                self.guesses.conclude(key, Outcome::Unknown);
            }
        }
    }

    /// What the page's build and content say, and where it belongs by that.
    fn learn(&mut self, item: &mut Item, fetched: &Fetched, status: Option<u16>) -> Reading {
        let mut reading = Reading { same_as: None, novel: false, endless: false };
        let is_page = status.is_some_and(|status| status < 300) && !fetched.missing;
        if !is_page || item.request.method != Method::get() {
            return reading;
        }
        if let Some(content) = fetched.content {
            let known = self.contents.get(&content);
            reading.same_as = known.filter(|known| ***known != *item.url.as_str()).cloned();
            if known.is_none()
                && self.contents.len() < MAX_REMEMBERED
                && self
                    .contents_room
                    .take(size_of::<(u64, Arc<str>)>() * 2 + item.url.as_str().len())
            {
                self.contents.insert(content, Arc::from(item.url.as_str()));
            }
        }
        let Some(structure) = fetched.page.structure.filter(|_| reading.same_as.is_none()) else {
            return reading;
        };
        let lesson = self.templates.learn(item.path, item.url.path(), structure);
        self.settle();
        item.path = lesson.path;
        reading.novel = lesson.novel;
        reading.endless = self.templates.is_endless(item.path, structure);
        reading
    }

    /// Puts what was fetched into the site model, unless it turned out not to exist.
    fn file(
        &mut self,
        item: &Item,
        status: Option<u16>,
        fetched: &Fetched,
        same_as: Option<Arc<str>>,
    ) {
        let gone = fetched.missing || matches!(status, Some(404 | 410));
        if gone && item.source.is_found() && !item.is_start() {
            return;
        }
        let exchange = fetched.exchange.as_ref().ok();
        let response = exchange.and_then(|exchange| exchange.response());
        let reached = !fetched.missing
            && status.is_some_and(|status| item.expects(status))
            && !response.is_some_and(|response| has_failed(item, &response.body));
        if item.guess.is_some() && !reached {
            return;
        }
        let canonical = fetched.page.canonical.as_ref().filter(|canonical| **canonical != item.url);
        let same_as = same_as.or_else(|| canonical.map(|url| Arc::from(url.as_str())));
        let structure = fetched.page.structure;
        let now = self.job.traffic.now();
        let answer = exchange.and_then(|it| Answer::of(it, now));
        self.see(item, Seen { status, answer, reached, skipped: None, structure, same_as });
    }

    pub(super) fn follow_page(
        &mut self,
        from: &Item,
        page: &Page,
        document: FoundIn,
        endless: bool,
    ) -> LedOn {
        self.identity.learn(page.links.iter().map(|link| &link.url));
        let found = Found { by: document, page: Some(Arc::from(from.url.as_str())) };
        let place = Place { imports: self.imports(from, page, document), found };
        let mut on_page = HashSet::new();
        let mut led_on = false;
        if endless {
            self.templates.close(from.path);
            self.settle();
        }
        for link in &page.links {
            led_on |= self.follow_link(from, link, &place, &mut on_page);
        }
        for form in &page.forms {
            led_on |= self.follow_form(from, form, &place.found);
        }
        led_on
    }

    /// Where the modules are that the page's scripts name, and the scripts that these load.
    fn imports(&mut self, from: &Item, page: &Page, document: FoundIn) -> Option<Arc<ImportMap>> {
        if page.imports.is_empty() {
            return from.imports.clone().filter(|_| document == FoundIn::Script);
        }
        if let Some(known) = self.imports.iter().find(|known| ***known == page.imports) {
            return Some(Arc::clone(known));
        }
        let map = Arc::new(page.imports.clone());
        if self.imports.len() < MAX_IMPORT_MAPS {
            self.imports.push(Arc::clone(&map));
            return Some(map);
        }
        None
    }

    fn follow_redirect(&mut self, from: &Item, url: &Url) -> LedOn {
        if from.hops >= MAX_HOPS {
            self.left_out.redirects += 1;
            return false;
        }
        if from.is_start() && !self.in_scope(url) {
            let text = format!(
                "crawl: the start page redirects to {}, which is out of scope; add its origin to \
                 scope.origins if it is yours to test",
                inert(url.as_str(), 200)
            );
            self.events.push(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
        }
        let found = Found { by: FoundIn::Redirect, page: Some(Arc::from(from.url.as_str())) };
        let Some(candidate) = link::get(url)
            .and_then(|request| Candidate::of(request, from.depth, OperationSource::Crawl, found))
        else {
            return false;
        };
        self.offer_candidate(candidate, "", |item| item.hops = from.hops + 1)
    }

    fn follow_link(
        &mut self,
        from: &Item,
        found: &Link,
        place: &Place,
        on_page: &mut HashSet<u64>,
    ) -> LedOn {
        let sent = found.body.as_ref().map_or("", |body| body.text.as_str());
        let key = self.identity.key(found.method, &found.url, sent.as_bytes());
        if !on_page.insert(key) || self.frontier.visit(key) || self.judged.contains(&key) {
            return false;
        }
        if is_media(&found.url) && self.in_scope(&found.url) {
            if self.judge(key) {
                self.left_out.left_alone(SkipReason::Media);
            }
            return false;
        }
        let Some(request) = link::get(&found.url) else { return false };
        let request = found.fill(Request { method: Method::new(found.method), ..request });
        let is_safe = request.method.is_safe();
        let source = source(from, &place.found);
        let Some(candidate) = Candidate::of(request, from.depth + 1, source, place.found.clone())
        else {
            return false;
        };
        if is_safe || self.job.allow_unsafe {
            // What a worker asks for is relative to it, what other scripts ask for to their page.
            let page =
                if found.is_worker { &found.url } else { from.page.as_ref().unwrap_or(&from.url) };
            return self.offer_candidate(candidate, &found.label, |item| {
                item.guess = found.doubt;
                item.page = Some(page.clone());
                item.imports.clone_from(&place.imports);
            });
        }
        self.leave(candidate, SkipReason::Unsafe, unsafe_reason(found.method))
    }

    fn follow_form(&mut self, from: &Item, form: &Form, place: &Found) -> LedOn {
        let found = Found { by: FoundIn::Form, ..place.clone() };
        let source = source(from, place);
        let request = form.request().or_else(|| {
            let request = link::get(&form.action)?;
            // Not sent: it stands for the form.
            Some(Request { method: Method::new(form.method.clone()), ..request })
        });
        let is_delicate = form.asks_password && self.job.traffic.is_somebody();
        let own = request.as_ref().filter(|_| is_delicate);
        let own = own.and_then(|request| with_own(request, &from.url, &self.job.traffic));
        let sets = matches!(own, Some(Own::Sets(_)));
        let is_left = is_delicate && own.is_none();
        let request = match own {
            Some(Own::LogsIn(request) | Own::Sets(request)) => Some(request),
            None => request,
        };
        let Some(mut candidate) =
            request.and_then(|request| Candidate::of(request, from.depth + 1, source, found))
        else {
            return false;
        };
        candidate.body_parameters = form.names().map(str::to_owned).collect();
        if self.was_sent(form) {
            return false;
        }
        if is_left {
            return self.leave(candidate, SkipReason::Harmful, careful::ASKS_PASSWORD);
        }
        match form.encoding {
            FormEncoding::Query if sets && !self.job.allow_unsafe => {
                let reason = "sets a password; pass --allow-unsafe to send it";
                self.leave(candidate, SkipReason::Unsafe, reason)
            }
            FormEncoding::UrlEncoded | FormEncoding::Multipart | FormEncoding::Plain
                if !self.job.allow_unsafe =>
            {
                self.leave(candidate, SkipReason::Unsafe, unsafe_reason(&form.method))
            }
            _ => self.offer_candidate(candidate, &form.label, |item| {
                item.guess = form.is_switched_off.then_some(Doubt::Likely);
            }),
        }
    }

    /// Whether the same form was followed before, but for its token: that is another one on each page.
    fn was_sent(&mut self, form: &Form) -> bool {
        let Some(token) = &form.token else { return false };
        let names: Vec<&str> = form.names().filter(|name| name != token).collect();
        let key = self.identity.key(&form.method, &form.action, names.join("\n").as_bytes());
        !self.judge(key)
    }

    /// Lists what is not sent.
    pub(super) fn leave(
        &mut self,
        candidate: Candidate,
        why: SkipReason,
        reason: impl Into<String>,
    ) -> LedOn {
        if !self.in_scope(&candidate.url) {
            self.out_of_scope(&candidate);
            return false;
        }
        self.note_endpoint(&candidate);
        let (item, key) = self.item(candidate);
        self.site.link(item.request.method.as_str(), item.path, 1);
        if self.judge(key) {
            self.site.discover(item.url.as_str());
            self.left_out.left_alone(why);
        }
        self.see(&item, Seen::skipped(reason));
        false
    }

    pub(super) fn in_scope(&self, url: &Url) -> bool {
        Origin::of(url).is_ok_and(|origin| {
            self.job.traffic.scope().judge(&origin, &link::path_and_query(url)).is_ok()
        })
    }

    fn out_of_scope(&mut self, candidate: &Candidate) {
        let method = candidate.request.method.as_str();
        let key = self.identity.key(method, &candidate.url, &candidate.request.body);
        if self.judge(key) {
            self.left_out.out_of_scope += 1;
            if let Some(host) = candidate.url.host_str() {
                self.site.name_host(host);
            }
        }
    }

    /// Remembers what need not be looked at again; whether it is new.
    pub(super) fn judge(&mut self, key: u64) -> bool {
        self.judged.len() >= MAX_REMEMBERED || self.judged.insert(key)
    }

    /// Offers what was found, unless following it may do harm.
    pub(super) fn offer_candidate(
        &mut self,
        candidate: Candidate,
        label: &str,
        complete: impl FnOnce(&mut Item),
    ) -> LedOn {
        if !self.in_scope(&candidate.url) {
            self.out_of_scope(&candidate);
            return false;
        }
        let is_safe = candidate.request.method.is_safe();
        let by_button = || (!is_safe).then(|| careful::button_reason(label)).flatten();
        if let Some(reason) = careful::reason_to_leave(&candidate.url, label).or_else(by_button) {
            return self.leave(candidate, SkipReason::Harmful, reason);
        }
        if !self.allowance.robots_allow(&candidate.request) {
            return self.leave(candidate, SkipReason::Robots, ROBOTS_REASON);
        }
        let (mut item, key) = self.item(candidate);
        if self.frontier.visit(key) {
            return false;
        }
        complete(&mut item);
        self.offer(item, key)
    }

    pub(super) fn offer(&mut self, item: Item, key: u64) -> LedOn {
        if self.frontier.knows(key) {
            return false;
        }
        if item.depth > self.job.settings.depth {
            if self.left_out.too_deep(key) {
                self.site.discover(item.url.as_str());
            }
            return false;
        }
        if let Some(doubt) = item.guess {
            self.guesses.park(item, key, doubt);
            return false;
        }
        if !self.left_out.deeper.contains(&key) {
            self.site.discover(item.url.as_str());
        }
        let path = item.path;
        let directory = self.templates.directory(path);
        match self.frontier.offer(item, key, directory) {
            Offer::Queued { first } => return first,
            Offer::EnoughOfItsKind => self.left_out.same_kind(path, 1),
            Offer::Full => self.left_out.full += 1,
        }
        false
    }
}

/// What was found by way of a browser is the browser's.
fn source(from: &Item, place: &Found) -> OperationSource {
    if place.by == FoundIn::Browser || from.source == OperationSource::Browser {
        OperationSource::Browser
    } else {
        OperationSource::Crawl
    }
}

/// Whether a file of that name carries neither links nor code.
pub(crate) fn is_media(url: &Url) -> bool {
    MEDIA.contains(&link::extension(url.path()).as_str())
}

/// Why a request is not sent.
pub(crate) fn unsafe_reason(method: &str) -> String {
    format!("{method} may change something; pass --allow-unsafe to send it")
}
