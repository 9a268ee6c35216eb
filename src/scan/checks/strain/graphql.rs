//! Limits of GraphQL: how much may be asked for at once.
//!
//! What is asked for is the name of a type, which costs nothing, many times over: a hundred times under
//! other names in one document, ten documents in one request, and thirty levels deep. Everything that
//! was asked for must be answered, under random names. A field's name with a letter missing is sent too:
//! whoever sees suggestions in an answer (rule `graphql-suggestions`) tells of them. Cost: 5 requests
//! for each endpoint.

use serde_json::Value;
use serde_json::json;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;
use crate::scan::checks::query::document;
use crate::scan::checks::query::path_of;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Shot;

/// Times that one thing is asked for in one document.
const ALIASES: usize = 100;

/// Documents in one request.
const BATCH: usize = 10;

/// Levels of one document.
const DEPTH: usize = 30;

/// See the module.
pub(crate) struct GraphqlLimits;

impl RequestCheck for GraphqlLimits {
    fn id(&self) -> &'static str {
        "graphql-limits"
    }

    fn root_cause(&self, node: &Node) -> String {
        path_of(&node.examples[0])
    }

    fn applies(&self, node: &Node) -> bool {
        node.examples.iter().any(|request| document(request).is_some())
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

/// A POST of JSON to the endpoint.
pub(super) fn posted(request: &Request, body: &Value) -> Request {
    let mut posted = Request { method: Method::new("POST"), ..request.clone() };
    posted.path_and_query = path_of(request).into_bytes();
    posted.headers.retain(|header| !header.is("content-type") && !header.is("content-length"));
    posted.headers.push(Header::new("Content-Type", "application/json"));
    posted.body = body.to_string().into_bytes();
    posted
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    suggest(probe).await?;
    let word = probe.sender().word();
    let single = ask(probe, &json!({ "query": format!("{{{word}:__typename}}") })).await?;
    if data(&single).is_none_or(|data| data[&word].as_str().is_none()) {
        return Ok(Outcome::Skipped(
            "the endpoint does not answer the simplest question".to_owned(),
        ));
    }
    let mut shown: Vec<(String, Shot)> = Vec::new();
    shown.extend(aliases(probe).await?);
    shown.extend(batch(probe).await?);
    shown.extend(depth(probe).await?);
    if shown.is_empty() {
        return Ok(Outcome::Clean);
    }
    let what: Vec<_> = shown.iter().map(|(what, _)| what.as_str()).collect();
    let detail = format!("one request is answered for {}", what.join(", for "));
    let payloads = shown.iter().map(|(_, shot)| shot.value.clone()).collect();
    let mut exhibits = vec![Exhibit::new(EvidenceRole::Baseline, single)];
    for (index, (_, shot)) in shown.into_iter().enumerate() {
        let role = if index == 0 { EvidenceRole::Attack } else { EvidenceRole::Replay };
        exhibits.push(Exhibit::new(role, shot));
    }
    let proof = Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads };
    Ok(Outcome::Found(Box::new(proof)))
}

async fn ask(probe: &mut RequestProbe, body: &Value) -> Result<Shot, ProbeStop> {
    let request = posted(probe.base(), body);
    let text: String = body.to_string().chars().take(200).collect();
    probe.ask(request, &text).await
}

/// What was asked for, if there was no fault.
fn data(shot: &Shot) -> Option<Value> {
    let mut body: Value = serde_json::from_slice(&shot.response().body).ok()?;
    if body.get("errors").is_some() {
        return None;
    }
    body.get_mut("data").map(Value::take)
}

/// A name that is almost one of the interface's.
async fn suggest(probe: &mut RequestProbe) -> Result<(), ProbeStop> {
    let document = document(probe.base()).unwrap_or_default();
    let (_, fields) = document.split_once('{').unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = fields.split(|c| !is_name(c)).filter(|name| name.len() > 3);
    let Some(name) = names.next().map(|name| name[..name.len() - 1].to_owned()) else {
        return Ok(());
    };
    ask(probe, &json!({ "query": format!("{{{name}}}") })).await?;
    Ok(())
}

async fn aliases(probe: &mut RequestProbe) -> Result<Option<(String, Shot)>, ProbeStop> {
    let word = probe.sender().word();
    let names = (0..ALIASES).map(|index| format!("{word}{index}:__typename"));
    let document = format!("{{{}}}", names.collect::<Vec<_>>().join(" "));
    let shot = ask(probe, &json!({ "query": document })).await?;
    let count = data(&shot).map_or(0, |data| {
        (0..ALIASES).filter(|index| data[format!("{word}{index}")].is_string()).count()
    });
    Ok((count == ALIASES).then(|| (format!("{ALIASES} times the same field"), shot)))
}

async fn batch(probe: &mut RequestProbe) -> Result<Option<(String, Shot)>, ProbeStop> {
    let word = probe.sender().word();
    let documents =
        (0..BATCH).map(|index| json!({ "query": format!("{{{word}{index}:__typename}}") }));
    let shot = ask(probe, &Value::Array(documents.collect())).await?;
    let body: Value = serde_json::from_slice(&shot.response().body).unwrap_or_default();
    let count = body.as_array().map_or(0, |answers| {
        let is_there = |(index, answer): &(usize, &Value)| {
            answer["data"][format!("{word}{index}")].is_string()
        };
        answers.iter().enumerate().filter(is_there).count()
    });
    Ok((count == BATCH).then(|| (format!("{BATCH} documents"), shot)))
}

/// Levels of the interface's own description, which end after the first.
async fn depth(probe: &mut RequestProbe) -> Result<Option<(String, Shot)>, ProbeStop> {
    let word = probe.sender().word();
    let levels = format!("{}name{}", "ofType{".repeat(DEPTH), "}".repeat(DEPTH));
    let document = format!("{{{word}:__type(name:\"String\"){{name {levels}}}}}");
    let shot = ask(probe, &json!({ "query": document })).await?;
    let is_answered = data(&shot).is_some_and(|data| data[&word]["name"] == "String");
    Ok(is_answered.then(|| (format!("{DEPTH} levels"), shot)))
}
