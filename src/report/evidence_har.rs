//! The evidence of findings as HAR 1.2, for tools that show or send exchanges again: one entry for
//! each, in the order of the findings; its comment says which finding and what it proves.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::model::Evidence;
use crate::model::Finding;
use crate::model::Recorded;
use crate::model::Report;

use super::har::document;
use super::har::query;
use super::har::when;
use super::one_by_one::OneByOne;
use super::wire::absolute;
use super::wire::parts;

/// The file.
pub(super) fn evidence_har(report: &Report) -> Vec<u8> {
    // A finding does not say when it was seen: what is known is when the run began.
    let started = when(report, Duration::ZERO);
    let started = &started;
    let entries = || {
        report.findings.iter().flat_map(move |finding| {
            finding.evidence.iter().map(move |evidence| entry(finding, evidence, started))
        })
    };
    document(report, &OneByOne(entries))
}

fn entry(finding: &Finding, evidence: &Evidence, started: &str) -> Value {
    let role = evidence.role.as_str();
    let whom = evidence.identity.as_ref().map(|name| format!(" as {name}")).unwrap_or_default();
    let mut entry = json!({
        "startedDateTime": started,
        "time": millis(evidence.timings.total()),
        "request": request(finding, &evidence.request),
        "response": response(evidence.response.as_ref()),
        "cache": {},
        "timings": timings(evidence),
        "comment": format!("{} {}: {role}{whom}", finding.id(), finding.rule.id),
    });
    if evidence.response.is_none() {
        entry["response"]["comment"] = json!("no answer");
    }
    entry
}

fn request(finding: &Finding, recorded: &Recorded) -> Value {
    let sent = parts(&recorded.data);
    let url = absolute(sent.word(1), &finding.url);
    let mut request = json!({
        "method": sent.word(0),
        "url": url,
        "httpVersion": sent.word(2),
        "cookies": [],
        "headers": pairs(&sent.headers),
        "queryString": query(&url),
        "headersSize": -1,
        "bodySize": size(recorded, sent.body),
    });
    if !sent.body.is_empty() {
        let media_type = sent.header("content-type").unwrap_or_default();
        request["postData"] = json!({
            "mimeType": media_type,
            "params": [],
            "text": String::from_utf8_lossy(sent.body),
        });
        note_cut(&mut request["postData"], recorded);
    }
    request
}

fn response(recorded: Option<&Recorded>) -> Value {
    let nothing = Recorded::default();
    let recorded = recorded.unwrap_or(&nothing);
    let got = parts(&recorded.data);
    let mut content = json!({
        "size": got.body.len(),
        "mimeType": got.header("content-type").unwrap_or_default(),
    });
    if let Ok(text) = std::str::from_utf8(got.body) {
        content["text"] = json!(text);
    } else {
        content["text"] = json!(STANDARD.encode(got.body));
        content["encoding"] = json!("base64");
    }
    note_cut(&mut content, recorded);
    json!({
        "status": got.word(1).parse::<u16>().unwrap_or_default(),
        "statusText": got.word(2),
        "httpVersion": got.word(0),
        "cookies": [],
        "headers": pairs(&got.headers),
        "content": content,
        "redirectURL": got.header("location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": size(recorded, got.body),
    })
}

fn note_cut(of: &mut Value, recorded: &Recorded) {
    if recorded.truncated {
        of["comment"] = json!("cut to what is kept as evidence");
    }
}

/// Bytes; -1 is HAR's word for not known.
fn size(recorded: &Recorded, body: &[u8]) -> i64 {
    if recorded.truncated { -1 } else { i64::try_from(body.len()).unwrap_or(-1) }
}

/// HAR counts TLS as part of the connect.
fn timings(evidence: &Evidence) -> Value {
    let timings = &evidence.timings;
    let once = |time: Duration| if time.is_zero() { -1.0 } else { millis(time) };
    json!({
        "blocked": once(timings.queued),
        "dns": once(timings.dns),
        "connect": once(timings.connect + timings.tls),
        "ssl": once(timings.tls),
        "send": millis(timings.send),
        "wait": millis(timings.wait),
        "receive": millis(timings.receive),
    })
}

fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

fn pairs(headers: &[(String, String)]) -> Vec<Value> {
    headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}
