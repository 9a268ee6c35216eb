//! Values that are too long, and numbers that are too large.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use shakedown::model::Confidence;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::posted;
use super::site::respond;
use super::site::scan;

const LONG: &str = "buffer-overflow";
const LARGE: &str = "integer-overflow";

async fn scan_page(
    rule: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let order = posted("/order", "application/json", r#"{"count": 7, "note": "hello"}"#);
    let setup = Setup {
        active: vec![rule],
        allow_unsafe: true,
        requests: vec![order],
        unsafe_requests: vec![0],
        ..Setup::default()
    };
    scan(setup, move |ask| match ask.path.as_str() {
        "/" => {
            html("<a href='/p?v=ann&n=12'>x</a><form method=post action=/f><input name=t></form>")
        }
        "/p" | "/f" | "/order" => page(ask),
        _ => not_found(),
    })
    .await
}

fn json(ask: &Ask, name: &str) -> serde_json::Value {
    let body: serde_json::Value = serde_json::from_slice(&ask.request.body).unwrap_or_default();
    body.get(name).cloned().unwrap_or_default()
}

fn ok() -> Response {
    html("<p>stored</p>")
}

fn error() -> Response {
    respond(500, "text/html", "<h1>Internal Server Error</h1>")
}

#[tokio::test]
async fn a_length_that_breaks_the_service_is_found() {
    for (status, confidence) in
        [(500, Confidence::Tentative), (502, Confidence::Firm), (0, Confidence::Firm)]
    {
        let scanned = scan_page(LONG, move |ask| {
            if ask.get("t").len() > 5000 { respond(status, "text/html", "") } else { ok() }
        })
        .await;
        assert_eq!(scanned.points(LONG), ["POST /f form `t`"], "{status}");
        let finding = scanned.found(LONG)[0];
        assert_eq!(finding.confidence, confidence, "{status}");
        assert!(finding.detail.contains("16384 letters are answered"), "{}", finding.detail);
        assert!(finding.detail.contains("while 4096 letters"), "{}", finding.detail);
        assert_eq!(finding.evidence.len(), 4, "{status}");
    }
    let scanned =
        scan_page(LONG, |ask| if ask.get("v").len() >= 1024 { error() } else { ok() }).await;
    assert_eq!(scanned.points(LONG), ["GET /p query `v`"]);
}

async fn finds_nothing(
    rule: &'static str,
    name: &str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) {
    let scanned = scan_page(rule, page).await;
    assert_eq!(scanned.points(rule), Vec::<String>::new(), "{name}");
    let outcome = scanned.outcome(rule);
    assert!(outcome.requests > 0 && outcome.errors == 0, "{name} {outcome:?}");
}

#[tokio::test]
async fn limits_and_other_errors_are_no_overflow() {
    finds_nothing(LONG, "any length", |ask| html(escape(ask.get("v")))).await;
    for status in [400, 413, 414, 422, 431] {
        finds_nothing(LONG, "a limit", move |ask| {
            let is_long = ask.get("t").len() > 500 || ask.get("v").len() > 500;
            if is_long { respond(status, "text/html", "") } else { ok() }
        })
        .await;
    }
    finds_nothing(LONG, "a limit as an error", |ask| {
        let is_long = ask.get("t").len() > 500;
        if is_long { respond(500, "text/html", "value too long for column") } else { ok() }
    })
    .await;
    finds_nothing(LONG, "letters are errors", |ask| {
        let is_word = ask.get("n").parse::<i64>().is_err() && ask.path == "/p";
        if is_word { error() } else { ok() }
    })
    .await;
    let count = AtomicU64::new(0);
    finds_nothing(LONG, "flapping", move |_| {
        let is_down = count.fetch_add(1, Ordering::Relaxed) % 3 == 2;
        if is_down { error() } else { ok() }
    })
    .await;
}

#[tokio::test]
async fn no_more_letters_are_sent_than_is_said() {
    let scanned = scan_page(LONG, |_| ok()).await;
    let longest = |post: bool| {
        let of = scanned.requests.iter().filter(|it| (it.method.as_str() == "POST") == post);
        of.map(|it| it.body.len() + it.path_and_query.len()).max().expect("some")
    };
    assert!((65_536..66_000).contains(&longest(true)), "{}", longest(true));
    assert!(longest(false) < 4400, "{}", longest(false));
}

#[tokio::test]
async fn numbers_that_are_cut_are_proven() {
    let wrap = |number: i128, bits: u32| {
        let low = u64::try_from(number.rem_euclid(1 << 64)).expect("it fits");
        let lowest = u32::try_from(number.rem_euclid(1 << 32)).expect("it fits");
        match bits {
            32 => i128::from(lowest.cast_signed()),
            33 => i128::from(lowest),
            _ => i128::from(low.cast_signed()),
        }
    };
    for (bits, name) in [(32, "32 bits"), (33, "32 bits"), (64, "64 bits")] {
        let scanned = scan_page(LARGE, move |ask| {
            let number = ask.get("n").parse::<i128>().unwrap_or_default();
            html(format!("<p>page {}</p>", wrap(number, bits)))
        })
        .await;
        assert_eq!(scanned.points(LARGE), ["GET /p query `n`"], "{bits}");
        let finding = scanned.found(LARGE)[0];
        assert_eq!(finding.confidence, Confidence::Confirmed);
        assert!(finding.detail.contains(name), "{}", finding.detail);
    }
}

#[tokio::test]
async fn numbers_that_end_in_errors_are_a_symptom() {
    let scanned = scan_page(LARGE, |ask| {
        let count = json(ask, "count");
        let is_large = count.as_f64().is_some_and(|count| count >= 2_f64.powi(63));
        if ask.path == "/order" && (is_large || !count.is_number()) { error() } else { ok() }
    })
    .await;
    assert_eq!(scanned.points(LARGE), ["POST /order json `/count`"]);
    let finding = scanned.found(LARGE)[0];
    assert_eq!(finding.confidence, Confidence::Tentative);
    assert!(finding.detail.contains("64 signed bits"), "{}", finding.detail);
}

#[tokio::test]
async fn numbers_that_are_refused_or_kept_are_safe() {
    finds_nothing(LARGE, "echo", |ask| html(escape(ask.get("n")))).await;
    finds_nothing(LARGE, "refused", |ask| {
        let is_small = ask.get("n").parse::<i32>().is_ok();
        if is_small || ask.path != "/p" { ok() } else { respond(400, "text/html", "") }
    })
    .await;
    finds_nothing(LARGE, "any other number is an error", |ask| {
        if ask.path == "/p" && ask.get("n") != "12" { error() } else { ok() }
    })
    .await;
    finds_nothing(LARGE, "numbers all over", |_| {
        html((10_000..100_000).map(|n| n.to_string()).collect::<Vec<_>>().join(" "))
    })
    .await;
}
