//! The plan's login in the browser: carried there, kept, renewed, and missed when it is lost.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use shakedown::model::Response;

use super::browser::json;
use super::browser::page;
use super::browser::shown;
use super::logins::API;
use super::logins::FORM;
use super::logins::session;
use super::logins::sessions;
use super::logins::with;
use super::site::Ask;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;

/// The form and what it is sent to; `issued` counts sessions, of which the last one holds.
fn login(ask: &Ask, issued: &AtomicU32) -> Option<Response> {
    match (ask.method.as_str(), &*ask.path) {
        ("GET", "/login") => Some(html(
            "<title>Log in</title><form method=post action=/session><input name=username>\
             <input type=password name=password></form>",
        )),
        ("POST", "/session") => {
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            Some(with(redirect("/"), "Set-Cookie", &format!("sid={number}; Path=/")))
        }
        _ => None,
    }
}

fn is_member(ask: &Ask, issued: &AtomicU32) -> bool {
    let number = issued.load(Ordering::SeqCst);
    number > 0 && ask.cookie.split("; ").any(|pair| pair == format!("sid={number}"))
}

fn setup(auth: &str) -> Setup {
    Setup { sessions: sessions(auth), ..Setup::default() }
}

#[tokio::test]
async fn a_form_login_is_the_pages_too() {
    let issued = AtomicU32::new(0);
    let Some(scanned) = shown(setup(FORM), move |ask| {
        if let Some(answer) = login(ask, &issued) {
            return answer;
        }
        if !is_member(ask, &issued) {
            return redirect("/login");
        }
        match &*ask.path {
            "/" => page(
                "if (document.cookie.includes('sid=')) fetch(['', 'made', 'mine'].join('/'))
                     .then(r => r.json()).then(d => fetch(d.next))",
            ),
            "/made/mine" => json(r#"{"next":"/made/orders"}"#),
            "/made/orders" => json("[]"),
            _ => not_found(),
        }
    })
    .await
    else {
        return;
    };
    for template in ["/made/mine", "/made/orders"] {
        let operation = scanned.operation("GET", template).expect(template);
        assert!(operation.reached, "{template}: {:?}", scanned.notices());
    }
    let session = session(&scanned);
    assert_eq!((session.logins, session.lost), (1, 0), "{session:?}");
}

#[tokio::test]
async fn a_bearer_token_goes_along_with_what_scripts_ask_for() {
    let json = |status, text: &str| respond(status, "application/json", text);
    let Some(scanned) = shown(setup(API), move |ask| {
        let is_known = ask.authorization == "Bearer tok-77ab";
        match (ask.method.as_str(), &*ask.path) {
            ("POST", "/token") => json(200, r#"{"token":"tok-77ab"}"#),
            ("GET", "/me") if is_known => json(200, r#"{"name":"alice"}"#),
            ("GET", "/") => page(
                "fetch(['', 'made', 'orders'].join('/'), { headers: { Authorization: 'Bearer none' } })
                     .then(r => r.json()).then(d => fetch(d.next))",
            ),
            ("GET", "/made/orders") if is_known => json(200, r#"{"next":"/made/order-of-alice"}"#),
            ("GET", "/made/order-of-alice") if is_known => json(200, "{}"),
            _ => json(401, "{}"),
        }
    })
    .await
    else {
        return;
    };
    for template in ["/made/orders", "/made/order-of-alice"] {
        let operation = scanned.operation("GET", template).expect(template);
        assert!(operation.reached, "{template}: {:?}", scanned.notices());
    }
    let sent = scanned.requests.iter().find(|it| it.path_and_query == b"/made/orders");
    let lines = sent.expect("asked").headers.iter().filter(|it| it.is("authorization")).count();
    assert_eq!(lines, 1, "the plan's replaces the page's");
    assert!(!format!("{:?}", scanned.events).contains("tok-77ab"), "no event shows the token");
}

#[tokio::test]
async fn a_login_that_is_lost_amid_a_page_is_renewed_and_the_page_does_not_notice() {
    let issued = AtomicU32::new(0);
    let is_lost = AtomicBool::new(false);
    let Some(scanned) = shown(setup(FORM), move |ask| {
        if let Some(answer) = login(ask, &issued) {
            return answer;
        }
        if !is_member(ask, &issued) {
            return redirect("/login");
        }
        match &*ask.path {
            "/" => page(
                "fetch(['', 'made', 'first'].join('/'))
                     .then(() => fetch(['', 'made', 'second'].join('/'), { redirect: 'error' }))
                     .then(r => r.json()).then(d => fetch(d.next))",
            ),
            "/made/first" => {
                if !is_lost.swap(true, Ordering::SeqCst) {
                    // Nobody is logged in any more.
                    issued.fetch_add(1, Ordering::SeqCst);
                }
                json("{}")
            }
            "/made/second" => json(r#"{"next":"/made/third"}"#),
            "/made/third" => json("{}"),
            _ => not_found(),
        }
    })
    .await
    else {
        return;
    };
    for template in ["/made/first", "/made/second", "/made/third"] {
        let operation = scanned.operation("GET", template).expect(template);
        assert!(operation.reached, "{template}: {:?}", scanned.notices());
    }
    let session = session(&scanned);
    assert!(session.relogins == 1 && session.lost == 0, "{session:?}");
    assert!(scanned.notices().iter().any(|text| text.contains("logged in again")));
}

#[tokio::test]
async fn pages_that_were_perhaps_shown_to_nobody_are_shown_and_tried_again() {
    let auth = FORM.replace("form:", "verify: { get: /me, logged_in: member }, form:");
    let issued = AtomicU32::new(0);
    let is_lost = AtomicBool::new(false);
    let Some(scanned) = shown(setup(&auth), move |ask| {
        if let Some(answer) = login(ask, &issued) {
            return answer;
        }
        let is_member = is_member(ask, &issued);
        match &*ask.path {
            // The same for everybody, so that nothing but the proof tells.
            "/" => html("<a href=/app>a</a>"),
            "/app" => html(
                "<button id=b>Load</button><script>
                 const ask = name => fetch(['', 'api', name].join('/')).then(r => r.json())
                     .then(d => d.next && fetch(d.next));
                 ask('feed'); document.getElementById('b').onclick = () => ask('button');</script>",
            ),
            "/me" if is_member => html("you are a member"),
            "/api/feed" if !is_lost.swap(true, Ordering::SeqCst) => {
                issued.fetch_add(1, Ordering::SeqCst);
                json("{}")
            }
            "/api/feed" if is_member => json(r#"{"next":"/made/feed"}"#),
            "/api/button" if is_member => json(r#"{"next":"/made/button"}"#),
            "/api/feed" | "/api/button" | "/me" => json("{}"),
            "/made/feed" | "/made/button" => json("[]"),
            _ => not_found(),
        }
    })
    .await
    else {
        return;
    };
    for path in ["/made/feed", "/made/button"] {
        assert!(scanned.asked(path), "{path}: {:?}", scanned.notices());
    }
    let session = session(&scanned);
    assert!(session.relogins == 1 && session.lost == 0, "{session:?}");
    assert!(scanned.notices().iter().any(|text| text.contains("perhaps as nobody: once more")));
}

#[tokio::test]
async fn a_login_that_is_lost_for_good_ends_the_browsing_and_is_said() {
    let auth = FORM.replace("form:", "relogin: { max: 1 }, form:");
    let issued = AtomicU32::new(0);
    let is_lost = AtomicBool::new(false);
    let Some(scanned) = shown(setup(&auth), move |ask| {
        if ask.path == "/session" && is_lost.load(Ordering::SeqCst) {
            return respond(403, "text/html", "<title>Locked</title>");
        }
        if let Some(answer) = login(ask, &issued) {
            return answer;
        }
        if !is_member(ask, &issued) || is_lost.load(Ordering::SeqCst) {
            return redirect("/login");
        }
        match &*ask.path {
            "/" => page(
                "fetch(['', 'made', 'first'].join('/'))
                     .then(() => fetch(['', 'made', 'second'].join('/')))
                     .then(() => fetch(['', 'made', 'third'].join('/')))",
            ),
            "/made/first" => {
                is_lost.store(true, Ordering::SeqCst);
                json("{}")
            }
            _ => not_found(),
        }
    })
    .await
    else {
        return;
    };
    let session = session(&scanned);
    assert_eq!(session.lost, 1, "{session:?}");
    assert!(scanned.notices().iter().any(|text| text.contains("the scan ends here")));
    assert!(!scanned.asked("/made/third"), "nothing more is sent as nobody");
    assert_ne!(scanned.report.coverage.complete, Some(true));
}
