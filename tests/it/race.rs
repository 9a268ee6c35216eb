//! Limits that do not hold when requests come at one instant: on sites in memory, and on the shop.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use shakedown::http::Client;
use shakedown::http::ClientOptions;
use shakedown::http::Pacer;
use shakedown::http::clock::Clock;
use shakedown::model::Confidence;
use shakedown::model::Event;
use shakedown::model::Phase;
use shakedown::model::Request;
use shakedown::plan::Plan;
use shakedown::plan::from_text;
use shakedown::plan::load_file;
use shakedown::scan::Wire;

use crate::own_shop::OwnShop;
use crate::race_bed::Keeps;
use crate::race_bed::Scanned;
use crate::race_bed::Site;
use crate::race_bed::overrides;
use crate::race_bed::scan;

/// A plan with that race.
fn plan(race: &str) -> Plan {
    let text = format!(
        "version: 1
target: http://127.0.0.1:8080
auth: {{ shop: {{ basic: {{ user: ann, password: 'secret-of-ann' }} }} }}
identities: {{ ann: {{ auth: shop }} }}
requests:
  fresh: {{ post: /new, extract: {{ id: {{ jsonpath: $.id }} }} }}
  redeem: {{ post: /redeem }}
  redeem_it:
    post: '/redeem/${{id}}'
    headers: {{ Idempotency-Key: '${{rand.uuid}}' }}
  uses: {{ get: /uses }}
scan:
  crawl: {{ depth: 0 }}
  strength: high
  active: [ race ]
{race}"
    );
    from_text("plan.yml", &text, &|_| None, &overrides())
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

const INVARIANT: &str = "invariant: { request: uses, json: $.used_count, at_most: 1 }";

/// A scan of the site with a race of five copies in that many rounds.
async fn raced(site: Site, rounds: u32) -> (Scanned, Arc<Site>) {
    let race = format!(
        "  races:\n    coupon: {{ before: [ fresh ], request: redeem, copies: 5, rounds: {rounds}, \
         {INVARIANT} }}\n"
    );
    let site = Arc::new(site);
    (scan(plan(&race), Arc::clone(&site) as Arc<dyn Wire>).await, site)
}

#[tokio::test]
async fn a_limit_that_many_pass_at_one_instant_is_found() {
    let (scanned, _) = raced(Site::new(Keeps::UnlessTogether(u32::MAX)), 3).await;
    let [finding] = scanned.found()[..] else { panic!("{:?}", scanned.report.findings) };
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert_eq!(
        finding.detail,
        "3 of 3 rounds: used_count 5 (limit 1) after 5 copies at one instant; one after the other it \
         stays 1; race `coupon`"
    );
    assert_eq!((finding.method.as_str(), finding.path_template.as_str()), ("POST", "/redeem"));
    assert_eq!(finding.evidence.len(), 4, "the number before and behind, a copy, the control");
    assert!(finding.reproduce.contains("/redeem"), "{}", finding.reproduce);
}

#[tokio::test]
async fn what_a_race_may_cost_is_said_before_the_start_and_kept() {
    let (scanned, site) = raced(Site::new(Keeps::UnlessTogether(u32::MAX)), 3).await;
    let most = "race `coupon`: at most 40 requests";
    let said = |event: &Event| matches!(event, Event::Notice(it) if it.text == most);
    let said = scanned.events.iter().position(said).expect("it is said");
    let begun = |event: &Event| *event == Event::PhaseStarted(Phase::Crawl);
    assert!(said < scanned.events.iter().position(begun).expect("it crawls"));
    // A control and three rounds: what is before, the number, five copies, the number again.
    assert_eq!(scanned.outcome().requests, 4 * (1 + 1 + 5 + 1));
    let log = site.log.lock().expect("nobody panics");
    assert_eq!(log.iter().filter(|it| it.path_and_query == b"/redeem").count(), 4 * 5);
}

#[tokio::test]
async fn what_was_seen_once_is_repeated_once() {
    let (scanned, _) = raced(Site::new(Keeps::UnlessTogether(1)), 3).await;
    let [finding] = scanned.found()[..] else { panic!("{:?}", scanned.report.findings) };
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.starts_with("1 of 4 rounds: "), "{}", finding.detail);
    let (scanned, _) = raced(Site::new(Keeps::UnlessTogether(u32::MAX)), 1).await;
    let [finding] = scanned.found()[..] else { panic!("{:?}", scanned.report.findings) };
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.starts_with("2 of 2 rounds: "), "{}", finding.detail);
}

