//! The operations that the maze's API documents describe.

use axum::http::Method;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Json;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

use super::fields::Sent;

/// The answer of an operation, if the path is one.
pub(super) fn answer(method: &Method, path: &str, sent: &Sent) -> Option<Response> {
    let path = path.strip_prefix("/maze/interfaces/")?;
    let answer = match (path, method.as_str()) {
        ("v1/parcels", "GET") => list(sent),
        ("v1/parcels", "POST") => add(sent),
        ("v1/parcels/4711" | "v1/parcels/4711/label", "GET") => Ok(json!({ "id": 4711 })),
        ("returns/reasons/broken" | "returns/reasons/late", "GET") => Ok(json!({ "known": true })),
        ("partners/invoices", "GET") => invoices(sent),
        ("graphql", "GET" | "POST") => graphql(sent),
        _ => return None,
    };
    let status = if *method == Method::POST && path == "v1/parcels" { 201 } else { 200 };
    let status = StatusCode::from_u16(status).expect("one of two");
    Some(match answer {
        Ok(body) => (status, Json(body)).into_response(),
        Err(wrong) => (StatusCode::BAD_REQUEST, Json(json!({ "error": wrong }))).into_response(),
    })
}

fn list(sent: &Sent) -> Result<Value, &'static str> {
    if !["sent", "lost"].contains(&sent.value("state")) {
        return Err("state is sent or lost");
    }
    let limit = sent.value("limit");
    let fits = limit.parse::<u32>().is_ok_and(|limit| (1..=50).contains(&limit));
    if fits || limit.is_empty() { Ok(json!([{ "id": 4711 }])) } else { Err("limit is 1 to 50") }
}

fn add(sent: &Sent) -> Result<Value, &'static str> {
    let body: Value = serde_json::from_slice(&sent.body).map_err(|_| "the body is JSON")?;
    let to = body["to"].as_str().is_some_and(|to| to.chars().count() >= 3);
    let weight = body["weight"].as_f64().is_some_and(|weight| weight > 0.0);
    if to && weight { Ok(json!({ "id": 4711 })) } else { Err("to and weight are needed") }
}

fn invoices(sent: &Sent) -> Result<Value, &'static str> {
    let month = sent.value("month");
    let fits = month.len() == 7 && month.as_bytes()[4] == b'-';
    if fits { Ok(json!([])) } else { Err("month is YYYY-MM") }
}

fn graphql(sent: &Sent) -> Result<Value, &'static str> {
    let body: Value = serde_json::from_slice(&sent.body).unwrap_or(Value::Null);
    let query = body["query"].as_str().unwrap_or_else(|| sent.value("query"));
    if query.contains('{') {
        Ok(json!({ "data": { "articles": [{ "id": 1, "title": "Kettle" }] } }))
    } else {
        Err("Must provide query string.")
    }
}
