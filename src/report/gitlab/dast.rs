//! Findings as GitLab's report of a dynamic scan (`artifacts:reports:dast`), format 15.0.7, which
//! the vulnerability report and the merge-request widget read.
//!
//! Accepted findings are left out: GitLab has no word for them, and would hold them against the
//! branch. How many there are is a message of the scan.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::ExitCode;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::NoticeLevel;
use crate::model::Recorded;
use crate::model::Report;
use crate::model::Severity;
use crate::model::cvss_base_score;
use crate::model::inert;

use super::super::figures::accepted;
use super::super::figures::evidence_to_show;
use super::super::one_by_one::OneByOne;
use super::super::one_by_one::pretty;
use super::super::wire::absolute;
use super::super::wire::parts;

/// The version of the format.
const VERSION: &str = "15.0.7";

/// Bounds of the format, in characters.
const NAME: usize = 250;
const SOLUTION: usize = 6900;
const DESCRIPTION: usize = 100_000;
/// GitLab keeps no more.
const IDENTIFIERS: usize = 20;
/// What is displayed of a body.
const BODY: usize = 4000;
/// Messages and resources that are listed.
const LISTED: usize = 5000;

/// The file.
pub(in super::super) fn dast(report: &Report) -> Vec<u8> {
    let is_held = |finding: &&Finding| finding.status != FindingStatus::Accepted;
    let held = || report.findings.iter().filter(is_held).map(vulnerability);
    pretty(&Document {
        version: VERSION,
        scan: scan(report),
        vulnerabilities: OneByOne(held),
        remediations: [],
    })
}

#[derive(Serialize)]
struct Document<V> {
    version: &'static str,
    scan: Value,
    vulnerabilities: V,
    remediations: [(); 0],
}

fn scan(report: &Report) -> Value {
    let version = report.run.as_ref().map_or(env!("CARGO_PKG_VERSION"), |run| &run.version);
    let version = if version.is_empty() { "unknown" } else { version };
    let tool = json!({
        "id": "shakedown",
        "name": "Shakedown",
        "vendor": { "name": "Shakedown" },
        "version": version,
    });
    let code = report.verdict.as_ref().map(|verdict| verdict.exit_code);
    let did_its_work = code.is_some_and(ExitCode::is_judgement) && report.stopped.is_none();
    json!({
        "analyzer": tool,
        "scanner": tool,
        "type": "dast",
        "status": if did_its_work { "success" } else { "failure" },
        "start_time": moment(report, Duration::ZERO),
        "end_time": moment(report, report.elapsed),
        "messages": messages(report),
        "scanned_resources": resources(report),
    })
}

/// Without a zone: the format means UTC.
fn moment(report: &Report, at: Duration) -> String {
    let started = report.run.as_ref().map_or(0, |run| run.started_unix);
    let seconds = i64::try_from(started.saturating_add(at.as_secs())).ok();
    let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    // Four digits of the year are what the format has room for.
    let moment = moment.filter(|moment| moment.as_second() < 253_402_300_800);
    moment.unwrap_or(Timestamp::UNIX_EPOCH).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn messages(report: &Report) -> Vec<Value> {
    let message = |level: &str, text: &str| {
        let text = if text.trim().is_empty() { "-".to_owned() } else { inert(text, BODY) };
        json!({ "level": level, "value": text })
    };
    let reasons = report.verdict.iter().flat_map(|verdict| &verdict.reasons);
    let reasons = reasons.map(|reason| message("warn", &reason.text));
    let notices = report.notices.iter().take(LISTED).map(|notice| match notice.level {
        NoticeLevel::Error | NoticeLevel::Warning => message("warn", &notice.text),
        NoticeLevel::Info => message("info", &notice.text),
    });
    let cut = report
        .verdict
        .is_none()
        .then(|| message("fatal", "the run was cut short: there is no verdict"));
    let left_out = Some(accepted(report)).filter(|count| *count > 0).map(|count| {
        message("info", &format!("{count} accepted findings are not among the vulnerabilities"))
    });
    reasons.chain(notices).chain(cut).chain(left_out).collect()
}

fn resources(report: &Report) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let answered = report.site.iter().filter(|node| node.answer.is_some());
    for node in answered.take(LISTED) {
        if !node.method.is_empty() && !node.example.url.is_empty() {
            known.insert((node.example.url.as_str(), node.method.as_str()));
        }
    }
    let resource = |(url, method)| json!({ "method": method, "url": url, "type": "url" });
    known.into_iter().map(resource).collect()
}

fn vulnerability(finding: &Finding) -> Value {
    let rule = &finding.rule;
    let mut vulnerability = json!({
        "id": uuid(&finding.fingerprint),
        "name": cut(&inert(&rule.title, NAME), NAME),
        "description": description(finding),
        "severity": severity(finding.severity),
        "identifiers": identifiers(finding),
        "links": links(finding),
        "location": location(finding),
        "details": details(finding),
    });
    if !rule.fix.is_empty() {
        vulnerability["solution"] = json!(cut(&rule.fix, SOLUTION));
    }
    if let Some(vector) = rule.cvss.as_deref().filter(|vector| is_base_vector(vector)) {
        vulnerability["cvss_vectors"] = json!([{ "vendor": "Shakedown", "vector": vector }]);
    }
    if let Some(shown) = evidence_to_show(finding) {
        vulnerability["evidence"] = evidence(finding, shown);
    }
    vulnerability
}

/// Eight metrics and nothing else, which is what the format's pattern certainly takes.
fn is_base_vector(vector: &str) -> bool {
    cvss_base_score(vector).is_ok() && vector.split('/').count() == 9
}

