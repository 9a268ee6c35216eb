//! From a report to a SARIF log.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;
use url::Url;

use crate::model::ExitCode;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::RuleMeta;
use crate::model::Severity;
use crate::model::cvss_base_score;

use super::super::figures::evidence_to_show;
use super::super::figures::started;
use super::super::one_by_one::pretty;
use super::super::wire::parts;
use super::document::ArtifactLocation;
use super::document::AutomationDetails;
use super::document::Configuration;
use super::document::Content;
use super::document::Driver;
use super::document::Help;
use super::document::Invocation;
use super::document::Level;
use super::document::Location;
use super::document::Log;
use super::document::LogicalLocation;
use super::document::Message;
use super::document::Notification;
use super::document::PhysicalLocation;
use super::document::Region;
use super::document::ResultProperties;
use super::document::Rule;
use super::document::RuleProperties;
use super::document::Run;
use super::document::SarifResult;
use super::document::Suppression;
use super::document::Tool;
use super::document::WebRequest;
use super::document::WebResponse;
use super::words::link;
use super::words::paragraph;
use super::words::visible;
use super::words::words;

/// What stands in a path as it is: RFC 3986's unreserved characters. A colon in the first segment
/// would make it a scheme (§4.2).
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The file, indented.
pub(in super::super) fn sarif(report: &Report) -> Vec<u8> {
    let rules = rules(report);
    let results = report.findings.iter().map(|finding| result(finding, &rules)).collect();
    let version = report.run.as_ref().map_or(env!("CARGO_PKG_VERSION"), |run| &run.version);
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "Shakedown",
                    semantic_version: version.to_owned(),
                    rules: rules.iter().map(|meta| rule(meta)).collect(),
                },
            },
            invocations: [invocation(report)],
            results,
            automation_details: AutomationDetails { id: category(report) },
            column_kind: "utf16CodeUnits",
        }],
    };
    visible(pretty(&log))
}

/// Rules that took part, then those that only findings know, by id.
fn rules(report: &Report) -> Vec<&RuleMeta> {
    let mut rules: BTreeMap<&str, &RuleMeta> =
        report.rules.values().map(|(meta, _)| (meta.id.as_str(), meta)).collect();
    for finding in &report.findings {
        rules.entry(&finding.rule.id).or_insert(&finding.rule);
    }
    rules.into_values().collect()
}

/// Tells the runs of one target apart from those of another in code scanning.
fn category(report: &Report) -> String {
    let host = report.run.as_ref().and_then(|run| Url::parse(&run.target).ok());
    let host = host.as_ref().and_then(Url::host_str).unwrap_or("unknown").to_owned();
    format!("shakedown/{host}/")
}

/// Whether the tool did its work, which is another question than whether the gates passed.
fn invocation(report: &Report) -> Invocation {
    let code = report.verdict.as_ref().map(|verdict| verdict.exit_code);
    let did_its_work = code.is_some_and(ExitCode::is_judgement);
    let notices = report.notices.iter().map(|notice| Notification {
        level: match notice.level {
            NoticeLevel::Error => Level::Error,
            NoticeLevel::Warning => Level::Warning,
            NoticeLevel::Info => Level::Note,
        },
        message: message(&notice.text),
    });
    let problems = report.validity.iter().flat_map(|validity| &validity.problems);
    let problems = problems.map(|text| Notification {
        level: Level::Error,
        message: message(&format!("not valid: {text}")),
    });
    let own = report.validity.iter().flat_map(|validity| &validity.warnings);
    let own = own.map(|text| Notification { level: Level::Warning, message: message(text) });
    let cut = code.is_none().then(|| Notification {
        level: Level::Error,
        message: message("the run was cut short: there is no verdict"),
    });
    Invocation {
        execution_successful: did_its_work && report.stopped.is_none(),
        exit_code: code.map(ExitCode::code),
        exit_code_description: code.map(ExitCode::meaning),
        start_time_utc: started(report),
        tool_execution_notifications: notices.chain(problems).chain(own).chain(cut).collect(),
    }
}

fn rule(meta: &RuleMeta) -> Rule {
    let or_title = |text: &str| if text.is_empty() { meta.title.clone() } else { text.to_owned() };
    let mut tags = vec!["security".to_owned()];
    // The form by which GitHub recognises weaknesses.
    tags.extend(meta.cwe.iter().map(|number| format!("external/cwe/cwe-{number:03}")));
    tags.extend(meta.owasp.iter().chain(&meta.api).map(|place| place.0.clone()));
    tags.extend(meta.tags.iter().cloned());
    let mut seen = Vec::new();
    tags.retain(|tag| {
        let new = !seen.contains(tag);
        seen.push(tag.clone());
        new
    });
    Rule {
        id: meta.id.clone(),
        name: words(&meta.title),
        short_description: message(&meta.title),
        full_description: message(&or_title(&meta.why)),
        help: Help {
            text: words(&or_title(&meta.fix)),
            markdown: [&meta.why, &meta.fix]
                .into_iter()
                .filter(|text| !text.is_empty())
                .map(|text| paragraph(text))
                .chain(meta.references.iter().filter_map(|text| Some(format!("<{}>", link(text)?))))
                .collect::<Vec<_>>()
                .join("\n\n"),
        },
        help_uri: meta
            .references
            .iter()
            .filter(|text| Url::parse(text).is_ok())
            .find_map(|text| link(text)),
        default_configuration: Configuration { level: level(meta.severity) },
        properties: RuleProperties { tags, security_severity: security_severity(meta) },
    }
}

