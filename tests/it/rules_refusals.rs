//! What is wrong with a rule file is said with its place, its line and a way out.

use std::fs;
use std::path::PathBuf;

use miette::Diagnostic;
use miette::GraphicalReportHandler;
use miette::GraphicalTheme;
use proptest::prelude::proptest;
use shakedown::rules::Registry;
use shakedown::rules::RuleError;

const INFO: &str = "\
id: my-rule
info:
  name: A name
  author: me
  severity: low
  description: Why it matters.
  remediation: What to do.
";

/// Everything that is wrong with `INFO` + `rest`, one line each.
fn refusal(rest: &str) -> String {
    refusal_of(&format!("{INFO}{rest}"))
}

fn refusal_of(text: &str) -> String {
    let sources = [("my.yaml".to_owned(), text.to_owned())];
    Registry::of_sources(&sources).expect_err("it is wrong").to_string()
}

fn matcher(lines: &str) -> String {
    let indented = lines.replace('\n', "\n        ");
    refusal(&format!("passive:\n  - matchers:\n      - {indented}\n"))
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    insta::assert_snapshot!(refusal("pasive: []\n"), @"my.yaml:8:1: unknown field `pasive`, did you mean `passive`?");
    insta::assert_snapshot!(matcher("type: word\nword: [a]"), @"my.yaml:11:9: unknown field `word`, did you mean `words`?");
    insta::assert_snapshot!(matcher("type: wrod\nwords: [a]"), @"my.yaml:10:15: unknown value `wrod`, did you mean `word`?");
    insta::assert_snapshot!(refusal_of(&INFO.replace("severity: low", "severity: hihg")), @"my.yaml:5:13: unknown value `hihg`, did you mean `high`?");
    insta::assert_snapshot!(refusal_of(&INFO.replace("  author: me\n", "")), @"my.yaml:6:3: missing field `author`");
}

#[test]
fn parts_of_templates_that_cannot_run_yet_are_refused_by_name() {
    let misspelt = refusal("http:\n  - metod: GET\n    path: ['{{BaseURL}}/x']\n");
    let wanted = "my.yaml:9:5: unknown field `metod`, did you mean `method`?";
    assert!(misspelt.starts_with(wanted), "{misspelt}");
    insta::assert_snapshot!(refusal("headless: []\n"), @"my.yaml:8:1: `headless` is not supported yet: rules that drive a browser cannot be run");
    insta::assert_snapshot!(refusal("code: []\n"), @"my.yaml:8:1: `code` is not supported yet: rules that run programs on this machine cannot be run");
    insta::assert_snapshot!(matcher("type: word\nwords: ['{{token}}']"), @"my.yaml:11:17: `{{…}}` has no value in a passive rule");
}

