//! Settings that a visitor's app merges into its own, and how a script engine would do it.

use std::sync::Mutex;
use std::sync::PoisonError;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Json;
use axum::response::Response;
use serde::Serialize as _;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request::JsonBody;
use crate::demo::visit::Visit;

const INHERITED_LIMIT: usize = 16;
const DEPTH: usize = 8;
const DAYS_LIMIT: usize = 90;
/// As many days as even the flawed shop makes up.
const DAYS_EVER: usize = 200_000;

/// What all objects of the script engine inherit.
#[derive(Debug, Default)]
pub(super) struct Settings {
    inherited: Mutex<Map<String, Value>>,
}

impl Settings {
    fn inherited(&self) -> Map<String, Value> {
        self.inherited.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn inherit(&self, members: &Map<String, Value>) {
        let mut inherited = self.inherited.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in members {
            let has_room = inherited.len() < INHERITED_LIMIT || inherited.contains_key(name);
            if has_room && value.to_string().len() < 200 {
                inherited.insert(name.clone(), value.clone());
            }
        }
    }
}

/// `GET /api/settings`
pub(in crate::demo) async fn show(visit: Visit) -> Response {
    answer(&visit, defaults())
}

/// `POST /api/settings`: the defaults with what the app wants to have changed.
pub(in crate::demo) async fn change(
    visit: Visit,
    JsonBody(changes): JsonBody<Value>,
) -> Result<Response, ApiRefusal> {
    let Value::Object(changes) = changes else {
        return Err(Refusal::BadRequest("An object is expected.").into());
    };
    let mut settings = defaults();
    merge(&visit, &mut settings, &changes, 0);
    Ok(answer(&visit, settings))
}

fn defaults() -> Value {
    json!({ "language": "en", "newsletter": false, "rows": 24, "notify": { "mail": true } })
}

/// Merges deeply. In the engine, `target.__proto__` is what all objects inherit.
fn merge(visit: &Visit, target: &mut Value, changes: &Map<String, Value>, depth: usize) {
    for (name, change) in changes {
        let is_prototype = name == "__proto__" || name == "constructor";
        match change {
            _ if depth > DEPTH || name.len() > 100 => {}
            Value::Object(members) if is_prototype => {
                if visit.has("prototype-pollution-settings") {
                    let members =
                        members.get("prototype").and_then(Value::as_object).unwrap_or(members);
                    visit.shop.annex.settings.inherit(members);
                }
            }
            _ if is_prototype => {}
            Value::Object(members) => {
                if !target[name.as_str()].is_object() {
                    target[name.as_str()] = json!({});
                }
                merge(visit, &mut target[name.as_str()], members, depth + 1);
            }
            plain => target[name.as_str()] = plain.clone(),
        }
    }
}

/// The settings as the engine writes them: with what the object inherits, which also decides how
/// the web framework answers.
fn answer(visit: &Visit, mut settings: Value) -> Response {
    let inherited = visit.shop.annex.settings.inherited();
    for (name, value) in &inherited {
        if settings[name.as_str()].is_null() {
            settings[name.as_str()] = value.clone();
        }
    }
    let status = inherited.get("status").and_then(Value::as_u64);
    let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    let status = status.filter(|status| status.as_u16() >= 200).unwrap_or(StatusCode::OK);
    let text = match indentation(inherited.get("json spaces")) {
        indent if indent.is_empty() => settings.to_string(),
        indent => indented(&settings, &indent),
    };
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// What `JSON.stringify` indents with: so many spaces, or a text of its own, ten characters at most.
fn indentation(spaces: Option<&Value>) -> String {
    match spaces {
        Some(Value::Number(number)) => " ".repeat(number.as_u64().unwrap_or(0).min(10) as usize),
        Some(Value::String(text)) => text.chars().take(10).collect(),
        _ => String::new(),
    }
}

fn indented(value: &Value, indent: &str) -> String {
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    value.serialize(&mut serializer).expect("JSON can be written into memory");
    String::from_utf8_lossy(&out).into_owned()
}

/// `GET /api/price-history?product=7&days=30`: made up, and as long as asked for.
pub(in crate::demo) async fn price_history(
    visit: Visit,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, ApiRefusal> {
    let number = |wanted: &str| {
        let found = query.iter().find(|(name, _)| name == wanted);
        found.map(|(_, text)| text.parse::<usize>().map_err(|_| Refusal::BadRequest("A number.")))
    };
    let product = number("product").transpose()?.unwrap_or(1) % 1000;
    let days = number("days").transpose()?.unwrap_or(30);
    let limit = if visit.has("page-size-history") { DAYS_EVER } else { DAYS_LIMIT };
    let price =
        |day: usize| json!({ "day": day, "price_cents": 990 + (product * 773 + day * 31) % 500 });
    let prices: Vec<_> = (0..days.min(limit)).map(price).collect();
    Ok(Json(json!({ "product": product, "days": prices })))
}
