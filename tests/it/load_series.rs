//! What is told apart is capped; what is beyond the cap is counted together, and told.

use std::time::Duration;

use shakedown::flow::Op;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::http::reactor::SimServer;
use shakedown::model::Event;
use shakedown::model::Notice;
use shakedown::model::NoticeLevel;
use shakedown::model::SeriesMeta;
use shakedown::model::StopToken;
use shakedown::plan::Executor;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;

fn once(vus: u32, iterations: u64) -> Executor {
    Executor::SharedIterations { vus, iterations, max_duration: Duration::from_secs(600) }
}

fn run<S: SimServer>(plan: &PlanBuilder, server: impl Fn() -> S + Sync) -> Outcome {
    plan.run_on(&StopToken::default(), |_| Ok(SimReactor::new(server())))
}

fn ok(header: &str) -> Vec<Reply> {
    let text = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: 0\r\n\r\n");
    vec![Reply::Bytes { after: 1_000_000, bytes: text.into() }]
}

fn warnings(outcome: &Outcome) -> Vec<&Notice> {
    let notices = outcome.events().iter().filter_map(|event| match event {
        Event::Notice(notice) if notice.level > NoticeLevel::Info => Some(notice),
        _ => None,
    });
    notices.collect()
}

fn declared(outcome: &Outcome) -> &[SeriesMeta] {
    let series = outcome.events().iter().find_map(|event| match event {
        Event::LoadDeclared { series, .. } => Some(series),
        _ => None,
    });
    series.expect("a run declares its series")
}

/// Two scenarios: one that sends `count` requests once each, one that sends the first of them.
fn many_endpoints(count: usize) -> PlanBuilder {
    let mut plan = PlanBuilder::new(once(1, 1));
    let whole = plan.plan_mut();
    whole.requests = (0..count)
        .map(|number| {
            let mut template = whole.requests[0].clone();
            template.name = format!("r{number}");
            template
        })
        .collect();
    let mut all = whole.flows[0].clone();
    all.ops = (0..count).map(Op::Use).collect();
    whole.flows.push(all);
    let mut large = whole.scenarios[0].clone();
    "large".clone_into(&mut large.name);
    large.flow = 1;
    whole.scenarios.insert(0, large);
    plan
}

#[test]
fn requests_beyond_the_cap_are_counted_together_and_told() {
    const REQUESTS: usize = 12_000;
    let outcome = run(&many_endpoints(REQUESTS), || |_: u64, _: &[u8]| ok(""));
    let series = declared(&outcome);
    assert!(series.len() > 3_200 && series.len() < REQUESTS, "{}", series.len());
    let others: Vec<_> = series.iter().filter(|meta| meta.request == "(other)").collect();
    let [other] = others.try_into().expect("only the large scenario has one");
    assert_eq!((other.scenario.as_str(), other.path_template.as_str()), ("large", "(other)"));
    assert_eq!(other.id.0 as usize, series.len() - 2, "the last of its scenario");
    let counted = |id: u32| -> u64 {
        let windows = outcome.windows().flat_map(|window| &window.series);
        windows.filter(|window| window.series.0 == id).map(|window| window.tally.requests).sum()
    };
    let rest = REQUESTS - (series.len() - 2);
    assert_eq!(counted(other.id.0), rest as u64);
    assert_eq!((counted(0), counted(other.id.0 - 1), counted(other.id.0 + 1)), (1, 1, 1));
    let [notice] = warnings(&outcome).try_into().expect("one warning");
    assert!(notice.text.contains("12,001 requests of scenarios"), "{}", notice.text);
}

#[test]
fn a_plan_below_the_cap_has_a_series_for_each_request() {
    let outcome = run(&many_endpoints(40), || |_: u64, _: &[u8]| ok(""));
    assert_eq!(declared(&outcome).len(), 41);
    assert!(declared(&outcome).iter().all(|meta| meta.request != "(other)"));
    assert_eq!(warnings(&outcome), Vec::<&Notice>::new());
}

#[test]
fn a_header_with_ever_new_values_is_told_once() {
    let plan = PlanBuilder::new(once(1, 4_000)).observe("X-Request-Id").observe("X-Cache");
    let outcome = run(&plan, || {
        let mut asked = 0;
        move |_: u64, _: &[u8]| {
            asked += 1;
            ok(&format!("X-Request-Id: {asked}\r\nX-Cache: hit\r\n"))
        }
    });
    let observed = &outcome.only_series().observed;
    let other = observed.iter().find(|observed| observed.value == "(other)").expect("some");
    assert_eq!((other.header.as_str(), other.count), ("X-Request-Id", 4_000 - 16));
    let [notice] = warnings(&outcome).try_into().expect("one warning, of four windows");
    assert!(notice.text.starts_with("X-Request-Id has more values"), "{}", notice.text);
}
