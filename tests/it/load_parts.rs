//! A load that several processes share: their parts are the whole, and merging gives it back.

use std::time::Duration;

use shakedown::format;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::insight::MergeError;
use shakedown::insight::merge;
use shakedown::model::BlockTally;
use shakedown::model::Event;
use shakedown::model::Report;
use shakedown::model::RunInfo;
use shakedown::model::RunPart;
use shakedown::model::Seed;
use shakedown::model::Stamped;
use shakedown::model::StopToken;
use shakedown::model::Threshold;
use shakedown::model::ThresholdResult;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::from_text;

use crate::fixtures::rich_report;
use crate::load_bed::PlanBuilder;
use crate::load_flow::Seen;
use crate::program::{OddServer, told, write};

const HEAD: &str = "version: 1\ntarget: http://127.0.0.1:9\nrequests: { a: { get: /a } }\n\
                    flows: { f: [ { use: a } ] }\n";

fn plan(text: &str, dir: &std::path::Path) -> Plan {
    let overrides = Overrides {
        directory: dir.to_owned(),
        ..Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23))
    };
    from_text("plan.yml", text, &|_| None, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

/// Runs a part where an answer takes as long as the moment of its request says: so the same in any
/// division of the load.
fn run(plan: &Plan, part: RunPart, threads: usize) -> (Vec<String>, Report) {
    let seen = Seen::default();
    let builder = PlanBuilder::of(plan.clone()).threads(threads).part(part);
    let outcome = builder.run_on(&StopToken::default(), |_| {
        let seen = seen.clone();
        Ok(SimReactor::new(move |now: u64, request: &[u8]| {
            seen.note(request);
            let after = 1_000_000 + now / 1_000 % 9_973 * 10_000;
            let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
            vec![Reply::Bytes { after, bytes }]
        }))
    });
    (seen.lines(), finished(outcome.report(), part))
}

fn finished(mut report: Report, part: RunPart) -> Report {
    let info = rich_report().run.expect("the fixture has run");
    report.run = Some(RunInfo { part: Some(part), zero_unix_ms: Some(1_000_000), ..info });
    let verdict = shakedown::model::Verdict::of(&shakedown::model::Facts::default());
    let at = Duration::from_secs(10);
    report.apply(&Stamped { seq: 0, at, event: Event::Verdict(verdict) });
    report
}

/// Parts on different numbers of threads.
fn parts(plan: &Plan, of: u32) -> Vec<(Vec<String>, Report)> {
    (1..=of).map(|number| run(plan, RunPart { number, of }, number as usize % 3 + 1)).collect()
}

fn reports(plan: &Plan, of: u32) -> Vec<Report> {
    parts(plan, of).into_iter().map(|(_, report)| report).collect()
}

fn shared(scenario: &str) -> Plan {
    plan(
        &format!("{HEAD}scenarios: {{ s: {{ exec: f, {scenario} }} }}\n"),
        std::path::Path::new("."),
    )
}

const OPEN: &str = "executor: constant-arrival-rate, rate: 83, duration: 9s, preAllocatedVUs: 30, \
                    maxVUs: 60";

#[test]
fn merged_percentiles_are_those_of_the_whole() {
    let plan = shared(OPEN);
    let (_, whole) = run(&plan, RunPart::WHOLE, 2);
    for of in [2, 3, 5] {
        let merged = merge(reports(&plan, of)).expect("they are one run");
        let (ours, theirs) = (merged.total(), whole.total());
        assert_eq!(ours.requests, 747);
        assert_eq!(ours.latency, theirs.latency, "bucket by bucket, of {of} parts");
        assert_eq!(ours.duration, theirs.duration);
        assert_eq!(ours.statuses, theirs.statuses);
        assert_eq!(merged.scenarios[0].1.iterations, 747);
        // In virtual time windows are as irregular as threads are scheduled: their sum is not.
        let mut by_time = BlockTally::default();
        merged.blocks.list.iter().for_each(|block| by_time.merge(&block.whole));
        assert_eq!((by_time.requests, by_time.latency.len()), (747, 747));
        assert_eq!(merged.timeline.iter().map(|point| point.requests).sum::<u64>(), 747);
        assert_eq!(merged.run.and_then(|run| run.part), None);
    }
}

#[test]
fn users_and_iterations_are_shared_out_without_loss() {
    for (scenario, wanted) in [
        ("executor: shared-iterations, vus: 7, iterations: 101, maxDuration: 60s", 101),
        ("executor: shared-iterations, vus: 2, iterations: 31, maxDuration: 60s", 31),
        ("executor: per-vu-iterations, vus: 11, iterations: 3, maxDuration: 60s", 33),
    ] {
        // On one thread each: in virtual time one without users would be at the end at once, and would
        // drop what the others have not begun.
        let plan = shared(scenario);
        let parts = (1..=4).map(|number| run(&plan, RunPart { number, of: 4 }, 1).1).collect();
        let merged = merge(parts).expect("they are one run");
        assert_eq!(merged.total().requests, wanted, "{scenario}");
        assert_eq!(merged.scenarios[0].1.dropped, 0);
    }
    let closed = shared("executor: constant-vus, vus: 5, duration: 3s");
    let users: Vec<u64> = reports(&closed, 3).iter().map(|part| part.vus.1).collect();
    assert_eq!(users, [2, 2, 1]);
}

#[test]
fn rows_that_are_unique_fall_to_one_part_each() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let rows: Vec<String> = (0..20).map(|row| row.to_string()).collect();
    let file = format!("id\n{}\n", rows.join("\n"));
    std::fs::write(dir.path().join("users.csv"), file).expect("writable");
    let text = "version: 1\ntarget: http://127.0.0.1:9\n\
                data: { users: { file: users.csv, mode: unique, on_end: stop } }\n\
                requests: { a: { get: '/${data.users.id}' } }\nflows: { f: [ { use: a } ] }\n\
                scenarios: { s: { exec: f, executor: constant-vus, vus: 6, duration: 60s } }\n";
    let mut all: Vec<String> = Vec::new();
    for (lines, report) in parts(&plan(text, dir.path()), 3) {
        assert!((6..=7).contains(&lines.len()), "{lines:?}");
        assert!(report.notices[0].text.contains("ran out"), "{:?}", report.notices);
        all.extend(lines);
    }
    all.sort_unstable();
    let mut wanted: Vec<String> = (0..20).map(|row| format!("GET /{row}")).collect();
    wanted.sort_unstable();
    assert_eq!(all, wanted);
}

