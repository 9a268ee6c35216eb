//! The scan.

use insta::assert_snapshot;

use super::BASE;
use super::ONE;
use super::said;

#[test]
fn scan_keys_of_later() {
    assert_snapshot!(said(BASE, "scan: { passive: full }\n"), @r#"
     × `passive` in scan is not yet supported
      ╭─[plan.yml:3:9]
    2 │ target: http://127.0.0.1:8080
    3 │ scan: { passive: full }
      ·         ───────
      ╰────
    "#);
}

#[test]
fn bounds_of_a_browser() {
    assert_snapshot!(
        said(BASE, "scan: { crawl: { browser: { max_pages: 0, max_time: 0s, tabs: 2 } } }\n"),
        @r#"
     × expected a whole number above 0; found `0`
      ╭─[plan.yml:3:40]
    2 │ target: http://127.0.0.1:8080
    3 │ scan: { crawl: { browser: { max_pages: 0, max_time: 0s, tabs: 2 } } }
      ·                                        ─
      ╰────
     × expected a duration above 0; found `0s`
      ╭─[plan.yml:3:53]
    2 │ target: http://127.0.0.1:8080
    3 │ scan: { crawl: { browser: { max_pages: 0, max_time: 0s, tabs: 2 } } }
      ·                                                     ──
      ╰────
     × unknown key `tabs` in browser
      ╭─[plan.yml:3:57]
    2 │ target: http://127.0.0.1:8080
    3 │ scan: { crawl: { browser: { max_pages: 0, max_time: 0s, tabs: 2 } } }
      ·                                                         ────
      ╰────
     help: known: max_pages, max_time
    "#
    );
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
fn a_probe_for_a_request_that_is_not_enabled() {
    let rest =
        "requests: { buy: { post: /cart, enabled: false } }\nscan: { allow_unsafe: [buy] }\n";
    let said = said(BASE, rest);
    assert!(said.contains("`buy` has `enabled: false`, so no probe may send it"), "{said}");
    assert!(said.contains("plan.yml:4:24"), "{said}");
}
