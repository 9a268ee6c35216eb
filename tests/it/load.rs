//! The laws of the load engine, in virtual time: exact figures, no clock, no socket.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::http::reactor::Accept;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::http::reactor::SimServer;
use shakedown::model::ControlCommand;
use shakedown::model::FailureClass;
use shakedown::model::StopToken;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Spacing;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_bed::START;

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn ok_after(after: u64) -> Vec<Reply> {
    vec![Reply::Bytes { after, bytes: OK.to_vec() }]
}

fn run<S, M>(plan: &PlanBuilder, server: M) -> Outcome
where
    S: SimServer,
    M: Fn() -> S + Sync,
{
    plan.run_on(&StopToken::default(), |_| Ok(SimReactor::new(server())))
}

fn open(late: Late, seconds: u64, vus: u32) -> Executor {
    Executor::ConstantArrivalRate {
        rate: 5_000.0,
        duration: Duration::from_secs(seconds),
        pre_allocated_vus: vus,
        max_vus: vus,
        late,
        arrivals: Spacing::Even,
    }
}

fn closed(vus: u32, seconds: u64) -> Executor {
    Executor::ConstantVus { vus, duration: Duration::from_secs(seconds) }
}

/// 100 µs of service, and one stall of 500 ms from the fourth second on.
fn stall(at: u64) -> u64 {
    let (from, to) = (START + 3 * SECOND, START + 3 * SECOND + 500 * MILLI);
    let ready = if (from..to).contains(&at) { to } else { at };
    ready - at + MILLI / 10
}

/// Latencies in nanoseconds of 5,000/s on 64 users who take arrivals in order: computed without
/// the engine.
fn stall_reference(seconds: u64) -> Vec<u64> {
    let mut free: BinaryHeap<_> = (0..64).map(|_| Reverse(0)).collect();
    let mut latencies: Vec<_> = (0..seconds * 5_000)
        .map(|index| {
            let intended = START + index * SECOND / 5_000;
            let Reverse(free_at) = free.pop().expect("64 users");
            let sent = intended.max(free_at);
            let done = sent + stall(sent);
            free.push(Reverse(done));
            done - intended
        })
        .collect();
    latencies.sort_unstable();
    latencies
}

fn exact(sorted: &[u64], per_mille: usize) -> f64 {
    let rank = (sorted.len() * per_mille).div_ceil(1_000);
    sorted[rank - 1] as f64 / 1e9
}

#[test]
fn a_stall_is_seen_by_every_arrival_it_delayed() {
    let plan = PlanBuilder::new(open(Late::Queue, 8, 64));
    let outcome = run(&plan, || |at: u64, _: &[u8]| ok_after(stall(at)));
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (40_000, 0));
    assert_eq!(outcome.totals().scenarios[0].iterations, 40_000);
    assert_eq!(outcome.totals().scenarios[0].dropped, 0);
    let reference = stall_reference(8);
    for (per_mille, tolerance) in [(500, 0.01), (990, 0.02), (999, 0.01), (1_000, 0.01)] {
        let expected = exact(&reference, per_mille);
        let quantile = per_mille as f64 / 1e3;
        let measured = tally.latency.quantile(quantile).expect("not empty").as_secs_f64();
        let error = (measured - expected).abs() / expected;
        assert!(error <= tolerance, "{per_mille} ‰: {measured} instead of {expected}");
    }
    // From the actual start, the stall would have been 64 requests of 40,000.
    let service = tally.duration.quantile(0.99).expect("not empty");
    assert!(service < Duration::from_millis(1), "{service:?}");
    assert!(outcome.validity().is_valid(), "{:?}", outcome.validity());
}

