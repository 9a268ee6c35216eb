//! One's own record: what it shows of a password, and what of it can be changed.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;
use serde_json::json;
use shakedown::model::Confidence;
use shakedown::model::Response;

use super::notes::with_two;
use super::site::Ask;
use super::site::Scanned;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const OWN: &str = "/api/me";
const HASH: &str = "$2b$12$J8yC0mVtQ7h1c3s8Yw2x4uQn5e6r7t8y9u0i1o2p3a4s5d6f7g8h9";

/// What may be set of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Described,
    Role,
    Everything,
}

/// Bob's record, which is the one that is changed; Alice has one like it.
struct Records {
    /// `/api/me`, or where the same has nobody's name in it.
    path: &'static str,
    takes: Takes,
    extra: (&'static str, &'static str),
    people: Mutex<[Value; 2]>,
}

impl Records {
    fn new(path: &'static str, takes: Takes, extra: (&'static str, &'static str)) -> Self {
        let record = |name: &str| {
            json!({"username": name, "shown": name.to_uppercase(), "role": "customer", "is_blocked": true,
                "is_staff": false, "owner": "nobody", "level": 3})
        };
        let mut records = [record("alice"), record("bob")];
        if path != OWN {
            for record in &mut records {
                record["username"] = json!("default");
            }
        }
        Self { path, takes, extra, people: Mutex::new(records) }
    }

    fn answer(&self, ask: &Ask) -> Response {
        let json = |value: &Value| respond(200, "application/json", value.to_string());
        let body: Value = serde_json::from_slice(&ask.request.body).unwrap_or_default();
        if ask.path == "/api/login" {
            let name = body["username"].as_str().unwrap_or_default();
            return json(&json!({ "token": format!("tok-{name}-0001") }));
        }
        let token = ask.authorization.strip_prefix("Bearer tok-").unwrap_or_default();
        let who = ["alice", "bob"].iter().position(|name| token.starts_with(name));
        let mut records = self.people.lock().expect("no handler panics");
        match (ask.method.as_str(), ask.path.as_str(), who) {
            ("GET", "/", _) => html("<a href=/openapi.json>description</a>"),
            ("GET", "/openapi.json", _) => json(&description(self.path)),
            ("GET", path, Some(who)) if path == self.path => {
                let mut shown = records[who].clone();
                shown[self.extra.0] = json!(self.extra.1);
                json(&shown)
            }
            ("PATCH", path, Some(who)) if path == self.path => {
                for (name, value) in body.as_object().into_iter().flatten() {
                    let is_taken = match self.takes {
                        Takes::Described => name == "shown",
                        Takes::Role => name == "shown" || name == "role",
                        Takes::Everything => name != "username",
                    };
                    if is_taken {
                        records[who][name] = value.clone();
                    }
                }
                json(&json!({ "ok": true }))
            }
            (_, _, None) => respond(401, "text/plain", "no"),
            _ => not_found(),
        }
    }
}

fn description(path: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"shown": {"type": "string"}}});
    let body = json!({"content": {"application/json": {"schema": schema}}});
    let ok = json!({"200": {"description": "ok"}});
    json!({
        "openapi": "3.0.0",
        "info": {"title": "records", "version": "1"},
        "paths": {path: {
            "get": {"responses": ok},
            "patch": {"requestBody": body, "responses": ok},
        }},
    })
}

async fn scanned(
    rule: &'static str,
    takes: Takes,
    extra: (&'static str, &'static str),
) -> (Scanned, Arc<Records>) {
    scanned_at(OWN, rule, takes, extra).await
}

async fn scanned_at(
    path: &'static str,
    rule: &'static str,
    takes: Takes,
    extra: (&'static str, &'static str),
) -> (Scanned, Arc<Records>) {
    let records = Arc::new(Records::new(path, takes, extra));
    let site = Arc::clone(&records);
    (scan(with_two(&[rule]), move |ask| site.answer(ask)).await, records)
}

#[tokio::test]
async fn a_role_that_a_change_may_not_set_is_read_back_and_changed_back() {
    let rule = "mass-assignment";
    let (flawed, records) = scanned(rule, Takes::Role, ("note", "-")).await;
    let [finding] = flawed.found(rule)[..] else { panic!("{:?}", flawed.notices()) };
    assert_eq!((finding.method.as_str(), finding.path_template.as_str()), ("PATCH", "/api/me"));
    assert_eq!(finding.payloads, ["role"]);
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.starts_with("`bob` sent"), "{}", finding.detail);
    assert!(finding.detail.ends_with("it was changed back"), "{}", finding.detail);
    let bob = records.people.lock().expect("no handler panics")[1].clone();
    assert_eq!((&bob["role"], &bob["shown"]), (&json!("customer"), &json!("BOB")));
    for takes in [Takes::Described, Takes::Everything] {
        let (quiet, records) = scanned(rule, takes, ("note", "-")).await;
        assert!(quiet.found(rule).is_empty(), "{takes:?} {:?}", quiet.found(rule));
        assert!(quiet.outcome(rule).requests > 0);
        let bob = records.people.lock().expect("no handler panics")[1].clone();
        let had = Records::new(OWN, takes, ("note", "-"));
        let had = had.people.lock().expect("nobody else has it")[1].clone();
        for (name, value) in had.as_object().expect("an object") {
            assert_eq!(&bob[name], value, "{takes:?} {name}");
        }
    }
}

#[tokio::test]
async fn a_record_that_is_nobodys_own_is_left_alone() {
    let (scanned, _) =
        scanned_at("/api/defaults", "mass-assignment", Takes::Role, ("note", "-")).await;
    assert!(scanned.found("mass-assignment").is_empty());
    let changes = scanned
        .requests
        .iter()
        .filter(|request| String::from_utf8_lossy(&request.body).contains("\"role\""));
    assert_eq!(changes.count(), 0);
}

#[tokio::test]
async fn a_hash_of_ones_own_password_in_an_answer_is_told() {
    let rule = "excessive-data";
    let (flawed, _) = scanned(rule, Takes::Described, ("password_hash", HASH)).await;
    let [finding] = flawed.found(rule)[..] else { panic!("{:?}", flawed.notices()) };
    assert_eq!(finding.path_template, "/api/me");
    assert!(finding.detail.contains("`password_hash` of their own"), "{}", finding.detail);
    for extra in [("api_key", HASH), ("password", "********"), ("password_hint", "of the harbour")]
    {
        let (quiet, _) = scanned(rule, Takes::Described, extra).await;
        assert!(quiet.found(rule).is_empty(), "{extra:?} {:?}", quiet.found(rule));
        assert!(quiet.outcome(rule).requests > 0);
    }
}
