//! Changing the load while it runs, in virtual time: nothing is lost, nothing comes in a burst.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::load::ControlError;
use shakedown::load::LiveControl;
use shakedown::model::Amount;
use shakedown::model::LoadChangeKind;
use shakedown::model::LoadCommand;
use shakedown::model::Seed;
use shakedown::model::StopToken;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Overrides;
use shakedown::plan::Spacing;
use shakedown::plan::from_text;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_bed::START;

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn open(rate: f64, seconds: u64) -> Executor {
    Executor::ConstantArrivalRate {
        rate,
        duration: Duration::from_secs(seconds),
        pre_allocated_vus: 20,
        max_vus: 20,
        late: Late::Queue,
        arrivals: Spacing::Even,
    }
}

fn closed(vus: u32, seconds: u64) -> Executor {
    Executor::ConstantVus { vus, duration: Duration::from_secs(seconds) }
}

/// Runs it with these commands, each said at its millisecond; when requests came, since the start.
fn run(executor: Executor, commands: &[(u64, LoadCommand)]) -> (Outcome, Vec<u64>) {
    let mut plan = PlanBuilder::new(executor);
    let control = plan.control();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let outcome = plan.run_on(&StopToken::default(), |_| {
        let (seen, control) = (Arc::clone(&seen), control.clone());
        let mut left = commands.to_vec();
        Ok(SimReactor::new(move |at: u64, _: &[u8]| {
            seen.lock().expect("not poisoned").push(at - START);
            // All at the first request, for later: during a pause nobody would come to say more.
            for (millis, command) in left.drain(..) {
                let said = START + millis * MILLI - 100 * MILLI;
                control.apply(command, "a test", said).expect("it can be done");
            }
            vec![Reply::Bytes { after: 10 * MILLI, bytes: OK.to_vec() }]
        }))
    });
    let seen = seen.lock().expect("not poisoned").clone();
    (outcome, seen)
}

fn between(times: &[u64], from_ms: u64, to_ms: u64) -> usize {
    times.iter().filter(|time| (from_ms * MILLI..to_ms * MILLI).contains(time)).count()
}

#[test]
fn a_rate_goes_on_by_its_integral_with_the_new_scale() {
    let rate = |amount| LoadCommand::Rate(amount);
    let commands = [
        (1_000, rate(Amount::OfPlan(2.0))),
        (2_000, rate(Amount::Total(50.0))),
        (3_000, rate(Amount::Step(0.1))),
    ];
    let (outcome, times) = run(open(100.0, 4), &commands);
    let seconds: Vec<_> = (0..4).map(|s| between(&times, s * 1_000, (s + 1) * 1_000)).collect();
    assert_eq!(seconds, [100, 200, 50, 60]);
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    // To the nanosecond that is cut off.
    assert!(gaps.min() >= Some(5 * MILLI - 1), "no burst");
    assert!(outcome.validity().is_valid(), "{:?}", outcome.validity());
    let told: Vec<_> = outcome.changes().iter().map(|change| change.kind).collect();
    assert_eq!(
        told,
        [
            LoadChangeKind::Rate { factor: 2.0, per_second: 200.0 },
            LoadChangeKind::Rate { factor: 0.5, per_second: 50.0 },
            LoadChangeKind::Rate { factor: 0.6, per_second: 60.0 },
        ]
    );
    assert_eq!(outcome.changes()[0].at, Duration::from_nanos(START + SECOND));
    assert_eq!(outcome.changes()[0].by, "a test");
}

#[test]
fn a_pause_moves_everything_behind_it() {
    let commands = [(1_005, LoadCommand::Pause), (3_005, LoadCommand::Resume)];
    let (outcome, times) = run(open(100.0, 2), &commands);
    assert_eq!(times.len(), 200);
    assert_eq!((between(&times, 0, 1_005), between(&times, 3_005, 4_000)), (101, 99));
    assert_eq!(outcome.only_series().latency.max(), Some(Duration::from_millis(10)));

    let (outcome, times) = run(closed(3, 2), &commands);
    assert_eq!((between(&times, 0, 1_005), between(&times, 3_005, 4_000)), (303, 300));
    assert_eq!(between(&times, 1_005, 3_005), 0);
    // What was under way has finished, on connections that are still there.
    assert_eq!(outcome.totals().scenarios[0].iterations, times.len() as u64);
    assert_eq!(outcome.only_series().connections, 3);
}

