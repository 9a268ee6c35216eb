//! Redirects that load follows: judged hop by hop, counted one by one.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::FailureClass;
use shakedown::model::StopToken;
use shakedown::plan::Executor;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::program::OddServer;
use crate::program::read_head_text;
use crate::program::told;
use crate::program::write;

const MILLI: u64 = 1_000_000;

/// One user, `iterations` times, following `redirects`, against a server that answers each request
/// line after a millisecond; with the request lines that it saw.
fn run(
    plan: PlanBuilder,
    redirects: u32,
    answer: impl Fn(&str) -> String + Sync,
) -> (Outcome, Vec<String>) {
    let mut plan = plan;
    plan.plan_mut().requests[0].redirects = redirects;
    let seen = Mutex::new(Vec::new());
    let outcome = plan.run_on(&StopToken::default(), |_| {
        Ok(SimReactor::new(|_: u64, request: &[u8]| {
            let request = String::from_utf8_lossy(request);
            let line = request.lines().next().unwrap_or_default().replace(" HTTP/1.1", "");
            let bytes = answer(&line).into_bytes();
            seen.lock().expect("not poisoned").push(line);
            vec![Reply::Bytes { after: MILLI, bytes }]
        }))
    });
    (outcome, seen.into_inner().expect("not poisoned"))
}

fn iterations(iterations: u64) -> PlanBuilder {
    let max_duration = Duration::from_secs(30);
    PlanBuilder::new(Executor::SharedIterations { vus: 1, iterations, max_duration })
}

fn to(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

fn ok() -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
}

#[test]
fn each_hop_is_a_request_and_the_iteration_covers_all() {
    let answer = |line: &str| match line {
        "POST /" => to(302, "/a"),
        "GET /a" => to(307, "b?c"),
        _ => ok(),
    };
    let (outcome, seen) = run(iterations(2).post(b"x"), 5, answer);
    assert_eq!(seen, ["POST /", "GET /a", "GET /b?c", "POST /", "GET /a", "GET /b?c"]);
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (6, 0, 1));
    let statuses: Vec<_> = tally.statuses.iter().map(|(status, n)| (*status, *n)).collect();
    assert_eq!(statuses, [(200, 2), (302, 2), (307, 2)]);
    let scenario = &outcome.totals().scenarios[0];
    assert_eq!(scenario.iterations, 2);
    assert!(scenario.iteration_duration.max() >= Some(Duration::from_millis(3)));
    assert!(tally.duration.max() < Some(Duration::from_millis(2)));
}

#[test]
fn a_redirect_is_an_answer_like_others_unless_asked_for() {
    let (outcome, seen) = run(iterations(3), 0, |_| to(302, "/a"));
    assert_eq!(seen, ["GET /"; 3]);
    assert_eq!((outcome.only_series().requests, outcome.only_series().failed), (3, 0));
}

#[test]
fn too_many_redirects_and_circles_are_failures_of_their_own() {
    let further = |line: &str| to(303, &format!("{}x", line.trim_start_matches("GET ")));
    let (outcome, seen) = run(iterations(2), 3, further);
    assert_eq!(seen.len(), 8);
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (8, 2));
    assert_eq!(tally.failures.get(&FailureClass::Redirect), Some(&2));
    let detail = |outcome: &Outcome| {
        let exemplars = outcome.only_series().exemplars.clone();
        exemplars.into_iter().find_map(|exemplar| exemplar.failure).expect("one failed").1
    };
    assert!(detail(&outcome).contains("more than 3"), "{}", detail(&outcome));

    let circle = |line: &str| if line == "GET /" { to(302, "/a") } else { to(302, "/") };
    let (outcome, seen) = run(iterations(1), 10, circle);
    assert_eq!(seen, ["GET /", "GET /a"]);
    assert!(detail(&outcome).contains("circle"), "{}", detail(&outcome));
}

#[test]
fn a_redirect_that_leads_nowhere_or_out_of_scope_is_not_followed() {
    for (location, class) in [
        ("http://127.0.0.1:10/", FailureClass::OutOfScope),
        ("ftp://127.0.0.1/", FailureClass::Redirect),
    ] {
        let (outcome, seen) = run(iterations(1), 5, |_| to(302, location));
        assert_eq!(seen.len(), 1);
        assert_eq!(outcome.only_series().failures.get(&class), Some(&1), "{location}");
    }
    // Without a destination it is simply the answer.
    let nowhere = |_: &str| "HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n".to_owned();
    let (outcome, _) = run(iterations(1), 5, nowhere);
    assert_eq!((outcome.only_series().requests, outcome.only_series().failed), (1, 0));
}

