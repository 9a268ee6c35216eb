//! Ids of traces: who carries one, what comes back, and what is kept of them.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use h2::server::Builder;
use http::Response;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::Exemplar;
use shakedown::model::StopToken;
use shakedown::model::TraceContext;
use shakedown::model::Tracing;
use shakedown::plan::Executor;
use shakedown::plan::Plan;
use shakedown::plan::Protocol;

use crate::grpc_bed::Shop;
use crate::grpc_bed::plan as grpc_plan;
use crate::grpc_bed::plan_text;
use crate::h2_server::H2Server;
use crate::h3_server::H3Server;
use crate::h3_server::Habit;
use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_flow::Seen;
use crate::load_flow::plan;
use crate::load_h3;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Runs the plan against a server that answers the `n`th request as `answer` says, after so many ms.
fn run(plan: Plan, seen: &Seen, answer: impl Fn(usize, &str) -> (u64, String) + Sync) -> Outcome {
    let (answer, seen) = (&answer, seen.clone());
    PlanBuilder::of(plan).run_on(&StopToken::default(), |_| {
        let seen = seen.clone();
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            seen.note(request);
            let request = String::from_utf8_lossy(request);
            let (after, text) = answer(seen.all().len() - 1, &request);
            vec![Reply::Bytes { after: after * 1_000_000, bytes: text.into_bytes() }]
        }))
    })
}

fn get(iterations: u64, trace: &str) -> Plan {
    plan(&format!(
        "requests: {{ r: {{ get: / }} }}\nflows: {{ f: [ {{ use: r }} ] }}\n\
         scenarios: {{ s: {{ executor: shared-iterations, exec: f, vus: 4, iterations: {iterations}, \
         maxDuration: 1h }} }}\n{trace}"
    ))
}

/// The value of the request's `traceparent`, which it has once at most.
fn traceparent(request: &str) -> Option<&str> {
    let values: Vec<_> = request
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| name.eq_ignore_ascii_case("traceparent"))
        .collect();
    assert!(values.len() <= 1, "{request}");
    values.first().map(|(_, value)| *value)
}

fn sent(seen: &Seen) -> Vec<TraceContext> {
    let all = seen.all();
    let values = all.iter().filter_map(|request| traceparent(request));
    values.map(|value| TraceContext::parse(value.as_bytes()).expect("well-formed")).collect()
}

fn traced(outcome: &Outcome) -> Vec<&Exemplar> {
    let series = outcome.totals().series.iter();
    let exemplars = series.flat_map(|series| &series.tally.exemplars);
    exemplars.filter(|exemplar| exemplar.trace_id.is_some()).collect()
}

#[test]
fn a_share_of_requests_carries_an_id_of_its_own_and_the_seed_repeats_them() {
    let requests = |trace: &str| {
        let seen = Seen::default();
        run(get(4_000, trace), &seen, |_, _| (1, OK.to_owned()));
        sent(&seen)
    };
    let first = requests("trace: 5%\n");
    // Ten standard deviations.
    assert!((62..338).contains(&first.len()), "{}", first.len());
    let ids: BTreeSet<String> = first.iter().map(|one| one.trace.to_string()).collect();
    let spans: BTreeSet<String> = first.iter().map(|one| one.span.to_string()).collect();
    assert_eq!((ids.len(), spans.len()), (first.len(), first.len()));
    assert_eq!(requests("trace: 5%\n"), first);
    assert_eq!(requests("trace: 0%\n"), []);
    assert_eq!(requests(""), []);
    assert_eq!(requests("trace: 100%\n").len(), 4_000);
}

