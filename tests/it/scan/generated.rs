//! A large site with everything that keeps crawlers busy for ever.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::site::Scanned;
use super::site::Setup;
use super::site::respond;
use super::site::scan;

#[path = "../../bench/site/pages.rs"]
#[expect(clippy::format_push_string, reason = "pages of a test bed")]
mod pages;

use pages::Site;

/// The path templates that exist, traps left out.
const TEMPLATES: [&str; 19] = [
    "/",
    "/catalogue/{slug}",
    "/items/{id}",
    "/items/{id}/reviews",
    "/items/{id}/spare-parts",
    "/blog/{id}/{id2}/{slug}",
    "/authors/{slug}/",
    "/authors/{slug}/posts",
    "/manual/p{id}.html",
    "/manual/index.html",
    "/orders/{uuid}",
    "/days/{date}",
    "/help/shipping",
    "/help/returns",
    "/legal/imprint",
    "/search",
    "/member/profile",
    "/member/settings",
    "/slow/{id}",
];

async fn crawled(pages: u64, max_urls: u64) -> Scanned {
    let visits = AtomicU64::new(0);
    let setup = Setup { depth: 1000, max_urls, ..Setup::default() };
    scan(setup, move |ask| {
        let visit = visits.fetch_add(1, Ordering::Relaxed);
        let target = ask.request.path_and_query_text();
        let page = Site { pages, full: false }.answer(&target, visit);
        assert_eq!(page.slow, target.starts_with("/slow/") && page.status == 200);
        respond(page.status, "text/html", page.body)
    })
    .await
}

fn reached(scanned: &Scanned) -> Vec<&str> {
    let operations = scanned.report.coverage.operations.iter();
    operations.filter(|known| known.reached).map(|known| known.path_template.as_str()).collect()
}

#[tokio::test]
async fn every_template_is_found_and_no_trap_takes_the_budget() {
    let scanned = crawled(20_000, 20_000).await;
    let found = reached(&scanned);
    for template in TEMPLATES {
        assert!(found.contains(&template), "{template} is not in {found:?}");
    }
    // The calendar, the copies and some depths of the loop; nothing per page, session or facet.
    let more = found.iter().copied().filter(|path| !TEMPLATES.contains(path));
    let (endless, more): (Vec<&str>, Vec<&str>) = more.partition(|path| path.starts_with("/loop/"));
    assert_eq!(more, ["/calendar", "/copy/a/"]);
    assert!(endless.len() <= 24, "{endless:?}");
    assert!(scanned.requests.len() < 1500, "{}", scanned.requests.len());
    assert_eq!(scanned.report.coverage.complete, Some(true), "{:?}", scanned.notices());
    let gone = scanned.requests.iter();
    let gone = gone.filter(|request| request.path_and_query.starts_with(b"/gone/")).count();
    assert!(gone * 20 < scanned.requests.len(), "{gone} of {}", scanned.requests.len());
}

#[tokio::test]
async fn a_small_budget_shows_one_of_everything_first() {
    let scanned = crawled(20_000, 150).await;
    let found = reached(&scanned);
    let missing: Vec<_> = TEMPLATES.iter().filter(|template| !found.contains(template)).collect();
    assert!(missing.len() <= 3, "{missing:?} of {found:?}");
    assert_eq!(scanned.report.coverage.complete, Some(false));
}
