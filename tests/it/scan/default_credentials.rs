//! Credentials of a list, at forms, JSON logins and HTTP Basic.

use std::collections::BTreeMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use shakedown::model::Confidence;
use shakedown::model::Response;
use shakedown::plan::Credential;
use shakedown::plan::Probing;

use super::logins::with;
use super::notes::PEOPLE;
use super::notes::sessions_as;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::posted;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

const RULE: &str = "default-credentials";
const LIST: [&str; 6] =
    ["root:root", "admin:password", "admin:admin", "admin:1234", "admin:12345", "guest:guest"];

fn with_list(list: &[&str]) -> Setup {
    let pair = |text: &&str| Credential::parse(text).expect("a pair");
    let credentials = list.iter().map(pair).collect();
    let probing = Probing { credentials, ..Probing::default() };
    Setup { active: vec![RULE], probing, ..Setup::default() }
}

/// How a login refuses, and what its one account's password is.
#[derive(Debug, Clone, Copy)]
struct Login {
    password: &'static str,
    /// Everybody gets a cookie, logged in or not.
    cookies_for_all: bool,
    /// Of a name that is known the password is said to be wrong.
    tells: bool,
    /// After so many failures of one name.
    locks_after: u32,
    /// Whatever is shown gets in.
    open: bool,
}

const USUAL: Login =
    Login { password: "admin", cookies_for_all: false, tells: false, locks_after: 99, open: false };

fn form(complaint: &str) -> Response {
    html(format!(
        "<p>{complaint}</p><form method=post action=/login><input name=user>\
         <input type=password name=password></form>"
    ))
}

fn page(login: Login) -> impl Fn(&Ask) -> Response + Send + Sync {
    let failures: Mutex<BTreeMap<String, u32>> = Mutex::default();
    move |ask| {
        let answer = match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/") => html("<a href=/login>log in</a>"),
            ("GET", "/login") => form(""),
            ("POST", "/login") => {
                let name = ask.get("user").to_owned();
                let mut failures = failures.lock().expect("no handler panics");
                let failed = failures.entry(name.clone()).or_default();
                let is_right = name == "admin" && ask.get("password") == login.password;
                if *failed >= login.locks_after {
                    return form("Your account is locked.");
                }
                if is_right || login.open {
                    return with(redirect("/home"), "Set-Cookie", "sid=in");
                }
                *failed += 1;
                let is_known = login.tells && name == "admin";
                form(if is_known { "Wrong password." } else { "Wrong name or password." })
            }
            _ => not_found(),
        };
        if login.cookies_for_all { with(answer, "Set-Cookie", "seen=1") } else { answer }
    }
}

fn tried(scanned: &Scanned, name: &str) -> usize {
    let asked = scanned.requests.iter().map(Ask::of);
    asked.filter(|ask| ask.method == "POST" && ask.get("user") == name).count()
}

#[tokio::test]
async fn a_pair_of_the_list_that_gets_in_is_found() {
    for login in [
        USUAL,
        Login { cookies_for_all: true, ..USUAL },
        Login { tells: true, cookies_for_all: true, ..USUAL },
        Login { locks_after: 5, ..USUAL },
    ] {
        let scanned = scan(with_list(&LIST), page(login)).await;
        let found = scanned.found(RULE);
        assert_eq!(found.len(), 1, "{login:?} {:?}", scanned.notices());
        assert_eq!(found[0].confidence, Confidence::Confirmed);
        let words = "pair 3 of the list, for `admin`, gets in, twice";
        assert!(found[0].detail.contains(words), "{}", found[0].detail);
        assert_eq!(found[0].evidence.len(), 3);
    }
}

#[tokio::test]
async fn without_a_list_nothing_is_tried() {
    let scanned = scan(with_list(&[]), page(USUAL)).await;
    assert!(scanned.found(RULE).is_empty());
    assert!(scanned.requests.iter().all(|request| request.method.as_str() == "GET"));
    let skipped = scanned.outcome(RULE).skipped.clone().unwrap_or_default();
    assert!(skipped.contains("--credentials"), "{skipped}");
}

