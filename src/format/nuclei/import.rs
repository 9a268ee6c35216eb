//! Results as a run: the report that the same templates would have made here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::raw;
use super::read::NucleiFile;
use crate::model::EvidenceRole;
use crate::model::Facts;
use crate::model::FindingBook;
use crate::model::Headline;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Phase;
use crate::model::Redactor;
use crate::model::Report;
use crate::model::Request;
use crate::model::RuleOutcome;
use crate::model::RunInfo;
use crate::model::Sighting;
use crate::model::TemplateClass;
use crate::model::TemplateResult;
use crate::model::Verdict;
use crate::model::curl;
use crate::model::evidence_of;

/// What a target of the user's is called in fingerprints, as in a run of this program.
const ALIAS: &str = "default";

/// The report of a file of results. Credentials in what was sent and received are masked, as they are
/// in a run's own evidence.
pub fn report(file: NucleiFile) -> Report {
    let times = || file.results.iter().map(|result| result.unix_ms).filter(|time| *time > 0);
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    let first_origin = file.results.first().map(|result| result.origin.clone());
    let is_one = file.results.iter().all(|result| Some(&result.origin) == first_origin.as_ref());
    let mut report = Report {
        run: Some(run_info(&file, first)),
        phases: vec![(Phase::Scan, true)],
        elapsed: Duration::from_millis(last.saturating_sub(first)),
        ..Report::default()
    };
    let mut matched: BTreeMap<String, u64> = BTreeMap::new();
    let mut book = FindingBook::default();
    let mut dropped = 0_u64;
    for mut result in file.results {
        declare(&mut report, &result.template);
        *matched.entry(result.template.id.clone()).or_default() += 1;
        let alias = if is_one { ALIAS.to_owned() } else { result.origin.to_string() };
        let seen = sighting(&mut result, alias);
        dropped += u64::from(book.enter(result.finding(seen)).is_none());
    }
    let others = file.quiet.iter().chain(&file.failed);
    others.for_each(|template| declare(&mut report, template));
    for (id, (_, outcome)) in &mut report.rules {
        *outcome = Some(RuleOutcome {
            id: id.clone(),
            // The file does not say.
            requests: 0,
            matched: matched.get(id).copied().unwrap_or(0),
            errors: file.failed.iter().filter(|template| template.id == *id).count() as u64,
            skipped: None,
        });
    }
    report.findings = book.into_findings().collect();
    report
        .findings
        .sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
    let mut warn = |text| report.notices.push(Notice { level: NoticeLevel::Warning, text });
    if let Some(cut) = file.cut {
        warn(format!("the file was cut: its last line was left out ({cut})"));
    }
    if dropped > 0 {
        warn(format!("{dropped} results are too many to be findings"));
    }
    report.verdict = Some(Verdict::of(&Facts::default()));
    report
}

fn run_info(file: &NucleiFile, first_ms: u64) -> RunInfo {
    let target = file.results.first().map(|result| result.origin.to_string());
    RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: "import".to_owned(),
        target: target.unwrap_or_else(|| "Nuclei's results".to_owned()),
        started_unix: first_ms / 1000,
        seed: 0,
        plan_hash: String::new(),
        host: String::new(),
        authorised_by: None,
        planned: None,
        headline: Headline::default(),
        cost: None,
        part: None,
        zero_unix_ms: None,
        trace_link: None,
    }
}

fn declare(report: &mut Report, template: &TemplateClass) {
    report.rules.entry(template.id.clone()).or_insert_with(|| (template.meta(), None));
}

/// What was sent and received, taken apart and masked; the result shows no more than that.
fn sighting(result: &mut TemplateResult, alias: String) -> Sighting {
    let redactor = Redactor::default();
    let is_http = matches!(result.protocol.as_str(), "http" | "");
    let parsed = raw::request(&result.request, &result.origin).filter(|_| is_http);
    let is_known = parsed.is_some();
    let request = parsed
        .unwrap_or_else(|| Request::get(result.origin.clone(), raw::path_of(&result.matched_at)));
    let response = raw::response(&result.response).filter(|_| is_http);
    let shown = evidence_of(EvidenceRole::Attack, &request, response.as_ref(), None, &redactor);
    result.curl = if is_http { curl(&request, &redactor) } else { String::new() };
    let path = request.path_and_query_text();
    let path = path.split('?').next().unwrap_or_default().to_owned();
    Sighting {
        alias,
        method: if is_http { request.method.to_string() } else { result.protocol.to_uppercase() },
        url: if is_http && is_known { request.url() } else { result.matched_at.clone() },
        path,
        is_proven: false,
        // Another protocol's messages, or none at all, prove nothing that can be shown as HTTP.
        evidence: if is_known || response.is_some() { vec![shown] } else { Vec::new() },
    }
}
