//! What becomes of the results: thresholds, outputs, observed headers.

use insta::assert_snapshot;

use super::BASE;
use super::FLOW;
use super::said;

#[test]
fn an_unknown_metric() {
    assert_snapshot!(said(BASE, "thresholds: { http_req_duraton: [ 'p(95)<5', 'p(99)<9' ] }\n"), @r#"
     × unknown metric `http_req_duraton`, did you mean `http_req_duration`?
      ╭─[plan.yml:3:15]
    2 │ target: http://127.0.0.1:8080
    3 │ thresholds: { http_req_duraton: [ 'p(95)<5', 'p(99)<9' ] }
      ·               ────────────────
      ╰────
    "#);
}

#[test]
fn conditions_that_cannot_be() {
    assert_snapshot!(said(BASE, "thresholds: { http_reqs: [ 'p(95)<5', 'count', 'count<x' ] }\n"), @r#"
 × `p(95)` does not apply to `http_reqs`, which is a counter and has count and rate
  ╭─[plan.yml:3:28]
2 │ target: http://127.0.0.1:8080
3 │ thresholds: { http_reqs: [ 'p(95)<5', 'count', 'count<x' ] }
  ·                            ─────────
  ╰────
 × threshold `count`: expected an operator: <, <=, >, >=, == or !=, as in `p(95)<500`, at
 │ character 6
  ╭─[plan.yml:3:39]
2 │ target: http://127.0.0.1:8080
3 │ thresholds: { http_reqs: [ 'p(95)<5', 'count', 'count<x' ] }
  ·                                       ───────
  ╰────
 × threshold `count<x`: expected a number after the operator (milliseconds for durations), at
 │ character 7
  ╭─[plan.yml:3:48]
2 │ target: http://127.0.0.1:8080
3 │ thresholds: { http_reqs: [ 'p(95)<5', 'count', 'count<x' ] }
  ·                                                ─────────
  ╰────
"#);
}

#[test]
fn a_condition_that_is_no_list() {
    assert_snapshot!(said(BASE, "thresholds: { http_reqs: count>5 }\n"), @r#"
     × expected a list `[ … ]` of conditions like 'p(95)<500'; found a text
      ╭─[plan.yml:3:26]
    2 │ target: http://127.0.0.1:8080
    3 │ thresholds: { http_reqs: count>5 }
      ·                          ───────
      ╰────
    "#);
}

#[test]
fn windows_that_cannot_be() {
    assert_snapshot!(said(BASE, "\
thresholds:
  http_reqs: [ { threshold: 'count>5', window: 1500ms }, { threshold: 'count>5', window: 30 } ]
  vus: [ { threshold: 'value>5', window: 10s } ]
  findings: [ { threshold: 'count<5', window: 10s } ]
"), @r#"
 × `http_reqs` comes from load, and the plan has no `scenarios`
  ╭─[plan.yml:4:3]
3 │ thresholds:
4 │   http_reqs: [ { threshold: 'count>5', window: 1500ms }, { threshold: 'count>5', window: 30 } ]
  ·   ─────────
5 │   vus: [ { threshold: 'value>5', window: 10s } ]
  ╰────
 help: add a scenario, or leave the gate out
 × a window of 1.50s is no whole number of seconds
  ╭─[plan.yml:4:48]
3 │ thresholds:
4 │   http_reqs: [ { threshold: 'count>5', window: 1500ms }, { threshold: 'count>5', window: 30 } ]
  ·                                                ──────
5 │   vus: [ { threshold: 'value>5', window: 10s } ]
  ╰────
 help: load is measured by the second, so a window has 1s, 2s, …
 × `30` has no unit; write `30s` or `30ms`
  ╭─[plan.yml:4:90]
3 │ thresholds:
4 │   http_reqs: [ { threshold: 'count>5', window: 1500ms }, { threshold: 'count>5', window: 30 } ]
  ·                                                                                          ──
5 │   vus: [ { threshold: 'value>5', window: 10s } ]
  ╰────
 × `vus` comes from load, and the plan has no `scenarios`
  ╭─[plan.yml:5:3]
4 │   http_reqs: [ { threshold: 'count>5', window: 1500ms }, { threshold: 'count>5', window: 30 } ]
5 │   vus: [ { threshold: 'value>5', window: 10s } ]
  ·   ───
6 │   findings: [ { threshold: 'count<5', window: 10s } ]
  ╰────
 help: add a scenario, or leave the gate out
 × `vus` has no windows
  ╭─[plan.yml:5:42]
4 │   http_reqs: [ { threshold: 'count>5', window: 1500ms }, { threshold: 'count>5', window: 30 } ]
5 │   vus: [ { threshold: 'value>5', window: 10s } ]
  ·                                          ───
6 │   findings: [ { threshold: 'count<5', window: 10s } ]
  ╰────
 help: windows are for counters, rates and trends of load; leave out `window`
 × `findings` comes from a scan, and the plan has no `scan`
  ╭─[plan.yml:6:3]
5 │   vus: [ { threshold: 'value>5', window: 10s } ]
6 │   findings: [ { threshold: 'count<5', window: 10s } ]
  ·   ────────
  ╰────
 help: add `scan`, or leave the gate out
 × `findings` has no windows
  ╭─[plan.yml:6:47]
5 │   vus: [ { threshold: 'value>5', window: 10s } ]
6 │   findings: [ { threshold: 'count<5', window: 10s } ]
  ·                                               ───
  ╰────
 help: windows are for counters, rates and trends of load; leave out `window`
"#);
}

#[test]
fn a_tag_that_is_none() {
    assert_snapshot!(said(BASE, "thresholds: { 'http_reqs{colour:red}': [ 'count>5' ] }\n"), @r#"
 × `http_reqs` comes from load, and the plan has no `scenarios`
  ╭─[plan.yml:3:15]
2 │ target: http://127.0.0.1:8080
3 │ thresholds: { 'http_reqs{colour:red}': [ 'count>5' ] }
  ·               ───────────────────────
  ╰────
 help: add a scenario, or leave the gate out
"#);
}

#[test]
fn a_gate_on_what_the_plan_does_not_have() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: shared-iterations, exec: visit } }
thresholds:
  'http_reqs{scenario:t}': [ 'count>1', 'count>2' ]
  'http_reqs{request:homes}': [ 'count>1' ]
  'http_reqs{method:PUT}': [ 'count>1' ]
  'http_reqs{path:/x}': [ 'count>1' ]
"), @r#"
 × unknown scenario `t`, did you mean `s`?
  ╭─[plan.yml:7:3]
6 │ thresholds:
7 │   'http_reqs{scenario:t}': [ 'count>1', 'count>2' ]
  ·   ───────────────────────
8 │   'http_reqs{request:homes}': [ 'count>1' ]
  ╰────
 × unknown request of the scenarios `homes`, did you mean `home`?
  ╭─[plan.yml:8:3]
7 │   'http_reqs{scenario:t}': [ 'count>1', 'count>2' ]
8 │   'http_reqs{request:homes}': [ 'count>1' ]
  ·   ──────────────────────────
9 │   'http_reqs{method:PUT}': [ 'count>1' ]
  ╰────
 × unknown method of the scenarios `PUT`, did you mean `GET`?
   ╭─[plan.yml:9:3]
 8 │   'http_reqs{request:homes}': [ 'count>1' ]
 9 │   'http_reqs{method:PUT}': [ 'count>1' ]
   ·   ───────────────────────
10 │   'http_reqs{path:/x}': [ 'count>1' ]
   ╰────
 × unknown path of the scenarios `/x`, did you mean `/`?
   ╭─[plan.yml:10:3]
 9 │   'http_reqs{method:PUT}': [ 'count>1' ]
10 │   'http_reqs{path:/x}': [ 'count>1' ]
   ·   ────────────────────
   ╰────
"#);
}

#[test]
fn a_comparison_that_cannot_be_made() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: shared-iterations, exec: visit } }
scan: {}
baseline: { run: history:main, accepted: nowhere.yml }
thresholds:
  'http_reqs|vs(baseline)': [ 'count<10%', 'count<+5ms', { threshold: 'count<+5', window: 5s }, { threshold: 'count<+5', abortOnFail: true } ]
  'http_reqs|vs(history:main)': [ 'count<+10%' ]
  'http_reqs|against(main)': [ 'count<+10%' ]
  'findings|vs(baseline)': [ 'count<=+0' ]
  http_req_duration: [ 'p(95)<+10%' ]
"), @r#"
 × `nowhere.yml` is not a file
  ╭─[plan.yml:7:42]
6 │ scan: {}
7 │ baseline: { run: history:main, accepted: nowhere.yml }
  ·                                          ───────────
8 │ thresholds:
  ╰────
 × threshold `count<10%`: expected a change with its sign, like +10% or +0.01, at character 7
   ╭─[plan.yml:9:31]
 8 │ thresholds:
 9 │   'http_reqs|vs(baseline)': [ 'count<10%', 'count<+5ms', { threshold: 'count<+5', window: 5s }, { threshold: 'count<+5', abortOnFail: true } ]
   ·                               ───────────
10 │   'http_reqs|vs(history:main)': [ 'count<+10%' ]
   ╰────
 × threshold `count<+5ms`: expected a change with its sign, like +10% or +0.01, at character 7
   ╭─[plan.yml:9:44]
 8 │ thresholds:
 9 │   'http_reqs|vs(baseline)': [ 'count<10%', 'count<+5ms', { threshold: 'count<+5', window: 5s }, { threshold: 'count<+5', abortOnFail: true } ]
   ·                                            ────────────
10 │   'http_reqs|vs(history:main)': [ 'count<+10%' ]
   ╰────
 × a change against the baseline is one of the whole run
   ╭─[plan.yml:9:91]
 8 │ thresholds:
 9 │   'http_reqs|vs(baseline)': [ 'count<10%', 'count<+5ms', { threshold: 'count<+5', window: 5s }, { threshold: 'count<+5', abortOnFail: true } ]
   ·                                                                                           ──
10 │   'http_reqs|vs(history:main)': [ 'count<+10%' ]
   ╰────
 help: leave out `window`
 × `http_reqs` is only known in its change when the run is over, so it cannot end the run before
   ╭─[plan.yml:9:122]
 8 │ thresholds:
 9 │   'http_reqs|vs(baseline)': [ 'count<10%', 'count<+5ms', { threshold: 'count<+5', window: 5s }, { threshold: 'count<+5', abortOnFail: true } ]
   ·                                                                                                                          ───────────
10 │   'http_reqs|vs(history:main)': [ 'count<+10%' ]
   ╰────
 help: leave `abortOnFail` out
 × a comparison with a run of the history is not yet supported
   ╭─[plan.yml:10:3]
 9 │   'http_reqs|vs(baseline)': [ 'count<10%', 'count<+5ms', { threshold: 'count<+5', window: 5s }, { threshold: 'count<+5', abortOnFail: true } ]
10 │   'http_reqs|vs(history:main)': [ 'count<+10%' ]
   ·   ────────────────────────────
11 │   'http_reqs|against(main)': [ 'count<+10%' ]
   ╰────
 × `|against(main)`: expected `|vs(baseline)`
   ╭─[plan.yml:11:3]
10 │   'http_reqs|vs(history:main)': [ 'count<+10%' ]
11 │   'http_reqs|against(main)': [ 'count<+10%' ]
   ·   ─────────────────────────
12 │   'findings|vs(baseline)': [ 'count<=+0' ]
   ╰────
 × findings are compared one by one, not by their number
   ╭─[plan.yml:12:3]
11 │   'http_reqs|against(main)': [ 'count<+10%' ]
12 │   'findings|vs(baseline)': [ 'count<=+0' ]
   ·   ───────────────────────
13 │   http_req_duration: [ 'p(95)<+10%' ]
   ╰────
 help: leave out `|vs(baseline)`: `findings` counts those that are not in the baseline
 × threshold `p(95)<+10%`: expected a number after the operator (a change is for `METRIC|
 │ vs(baseline)`), at character 7
   ╭─[plan.yml:13:24]
12 │   'findings|vs(baseline)': [ 'count<=+0' ]
13 │   http_req_duration: [ 'p(95)<+10%' ]
   ·                        ────────────
   ╰────
"#);
}

