//! Scenarios, their executors, and caps that they would break.

use insta::assert_snapshot;

use super::FLOW;
use super::said;
use crate::plan::resolve;

#[test]
fn an_unknown_flow() {
    assert_snapshot!(said(FLOW, "scenarios: { s: { executor: shared-iterations, exec: vist } }\n"), @r#"
     × unknown flow `vist`, did you mean `visit`?
      ╭─[plan.yml:5:54]
    4 │ flows: { visit: [ { use: home }, { use: home } ] }
    5 │ scenarios: { s: { executor: shared-iterations, exec: vist } }
      ·                                                      ────
      ╰────
    "#);
}

#[test]
fn stages_that_make_no_ramp() {
    assert_snapshot!(said(FLOW, "\
scenarios:
  a: { executor: ramping-vus, exec: visit, stages: [], startVUs: -1 }
  b: { executor: ramping-vus, exec: visit, startVUs: 0, stages: [ { target: 0, duration: 1s } ] }
"), @r#"
 × the stages take no time at all
  ╭─[plan.yml:6:52]
5 │ scenarios:
6 │   a: { executor: ramping-vus, exec: visit, stages: [], startVUs: -1 }
  ·                                                    ─
7 │   b: { executor: ramping-vus, exec: visit, startVUs: 0, stages: [ { target: 0, duration: 1s } ] }
  ╰────
 help: give at least one of them a `duration` above 0
 × expected a whole number from 0 to 1000000; found `-1`
  ╭─[plan.yml:6:66]
5 │ scenarios:
6 │   a: { executor: ramping-vus, exec: visit, stages: [], startVUs: -1 }
  ·                                                                  ──
7 │   b: { executor: ramping-vus, exec: visit, startVUs: 0, stages: [ { target: 0, duration: 1s } ] }
  ╰────
 × neither `startVUs` nor a stage's target is above 0: nobody would run
  ╭─[plan.yml:7:65]
6 │   a: { executor: ramping-vus, exec: visit, stages: [], startVUs: -1 }
7 │   b: { executor: ramping-vus, exec: visit, startVUs: 0, stages: [ { target: 0, duration: 1s } ] }
  ·                                                                 ─
  ╰────
"#);
}

#[test]
fn every_wrong_field_of_a_ramp_is_told() {
    let text = said(FLOW, "\
scenarios:
  c: { executor: ramping-arrival-rate, exec: visit, preAllocatedVUs: 1, stages: [ { target: 5 }, { target: -1, duration: 1s, warm: 1 } ] }
  d: { executor: ramping-arrival-rate, exec: visit, preAllocatedVUs: 1, stages: [ { target: 0, duration: 1s } ] }
  e: { executor: ramping-arrival-rate, exec: visit, preAllocatedVUs: 1, stages: [ { target: 9, duration: 0s } ], rate: 5 }
");
    for message in [
        "a stage needs `duration`",
        "expected a number from 0 to 10000000; found `-1`",
        "unknown key `warm` in a stage",
        "neither `startRate` nor a stage's target is above 0: nothing would start",
        "the stages take no time at all",
        "unknown key `rate` in a ramping-arrival-rate scenario",
    ] {
        assert!(text.contains(message), "{message}: {text}");
    }
}

#[test]
fn an_unknown_executor() {
    assert_snapshot!(said(FLOW, "scenarios: { s: { executor: constant-vu, exec: visit } }\n"), @r#"
     × unknown executor `constant-vu`, did you mean `constant-vus`?
      ╭─[plan.yml:5:29]
    4 │ flows: { visit: [ { use: home }, { use: home } ] }
    5 │ scenarios: { s: { executor: constant-vu, exec: visit } }
      ·                             ───────────
      ╰────
    "#);
}

#[test]
fn a_scenario_without_anything() {
    assert_snapshot!(said(FLOW, "scenarios: { s: {} }\n"), @r#"
     × a scenario needs `executor`
      ╭─[plan.yml:5:14]
    4 │ flows: { visit: [ { use: home }, { use: home } ] }
    5 │ scenarios: { s: {} }
      ·              ─
      ╰────
     × a scenario needs `exec`
      ╭─[plan.yml:5:14]
    4 │ flows: { visit: [ { use: home }, { use: home } ] }
    5 │ scenarios: { s: {} }
      ·              ─
      ╰────
    "#);
}

#[test]
fn what_a_closed_executor_needs() {
    assert_snapshot!(said(FLOW, "scenarios: { s: { executor: constant-vus, exec: visit } }\n"), @r#"
     × a constant-vus scenario needs `duration`
      ╭─[plan.yml:5:14]
    4 │ flows: { visit: [ { use: home }, { use: home } ] }
    5 │ scenarios: { s: { executor: constant-vus, exec: visit } }
      ·              ─
      ╰────
    "#);
}

#[test]
fn what_an_open_executor_needs() {
    assert_snapshot!(said(FLOW, "scenarios: { s: { executor: constant-arrival-rate, exec: visit } }\n"), @r#"
     × a constant-arrival-rate scenario needs `rate`
      ╭─[plan.yml:5:14]
    4 │ flows: { visit: [ { use: home }, { use: home } ] }
    5 │ scenarios: { s: { executor: constant-arrival-rate, exec: visit } }
      ·              ─
      ╰────
     × a constant-arrival-rate scenario needs `duration`
      ╭─[plan.yml:5:14]
    4 │ flows: { visit: [ { use: home }, { use: home } ] }
    5 │ scenarios: { s: { executor: constant-arrival-rate, exec: visit } }
      ·              ─
      ╰────
     × a constant-arrival-rate scenario needs `preAllocatedVUs`
      ╭─[plan.yml:5:14]
    4 │ flows: { visit: [ { use: home }, { use: home } ] }
    5 │ scenarios: { s: { executor: constant-arrival-rate, exec: visit } }
      ·              ─
      ╰────
    "#);
}

#[test]
fn a_field_of_another_executor() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: constant-vus, exec: visit, duration: 5s, rate: 3 } }
"), @r#"
 × unknown key `rate` in a constant-vus scenario
  ╭─[plan.yml:5:70]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ scenarios: { s: { executor: constant-vus, exec: visit, duration: 5s, rate: 3 } }
  ·                                                                      ────
  ╰────
 help: known: executor, exec, startTime, gracefulStop, warmup, env, tags, as, vus, duration
"#);
}

#[test]
fn a_rate_of_zero() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: constant-arrival-rate, exec: visit, duration: 5s, rate: 0, preAllocatedVUs: 1 } }
"), @r#"
 × expected a number above 0 and at most 10000000; found `0`
  ╭─[plan.yml:5:85]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ scenarios: { s: { executor: constant-arrival-rate, exec: visit, duration: 5s, rate: 0, preAllocatedVUs: 1 } }
  ·                                                                                     ─
  ╰────
"#);
}

#[test]
fn max_vus_below_pre_allocated_vus() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: constant-arrival-rate, exec: visit, duration: 5s, rate: 1, preAllocatedVUs: 9, maxVUs: 3 } }
"), @r#"
 × `maxVUs: 3` is below `preAllocatedVUs: 9`
  ╭─[plan.yml:5:116]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ scenarios: { s: { executor: constant-arrival-rate, exec: visit, duration: 5s, rate: 1, preAllocatedVUs: 9, maxVUs: 3 } }
  ·                                                                                                                    ─
  ╰────