#[test]
fn the_slowest_and_the_errors_of_the_traced_are_kept_with_the_ids_that_were_sent() {
    let seen = Seen::default();
    // Those that carry an id are never among the slowest of all.
    let answer = |number: usize, request: &str| match traceparent(request) {
        None => (900, OK.to_owned()),
        Some(_) if number.is_multiple_of(2) => {
            (10, OK.replace("200 OK", "503 Service Unavailable"))
        }
        Some(_) => (20 + number as u64 % 7, OK.to_owned()),
    };
    let outcome = run(get(2_000, "trace: 10%\n"), &seen, answer);
    let ids: BTreeSet<String> = sent(&seen).iter().map(|one| one.trace.to_string()).collect();
    let spans: BTreeSet<String> = sent(&seen).iter().map(|one| one.span.to_string()).collect();
    let traced = traced(&outcome);
    let failed = outcome.only_series().failed;
    let errors = traced.iter().filter(|exemplar| exemplar.failed).count();
    assert!(errors as u64 == failed.min(50) && errors > 10, "{errors} of {failed}");
    let slow: Vec<_> = traced.iter().filter(|exemplar| !exemplar.failed).collect();
    assert!(slow.len() >= 10, "{}", slow.len());
    assert!(slow.iter().all(|exemplar| exemplar.latency >= Duration::from_millis(26)), "{slow:?}");
    for exemplar in traced {
        assert!(exemplar.trace_id.as_ref().is_some_and(|id| ids.contains(id)));
        assert!(exemplar.span_id.as_ref().is_some_and(|id| spans.contains(id)));
    }
}

#[test]
fn what_the_service_calls_its_trace_goes_before_what_was_sent() {
    let own = |number: usize| format!("{:032x}", number + 1);
    for (field, trace) in [
        ("traceresponse: 00-ID-00f067aa0ba902b7-01", "trace: 0%\n"),
        ("Server-Timing: traceparent;desc=\"00-ID-00f067aa0ba902b7-01\"", "trace: 100%\n"),
        (
            "Server-Timing: db;dur=3\r\nServer-Timing: traceparent;desc=\"00-ID-00f067aa0ba902b7-01\"",
            "trace: { sample: 0 }\n",
        ),
    ] {
        let answer = |number: usize, _: &str| {
            let field = field.replace("ID", &own(number));
            (number as u64 + 1, OK.replace("Content", &format!("{field}\r\nContent")))
        };
        let outcome = run(get(20, trace), &Seen::default(), answer);
        let traced = traced(&outcome);
        assert_eq!(traced.first().and_then(|it| it.trace_id.clone()), Some(own(19)), "{field}");
        assert!(traced.len() >= 10 && traced.iter().all(|it| it.span_id.is_none()), "{traced:?}");
    }
}

#[test]
fn whoever_confirms_what_was_sent_leaves_the_operation_ours() {
    let seen = Seen::default();
    let answer = |_: usize, request: &str| {
        let value = traceparent(request).expect("all are traced");
        (1, OK.replace("Content", &format!("traceresponse: {value}\r\nContent")))
    };
    let outcome = run(get(8, "trace: 100%\n"), &seen, answer);
    assert!(traced(&outcome).iter().all(|exemplar| exemplar.span_id.is_some()));
}

#[test]
fn an_id_of_the_plans_own_stays_and_is_taken() {
    const OWN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let text = format!(
        "requests: {{ r: {{ get: /, headers: {{ Traceparent: {OWN} }} }} }}\n\
         flows: {{ f: [ {{ use: r }} ] }}\ntrace: 100%\nscenarios: \
         {{ s: {{ executor: shared-iterations, exec: f, vus: 1, iterations: 3, maxDuration: 1h }} }}"
    );
    let seen = Seen::default();
    let outcome = run(plan(&text), &seen, |_, _| (1, OK.to_owned()));
    assert!(seen.all().iter().all(|request| traceparent(request) == Some(OWN)));
    assert!(traced(&outcome).iter().all(|it| it.trace_id.as_deref() == Some(&OWN[3..35])));
}

