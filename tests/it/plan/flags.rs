//! One-liners: `load URL` with oha's meaning, `scan URL`.

use std::time::Duration;

use shakedown::flow::Flow;
use shakedown::model::ExitCode;
use shakedown::model::Header;
use shakedown::model::Seed;
use shakedown::model::{Conversation, Expectation, MessageStep, WebSocketSession};
use shakedown::plan::Body;
use shakedown::plan::Browsing;
use shakedown::plan::CommonFlags;
use shakedown::plan::Executor;
use shakedown::plan::FlagError;
use shakedown::plan::Late;
use shakedown::plan::LoadFlags;
use shakedown::plan::Plan;
use shakedown::plan::Policy;
use shakedown::plan::Probing;
use shakedown::plan::ScanFlags;
use shakedown::plan::Spacing;
use shakedown::plan::StageList;
use shakedown::plan::Strength;
use shakedown::plan::TlsPolicy;
use shakedown::plan::load_url;
use shakedown::plan::scan_url;

use super::CHECKS;

fn load_flags() -> LoadFlags {
    LoadFlags::new(CommonFlags::new("127.0.0.1:8080/items?id=1", Seed(7)))
}

fn scan_flags() -> ScanFlags {
    ScanFlags::new(
        CommonFlags::new("http://127.0.0.1:8080/", Seed(7)),
        CHECKS.map(str::to_owned).to_vec(),
    )
}

fn executor(flags: &LoadFlags) -> Executor {
    load_url(flags).expect("valid").scenarios[0].executor.clone()
}

fn usage(result: Result<Plan, FlagError>) -> String {
    let error = result.expect_err("refused");
    assert_eq!(error.exit_code(), ExitCode::Usage);
    error.to_string()
}

#[test]
fn stages_are_a_ramp_from_nothing_and_users_from_one() {
    let mut flags = load_flags();
    flags.stages = Some("0:10s,200:1m,200:0s".parse().expect("stages"));
    flags.arrivals = Some(Spacing::Poisson);
    let Executor::RampingArrivalRate { start_rate, stages, arrivals, late, max_vus, .. } =
        executor(&flags)
    else {
        panic!("{flags:?}")
    };
    let targets: Vec<_> = stages.iter().map(|s| (s.target, s.duration.as_secs())).collect();
    assert_eq!(targets, [(0.0, 10), (200.0, 60), (200.0, 0)]);
    assert_eq!((start_rate, max_vus, late, arrivals), (0.0, 50, Late::Queue, Spacing::Poisson));

    let mut flags = load_flags();
    flags.vu_stages = Some("10:30s".parse().expect("stages"));
    let Executor::RampingVus { start_vus, stages, .. } = executor(&flags) else {
        panic!("{flags:?}")
    };
    assert_eq!((start_vus, stages[0].target), (1, 10));
}

#[test]
fn what_is_no_stage_is_told_with_the_cure() {
    let said = |text: &str| text.parse::<StageList<f64>>().expect_err("refused");
    assert_eq!(
        said("30s:20"),
        "`30s:20` does not begin with a target; the target comes first, like 20:30s"
    );
    assert_eq!(said("20"), "`20` is no stage; write target and time, like 200:1m");
    assert!(said("20:x").contains("not a duration"));
    assert!(said("x:1s").contains("write it like 200:1m"));
    assert!("1.5:1s".parse::<StageList<u32>>().is_err());
}

#[test]
fn bursts_are_all_that_begin_in_time() {
    let mut flags = load_flags();
    flags.burst_delay = Some(Duration::from_millis(300));
    flags.burst_rate = Some(4);
    flags.duration = Some(Duration::from_secs(1));
    let counted = |flags: &LoadFlags| {
        let Executor::ConstantArrivalRate { rate, duration, arrivals, .. } = executor(flags) else {
            panic!("{flags:?}")
        };
        assert_eq!(arrivals, Spacing::Bursts(4));
        (rate * duration.as_secs_f64() * 2.0).round() / 2.0
    };
    assert!((counted(&flags) - 15.5).abs() < 1e-9);
    flags.duration = None;
    flags.requests = Some(10);
    assert!((counted(&flags) - 9.5).abs() < 1e-9);
}

