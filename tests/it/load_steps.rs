//! Flows that decide where they go on, in virtual time.

use std::collections::BTreeMap;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::MetricData;
use shakedown::model::MetricSelector;
use shakedown::model::StopToken;
use shakedown::model::Threshold;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_flow::Seen;
use crate::load_flow::plan;

/// Runs the plan on so many threads; every request is answered after 1 ms with `answer`.
fn run(
    text: &str,
    threads: usize,
    answer: impl Fn(&str) -> String + Sync,
) -> (Outcome, Vec<String>) {
    let seen = Seen::default();
    let answer = &answer;
    let outcome =
        PlanBuilder::of(plan(text)).threads(threads).run_on(&StopToken::default(), |_| {
            let seen = seen.clone();
            Ok(SimReactor::new(move |_: u64, request: &[u8]| {
                seen.note(request);
                let body = answer(&String::from_utf8_lossy(request));
                let length = body.len();
                let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
            }))
        });
    let paths = seen.lines().into_iter().map(|line| line.trim_start_matches("GET ").to_owned());
    (outcome, paths.collect())
}

fn counts(paths: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for path in paths {
        *counts.entry(path.as_str()).or_default() += 1;
    }
    counts
}

const REQUESTS: &str = "
requests: { a: { get: /a }, b: { get: /b }, c: { get: /c }, item: { get: '/item/${id}' } }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 10, iterations: 100 } }
";

#[test]
fn chances_and_weights_hold_on_average_and_do_not_depend_on_threads() {
    let text = format!(
        "{REQUESTS}flows: {{ f: [ {{ use: a, chance: 0.3 }}, \
         {{ choose: [ {{ weight: 3, use: b }}, {{ weight: 1, do: [ {{ use: c }}, {{ use: c }} ] }} ] }} ] }}"
    );
    let (_, paths) = run(&text, 1, |_| String::new());
    let counted = counts(&paths);
    // Four standard deviations around 1,000 × chance.
    assert!((242..358).contains(&counted["/a"]), "{counted:?}");
    assert!((695..805).contains(&counted["/b"]), "{counted:?}");
    assert_eq!(counted["/b"] + counted["/c"] / 2, 1000);
    let (_, others) = run(&text, 3, |_| String::new());
    assert_eq!(counts(&others), counted, "users draw the same wherever they run");
}

#[test]
fn repeat_goes_round_and_draws_the_number_of_passes() {
    let text = format!(
        "{REQUESTS}flows: {{ f: [ {{ repeat: 3, do: [ {{ use: a }}, {{ use: b, repeat: 0..2 }} ] }} ] }}"
    );
    let (outcome, paths) = run(&text, 1, |_| String::new());
    let counted = counts(&paths);
    assert_eq!(counted["/a"], 3000);
    assert!((2800..3200).contains(&counted["/b"]), "{counted:?}");
    assert_eq!(outcome.totals().scenarios[0].iterations, 1000);
}

