//! `validate`: what a plan comes to and what it would send, while nothing is sent.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::program::told;

const PLAN: &str = "\
version: 1
target: http://127.0.0.1:8080
limits: { max_time: 5m }
requests:
  search: { get: /search, query: { q: lamp }, redirects: 2 }
  item: { get: '/items/${id}' }
  buy: { post: /buy, json: { id: 1 } }
  drop: { delete: /items/1, enabled: false }
flows:
  look: [ { use: search, extract: { id: { jsonpath: $.id } } }, { think: 1s..3s }, { use: item } ]
  pay: [ { use: buy } ]
scenarios:
  rate: { executor: constant-arrival-rate, exec: look, rate: 90, timeUnit: 1m, duration: 1m, preAllocatedVUs: 5, maxVUs: 9 }
  ramp: { executor: ramping-arrival-rate, exec: pay, stages: [ { target: 10, duration: 10s }, { target: 10, duration: 5s } ], preAllocatedVUs: 5 }
  counted: { executor: per-vu-iterations, exec: pay, vus: 3, iterations: 7 }
  pausing: { executor: constant-vus, exec: look, vus: 2, duration: 10s, startTime: 10s }
scan: { active: [ sqli-error ] }
thresholds: { http_req_failed: [ 'rate<0.01' ] }
outputs: [ { json: reports/run.json } ]
";

fn file(name: &str, text: &str) -> (TempDir, String) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(name);
    fs::write(&path, text).expect("written");
    let path = path.display().to_string();
    (dir, path)
}

fn json(target: &str) -> Json {
    let (code, text, errors) = told(&["validate", target, "--json"]);
    assert_eq!(code, 0, "{errors}");
    serde_json::from_str(&text).expect("only JSON")
}

#[test]
fn worst_case_counts_are_those_of_arithmetic() {
    let (_dir, path) = file("plan.yml", PLAN);
    let said = json(&path);
    let would = &said["would_send"];
    let of = |name: &str| {
        let scenarios = would["scenarios"].as_array().expect("a list");
        let one = scenarios.iter().find(|one| one["name"] == name).expect("it is there");
        (one["iterations"].as_u64(), one["requests"].as_u64(), one["vus"].as_u64())
    };
    // A redirect is a request too: search may be three.
    assert_eq!(of("rate"), (Some(90), Some(90 * 4), Some(9)));
    assert_eq!(of("ramp"), (Some(50 + 50), Some(100), Some(5)));
    assert_eq!(of("counted"), (Some(21), Some(21), Some(3)));
    // Ten seconds, a second of pause at least: ten rounds, and one that has just begun.
    assert_eq!(of("pausing"), (Some(22), Some(88), Some(2)));
    assert_eq!(would["total"]["requests"], 360 + 100 + 21 + 88);
    assert_eq!(would["total"]["ends_s"], 300.0);
    assert_eq!(said["plan"]["scenarios"]["rate"]["gracefulStop"], "30s");
}

#[test]
fn people_are_told_what_becomes_of_each_request() {
    let (_dir, path) = file("plan.yml", PLAN);
    let (code, plan, said) = told(&["validate", &path]);
    assert_eq!(code, 0);
    for line in [
        "rate          1.5 iterations/s for 1m00s, by 5 to 9 users; at most 90 iterations, 360 requests",
        "probes        sqli-error",
        "changes       only GET and HEAD are sent",
        "search · load: rate, pausing · scan",
        "POST http://127.0.0.1:8080/buy",
        "buy · may change something · load: ramp, counted · scan leaves it alone:",
        "drop · may change something · not enabled: never sent",
        "http://127.0.0.1:8080    the target · a loopback address needs no permission",
        "http_req_failed: rate<0.01",
        "reports/run.json    json",
    ] {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat(&said).contains(&flat(line)), "{line}\n{said}");
    }
    // What is printed is a plan, and comes to itself.
    let (_dir, again) = file("resolved.yml", &plan);
    assert_eq!(told(&["validate", &again]).1, plan);
    assert!(plan.contains("maxDuration: 600s"), "{plan}");
    let (code, _, quiet) = told(&["validate", &path, "--quiet"]);
    assert_eq!((code, quiet.as_str()), (0, ""));
}

