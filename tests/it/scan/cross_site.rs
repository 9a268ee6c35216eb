//! What other sites may read, send and open in a visitor's name.

use std::sync::Arc;
use std::sync::Mutex;

use shakedown::model::Confidence;
use shakedown::model::Header;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::TARGET;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

type Page = fn(&Ask) -> Response;

async fn scan_page(
    rule: &'static str,
    start: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let setup = Setup {
        active: vec![rule],
        allow_unsafe: true,
        headers: vec![Header::new("Cookie", "sid=alice")],
        ..Setup::default()
    };
    scan(setup, move |ask| match &*ask.path {
        "/" => html(start),
        _ => page(ask),
    })
    .await
}

fn silent(scanned: &Scanned, rule: &str, name: &str) {
    assert_eq!(scanned.found(rule).len(), 0, "{name}: {:?}", scanned.found(rule));
    assert!(scanned.outcome(rule).requests > 0, "{name}: nothing was asked");
}

fn sent(ask: &Ask, name: &str) -> String {
    ask.request.header(name).map(|it| it.text().into_owned()).unwrap_or_default()
}

fn own_origin() -> &'static str {
    TARGET.trim_end_matches('/')
}

/// The account of whoever asks, readable for an origin.
fn account(ask: &Ask, allowed: Option<&str>) -> Response {
    let who = if ask.cookie.contains("alice") { "Alice, card 4711" } else { "nobody" };
    let mut response =
        respond(200, "application/json", format!(r#"{{"name":"{who}","shop":"x"}}"#));
    if let Some(origin) = allowed {
        response.headers.push(Header::new("Access-Control-Allow-Origin", origin));
        response.headers.push(Header::new("Access-Control-Allow-Credentials", "true"));
    }
    response
}

fn where_allowed(ask: &Ask, is_allowed: fn(&str) -> bool) -> Response {
    let origin = sent(ask, "origin");
    account(ask, Some(&*origin).filter(|origin| is_allowed(origin)))
}

#[tokio::test]
async fn origins_that_should_not_read_are_found() {
    let rule = "cors-misconfigured";
    let pages: [(&str, Page); 6] = [
        ("any origin", |ask| where_allowed(ask, |_| true)),
        ("documents without", |ask| where_allowed(ask, |it| it == "null" || it == own_origin())),
        ("the beginning", |ask| where_allowed(ask, |it| it.starts_with(own_origin()))),
        ("the end of the name is enough, without", |ask| {
            let origin = sent(ask, "origin");
            let is_allowed = origin.ends_with("shop.example");
            account(ask, Some(if is_allowed { &*origin } else { "https://shop.example" }))
        }),
        ("the beginning of the name is enough, without", |ask| {
            let origin = sent(ask, "origin");
            let host = origin.strip_prefix("https://").unwrap_or_default();
            let is_allowed = host.starts_with("shop.examp") && !host.starts_with("shop.examp.");
            account(ask, Some(if is_allowed { &*origin } else { "https://shop.examp" }))
        }),
        ("the name anywhere", |ask| {
            let origin = sent(ask, "origin");
            let is_allowed = origin.contains(".shop.example.");
            account(ask, Some(if is_allowed { &*origin } else { "https://shop.example" }))
        }),
    ];
    for (what, page) in pages {
        let scanned = scan_page(rule, "<a href=/api/me>x</a>", page).await;
        let [finding] = scanned.found(rule)[..] else { panic!("{what}") };
        assert!(finding.detail.contains(what), "{what}: {}", finding.detail);
        assert_eq!(finding.confidence, Confidence::Firm, "{what}");
        assert_ne!(finding.evidence[0].highlight, None, "{what}");
    }
}

#[tokio::test]
async fn what_only_some_or_all_may_read_is_safe() {
    let rule = "cors-misconfigured";
    let pages: [(&str, Page); 6] = [
        ("nobody", |ask| account(ask, None)),
        ("all, without cookies", |ask| {
            let mut response = account(ask, None);
            response.headers.push(Header::new("Access-Control-Allow-Origin", "*"));
            response
        }),
        ("a list", |ask| where_allowed(ask, |it| it == "https://app.example")),
        ("the site itself and what is below", |ask| {
            where_allowed(ask, |it| it == own_origin() || it.ends_with(".shop.test"))
        }),
        ("always the same", |ask| account(ask, Some("https://app.example"))),
        ("errors", |ask| Response { status: 403, ..where_allowed(ask, |_| true) }),
    ];
    for (name, page) in pages {
        let scanned = scan_page(rule, "<a href=/api/me>x</a>", page).await;
        if name != "errors" {
            silent(&scanned, rule, name);
        }
        assert_eq!(scanned.found(rule).len(), 0, "{name}");
    }
    let scanned = scan_page(rule, "<a href=/api/news>x</a>", |ask| {
        let mut response = respond(200, "application/json", r#"{"news":["a","b"]}"#);
        response.headers.push(Header::new("Access-Control-Allow-Origin", sent(ask, "origin")));
        response.headers.push(Header::new("Access-Control-Allow-Credentials", "true"));
        response
    })
    .await;
    assert_eq!(scanned.found(rule)[0].confidence, Confidence::Tentative, "public anyway");
}

/// Differs by origin and says so; nothing on the page tells who is allowed but a link.
async fn scan_partners(is_allowed: fn(&str) -> bool) -> Scanned {
    let start = "<a href=/api/me>x</a> <a href=https://www.shop.example/news>our other site</a>";
    scan_page("cors-misconfigured", start, move |ask| with_vary(where_allowed(ask, is_allowed)))
        .await
}

fn with_vary(mut response: Response) -> Response {
    response.headers.push(Header::new("Vary", "Accept-Encoding, Origin"));
    response
}

fn ends_like_the_shop(origin: &str) -> bool {
    origin.ends_with("shop.example")
}

fn is_of_the_shop(origin: &str) -> bool {
    origin == "https://www.shop.example" || origin.ends_with(".shop.example")
}

#[tokio::test]
async fn hosts_that_the_site_names_are_asked_for() {
    let scanned = scan_partners(ends_like_the_shop).await;
    let [finding] = scanned.found("cors-misconfigured")[..] else { panic!("not found") };
    assert!(finding.detail.contains("without a dot before it"), "{}", finding.detail);
    let scanned = scan_partners(is_of_the_shop).await;
    silent(&scanned, "cors-misconfigured", "names below the domain");
}

const FORM: &str = "<form method=post action=/profile><input type=hidden name=csrf_token \
    value=k8s2m9x4q1><input name=nick value=Ann></form>";

const BARE: &str = "<form method=post action=/profile><input name=nick value=Ann></form>";

/// Keeps a nickname for who is logged in, if a request is to be believed.
struct Profile {
    nick: Mutex<String>,
    believes: fn(&Ask) -> bool,
    start: &'static str,
}

impl Profile {
    fn new(start: &'static str, believes: fn(&Ask) -> bool) -> Arc<Self> {
        Arc::new(Self { nick: Mutex::new("Ann".to_owned()), believes, start })
    }

    fn answer(&self, ask: &Ask) -> Response {
        let is_post = ask.method == "POST" || !ask.get("nick").is_empty();
        match (is_post, &*ask.path) {
            (true, "/profile") if !ask.cookie.contains("alice") => redirect("/login"),
            (true, "/profile") if (self.believes)(ask) => {
                ask.get("nick").clone_into(&mut self.nick.lock().expect("no panic"));
                html("<h1>Saved</h1><p>Your profile was saved.</p>")
            }
            (true, "/profile") => respond(403, "text/html", "<h1>Refused</h1>"),
            (_, "/settings") => {
                let nick = escape(&self.nick.lock().expect("no panic"));
                html(format!("<p>Nick: {nick}</p>{}", self.start))
            }
            _ => not_found(),
        }
    }

    async fn scan(self: Arc<Self>) -> Scanned {
        scan_page("csrf", "<a href=/settings>x</a>", move |ask| self.answer(ask)).await
    }
}

fn has_token(ask: &Ask) -> bool {
    ask.get("csrf_token") == "k8s2m9x4q1"
}

#[tokio::test]
async fn changes_that_any_site_can_send_are_found_by_their_effect() {
    for (name, start, believes) in [
        ("from another site", BARE, (|ask| ask.method == "POST") as fn(&Ask) -> bool),
        ("without `csrf_token`", FORM, |ask| {
            let is_there = ask.form.iter().any(|(name, _)| name == "csrf_token");
            !is_there || has_token(ask)
        }),
        ("with an empty `csrf_token`", FORM, |ask| {
            let token = ask.form.iter().find(|(name, _)| name == "csrf_token");
            token.is_some_and(|(_, value)| value.is_empty() || value == "k8s2m9x4q1")
        }),
        ("with a `csrf_token` of nobody's", FORM, |ask| ask.get("csrf_token").len() == 10),
        ("as a GET", FORM, |ask| ask.method == "GET" || has_token(ask)),
    ] {
        let scanned = Profile::new(start, believes).scan().await;
        let [finding] = scanned.found("csrf")[..] else { panic!("{name}") };
        assert!(finding.detail.contains(name), "{name}: {}", finding.detail);
        assert_eq!(finding.confidence, Confidence::Confirmed, "{name}: {}", finding.detail);
        assert!(finding.detail.contains("stands on /settings"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn changes_that_only_the_own_page_can_send_are_safe() {
    for (name, start, believes) in [
        ("a token", FORM, has_token as fn(&Ask) -> bool),
        ("the origin is looked at", BARE, |ask| {
            let origin = sent(ask, "origin");
            ask.method == "POST" && (origin.is_empty() || origin == own_origin())
        }),
        ("the referrer is looked at", BARE, |ask| {
            let referrer = sent(ask, "referer");
            ask.method == "POST" && (referrer.is_empty() || referrer.starts_with(own_origin()))
        }),
        ("always refused", BARE, |_| false),
    ] {
        let scanned = Profile::new(start, believes).scan().await;
        assert_eq!(scanned.found("csrf").len(), 0, "{name}");
    }
}

#[tokio::test]
async fn forms_that_need_no_session_are_no_forgery() {
    let scanned = scan_page("csrf", BARE, |_| html("<h1>Thank you</h1><p>We got it.</p>")).await;
    silent(&scanned, "csrf", "a form for everybody");
    let scanned = scan_page("csrf", BARE, |ask| {
        if ask.method == "GET" {
            return not_found();
        }
        let is_alice = ask.cookie.contains("alice");
        html(format!("<h1>Saved</h1><p>{is_alice}</p><p>{}</p>", ask.path.len()))
    });
    assert_eq!(scanned.await.found("csrf").len(), 1, "the counterpart");
}

#[tokio::test]
async fn a_form_that_is_shown_again_is_no_change() {
    let scanned = scan_page("csrf", BARE, |ask| {
        if !ask.cookie.contains("alice") {
            return redirect("/login");
        }
        html(format!("<h1>Profile</h1><p>Fill this in, please</p>{BARE}"))
    })
    .await;
    silent(&scanned, "csrf", "the same page, however it is asked for");
}

#[tokio::test]
async fn cookies_that_stay_at_home_protect_what_is_posted() {
    for (attribute, found) in [("SameSite=Lax", 0), ("SameSite=Strict", 0), ("SameSite=None", 1)] {
        let profile = Profile::new(BARE, |ask| ask.method == "POST");
        let scanned = scan_page("csrf", "<a href=/settings>x</a>", move |ask| {
            let mut response = profile.answer(ask);
            let line = format!("sid=alice; Path=/; HttpOnly; {attribute}");
            response.headers.push(Header::new("Set-Cookie", line));
            response
        })
        .await;
        assert_eq!(scanned.found("csrf").len(), found, "{attribute}");
    }
}

/// Agrees to talk.
fn switch() -> Response {
    let mut response = respond(101, "text/plain", "");
    response.headers.push(Header::new("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    response
}

async fn scan_socket(is_welcome: fn(&Ask) -> bool) -> Scanned {
    let start = "<script>let s = new WebSocket('ws://' + location.host + '/live/chat');</script>";
    scan_page("websocket-origin", start, move |ask| {
        let is_handshake = sent(ask, "upgrade") == "websocket";
        match &*ask.path {
            "/live/chat" if is_handshake && is_welcome(ask) => switch(),
            "/live/chat" => respond(403, "text/plain", "no"),
            _ => not_found(),
        }
    })
    .await
}

#[tokio::test]
async fn sockets_that_open_for_any_site_are_found() {
    let rule = "websocket-origin";
    let scanned = scan_socket(|ask| ask.cookie.contains("alice")).await;
    let [finding] = scanned.found(rule)[..] else { panic!("one") };
    assert_eq!((finding.confidence, &*finding.path_template), (Confidence::Firm, "/live/chat"));
    let scanned = scan_socket(|_| true).await;
    assert_eq!(scanned.found(rule)[0].confidence, Confidence::Tentative);
    let scanned = scan_socket(|ask| sent(ask, "origin") == own_origin()).await;
    silent(&scanned, rule, "the own page only");
    let scanned = scan_socket(|_| false).await;
    silent(&scanned, rule, "nobody");
}
