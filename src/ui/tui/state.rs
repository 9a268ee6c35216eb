//! What the TUI shows: the picture of the run so far, and what the user has opened.

use ratatui::layout::Size;

use super::list::ListView;
use super::order::Orders;
use super::picture::Picture;
use super::popup::Popup;
use super::theme::Theme;
use crate::model::Event;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::StopLevel;

/// The screens, in the order of their number keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// Everything at a glance.
    Overview,
    /// Load by endpoint.
    Endpoints,
    /// How latency was distributed over time, and in which phases.
    Latency,
    /// What failed and how.
    Errors,
    /// Flaws with their proof.
    Findings,
    /// What the crawl knows of the site.
    Crawl,
    /// Load by backend, cache state and other observed headers.
    Backends,
    /// What makes requests slow; the capacity, level by level.
    Causes,
    /// Notices, stages, logins, failures.
    Log,
}

impl Screen {
    /// Every screen.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Endpoints,
        Self::Latency,
        Self::Errors,
        Self::Findings,
        Self::Crawl,
        Self::Backends,
        Self::Causes,
        Self::Log,
    ];

    /// The name in the tab bar.
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Endpoints => "Endpoints",
            Self::Latency => "Latency",
            Self::Errors => "Errors",
            Self::Findings => "Findings",
            Self::Crawl => "Crawl",
            Self::Backends => "Backends",
            Self::Causes => "Bottlenecks",
            Self::Log => "Log",
        }
    }

    /// The name where there is little room.
    pub(super) fn short(self) -> &'static str {
        match self {
            Self::Overview => "Over",
            Self::Endpoints => "Endp",
            Self::Latency => "Lat",
            Self::Errors => "Err",
            Self::Findings => "Find",
            Self::Crawl => "Crawl",
            Self::Backends => "Back",
            Self::Causes => "Slow",
            Self::Log => "Log",
        }
    }

    /// Whether it has rows to move through and to filter.
    pub(super) fn has_rows(self) -> bool {
        match self {
            Self::Overview | Self::Latency => false,
            Self::Endpoints
            | Self::Errors
            | Self::Findings
            | Self::Crawl
            | Self::Backends
            | Self::Causes
            | Self::Log => true,
        }
    }

    /// The screen `by` places further, round the end.
    pub(super) fn step(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// Whose run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// This process's: it can be steered and stopped.
    Us,
    /// Another's, told by its event log.
    Another,
}

/// A pure function of the events and keys so far; [`super::draw()`] reads it.
#[derive(Debug, Clone)]
pub struct State {
    /// What the run has come to, whatever is shown.
    pub(super) live: Picture,
    /// What is shown in its place.
    frozen: Option<Box<Picture>>,
    pub(super) owner: Owner,
    pub(super) theme: Theme,
    pub(super) size: Size,
    pub(super) screen: Screen,
    pub(super) popup: Option<Popup>,
    /// What the last key came to, or why it did nothing.
    pub(super) said: Option<String>,
    /// The `/` line is open.
    pub(super) editing: bool,
    views: [ListView; Screen::ALL.len()],
    pub(super) orders: Orders,
    /// How far the run has been told to wind down, by this user or anybody else.
    pub(super) level: StopLevel,
    pub(super) stopped_by_q: bool,
    pub(super) over: bool,
}

impl State {
    /// Nothing has happened yet.
    pub fn new(theme: Theme) -> Self {
        Self {
            live: Picture::new(),
            frozen: None,
            owner: Owner::Us,
            theme,
            size: Size::new(80, 24),
            screen: Screen::Overview,
            popup: None,
            said: None,
            editing: false,
            views: Default::default(),
            orders: Orders::default(),
            level: StopLevel::Running,
            stopped_by_q: false,
            over: false,
        }
    }

    /// A run that is over.
    pub fn finished(report: Report, theme: Theme) -> Self {
        Self { live: Picture::of(report), over: true, ..Self::new(theme) }
    }

    /// A run of another process, which can be watched and no more.
    pub fn following(theme: Theme) -> Self {
        Self { owner: Owner::Another, ..Self::new(theme) }
    }

    /// Takes one event.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.live.apply(stamped);
        match &stamped.event {
            Event::Stopping(_) => self.level = self.level.max(StopLevel::Stopping),
            Event::Verdict(_) => self.end(),
            _ => {}
        }
    }

    /// The log was begun anew: what was told so far is of another run.
    pub(super) fn restart(&mut self) {
        self.live = Picture::new();
        self.frozen = None;
        self.level = StopLevel::Running;
        self.over = false;
    }

    /// The log that tells of the run cannot be read any further.
    pub(super) fn broke(&mut self, why: &str) {
        self.live.log.push(None, NoticeLevel::Error, why);
        self.say(why);
        self.end();
    }

    /// The stream is over, with or without a verdict.
    pub fn end(&mut self) {
        self.over = true;
        if self.popup == Some(Popup::Confirm) {
            self.popup = None;
        }
    }

    /// The terminal has this size now; scrolling depends on it.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// Whether the stream is over.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether the view stays open after the run: not when somebody ended the run in order to
    /// leave, by a signal or Ctrl-C; `q` asks for the figures so far.
    pub fn lingers(&self) -> bool {
        self.stopped_by_q || !self.live.report.is_interrupted()
    }

    /// The open screen.
    pub fn screen(&self) -> Screen {
        self.screen
    }

    /// The run as it is now, frozen or not.
    pub fn live_report(&self) -> &Report {
        &self.live.report
    }

    /// What is shown.
    pub(super) fn picture(&self) -> &Picture {
        self.frozen.as_deref().unwrap_or(&self.live)
    }

    /// The report of what is shown.
    pub(super) fn report(&self) -> &Report {
        &self.picture().report
    }

    /// Whether the picture stands still.
    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Lets the picture stand still, or go on.
    pub(super) fn toggle_frozen(&mut self) {
        self.frozen = match self.frozen {
            Some(_) => None,
            None => Some(Box::new(self.live.clone())),
        };
    }

    /// What the user has chosen on a screen.
    pub(super) fn view_of(&self, screen: Screen) -> &ListView {
        &self.views[screen as usize]
    }

    /// What the user has chosen on the open screen.
    pub(super) fn view(&self) -> &ListView {
        self.view_of(self.screen)
    }

    /// The same, to be changed.
    pub(super) fn view_mut(&mut self) -> &mut ListView {
        &mut self.views[self.screen as usize]
    }
}
