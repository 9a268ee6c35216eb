//! Which rows of a file iterations get: in virtual time, over several threads.

use std::fmt::Write as _;
use std::path::Path;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::Event;
use shakedown::model::NoticeLevel;
use shakedown::model::Seed;
use shakedown::model::StopToken;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::from_text;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_flow::Seen;
use crate::program::{OddServer, told, write};

const USERS: &str = "id,name\n0,a\n1,b\n2,c\n3,d\n4,e\n";

fn plan(dir: &Path, data: &str, scenario: &str) -> Plan {
    std::fs::write(dir.join("users.csv"), USERS).expect("writable");
    let overrides = Overrides {
        directory: dir.to_owned(),
        ..Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23))
    };
    let text = format!(
        "version: 1\ntarget: http://127.0.0.1:9\ndata: {{ users: {data} }}\n\
         requests: {{ a: {{ get: '/${{data.users.id}}/${{data.users.name}}' }} }}\n\
         flows: {{ f: [ {{ use: a }}, {{ use: a }} ] }}\nscenarios: {{ s: {{ exec: f, {scenario} }} }}\n"
    );
    from_text("plan.yml", &text, &|_| None, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn run(plan: Plan, threads: usize) -> (Vec<String>, Outcome) {
    let seen = Seen::default();
    let outcome = PlanBuilder::of(plan).threads(threads).run_on(&StopToken::default(), |_| {
        let seen = seen.clone();
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            seen.note(request);
            let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
            vec![Reply::Bytes { after: 1_000_000, bytes }]
        }))
    });
    (seen.lines(), outcome)
}

/// Each twice: both requests of an iteration have the same row.
fn twice(rows: &[&str]) -> Vec<String> {
    rows.iter().flat_map(|row| [*row, *row]).map(|row| format!("GET /{row}")).collect()
}

fn notices(outcome: &Outcome) -> Vec<&str> {
    let notice = |event: &'_ Event| matches!(event, Event::Notice(notice) if notice.level != NoticeLevel::Info);
    let texts = outcome.events().iter().filter(|event| notice(event)).map(|event| match event {
        Event::Notice(notice) => notice.text.as_str(),
        _ => unreachable!("filtered"),
    });
    texts.collect()
}

#[test]
fn rows_follow_each_other_in_the_files_order_and_begin_again() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for data in ["users.csv", "{ file: users.csv, mode: circular }"] {
        let scenario = "executor: shared-iterations, vus: 1, iterations: 7";
        let (lines, outcome) = run(plan(dir.path(), data, scenario), 1);
        assert_eq!(lines, twice(&["0/a", "1/b", "2/c", "3/d", "4/e", "0/a", "1/b"]));
        assert_eq!(notices(&outcome), [""; 0]);
    }
}

#[test]
fn a_unique_row_is_used_once_whatever_the_threads_and_then_the_scenario_ends() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let scenarios = [
        "executor: constant-vus, vus: 3, duration: 1h",
        "executor: shared-iterations, vus: 3, iterations: 1000, maxDuration: 1h",
        "executor: per-vu-iterations, vus: 3, iterations: 1000, maxDuration: 1h",
        "executor: ramping-vus, startVUs: 1, stages: [ { target: 4, duration: 1h } ]",
        "executor: constant-arrival-rate, rate: 10, duration: 1h, preAllocatedVUs: 3, maxVUs: 6",
    ];
    for scenario in scenarios {
        for threads in [1, 3] {
            let plan = plan(dir.path(), "{ file: users.csv, mode: unique }", scenario);
            let (mut lines, outcome) = run(plan, threads);
            lines.sort_unstable();
            assert_eq!(lines, twice(&["0/a", "1/b", "2/c", "3/d", "4/e"]), "{scenario}, {threads}");
            assert_eq!(
                notices(&outcome),
                [
                    "the data `users` ran out: its 5 rows were used; no iteration of `s` began after that"
                ],
                "{scenario}, {threads}"
            );
            assert_eq!(outcome.totals().scenarios[0].iterations, 5);
            assert_eq!(outcome.totals().scenarios[0].dropped, 0, "{scenario}");
        }
    }
}

