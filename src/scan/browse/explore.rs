//! Tries out one page: scrolls, fills in, clicks, and reads what is shown after each.
//!
//! What is alike is tried once or twice, on one page and over all pages, so that neither a list of a
//! thousand buttons nor a menu that stands on every page keeps us; what a click has brought up is
//! tried before the rest, and when it has led away from something that was not tried yet, the page
//! is loaded once more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use url::Url;

use super::explorer::Novelty;
use super::tab::Tab;
use super::target::Clickable;
use super::target::Fields;
use super::target::Kind;
use super::target::Targets;
use crate::browser::CallError;
use crate::extract::Markup;
use crate::scan::crawl::Allowance;
use crate::scan::page::Page;
use crate::scan::traffic::Traffic;

/// For one page.
const PAGE_TIME: Duration = Duration::from_secs(45);
const MAX_CLICKS: u32 = 80;
const MAX_FORMS: u32 = 20;
const MAX_SCROLLS: u32 = 10;
const MAX_RELOADS: u32 = 4;

/// Clicks on things that are alike, on one page and over all of them.
const ALIKE_HERE: u32 = 2;
const ALIKE: u32 = 4;

/// Clicks on a page on what may be listened to from above: in all, on things of one shape, and in a
/// row without an effect.
const MAX_DELEGATED: u32 = 30;
const MAX_FAMILY: u32 = 6;
const MAX_VAIN: u32 = 12;

/// Links that are clicked on to see whether a script makes something else of them.
const LINKS_TRIED: u32 = 8;

/// A page is shown at least this long, because many do something a moment after they are loaded.
const DWELL: Duration = Duration::from_millis(1000);

/// Until a page is quiet: after it was loaded, and after something was done.
const LOADED: Duration = Duration::from_secs(8);
const DONE: Duration = Duration::from_secs(3);

/// What was tried until now, over all pages.
#[derive(Debug, Default)]
pub(super) struct Memory {
    clicks: BTreeMap<u64, u32>,
    forms: BTreeMap<u64, u32>,
    /// States of pages from which everything was tried.
    states: BTreeSet<u64>,
    /// The last of them.
    state: Option<u64>,
    links_tried: u32,
    /// Links of which a script made something else.
    links_routed: u32,
    pub(super) clicked: u64,
    pub(super) filled: u64,
}

impl Memory {
    /// The last page may be tried once more: nothing says that it was tried to its end.
    pub(super) fn take_back(&mut self) {
        if let Some(state) = self.state.take() {
            self.states.remove(&state);
        }
    }

    /// Nothing counts as tried any more.
    pub(super) fn forget(&mut self) {
        let (clicked, filled) = (self.clicked, self.filled);
        *self = Self { clicked, filled, ..Self::default() };
    }
}

/// What holds for one page.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'b> {
    pub(super) traffic: &'b Traffic,
    pub(super) allowance: &'b Allowance,
    /// On the run's clock.
    pub(super) end: Duration,
}

/// What came of a page.
#[derive(Debug, Default)]
pub(super) struct Explored {
    /// Links and forms of every state, each once.
    pub(super) page: Page,
    /// It could not be shown.
    pub(super) is_missing: bool,
    /// Something was left untried.
    pub(super) is_cut: bool,
    /// Things that were left alone because they look as if they did harm.
    pub(super) harmful: u64,
    links: BTreeSet<(String, &'static str)>,
}

/// Shows the page at `url` in `tab` and tries out what there is.
///
/// # Errors
/// The browser does not answer, or the page keeps it from answering; `explored` has what was learnt
/// until then.
pub(super) async fn explore(
    tab: &Tab,
    bounds: &Bounds<'_>,
    (url, novelty): (&Url, Novelty),
    memory: &mut Memory,
    explored: &mut Explored,
) -> Result<(), CallError> {
    let Bounds { traffic, allowance, end } = *bounds;
    memory.state = None;
    let end = end.min(traffic.now() + PAGE_TIME);
    let delegated = Delegated::default();
    let mut exploring =
        Exploring { tab, traffic, allowance, url, novelty, memory, explored, end, delegated };
    exploring.run().await
}

struct Exploring<'e> {
    tab: &'e Tab,
    traffic: &'e Traffic,
    allowance: &'e Allowance,
    url: &'e Url,
    novelty: Novelty,
    memory: &'e mut Memory,
    explored: &'e mut Explored,
    end: Duration,
    delegated: Delegated,
}

