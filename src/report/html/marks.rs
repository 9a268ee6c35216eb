//! What happened while load ran: stages, changes by hand, findings. A plot shows the key, the list
//! beside it the words.

use std::time::Duration;

use serde::Serialize;

use crate::model::Finding;
use crate::model::LoadChange;
use crate::model::Report;
use crate::model::ScenarioMeta;
use crate::model::StageMeta;
use crate::model::format_duration;

use super::super::figures::number;
use super::view::line;

/// Of each kind; more would cover the lines.
const MAX_OF_A_KIND: usize = 40;

/// One of them.
#[derive(Serialize)]
pub(super) struct Mark {
    /// `S1`, `C1`, `F1`.
    key: String,
    kind: &'static str,
    /// When, for the list.
    time: String,
    text: String,
    #[serde(skip)]
    pub(super) at: Duration,
}

impl Mark {
    /// What the plot draws: nothing of it is foreign.
    pub(super) fn drawn(&self) -> serde_json::Value {
        serde_json::json!({ "key": self.key, "kind": self.kind, "at": self.at.as_secs_f64() })
    }
}

/// When, and the words for it.
type Happened = (Duration, String);

/// Those between `start` and `end` of the load, in order of time.
pub(super) fn marks(report: &Report, start: Duration, end: Duration) -> Vec<Mark> {
    let is_within = |at: &Duration| (start..=end).contains(at);
    let stages = report.scenarios.iter().flat_map(|(meta, _)| {
        meta.stages.iter().map(move |stage| (start.saturating_add(stage.from), meta, stage))
    });
    let stages = stages.map(|(at, meta, stage)| (at, staged(meta, stage)));
    let changes = report.changes.iter().map(|change| (change.at, changed(change)));
    let found = report.findings.iter().filter_map(|finding| Some((finding.found_at?, finding)));
    let found = found.map(|(at, finding)| (at, found_words(finding)));
    let kinds: [(&str, &str, Vec<Happened>); 3] = [
        ("stage", "S", stages.filter(|(at, _)| is_within(at)).collect()),
        ("change", "C", changes.filter(|(at, _)| is_within(at)).collect()),
        ("finding", "F", found.filter(|(at, _)| is_within(at)).collect()),
    ];
    let mut all = Vec::new();
    for (kind, letter, mut of_kind) in kinds {
        of_kind.sort_by_key(|(at, _)| *at);
        let numbered = (1..).zip(of_kind).take(MAX_OF_A_KIND);
        all.extend(numbered.map(|(number, (at, text))| Mark {
            key: format!("{letter}{number}"),
            kind,
            time: format_duration(at),
            text,
            at,
        }));
    }
    all.sort_by_key(|mark| mark.at);
    all
}

fn staged(meta: &ScenarioMeta, stage: &StageMeta) -> String {
    let unit = if meta.open_model { "iterations per second" } else { "virtual users" };
    let target = number(stage.target);
    let length = format_duration(stage.length);
    let warmup = if meta.warmup { ", warm-up" } else { "" };
    line(&format!("{}: {target} {unit}, for {length}{warmup}", meta.name))
}

fn changed(change: &LoadChange) -> String {
    line(&change.to_string())
}

fn found_words(finding: &Finding) -> String {
    line(&format!("{}: {}", finding.severity, finding.rule.title))
}