#[test]
fn hops_keep_to_the_rate_cap() {
    let answer = |line: &str| if line == "GET /" { to(302, "/a") } else { ok() };
    let (outcome, _) = run(iterations(10).max_rps(10.0), 5, answer);
    let totals = outcome.totals();
    assert_eq!(outcome.only_series().requests, 20);
    assert!(totals.elapsed >= Duration::from_millis(1_900), "{:?}", totals.elapsed);
}

/// A server that sends everybody to `location` or answers, and the heads that it got.
fn server(location: Option<String>) -> (OddServer, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heads);
    let answer = location.map_or_else(ok, |location| to(302, &location));
    let server = OddServer::start(move |mut stream| {
        while let Some(head) = read_head_text(&mut stream) {
            log.lock().expect("not poisoned").push(head);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    (server, heads)
}

#[test]
fn the_program_follows_to_another_origin_without_credentials() {
    let (last, last_heads) = server(None);
    let (first, first_heads) = server(Some(format!("{}/end", last.url())));
    let dir = tempfile::tempdir().expect("a directory");
    let plan = format!(
        "version: 1\ntarget: {}\nscope: {{ origins: [auto, '{}'] }}\nredirects: 1\n\
         requests: {{ home: {{ get: /, headers: {{ X-A: '1' }} }} }}\nflows: {{ f: [ {{ use: home }} ] }}\n\
         scenarios: {{ s: {{ executor: shared-iterations, exec: f, vus: 1, iterations: 4 }} }}\n",
        first.url(),
        last.url()
    );
    let plan = write(dir.path(), "plan.yml", &plan);
    let (code, _, stderr) = told(&["load", &plan, "-a", "me:secret", "-H", "X-B: 2"]);
    assert_eq!(code, 0, "{stderr}");
    let first_heads = first_heads.lock().expect("not poisoned");
    let last_heads = last_heads.lock().expect("not poisoned");
    assert_eq!((first_heads.len(), last_heads.len()), (4, 4));
    assert!(first_heads[0].contains("Authorization: Basic bWU6c2VjcmV0"), "{}", first_heads[0]);
    assert!(last_heads[0].starts_with("GET /end HTTP/1.1\r\n"), "{}", last_heads[0]);
    assert!(!last_heads[0].contains("Authorization") && last_heads[0].contains("X-B: 2"));
    assert!(last_heads[0].contains("X-A: 1"), "{}", last_heads[0]);
}

#[test]
fn the_program_follows_as_often_as_it_is_told() {
    let (server, heads) = server(Some("/again?x".to_owned()));
    let (code, _, stderr) = told(&["load", &server.url(), "-r", "1", "-n", "3", "-c", "1"]);
    assert_eq!(heads.lock().expect("not poisoned").len(), 6, "{code}: {stderr}");
    assert!(stderr.contains("redirect 3"), "{stderr}");
}

#[test]
fn check_follows_and_observes_as_load_does() {
    let (server, heads) = server(Some("/again?x".to_owned()));
    let dir = tempfile::tempdir().expect("a directory");
    let plan = |scenarios: &str| {
        let text = format!(
            "version: 1\ntarget: {}\nrequests: {{ home: {{ get: / }} }}\n\
             flows: {{ f: [ {{ use: home }} ] }}\n{scenarios}",
            server.url()
        );
        write(dir.path(), "plan.yml", &text)
    };
    let load = plan(
        "scenarios: { s: { executor: shared-iterations, exec: f, vus: 1, iterations: 3 } }\n\
         thresholds: { http_reqs: [ 'count>0' ] }\n",
    );
    let flags = ["-r", "1", "--observe", "Location", "--observe", "location", "--json"];
    let (code, stdout, stderr) = told(&[&["check", &load], &flags[..]].concat());
    // A second redirect is one too many.
    assert_eq!(code, 0, "{stderr}");
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(report["endpoints"][0]["requests"], 6, "{}", report["endpoints"]);
    let observed = &report["endpoints"][0]["observed"];
    assert_eq!(observed[0]["value"], "/again?x");
    assert_eq!(observed.as_array().map(Vec::len), Some(1), "one header, however it is written");
    assert_eq!(heads.lock().expect("not poisoned").len(), 6);

    let (code, _, stderr) = told(&["check", &load, "--observe", "a b"]);
    assert_eq!(code, 2, "{stderr}");
    let scan = plan("scan: { crawl: { max_urls: 1 } }\n");
    let (code, _, stderr) = told(&["check", &scan, "-r", "1"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("--redirect is about load"), "{stderr}");
}
