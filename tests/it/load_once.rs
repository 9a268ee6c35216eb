//! Setup, teardown and scenarios' own environment, in virtual time.

use std::io;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::load;
use shakedown::load::LoadError;
use shakedown::model::ControlCommand;
use shakedown::model::StopToken;
use shakedown::plan::Overrides;
use shakedown::plan::from_text;

use crate::load_bed::PlanBuilder;
use crate::load_bed::START;
use crate::load_flow::Seen;
use crate::load_flow::plan;

const PLAN: &str = "
requests:
  login: { post: /login, form: { user: a }, extract: { token: { jsonpath: $.token } }, checks: [ { status: 200 } ] }
  item: { get: '/item/${vu}', headers: { Authorization: 'Bearer ${setup.token}' } }
  logout: { delete: '/session/${setup.token}' }
setup: [ { use: login } ]
teardown: [ { use: logout } ]
flows: { f: [ { use: item } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 2 } }
";

type Server = Box<dyn FnMut(u64, &[u8]) -> Vec<Reply>>;

/// What came, with its bearer; `status` answers the login.
fn reactor(
    seen: &Seen,
    status: &'static str,
) -> impl Fn(usize) -> io::Result<SimReactor<Server>> + Sync {
    let seen = seen.clone();
    move |_| {
        let seen = seen.clone();
        let answer = move |_: u64, request: &[u8]| {
            let text = String::from_utf8_lossy(request).into_owned();
            let bearer = text.lines().find_map(|line| line.strip_prefix("Authorization: "));
            let line = text.split(" HTTP/").next().unwrap_or_default();
            seen.note(format!("{line} {}", bearer.unwrap_or("-")).as_bytes());
            let (status, body) = match line {
                "POST /login" => (status, r#"{"token":"t-17"}"#),
                _ => ("200 OK", ""),
            };
            let length = body.len();
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
            vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
        };
        Ok(SimReactor::new(Box::new(answer) as Server))
    }
}

#[test]
fn setup_is_done_once_and_every_iteration_on_every_thread_has_its_values() {
    let seen = Seen::default();
    let builder = PlanBuilder::of(plan(PLAN)).threads(2);
    let outcome = builder.run_on(&StopToken::default(), reactor(&seen, "200 OK"));
    let mut all = seen.all();
    assert_eq!(all.first().map(String::as_str), Some("POST /login -"));
    assert_eq!(all.last().map(String::as_str), Some("DELETE /session/t-17 -"));
    all.sort();
    let item = |vu| format!("GET /item/{vu} Bearer t-17");
    assert_eq!(all[1..5], [item(1), item(1), item(2), item(2)]);
    assert_eq!(all.len(), 6);
    assert_eq!(outcome.only_series().requests, 4, "nothing of it is counted");
    assert_eq!(outcome.warnings(), Vec::<&str>::new());
}

fn refused(text: &str, status: &'static str) -> (LoadError, Vec<String>) {
    let seen = Seen::default();
    let job = PlanBuilder::of(plan(text)).job();
    let (events, _taken) = tokio::sync::mpsc::channel(1_000);
    let stop = StopToken::default();
    let outcome = load::run_on(&job, START, reactor(&seen, status), &events, &stop);
    (outcome.expect_err("setup does not succeed"), seen.all())
}

#[test]
fn a_setup_that_does_not_succeed_keeps_the_load_from_starting() {
    let (error, seen) = refused(PLAN, "500 No");
    assert_eq!(error.to_string(), "`setup`: request `login` failed with status 500");
    assert_eq!(seen, ["POST /login -"]);
    let without = PLAN
        .replace("$.token }", "$.other }")
        .replace("setup: [ { use: login } ]", "setup: [ { use: login }, { use: item2 } ]")
        .replace("requests:\n", "requests:\n  item2: { get: '/x/${token}' }\n");
    let (error, _) = refused(&without, "200 OK");
    assert!(error.to_string().contains("request `item2` failed: `token` has no value"), "{error}");
    let checked = PLAN.replace("[ { status: 200 } ]", "[ { contains: nothing } ]");
    let (error, _) = refused(&checked, "200 OK");
    assert!(error.to_string().contains("of request `login` did not hold"), "{error}");
    let slow = PLAN.replace("[ { use: login } ]", "[ { use: login }, { think: 90s } ]");
    let (error, _) = refused(&slow, "200 OK");
    assert!(error.to_string().contains("was not over after 1m"), "{error}");
}

#[test]
fn teardown_is_done_after_a_stop_and_not_after_a_cancel() {
    for (command, is_done) in [(ControlCommand::Stop, true), (ControlCommand::Cancel, false)] {
        let text = PLAN
            .replace("setup: [ { use: login } ]\n", "")
            .replace("setup.token", "vu")
            .replace("vus: 2, iterations: 2", "vus: 1, iterations: 1000000");
        let seen = Seen::default();
        let stop = StopToken::default();
        let inner = reactor(&seen, "200 OK");
        let outcome = PlanBuilder::of(plan(&text)).run_on(&stop, |shard| {
            stop.apply(command);
            inner(shard)
        });
        let last = seen.all().last().cloned().unwrap_or_default();
        assert_eq!(last.starts_with("DELETE /session/1"), is_done, "{last}");
        assert_eq!(outcome.warnings().is_empty(), is_done, "{:?}", outcome.warnings());
    }
}

#[test]
fn a_scenario_has_an_environment_of_its_own() {
    let text = "
requests: { get: { get: '/${env.REGION}/${env.KIND:-usual}' } }
flows: { f: [ { use: get, if: '${env.REGION} != nowhere' } ] }
scenarios:
  a: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2, env: { REGION: eu, KIND: big } }
  b: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1, env: { REGION: us } }
  c: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1, env: { REGION: nowhere } }
