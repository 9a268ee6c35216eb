//! Values out of pages, cookies and forms, and what is sent with them: in virtual time.

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::FailureClass;
use shakedown::model::StopToken;
use shakedown::plan::Protocol;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_flow::Seen;
use crate::load_flow::plan;

const PAGE: &str = "<html><a class=item href=/items/1>One</a><a class=item href='/items/2?x=1&amp;y=2'>Two</a>\
    <form action=/search><input name=q></form>\
    <form id=buy method=post action=/buy><input type=hidden name=csrf value='t/k+n='>\
    <input name=count value=1><select name=size><option>S<option selected>M</select>\
    <input type=checkbox name=gift><button name=go value=1>Buy</button></form>";

/// Runs the plan against a server that has this page. What came: method, target and body.
fn run(text: &str, page: &str, protocol: Protocol) -> (Vec<String>, Outcome) {
    let seen = Seen::default();
    let builder = PlanBuilder::of(plan(text)).speaking(protocol);
    let outcome = builder.run_on(&StopToken::default(), |_| {
        let (seen, page) = (seen.clone(), page.to_owned());
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            let text = String::from_utf8_lossy(request).into_owned();
            let line = text.split(" HTTP/").next().unwrap_or_default();
            let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
            seen.note(format!("{line} {body}").as_bytes());
            let head = "Set-Cookie: theme=dark; Path=/\r\nSet-Cookie: xsrf=c%3D1; Secure\r\n";
            let length = page.len();
            let text = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {length}\r\n\r\n{page}");
            vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
        }))
    });
    (seen.all(), outcome)
}

const PLAN: &str = "
cookies: off
requests:
  page: { get: / }
  item: { get: '/at/${second}/${all}/${count}/${xsrf}/${title}' }
  buy: { post: /buy, form: { count: 3, note: 'a&b ${token}' }, form_from: form }
  again: { post: /again, form_from: form }
flows:
  f:
    - use: page
      extract:
        second: { css: a.item, attr: href, index: last }
        all: { css: a.item, all: true }
        count: { css: a, count: true }
        title: { css: title, default: none }
        xsrf: { cookie: xsrf }
        form: { form: '#buy' }
        token: { form: { token: true } }
    - use: item
    - use: buy
    - use: again
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1 } }
";

#[test]
fn what_a_page_has_is_sent_and_its_form_with_it() {
    for protocol in [Protocol::USUAL, Protocol::Http1 { pipeline: 2 }] {
        let (seen, outcome) = run(PLAN, PAGE, protocol);
        assert_eq!(
            seen,
            [
                "GET / ",
                "GET /at/%2Fitems%2F2%3Fx%3D1%26y%3D2/%5B%22One%22%2C%22Two%22%5D/2/c%253D1/none ",
                "POST /buy count=3&note=a%26b+t%2Fk%2Bn%3D&csrf=t%2Fk%2Bn%3D&size=M",
                "POST /again csrf=t%2Fk%2Bn%3D&count=1&size=M",
            ]
        );
        assert_eq!(outcome.totals().scenarios[0].iterations, 1);
    }
}

#[test]
fn one_by_chance_follows_from_the_seed_and_differs_from_one_time_to_the_next() {
    let text = "
requests: { page: { get: / }, item: { get: '/${name}' } }
flows: { f: [ { use: page, extract: { name: { css: a.item, index: random } } }, { use: item } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 10 } }
";
    let names = || {
        let mut seen = run(text, PAGE, Protocol::USUAL).0;
        seen.retain(|line| line != "GET / ");
        seen.sort();
        seen
    };
    let drawn = names();
    assert_eq!(drawn, names());
    let ones = drawn.iter().filter(|line| *line == "GET /One ").count();
    assert!(drawn.len() == 20 && (1..20).contains(&ones), "{drawn:?}");
}

#[test]
fn a_page_without_the_form_ends_the_iteration_at_the_request_that_needs_it() {
    let deep = "<div>".repeat(600) + PAGE;
    for page in ["<p>none", &deep] {
        let (seen, outcome) = run(
            &PLAN.replace(
                "item: { get: '/at/${second}/${all}/${count}/${xsrf}/${title}' }",
                "item: { get: /item }",
            ),
            page,
            Protocol::USUAL,
        );
        assert_eq!(seen, ["GET / ", "GET /item "]);
        let failed: u64 = outcome.totals().series.iter().map(|series| series.tally.failed).sum();
        assert_eq!(failed, 1, "the one that could not be made");
    }
}