#[tokio::test]
async fn a_limit_that_holds_is_none() {
    let (scanned, _) = raced(Site::new(Keeps::Always), 3).await;
    assert_eq!(scanned.found().len(), 0);
    assert_eq!((scanned.outcome().skipped.as_deref(), scanned.outcome().errors), (None, 0));
    assert!(scanned.says("race `coupon`: used_count stays 1 (limit 1)"));
}

#[tokio::test]
async fn what_is_broken_one_after_the_other_is_no_race() {
    let (scanned, site) = raced(Site::new(Keeps::Never), 3).await;
    assert_eq!(scanned.found().len(), 0);
    assert!(scanned.says(
        "the invariant does not hold even one after the other: used_count 5 (limit 1) after 5 copies"
    ));
    assert!(scanned.outcome().skipped.is_some());
    assert_eq!(*site.together.lock().expect("nobody panics"), 0, "nothing came at one instant");
}

#[tokio::test]
async fn nothing_is_claimed_where_the_number_cannot_be_read() {
    for (told, why) in [
        ((200, "{\"used\": {}}"), "the answer to `uses` (200) has no number at `$.used_count`"),
        ((200, "{\"used_count\": \"{}\"}"), "has no number at `$.used_count`"),
        ((500, "{\"used_count\": {}}"), "`uses` was answered with 500"),
    ] {
        let site = Site { told, ..Site::new(Keeps::UnlessTogether(u32::MAX)) };
        let (scanned, _) = raced(site, 3).await;
        assert_eq!(scanned.found().len(), 0, "{why}");
        assert!(scanned.says("the invariant cannot be read") && scanned.says(why), "{why}");
        assert!(scanned.outcome().skipped.is_some(), "{why}");
    }
}

#[tokio::test]
async fn copies_have_what_was_extracted_before_draw_anew_and_are_sent_as_whom_the_plan_says() {
    let race = format!(
        "  races:\n    coupon: {{ before: [ fresh ], request: redeem_it, copies: 4, rounds: 2, as: ann, \
         {INVARIANT} }}\n"
    );
    let site = Arc::new(Site::new(Keeps::UnlessTogether(u32::MAX)));
    let scanned = scan(plan(&race), Arc::clone(&site) as Arc<dyn Wire>).await;
    assert_eq!(scanned.found().len(), 1);
    let log = site.log.lock().expect("nobody panics");
    let copies: Vec<&Request> =
        log.iter().filter(|it| it.path_and_query.starts_with(b"/redeem")).collect();
    assert_eq!(copies.len(), 3 * 4);
    assert!(copies.iter().all(|copy| copy.path_and_query == b"/redeem/7"));
    assert!(copies.iter().all(|copy| copy.header("authorization").is_some()));
    let keys = copies.iter().filter_map(|copy| copy.header("idempotency-key"));
    let keys: BTreeSet<_> = keys.map(|header| header.value.clone()).collect();
    assert_eq!(keys.len(), copies.len());
    let crawled = log.iter().find(|it| it.path_and_query == b"/").expect("it crawls");
    assert!(crawled.header("authorization").is_none());
}

#[tokio::test]
async fn without_races_there_is_nothing_to_ask() {
    let site = Arc::new(Site::new(Keeps::Always));
    let scanned = scan(plan(""), Arc::clone(&site) as Arc<dyn Wire>).await;
    let outcome = scanned.outcome();
    assert_eq!(outcome.skipped.as_deref(), Some("the plan defines no races"));
    assert_eq!(outcome.requests, 0);
}

/// A scan of the shop with the plan that is shipped.
async fn scan_shop(safe: bool) -> Scanned {
    let shop = OwnShop::open(safe).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/race.yml");
    let env = |name: &str| (name == "BASE_URL").then(|| shop.url.clone());
    let plan = load_file(&path, &env, &overrides())
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let (clock, scope) = (Clock::start(), Arc::new(plan.scope.clone()));
    let client = Client::new(scope, ClientOptions::default(), Pacer::new(None, clock), clock);
    let scanned = scan(plan, Arc::new(client.expect("no files to read"))).await;
    shop.close().await;
    scanned
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shops_coupon_is_used_too_often_and_its_safe_twins_is_not() {
    let flawed = scan_shop(false).await;
    let [finding] = flawed.found()[..] else { panic!("{:?}", flawed.report.findings) };
    assert!(finding.detail.contains("rounds: used_count "), "{}", finding.detail);
    assert!(flawed.outcome().requests <= 161, "{}", flawed.outcome().requests);
    let safe = scan_shop(true).await;
    assert_eq!(safe.found().len(), 0);
    assert!(safe.says("used_count stays 1 (limit 1)"));
}
