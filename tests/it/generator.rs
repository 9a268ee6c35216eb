//! The generator watches itself, on the real system.

use std::process::Command;
use std::time::Duration;

use shakedown::model::FailureClass;
use shakedown::plan::Executor;

use crate::load_bed::PlanBuilder;
use crate::load_server::Keep;
use crate::load_server::TestServer;

#[test]
fn a_window_tells_what_the_generator_has_of_the_machine() {
    let server = TestServer::plain(Keep::Alive);
    let executor = Executor::ConstantVus { vus: 8, duration: Duration::from_millis(1_200) };
    let outcome = PlanBuilder::against(&server.url(), executor).threads(2).run();
    let window = outcome.windows().next().expect("one was a second long");
    let (threads, machine) = (&window.generator.threads, window.generator.machine);
    assert_eq!(threads.len(), 2);
    assert!(threads.iter().all(|cpu| *cpu > 0.0 && *cpu <= 1.0), "{threads:?}");
    let mean = threads.iter().sum::<f64>() / 2.0;
    assert!((window.generator.cpu - mean).abs() < 1e-9, "{} {threads:?}", window.generator.cpu);
    let ports = machine.ports.expect("Linux tells");
    assert_eq!(ports.used, 8);
    assert!(ports.limit > 1_000, "{ports}");
    let descriptors = machine.descriptors.expect("Linux tells");
    assert!(descriptors.used > 8 && descriptors.used < descriptors.limit, "{descriptors}");
    assert!(machine.memory.expect("Linux tells") > 1 << 20);
    assert!(machine.time_wait.is_some() && machine.stolen.is_some());
}

#[test]
fn running_out_of_descriptors_is_the_generators_failure_and_no_silence() {
    let server = TestServer::plain(Keep::Alive);
    let shakedown = env!("CARGO_BIN_EXE_shakedown");
    let script = format!(
        "ulimit -n 60 && exec {shakedown} load {} -c 100 -n 2000 --no-tui --json",
        server.url()
    );
    let output = Command::new("sh")
        .arg("-c")
        .arg(script)
        .env("SHAKEDOWN_HISTORY", "off")
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    let failed = report["load"]["failures"][FailureClass::LocalLimit.as_str()].as_u64();
    assert!(failed.is_some_and(|count| count > 0), "{said}");
    assert!(report["load"]["failures"]["connect"].is_null(), "{said}");
    let warnings = report["validity"]["warnings"].to_string();
    let counted = format!("{} requests failed as local_limit", failed.unwrap_or_default());
    assert!(warnings.contains(&counted) && warnings.contains("ulimit"), "{warnings}");
    let descriptors = &report["generator"]["descriptors"];
    assert_eq!(descriptors["limit"], 60, "{descriptors}");
    assert!(said.contains("local_limit") && said.contains("Too many open files"), "{said}");
}
