//! gRPC calls against a real server: all four kinds, and what can go wrong with them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use h2::server::Builder;
use serde_json::Value;
use shakedown::model::FailureClass;
use shakedown::model::PhaseKind;
use shakedown::model::Tally;
use shakedown::plan::Plan;
use tempfile::TempDir;

use crate::grpc_bed::Shop;
use crate::grpc_bed::plan;
use crate::grpc_bed::plan_text;
use crate::grpc_bed::write_protos;
use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::program::shakedown;
use crate::tls_bed::Authority;
use crate::tls_bed::Valid;
use crate::tls_bed::loopback;

fn planned(text: &str) -> Plan {
    plan(text).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

/// Runs one request `iterations` times by one user, and gives its tally.
fn called(shop: &Shop, keys: &str, iterations: u32) -> Tally {
    let text = plan_text(&shop.url(), &[("call", keys)], 1, iterations);
    PlanBuilder::of(planned(&text)).run().only_series().clone()
}

fn checks(outcome: &Outcome) -> Vec<(String, u64, u64)> {
    let series = &outcome.totals().series;
    let all = series.iter().flat_map(|series| &series.tally.checks);
    all.map(|check| (check.name.clone(), check.passes, check.fails)).collect()
}

fn messages(tally: &Tally) -> (u64, u64, u64) {
    let messages = tally.messages.as_deref().expect("messages were counted");
    (messages.sessions, messages.sent, messages.received)
}

#[test]
fn unary_calls_send_what_the_plan_says_and_look_at_what_comes() {
    let shop = Shop::open();
    let get = "grpc: shop.Catalogue/Get, message: { id: 7, note: \"n${iteration}\" }, \
               metadata: { x-user: \"u${vu}\" }, timeout: 2s, \
               checks: [ { status: OK }, { jsonpath: $.displayName, equals: lamp }, \
                         { header: x-behind }, { body_size: '>5b' } ], \
               extract: { found: { jsonpath: $.id }, backend: { header: x-backend } }";
    let again = "grpc: shop.Catalogue/Get, \
                 message: { id: \"${found}\", note: \"from ${backend}\" }";
    let text = plan_text(&shop.url(), &[("get", get), ("again", again)], 2, 6);
    let outcome = PlanBuilder::of(planned(&text)).run();
    for series in &outcome.totals().series {
        let tally = &series.tally;
        assert_eq!((tally.requests, tally.failed), (6, 0), "{:?}", tally.exemplars);
        assert_eq!((tally.statuses[&200], tally.duration.len()), (6, 6));
        assert!(tally.messages.is_none(), "a unary call is no stream");
    }
    assert!(checks(&outcome).iter().all(|(_, passes, fails)| (*passes, *fails) == (6, 0)));
    assert_eq!(checks(&outcome).len(), 4);
    assert_eq!((shop.server.requests(), shop.server.connections()), (12, 2));
    let field = |name| shop.noted.field(0, name);
    assert_eq!(field("content-type").as_deref(), Some("application/grpc"));
    assert_eq!(
        (field("te").as_deref(), field("grpc-timeout").as_deref()),
        (Some("trailers"), Some("2S"))
    );
    assert_eq!(field("content-length"), None);
    assert!(matches!(field("x-user").as_deref(), Some("u1" | "u2")));
    let sent = shop.noted.sorted();
    assert_eq!(sent.iter().filter(|json| json.contains("\"note\":\"from a\"")).count(), 6);
    assert!(sent.iter().all(|json| json.contains("\"id\":7")), "{sent:?}");
    assert!(sent.contains(&r#"{"id":7,"note":"n0"}"#.to_owned()), "{sent:?}");
}

#[test]
fn without_a_time_of_its_own_a_unary_call_has_the_plans() {
    let shop = Shop::open();
    let tally = called(&shop, "grpc: /shop.Catalogue/Get", 1);
    assert_eq!((tally.requests, tally.failed), (1, 0), "{:?}", tally.exemplars);
    assert_eq!(shop.noted.field(0, "grpc-timeout").as_deref(), Some("60S"));
    assert_eq!(shop.noted.sorted(), ["{}"]);
}

#[test]
fn a_servers_stream_is_read_to_its_end_and_each_message_measured() {
    let shop = Shop::open();
    let tally = called(&shop, "grpc: shop.Catalogue/List, message: { count: 5 }", 3);
    assert_eq!((tally.requests, tally.failed), (3, 0), "{:?}", tally.exemplars);
    assert_eq!(messages(&tally), (3, 3, 15));
    let streams = tally.messages.as_deref().expect("counted");
    assert_eq!((streams.latency.len(), streams.session_duration.len()), (15, 3));
    assert!(streams.session_duration.max() >= Some(Duration::from_millis(5)));
    assert_eq!(shop.noted.field(0, "grpc-timeout"), None);
}

#[test]
fn a_stream_is_left_when_it_has_brought_what_it_was_read_for() {
    let shop = Shop::open();
    let endless = "grpc: shop.Catalogue/List, message: { count: 5, note: hang }";
    let cases =
        [("count: 3", 3..=5), ("until: { jsonpath: '$[?@ == 4]' }", 4..=5), ("for: 60ms", 5..=5)];
    for (end, received) in cases {
        let tally = called(&shop, &format!("{endless}, {end}"), 2);
        assert_eq!((tally.requests, tally.failed), (2, 0), "{end}: {:?}", tally.exemplars);
        assert_eq!((tally.statuses[&200], tally.connections), (2, 1), "{end}");
        let (sessions, _, came) = messages(&tally);
        assert_eq!(sessions, 2);
        assert!(received.contains(&(came / 2)), "{end}: {came}");
    }
}

#[test]
fn a_stream_that_ends_or_falls_silent_too_early_has_failed() {
    let shop = Shop::open();
    let list = "grpc: shop.Catalogue/List, message: { count: 2 }";
    let tally = called(&shop, &format!("{list}, count: 3"), 1);
    assert_eq!(tally.failures.get(&FailureClass::Closed), Some(&1), "{:?}", tally.failures);
    let list = "grpc: shop.Catalogue/List, message: { count: 2, note: hang }";
    let tally = called(&shop, &format!("{list}, within: 80ms"), 1);
    assert_eq!(tally.failures.get(&FailureClass::MessageTimeout), Some(&1), "{:?}", tally.failures);
    assert_eq!(messages(&tally).2, 2);
    let tally = called(&shop, &format!("{list}, timeout: 80ms"), 1);
    let class = FailureClass::GrpcDeadlineExceeded;
    assert_eq!(tally.failures.get(&class), Some(&1), "{:?}", tally.failures);
}

#[test]
fn a_clients_stream_arrives_whole_and_its_answer_is_looked_at() {
    let shop = Shop::open();
    let keys = "grpc: shop.Catalogue/Add, messages: [ \
                { send: { id: 1, kind: LAMP, stock: { here: 2 } } }, \
                { repeat: 10, do: [ { send: { id: 2, displayName: \"${rand.hex(8)}\" } } ] }, \
                { think: 5ms }, { send: { id: 5, made: \"2026-01-01T00:00:00Z\" } } ], \
                checks: [ { jsonpath: $.items, equals: 12 }, { jsonpath: $.sum, equals: 26 } ]";
    let text = plan_text(&shop.url(), &[("add", keys)], 2, 4);
    let outcome = PlanBuilder::of(planned(&text)).run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (4, 0), "{:?}", tally.exemplars);
    assert_eq!(messages(tally), (4, 48, 4));
    assert_eq!(tally.messages.as_deref().expect("counted").latency.len(), 4);
    assert!(checks(&outcome).iter().all(|(_, passes, fails)| (*passes, *fails) == (4, 0)));
    // Every message has drawn its own value.
    let mut sent = shop.noted.sorted();
    sent.retain(|json| json.contains("displayName"));
    sent.dedup();
    assert_eq!(sent.len(), 40);
}

#[test]
fn a_long_stream_goes_through_small_windows() {
    let mut settings = Builder::new();
    settings.initial_window_size(2_000).initial_connection_window_size(70_000);
    let shop = Shop::with(settings, None, None);
    let keys = format!(
        "grpc: shop.Catalogue/Add, messages: [ {{ repeat: 2000, do: [ {{ send: {{ id: 1, \
         displayName: {} }} }} ] }} ], checks: [ {{ jsonpath: $.sum, equals: 2000 }} ]",
        "x".repeat(300)
    );
    let text = plan_text(&shop.url(), &[("add", &keys)], 2, 2);
    let outcome = PlanBuilder::of(planned(&text)).run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (2, 0), "{:?}", tally.exemplars);
    assert_eq!(messages(tally), (2, 4_000, 2));
    assert_eq!(checks(&outcome)[0].1, 2);
}

#[test]
fn both_sides_talk_in_turn() {
    let shop = Shop::open();
    let keys = "grpc: shop.Catalogue/Chat, messages: [ { repeat: 20, do: [ \
                { send: { id: 3, note: hello } }, \
                { expect: { jsonpath: '$[?@ == \"hello\"]', within: 10s } } ] }, \
                { send: { id: 4, note: bye } } ]";
    let tally = called(&shop, keys, 3);
    assert_eq!((tally.requests, tally.failed), (3, 0), "{:?}", tally.exemplars);
    assert_eq!(messages(&tally), (3, 63, 63));
    assert_eq!(tally.messages.as_deref().expect("counted").latency.len(), 63);
}

#[test]
fn a_server_that_leaves_in_the_middle_or_refuses_ends_the_call() {
    let shop = Shop::open();
    let chat = |note| {
        format!(
            "grpc: shop.Catalogue/Chat, \
             messages: [ {{ send: {{ note: {note} }} }}, {{ expect: any }} ]"
        )
    };
    let tally = called(&shop, &chat("leave"), 1);
    assert_eq!(tally.failures.get(&FailureClass::Closed), Some(&1), "{:?}", tally.failures);
    let tally = called(&shop, &chat("refuse"), 2);
    let class = FailureClass::GrpcPermissionDenied;
    assert_eq!(tally.failures.get(&class), Some(&2), "{:?}", tally.failures);
    assert_eq!(tally.connections, 1);
}

fn get(note: &str) -> String {
    format!("grpc: shop.Catalogue/Get, message: {{ note: '{note}' }}")
}

#[test]
fn a_status_that_is_not_ok_is_a_failure_of_its_name_with_its_words() {
    let shop = Shop::open();
    let cases = [
        ("status:5", FailureClass::GrpcNotFound, "no such item"),
        ("alone:14", FailureClass::GrpcUnavailable, "café is closed"),
        ("status:99", FailureClass::GrpcUnknown, "no such item"),
    ];
    for (note, class, text) in cases {
        let tally = called(&shop, &get(note), 5);
        assert_eq!((tally.requests, tally.failed), (5, 5));
        assert_eq!(tally.failures.get(&class), Some(&5), "{:?}", tally.failures);
        assert!(tally.statuses.is_empty(), "{:?}", tally.statuses);
        assert_eq!((tally.responses(), tally.duration.len()), (5, 5));
        assert_eq!(tally.connections, 1);
        let told = tally.exemplars[0].failure.as_ref().expect("it failed");
        assert_eq!(*told, (class, text.to_owned()));
    }
}

#[test]
fn a_check_says_which_status_is_expected() {
    let shop = Shop::open();
    let status = |status: &str| format!("checks: [ {{ status: {status} }} ]");
    let found = |note: &str, of: &str| {
        let tally = called(&shop, &format!("{}, {}", get(note), status(of)), 2);
        (tally.failed, tally.statuses.get(&200).copied(), tally.checks[0].passes)
    };
    assert_eq!(found("status:5", "NOT_FOUND"), (0, Some(2), 2));
    assert_eq!(found("status:5", "[ OK, 5 ]"), (0, Some(2), 2));
    assert_eq!(found("status:7", "[ OK, NOT_FOUND ]"), (2, None, 0));
    assert_eq!(found("", "NOT_FOUND"), (2, Some(2), 0));
}

#[test]
fn what_is_no_answer_to_a_call_is_told() {
    let shop = Shop::open();
    let cases = [
        ("html", "the response is no gRPC but `text/html`"),
        ("nothing", "OK with 0 messages where there is to be one"),
        ("twice", "OK with 2 messages where there is to be one"),
        ("cut", "the response has ended in the middle of a message"),
        ("silent", "the response has ended without a `grpc-status`"),
    ];
    for (note, text) in cases {
        let tally = called(&shop, &get(note), 1);
        let told = tally.exemplars[0].failure.as_ref().expect("it failed");
        assert_eq!(*told, (FailureClass::Protocol, text.to_owned()));
    }
    let tally = called(&shop, &get("http:503"), 2);
    assert_eq!((tally.failed, tally.statuses[&503]), (2, 2));
}

#[test]
fn a_call_that_takes_too_long_is_cancelled_and_counted() {
    let shop = Shop::open();
    let text = plan_text(
        &shop.url(),
        &[
            ("slow", &format!("{}, timeout: 100ms", get("hang"))),
            ("quick", &format!("{}, timeout: 20s", get(""))),
        ],
        1,
        2,
    );
    let outcome = PlanBuilder::of(planned(&text)).run();
    let [slow, quick] = &outcome.totals().series[..] else { panic!("two series") };
    let class = FailureClass::GrpcDeadlineExceeded;
    assert_eq!(slow.tally.failures.get(&class), Some(&2), "{:?}", slow.tally.failures);
    // Connecting is within the time, and is no part of the duration.
    assert!(slow.tally.latency.min() >= Some(Duration::from_millis(99)));
    assert_eq!((quick.tally.requests, quick.tally.failed), (2, 0), "{:?}", quick.tally.exemplars);
    // The stream was reset, not the connection.
    assert_eq!((slow.tally.connections, quick.tally.connections), (1, 0));
    assert_eq!(shop.server.counted.broken.load(Ordering::SeqCst), 2);
    assert_eq!(shop.noted.field(0, "grpc-timeout").as_deref(), Some("100m"));
}

#[test]
fn a_message_above_the_limit_ends_its_call_only() {
    let shop = Shop::open();
    let large = format!("{}, maxReceiveSize: 1kb", get("large:2000"));
    let fine = format!("{}, maxReceiveSize: 3kb", get("large:2000"));
    let huge = get("large:4200000");
    let text = plan_text(&shop.url(), &[("large", &large), ("fine", &fine), ("huge", &huge)], 1, 2);
    let outcome = PlanBuilder::of(planned(&text)).run();
    let tallies: Vec<_> = outcome.totals().series.iter().map(|series| &series.tally).collect();
    for refused in [tallies[0], tallies[2]] {
        let class = FailureClass::TooLarge;
        assert_eq!(refused.failures.get(&class), Some(&2), "{:?}", refused.failures);
    }
    assert_eq!((tallies[1].requests, tallies[1].failed), (2, 0), "{:?}", tallies[1].exemplars);
    assert_eq!(shop.server.connections(), 1);
}

#[test]
fn a_reset_stream_has_failed_and_its_connection_goes_on() {
    let shop = Shop::open();
    let text = plan_text(&shop.url(), &[("reset", &get("reset")), ("get", &get(""))], 1, 3);
    let outcome = PlanBuilder::of(planned(&text)).run();
    let [reset, get] = &outcome.totals().series[..] else { panic!("two series") };
    assert_eq!(reset.tally.failures.get(&FailureClass::Reset), Some(&3));
    assert_eq!((get.tally.requests, get.tally.failed), (3, 0));
    assert_eq!(shop.server.connections(), 1);
}

#[test]
fn a_server_that_goes_away_costs_no_call() {
    let shop = Shop::with(Builder::new(), None, Some(5));
    let text = plan_text(&shop.url(), &[("get", &get(""))], 3, 60);
    let outcome = PlanBuilder::of(planned(&text)).run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (60, 0), "{:?}", tally.exemplars);
    assert!(tally.connections > 3, "{}", tally.connections);
    assert_eq!(shop.server.requests(), 60);
}