#[test]
fn users_come_and_leave_on_demand() {
    let commands = [
        (1_000, LoadCommand::Vus(Amount::Total(8.0))),
        (2_000, LoadCommand::Vus(Amount::OfPlan(0.5))),
    ];
    let (outcome, times) = run(closed(4, 3), &commands);
    let seconds: Vec<_> = (0..3).map(|s| between(&times, s * 1_000, (s + 1) * 1_000)).collect();
    for (started, line) in seconds.iter().zip([400, 800, 200]) {
        // Whoever is done at the very moment of leaving may begin once more.
        assert!(started.abs_diff(line) <= 8, "{seconds:?}");
    }
    assert_eq!(outcome.changes()[1].kind, LoadChangeKind::Vus { factor: 0.5, vus: 2 });
}

/// Runs it and asks once, at the first request; the answers.
fn ask_mid_run(
    plan: &mut PlanBuilder,
    ask: impl Fn() -> Vec<String> + Clone + Send + Sync + 'static,
) -> Vec<String> {
    let said = Arc::new(Mutex::new(Vec::new()));
    plan.run_on(&StopToken::default(), |_| {
        let (ask, said) = (ask.clone(), Arc::clone(&said));
        Ok(SimReactor::new(move |_: u64, _: &[u8]| {
            let mut said = said.lock().expect("not poisoned");
            if said.is_empty() {
                *said = ask();
            }
            vec![Reply::Bytes { after: MILLI, bytes: OK.to_vec() }]
        }))
    });
    said.lock().expect("not poisoned").clone()
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut plan = PlanBuilder::new(open(100.0, 4)).max_rps(250.0);
    let control = plan.control();
    let rate = |amount| LoadCommand::Rate(amount);
    let refused = |control: &LiveControl, command| {
        control.apply(command, "a test", START).expect_err("it cannot be done")
    };
    assert_eq!(refused(&control, LoadCommand::Pause), ControlError::NotRunning);
    let steered = control.clone();
    let texts = ask_mid_run(&mut plan, move || {
        let commands = [
            LoadCommand::Resume,
            LoadCommand::Vus(Amount::Total(3.0)),
            rate(Amount::OfPlan(0.0)),
            rate(Amount::Total(f64::NAN)),
            rate(Amount::Total(251.0)),
            rate(Amount::Step(-1.0)),
        ];
        commands.map(|command| refused(&steered, command).to_string()).into()
    });
    assert_eq!(texts[0], "the load is not paused");
    assert!(texts[1].contains("use `rate`"), "{}", texts[1]);
    assert_eq!(texts[2], texts[3]);
    assert!(texts[3].contains("use `pause`"), "{}", texts[3]);
    assert_eq!(texts[4], "that would be up to 251 arrivals per second, above the limit of 250");
    assert_eq!(texts[5], texts[2]);
    assert_eq!(refused(&control, LoadCommand::Pause), ControlError::NotRunning);
}

#[test]
fn a_stop_ends_a_pause() {
    let mut plan = PlanBuilder::new(closed(2, 60));
    let (control, stop) = (plan.control(), StopToken::default());
    let outcome = plan.run_on(&stop, |_| {
        let (control, stop) = (control.clone(), stop.clone());
        Ok(SimReactor::new(move |_: u64, _: &[u8]| {
            if control.apply(LoadCommand::Pause, "a test", START).is_err() {
                stop.apply(shakedown::model::ControlCommand::Stop);
            }
            vec![Reply::Bytes { after: MILLI, bytes: OK.to_vec() }]
        }))
    });
    assert!(outcome.totals().elapsed < Duration::from_secs(1));
}

