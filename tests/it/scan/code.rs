//! Code injection: small interpreters, and pages that only look like them.

use shakedown::model::Confidence;
use shakedown::model::Response;
use shakedown::plan::Strength;

use super::script::Language;
use super::script::evaluate;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const RULE: &str = "code-injection";

async fn scan_page(
    strength: Strength,
    link: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let setup = Setup { active: vec![RULE], strength, ..Setup::default() };
    scan(setup, move |ask| match ask.path.as_str() {
        "/" => html(link),
        "/p" => page(ask),
        _ => not_found(),
    })
    .await
}

/// A page that evaluates `code` with the value in it and shows what comes out.
fn displayed(language: Language, code: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| match evaluate(language, &code.replace("{}", ask.get("v"))) {
        Ok(value) => html(format!("<p>Hello {}</p>", escape(&value.text()))),
        Err(_) => html("<p>Sorry</p>"),
    }
}

/// The same, and all that is told is whether it went well.
fn told(language: Language, code: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| match evaluate(language, &code.replace("{}", ask.get("v"))) {
        Ok(value) if value.text().ends_with("ann") || value.text() == "7" => html("<p>ok</p>"),
        _ => html("<p>not ok</p>"),
    }
}

const WORD: &str = "<a href='/p?v=ann'>x</a>";
const NUMBER: &str = "<a href='/p?v=7'>x</a>";

const PLACES: [(Language, &str, &str); 8] = [
    (Language::Php, "'Dear '.'{}'", WORD),
    (Language::Php, "'Dear '.\"{}\"", WORD),
    (Language::Php, "{}", NUMBER),
    (Language::JavaScript, "'Dear '+'{}'", WORD),
    (Language::JavaScript, "\"Dear {}\"", WORD),
    (Language::JavaScript, "{}", NUMBER),
    (Language::Python, "'Dear '+'{}'", WORD),
    (Language::Python, "{}", NUMBER),
];

#[tokio::test]
async fn code_that_shows_what_it_makes_is_found_in_every_language() {
    for (language, code, link) in PLACES {
        let scanned = scan_page(Strength::Medium, link, displayed(language, code)).await;
        assert_eq!(scanned.points(RULE), ["GET /p query `v`"], "{language:?} {code}");
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Confirmed);
        assert!(finding.detail.contains("the server works out"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn code_that_shows_nothing_is_told_by_conditions() {
    for (language, code, link) in PLACES {
        let scanned = scan_page(Strength::High, link, told(language, code)).await;
        let points = scanned.points(RULE);
        assert!(points.iter().any(|point| point == "GET /p query `v`"), "{language:?} {code}");
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Firm);
        assert!(finding.detail.contains("the true condition"), "{}", finding.detail);
    }
}

/// Nothing may be found on these.
async fn finds_nothing(name: &str, page: impl Fn(&Ask) -> Response + Send + Sync + 'static) {
    let scanned = scan_page(Strength::High, NUMBER, page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(RULE).requests > 0, "{name}");
}

/// What arithmetic in a text comes to, in its place; all the rest stays.
fn calculated(text: &str) -> String {
    let product = regex::Regex::new(r"\(*(\d+)\*(\d+)\)*").expect("valid");
    let replaced = product.replace_all(text, |found: &regex::Captures<'_>| {
        let number = |index: usize| found[index].parse::<u64>().expect("digits");
        (number(1) * number(2)).to_string()
    });
    replaced.into_owned()
}

#[tokio::test]
async fn pages_that_evaluate_nothing_are_safe() {
    finds_nothing("constant", |_| html("<p>Hello</p>")).await;
    let echo = |ask: &Ask| html(format!("<p>Hello {}</p>", escape(ask.get("v"))));
    finds_nothing("echo", echo).await;
    let scanned = scan_page(Strength::Medium, NUMBER, echo).await;
    assert_eq!(scanned.outcome(RULE).requests, 3);
    finds_nothing("always an error", |_| respond(200, "text/html", "SyntaxError")).await;
    finds_nothing("number checked", |ask| match ask.get("v").parse::<u32>() {
        Ok(number) => html(format!("<p>{number}</p>")),
        Err(_) => respond(400, "text/html", "<p>SyntaxError: invalid literal</p>"),
    })
    .await;
    finds_nothing("firewall", |ask| {
        if ask.get("v").contains(['\'', '"', '(']) {
            respond(403, "text/html", "no")
        } else {
            html("<p>Hello</p>")
        }
    })
    .await;
    finds_nothing("a string, as it should be", |ask| {
        let quoted = ask.get("v").replace(['\'', '"'], "");
        html(
            evaluate(Language::JavaScript, &format!("'{quoted}'"))
                .map_or_else(|it| it, |it| it.text()),
        )
    })
    .await;
}

#[tokio::test]
async fn calculators_are_safe() {
    finds_nothing("products in a text", |ask| html(escape(&calculated(ask.get("v"))))).await;
    finds_nothing("a calculator and nothing else", |ask| {
        let value = ask.get("v");
        if value.chars().all(|c| c.is_ascii_digit() || "+*(). ".contains(c)) {
            let result = evaluate(Language::JavaScript, value);
            html(
                result.map_or_else(|_| "<p>?</p>".to_owned(), |it| format!("<p>{}</p>", it.text())),
            )
        } else {
            html("<p>only numbers, please</p>")
        }
    })
    .await;
}

#[tokio::test]
async fn pages_that_change_by_themselves_are_not_judged_by_conditions() {
    let count = std::sync::atomic::AtomicU64::new(0);
    finds_nothing("flapping", move |_| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if (count / 3).is_multiple_of(2) { html("<p>ok</p>") } else { html("<p>not ok</p>") }
    })
    .await;
}
