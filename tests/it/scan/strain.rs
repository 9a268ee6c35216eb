//! Requests that cost the target more than they should, and those that only seem to.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use shakedown::model::Confidence;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::later;
use super::site::not_found;
use super::site::posted;
use super::site::respond;
use super::site::scan;

fn silent(scanned: &Scanned, rule: &str, name: &str) {
    assert_eq!(scanned.found(rule).len(), 0, "{name}: {:?}", scanned.found(rule));
    assert!(scanned.outcome(rule).requests > 0, "{name}: nothing was asked");
}

async fn scan_pattern(took: impl Fn(&str) -> f64 + Send + Sync + 'static) -> Scanned {
    let setup = Setup { active: vec!["redos"], ..Setup::default() };
    scan(setup, move |ask| match &*ask.path {
        "/" => html("<a href='/join?email=ann@example.org'>x</a>"),
        "/join" => {
            let seconds = took(ask.get("email"));
            later(html("<p>Thank you</p>"), Duration::from_secs_f64(seconds))
        }
        _ => not_found(),
    })
    .await
}

/// Letters before what does not match, as `(a+)+$` tries to take them.
fn letters(text: &str) -> f64 {
    match text.strip_suffix('!') {
        Some(rest) if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            f64::from(u32::try_from(rest.len()).expect("short"))
        }
        _ => 0.0,
    }
}

#[tokio::test]
async fn values_that_patterns_try_for_ever_are_found() {
    let rule = "redos";
    let scanned = scan_pattern(|text| letters(text).exp2() * 0.25e-6).await;
    let [finding] = scanned.found(rule)[..] else { panic!("each letter doubles it") };
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.contains("18, 20, 22 repetitions"), "{}", finding.detail);
    let scanned = scan_pattern(|text| letters(text).exp2() * 1.2e-6).await;
    let [finding] = scanned.found(rule)[..] else { panic!("a slower machine") };
    assert!(finding.detail.contains("16, 18, 20 repetitions"), "nothing longer is asked");
    let scanned = scan_pattern(|text| {
        let spaces = text.bytes().filter(|byte| *byte == b' ').count() as f64;
        spaces * spaces * 0.3e-7
    })
    .await;
    let [finding] = scanned.found(rule)[..] else { panic!("the square of the length") };
    assert!(finding.detail.contains("1500, 3000, 6000"), "{}", finding.detail);
}

#[tokio::test]
async fn slow_pages_are_no_patterns() {
    let rule = "redos";
    silent(&scan_pattern(|_| 0.0).await, rule, "fast");
    silent(&scan_pattern(|_| 0.7).await, rule, "always slow");
    let scanned = scan_pattern(|text| text.len() as f64 * 1e-4).await;
    silent(&scanned, rule, "by the length");
    let scanned = scan_pattern(|text| letters(text).min(1.0) * 0.4).await;
    silent(&scanned, rule, "another path, but no growth");
    let count = AtomicU64::new(0);
    let scanned = scan_pattern(move |_| {
        if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(4) { 0.5 } else { 0.0 }
    })
    .await;
    silent(&scanned, rule, "now and then");
}

async fn scan_list(total: usize, count: fn(usize) -> usize) -> Scanned {
    let setup = Setup { active: vec!["page-size"], ..Setup::default() };
    scan(setup, move |ask| match &*ask.path {
        "/" => html("<a href='/items?limit=10'>x</a>"),
        "/items" => {
            let asked = ask.get("limit").parse().unwrap_or(10);
            let items: Vec<_> =
                (0..count(asked).min(total)).map(|id| json!({ "id": id })).collect();
            respond(200, "application/json", json!({ "items": items }).to_string())
        }
        _ => not_found(),
    })
    .await
}

#[tokio::test]
async fn pages_without_a_bound_are_found() {
    let rule = "page-size";
    let scanned = scan_list(50_000, |asked| asked).await;
    assert_eq!(scanned.found(rule)[0].confidence, Confidence::Firm);
    assert!(scanned.requests.iter().all(|it| !it.url().contains("limit=100000")));
    assert_eq!(scanned.outcome(rule).requests, 3);
    let scanned = scan_list(357, |asked| asked).await;
    assert_eq!(scanned.found(rule)[0].confidence, Confidence::Tentative, "few to be had");
    silent(&scan_list(50_000, |asked| asked.min(100)).await, rule, "a bound");
    silent(&scan_list(50_000, |asked| asked.min(1000)).await, rule, "a large bound");
    silent(&scan_list(50_000, |_| 10).await, rule, "not listened to");
    silent(&scan_list(30, |asked| asked).await, rule, "too few to tell");
    silent(&scan_list(5000, |_| 5000).await, rule, "always everything");
}