#[test]
fn a_cost_that_is_none() {
    assert_snapshot!(said(BASE, "cost: { instances: 0, price_per_hour: -1, curency: usd }\nbaseline: {}\n"), @r#"
 × the cost needs `currency`
  ╭─[plan.yml:3:1]
2 │ target: http://127.0.0.1:8080
3 │ cost: { instances: 0, price_per_hour: -1, curency: usd }
  · ────
4 │ baseline: {}
  ╰────
 × expected a number of instances from 1 to 1000000; found `0`
  ╭─[plan.yml:3:20]
2 │ target: http://127.0.0.1:8080
3 │ cost: { instances: 0, price_per_hour: -1, curency: usd }
  ·                    ─
4 │ baseline: {}
  ╰────
 × expected a price from 0 to 1000000; found `-1`
  ╭─[plan.yml:3:39]
2 │ target: http://127.0.0.1:8080
3 │ cost: { instances: 0, price_per_hour: -1, curency: usd }
  ·                                       ──
4 │ baseline: {}
  ╰────
 × unknown key `curency` in the cost, did you mean `currency`?
  ╭─[plan.yml:3:43]
2 │ target: http://127.0.0.1:8080
3 │ cost: { instances: 0, price_per_hour: -1, curency: usd }
  ·                                           ───────
4 │ baseline: {}
  ╰────
 × a baseline needs `run` or `accepted`
  ╭─[plan.yml:4:1]
3 │ cost: { instances: 0, price_per_hour: -1, curency: usd }
4 │ baseline: {}
  · ────────
  ╰────
"#);
}

#[test]
fn an_unknown_format() {
    assert_snapshot!(said(BASE, "outputs: [ { jsn: a }, { otlp: b }, { html: c }, { json: c } ]\n"), @r#"
     × unknown output format `jsn`, did you mean `json`?
      ╭─[plan.yml:3:14]
    2 │ target: http://127.0.0.1:8080
    3 │ outputs: [ { jsn: a }, { otlp: b }, { html: c }, { json: c } ]
      ·              ───
      ╰────
     × `otlp` is no file: it is sent while the run goes on
      ╭─[plan.yml:3:26]
    2 │ target: http://127.0.0.1:8080
    3 │ outputs: [ { jsn: a }, { otlp: b }, { html: c }, { json: c } ]
      ·                          ────
      ╰────
     help: write `export: [ { otlp: URL } ]` or `prometheus_rw`
     × `c` is written twice
      ╭─[plan.yml:3:58]
    2 │ target: http://127.0.0.1:8080
    3 │ outputs: [ { jsn: a }, { otlp: b }, { html: c }, { json: c } ]
      ·                                                          ─
      ╰────
    "#);
}

#[test]
fn a_header_name_that_is_none() {
    assert_snapshot!(said(BASE, "observe: [ 'X Served By' ]\n"), @r#"
     × `X Served By` is not a header name
      ╭─[plan.yml:3:12]
    2 │ target: http://127.0.0.1:8080
    3 │ observe: [ 'X Served By' ]
      ·            ─────────────
      ╰────
    "#);
}
