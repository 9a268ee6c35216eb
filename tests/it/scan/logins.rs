//! Scans of sites that ask who is there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use jiff::civil::Date;
use shakedown::flow::auth::Sessions;
use shakedown::model::Header;
use shakedown::model::Report;
use shakedown::model::Response;
use shakedown::model::Seed;
use shakedown::model::SessionReport;
use shakedown::plan::Overrides;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::TARGET;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

/// Logins of a plan.
pub(super) fn sessions(text: &str) -> Sessions {
    let text = format!("version: 1\ntarget: {TARGET}\nscan: {{ as: member }}\n{text}");
    let overrides = Overrides::new(Seed(1), Date::constant(2026, 1, 1));
    let plan = shakedown::plan::from_text("plan.yml", &text, &|_| None, &overrides);
    plan.unwrap_or_else(|errors| panic!("{errors}")).sessions
}

async fn scan_as(
    auth: &str,
    handler: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(Setup { sessions: sessions(auth), ..Setup::default() }, handler).await
}

pub(super) fn session(scanned: &Scanned) -> &SessionReport {
    let [session] = scanned.report.sessions.as_slice() else {
        panic!("{:?}", scanned.report.sessions)
    };
    session
}

/// Whether the run would end with 83 on account of its login.
fn is_lost(report: &Report) -> bool {
    report.sessions.iter().any(|session| session.loss().is_some())
}

pub(super) fn with(mut response: Response, name: &str, value: &str) -> Response {
    response.headers.push(Header::new(name, value));
    response
}

pub(super) const FORM: &str =
    "auth: { member: { form: { url: /login, user: alice, password: lantern-58 } } }";

/// A shop that shows its pages to members only, and sends everybody else to a form with a token
/// that holds once. After `logouts` pages in a row it forgets who is there.
fn members_only(logouts: u32) -> impl Fn(&Ask) -> Response + Send + Sync + 'static {
    let (issued, shown) = (AtomicU32::new(0), AtomicU32::new(0));
    move |ask| {
        let session = format!("sid={}", issued.load(Ordering::SeqCst));
        let is_member = issued.load(Ordering::SeqCst) > 0 && ask.cookie.contains(&session);
        match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/login") => {
                let form = "<title>Log in</title><form method=post action=/session>\
                    <input type=hidden name=csrf_key value=t1><input name=username>\
                    <input type=password name=password><input type=submit name=Login value=Login></form>";
                with(html(form), "Set-Cookie", "visit=1")
            }
            ("POST", "/session") => {
                let is_whole = ask.get("csrf_key") == "t1"
                    && ask.get("Login") == "Login"
                    && ask.cookie.contains("visit=1");
                if is_whole && ask.get("username") == "alice" && ask.get("password") == "lantern-58"
                {
                    let next = issued.fetch_add(1, Ordering::SeqCst) + 1;
                    shown.store(0, Ordering::SeqCst);
                    return with(redirect("/"), "Set-Cookie", &format!("sid={next}"));
                }
                html(
                    "<title>Log in</title><p class=error>Wrong password.</p><form method=post \
                      action=/session><input name=username><input type=password name=password></form>",
                )
            }
            _ if !is_member || shown.fetch_add(1, Ordering::SeqCst) >= logouts => {
                redirect("/login")
            }
            ("GET", "/logout") => redirect("/login"),
            ("GET", "/") => html("<a href=/a>a</a><a href=/logout>Log out</a>"),
            ("GET", "/a") => html("<a href=/b>b</a><a href=/me>me</a>"),
            ("GET", "/b") => html("<a href=/c>c</a>"),
            ("GET", "/c") => html("<a href=/d>d</a>"),
            ("GET", "/d" | "/me") => html("<p>the end</p>"),
            _ => not_found(),
        }
    }
}

#[tokio::test]
async fn a_form_is_found_and_what_members_see_is_scanned() {
    let scanned = scan_as(FORM, members_only(u32::MAX)).await;
    for path in ["/", "/a", "/b", "/c", "/d"] {
        assert!(scanned.operation("GET", path).is_some_and(|known| known.reached), "{path}");
    }
    let session = session(&scanned);
    assert_eq!((session.logins, session.relogins, session.lost), (1, 0, 0));
    assert_eq!(session.scheme, "form");
    assert!(session.verified.as_deref().is_some_and(|proof| proof.contains("GET / answered 200")));
    assert!(!scanned.asked("/logout"), "the scan does not log itself out");
    assert!(!is_lost(&scanned.report));
}

