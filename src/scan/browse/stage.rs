//! A browser for checks: shows one page after the other, each prepared, and tells what ran in it.
//!
//! What a payload runs is a bare name. In each page of the target such a name is a property of the window
//! that nothing lists and whose reading is told to us: the payload is proven by the name's being
//! evaluated, and harms nobody. What another site does is done from a page of ours, at an address that
//! leads nowhere, in which the target's page is a frame; headers that forbid frames are left out of the
//! answers then, because whatever a frame can be sent, a window can be sent too.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use url::Url;

use super::running::Running;
use super::tab::Tab;
use super::visit::Cause;
use super::visit::Seen;
use super::visit::Visit;
use crate::browser::CallError;
use crate::model::Exchange;
use crate::model::NoticeLevel;
use crate::model::inert;
use crate::scan::crawl::Allowance;
use crate::scan::traffic::Traffic;

/// How often it is started again after it broke.
const MAX_RESTARTS: u32 = 3;

/// Until a page is quiet.
const QUIET: Duration = Duration::from_secs(4);

/// Until another site has done what it does.
const DONE: Duration = Duration::from_secs(15);

/// The title of another site's page that has done it.
pub(crate) const POSTED: &str = "posted";

/// What is to be shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    /// Of the target's page, with its fragment.
    pub(crate) url: String,
    /// Names whose evaluation is told.
    pub(crate) words: Vec<String>,
    /// The name of the window that it is shown in.
    pub(crate) window_name: Option<String>,
    /// The address of the page that led to it.
    pub(crate) referrer: Option<String>,
    /// A page of another site, by address and markup, which is shown in its place.
    pub(crate) from: Option<(String, String)>,
    /// Words that are looked for in what is shown in the end.
    pub(crate) looked_for: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// Names that were evaluated in pages of the target.
    pub(crate) ran: BTreeSet<String>,
    /// Those of the words looked for that stand in a page of the target.
    pub(crate) written: BTreeSet<String>,
    /// The source of what listens for messages.
    pub(crate) listeners: Vec<String>,
    /// The page itself, as it was answered.
    pub(crate) page: Option<Arc<Exchange>>,
}

/// See the module.
pub(crate) struct Stage {
    program: PathBuf,
    traffic: Arc<Traffic>,
    allow_unsafe: bool,
    allowance: Arc<Allowance>,
    running: Option<Running>,
    starts: u32,
}

impl Stage {
    /// Nothing is started yet.
    pub(crate) fn new(program: PathBuf, traffic: Arc<Traffic>, allow_unsafe: bool) -> Self {
        let allowance = Arc::new(Allowance::unbounded());
        Self { program, traffic, allow_unsafe, allowance, running: None, starts: 0 }
    }

    /// Shows a page; `None` where it could not be shown to its end.
    pub(crate) async fn show(&mut self, scene: &Scene, cause: Arc<Cause>) -> Option<Shown> {
        if self.running.is_none() && !self.start().await {
            return None;
        }
        let running = self.running.as_ref()?;
        let shown = act(running, &self.traffic, scene, cause).await;
        if shown.is_err() && !running.is_alive().await {
            self.running = None;
        }
        shown.ok()
    }

    /// Whether no page will be shown any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.running.is_none() && self.starts > MAX_RESTARTS
    }

    /// Whether there is one now.
    async fn start(&mut self) -> bool {
        if self.starts > MAX_RESTARTS || self.traffic.is_stopping() {
            return false;
        }
        self.starts += 1;
        let started =
            Running::start(&self.program, &self.traffic, self.allow_unsafe, &self.allowance).await;
        match started {
            Ok(running) => {
                if !running.is_sandboxed() && self.starts == 1 {
                    let text = "scan: the browser of the checks runs without its sandbox, as it has \
                                to for root; what a page does to it, it does to this machine";
                    self.traffic.notice(NoticeLevel::Info, text.to_owned()).await;
                }
                self.running = Some(running);
                true
            }
            Err(error) => {
                // A program that does not start will not start the next time.
                self.starts = MAX_RESTARTS + 1;
                let text = format!("scan: no page is shown: {}", inert(&error.to_string(), 600));
                self.traffic.notice(NoticeLevel::Warning, text).await;
                false
            }
        }
    }
}

