//! What is looked for in pages: each mistake with what is said about it, and the word it is said at.

use super::BASE;
use super::said;

fn assert_said(before: &str, cases: &[(&str, &str, &str)]) {
    for (keys, message, word) in cases {
        let line = before.replace("KEYS", keys);
        let said = said(BASE, &format!("requests:\n  a: {line}\n"));
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
        assert!(flat.contains(message), "{keys}\n{said}");
        let column = format!("  a: {line}").find(word).expect("the word stands there") + 1;
        assert!(said.contains(&format!("[plan.yml:4:{column}]")), "{word}: {column}\n{said}");
    }
}

#[test]
fn extractions_of_pages_that_make_no_sense() {
    let cases = [
        ("css: 'a['", "`a[` is not a CSS selector", "'a['"),
        ("css: a, index: lats", "unknown index `lats`, did you mean `last`?", "lats"),
        ("css: a, index: -1", "expected a number from 0, `last` or `random`; found `-1`", "-1"),
        ("css: a, all: true, index: 1", "`index` or `all`", "all"),
        ("css: a, atr: href", "unknown key `atr` in an extraction, did you mean `attr`?", "atr"),
        ("header: X, attr: href", "only `css` has `attr`", "attr"),
        ("cookie: a, index: 1", "`cookie` finds one: it has no `index`", "index"),
        ("form: a, count: true", "`form` finds one: it has no `count`", "count"),
        ("jsonpath: $.a, index: lats", "unknown index `lats`, did you mean `last`?", "lats"),
        ("cookie: 'a b'", "`a b` is not the name of a cookie", "'a b'"),
        ("form: { selektor: a }", "did you mean `selector`?", "selektor"),
        ("form: { token: true, field: a }", "gives its `token` or one `field`", "field"),
        ("form: [ a ]", "expected a form to look for", "[ a ]"),
    ];
    assert_said("{ get: /, extract: { x: { KEYS } } }", &cases);
}

#[test]
fn checks_of_pages_that_make_no_sense() {
    let cases = [
        ("css: '>'", "`>` is not a CSS selector", "'>'"),
        ("css: { attr: href }", "a selector's check needs `selector`", "{ attr"),
        ("css: { selector: a, count: '<x' }", "`x` is no whole number", "'<x'"),
        ("css: { selector: a, equals: x, regex: y }", "asserts one thing", "regex"),
        ("css: { selector: a, exist: true }", "did you mean `exists`?", "exist"),
        ("css: a, contains: x", "a check asserts one thing", "css"),
        ("schema: nowhere.json", "nowhere.json", "nowhere.json"),
        ("schema: Cargo.toml", "`Cargo.toml` is not a JSON Schema", "Cargo.toml"),
        ("schema: { type: objekt }", "not a JSON Schema", "{ type"),
        ("schema: { $ref: 'http://127.0.0.1:9/x' }", "not a JSON Schema", "{ $ref"),
        ("schema: { type: '${x}' }", "cannot be compared", "{ type"),
    ];
    assert_said("{ get: /, checks: [ { KEYS } ] }", &cases);
}

#[test]
fn forms_that_nothing_finds() {
    let cases = [
        ("form_from: '${page}'", "only known while the load runs", "'${page}'"),
        ("form_from: a b", "`a b` is not the name of an extracted form", "a b"),
        (
            "json: {}, form_from: page",
            "goes with `form` or `multipart`, not with `json`",
            "form_from",
        ),
    ];
    assert_said("{ post: /, KEYS }", &cases);
    let nobody = said(
        BASE,
        "requests: { a: { post: /, form_from: page } }\nflows: { f: [ { use: a } ] }\n\
         scenarios: { s: { executor: constant-vus, exec: f, vus: 1, duration: 1s } }\n",
    );
    assert!(nobody.contains("nothing in flow `f` extracts `page`"), "{nobody}");
}