#[test]
fn scripts_cookies_and_redirects_go_on_as_without() {
    let text = "
requests:
  first: { post: '/${vu}', json: { n: '${rand.int(1,9)}' }, redirects: 3 }
flows: { f: [ { use: first } ] }
scenarios: { s: { executor: shared-iterations, exec: f, vus: 2, iterations: 40, maxDuration: 1h } }
cookies: per-user
";
    let answer = |_: usize, request: &str| {
        let reply = match request.split(' ').nth(1) {
            Some("/end") => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            _ => {
                "HTTP/1.1 303 See Other\r\nLocation: /end\r\nSet-Cookie: a=b\r\n\
                  Content-Length: 0\r\n\r\n"
            }
        };
        (1, reply.to_owned())
    };
    let requests = |trace: &str| {
        let seen = Seen::default();
        let outcome = run(plan(&format!("{text}{trace}")), &seen, answer);
        let series = &outcome.totals().series[0].tally;
        assert_eq!((series.requests, series.failed), (80, 0), "{:?}", series.exemplars);
        seen.all()
    };
    let without_id = |request: &String| {
        let (lines, kept) = (request.split("\r\n"), |line: &&str| !line.starts_with("traceparent"));
        lines.filter(kept).collect::<Vec<_>>().join("\r\n")
    };
    let traced = requests("trace: 100%\n");
    assert!(traced.iter().all(|request| traceparent(request).is_some()), "{traced:?}");
    let ids: BTreeSet<_> = traced.iter().filter_map(|request| traceparent(request)).collect();
    assert_eq!(ids.len(), 80, "each hop is a request of its own");
    let plain: Vec<String> = traced.iter().map(without_id).collect();
    assert_eq!(plain, requests(""));
}

#[test]
fn a_circle_of_redirects_is_noticed_all_the_same() {
    let text = "
requests: { r: { get: /, redirects: 20 } }
flows: { f: [ { use: r } ] }
scenarios: { s: { executor: shared-iterations, exec: f, vus: 1, iterations: 1, maxDuration: 1h } }
trace: 100%
";
    let seen = Seen::default();
    let answer = |_: usize, _: &str| {
        (1, "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".to_owned())
    };
    let outcome = run(plan(text), &seen, answer);
    assert_eq!((outcome.only_series().failed, seen.all().len()), (1, 1));
}

#[test]
fn http_2_http_3_and_calls_carry_it_too() {
    let all = Some(Tracing { share: 1.0, link: None });
    let executor = Executor::SharedIterations {
        vus: 4,
        iterations: 40,
        max_duration: Duration::from_secs(30),
    };
    let server = H2Server::start(Builder::new(), None, |request, mut respond| {
        Box::pin(async move {
            let value = request.headers().get("traceparent").expect("each has one").clone();
            let response = Response::builder().header("traceresponse", value);
            let mut body = respond.send_response(response.body(()).expect("whole"), false)?;
            body.send_data(Bytes::from_static(b"hello"), true)
        })
    });
    let mut over_h2 = PlanBuilder::against(&server.url(), executor.clone())
        .speaking(Protocol::Http2 { streams: 4 });
    over_h2.plan_mut().trace.clone_from(&all);
    let outcome = over_h2.run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (40, 0), "{:?}", tally.exemplars);
    assert!(traced(&outcome).len() >= 10);

    let server = H3Server::new(Habit::Answer);
    let mut over_h3 = load_h3::plan(&server, "/10", 4, executor);
    over_h3.plan_mut().trace.clone_from(&all);
    let outcome = over_h3.run();
    assert_eq!((server.requests(), server.seen.traced.load(Ordering::SeqCst)), (40, 40));
    assert!(traced(&outcome).len() >= 10);

    let shop = Shop::open();
    let text =
        plan_text(&shop.url(), &[("call", "grpc: shop.Catalogue/Get, message: { id: 7 }")], 1, 5);
    let mut plan = grpc_plan(&text).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    plan.trace = all;
    let outcome = PlanBuilder::of(plan).run();
    let ids: BTreeSet<_> = (0..5).map(|call| shop.noted.field(call, "traceparent")).collect();
    assert!(ids.len() == 5 && ids.iter().all(Option::is_some), "{ids:?}");
    assert_eq!(traced(&outcome).len(), 5);
}
