//! How mistakes are shown: their order, their number, and what a hostile plan cannot do.

use insta::assert_snapshot;
use shakedown::model::ExitCode;

use super::BASE;
use super::said;
use crate::plan::resolve;

#[test]
fn every_mistake_is_reported_in_the_order_of_the_text() {
    let text = "\
version: 1
target: http://127.0.0.1:8080
requests:
  home: { gte: / }
flows:
  visit: [ { use: home }, { use: hoem }, { think: 5 } ]
scenarios:
  s: { executor: constant-vus, exec: vist, duration: soon }
thresholds:
  http_req_durations: [ 'p(95)<500' ]
";
    let errors = resolve(text).expect_err("the plan is refused");
    assert_eq!(errors.exit_code(), ExitCode::InvalidPlan);
    assert_snapshot!(errors.to_string(), @r#"plan plan.yml: a request needs a method and its path; unknown key `gte` in a request, did you mean `get`?; unknown request `hoem`, did you mean `home`?; `5` has no unit; write `5s` or `5ms`; unknown flow `vist`, did you mean `visit`?; `soon` is not a duration; write it like 300ms, 10s, 1m30s or 2h; unknown metric `http_req_durations`, did you mean `http_req_duration`?"#);
    assert_snapshot!(errors.render(false), @r#"
     × a request needs a method and its path
      ╭─[plan.yml:4:3]
    3 │ requests:
    4 │   home: { gte: / }
      ·   ────
    5 │ flows:
      ╰────
     help: write `get: /path`, or one of get, post, put, patch, delete, head, options, ws, sse, grpc
     × unknown key `gte` in a request, did you mean `get`?
      ╭─[plan.yml:4:11]
    3 │ requests:
    4 │   home: { gte: / }
      ·           ───
    5 │ flows:
      ╰────
     × unknown request `hoem`, did you mean `home`?
      ╭─[plan.yml:6:34]
    5 │ flows:
    6 │   visit: [ { use: home }, { use: hoem }, { think: 5 } ]
      ·                                  ────
    7 │ scenarios:
      ╰────
     × `5` has no unit; write `5s` or `5ms`
      ╭─[plan.yml:6:51]
    5 │ flows:
    6 │   visit: [ { use: home }, { use: hoem }, { think: 5 } ]
      ·                                                   ─
    7 │ scenarios:
      ╰────
     × unknown flow `vist`, did you mean `visit`?
      ╭─[plan.yml:8:38]
    7 │ scenarios:
    8 │   s: { executor: constant-vus, exec: vist, duration: soon }
      ·                                      ────
    9 │ thresholds:
      ╰────
     × `soon` is not a duration; write it like 300ms, 10s, 1m30s or 2h
      ╭─[plan.yml:8:54]
    7 │ scenarios:
    8 │   s: { executor: constant-vus, exec: vist, duration: soon }
      ·                                                      ────
    9 │ thresholds:
      ╰────
     × unknown metric `http_req_durations`, did you mean `http_req_duration`?
       ╭─[plan.yml:10:3]
     9 │ thresholds:
    10 │   http_req_durations: [ 'p(95)<500' ]
       ·   ──────────────────
       ╰────
    "#);
}

#[test]
fn only_a_lack_of_authorisation_is_a_refusal() {
    let code = |text: &str| resolve(text).expect_err("refused").exit_code();
    assert_eq!(code("version: 1\ntarget: http://8.8.8.8/\n"), ExitCode::Refused);
    assert_eq!(code("version: 1\ntarget: http://8.8.8.8/\nx: 1\n"), ExitCode::InvalidPlan);
}

#[test]
fn a_long_list_of_mistakes_is_cut() {
    let requests: Vec<String> = (0..50).map(|n| format!("  r{n}: {{}}")).collect();
    let requests = requests.join("\n");
    let errors = resolve(&format!("{BASE}requests:\n{requests}\n")).expect_err("refused");
    assert_eq!(errors.count(), 50);
    let text = errors.render(false);
    assert_eq!(text.matches("a request needs a method").count(), 20);
    assert!(text.ends_with("… and 30 more\n"), "{text}");
}

#[test]
fn a_line_of_megabytes_is_not_shown() {
    let long = "x".repeat(1 << 20);
    assert_snapshot!(said(BASE, &format!("limits: {{ max_rsp: 5 }} # {long}\n")), @r#"  × plan.yml:3:11: unknown key `max_rsp` in limits, did you mean `max_rps`?"#);
}

#[test]
fn terminal_escapes_of_a_plan_do_not_reach_the_terminal() {
    let text = said(BASE, "\"x\u{1b}[31m\": \"\\e[31m\u{202e}\"\n");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    let text = said(BASE, "timeout: \"\\e[31m\u{202e}\" # \u{9b}31m\n");
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{text:?}");
}

#[test]
fn colour_is_only_there_when_asked_for() {
    let errors = resolve("").expect_err("refused");
    assert!(errors.render(true).contains("\u{1b}["));
    assert!(!errors.render(false).contains('\u{1b}'));
}