/// Clicks on what may be listened to from above.
#[derive(Debug, Default)]
struct Delegated {
    clicks: u32,
    /// Those in a row that had no effect.
    vain: u32,
    by_family: BTreeMap<u64, u32>,
}

impl Delegated {
    fn has_room(&self, family: u64) -> bool {
        let of_its_family = self.by_family.get(&family).copied().unwrap_or(0);
        self.clicks < MAX_DELEGATED && self.vain < MAX_VAIN && of_its_family < MAX_FAMILY
    }

    fn note(&mut self, family: u64, has_effect: bool) {
        self.clicks += 1;
        self.vain = if has_effect { 0 } else { self.vain + 1 };
        *self.by_family.entry(family).or_insert(0) += 1;
    }
}

impl Exploring<'_> {
    async fn run(&mut self) -> Result<(), CallError> {
        let began = self.traffic.now();
        if !self.load().await? {
            self.explored.is_missing = true;
            return Ok(());
        }
        let mut targets = self.look().await?;
        for _ in 0..MAX_SCROLLS {
            if self.is_over() || !self.tab.scroll().await? {
                break;
            }
            self.tab.settle(DONE).await?;
            targets = self.look().await?;
        }
        // On another page with the same to try, nothing else would come of it.
        let state = targets.state();
        if self.memory.states.insert(state) {
            self.memory.state = Some(state);
            self.explored.harmful = targets.harmful;
            self.fill(&targets.forms).await?;
            if self.tab.hover().await? {
                self.tab.settle(DONE).await?;
            }
            let targets = self.look().await?;
            self.click(targets).await?;
        }
        match self.novelty {
            Novelty::New => self.wait(began + DWELL).await,
            Novelty::Known => Ok(()),
        }
    }

    /// What comes a little later.
    async fn wait(&mut self, until: Duration) -> Result<(), CallError> {
        let left = until.saturating_sub(self.traffic.now());
        if !left.is_zero() && !self.traffic.is_stopping() {
            tokio::time::sleep(left).await;
        }
        self.tab.settle(DONE).await?;
        self.look().await.map(drop)
    }

    async fn load(&mut self) -> Result<bool, CallError> {
        if !self.tab.go(self.url.as_str()).await? {
            return Ok(false);
        }
        self.tab.settle(LOADED).await?;
        Ok(true)
    }

    /// Reads what is shown.
    async fn look(&mut self) -> Result<Targets, CallError> {
        let snapshot = self.tab.snapshot().await?;
        for document in &snapshot.documents {
            let markup: Markup = document.markup();
            self.explored.add(Page::read(&document.base, &markup));
        }
        let targets = Targets::of(&snapshot);
        self.explored.is_cut |= targets.truncated;
        Ok(targets)
    }

    fn is_over(&mut self) -> bool {
        if self.traffic.is_stopping() || self.tab.visit().seen().is_crashed {
            return true;
        }
        let is_late = self.traffic.now() >= self.end || self.allowance.is_over(self.traffic.now());
        self.explored.is_cut |= is_late;
        is_late
    }

    /// Fills in and sends what was not sent before.
    async fn fill(&mut self, forms: &[Fields]) -> Result<(), CallError> {
        let mut sent = 0;
        for fields in forms {
            if fields.asks_password && self.traffic.is_somebody() {
                // To send it could end the login.
                continue;
            }
            let times = self.memory.forms.entry(fields.print).or_insert(0);
            if *times >= ALIKE {
                continue;
            }
            *times += 1;
            sent += 1;
            if sent > MAX_FORMS {
                self.explored.is_cut = true;
                return Ok(());
            }
            if self.is_over() {
                return Ok(());
            }
            self.memory.filled += 1;
            self.send(fields).await?;
            self.tab.settle(DONE).await?;
            self.look().await?;
        }
        Ok(())
    }

    async fn send(&mut self, fields: &Fields) -> Result<(), CallError> {
        for (id, value) in &fields.values {
            self.tab.fill(*id, value).await?;
        }
        match (fields.form, fields.button) {
            (Some(_), Some(button)) => self.tab.press(button).await,
            (Some(form), None) => self.tab.submit(form).await,
            (None, _) => {
                for (id, _) in &fields.values {
                    self.tab.enter(*id).await?;
                }
                Ok(())
            }
        }
    }

    /// Clicks on everything that may be clicked on, the likeliest first.
    async fn click(&mut self, mut targets: Targets) -> Result<(), CallError> {
        let mut here: BTreeMap<u64, u32> = BTreeMap::new();
        let mut open: BTreeMap<u64, Clickable> = BTreeMap::new();
        let (mut clicks, mut reloads, mut has_moved) = (0, 0, false);
        loop {
            if self.is_over() {
                return Ok(());
            }
            targets.clickable.retain(|it| self.may_click(it, &here));
            open.extend(targets.clickable.iter().map(|it| (it.print, it.clone())));
            open.retain(|print, it| !here.contains_key(print) && self.may_click(it, &here));
            let Some(next) = targets.clickable.first().cloned() else {
                if open.is_empty() || !has_moved || reloads == MAX_RELOADS {
                    self.explored.is_cut |= !open.is_empty() && reloads == MAX_RELOADS;
                    return Ok(());
                }
                // What is open stood here before a click led elsewhere.
                (reloads, has_moved) = (reloads + 1, false);
                if !self.load().await? {
                    return Ok(());
                }
                targets = self.look().await?;
                continue;
            };
            if clicks == MAX_CLICKS {
                self.explored.is_cut = true;
                return Ok(());
            }
            clicks += 1;
            let known: BTreeSet<u64> = targets.clickable.iter().map(|it| it.print).collect();
            if self.try_out(&next, &mut here).await? {
                has_moved = true;
                targets = self.look().await?;
                self.fill_new(&targets).await?;
                // What has just come up goes first.
                targets.clickable.sort_by_key(|it| known.contains(&it.print));
            } else {
                targets.clickable.remove(0);
            }
        }
    }

    /// Forms that a click has brought up.
    async fn fill_new(&mut self, targets: &Targets) -> Result<(), CallError> {
        let new = targets.forms.iter().filter(|it| !self.memory.forms.contains_key(&it.print));
        let new: Vec<Fields> = new.cloned().collect();
        self.fill(&new).await
    }

    fn may_click(&self, target: &Clickable, here: &BTreeMap<u64, u32>) -> bool {
        let times = |of: &BTreeMap<u64, u32>| of.get(&target.print).copied().unwrap_or(0);
        let are_links_plain =
            self.memory.links_tried >= LINKS_TRIED && self.memory.links_routed == 0;
        times(here) < ALIKE_HERE
            && times(&self.memory.clicks) < ALIKE
            && !(target.kind == Kind::Link && are_links_plain)
            && target.family.is_none_or(|family| self.delegated.has_room(family))
    }

    /// Clicks; whether anything came of it.
    async fn try_out(
        &mut self,
        target: &Clickable,
        here: &mut BTreeMap<u64, u32>,
    ) -> Result<bool, CallError> {
        let before = self.counts();
        let changes = self.tab.click(target.id).await?;
        *here.entry(target.print).or_insert(0) += 1;
        *self.memory.clicks.entry(target.print).or_insert(0) += 1;
        let Some(changes) = changes else { return Ok(false) };
        self.memory.clicked += 1;
        if self.counts().activity != before.activity {
            self.tab.settle(DONE).await?;
        }
        let after = self.counts();
        let has_left = after.away > before.away;
        if target.kind == Kind::Link {
            self.memory.links_tried += 1;
            self.memory.links_routed += u32::from(after.routes > before.routes && !has_left);
        }
        let has_effect = changes > 0 || after.activity != before.activity;
        if let Some(family) = target.family {
            self.delegated.note(family, has_effect);
            if !has_effect {
                // Nobody listens: nobody does on other pages.
                self.memory.clicks.insert(target.print, ALIKE);
            }
        }
        if !has_effect || (has_left && changes == 0) {
            // One of its kind is enough.
            here.insert(target.print, ALIKE_HERE);
        }
        Ok(has_effect)
    }

    fn counts(&self) -> Counts {
        let seen = self.tab.visit().seen();
        Counts { activity: seen.activity, routes: seen.routes, away: seen.away }
    }
}

struct Counts {
    activity: u64,
    routes: u64,
    away: u64,
}

impl Explored {
    /// Adds what is new.
    fn add(&mut self, page: Page) {
        self.page.truncated |= page.truncated;
        for link in page.links {
            if self.links.insert((link.url.to_string(), link.method)) {
                self.page.links.push(link);
            }
        }
        for form in page.forms {
            if !self.page.forms.contains(&form) {
                self.page.forms.push(form);
            }
        }
    }
}