#[test]
fn a_while_polls_until_the_answer_is_another_or_its_passes_are_spent() {
    let text = "
requests:
  start: { get: '/start' }
  poll: { get: '/poll/${vu}', extract: { state: { jsonpath: $.state } } }
  done: { get: '/done/${state}' }
flows:
  f:
    - use: start
    - { while: '${state} != ready', max: 5, do: [ { use: poll }, { think: 100ms } ] }
    - { use: done, if: '${state} == ready', else: [ { use: start } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 1 } }
";
    let polls = std::sync::atomic::AtomicUsize::new(0);
    let (_, paths) = run(text, 1, |request| {
        // The first user's third poll is the one; the second's never is.
        let is_ready = request.starts_with("GET /poll/1")
            && polls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 2;
        format!(r#"{{"state":"{}"}}"#, if is_ready { "ready" } else { "busy" })
    });
    let counted = counts(&paths);
    assert_eq!((counted["/poll/1"], counted["/poll/2"]), (3, 5), "{counted:?}");
    assert_eq!((counted["/done/ready"], counted["/start"]), (1, 3), "{counted:?}");
}

#[test]
fn a_switch_takes_the_case_of_the_value() {
    let text = format!(
        "{REQUESTS}flows: {{ f: [ {{ switch: '${{vu}}', cases: {{ 1: [ {{ use: a }} ], 2: [ {{ use: b }} ] }}, \
         default: [ {{ use: c }} ] }} ] }}"
    );
    let (_, paths) = run(&text, 2, |_| String::new());
    assert_eq!(counts(&paths), [("/a", 100), ("/b", 100), ("/c", 800)].into());
}

#[test]
fn pacing_lets_iterations_begin_at_equal_distances() {
    let text = "
requests: { a: { get: /a } }
flows: { f: [ { use: a }, { pacing: 200ms } ] }
scenarios: { s: { executor: constant-vus, exec: f, vus: 1, duration: 2s } }
";
    let (outcome, paths) = run(text, 1, |_| String::new());
    assert_eq!(paths.len(), 10, "one each 200 ms, however long the request takes");
    assert_eq!(outcome.totals().scenarios[0].iterations, 10);
}

#[test]
fn a_slow_iteration_is_not_paced() {
    let text = "
requests: { a: { get: /a } }
flows: { f: [ { use: a }, { think: 300ms }, { pacing: 200ms } ] }
scenarios: { s: { executor: constant-vus, exec: f, vus: 1, duration: 3010ms } }
";
    let (_, paths) = run(text, 1, |_| String::new());
    assert_eq!(paths.len(), 10, "each 301 ms");
}

const AT_ONCE: &str = "
requests:
  page: { get: '/page/${vu}', extract: { id: { jsonpath: $.path } } }
  one: { get: '/one', extract: { first: { jsonpath: $.path } } }
  two: { get: '/two', extract: { second: { jsonpath: $.path } } }
  both: { get: '/both${first}${second}' }
flows:
  f:
    - parallel: [ { use: one }, { do: [ { use: two }, { think: 2s } ] }, { use: page, repeat: 3 } ]
    - use: both
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 3 } }
";

/// Answers with what was asked for.
fn echo(request: &str) -> String {
    let path = request.split(' ').nth(1).unwrap_or_default();
    format!(r#"{{"path":"{path}"}}"#)
}

#[test]
fn steps_at_once_take_as_long_as_the_longest_and_their_values_are_there_behind_them() {
    for threads in [1, 2] {
        let (outcome, paths) = run(AT_ONCE, threads, echo);
        let counted = counts(&paths);
        let pages = (counted["/page/1"], counted["/page/2"]);
        assert_eq!((counted["/one"], counted["/two"], pages), (6, 6, (9, 9)), "{counted:?}");
        assert_eq!(counted["/both%2Fone%2Ftwo"], 6, "{counted:?}");
        let scenario = &outcome.totals().scenarios[0];
        assert_eq!(scenario.iterations, 6);
        let longest = scenario.iteration_duration.max().expect("six").as_millis();
        assert!((2_002..2_010).contains(&longest), "{longest} ms: not their sum");
    }
}

#[test]
fn helpers_keep_their_connections_for_the_next_iteration() {
    let (outcome, _) = run(AT_ONCE, 1, echo);
    let connections: u64 =
        outcome.totals().series.iter().map(|series| series.tally.connections).sum();
    // Each of the two users has one and one for each of its three helpers.
    assert_eq!(connections, 8);
}

#[test]
fn a_branch_that_cannot_go_on_ends_the_iteration_when_all_are_over() {
    let text = "
requests:
  a: { get: /a }
  b: { get: /b, extract: { id: { jsonpath: $.none } } }
  c: { get: '/c/${id}' }
flows: { f: [ { parallel: [ { do: [ { use: b }, { use: c } ] }, { do: [ { think: 1s }, { use: a } ] } ] }, { use: a } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 } }
";
    let (outcome, paths) = run(text, 1, echo);
    assert_eq!(counts(&paths), [("/a", 2), ("/b", 2)].into());
    assert_eq!(outcome.totals().scenarios[0].iterations, 2);
}

#[test]
fn what_runs_at_once_is_cut_off_at_the_end() {
    let text = "
requests: { a: { get: /a } }
flows: { f: [ { parallel: [ { do: [ { think: 10s }, { use: a } ] }, { use: a } ] } ] }
scenarios: { s: { executor: constant-vus, exec: f, vus: 3, duration: 1s, gracefulStop: 0s } }
";
    let (outcome, paths) = run(text, 1, echo);
    assert_eq!(paths.len(), 3);
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!((scenario.iterations, scenario.interrupted), (0, 3));
}

#[test]
fn steps_at_once_within_steps_at_once_on_shared_connections() {
    let text = "
requests: { a: { get: /a }, b: { get: /b } }
flows: { f: [ { parallel: [ { parallel: [ { use: a }, { use: a } ] }, { use: b } ] }, { use: b } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 3, iterations: 5 } }
connection: { pipeline: 2 }
";
    let (outcome, paths) = run(text, 2, echo);
    assert_eq!(counts(&paths), [("/a", 30), ("/b", 30)].into());
    assert_eq!(outcome.totals().scenarios[0].iterations, 15);
}

const GROUPED: &str = "
requests: { a: { get: /a }, b: { get: /b } }
flows:
  f:
    - use: a
    - group: buy
      repeat: 3
      do:
        - use: a
        - think: 100ms
        - { group: pay, use: b }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 5 } }
