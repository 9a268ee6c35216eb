//! Prototype pollution, against a small program whose objects have a prototype in common.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use shakedown::model::Confidence;
use shakedown::model::Header;
use shakedown::model::Response;
use shakedown::plan::Strength;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::posted;
use super::site::respond;
use super::site::scan;

const RULE: &str = "prototype-pollution";

/// What every object inherits.
type Prototype = Arc<Mutex<Map<String, Value>>>;

async fn scan_page(
    strength: Strength,
    link: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let requests = match link {
        "" => vec![posted("/settings", "application/json", r#"{"theme":"dark"}"#)],
        _ => Vec::new(),
    };
    let setup =
        Setup { active: vec![RULE], strength, requests, allow_unsafe: true, ..Setup::default() };
    scan(setup, move |ask| match ask.path.as_str() {
        "/" => html(link),
        "/settings" => page(ask),
        _ => not_found(),
    })
    .await
}

/// A recursive merge; `ways` are the names through which it reaches the prototype.
fn merge(prototype: &Prototype, value: &Value, ways: &[&str]) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        if ways == [name] {
            let mut inherited = prototype.lock().expect("no panic");
            inherited.extend(inner.as_object().cloned().unwrap_or_default());
        } else if ways.first() == Some(&name.as_str()) {
            merge(prototype, inner, &ways[1..]);
        }
    }
}

/// An answer as the framework sends it.
fn answer(prototype: &Prototype, value: &Value) -> Response {
    let inherited = prototype.lock().expect("no panic");
    let spaces = inherited.get("json spaces").and_then(Value::as_str).unwrap_or_default();
    let text = if spaces.is_empty() {
        value.to_string()
    } else {
        let formatter = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
        serde::Serialize::serialize(value, &mut serializer).expect("JSON");
        String::from_utf8(out).expect("JSON")
    };
    let mut response = respond(200, "application/json", text);
    if let Some(Value::Array(names)) = inherited.get("exposedHeaders") {
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        let names = names.join(",").into_bytes();
        response.headers.push(Header::new("Access-Control-Expose-Headers", names));
    }
    response
}

/// The program: it reads a body, merges it, and answers.
fn program(prototype: &Prototype, ask: &Ask, ways: &[&str]) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&ask.request.body) else {
        let inherited = prototype.lock().expect("no panic");
        let status = inherited.get("status").and_then(Value::as_u64).filter(|status| *status > 0);
        let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(400);
        return respond(status, "text/html", "<h1>Bad body</h1>");
    };
    merge(prototype, &body, ways);
    answer(prototype, &json!({"saved": true, "theme": body["theme"]}))
}

fn is_clean(prototype: &Prototype) -> bool {
    let inherited = prototype.lock().expect("no panic");
    inherited.values().all(|value| matches!(value, Value::Null) || *value == "" || *value == 0)
}

#[tokio::test]
async fn properties_of_all_objects_are_seen_and_taken_back() {
    for ways in [&["__proto__"] as &[&str], &["constructor", "prototype"]] {
        let prototype = Prototype::default();
        let own = Arc::clone(&prototype);
        let scanned = scan_page(Strength::Medium, "", move |ask| program(&own, ask, ways)).await;
        let finding = scanned.found(RULE);
        assert_eq!(finding.len(), 1, "{ways:?}");
        assert_eq!(finding[0].confidence, Confidence::Confirmed);
        assert!(finding[0].detail.contains("set back to nothing it is gone"));
        assert!(is_clean(&prototype), "{ways:?}");
    }
}

#[tokio::test]
async fn a_status_is_enough_where_no_json_is_sent() {
    let prototype = Prototype::default();
    let own = Arc::clone(&prototype);
    let scanned = scan_page(Strength::High, "", move |ask| {
        let response = program(&own, ask, &["__proto__"]);
        if response.status == 200 { html("<p>saved</p>") } else { response }
    })
    .await;
    assert_eq!(scanned.found(RULE).len(), 1);
    assert!(scanned.found(RULE)[0].detail.contains("the status 4"));
    assert!(is_clean(&prototype));
}

#[tokio::test]
async fn a_query_reaches_the_prototype_too() {
    let prototype = Prototype::default();
    let own = Arc::clone(&prototype);
    let scanned = scan_page(Strength::Medium, "<a href='/settings?theme=dark'>x</a>", move |ask| {
        for (name, value) in &ask.query {
            let Some(property) = name.strip_prefix("__proto__[") else { continue };
            let (property, value) = match property.strip_suffix("][]") {
                Some(property) => (property, json!([value])),
                None => (property.trim_end_matches(']'), json!(value)),
            };
            own.lock().expect("no panic").insert(property.to_owned(), value);
        }
        answer(&own, &json!({"theme": ask.get("theme")}))
    })
    .await;
    assert_eq!(scanned.found(RULE).len(), 1);
    assert!(is_clean(&prototype));
}

/// Nothing may be found on these.
async fn finds_nothing(name: &str, page: impl Fn(&Ask) -> Response + Send + Sync + 'static) -> u64 {
    let scanned = scan_page(Strength::High, "", page).await;
    assert_eq!(scanned.found(RULE).len(), 0, "{name}");
    let requests = scanned.outcome(RULE).requests;
    assert!(requests > 0, "{name}");
    requests
}

#[tokio::test]
async fn programs_that_keep_their_prototypes_are_safe() {
    let cost = finds_nothing("ignored", |ask| {
        let prototype = Prototype::default();
        program(&prototype, ask, &["nothing"])
    })
    .await;
    assert_eq!(cost, 15);
    finds_nothing("echo", |ask| {
        respond(200, "application/json", String::from_utf8_lossy(&ask.request.body))
    })
    .await;
    finds_nothing("echo, indented as it came", |ask| {
        let value: Value = serde_json::from_slice(&ask.request.body).unwrap_or_default();
        respond(200, "application/json", format!("{{\n     \"theme\": {}\n}}", value["theme"]))
    })
    .await;
    finds_nothing("refused", |ask| {
        let text = String::from_utf8_lossy(&ask.request.body).into_owned();
        if text.contains("__proto__") || text.contains("constructor") {
            respond(400, "application/json", "{\n     \"error\": \"no\"\n}")
        } else {
            respond(200, "application/json", "{\"saved\":true}")
        }
    })
    .await;
    finds_nothing("only of this object", |ask| {
        let prototype = Prototype::default();
        program(&prototype, ask, &["__proto__"])
    })
    .await;
    let count = std::sync::atomic::AtomicUsize::new(0);
    finds_nothing("indented now and then", move |_| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let spaces = " ".repeat(count % 9);
        respond(200, "application/json", format!("{{\n{spaces}\"saved\": true\n}}"))
    })
    .await;
}
