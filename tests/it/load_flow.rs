//! Requests with slots, and values out of responses: in virtual time, on every carrier.

use std::sync::Arc;
use std::sync::Mutex;

use shakedown::flow::Extraction;
use shakedown::flow::Extractor;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::FailureClass;
use shakedown::model::Seed;
use shakedown::model::StopToken;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::Protocol;
use shakedown::plan::from_text;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;

/// What came over the wire, request by request.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub(crate) fn note(&self, request: &[u8]) {
        let text = String::from_utf8_lossy(request).into_owned();
        self.0.lock().expect("not poisoned").push(text);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").clone()
    }

    /// What the requests begin with, up to the version.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |text: &String| text.split(" HTTP/").next().unwrap_or_default().to_owned();
        self.all().iter().map(line).collect()
    }
}

/// The plan that `text` is the rest of.
pub(crate) fn plan(text: &str) -> Plan {
    let overrides = Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23));
    let head = "version: 1\ntarget: http://127.0.0.1:9\n";
    from_text("plan.yml", &format!("{head}{text}"), &|_| None, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

/// Runs the plan against a server that answers as `answer` says: head lines and body.
fn run(plan: Plan, seen: &Seen, answer: impl Fn(&str) -> (&'static str, String) + Sync) -> Outcome {
    let builder = PlanBuilder::of(plan);
    let (answer, seen) = (&answer, seen.clone());
    builder.run_on(&StopToken::default(), |_| {
        let seen = seen.clone();
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            seen.note(request);
            let (head, body) = answer(&String::from_utf8_lossy(request));
            let length = body.len();
            let text = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {length}\r\n\r\n{body}");
            vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
        }))
    })
}

#[test]
fn users_are_numbered_through_all_scenarios_whatever_the_threads() {
    let text = "
requests: { who: { get: '/${vu}' } }
flows: { once: [ { use: who } ] }
scenarios:
  a: { executor: per-vu-iterations, exec: once, vus: 3, iterations: 1 }
  b: { executor: per-vu-iterations, exec: once, vus: 3, iterations: 1 }
  c: { executor: per-vu-iterations, exec: once, vus: 1, iterations: 1 }
connection: { pipeline: PIPELINE }
";
    for (pipeline, threads) in [("1", 2), ("2", 2), ("1", 3), ("2", 4)] {
        let plan = plan(&text.replace("PIPELINE", pipeline));
        let seen = Seen::default();
        let builder = PlanBuilder::of(plan).threads(threads);
        builder.run_on(&StopToken::default(), |_| {
            let seen = seen.clone();
            Ok(SimReactor::new(move |_: u64, request: &[u8]| {
                seen.note(request);
                let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
                vec![Reply::Bytes { after: 1_000_000, bytes }]
            }))
        });
        let mut lines = seen.lines();
        lines.sort_unstable();
        let all: Vec<String> = (1..=7).map(|vu| format!("GET /{vu}")).collect();
        assert_eq!(lines, all, "{pipeline} on {threads} threads");
    }
}