#[test]
fn compressed_messages_are_read_where_they_were_asked_for() {
    let shop = Shop::open();
    let tally = called(&shop, &get("zip"), 1);
    let told = tally.exemplars[0].failure.as_ref().expect("it failed");
    assert_eq!(told.0, FailureClass::Protocol);
    assert!(told.1.contains("although none was asked for"), "{}", told.1);
    let asked = "metadata: { grpc-accept-encoding: 'identity, gzip' }, \
                 checks: [ { jsonpath: $.displayName, equals: lamp } ]";
    let tally = called(&shop, &format!("{}, {asked}", get("zip")), 1);
    assert_eq!((tally.failed, tally.checks[0].passes), (0, 1), "{:?}", tally.exemplars);
}

#[test]
fn calls_and_requests_of_other_protocols_stand_in_one_plan() {
    let shop = Shop::open();
    let rest = crate::load_server::TestServer::plain(crate::load_server::Keep::Alive);
    let call = format!("grpc: {}shop.Catalogue/Get, proto: protos/shop.proto", shop.url());
    let text = format!(
        "version: 1\ntarget: {}\nscope: {{ origins: [ auto, '{}' ] }}\n\
         requests: {{ page: {{ get: / }}, call: {{ {call} }} }}\n\
         flows: {{ all: [ {{ use: page }}, {{ use: call }} ] }}\n\
         scenarios: {{ all: {{ executor: shared-iterations, exec: all, vus: 2, iterations: 10 }} }}\n",
        rest.url(),
        shop.url(),
    );
    let outcome = PlanBuilder::of(planned(&text)).run();
    for series in &outcome.totals().series {
        let tally = &series.tally;
        assert_eq!((tally.requests, tally.failed), (10, 0), "{:?}", tally.exemplars);
    }
    assert_eq!((rest.connections(), shop.server.connections()), (2, 2));
}