";
    let seen = Seen::default();
    PlanBuilder::of(plan(text)).run_on(&StopToken::default(), reactor(&seen, "200 OK"));
    let mut all = seen.all();
    all.sort();
    assert_eq!(all, ["GET /eu/big -", "GET /eu/big -", "GET /us/usual -"]);
}

#[test]
fn what_nothing_gives_is_refused() {
    let refusal = |rest: &str| {
        let overrides = Overrides::new(shakedown::model::Seed(7), jiff::civil::date(2026, 11, 23));
        let text = format!("version: 1\ntarget: http://127.0.0.1:9\n{rest}");
        let errors = from_text("plan.yml", &text, &|_| None, &overrides).expect_err("refused");
        errors.render(false)
    };
    let said = refusal(&PLAN.replace("setup: [ { use: login } ]\n", ""));
    assert!(said.contains("`${setup.token}`: the plan has no `setup`"), "{said}");
    let said = refusal(&PLAN.replace("Bearer ${setup.token}", "Bearer ${setup.tokne}"));
    assert!(said.contains("`setup` does not extract `tokne`, did you mean `token`?"), "{said}");
    let said = refusal(
        &PLAN.replace("setup: [ { use: login } ]", "setup: [ { think: 1s } ]\nsetupTimeout: 0s"),
    );
    assert!(said.contains("`setup` sends nothing") && said.contains("above 0"), "{said}");
    let said = refusal("requests: { a: { get: / } }\nteardown: [ { use: a } ]\nsetupTimeout: 1s\n");
    assert!(
        said.contains("`teardown` is done once for all scenarios, and there is none"),
        "{said}"
    );
    assert!(said.contains("`setupTimeout` belongs to `setup`"), "{said}");
    let said = refusal(
        "requests: { a: { get: '/${env.A}' } }\nflows: { f: [ { use: a } ] }\nscenarios:\n  \
         x: { executor: constant-vus, exec: f, vus: 1, duration: 1s, env: { A: 1 } }\n  \
         y: { executor: constant-vus, exec: f, vus: 1, duration: 1s }\n",
    );
    assert!(said.contains("scenario `y` needs `${env.A}`, and nothing gives it a value"), "{said}");
}
