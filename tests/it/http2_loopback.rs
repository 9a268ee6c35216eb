//! HTTP/2 on real sockets, against a server that is not ours.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use h2::server::Builder;
use http::Response;
use serde_json::Value;
use shakedown::model::FailureClass;
use shakedown::plan::Executor;
use shakedown::plan::Protocol;

use crate::h2_server::H2Server;
use crate::h2_server::whole;
use crate::load_bed::PlanBuilder;
use crate::program::shakedown;

fn iterations(vus: u32, iterations: u64) -> Executor {
    Executor::SharedIterations { vus, iterations, max_duration: Duration::from_secs(30) }
}

fn hello() -> H2Server {
    H2Server::start(Builder::new(), None, |_, mut respond| {
        Box::pin(async move {
            let mut body = respond.send_response(Response::new(()), false)?;
            tokio::time::sleep(Duration::from_millis(2)).await;
            body.send_data(Bytes::from_static(b"hello"), true)
        })
    })
}

#[test]
fn the_flags_make_streams_on_few_connections() {
    let server = hello();
    let output = shakedown()
        .args(["load", &server.url(), "--http2", "-c", "2", "-p", "4", "-n", "80", "--json"])
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let tally = &report["endpoints"][0];
    assert_eq!((&tally["requests"], &tally["failed"]), (&80.into(), &0.into()), "{report}");
    assert_eq!(tally["connections"], 2);
    assert_eq!(server.requests(), 80);
    assert_eq!(server.counted.most_at_once.load(Ordering::SeqCst), 8);
}

#[test]
fn a_large_body_arrives_whole_through_small_windows() {
    let mut settings = Builder::new();
    settings.initial_window_size(1_000).initial_connection_window_size(70_000);
    let sums: Arc<Mutex<Vec<(usize, u64)>>> = Arc::default();
    let noted = Arc::clone(&sums);
    let server = H2Server::start(settings, None, move |request, mut respond| {
        let noted = Arc::clone(&noted);
        Box::pin(async move {
            let body = whole(request.into_body()).await?;
            let sum = body.iter().zip(1..).map(|(byte, place)| u64::from(*byte) * place).sum();
            noted.lock().expect("not poisoned").push((body.len(), sum));
            respond.send_response(Response::new(()), true).map(|_| ())
        })
    });
    let body: Vec<u8> = (0..300_000u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let sum = body.iter().zip(1..).map(|(byte, place)| u64::from(*byte) * place).sum();
    let outcome = PlanBuilder::against(&server.url(), iterations(3, 9))
        .speaking(Protocol::Http2 { streams: 3 })
        .post(&body)
        .run();
    let tally = outcome.only_series();
    assert_eq!(
        (tally.requests, tally.failed, tally.connections),
        (9, 0, 1),
        "{:?}",
        tally.exemplars
    );
    assert_eq!(*sums.lock().expect("not poisoned"), vec![(300_000, sum); 9]);
}

#[test]
fn a_head_larger_than_we_read_is_an_error_of_the_protocol_and_ends_one_exchange() {
    // 60 KB of fields are read, 80 KB are not; by `HTTP/2`, each field counts 32 bytes more.
    for (fields, is_read) in [(60, true), (80, false)] {
        let server = H2Server::start(Builder::new(), None, move |_, mut respond| {
            Box::pin(async move {
                let mut response = Response::builder();
                for number in 0..fields {
                    response = response.header(format!("x-{number}"), "v".repeat(960));
                }
                let response = response.body(()).expect("valid names and values");
                respond.send_response(response, true).map(|_| ())
            })
        });
        let outcome = PlanBuilder::against(&server.url(), iterations(1, 3))
            .speaking(Protocol::Http2 { streams: 1 })
            .timeout(Duration::from_secs(5))
            .run();
        let tally = outcome.only_series();
        assert_eq!(tally.requests, 3);
        let failed = tally.failures.get(&FailureClass::Protocol).copied().unwrap_or_default();
        assert_eq!(failed, if is_read { 0 } else { 3 }, "{fields} KB: {:?}", tally.exemplars);
        assert_eq!(tally.failed, failed);
    }
}
