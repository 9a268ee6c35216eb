//! Format strings: what several formatters make of them, and pages that only look like one.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use regex::Captures;
use regex::Regex;
use shakedown::model::Confidence;
use shakedown::model::Response;
use shakedown::plan::Strength;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const RULE: &str = "format-string";
const POINT: [&str; 1] = ["GET /p query `v`"];

async fn scan_page(
    strength: Strength,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let setup = Setup { active: vec![RULE], strength, ..Setup::default() };
    scan(setup, move |ask| match ask.path.as_str() {
        "/" => html("<a href='/p?v=ann'>x</a>"),
        "/p" => page(ask),
        _ => not_found(),
    })
    .await
}

/// A formatter that puts in what `argument` gives for a conversion.
fn formatted(text: &str, argument: impl Fn(&str) -> Option<String>) -> Option<String> {
    let conversion = Regex::new(r"%(%|[0-9]*[a-z])").expect("valid");
    let (mut out, mut end) = (String::new(), 0);
    for found in conversion.captures_iter(text) {
        let whole = found.get(0).expect("a match");
        out.push_str(&text[end..whole.start()]);
        end = whole.end();
        if &found[1] == "%" { out.push('%') } else { out.push_str(&argument(&found[1])?) }
    }
    out.push_str(&text[end..]);
    Some(out)
}

#[tokio::test]
async fn conversions_that_show_memory_are_found() {
    let calls = AtomicU64::new(0);
    let scanned = scan_page(Strength::Medium, move |ask| {
        let text = formatted(ask.get("v"), |_| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            Some(format!("{:08x}", 0x7ffe_0000 + call * 16))
        });
        html(escape(&text.unwrap_or_default()))
    })
    .await;
    assert_eq!(scanned.points(RULE), POINT);
    let finding = scanned.found(RULE)[0];
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("7ffe0"), "{}", finding.detail);
    let scanned = scan_page(Strength::Medium, |ask| {
        let text =
            formatted(ask.get("v"), |verb| Some(format!("%!{}(MISSING)", &verb[verb.len() - 1..])));
        html(escape(&text.unwrap_or_default()))
    })
    .await;
    assert_eq!(scanned.points(RULE), POINT, "Go");
}

#[tokio::test]
async fn languages_that_miss_an_argument_are_found_by_their_complaint() {
    let scanned = scan_page(Strength::Medium, |ask| match formatted(ask.get("v"), |_| None) {
        Some(text) => html(escape(&text)),
        None => respond(500, "text/html", "TypeError: not enough arguments for format string"),
    })
    .await;
    assert_eq!(scanned.points(RULE), POINT);
    let finding = scanned.found(RULE)[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.contains("a formatter"), "{}", finding.detail);
}

#[tokio::test]
async fn a_program_that_breaks_down_is_a_hint() {
    for status in [500, 0] {
        let scanned = scan_page(Strength::High, move |ask| {
            match formatted(ask.get("v"), |verb| (verb != "s").then(String::new)) {
                Some(_) => html("<p>logged</p>"),
                None => respond(status, "text/html", "<h1>Error</h1>"),
            }
        })
        .await;
        assert!(scanned.points(RULE).iter().any(|point| point == POINT[0]), "{status}");
        assert_eq!(scanned.found(RULE)[0].confidence, Confidence::Tentative);
    }
}

/// Nothing may be found on these.
async fn finds_nothing(name: &str, page: impl Fn(&Ask) -> Response + Send + Sync + 'static) {
    let scanned = scan_page(Strength::High, page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(RULE).requests > 0, "{name}");
}

#[tokio::test]
async fn pages_that_format_nothing_are_safe() {
    finds_nothing("constant", |_| html("<p>logged</p>")).await;
    finds_nothing("echo", |ask| html(escape(ask.get("v")))).await;
    finds_nothing("decoded twice", |ask| {
        html(percent_encoding::percent_decode_str(ask.get("v")).decode_utf8_lossy().into_owned())
    })
    .await;
    finds_nothing("two made one", |ask| html(ask.get("v").replace("%%", "%"))).await;
    finds_nothing("hexadecimal numbers instead", |ask| {
        let any = Regex::new(r"%+08x").expect("valid");
        html(any.replace_all(ask.get("v"), |_: &Captures<'_>| "0badc0de".to_owned()).into_owned())
    })
    .await;
    finds_nothing("percent signs refused", |ask| {
        if ask.get("v").contains('%') {
            respond(500, "text/html", "Error")
        } else {
            html("<p>ok</p>")
        }
    })
    .await;
    finds_nothing("long values refused", |ask| {
        if ask.get("v").len() > 40 { respond(500, "text/html", "Error") } else { html("<p>ok</p>") }
    })
    .await;
    finds_nothing("always an error", |_| html("not enough arguments for format string")).await;
    let count = AtomicU64::new(0);
    finds_nothing("flapping", move |_| {
        let is_down = count.fetch_add(1, Ordering::Relaxed) % 4 == 3;
        if is_down { respond(500, "text/html", "Error") } else { html("<p>ok</p>") }
    })
    .await;
}
