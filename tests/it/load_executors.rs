//! Every executor in virtual time: who iterates when, and what is cut off.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::StopToken;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Spacing;
use shakedown::plan::Stage;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_bed::START;

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Runs it against a server that answers after `service`; when requests came, since the start.
fn requests(plan: &PlanBuilder, service: u64) -> (Outcome, Vec<u64>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let outcome = plan.run_on(&StopToken::default(), |_| {
        let seen = Arc::clone(&seen);
        Ok(SimReactor::new(move |at: u64, _: &[u8]| {
            seen.lock().expect("not poisoned").push(at - START);
            vec![Reply::Bytes { after: service, bytes: OK.to_vec() }]
        }))
    });
    let mut seen = seen.lock().expect("not poisoned").clone();
    seen.sort_unstable();
    (outcome, seen)
}

fn in_second(times: &[u64], second: u64) -> usize {
    times.iter().filter(|time| **time / SECOND == second).count()
}

fn stages<T: Copy>(stages: &[(T, u64)]) -> Vec<Stage<T>> {
    let stage = |(target, millis): &(T, u64)| Stage {
        target: *target,
        duration: Duration::from_millis(*millis),
    };
    stages.iter().map(stage).collect()
}

fn users(start_vus: u32, of: &[(u32, u64)], graceful_ramp_down_ms: u64) -> Executor {
    Executor::RampingVus {
        start_vus,
        stages: stages(of),
        graceful_ramp_down: Duration::from_millis(graceful_ramp_down_ms),
    }
}

fn rates(start_rate: f64, of: &[(f64, u64)], late: Late) -> Executor {
    Executor::RampingArrivalRate {
        start_rate,
        stages: stages(of),
        pre_allocated_vus: 64,
        max_vus: 64,
        late,
        arrivals: Spacing::Even,
    }
}

#[test]
fn iterations_follow_a_ramp_of_the_rate() {
    // Up to 1,000/s in 10 s, a jump to 200/s, silence, and 100/s again.
    let plan = PlanBuilder::new(rates(
        0.0,
        &[
            (1_000.0, 10_000),
            (200.0, 0),
            (200.0, 2_000),
            (0.0, 0),
            (0.0, 3_000),
            (100.0, 0),
            (100.0, 2_000),
        ],
        Late::Queue,
    ));
    for threads in [1, 3] {
        let plan = PlanBuilder::new(plan.executor().clone()).threads(threads);
        let (outcome, times) = requests(&plan, MILLI);
        assert_eq!(outcome.totals().scenarios[0].iterations, 5_000 + 400 + 200);
        for second in 0..10 {
            let line = 100.0 * second as f64 + 50.0;
            let started = in_second(&times, second) as f64;
            assert!((started - line).abs() <= 1.0, "{started} in second {second}");
        }
        let later: Vec<_> = (10..17).map(|second| in_second(&times, second)).collect();
        // An arrival is where the area is whole, so the last of a second is at its end.
        let expected = [200, 200, 1, 0, 0, 99, 100];
        for (second, (started, line)) in later.iter().zip(expected).enumerate() {
            assert!(started.abs_diff(line) <= 1, "{later:?} at {second}");
        }
        assert!(outcome.validity().is_valid(), "{:?}", outcome.validity());
    }
}

#[test]
fn what_a_ramp_drops_and_sends_is_its_whole_schedule() {
    let executor = rates(0.0, &[(5_000.0, 4_000), (0.0, 4_000)], Late::Drop);
    let (outcome, times) = requests(&PlanBuilder::new(executor), 50 * MILLI);
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!(scenario.iterations + scenario.dropped, 20_000);
    assert_eq!(times.len() as u64, scenario.iterations);
    // 64 users with 50 ms each do 1,280/s: the rest of the hill is lost.
    assert!(scenario.dropped > 5_000, "{}", scenario.dropped);
}

