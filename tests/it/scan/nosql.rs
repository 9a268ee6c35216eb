//! `NoSQL` injection, against a small document store and against pages that only look like one.

use serde_json::Value;
use serde_json::json;
use shakedown::model::Confidence;
use shakedown::model::RequestTemplate;
use shakedown::model::Response;

use super::script::Language;
use super::script::evaluate;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::posted;
use super::site::respond;
use super::site::scan;

const RULE: &str = "nosql-injection";

fn setup(requests: Vec<RequestTemplate>) -> Setup {
    Setup { active: vec![RULE], requests, allow_unsafe: true, ..Setup::default() }
}

async fn scan_page(
    requests: Vec<RequestTemplate>,
    link: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(setup(requests), move |ask| match ask.path.as_str() {
        "/" => html(link),
        "/i" | "/items" | "/login" | "/orders/cancel" => page(ask),
        _ => not_found(),
    })
    .await
}

/// Documents that a filter finds, as `MongoDB` would
/// (<https://www.mongodb.com/docs/manual/reference/operator/query/>).
fn find(filter: &Value) -> Result<Vec<Value>, String> {
    let documents = json!([
        {"name": "lamp", "kind": "home", "price": 5},
        {"name": "desk", "kind": "home", "price": 40},
        {"name": "plant", "kind": "garden", "price": 7},
        {"user": "ann", "password": "correct horse"},
        {"user": "bob", "password": "battery staple"},
    ]);
    let mut found = Vec::new();
    for document in documents.as_array().expect("a list") {
        let mut fits = true;
        for (name, condition) in filter.as_object().ok_or("no filter")? {
            fits &= holds(document.get(name).unwrap_or(&Value::Null), condition)?;
        }
        found.extend(fits.then(|| document.clone()));
    }
    Ok(found)
}

fn holds(value: &Value, condition: &Value) -> Result<bool, String> {
    let Some(operators) = condition.as_object() else { return Ok(value == condition) };
    let mut fits = true;
    for (name, operand) in operators {
        let list = || operand.as_array().ok_or("needs an array".to_owned());
        fits &= match name.as_str() {
            "$eq" => value == operand,
            "$ne" => value != operand,
            "$in" => list()?.contains(value),
            "$nin" => !list()?.contains(value),
            "$gte" => value.as_f64().zip(operand.as_f64()).is_some_and(|(a, b)| a >= b),
            "$lte" => value.as_f64().zip(operand.as_f64()).is_some_and(|(a, b)| a <= b),
            "$regex" => {
                let pattern = operand.as_str().ok_or("$regex has to be a string")?;
                let pattern = regex::Regex::new(pattern).map_err(|error| error.to_string())?;
                value.as_str().is_some_and(|text| pattern.is_match(text))
            }
            other => return Err(format!("unknown operator: {other}")),
        };
    }
    Ok(fits)
}

/// `a[b][]=c` as frameworks read it.
fn nested(pairs: &[(String, String)]) -> Value {
    let mut all = json!({});
    for (name, value) in pairs {
        let (name, rest) = name.split_once('[').unwrap_or((name, ""));
        let parts: Vec<&str> = rest.trim_end_matches(']').split("][").collect();
        let value = json!(value);
        all[name] = match parts.as_slice() {
            [""] => value,
            [operator] => json!({ *operator: value }),
            [operator, ..] => json!({ *operator: [value] }),
            [] => continue,
        };
    }
    all
}

fn list(found: &Result<Vec<Value>, String>) -> Response {
    match found {
        Ok(found) => {
            let rows = found
                .iter()
                .map(|it| format!("<li>{}</li>", it["name"]))
                .collect::<Vec<_>>()
                .concat();
            html(format!("<h1>Items</h1><p>{} found</p><ul>{rows}</ul>", found.len()))
        }
        Err(_) => respond(500, "text/html", "<h1>Internal Server Error</h1>"),
    }
}

