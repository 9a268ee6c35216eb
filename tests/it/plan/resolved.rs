//! What good plans resolve to: every default, every substitution.

use std::path::Path;
use std::time::Duration;

use shakedown::flow::Draw;
use shakedown::flow::Op;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::OutputKind;
use shakedown::model::Response;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Plan;
use shakedown::plan::Spacing;
use shakedown::plan::Stage;
use shakedown::plan::StopIf;
use shakedown::plan::TlsPolicy;

use super::CHECKS;

const ONE_FLOW: &str = "requests: { home: { get: / } }\nflows: { visit: [ { use: home } ] }\n";

fn plan(rest: &str) -> Plan {
    let text = format!("version: 1\ntarget: http://127.0.0.1:8080\n{rest}");
    super::resolve(&text).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn scenario(fields: &str) -> Executor {
    plan(&format!("{ONE_FLOW}scenarios: {{ s: {{ exec: visit, {fields} }} }}")).scenarios[0]
        .executor
        .clone()
}

#[test]
fn nothing_said_gives_loads_defaults() {
    let plan = plan("");
    assert_eq!(plan.target.url(), "http://127.0.0.1:8080/");
    assert_eq!(plan.scope.origins(), std::slice::from_ref(&plan.target.origin));
    assert_eq!(plan.scope.authorised_by(), None);
    assert_eq!(plan.connection.timeout, Duration::from_secs(60));
    assert_eq!(plan.connection.tls, TlsPolicy::Verify);
    assert_eq!(plan.limits, shakedown::plan::Limits::default());
    assert!(plan.scan.is_none() && plan.scenarios.is_empty() && plan.thresholds.is_empty());
    assert_eq!(plan.hash.len(), 64);
}

#[test]
fn a_plan_that_only_scans_has_the_scanners_defaults() {
    let plan = plan("scan: {}");
    assert_eq!(plan.connection.timeout, Duration::from_secs(30));
    assert_eq!(plan.connection.tls, TlsPolicy::AcceptAndReport);
    let scan = plan.scan.expect("asked for");
    assert!(scan.active.is_empty() && !scan.allow_unsafe && scan.unsafe_requests.is_empty());
    assert!((scan.max_rps - 50.0).abs() < f64::EPSILON);
}

#[test]
fn timeout_and_insecure_are_taken() {
    let plan = plan("timeout: 1500ms\ninsecure: true\nobserve: [X-Served-By, Via, x-served-by]\n");
    assert_eq!(plan.connection.timeout, Duration::from_millis(1500));
    assert_eq!(plan.connection.tls, TlsPolicy::AcceptAndReport);
    assert_eq!(plan.observe, ["X-Served-By", "Via"]);
}

#[test]
fn executors_have_k6s_defaults() {
    assert_eq!(
        scenario("executor: constant-vus, duration: 1m30s"),
        Executor::ConstantVus { vus: 1, duration: Duration::from_secs(90) }
    );
    assert_eq!(
        scenario("executor: shared-iterations"),
        Executor::SharedIterations {
            vus: 1,
            iterations: 1,
            max_duration: Duration::from_secs(600)
        }
    );
    assert_eq!(
        scenario("executor: constant-arrival-rate, rate: 5, duration: 2s, preAllocatedVUs: 3"),
        Executor::ConstantArrivalRate {
            rate: 5.0,
            duration: Duration::from_secs(2),
            pre_allocated_vus: 3,
            max_vus: 3,
            late: Late::Drop,
            arrivals: Spacing::Even,
        }
    );
    let plan = plan(&format!(
        "{ONE_FLOW}scenarios: {{ s: {{ exec: visit, executor: shared-iterations }} }}"
    ));
    assert_eq!(plan.scenarios[0].graceful_stop, Duration::from_secs(30));
    assert_eq!(plan.scenarios[0].start_time, Duration::ZERO);
    assert!(!plan.scenarios[0].warmup);
}

#[test]
fn ramps_have_k6s_defaults() {
    let one_stage = |target| Stage { target, duration: Duration::from_secs(5) };
    assert_eq!(
        scenario("executor: ramping-vus, stages: [ { target: 9, duration: 5s } ]"),
        Executor::RampingVus {
            start_vus: 1,
            stages: vec![one_stage(9)],
            graceful_ramp_down: Duration::from_secs(30),
        }
    );
    assert_eq!(
        scenario(
            "executor: ramping-arrival-rate, preAllocatedVUs: 3, stages: [ { target: 9, duration: 5s } ]"
        ),
        Executor::RampingArrivalRate {
            start_rate: 0.0,
            stages: vec![Stage { target: 9.0, duration: Duration::from_secs(5) }],
            pre_allocated_vus: 3,
            max_vus: 3,
            late: Late::Drop,
            arrivals: Spacing::Even,
        }
    );
    assert_eq!(
        scenario("executor: per-vu-iterations"),
        Executor::PerVuIterations { vus: 1, iterations: 1, max_duration: Duration::from_secs(600) }
    );
}

#[test]
fn arrivals_may_come_by_chance() {
    let rate = scenario(
        "executor: constant-arrival-rate, rate: 5, duration: 2s, preAllocatedVUs: 3, arrivals: poisson",
    );
    let Executor::ConstantArrivalRate { arrivals, .. } = rate else { panic!("{rate:?}") };
    assert_eq!(arrivals, Spacing::Poisson);
}

#[test]
fn ramps_take_k6s_fields() {
    let ramp = scenario(
        "executor: ramping-vus, startVUs: 4, gracefulRampDown: 0s, \
         stages: [ { target: 0, duration: 5s }, { target: 7, duration: 0 } ]",
    );
    let stages = vec![
        Stage { target: 0, duration: Duration::from_secs(5) },
        Stage { target: 7, duration: Duration::ZERO },
    ];
    assert_eq!(ramp.max_vus(), 7);
    assert_eq!(
        ramp,
        Executor::RampingVus { start_vus: 4, stages, graceful_ramp_down: Duration::ZERO }
    );
    let ramp = scenario(
        "executor: ramping-arrival-rate, startRate: 60, timeUnit: 1m, preAllocatedVUs: 3, \
         maxVUs: 9, late: queue, stages: [ { target: 600, duration: 5s }, { target: 0, duration: 1m } ]",
    );
    assert_eq!(ramp.peak_rate(), Some(10.0));
    assert_eq!(ramp.planned(), Some(Duration::from_secs(65)));
    let Executor::RampingArrivalRate { start_rate, stages, .. } = ramp else { panic!("{ramp:?}") };
    assert_eq!((start_rate, stages[0].target, stages[1].target), (1.0, 10.0, 0.0));
}

#[test]
fn executors_take_k6s_fields() {
    assert_eq!(
        scenario(
            "executor: constant-arrival-rate, rate: 600, timeUnit: 1m, duration: 2s, \
             preAllocatedVUs: 3, maxVUs: 9, late: queue"
        ),
        Executor::ConstantArrivalRate {
            rate: 10.0,
            duration: Duration::from_secs(2),
            pre_allocated_vus: 3,
            max_vus: 9,
            late: Late::Queue,
            arrivals: Spacing::Even,
        }
    );
    let plan = plan(&format!(
        "{ONE_FLOW}scenarios: {{ s: {{ exec: visit, executor: constant-vus, vus: 4, duration: 5s, \
         startTime: 3s, gracefulStop: 0s, warmup: true }} }}"
    ));
    let scenario = &plan.scenarios[0];
    assert_eq!(scenario.executor.max_vus(), 4);
    assert_eq!(scenario.start_time, Duration::from_secs(3));
    assert_eq!(scenario.graceful_stop, Duration::ZERO);
    assert!(scenario.warmup);
    assert_eq!(plan.planned_load_duration(), Some(Duration::from_secs(8)));
}

#[test]
fn load_bounded_by_iterations_has_no_planned_duration() {
    let text = format!(
        "{ONE_FLOW}scenarios: {{ a: {{ exec: visit, executor: shared-iterations }}, \
         b: {{ exec: visit, executor: constant-vus, duration: 5s }} }}"
    );
    assert_eq!(plan(&text).planned_load_duration(), None);
    assert_eq!(plan("").planned_load_duration(), None);
}

#[test]
fn requests_are_compiled_to_what_stands_on_the_wire() {
    let plan = plan(
        r#"
x-json: &json { Accept: application/json, X-Version: 1.10 }
requests:
  search: { get: "/search?page=2", query: { q: "a b&c", tag: [x, 0x10] }, headers: *json }
  order:
    post: /orders/7
    headers: { <<: *json, X-Trace: [one, two] }
    json: { id: 1.10, big: 12345678901234567890, "on": true, no: null, list: [1, "2", yes] }
    checks: [ { status: [201, 202] } ]
  login: { put: /login, form: { user: "ä", pass: "a=b" } }
  raw: { patch: /raw, headers: { Content-Type: text/csv }, body: "a;b" }
"#,
    );
    let [search, order, login, raw] = plan.requests.as_slice() else { panic!("four requests") };
    assert_eq!(search.request.path_and_query, b"/search?page=2&q=a+b%26c&tag=x&tag=0x10");
    assert_eq!(search.path_template, "/search");
    assert_eq!(search.request.method.as_str(), "GET");
    assert_eq!(
        search.request.headers,
        [Header::new("Accept", "application/json"), Header::new("X-Version", "1.10")]
    );
    assert!(search.expected_statuses.is_empty());
    assert_eq!(order.request.method.as_str(), "POST");
    assert_eq!(order.expected_statuses, [201, 202]);
    let traces: Vec<_> =
        order.request.headers.iter().filter(|header| header.is("x-trace")).collect();
    assert_eq!(traces.len(), 2);
    assert_eq!(order.request.header("content-type").expect("set").text(), "application/json");
    assert_eq!(
        String::from_utf8_lossy(&order.request.body),
        r#"{"id":1.1,"big":12345678901234567890,"on":true,"no":null,"list":[1,"2","yes"]}"#
    );
    assert_eq!(login.request.body, b"user=%C3%A4&pass=a%3Db");
    assert_eq!(
        login.request.header("content-type").expect("set").text(),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(raw.request.body, b"a;b");
    assert_eq!(raw.request.headers, [Header::new("Content-Type", "text/csv")]);
}

#[test]
fn a_request_may_go_to_another_origin_of_the_scope() {
    let plan = plan(
        "scope: { origins: [auto, 'http://127.0.0.1:9090'] }\n\
         requests: { sign-in: { get: 'http://127.0.0.1:9090/in?x=1' } }\n",
    );
    assert_eq!(plan.requests[0].request.url(), "http://127.0.0.1:9090/in?x=1");
    assert_eq!(plan.requests[0].path_template, "/in");
}

#[test]
fn substitution_comes_before_typing() {
    let plan = plan(
        r#"
vars: { page: "${env.SET}", term: lamp }
requests:
  a:
    post: /${vars.term}/${vars.page}
    headers: { X-Price: "$${not} $5 ${env.EMPTY}" }
    json:
      number: ${vars.page}
      text: "${vars.page}"
      default: ${env.EMPTY:-7}
      flag: ${env.NOBODY:-true}
limits:
  max_rps: ${env.SET:-50}
  max_vus: ${env.NOBODY:-20}
"#,
    );
    let request = &plan.requests[0].request;
    assert_eq!(request.path_and_query, b"/lamp/12");
    assert_eq!(request.header("x-price").expect("set").text(), "${not} $5");
    assert_eq!(
        String::from_utf8_lossy(&request.body),
        r#"{"number":12,"text":"12","default":7,"flag":true}"#
    );
    assert_eq!(plan.limits.max_rps, Some(12.0));
    assert_eq!(plan.limits.max_vus, Some(20));
}

#[test]
fn a_request_that_is_not_enabled_is_left_out_of_flows_and_needs_no_secret() {
    let rest = "requests:\n  get: { get: / }\n  buy: { post: /cart, enabled: false, headers: \
                { Authorization: 'Bearer ${env.NOT_SET}' } }\n\
                flows: { all: [ { use: get }, { use: buy }, { use: get } ] }\n";
    let both = plan(rest);
    assert_eq!(both.flows[0].requests().collect::<Vec<_>>(), [0, 0]);
    assert_eq!(both.requests.iter().map(|one| one.enabled).collect::<Vec<_>>(), [true, false]);
    let on = rest.replace("enabled: false", "enabled: true").replace("NOT_SET", "SET");
    assert_eq!(plan(&on).flows[0].requests().collect::<Vec<_>>(), [0, 1, 0]);
}

#[test]
fn a_path_is_shown_with_the_names_of_its_variables() {
    let rest = "vars: { id: 7, base: /v1, q: x }\nrequests:\n  \
                a: { get: '${vars.base}/items/${vars.id}?q=${vars.q}' }\n  \
                b: { get: 'http://127.0.0.1:8080/${env.SET}/${item}' }\n  c: { get: /plain }\n";
    let plan = plan(rest);
    let shown: Vec<_> = plan.requests.iter().map(|it| it.path_template.as_str()).collect();
    assert_eq!(shown, ["/v1/items/{id}", "/{SET}/{item}", "/plain"]);
    assert_eq!(plan.requests[0].request.path_and_query_text(), "/v1/items/7?q=x");
}

#[test]
fn a_choice_draws_by_weight() {
    let rest = "requests: { a: { get: /a }, b: { get: /b }, c: { post: /c, enabled: false } }\n\
                flows: { mix: [ { use: b }, { choose: [ { weight: 3, do: [ { use: a } ] }, \
                { do: [ { use: b } ] }, { weight: 9, do: [ { use: c } ] } ] } ] }\n";
    let ops = &plan(rest).flows[0].ops;
    let draw = Draw::new([(3, 2), (1, 4)]).expect("weights");
    let end = Op::Jump(6);
    let [a, b] = [Op::Use(0), Op::Use(1)];
    assert_eq!(*ops, [b.clone(), Op::Draw(draw), a, end.clone(), b, end]);
}

#[test]
fn words_around_a_step_are_compiled_from_the_outside_in() {
    let flow = |steps: &str| {
        let rest = format!("requests: {{ a: {{ get: / }} }}\nflows: {{ f: [ {steps} ] }}\n");
        plan(&rest).flows[0].ops.clone()
    };
    let ops =
        flow("{ use: a, repeat: 2..5, chance: 0.25, if: '${vu} <= 10', else: [ { pacing: 2s } ] }");
    let [Op::Unless { otherwise: 6, .. }, Op::Draw(draw), rest @ ..] = &ops[..] else {
        panic!("{ops:?}")
    };
    assert_eq!(draw.weighted().collect::<Vec<_>>(), [(250_000_000, 2), (750_000_000, 5)]);
    let pace = Op::Pace { min: Duration::from_secs(2), max: Duration::from_secs(2) };
    let expected = [
        Op::Loop { depth: 0, min: 2, max: 5, end: 5 },
        Op::Use(0),
        Op::Again { depth: 0, start: 3 },
        Op::Jump(7),
        pace,
    ];
    assert_eq!(rest, expected);
    let ops = flow("{ while: '!${x}', max: 9, do: [ { use: a, extract: { x: { header: x } } } ] }");
    let [Op::Loop { min: 9, max: 9, end: 5, .. }, Op::Unless { otherwise: 5, .. }, _, _, again] =
        &ops[..]
    else {
        panic!("{ops:?}")
    };
    assert_eq!(*again, Op::Again { depth: 0, start: 1 });
}

#[test]
fn flows_are_compiled_in_order() {
    let plan = plan(
        "requests: { a: { get: /a }, b: { get: /b } }\n\
         flows: { f: [ { use: b }, { think: 1s..3s }, { use: a }, { think: 250ms } ] }\n",
    );
    let seconds = Duration::from_secs;
    let pause = Duration::from_millis(250);
    assert_eq!(
        plan.flows[0].ops,
        [
            Op::Use(1),
            Op::Think { min: seconds(1), max: seconds(3) },
            Op::Use(0),
            Op::Think { min: pause, max: pause },
        ]
    );
}

#[test]
fn limits_and_kill_switch_are_taken() {
    let plan = plan(
        "limits: { max_rps: 0.5, max_vus: 3, max_time: 20m, stop_if: { error_rate: 0.5, p95: 10s } }",
    );
    assert_eq!(plan.limits.max_time, Some(Duration::from_secs(1200)));
    assert_eq!(
        plan.limits.stop_if,
        Some(StopIf {
            error_rate: Some(0.5),
            p95: Some(Duration::from_secs(10)),
            hold: Duration::from_secs(10),
        })
    );
}

#[test]
fn thresholds_and_outputs_are_taken() {
    let plan = plan(
        "thresholds:\n  http_req_latency: [ 'p(95)<500', { threshold: 'p(99)<1500', \
         window: 10s, abortOnFail: true, delayAbortEval: 30s } ]\n  'findings{severity:>=high}': [ 'count==0' ]\n\
         requests: { home: { get: / } }\nflows: { visit: [ { use: home } ] }\nscan: {}\n\
         scenarios: { s: { executor: constant-vus, exec: visit, duration: 1m } }\n\
         outputs: [ { json: out/run.json }, { markdown: '-' } ]\n",
    );
    let shown: Vec<String> = plan.thresholds.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "http_req_latency: p(95)<500",
            "http_req_latency: p(99)<1500 in every 10s",
            "findings{severity:>=high}: count==0"
        ]
    );
    assert!(!plan.thresholds[0].abort_on_fail && plan.thresholds[1].abort_on_fail);
    assert_eq!(plan.thresholds[1].delay_abort_eval, Duration::from_secs(30));
    assert_eq!(plan.outputs[0].kind, OutputKind::Json);
    assert_eq!(plan.outputs[0].path, Path::new("out/run.json"));
    assert_eq!(plan.outputs[1].kind, OutputKind::Markdown);
}