#[test]
fn users_come_and_leave_along_a_ramp() {
    let ramp = users(0, &[(10, 10_000), (10, 5_000), (0, 10_000)], 30_000);
    for threads in [1, 3] {
        let plan = PlanBuilder::new(ramp.clone()).threads(threads);
        let (outcome, times) = requests(&plan, 10 * MILLI);
        // The k-th user comes after k seconds; on the way down one leaves every second.
        for second in 0..25 {
            let planned = match second {
                0..10 => second,
                10..15 => 10,
                _ => 25 - second,
            };
            let started = in_second(&times, second);
            // Whoever is done at the very moment of leaving may begin once more.
            let extra = started as u64 - planned * 100;
            assert!(extra <= u64::from(second > 15), "{extra} too many in second {second}");
        }
        let scenario = &outcome.totals().scenarios[0];
        assert_eq!((scenario.interrupted, scenario.dropped), (0, 0));
    }
}

#[test]
fn a_ramp_that_goes_to_nothing_comes_back() {
    let ramp = users(2, &[(2, 1_950), (0, 0), (0, 3_050), (4, 0), (4, 1_950)], 30_000);
    let (outcome, times) = requests(&PlanBuilder::new(ramp), 100 * MILLI);
    let seconds: Vec<_> = (0..8).map(|second| in_second(&times, second)).collect();
    assert_eq!(seconds, [20, 20, 0, 0, 0, 40, 40, 0]);
    // Who leaves takes its connection along.
    assert_eq!(outcome.only_series().connections, 2 + 4);
}

#[test]
fn a_user_that_leaves_may_finish_within_the_graceful_ramp_down() {
    for (graceful_ms, finished, interrupted) in [(600, 3, 0), (400, 1, 2), (0, 1, 2)] {
        // Three users begin 1 s of work at once; two are to leave after half of it.
        let ramp = users(3, &[(3, 500), (1, 0), (1, 600)], graceful_ms);
        let (outcome, times) = requests(&PlanBuilder::new(ramp), SECOND);
        let scenario = &outcome.totals().scenarios[0];
        let counted = (scenario.iterations, scenario.interrupted);
        // The third user begins another one at 1 s, and finishes it after the end.
        assert_eq!(counted, (finished + 1, interrupted), "{graceful_ms} ms");
        assert_eq!(times.len(), 4);
    }
}

#[test]
fn a_user_that_is_wanted_again_while_it_finishes_is_kept() {
    let ramp = users(2, &[(2, 500), (0, 0), (0, 300), (2, 0), (2, 1_200)], 400);
    let (outcome, times) = requests(&PlanBuilder::new(ramp), SECOND);
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!((scenario.iterations, scenario.interrupted), (4, 0));
    assert_eq!(times, [0, 0, SECOND, SECOND]);
    assert_eq!(outcome.only_series().connections, 2);
}

#[test]
fn the_end_of_a_ramp_is_bounded_by_the_graceful_stop_alone() {
    // Told to leave at 1.9 s with ten seconds to finish, but the scenario is over at 2 s + 0.5 s.
    let ramp = users(2, &[(2, 1_900), (1, 0), (1, 100)], 10_000);
    let plan = PlanBuilder::new(ramp).grace(Duration::from_millis(500));
    let (outcome, _) = requests(&plan, 1_700 * MILLI);
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!((scenario.iterations, scenario.interrupted), (2, 2));
}

#[test]
fn each_user_does_its_own_iterations() {
    let executor = |max_duration| Executor::PerVuIterations { vus: 5, iterations: 7, max_duration };
    for threads in [1, 2, 8] {
        let plan = PlanBuilder::new(executor(Duration::from_secs(60))).threads(threads);
        let (outcome, times) = requests(&plan, 10 * MILLI);
        assert_eq!(times.len(), 35);
        assert_eq!(*times.last().expect("35"), 60 * MILLI, "nobody does another's share");
        assert_eq!(outcome.totals().scenarios[0].dropped, 0);
    }
    let plan = PlanBuilder::new(executor(Duration::from_millis(35))).threads(2);
    let (outcome, _) = requests(&plan, 10 * MILLI);
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!((scenario.iterations, scenario.dropped), (20, 15));
}

#[test]
fn shared_iterations_that_time_was_too_short_for_are_dropped() {
    let executor = Executor::SharedIterations {
        vus: 4,
        iterations: 100,
        max_duration: Duration::from_millis(95),
    };
    let (outcome, times) = requests(&PlanBuilder::new(executor), 10 * MILLI);
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!((scenario.iterations, scenario.dropped), (40, 60));
    assert_eq!(times.len(), 40);
}