#[test]
fn dropped_arrivals_and_sent_ones_are_all_there_are() {
    let plan = PlanBuilder::new(open(Late::Drop, 8, 64));
    let outcome = run(&plan, || |at: u64, _: &[u8]| ok_after(stall(at)));
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!(scenario.iterations + scenario.dropped, 40_000);
    // The first answer comes 500.1 ms after the stall began: 2,501 arrivals, 64 of them find a user.
    assert_eq!(scenario.dropped, 2_501 - 64);
    assert_eq!(outcome.only_series().requests, scenario.iterations);
}

#[test]
fn users_grow_from_those_allocated_to_the_most_allowed() {
    let executor = Executor::ConstantArrivalRate {
        rate: 100.0,
        duration: Duration::from_secs(2),
        pre_allocated_vus: 1,
        max_vus: 5,
        late: Late::Drop,
        arrivals: Spacing::Even,
    };
    let outcome = run(&PlanBuilder::new(executor), || |_: u64, _: &[u8]| ok_after(45 * MILLI));
    assert_eq!(outcome.totals().scenarios[0].dropped, 0);
    assert_eq!(outcome.only_series().connections, 5);
}

#[test]
fn a_closed_model_iterates_as_fast_as_it_is_answered() {
    let plan = PlanBuilder::new(closed(10, 1));
    let outcome = run(&plan, || |_: u64, _: &[u8]| ok_after(10 * MILLI));
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (1_000, 0, 10));
    assert_eq!(tally.latency.min(), Some(Duration::from_millis(10)));
    assert_eq!(tally.latency.max(), Some(Duration::from_millis(10)));
    assert_eq!(tally.bytes_received, 1_000 * OK.len() as u64);
    assert_eq!(outcome.totals().elapsed, Duration::from_secs(1));
}

#[test]
fn shared_iterations_are_done_once_over_all_shards() {
    let executor = Executor::SharedIterations {
        vus: 7,
        iterations: 1_001,
        max_duration: Duration::from_secs(600),
    };
    let plan = PlanBuilder::new(executor).threads(3);
    let outcome = run(&plan, || |_: u64, _: &[u8]| ok_after(MILLI));
    assert_eq!(outcome.only_series().requests, 1_001);
}

#[test]
fn think_time_spaces_requests_and_is_no_latency() {
    let plan = PlanBuilder::new(closed(2, 1)).think(Duration::from_millis(90));
    let outcome = run(&plan, || |_: u64, _: &[u8]| ok_after(10 * MILLI));
    assert_eq!(outcome.only_series().requests, 20);
    assert_eq!(outcome.only_series().latency.max(), Some(Duration::from_millis(10)));
    let iterations = &outcome.totals().scenarios[0].iteration_duration;
    assert_eq!(iterations.max(), Some(Duration::from_millis(100)));
}

#[test]
fn phases_add_up_to_the_latency() {
    struct Slow;
    impl SimServer for Slow {
        fn accept(&mut self, _at: u64) -> Accept {
            Accept::After(3 * MILLI)
        }
        fn answer(&mut self, _at: u64, _request: &[u8]) -> Vec<Reply> {
            let (first, second) = OK.split_at(20);
            vec![
                Reply::Bytes { after: 5 * MILLI, bytes: first.to_vec() },
                Reply::Bytes { after: 7 * MILLI, bytes: second.to_vec() },
            ]
        }
    }
    let executor =
        Executor::SharedIterations { vus: 1, iterations: 1, max_duration: Duration::from_secs(9) };
    let outcome = run(&PlanBuilder::new(executor), || Slow);
    let tally = outcome.only_series();
    let phases = tally.phases.clone().map(|phase| phase.sum().as_millis());
    assert_eq!(phases, [0, 0, 3, 0, 0, 5, 2]);
    assert_eq!(tally.latency.max(), Some(Duration::from_millis(10)));
    assert_eq!(tally.duration.max(), Some(Duration::from_millis(7)));
}