/// The CVSS score where there is a vector, else the middle of the severity's range.
fn security_severity(meta: &RuleMeta) -> String {
    let of_severity = match meta.severity {
        Severity::Critical => 9.5,
        Severity::High => 8.0,
        Severity::Medium => 5.5,
        Severity::Low => 2.5,
        Severity::Info => 0.0,
    };
    let score =
        meta.cvss.as_deref().and_then(|vector| cvss_base_score(vector).ok()).unwrap_or(of_severity);
    format!("{score:.1}")
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::High => Level::Error,
        Severity::Medium => Level::Warning,
        Severity::Low | Severity::Info => Level::Note,
    }
}

fn result(finding: &Finding, rules: &[&RuleMeta]) -> SarifResult {
    let rule_index = rules
        .iter()
        .position(|rule| rule.id == finding.rule.id)
        .expect("every finding's rule is in the list");
    let detail =
        if finding.detail.is_empty() { String::new() } else { format!(": {}", finding.detail) };
    let point = finding.points().map(|points| format!(" in {points}"));
    let exchange = evidence_to_show(finding);
    let justification = finding
        .acceptance
        .as_ref()
        .map(|one| format!("{} (accepted by {} until {})", one.reason, one.owner, one.expires));
    let accepted = Suppression { kind: "external", status: "accepted", justification };
    SarifResult {
        rule_id: finding.rule.id.clone(),
        rule_index,
        level: level(finding.severity),
        message: message(&format!("{}{}{detail}", finding.rule.title, point.unwrap_or_default())),
        locations: [location(finding)],
        partial_fingerprints: BTreeMap::from([("shakedown/v1", finding.fingerprint.clone())]),
        occurrence_count: finding.occurrences.max(1),
        web_request: exchange.map(|evidence| web_request(&evidence.request.data)),
        web_response: exchange
            .and_then(|evidence| evidence.response.as_ref())
            .map(|response| web_response(&response.data)),
        suppressions: match finding.status {
            FindingStatus::Accepted => vec![accepted],
            FindingStatus::New | FindingStatus::Known => Vec::new(),
        },
        properties: ResultProperties {
            id: finding.id(),
            url: words(&finding.url),
            method: words(&finding.method),
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            status: finding.status.as_str(),
            insertion_point: finding.points().map(|points| words(&points)),
            reproduce: finding.reproduce.clone(),
        },
    }
}

fn message(text: &str) -> Message {
    Message { text: words(text) }
}

/// `host/path` as a file of the repository: code scanning refuses URLs.
fn location(finding: &Finding) -> Location {
    let (host, path) = match Url::parse(&finding.url) {
        Ok(url) => (url.host_str().unwrap_or("unknown").to_owned(), url.path().to_owned()),
        Err(_) => ("unknown".to_owned(), finding.path_template.clone()),
    };
    // Decoded and encoded anew: a target may write `%` before anything.
    let uri = std::iter::once(host.as_str())
        .chain(path.split('/'))
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        // `..` would lead out of the repository, an empty segment is no file.
        .filter(|segment| !matches!(segment.as_ref(), "" | "." | ".."))
        .map(|segment| utf8_percent_encode(&segment, IN_PATH).to_string())
        .collect::<Vec<_>>()
        .join("/");
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri },
            region: Region { start_line: 1 },
        },
        logical_locations: [LogicalLocation {
            fully_qualified_name: words(&format!("{} {}", finding.method, finding.path_template)),
            kind: "resource",
        }],
    }
}

/// Headers as SARIF wants them: one value for each name.
fn joined(headers: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        joined
            .entry(name)
            .and_modify(|before| *before = format!("{before}, {value}"))
            .or_insert(value);
    }
    joined
}

fn content(body: &[u8]) -> Option<Content> {
    (!body.is_empty()).then(|| match std::str::from_utf8(body) {
        Ok(text) => Content::Text(text.to_owned()),
        Err(_) => Content::Binary(STANDARD.encode(body)),
    })
}

fn web_request(data: &[u8]) -> WebRequest {
    let sent = parts(data);
    let (protocol, version) = protocol(sent.word(2));
    WebRequest {
        protocol,
        version,
        method: sent.word(0).to_owned(),
        target: sent.word(1).to_owned(),
        body: content(sent.body),
        headers: joined(sent.headers),
    }
}

fn web_response(data: &[u8]) -> WebResponse {
    let got = parts(data);
    let (protocol, version) = protocol(got.word(0));
    WebResponse {
        protocol,
        version,
        status_code: got.word(1).parse().unwrap_or_default(),
        reason_phrase: got.word(2).to_owned(),
        body: content(got.body),
        headers: joined(got.headers),
    }
}

fn protocol(text: &str) -> (String, String) {
    let (protocol, version) = text.split_once('/').unwrap_or((text, ""));
    (protocol.to_owned(), version.to_owned())
}
