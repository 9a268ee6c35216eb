//! Open redirects, and redirects that stay at home.

use shakedown::model::Confidence;
use shakedown::model::Header;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::TARGET;
use super::site::html;
use super::site::redirect;
use super::site::scan;

const RULE: &str = "open-redirect";

async fn scan_page(page: impl Fn(&Ask) -> Response + Send + Sync + 'static) -> Scanned {
    let setup = Setup { active: vec![RULE], ..Setup::default() };
    scan(setup, move |ask| match &*ask.path {
        "/" => html("<a href='/go?next=/home'>x</a>"),
        "/go" => page(ask),
        _ => html("<p>page</p>"),
    })
    .await
}

fn own(text: &str) -> String {
    format!("{}{text}", TARGET.trim_end_matches('/'))
}

#[tokio::test]
async fn any_destination_is_found_and_never_visited() {
    let scanned = scan_page(|ask| redirect(ask.get("next"))).await;
    assert_eq!(scanned.points(RULE), ["GET /go query `next`"]);
    let finding = scanned.found(RULE)[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    assert_ne!(finding.payloads[0], finding.payloads[1], "the replay names another host");
    let host = "127.0.0.1:8080";
    assert!(scanned.requests.iter().all(|request| request.origin.host_header() == host));
}

#[tokio::test]
async fn weak_checks_are_seen_through() {
    let refuse = || html("<p>no</p>");
    let scanned = scan_page(move |ask| {
        let next = ask.get("next");
        if next.starts_with('/') { redirect(next) } else { refuse() }
    })
    .await;
    assert_eq!(scanned.points(RULE).len(), 1, "a leading slash");
    let scanned = scan_page(move |ask| {
        let next = ask.get("next");
        if next.starts_with('/') && !next.starts_with("//") { redirect(next) } else { refuse() }
    })
    .await;
    assert_eq!(scanned.points(RULE).len(), 1, "one leading slash");
    let scanned = scan_page(move |ask| {
        let next = ask.get("next");
        if next.contains("127.0.0.1:8080") { redirect(next) } else { refuse() }
    })
    .await;
    assert_eq!(scanned.points(RULE).len(), 1, "the own name anywhere");
    let scanned = scan_page(move |ask| redirect(&own(ask.get("next")))).await;
    assert_eq!(scanned.points(RULE).len(), 1, "glued to the own origin");
    let partner = "https://partner.example";
    for (end, count) in [("", 1), ("/", 0)] {
        let setup = Setup { active: vec![RULE], ..Setup::default() };
        let scanned = scan(setup, move |ask| match &*ask.path {
            "/" => html(format!("<a href='/go?next={partner}/deals'>x</a>")),
            "/go" if ask.get("next").starts_with(&format!("{partner}{end}")) => {
                redirect(ask.get("next"))
            }
            _ => refuse(),
        })
        .await;
        assert_eq!(scanned.points(RULE).len(), count, "whatever begins with {partner}{end}");
    }
}

#[tokio::test]
async fn refreshing_pages_redirect_too() {
    let scanned = scan_page(|ask| {
        html(format!("<meta http-equiv=refresh content='0; url={}'>", ask.get("next")))
    })
    .await;
    assert_eq!(scanned.points(RULE).len(), 1);
    let scanned = scan_page(|ask| {
        let mut response = html("<p>wait</p>");
        let value = format!("0; url={}", ask.get("next"));
        response.headers.push(Header::new("Refresh", value));
        response
    })
    .await;
    assert_eq!(scanned.points(RULE).len(), 1);
}

#[tokio::test]
async fn destinations_that_stay_at_home_are_safe() {
    for (name, page) in [
        ("a fixed path with the value in its query", "/login?next={}"),
        ("a path below the own origin", "http://127.0.0.1:8080/{}"),
        ("the value as fragment", "/home#{}"),
    ] {
        let scanned = scan_page(move |ask| {
            let value: String =
                url::form_urlencoded::byte_serialize(ask.get("next").as_bytes()).collect();
            redirect(&page.replace("{}", &value))
        })
        .await;
        assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    }
    let scanned = scan_page(|ask| redirect(&format!("/out/{}", ask.get("next")))).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "unescaped below a fixed path");
    let scanned =
        scan_page(|ask| html(format!("<a href='{}'>go on</a> to {0}", ask.get("next")))).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "a link is no redirect");
    let scanned = scan_page(|ask| match ask.get("next") {
        next @ ("/home" | "/cart") => redirect(next),
        _ => redirect("/home"),
    })
    .await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "a list of destinations");
}
