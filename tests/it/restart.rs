//! A target that dies in mid-run and comes back.

use std::net::TcpListener;
use std::time::Duration;

use shakedown::load;
use shakedown::model::ControlCommand;
use shakedown::model::Event;
use shakedown::model::FailureClass;
use shakedown::model::LoadWindow;
use shakedown::model::StopToken;
use shakedown::plan::Executor;

use crate::load_bed::PlanBuilder;
use crate::program::Shop;

const USERS: u32 = 20;

/// Answered requests, and refused connections.
fn counts(window: &LoadWindow) -> (u64, u64) {
    let tallies = || window.series.iter().map(|series| &series.tally);
    let refused = |tally: &shakedown::model::Tally| {
        tally.failures.get(&FailureClass::ConnectRefused).copied().unwrap_or(0)
    };
    (
        tallies().map(|tally| tally.statuses.values().sum::<u64>()).sum(),
        tallies().map(refused).sum(),
    )
}

#[test]
fn a_target_that_restarts_is_survived_without_a_storm_of_connections() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = port.local_addr().expect("it is bound");
    drop(port);
    let mut shop = Some(Shop::on_port(address.port()));
    let duration = Duration::from_secs(120);
    let mut plan = PlanBuilder::against(
        &format!("http://{address}/static/theme.css"),
        Executor::ConstantVus { vus: USERS, duration },
    );
    plan.plan_mut().scenarios[0].graceful_stop = Duration::from_secs(5);
    let job = plan.job();
    let (events, mut taken) = tokio::sync::mpsc::channel(1_000);
    let stop = StopToken::default();
    let stopper = stop.clone();
    let engine = std::thread::spawn(move || load::run(&job, &events, &stop));
    let (mut away, mut refused, mut recovered) = (0, 0, false);
    while let Some(event) = taken.blocking_recv() {
        let Event::LoadWindow(window) = event else { continue };
        let (answered, failed) = counts(&window);
        refused += failed;
        match &shop {
            Some(_) if away == 0 => {
                if answered > 0 {
                    shop = None;
                    away = 1;
                }
            }
            None if away < 3 => away += 1,
            None => shop = Some(Shop::on_port(address.port())),
            Some(_) => {
                away += u64::from(answered == 0);
                if answered > 100 && failed == 0 && !recovered {
                    recovered = true;
                    stopper.apply(ControlCommand::Stop);
                }
            }
        }
    }
    engine.join().expect("no panic").expect("it ran");
    assert!(recovered, "throughput came back");
    assert!(refused > 0, "what failed was counted");
    // Each user tries at once, then after pauses that double up to a second, half of it by chance:
    // ten attempts in the first second at most, then two a second.
    let most = u64::from(USERS) * (10 + 2 * (away + 3));
    assert!(refused <= most, "{refused} connects in {away} windows, more than {most}");
}
