//! What a browser asks for counts: against the crawl's bounds, by `robots.txt`, and with an end.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use shakedown::model::SkipReason;
use shakedown::plan::RobotsPolicy;

use super::browser::json;
use super::browser::page;
use super::browser::shown;
use super::site::Scanned;
use super::site::Setup;
use super::site::endless;
use super::site::html;
use super::site::not_found;
use super::site::respond;

/// How many requests begin like that.
fn asked(scanned: &Scanned, path: &str) -> usize {
    let all = scanned.requests.iter();
    all.filter(|request| request.path_and_query_text().starts_with(path)).count()
}

fn told(scanned: &Scanned, words: &str) -> bool {
    scanned.notices().iter().any(|text| text.contains(words))
}

#[tokio::test]
async fn what_robots_disallow_is_left_alone_by_pages_too() {
    let setup = Setup { robots: RobotsPolicy::Respect, ..Setup::default() };
    let Some(scanned) = shown(setup, |ask| match &*ask.path {
        "/robots.txt" => respond(200, "text/plain", "User-agent: *\nDisallow: /quiet/\n"),
        "/" => page(
            "fetch(['', 'quiet', 'data'].join('/')).catch(() => 0)
                 .then(() => fetch(['', 'loud', 'data'].join('/')));
             const frame = document.body.appendChild(document.createElement('iframe'));
             frame.src = ['', 'quiet', 'frame'].join('/');",
        ),
        _ => json("{}"),
    })
    .await
    else {
        return;
    };
    assert_eq!(asked(&scanned, "/quiet/"), 0, "{:?}", scanned.notices());
    assert!(scanned.asked("/loud/data"));
    for template in ["/quiet/data", "/quiet/frame"] {
        let operation = scanned.operation("GET", template).expect(template);
        assert!(operation.skipped.as_deref().expect("left alone").contains("robots.txt"));
    }
    let skipped = &scanned.report.coverage.skipped;
    let robots = skipped.iter().find(|(reason, _)| *reason == SkipReason::Robots);
    // The file itself names a third.
    assert_eq!(robots.map(|(_, count)| *count), Some(3), "{skipped:?}");
}

#[tokio::test]
async fn urls_of_pages_count_and_end_with_the_crawls() {
    let setup = Setup { max_urls: 12, ..Setup::default() };
    let Some(scanned) = shown(setup, |ask| match &*ask.path {
        "/" => page(
            "(async () => { for (let i = 0; i < 60; i++)
                 await fetch(['', 'n', 'abcdefgh'[i % 8] + 'x'.repeat(i)].join('/')).catch(() => 0);
             })();",
        ),
        path if path.starts_with("/n/") => json("{}"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    let count = asked(&scanned, "/n/");
    assert!((1..=12).contains(&count), "{count}");
    assert!(told(&scanned, "stopped after 12 URLs"), "{:?}", scanned.notices());
    assert_eq!(scanned.report.coverage.complete, Some(false));
}

#[tokio::test]
async fn bytes_of_pages_count_and_end_with_the_crawls() {
    let setup = Setup { max_bytes: Some(20_000), ..Setup::default() };
    let Some(scanned) = shown(setup, |ask| match &*ask.path {
        "/" => page(
            "(async () => { for (let i = 0; i < 200; i++)
                 await fetch(['', 'n', i].join('/')).catch(() => 0); })();",
        ),
        path if path.starts_with("/n/") => {
            let mut answer = json("{}");
            answer.wire_len = 1000;
            answer
        }
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    // Four at once may be on their way when the last byte comes.
    let count = asked(&scanned, "/n/");
    assert!((1..=24).contains(&count), "{count}");
    assert_eq!(scanned.report.coverage.complete, Some(false), "{:?}", scanned.notices());
}

#[tokio::test]
async fn what_never_ends_keeps_neither_a_page_nor_the_crawl() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polls);
    let Some(scanned) = shown(Setup::default(), move |ask| match &*ask.path {
        "/" => page(
            "const at = (...p) => ['', ...p].join('/');
             for (let i = 0; i < 9; i++) new EventSource(at('stream', 'abcdefghi'[i]));
             new WebSocket(location.origin.replace('http', 'ws') + at('socket'));
             const poll = () => fetch(at('poll') + '?since=' + Math.random()).then(poll, poll);
             poll();
             document.body.insertAdjacentHTML('beforeend', '<a href=/next>n</a><button id=b>b</button>');
             document.getElementById('b').onclick = () => fetch(at('clicked'));",
        ),
        "/next" => page("fetch(['', 'shown'].join('/'))"),
        "/poll" => {
            counted.fetch_add(1, Ordering::Relaxed);
            endless()
        }
        path if path.starts_with("/stream/") => endless(),
        "/clicked" | "/shown" => json("{}"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    for path in ["/clicked", "/shown"] {
        assert!(scanned.asked(path), "{path}: {:?}", scanned.notices());
    }
    assert!(told(&scanned, "left to the crawler"), "{:?}", scanned.notices());
    // Once by the page, and by the crawler what it was left: of one kind, so within its bound.
    assert!(polls.load(Ordering::Relaxed) < 30, "{}", polls.load(Ordering::Relaxed));
    for letter in ["a", "i"] {
        let template = format!("/stream/{letter}");
        let is_known = scanned.operation("GET", &template).is_some();
        assert!(is_known || asked(&scanned, &template) > 0, "{template}");
    }
    assert!(!told(&scanned, "kept the browser"), "{:?}", scanned.notices());
}

#[tokio::test]
async fn the_browsers_own_bounds_are_kept_and_said() {
    let Some(scanned) =
        shown(Setup { browser_pages: 1, ..Setup::default() }, |ask| match &*ask.path {
            "/" => html("<a href=/other>o</a><script>fetch(['', 'one'].join('/'))</script>"),
            "/other" => page("fetch(['', 'two'].join('/'))"),
            "/one" | "/two" => json("{}"),
            _ => not_found(),
        })
        .await
    else {
        return;
    };
    assert!(scanned.asked("/one") && !scanned.asked("/two"), "{:?}", scanned.notices());
    assert!(told(&scanned, "1 page was not shown"), "{:?}", scanned.notices());
    assert!(told(&scanned, "--browser-max-pages"), "{:?}", scanned.notices());
    assert_eq!(scanned.report.coverage.complete, Some(false));
}