#[test]
fn bodies_are_held_against_a_schema() {
    let text = "
requests:
  page:
    get: /
    checks:
      - { name: right, schema: { type: object, required: [ id ], properties: { id: { type: integer } } } }
      - { name: wrong, schema: { type: object, required: [ name ] } }
flows: { f: [ { use: page } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 } }
";
    let (_, outcome) = run(text, r#"{"id":1}"#, Protocol::USUAL);
    let totals = outcome.totals();
    let checks = totals.series.iter().flat_map(|series| &series.tally.checks);
    let mut checks: Vec<_> =
        checks.map(|check| (check.name.as_str(), check.passes, check.fails)).collect();
    checks.sort_unstable();
    assert_eq!(checks, [("right", 2, 0), ("wrong", 0, 2)]);
}

#[test]
fn checks_of_elements_are_counted() {
    let text = "
requests:
  page:
    get: /
    checks:
      - { css: form#buy, name: form }
      - { css: { selector: a.item, count: '>=2' }, name: items }
      - { css: { selector: a.item, attr: href, equals: /items/1 }, name: link }
      - { css: { selector: h1, exists: false }, name: no heading }
      - { css: { selector: a.item, contains: Three }, name: third }
flows: { f: [ { use: page } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 } }
";
    let (_, outcome) = run(text, PAGE, Protocol::USUAL);
    let totals = outcome.totals();
    let checks = totals.series.iter().flat_map(|series| &series.tally.checks);
    let mut checks: Vec<_> =
        checks.map(|check| (check.name.clone(), check.passes, check.fails)).collect();
    checks.sort();
    let expected =
        [("form", 2, 0), ("items", 2, 0), ("link", 2, 0), ("no heading", 2, 0), ("third", 0, 2)];
    assert_eq!(checks, expected.map(|(name, passed, failed)| (name.to_owned(), passed, failed)));
}

#[test]
fn a_form_that_asks_for_parts_is_sent_back_in_parts() {
    let page = PAGE.replace("action=/buy", "action=/buy enctype=multipart/form-data");
    let text = "
requests:
  page: { get: /, extract: { form: { form: '#buy' } } }
  buy: { post: /buy, form: { count: 3 }, form_from: form }
  file: { post: /buy, multipart: { size: { value: doc, filename: a.txt } }, form_from: form }
flows: { f: [ { use: page }, { use: buy }, { use: file } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1 } }
";
    let seen = Seen::default();
    let builder = PlanBuilder::of(plan(text));
    builder.run_on(&StopToken::default(), |_| {
        let (seen, page) = (seen.clone(), page.clone());
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            seen.note(request);
            let length = page.len();
            let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{page}");
            vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
        }))
    });
    let seen = seen.all();
    assert_eq!(seen.len(), 3);
    // What each is, without what stands between its parts.
    let parts = |request: &str| -> Vec<String> {
        let (head, body) = request.split_once("\r\n\r\n").expect("a head");
        let at = head.find("multipart/form-data; boundary=").expect("parts");
        let boundary = head[at + 30..].lines().next().expect("a line");
        let body = body.strip_suffix(&format!("--{boundary}--\r\n")).expect("it ends");
        let between = format!("--{boundary}\r\n");
        let parts = body.split(&between).skip(1);
        parts
            .map(|part| {
                let part = part.strip_prefix("Content-Disposition: form-data; ").expect("a part");
                part.trim_end().replace("\r\n\r\n", " = ")
            })
            .collect()
    };
    let csrf = "name=\"csrf\" = t/k+n=";
    assert_eq!(parts(&seen[1]), ["name=\"count\" = 3", csrf, "name=\"size\" = M"]);
    assert_eq!(
        parts(&seen[2]),
        ["name=\"size\"; filename=\"a.txt\" = doc", csrf, "name=\"count\" = 1"]
    );
}

#[test]
fn a_cookie_is_found_as_long_as_the_user_has_it() {
    let text = "
requests:
  first: { get: / }
  second: { get: /second, extract: { theme: { cookie: theme } } }
  third: { get: '/${theme}' }
flows: { f: [ { use: first }, { use: second }, { use: third } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 } }
";
    let lines = |cookies: &str| {
        let seen = Seen::default();
        let builder = PlanBuilder::of(plan(&format!("cookies: {cookies}\n{text}")));
        builder.run_on(&StopToken::default(), |_| {
            let seen = seen.clone();
            Ok(SimReactor::new(move |_: u64, request: &[u8]| {
                seen.note(request);
                let set = if request.starts_with(b"GET / ") {
                    "Set-Cookie: theme=dark; Path=/elsewhere\r\n"
                } else {
                    ""
                };
                let text = format!("HTTP/1.1 200 OK\r\n{set}Content-Length: 0\r\n\r\n");
                vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
            }))
        });
        seen.lines()
    };
    let whole = ["GET /", "GET /second", "GET /dark"];
    assert_eq!(lines("per-iteration"), [whole, whole].concat());
    assert_eq!(lines("off"), ["GET /", "GET /second", "GET /", "GET /second"], "nobody keeps it");
}

#[test]
fn errors_in_a_graphql_answer_are_a_failed_request() {
    let run = |errors: &str, body: &'static str| {
        let text = format!(
            "requests:\n  ask: {{ post: /graphql, graphql: {{ query: '{{ a }}'{errors} }} }}\n\
             flows: {{ f: [ {{ use: ask }} ] }}\n\
             scenarios: {{ s: {{ executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 }} }}\n"
        );
        let builder = PlanBuilder::of(plan(&text));
        let outcome = builder.run_on(&StopToken::default(), |_| {
            Ok(SimReactor::new(move |_: u64, _: &[u8]| {
                let length = body.len();
                let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
            }))
        });
        let tally = outcome.only_series().clone();
        (tally.failed, tally.duration.len(), tally.connections, tally.exemplars)
    };
    let (failed, timed, connections, exemplars) =
        run("", r#"{"data":null,"errors":[{"message":"out of stock"}]}"#);
    assert_eq!((failed, timed, connections), (2, 2, 1), "answered, on a connection that is kept");
    let told = exemplars.iter().find_map(|one| one.failure.as_ref()).expect("an example");
    assert_eq!((told.0, told.1.as_str()), (FailureClass::GraphqlErrors, "out of stock"));
    assert_eq!(run("", r#"{"data":{"a":1}}"#).0, 0);
    assert_eq!(run(", errors: ignore", r#"{"errors":[{"message":"x"}]}"#).0, 0);
}
