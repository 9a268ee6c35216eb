//! YAML itself.

use insta::assert_snapshot;

use super::BASE;
use super::said;

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