"#);
}

#[test]
fn more_users_than_iterations() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: shared-iterations, exec: visit, vus: 5, iterations: 3 } }
"), @r#"
 × 5 users cannot share 3 iterations
  ╭─[plan.yml:5:66]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ scenarios: { s: { executor: shared-iterations, exec: visit, vus: 5, iterations: 3 } }
  ·                                                                  ─
  ╰────
 help: at most `vus: 3`
"#);
}

#[test]
fn a_late_that_is_none() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: constant-arrival-rate, exec: visit, duration: 5s, rate: 1, preAllocatedVUs: 1, late: wait } }
"), @r#"
 × unknown way to treat late arrivals `wait`
  ╭─[plan.yml:5:114]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ scenarios: { s: { executor: constant-arrival-rate, exec: visit, duration: 5s, rate: 1, preAllocatedVUs: 1, late: wait } }
  ·                                                                                                                  ────
  ╰────
 help: known: queue, drop
"#);
}

#[test]
fn a_duration_without_unit_and_one_for_ever() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: constant-vus, exec: visit, duration: 5, startTime: 99999d } }
"), @r#"
 × `5` has no unit; write `5s` or `5ms`
  ╭─[plan.yml:5:66]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ scenarios: { s: { executor: constant-vus, exec: visit, duration: 5, startTime: 99999d } }
  ·                                                                  ─
  ╰────
 × `99999d` is longer than a year
  ╭─[plan.yml:5:80]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ scenarios: { s: { executor: constant-vus, exec: visit, duration: 5, startTime: 99999d } }
  ·                                                                                ──────
  ╰────