#[test]
fn tags_of_requests_and_scenarios_are_taken() {
    let plan = plan(
        "requests: { home: { get: /, tags: { tier: critical, shard: 3 } }, about: { get: /about } }\n\
         flows: { visit: [ { use: home }, { use: about } ] }\n\
         scenarios: { s: { executor: constant-vus, exec: visit, duration: 1m, tags: { team: shop } } }\n\
         thresholds:\n  'http_reqs{tier:critical,shard:3,team:shop}': [ 'count>1' ]\n  \
         'iterations{team:shop}': [ 'count>1' ]\n  'http_req_failed{team:shop,request:about}': [ 'rate<1' ]\n",
    );
    let tags: Vec<_> = plan.requests[0].tags.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(tags, ["shard=3", "tier=critical"]);
    assert_eq!(plan.scenarios[0].tags["team"], "shop");
    assert!(plan.requests[1].tags.is_empty());
}

#[test]
fn scan_settings_are_taken() {
    let plan = plan(
        "requests: { a: { get: /a }, b: { post: /b } }\n\
         limits: { max_rps: 100 }\n\
         scan: { crawl: { depth: 0, max_urls: 7 }, active: [xss-reflected, sqli-error], \
         allow_unsafe: [b], max_rps: 80, concurrency: 3 }\n",
    );
    let scan = plan.scan.expect("asked for");
    assert_eq!((scan.crawl.depth, scan.crawl.max_urls), (0, 7));
    assert_eq!(scan.active, ["xss-reflected", "sqli-error"]);
    assert!(!scan.allow_unsafe);
    assert_eq!(scan.unsafe_requests, [1]);
    assert_eq!(scan.concurrency, 3);
}

