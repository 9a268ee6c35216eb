//! What a crawl sent and got, as HAR 1.2: one entry for each node of the site model that answered.
//!
//! Bodies of responses are left out (HAR has `text` as an option): a crawl does not keep them.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::model::Report;
use crate::model::SiteAnswer;
use crate::model::SiteNode;

use super::one_by_one::OneByOne;
use super::one_by_one::pretty;

/// What the wire spoke: crawls speak it alone.
const VERSION: &str = "HTTP/1.1";

/// The file.
pub(super) fn har(report: &Report) -> Vec<u8> {
    let answered = report.site.iter().filter_map(|node| Some((node, node.answer.as_ref()?)));
    let mut entries: Vec<(&SiteNode, &SiteAnswer)> = answered.collect();
    entries.sort_by_key(|(_, answer)| answer.at);
    document(report, &OneByOne(|| entries.iter().map(|(node, answer)| entry(report, node, answer))))
}

/// A HAR with these entries.
pub(super) fn document(report: &Report, entries: &impl Serialize) -> Vec<u8> {
    let version = report.run.as_ref().map_or("", |run| &run.version);
    let creator = json!({ "name": "shakedown", "version": version });
    pretty(&Har { log: Log { version: "1.2", creator, pages: [], entries } })
}

#[derive(Serialize)]
struct Har<'a, E> {
    log: Log<'a, E>,
}

#[derive(Serialize)]
struct Log<'a, E> {
    version: &'static str,
    creator: Value,
    pages: [(); 0],
    entries: &'a E,
}

fn entry(report: &Report, node: &SiteNode, answer: &SiteAnswer) -> Value {
    let example = &node.example;
    let took = answer.duration.as_secs_f64() * 1000.0;
    let mut request = json!({
        "method": node.method,
        "url": example.url,
        "httpVersion": VERSION,
        "cookies": [],
        "headers": pairs(&example.headers),
        "queryString": query(&example.url),
        "headersSize": -1,
        "bodySize": example.body.len(),
    });
    if let Ok(text) = std::str::from_utf8(&example.body)
        && !text.is_empty()
    {
        let media_type = example.header("content-type").unwrap_or_default();
        request["postData"] = json!({ "mimeType": media_type, "text": text });
    }
    json!({
        "startedDateTime": when(report, answer.at),
        "time": took,
        "request": request,
        "response": {
            "status": answer.status,
            "statusText": "",
            "httpVersion": VERSION,
            "cookies": [],
            "headers": pairs(&answer.headers),
            "content": { "size": answer.body_len, "mimeType": answer.media_type },
            "redirectURL": answer.header("location").unwrap_or_default(),
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": { "send": 0, "wait": took, "receive": 0 },
        "comment": node.path_template,
    })
}

/// A moment of the run as HAR has it.
pub(super) fn when(report: &Report, at: Duration) -> String {
    let started = report.run.as_ref().map_or(0, |run| run.started_unix);
    let millis = u128::from(started) * 1000 + at.as_millis();
    let moment = i64::try_from(millis).ok().and_then(|it| Timestamp::from_millisecond(it).ok());
    format!("{:.3}", moment.unwrap_or(Timestamp::UNIX_EPOCH))
}

fn pairs(headers: &[(String, String)]) -> Vec<Value> {
    headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// The parameters of a URL's query.
pub(super) fn query(url: &str) -> Vec<Value> {
    let url = Url::parse(url).ok();
    let pairs = url.iter().flat_map(Url::query_pairs);
    pairs.map(|(name, value)| json!({ "name": name, "value": value })).collect()
}
