//! The public formats: lossless, versioned, and clear about what is wrong in a file.

use std::time::Duration;

use proptest::prelude::*;
use shakedown::format::{FormatError, events, read_run, report};
use shakedown::model::{Digits, Event, Histogram, Report, Stamped};

use crate::capacity::searched_events;
use crate::fixtures::{interrupted_events, rich_events, rich_report};

/// A name for every kind of event: a new variant does not compile until it has one, and the test
/// below fails until the fixture has an example of it.
fn kind(event: &Event) -> &'static str {
    match event {
        Event::RunStarted(_) => "run_started",
        Event::PhaseStarted(_) => "phase_started",
        Event::PhaseFinished(_) => "phase_finished",
        Event::LoadDeclared { .. } => "load_declared",
        Event::LoadWindow(_) => "load_window",
        Event::LoadFinished(_) => "load_finished",
        Event::ScanWindow(_) => "scan_window",
        Event::Operation(_) => "operation",
        Event::OperationMerged { .. } => "operation_merged",
        Event::UrlFound(_) => "url_found",
        Event::TemplateResult(_) => "template_result",
        Event::TemplatesLoaded(_) => "templates_loaded",
        Event::TemplatesFinished(_) => "templates_finished",
        Event::SiteNode(_) => "site_node",
        Event::CrawlFinished { .. } => "crawl_finished",
        Event::RuleDeclared(_) => "rule_declared",
        Event::RuleFinished(_) => "rule_finished",
        Event::Finding(_) => "finding",
        Event::AccessMatrix(_) => "access_matrix",
        Event::ScanFailure { .. } => "scan_failure",
        Event::Session(_) => "session",
        Event::Notice(_) => "notice",
        Event::Stopping(_) => "stopping",
        Event::Validity(_) => "validity",
        Event::Thresholds(_) => "thresholds",
        Event::Capacity(_) => "capacity",
        Event::Comparison(_) => "comparison",
        Event::Bottlenecks(_) => "bottlenecks",
        Event::LoadChanged(_) => "load_changed",
        Event::Verdict(_) => "verdict",
    }
}

const KINDS: usize = 30;

fn log_of(events: &[Stamped]) -> String {
    events.iter().map(|stamped| events::write_line(stamped) + "\n").collect()
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).expect("it is JSON")
}

