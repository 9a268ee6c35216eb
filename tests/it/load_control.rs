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

#[test]
fn what_cannot_be_done_is_said() {
    let mut plan = PlanBuilder::new(open(100.0, 4)).max_rps(250.0);
    let control = plan.control();
    let rate = |amount| LoadCommand::Rate(amount);
    let apply = |control: &LiveControl, command| control.apply(command, "a test", START).err();
    assert_eq!(apply(&control, LoadCommand::Pause), Some(ControlError::NotRunning));
    let said = Arc::new(Mutex::new(Vec::new()));
    plan.run_on(&StopToken::default(), |_| {
        let (control, said) = (control.clone(), Arc::clone(&said));
        Ok(SimReactor::new(move |_: u64, _: &[u8]| {
            let mut said = said.lock().expect("not poisoned");
            if said.is_empty() {
                *said = vec![
                    apply(&control, LoadCommand::Resume),
                    apply(&control, LoadCommand::Vus(Amount::Total(3.0))),
                    apply(&control, rate(Amount::OfPlan(0.0))),
                    apply(&control, rate(Amount::Total(f64::NAN))),
                    apply(&control, rate(Amount::Total(251.0))),
                    apply(&control, rate(Amount::Step(-1.0))),
                ];
            }
            vec![Reply::Bytes { after: MILLI, bytes: OK.to_vec() }]
        }))
    });
    let said = said.lock().expect("not poisoned").clone();
    let texts: Vec<String> =
        said.into_iter().map(|error| error.map_or(String::new(), |e| e.to_string())).collect();
    assert_eq!(texts[0], "the load is not paused");
    assert!(texts[1].contains("use `rate`"), "{}", texts[1]);
    assert_eq!(texts[2], texts[3]);
    assert!(texts[3].contains("use `pause`"), "{}", texts[3]);
    assert_eq!(texts[4], "that would be up to 251 arrivals per second, above the limit of 250");
    assert_eq!(texts[5], texts[2]);
    assert_eq!(apply(&control, LoadCommand::Pause), Some(ControlError::NotRunning));
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
