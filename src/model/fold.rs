//! How events become a report. What is cut short is the same fold, cut short.

use std::time::Duration;

use super::event::{Event, Notice, NoticeLevel, Phase, Stamped};
use super::finding::Finding;
use super::histogram::{Digits, Histogram};
use super::load::{LoadTotals, LoadWindow, ScenarioMeta, ScenarioTally, SeriesMeta, Tally};
use super::load_change::LoadChange;
use super::report::{EndpointReport, Report, TimelinePoint};
use super::sampled::SampledRequests;
use super::scan::ScanWindow;
use super::session::SessionReport;

/// Notices, failures of the scanner and the like are capped at this many; the rest is counted.
const SAMPLES_KEPT: usize = 200;

impl Report {
    /// The fold of a whole stream.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Stamped>) -> Self {
        let mut report = Self::default();
        for event in events {
            report.apply(event);
        }
        report
    }

    /// Takes one event.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.elapsed = stamped.at;
        match &stamped.event {
            Event::RunStarted(info) => self.run = Some(info.clone()),
            Event::PhaseStarted(phase) => self.phases.push((*phase, false)),
            Event::PhaseFinished(phase) => self.finish_phase(*phase),
            Event::LoadDeclared { scenarios, series } => self.declare(scenarios, series),
            Event::LoadWindow(window) => self.add_window(window),
            Event::LoadChanged(change) => self.add_change(change),
            Event::LoadFinished(totals) => self.set_totals(totals),
            Event::ScanWindow(window) => self.add_scan_window(window),
            Event::Operation(operation) => self.coverage.operations.set(operation.clone()),
            Event::OperationMerged { method, from, .. } => {
                self.coverage.operations.remove(method, from);
            }
            // They are counted when the crawl is over.
            // A result of a template is a finding as well.
            Event::UrlFound(_) | Event::TemplateResult(_) => {}
            Event::TemplatesLoaded(library) => {
                self.templates.get_or_insert_default().library = Some(library.as_ref().clone());
            }
            Event::TemplatesFinished(traffic) => {
                self.templates.get_or_insert_default().traffic = Some(traffic.as_ref().clone());
            }
            Event::SiteNode(node) => self.site.push(node.as_ref().clone()),
            Event::CrawlFinished { nodes, urls, complete, skipped, guessed } => {
                self.coverage.nodes = *nodes;
                self.coverage.urls = *urls;
                self.coverage.complete = Some(*complete);
                self.coverage.skipped.clone_from(skipped);
                self.coverage.guessed = *guessed;
            }
            Event::RuleDeclared(meta) => {
                self.rules.insert(meta.id.clone(), (meta.clone(), None));
            }
            Event::RuleFinished(outcome) => {
                if let Some((_, slot)) = self.rules.get_mut(&outcome.id) {
                    *slot = Some(outcome.clone());
                }
            }
            Event::Finding(finding) => self.set_finding(finding, stamped.at),
            Event::AccessMatrix(matrix) => self.access = Some((**matrix).clone()),
            Event::ScanFailure { url, failure } => {
                if self.scan_failures.len() < SAMPLES_KEPT {
                    self.scan_failures.push((url.clone(), failure.clone()));
                }
            }
            Event::Session(session) => self.set_session(session),
            Event::Notice(notice) => {
                if notice.level > NoticeLevel::Info && self.notices.len() < SAMPLES_KEPT {
                    self.notices.push(notice.clone());
                }
            }
            Event::Stopping(reason) => self.stopped = Some(reason.clone()),
            Event::Validity(validity) => self.validity = Some(validity.clone()),
            Event::Capacity(capacity) => self.capacity = Some((**capacity).clone()),
            Event::Comparison(comparison) => self.comparison = Some((**comparison).clone()),
            Event::Bottlenecks(found) => self.bottlenecks.clone_from(found),
            Event::Thresholds(results) => self.thresholds.clone_from(results),
            Event::Verdict(verdict) => self.verdict = Some(verdict.clone()),
        }
    }

    fn finish_phase(&mut self, phase: Phase) {
        if let Some(entry) = self.phases.iter_mut().rev().find(|entry| entry.0 == phase) {
            entry.1 = true;
        }
    }

    fn declare(&mut self, scenarios: &[ScenarioMeta], series: &[SeriesMeta]) {
        self.scenarios = scenarios
            .iter()
            .map(|meta| (meta.clone(), ScenarioTally::new(Digits::Three)))
            .collect();
        self.endpoints = series
            .iter()
            .map(|meta| {
                let sampled = SampledRequests::of_one(series.len());
                let total = Tally { sampled, ..Tally::new(Digits::Three) };
                EndpointReport { meta: meta.clone(), total }
            })
            .collect();
    }

    fn add_window(&mut self, window: &LoadWindow) {
        self.add_generator(window);
        let mut point = TimelinePoint {
            from: window.from,
            to: window.to,
            warmup: window.warmup,
            vus: window.scenarios.iter().map(|scenario| scenario.vus).sum(),
            ..TimelinePoint::default()
        };
        let mut latency = Histogram::new(Digits::Two);
        let mut duration = Histogram::new(Digits::Two);
        for series in &window.series {
            point.requests += series.tally.requests;
            point.failed += series.tally.failed;
            point.bytes_received += series.tally.bytes_received;
            latency.merge(&series.tally.latency);
            duration.merge(&series.tally.duration);
            if !window.warmup
                && let Some(endpoint) = self.endpoints.get_mut(series.series.0 as usize)
            {
                endpoint.total.merge(&series.tally);
            }
        }
        (point.latency, point.duration) = (quartet(&latency), quartet(&duration));
        if !window.warmup {
            self.blocks.add(window, self.endpoints.len());
            self.load_elapsed += window.to.saturating_sub(window.from);
            for scenario in &window.scenarios {
                if let Some((_, tally)) = self.scenarios.get_mut(scenario.scenario) {
                    tally.merge(&scenario.tally);
                }
            }
        }
        self.vus = (point.vus, self.vus.1.max(point.vus));
        self.timeline.push(point);
    }

    /// A warm-up beside measured scenarios makes two windows of one interval; the generator is one.
    fn add_generator(&mut self, window: &LoadWindow) {
        if self.timeline.last().is_none_or(|point| point.to < window.to) {
            let length = window.to.saturating_sub(window.from);
            self.generator.get_or_insert_default().add(&window.generator, length);
        }
    }

    /// Whoever reads figures must see that they are not the plan's.
    fn add_change(&mut self, change: &LoadChange) {
        self.changes.push(change.clone());
        if change.is_own() {
            return;
        }
        if self.notices.len() < SAMPLES_KEPT {
            self.notices.push(Notice { level: NoticeLevel::Warning, text: change.to_string() });
        }
    }

    fn set_totals(&mut self, totals: &LoadTotals) {
        self.load_elapsed = totals.elapsed;
        self.tap_dropped = totals.tap_dropped;
        for series in &totals.series {
            if let Some(endpoint) = self.endpoints.get_mut(series.series.0 as usize) {
                let sampled = std::mem::take(&mut endpoint.total.sampled);
                endpoint.total = Tally { sampled, ..series.tally.clone() };
            }
        }
        for ((_, mine), theirs) in self.scenarios.iter_mut().zip(&totals.scenarios) {
            mine.clone_from(theirs);
        }
    }

    fn add_scan_window(&mut self, window: &ScanWindow) {
        self.scan_requests.0 += window.requests;
        self.scan_requests.1 += window.failed;
        self.scan_duration.merge(&window.duration);
        self.progress = window.progress;
    }

    fn set_session(&mut self, session: &SessionReport) {
        match self.sessions.iter_mut().find(|known| known.is_same_as(session)) {
            Some(known) => known.clone_from(session),
            None => self.sessions.push(session.clone()),
        }
    }

    /// The gravest first, those alike in the order in which they were found.
    fn set_finding(&mut self, finding: &Finding, at: Duration) {
        let known = self.findings.iter().position(|known| known.is_same_cause(finding));
        let before = known.map(|place| self.findings.remove(place));
        let first = before.as_ref().and_then(|before| before.found_at).or(finding.found_at);
        let finding = Finding { found_at: first.or(Some(at)), ..finding.clone() };
        let gravity = |finding: &Finding| (finding.severity, finding.confidence);
        let place = match (known, before) {
            (Some(place), Some(before)) if gravity(&before) == gravity(&finding) => place,
            _ => self.findings.partition_point(|other| gravity(other) >= gravity(&finding)),
        };
        self.findings.insert(place, finding);
    }
}

/// Median, p95, p99 and maximum.
fn quartet(trend: &Histogram) -> Option<[Duration; 4]> {
    let max = trend.max()?;
    let at = |q| trend.quantile(q).unwrap_or(max);
    Some([at(0.5), at(0.95), at(0.99), max])
}
