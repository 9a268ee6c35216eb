//! Requests with a version of HTTP of their own, beside others: in virtual time.

use std::collections::BTreeMap;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::http::reactor::SimServer;
use shakedown::model::StopToken;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_flow::plan;
use crate::load_h2::DATA;
use crate::load_h2::END_HEADERS;
use crate::load_h2::END_STREAM;
use crate::load_h2::HEADERS;
use crate::load_h2::MILLI;
use crate::load_h2::STATUS_200;
use crate::load_h2::Server;
use crate::load_h2::bytes;
use crate::load_h2::frame;

/// Speaks whatever a connection begins with, as servers with prior knowledge do.
struct Both<F> {
    frames: Server<F>,
    is_h2: BTreeMap<u64, bool>,
}

impl<F: FnMut(u64, u32) -> Vec<Reply>> SimServer for Both<F> {
    fn answer_bytes(&mut self, at: u64, connection: u64, sent: &[u8]) -> Option<Vec<Reply>> {
        let is_h2 = *self.is_h2.entry(connection).or_insert_with(|| sent.starts_with(b"PRI "));
        if is_h2 { self.frames.answer_bytes(at, connection, sent) } else { None }
    }

    fn answer(&mut self, _at: u64, request: &[u8]) -> Vec<Reply> {
        let text = String::from_utf8_lossy(request);
        assert!(text.contains(" HTTP/1.1\r\n"), "{text}");
        let answer = if text.starts_with("GET /moved") {
            "HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n"
        } else {
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        };
        bytes(MILLI, answer.as_bytes().to_vec())
    }
}

fn run(text: &str) -> Outcome {
    PlanBuilder::of(plan(text)).run_on(&StopToken::default(), |_| {
        let ok = |_: u64, stream: u32| {
            let mut answer = frame(HEADERS, END_HEADERS, stream, STATUS_200);
            answer.extend(frame(DATA, END_STREAM, stream, b"ok"));
            bytes(MILLI, answer)
        };
        Ok(SimReactor::new(Both { frames: Server::new(ok), is_h2: BTreeMap::new() }))
    })
}

/// Requests, failures and connections of each series.
fn counts(outcome: &Outcome) -> Vec<(u64, u64, u64)> {
    let series = outcome.totals().series.iter();
    series.map(|one| (one.tally.requests, one.tally.failed, one.tally.connections)).collect()
}

const TWO_FLOWS: &str = "\
flows: { f: [ { use: plain }, { use: framed }, { use: plain }, { use: framed } ] }
scenarios: { s: { executor: shared-iterations, exec: f, vus: 6, iterations: 30 } }
";

#[test]
fn a_user_has_a_connection_for_each_version() {
    let outcome = run(&format!(
        "requests: {{ plain: {{ get: /plain }}, framed: {{ get: /framed, http: 2 }} }}\n{TWO_FLOWS}"
    ));
    assert_eq!(counts(&outcome), [(60, 0, 6), (60, 0, 6)]);
}

#[test]
fn one_version_is_shared_while_the_other_is_not() {
    let outcome = run(&format!(
        "connection: {{ http: 2, streams: 4 }}\n\
         requests: {{ plain: {{ get: /moved, http: 1.1, redirects: 2 }}, framed: {{ get: /framed }} }}\n\
         {TWO_FLOWS}"
    ));
    // Each redirect is a request too, in the version of the one before it.
    assert_eq!(counts(&outcome), [(120, 0, 6), (60, 0, 2)]);
}
