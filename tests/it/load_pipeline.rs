//! HTTP/1.1 pipelining in virtual time.

use std::time::Duration;

use proptest::prelude::*;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::FailureClass;
use shakedown::model::StopToken;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Protocol;
use shakedown::plan::Spacing;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;

const MILLI: u64 = 1_000_000;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

fn plan(depth: u32, vus: u32, iterations: u64) -> PlanBuilder {
    let max_duration = Duration::from_secs(60);
    PlanBuilder::new(Executor::SharedIterations { vus, iterations, max_duration })
        .speaking(Protocol::Http1 { pipeline: depth })
}

/// Every request is answered by its number; each server counts its own.
fn run(plan: &PlanBuilder, answer: impl Fn(u64) -> Vec<Reply> + Sync) -> Outcome {
    plan.run_on(&StopToken::default(), |_| {
        let (mut count, answer) = (0, &answer);
        Ok(SimReactor::new(move |_: u64, _: &[u8]| {
            count += 1;
            answer(count)
        }))
    })
}

fn after(after: u64, bytes: &[u8]) -> Vec<Reply> {
    vec![Reply::Bytes { after, bytes: bytes.to_vec() }]
}

#[test]
fn requests_are_in_flight_together_and_answered_in_order() {
    let outcome = run(&plan(4, 8, 80), |_| after(10 * MILLI, OK));
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (80, 0, 2));
    assert_eq!(outcome.totals().elapsed, Duration::from_millis(100));
    assert_eq!(tally.bytes_received, 80 * OK.len() as u64);
}

#[test]
fn responses_that_come_in_one_piece_are_told_apart() {
    let outcome =
        run(
            &plan(4, 4, 40),
            |count| {
                if count % 4 == 0 { after(MILLI, &OK.repeat(4)) } else { Vec::new() }
            },
        );
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (40, 0, 1));
}

#[test]
fn what_was_behind_a_last_response_is_begun_anew_elsewhere() {
    let outcome = run(&plan(4, 4, 40), |count| match count % 10 {
        3 => after(MILLI, LAST),
        _ => after(MILLI, OK),
    });
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (40, 0), "{:?}", tally.exemplars);
    assert!(tally.connections > 1);
}

#[test]
fn a_timeout_costs_the_others_only_their_connection() {
    let plan = plan(3, 3, 9).timeout(Duration::from_millis(100));
    let outcome =
        run(&plan, |count| if (5..=7).contains(&count) { Vec::new() } else { after(MILLI, OK) });
    let tally = outcome.only_series();
    assert_eq!(tally.requests, 9);
    assert!(tally.failures.contains_key(&FailureClass::WaitTimeout), "{:?}", tally.failures);
    assert_eq!(tally.connections, 2);
}

#[test]
fn garbage_and_answers_to_nothing_are_no_http() {
    let outcome = run(&plan(2, 2, 2), |_| after(MILLI, b"garbage\r\n\r\n"));
    let failures = &outcome.only_series().failures;
    assert_eq!(failures.get(&FailureClass::Protocol), Some(&2), "{failures:?}");
    let surplus = run(&plan(2, 2, 20), |_| after(MILLI, &OK.repeat(2)));
    assert_eq!(surplus.only_series().requests, 20);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// However many threads there are: who shares a connection is on one of them.
    #[test]
    fn as_many_connections_as_were_asked_for(
        connections in 1u32..7, depth in 1u32..6, threads in 1usize..5,
    ) {
        let max_duration = Duration::from_secs(60);
        let vus = connections * depth;
        let executor = Executor::PerVuIterations { vus, iterations: 2, max_duration };
        let plan = PlanBuilder::new(executor)
            .speaking(Protocol::Http1 { pipeline: depth })
            .threads(threads);
        let outcome = run(&plan, |_| after(MILLI, OK));
        let tally = outcome.only_series();
        prop_assert_eq!((tally.requests, tally.failed), (u64::from(vus) * 2, 0));
        prop_assert_eq!(tally.connections, u64::from(connections));
    }

    #[test]
    fn a_schedule_is_whole_whatever_its_users_share(
        users in 1u32..14, depth in 1u32..5, threads in 1usize..5, count in 1u32..60,
    ) {
        let plan = PlanBuilder::new(Executor::ConstantArrivalRate {
            rate: f64::from(count),
            duration: Duration::from_secs(1),
            pre_allocated_vus: users,
            max_vus: users,
            late: Late::Queue,
            arrivals: Spacing::Even,
        });
        let plan = plan.speaking(Protocol::Http1 { pipeline: depth }).threads(threads);
        let outcome = run(&plan, |_| after(MILLI, OK));
        let tally = outcome.only_series();
        prop_assert_eq!((tally.requests, tally.failed), (count.into(), 0));
        prop_assert!(tally.connections <= users.div_ceil(depth).into(), "{}", tally.connections);
    }
}