#[test]
fn shapes_that_contradict_each_other_are_refused() {
    let refused = |change: fn(&mut LoadFlags)| {
        let mut flags = load_flags();
        change(&mut flags);
        usage(load_url(&flags))
    };
    for (text, said) in [
        (
            refused(|f| {
                f.stages = "5:1s".parse().ok();
                f.rate = Some(5.0);
            }),
            "--stages and -q exclude",
        ),
        (
            refused(|f| {
                f.stages = "5:1s".parse().ok();
                f.duration = Some(Duration::from_secs(1));
            }),
            "--stages and -z",
        ),
        (
            refused(|f| {
                f.vu_stages = "5:1s".parse().ok();
                f.connections = Some(5);
            }),
            "--vu-stages and -c",
        ),
        (
            refused(|f| {
                f.vu_stages = "5:1s".parse().ok();
                f.stages = "5:1s".parse().ok();
            }),
            "--stages and --vu-stages",
        ),
        (
            refused(|f| {
                f.burst_delay = Some(Duration::from_secs(1));
                f.rate = Some(5.0);
            }),
            "--burst-delay and -q",
        ),
        (refused(|f| f.burst_rate = Some(5)), "give both"),
        (refused(|f| f.burst_delay = Some(Duration::ZERO)), "expected a number"),
        (refused(|f| f.arrivals = Some(Spacing::Poisson)), "needs -q or --stages"),
        (refused(|f| f.stages = "0:1s".parse().ok()), "nothing is sent"),
        (refused(|f| f.stages = "5:0s".parse().ok()), "no time at all"),
        (refused(|f| f.stages = "-5:1s".parse().ok()), "target -5"),
        (refused(|f| f.vu_stages = "2000000:1s".parse().ok()), "target 2000000"),
    ] {
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_bare_url_is_200_requests_over_50_connections() {
    let plan = load_url(&load_flags()).expect("valid");
    let Executor::SharedIterations { vus: 50, iterations: 200, .. } = plan.scenarios[0].executor
    else {
        panic!("{:?}", plan.scenarios[0])
    };
    let [request] = plan.requests.as_slice() else { panic!("one request") };
    assert_eq!(request.name, "/items");
    assert_eq!(request.path_template, "/items");
    assert_eq!(request.request.url(), "http://127.0.0.1:8080/items?id=1");
    assert_eq!(request.request.method.as_str(), "GET");
    assert_eq!(plan.flows[0].requests().collect::<Vec<_>>(), [0]);
    assert_eq!(plan.connection.timeout, Duration::from_secs(60));
    assert_eq!(plan.connection.tls, TlsPolicy::Verify);
    assert_eq!(plan.planned_load_duration(), None);
    assert!(plan.scan.is_none());
}

#[test]
fn fewer_requests_than_connections_take_fewer_connections() {
    let flags = LoadFlags { requests: Some(3), ..load_flags() };
    assert!(matches!(executor(&flags), Executor::SharedIterations { vus: 3, iterations: 3, .. }));
}

#[test]
fn a_duration_is_a_closed_model_and_beats_the_number() {
    let duration = Duration::from_secs(5);
    let flags = LoadFlags {
        duration: Some(duration),
        connections: Some(9),
        requests: Some(3),
        ..load_flags()
    };
    assert_eq!(executor(&flags), Executor::ConstantVus { vus: 9, duration });
}

#[test]
fn a_rate_is_an_open_model_that_queues() {
    let duration = Duration::from_secs(5);
    let flags = LoadFlags { duration: Some(duration), rate: Some(30.0), ..load_flags() };
    assert_eq!(
        executor(&flags),
        Executor::ConstantArrivalRate {
            rate: 30.0,
            duration,
            pre_allocated_vus: 50,
            max_vus: 50,
            late: Late::Queue,
            arrivals: Spacing::Even,
        }
    );
}

#[test]
fn a_rate_with_a_number_ends_between_the_last_and_the_next_arrival() {
    for (requests, rate) in [(200, 3.0), (1, 0.5), (7, 7000.0), (1_000_000, 333.3)] {
        let flags = LoadFlags { requests: Some(requests), rate: Some(rate), ..load_flags() };
        let seconds = executor(&flags).duration().as_secs_f64();
        let due = |arrival: u64| arrival as f64 / rate;
        assert!(due(requests - 1) < seconds && seconds < due(requests), "{requests} at {rate}");
    }
}

#[test]
fn method_headers_body_and_expectations_are_taken() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("body.json");
    std::fs::write(&path, b"{\xff}").expect("written");
    let mut flags = load_flags();
    flags.common.headers = vec!["Accept: text/html".to_owned(), "X-Empty:".to_owned()];
    flags.method = Some("post".to_owned());
    flags.body = Some(Body::File(path));
    flags.expected_statuses = vec![201];
    flags.observe = vec!["X-Served-By".to_owned()];
    let plan = load_url(&flags).expect("valid");
    let request = &plan.requests[0];
    assert_eq!(request.request.method.as_str(), "POST");
    assert_eq!(
        request.request.headers,
        [Header::new("Accept", "text/html"), Header::new("X-Empty", "")]
    );
    assert_eq!(request.request.body, b"{\xff}");
    assert_eq!(request.expected_statuses, [201]);
    assert_eq!(plan.observe, ["X-Served-By"]);
    flags.body = Some(Body::Text("a=1".to_owned()));
    assert_eq!(load_url(&flags).expect("valid").requests[0].request.body, b"a=1");
}

#[test]
fn a_websocket_url_sends_its_body_as_messages() {
    let mut flags = load_flags();
    flags.common.url = "ws://127.0.0.1:8080/echo".to_owned();
    flags.body = Some(Body::Text("hello".to_owned()));
    flags.messages = Some(7);
    let plan = load_url(&flags).expect("valid");
    let request = &plan.requests[0];
    assert_eq!(request.request.url(), "http://127.0.0.1:8080/echo");
    assert!(request.request.body.is_empty());
    let send = MessageStep::Send { payload: b"hello".to_vec(), binary: false };
    let answer = MessageStep::Expect { what: Expectation::Any, within: None };
    let steps = vec![MessageStep::Repeat { times: 7, steps: vec![send, answer] }];
    let session = WebSocketSession { steps, ..WebSocketSession::default() };
    assert_eq!(request.conversation, Conversation::WebSocket(session));

    let refused = |change: fn(&mut LoadFlags)| {
        let mut flags = flags.clone();
        change(&mut flags);
        usage(load_url(&flags))
    };
    assert!(refused(|flags| flags.body = None).contains("give it with -d"));
    assert!(refused(|flags| flags.method = Some("PUT".to_owned())).starts_with("-m has no"));
    assert!(refused(|flags| flags.common.url = "http://127.0.0.1/".into()).contains("ws://"));
}

#[test]
fn flags_that_make_no_sense_are_usage_errors() {
    let with = |change: fn(&mut LoadFlags)| {
        let mut flags = load_flags();
        change(&mut flags);
        usage(load_url(&flags))
    };
    let messages = [
        with(|flags| flags.common.url = "ftp://127.0.0.1/".to_owned()),
        with(|flags| flags.common.headers = vec!["no colon".to_owned()]),
        with(|flags| flags.common.headers = vec!["X: a\r\nY: b".to_owned()]),
        with(|flags| flags.common.timeout = Some(Duration::ZERO)),
        with(|flags| flags.connections = Some(0)),
        with(|flags| flags.requests = Some(0)),
        with(|flags| flags.duration = Some(Duration::ZERO)),
        with(|flags| flags.rate = Some(f64::NAN)),
        with(|flags| flags.method = Some("GET / HTTP/1.1\r\n".to_owned())),
        with(|flags| flags.observe = vec!["a b".to_owned()]),
        with(|flags| flags.expected_statuses = vec![20]),
        with(|flags| flags.body = Some(Body::File("no/such/file".into()))),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    `ftp://127.0.0.1/` has the scheme `ftp`; only http and https are supported
    -H `no colon` is not a header; write it like 'Name: value'
    -H: the value of header `X` contains a control character
    the timeout must be longer than 0
    -c 0: expected a whole number from 1 to 1000000
    -n 0 sends nothing
    -z 0 sends nothing
    -q NaN: expected a number above 0 and at most 10000000
    `GET / HTTP/1.1\r\n` is not a method
    --observe: `a b` is not a header name
    20 is not a status from 100 to 599
    reading the body from no/such/file
    "#);
}

#[test]
fn a_public_address_needs_a_name() {
    let mut flags = load_flags();
    flags.common.url = "http://8.8.8.8/".to_owned();
    assert_eq!(load_url(&flags).expect_err("refused").exit_code(), ExitCode::Refused);
    flags.common.authorised_by = Some("A. Person".to_owned());
    let plan = load_url(&flags).expect("authorised");
    assert_eq!(plan.scope.authorised_by(), Some("A. Person"));
}

#[test]
fn a_scan_is_safe_and_slow_unless_asked() {
    let plan = scan_url(&scan_flags()).expect("valid");
    let scan = plan.scan.expect("a scan");
    assert!(scan.active.is_empty() && !scan.allow_unsafe);
    assert!((scan.max_rps - 50.0).abs() < f64::EPSILON);
    assert_eq!(plan.connection.timeout, Duration::from_secs(30));
    assert_eq!(plan.connection.tls, TlsPolicy::AcceptAndReport);
    assert!(plan.scenarios.is_empty() && plan.requests.is_empty());
}

#[test]
fn active_without_ids_is_a_policy() {
    let probing = |flags: &ScanFlags| {
        let scan = scan_url(flags).expect("valid").scan.expect("a scan");
        assert!(scan.active.is_empty() && scan.is_active());
        scan.probing
    };
    let usual = ScanFlags { active: Some(Vec::new()), ..scan_flags() };
    let of = |probing: Probing| (probing.policy, probing.strength);
    assert_eq!(of(probing(&usual)), (Some(Policy::Standard), Strength::Medium));
    let quick = ScanFlags { policy: Some(Policy::Ci), ..usual.clone() };
    assert_eq!(of(probing(&quick)), (Some(Policy::Ci), Strength::Low));
    let more = ScanFlags { strength: Some(Strength::High), ..quick };
    assert_eq!(of(probing(&more)), (Some(Policy::Ci), Strength::High));
    let one = ScanFlags { active: Some(vec!["sqli-error".to_owned()]), ..scan_flags() };
    assert_eq!(scan_url(&one).expect("valid").scan.expect("a scan").active, ["sqli-error"]);
}

#[test]
fn scan_flags_are_taken() {
    let flags = ScanFlags {
        depth: Some(2),
        max_urls: Some(30),
        rps: Some(5.0),
        concurrency: Some(2),
        allow_unsafe: true,
        browser: Some(Browsing { max_pages: 7, max_time: Duration::from_secs(9) }),
        exclude: vec!["^/logout".to_owned()],
        ..scan_flags()
    };
    let plan = scan_url(&flags).expect("valid");
    assert!(plan.scope.judge(&plan.target.origin, "/logout").is_err());
    let scan = plan.scan.expect("a scan");
    assert_eq!((scan.crawl.depth, scan.crawl.max_urls, scan.concurrency), (2, 30, 2));
    assert!(scan.allow_unsafe);
    let browsing = scan.crawl.browser.expect("one is asked for");
    assert_eq!((browsing.max_pages, browsing.max_time), (7, Duration::from_secs(9)));
}

#[test]
fn scan_flags_that_make_no_sense_are_usage_errors() {
    let messages = [
        usage(scan_url(&ScanFlags { active: Some(vec!["sqli-eror".to_owned()]), ..scan_flags() })),
        usage(scan_url(&ScanFlags { rps: Some(0.0), ..scan_flags() })),
        usage(scan_url(&ScanFlags { concurrency: Some(0), ..scan_flags() })),
        usage(scan_url(&ScanFlags { max_urls: Some(0), ..scan_flags() })),
        usage(scan_url(&ScanFlags { include: vec!["[".to_owned()], ..scan_flags() })),
        usage(scan_url(&ScanFlags { rule_dirs: vec!["no/such".into()], ..scan_flags() })),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    --active: unknown check `sqli-eror`; did you mean `sqli-error`?
    the scan's rate 0: expected a number above 0 and at most 10000000
    concurrency and the number of URLs start at 1
    concurrency and the number of URLs start at 1
    --include or --exclude is no regex: regex parse error:
        [
        ^
    error: unclosed character class
    `no/such` is not a directory
    "#);
}

#[test]
fn a_scope_without_the_start_page_is_refused() {
    let flags = ScanFlags { include: vec!["^/shop".to_owned()], ..scan_flags() };
    assert_eq!(scan_url(&flags).expect_err("refused").exit_code(), ExitCode::Refused);
}

#[test]
fn the_hash_follows_the_flags_and_not_the_seed() {
    let hash = |flags: &LoadFlags| load_url(flags).expect("valid").hash;
    let mut other = load_flags();
    other.common.seed = Seed(8);
    assert_eq!(hash(&load_flags()), hash(&other));
    other.rate = Some(1.0);
    assert_ne!(hash(&load_flags()), hash(&other));
}

#[test]
fn urls_of_a_file_are_requests_of_one_flow() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("urls.txt");
    let text =
        "http://127.0.0.1:8080/a?x=1\nhttp://127.0.0.1:8080/a?x=2\nhttp://127.0.0.1:8080/a?x=1";
    std::fs::write(&file, text).expect("writable");
    let mut flags = load_flags();
    flags.common.url = file.display().to_string();
    flags.urls_from_file = true;
    flags.body = Some(Body::Text("b".to_owned()));
    let plan = load_url(&flags).expect("valid");
    let names: Vec<_> = plan.requests.iter().map(|request| request.name.as_str()).collect();
    assert_eq!(names, ["/a?x=1", "/a?x=2"]);
    assert!(plan.requests.iter().all(|request| request.request.body == b"b"));
    assert_eq!(plan.flows[0].ops, Flow::one_of(String::new(), &[0, 1, 0]).ops);
    let same = load_url(&flags).expect("valid").hash;
    std::fs::write(&file, format!("{text}\nhttp://127.0.0.2:8080/b")).expect("writable");
    let more = load_url(&flags).expect("valid");
    assert_eq!(plan.hash, same);
    assert_ne!(plan.hash, more.hash, "what the file says is part of the plan");
    assert_eq!(more.requests[2].name, "http://127.0.0.2:8080/b", "hosts tell them apart");
    assert_eq!(more.scope.origins().len(), 2);

    std::fs::write(&file, "http://127.0.0.1/\nhttp://8.8.8.8/\n").expect("writable");
    let refused = load_url(&flags).expect_err("nobody authorised the second");
    assert_eq!(refused.exit_code(), ExitCode::Refused);
    assert!(refused.to_string().contains("urls.txt:2"), "{refused}");
    std::fs::write(&file, "http://8.8.8.8/\n").expect("writable");
    let refused = load_url(&flags).expect_err("nor the first");
    assert!(refused.to_string().contains("urls.txt:1"), "{refused}");
    flags.common.authorised_by = Some("A. Person".to_owned());
    load_url(&flags).expect("authorised");
    flags.common.url = "no/such/file".to_owned();
    assert!(usage(load_url(&flags)).contains("reading URLs from no/such/file"));
}
