//! The counters of the shop, and of its safe twin.

use std::sync::Arc;

use shakedown::http::Client;
use shakedown::http::ClientOptions;
use shakedown::http::Pacer;
use shakedown::http::clock::Clock;

use super::Verified;
use super::scan;
use super::valid;
use crate::own_shop::OwnShop;

/// Scans one of a shop's counters.
async fn at_the_shop(base: &str, path: &str) -> Verified {
    let plan = valid(
        base,
        &format!(
            "requests: {{ counter: {{ get: /counter/{path} }} }}\n\
             scan:\n  crawl: {{ depth: 0, max_urls: 5 }}\n  active: [ rate-limit ]\n  \
             rate_limits: [ {{ request: counter, expect: 10/2s }} ]\n"
        ),
    );
    let clock = Clock::start();
    let scope = Arc::new(plan.scope.clone());
    let client = Client::new(scope, ClientOptions::default(), Pacer::new(None, clock), clock);
    scan(plan, Arc::new(client.expect("no files to read"))).await
}

/// Scans both counters at once, each of a shop that nobody else asks.
async fn both_counters(safe: bool) -> [Verified; 2] {
    let both = tokio::join!(counter(safe, "tickets"), counter(safe, "queue"));
    [both.0, both.1]
}

async fn counter(safe: bool, path: &str) -> Verified {
    let shop = OwnShop::open(safe).await;
    let verified = at_the_shop(&shop.url, path).await;
    shop.close().await;
    verified
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flaws_of_the_shop_s_counters_are_told() {
    // A machine that is too slow for the window claims nothing, and tries again.
    let mut seen = Vec::new();
    for _ in 0..5 {
        let [tickets, queue] = Box::pin(both_counters(false)).await;
        let is_told = tickets.rules() == ["rate-limit-exceeded", "rate-limit-header"]
            && queue.rules() == ["rate-limit-bypass"];
        let detail = |verified: &Verified| -> Vec<String> {
            verified.report.findings.iter().map(|finding| finding.detail.clone()).collect()
        };
        let details = [detail(&tickets), detail(&queue)].concat().join("\n");
        if is_told
            && details.contains("3 backends seen: counters per process")
            && details.contains("no `Retry-After`")
            && details.contains("X-Forwarded-For: ")
        {
            return;
        }
        seen.push((details, tickets.notices, queue.notices));
    }
    panic!("{seen:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counters_of_the_safe_twin_are_in_order() {
    for verified in Box::pin(both_counters(true)).await {
        assert_eq!(verified.rules(), [""; 0], "{:?}", verified.report.findings);
    }
}
