//! What is said about bad plans: file, line and column, the line in question, and the cure.

use insta::assert_snapshot;
use shakedown::model::ExitCode;

use super::resolve;

/// Everything a plan needs.
const BASE: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";
/// And a request.
const ONE: &str = "version: 1\ntarget: http://127.0.0.1:8080\nrequests: { home: { get: / } }\n";
/// And a flow that sends it twice.
const FLOW: &str = "version: 1\ntarget: http://127.0.0.1:8080\nrequests: { home: { get: / } }\n\
                    flows: { visit: [ { use: home }, { use: home } ] }\n";

/// The messages about `base` with `rest` behind it.
fn said(base: &str, rest: &str) -> String {
    resolve(&format!("{base}{rest}")).expect_err("the plan is refused").render(false)
}

// YAML itself

#[test]
fn an_empty_plan() {
    assert_snapshot!(said("", ""), @r#"
    × the plan is empty
     ╭─[plan.yml:1:1]
     ╰────
    "#);
}

#[test]
fn a_list_is_no_plan() {
    assert_snapshot!(said("", "- a\n"), @r#"
     × expected a plan: a mapping `{ key: value }`; found a list
      ╭─[plan.yml:1:1]
    1 │ - a
      · ▲
      ╰────
    "#);
}

#[test]
fn an_unclosed_quote() {
    assert_snapshot!(said("", "\
version: 1
target: 'http
"), @r#"
 × unclosed quote
  ╭─[plan.yml:2:9]
1 │ version: 1
2 │ target: 'http
  ·         ▲
  ╰────
"#);
}

#[test]
fn a_second_document() {
    assert_snapshot!(said("", "\
version: 1
---
version: 1
"), @r#"
 × a plan is one YAML document; a second one starts here
  ╭─[plan.yml:2:1]
1 │ version: 1
2 │ ---
  · ───
3 │ version: 1
  ╰────
"#);
}

#[test]
fn an_unknown_alias() {
    assert_snapshot!(said(BASE, "vars: { a: *b }\n"), @r#"
     × reference to unknown value
      ╭─[plan.yml:3:12]
    2 │ target: http://127.0.0.1:8080
    3 │ vars: { a: *b }
      ·            ▲
      ╰────
    "#);
}

#[test]
fn an_unquoted_substitution_in_braces() {
    assert_snapshot!(said(BASE, "limits: { max_rps: ${env.RATE:-5} }\n"), @r#"
     × while parsing a flow mapping, did not find expected ',' or '}'
      ╭─[plan.yml:3:21]
    2 │ target: http://127.0.0.1:8080
    3 │ limits: { max_rps: ${env.RATE:-5} }
      ·                     ▲
      ╰────
     help: inside `{ }` and `[ ]` YAML wants quotes around a substitution: "${…}"
    "#);
}

#[test]
fn a_key_given_twice() {
    assert_snapshot!(said(BASE, "\
timeout: 1s
timeout: 2s
"), @r#"
 × `timeout` is given twice
  ╭─[plan.yml:4:1]
3 │ timeout: 1s
4 │ timeout: 2s
  · ───────
  ╰────
"#);
}

// Keys

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

#[test]
fn keys_of_later_engines() {
    assert_snapshot!(said(BASE, "\
targets: {}
secrets: {}
data: {}
auth: {}
identities: {}
capacity: {}
baseline: {}
cost: {}
"), @r#"
 × `targets` in the plan is not yet supported
  ╭─[plan.yml:3:1]
2 │ target: http://127.0.0.1:8080
3 │ targets: {}
  · ───────
4 │ secrets: {}
  ╰────
 × `secrets` in the plan is not yet supported
  ╭─[plan.yml:4:1]
3 │ targets: {}
4 │ secrets: {}
  · ───────
5 │ data: {}
  ╰────
 × `data` in the plan is not yet supported
  ╭─[plan.yml:5:1]
4 │ secrets: {}
5 │ data: {}
  · ────
6 │ auth: {}
  ╰────
 × `auth` in the plan is not yet supported
  ╭─[plan.yml:6:1]
5 │ data: {}
6 │ auth: {}
  · ────
7 │ identities: {}
  ╰────
 × `identities` in the plan is not yet supported
  ╭─[plan.yml:7:1]
6 │ auth: {}
7 │ identities: {}
  · ──────────
8 │ capacity: {}
  ╰────
 × `capacity` in the plan is not yet supported
  ╭─[plan.yml:8:1]
7 │ identities: {}
8 │ capacity: {}
  · ────────
9 │ baseline: {}
  ╰────
 × `baseline` in the plan is not yet supported
   ╭─[plan.yml:9:1]
 8 │ capacity: {}
 9 │ baseline: {}
   · ────────
10 │ cost: {}
   ╰────
 × `cost` in the plan is not yet supported
   ╭─[plan.yml:10:1]
 9 │ baseline: {}
10 │ cost: {}
   · ────
   ╰────
"#);
}

// Substitution

#[test]
fn a_variable_of_the_environment_that_is_not_set() {
    assert_snapshot!(said(BASE, "timeout: ${env.NOBODY}\n"), @r#"
     × the environment variable `NOBODY` is not set
      ╭─[plan.yml:3:10]
    2 │ target: http://127.0.0.1:8080
    3 │ timeout: ${env.NOBODY}
      ·          ─────────────
      ╰────
     help: set it, or give a default: ${env.NOBODY:-…}
    "#);
}

#[test]
fn a_variable_that_is_not_defined() {
    assert_snapshot!(said(BASE, "\
vars: { size: 5 }
timeout: ${vars.sizes}s
"), @r#"
 × `vars.sizes` is not defined, did you mean `vars.size`?
  ╭─[plan.yml:4:10]
3 │ vars: { size: 5 }
4 │ timeout: ${vars.sizes}s
  ·          ──────────────
  ╰────
 help: add it under `vars`, or give a default: ${vars.sizes:-…}
"#);
}

#[test]
fn a_variable_that_refers_to_a_variable() {
    assert_snapshot!(said(BASE, "vars: { a: 5, b: \"${vars.a}\" }\n"), @r#"
     × a variable cannot refer to other variables
      ╭─[plan.yml:3:18]
    2 │ target: http://127.0.0.1:8080
    3 │ vars: { a: 5, b: "${vars.a}" }
      ·                  ───────────
      ╰────
     help: use ${env.NAME}
    "#);
}

#[test]
fn a_namespace_of_later() {
    assert_snapshot!(said(BASE, "timeout: ${rand.word}\n"), @r#"
     × `${rand.word}` is only known while the load runs
      ╭─[plan.yml:3:10]
    2 │ target: http://127.0.0.1:8080
    3 │ timeout: ${rand.word}
      ·          ────────────
      ╰────
     help: it can stand in a request's path, query, headers, json, form and body, in messages that
           are sent and in a call's metadata; everywhere else use ${env.NAME} or ${vars.name}
    "#);
}

#[test]
fn a_namespace_that_is_none() {
    assert_snapshot!(said(BASE, "timeout: ${evn.X}\n"), @r#"
     × `${evn.X}`: unknown namespace `evn`
      ╭─[plan.yml:3:10]
    2 │ target: http://127.0.0.1:8080
    3 │ timeout: ${evn.X}
      ·          ────────
      ╰────
     help: use ${env.NAME}, ${vars.name}, ${rand.word} or the ${name} of an extraction
    "#);
}

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
      f: { css: a }
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
 help: write `jsonpath: $.id`, `regex: 'id=(.*)'` or `header: Location`
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
12 │       f: { css: a }
   ╰────
 × `css` in an extraction is not yet supported
   ╭─[plan.yml:12:12]
11 │       e: { jsonpath: $.a, header: X }
12 │       f: { css: a }
   ·            ───
13 │       vu: { header: X }
   ╰────
 × `vu` cannot be the name of a value
   ╭─[plan.yml:13:7]
12 │       f: { css: a }
13 │       vu: { header: X }
   ·       ──
14 │       g: { header: 'a b' }
   ╰────
 help: a name has letters, digits, `_` and `-`; `vu` and `iteration` have their own meaning
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

#[test]
fn random_values_that_are_none() {
    assert_snapshot!(said(BASE, "\
requests:
  a: { get: '/${rand.wrod}' }
  b: { get: '/${rand.int(5,1)}' }
  c: { get: '/${rand.hex(0)}' }
  d: { get: '/${rand.digits(x)}' }
  e: { get: '/${rand.uuid(}' }
  f: { get: '/${rand.word:-x}' }
  g: { get: '/${a b}' }
"), @r#"
 × unknown `rand.wrod`, did you mean `rand.word`?
  ╭─[plan.yml:4:13]
3 │ requests:
4 │   a: { get: '/${rand.wrod}' }
  ·             ───────────────
5 │   b: { get: '/${rand.int(5,1)}' }
  ╰────
 help: there are ${rand.word}, ${rand.uuid}, ${rand.int(1,100)}, ${rand.hex(8)} and
       ${rand.digits(8)}
 × `rand.int(5,1)` makes no sense
  ╭─[plan.yml:5:13]
4 │   a: { get: '/${rand.wrod}' }
5 │   b: { get: '/${rand.int(5,1)}' }
  ·             ───────────────────
6 │   c: { get: '/${rand.hex(0)}' }
  ╰────
 help: there are ${rand.word}, ${rand.uuid}, ${rand.int(1,100)}, ${rand.hex(8)} and
       ${rand.digits(8)}
 × `rand.hex(0)` has a length that is not allowed
  ╭─[plan.yml:6:13]
5 │   b: { get: '/${rand.int(5,1)}' }
6 │   c: { get: '/${rand.hex(0)}' }
  ·             ─────────────────
7 │   d: { get: '/${rand.digits(x)}' }
  ╰────
 help: from 1 to 64 digits
 × `rand.digits(x)` takes whole numbers
  ╭─[plan.yml:7:13]
6 │   c: { get: '/${rand.hex(0)}' }
7 │   d: { get: '/${rand.digits(x)}' }
  ·             ────────────────────
8 │   e: { get: '/${rand.uuid(}' }
  ╰────
 help: there are ${rand.word}, ${rand.uuid}, ${rand.int(1,100)}, ${rand.hex(8)} and
       ${rand.digits(8)}
 × `rand.uuid(` is not closed
  ╭─[plan.yml:8:13]
7 │   d: { get: '/${rand.digits(x)}' }
8 │   e: { get: '/${rand.uuid(}' }
  ·             ────────────────
9 │   f: { get: '/${rand.word:-x}' }
  ╰────
 help: there are ${rand.word}, ${rand.uuid}, ${rand.int(1,100)}, ${rand.hex(8)} and
       ${rand.digits(8)}
 × `${rand.word}` takes no default here
   ╭─[plan.yml:9:13]
 8 │   e: { get: '/${rand.uuid(}' }
 9 │   f: { get: '/${rand.word:-x}' }
   ·             ──────────────────
10 │   g: { get: '/${a b}' }
   ╰────
 help: give it where the value is extracted: `{ jsonpath: …, default: … }`
 × `${a b}` is not a name
   ╭─[plan.yml:10:13]
 9 │   f: { get: '/${rand.word:-x}' }
10 │   g: { get: '/${a b}' }
   ·             ─────────
   ╰────
 help: a name has letters, digits, `_` and `-`; write `$${` for the characters `${`
"#);
}

#[test]
fn a_host_that_is_only_known_later() {
    assert_snapshot!(said(BASE, "\
requests:
  a: { get: 'http://${vu}.example/' }
  b: { get: '${next}' }
  c: { get: 'items/${vu}' }
  d: { get: '/a b/${vu}' }
"), @r#"
 × where a request goes is fixed: only what follows `/` may have slots
  ╭─[plan.yml:4:13]
3 │ requests:
4 │   a: { get: 'http://${vu}.example/' }
  ·             ───────────────────────
5 │   b: { get: '${next}' }
  ╰────
 × where a request goes is fixed: only what follows `/` may have slots
  ╭─[plan.yml:5:13]
4 │   a: { get: 'http://${vu}.example/' }
5 │   b: { get: '${next}' }
  ·             ─────────
6 │   c: { get: 'items/${vu}' }
  ╰────
 × `items/${vu}` is not a path; write `/items/${vu}`
  ╭─[plan.yml:6:13]
5 │   b: { get: '${next}' }
6 │   c: { get: 'items/${vu}' }
  ·             ─────────────
7 │   d: { get: '/a b/${vu}' }
  ╰────
 × a path cannot contain ' '; write %20
  ╭─[plan.yml:7:13]
6 │   c: { get: 'items/${vu}' }
7 │   d: { get: '/a b/${vu}' }
  ·             ────────────
  ╰────
"#);
}

#[test]
fn bodies_that_cannot_be_made() {
    assert_snapshot!(said(BASE, "\
requests:
  a: { post: /, body: { random: 10 potatoes } }
  b: { post: /, body: { random: 1000MiB } }
  c: { post: /, body: { repeat: '', size: 1kb } }
  d: { post: /, body: { repeat: ab } }
  e: { post: /, body: { file: no/such/file } }
  f: { post: /, file: '${vu}', body: x }
  g: { post: /, body: { random: 1kb, file: x } }
"), @r#"
 × expected a size like 500b, 10kb or 2MiB; found `10 potatoes`
  ╭─[plan.yml:4:33]
3 │ requests:
4 │   a: { post: /, body: { random: 10 potatoes } }
  ·                                 ───────────
5 │   b: { post: /, body: { random: 1000MiB } }
  ╰────
 × `1000MiB` is larger than 64 MiB
  ╭─[plan.yml:5:33]
4 │   a: { post: /, body: { random: 10 potatoes } }
5 │   b: { post: /, body: { random: 1000MiB } }
  ·                                 ───────
6 │   c: { post: /, body: { repeat: '', size: 1kb } }
  ╰────
 × an empty text fills nothing, however often it is repeated
  ╭─[plan.yml:6:33]
5 │   b: { post: /, body: { random: 1000MiB } }
6 │   c: { post: /, body: { repeat: '', size: 1kb } }
  ·                                 ──
7 │   d: { post: /, body: { repeat: ab } }
  ╰────
 × a body needs `size`
  ╭─[plan.yml:7:23]
6 │   c: { post: /, body: { repeat: '', size: 1kb } }
7 │   d: { post: /, body: { repeat: ab } }
  ·                       ─
8 │   e: { post: /, body: { file: no/such/file } }
  ╰────
 × reading `no/such/file`: No such file or directory (os error 2)
  ╭─[plan.yml:8:31]
7 │   d: { post: /, body: { repeat: ab } }
8 │   e: { post: /, body: { file: no/such/file } }
  ·                               ────────────
9 │   f: { post: /, file: '${vu}', body: x }
  ╰────
 × a request has one body: `body` or `file`
   ╭─[plan.yml:9:17]
 8 │   e: { post: /, body: { file: no/such/file } }
 9 │   f: { post: /, file: '${vu}', body: x }
   ·                 ────
10 │   g: { post: /, body: { random: 1kb, file: x } }
   ╰────
 × a body has one of `file`, `random` and `repeat`
   ╭─[plan.yml:10:23]
 9 │   f: { post: /, file: '${vu}', body: x }
10 │   g: { post: /, body: { random: 1kb, file: x } }
   ·                       ─
   ╰────
"#);
}

#[test]
fn a_substitution_that_is_not_closed() {
    assert_snapshot!(said(BASE, "timeout: ${env.SET\n"), @r#"
     × `${env.SET` is not closed
      ╭─[plan.yml:3:10]
    2 │ target: http://127.0.0.1:8080
    3 │ timeout: ${env.SET
      ·          ─────────
      ╰────
     help: close it with `}`, or write `$${` for the characters `${`
    "#);
}

#[test]
fn a_substituted_value_of_the_wrong_kind() {
    assert_snapshot!(said(BASE, "\
limits:
  max_rps: ${env.NOBODY:-fast}
"), @r#"
 × expected a number above 0 and at most 10000000; found `fast`
  ╭─[plan.yml:4:12]
3 │ limits:
4 │   max_rps: ${env.NOBODY:-fast}
  ·            ───────────────────
  ╰────
"#);
}

// Target, scope, authorisation, limits

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

// Requests

#[test]
fn sessions_and_streams_that_make_no_sense() {
    let messages = "requests:
  a: { ws: /, json: { a: 1 }, messages: [ { sned: x } ] }
  b: { sse: /, messages: [ { send: x } ], events: 0 }
  c: { get: /, for: 1s }
  d:
    ws: /
    messages:
      - { send: x, expect: any }
      - { send: { binary: '?' } }
      - { expect: { regex: '(' } }
      - { close: 1006 }
      - { repeat: 3 }
      - { repeat: 2, do: [ { repeat: 2, do: [ { send: x } ] } ] }
";
    let said = said(BASE, messages);
    for expected in [
        "`json` has no meaning for `ws`",
        "unknown key `sned` in a step of a session, did you mean `send`?",
        "`messages` has no meaning for `sse`",
        "a number of events from 1 on",
        "`for` has no meaning for `get`",
        "a step is one thing: `send` or `expect`",
        "not base64: ",
        "`(` is not a regular expression",
        "a close code",
        "`repeat` needs the steps that it repeats",
        "`repeat` stands in no other `repeat`",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
}

#[test]
fn values_of_messages_that_are_not_there_when_they_are_needed() {
    let rest = "requests:
  a:
    ws: /
    messages:
      - send: \"use ${early}\"
      - { expect: any, extract: { early: { jsonpath: $.a }, known: { jsonpath: $.b } } }
      - { send: { json: { early: \"${early}\", knwon: \"${knwon}\" } } }
      - { send: x, extract: { y: { jsonpath: $.y } } }
      - { expect: any, extract: { y: { header: X } } }
      - { expect: { equals: \"${known}\" } }
  b: { ws: / }
flows:
  f: [ { use: a } ]
  g: [ { use: b, extract: { y: { jsonpath: $.y } } } ]
";
    let said = said(BASE, rest);
    for expected in [
        "only an `expect` step has a message to extract from",
        "a message has no headers to extract from",
        "`${known}` is only known while the load runs",
        "a session or stream has no response to extract from",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
    let uses = "requests:
  a:
    ws: /
    messages:
      - send: \"use ${early}\"
      - { expect: any, extract: { early: { jsonpath: $.a }, known: { jsonpath: $.b } } }
      - { send: { json: { early: \"${early}\", knwon: \"${knwon}\" } } }
  b: { get: \"/${known}/${knonw}\" }
flows:
  f: [ { use: a }, { use: b } ]
";
    let said = self::said(BASE, uses);
    for expected in [
        "`${early}`: nothing in flow `f` extracts `early` before `a` is sent",
        "`${knwon}`: nothing in flow `f` extracts `knwon` before `a` is sent",
        "`${knonw}`: nothing in flow `f` extracts `knonw` before `b` is sent, did you mean `known`?",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
    assert_eq!(said.matches("extracts `early`").count(), 1, "{said}");
    assert!(!said.contains("extracts `known`"), "{said}");
}

#[test]
fn a_session_needs_a_connection_alone() {
    let rest = "connection: { http: 2 }\nrequests: { a: { ws: / } }\n";
    let said = said(BASE, rest);
    assert!(said.contains("(RFC 8441) is not supported"), "{said}");
}

#[test]
fn a_request_without_a_method() {
    assert_snapshot!(said(BASE, "requests: { a: { path: / } }\n"), @r#"
     × a request needs a method and its path
      ╭─[plan.yml:3:13]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { path: / } }
      ·             ─
      ╰────
     help: write `get: /path`, or one of get, post, put, patch, delete, head, options, ws, sse, grpc
     × unknown key `path` in a request, did you mean `patch`?
      ╭─[plan.yml:3:18]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { path: / } }
      ·                  ────
      ╰────
    "#);
}

#[test]
fn a_request_with_two_methods() {
    assert_snapshot!(said(BASE, "requests: { a: { get: /, post: / } }\n"), @r#"
     × a request has one method: `get` or `post`
      ╭─[plan.yml:3:26]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: /, post: / } }
      ·                          ────
      ╰────
    "#);
}

#[test]
fn a_request_with_two_bodies() {
    assert_snapshot!(said(BASE, "requests: { a: { post: /, json: 1, form: { a: 1 } } }\n"), @r#"
     × a request has one body: `json` or `form`
      ╭─[plan.yml:3:36]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { post: /, json: 1, form: { a: 1 } } }
      ·                                    ────
      ╰────
    "#);
}

#[test]
fn a_path_that_is_none() {
    assert_snapshot!(said(BASE, "requests: { a: { get: items } }\n"), @r#"
     × `items` is not a path; write `/items`
      ╭─[plan.yml:3:23]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: items } }
      ·                       ─────
      ╰────
    "#);
}

#[test]
fn a_path_with_a_space() {
    assert_snapshot!(said(BASE, "requests: { a: { get: /a b } }\n"), @r#"
     × a path cannot contain ' '; write %20
      ╭─[plan.yml:3:23]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: /a b } }
      ·                       ────
      ╰────
    "#);
}

#[test]
fn a_path_with_a_line_break() {
    assert_snapshot!(said(BASE, "requests: { a: { get: \"/a\\r\\nHost: b\" } }\n"), @r#"
     × a path cannot contain '\r'; write %0D
      ╭─[plan.yml:3:23]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: "/a\r\nHost: b" } }
      ·                       ───────────────
      ╰────
    "#);
}

#[test]
fn a_path_with_a_fragment() {
    assert_snapshot!(said(BASE, "requests: { a: { get: \"/a#b\" } }\n"), @r#"
     × a fragment (`#…`) is never sent; remove it, or write %23
      ╭─[plan.yml:3:23]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: "/a#b" } }
      ·                       ──────
      ╰────
    "#);
}

#[test]
fn a_header_that_breaks_out() {
    assert_snapshot!(said(BASE, "requests: { a: { get: /, headers: { \"A B\": x, X-Y: \"1\\r\\nZ: 2\" } } }\n"), @r#"
     × `A B` is not a header name
      ╭─[plan.yml:3:44]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: /, headers: { "A B": x, X-Y: "1\r\nZ: 2" } } }
      ·                                            ─
      ╰────
     × the value of header `X-Y` contains a control character
      ╭─[plan.yml:3:52]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: /, headers: { "A B": x, X-Y: "1\r\nZ: 2" } } }
      ·                                                    ───────────
      ╰────
    "#);
}

#[test]
fn a_name_that_selectors_cannot_carry() {
    assert_snapshot!(said(BASE, "requests: { \"a{b}\": { get: / } }\n"), @r#"
     × `a{b}` cannot be the name of a request
      ╭─[plan.yml:3:13]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { "a{b}": { get: / } }
      ·             ──────
      ╰────
     help: a name has 1 to 80 letters, digits, `_`, `-` and `.`
    "#);
}

#[test]
fn checks_that_make_no_sense() {
    assert_snapshot!(said(BASE, "\
requests:
  a:
    get: /
    checks:
      - { css: a }
      - { status: 20 }
      - { name: nothing }
      - { contains: x, regex: y }
      - { contains: x, exists: true }
      - { jsonpath: $.a, exists: true, equals: 1 }
"), @r#"
 × `css` in a check is not yet supported
  ╭─[plan.yml:7:11]
6 │     checks:
7 │       - { css: a }
  ·           ───
8 │       - { status: 20 }
  ╰────
 × expected a status from 100 to 599; found `20`
  ╭─[plan.yml:8:19]
7 │       - { css: a }
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
 help: say what must hold: status, jsonpath, regex, contains, header, duration, body_size
 × a check asserts one thing: `regex` or `contains`
   ╭─[plan.yml:10:11]
 9 │       - { name: nothing }
10 │       - { contains: x, regex: y }
   ·           ────────
11 │       - { contains: x, exists: true }
   ╰────
 help: write them as two checks
 × `exists` belongs to `jsonpath` or `header`
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

#[test]
fn two_statuses_at_once() {
    assert_snapshot!(said(BASE, "\
requests: { a: { get: /, checks: [ { status: 200 }, { status: 201 } ] } }
"), @r#"
 × a response has one status, so two status checks never hold together
  ╭─[plan.yml:3:53]
2 │ target: http://127.0.0.1:8080
3 │ requests: { a: { get: /, checks: [ { status: 200 }, { status: 201 } ] } }
  ·                                                     ─
  ╰────
 help: write the alternatives as a list: `status: [200, 201]`
"#);
}

#[test]
fn request_keys_of_later() {
    assert_snapshot!(said(BASE, "requests: { a: { get: /, tags: { k: v }, as: member } }\n"), @r#"
     × `tags` in a request is not yet supported
      ╭─[plan.yml:3:26]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: /, tags: { k: v }, as: member } }
      ·                          ────
      ╰────
     × `as` in a request is not yet supported
      ╭─[plan.yml:3:42]
    2 │ target: http://127.0.0.1:8080
    3 │ requests: { a: { get: /, tags: { k: v }, as: member } }
      ·                                          ──
      ╰────
    "#);
}

// Flows

#[test]
fn an_unknown_request() {
    assert_snapshot!(said(ONE, "flows: { f: [ { use: hoem } ] }\n"), @r#"
     × unknown request `hoem`, did you mean `home`?
      ╭─[plan.yml:4:22]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: hoem } ] }
      ·                      ────
      ╰────
    "#);
}

#[test]
fn an_empty_flow() {
    assert_snapshot!(said(ONE, "flows: { f: [] }\n"), @r#"
     × flow `f` sends nothing
      ╭─[plan.yml:4:10]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [] }
      ·          ─
      ╰────
     help: add a step `{ use: REQUEST }`
    "#);
}

#[test]
fn a_flow_without_a_request() {
    assert_snapshot!(said(ONE, "flows: { f: [ { think: 1s } ] }\n"), @r#"
     × flow `f` sends nothing
      ╭─[plan.yml:4:10]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { think: 1s } ] }
      ·          ─
      ╰────
     help: add a step `{ use: REQUEST }`
    "#);
}

#[test]
fn a_think_time_without_unit_and_one_backwards() {
    assert_snapshot!(said(ONE, "flows: { f: [ { use: home }, { think: 5 }, { think: 3s..1s } ] }\n"), @r#"
     × `5` has no unit; write `5s` or `5ms`
      ╭─[plan.yml:4:39]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home }, { think: 5 }, { think: 3s..1s } ] }
      ·                                       ─
      ╰────
     × `3s..1s` goes backwards; write the shorter time first
      ╭─[plan.yml:4:53]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home }, { think: 5 }, { think: 3s..1s } ] }
      ·                                                     ──────
      ╰────
    "#);
}

#[test]
fn a_step_that_does_two_things() {
    assert_snapshot!(said(ONE, "flows: { f: [ { use: home, think: 1s } ] }\n"), @r#"
     × a step does one thing
      ╭─[plan.yml:4:15]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, think: 1s } ] }
      ·               ─
      ╰────
     help: write `{ use: … }` and `{ think: … }` as two steps
    "#);
}

#[test]
fn steps_of_later() {
    assert_snapshot!(said(ONE, "flows: { f: [ { use: home, chance: 0.5 }, { choose: [] } ] }\n"), @r#"
     × `chance` in a step is not yet supported
      ╭─[plan.yml:4:28]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, chance: 0.5 }, { choose: [] } ] }
      ·                            ──────
      ╰────
     × `choose` in a step is not yet supported
      ╭─[plan.yml:4:45]
    3 │ requests: { home: { get: / } }
    4 │ flows: { f: [ { use: home, chance: 0.5 }, { choose: [] } ] }
      ·                                             ──────
      ╰────
    "#);
}

// Scenarios

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
 help: known: executor, exec, startTime, gracefulStop, warmup, vus, duration
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

// Scan, thresholds, outputs

#[test]
fn scan_keys_of_later() {
    assert_snapshot!(said(BASE, "scan: { policy: ci, crawl: { import: [ a.yml ] } }\n"), @r#"
     × `policy` in scan is not yet supported
      ╭─[plan.yml:3:9]
    2 │ target: http://127.0.0.1:8080
    3 │ scan: { policy: ci, crawl: { import: [ a.yml ] } }
      ·         ──────
      ╰────
     × `import` in crawl is not yet supported
      ╭─[plan.yml:3:30]
    2 │ target: http://127.0.0.1:8080
    3 │ scan: { policy: ci, crawl: { import: [ a.yml ] } }
      ·                              ──────
      ╰────
    "#);
}

#[test]
fn an_unknown_check() {
    assert_snapshot!(said(BASE, "scan: { active: [ sqli-eror, xss-reflected ] }\n"), @r#"
     × unknown check `sqli-eror`, did you mean `sqli-error`?
      ╭─[plan.yml:3:19]
    2 │ target: http://127.0.0.1:8080
    3 │ scan: { active: [ sqli-eror, xss-reflected ] }
      ·                   ─────────
      ╰────
    "#);
}

#[test]
fn a_scan_above_the_cap() {
    assert_snapshot!(said(BASE, "\
limits: { max_rps: 20 }
scan: { max_rps: 50 }
"), @r#"
 × `max_rps: 50` is above `limits.max_rps: 20`
  ╭─[plan.yml:4:18]
3 │ limits: { max_rps: 20 }
4 │ scan: { max_rps: 50 }
  ·                  ──
  ╰────
"#);
}

#[test]
fn an_unsafe_request_that_is_unknown() {
    assert_snapshot!(said(ONE, "scan: { allow_unsafe: [ checkout ] }\n"), @r#"
     × unknown request `checkout`
      ╭─[plan.yml:4:25]
    3 │ requests: { home: { get: / } }
    4 │ scan: { allow_unsafe: [ checkout ] }
      ·                         ────────
      ╰────
     help: known: home
    "#);
}

#[test]
fn rules_that_are_not_there() {
    assert_snapshot!(said(BASE, "scan: { rules: [ no-such-directory ] }\n"), @r#"
     × `no-such-directory` is not a directory
      ╭─[plan.yml:3:18]
    2 │ target: http://127.0.0.1:8080
    3 │ scan: { rules: [ no-such-directory ] }
      ·                  ─────────────────
      ╰────
    "#);
}

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
     × `p(95)` does not apply to `http_reqs`, which is a counter
      ╭─[plan.yml:3:28]
    2 │ target: http://127.0.0.1:8080
    3 │ thresholds: { http_reqs: [ 'p(95)<5', 'count', 'count<x' ] }
      ·                            ─────────
      ╰────
     × threshold `count`: expected an operator: <, <=, >, >=, == or !=, as in `p(95)<500`
      ╭─[plan.yml:3:39]
    2 │ target: http://127.0.0.1:8080
    3 │ thresholds: { http_reqs: [ 'p(95)<5', 'count', 'count<x' ] }
      ·                                       ───────
      ╰────
     × threshold `count<x`: expected a number after the operator (milliseconds for durations)
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
fn a_tag_that_is_none() {
    assert_snapshot!(said(BASE, "thresholds: { 'http_reqs{colour:red}': [ 'count>5' ] }\n"), @r#"
     × metric `http_reqs`: no tag `colour`; it has scenario, request, method, path
      ╭─[plan.yml:3:15]
    2 │ target: http://127.0.0.1:8080
    3 │ thresholds: { 'http_reqs{colour:red}': [ 'count>5' ] }
      ·               ───────────────────────
      ╰────
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
fn a_comparison_with_a_baseline() {
    assert_snapshot!(said(BASE, "thresholds: { 'http_reqs|vs(baseline)': [ 'count<+10%' ] }\n"), @r#"
     × a comparison with a baseline is not yet supported
      ╭─[plan.yml:3:15]
    2 │ target: http://127.0.0.1:8080
    3 │ thresholds: { 'http_reqs|vs(baseline)': [ 'count<+10%' ] }
      ·               ────────────────────────
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
     × the output format `otlp` is not yet supported
      ╭─[plan.yml:3:26]
    2 │ target: http://127.0.0.1:8080
    3 │ outputs: [ { jsn: a }, { otlp: b }, { html: c }, { json: c } ]
      ·                          ────
      ╰────
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
