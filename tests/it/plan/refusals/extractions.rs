//! Values taken out of responses.

use insta::assert_snapshot;

use super::BASE;
use super::ONE;
use super::said;

#[test]
fn an_extraction() {
    assert_snapshot!(said(BASE, "timeout: ${token}\n"), @r#"
     × `${token}` is only known while the load runs
      ╭─[plan.yml:3:10]
    2 │ target: http://127.0.0.1:8080
    3 │ timeout: ${token}
      ·          ────────
      ╰────
     help: it can stand in a request's path, query, headers, json, form and body, in messages that
           are sent and in a call's metadata; everywhere else use ${env.NAME} or ${vars.name}
    "#);
}

#[test]
fn a_value_that_nothing_has_extracted() {
    assert_snapshot!(said(BASE, "\
requests:
  search: { get: /search }
  item: { get: '/items/${itme}', headers: { X: '${token}' } }
flows:
  f: [ { use: search, extract: { item: { jsonpath: $.id } } }, { use: item } ]
  g: [ { use: item }, { use: search } ]
"), @r#"
 × `${itme}`: nothing in flow `f` extracts `itme` before `item` is sent, did you mean `item`?
  ╭─[plan.yml:5:16]
4 │   search: { get: /search }
5 │   item: { get: '/items/${itme}', headers: { X: '${token}' } }
  ·                ────────────────
6 │ flows:
  ╰────
 help: add `extract: { itme: { jsonpath: … } }` to a step before it; or write `$${` for the
       characters `${`
 × `${token}`: nothing in flow `f` extracts `token` before `item` is sent
  ╭─[plan.yml:5:48]
4 │   search: { get: /search }
5 │   item: { get: '/items/${itme}', headers: { X: '${token}' } }
  ·                                                ──────────
6 │ flows:
  ╰────
 help: add `extract: { token: { jsonpath: … } }` to a step before it; or write `$${` for the
       characters `${`
"#);
}

#[test]
fn a_value_extracted_only_afterwards() {
    assert_snapshot!(said(BASE, "\
requests:
  a: { get: '/a/${x}', extract: { x: { jsonpath: $.id } } }
flows:
  f: [ { use: a } ]
"), @r#"
 × `${x}`: nothing in flow `f` extracts `x` before `a` is sent
  ╭─[plan.yml:4:13]
3 │ requests:
4 │   a: { get: '/a/${x}', extract: { x: { jsonpath: $.id } } }
  ·             ─────────
5 │ flows:
  ╰────
 help: add `extract: { x: { jsonpath: … } }` to a step before it; or write `$${` for the
       characters `${`
"#);
}

#[test]
fn extractions_that_make_no_sense() {
    assert_snapshot!(said(BASE, "\
requests:
  a:
    get: /
    extract:
      a: { jsonpath: $.a- }
      b: { regex: '(x)', group: 2 }
      c: { default: x }
      d: { header: X, group: 1 }
      e: { jsonpath: $.a, header: X }
      f: { css: a, group: 1 }
      vu: { header: X }
      g: { header: 'a b' }
      h: { regex: '(' }
"), @r#"
 × `$.a-` is not a JSONPath: at position 3, parser error
  ╭─[plan.yml:7:22]
6 │     extract:
7 │       a: { jsonpath: $.a- }
  ·                      ────
8 │       b: { regex: '(x)', group: 2 }
  ╰────
 × `(x)` is not a regular expression: it has 1 groups, and group 2 is wanted
  ╭─[plan.yml:8:19]
7 │       a: { jsonpath: $.a- }
8 │       b: { regex: '(x)', group: 2 }
  ·                   ─────
9 │       c: { default: x }
  ╰────
 × an extraction needs a place to look
   ╭─[plan.yml:9:7]
 8 │       b: { regex: '(x)', group: 2 }
 9 │       c: { default: x }
   ·       ─
10 │       d: { header: X, group: 1 }
   ╰────
 help: write `jsonpath: $.id`, `css: a.next`, `form: '#login'`, `regex: 'id=(.*)'`, `header:
       Location` or `cookie: session`
 × only a `regex` has groups
   ╭─[plan.yml:10:23]
 9 │       c: { default: x }
10 │       d: { header: X, group: 1 }
   ·                       ─────
11 │       e: { jsonpath: $.a, header: X }
   ╰────
 × an extraction looks in one place: `jsonpath` or `header`
   ╭─[plan.yml:11:27]
10 │       d: { header: X, group: 1 }
11 │       e: { jsonpath: $.a, header: X }
   ·                           ──────
12 │       f: { css: a, group: 1 }
   ╰────
 × only a `regex` has groups
   ╭─[plan.yml:12:20]
11 │       e: { jsonpath: $.a, header: X }
12 │       f: { css: a, group: 1 }
   ·                    ─────
13 │       vu: { header: X }
   ╰────
 × `vu` cannot be the name of a value
   ╭─[plan.yml:13:7]
12 │       f: { css: a, group: 1 }
13 │       vu: { header: X }
   ·       ──
14 │       g: { header: 'a b' }
   ╰────
 help: a name has letters, digits, `_` and `-`; `vu`, `iteration` and `canary` have their own
       meaning
 × `a b` is not a header name
   ╭─[plan.yml:14:20]
13 │       vu: { header: X }
14 │       g: { header: 'a b' }
   ·                    ─────
15 │       h: { regex: '(' }
   ╰────
 × `(` is not a regular expression: unclosed group
   ╭─[plan.yml:15:19]
14 │       g: { header: 'a b' }
15 │       h: { regex: '(' }
   ·                   ───
   ╰────
"#);
}

#[test]
fn an_extraction_without_a_response() {
    assert_snapshot!(said(ONE, "flows: { f: [ { think: 1s, extract: { a: { header: X } } } ] }\n"), @r#"
     × only a `use` step has a response to extract from
      ╭─[plan.yml:4:28]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { think: 1s, extract: { a: { header: X } } } ] }
      ·                            ───────
      ╰────
    "#);
}
