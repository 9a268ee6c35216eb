//! Target, scope, authorisation and limits.

use insta::assert_snapshot;

use super::BASE;
use super::said;

#[test]
fn a_target_that_is_no_url() {
    assert_snapshot!(said("", "\
version: 1
target: ftp://127.0.0.1/
"), @r#"
 × `ftp://127.0.0.1/` has the scheme `ftp`; only http and https are supported
  ╭─[plan.yml:2:9]
1 │ version: 1
2 │ target: ftp://127.0.0.1/
  ·         ────────────────
  ╰────
"#);
}

#[test]
fn a_public_address_without_authorisation() {
    assert_snapshot!(said("", "\
version: 1
target: http://8.8.8.8/
"), @r#"
 × 8.8.8.8 (8.8.8.8) is neither loopback nor private, and nobody authorised testing it; add
 │ `authorised: { by: …, hosts: [8.8.8.8] }` to the plan or pass --authorised-by NAME
  ╭─[plan.yml:2:9]
1 │ version: 1
2 │ target: http://8.8.8.8/
  ·         ───────────────
  ╰────
"#);
}

#[test]
fn a_public_origin_without_authorisation() {
    assert_snapshot!(said(BASE, "scope: { origins: [ auto, http://8.8.8.8 ] }\n"), @r#"
     × 8.8.8.8 (8.8.8.8) is neither loopback nor private, and nobody authorised testing it; add
     │ `authorised: { by: …, hosts: [8.8.8.8] }` to the plan or pass --authorised-by NAME
      ╭─[plan.yml:3:27]
    2 │ target: http://127.0.0.1:8080
    3 │ scope: { origins: [ auto, http://8.8.8.8 ] }
      ·                           ──────────────
      ╰────
    "#);
}

#[test]
fn an_authorisation_that_ended() {
    assert_snapshot!(said(BASE, "authorised: { by: A. Person, until: 2026-11-22 }\n"), @r#"
     × the authorisation ended on 2026-11-22
      ╭─[plan.yml:3:37]
    2 │ target: http://127.0.0.1:8080
    3 │ authorised: { by: A. Person, until: 2026-11-22 }
      ·                                     ──────────
      ╰────
     help: have it renewed, or pass --authorised-by NAME
    "#);
}

#[test]
fn an_authorisation_without_a_name() {
    assert_snapshot!(said(BASE, "authorised: { until: tomorrow }\n"), @r#"
     × authorised needs `by`
      ╭─[plan.yml:3:1]
    2 │ target: http://127.0.0.1:8080
    3 │ authorised: { until: tomorrow }
      · ──────────
      ╰────
     × `tomorrow` is not a date; write it like 2031-12-31
      ╭─[plan.yml:3:22]
    2 │ target: http://127.0.0.1:8080
    3 │ authorised: { until: tomorrow }
      ·                      ────────
      ╰────
    "#);
}

#[test]
fn a_scope_without_the_target() {
    assert_snapshot!(said(BASE, "scope: { origins: [ http://127.0.0.1:9090/a ] }\n"), @r#"
     × the target's own origin http://127.0.0.1:8080 is not in scope
      ╭─[plan.yml:3:19]
    2 │ target: http://127.0.0.1:8080
    3 │ scope: { origins: [ http://127.0.0.1:9090/a ] }
      ·                   ─
      ╰────
     help: add `auto`
     × `http://127.0.0.1:9090/a` is more than an origin
      ╭─[plan.yml:3:21]
    2 │ target: http://127.0.0.1:8080
    3 │ scope: { origins: [ http://127.0.0.1:9090/a ] }
      ·                     ───────────────────────
      ╰────
     help: write `http://127.0.0.1:9090`, and paths into scope.include
    "#);
}

#[test]
fn a_bad_regular_expression() {
    assert_snapshot!(said(BASE, "scope: { include: [ '^/', '[a-' ] }\n"), @r#"
     × `[a-` is not a regular expression: unclosed character class
      ╭─[plan.yml:3:27]
    2 │ target: http://127.0.0.1:8080
    3 │ scope: { include: [ '^/', '[a-' ] }
      ·                           ─────
      ╰────
    "#);
}

#[test]
fn a_request_outside_the_scope() {
    assert_snapshot!(said(BASE, "\
scope: { exclude: [ ^/logout ] }
requests: { out: { get: /logout } }
"), @r#"
 × out of scope: /logout is outside scope.include or inside scope.exclude
  ╭─[plan.yml:4:25]
3 │ scope: { exclude: [ ^/logout ] }
4 │ requests: { out: { get: /logout } }
  ·                         ───────
  ╰────
"#);
}

#[test]
fn a_request_to_another_origin() {
    assert_snapshot!(said(BASE, "requests: { out: { get: http://127.0.0.1:9090/ } }\n"), @r#"
     × out of scope: http://127.0.0.1:9090 is not in scope; add it to `scope.origins` if it is yours
     │ to test
      ╭─[plan.yml:3:25]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { out: { get: http://127.0.0.1:9090/ } }
      ·                         ──────────────────────
      ╰────
    "#);
}

#[test]
fn limits_that_limit_nothing() {
    assert_snapshot!(said(BASE, "\
limits: { max_rps: 0, max_vus: 1.5, max_time: 0s, stop_if: { for: 5s } }
"), @r#"
 × expected a number above 0 and at most 10000000; found `0`
  ╭─[plan.yml:3:20]
2 │ target: http://127.0.0.1:8080
3 │ limits: { max_rps: 0, max_vus: 1.5, max_time: 0s, stop_if: { for: 5s } }
  ·                    ─
  ╰────
 × expected a whole number from 1 to 1000000; found `1.5`
  ╭─[plan.yml:3:32]
2 │ target: http://127.0.0.1:8080
3 │ limits: { max_rps: 0, max_vus: 1.5, max_time: 0s, stop_if: { for: 5s } }
  ·                                ───
  ╰────
 × expected a duration above 0; found `0s`
  ╭─[plan.yml:3:47]
2 │ target: http://127.0.0.1:8080
3 │ limits: { max_rps: 0, max_vus: 1.5, max_time: 0s, stop_if: { for: 5s } }
  ·                                               ──
  ╰────
 × stop_if needs `error_rate` or `p95`
  ╭─[plan.yml:3:51]
2 │ target: http://127.0.0.1:8080
3 │ limits: { max_rps: 0, max_vus: 1.5, max_time: 0s, stop_if: { for: 5s } }
  ·                                                   ───────
  ╰────
"#);
}

#[test]
fn an_error_rate_in_percent() {
    assert_snapshot!(said(BASE, "limits: { stop_if: { error_rate: 50 } }\n"), @r#"
     × expected a share from 0 to 1; found `50`
      ╭─[plan.yml:3:34]
    2 │ target: http://127.0.0.1:8080
    3 │ limits: { stop_if: { error_rate: 50 } }
      ·                                  ──
      ╰────
    "#);
}