fn assert_valid(schema: &serde_json::Value, instance: &serde_json::Value) {
    let validator = jsonschema::validator_for(schema).expect("the schema is one");
    let problems: Vec<String> = validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_kind_of_event_survives_the_log() {
    let mut kinds = std::collections::BTreeSet::new();
    for stamped in rich_events().iter().chain(&interrupted_events()).chain(&searched_events()) {
        let line = events::write_line(stamped);
        let name = kind(&stamped.event);
        assert_eq!(events::read_line(&line).expect("own line"), *stamped);
        assert_eq!(json(line.as_bytes())["event"], name);
        assert!(!line.contains('\n'));
        kinds.insert(name);
    }
    assert_eq!(kinds.len(), KINDS, "the fixture lacks an event: {kinds:?}");
}

#[test]
fn a_report_reads_back_equal() {
    for events in [rich_events(), interrupted_events(), searched_events(), Vec::new()] {
        let original = Report::of(&events);
        let back = report::read(&report::write(&original)).expect("own report");
        assert_eq!(back, original);
    }
}

#[test]
fn a_saved_run_is_recognised_in_both_formats() {
    let events = rich_events();
    let original = Report::of(&events);
    assert_eq!(read_run(log_of(&events).as_bytes()).expect("a log"), original);
    assert_eq!(read_run(&report::write(&original)).expect("a report"), original);
    let one_line = serde_json::to_vec(&json(&report::write(&original))).expect("JSON");
    assert_eq!(read_run(&one_line).expect("a report on one line"), original);
}

#[test]
fn metrics_carry_k6s_names_and_value_keys() {
    let report = json(&report::write(&rich_report()));
    let metrics = report["metrics"].as_array().expect("a list");
    let whole = |name: &str| {
        let found = metrics
            .iter()
            .find(|metric| metric["name"] == name && metric["tags"] == serde_json::json!({}));
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    let duration = whole("http_req_duration");
    assert_eq!(duration["type"], "trend");
    let keys: Vec<&String> = duration["values"].as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["count", "avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)", "p(99.99)"]
    );
    assert_eq!(whole("http_reqs")["values"]["count"], 20 * (60 + 60 + 50 + 18 + 4));
    assert_eq!(whole("ws_sessions")["values"]["count"], 20 * 4);
    assert_eq!(whole("ws_msgs_received")["values"]["count"], 20 * 4 * 20);
    assert_eq!(whole("message_latency")["values"]["count"], 20 * 4 * 10);
    assert!(!metrics.iter().any(|metric| metric["name"] == "sse_event"), "there were no streams");
    assert_eq!(whole("http_req_failed")["values"]["passes"], 20 * 2);
    let part = metrics.iter().find(|metric| metric["tags"]["request"] == "checkout");
    assert_eq!(part.expect("a threshold names it")["name"], "http_req_duration");
}

#[test]
fn an_embedded_histogram_gives_the_exact_distribution_back() {
    let original = rich_report();
    let back = report::read(&report::write(&original)).expect("own report");
    let (mine, theirs) = (&original.endpoints[1].total, &back.endpoints[1].total);
    assert_eq!(mine.latency.buckets(), theirs.latency.buckets());
    assert_eq!(mine.latency.max(), theirs.latency.max());
    assert_eq!(mine.latency.sum(), theirs.latency.sum());
}

#[test]
fn an_interrupted_run_says_so() {
    let report = json(&report::write(&Report::of(&interrupted_events())));
    assert_eq!(report["interrupted"], true);
    assert_eq!(
        report["stopped"],
        serde_json::json!({ "kind": "interrupted", "reason": "SIGINT received" })
    );
    assert_eq!(report["verdict"]["exit_code"], 105);
}

#[test]
fn a_newer_major_version_is_refused_by_name_and_a_newer_minor_one_is_read() {
    let mut newer = json(&report::write(&rich_report()));
    newer["schema_version"] = "2.0.0".into();
    let error = report::read(newer.to_string().as_bytes()).expect_err("major 2");
    insta::assert_snapshot!(error, @"this report has format version 2.0.0, this Shakedown reads 1.0.0: use the Shakedown that wrote it, or a newer one");
    newer["schema_version"] = "1.7.0".into();
    newer["something_new"] = true.into();
    assert_eq!(report::read(newer.to_string().as_bytes()).expect("minor 7"), rich_report());
    let line = events::write_line(&rich_events()[0]).replacen("\"v\":1", "\"v\":2", 1);
    let error = events::read_line(&line).expect_err("version 2");
    assert!(matches!(error, FormatError::Newer { what: "event log", .. }), "{error}");
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_place() {
    let text = String::from_utf8(report::write(&rich_report())).expect("UTF-8");
    let wrong = text.replacen("\"severity\": \"high\"", "\"severity\": \"hihg\"", 1);
    let error = report::read(wrong.as_bytes()).expect_err("no such severity");
    let FormatError::Content { line, column, path, problem } = &error else { panic!("{error}") };
    assert!(*line > 1 && *column > 0, "{error}");
    assert_eq!(path, "rules[2]");
    assert_eq!(problem, "`hihg` is no Severity: expected one of info, low, medium, high, critical");
    for (bad, expected) in [
        ("", "EOF while parsing"),
        ("{", "EOF while parsing"),
        ("[]", "invalid"),
        ("{}", "neither a Shakedown report, an event log nor Nuclei's results"),
        ("\u{0}\u{1}", "expected value"),
    ] {
        let error = read_run(bad.as_bytes()).expect_err("not a run");
        assert!(error.to_string().contains(expected), "{bad:?}: {error}");
    }
}

#[test]
fn a_log_cut_in_its_last_line_is_a_partial_run_that_says_so() {
    let events = rich_events();
    let text = log_of(&events);
    let cut = &text.as_bytes()[..text.len() - 40];
    let log = events::read_all(cut).expect("a partial log");
    assert_eq!(log.events, events[..events.len() - 1]);
    assert!(log.cut.expect("it was cut").starts_with(&format!("line {}", events.len())));
    let report = read_run(cut).expect("a partial run");
    assert_eq!(report.verdict, None);
}

#[test]
fn a_log_damaged_in_the_middle_is_an_error() {
    let events = rich_events();
    let lines: Vec<String> = events.iter().map(events::write_line).collect();
    let gap = [&lines[..3], &lines[4..]].concat().join("\n");
    let error = events::read_all(gap.as_bytes()).expect_err("a gap");
    assert_eq!(error, FormatError::Sequence { line: 4, expected: 3, found: 4 });
    let broken = text_with(&lines, 2, &lines[2][..lines[2].len() / 2]);
    let error = events::read_all(broken.as_bytes()).expect_err("half a line");
    assert!(matches!(error, FormatError::Content { line: 3, .. }), "{error}");
}

fn text_with(lines: &[String], at: usize, replacement: &str) -> String {
    let mut lines = lines.to_vec();
    replacement.clone_into(&mut lines[at]);
    lines.join("\n")
}

#[test]
fn reports_and_events_validate_against_their_schemas() {
    let (of_report, of_event) = (report::schema(), events::schema());
    for events in [rich_events(), interrupted_events(), searched_events(), Vec::new()] {
        assert_valid(&of_report, &json(&report::write(&Report::of(&events))));
        for stamped in &events {
            assert_valid(&of_event, &json(events::write_line(stamped).as_bytes()));
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = jsonschema::validator_for(&report::schema()).expect("a schema");
    let good = json(&report::write(&rich_report()));
    for (pointer, bad) in [
        ("/findings/0/severity", serde_json::json!("grave")),
        ("/endpoints/0/latency/hdr", serde_json::json!(7)),
        ("/verdict/pass", serde_json::json!(null)),
        ("/elapsed_ms", serde_json::json!(-1)),
    ] {
        let mut wrong = good.clone();
        *wrong.pointer_mut(pointer).expect("it is there") = bad;
        assert!(!validator.is_valid(&wrong), "{pointer}");
    }
}

fn trend_with(fields: &[(&str, serde_json::Value)]) -> Result<Report, FormatError> {
    let mut report = json(&report::write(&rich_report()));
    let trend = report.pointer_mut("/endpoints/0/latency").expect("it is there");
    for (key, value) in fields {
        trend[*key] = value.clone();
    }
    report::read(report.to_string().as_bytes())
}

#[test]
fn impossible_numbers_are_refused_not_believed() {
    for fields in [
        vec![("min_us", serde_json::json!(9)), ("max_us", serde_json::json!(3))],
        vec![("digits", serde_json::json!(9))],
        vec![("hdr", serde_json::json!("no base64!"))],
        vec![("hdr", serde_json::json!("AAAA"))],
        vec![("sum_us", serde_json::json!(-1))],
    ] {
        assert!(trend_with(&fields).is_err(), "{fields:?}");
    }
    let mut report = json(&report::write(&rich_report()));
    report["endpoints"][0]["requests"] = serde_json::json!(u64::MAX);
    assert!(report::read(report.to_string().as_bytes()).is_err());
    report["endpoints"][0]["requests"] = serde_json::json!(1);
    report["elapsed_ms"] = serde_json::json!(1e300);
    assert!(report::read(report.to_string().as_bytes()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_duration_and_any_share_survive(
        nanos in 0u64..2_000_000_000_000_000,
        cpu in 0.0f64..64.0,
        values in prop::collection::vec(1u64..10_000_000_000, 0..40),
    ) {
        let mut window = rich_events()
            .into_iter()
            .find_map(|stamped| match stamped.event {
                Event::LoadWindow(window) => Some(window),
                _ => None,
            })
            .expect("there are windows");
        window.generator.cpu = cpu;
        window.from = Duration::from_nanos(nanos);
        let mut lag = Histogram::new(Digits::Two);
        for value in &values {
            lag.record_us(*value);
        }
        window.generator.schedule_lag = lag;
        let stamped =
            Stamped { seq: nanos, at: Duration::from_nanos(nanos), event: Event::LoadWindow(window) };
        let back = events::read_line(&events::write_line(&stamped));
        prop_assert_eq!(back.expect("own line"), stamped);
    }

    #[test]
    fn any_text_and_any_bytes_survive(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let mut finding = crate::fixtures::sqli_finding();
        finding.detail.clone_from(&text);
        finding.fingerprint = text;
        finding.evidence[0].request.data = bytes;
        let stamped = Stamped {
            seq: 0,
            at: Duration::ZERO,
            event: Event::Finding(Box::new(finding)),
        };
        let line = events::write_line(&stamped);
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(events::read_line(&line).expect("own line"), stamped);
    }

    #[test]
    fn a_log_cut_anywhere_reads_as_a_prefix(share in 0.0f64..1.0) {
        let events = &rich_events()[..24];
        let text = log_of(events);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let at = (text.len() as f64 * share) as usize;
        let log = events::read_all(&text.as_bytes()[..at]).expect("a partial log");
        prop_assert_eq!(&log.events[..], &events[..log.events.len()]);
        prop_assert!(log.events.len() >= text[..at].matches('\n').count());
    }

    #[test]
    fn damaged_bytes_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = log_of(&rich_events()[..16]).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(report) = read_run(&bytes) {
            report::write(&report);
        }
    }
}