fn description(finding: &Finding) -> String {
    let texts = [&finding.detail, &finding.rule.why];
    let texts = texts.into_iter().filter(|text| !text.is_empty()).map(String::as_str);
    cut(&texts.collect::<Vec<_>>().join("\n\n"), DESCRIPTION)
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Info",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// The rule first: by the first one GitLab tells kinds of vulnerabilities apart.
fn identifiers(finding: &Finding) -> Vec<Value> {
    let rule = &finding.rule;
    let id = if rule.id.is_empty() { "unknown" } else { &rule.id };
    let own = json!({ "type": "shakedown_rule", "name": id, "value": id });
    let cwe = rule.cwe.iter().map(|number| {
        json!({
            "type": "cwe",
            "name": format!("CWE-{number}"),
            "value": number.to_string(),
            "url": format!("https://cwe.mitre.org/data/definitions/{number}.html"),
        })
    });
    let places = rule.owasp.iter().chain(&rule.api).filter(|place| !place.0.is_empty());
    let owasp = places.map(|place| json!({ "type": "owasp", "name": place.0, "value": place.0 }));
    std::iter::once(own).chain(cwe).chain(owasp).take(IDENTIFIERS).collect()
}

fn links(finding: &Finding) -> Vec<Value> {
    let is_link = |link: &&String| {
        let mut schemes = ["http://", "https://", "ftp://"].into_iter();
        schemes.any(|scheme| link.len() > scheme.len() && link.starts_with(scheme))
            && !link.chars().any(char::is_control)
    };
    finding.rule.references.iter().filter(is_link).map(|link| json!({ "url": link })).collect()
}

fn location(finding: &Finding) -> Value {
    let url = Url::parse(&finding.url).ok().filter(Url::has_host);
    let origin = url.as_ref().map(|url| url.origin().ascii_serialization());
    json!({
        "hostname": origin.unwrap_or_default(),
        "method": finding.method,
        "param": finding.points().unwrap_or_default(),
        "path": url.as_ref().map_or(finding.path_template.as_str(), Url::path),
    })
}

fn details(finding: &Finding) -> Value {
    let text = |name: &str, value: &str| json!({ "name": name, "type": "text", "value": value });
    let mut details = json!({
        "confidence": text("Confidence", finding.confidence.as_str()),
        "status": text("Status", finding.status.as_str()),
        "finding": text("Finding", &finding.id()),
        "url": text("URL", &finding.url),
    });
    if !finding.reproduce.is_empty() {
        details["reproduce"] = json!({
            "name": "Reproduce",
            "type": "code",
            "lang": "shell",
            "value": finding.reproduce,
        });
    }
    details
}

fn evidence(finding: &Finding, shown: &Evidence) -> Value {
    let mut evidence = messages_of(finding, shown);
    evidence["source"] = json!({ "id": "shakedown", "name": "Shakedown" });
    evidence["summary"] = json!(finding.detail);
    let others = finding.evidence.iter().filter(|one| !std::ptr::eq(*one, shown));
    let supporting: Vec<Value> = others
        .map(|one| {
            let mut message = messages_of(finding, one);
            message["name"] = json!(match one.role {
                EvidenceRole::Baseline => "Baseline",
                EvidenceRole::Attack => "Attack",
                EvidenceRole::Control => "Control",
                EvidenceRole::Replay => "Replay",
            });
            message
        })
        .collect();
    evidence["supporting_messages"] = json!(supporting);
    evidence
}

fn messages_of(finding: &Finding, one: &Evidence) -> Value {
    let sent = parts(&one.request.data);
    let method = Some(sent.word(0)).filter(|word| !word.is_empty()).unwrap_or("-");
    let url = Some(absolute(sent.word(1), &finding.url)).filter(|url| !url.is_empty());
    let mut messages = json!({ "request": {
        "method": method,
        "url": url.unwrap_or_else(|| "-".to_owned()),
        "headers": headers(&sent.headers),
        "body": body(sent.body),
    } });
    if let Some(Recorded { data, .. }) = &one.response {
        let got = parts(data);
        messages["response"] = json!({
            "status_code": got.word(1).parse::<u16>().unwrap_or_default(),
            "reason_phrase": got.word(2),
            "headers": headers(&got.headers),
            "body": body(got.body),
        });
    }
    messages
}

fn headers(headers: &[(String, String)]) -> Vec<Value> {
    let named = headers.iter().filter(|(name, _)| !name.is_empty());
    named.map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// The format wants what can be displayed.
fn body(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => cut(text, BODY),
        Err(_) => format!("({} bytes that are no text)", body.len()),
    }
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The fingerprint in the form of a UUID, which the format recommends; what is none is kept as it is.
fn uuid(fingerprint: &str) -> String {
    let is_one =
        fingerprint.len() == 32 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_one {
        return if fingerprint.is_empty() { "unknown".to_owned() } else { fingerprint.to_owned() };
    }
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &fingerprint[range]);
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_makes_a_uuid_that_is_the_same_in_every_run() {
        let made = uuid("0123456789abcdef0123456789abcdef");
        assert_eq!(made, "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(uuid("äöü"), "äöü");
        assert_eq!(uuid(""), "unknown");
    }

    #[test]
    fn only_vectors_that_the_format_takes_are_written() {
        assert!(is_base_vector("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"));
        assert!(!is_base_vector("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:Q"));
        assert!(!is_base_vector("CVSS:4.0/AV:N"));
    }
}
