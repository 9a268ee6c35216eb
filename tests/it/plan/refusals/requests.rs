//! Requests and their bodies.

use insta::assert_snapshot;

use super::BASE;
use super::said;

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