/// Two schedules and two sets of users, told apart by their paths; when requests of each came.
fn run_four(threads: usize, commands: &[(u64, &str, LoadCommand)]) -> (Outcome, [Vec<u64>; 4]) {
    let text = "
version: 1
target: http://127.0.0.1:9
requests: { a: { get: /0 }, b: { get: /1 }, c: { get: /2 }, d: { get: /3 } }
flows: { a: [ { use: a } ], b: [ { use: b } ], c: [ { use: c } ], d: [ { use: d } ] }
scenarios:
  browse: { executor: constant-arrival-rate, exec: a, rate: 100, duration: 4s, preAllocatedVUs: 20, maxVUs: 20 }
  search: { executor: constant-arrival-rate, exec: b, rate: 60, duration: 4s, preAllocatedVUs: 20, maxVUs: 20 }
  buyers: { executor: constant-vus, exec: c, vus: 4, duration: 4s }
  sellers: { executor: constant-vus, exec: d, vus: 3, duration: 4s }
";
    let overrides = Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23));
    let plan = from_text("plan.yml", text, &|_| None, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let mut plan = PlanBuilder::of(plan).threads(threads);
    let control = plan.control();
    let seen = Arc::new(Mutex::new([const { Vec::new() }; 4]));
    let said = Mutex::new(commands.to_vec());
    let outcome = plan.run_on(&StopToken::default(), |_| {
        // Before any shard's first turn: their virtual clocks know nothing of each other.
        for (millis, scenario, command) in said.lock().expect("not poisoned").drain(..) {
            let when = START + millis * MILLI - 100 * MILLI;
            control.apply_to(scenario, command, "a test", when).expect("it can be done");
        }
        let seen = Arc::clone(&seen);
        Ok(SimReactor::new(move |at: u64, request: &[u8]| {
            let place = usize::from(request[b"GET /".len()] - b'0');
            seen.lock().expect("not poisoned")[place].push(at - START);
            vec![Reply::Bytes { after: 10 * MILLI, bytes: OK.to_vec() }]
        }))
    });
    let seen = seen.lock().expect("not poisoned").clone();
    (outcome, seen)
}

fn by_second(times: &[u64]) -> Vec<usize> {
    (0..4).map(|second| between(times, second * 1_000, (second + 1) * 1_000)).collect()
}

#[test]
fn a_change_of_one_scenario_leaves_the_others_as_they_are() {
    let commands = [
        (1_000, "browse", LoadCommand::Rate(Amount::Total(200.0))),
        (2_000, "browse", LoadCommand::Rate(Amount::Step(-1.5))),
        (1_000, "buyers", LoadCommand::Vus(Amount::Total(8.0))),
    ];
    // In the order in which they are said, not in which they hold.
    let mut in_order = commands;
    in_order.sort_by_key(|(at, _, _)| *at);
    let (_, untouched) = run_four(1, &[]);
    let (outcome, changed) = run_four(1, &in_order);
    assert_eq!(by_second(&untouched[0]), [100, 100, 100, 100]);
    // The area under 100/s, 200/s, 50/s, 50/s.
    assert_eq!(by_second(&changed[0]), [100, 200, 50, 50]);
    assert_eq!(changed[1], untouched[1], "not by a nanosecond");
    assert_eq!(changed[3], untouched[3]);
    let buyers = by_second(&changed[2]);
    for (started, line) in buyers.iter().zip([400, 800, 800, 800]) {
        assert!(started.abs_diff(line) <= 8, "{buyers:?}");
    }
    let told: Vec<_> =
        outcome.changes().iter().map(|change| (change.scenario.as_deref(), change.kind)).collect();
    let expected = [
        (Some("browse"), LoadChangeKind::Rate { factor: 2.0, per_second: 200.0 }),
        (Some("buyers"), LoadChangeKind::Vus { factor: 2.0, vus: 8 }),
        (Some("browse"), LoadChangeKind::Rate { factor: 0.5, per_second: 50.0 }),
    ];
    assert_eq!(told, expected);
}

#[test]
fn shards_agree_on_a_change_of_one_scenario() {
    let (_, seen) = run_four(3, &[(2_000, "search", LoadCommand::Rate(Amount::OfPlan(0.5)))]);
    let times = |place: usize| {
        let mut times = seen[place].clone();
        times.sort_unstable();
        by_second(&times)
    };
    assert_eq!((times(0), times(1)), (vec![100; 4], vec![60, 60, 30, 30]));
}