#[test]
fn streams_share_a_connection_over_tls() {
    let authority = Authority::new();
    let config = authority.server_config(loopback(), Valid::Now);
    let shop = Shop::with(Builder::new(), Some(config), None);
    let url = shop.url().replace("http://", "https://");
    let text = plan_text(&url, &[("get", &get("sleep:5"))], 8, 80);
    let mut plan = planned(&format!("{text}connection: {{ http: 2, streams: 4 }}\n"));
    plan.connection.ca_files = vec![authority.file()];
    let outcome = PlanBuilder::of(plan).run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (80, 0), "{:?}", tally.exemplars);
    assert_eq!((tally.connections, shop.server.connections()), (2, 2));
    assert_eq!(tally.phases[PhaseKind::Tls as usize].len(), 2);
    assert_eq!(shop.server.counted.most_at_once.load(Ordering::SeqCst), 8);
}

#[test]
fn a_value_that_does_not_fit_its_field_keeps_the_call_from_being_sent() {
    let shop = Shop::open();
    let get = "grpc: shop.Catalogue/Get, extract: { name: { jsonpath: $.displayName } }";
    let again = "grpc: shop.Catalogue/Get, message: { id: \"${name}\" }";
    let text = plan_text(&shop.url(), &[("get", get), ("again", again)], 1, 2);
    let outcome = PlanBuilder::of(planned(&text)).run();
    let [_, again] = &outcome.totals().series[..] else { panic!("two series") };
    assert_eq!(again.tally.failures.get(&FailureClass::Extract), Some(&2));
    let told = again.tally.exemplars[0].failure.as_ref().expect("it failed");
    assert!(told.1.starts_with("no `shop.Wanted`: "), "{}", told.1);
    assert_eq!(shop.server.requests(), 2);
}

