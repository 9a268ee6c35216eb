//! Where values are put: what applications read beside what is meant to be filled in.

use std::sync::Mutex;
use std::time::Duration;

use rusqlite::Connection;
use shakedown::model::InsertionKind;
use shakedown::model::Response;
use shakedown::plan::Probing;
use shakedown::plan::Strength;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::later;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

/// A page at `/log` that pastes what `read` takes of a request into a statement, and shows errors.
async fn scan_log(
    strength: Strength,
    read: impl Fn(&Ask) -> Option<String> + Send + Sync + 'static,
) -> Scanned {
    let database = Mutex::new(Connection::open_in_memory().expect("memory"));
    let setup = Setup { active: vec!["sqli-error"], strength, ..Setup::default() };
    scan(setup, move |ask| match &*ask.path {
        "/" => with_cookie(html("<a href='/log?a=1'>log</a>")),
        "/log" => {
            let Some(text) = read(ask) else { return html("<p>nothing</p>") };
            let sql = format!("SELECT '{text}'");
            match database.lock().expect("no panic").execute_batch(&sql) {
                Ok(()) => html("<p>logged</p>"),
                Err(error) => respond(500, "text/html", escape(&format!("SQLite: {error}"))),
            }
        }
        _ => not_found(),
    })
    .await
}

fn with_cookie(mut response: Response) -> Response {
    response.headers.push(shakedown::model::Header::new("Set-Cookie", "shown=list; Path=/"));
    response
}

fn header(name: &'static str) -> impl Fn(&Ask) -> Option<String> + Send + Sync + 'static {
    move |ask| ask.request.header(name).map(|header| header.text().into_owned())
}

#[tokio::test]
async fn headers_and_cookies_are_points_at_medium_strength() {
    for name in ["User-Agent", "Referer", "X-Forwarded-For"] {
        let scanned = scan_log(Strength::Medium, header(name)).await;
        assert_eq!(scanned.points("sqli-error"), [format!("GET /log header `{name}`")]);
        let scanned = scan_log(Strength::Low, header(name)).await;
        assert_eq!(scanned.points("sqli-error"), Vec::<String>::new(), "{name}");
    }
    let shown = |ask: &Ask| {
        let pair = ask.cookie.split("; ").find_map(|pair| pair.strip_prefix("shown="));
        pair.map(str::to_owned)
    };
    let scanned = scan_log(Strength::Medium, shown).await;
    assert_eq!(scanned.points("sqli-error"), ["GET /log cookie `shown`"]);
}

#[tokio::test]
async fn names_and_the_query_as_a_whole_are_points_at_high_strength() {
    let name = |ask: &Ask| Some(ask.query.first()?.0.clone());
    let scanned = scan_log(Strength::High, name).await;
    assert!(scanned.points("sqli-error").contains(&"GET /log parameter_name `a`".to_owned()));
    let one_more = |ask: &Ask| {
        Some(ask.request.headers.iter().find(|header| header.value == b"1")?.name.clone())
    };
    let scanned = scan_log(Strength::High, one_more).await;
    let kinds: Vec<_> = scanned
        .found("sqli-error")
        .iter()
        .filter_map(|one| one.insertion_point.as_ref())
        .map(|point| point.kind)
        .collect();
    assert_eq!(kinds, [InsertionKind::HeaderName]);
}

#[tokio::test]
async fn what_nobody_reads_costs_few_requests() {
    let scanned = scan_log(Strength::Medium, |_| None).await;
    // The value of `a`; the points beside it are tried together.
    let odd = scanned.requests.iter().filter(|request| {
        request.header("user-agent").is_some_and(|agent| agent.text().contains("{{7*"))
    });
    assert_eq!(odd.count(), 2, "once for each path");
    assert_eq!(scanned.points("sqli-error"), Vec::<String>::new());
}

#[tokio::test]
async fn probes_say_which_check_sent_them_where_that_is_asked_for() {
    let tagged = |tagged: bool| async move {
        let probing = Probing { tagged, ..Probing::default() };
        let setup = Setup { active: vec!["sqli-error"], probing, ..Setup::default() };
        let scanned = scan(setup, |_| html("<a href='/x?a=1'>x</a>")).await;
        let tags = scanned.requests.iter().filter_map(|it| it.header("x-shakedown-check"));
        let tags: std::collections::BTreeSet<String> =
            tags.map(|header| header.text().into_owned()).collect();
        tags.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(tagged(false).await, Vec::<String>::new());
    assert_eq!(tagged(true).await, ["reaction", "sqli-error"]);
}

#[tokio::test]
async fn a_place_that_waits_by_itself_comes_last_and_costs_a_bounded_time() {
    let active = vec![
        "sqli-error",
        "sqli-boolean",
        "sqli-union",
        "code-injection",
        "template-injection",
        "expression-injection",
        "xpath-injection",
        "ldap-injection",
        "path-traversal",
        "file-inclusion",
        "crlf-injection",
        "xss-reflected",
    ];
    let setup = Setup { active, ..Setup::default() };
    let scanned = scan(setup, |ask| match (&*ask.path, ask.get("v")) {
        ("/", _) => html("<a href='/slow?v=1'>x</a> <a href='/quick?v=1'>y</a>"),
        ("/slow", "1") => html("<p>one</p>"),
        // As some do after a wrong password.
        ("/slow", _) => later(html("<p>none</p>"), Duration::from_secs(5)),
        ("/quick", _) => html("<p>quick</p>"),
        _ => not_found(),
    })
    .await;
    let at = |path: &str| -> Vec<usize> {
        let all = scanned.requests.iter().enumerate();
        all.filter(|(_, it)| it.path_and_query_text().starts_with(path)).map(|(at, _)| at).collect()
    };
    let (slow, quick) = (at("/slow?"), at("/quick?"));
    let before = slow.iter().filter(|at| **at < quick[quick.len() - 1]).count();
    assert!(before < 12, "{before} of {} came before what is quick", slow.len());
    assert!(quick.len() > 40, "{}", quick.len());
    // A minute of slow answers, beside those that are quick.
    assert!(slow.len() > 12 && slow.len() < quick.len(), "{}", slow.len());
    let said = scanned.notices();
    assert!(said.iter().any(|it| it.contains("no more is asked at GET /slow")), "{said:?}");
}
