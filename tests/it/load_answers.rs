//! Gates that ask about some answers alone, and how long each may take, in virtual time.

use std::time::Duration;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::MetricData;
use shakedown::model::Report;
use shakedown::model::StopToken;
use shakedown::model::Threshold;

use crate::load_bed::PlanBuilder;
use crate::load_flow::plan;

const PLAN: &str = "
requests:
  good: { get: /good }
  bad: { get: /bad }
  gone: { get: /gone }
flows: { f: [ { use: good }, { use: bad }, { use: good } ], g: [ { use: gone } ] }
scenarios:
  s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 50 }
  t: { executor: per-vu-iterations, exec: g, vus: 1, iterations: 3 }
thresholds:
  'http_req_duration{status:2xx}': [ 'max<3' ]
  'http_req_duration{status:503}': [ 'min>=20' ]
  'http_req_duration{expected_response:true}': [ 'max<3' ]
  'http_req_waiting{request:bad,status:5xx}': [ 'min>=20' ]
  'http_req_failed{status:5xx}': [ 'rate==1' ]
  'http_reqs{status:0}': [ 'count==3' ]
  'http_reqs{status:404}': [ 'count==0' ]
  'http_req_latency{status:0}': [ 'min>=100' ]
";

/// Good ones after 1 ms, bad ones after 20 ms, and no answer at all.
fn run(threads: usize) -> Report {
    let builder = PlanBuilder::of(plan(PLAN)).threads(threads).timeout(Duration::from_millis(100));
    let outcome = builder.run_on(&StopToken::default(), |_| {
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            let (status, after) = match request {
                [b'G', b'E', b'T', b' ', b'/', b'g', b'o', b'o', ..] => ("200 OK", 1_000_000),
                [b'G', b'E', b'T', b' ', b'/', b'b', ..] => ("503 Busy", 20_000_000),
                _ => return Vec::new(),
            };
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            vec![Reply::Bytes { after, bytes: text.into_bytes() }]
        }))
    });
    outcome.report()
}

fn of(report: &Report, selector: &str) -> MetricData {
    let conditions = ["max<1", "rate<1"].map(|condition| Threshold::parse(selector, condition));
    let threshold = conditions.into_iter().find_map(Result::ok).expect(selector);
    report.metric(&threshold.criterion.selector)
}

fn millis(report: &Report, selector: &str) -> (u64, u128, u128) {
    let MetricData::Trend(trend) = of(report, selector) else { panic!("{selector}") };
    let whole = |time: Option<Duration>| time.unwrap_or_default().as_millis();
    (trend.len(), whole(trend.min()), whole(trend.max()))
}

#[test]
fn answers_are_told_apart_by_status_and_by_whether_they_were_expected() {
    for threads in [1, 2] {
        let report = run(threads);
        let (count, _, longest) = millis(&report, "http_req_duration{status:2xx}");
        assert!(count == 200 && longest < 3, "{count} up to {longest} ms");
        let (count, shortest, _) = millis(&report, "http_req_duration{status:503}");
        assert!(count == 100 && shortest >= 20, "{count} from {shortest} ms");
        let expected = millis(&report, "http_req_duration{expected_response:true}");
        assert_eq!(expected.0, 200);
        let (count, shortest, _) = millis(&report, "http_req_waiting{request:bad,status:5xx}");
        assert!(count == 100 && shortest >= 20, "{count} from {shortest} ms");
        assert_eq!(
            of(&report, "http_req_failed{status:5xx}"),
            MetricData::Rate { hits: 100, total: 100 }
        );
        let count = |selector| match of(&report, selector) {
            MetricData::Counter { count, .. } => count,
            other => panic!("{other:?}"),
        };
        assert_eq!((count("http_reqs{status:0}"), count("http_reqs{status:404}")), (3, 0));
        let (count, shortest, _) = millis(&report, "http_req_latency{status:0}");
        assert!(
            count == 3 && shortest >= 100,
            "a timeout is a lower bound: {count}, {shortest} ms"
        );
    }
}

#[test]
fn only_what_a_gate_asks_for_is_counted_apart() {
    let report = run(1);
    let keys = |request: &str| -> Vec<&str> {
        let mut named = report.endpoints.iter().filter(|one| one.meta.request == request);
        let answers = &named.next().expect(request).total.answers;
        answers.keys().map(String::as_str).collect()
    };
    assert_eq!(keys("good"), ["expected_response:true", "status:2xx"]);
    assert_eq!(keys("bad"), ["status:503", "status:5xx"]);
    assert_eq!(keys("gone"), ["status:0"]);
}

/// A long wait first: the timer that is left of it must not stand for the short one after it.
#[test]
fn a_request_may_wait_less_than_the_others_and_more() {
    let text = "
timeout: 10s
requests:
  quick: { get: /quick, timeout: 2s }
  slow: { get: /slow, timeout: 20s }
  usual: { get: /usual }
flows: { f: [ { use: slow }, { use: quick }, { use: usual } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 } }
";
    let outcome = PlanBuilder::of(plan(text)).run_on(&StopToken::default(), |_| {
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            if !request.starts_with(b"GET /slow") {
                return Vec::new();
            }
            let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
            vec![Reply::Bytes { after: 15_000_000_000, bytes }]
        }))
    });
    let report = outcome.report();
    let latency = |request: &str| {
        let one = report.endpoints.iter().find(|one| one.meta.request == request).expect(request);
        let total = &one.total;
        (total.failed, total.latency.max().expect("two").as_millis() / 100)
    };
    assert_eq!(latency("slow"), (0, 150));
    assert_eq!(latency("quick"), (2, 20));
    assert_eq!(latency("usual"), (2, 100));
}