#[tokio::test]
async fn a_login_that_is_lost_is_renewed_and_nothing_is_missed() {
    for (auth, logouts) in [
        (FORM.to_owned(), 3),
        (FORM.replace("form:", "verify: { get: /me, expect: { status: 200 } }, form:"), 6),
    ] {
        let scanned = scan_as(&auth, members_only(logouts)).await;
        for path in ["/", "/a", "/b", "/c", "/d"] {
            let known = scanned.operation("GET", path);
            assert!(known.is_some_and(|known| known.reached), "{path} {:?}", scanned.notices());
        }
        let session = session(&scanned);
        assert!(session.relogins >= 1 && session.lost == 0, "{session:?}");
        assert!(scanned.notices().iter().any(|text| text.contains("logged in again")));
        assert!(!is_lost(&scanned.report));
    }
}

#[tokio::test]
async fn who_cannot_log_in_scans_nothing_and_hears_why() {
    let wrong = FORM.replace("lantern-58", "lantern-59");
    let scanned = scan_as(&wrong, members_only(u32::MAX)).await;
    let shown = session(&scanned);
    assert!(shown.never_worked(), "{shown:?}");
    let reason = shown.reason.as_deref().expect("a reason");
    assert!(reason.contains("“Log in”") && reason.contains("Wrong password."), "{reason}");
    assert!(!reason.contains("lantern-59"), "{reason}");
    assert_eq!(scanned.requests.len(), 2, "the page and the form, and nothing else");
    assert!(is_lost(&scanned.report));

    let scanned = scan_as(FORM, |_| html("<title>Welcome</title>")).await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("no login form") && reason.contains("“Welcome”"), "{reason}");
    let scanned = scan_as(FORM, |_| html("<input type=password name=p>")).await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("outside of every form"), "{reason}");
    let scanned = scan_as(FORM, |_| redirect("/login?again")).await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("more than 10 redirects"), "{reason}");
    let scanned = scan_as(FORM, |_| redirect("http://127.0.0.2/")).await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("out of scope"), "{reason}");
    let scanned = scan_as(FORM, |_| respond(500, "text/plain", "x".repeat(3 << 20))).await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("500") && reason.len() < 400, "{reason}");
}

#[tokio::test]
async fn a_login_that_is_lost_for_good_ends_the_scan_with_83() {
    let logins = AtomicU32::new(0);
    let site = members_only(2);
    let handler = move |ask: &Ask| {
        if ask.method == "POST" && logins.fetch_add(1, Ordering::SeqCst) > 0 {
            return respond(403, "text/html", "<title>Locked</title>");
        }
        site(ask)
    };
    let auth = FORM.replace("form:", "relogin: { max: 1 }, form:");
    let scanned = scan_as(&auth, handler).await;
    let session = session(&scanned);
    assert_eq!((session.lost, session.failed), (1, 1));
    let loss = session.loss().expect("it is lost");
    assert!(loss.starts_with("auth_lost") && loss.contains("Locked"), "{loss}");
    assert!(is_lost(&scanned.report));
    assert!(scanned.notices().iter().any(|text| text.contains("the scan ends here")));
}

pub(super) const API: &str = "
auth:
  member:
    login:
      - { post: /token, json: { user: '${user}', pass: '${pass}' }, extract: { token: { jsonpath: $.token } } }
    apply: { header: { Authorization: 'Bearer ${token}' } }
    verify: { get: /me, logged_in: alice }
identities:
  alice: { auth: member, role: customer, vars: { user: alice, pass: lantern-58 } }
";

/// An API that gives a token to whoever knows the password.
fn api(token: String) -> impl Fn(&Ask) -> Response + Send + Sync + 'static {
    move |ask| {
        let is_known = ask.authorization == format!("Bearer {token}");
        let json = |status, text: &str| respond(status, "application/json", text);
        match (ask.method.as_str(), ask.path.as_str()) {
            ("POST", "/token") => {
                let body = String::from_utf8_lossy(&ask.request.body).into_owned();
                if body == r#"{"user":"alice","pass":"lantern-58"}"# {
                    json(200, &format!("{{\"token\":\"{token}\"}}"))
                } else {
                    json(401, r#"{"error":"wrong"}"#)
                }
            }
            ("GET", "/me") if is_known => json(200, r#"{"name":"alice"}"#),
            ("GET", "/") => {
                html("<a href=/orders>o</a><a href=/admin>a</a><a href=//127.0.0.2/>x</a>")
            }
            ("GET", "/orders") if is_known => html("<a href=/orders/1>1</a>"),
            ("GET", "/orders/1") if is_known => html("<p>one</p>"),
            // So does `/admin`, where it means 403.
            _ => json(401, "{}"),
        }
    }
}