#[test]
fn every_mistake_is_told_at_once() {
    let (_dir, path) = file(
        "plan.yml",
        "version: 2\ntarget: http://127.0.0.1\nstage: 1\nlimits: { max_rps: -1 }\n\
         requests: { a: { get: '/${vars.none}' } }\n",
    );
    let (code, out, said) = told(&["validate", &path]);
    assert_eq!((code, out.as_str()), (104, ""));
    for place in [":1:10]", ":3:1]", ":4:20]", ":5:23]"] {
        assert!(said.contains(place), "{place}\n{said}");
    }
    let (code, _, said) = told(&["validate", "no-such-plan.yml"]);
    assert!(code == 104 && said.contains("cannot be read"), "{said}");
}

#[test]
fn nothing_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("possible");
    let url = format!("http://{}/shop?a=1", listener.local_addr().expect("bound"));
    let said = json(&url);
    let (_dir, path) = file("plan.yml", &PLAN.replace("http://127.0.0.1:8080", &url));
    json(&path);
    let refused = listener.accept().map(|_| ()).expect_err("nobody has come");
    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
    assert_eq!(said["would_send"]["scenarios"][0]["requests"], 200);
    assert_eq!(said["would_send"]["scenarios"][0]["vus"], 50);
    assert_eq!(said["plan"]["requests"]["url"]["get"], "/shop?a=1");
    assert_eq!(said["would_send"]["scan"]["max_rps"], 50.0);
    let (code, _, said) = told(&["validate", "http://8.8.8.8/"]);
    assert!(code == 85 && said.contains("nobody authorised"), "{said}");
}

#[test]
fn a_description_is_told_as_what_load_and_scan_make_of_it() {
    let (_dir, path) = file(
        "openapi.json",
        r#"{"openapi":"3.0.0","info":{"title":"a","version":"1"},
            "servers":[{"url":"http://127.0.0.1:8080"}],
            "paths":{"/a":{"get":{"responses":{}},"post":{"responses":{}}},
                     "/b":{"get":{"responses":{}}}}}"#,
    );
    let said = json(&path);
    let load = &said["would_send"]["scenarios"][0];
    assert_eq!((load["iterations"].as_u64(), load["requests"].as_u64()), (Some(200), Some(200)));
    let requests = said["would_send"]["requests"].as_array().expect("a list");
    assert_eq!(requests.len(), 3);
    for request in requests {
        let is_get = request["method"] == "GET";
        assert_eq!(request["scan"], is_get, "{request}");
        assert_eq!(request["enabled"], is_get);
    }
}

#[test]
fn every_shipped_plan_can_be_told() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in fs::read_dir(root).expect("readable") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            let said = json(&path.display().to_string());
            assert!(said["would_send"]["hosts"][0]["origin"].is_string(), "{}", path.display());
        }
    }
}

