//! Keys: unknown ones and missing ones.

use insta::assert_snapshot;

use super::BASE;
use super::said;

#[test]
fn what_is_missing() {
    assert_snapshot!(said("", "timeout: 5s\n"), @r#"
     × the plan needs `version`
      ╭─[plan.yml:1:1]
    1 │ timeout: 5s
      · ▲
      ╰────
     × the plan needs `target`
      ╭─[plan.yml:1:1]
    1 │ timeout: 5s
      · ▲
      ╰────
    "#);
}

#[test]
fn another_version() {
    assert_snapshot!(said("", "\
version: 2
target: http://127.0.0.1
"), @r#"
 × expected 1, the only version there is; found `2`
  ╭─[plan.yml:1:10]
1 │ version: 2
  ·          ─
2 │ target: http://127.0.0.1
  ╰────
"#);
}

#[test]
fn a_near_miss_is_suggested() {
    assert_snapshot!(said(BASE, "scenarioss: {}\n"), @r#"
     × unknown key `scenarioss` in the plan, did you mean `scenarios`?
      ╭─[plan.yml:3:1]
    2 │ target: http://127.0.0.1:8080
    3 │ scenarioss: {}
      · ──────────
      ╰────
    "#);
}

#[test]
fn a_far_miss_gets_the_list() {
    assert_snapshot!(said(BASE, "limits: { bandwidth: 5 }\n"), @r#"
     × unknown key `bandwidth` in limits
      ╭─[plan.yml:3:11]
    2 │ target: http://127.0.0.1:8080
    3 │ limits: { bandwidth: 5 }
      ·           ─────────
      ╰────
     help: known: max_rps, max_vus, max_time, stop_if
    "#);
}