#[tokio::test]
async fn no_account_is_tried_more_often_than_is_said() {
    for login in [
        Login { password: "12345", ..USUAL },
        Login { password: "Tr0ub4dor", cookies_for_all: true, tells: true, ..USUAL },
    ] {
        let scanned = scan(with_list(&LIST), page(login)).await;
        assert!(scanned.found(RULE).is_empty(), "{login:?}");
        assert_eq!(tried(&scanned, "admin"), 3, "{login:?}");
        assert_eq!(tried(&scanned, "root"), 1);
    }
}

#[tokio::test]
async fn a_login_that_speaks_of_locks_is_left_alone() {
    let login = Login { locks_after: 1, password: "12345", ..USUAL };
    let scanned = scan(with_list(&LIST), page(login)).await;
    assert!(scanned.found(RULE).is_empty());
    assert_eq!(tried(&scanned, "admin"), 2);
    let said = scanned.notices().join("\n");
    assert!(said.contains("speaks of a lock or a limit after 4 tries"), "{said}");
}

#[tokio::test]
async fn a_login_that_takes_anything_is_another_matter() {
    let scanned = scan(with_list(&LIST), page(Login { open: true, ..USUAL })).await;
    assert!(scanned.found(RULE).is_empty(), "{:?}", scanned.found(RULE));
}

fn api(password: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| {
        let body = String::from_utf8_lossy(&ask.request.body).into_owned();
        match ask.path.as_str() {
            "/" => html("hello"),
            "/api/session" if body.contains("\"admin\"") && body.contains(password) => {
                respond(200, "application/json", r#"{"token": "d41d8cd98f00b204"}"#)
            }
            "/api/session" => respond(401, "application/json", r#"{"error": "wrong"}"#),
            _ => not_found(),
        }
    }
}

#[tokio::test]
async fn logins_by_json_are_tried() {
    for (password, count) in [("\"admin\",\"admin\"", 0), (":\"1234\"", 1), ("Tr0ub4dor", 0)] {
        let login =
            posted("/api/session", "application/json", r#"{"username": "u", "password": "p"}"#);
        let setup = Setup { requests: vec![login], ..with_list(&LIST) };
        let scanned = scan(setup, api(password)).await;
        assert_eq!(scanned.found(RULE).len(), count, "{password} {:?}", scanned.notices());
    }
}

fn basic(password: &'static str, realm: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    let right = format!("Basic {}", BASE64_STANDARD.encode(format!("admin:{password}")));
    move |ask| match ask.path.as_str() {
        "/" => html("<a href=/console>console</a><a href=/console/more>more</a>"),
        "/console" | "/console/more" if ask.authorization == right => html("<h1>Queue</h1>"),
        "/console" | "/console/more" => {
            with(respond(401, "text/plain", "log in"), "WWW-Authenticate", realm)
        }
        _ => not_found(),
    }
}

#[tokio::test]
async fn http_basic_is_tried_once_for_a_realm() {
    for (password, count) in [("admin", 1), ("Tr0ub4dor", 0)] {
        let scanned = scan(with_list(&LIST), basic(password, "Basic realm=\"console\"")).await;
        let found = scanned.found(RULE);
        assert_eq!(found.len(), count, "{password}");
        assert!(
            scanned.requests.iter().filter(|it| it.header("authorization").is_some()).count() < 9
        );
        for finding in found {
            assert!(finding.path_template.starts_with("/console"), "{}", finding.path_template);
            assert_eq!(finding.confidence, Confidence::Confirmed);
        }
    }
    let scanned = scan(with_list(&LIST), basic("admin", "Digest realm=\"x\"")).await;
    assert!(scanned.found(RULE).is_empty());
}

#[tokio::test]
async fn people_of_the_plan_are_not_locked_out() {
    let sessions = sessions_as("alice", PEOPLE);
    let notes = super::notes::Notes::new(super::notes::Flaws::default());
    let setup = Setup { sessions, ..with_list(&["alice:x", "bob:x", "root:granite-77"]) };
    let scanned = scan(setup, move |ask| notes.answer(ask)).await;
    assert_eq!(scanned.found(RULE).len(), 1, "{:?}", scanned.outcome(RULE));
    let bodies = scanned.requests.iter().map(|it| String::from_utf8_lossy(&it.body).into_owned());
    assert!(bodies.filter(|body| body.contains("\"x\"")).count() == 0);
}
