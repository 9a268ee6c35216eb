//! A run told in sentences: what the TUI's log keeps and `--verbose` prints. Floods (every operation,
//! every rule) are not told.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::figures;
use crate::model::Event;
use crate::model::Finding;
use crate::model::LoadTotals;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::RuleOutcome;
use crate::model::RunInfo;
use crate::model::ScenarioMeta;
use crate::model::SessionReport;
use crate::model::TemplateRun;
use crate::model::ThresholdResult;
use crate::model::format_duration;

/// Sentences that one event is worth.
type Sentences = Vec<(NoticeLevel, String)>;

/// What was said already: findings and logins are told again only when there is something new.
#[derive(Debug, Clone, Default)]
pub(super) struct Story {
    findings: BTreeSet<String>,
    logins: BTreeMap<(&'static str, String, Option<String>), Login>,
    operations: BTreeMap<(String, String), bool>,
}

/// What of a login is worth a sentence when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Login {
    works: bool,
    logins: u64,
    failed: u64,
    lost: u64,
}

impl Story {
    /// What an event is told as; `report` is the fold up to and including it. Foreign text is as it
    /// came.
    pub(super) fn told(&mut self, event: &Event, report: &Report) -> Sentences {
        let info = |text: String| vec![(NoticeLevel::Info, text)];
        match event {
            Event::RunStarted(run) => info(started(run)),
            Event::PhaseStarted(phase) => info(format!("{} started", phase.as_str())),
            Event::PhaseFinished(phase) => info(format!("{} finished", phase.as_str())),
            Event::LoadDeclared { scenarios, series } => {
                let requests = figures::plural(series.len() as u64, "request", "requests");
                let scenarios: Vec<String> = scenarios.iter().map(scenario).collect();
                info(format!("load of {}; {requests}", scenarios.join(", ")))
            }
            Event::LoadFinished(totals) => info(load(totals)),
            Event::LoadChanged(change) => info(format!("{}, by {}", change.kind, change.by)),
            Event::TemplatesLoaded(_) | Event::TemplatesFinished(_) => {
                let figures = report.templates.iter().flat_map(TemplateRun::figures);
                info(format!("templates: {}", figures.collect::<Vec<_>>().join("; ")))
            }
            Event::CrawlFinished { complete, .. } => info(crawl(report, *complete)),
            Event::RuleFinished(outcome) => rule(outcome),
            Event::Finding(finding) if self.is_new(finding) => {
                let (severity, place) = (finding.severity, figures::place(finding));
                info(format!(
                    "{severity}: {}, {place} ({})",
                    finding.rule.title, finding.confidence
                ))
            }
            Event::ScanFailure { url, failure } => info(format!("{url}: {failure}")),
            Event::Session(session) => self.login(session),
            Event::Notice(notice) => vec![(notice.level, notice.text.clone())],
            Event::Stopping(reason) => vec![(NoticeLevel::Warning, reason.sentence())],
            Event::Validity(validity) => {
                let doubts = validity.problems.iter().chain(&validity.warnings);
                let doubts = doubts.map(|text| (NoticeLevel::Warning, format!("load: {text}")));
                doubts.collect()
            }
            Event::Thresholds(results) => results.iter().map(gate).collect(),
            Event::Verdict(_) => verdict_text(report).map(info).unwrap_or_default(),
            Event::Finding(_)
            | Event::LoadWindow(_)
            | Event::ScanWindow(_)
            | Event::Operation(_)
            | Event::OperationMerged { .. }
            | Event::UrlFound(_)
            | Event::TemplateResult(_)
            | Event::SiteNode(_)
            | Event::AccessMatrix(_)
            | Event::Capacity(_)
            | Event::Comparison(_)
            | Event::Bottlenecks(_)
            | Event::RuleDeclared(_) => Vec::new(),
        }
    }

    /// What is told of an operation when it is learnt of, and when it is reached: a flood, for those
    /// who asked for everything.
    pub(super) fn told_of_operation(&mut self, event: &Event) -> Sentences {
        let Event::Operation(operation) = event else { return Vec::new() };
        let key = (operation.method.clone(), operation.path_template.clone());
        let before = self.operations.insert(key, operation.reached);
        if before == Some(operation.reached) {
            return Vec::new();
        }
        let stands = match (operation.reached, &operation.skipped) {
            (true, _) => "reached".to_owned(),
            (false, Some(why)) => format!("left alone: {why}"),
            (false, None) => "known".to_owned(),
        };
        let (method, path) = (&operation.method, &operation.path_template);
        let text = format!("{method} {path} {stands} ({})", operation.source.as_str());
        vec![(NoticeLevel::Info, text)]
    }

