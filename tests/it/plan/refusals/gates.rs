//! Gates that could never be measured, or never in time.

use insta::assert_snapshot;

use super::BASE;
use super::FLOW;
use super::said;

/// A second of load and a warm-up.
const LOAD: &str = "\
scenarios:
  s: { executor: constant-vus, exec: visit, duration: 30s, gracefulStop: 5s }
  w: { executor: constant-vus, exec: visit, duration: 10s, warmup: true }
";

#[test]
fn of_an_engine_that_does_not_run() {
    assert_snapshot!(said(BASE, "\
thresholds:
  http_reqs: [ 'count>1', 'rate>1' ]
  findings: [ 'count==0' ]
  validity: [ 'count==0' ]
  coverage_operations: [ 'rate>0.9' ]
"), @r#"
 × `http_reqs` comes from load, and the plan has no `scenarios`
  ╭─[plan.yml:4:3]
3 │ thresholds:
4 │   http_reqs: [ 'count>1', 'rate>1' ]
  ·   ─────────
5 │   findings: [ 'count==0' ]
  ╰────
 help: add a scenario, or leave the gate out
 × `findings` comes from a scan, and the plan has no `scan`
  ╭─[plan.yml:5:3]
4 │   http_reqs: [ 'count>1', 'rate>1' ]
5 │   findings: [ 'count==0' ]
  ·   ────────
6 │   validity: [ 'count==0' ]
  ╰────
 help: add `scan`, or leave the gate out
 × `validity` comes from load, and the plan has no `scenarios`
  ╭─[plan.yml:6:3]
5 │   findings: [ 'count==0' ]
6 │   validity: [ 'count==0' ]
  ·   ────────
7 │   coverage_operations: [ 'rate>0.9' ]
  ╰────
 help: add a scenario, or leave the gate out
 × `coverage_operations` comes from a scan, and the plan has no `scan`
  ╭─[plan.yml:7:3]
6 │   validity: [ 'count==0' ]
7 │   coverage_operations: [ 'rate>0.9' ]
  ·   ───────────────────
  ╰────
 help: add `scan`, or leave the gate out
"#);
}

#[test]
fn of_requests_that_the_plan_does_not_send() {
    assert_snapshot!(said(FLOW, &format!("{LOAD}\
thresholds:
  checks: [ 'rate==1' ]
  ws_connecting: [ 'p(95)<5' ]
  sse_event: [ 'count>1' ]
  grpc_req_duration: [ 'p(95)<5' ]
  message_latency: [ 'p(95)<5' ]
  http_req_dns: [ 'p(95)<5' ]
  http_req_tls_handshaking: [ 'p(95)<5' ]
  'http_reqs{{scenario:w}}': [ 'count>1' ]
")), @r#"
 × `checks`: no request of the scenarios has checks
   ╭─[plan.yml:9:3]
 8 │ thresholds:
 9 │   checks: [ 'rate==1' ]
   ·   ──────
10 │   ws_connecting: [ 'p(95)<5' ]
   ╰────
 help: add `checks` to one, or leave the gate out
 × `ws_connecting`: no request of the scenarios is a WebSocket session (`ws`)
   ╭─[plan.yml:10:3]
 9 │   checks: [ 'rate==1' ]
10 │   ws_connecting: [ 'p(95)<5' ]
   ·   ─────────────
11 │   sse_event: [ 'count>1' ]
   ╰────
 help: have a request of that kind in a flow of a scenario, or leave the gate out
 × `sse_event`: no request of the scenarios reads server-sent events (`sse`)
   ╭─[plan.yml:11:3]
10 │   ws_connecting: [ 'p(95)<5' ]
11 │   sse_event: [ 'count>1' ]
   ·   ─────────
12 │   grpc_req_duration: [ 'p(95)<5' ]
   ╰────
 help: have a request of that kind in a flow of a scenario, or leave the gate out
 × `grpc_req_duration`: no request of the scenarios is a gRPC call
   ╭─[plan.yml:12:3]
11 │   sse_event: [ 'count>1' ]
12 │   grpc_req_duration: [ 'p(95)<5' ]
   ·   ─────────────────
13 │   message_latency: [ 'p(95)<5' ]
   ╰────
 help: have a request of that kind in a flow of a scenario, or leave the gate out
 × `message_latency`: no request of the scenarios exchanges messages (`ws`, `sse`, streaming
 │ `grpc`)
   ╭─[plan.yml:13:3]
12 │   grpc_req_duration: [ 'p(95)<5' ]
13 │   message_latency: [ 'p(95)<5' ]
   ·   ───────────────
14 │   http_req_dns: [ 'p(95)<5' ]
   ╰────
 help: have a request of that kind in a flow of a scenario, or leave the gate out
 × `http_req_dns`: load resolves names once, before the start, and records no such phase
   ╭─[plan.yml:14:3]
13 │   message_latency: [ 'p(95)<5' ]
14 │   http_req_dns: [ 'p(95)<5' ]
   ·   ────────────
15 │   http_req_tls_handshaking: [ 'p(95)<5' ]
   ╰────
 help: leave the gate out
 × `http_req_tls_handshaking`: no request of the scenarios goes to `https://`
   ╭─[plan.yml:15:3]
14 │   http_req_dns: [ 'p(95)<5' ]
15 │   http_req_tls_handshaking: [ 'p(95)<5' ]
   ·   ────────────────────────
16 │   'http_reqs{scenario:w}': [ 'count>1' ]
   ╰────
 help: leave the gate out
 × nothing that is measured is `http_reqs{scenario:w}`
   ╭─[plan.yml:16:3]
15 │   http_req_tls_handshaking: [ 'p(95)<5' ]
16 │   'http_reqs{scenario:w}': [ 'count>1' ]
   ·   ───────────────────────
   ╰────
 help: each tag fits something of the scenarios, and nothing outside of warm-up fits all
"#);
}

#[test]
fn of_nothing_but_a_warm_up() {
    assert_snapshot!(said(FLOW, "\
scenarios: { w: { executor: constant-vus, exec: visit, duration: 10s, warmup: true } }
thresholds: { iterations: [ 'count>1' ] }
"), @r#"
 × `iterations` is measured outside of warm-up, and every scenario is one
  ╭─[plan.yml:6:15]
5 │ scenarios: { w: { executor: constant-vus, exec: visit, duration: 10s, warmup: true } }
6 │ thresholds: { iterations: [ 'count>1' ] }
  ·               ──────────
  ╰────
 help: take `warmup: true` from a scenario
"#);
}

#[test]
fn of_tags_that_are_none() {
    assert_snapshot!(said(FLOW, &format!("{LOAD}\
scan: {{}}
thresholds:
  'findings{{severty:high}}': [ 'count==0' ]
  'findings{{severity:>=hihg}}': [ 'count==0' ]
  'findings{{status:old}}': [ 'count==0' ]
  'findings{{rule:>=a}}': [ 'count==0' ]
  'http_reqs{{request:home,scenario:t}}': [ 'count>1' ]
  'coverage_operations{{source:openapi}}': [ 'rate>1' ]
  vus: [ 'p(95)<1' ]
")), @r#"
 × metric `findings`: no tag `severty`, did you mean `severity`?
   ╭─[plan.yml:10:3]
 9 │ thresholds:
10 │   'findings{severty:high}': [ 'count==0' ]
   ·   ────────────────────────
11 │   'findings{severity:>=hihg}': [ 'count==0' ]
   ╰────
 × metric `findings`: no severity `hihg`, did you mean `high`?
   ╭─[plan.yml:11:3]
10 │   'findings{severty:high}': [ 'count==0' ]
11 │   'findings{severity:>=hihg}': [ 'count==0' ]
   ·   ───────────────────────────
12 │   'findings{status:old}': [ 'count==0' ]
   ╰────
 × metric `findings`: no status `old`; known: new, known, accepted
   ╭─[plan.yml:12:3]
11 │   'findings{severity:>=hihg}': [ 'count==0' ]
12 │   'findings{status:old}': [ 'count==0' ]
   ·   ──────────────────────
13 │   'findings{rule:>=a}': [ 'count==0' ]
   ╰────
 × metric `findings`: `rule` has no order, so `>=` says nothing of it
   ╭─[plan.yml:13:3]
12 │   'findings{status:old}': [ 'count==0' ]
13 │   'findings{rule:>=a}': [ 'count==0' ]
   ·   ────────────────────
14 │   'http_reqs{request:home,scenario:t}': [ 'count>1' ]
   ╰────
 × unknown scenario `t`, did you mean `s`?
   ╭─[plan.yml:14:3]
13 │   'findings{rule:>=a}': [ 'count==0' ]
14 │   'http_reqs{request:home,scenario:t}': [ 'count>1' ]
   ·   ────────────────────────────────────
15 │   'coverage_operations{source:openapi}': [ 'rate>1' ]
   ╰────
 × metric `coverage_operations`: no source `openapi`; known: spec, plan, crawl, browser
   ╭─[plan.yml:15:3]
14 │   'http_reqs{request:home,scenario:t}': [ 'count>1' ]
15 │   'coverage_operations{source:openapi}': [ 'rate>1' ]
   ·   ─────────────────────────────────────
16 │   vus: [ 'p(95)<1' ]
   ╰────
 × `p(95)` does not apply to `vus`, which is a gauge and has value
   ╭─[plan.yml:16:10]
15 │   'coverage_operations{source:openapi}': [ 'rate>1' ]
16 │   vus: [ 'p(95)<1' ]
   ·          ─────────
   ╰────
"#);
}

#[test]
fn of_tags_of_ones_own_that_are_not_given() {
    assert_snapshot!(said(super::BASE, "\
requests: { a: { get: /, tags: { tier: critical } }, b: { get: /b } }
flows: { f: [ { use: a }, { use: b } ] }
scenarios: { s: { executor: constant-vus, exec: f, duration: 30s, tags: { team: shop } } }
thresholds:
  'http_reqs{teir:critical}': [ 'count>1' ]
  'http_reqs{tier:critcal}': [ 'count>1' ]
  'http_reqs{tier:critical,request:b}': [ 'count>1' ]
  'http_reqs{status:abc}': [ 'count>1' ]
  'vus{tier:critical}': [ 'value>1' ]
"), @r#"
 × metric `http_reqs`: no tag `teir`, did you mean `tier`?
  ╭─[plan.yml:7:3]
6 │ thresholds:
7 │   'http_reqs{teir:critical}': [ 'count>1' ]
  ·   ──────────────────────────
8 │   'http_reqs{tier:critcal}': [ 'count>1' ]
  ╰────
 × the tag `tier` is never `critcal`, did you mean `critical`?
  ╭─[plan.yml:8:3]
7 │   'http_reqs{teir:critical}': [ 'count>1' ]
8 │   'http_reqs{tier:critcal}': [ 'count>1' ]
  ·   ─────────────────────────
9 │   'http_reqs{tier:critical,request:b}': [ 'count>1' ]
  ╰────
 × nothing that is measured is `http_reqs{tier:critical,request:b}`
   ╭─[plan.yml:9:3]
 8 │   'http_reqs{tier:critcal}': [ 'count>1' ]
 9 │   'http_reqs{tier:critical,request:b}': [ 'count>1' ]
   ·   ────────────────────────────────────
10 │   'http_reqs{status:abc}': [ 'count>1' ]
   ╰────
 help: each tag fits something of the scenarios, and nothing outside of warm-up fits all
 × metric `http_reqs`: `status` is never `abc`; a status is 404, 2xx, or 0 where no answer came
   ╭─[plan.yml:10:3]
 9 │   'http_reqs{tier:critical,request:b}': [ 'count>1' ]
10 │   'http_reqs{status:abc}': [ 'count>1' ]
   ·   ───────────────────────
11 │   'vus{tier:critical}': [ 'value>1' ]
   ╰────
 × metric `vus`: no tag `tier`; it has none
   ╭─[plan.yml:11:3]
10 │   'http_reqs{status:abc}': [ 'count>1' ]
11 │   'vus{tier:critical}': [ 'value>1' ]
   ·   ────────────────────
   ╰────
"#);
}

#[test]
fn tags_that_no_selector_could_write() {
    assert_snapshot!(said(super::BASE, "\
requests: { a: { get: /, tags: { scenario: x, status: x, 'a b': x, list: [ 1 ], c: 'x,y', d: '>=x', e: '' } } }
"), @r#"
 × `scenario` is a tag that metrics have by themselves
  ╭─[plan.yml:3:34]
2 │ target: http://127.0.0.1:8080
3 │ requests: { a: { get: /, tags: { scenario: x, status: x, 'a b': x, list: [ 1 ], c: 'x,y', d: '>=x', e: '' } } }
  ·                                  ────────
  ╰────
 help: give it another name
 × `status` is a tag that metrics have by themselves
  ╭─[plan.yml:3:47]
2 │ target: http://127.0.0.1:8080
3 │ requests: { a: { get: /, tags: { scenario: x, status: x, 'a b': x, list: [ 1 ], c: 'x,y', d: '>=x', e: '' } } }
  ·                                               ──────
  ╰────
 help: give it another name
 × `a b` cannot be the name of a tag
  ╭─[plan.yml:3:58]
2 │ target: http://127.0.0.1:8080
3 │ requests: { a: { get: /, tags: { scenario: x, status: x, 'a b': x, list: [ 1 ], c: 'x,y', d: '>=x', e: '' } } }
  ·                                                          ─────
  ╰────
 help: a name has 1 to 80 letters, digits, `_`, `-` and `.`
 × expected a text, a number, true or false; found a list
  ╭─[plan.yml:3:74]
2 │ target: http://127.0.0.1:8080
3 │ requests: { a: { get: /, tags: { scenario: x, status: x, 'a b': x, list: [ 1 ], c: 'x,y', d: '>=x', e: '' } } }
  ·                                                                          ─
  ╰────
 × `x,y` cannot be the value of a tag
  ╭─[plan.yml:3:84]
2 │ target: http://127.0.0.1:8080
3 │ requests: { a: { get: /, tags: { scenario: x, status: x, 'a b': x, list: [ 1 ], c: 'x,y', d: '>=x', e: '' } } }
  ·                                                                                    ─────
  ╰────
 help: a value has 1 to 80 characters, without `,`, `{`, `}`, `|` and blanks at its ends, and
       does not begin with `>=`
 × `>=x` cannot be the value of a tag
  ╭─[plan.yml:3:94]
2 │ target: http://127.0.0.1:8080
3 │ requests: { a: { get: /, tags: { scenario: x, status: x, 'a b': x, list: [ 1 ], c: 'x,y', d: '>=x', e: '' } } }
  ·                                                                                              ─────
  ╰────
 help: a value has 1 to 80 characters, without `,`, `{`, `}`, `|` and blanks at its ends, and
       does not begin with `>=`
 × `` cannot be the value of a tag
  ╭─[plan.yml:3:104]
2 │ target: http://127.0.0.1:8080
3 │ requests: { a: { get: /, tags: { scenario: x, status: x, 'a b': x, list: [ 1 ], c: 'x,y', d: '>=x', e: '' } } }
  ·                                                                                                        ──
  ╰────
 help: a value has 1 to 80 characters, without `,`, `{`, `}`, `|` and blanks at its ends, and
       does not begin with `>=`
"#);
}

#[test]
fn that_no_time_is_left_for() {
    assert_snapshot!(said(FLOW, &format!("{LOAD}\
thresholds:
  http_reqs: [ {{ threshold: 'count>1', window: 31s }} ]
  http_req_latency: [ {{ threshold: 'p(95)<5', abortOnFail: true, delayAbortEval: 35s }} ]
  validity: [ {{ threshold: 'count==0', abortOnFail: true }} ]
")), @r#"
 × a window of 31.0s is longer than load, of which 30.0s are measured
   ╭─[plan.yml:9:48]
 8 │ thresholds:
 9 │   http_reqs: [ { threshold: 'count>1', window: 31s } ]
   ·                                                ───
10 │   http_req_latency: [ { threshold: 'p(95)<5', abortOnFail: true, delayAbortEval: 35s } ]
   ╰────
 help: shorten the window; without one the condition is about the whole run
 × `validity` is only known when load is over, so it cannot end the run before
   ╭─[plan.yml:11:40]
10 │   http_req_latency: [ { threshold: 'p(95)<5', abortOnFail: true, delayAbortEval: 35s } ]
11 │   validity: [ { threshold: 'count==0', abortOnFail: true } ]
   ·                                        ───────────
   ╰────
 help: leave `abortOnFail` out
"#);
}

#[test]
fn what_fits_is_taken() {
    let plan = super::resolve(&format!(
        "{FLOW}{LOAD}\
scan: {{}}
thresholds:
  http_reqs: [ {{ threshold: 'count>1', window: 30s, abortOnFail: true, delayAbortEval: 34s }} ]
  'http_reqs{{scenario:s,request:home,method:GET,path:/}}': [ 'count>1' ]
  'coverage_operations{{source:>=plan,method:GET}}': [ 'rate>0.9' ]
  'validity{{level:>=warning}}': [ 'count==0' ]
  'findings{{severity:>=high,status:known}}': [ 'count<5' ]
"
    ));
    assert_eq!(plan.map_err(|errors| errors.render(false)).expect("valid").thresholds.len(), 5);
}

#[test]
fn of_a_group_that_nobody_is_in() {
    let grouped = "\
scenarios: { s: { executor: constant-vus, exec: g, duration: 30s } }
flows: { g: [ { group: search, use: home } ] }
thresholds:
  'group_duration{group:serach}': [ 'p(95)<100' ]
  'http_reqs{group:::search,request:home}': [ 'count>0' ]
  'checks{group:search}': [ 'rate==1' ]
";
    assert_snapshot!(said(super::ONE, grouped), @r###"
     × unknown group of the scenarios `serach`, did you mean `::search`?
      ╭─[plan.yml:7:3]
    6 │ thresholds:
    7 │   'group_duration{group:serach}': [ 'p(95)<100' ]
      ·   ──────────────────────────────
    8 │   'http_reqs{group:::search,request:home}': [ 'count>0' ]
      ╰────
     × `checks`: no request of the scenarios has checks
      ╭─[plan.yml:9:3]
    8 │   'http_reqs{group:::search,request:home}': [ 'count>0' ]
    9 │   'checks{group:search}': [ 'rate==1' ]
      ·   ──────────────────────
      ╰────
     help: add `checks` to one, or leave the gate out
    "###);
    let without = "\
scenarios: { s: { executor: constant-vus, exec: visit, duration: 30s } }
thresholds:
  group_duration: [ 'p(95)<100' ]
  'http_req_duration{group:search}': [ 'p(95)<100' ]
";
    assert_snapshot!(said(FLOW, without), @r###"
     × `group_duration`: no step of the scenarios' flows has a `group`
      ╭─[plan.yml:7:3]
    6 │ thresholds:
    7 │   group_duration: [ 'p(95)<100' ]
      ·   ──────────────
    8 │   'http_req_duration{group:search}': [ 'p(95)<100' ]
      ╰────
     help: name steps: `- group: checkout` with `do: [ … ]`
     × no group `search`: no step of the scenarios' flows has a `group`
      ╭─[plan.yml:8:3]
    7 │   group_duration: [ 'p(95)<100' ]
    8 │   'http_req_duration{group:search}': [ 'p(95)<100' ]
      ·   ─────────────────────────────────
      ╰────
     help: name steps: `- group: checkout` with `do: [ … ]`
    "###);
}

#[test]
fn of_a_status_that_no_answer_has() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: constant-vus, exec: visit, duration: 30s } }
thresholds:
  'http_req_duration{status:2XX}': [ 'p(95)<100' ]
  'http_req_duration{status:99}': [ 'p(95)<100' ]
  'http_req_duration{expected_response:yes}': [ 'p(95)<100' ]
  'data_sent{status:200}': [ 'count>0' ]
  'http_reqs{status:>=400}': [ 'count==0' ]
"), @r###"
 × metric `http_req_duration`: `status` is never `2XX`; a status is 404, 2xx, or 0 where no
 │ answer came
  ╭─[plan.yml:7:3]
6 │ thresholds:
7 │   'http_req_duration{status:2XX}': [ 'p(95)<100' ]
  ·   ───────────────────────────────
8 │   'http_req_duration{status:99}': [ 'p(95)<100' ]
  ╰────
 × metric `http_req_duration`: `status` is never `99`; a status is 404, 2xx, or 0 where no answer
 │ came
  ╭─[plan.yml:8:3]
7 │   'http_req_duration{status:2XX}': [ 'p(95)<100' ]
8 │   'http_req_duration{status:99}': [ 'p(95)<100' ]
  ·   ──────────────────────────────
9 │   'http_req_duration{expected_response:yes}': [ 'p(95)<100' ]
  ╰────
 × metric `http_req_duration`: `expected_response` is never `yes`; an answer is expected or not:
 │ true, false
   ╭─[plan.yml:9:3]
 8 │   'http_req_duration{status:99}': [ 'p(95)<100' ]
 9 │   'http_req_duration{expected_response:yes}': [ 'p(95)<100' ]
   ·   ──────────────────────────────────────────
10 │   'data_sent{status:200}': [ 'count>0' ]
   ╰────
 × metric `data_sent`: no tag `status`
   ╭─[plan.yml:10:3]
 9 │   'http_req_duration{expected_response:yes}': [ 'p(95)<100' ]
10 │   'data_sent{status:200}': [ 'count>0' ]
   ·   ───────────────────────
11 │   'http_reqs{status:>=400}': [ 'count==0' ]
   ╰────
 help: known: group, method, path, request, scenario
 × metric `http_reqs`: `status` has no order, so `>=` says nothing of it
   ╭─[plan.yml:11:3]
10 │   'data_sent{status:200}': [ 'count>0' ]
11 │   'http_reqs{status:>=400}': [ 'count==0' ]
   ·   ─────────────────────────
   ╰────
"###);
}
