//! The dials: each fault is made by its mechanism, and is nowhere else. What takes time is tested by
//! the least it can take, never by the most.

use std::time::Duration;
use std::time::Instant;

use reqwest::Method;
use shakedown::demo::DIALS;
use shakedown::demo::DialKind;

use super::client::Answer;
use super::client::Shop;
use super::client::Twin;

/// What the load bed asks for, as GET.
const PAGES: &[&str] = &[
    "/",
    "/products",
    "/product?id=7",
    "/search?q=a",
    "/bestsellers",
    "/cart",
    "/static/theme.css",
    "/static/logo.svg",
    "/api/products",
    "/api/search?q=a",
    "/api/products/7",
    "/api/products/7/reviews",
];

/// Of the median, what no draw of these tests goes below: three standard deviations.
const LEAST: f64 = 0.34;

#[expect(clippy::disallowed_methods, reason = "lower bounds of real time")]
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let done = work.await;
    (done, start.elapsed())
}

/// Milliseconds of one metric of `Server-Timing`; nought if it is not there.
fn metric(answer: &Answer, name: &str) -> f64 {
    let timing = answer.header("server-timing");
    let found = timing.split(", ").find_map(|part| part.strip_prefix(&format!("{name};dur=")));
    found.map_or(0.0, |rest| {
        rest.split(';').next().and_then(|ms| ms.parse().ok()).expect("a number")
    })
}

#[tokio::test]
async fn at_nought_a_dial_changes_nothing() {
    let off: Vec<String> = DIALS.iter().map(|row| format!("{}=0", row.name)).collect();
    let off: Vec<&str> = off.iter().map(String::as_str).collect();
    let (mut plain, mut dialled) = (Shop::start(Twin::Safe).await, Shop::dialled(&off).await);
    for path in PAGES {
        let (one, other) = (plain.visitor().get(path).await, dialled.visitor().get(path).await);
        let names = |answer: &Answer| {
            answer.headers.keys().map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&one), names(&other), "{path}");
        assert_eq!((one.status, one.body.len()), (other.status, other.body.len()), "{path}");
    }
    assert!(plain.get("/static/theme.css").await.header("x-cache").is_empty());
    assert!(dialled.get("/cart").await.header("server-timing").contains("db;dur=0.000"));
}

#[tokio::test]
async fn every_fault_says_where_it_shows() {
    for row in DIALS {
        assert!(!row.does.is_empty() && row.most > 0, "{}", row.name);
        assert!(!row.shows.is_empty() || row.kind == DialKind::Shop, "{}", row.name);
    }
}

#[tokio::test]
async fn rows_are_asked_for_singly_on_the_dialled_list_only() {
    for (path, route) in [("/search?q=a", "/search"), ("/products", "/products")] {
        let mut shop = Shop::dialled(&[&format!("n-plus-one=1@{route}")]).await;
        let answer = shop.get(path).await;
        assert!(answer.timing_count("queries") > 20, "{path}");
        assert!(metric(&answer, "db") >= 20.0, "{path}");
        let other = if route == "/search" { "/products" } else { "/search?q=a" };
        assert!(shop.get(other).await.timing_count("queries") < 5, "{other}");
    }
}

#[tokio::test]
async fn the_lock_is_held_by_one_request_at_a_time() {
    let mut shop = Shop::dialled(&["lock=20", "seed=3"]).await;
    assert!(!shop.get("/").await.header("server-timing").contains("lock"));
    let paths = ["/cart", "/search?q=a", "/product?id=7", "/api/products"];
    let ten = (0..10).map(|n| {
        let mut visitor = shop.visitor();
        async move { visitor.get(paths[n % paths.len()]).await }
    });
    let (answers, elapsed) = timed(futures_util::future::join_all(ten)).await;
    assert!(elapsed.as_secs_f64() >= 10.0 * 0.020 * LEAST, "{elapsed:?}");
    let waited: Vec<f64> = answers.iter().map(|answer| metric(answer, "lock")).collect();
    let longest = waited.iter().copied().fold(0.0, f64::max);
    assert!(longest >= 9.0 * 20.0 * LEAST, "{waited:?}");
}

#[tokio::test]
async fn a_connection_that_is_not_ready_makes_the_next_query_wait() {
    let mut shop = Shop::dialled(&["pool=1", "pool-reset=400"]).await;
    let mut waits = Vec::new();
    for _ in 0..4 {
        let answer = shop.get("/api/products/7").await;
        assert!(metric(&answer, "db") <= metric(&answer, "total"));
        waits.push(metric(&answer, "db"));
    }
    // Whatever passes between two requests is taken off the wait.
    assert!(waits[1..].iter().any(|wait| *wait > 50.0), "{waits:?}");
    assert!(metric(&shop.get("/cart").await, "db") < 0.001, "it asks for nothing");
}

#[tokio::test]
async fn rows_without_an_index_are_scanned() {
    let mut shop = Shop::dialled(&["slow-index=20@/api/products/{id}"]).await;
    let answer = shop.get("/api/products/7").await;
    assert!(answer.timing_count("scanned") > 19_000);
    assert!(metric(&answer, "db") >= 20.0);
    assert!(shop.get("/api/products/7/reviews").await.timing_count("scanned") < 1000);
}

