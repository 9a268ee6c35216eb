//! Demonstrations of the performance faults by what responses say, never by the clock.

use reqwest::Method;
use serde_json::json;

use super::client::Answer;
use super::client::Shop;

pub(super) async fn many_queries(shop: &mut Shop) -> bool {
    let answer = shop.get("/bestsellers").await;
    assert_eq!(answer.body.matches("<tr><td>").count(), 30);
    answer.timing_count("queries") == 31
}

pub(super) async fn lock_at_checkout(shop: &mut Shop) -> bool {
    let order =
        json!({ "items": [{ "product_id": 7, "quantity": 1 }], "ship_to": "3 Quay Street" });
    let answer = shop.json(Method::POST, "/api/checkout", &order).await;
    assert_eq!(answer.status, 201);
    answer.header("server-timing").contains("lock;dur=")
}

pub(super) async fn full_scan(shop: &mut Shop) -> bool {
    let page = shop.get("/search?q=lantern").await;
    let api = shop.get("/api/search?q=lantern").await;
    assert!(page.body.contains("lantern</a>") && api.body.contains("lantern"));
    let scans = |answer: &Answer| answer.timing_count("scanned") > 100_000;
    assert_eq!(scans(&page), scans(&api));
    scans(&page)
}

pub(super) async fn slow_backend(shop: &mut Shop) -> bool {
    // The least of ten requests each: a timer never fires early, and what a busy machine adds to
    // one request it does not add to all ten.
    let mut least_app_ms = [f64::MAX; 3];
    for _ in 0..30 {
        let answer = shop.get("/healthz").await;
        let backend: usize = answer.header("x-served-by")["app-".len()..].parse().expect("1 to 3");
        let timing = answer.header("server-timing");
        let (_, app) = timing.split_once("app;dur=").expect("a metric");
        let app = app.split([',', ';']).next().and_then(|ms| ms.parse().ok()).expect("a number");
        let least = &mut least_app_ms[backend - 1];
        *least = least.min(app);
    }
    assert!(least_app_ms.iter().all(|ms| *ms < f64::MAX), "all three serve");
    least_app_ms[2] >= 20.0 && least_app_ms[0] < 20.0 && least_app_ms[1] < 20.0
}

pub(super) async fn never_cached(shop: &mut Shop) -> bool {
    let first = shop.get("/static/theme.css").await;
    assert_eq!(first.header("content-type"), "text/css; charset=utf-8");
    let tag = first.header("etag");
    if first.header("cache-control") == "no-store" && tag.is_empty() {
        return true;
    }
    assert_eq!(first.header("cache-control"), "public, max-age=3600");
    let headers = [("if-none-match", tag)];
    let again = shop.send(Method::GET, "/static/theme.css", &headers, "").await;
    assert_eq!((again.status, &*again.body), (304, ""));
    false
}
