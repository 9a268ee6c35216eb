//! Cookies of virtual users, in virtual time.

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::StopToken;
use shakedown::plan::Protocol;

use crate::load_bed::PlanBuilder;
use crate::load_flow::Seen;
use crate::load_flow::plan;

/// Runs the plan against a server that gives each its own number and remembers nothing. What came:
/// request target and cookies.
fn run(text: &str, protocol: Protocol) -> Vec<String> {
    let seen = Seen::default();
    let builder = PlanBuilder::of(plan(text)).speaking(protocol);
    builder.run_on(&StopToken::default(), |_| {
        let seen = seen.clone();
        let mut sessions = 0;
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            let text = String::from_utf8_lossy(request).into_owned();
            let target = text.split(' ').nth(1).unwrap_or_default();
            let cookie = text.lines().find_map(|line| line.strip_prefix("Cookie: "));
            seen.note(format!("{target} {}", cookie.unwrap_or("-")).as_bytes());
            let head = match target {
                "/login" => {
                    sessions += 1;
                    format!("Set-Cookie: s={sessions}\r\nset-cookie: deep=1; Path=/deep\r\n")
                }
                "/logout" => "Set-Cookie: s=; Max-Age=0\r\n".to_owned(),
                "/hop" if cookie.is_none() => "Location: /hop\r\nSet-Cookie: seen=1\r\n".to_owned(),
                "/circle" => "Location: /circle\r\n".to_owned(),
                _ => String::new(),
            };
            let status = if head.contains("Location") { "302 Found" } else { "200 OK" };
            let text = format!("HTTP/1.1 {status}\r\n{head}Content-Length: 0\r\n\r\n");
            vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
        }))
    });
    seen.all()
}

const PLAN: &str = "
requests:
  login: { post: /login, form: { user: a } }
  cart: { get: /cart }
  deep: { get: '/deep/${iteration}', headers: { Cookie: own=1 } }
  logout: { get: /logout }
flows: { f: [ { use: cart }, { use: login }, { use: cart }, { use: deep }, { use: logout }, { use: cart } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 } }
";

#[test]
fn a_user_sends_the_cookies_that_it_was_given_and_begins_each_iteration_without() {
    for protocol in [Protocol::USUAL, Protocol::Http1 { pipeline: 2 }] {
        assert_eq!(
            run(PLAN, protocol),
            [
                "/cart -",
                "/login -",
                "/cart s=1",
                "/deep/0 own=1; deep=1; s=1",
                "/logout s=1",
                "/cart -",
                "/cart -",
                "/login -",
                "/cart s=2",
                "/deep/1 own=1; deep=1; s=2",
                "/logout s=2",
                "/cart -",
            ],
            "{protocol:?}"
        );
    }
}

#[test]
fn a_user_that_comes_back_keeps_them_and_one_without_never_has_any() {
    let text = "
requests: { login: { post: /login }, cart: { get: /cart } }
flows: { f: [ { use: cart }, { use: login, if: '${iteration} == 0' } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 3 } }
";
    let kept = run(&format!("{text}cookies: per-user\n"), Protocol::USUAL);
    assert_eq!(kept, ["/cart -", "/login -", "/cart s=1", "/cart s=1"]);
    let off = run(&format!("{text}cookies: off\n"), Protocol::USUAL);
    assert_eq!(off, ["/cart -", "/login -", "/cart -", "/cart -"]);
}

#[test]
fn users_have_their_own() {
    let text = "
requests: { login: { post: /login }, cart: { get: '/cart' } }
flows: { f: [ { use: login }, { think: 1s }, { use: cart } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 3, iterations: 1 } }
";
    let mut seen = run(text, Protocol::USUAL);
    seen.sort();
    let expected = ["/cart s=1", "/cart s=2", "/cart s=3", "/login -", "/login -", "/login -"];
    assert_eq!(seen, expected);
}

#[test]
fn a_redirect_that_sets_a_cookie_and_leads_back_is_no_circle() {
    let text = "
redirects: 5
requests: { hop: { get: /hop }, circle: { get: /circle } }
flows: { f: [ { use: hop }, { use: circle } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1 } }
";
    assert_eq!(run(text, Protocol::USUAL), ["/hop -", "/hop seen=1", "/circle seen=1"]);
}