";

#[test]
fn each_pass_of_a_group_is_timed_and_its_requests_are_counted_apart() {
    let (outcome, _) = run(GROUPED, 2, |_| String::new());
    let groups = &outcome.totals().scenarios[0].groups;
    let figures: Vec<_> = groups.iter().map(|(name, times)| (name.as_str(), times.len())).collect();
    assert_eq!(figures, [("::buy", 30), ("::buy::pay", 30)]);
    // Requests take 1 ms each and the way there and back; the pause takes 100 ms.
    let median = |name: &str| groups[name].quantile(0.5).expect("thirty").as_millis();
    assert!((102..110).contains(&median("::buy")), "{}", median("::buy"));
    assert!((1..5).contains(&median("::buy::pay")), "{}", median("::buy::pay"));
    let report = outcome.report();
    let titles: Vec<_> = report.endpoints.iter().map(|endpoint| endpoint.meta.title()).collect();
    assert_eq!(titles, ["GET /a", "GET /a in ::buy", "GET /b in ::buy::pay"]);
    let sent: Vec<_> = report.endpoints.iter().map(|endpoint| endpoint.total.requests).collect();
    assert_eq!(sent, [10, 30, 30]);
    let read = |metric: &str| report.metric(&selector(metric));
    let durations = |metric: &str| match read(metric) {
        MetricData::Trend(trend) => trend.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(durations("group_duration{group:buy}"), 30);
    assert_eq!(durations("group_duration{group:::buy::pay}"), 30, "as k6 writes it");
    assert_eq!(durations("group_duration"), 60);
    assert_eq!(durations("http_req_duration{group:buy}"), 30, "what it sends itself");
    assert!(matches!(read("http_reqs{request:a}"), MetricData::Counter { count: 40, .. }));
}

fn selector(text: &str) -> MetricSelector {
    Threshold::parse(text, if text.starts_with("http_reqs") { "count>0" } else { "max>0" })
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .criterion
        .selector
}

#[test]
fn what_is_done_at_once_is_timed_within_its_group() {
    let text = "
requests: { a: { get: /a }, b: { get: /b } }
flows:
  f:
    - group: both
      parallel:
        - { group: left, do: [ { use: a }, { think: 50ms } ] }
        - { use: b }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 5 } }
";
    let (outcome, _) = run(text, 1, |_| String::new());
    let groups = &outcome.totals().scenarios[0].groups;
    let figures: Vec<_> = groups.iter().map(|(name, times)| (name.as_str(), times.len())).collect();
    assert_eq!(figures, [("::both", 10), ("::both::left", 10)]);
    let longest = groups["::both"].max().expect("ten passes").as_millis();
    assert!((51..60).contains(&longest), "the longer branch, not both: {longest}");
}