#[tokio::test]
async fn steps_give_a_token_that_every_request_of_the_target_gets() {
    let scanned = scan_as(API, api("tok-5a8f".to_owned())).await;
    let reached = |path| scanned.operation("GET", path).is_some_and(|known| known.reached);
    assert!(reached("/orders") && reached("/orders/{id}"), "{:?}", scanned.report.coverage);
    let session = session(&scanned);
    assert_eq!(
        (session.identity.as_deref(), session.role.as_deref()),
        (Some("alice"), Some("customer"))
    );
    assert_eq!((session.logins, session.lost), (1, 0), "401 of /admin is no loss");
    assert!(session.verified.as_deref().is_some_and(|proof| proof.contains("matched `alice`")));
    assert!(!is_lost(&scanned.report));
    assert!(scanned.requests.iter().all(|request| request.origin.host == "127.0.0.1"));
    let events = format!("{:?}", scanned.events);
    assert!(!events.contains("tok-5a8f"), "no event shows the token");
}

#[tokio::test]
async fn steps_that_give_no_token_say_so() {
    let scanned = scan_as(API, |_| respond(200, "application/json", "{\"other\":1}")).await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("jsonpath $.token"), "{reason}");
    let scanned = scan_as(API, api("x".repeat(1 << 20))).await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("jsonpath $.token"), "a token of a megabyte is none: {reason}");
    let scanned = scan_as(API, |_| respond(401, "text/plain", "Go away")).await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("POST /token answered 401") && reason.contains("Go away"), "{reason}");
}

#[tokio::test]
async fn credentials_that_nothing_proves_are_doubted_if_nothing_was_answered() {
    let basic = "auth: { member: { basic: { user: alice, password: 'a:b' } } }";
    let known = "Basic YWxpY2U6YTpi";
    let site = |ask: &Ask| match ask.authorization.as_str() {
        "Basic YWxpY2U6YTpi" => html("<p>welcome</p>"),
        _ => with(respond(401, "text/html", ""), "WWW-Authenticate", "Basic realm=x"),
    };
    let scanned = scan_as(basic, site).await;
    assert!(scanned.requests.iter().all(|request| {
        request.header("authorization").is_some_and(|header| header.text() == known)
    }));
    assert!(!is_lost(&scanned.report));
    let scanned = scan_as(&basic.replace("a:b", "a:c"), site).await;
    assert!(session(&scanned).loss().is_some_and(|loss| loss.contains("not one of")));
    assert!(is_lost(&scanned.report));
}

#[tokio::test]
async fn keys_stand_where_the_plan_says() {
    for (key, is_there) in [
        (
            "header: X-Key, value: abc",
            Box::new(|ask: &Ask| {
                ask.request.header("x-key").is_some_and(|header| header.value == b"abc")
            }) as Box<dyn Fn(&Ask) -> bool + Send + Sync>,
        ),
        (
            "query: k, value: 'a b'",
            Box::new(|ask: &Ask| {
                ask.request.path_and_query.ends_with(b"?k=a%20b") || ask.get("k") == "a b"
            }),
        ),
        (
            "cookie: k, value: abc",
            Box::new(|ask: &Ask| ask.cookie == "seen=1; k=abc" || ask.cookie == "k=abc"),
        ),
    ] {
        let auth = format!("auth: {{ member: {{ api_key: {{ {key} }} }} }}");
        let scanned = scan_as(&auth, move |ask| {
            if is_there(ask) {
                with(html("<a href=/x>x</a>"), "Set-Cookie", "seen=1")
            } else {
                respond(401, "text/html", "")
            }
        })
        .await;
        assert!(!is_lost(&scanned.report), "{key}");
        assert!(scanned.operation("GET", "/x").is_some_and(|known| known.reached), "{key}");
    }
}