#[test]
fn the_longest_way_through_a_flow_is_what_counts() {
    let steps = |steps: &str| {
        let (_dir, path) = file(
            "plan.yml",
            &format!(
                "version: 1\ntarget: http://127.0.0.1:8080\n\
                 requests: {{ a: {{ get: /a, extract: {{ x: {{ header: X }} }} }}, b: {{ get: /b }} }}\n\
                 flows: {{ f: [ {steps} ] }}\n\
                 scenarios: {{ s: {{ executor: constant-vus, exec: f, duration: 10s }} }}\n"
            ),
        );
        let said = json(&path);
        let one = &said["would_send"]["scenarios"][0];
        (one["requests_per_iteration"].as_u64().expect("a number"), one["iterations"].as_u64())
    };
    let cases = [
        ("{ use: a }, { use: b }", (2, None)),
        ("{ use: a, repeat: 2..5 }, { think: 1s }", (5, Some(11))),
        (
            "{ do: [ { use: a }, { use: b, repeat: 3 } ], repeat: 4 }, { think: 2s, repeat: 2..3 }",
            (16, Some(3)),
        ),
        (
            "{ use: a }, { if: '${x} == 1', do: [ { use: b }, { use: b } ], else: [ { use: a } ] }",
            (3, None),
        ),
        (
            "{ use: a }, { while: '${x} == 1', max: 7, do: [ { use: b }, { think: 5s } ] }",
            (8, None),
        ),
        (
            "{ choose: [ { do: [ { use: a }, { use: b }, { think: 1s } ] }, { use: b, weight: 9 } ] }",
            (2, None),
        ),
        ("{ use: a, chance: 0.1 }, { use: b }, { pacing: 5s }", (2, Some(3))),
        (
            "{ use: a }, { switch: '${x}', cases: { y: [ { use: b, repeat: 2 } ], z: [ { use: b } ] }, default: [ { use: a } ] }",
            (3, None),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(steps(text), expected, "{text}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let (dir, path) = file(
        "plan.yml",
        "version: 1\ntarget: http://127.0.0.1:8080\nsecrets: { TOKEN: { file: token.txt } }\n\
         vars: { user: carol }\n\
         requests: { a: { get: /a, headers: { X-Token: '${secrets.TOKEN}', X-User: '${vars.user}' } } }\n",
    );
    fs::write(dir.path().join("token.txt"), "hunter22-and-more").expect("written");
    for args in [&["validate", &path][..], &["validate", &path, "--json"]] {
        let (code, out, said) = told(args);
        assert_eq!(code, 0, "{said}");
        assert!(out.contains("***") && out.contains("carol"), "{out}");
        assert!(!out.contains("hunter22") && !said.contains("hunter22"), "{out}{said}");
    }
}

#[test]
fn what_is_sent_beside_iterations_is_counted() {
    let (_dir, path) = file(
        "plan.yml",
        "version: 1\ntarget: http://127.0.0.1:8080\n\
         auth:\n  member:\n    login: [ { post: /login, redirects: 1, form: { u: '${user}' }, extract: { t: { cookie: t } } } ]\n\
         \x20   apply: { header: { X-T: '${t}' } }\n\
         \x20   verify: { get: /me, every: 10s }\n\
         identities: { alice: { auth: member, vars: { user: alice } } }\n\
         requests:\n  seed: { post: /seed }\n  a: { get: /a, as: alice }\n  b: { get: /b, http: 2 }\n\
         setup: [ { use: seed, repeat: 3 } ]\n\
         teardown: [ { use: seed } ]\n\
         flows: { f: [ { use: a }, { pacing: 5s } ], g: [ { use: b } ] }\n\
         scenarios:\n\
         \x20 early: { executor: constant-vus, exec: f, vus: 4, duration: 20s, gracefulStop: 10s }\n\
         \x20 late: { executor: per-vu-iterations, exec: g, vus: 7, iterations: 2, startTime: 40s }\n\
         \x20 last: { executor: per-vu-iterations, exec: g, vus: 2, iterations: 1, startTime: 29s }\n\
         scan: {}\n",
    );
    let would = json(&path)["would_send"].clone();
    let aside = |name: &str| {
        let asides = would["asides"].as_array().expect("a list");
        let one = asides.iter().find(|one| one["name"] == name).expect("it is there");
        one["requests"].as_u64()
    };
    assert_eq!((aside("setup"), aside("teardown")), (Some(3), Some(1)));
    // A login is two requests and its proof; then a proof every ten of thirty seconds.
    assert_eq!(aside("login alice"), Some(4 * 3 + 4 * 3));
    // Five rounds each, and 7 and 2 iterations twice and once.
    assert_eq!(would["total"]["requests"], 4 * 5 + 7 * 2 + 2 + 3 + 1 + 24);
    // The first scenario is over before the second begins, not before the third.
    assert_eq!(would["total"]["vus"], 7 + 2);
    assert_eq!(would["requests"][0]["asides"], serde_json::json!(["setup", "teardown"]));
    let (_, _, said) = told(&["validate", &path]);
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in
        ["speaks", "HTTP/1.1, whatever load does", "b · HTTP/2 in load", "load: setup, teardown"]
    {
        assert!(flat.contains(line), "{line}\n{said}");
    }
}

#[test]
fn targets_and_unbound_values_are_called_what_they_are() {
    let (_dir, path) = file(
        "plan.yml",
        "version: 1\n\
         targets: { default: 'http://127.0.0.1:8080', auth: 'http://127.0.0.1:8081' }\n\
         scope: { origins: [ auto, 'http://127.0.0.1:8082' ] }\n\
         requests:\n  item: { get: '/items/${id}' }\n\
         scan: {}\n",
    );
    let would = json(&path)["would_send"].clone();
    let hosts = would["hosts"].as_array().expect("a list");
    let why: Vec<&str> = hosts.iter().map(|host| host["why"].as_str().expect("a text")).collect();
    assert_eq!(why, ["the target", "the target `auth`", "in scope"]);
    let place = would["requests"][0]["unbound_at"].as_str().expect("a text");
    assert!(place.ends_with("plan.yml:5:16"), "{place}");
}

#[test]
fn a_mistake_in_many_places_is_told_once_with_them() {
    let (_dir, path) = file(
        "plan.yml",
        "version: 1\ntarget: http://127.0.0.1:8080\nsecrets: { T: { env: NOT_THERE } }\n\
         requests:\n  a: { get: /a, headers: { X: '${secrets.T}' } }\n\
         \x20 b: { get: /b, headers: { X: '${secrets.T}' } }\n\
         \x20 c: { get: /c, headers: { X: 'a ${secrets.T}' } }\n",
    );
    let (code, _, said) = told(&["validate", &path]);
    assert_eq!(code, 104);
    let flat: String = said.split(|c: char| c.is_whitespace() || c == '│').collect();
    assert_eq!(flat.matches("NOT_THERE`isnotset").count(), 1, "{said}");
    assert!(flat.contains("plan.yml:5:31") && flat.contains("alsoat"), "{said}");
    assert!(flat.contains("plan.yml:6:31,") && flat.contains("plan.yml:7:31"), "{said}");
}

#[test]
fn json_is_json_to_the_letter() {
    let json = "{\n  \"version\": 1,\n  \"target\": \"http://127.0.0.1:8080\"\n  \"vars\": { \"a\": 1 }\n}\n";
    let (_dir, path) = file("plan.json", json);
    let (code, _, said) = told(&["validate", &path]);
    assert!(code == 104 && said.contains("plan.json:4:3]"), "{said}");
    assert!(said.contains("this is no JSON: expected `,` or `}`"), "{said}");
    let (_dir, path) = file("plan.json", &json.replace("8080\"", "8080\","));
    assert_eq!(told(&["validate", &path]).0, 0);
    let (_dir, path) = file("plan.JSON", "");
    assert!(told(&["validate", &path]).2.contains("this is no JSON"));
}

#[test]
fn a_wait_that_cannot_be_is_no_gate() {
    let plan = |executor: &str, rest: &str| {
        format!(
            "version: 1\ntarget: http://127.0.0.1:8080\nrequests: {{ a: {{ get: / }} }}\n\
             flows: {{ f: [ {{ use: a }} ] }}\nscenarios: {{ s: {{ exec: f, duration: 1s, {executor} }} }}\n\
             thresholds: {{ http_req_blocked: [ 'p(95)<5' ] }}\n{rest}"
        )
    };
    let closed = "executor: constant-vus, vus: 2";
    let (_dir, path) = file("plan.yml", &plan(closed, ""));
    let (code, _, said) = told(&["validate", &path]);
    assert!(code == 104 && said.contains("no request of the scenarios waits"), "{said}");
    let open = "executor: constant-arrival-rate, rate: 5, preAllocatedVUs: 1";
    for text in [plan(open, ""), plan(closed, "connection: { pipeline: 2 }\n")] {
        let (_dir, path) = file("plan.yml", &text);
        assert_eq!(told(&["validate", &path]).0, 0, "{text}");
    }
}
