//! How matchers, parts and extractors judge a response.

use shakedown::model::Exchange;
use shakedown::model::Failure;
use shakedown::model::FailureClass;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::MatchPart;
use shakedown::model::Request;
use shakedown::model::Response;
use shakedown::model::Target;
use shakedown::model::Timings;
use shakedown::rules::PassiveMatch;
use shakedown::rules::Registry;
use shakedown::rules::ResponseView;

fn exchange() -> Exchange {
    let target = Target::parse("http://shop.example:8080/a/b?c=d").expect("a valid URL");
    let headers = vec![
        Header::new("x-zeta", "last"),
        Header::new("Content-Type", "text/html"),
        Header::new("X-Two", "one"),
        Header::new("Set-Cookie", "sid=abc; HttpOnly"),
        Header::new("Set-Cookie", "theme=dark; Secure"),
        Header::new("x-two", "two"),
        Header::new("path", "/spoofed"),
    ];
    Exchange {
        request: Request::get(target.origin, target.path_and_query),
        outcome: Ok(Response {
            status: 200,
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
            headers,
            body: b"<p>One apple, two apples</p>".to_vec(),
            wire_len: 0,
            truncated: false,
        }),
        timings: Timings::default(),
        peer: None,
        tls: None,
    }
}

/// What a rule with this block sees in [`exchange`].
fn evaluate(block: &str) -> Vec<PassiveMatch> {
    let text = format!(
        "id: x\ninfo: {{name: n, author: a, severity: info, description: d, remediation: r}}\n\
         passive:\n  - {}\n",
        block.replace('\n', "\n    ")
    );
    let registry = Registry::of_sources(&[("x.yaml".to_owned(), text)]);
    let registry = registry.unwrap_or_else(|errors| panic!("{errors}"));
    let exchange = exchange();
    let view = ResponseView::of(&exchange).expect("there is a response");
    registry.passive()[0].evaluate(&view)
}

fn holds(matcher: &str) -> bool {
    !evaluate(&format!("matchers: [ {{ {matcher} }} ]")).is_empty()
}

/// The bytes that the only match points at.
fn highlighted(block: &str) -> (MatchPart, String) {
    let found = evaluate(block);
    let place = found[0].highlight.expect("something to look at");
    let wire = exchange().response().expect("a response").to_wire();
    let bytes = &wire[place.offset..place.offset + place.length];
    (place.part, String::from_utf8_lossy(bytes).into_owned())
}

#[test]
fn conditions_and_negation() {
    assert!(holds("type: word, words: [apple, pear]"));
    assert!(!holds("type: word, words: [apple, pear], condition: and"));
    assert!(holds("type: word, words: [pears, plums], negative: true"));
    assert!(holds("type: word, words: [ONE APPLE], case-insensitive: true"));
    assert!(!holds("type: word, words: [ONE APPLE]"));
    assert!(holds("type: regex, regex: ['appl\\w+', 'two'], condition: and"));
    assert!(!holds("type: regex, regex: ['appl\\w+', 'three'], condition: and"));
    assert!(holds("type: status, status: [404, 200]"));
    assert!(holds("type: size, size: [28]"));
    assert!(holds("type: binary, binary: [6f6e6520, 4F6E65]"));
    assert!(holds("type: css, css: [p]"));
    assert!(!holds("type: css, css: ['p.x', p], condition: and"));
}

#[test]
fn an_error_in_an_expression_fails_and_but_not_or() {
    assert!(holds("type: dsl, dsl: ['missing == 1', 'status_code == 200']"));
    assert!(!holds("type: dsl, dsl: ['missing == 1', 'status_code == 200'], condition: and"));
    assert!(!holds("type: dsl, dsl: ['!contains(missing, \"x\")']"));
    assert!(!holds("type: dsl, dsl: ['status_code']"), "a number is no verdict");
}

#[test]
fn a_part_that_does_not_exist_is_false_even_negative() {
    assert!(!holds("type: word, words: [x], part: x_missing"));
    assert!(!holds("type: word, words: [x], part: x_missing, negative: true"));
}

#[test]
fn parts_have_nuclei_s_names_and_order() {
    assert!(holds(
        "type: word, words: [\"HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\n\"], part: header"
    ));
    assert!(holds(
        "type: word, words: [\"X-Two: one\\r\\nX-Two: two\\r\\nX-Zeta: last\\r\\n\\r\\n\"], part: all_headers"
    ));
    assert!(holds("type: word, words: [\"apples</p>HTTP/1.1 200\"], part: all"));
    assert!(holds("type: word, words: [\"\\r\\n\\r\\n<p>One\"], part: response"));
    assert!(holds("type: word, words: [text/html], part: content_type"));
    assert!(holds("type: dsl, dsl: ['x_two == \"one two\" && sid == \"abc\"']"));
    assert!(holds(
        "type: dsl, dsl: ['scheme == \"http\" && hostname == \"shop.example\" && query == \"c=d\"']"
    ));
    assert!(holds(
        "type: dsl, dsl: ['host == \"http://shop.example:8080\" && content_length == 28']"
    ));
}

