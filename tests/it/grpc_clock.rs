//! The clock of gRPC calls, in virtual time.

use std::time::Duration;

use proptest::prelude::*;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::model::FailureClass;
use shakedown::model::Histogram;
use shakedown::model::PhaseKind;
use shakedown::model::StopToken;
use shakedown::model::Tally;

use crate::grpc_bed::frame as message;
use crate::grpc_bed::plan;
use crate::grpc_bed::plan_text;
use crate::load_bed::PlanBuilder;
use crate::load_h2::DATA;
use crate::load_h2::END_HEADERS;
use crate::load_h2::END_STREAM;
use crate::load_h2::HEADERS;
use crate::load_h2::MILLI;
use crate::load_h2::STATUS_200;
use crate::load_h2::Server;
use crate::load_h2::frame;

/// Fields as HPACK writes them without a table.
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("short");
        [&[length], text.as_bytes()].concat()
    };
    let field = |(name, value): &(&str, &str)| [vec![0], text(name), text(value)].concat();
    fields.iter().flat_map(field).collect()
}

fn head(stream: u32) -> Vec<u8> {
    let kind = fields(&[("content-type", "application/grpc")]);
    frame(HEADERS, END_HEADERS, stream, &[STATUS_200, &kind].concat())
}

fn empty_message(stream: u32) -> Vec<u8> {
    frame(DATA, 0, stream, &message(b""))
}

fn trailers(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &fields(&[("grpc-status", "0")]))
}

/// What the server says to a call, and after how many milliseconds.
type Saying = &'static [(u64, fn(u32) -> Vec<u8>)];

fn called(keys: &str, saying: Saying, timeout: Duration) -> Tally {
    let text = plan_text("http://127.0.0.1:9/", &[("call", keys)], 1, 1);
    let plan = plan(&text).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let outcome = PlanBuilder::of(plan).timeout(timeout).run_on(&StopToken::default(), |_| {
        Ok(SimReactor::new(Server::new(move |_, stream| {
            let reply = |(after, what): &(u64, fn(u32) -> Vec<u8>)| Reply::Bytes {
                after: after * MILLI,
                bytes: what(stream),
            };
            saying.iter().map(reply).collect()
        })))
    });
    outcome.only_series().clone()
}

