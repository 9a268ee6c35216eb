//! What is tested beside a session's pages: logins, cookies, and pages that others are led to.

use std::sync::Mutex;

use shakedown::model::Response;
use shakedown::plan::Strength;

use super::logins::FORM;
use super::logins::sessions;
use super::logins::with;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

/// What a database says of a statement with a quote too many.
fn database(text: &str) -> Response {
    if text.replace("''", "").contains('\'') {
        respond(500, "text/html", "near \"'\": syntax error: SQLITE_ERROR: unrecognized token")
    } else {
        html("<p>Wrong name or password.</p>")
    }
}

/// A shop with a login of its own, and another for dealers, which the session must not send.
fn two_logins(ask: &Ask, dealers: impl Fn(&Ask) -> Response) -> Response {
    let is_member = ask.cookie.contains("sid=1");
    match (&*ask.method, &*ask.path) {
        ("GET", "/login") => html(
            "<form method=post action=/login><input name=username><input type=password \
             name=password></form>",
        ),
        ("POST", "/login") if ask.get("username") == "alice" => {
            with(redirect("/"), "Set-Cookie", "sid=1")
        }
        ("POST", "/dealers") => dealers(ask),
        ("GET", "/dealers") => html(
            "<form method=post action=/dealers><input name=dealer><input type=password \
             name=code></form>",
        ),
        (_, "/") if is_member => html("<p>Hello alice</p><a href=/dealers>for dealers</a>"),
        (_, "/") => redirect("/login"),
        _ => not_found(),
    }
}

async fn scan_logins(allow_unsafe: bool) -> Scanned {
    let setup = Setup {
        active: vec!["sqli-error"],
        sessions: sessions(FORM),
        allow_unsafe,
        ..Setup::default()
    };
    scan(setup, |ask| two_logins(ask, |ask| database(ask.get("dealer")))).await
}

#[tokio::test]
async fn a_login_that_the_session_must_not_send_is_tried_by_a_visitor() {
    let scanned = scan_logins(true).await;
    assert_eq!(scanned.points("sqli-error"), ["POST /dealers form `dealer`"]);
    let is_try = |it: &&shakedown::model::Request| {
        it.method.as_str() == "POST" && it.path_and_query == b"/dealers"
    };
    let mut tried = scanned.requests.iter().filter(is_try);
    let is_of_session = |it: &shakedown::model::Request| {
        it.header("cookie").is_some_and(|cookie| cookie.text().contains("sid="))
    };
    assert!(tried.all(|it| !is_of_session(it)), "the session is not risked");
    let refused = scan_logins(false).await;
    let posts = refused.requests.iter().filter(|it| it.method.as_str() == "POST");
    assert!(posts.into_iter().all(|it| it.path_and_query == b"/login"), "not without leave");
}

/// A cookie for all pages, which one page reads.
async fn scan_cookie(strength: Strength, page: fn(&Ask) -> Response) -> Scanned {
    let pages: Vec<_> = (0..8).map(|n| format!("<a href=/p{n}/x>{n}</a>")).collect();
    let pages = pages.concat();
    let setup = Setup { active: vec!["sqli-error"], strength, ..Setup::default() };
    scan(setup, move |ask| match &*ask.path {
        "/" => with(html(format!("{pages}<a href=/prices>prices</a>")), "Set-Cookie", "cur=EUR"),
        "/prices" => page(ask),
        path if path.starts_with("/p") => html(format!("<p>the same for all at {path}</p>")),
        _ => not_found(),
    })
    .await
}

#[tokio::test]
async fn a_cookie_is_tested_where_something_changes_with_it() {
    let scanned = scan_cookie(Strength::Medium, |ask| database(&ask.cookie)).await;
    assert_eq!(scanned.points("sqli-error"), ["GET /prices cookie `cur`"]);
    let idle = scan_cookie(Strength::Medium, |_| html("<p>prices</p>")).await;
    assert!(idle.points("sqli-error").is_empty());
    let odd = |scanned: &Scanned, path: &str| {
        let of_path = scanned.requests.iter().filter(|it| it.path_and_query == path.as_bytes());
        let has_quote = of_path
            .filter(|it| it.header("cookie").is_some_and(|cookie| cookie.text().contains('\'')));
        has_quote.count()
    };
    assert!(odd(&scanned, "/prices") > odd(&scanned, "/"), "the check asks nothing there");
    assert_eq!(odd(&idle, "/prices"), odd(&idle, "/"), "nor where nothing changes");
}

/// A guest book: what is sent is shown on the page that it leads to, with all that was sent before.
async fn scan_book(displayed: fn(&str) -> String) -> Scanned {
    let entries: Mutex<Vec<String>> = Mutex::default();
    let setup = Setup { active: vec!["ssi-injection"], allow_unsafe: true, ..Setup::default() };
    scan(setup, move |ask| match (&*ask.method, &*ask.path) {
        ("POST", "/sign") => {
            entries.lock().expect("no panic").push(ask.get("entry").to_owned());
            redirect("/book")
        }
        ("GET", "/book") => {
            let entries = entries.lock().expect("no panic");
            let paragraphs: Vec<_> =
                entries.iter().map(|it| format!("<p>{}</p>", displayed(it))).collect();
            html(paragraphs.concat())
        }
        ("GET", "/") => html("<form method=post action=/sign><input name=entry value=hi></form>"),
        _ => not_found(),
    })
    .await
}

#[tokio::test]
async fn what_a_form_leads_to_is_looked_at_too() {
    let scanned = scan_book(|entry| {
        let Some((before, rest)) = entry.split_once("<!--#set") else { return entry.to_owned() };
        let value = rest.split('"').nth(3).unwrap_or_default();
        let after = rest.rsplit("-->").next().unwrap_or_default();
        format!("{before}{value}{after}")
    })
    .await;
    assert_eq!(scanned.points("ssi-injection"), ["POST /sign form `entry`"]);
    let safe = scan_book(|entry| entry.replace('<', "&lt;")).await;
    assert!(safe.points("ssi-injection").is_empty());
    assert!(safe.requests.iter().filter(|it| it.path_and_query == b"/book").count() > 1);
}