#[test]
fn matchers_that_would_do_nothing_are_refused() {
    insta::assert_snapshot!(matcher("type: word\nregex: [a]"), @"
my.yaml:10:15: `regex` does not belong to a matcher of this type
my.yaml:10:15: this type needs a list `words`
");
    insta::assert_snapshot!(matcher("type: regex\nregex: [a]\ncase-insensitive: true"), @"my.yaml:12:27: `case-insensitive` is for words only");
    insta::assert_snapshot!(matcher("type: status\nstatus: [200]\ncondition: and\npart: body"), @"
my.yaml:12:20: `condition` means nothing for status and size
my.yaml:13:15: `part` means nothing for status and dsl
");
    insta::assert_snapshot!(matcher("type: word\nwords: [a]\ninternal: true"), @"my.yaml:10:7: all matchers are internal, so nothing is ever reported");
    insta::assert_snapshot!(refusal(""), @"my.yaml:1:5: the rule has none of `passive`, `native` and `under-load`");
    insta::assert_snapshot!(refusal("native: other\nonce-per: path\n"), @"
my.yaml:8:9: `native: other` differs from the id `my-rule`
my.yaml:9:11: `once-per` is for passive rules only
");
    insta::assert_snapshot!(refusal("native: my-rule\nask: [/a]\n"), @"my.yaml:9:7: `ask` is for passive rules only");
}

#[test]
fn values_that_do_not_compile_are_refused_where_they_stand() {
    insta::assert_snapshot!(matcher("type: regex\nregex: ['a', '(b', '(?=c)']"), @"
my.yaml:11:22: `(b` is not a regular expression: unclosed group
my.yaml:11:28: `(?=c)` is not a regular expression: look-around, including look-ahead and look-behind, is not supported
");
    insta::assert_snapshot!(matcher("type: dsl\ndsl: ['contans(body, \"x\")', 'len(body, 1)', 'a &&']"), @"
my.yaml:11:15: unknown function `contans`, did you mean `contains`?
my.yaml:11:37: `len` takes 1 argument, not 2
my.yaml:11:53: a value is missing at the end
");
    insta::assert_snapshot!(matcher("type: binary\nbinary: [abc]"), @"my.yaml:11:18: `abc` is not a sequence of hexadecimal pairs");
    insta::assert_snapshot!(matcher("type: css\ncss: ['a[']"), @"my.yaml:11:15: `a[` is not a CSS selector: Unexpected EOL");
    insta::assert_snapshot!(matcher("type: status\nstatus: [2xx]"), @"my.yaml:11:18: a whole number is needed here");
    let info = format!(
        "{INFO}  classification:\n    cwe-id: 79\n    cvss-score: 5\n  metadata:\n    owasp: A5\nnative: my-rule\n"
    );
    insta::assert_snapshot!(refusal_of(&info), @"
my.yaml:10:17: `cvss-score` without `cvss-metrics`
my.yaml:9:13: `cwe-id` takes entries like CWE-79
my.yaml:12:12: `A5` is not written like A05:2025
");
    insta::assert_snapshot!(refusal_of(&INFO.replace("my-rule", "my rule!")), @"
my.yaml:1:5: `my rule!` is not a rule id
my.yaml:1:5: the rule has none of `passive`, `native` and `under-load`
");
    insta::assert_snapshot!(
        refusal("passive: [ { matchers: [ { type: status, status: [200] } ] } ]\nexamples: { match: [ { response: hello } ] }\n"),
        @"my.yaml:9:34: `hello` is not a status line; write it like HTTP/1.1 200 OK"
    );
}

#[test]
fn what_is_asked_for_is_a_path_that_can_be_sent() {
    let rule = |ask: &str| {
        let matchers = "passive: [ { matchers: [ { type: status, status: [200] } ] } ]";
        refusal(&format!("ask: {ask}\n{matchers}\n"))
    };
    insta::assert_snapshot!(rule("[left.txt, '/a b', '/{{x}}', /c, /c]"), @"
my.yaml:8:7: `left.txt` is no path
my.yaml:8:17: `/a b` is no path
my.yaml:8:25: `/{{x}}` is no path
my.yaml:8:39: `/c` stands here twice
");
}

#[test]
fn broken_yaml_names_its_place() {
    insta::assert_snapshot!(refusal("passive: [\n"), @"my.yaml:8:10: unclosed bracket '['");
    insta::assert_snapshot!(refusal("\tpassive: []\n"), @"my.yaml:7:16: while scanning a plain scalar, found a tab");
    insta::assert_snapshot!(refusal("id: again\n"), @"my.yaml:8:1: the key `id` stands here a second time");
    insta::assert_snapshot!(refusal_of(""), @"my.yaml:1:1: unexpected end of input");
}

#[test]
fn the_snippet_shows_the_line() {
    let text = format!("{INFO}pasive: []\n");
    let errors = Registry::of_sources(&[("my.yaml".to_owned(), text)]).expect_err("it is wrong");
    let mut shown = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_links(false)
        .render_report(&mut shown, &errors.0[0] as &dyn Diagnostic)
        .expect("a string takes everything");
    insta::assert_snapshot!(shown, @"
 × my.yaml:8:1: unknown field `pasive`, did you mean `passive`?
  ╭─[my.yaml:8:1]
7 │   remediation: What to do.
8 │ pasive: []
  · ──────
  ╰────
 help: one of: id, info, passive, ask, native, under-load, once-per, examples
");
}

#[test]
fn all_mistakes_of_all_files_are_reported_at_once_and_ids_are_unique() {
    let rule = |id: &str| format!("{}native: {id}\n", INFO.replace("my-rule", id));
    let sources = [
        ("a.yaml".to_owned(), rule("one")),
        ("b.yaml".to_owned(), rule("one")),
        ("c.yaml".to_owned(), "id: [".to_owned()),
    ];
    let errors = Registry::of_sources(&sources).expect_err("two mistakes");
    insta::assert_snapshot!(errors, @"
b.yaml:1:5: the id `one` is taken by a.yaml:1
c.yaml:1:5: expected string scalar
");
}

#[test]
fn directories_of_the_user_add_to_the_built_in_rules() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let below = dir.path().join("mine");
    fs::create_dir(&below).expect("writable");
    let text = format!("{INFO}passive: [ {{ matchers: [ {{ type: word, words: [x] }} ] }} ]\n");
    fs::write(below.join("my.yml"), &text).expect("writable");
    let registry = Registry::with_dirs(&[dir.path().to_owned()]).expect("a valid rule");
    assert!(registry.meta("my-rule").is_some() && registry.meta("csp-missing").is_some());

    let taken = text.replace("my-rule", "csp-missing");
    fs::write(below.join("my.yml"), taken).expect("writable");
    let errors = Registry::with_dirs(&[dir.path().to_owned()]).expect_err("the id is taken");
    assert!(errors.to_string().contains("taken by rules/headers/csp-missing.yaml:1"), "{errors}");
}

#[test]
fn what_cannot_be_read_is_an_error_of_its_own() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("latin.yaml"), b"id: \xff").expect("writable");
    let empty = tempfile::tempdir().expect("a temporary directory");
    let missing = PathBuf::from("/nonexistent/rules");
    let dirs = [missing, empty.path().to_owned(), dir.path().to_owned()];
    let errors = Registry::with_dirs(&dirs).expect_err("three mistakes").0;
    assert!(matches!(errors[0], RuleError::ReadingDirectory { .. }), "{:?}", errors[0]);
    assert!(matches!(errors[1], RuleError::NoRules { .. }), "{:?}", errors[1]);
    assert!(matches!(errors[2], RuleError::ReadingFile { .. }), "{:?}", errors[2]);
}

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(text in r"(\PC|\n){0,200}") {
        let _ = Registry::of_sources(&[("x.yaml".to_owned(), text)]);
    }

    #[test]
    fn no_expression_makes_the_loader_panic(
        text in r#"[a-z_0-9 ()\[\]"',.!=<>&|+*/%^~?:\\-]{0,80}"#
    ) {
        let rule = format!("{INFO}passive:\n  - matchers:\n      - type: dsl\n        dsl:\n          - |\n            x{text}\n");
        let _ = Registry::of_sources(&[("x.yaml".to_owned(), rule)]);
    }

    #[test]
    fn no_pattern_makes_the_loader_panic(text in r"[a-zQE0-9(){}\[\]^$.*+?|\\:&~<>=!,-]{0,60}") {
        let rule = format!("{INFO}passive:\n  - matchers:\n      - type: regex\n        regex:\n          - |\n            x{text}\n");
        let _ = Registry::of_sources(&[("x.yaml".to_owned(), rule)]);
    }
}