/// Answers every request, and ends the connection in one of three ways.
fn closing(way: u8) -> impl SimServer {
    let mut asked = 0;
    move |_: u64, _: &[u8]| {
        asked += 1;
        let closes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        match (way, asked % 5) {
            // Announced.
            (0, 0) => vec![
                Reply::Bytes { after: MILLI, bytes: closes.into() },
                Reply::Close { after: MILLI },
            ],
            // Behind the response, unannounced.
            (1, 0) => [ok_after(MILLI), vec![Reply::Close { after: MILLI + 1 }]].concat(),
            // While the next request is on its way.
            (2, 0) => vec![Reply::Close { after: MILLI }],
            (3, 0) => vec![Reply::Reset { after: MILLI }],
            _ => ok_after(MILLI),
        }
    }
}

#[test]
fn no_request_is_lost_when_the_server_closes_a_kept_connection() {
    for way in 0..4 {
        let plan = PlanBuilder::new(closed(1, 1));
        let outcome = run(&plan, || closing(way));
        let tally = outcome.only_series();
        assert_eq!(tally.failed, 0, "way {way}: {:?}", tally.failures);
        assert!(tally.requests > 700, "way {way}: {}", tally.requests);
        assert!(tally.connections > 150, "way {way}: {}", tally.connections);
    }
}

#[test]
fn a_request_with_side_effects_is_not_sent_twice() {
    let plan = PlanBuilder::new(closed(1, 1)).post(b"x=1");
    let outcome = run(&plan, || closing(2));
    let tally = outcome.only_series();
    assert_eq!(tally.failed, tally.failures[&FailureClass::Closed]);
    assert!(tally.failed > 100, "{}", tally.failed);
}

#[test]
fn refused_connections_are_counted_and_backed_off_from() {
    struct Refusing;
    impl SimServer for Refusing {
        fn accept(&mut self, _at: u64) -> Accept {
            Accept::Refuse(MILLI / 10)
        }
        fn answer(&mut self, _at: u64, _request: &[u8]) -> Vec<Reply> {
            unreachable!("nobody connects")
        }
    }
    let outcome = run(&PlanBuilder::new(closed(4, 10)), || Refusing);
    let tally = outcome.only_series();
    assert_eq!(tally.requests, tally.failures[&FailureClass::ConnectRefused]);
    assert_eq!((tally.requests, tally.connections), (tally.failed, 0));
    // 10, 20, … 640 ms and then 1 s, half of each by chance: 17–34 per user, not 100,000.
    assert!((60..160).contains(&tally.requests), "{}", tally.requests);
    assert!(tally.latency.is_empty(), "a refusal is no response time");

    let outcome = run(&PlanBuilder::new(open(Late::Drop, 1, 8)), || Refusing);
    assert_eq!(outcome.only_series().failed, 5_000, "the schedule is the bound");
}

#[test]
fn a_target_that_comes_back_is_used_again() {
    struct Restarting;
    impl SimServer for Restarting {
        fn accept(&mut self, at: u64) -> Accept {
            let down = START + SECOND..START + 2 * SECOND;
            if down.contains(&at) { Accept::Refuse(1) } else { Accept::After(1) }
        }
        fn answer(&mut self, at: u64, _request: &[u8]) -> Vec<Reply> {
            if at < START + SECOND {
                ok_after(MILLI)
            } else if at < START + 2 * SECOND {
                vec![Reply::Reset { after: 1 }]
            } else {
                ok_after(MILLI)
            }
        }
    }
    let outcome = run(&PlanBuilder::new(closed(4, 5)), || Restarting);
    let tally = outcome.only_series();
    assert!(tally.requests - tally.failed > 4 * 2_500, "{}", tally.requests);
    assert!(tally.failures.contains_key(&FailureClass::ConnectRefused));
}