#[test]
fn what_is_not_the_parts_of_one_run_is_refused() {
    let parts = reports(&shared(OPEN), 3);
    let refused = |change: &dyn Fn(&mut Vec<Report>)| {
        let mut parts = parts.clone();
        change(&mut parts);
        merge(parts).expect_err("they are not one run").to_string()
    };
    assert_eq!(refused(&|parts| drop(parts.remove(1))), "part 2 of 3: missing");
    let twice = refused(&|parts| parts[2] = parts[0].clone());
    assert!(twice.contains("reports 1 and 3 are both part 1/3"), "{twice}");
    let info = |parts: &mut Vec<Report>, change: &dyn Fn(&mut RunInfo)| {
        change(parts[1].run.as_mut().expect("it ran"));
    };
    let other = refused(&|parts| info(parts, &|run| run.plan_hash = "0".to_owned()));
    assert!(other.contains("report 2 has another plan"), "{other}");
    let seed = refused(&|parts| info(parts, &|run| run.seed = 9));
    assert!(seed.contains("another seed") && seed.contains("--seed"), "{seed}");
    let whole = refused(&|parts| info(parts, &|run| run.part = None));
    assert!(whole.contains("report 2 is no part of a run"), "{whole}");
    let late = refused(&|parts| info(parts, &|run| run.zero_unix_ms = Some(1_060_000)));
    assert!(late.contains("report 2 began its load 60 s away"), "{late}");
    let partial = refused(&|parts| parts[1].verdict = None);
    assert!(partial.contains("report 2 is partial"), "{partial}");
    assert_eq!(merge(Vec::new()), Err(MergeError::Nothing));
}

