//! Values that are put in: of the environment, of variables, of chance.

use insta::assert_snapshot;

use super::BASE;
use super::said;

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
     × `${evn.X}`: unknown namespace `evn`, did you mean `env.X`?
      ╭─[plan.yml:3:10]
    2 │ target: http://127.0.0.1:8080
    3 │ timeout: ${evn.X}
      ·          ────────
      ╰────
     help: use ${env.NAME}, ${vars.name}, ${rand.word} or the ${name} of an extraction
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