#[test]
fn silence_is_a_timeout_by_the_phase_it_happens_in() {
    struct Silent(Accept, &'static str);
    impl SimServer for Silent {
        fn accept(&mut self, _at: u64) -> Accept {
            self.0
        }
        fn answer(&mut self, _at: u64, _request: &[u8]) -> Vec<Reply> {
            let bytes = self.1.as_bytes().to_vec();
            if bytes.is_empty() { Vec::new() } else { vec![Reply::Bytes { after: MILLI, bytes }] }
        }
    }
    let accepted = Accept::After(MILLI);
    for (accept, answer, class) in [
        (Accept::Never, "", FailureClass::ConnectTimeout),
        (accepted, "", FailureClass::WaitTimeout),
        (accepted, "HTTP/1.1 200 OK\r\nContent-Le", FailureClass::ReceiveTimeout),
        (
            accepted,
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            FailureClass::ReceiveTimeout,
        ),
    ] {
        let plan = PlanBuilder::new(closed(1, 1)).timeout(Duration::from_millis(300));
        let outcome = run(&plan, || Silent(accept, answer));
        let tally = outcome.only_series();
        assert_eq!(tally.failures.get(&class), Some(&tally.requests), "{:?}", tally.failures);
        // 0, 300, then 600 ms and a pause of at most 10 ms.
        assert_eq!(tally.requests, 4);
        assert_eq!(tally.latency.max(), Some(Duration::from_millis(300)));
    }
}

#[test]
fn garbage_is_a_protocol_failure_and_a_cut_response_a_closed_one() {
    for (bytes, class) in [
        ("this is no HTTP\r\n\r\n", FailureClass::Protocol),
        ("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", FailureClass::Closed),
        ("", FailureClass::Closed),
    ] {
        let outcome = run(&PlanBuilder::new(closed(1, 1)), || {
            move |_: u64, _: &[u8]| {
                vec![Reply::Bytes { after: 1, bytes: bytes.into() }, Reply::Close { after: MILLI }]
            }
        });
        let tally = outcome.only_series();
        assert_eq!(tally.failures.keys().collect::<Vec<_>>(), [&class], "{bytes}");
        assert_eq!(tally.failed, tally.requests);
        let sample = tally.exemplars.iter().find_map(|exemplar| exemplar.failure.clone());
        assert!(!sample.expect("an error is kept").1.is_empty());
    }
}

#[test]
fn statuses_are_judged_as_the_request_expects() {
    let answer = |_: u64, _: &[u8]| {
        let bytes = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec();
        vec![Reply::Bytes { after: MILLI, bytes }]
    };
    let outcome = run(&PlanBuilder::new(closed(1, 1)), || answer);
    assert_eq!(outcome.only_series().failed, 1_000);
    assert_eq!(outcome.only_series().statuses[&404], 1_000);
    let outcome = run(&PlanBuilder::new(closed(1, 1)).expect_status(404), || answer);
    assert_eq!(outcome.only_series().failed, 0);
}

#[test]
fn a_stop_lets_iterations_finish_and_a_cancel_cuts_them_off() {
    for (command, finished, interrupted) in
        [(ControlCommand::Stop, 16, 0), (ControlCommand::Cancel, 12, 4)]
    {
        let stop = StopToken::default();
        let plan = PlanBuilder::new(closed(4, 60)).grace(Duration::from_secs(10));
        // The fourth request of every user is on its way when the command comes.
        let outcome = plan.run_on(&stop, |_| {
            Ok(SimReactor::new(|at: u64, _: &[u8]| {
                if at >= START + SECOND {
                    stop.apply(command);
                }
                ok_after(400 * MILLI)
            }))
        });
        let scenario = &outcome.totals().scenarios[0];
        assert_eq!((scenario.iterations, scenario.interrupted), (finished, interrupted));
        assert_eq!(outcome.only_series().requests, finished);
    }
}

#[test]
fn a_stop_before_the_start_sends_nothing() {
    let stop = StopToken::default();
    stop.apply(ControlCommand::Stop);
    for executor in [closed(4, 60), open(Late::Queue, 60, 4)] {
        let plan = PlanBuilder::new(executor).warmup_before(Duration::from_secs(5));
        let outcome = plan.run_on(&stop, |_| {
            Ok(SimReactor::new(|_: u64, _: &[u8]| unreachable!("nothing may be sent")))
        });
        assert_eq!(outcome.windows().count(), 0);
        assert_eq!(outcome.totals().elapsed, Duration::ZERO);
    }
}

#[test]
fn iterations_beyond_the_grace_are_interrupted() {
    let plan = PlanBuilder::new(closed(3, 1)).grace(Duration::from_millis(100));
    let outcome = run(&plan, || |_: u64, _: &[u8]| ok_after(700 * MILLI));
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!((scenario.iterations, scenario.interrupted), (3, 3));
}

#[test]
fn shards_share_the_whole_schedule_and_windows_add_up_to_the_totals() {
    let plan = PlanBuilder::new(open(Late::Queue, 3, 64)).threads(3);
    let outcome = run(&plan, || |_: u64, _: &[u8]| ok_after(MILLI));
    assert_eq!(outcome.only_series().requests, 15_000);
    let in_windows: u64 = outcome
        .windows()
        .flat_map(|window| &window.series)
        .map(|series| series.tally.requests)
        .sum();
    assert_eq!(in_windows, 15_000);
    let latencies: u64 = outcome.only_series().latency.len();
    assert_eq!(latencies, 15_000);
    let mut end = Duration::from_nanos(START);
    for window in outcome.windows() {
        assert_eq!(window.from, end, "windows leave no gap");
        end = window.to;
    }
}

#[test]
fn a_warm_up_is_shown_and_not_counted() {
    let plan = PlanBuilder::new(closed(2, 1)).warmup_before(Duration::from_secs(1));
    let outcome = run(&plan, || |_: u64, _: &[u8]| ok_after(10 * MILLI));
    assert_eq!(outcome.totals().series.len(), 1);
    assert_eq!(outcome.totals().series[0].series.0, 1);
    assert_eq!(outcome.totals().series[0].tally.requests, 200);
    assert_eq!(outcome.totals().scenarios[0].iterations, 0);
    assert_eq!(outcome.totals().elapsed, Duration::from_secs(1));
    let warm: u64 = outcome
        .windows()
        .filter(|window| window.warmup)
        .flat_map(|window| &window.series)
        .map(|series| series.tally.requests)
        .sum();
    assert_eq!(warm, 200);
}

#[test]
fn the_rate_cap_holds_over_all_shards() {
    let plan = PlanBuilder::new(closed(20, 2)).threads(2).max_rps(100.0);
    let outcome = run(&plan, || |_: u64, _: &[u8]| ok_after(MILLI));
    let requests = outcome.only_series().requests;
    // Two seconds at 100/s, and the users that wait for their slot at the end still get it.
    assert!((200..=220).contains(&requests), "{requests}");
}

#[test]
fn large_bodies_go_out_in_pieces() {
    let body = vec![b'x'; 100_000];
    let seen = Arc::new(Mutex::new(Vec::new()));
    let plan = PlanBuilder::new(Executor::SharedIterations {
        vus: 1,
        iterations: 2,
        max_duration: Duration::from_secs(60),
    })
    .post(&body);
    let outcome = plan.run_on(&StopToken::default(), |_| {
        let seen = Arc::clone(&seen);
        let server = move |_: u64, request: &[u8]| {
            seen.lock().expect("not poisoned").push(request.len());
            ok_after(MILLI)
        };
        Ok(SimReactor::new(server).with_write_limit(1_000))
    });
    let tally = outcome.only_series();
    let seen = seen.lock().expect("not poisoned");
    assert_eq!(seen.len(), 2);
    assert_eq!(tally.bytes_sent, seen.iter().sum::<usize>() as u64);
    assert!(tally.phases[4].max() >= Some(Duration::from_micros(990)), "{:?}", tally.phases[4]);
}

#[test]
fn a_large_response_is_read_in_turns_and_an_endless_one_times_out() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n";
    let whole = [head.as_slice(), &vec![b'x'; 5_000_000]].concat();
    let executor =
        Executor::SharedIterations { vus: 2, iterations: 4, max_duration: Duration::from_secs(60) };
    let outcome = run(&PlanBuilder::new(executor.clone()), || {
        let whole = whole.clone();
        move |_: u64, _: &[u8]| vec![Reply::Bytes { after: MILLI, bytes: whole.clone() }]
    });
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (4, 0), "{:?}", tally.failures);
    assert_eq!(tally.bytes_received, 4 * whole.len() as u64);

    let plan = PlanBuilder::new(executor).timeout(Duration::from_secs(1));
    let outcome = run(&plan, || {
        |_: u64, _: &[u8]| {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            let chunk = |step| Reply::Bytes { after: step * MILLI, bytes: b"1\r\nx\r\n".to_vec() };
            let mut replies = vec![Reply::Bytes { after: 0, bytes: head }];
            replies.extend((1..3_000).map(chunk));
            replies
        }
    });
    assert_eq!(outcome.only_series().failures[&FailureClass::ReceiveTimeout], 4);
}