fn welcome(found: Result<Vec<Value>, String>) -> Response {
    match found.unwrap_or_default().first() {
        Some(user) => respond(200, "application/json", json!({"hello": user["user"]}).to_string()),
        None => respond(200, "application/json", r#"{"error":"wrong name or password"}"#),
    }
}

fn body(ask: &Ask) -> Value {
    serde_json::from_slice(&ask.request.body).unwrap_or_default()
}

#[tokio::test]
async fn operators_in_a_query_are_found() {
    let scanned = scan_page(Vec::new(), "<a href='/items?kind=home'>x</a>", |ask| {
        list(&find(&nested(&ask.query)))
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /items query `kind`"]);
    let finding = scanned.found(RULE)[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.contains("[$eq]=home"), "{}", finding.detail);
    assert!(finding.reproduce.contains("%24"), "{}", finding.reproduce);
}

#[tokio::test]
async fn operators_in_json_are_found_for_texts_and_numbers() {
    for (text, point) in
        [(r#"{"kind":"home"}"#, "json `/kind`"), (r#"{"price":7}"#, "json `/price`")]
    {
        let request = posted("/items", "application/json", text);
        let scanned = scan_page(vec![request], "", |ask| list(&find(&body(ask)))).await;
        assert_eq!(scanned.points(RULE), [format!("POST /items {point}")]);
    }
}

#[tokio::test]
async fn a_login_that_takes_operators_is_shown_by_its_difference() {
    for (media_type, text, points) in [
        (
            "application/json",
            r#"{"user":"eve","password":"x"}"#,
            ["json `/password`", "json `/user`"],
        ),
        (
            "application/x-www-form-urlencoded",
            "user=eve&password=x",
            ["form `password`", "form `user`"],
        ),
    ] {
        let request = posted("/login", media_type, text);
        let scanned = scan_page(vec![request], "", |ask| {
            let filter = if ask.form.iter().any(|(name, _)| name.starts_with("user")) {
                nested(&ask.form)
            } else {
                body(ask)
            };
            welcome(find(&filter))
        })
        .await;
        assert_eq!(scanned.points(RULE), points.map(|point| format!("POST /login {point}")));
        let finding = scanned.found(RULE)[0];
        assert!(finding.detail.contains("the false condition"), "{}", finding.detail);
        assert!(finding.detail.contains("$ne"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn conditions_in_javascript_are_found() {
    for code in ["'home'=='{}'", "\"home\"==\"{}\"", "7=={}"] {
        let link =
            if code.contains('7') { "<a href='/i?v=7'>x</a>" } else { "<a href='/i?v=home'>x</a>" };
        let scanned =
            scan_page(Vec::new(), link, move |ask| where_is(&code.replace("{}", ask.get("v"))))
                .await;
        assert_eq!(scanned.points(RULE), ["GET /i query `v`"], "{code}");
    }
    let scanned = scan_page(Vec::new(), "<a href='/i?v=none'>x</a>", |ask| {
        where_is(&format!("'home'=='{}'", ask.get("v")))
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /i query `v`"], "nothing is found at first");
}

/// What a `$where` finds: a condition of parts between `&&` and `||`.
fn where_is(code: &str) -> Response {
    let mut any = Some(false);
    for part in code.split("||") {
        let mut all = Some(true);
        for condition in part.split("&&") {
            let truth = evaluate(Language::JavaScript, condition).ok();
            all = all.zip(truth).map(|(all, truth)| all && truth.text() == "true");
        }
        any = any.zip(all).map(|(any, all)| any || all);
    }
    match any {
        Some(true) => html("<li>lamp</li><li>desk</li>"),
        Some(false) | None => html("<p>nothing</p>"),
    }
}

/// Nothing may be found on these.
async fn finds_nothing(
    name: &str,
    requests: Vec<RequestTemplate>,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) {
    let scanned = scan_page(requests, "<a href='/items?kind=home'>x</a>", page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(RULE).requests > 0, "{name}");
}

#[tokio::test]
async fn pages_that_take_texts_only_are_safe() {
    finds_nothing("constant", Vec::new(), |_| html("<p>items</p>")).await;
    finds_nothing("text", Vec::new(), |ask| list(&find(&json!({"kind": ask.get("kind")})))).await;
    finds_nothing("echo", Vec::new(), |ask| {
        html(escape(&String::from_utf8_lossy(&ask.request.path_and_query)))
    })
    .await;
    finds_nothing("always an error", Vec::new(), |_| respond(200, "text/html", "MongoError")).await;
    finds_nothing("dollars refused", Vec::new(), |ask| {
        if ask.query.iter().any(|(name, value)| name.contains('$') || value.contains('$')) {
            respond(403, "text/html", "no")
        } else {
            list(&find(&nested(&ask.query)))
        }
    })
    .await;
    finds_nothing("any member is the value", Vec::new(), |ask| {
        let filter = nested(&ask.query);
        let mut value = &filter["kind"];
        while let Some(inner) = value.as_object().and_then(|it| it.values().next()) {
            value = inner;
        }
        let value = value.as_array().map_or(value, |list| &list[0]);
        list(&find(&json!({ "kind": value })))
    })
    .await;
}

#[tokio::test]
async fn logins_that_take_texts_only_are_safe() {
    let login = || vec![posted("/login", "application/json", r#"{"user":"eve","password":"x"}"#)];
    finds_nothing("objects are refused", login(), |ask| {
        let filter = body(ask);
        if filter["user"].is_string() && filter["password"].is_string() {
            welcome(find(&filter))
        } else {
            respond(400, "application/json", r#"{"error":"texts, please"}"#)
        }
    })
    .await;
    finds_nothing("objects are written as texts", login(), |ask| {
        let filter = body(ask);
        let text = |name: &str| filter[name].as_str().unwrap_or("[object Object]").to_owned();
        welcome(find(&json!({"user": text("user"), "password": text("password")})))
    })
    .await;
    let count = std::sync::atomic::AtomicU64::new(0);
    finds_nothing("locked after some tries", login(), move |_| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if count > 3 { respond(403, "text/html", "locked") } else { welcome(Ok(Vec::new())) }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_widened_where_something_is_changed() {
    let request = posted("/orders/cancel", "application/json", r#"{"order":"none"}"#);
    let scanned = scan_page(vec![request], "", |_| html("<p>0 orders cancelled</p>")).await;
    for request in &scanned.requests {
        let text = String::from_utf8_lossy(&request.body);
        assert!(!text.contains("$ne") && !text.contains("$nin") && !text.contains("||"), "{text}");
    }
}
