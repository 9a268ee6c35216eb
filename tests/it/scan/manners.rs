//! How a crawl behaves towards a host, and within its budgets.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use shakedown::model::Header;
use shakedown::model::SkipReason;
use shakedown::plan::RobotsPolicy;

use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const PAGES: &str = "<a href=/open>o</a><a href=/closed/a>c</a><a href=/closed/b>c</a>";

fn robots(policy: RobotsPolicy) -> Setup {
    Setup { robots: policy, ..Setup::default() }
}

#[tokio::test]
async fn robots_are_a_source_or_obeyed_or_not_read() {
    for (policy, closed, hidden, asked) in [
        (RobotsPolicy::OnlyAsSource, true, true, true),
        (RobotsPolicy::Respect, false, false, true),
        (RobotsPolicy::Ignore, true, false, false),
    ] {
        let scanned = scan(robots(policy), |ask| match &*ask.path {
            "/" => html(PAGES),
            "/robots.txt" => {
                respond(200, "text/plain", "User-agent: *\nDisallow: /closed/\nDisallow: /hidden")
            }
            "/open" | "/closed/a" | "/closed/b" | "/hidden" => html("<p>x</p>"),
            _ => not_found(),
        })
        .await;
        assert!(scanned.asked("/open"));
        assert_eq!(scanned.asked("/closed/a"), closed, "{policy:?}");
        assert_eq!(scanned.asked("/hidden"), hidden, "{policy:?}");
        assert_eq!(scanned.asked("/robots.txt"), asked, "{policy:?}");
        let left = scanned.report.coverage.skipped.iter();
        let left = left.filter(|(reason, _)| *reason == SkipReason::Robots).count();
        assert_eq!(left > 0, policy == RobotsPolicy::Respect, "{policy:?}");
    }
}

#[tokio::test]
async fn a_robots_file_that_is_not_there_is_asked_for_once() {
    let scanned = scan(robots(RobotsPolicy::Respect), |ask| match &*ask.path {
        "/" => html(PAGES),
        "/open" => html("<p>x</p>"),
        _ => not_found(),
    })
    .await;
    let asked = scanned.requests.iter().filter(|it| it.path_and_query == b"/robots.txt").count();
    assert_eq!((asked, scanned.asked("/open")), (1, true));
}

#[tokio::test]
async fn a_robots_file_that_cannot_be_had_closes_the_site() {
    let scanned = scan(robots(RobotsPolicy::Respect), |ask| match &*ask.path {
        "/" => html(PAGES),
        "/robots.txt" => respond(500, "text/plain", ""),
        _ => html("<p>x</p>"),
    })
    .await;
    assert!(scanned.asked("/") && !scanned.asked("/open"), "what the user names is fetched");
    assert!(scanned.notices().iter().any(|text| text.contains("allows nothing")));
}

#[tokio::test]
async fn who_asks_to_come_back_later_is_asked_again() {
    let refusals = AtomicU32::new(0);
    let scanned = scan(Setup::default(), move |ask| match &*ask.path {
        "/" => html("<a href=/busy>b</a>"),
        "/busy" if refusals.fetch_add(1, Ordering::Relaxed) < 2 => {
            let mut response = respond(429, "text/plain", "busy");
            response.headers.push(Header::new("Retry-After", "0"));
            response
        }
        "/busy" => html("<p>here</p>"),
        _ => not_found(),
    })
    .await;
    assert!(scanned.operation("GET", "/busy").expect("known").reached);
    let told = scanned.notices();
    assert_eq!(told.iter().filter(|text| text.contains("answers 429")).count(), 1, "{told:?}");
}

#[tokio::test]
async fn bytes_are_a_budget() {
    let setup = Setup { max_bytes: Some(5000), ..Setup::default() };
    let scanned = scan(setup, |ask| {
        let n: u32 = ask.path.trim_start_matches("/p").parse().unwrap_or(0);
        let mut page = html(format!("<a href=/p{}>next</a>", n + 1));
        page.wire_len = 1000;
        page
    })
    .await;
    assert!(scanned.requests.len() < 30, "{}", scanned.requests.len());
    assert!(scanned.notices().iter().any(|text| text.contains("raise crawl.max_bytes")));
    assert_eq!(scanned.report.coverage.complete, Some(false));
}