#[test]
fn the_program_reports_calls_in_k6s_metrics() {
    let shop = Shop::open();
    let directory = TempDir::new().expect("a folder");
    write_protos(directory.path());
    let list = "grpc: shop.Catalogue/List, message: { count: 3 }";
    let text = plan_text(&shop.url(), &[("get", &get("")), ("list", list)], 2, 10)
        + "thresholds:\n  grpc_req_duration: [ 'p(95)<20000' ]\n  'grpc_req_duration{request:get}': [ 'max<20000' ]\n";
    let file = directory.path().join("plan.yml");
    std::fs::write(&file, text).expect("a file");
    let output =
        shakedown().arg("load").arg(&file).arg("--json").output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let values = |name: &str| {
        let metrics = report["metrics"].as_array().expect("metrics");
        let is_it = |metric: &&Value| {
            metric["name"] == name
                && metric["tags"].as_object().is_none_or(serde_json::Map::is_empty)
        };
        metrics.iter().find(is_it).unwrap_or_else(|| panic!("{name} in {report}"))["values"].clone()
    };
    assert_eq!(values("grpc_streams")["count"], 10);
    assert_eq!(values("grpc_streams_msgs_sent")["count"], 10);
    assert_eq!(values("grpc_streams_msgs_received")["count"], 30);
    assert!(values("grpc_req_duration")["max"].as_f64().is_some_and(|max| max > 0.0));
    assert!(told.contains("/shop.Catalogue/Get"), "{told}");
}