#[test]
fn scenarios_of_all_kinds_run_side_by_side() {
    let mut plan = PlanBuilder::new(users(1, &[(5, 4_000)], 0)).threads(2);
    let first = plan.plan_mut().scenarios[0].clone();
    let others = [
        (rates(10.0, &[(30.0, 2_000)], Late::Queue), 1, 40),
        (
            Executor::PerVuIterations {
                vus: 2,
                iterations: 3,
                max_duration: Duration::from_secs(9),
            },
            2,
            6,
        ),
        (
            Executor::SharedIterations {
                vus: 2,
                iterations: 5,
                max_duration: Duration::from_secs(9),
            },
            3,
            5,
        ),
    ];
    for (executor, start, _) in &others {
        let mut scenario = first.clone();
        scenario.name = executor.name().to_owned();
        scenario.executor = executor.clone();
        scenario.start_time = Duration::from_secs(*start);
        plan.plan_mut().scenarios.push(scenario);
    }
    let (outcome, _) = requests(&plan, 100 * MILLI);
    let tallies = &outcome.totals().scenarios;
    for ((executor, _, iterations), tally) in others.iter().zip(&tallies[1..]) {
        assert_eq!(tally.iterations, *iterations, "{}", executor.name());
    }
    // 1, 2, 3 and 4 users for a second each; the fifth comes at the end.
    assert_eq!(tallies[0].iterations, 100);
}

#[test]
fn a_warm_up_may_ramp_too() {
    let plan = PlanBuilder::new(users(0, &[(4, 2_000)], 0)).warmup_before(Duration::from_secs(2));
    let (outcome, times) = requests(&plan, 100 * MILLI);
    assert_eq!(outcome.totals().scenarios[0].iterations, 0);
    assert_eq!(outcome.totals().scenarios[1].iterations * 2, times.len() as u64);
}

/// k6's executors as its documentation shows them, with iterations of half a second against a server
/// that answers at once: how many k6 2.2 counted, those that it dropped for want of users included.
const OF_K6: [(&str, u64, u64); 6] = [
    ("executor: shared-iterations, vus: 10, iterations: 200, maxDuration: 30s", 200, 0),
    ("executor: per-vu-iterations, vus: 10, iterations: 20, maxDuration: 30s", 200, 0),
    ("executor: constant-vus, vus: 10, duration: 30s", 600, 12),
    (
        "executor: ramping-vus, startVUs: 0, gracefulRampDown: 0s, \
         stages: [ { target: 10, duration: 20s }, { target: 0, duration: 10s } ]",
        280,
        5,
    ),
    (
        "executor: constant-arrival-rate, duration: 30s, rate: 30, timeUnit: 1s, \
         preAllocatedVUs: 2, maxVUs: 50",
        901,
        1,
    ),
    (
        "executor: ramping-arrival-rate, startRate: 300, timeUnit: 1m, preAllocatedVUs: 2, maxVUs: 50, \
         stages: [ { target: 300, duration: 1m }, { target: 600, duration: 2m }, \
         { target: 600, duration: 4m }, { target: 60, duration: 2m } ]",
        4260,
        1,
    ),
];

#[test]
fn the_examples_of_k6_iterate_as_often_as_in_k6() {
    for (scenario, counted, tolerance) in OF_K6 {
        let text = format!(
            "requests: {{ contacts: {{ get: / }} }}\n\
             flows: {{ main: [ {{ use: contacts }}, {{ think: 500ms }} ] }}\n\
             scenarios: {{ contacts: {{ exec: main, {scenario} }} }}\n"
        );
        let plan = PlanBuilder::of(crate::load_flow::plan(&text));
        let (outcome, _) = requests(&plan, MILLI / 5);
        let totals = &outcome.totals().scenarios[0];
        let ours = totals.iterations + totals.dropped;
        assert!(ours.abs_diff(counted) <= tolerance, "{scenario}: {ours}, in k6 {counted}");
    }
}
