//! Whatever a server says over HTTP/3, a load ends, and every request is counted once.

use std::time::Duration;

use proptest::prelude::*;
use shakedown::http::reactor::SimReactor;
use shakedown::model::StopToken;
use shakedown::plan::Executor;
use shakedown::plan::Protocol;
use shakedown::plan::TlsPolicy;

use crate::h3_sim::Bed;
use crate::h3_sim::Ending;
use crate::h3_sim::Law;
use crate::h3_sim::RESPONSE;
use crate::load_bed::PlanBuilder;

const REQUESTS: u64 = 6;

/// A number as QUIC writes it, in eight bytes (RFC 9000 §16).
fn long(number: u64) -> Vec<u8> {
    (number & (u64::MAX >> 2) | 3 << 62).to_be_bytes().to_vec()
}

/// A frame of a kind that means something, or of any, whose length may be a lie.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(&[0x0u64, 0x1, 0x3, 0x4, 0x5, 0x7, 0xd, 0x21, 0x6][..]);
    let kind = prop_oneof![4 => known, 1 => any::<u64>()];
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        // QPACK: `:status: 200`, `content-length: 0`.
        Just(vec![0, 0, 0xd9]),
        Just(vec![0, 0, 0xd9, 0xc4]),
        any::<u64>().prop_map(long),
    ];
    let lie = prop_oneof![4 => Just(None), 1 => any::<u64>().prop_map(Some)];
    (kind, payload, lie).prop_map(|(kind, payload, lie)| {
        let length = lie.unwrap_or(payload.len() as u64);
        [long(kind), long(length), payload].concat()
    })
}

fn response() -> impl Strategy<Value = Vec<u8>> {
    let frames = prop::collection::vec(frame(), 0..5).prop_map(|frames| frames.concat()).boxed();
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..80),
        3 => frames.clone(),
        1 => frames.clone().prop_map(|frames| [RESPONSE, frames.as_slice()].concat()),
        1 => frames.prop_map(|frames| [&[0x01, 0x03, 0x00, 0x00, 0xd9], frames.as_slice()].concat()),
    ]
}

/// The server's own streams: control, push, QPACK's two, and others.
fn streams() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let kind = prop_oneof![4 => 0..5u64, 1 => any::<u64>()];
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(frame(), 0..4).prop_map(|frames| frames.concat()),
    ];
    let stream = (kind, bytes).prop_map(|(kind, bytes)| [long(kind), bytes].concat());
    prop_oneof![
        1 => Just(Law::default().streams),
        2 => prop::collection::vec(stream, 0..5),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    prop::sample::select(&[Ending::Usual, Ending::Finish, Ending::Open, Ending::Reset][..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_request_ends(response in response(), streams in streams(), ending in ending()) {
        let law = Law { streams, response, ending, ..Law::default() };
        let bed = Bed::new();
        let max_duration = Duration::from_secs(600);
        let executor = Executor::SharedIterations { vus: 3, iterations: REQUESTS, max_duration };
        let plan = PlanBuilder::against("https://127.0.0.1:9/", executor)
            .speaking(Protocol::Http3 { streams: 3 })
            .trusting(TlsPolicy::Verify, vec![bed.authority.file()])
            .timeout(Duration::from_secs(1))
            .tap();
        let server = |_| Ok(SimReactor::new(bed.serving(law.clone())));
        let outcome = plan.run_on(&StopToken::default(), server);
        let tally = outcome.only_series();
        let answered: u64 = tally.statuses.values().sum();
        let failures: u64 = tally.failures.values().sum();
        prop_assert_eq!(tally.requests, REQUESTS);
        // A response may be there and its end not.
        prop_assert!(answered + failures >= REQUESTS, "{answered} + {failures}");
        prop_assert!(failures <= tally.failed, "{failures} of {}", tally.failed);
        prop_assert!(tally.connections <= 2 * REQUESTS, "{}", tally.connections);
    }
}
