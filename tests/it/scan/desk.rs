//! Forms for a new password and for one-time codes, with limits that can be switched off.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::model::Confidence;
use shakedown::model::Response;

use super::house::visited;
use super::logins::with;
use super::notes::with_nobody;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::later;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

const RULE: &str = "login-unlimited";

/// What the first failure at the login takes; the time grows with their square.
const BRAKE: Duration = Duration::from_millis(10);

/// After how many requests a form says no.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    forgot: Option<u32>,
    confirm: Option<u32>,
    step: Option<u32>,
    /// What a wrong code is answered with.
    status: u16,
}

const ALL: Limits = Limits { forgot: Some(4), confirm: Some(4), step: Some(4), status: 401 };

#[derive(Default)]
struct State {
    users: BTreeMap<String, String>,
    failures: u32,
    forgot: u32,
    confirm: u32,
    step: u32,
}

fn form(action: &str, fields: &str, problem: &str) -> String {
    format!("<p>{problem}</p><form method=post action={action}>{fields}<button>Go</button></form>")
}

const NAME: &str = "<input name=username>";
const PASSWORD: &str = "<input type=password name=password>";
const CODE: &str = "<input name=code>";

fn is_over(count: &mut u32, limit: Option<u32>) -> bool {
    *count += 1;
    limit.is_some_and(|limit| *count > limit)
}

fn desk(limits: Limits) -> impl Fn(&Ask) -> Response + Send + Sync {
    let mut users = BTreeMap::new();
    users.insert("alice".to_owned(), "lantern-58".to_owned());
    users.insert("bob".to_owned(), "harbour-31".to_owned());
    let state = Mutex::new(State { users, ..State::default() });
    move |ask| answer(&mut state.lock().expect("no handler panics"), limits, ask)
}

fn answer(state: &mut State, limits: Limits, ask: &Ask) -> Response {
    let who = ask.cookie.split("; ").find_map(|pair| pair.strip_prefix("sid="));
    let slow = || respond(403, "text/html", "<p>Come back later.</p>");
    let wrong = |body: String| respond(limits.status, "text/html", body);
    let field = |name: &str| ask.get(name).to_owned();
    match (ask.method.as_str(), ask.path.as_str()) {
        ("GET", "/") => html(
            "<a href=/login>in</a><a href=/join>join</a><a href=/forgot>forgot</a>\
             <a href=/forgot/confirm>code</a><a href=/me>me</a><a href=/step/verify>step</a>",
        ),
        ("GET", "/login") => html(form("/login", &format!("{NAME}{PASSWORD}"), "")),
        ("POST", "/login") => {
            let name = field("username");
            let is_right = state.users.get(&name) == Some(&field("password"));
            if !is_right {
                state.failures += 1;
                let again = html(form("/login", &format!("{NAME}{PASSWORD}"), "Wrong."));
                return later(again, BRAKE * state.failures * state.failures);
            }
            with(redirect("/me"), "Set-Cookie", &format!("sid={name}"))
        }
        ("GET", "/join") => html(form("/join", &format!("{NAME}{PASSWORD}"), "")),
        ("POST", "/join") => {
            state.users.insert(field("username"), field("password"));
            html("<p>Welcome. <a href=/login>Log in</a></p>")
        }
        ("GET", "/forgot") => html(form("/forgot", NAME, "")),
        ("POST", "/forgot") if is_over(&mut state.forgot, limits.forgot) => slow(),
        ("POST", "/forgot") => html("<p>If there is such an account, a mail is on its way.</p>"),
        ("GET", "/forgot/confirm") => html(form("/forgot/confirm", &format!("{NAME}{CODE}"), "")),
        ("POST", "/forgot/confirm") if is_over(&mut state.confirm, limits.confirm) => slow(),
        ("POST", "/forgot/confirm") => {
            wrong(form("/forgot/confirm", &format!("{NAME}{CODE}"), "This code is wrong."))
        }
        (_, "/me") if who.is_some() => html(format!("<p>{}</p>", who.unwrap_or_default())),
        (_, "/me" | "/step/verify") if who.is_none() => redirect("/login"),
        ("GET", "/step/verify") => html(form("/step/verify", CODE, "")),
        ("POST", "/step/verify") if is_over(&mut state.step, limits.step) => slow(),
        ("POST", "/step/verify") => wrong(form("/step/verify", CODE, "Wrong code.")),
        _ => not_found(),
    }
}

async fn found(setup: Setup, limits: Limits) -> Vec<String> {
    let scanned: Scanned = scan(setup, desk(limits)).await;
    let found = scanned.found(RULE);
    for finding in &found {
        assert_eq!(finding.confidence, Confidence::Tentative);
        assert!(finding.detail.contains("in a row were answered alike"), "{}", finding.detail);
    }
    assert!(scanned.outcome(RULE).requests > 10, "{:?}", scanned.outcome(RULE));
    found.iter().map(|finding| finding.path_template.clone()).collect()
}

#[tokio::test]
async fn codes_that_can_be_guessed_without_end_are_found() {
    for status in [200, 401, 403] {
        let limits = Limits { confirm: None, status, ..ALL };
        assert_eq!(found(visited(&[RULE]), limits).await, ["/forgot/confirm"], "{status}");
        let limits = Limits { step: None, confirm: Some(2), status, ..ALL };
        assert_eq!(found(visited(&[RULE]), limits).await, ["/step/verify"], "{status}");
    }
}

#[tokio::test]
async fn every_guess_is_another_code() {
    let limits = Limits { confirm: None, ..ALL };
    let scanned = scan(visited(&[RULE]), desk(limits)).await;
    let is_guess = |ask: &Arc<Ask>| ask.path == "/forgot/confirm" && ask.method == "POST";
    let asked = scanned.requests.iter().map(|request| Arc::new(Ask::of(request))).filter(is_guess);
    let asked: Vec<_> = asked.filter(|ask| ask.get("username") == "bob").collect();
    let mut codes: Vec<String> = asked.iter().map(|ask| ask.get("code").to_owned()).collect();
    codes.sort();
    codes.dedup();
    assert!(codes.len() >= 12, "{codes:?}");
    assert!(codes.iter().all(|code| code.len() == 6), "{codes:?}");
}

#[tokio::test]
async fn mails_without_end_are_found_for_who_has_registered() {
    let limits = Limits { forgot: None, ..ALL };
    assert_eq!(found(with_nobody(&[RULE]), limits).await, ["/forgot"]);
    // Bob would get them.
    assert_eq!(found(visited(&[RULE]), limits).await, Vec::<String>::new());
}

#[tokio::test]
async fn forms_with_limits_raise_nothing() {
    for status in [200, 401] {
        let limits = Limits { status, ..ALL };
        assert_eq!(found(visited(&[RULE]), limits).await, Vec::<String>::new());
        assert_eq!(found(with_nobody(&[RULE]), limits).await, Vec::<String>::new());
    }
}
