//! What the TUI shows: the report so far, and what the user has opened.

use std::time::Duration;

use ratatui::layout::Size;

use super::endpoints::Sort;
use super::list::ListView;
use super::log::Log;
use super::popup::Popup;
use super::theme::Theme;
use crate::model::Event;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Phase;
use crate::model::Report;
use crate::model::SeriesId;
use crate::model::Stamped;
use crate::model::StopLevel;
use crate::model::StopReason;
use crate::model::Tally;
use crate::model::Verdict;

/// The screens, in the order of their number keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// Everything at a glance.
    Overview,
    /// Load by endpoint.
    Endpoints,
    /// Flaws with their proof.
    Findings,
    /// Notices and failures.
    Log,
}

impl Screen {
    /// Every screen.
    pub const ALL: [Self; 4] = [Self::Overview, Self::Endpoints, Self::Findings, Self::Log];

    /// The name in the tab bar.
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Endpoints => "Endpoints",
            Self::Findings => "Findings",
            Self::Log => "Log",
        }
    }

    /// The screen `by` places further, round the end.
    pub(super) fn step(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// A pure function of the events and keys so far; [`super::draw()`] reads it.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) report: Report,
    /// All endpoints together, renewed with every interval so that drawing need not add up.
    pub(super) total: Tally,
    pub(super) log: Log,
    pub(super) theme: Theme,
    pub(super) size: Size,
    pub(super) screen: Screen,
    pub(super) popup: Option<Popup>,
    /// Why the last key did nothing.
    pub(super) said: Option<String>,
    /// The `/` line is open.
    pub(super) editing: bool,
    pub(super) endpoints: ListView<SeriesId>,
    pub(super) sort: Sort,
    /// By fingerprint: the place changes as graver ones come in.
    pub(super) findings: ListView<String>,
    /// How far the run has been told to wind down, by this user or anybody else.
    pub(super) level: StopLevel,
    pub(super) stopped_by_q: bool,
    pub(super) over: bool,
}

impl State {
    /// Nothing has happened yet.
    pub fn new(theme: Theme) -> Self {
        let report = Report::default();
        Self {
            total: report.total(),
            report,
            log: Log::default(),
            theme,
            size: Size::new(80, 24),
            screen: Screen::Overview,
            popup: None,
            said: None,
            editing: false,
            endpoints: ListView::default(),
            sort: Sort::default(),
            findings: ListView::default(),
            level: StopLevel::Running,
            stopped_by_q: false,
            over: false,
        }
    }

    /// A run that is over.
    pub fn finished(report: Report, theme: Theme) -> Self {
        let mut state = Self::new(theme);
        for notice in &report.notices {
            state.log.push(None, notice.level, &notice.text);
        }
        for (url, failure) in &report.scan_failures {
            state.log.push(None, NoticeLevel::Info, &format!("{url}: {failure}"));
        }
        if let Some(reason) = &report.stopped {
            state.log.push(None, NoticeLevel::Warning, &stop_text(reason));
        }
        if let Some(verdict) = &report.verdict {
            state.log_verdict(None, verdict);
        }
        state.total = report.total();
        state.report = report;
        state.over = true;
        state
    }

    /// Takes one event.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.report.apply(stamped);
        let at = Some(stamped.at);
        match &stamped.event {
            Event::LoadDeclared { .. } | Event::LoadWindow(_) | Event::LoadFinished(_) => {
                self.total = self.report.total();
            }
            Event::PhaseStarted(phase) => self.log_phase(stamped, *phase, "started"),
            Event::PhaseFinished(phase) => self.log_phase(stamped, *phase, "finished"),
            Event::Notice(Notice { level, text }) => self.log.push(at, *level, text),
            Event::ScanFailure { url, failure } => {
                self.log.push(at, NoticeLevel::Info, &format!("{url}: {failure}"));
            }
            Event::LoadChanged(change) => {
                self.log.push(at, NoticeLevel::Info, &format!("{}, by {}", change.kind, change.by));
            }
            Event::Stopping(reason) => {
                self.level = self.level.max(StopLevel::Stopping);
                self.log.push(at, NoticeLevel::Warning, &stop_text(reason));
            }
            Event::Verdict(verdict) => {
                self.log_verdict(at, verdict);
                self.end();
            }
            Event::RunStarted(_)
            | Event::ScanWindow(_)
            | Event::Operation(_)
            | Event::OperationMerged { .. }
            | Event::UrlFound(_)
            | Event::TemplateResult(_)
            | Event::TemplatesLoaded(_)
            | Event::TemplatesFinished(_)
            | Event::SiteNode(_)
            | Event::CrawlFinished { .. }
            | Event::RuleDeclared(_)
            | Event::RuleFinished(_)
            | Event::Finding(_)
            | Event::Session(_)
            | Event::Validity(_)
            | Event::Thresholds(_) => {}
        }
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
        self.stopped_by_q || !self.report.is_interrupted()
    }

    /// The open screen.
    pub fn screen(&self) -> Screen {
        self.screen
    }

    fn log_phase(&mut self, stamped: &Stamped, phase: Phase, what: &str) {
        let text = format!("{} {what}", phase.as_str());
        self.log.push(Some(stamped.at), NoticeLevel::Info, &text);
    }

    fn log_verdict(&mut self, at: Option<Duration>, verdict: &Verdict) {
        let (code, meaning) = (verdict.exit_code.code(), verdict.exit_code.meaning());
        // No warning: the gates have a place of their own.
        self.log.push(at, NoticeLevel::Info, &format!("exit {code}: {meaning}"));
    }
}

fn stop_text(reason: &StopReason) -> String {
    match reason {
        StopReason::Interrupted(text) => format!("interrupted: {text}"),
        StopReason::Safety(text) => format!("safety stop: {text}"),
        StopReason::Threshold(text) => format!("stopped by a threshold: {text}"),
    }
}
