//! The example plans: all of them are valid, aim at loopback and mean what their comments say.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use shakedown::model::Origin;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Plan;
use shakedown::plan::Spacing;
use shakedown::plan::load_file;

use super::CHECKS;
use super::overrides;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn load(name: &str) -> Plan {
    load_with(name, &|_| None)
}

fn load_with(name: &str, env: &dyn Fn(&str) -> Option<String>) -> Plan {
    load_file(&folder().join(name), env, &overrides())
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

/// Name, executor and requests of every scenario.
fn scenarios(plan: &Plan) -> Vec<(&str, &Executor, Vec<&str>)> {
    plan.scenarios
        .iter()
        .map(|scenario| {
            let requests = plan.flows[scenario.flow].requests();
            let names = requests.map(|index| plan.requests[index].name.as_str()).collect();
            (scenario.name.as_str(), &scenario.executor, names)
        })
        .collect()
}

fn arrivals(rate: f64, seconds: u64, pre_allocated_vus: u32, max_vus: u32) -> Executor {
    Executor::ConstantArrivalRate {
        rate,
        duration: Duration::from_secs(seconds),
        pre_allocated_vus,
        max_vus,
        late: Late::Drop,
        arrivals: Spacing::Even,
    }
}

#[test]
fn every_example_is_valid_aims_at_loopback_and_carries_no_date() {
    let mut seen = 0;
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let plan = load(&name);
        assert_eq!(plan.target.url(), "http://127.0.0.1:8080/", "{name}");
        let text = fs::read_to_string(&path).expect("readable");
        assert!(!text.contains("until:"), "{name}");
        let elsewhere = load_with(&name, &|variable| {
            (variable == "BASE_URL").then(|| "http://127.0.0.1:9999".to_owned())
        });
        let port = |origin: &Origin| origin.port;
        assert_eq!(port(&elsewhere.target.origin), 9999, "{name}");
        assert!(elsewhere.requests.iter().all(|r| port(&r.request.origin) == 9999), "{name}");
        seen += 1;
    }
    assert!(seen >= 6, "only {seen} examples");
}

#[test]
fn smoke_is_five_rounds_of_one_user() {
    let plan = load("smoke.yml");
    assert_eq!(
        scenarios(&plan),
        [(
            "smoke",
            &Executor::SharedIterations {
                vus: 1,
                iterations: 5,
                max_duration: Duration::from_secs(30)
            },
            vec!["home", "products", "product", "api"]
        )]
    );
    assert!(plan.scan.is_none());
}

#[test]
fn average_load_follows_the_rate_of_the_environment() {
    let plan = load("average-load.yml");
    assert_eq!(
        scenarios(&plan),
        [
            ("warmup", &arrivals(2.0, 20, 20, 20), vec!["home", "search", "product"]),
            ("visitors", &arrivals(10.0, 300, 100, 400), vec!["home", "search", "product"]),
            ("buyers", &arrivals(0.5, 300, 10, 50), vec!["product", "checkout"]),
        ]
    );
    assert!(plan.scenarios[0].warmup && !plan.scenarios[1].warmup);
    assert_eq!(plan.planned_load_duration(), Some(Duration::from_secs(320)));
    let faster = load_with("average-load.yml", &|name| (name == "RATE").then(|| "25".to_owned()));
    assert_eq!(faster.scenarios[1].executor, arrivals(25.0, 300, 100, 400));
}

#[test]
fn the_scan_sends_nothing_unsafe() {
    let plan = load("scan.yml");
    assert!(plan.scenarios.is_empty());
    assert!(plan.requests.iter().all(|request| request.request.method.is_safe()));
    let scan = plan.scan.expect("a scan");
    assert!(!scan.allow_unsafe && scan.unsafe_requests.is_empty());
    assert_eq!(scan.active, CHECKS);
}

#[test]
fn the_release_gate_runs_both_engines() {
    let plan = load("release-gate.yml");
    assert_eq!(
        scenarios(&plan),
        [
            ("visitors", &arrivals(20.0, 120, 60, 150), vec!["home", "search", "product"]),
            (
                "buyers",
                &Executor::ConstantVus { vus: 5, duration: Duration::from_secs(120) },
                vec!["api-search", "checkout"]
            ),
        ]
    );
    let checkout = &plan.requests[4];
    assert_eq!(checkout.expected_statuses, [201]);
    assert_eq!(
        String::from_utf8_lossy(&checkout.request.body),
        r#"{"items":[{"product_id":1,"quantity":1}],"ship_to":"1 Test Street"}"#
    );
    assert_eq!(plan.scan.expect("a scan").unsafe_requests, [4]);
    assert_eq!(plan.thresholds.len(), 7);
    assert!(plan.thresholds[1].abort_on_fail);
    assert_eq!(plan.outputs.len(), 5);
}

#[test]
fn the_demo_loads_for_fifteen_seconds_and_runs_every_check() {
    let plan = load("demo.yml");
    assert_eq!(plan.planned_load_duration(), Some(Duration::from_secs(15)));
    assert!(plan.scenarios.iter().any(|scenario| scenario.executor.is_open()));
    assert!(plan.scenarios.iter().any(|scenario| !scenario.executor.is_open()));
    assert!(plan.limits.max_time.expect("bounded") < Duration::from_secs(60));
    assert_eq!(plan.observe, ["X-Served-By"]);
    let mut active = plan.scan.expect("a scan").active;
    active.sort();
    // Some are for plans that declare something.
    let is_declared =
        |check: &&str| check.starts_with("rate-limit") || ["access-matrix", "race"].contains(check);
    let known = CHECKS.into_iter().filter(|check| !is_declared(check));
    assert_eq!(active, known.collect::<Vec<_>>());
    let gates: Vec<String> = plan.thresholds.iter().map(ToString::to_string).collect();
    assert!(gates.iter().any(|gate| gate == "findings{severity:>=high}: count==0"));
    assert!(gates.iter().any(|gate| gate.contains("p(95)<")));
}