#[test]
fn parts_whose_clocks_began_at_different_times_are_put_on_one() {
    let plan = shared(OPEN);
    let mut parts = reports(&plan, 2);
    // The second process was started 600 ms before the first, and waited as much longer.
    let second = &mut parts[1];
    second.run.as_mut().expect("it ran").zero_unix_ms = Some(999_400);
    let later = Duration::from_millis(600);
    for point in &mut second.timeline {
        (point.from, point.to) = (point.from + later, point.to + later);
    }
    for block in &mut second.blocks.list {
        (block.from, block.to) = (block.from + later, block.to + later);
    }
    second.blocks.origin += later;
    let merged = merge(parts).expect("they are one run");
    // Both began their load at one second of the first part's clock.
    assert_eq!(merged.blocks.origin, Duration::from_millis(1_600));
    // An interval may be two seconds long where a thread was late, and begin with the one before.
    let middles: Vec<Duration> =
        merged.blocks.list.iter().map(|block| (block.from + block.to) / 2).collect();
    assert!(middles.is_sorted_by(|one, next| one < next), "{middles:?}");
    assert!(middles[0] > merged.blocks.origin, "{middles:?}");
    assert_eq!(merged.blocks.list.iter().map(|block| block.whole.requests).sum::<u64>(), 747);
    assert!(merged.notices.is_empty(), "{:?}", merged.notices);
}

#[test]
fn gates_are_judged_of_the_whole() {
    let mut parts = reports(&shared(OPEN), 2);
    let gate = Threshold::parse("http_reqs", "count>700").expect("valid");
    for part in &mut parts {
        let value = Some(part.total().requests as f64);
        part.thresholds =
            vec![ThresholdResult { value, ..ThresholdResult::new(gate.criterion.clone()) }];
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let (first, second, whole) = (path("1.json"), path("2.json"), path("whole.json"));
    std::fs::write(&first, format::report::write(&parts[0])).expect("writable");
    std::fs::write(&second, format::report::write(&parts[1])).expect("writable");
    let (code, _, text) = told(&["merge", &second, &first, "-o", &whole]);
    assert_eq!(code, 0, "{text}");
    let report =
        format::read_run(&std::fs::read(&whole).expect("it was written")).expect("a report");
    assert_eq!(report.thresholds[0].value, Some(747.0));
    assert!(report.thresholds[0].pass);
    let (code, _, text) = told(&["merge", &first, "-o", &path("none.json")]);
    assert_eq!(code, 2);
    assert!(text.contains("part 2 of 2: missing"), "{text}");
    assert!(!dir.path().join("none.json").exists());
}

#[test]
fn parts_over_the_wire_are_the_whole_run() {
    let server = OddServer::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "version: 1\ntarget: {}\nrequests: {{ a: {{ get: /a }} }}\nflows: {{ f: [ {{ use: a }} ] }}\n\
         scenarios: {{ s: {{ exec: f, executor: shared-iterations, vus: 3, iterations: 41 }} }}\n\
         thresholds: {{ http_reqs: [ 'count==41' ] }}\n",
        server.url()
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let mut files = Vec::new();
    for number in 1..=2 {
        let file = dir.path().join(format!("{number}.json")).to_str().expect("UTF-8").to_owned();
        let (part, json) = (format!("{number}/2"), format!("--json={file}"));
        let args = ["load", &plan, "--part", &part, "--start-at", "+100ms", &json, "--no-tui"];
        let (code, _, text) = told(&args);
        assert_eq!(code, 0, "a part is not judged by itself: {text}");
        files.push(file);
    }
    let refused = told(&["load", &plan, "--part", "1/2", "--start-at", "2001-01-01T00:00:00Z"]);
    assert_eq!(refused.0, 2);
    assert!(refused.2.contains("ago"), "{}", refused.2);
    let reports: Vec<Report> = files
        .iter()
        .map(|file| format::read_run(&std::fs::read(file).expect("written")).expect("a report"))
        .collect();
    assert_eq!(reports.iter().map(|part| part.total().requests).sum::<u64>(), 41);
    assert!(reports.iter().all(|part| part.run.as_ref().is_some_and(|run| run.seed == 0)));
}