#[test]
fn what_a_scenario_does_not_have_is_said_with_what_there_is() {
    let mut plan = PlanBuilder::new(open(100.0, 4));
    let control = plan.control();
    let said = ask_mid_run(&mut plan, move || {
        let refused = |name, command, at| {
            let refused = control.apply_to(name, command, "a test", START + at);
            refused.expect_err("it cannot be done").to_string()
        };
        let rate = LoadCommand::Rate(Amount::OfPlan(2.0));
        vec![
            refused("mian", rate, 0),
            refused("nothing like it", rate, 0),
            refused("main", LoadCommand::Vus(Amount::OfPlan(2.0)), 0),
            refused("main", rate, 5 * SECOND),
        ]
    });
    let expected = [
        "there is no scenario `mian`, did you mean `main`?; the plan has `main`",
        "there is no scenario `nothing like it`; the plan has `main`",
        "scenario `main` has no users that can be changed; with an arrival rate, use `rate`",
        "scenario `main` is over",
    ];
    assert_eq!(said, expected);
}

/// Two requests one after the other; the second is left out from the first to the second second. When
/// each came.
fn run_without(scenario: &str) -> (Outcome, [Vec<usize>; 2]) {
    let text = format!(
        "version: 1\ntarget: http://127.0.0.1:9\nrequests:\n  one: {{ get: /one }}\n  \
         two: {{ get: /two }}\nflows:\n  both: [ {{ use: one }}, {{ use: two }} ]\nscenarios:\n  main: {scenario}\n"
    );
    let overrides = Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23));
    let plan = from_text("plan.yml", &text, &|_| None, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let mut plan = PlanBuilder::of(plan);
    let control = plan.control();
    let seen = Arc::new(Mutex::new([Vec::new(), Vec::new()]));
    let outcome = plan.run_on(&StopToken::default(), |_| {
        let (seen, control) = (Arc::clone(&seen), control.clone());
        let mut said = false;
        Ok(SimReactor::new(move |at: u64, bytes: &[u8]| {
            let place = usize::from(bytes.starts_with(b"GET /two"));
            seen.lock().expect("not poisoned")[place].push(at - START);
            if !std::mem::replace(&mut said, true) {
                let instead = [None, Some(Duration::from_millis(10))];
                for (millis, instead) in [(1_000, instead), (2_000, [None, None])] {
                    let at = START + millis * MILLI - 100 * MILLI;
                    control.leave_out(&instead, "a test", at).expect("it can be done");
                }
            }
            vec![Reply::Bytes { after: 10 * MILLI, bytes: OK.to_vec() }]
        }))
    });
    let seen = seen.lock().expect("not poisoned").clone();
    (outcome, seen.map(|times| by_second(&times)[..3].to_vec()))
}

#[test]
fn a_request_that_is_left_out_takes_its_time_and_nothing_else_changes() {
    for scenario in [
        "{ executor: constant-arrival-rate, exec: both, rate: 100, duration: 3s, preAllocatedVUs: 20 }",
        // A user takes 20 ms for both, so four are 200 passes in a second.
        "{ executor: constant-vus, exec: both, vus: 4, duration: 3s }",
    ] {
        let (outcome, [one, two]) = run_without(scenario);
        let usual = one[0];
        assert!(usual >= 100, "{one:?}");
        for second in &one {
            assert!(second.abs_diff(usual) <= 4, "{scenario}: {one:?}");
        }
        // What had begun before comes within the first hundredth.
        assert!(
            two[0].abs_diff(usual) <= 4 && two[1] <= 4 && two[2].abs_diff(usual) <= 4,
            "{two:?}"
        );
        let kinds: Vec<_> = outcome.changes().iter().map(|change| change.kind).collect();
        let requests = |sent| LoadChangeKind::Requests { sent, of: 2 };
        assert_eq!(kinds, [requests(1), requests(2)]);
        assert_eq!(kinds[0].to_string(), "1 of 2 requests are sent");
    }
}
