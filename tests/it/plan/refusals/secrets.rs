//! Secrets: where they come from, where they may stand, and that no message has one.

use insta::assert_snapshot;

use super::BASE;
use super::said;

#[test]
fn secrets_that_make_no_sense() {
    assert_snapshot!(said(BASE, "\
secrets:
  A: hunter22
  B: { evn: X }
  C: {}
  D: { env: X, file: y }
  E: { command: [] }
  'f g': { env: X }
"), @r###"
     × a secret is not written into the plan: `A` is a value
      ╭─[plan.yml:4:3]
    3 │ secrets:
    4 │   A: hunter22
      ·   ─
    5 │   B: { evn: X }
      ╰────
     help: write `{ env: NAME }`, `{ file: secret.txt }` or `{ command: [ … ] }`
     × a secret needs a place to come from
      ╭─[plan.yml:5:3]
    4 │   A: hunter22
    5 │   B: { evn: X }
      ·   ─
    6 │   C: {}
      ╰────
     help: write `{ env: NAME }`, `{ file: secret.txt }` or `{ command: [ … ] }`
     × unknown key `evn` in a secret, did you mean `env`?
      ╭─[plan.yml:5:8]
    4 │   A: hunter22
    5 │   B: { evn: X }
      ·        ───
    6 │   C: {}
      ╰────
     × a secret needs a place to come from
      ╭─[plan.yml:6:3]
    5 │   B: { evn: X }
    6 │   C: {}
      ·   ─
    7 │   D: { env: X, file: y }
      ╰────
     help: write `{ env: NAME }`, `{ file: secret.txt }` or `{ command: [ … ] }`
     × a secret comes from one place: `env` or `file`
      ╭─[plan.yml:7:16]
    6 │   C: {}
    7 │   D: { env: X, file: y }
      ·                ────
    8 │   E: { command: [] }
      ╰────
     × a command has a program
      ╭─[plan.yml:8:17]
    7 │   D: { env: X, file: y }
    8 │   E: { command: [] }
      ·                 ─
    9 │   'f g': { env: X }
      ╰────
     × `f g` cannot be the name of a secret
      ╭─[plan.yml:9:3]
    8 │   E: { command: [] }
    9 │   'f g': { env: X }
      ·   ─────
      ╰────
     help: a name has letters, digits, `_` and `-`
    "###);
}

#[test]
fn secrets_that_are_missing() {
    assert_snapshot!(said(BASE, "\
secrets:
  PASSWORD: { env: NOBODY }
  NOTHING: { env: EMPTY }
  SHORT: { env: SET }
  KEY: { file: no/such/file.txt }
  TOKEN: { command: [vault, read] }
requests:
  a: { get: /, headers: { A: '${secrets.PASWORD}' } }
  b: { get: /, headers: { A: '${secrets.PASSWORD}' } }
  c: { get: /, headers: { A: '${secrets.NOTHING}' } }
  d: { get: /, headers: { A: '${secrets.SHORT}' } }
  e: { get: /, headers: { A: '${secrets.KEY}' } }
  f: { get: /, headers: { A: '${secrets.TOKEN}' } }
  g: { get: /, headers: { A: '${secrets.PASSWORD:-hunter22}' } }
"), @r###"
     × `secrets.PASWORD` is not defined, did you mean `secrets.PASSWORD`?
       ╭─[plan.yml:10:30]
     9 │ requests:
    10 │   a: { get: /, headers: { A: '${secrets.PASWORD}' } }
       ·                              ────────────────────
    11 │   b: { get: /, headers: { A: '${secrets.PASSWORD}' } }
       ╰────
     help: add it: `secrets: { PASWORD: { env: PASWORD } }`
     × the environment variable `NOBODY` is not set
       ╭─[plan.yml:11:30]
    10 │   a: { get: /, headers: { A: '${secrets.PASWORD}' } }
    11 │   b: { get: /, headers: { A: '${secrets.PASSWORD}' } }
       ·                              ─────────────────────
    12 │   c: { get: /, headers: { A: '${secrets.NOTHING}' } }
       ╰────
     help: set it
     × the secret `NOTHING` is empty
       ╭─[plan.yml:12:30]
    11 │   b: { get: /, headers: { A: '${secrets.PASSWORD}' } }
    12 │   c: { get: /, headers: { A: '${secrets.NOTHING}' } }
       ·                              ────────────────────
    13 │   d: { get: /, headers: { A: '${secrets.SHORT}' } }
       ╰────
     help: set it
     × the secret `SHORT` is too short to be kept out of reports
       ╭─[plan.yml:13:30]
    12 │   c: { get: /, headers: { A: '${secrets.NOTHING}' } }
    13 │   d: { get: /, headers: { A: '${secrets.SHORT}' } }
       ·                              ──────────────────
    14 │   e: { get: /, headers: { A: '${secrets.KEY}' } }
       ╰────
     help: it has 2 of at least 4 bytes: whatever it happens to be part of would be masked too; if it
           is no secret, use ${env.SHORT}
     × `no/such/file.txt` cannot be read: No such file or directory (os error 2)
       ╭─[plan.yml:14:30]
    13 │   d: { get: /, headers: { A: '${secrets.SHORT}' } }
    14 │   e: { get: /, headers: { A: '${secrets.KEY}' } }
       ·                              ────────────────
    15 │   f: { get: /, headers: { A: '${secrets.TOKEN}' } }
       ╰────
     help: it holds the secret and nothing else
     × this plan may not run commands
       ╭─[plan.yml:15:30]
    14 │   e: { get: /, headers: { A: '${secrets.KEY}' } }
    15 │   f: { get: /, headers: { A: '${secrets.TOKEN}' } }
       ·                              ──────────────────
    16 │   g: { get: /, headers: { A: '${secrets.PASSWORD:-hunter22}' } }
       ╰────
     help: take the secret from `env`
     × `${secrets.PASSWORD}` takes no default: it would stand in the plan
       ╭─[plan.yml:16:30]
    15 │   f: { get: /, headers: { A: '${secrets.TOKEN}' } }
    16 │   g: { get: /, headers: { A: '${secrets.PASSWORD:-hunter22}' } }
       ·                              ───────────────────────────────
       ╰────
     help: leave out what follows the name
    "###);
}

#[test]
fn secrets_where_they_would_be_shown() {
    assert_snapshot!(said("version: 1\n", "\
target: 'http://${secrets.PASSWORD}/'
secrets: { PASSWORD: { env: SECRET }, OTHER: { file: '${secrets.PASSWORD}' } }
vars: { password: '${secrets.PASSWORD}' }
thresholds: { 'http_req_duration': [ '${vars.password}' ] }
"), @r###"
     × a secret cannot stand in `target`, which reports show
      ╭─[plan.yml:2:9]
    1 │ version: 1
    2 │ target: 'http://${secrets.PASSWORD}/'
      ·         ─────────────────────────────
    3 │ secrets: { PASSWORD: { env: SECRET }, OTHER: { file: '${secrets.PASSWORD}' } }
      ╰────
     help: it can stand in requests, flows, `vars`, `connection`, `auth` and `identities`
     × a secret cannot refer to other secrets
      ╭─[plan.yml:3:54]
    2 │ target: 'http://${secrets.PASSWORD}/'
    3 │ secrets: { PASSWORD: { env: SECRET }, OTHER: { file: '${secrets.PASSWORD}' } }
      ·                                                      ─────────────────────
    4 │ vars: { password: '${secrets.PASSWORD}' }
      ╰────
     help: use ${env.NAME}
     × a secret cannot stand in `thresholds`, which reports show
      ╭─[plan.yml:5:38]
    4 │ vars: { password: '${secrets.PASSWORD}' }
    5 │ thresholds: { 'http_req_duration': [ '${vars.password}' ] }
      ·                                      ──────────────────
      ╰────
     help: it can stand in requests, flows, `vars`, `connection`, `auth` and `identities`
    "###);
}

#[test]
fn a_message_about_a_secret_does_not_show_it() {
    assert_snapshot!(said(BASE, "\
secrets: { PASSWORD: { env: SECRET } }
vars: { password: '${secrets.PASSWORD}' }
requests:
  a: { get: '${secrets.PASSWORD}', redirects: '${vars.password}', headers: { A: \"a\\n${secrets.PASSWORD}\" } }
  b: { get: '/${secrets.PASSWORD} x', timeout: '${secrets.PASSWORD}' }
  c: { get: '/', extract: { x: { jsonpath: '${secrets.PASSWORD}' } } }
"), @r#"
 × a path cannot contain ' '; write %20
  ╭─[plan.yml:6:13]
5 │ requests:
6 │   a: { get: '${secrets.PASSWORD}', redirects: '${vars.password}', headers: { A: "a\n${secrets.PASSWORD}" } }
  ·             ─────────────────────
7 │   b: { get: '/${secrets.PASSWORD} x', timeout: '${secrets.PASSWORD}' }
  ╰────
 × expected a number of redirects from 0 to 100; found `[redacted]`
  ╭─[plan.yml:6:47]
5 │ requests:
6 │   a: { get: '${secrets.PASSWORD}', redirects: '${vars.password}', headers: { A: "a\n${secrets.PASSWORD}" } }
  ·                                               ──────────────────
7 │   b: { get: '/${secrets.PASSWORD} x', timeout: '${secrets.PASSWORD}' }
  ╰────
 × the value of header `A` contains a control character
  ╭─[plan.yml:6:81]
5 │ requests:
6 │   a: { get: '${secrets.PASSWORD}', redirects: '${vars.password}', headers: { A: "a\n${secrets.PASSWORD}" } }
  ·                                                                                 ────────────────────────
7 │   b: { get: '/${secrets.PASSWORD} x', timeout: '${secrets.PASSWORD}' }
  ╰────
 × a path cannot contain ' '; write %20
  ╭─[plan.yml:7:13]
6 │   a: { get: '${secrets.PASSWORD}', redirects: '${vars.password}', headers: { A: "a\n${secrets.PASSWORD}" } }
7 │   b: { get: '/${secrets.PASSWORD} x', timeout: '${secrets.PASSWORD}' }
  ·             ────────────────────────
8 │   c: { get: '/', extract: { x: { jsonpath: '${secrets.PASSWORD}' } } }
  ╰────
 × `[redacted]` is not a duration; write it like 300ms, 10s, 1m30s or 2h
  ╭─[plan.yml:7:48]
6 │   a: { get: '${secrets.PASSWORD}', redirects: '${vars.password}', headers: { A: "a\n${secrets.PASSWORD}" } }
7 │   b: { get: '/${secrets.PASSWORD} x', timeout: '${secrets.PASSWORD}' }
  ·                                                ─────────────────────
8 │   c: { get: '/', extract: { x: { jsonpath: '${secrets.PASSWORD}' } } }
  ╰────
 × `[redacted]` is not a JSONPath: at position 0, parser error
  ╭─[plan.yml:8:44]
7 │   b: { get: '/${secrets.PASSWORD} x', timeout: '${secrets.PASSWORD}' }
8 │   c: { get: '/', extract: { x: { jsonpath: '${secrets.PASSWORD}' } } }
  ·                                            ─────────────────────
  ╰────
"#);
}