async fn act(
    running: &Running,
    traffic: &Arc<Traffic>,
    scene: &Scene,
    cause: Arc<Cause>,
) -> Result<Shown, CallError> {
    let connection = running.connection().clone();
    let from = scene.from.clone();
    let make = |window| Visit::of_check(window, Some(cause), from);
    let tab = Tab::open_for(connection, Arc::clone(traffic), make).await?;
    running.attendant.attend(Some(Arc::clone(tab.visit())));
    running.attendant.show_cookies().await;
    let mut shown = Shown::default();
    let outcome = play(&tab, scene, &mut shown).await;
    running.attendant.attend(None);
    let Seen { told, page, is_crashed, .. } = tab.visit().take();
    let closed = tab.close().await;
    let own = Url::parse(&scene.url).ok().map(|url| url.origin().ascii_serialization());
    shown.ran = ran(&told, scene, own.as_deref().unwrap_or_default());
    shown.page = page;
    // What has run has run, whatever came of the page later.
    if shown.ran.is_empty() {
        outcome.and(closed)?;
        if is_crashed {
            return Err(CallError::Crashed);
        }
    }
    Ok(shown)
}

async fn play(tab: &Tab, scene: &Scene, shown: &mut Shown) -> Result<(), CallError> {
    tab.watch(&scene.words, scene.window_name.as_deref()).await?;
    let (url, referrer) = match &scene.from {
        Some((url, _)) => (url, None),
        None => (&scene.url, scene.referrer.as_deref()),
    };
    if !tab.go_from(url, referrer).await? {
        return Ok(());
    }
    if scene.from.is_some() {
        tab.until_titled(POSTED, DONE).await?;
    } else {
        tab.settle(QUIET).await?;
        shown.listeners = tab.message_listeners().await?;
        if tab.stir(&scene.words).await? {
            tab.settle(QUIET).await?;
        }
    }
    if !scene.looked_for.is_empty() {
        let own = Url::parse(&scene.url).ok().map(|url| url.origin());
        let documents = tab.snapshot().await?.documents;
        let texts: Vec<&str> = documents
            .iter()
            .filter(|document| Some(document.base.origin()) == own)
            .flat_map(|document| document.nodes.iter().map(|node| node.value.as_str()))
            .collect();
        let words = scene.looked_for.iter();
        let is_there = |word: &&String| texts.iter().any(|text| text.contains(word.as_str()));
        shown.written = words.filter(is_there).cloned().collect();
    }
    Ok(())
}

/// Names that were told of by pages of an origin: `name origin`.
fn ran(told: &BTreeSet<String>, scene: &Scene, own: &str) -> BTreeSet<String> {
    let of_own = told.iter().filter_map(|line| line.split_once(' '));
    let names = of_own.filter(|(_, origin)| *origin == own).map(|(name, _)| name.to_owned());
    names.filter(|name| scene.words.contains(name)).collect()
}

/// What runs first in every page: a name that is evaluated is told, with the page's origin, over
/// `binding`, which no page sees.
pub(super) fn watcher(binding: &str, words: &[String], window_name: Option<&str>) -> String {
    let (words, name) = (json!(words), json!(window_name));
    format!(
        "(() => {{
            const tell = window['{binding}'];
            if (!tell) return;
            delete window['{binding}'];
            for (const word of {words}) Object.defineProperty(window, word, {{
                enumerable: false, configurable: false, get() {{ tell(word + ' ' + self.origin); }} }});
            const name = {name};
            if (name !== null && window === top) window.name = name;
        }})()"
    )
}
