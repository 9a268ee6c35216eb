//! What the page shows, as text: the template only places it.

use serde::Serialize;

use crate::model::FindingChangeKind;
use crate::model::FindingStatus;
use crate::model::Report;
use crate::model::StopReason;
use crate::model::ThresholdResult;
use crate::model::format_duration;
use crate::model::inert;
use crate::model::plural;

use super::super::figures::has_load;
use super::super::figures::has_scan;
use super::super::figures::started;
use super::capacity_view::CapacityView;
use super::comparison_view::ComparisonView;
use super::load_view::Load;
use super::scan_view::Scan;

/// Foreign text of one line is cut to this many characters.
pub(super) const TEXT: usize = 500;

/// A name and a value.
pub(super) type Fact = (&'static str, String);

/// The whole page.
#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    verdict: Verdict,
    facts: Vec<Fact>,
    warnings: Vec<String>,
    gates: Vec<Gate>,
    /// Against the baseline, where the run had one.
    baseline: Option<Baseline>,
    sessions: Vec<Session>,
    capacity: Option<CapacityView>,
    load: Option<Load>,
    scan: Option<Scan>,
}

#[derive(Serialize)]
struct Verdict {
    word: &'static str,
    class: &'static str,
    meaning: String,
    reasons: Vec<(u8, String)>,
}

#[derive(Serialize)]
struct Gate {
    pass: bool,
    selector: String,
    condition: String,
    measured: String,
}

/// What became of findings and figures since the baseline.
#[derive(Serialize)]
struct Baseline {
    findings: Vec<Fact>,
    gates: Vec<Gate>,
    comparison: Option<ComparisonView>,
}

#[derive(Serialize)]
struct Session {
    held: bool,
    phase: &'static str,
    shown: String,
}

impl Page {
    /// The page of a report.
    pub(super) fn of(report: &Report) -> Self {
        let target = report.run.as_ref().map_or("", |run| run.target.as_str());
        Self {
            title: format!("Shakedown: {}", line(target)),
            verdict: verdict(report),
            facts: facts(report),
            warnings: warnings(report),
            gates: gates(&report.thresholds),
            baseline: baseline(report),
            sessions: sessions(report),
            capacity: report.capacity.as_ref().map(|found| CapacityView::of(report, found)),
            load: has_load(report).then(|| Load::of(report)),
            scan: has_scan(report).then(|| Scan::of(report)),
        }
    }
}

fn sessions(report: &Report) -> Vec<Session> {
    let sessions = report.sessions.iter().map(|session| Session {
        held: session.lost == 0,
        phase: session.phase.as_str(),
        shown: line(&session.shown()),
    });
    sessions.collect()
}

/// One line of foreign text, harmless.
pub(super) fn line(text: &str) -> String {
    inert(text, TEXT)
}

fn verdict(report: &Report) -> Verdict {
    let Some(verdict) = &report.verdict else {
        return Verdict {
            word: "No verdict",
            class: "warn",
            meaning: "partial report: the run was cut short".to_owned(),
            reasons: Vec::new(),
        };
    };
    let (word, class) = if verdict.pass { ("Passed", "good") } else { ("Failed", "bad") };
    let code = verdict.exit_code;
    let meaning = report.verdict_meaning().unwrap_or_default();
    let reasons = verdict.reasons.iter().map(|reason| (reason.code.code(), line(&reason.text)));
    Verdict {
        word,
        class,
        meaning: format!("exit code {}: {}", code.code(), meaning),
        reasons: reasons.collect(),
    }
}

fn facts(report: &Report) -> Vec<Fact> {
    let Some(run) = &report.run else { return Vec::new() };
    let mut facts = vec![
        ("target", line(&run.target)),
        ("command", line(&run.command)),
        ("started", started(report).unwrap_or_default()),
        ("took", format_duration(report.elapsed)),
        ("seed", run.seed.to_string()),
        ("plan", line(&run.plan_hash)),
        ("host", line(&run.host)),
        ("version", line(&run.version)),
    ];
    facts.extend(run.authorised_by.as_ref().map(|name| ("authorised by", line(name))));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn warnings(report: &Report) -> Vec<String> {
    let stopped = report.stopped.iter().map(StopReason::sentence);
    let problems = report.validity.iter().flat_map(|validity| &validity.problems);
    let problems = problems.map(|text| format!("not valid: {text}"));
    let own = report.validity.iter().flat_map(|validity| &validity.warnings);
    let own = own.map(|text| format!("warning: {text}"));
    let notices =
        report.notices.iter().map(|notice| format!("{}: {}", notice.level.as_str(), notice.text));
    stopped.chain(problems).chain(own).chain(notices).map(|text| line(&text)).collect()
}

fn gates<'a>(results: impl IntoIterator<Item = &'a ThresholdResult>) -> Vec<Gate> {
    let gate = |result: &ThresholdResult| Gate {
        pass: result.pass,
        selector: line(&result.selector),
        condition: line(&result.wanted()),
        measured: line(&result.measured()),
    };
    results.into_iter().map(gate).collect()
}

/// A run had one if something was compared with it, or a finding was known.
fn baseline(report: &Report) -> Option<Baseline> {
    let compared: Vec<&ThresholdResult> =
        report.thresholds.iter().filter(|result| result.baseline.is_some()).collect();
    let of = |status| report.findings.iter().filter(|finding| finding.status == status).count();
    let known = of(FindingStatus::Known);
    if compared.is_empty() && known == 0 && report.comparison.is_none() {
        return None;
    }
    let count = |count: usize| plural(count as u64, "finding", "findings");
    let mut findings = vec![
        ("new", count(of(FindingStatus::New))),
        ("known", count(known)),
        ("accepted", count(of(FindingStatus::Accepted))),
    ];
    if let Some(comparison) = &report.comparison {
        let became = |kind| comparison.findings.iter().filter(|one| one.kind == kind).count();
        findings.push(("changed", count(became(FindingChangeKind::Changed))));
        findings.push(("fixed", count(became(FindingChangeKind::Fixed))));
        findings.push(("not looked for", count(became(FindingChangeKind::NotLookedFor))));
    }
    let comparison = report.comparison.as_ref().map(ComparisonView::of);
    Some(Baseline { findings, gates: gates(compared), comparison })
}
