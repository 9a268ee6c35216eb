//! Checks of responses.

use insta::assert_snapshot;

use super::BASE;
use super::FLOW;
use super::said;

#[test]
fn checks_that_make_no_sense() {
    assert_snapshot!(said(BASE, "\
requests:
  a:
    get: /
    checks:
      - { css: { selector: a, count: 1 } }
      - { status: 20 }
      - { name: nothing }
      - { contains: x, regex: y }
      - { contains: x, exists: true }
      - { jsonpath: $.a, exists: true, equals: 1 }
"), @r#"
 × `1` is no bound: begin it with <, <=, > or >=
  ╭─[plan.yml:7:38]
6 │     checks:
7 │       - { css: { selector: a, count: 1 } }
  ·                                      ─
8 │       - { status: 20 }
  ╰────
 × expected a status from 100 to 599; found `20`
  ╭─[plan.yml:8:19]
7 │       - { css: { selector: a, count: 1 } }
8 │       - { status: 20 }
  ·                   ──
9 │       - { name: nothing }
  ╰────
 × a check that asserts nothing
   ╭─[plan.yml:9:9]
 8 │       - { status: 20 }
 9 │       - { name: nothing }
   ·         ─
10 │       - { contains: x, regex: y }
   ╰────
 help: say what must hold: status, jsonpath, regex, contains, header, css, schema, duration,
       body_size
 × a check asserts one thing: `regex` or `contains`
   ╭─[plan.yml:10:11]
 9 │       - { name: nothing }
10 │       - { contains: x, regex: y }
   ·           ────────
11 │       - { contains: x, exists: true }
   ╰────
 help: write them as two checks
 × `exists` belongs to `jsonpath`, `header` or `css`
   ╭─[plan.yml:11:24]
10 │       - { contains: x, regex: y }
11 │       - { contains: x, exists: true }
   ·                        ──────
12 │       - { jsonpath: $.a, exists: true, equals: 1 }
   ╰────
 × a check has `exists` or `equals`
   ╭─[plan.yml:12:40]
11 │       - { contains: x, exists: true }
12 │       - { jsonpath: $.a, exists: true, equals: 1 }
   ·                                        ──────
   ╰────
"#);
}

#[test]
fn bounds_headers_and_names_of_checks_that_make_no_sense() {
    assert_snapshot!(said(BASE, "\
requests:
  a:
    get: /
    checks:
      - { duration: 500ms }
      - { duration: <500 }
      - { body_size: <10 potatoes }
      - { header: { name: X, equals: a, contains: b } }
      - { header: { equals: a } }
      - { contains: x, name: 'a,b' }
      - { contains: twice }
      - { contains: twice }
"), @r#"
 × `500ms` is no bound: begin it with <, <=, > or >=
  ╭─[plan.yml:7:21]
6 │     checks:
7 │       - { duration: 500ms }
  ·                     ─────
8 │       - { duration: <500 }
  ╰────
 × `500` has no unit; write `500s` or `500ms`
  ╭─[plan.yml:8:21]
7 │       - { duration: 500ms }
8 │       - { duration: <500 }
  ·                     ────
9 │       - { body_size: <10 potatoes }
  ╰────
 × expected a size like 500b, 10kb or 2MiB; found `10 potatoes`
   ╭─[plan.yml:9:22]
 8 │       - { duration: <500 }
 9 │       - { body_size: <10 potatoes }
   ·                      ────────────
10 │       - { header: { name: X, equals: a, contains: b } }
   ╰────
 × a header's check asserts one thing
   ╭─[plan.yml:10:41]
 9 │       - { body_size: <10 potatoes }
10 │       - { header: { name: X, equals: a, contains: b } }
   ·                                         ────────
11 │       - { header: { equals: a } }
   ╰────
 × a header's check needs `name`
   ╭─[plan.yml:11:19]
10 │       - { header: { name: X, equals: a, contains: b } }
11 │       - { header: { equals: a } }
   ·                   ─
12 │       - { contains: x, name: 'a,b' }
   ╰────
 × a check's name has 1 to 120 characters, none of them `,`, `{` or `}`
   ╭─[plan.yml:12:30]
11 │       - { header: { equals: a } }
12 │       - { contains: x, name: 'a,b' }
   ·                              ─────
13 │       - { contains: twice }
   ╰────
 × two checks are called `contains twice`; give one a `name`
   ╭─[plan.yml:14:9]
13 │       - { contains: twice }
14 │       - { contains: twice }
   ·         ─
   ╰────
"#);
}

#[test]
fn a_threshold_on_a_check_that_is_not_there() {
    assert_snapshot!(said(FLOW, "\
scenarios: { s: { executor: constant-vus, exec: visit, vus: 1, duration: 1s } }
thresholds: { 'checks{check:status 200}': [ 'rate>0.9' ] }
"), @r#"
 × unknown check of the scenarios' requests `status 200`; there is none
  ╭─[plan.yml:6:15]
5 │ scenarios: { s: { executor: constant-vus, exec: visit, vus: 1, duration: 1s } }
6 │ thresholds: { 'checks{check:status 200}': [ 'rate>0.9' ] }
  ·               ──────────────────────────
  ╰────
"#);
}
