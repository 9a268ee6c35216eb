//! A request costs no allocation: counted by the allocator of this binary, in virtual time, so that
//! no window ends in between and every figure is exact.

mod network;
mod statistics;

#[expect(dead_code, reason = "shared with the tests of the load engine, which need all of it")]
#[path = "../it/load_bed.rs"]
mod load_bed;

use std::sync::Mutex;
use std::time::Duration;

use shakedown::model::Seed;
use shakedown::model::StopToken;
use shakedown::model::Tracing;
use shakedown::plan::Executor;
use shakedown::plan::Overrides;
use shakedown::plan::from_text;

use load_bed::PlanBuilder;
use network::Heads;
use network::Network;
use network::Watched;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The profiler counts for the whole process: one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Allocations between the request after the warm-up and the last one watched.
fn allocations(plan: &PlanBuilder, heads: Heads) -> u64 {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let _profiler = dhat::Profiler::builder().testing().build();
    let watched = Watched::default();
    let outcome = plan.run_on(&StopToken::default(), |_| Ok(Network::new(heads, &watched)));
    let series = outcome.totals().series.iter();
    let (requests, failed) = series
        .fold((0, 0), |sum, series| (sum.0 + series.tally.requests, sum.1 + series.tally.failed));
    assert_eq!((requests, failed), (50_000, 0), "{:?}", outcome.totals().series[0].tally.exemplars);
    watched.allocations()
}

fn plan() -> PlanBuilder {
    PlanBuilder::new(Executor::SharedIterations {
        vus: 64,
        iterations: 50_000,
        max_duration: Duration::from_secs(60),
    })
}

#[test]
fn a_request_over_a_kept_connection_allocates_nothing() {
    assert_eq!(allocations(&plan(), Heads::Same), 0);
}

#[test]
fn a_response_whose_head_changes_allocates_nothing() {
    assert_eq!(allocations(&plan(), Heads::Changing), 0);
}

/// Of the requests that are drawn, what the header said is kept: a hundred of 35,000 or so.
#[test]
fn of_an_observed_header_only_what_is_drawn_allocates() {
    let kept = allocations(&plan().observe("X-Number"), Heads::Changing);
    assert!(kept < 200, "{kept}");
}

/// Two requests to an iteration: slots of every kind, and everything that is looked at.
const SCRIPT: &str = r#"
version: 1
target: http://127.0.0.1:9
requests:
  first:
    get: "/items/${rand.int(1,100)}?q=${rand.word}"
    checks: [ { status: 200 }, { regex: 'o(k)' }, { contains: ok }, { duration: <10s } ]
    extract:
      id: { jsonpath: "$.items[1].id", default: 7 }
      k: { regex: 'o(k)' }
      n: { header: X-Number }
  second:
    post: "/items/${id}"
    headers: { X-Token: "t ${k}", X-Id: "${rand.uuid}" }
    json: { id: "${id}", n: "${n}", user: "${vu}.${iteration}" }
    checks: [ { jsonpath: $.ok, exists: false }, { header: X-Number }, { body_size: <1kb } ]
flows: { f: [ { use: first }, { use: second } ] }
scenarios: { s: { executor: shared-iterations, exec: f, vus: 64, iterations: 25000, maxDuration: 60s } }
"#;

#[test]
fn a_scripted_request_allocates_nothing() {
    let overrides = Overrides::new(Seed(1), jiff::civil::date(2026, 11, 23));
    let plan = from_text("plan.yml", SCRIPT, &|_| None, &overrides);
    let plan = plan.unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    assert_eq!(allocations(&PlanBuilder::of(plan), Heads::Changing), 0);
}

/// Every request carries an id, and every response names another one.
#[test]
fn of_traced_requests_only_those_that_are_kept_allocate() {
    let mut plan = plan();
    plan.plan_mut().trace = Some(Tracing { share: 1.0, link: None });
    // What is kept of the slowest allocates: the better ones, which soon become few of 35,000.
    let kept = allocations(&plan, Heads::Changing);
    assert!(kept < 1_000, "{kept}");
}

/// Exchanges for the tap are copied: the count would notice one allocation in the way of others.
#[test]
fn what_does_allocate_is_noticed() {
    assert!(allocations(&plan().tap(), Heads::Same) > 0);
}