fn micros(trend: &Histogram) -> Vec<u128> {
    let of = |value: Option<Duration>| value.expect("something was recorded").as_micros();
    vec![of(trend.min()), of(trend.max())]
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_unary_call_takes_until_its_trailers() {
    let saying: Saying = &[(2, head), (5, empty_message), (9, trailers)];
    let tally = called("grpc: shop.Catalogue/Get", saying, MINUTE);
    assert_eq!((tally.requests, tally.failed), (1, 0), "{:?}", tally.exemplars);
    assert_eq!(micros(&tally.duration), [9_000, 9_000]);
    // All of it leaves at once; the least that is recorded is a microsecond.
    assert_eq!(micros(&tally.phases[PhaseKind::Send as usize]), [1, 1]);
    assert!(tally.messages.is_none());
}

#[test]
fn the_figures_of_a_stream_end_with_its_head_and_its_messages_have_their_own() {
    let saying: Saying = &[(2, head), (5, empty_message), (12, empty_message), (90_000, trailers)];
    let tally = called("grpc: shop.Catalogue/List, within: 2m", saying, MINUTE);
    assert_eq!((tally.requests, tally.failed), (1, 0), "{:?}", tally.exemplars);
    assert_eq!(micros(&tally.duration), [2_000, 2_000]);
    let messages = tally.messages.as_deref().expect("a stream has messages");
    assert_eq!((messages.sessions, messages.received), (1, 2));
    assert_eq!(micros(&messages.latency), [5_000, 7_000]);
    // With the millisecond that connecting takes.
    assert_eq!(micros(&messages.connecting), [3_000, 3_000]);
    assert_eq!(micros(&messages.session_duration)[1] / 1_000_000, 90);
}

#[test]
fn a_pause_within_a_stream_is_no_timeout_and_the_answer_counts_from_the_last_message() {
    let keys = "grpc: shop.Catalogue/Add, messages: [ { send: { id: 1 } }, { think: 100s }, \
                { send: { id: 2 } } ]";
    let saying: Saying = &[(100_004, head), (100_004, empty_message), (100_004, trailers)];
    let tally = called(keys, saying, Duration::from_secs(10));
    assert_eq!((tally.requests, tally.failed), (1, 0), "{:?}", tally.exemplars);
    let messages = tally.messages.as_deref().expect("a stream has messages");
    assert_eq!((messages.sent, messages.received), (2, 1));
    assert_eq!(micros(&messages.latency), [4_000, 4_000]);
}

#[test]
fn every_wait_ends_at_its_moment() {
    let list = "grpc: shop.Catalogue/List, message: { count: 1 }";
    let silent: Saying = &[(2, head), (5, empty_message)];
    let mute: Saying = &[];
    let cases = [
        // The whole call, connecting included, and its message after message.
        (format!("{list}, timeout: 3s"), silent, FailureClass::GrpcDeadlineExceeded, 3_000),
        (format!("{list}, within: 4s"), silent, FailureClass::MessageTimeout, 4_006),
        (list.to_owned(), silent, FailureClass::MessageTimeout, 60_006),
        (list.to_owned(), mute, FailureClass::MessageTimeout, 60_001),
        (
            "grpc: shop.Catalogue/Get, timeout: 90s".to_owned(),
            mute,
            FailureClass::GrpcDeadlineExceeded,
            90_000,
        ),
        ("grpc: shop.Catalogue/Get".to_owned(), silent, FailureClass::GrpcDeadlineExceeded, 60_000),
    ];
    for (keys, saying, class, millis) in cases {
        let text = plan_text("http://127.0.0.1:9/", &[("call", &keys)], 1, 1);
        let tally = called(&keys, saying, MINUTE);
        assert_eq!(tally.failures.get(&class), Some(&1), "{text}: {:?}", tally.exemplars);
        let took = match tally.messages.as_deref() {
            Some(messages) if messages.sessions > 0 => &messages.session_duration,
            _ => &tally.latency,
        };
        // Sessions are recorded with two digits.
        let took = micros(took)[1] / 1_000;
        assert!(took.abs_diff(millis) * 100 <= millis, "{keys}: {took} ms for {millis}");
    }
}

#[test]
fn what_is_held_for_a_time_ends_with_it() {
    let saying: Saying = &[(2, head), (5, empty_message)];
    let tally = called("grpc: shop.Catalogue/List, for: 100s", saying, MINUTE);
    assert_eq!((tally.requests, tally.failed), (1, 0), "{:?}", tally.exemplars);
    let messages = tally.messages.as_deref().expect("a stream has messages");
    assert_eq!(micros(&messages.session_duration)[1] / 1_000_000, 100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_comes_in_a_calls_stream_ends_the_call(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        prefix in prop::sample::select(vec![&b""[..], b"\0\0\0\0\x05", b"\x01\0\0\0\x09"]),
        ends in any::<bool>(),
        method in prop::sample::select(vec!["Get", "List"]),
    ) {
        let keys = format!("grpc: shop.Catalogue/{method}, timeout: 5s");
        let checks = if method == "Get" { ", checks: [ { jsonpath: $.id } ]" } else { "" };
        let text = plan_text("http://127.0.0.1:9/", &[("call", &(keys + checks))], 1, 1);
        let plan = plan(&text).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        let body = [prefix, &bytes].concat();
        let outcome = PlanBuilder::of(plan).run_on(&StopToken::default(), |_| {
            let body = body.clone();
            Ok(SimReactor::new(Server::new(move |_, stream| {
                let mut said = vec![head(stream), frame(DATA, 0, stream, &body)];
                if ends {
                    said.push(trailers(stream));
                }
                let reply = |(after, bytes)| Reply::Bytes { after: after * MILLI, bytes };
                (1..).zip(said).map(reply).collect()
            })))
        });
        let tally = outcome.only_series();
        prop_assert_eq!(tally.requests, 1);
        prop_assert_eq!(tally.connections, 1);
    }
}