#[test]
fn data_that_start_over_say_that_they_were_not_unique() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let scenario = "executor: shared-iterations, vus: 2, iterations: 8";
    let data = "{ file: users.csv, mode: unique, on_end: recycle }";
    let (lines, outcome) = run(plan(dir.path(), data, scenario), 2);
    assert_eq!(lines.len(), 16);
    assert_eq!(
        notices(&outcome),
        [
            "the data `users` ran out and started over: 8 rows of 5 were used, so they were not unique"
        ]
    );
}

#[test]
fn a_sequence_may_stop_at_its_end() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let scenario = "executor: constant-vus, vus: 1, duration: 1h";
    let (lines, _) = run(plan(dir.path(), "{ file: users.csv, on_end: stop }", scenario), 1);
    assert_eq!(lines, twice(&["0/a", "1/b", "2/c", "3/d", "4/e"]));
}

#[test]
fn random_rows_follow_from_the_seed_and_are_spread_evenly() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let scenario = "executor: shared-iterations, vus: 1, iterations: 500";
    let drawn = || run(plan(dir.path(), "{ file: users.csv, mode: random }", scenario), 1).0;
    let lines = drawn();
    assert_eq!(lines, drawn(), "the same seed draws the same");
    for row in ["0/a", "1/b", "2/c", "3/d", "4/e"] {
        let count = lines.iter().filter(|line| line.ends_with(row)).count() / 2;
        assert!((60..140).contains(&count), "{row}: {count}");
    }
}

#[test]
fn rows_of_a_large_file_are_drawn_from_all_of_it() {
    const ROWS: usize = 150_000;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let scenario = "executor: shared-iterations, vus: 1, iterations: 600";
    let text: String = (0..ROWS).fold("id,name\n".to_owned(), |mut text, row| {
        // Rows of different lengths, so that no two blocks have the same number of them.
        writeln!(text, "{row},{}{row}", "x".repeat(row % 37)).expect("writing to a string");
        text
    });
    std::fs::write(dir.path().join("large.csv"), &text).expect("writable");
    assert!(text.len() > 3 << 20, "more than is kept in memory");
    let (lines, _) = run(plan(dir.path(), "{ file: large.csv, mode: random }", scenario), 1);
    let rows: Vec<usize> = lines
        .iter()
        .map(|line| {
            let row = line.strip_prefix("GET /").expect("a path");
            let (id, name) = row.split_once('/').expect("two columns");
            assert_eq!(name.trim_start_matches('x'), id, "one row, whole");
            id.parse().expect("a number")
        })
        .collect();
    for tenth in 0..10 {
        let count = rows.iter().filter(|row| **row * 10 / ROWS == tenth).count() / 2;
        assert!((30..95).contains(&count), "{tenth}: {count}");
    }
}

#[test]
fn a_report_says_that_data_ran_out_and_a_scan_takes_the_first_row() {
    let server = OddServer::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), "users.csv", USERS);
    let text = format!(
        "version: 1\ntarget: {}\ndata: {{ users: {{ file: users.csv, mode: unique }} }}\n\
         requests: {{ a: {{ get: '/users/${{data.users.name}}' }} }}\nflows: {{ f: [ {{ use: a }} ] }}\n\
         scenarios: {{ s: {{ executor: constant-vus, exec: f, vus: 2, duration: 20s }} }}\n\
         scan: {{ crawl: {{ depth: 1 }} }}\n",
        server.url()
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let (code, json, said) = told(&["load", &plan, "--json"]);
    assert_eq!(code, 0, "{said}");
    let report: serde_json::Value = serde_json::from_str(&json).expect("a report");
    let errors = report["errors"].to_string();
    assert!(errors.contains("the data `users` ran out: its 5 rows were used"), "{errors}");
    let (_, json, said) = told(&["scan", &plan, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json).expect("a report");
    let operations = report["coverage"]["operations"].as_array().expect("a list");
    let user = operations.iter().find(|it| it["path_template"] == "/users/{data.users.name}");
    assert_eq!(user.expect("it is known")["reached"], true, "{operations:?} {said}");
}
