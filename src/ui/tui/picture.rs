//! What the events so far add up to: the report, and what only a screen needs of them.
//!
//! Whole in itself, so that a copy of it stands still while the run goes on.

use super::heat::HeatMaps;
use super::log::Log;
use super::site_tree::SiteTree;
use crate::model::Event;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::Tally;
use crate::ui::progress::PartClock;
use crate::ui::progress::Progress;
use crate::ui::story;
use crate::ui::story::Story;

/// A fold over events.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) report: Report,
    /// All endpoints together, renewed with every interval so that drawing need not add up.
    pub(super) total: Tally,
    pub(super) log: Log,
    /// How latency was distributed, over time.
    pub(super) heat: HeatMaps,
    /// The operations in the order of a tree.
    pub(super) site: SiteTree,
    story: Story,
    clock: PartClock,
}

impl Picture {
    /// Nothing has happened yet.
    pub(super) fn new() -> Self {
        let report = Report::default();
        Self {
            total: report.total(),
            report,
            log: Log::default(),
            heat: HeatMaps::default(),
            site: SiteTree::default(),
            story: Story::default(),
            clock: PartClock::default(),
        }
    }

    /// Of a report alone: without what only events tell.
    pub(super) fn of(report: Report) -> Self {
        let mut picture = Self::new();
        for notice in &report.notices {
            picture.log.push(None, notice.level, &notice.text);
        }
        for (url, failure) in &report.scan_failures {
            picture.log.push(None, NoticeLevel::Info, &format!("{url}: {failure}"));
        }
        if let Some(reason) = &report.stopped {
            picture.log.push(None, NoticeLevel::Warning, &reason.sentence());
        }
        if let Some(text) = story::verdict_text(&report) {
            picture.log.push(None, NoticeLevel::Info, &text);
        }
        for operation in report.coverage.operations.iter() {
            picture.site.set(operation);
        }
        picture.total = report.total();
        picture.report = report;
        picture
    }

    /// Takes one event.
    pub(super) fn apply(&mut self, stamped: &Stamped) {
        self.report.apply(stamped);
        self.clock.take(stamped);
        for (level, text) in self.story.told(&stamped.event, &self.report) {
            self.log.push(Some(stamped.at), level, &text);
        }
        match &stamped.event {
            Event::LoadDeclared { .. } | Event::LoadFinished(_) => {
                self.total = self.report.total();
            }
            Event::LoadWindow(window) => {
                self.heat.add(window);
                if !window.warmup {
                    let endpoints = self.report.endpoints.len();
                    let declared = |id: u32| usize::try_from(id).is_ok_and(|id| id < endpoints);
                    for series in window.series.iter().filter(|one| declared(one.series.0)) {
                        self.total.merge(&series.tally);
                    }
                }
            }
            Event::Operation(operation) => self.site.set(operation),
            Event::OperationMerged { method, from, .. } => self.site.remove(method, from),
            Event::RunStarted(_)
            | Event::PhaseStarted(_)
            | Event::PhaseFinished(_)
            | Event::LoadChanged(_)
            | Event::ScanWindow(_)
            | Event::UrlFound(_)
            | Event::TemplateResult(_)
            | Event::TemplatesLoaded(_)
            | Event::TemplatesFinished(_)
            | Event::SiteNode(_)
            | Event::CrawlFinished { .. }
            | Event::RuleDeclared(_)
            | Event::RuleFinished(_)
            | Event::Finding(_)
            | Event::AccessMatrix(_)
            | Event::ScanFailure { .. }
            | Event::Session(_)
            | Event::Notice(_)
            | Event::Stopping(_)
            | Event::Validity(_)
            | Event::Capacity(_)
            | Event::Comparison(_)
            | Event::Bottlenecks(_)
            | Event::Thresholds(_)
            | Event::Verdict(_) => {}
        }
    }

    /// How far the run has come.
    pub(super) fn progress(&self) -> Progress {
        Progress::of(&self.report, self.clock)
    }
}
