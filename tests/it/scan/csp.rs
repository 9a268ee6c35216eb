//! Content security policies that the site's own answers make useless.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use shakedown::model::Confidence;
use shakedown::model::Header;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::respond;
use super::site::scan;

async fn checked(
    rule: &'static str,
    handler: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(Setup { active: vec![rule], ..Setup::default() }, handler).await
}

fn with_policy(mut response: Response, policy: &str) -> Response {
    response.headers.push(Header::new("Content-Security-Policy", policy));
    response
}

#[tokio::test]
async fn a_nonce_of_several_answers_is_found_and_one_of_each_is_not() {
    let rule = "csp-nonce-reused";
    let scanned = checked(rule, |_| {
        with_policy(html("<p>x</p>"), "default-src 'self'; script-src 'nonce-c2hhcmVkLW5vbmNl'")
    })
    .await;
    assert_eq!(scanned.found(rule).len(), 1, "one place draws them");
    assert_eq!(scanned.found(rule)[0].confidence, Confidence::Firm);
    let drawn = AtomicU64::new(0);
    let scanned = checked(rule, move |_| {
        let number = drawn.fetch_add(1, Ordering::Relaxed);
        with_policy(html("<p>x</p>"), &format!("script-src 'nonce-abcdefgh{number:08}'"))
    })
    .await;
    assert!(scanned.found(rule).is_empty());
    assert!(scanned.outcome(rule).requests >= 3);
}

/// A page with a policy, and data that is answered as a script where a function is named.
fn site(
    policy: &'static str,
    is_allowed: fn(&str) -> bool,
) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| match (&*ask.path, ask.get("callback")) {
        ("/", _) => with_policy(html("<a href='/data?callback=show'>d</a>"), policy),
        ("/data", name) if !name.is_empty() && is_allowed(name) => {
            respond(200, "application/javascript", format!("/**/ {name}([1]);"))
        }
        ("/data", _) => respond(200, "application/json", "[1]"),
        _ => respond(404, "text/html", "<p>no</p>"),
    }
}

#[tokio::test]
async fn an_answer_of_the_own_host_that_calls_any_function_is_a_way_around_a_policy() {
    let rule = "csp-bypass";
    let scanned = checked(rule, site("script-src 'self'", |_| true)).await;
    assert_eq!(scanned.points(rule), ["GET /data query `callback`"]);
    let scanned = checked(rule, site("script-src 'self'", |name| name == "show")).await;
    assert_eq!(scanned.points(rule), Vec::<String>::new(), "one function is no way around");
    for policy in ["script-src 'nonce-c2hhcmVk' 'strict-dynamic' 'self'", "script-src cdn.example"]
    {
        let scanned = checked(rule, site(policy, |_| true)).await;
        assert_eq!(scanned.points(rule), Vec::<String>::new(), "{policy}");
        assert!(scanned.outcome(rule).skipped.is_some(), "{policy}");
    }
}