"#);
}

#[test]
fn a_cap_below_the_scenarios_own_rate() {
    assert_snapshot!(said(FLOW, "\
limits: { max_rps: 10 }
scenarios: { s: { executor: constant-arrival-rate, exec: visit, duration: 5s, rate: 6, preAllocatedVUs: 1 } }
"), @r#"
 × `max_rps: 10` is below what scenario `s` sends: 6/s with 2 requests each are 12/s
  ╭─[plan.yml:5:20]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ limits: { max_rps: 10 }
  ·                    ──
6 │ scenarios: { s: { executor: constant-arrival-rate, exec: visit, duration: 5s, rate: 6, preAllocatedVUs: 1 } }
  ╰────
 help: raise the cap, or lower the scenario's rate
"#);
}

#[test]
fn a_cap_below_the_scenarios_users() {
    assert_snapshot!(said(FLOW, "\
limits: { max_vus: 5 }
scenarios:
  a: { executor: constant-vus, exec: visit, duration: 5s, vus: 3 }
  b: { executor: constant-vus, exec: visit, duration: 5s, vus: 3, startTime: 4s }
"), @r#"
 × `max_vus: 5` is below the 6 virtual users that scenarios may have at once
  ╭─[plan.yml:5:20]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ limits: { max_vus: 5 }
  ·                    ─
6 │ scenarios:
  ╰────
 help: raise the cap, or lower the scenarios' `vus` or `maxVUs`
"#);
}

#[test]
fn a_cap_below_the_peak_of_ramps_that_meet() {
    let ramps = |max_vus: u32| {
        format!(
            "limits: {{ max_vus: {max_vus} }}\nscenarios:\n  \
             up: {{ executor: ramping-vus, exec: visit, startVUs: 0, stages: [ {{ target: 10, duration: 10s }} ] }}\n  \
             down: {{ executor: ramping-vus, exec: visit, startVUs: 10, stages: [ {{ target: 0, duration: 10s }} ] }}\n  \
             after: {{ executor: constant-vus, exec: visit, startTime: 10s, vus: 8, duration: 5s }}\n"
        )
    };
    // Together they are always ten, and over when the last one starts.
    assert!(resolve(&format!("{FLOW}{}", ramps(10))).is_ok());
    assert!(said(FLOW, &ramps(9)).contains("below the 10 virtual users"));
}

#[test]
fn a_cap_below_the_peak_of_a_rate() {
    let text = "limits: { max_rps: 39 }\nscenarios: { s: { executor: ramping-arrival-rate, \
                exec: visit, preAllocatedVUs: 1, stages: [ { target: 20, duration: 5s }, \
                { target: 1, duration: 5s } ] } }\n";
    assert!(said(FLOW, text).contains("20/s with 2 requests each are 40/s"));
}

#[test]
fn a_cap_below_the_scenarios_time() {
    assert_snapshot!(said(FLOW, "\
limits: { max_time: 7s }
scenarios: { s: { executor: constant-vus, exec: visit, duration: 5s, startTime: 4s } }
"), @r#"
 × `max_time` is over before scenario `s` ends after 9.00s
  ╭─[plan.yml:5:21]
4 │ flows: { visit: [ { use: home }, { use: home } ] }
5 │ limits: { max_time: 7s }
  ·                     ──
6 │ scenarios: { s: { executor: constant-vus, exec: visit, duration: 5s, startTime: 4s } }
  ╰────
 help: raise the cap, or shorten the scenario
"#);
}
