//! The plan's races.

use shakedown::plan::Plan;
use shakedown::plan::Race;

use super::resolve;

const BASE: &str = "\
version: 1
target: http://127.0.0.1:8080
secrets: { T: { env: TOKEN } }
auth: { shop: { bearer: '${secrets.T}' }, till: { bearer: '${secrets.T}' } }
identities: { ann: { auth: shop }, bob: { auth: shop } }
requests:
  fresh: { post: /coupons, extract: { id: { jsonpath: $.id } } }
  redeem: { post: '/coupons/${id}/redeem' }
  uses: { get: '/coupons/${id}' }
  cart: { get: /cart, as: ann }
  shelf: { get: '/shelf/${n}', examples: { n: 7 } }
  drawn: { post: '/votes/${rand.word}' }
  gone: { post: /gone, enabled: false }
  live: { ws: /live, messages: [ { send: hello } ] }
  cashier: { get: /till, as: till }
";

fn plan(text: &str) -> Plan {
    resolve(&format!("{BASE}{text}")).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

/// The only race.
fn race(text: &str) -> Race {
    let plan = plan(&format!("scan: {{ races: {{ {text} }} }}\n"));
    let mut races = plan.scan.expect("it scans").probing.races;
    assert_eq!(races.len(), 1);
    races.remove(0)
}

fn told(text: &str) -> String {
    let refused = resolve(&format!("{BASE}scan: {{ races: {{ r: {{ {text} }} }} }}\n"));
    refused.expect_err(text).render(false)
}

const CART: &str = "invariant: { request: cart, json: $.count, at_most: 1 }";
const USES: &str = "invariant: { request: uses, json: $.count, at_most: 1 }";

#[test]
fn a_race_has_its_defaults_and_what_its_requests_give_each_other() {
    assert_eq!(plan("scan: {}").scan.expect("it scans").probing.races, []);
    let coupon = race(&format!("coupon: {{ before: [fresh], request: redeem, {USES} }}"));
    assert_eq!((coupon.name.as_str(), coupon.copies, coupon.rounds), ("coupon", 20, 5));
    assert_eq!((coupon.before[0].request, coupon.before[0].takes.len()), (0, 1));
    assert_eq!((coupon.request.request, coupon.request.identity), (1, None));
    assert_eq!(coupon.invariant.json.as_str(), "$.count");
    assert_eq!((coupon.invariant.at_least, coupon.invariant.at_most), (None, Some(1.0)));
    assert_eq!(coupon.most_requests(), 7 * (1 + 20 + 2));
}

#[test]
fn a_race_says_how_many_how_often_and_as_whom() {
    let bounds = "invariant: { request: cart, json: '$.a[0]', at_least: -0.5, at_most: 1e3 }";
    let votes = race(&format!("r: {{ request: drawn, copies: 2, rounds: 1, as: bob, {bounds} }}"));
    assert_eq!((votes.copies, votes.rounds, votes.most_requests()), (2, 1, 3 * 4));
    // A request that says so itself goes before the race.
    assert_eq!((votes.request.identity, votes.invariant.request.identity), (Some(1), Some(0)));
    assert_eq!((votes.invariant.at_least, votes.invariant.at_most), (Some(-0.5), Some(1000.0)));
    // Of those who log in so it is the first; an example is a value too.
    let shelf = race(&format!("r: {{ request: shelf, as: shop, {CART} }}"));
    assert_eq!(shelf.request.identity, Some(0));
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    for (text, said) in [
        (format!("request: redem, {CART}"), "unknown request `redem`, did you mean `redeem`?"),
        (format!("before: [ fersh ], request: cart, {CART}"), "did you mean `fresh`?"),
        (format!("request: gone, {CART}"), "`gone` has `enabled: false`, so no race may send it"),
        (format!("request: live, {CART}"), "a session, stream or call, which only load makes"),
        (format!("request: cashier, {CART}"), "the auth `till` has no identity"),
        (format!("request: drawn, as: eve, {CART}"), "unknown identity or auth `eve`"),
        (format!("request: drawn, copies: 1, {CART}"), "a whole number from 2 to 100; found `1`"),
        (format!("request: drawn, rounds: 21, {CART}"), "a whole number from 1 to 20"),
        (format!("request: drawn, copees: 3, {CART}"), "did you mean `copies`?"),
        (CART.to_owned(), "a race needs `request`"),
        ("request: drawn".to_owned(), "a race needs `invariant`"),
        (
            "request: drawn, invariant: { request: cart, json: $.n }".to_owned(),
            "an invariant needs `at_most` or `at_least`",
        ),
        (
            "request: drawn, invariant: { request: cart, json: count, at_most: 1 }".to_owned(),
            "`count` is not a JSONPath",
        ),
        (
            "request: drawn, invariant: { request: cart, json: $.n, at_most: one }".to_owned(),
            "expected a number; found `one`",
        ),
        (
            "request: drawn, invariant: { request: cart, json: $.n, at_least: 2, at_most: 1 }"
                .to_owned(),
            "nothing is at least 2 and at most 1",
        ),
        (
            format!("request: redeem, {CART}"),
            "`redeem` needs `${id}`, which nothing gives it in a race",
        ),
        (
            format!("request: drawn, {USES}"),
            "`uses` needs `${id}`, which nothing gives it in a race",
        ),
    ] {
        let refused = told(&text);
        assert!(refused.contains(said), "{text}: {refused}");
        assert!(refused.contains("plan.yml:16:"), "{text}: {refused}");
    }
}

#[test]
fn a_value_that_is_missing_is_told_where_the_race_names_the_request() {
    let text = format!(
        "{BASE}scan:\n  races:\n    coupon:\n      before: [ redeem, fresh ]\n      request: redeem\n      \
         {USES}\n"
    );
    let refused = resolve(&text).expect_err("it is extracted too late").render(false);
    // Behind the request that extracts it, it is there.
    assert_eq!(refused.matches("which nothing gives it").count(), 1, "{refused}");
    assert!(refused.contains("plan.yml:19:17"), "{refused}");
    assert!(refused.contains("under `before`"), "{refused}");
}