/// How an endpoint is set up.
#[derive(Clone, Copy)]
struct Endpoint {
    aliases: usize,
    batches: bool,
    levels: usize,
    /// Methods and types by which mutations are done.
    mutates: fn(&str, &str) -> bool,
}

const CAREFUL: Endpoint = Endpoint {
    aliases: 10,
    batches: false,
    levels: 8,
    mutates: |method, kind| method == "POST" && kind == "application/json",
};

impl Endpoint {
    fn answer(self, ask: &Ask) -> Response {
        let kind = ask.request.header("content-type").map(|it| it.text().into_owned());
        let kind = kind.unwrap_or_default();
        let body: Value = match serde_json::from_slice(&ask.request.body) {
            Ok(body) => body,
            Err(_) => json!({ "query": ask.get("query") }),
        };
        let answer = match &body {
            Value::Array(all) if self.batches => {
                all.iter().map(|one| self.one(one, &ask.method, &kind)).collect()
            }
            Value::Array(_) => json!({ "errors": [{ "message": "one document only" }] }),
            one => self.one(one, &ask.method, &kind),
        };
        respond(200, "application/json", answer.to_string())
    }

    fn one(self, body: &Value, method: &str, kind: &str) -> Value {
        let document = body["query"].as_str().unwrap_or_default();
        let fault = |message: &str| json!({ "errors": [{ "message": message }] });
        let is_mutation = document.starts_with("mutation");
        if is_mutation && !(self.mutates)(method, kind) {
            return fault("mutations by POST only");
        }
        if document.matches('{').count() > self.levels {
            return fault("too deep");
        }
        let fields = document.split_once('{').map_or("", |(_, rest)| rest);
        let names = fields.split(|c: char| c.is_whitespace() || "{}".contains(c));
        let aliases: Vec<_> =
            names.filter_map(|field| field.split_once(':')).map(|(alias, _)| alias).collect();
        if aliases.len() > self.aliases {
            return fault("too many fields");
        }
        let root = if is_mutation { "Mutation" } else { "Query" };
        let value = |alias: &str| {
            let is_type = fields.contains("__type(");
            let value =
                if is_type { json!({ "name": "String", "ofType": null }) } else { json!(root) };
            (alias.to_owned(), value)
        };
        json!({ "data": aliases.into_iter().map(value).collect::<serde_json::Map<_, _>>() })
    }

    async fn scan(self, rule: &'static str) -> Scanned {
        let body = json!({ "query": "{products{name}}" }).to_string();
        let setup = Setup {
            active: vec![rule],
            allow_unsafe: true,
            requests: vec![posted("/graphql", "application/json", &body)],
            ..Setup::default()
        };
        scan(setup, move |ask| match &*ask.path {
            "/" => html("<p>x</p>"),
            "/graphql" => self.answer(ask),
            _ => not_found(),
        })
        .await
    }
}

#[tokio::test]
async fn endpoints_that_answer_without_a_limit_are_found() {
    let rule = "graphql-limits";
    for (what, endpoint) in [
        ("100 times the same field", Endpoint { aliases: 1000, ..CAREFUL }),
        ("10 documents", Endpoint { batches: true, ..CAREFUL }),
        ("30 levels", Endpoint { levels: 1000, ..CAREFUL }),
    ] {
        let scanned = endpoint.scan(rule).await;
        let [finding] = scanned.found(rule)[..] else { panic!("{what}") };
        assert_eq!(finding.detail, format!("one request is answered for {what}"));
        assert_eq!(finding.confidence, Confidence::Confirmed);
    }
    let scanned = CAREFUL.scan(rule).await;
    silent(&scanned, rule, "with limits");
    assert_eq!(scanned.outcome(rule).requests, 5);
    let misspelled = scanned.requests.iter().filter(|it| it.body == br#"{"query":"{product}"}"#);
    assert_eq!(misspelled.count(), 1, "others look at suggestions");
}

#[tokio::test]
async fn mutations_that_a_link_or_form_can_send_are_found() {
    let rule = "graphql-get-mutation";
    let scanned = Endpoint { mutates: |_, _| true, ..CAREFUL }.scan(rule).await;
    assert!(scanned.found(rule)[0].detail.contains("done by GET: `Mutation`"));
    let scanned = Endpoint { mutates: |method, _| method == "POST", ..CAREFUL }.scan(rule).await;
    assert!(scanned.found(rule)[0].detail.contains("as a form"));
    silent(&CAREFUL.scan(rule).await, rule, "by POST of JSON only");
}