#[tokio::test]
async fn one_backend_of_three_is_slower() {
    let mut shop = Shop::dialled(&["backend=60"]).await;
    let mut least = [f64::MAX; 3];
    for _ in 0..30 {
        let answer = shop.get("/healthz").await;
        let backend: usize = answer.header("x-served-by")["app-".len()..].parse().expect("1 to 3");
        least[backend - 1] = least[backend - 1].min(metric(&answer, "app"));
    }
    let slow = 60.0 * LEAST;
    assert!(least[2] >= slow && least[0] < slow && least[1] < slow, "{least:?}");
}

#[tokio::test]
async fn a_cache_answers_until_it_is_broken() {
    let mut working = Shop::dialled(&["cache=1"]).await;
    let mut broken = Shop::dialled(&["uncached=10"]).await;
    let mut mended = Shop::dialled(&["uncached=10", "hits=100"]).await;
    for shop in [&mut working, &mut broken, &mut mended] {
        let first = shop.get("/static/theme.css").await;
        assert_eq!((first.status, first.header("x-cache")), (200, "MISS"));
        assert!(first.header("cache-control").starts_with("public, max-age="));
        assert!(!first.header("etag").is_empty() && !first.header("server-timing").is_empty());
    }
    let hit = working.get("/static/theme.css").await;
    assert_eq!((hit.header("x-cache"), hit.header("cache-status")), ("HIT", "shop; hit"));
    assert!(!hit.header("age").is_empty());
    // The app was not asked and has measured nothing.
    assert!(hit.header("server-timing").is_empty() && hit.header("x-served-by").is_empty());
    assert_eq!(mended.get("/static/theme.css").await.header("x-cache"), "HIT");
    let missed = broken.get("/static/theme.css").await;
    assert_eq!(missed.header("x-cache"), "MISS");
    assert!(metric(&missed, "app") >= 10.0 * LEAST);
    broken.get("/api/products").await;
    assert_eq!(broken.get("/api/products").await.header("x-cache"), "HIT", "another resource");
    let tag = [("if-none-match", hit.header("etag"))];
    let known = working.send(Method::GET, "/static/theme.css", &tag, "").await;
    assert_eq!((known.status, &*known.body), (304, ""));
}

#[tokio::test]
async fn a_longer_answer_says_the_same() {
    let mut plain = Shop::start(Twin::Safe).await;
    for path in ["/api/products", "/products", "/static/theme.css"] {
        let mut shop = Shop::dialled(&[&format!("payload=200@{path}")]).await;
        let (long, short) = (shop.get(path).await, plain.get(path).await);
        assert_eq!(long.body.len(), short.body.len() + 200_000, "{path}");
        assert!(long.body.starts_with(short.body.split("<form").next().expect("some")), "{path}");
        if path == "/api/products" {
            assert_eq!(long.json(), short.json());
        }
        let other = shop.get("/api/products/7").await;
        assert!(other.body.len() < 2000);
    }
}

#[tokio::test]
async fn connections_end_with_their_answer() {
    let mut shop = Shop::dialled(&["no-keep-alive=15"]).await;
    for _ in 0..2 {
        let (answer, elapsed) = timed(shop.get("/healthz")).await;
        assert_eq!(answer.header("connection"), "close");
        assert!(elapsed >= Duration::from_millis(15), "{elapsed:?}");
        assert!(metric(&answer, "total") <= elapsed.as_secs_f64() * 1000.0 - 15.0);
    }
}

#[tokio::test]
async fn what_is_above_the_limit_is_refused_or_waits() {
    let mut refusing = Shop::dialled(&["rate-limit=1"]).await;
    let mut shaping = Shop::dialled(&["rate-shape=20"]).await;
    assert_eq!(refusing.get("/healthz").await.status, 200);
    let refused = refusing.get("/healthz").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert_eq!(
        (refused.header("ratelimit-limit"), refused.header("ratelimit-remaining")),
        ("1", "0")
    );
    let (answers, elapsed) = timed(async {
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let answer = shaping.get("/healthz").await;
            assert_eq!(answer.header("ratelimit-limit"), "20");
            statuses.push(answer.status);
        }
        statuses
    })
    .await;
    assert_eq!(answers, [200; 8]);
    // Two of them at once, the others a twentieth of a second apart.
    assert!(elapsed >= Duration::from_millis(290), "{elapsed:?}");
}

#[tokio::test]
async fn the_network_is_slow_and_narrow() {
    let mut slow = Shop::dialled(&["network-delay=10"]).await;
    let (answer, first) = timed(slow.get("/healthz")).await;
    let (_, second) = timed(slow.get("/healthz")).await;
    assert!(first >= Duration::from_millis(40) && second >= Duration::from_millis(20));
    // What the app measures is its own time.
    assert!(metric(&answer, "total") <= first.as_secs_f64() * 1000.0 - 40.0);
    let mut narrow = Shop::dialled(&["network-bandwidth=200", "payload=60"]).await;
    let (long, elapsed) = timed(narrow.get("/api/products")).await;
    assert!(long.body.len() > 60_000);
    assert!(elapsed >= Duration::from_millis(300), "{elapsed:?}");
    assert!(slow.stop().await.is_ok() && narrow.stop().await.is_ok());
}

#[tokio::test]
async fn a_bare_shop_keeps_to_itself() {
    let mut shop = Shop::dialled(&["bare=1", "cache=1"]).await;
    for path in ["/static/theme.css", "/static/theme.css", "/products"] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, 200);
        for name in ["server-timing", "x-served-by", "x-cache", "cache-status", "age"] {
            assert!(answer.headers.get(name).is_none(), "{path}: {name}");
        }
    }
}