    fn is_new(&mut self, finding: &Finding) -> bool {
        let is_said = finding.places().any(|(_, own)| self.findings.contains(own));
        self.findings.extend(finding.places().map(|(_, own)| own.to_owned()));
        !is_said
    }

    fn login(&mut self, session: &SessionReport) -> Sentences {
        let login = Login {
            works: session.logged_in.is_some(),
            logins: session.logins,
            failed: session.failed,
            lost: session.lost,
        };
        let key = (session.phase.as_str(), session.auth.clone(), session.identity.clone());
        let before = self.logins.insert(key, login.clone());
        if before.as_ref() == Some(&login) {
            return Vec::new();
        }
        let was_lost = before.map_or(0, |before| before.lost);
        if let Some(loss) = session.loss().filter(|_| login.lost > was_lost) {
            return vec![(NoticeLevel::Warning, loss)];
        }
        let text = format!("login for {}: {}", session.phase.as_str(), session.shown());
        vec![(NoticeLevel::Info, text)]
    }
}

fn started(run: &RunInfo) -> String {
    let planned = run.planned.map(|time| format!(", {} of load", format_duration(time)));
    format!("{} {}, seed {}{}", run.command, run.target, run.seed, planned.unwrap_or_default())
}

fn scenario(meta: &ScenarioMeta) -> String {
    let warmup = if meta.warmup { ", a warm-up" } else { "" };
    format!("{} ({}{warmup})", meta.name, meta.executor)
}

fn load(totals: &LoadTotals) -> String {
    let (requests, failed) = totals
        .series
        .iter()
        .fold((0, 0), |sum, one| (sum.0 + one.tally.requests, sum.1 + one.tally.failed));
    let connections: u64 = totals.series.iter().map(|one| one.tally.connections).sum();
    format!(
        "load: {} in {}, {} failed, {}",
        figures::plural(requests, "request", "requests"),
        format_duration(totals.elapsed),
        figures::grouped(failed),
        figures::plural(connections, "connection", "connections"),
    )
}

fn crawl(report: &Report, complete: bool) -> String {
    let coverage = &report.coverage;
    let reached = coverage.operations.iter().filter(|operation| operation.reached).count() as u64;
    let left_out = coverage.left_out();
    format!(
        "crawl: {} of {} reached, {}{}{}",
        figures::grouped(reached),
        figures::plural(coverage.operations.len() as u64, "operation", "operations"),
        figures::plural(coverage.urls, "address", "addresses"),
        if complete { "" } else { ", incomplete" },
        if left_out.is_empty() { String::new() } else { format!(": {}", left_out.join(", ")) },
    )
}

/// Only rules with something to say: there are hundreds.
fn rule(outcome: &RuleOutcome) -> Sentences {
    let id = &outcome.id;
    if outcome.matched == 0 && outcome.errors == 0 {
        let skipped = outcome.skipped.iter();
        return skipped
            .map(|why| (NoticeLevel::Info, format!("rule {id} left out: {why}")))
            .collect();
    }
    let text = format!(
        "rule {id}: {}, {} matched, {} failed",
        figures::plural(outcome.requests, "request", "requests"),
        figures::grouped(outcome.matched),
        figures::grouped(outcome.errors),
    );
    vec![(NoticeLevel::Info, text)]
}

fn gate(result: &ThresholdResult) -> (NoticeLevel, String) {
    let stands = if result.pass { "holds" } else { "failed" };
    let wanted = result.wanted();
    let text = format!("gate {}: {wanted} {stands}, {}", result.selector, result.measured());
    (NoticeLevel::Info, text)
}

/// The last word; `None` of a run that has not come to it.
pub(super) fn verdict_text(report: &Report) -> Option<String> {
    let code = report.verdict.as_ref()?.exit_code.code();
    Some(format!("exit {code}: {}", report.verdict_meaning()?))
}