#[test]
fn all_active_checks_are_those_that_exist() {
    let scan = plan("scan: { active: all, allow_unsafe: true }").scan.expect("asked for");
    assert_eq!(scan.active, CHECKS);
    assert!(scan.allow_unsafe);
}

#[test]
fn the_scans_default_pace_gives_way_to_a_lower_cap() {
    let scan = plan("limits: { max_rps: 5 }\nscan: {}").scan.expect("asked for");
    assert!((scan.max_rps - 5.0).abs() < f64::EPSILON);
}

#[test]
fn authorisation_stands_in_the_scope_until_its_last_day() {
    let plan = plan("authorised: { by: A. Person, hosts: [staging.test], until: 2026-11-23 }");
    assert_eq!(plan.scope.authorised_by(), Some("A. Person"));
    let public = "8.8.8.8".parse().expect("an address");
    assert!(plan.scope.admit_address("staging.test", public).is_ok());
    assert!(plan.scope.admit_address("other.test", public).is_err());
}

#[test]
fn free_keys_are_not_looked_into() {
    plan("x-anything: { use: \"${rand.word}\", version: [1, 2] }");
}

#[test]
fn the_hash_follows_the_text() {
    assert_eq!(plan("").hash, plan("").hash);
    assert_ne!(plan("").hash, plan("# a comment").hash);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_fine() {
    let text = "\u{feff}version: 1\r\ntarget: http://127.0.0.1:8080\r\n";
    assert!(super::resolve(text).is_ok());
}

#[test]
fn a_login_is_proven_by_a_request_of_the_plan_and_its_checks() {
    let of = |verify: &str| {
        plan(&format!(
            "requests: {{ me: {{ get: /me, checks: [ {{ status: 203 }}, {{ jsonpath: $.user, equals: alice }} ] }} }}\n\
             secrets: {{ T: {{ env: TOKEN }} }}\n\
             auth: {{ a: {{ bearer: '${{secrets.T}}', verify: {{ {verify} }} }} }}\n"
        ))
    };
    let judged = |plan: &Plan, status: u16, body: &str| {
        let response = Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            wire_len: 0,
            truncated: false,
        };
        plan.sessions.auths[0].verify.as_ref().expect("it is there").judge(&response)
    };
    let used = of("use: me");
    assert_eq!(judged(&used, 203, r#"{"user":"alice"}"#).as_deref(), Ok("GET /me answered 203"));
    let said = judged(&used, 203, r#"{"user":null}"#).expect_err("somebody else");
    assert!(said.contains("and `$.user equals \"alice\"` does not hold"), "{said}");
    assert!(judged(&used, 200, r#"{"user":"alice"}"#).is_err(), "its own statuses");
    let own = of("get: /me, checks: [ { header: X-User } ]");
    assert!(judged(&own, 200, "").is_err());
    for (verify, told) in [
        ("use: mee", "unknown request `mee`, did you mean `me`?"),
        ("use: me, get: /me", "uses a request, or is one"),
    ] {
        let text = format!(
            "version: 1\ntarget: http://127.0.0.1:8080\nrequests: {{ me: {{ get: /me }} }}\n\
             secrets: {{ T: {{ env: TOKEN }} }}\n\
             auth: {{ a: {{ bearer: '${{secrets.T}}', verify: {{ {verify} }} }} }}\n"
        );
        let errors = super::resolve(&text).expect_err(verify).to_string();
        assert!(errors.contains(told), "{errors}");
    }
}
