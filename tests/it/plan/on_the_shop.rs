//! The example plans against the demo shop: every flow goes through, and every check holds.

use std::fs;
use std::path::Path;
use std::time::Duration;

use shakedown::flow::Flow;
use shakedown::flow::Op;
use shakedown::model::Conversation;
use shakedown::model::Event;
use shakedown::plan::Executor;
use shakedown::plan::Plan;
use shakedown::plan::Scenario;
use shakedown::plan::load_file;
use tungstenite::Message;

use super::overrides;
use crate::load_bed::PlanBuilder;
use crate::own_shop::OwnShop;

/// The example of that path, aimed at `base`.
fn example(path: &Path, base: &str) -> Plan {
    let env = |name: &str| (name == "BASE_URL").then(|| base.to_owned());
    load_file(path, &env, &overrides()).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

/// One iteration of every flow, more of one that draws, without their pauses; a request that no flow sends gets its own.
fn once(mut plan: Plan) -> Plan {
    for (index, template) in plan.requests.iter().enumerate() {
        let is_sent = |flow: &Flow| flow.requests().any(|used| used == index);
        if template.enabled && !plan.flows.iter().any(is_sent) {
            plan.flows.push(Flow { name: template.name.clone(), ops: vec![Op::Use(index)] });
        }
    }
    for flow in &mut plan.flows {
        for op in &mut flow.ops {
            if let Op::Think { min, max } | Op::Pace { min, max } = op {
                (*min, *max) = (Duration::ZERO, Duration::ZERO);
            }
        }
    }
    let scenario = |(flow, Flow { name, ops, .. }): (usize, &Flow)| Scenario {
        name: name.clone(),
        flow,
        executor: Executor::SharedIterations {
            vus: 1,
            iterations: if ops.iter().any(|op| matches!(op, Op::Draw(_))) { 100 } else { 1 },
            max_duration: Duration::from_secs(30),
        },
        start_time: Duration::ZERO,
        graceful_stop: Duration::from_secs(30),
        warmup: false,
        tags: std::collections::BTreeMap::new(),
        given: Vec::new(),
    };
    plan.scenarios = plan.flows.iter().enumerate().map(scenario).collect();
    plan
}

/// What failed when `plan` was run, in words.
fn failures(plan: Plan) -> Vec<String> {
    let outcome = PlanBuilder::of(once(plan)).run();
    let mut failures = Vec::new();
    let declared = outcome.events().iter().find_map(|event| match event {
        Event::LoadDeclared { series, .. } => Some(series),
        _ => None,
    });
    let declared = declared.expect("it is declared");
    for series in &outcome.totals().series {
        let meta = &declared[series.series.0 as usize];
        if series.tally.requests == 0 {
            failures.push(format!("{}: not sent", meta.request));
        }
        if series.tally.failed > 0 {
            failures.push(format!("{}: {:?}", meta.request, series.tally.exemplars));
        }
        for check in series.tally.checks.iter().filter(|check| check.fails > 0) {
            failures.push(format!("{}: `{}` does not hold", meta.request, check.name));
        }
    }
    failures
}

/// Runs every example on the shop; what failed.
async fn failures_on_the_shop(safe: bool) -> Vec<String> {
    let shop = OwnShop::open(safe).await;
    let mut all = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        let plan = example(&path, &shop.url);
        // The shop speaks neither gRPC nor WebSocket.
        if plan.requests.iter().any(|request| request.conversation != Conversation::Response) {
            continue;
        }
        // What the burden does to others is what the flawed shop shows with it.
        if !safe && !plan.burden.is_empty() {
            continue;
        }
        let failures = tokio::task::spawn_blocking(move || failures(plan)).await;
        let failures = failures.expect("no panic").into_iter();
        all.extend(failures.map(|failure| format!("{}: {failure}", path.display())));
    }
    shop.close().await;
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_go_through_on_both_shops() {
    for safe in [false, true] {
        let failures = failures_on_the_shop(safe).await;
        assert!(failures.is_empty(), "safe: {safe}\n{}", failures.join("\n"));
    }
}

#[test]
fn the_example_of_a_session_goes_through_with_a_peer_that_answers_as_it_says() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let peer = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client comes");
        let mut socket = tungstenite::accept(stream).expect("a handshake");
        let mut asked = 0;
        while let Ok(Message::Text(text)) = socket.read() {
            let answer = if text.contains("join") {
                r#"{"seat":"A 1"}"#
            } else {
                assert_eq!(text.as_str(), r#"{"seat":"A 1","ask":"price"}"#);
                asked += 1;
                r#"{"price":17}"#
            };
            socket.send(Message::text(answer)).expect("open");
        }
        asked
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/live.yml");
    assert_eq!(failures(example(&path, &base)), Vec::<String>::new());
    assert_eq!(peer.join().expect("it was served"), 10);
}