#[test]
fn observed_headers_and_exemplars_are_kept() {
    let plan = PlanBuilder::new(closed(1, 3)).observe("X-Served-By");
    let outcome = run(&plan, || {
        let mut asked = 0;
        move |_: u64, _: &[u8]| {
            asked += 1;
            let slow = asked % 3 == 0;
            let name = if slow { "c" } else { "a" };
            let text =
                format!("HTTP/1.1 200 OK\r\nx-served-by: {name}\r\nContent-Length: 0\r\n\r\n");
            vec![Reply::Bytes {
                after: if slow { 20 * MILLI } else { 5 * MILLI },
                bytes: text.into(),
            }]
        }
    });
    let tally = outcome.only_series();
    let slow = tally.observed.iter().find(|observed| observed.value == "c").expect("observed");
    assert_eq!(slow.header, "X-Served-By");
    assert_eq!(slow.count, 100);
    assert_eq!(slow.duration.min(), Some(Duration::from_millis(20)));
    assert_eq!(tally.exemplars.len(), 5);
    assert!(tally.exemplars.iter().all(|e| e.latency == Duration::from_millis(20)));
}

#[test]
fn the_tap_gets_whole_exchanges_of_some_requests() {
    let plan = PlanBuilder::new(closed(1, 1)).tap();
    let outcome = run(&plan, || |_: u64, _: &[u8]| ok_after(MILLI));
    let taken = plan.taken();
    // The first eight, and every 64th.
    assert_eq!(taken.len(), 8 + 1_000 / 64);
    let response = taken[0].response().expect("answered");
    assert_eq!((response.status, response.body.as_slice()), (200, b"ok".as_slice()));
    assert_eq!(taken[1].timings.wait, Duration::from_millis(1));
    assert_eq!(outcome.totals().tap_dropped, 0);
}

#[test]
fn the_tap_gets_errors_that_were_not_drawn() {
    let plan = PlanBuilder::new(closed(1, 1)).tap();
    run(&plan, || {
        let mut answered = 0;
        move |_: u64, _: &[u8]| {
            answered += 1;
            let status = if answered % 5 == 0 { "500 Oops" } else { "200 OK" };
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nfull");
            vec![Reply::Bytes { after: MILLI, bytes: text.into() }]
        }
    });
    let taken = plan.taken();
    let errors = taken.iter().filter_map(|exchange| exchange.response());
    let errors: Vec<_> = errors.filter(|response| response.status == 500).collect();
    // Of 200, four are drawn in any case (the 5th, 320th, 640th and 960th); of the others the first
    // eight and every eighth.
    assert_eq!(errors.len(), 4 + 8 + (196 / 8 - 1));
    assert_eq!(taken.len() - errors.len(), 8 + 1_000 / 64 - 4);
    assert!(errors.iter().all(|response| response.body == b"full"), "from their heads on");
}