const SHOP: &str = "
requests:
  search: { get: /search, query: { q: \"${rand.word}\" } }
  item:
    post: /items/${item}/buy?from=${page}
    headers: { X-Token: \"t-${token}\", X-User: \"${vu}.${iteration}\" }
    json: { id: \"${item}\", note: \"for \\\"${token}\\\"\" }
flows:
  browse:
    - use: search
      extract:
        item: { jsonpath: \"$.items[0].id\" }
        page: { regex: 'page=(\\d+)' }
        token: { header: X-Token }
    - use: item
scenarios:
  s: { executor: per-vu-iterations, exec: browse, vus: 2, iterations: 2 }
";

fn shop(request: &str) -> (&'static str, String) {
    if request.starts_with("GET /search") {
        ("X-Token: a\"b\r\n", r#"{"items":[{"id":"x y/z"}],"next":"?page=12"}"#.to_owned())
    } else {
        ("", String::new())
    }
}

#[test]
fn values_of_a_response_are_sent_in_the_next_request_as_their_place_needs_it() {
    let seen = Seen::default();
    let outcome = run(plan(SHOP), &seen, shop);
    let bought: Vec<_> = seen.all().into_iter().filter(|text| text.starts_with("POST")).collect();
    assert_eq!(bought.len(), 4);
    let body = r#"{"id":"x y/z","note":"for \"a\"b\""}"#.replace("a\"b", "a\\\"b");
    for request in &bought {
        assert!(request.starts_with("POST /items/x%20y%2Fz/buy?from=12 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nX-Token: t-a\"b\r\n"), "{request}");
        assert!(request.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{request}");
        assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
    }
    let mut users: Vec<_> = bought
        .iter()
        .map(|text| text.split("X-User: ").nth(1).and_then(|rest| rest.split("\r\n").next()))
        .collect();
    users.sort_unstable();
    assert_eq!(users, [Some("1.0"), Some("1.1"), Some("2.0"), Some("2.1")]);
    let totals = outcome.totals();
    assert_eq!(totals.series.iter().map(|series| series.tally.failed).sum::<u64>(), 0);
    assert_eq!(totals.scenarios[0].iterations, 4);
}

#[test]
fn words_follow_from_the_seed_and_differ_from_user_to_user() {
    let words = |seed: u64| {
        let seen = Seen::default();
        let mut plan = plan(SHOP);
        plan.seed = Seed(seed);
        run(plan, &seen, shop);
        let mut words: Vec<_> =
            seen.lines().into_iter().filter(|line| line.starts_with("GET")).collect();
        words.sort();
        words
    };
    assert_eq!(words(1), words(1));
    assert_ne!(words(1), words(2));
    let mut drawn = words(1);
    drawn.dedup();
    assert!(drawn.len() > 1, "{drawn:?}");
}

#[test]
fn a_missing_value_fails_the_request_that_needs_it_and_ends_the_iteration() {
    let text = "
requests:
  search: { get: /search }
  item: { get: \"/items/${item}\" }
  after: { get: /after }
flows:
  f: [ { use: search, extract: { item: { jsonpath: $.id } } }, { use: item }, { use: after } ]
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 3 }
";
    let seen = Seen::default();
    let answered = Mutex::new(0);
    let outcome = run(plan(text), &seen, |request| {
        let mut answered = answered.lock().expect("not poisoned");
        *answered += u32::from(request.starts_with("GET /search"));
        // The second one has it, the third has only nothing.
        let body = ["{}", "{\"id\":5}", "{\"id\":null}"][*answered as usize - 1];
        ("", body.to_owned())
    });
    assert_eq!(
        seen.lines(),
        ["GET /search", "GET /search", "GET /items/5", "GET /after", "GET /search"]
    );
    let totals = outcome.totals();
    let by_request: Vec<_> =
        totals.series.iter().map(|s| (s.tally.requests, s.tally.failed)).collect();
    assert_eq!(by_request, [(3, 0), (3, 2), (1, 0)]);
    assert_eq!(totals.series[1].tally.failures.get(&FailureClass::Extract), Some(&2));
    let details: Vec<_> = totals.series[1]
        .tally
        .exemplars
        .iter()
        .filter_map(|exemplar| Some(exemplar.failure.as_ref()?.1.as_str()))
        .collect();
    let said = "`item` has no value: the response to `search` did not have it (jsonpath $.id)";
    assert_eq!(details, [said, said]);
    assert_eq!(totals.scenarios[0].iterations, 3);
    let connections: u64 = totals.series.iter().map(|series| series.tally.connections).sum();
    assert_eq!(connections, 1, "the connection has nothing to do with it");
}

#[test]
fn a_default_stands_in_for_what_is_not_there() {
    let text = "
requests: { search: { get: /search }, item: { get: \"/items/${item}\" } }
flows:
  f: [ { use: search, extract: { item: { jsonpath: $.id, default: none } } }, { use: item } ]
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1 }
";
    let seen = Seen::default();
    run(plan(text), &seen, |_| ("", "no JSON".to_owned()));
    assert_eq!(seen.lines(), ["GET /search", "GET /items/none"]);
}

#[test]
fn a_value_that_would_break_out_of_its_header_is_not_sent() {
    let text = "
requests: { search: { get: /search }, next: { get: /next, headers: { X: \"${v}\" } } }
flows:
  f: [ { use: search, extract: { v: { jsonpath: $.v } } }, { use: next } ]
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1 }
";
    let seen = Seen::default();
    let outcome = run(plan(text), &seen, |_| ("", r#"{"v":"a\r\nInjected: 1"}"#.to_owned()));
    assert_eq!(seen.lines(), ["GET /search"]);
    let failures = &outcome.totals().series[1].tally.failures;
    assert_eq!(failures.get(&FailureClass::Extract), Some(&1));
}

#[test]
fn a_path_that_a_value_leads_out_of_scope_is_not_sent() {
    let text = "
scope: { exclude: [ \"^/items/admin\" ] }
requests: { search: { get: /search }, item: { get: \"/items/${item}\" } }
flows:
  f: [ { use: search, extract: { item: { header: X-Item } } }, { use: item } ]
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 }
";
    let seen = Seen::default();
    let answered = Mutex::new(0);
    let outcome = run(plan(text), &seen, |_| {
        let mut answered = answered.lock().expect("not poisoned");
        *answered += 1;
        (if *answered == 1 { "X-Item: 5\r\n" } else { "X-Item: admin\r\n" }, String::new())
    });
    assert_eq!(seen.lines(), ["GET /search", "GET /items/5", "GET /search"]);
    let failures = &outcome.totals().series[1].tally.failures;
    assert_eq!(failures.get(&FailureClass::OutOfScope), Some(&1));
}

#[test]
fn a_long_body_is_looked_at_only_in_its_beginning_and_that_is_said() {
    let mut plan = plan(SHOP);
    plan.flows[0].ops[1] = shakedown::flow::Op::Extract(Extraction {
        variable: shakedown::flow::Variable(0),
        from: Extractor::Regex(
            shakedown::extract::GroupPattern::new("at the end", 0).expect("a pattern"),
            shakedown::extract::Which::FIRST,
        ),
        default: Some("cut".to_owned()),
    });
    let seen = Seen::default();
    let outcome = run(plan, &seen, |request| {
        let (head, body) = shop(request);
        let long = if request.starts_with("GET") { "x".repeat(1 << 20) } else { String::new() };
        (head, format!("{body}{long}at the end"))
    });
    assert_eq!(outcome.warnings().len(), 1, "{:?}", outcome.warnings());
    assert!(outcome.warnings()[0].starts_with("4 response bodies were longer than the 1"));
    assert!(seen.lines().iter().any(|line| line.contains("/items/cut/")), "{:?}", seen.lines());
}

#[test]
fn a_sample_shows_the_request_as_it_was_sent() {
    let builder = PlanBuilder::of(plan(SHOP)).tap();
    builder.run_on(&StopToken::default(), |_| {
        Ok(SimReactor::new(|_: u64, request: &[u8]| {
            let (head, body) = shop(&String::from_utf8_lossy(request));
            let length = body.len();
            let text = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {length}\r\n\r\n{body}");
            vec![Reply::Bytes { after: 1_000, bytes: text.into_bytes() }]
        }))
    });
    let paths: Vec<_> = builder
        .taken()
        .iter()
        .map(|exchange| exchange.request.path_and_query_text().into_owned())
        .collect();
    assert!(paths.iter().any(|path| path == "/items/x%20y%2Fz/buy?from=12"), "{paths:?}");
    assert!(!paths.iter().any(|path| path.contains('$')), "{paths:?}");
}

#[test]
fn pipelined_users_send_and_get_their_own_values() {
    let mut plan = plan(SHOP);
    plan.connection.protocol = Protocol::Http1 { pipeline: 2 };
    let seen = Seen::default();
    let numbered = Mutex::new(0);
    let outcome = run(plan, &seen, |request| {
        let (head, body) = shop(request);
        let mut number = numbered.lock().expect("not poisoned");
        *number += 1;
        (head, body.replace("x y/z", &number.to_string()))
    });
    let totals = outcome.totals();
    assert_eq!(totals.series.iter().map(|series| series.tally.failed).sum::<u64>(), 0);
    assert_eq!(totals.series.iter().map(|series| series.tally.connections).sum::<u64>(), 1);
    let mut bought: Vec<_> =
        seen.lines().into_iter().filter(|line| line.starts_with("POST")).collect();
    bought.sort();
    let expected = ["1", "2", "5", "6"].map(|id| format!("POST /items/{id}/buy?from=12"));
    assert_eq!(bought, expected);
}

#[test]
fn a_redirect_of_a_rendered_request_keeps_what_was_rendered() {
    let text = "
requests:
  start: { get: /start, extract: { id: { header: X-Id } } }
  move: { post: \"/move/${id}\", form: { id: \"${id}\" }, redirects: 3, extract: { end: { header: X-End } } }
  last: { get: \"/last/${end}\" }
flows: { f: [ { use: start }, { use: move }, { use: last } ] }
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 1 }
";
    let seen = Seen::default();
    let builder = PlanBuilder::of(plan(text));
    builder.run_on(&StopToken::default(), |_| {
        let seen = seen.clone();
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            seen.note(request);
            let head = match String::from_utf8_lossy(request).split(' ').nth(1) {
                Some("/start") => "200 OK\r\nX-Id: a b",
                Some("/move/a%20b") => "307 On\r\nX-End: not this\r\nLocation: to?x",
                Some("/move/to?x") => "200 OK\r\nX-End: e",
                _ => "200 OK",
            };
            let text = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
            vec![Reply::Bytes { after: 1_000, bytes: text.into_bytes() }]
        }))
    });
    assert_eq!(seen.lines(), ["GET /start", "POST /move/a%20b", "POST /move/to?x", "GET /last/e"]);
    for moved in &seen.all()[1..3] {
        assert!(moved.ends_with("\r\n\r\nid=a+b"), "{moved}");
    }
}

#[test]
fn a_request_that_is_written_in_pieces_is_the_same_throughout() {
    let text = "
requests:
  start: { get: /start, extract: { id: { jsonpath: $.id } } }
  long: { post: /long, body: \"${id}${rand.hex(16)}${id}\" }
flows: { f: [ { use: start }, { use: long } ] }
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 2 }
";
    let value = "v".repeat(60_000);
    let seen = Seen::default();
    let outcome = run(plan(text), &seen, |_| ("", format!("{{\"id\":\"{value}\"}}")));
    let long: Vec<_> = seen.all().into_iter().filter(|text| text.starts_with("POST")).collect();
    assert_eq!(long.len(), 4);
    for request in &long {
        let body = request.split("\r\n\r\n").nth(1).expect("a body");
        assert_eq!(body.len(), 120_016);
        assert!(body.starts_with(&value) && body.ends_with(&value));
    }
    assert_eq!(outcome.totals().scenarios[0].iterations, 4);
}

const CHECKED: &str = "
requests:
  item:
    get: /item
    checks:
      - { status: 200 }
      - { jsonpath: $.id, equals: 7, name: the seventh }
      - { contains: '\"id\"' }
      - { header: { name: X-Cache, equals: hit } }
      - { duration: <5ms }
      - { body_size: '>100' }
flows: { f: [ { use: item } ] }
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 4 }
";

fn counted(outcome: &Outcome) -> Vec<(&str, u64, u64)> {
    let checks = outcome.totals().series[0].tally.checks.iter();
    checks.map(|check| (check.name.as_str(), check.passes, check.fails)).collect()
}

#[test]
fn a_check_that_fails_is_counted_and_fails_no_request() {
    let numbered = Mutex::new(0);
    let outcome = run(plan(CHECKED), &Seen::default(), |_| {
        let mut number = numbered.lock().expect("not poisoned");
        *number += 1;
        let head = if *number == 4 { "x-cache: hit\r\n" } else { "X-Cache: miss\r\n" };
        (head, format!("{{\"id\":{}}}", 5 + *number))
    });
    assert_eq!(
        counted(&outcome),
        [
            ("status 200", 4, 0),
            ("the seventh", 1, 3),
            ("contains \"id\"", 4, 0),
            ("header X-Cache equals hit", 1, 3),
            ("duration <5ms", 4, 0),
            ("body_size >100", 0, 4),
        ]
    );
    let tally = &outcome.totals().series[0].tally;
    assert_eq!((tally.requests, tally.failed), (4, 0));
}

#[test]
fn no_check_holds_of_a_response_that_never_came() {
    let builder = PlanBuilder::of(plan(CHECKED));
    let outcome = builder.run_on(&StopToken::default(), |_| {
        Ok(SimReactor::new(|_: u64, _: &[u8]| vec![Reply::Close { after: 1_000 }]))
    });
    let tally = &outcome.totals().series[0].tally;
    assert_eq!((tally.requests, tally.failed), (4, 4));
    assert!(counted(&outcome).iter().all(|(_, passes, fails)| (*passes, *fails) == (0, 4)));
}