#[test]
fn a_header_cannot_pretend_to_be_one_of_our_names() {
    assert!(holds("type: dsl, dsl: ['path == \"/a/b\"']"));
}

#[test]
fn every_cookie_is_judged_by_itself() {
    let found =
        evaluate("for-each: set_cookie\nmatchers: [ { type: dsl, dsl: ['!cookie_secure'] } ]");
    let items: Vec<_> = found.iter().map(|found| found.item.as_deref()).collect();
    assert_eq!(items, [Some("sid")]);
    let found = evaluate("for-each: x_two\nmatchers: [ { type: word, part: item, words: [o] } ]");
    assert_eq!(found.len(), 2);
    assert_eq!(evaluate("for-each: x_none\nmatchers: [ { type: status, status: [200] } ]"), []);
}

#[test]
fn highlights_name_the_bytes_as_received() {
    assert_eq!(
        highlighted("matchers: [ { type: word, words: ['X-Zeta: la'], part: header } ]"),
        (MatchPart::Header, "x-zeta: la".to_owned())
    );
    assert_eq!(
        highlighted("matchers: [ { type: regex, regex: ['t.o'], part: all } ]"),
        (MatchPart::Body, "two".to_owned())
    );
    assert_eq!(
        highlighted(
            "for-each: set_cookie\nmatchers: [ { type: word, part: item, words: [dark] } ]"
        ),
        (MatchPart::Header, "dark".to_owned())
    );
    assert_eq!(
        highlighted("matchers: [ { type: word, words: [html], part: content_type } ]"),
        (MatchPart::Header, "html".to_owned())
    );
}

#[test]
fn named_matchers_under_or_give_one_result_each() {
    let block = |condition: &str| {
        evaluate(&format!(
            "matchers-condition: {condition}\nmatchers:\n  - {{ type: word, name: a, words: [One] }}\n  \
             - {{ type: word, name: b, words: [two] }}\n  - {{ type: word, name: a, words: [apple] }}"
        ))
    };
    let names: Vec<_> = block("or").into_iter().map(|found| found.matcher_name).collect();
    assert_eq!(names, [Some("a".to_owned()), Some("b".to_owned())]);
    let names: Vec<_> = block("and").into_iter().map(|found| found.matcher_name).collect();
    assert_eq!(names, [None]);
}

#[test]
fn extractors_give_sets_in_order_and_feed_expressions() {
    let found =
        evaluate("extractors: [ { type: regex, regex: ['appl(es?)', '[Oo]ne'], group: 0 } ]");
    assert_eq!(found[0].extracted, ["apple", "apples", "One"]);
    let found = evaluate("extractors: [ { type: kval, kval: [x_zeta, nothing, sid] } ]");
    assert_eq!(found[0].extracted, ["last", "abc"]);
    let found = evaluate(
        "extractors: [ { type: regex, name: n, internal: true, regex: ['[a-z]+s'] } ]\n\
         matchers: [ { type: dsl, dsl: ['n == \"apples\"'] } ]",
    );
    assert_eq!((found.len(), found[0].extracted.len()), (1, 0));
    assert_eq!(evaluate("extractors: [ { type: regex, regex: [plum] } ]"), []);
    assert_eq!(evaluate("extractors: [ { type: regex, regex: [One], group: 3 } ]"), []);
}

#[test]
fn an_exchange_without_a_response_has_no_view() {
    let mut exchange = exchange();
    exchange.outcome = Err(Failure::new(FailureClass::ALL[0], "no answer"));
    assert!(ResponseView::of(&exchange).is_none());
}

#[test]
fn hostile_documents_cost_bounded_time() {
    let registry = Registry::embedded();
    for unit in
        ["<div><input type=password>", "<b>", "<form method=get><a ", "<!-- ", "at a.b.C.d("]
    {
        let mut exchange = exchange();
        let response = exchange.outcome.as_mut().expect("a response");
        response.body = unit.repeat((1 << 20) / unit.len()).into_bytes();
        response.headers = (0..2000).map(|_| Header::new("Set-Cookie", "a=b; c=d")).collect();
        response.headers.push(Header::new("Content-Type", "text/html"));
        let view = ResponseView::of(&exchange).expect("a response");
        let found: usize = registry.passive().iter().map(|rule| rule.evaluate(&view).len()).sum();
        assert!(found < 1000, "{unit}: {found}");
    }
}
