//! A firewall or bot wall in front of the site.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use shakedown::model::Response;
use shakedown::model::StopReason;

use super::site::Ask;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

/// A page of a wall of no vendor's in particular, with the header of one.
fn refusal() -> Response {
    let mut response = respond(403, "text/html", "<p>Just a moment</p>");
    response.headers.push(shakedown::model::Header::new("cf-mitigated", "challenge"));
    response
}

fn page(ask: &Ask) -> Response {
    match &*ask.path {
        "/" => html("<form action=/find><input name=q></form><a href=/a>a</a><a href=/b>b</a>"),
        "/find" => html("<p>Nothing was found.</p>"),
        "/a" | "/b" => html("<p>x</p>"),
        _ => not_found(),
    }
}

fn setup() -> Setup {
    Setup { active: vec!["sqli-error", "sqli-boolean", "xss-reflected"], ..Setup::default() }
}

#[tokio::test]
async fn a_scan_that_is_walled_off_ends_and_says_so() {
    let asked = AtomicU32::new(0);
    let scanned = scan(setup(), move |ask| {
        if asked.fetch_add(1, Ordering::Relaxed) < 20 { page(ask) } else { refusal() }
    })
    .await;
    let Some(StopReason::Blocked(text)) = &scanned.report.stopped else {
        panic!("{:?}", scanned.report.stopped)
    };
    assert!(text.starts_with("Cloudflare answers in the place of http://127.0.0.1:8080"), "{text}");
    assert!(text.contains("it refuses what it let in before"), "{text}");
    let sent = scanned.requests.len();
    assert!((32..80).contains(&sent), "{sent}: it ends soon");
}

#[tokio::test]
async fn a_wall_from_the_first_request_on_ends_the_scan() {
    let scanned = scan(setup(), |_| refusal()).await;
    let stopped = scanned.report.stopped.as_ref().map(StopReason::text);
    // A site whose first page is refused may have too little to ask for to be sure.
    let told = stopped.is_some_and(|text| text.contains("it has let in nothing"));
    assert!(told || scanned.requests.len() < 12, "{stopped:?}, {}", scanned.requests.len());
    assert!(scanned.notices().iter().any(|text| text.starts_with("Cloudflare refused")));
}

#[tokio::test]
async fn a_wall_that_stops_payloads_is_told_and_the_scan_goes_on() {
    let scanned = scan(setup(), |ask| {
        let is_payload = ask.get("q").contains(['\'', '"', '<', '(', '=', '*', '-']);
        if is_payload { refusal() } else { page(ask) }
    })
    .await;
    assert_eq!(scanned.report.stopped, None);
    let told =
        scanned.notices().iter().filter(|text| text.starts_with("Cloudflare refused")).count();
    assert_eq!(told, 1, "{:?}", scanned.notices());
}

#[tokio::test]
async fn a_site_that_refuses_by_itself_is_no_wall() {
    let scanned = scan(setup(), |ask| match &*ask.path {
        "/" => page(ask),
        _ => respond(403, "text/html", "<h1>Forbidden</h1>"),
    })
    .await;
    assert_eq!(scanned.report.stopped, None);
    assert!(!scanned.notices().iter().any(|text| text.contains("refused")));
}