/// Digest as RFC 7616 §3.4 has it, put together in another way than the client does.
fn digest_is_right(ask: &Ask, nonce: &str) -> bool {
    use sha2::Digest as _;
    let part = |name: &str| {
        let at = ask.authorization.find(&format!("{name}="))? + name.len() + 1;
        let rest = &ask.authorization[at..];
        Some(match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?.to_owned(),
            None => rest.split([',', ' ']).next()?.to_owned(),
        })
    };
    let hash = |text: String| data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(text));
    let whole = || {
        let target = String::from_utf8_lossy(&ask.request.path_and_query).into_owned();
        if part(" uri")? != target || part("nonce")? != nonce {
            return None;
        }
        let first = hash("alice:members:lantern-58".to_owned());
        let second = hash(format!("{}:{target}", ask.method));
        let (nc, cnonce) = (part("nc")?, part("cnonce")?);
        Some(hash(format!("{first}:{nonce}:{nc}:{cnonce}:auth:{second}")) == part("response")?)
    };
    whole().unwrap_or(false)
}

#[tokio::test]
async fn digest_challenges_are_answered_and_nonces_that_age_are_renewed() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let auth = "auth: { member: { digest: { user: alice, password: lantern-58 } } }";
    let scanned = scan_as(auth, move |ask| {
        // A nonce holds for five answers.
        let number = counted.load(Ordering::SeqCst);
        let nonce = format!("n{}", number / 5);
        let old = format!("n{}", (number / 5).saturating_sub(1));
        if digest_is_right(ask, &nonce) {
            counted.fetch_add(1, Ordering::SeqCst);
            return match ask.path.as_str() {
                "/" => html(["<a href=/p/1a>", "<a href=/q>", "<a href=/r>", "<a href=/s>"].concat()),
                _ => html("<p>page</p>"),
            };
        }
        let stale = digest_is_right(ask, &old);
        let challenge = format!(
            "Digest realm=\"members\", nonce=\"{nonce}\", qop=\"auth\", algorithm=SHA-256, stale={stale}"
        );
        with(respond(401, "text/html", ""), "WWW-Authenticate", &challenge)
    })
    .await;
    assert!(!is_lost(&scanned.report), "{:?}", scanned.report.sessions);
    assert!(asked.load(Ordering::SeqCst) > 6);
    let wrong = auth.replace("58", "57");
    let scanned = scan_as(&wrong, |ask| {
        let garbage =
            "Digest realm=\"members\", nonce=\"n0\", qop=\"auth\", algorithm=SHA-256, =,,x";
        if digest_is_right(ask, "n0") {
            return html("in");
        }
        with(respond(401, "text/html", ""), "WWW-Authenticate", garbage)
    })
    .await;
    assert!(is_lost(&scanned.report));
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_before_it_does() {
    let auth = "auth: { member: { oauth2: { token_url: /token, client_id: c, client_secret: s3cret-99 } } }";
    let given = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&given);
    let site = move |ask: &Ask| {
        let number = counted.load(Ordering::SeqCst);
        match ask.path.as_str() {
            "/token" => {
                let client = "Basic YzpzM2NyZXQtOTk=";
                let renews =
                    ask.get("grant_type") == "refresh_token" && ask.get("refresh_token") == "again";
                if ask.authorization != client || (number > 0 && !renews) {
                    return respond(401, "application/json", r#"{"error":"invalid_client"}"#);
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let text = format!(
                    "{{\"access_token\":\"t-{}\",\"token_type\":\"bearer\",\"expires_in\":1,\"refresh_token\":\"again\"}}",
                    number + 1
                );
                respond(200, "application/json", text)
            }
            _ if ask.authorization == format!("Bearer t-{number}") => {
                // Long enough for the token to end.
                std::thread::sleep(std::time::Duration::from_millis(400));
                html("<a href=/a>a</a><a href=/b>b</a>")
            }
            _ => respond(401, "text/html", ""),
        }
    };
    let scanned = scan_as(auth, site).await;
    let report = session(&scanned);
    assert!(report.relogins > 0 && report.lost == 0, "{report:?}");
    assert_eq!(u64::from(given.load(Ordering::SeqCst)), report.logins);
    assert!(!is_lost(&scanned.report));
    let scanned = scan_as(&auth.replace("s3cret-99", "other"), move |_| {
        respond(401, "application/json", r#"{"error":"invalid_client","error_description":"who?"}"#)
    })
    .await;
    let reason = session(&scanned).reason.clone().expect("a reason");
    assert!(reason.contains("status 401, invalid_client: who?"), "{reason}");
}

/// Pages of one kind behind a token that is forgotten after every `forgets` of them.
fn forgetful(
    forgets: u32,
    seen: Arc<Mutex<BTreeSet<String>>>,
) -> impl Fn(&Ask) -> Response + Send + Sync + 'static {
    let (issued, shown) = (AtomicU32::new(0), AtomicU32::new(0));
    move |ask| {
        let number = issued.load(Ordering::SeqCst);
        match &*ask.path {
            "/token" => {
                shown.store(0, Ordering::SeqCst);
                let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
                respond(200, "application/json", format!("{{\"token\":\"t{number}\"}}"))
            }
            _ if ask
                .request
                .header("x-token")
                .is_none_or(|it| it.text() != format!("t{number}"))
                || shown.fetch_add(1, Ordering::SeqCst) >= forgets =>
            {
                respond(401, "application/json", "{}".to_owned())
            }
            "/" => {
                let links = (1..=12).map(|page| format!("<a href=/p/{page}>x</a>"));
                html(links.collect::<String>())
            }
            path if path.starts_with("/p/") => {
                seen.lock().expect("not poisoned").insert(path.to_owned());
                html("<p>page</p>")
            }
            _ => not_found(),
        }
    }
}

#[tokio::test]
async fn a_login_that_is_lost_again_and_again_is_renewed_each_time() {
    let auth = "auth: { member: { login: [ { post: /token, extract: { token: { jsonpath: $.token } } } ], \
                apply: { header: { X-Token: '${token}' } }, relogin: { on_status: [401] } } }";
    let seen = Arc::default();
    let scanned = scan_as(auth, forgetful(4, Arc::clone(&seen))).await;
    let session = session(&scanned);
    assert!(session.relogins >= 3 && session.lost == 0, "{session:?}");
    let seen = seen.lock().expect("not poisoned");
    let all = (1..=12).all(|page| seen.contains(&format!("/p/{page}")));
    assert!(all, "every page was seen by somebody: {seen:?} {:?}", scanned.notices());
}

/// Members see pages; whoever is nobody sees something else with the same status, so only the
/// proof tells.
fn silent(forgets_after: u32) -> impl Fn(&Ask) -> Response + Send + Sync + 'static {
    let (issued, shown) = (AtomicU32::new(0), AtomicU32::new(0));
    move |ask| {
        let number = issued.load(Ordering::SeqCst);
        let is_member = ask.cookie.contains(&format!("sid={number}")) && number > 0;
        match (ask.method.as_str(), &*ask.path) {
            ("GET", "/login") => html(
                "<form method=post action=/session><input name=username><input type=password \
                 name=password></form>",
            ),
            ("POST", "/session") => {
                let next = issued.fetch_add(1, Ordering::SeqCst) + 1;
                with(redirect("/"), "Set-Cookie", &format!("sid={next}"))
            }
            _ if !is_member => html("<p>welcome, stranger</p>"),
            ("GET", "/me") => html("<p>you are a member</p>"),
            (_, path) => {
                if path.starts_with("/p") && shown.fetch_add(1, Ordering::SeqCst) == forgets_after {
                    issued.fetch_add(1, Ordering::SeqCst);
                    return html("<p>welcome, stranger</p>");
                }
                match path {
                    "/" => html("<a href=/p1>1</a>"),
                    "/p1" => html("<a href=/p2>2</a>"),
                    "/p2" => html("<a href=/p3>3</a>"),
                    "/p3" => html("<a href=/p4>4</a>"),
                    "/p4" => html("<p>the end</p>"),
                    _ => not_found(),
                }
            }
        }
    }
}

#[tokio::test]
async fn pages_that_nobody_may_have_seen_are_fetched_again() {
    let auth = FORM.replace("form:", "verify: { get: /me, logged_in: member }, form:");
    let scanned = scan_as(&auth, silent(2)).await;
    for path in ["/p1", "/p2", "/p3", "/p4"] {
        let known = scanned.operation("GET", path);
        assert!(known.is_some_and(|known| known.reached), "{path} {:?}", scanned.notices());
    }
    let session = session(&scanned);
    assert!(session.relogins == 1 && session.lost == 0, "{session:?}");
    assert!(scanned.notices().iter().any(|text| text.contains("perhaps as nobody: once more")));
}
