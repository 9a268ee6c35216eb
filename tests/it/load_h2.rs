//! HTTP/2 in virtual time: several users on one link, and what can go wrong on it.

use std::collections::BTreeMap;
use std::time::Duration;

use shakedown::http::reactor::Accept;
use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::http::reactor::SimServer;
use shakedown::model::FailureClass;
use shakedown::model::HttpVersion;
use shakedown::model::PhaseKind;
use shakedown::model::StopToken;
use shakedown::plan::Executor;
use shakedown::plan::Protocol;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;

pub(crate) const MILLI: u64 = 1_000_000;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
/// `:status: 200` of the static table.
pub(crate) const STATUS_200: &[u8] = &[0x88];

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn ok(stream: u32) -> Vec<u8> {
    let mut bytes = frame(HEADERS, END_HEADERS, stream, STATUS_200);
    bytes.extend(frame(DATA, END_STREAM, stream, b"ok"));
    bytes
}

fn refuse(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &7u32.to_be_bytes())
}

fn go_away(last: u32) -> Vec<u8> {
    let payload: Vec<u8> = [last, 0].into_iter().flat_map(u32::to_be_bytes).collect();
    frame(GOAWAY, 0, 0, &payload)
}

fn max_streams(count: u32) -> Vec<u8> {
    let mut setting = vec![0, 3];
    setting.extend(count.to_be_bytes());
    frame(SETTINGS, 0, 0, &setting)
}

pub(crate) fn bytes(after: u64, bytes: Vec<u8>) -> Vec<Reply> {
    vec![Reply::Bytes { after, bytes }]
}

/// Answers every request, by its number over all connections and its stream.
pub(crate) struct Server<F> {
    settings: Vec<u8>,
    pending: BTreeMap<u64, Vec<u8>>,
    requests: u64,
    resets: u64,
    answer: F,
    connect: Vec<Accept>,
}

impl<F: FnMut(u64, u32) -> Vec<Reply>> Server<F> {
    pub(crate) fn new(answer: F) -> Self {
        let settings = frame(SETTINGS, 0, 0, &[]);
        let (pending, connect) = (BTreeMap::new(), Vec::new());
        Self { settings, pending, requests: 0, resets: 0, answer, connect }
    }
}

impl<F: FnMut(u64, u32) -> Vec<Reply>> SimServer for Server<F> {
    fn accept(&mut self, _at: u64) -> Accept {
        self.connect.pop().unwrap_or(Accept::After(MILLI))
    }

    fn answer(&mut self, _at: u64, _request: &[u8]) -> Vec<Reply> {
        unreachable!("everything is taken as bytes")
    }

    fn answer_bytes(&mut self, _at: u64, connection: u64, bytes: &[u8]) -> Option<Vec<Reply>> {
        let mut replies = Vec::new();
        let pending = self.pending.entry(connection).or_insert_with(|| {
            replies.push(Reply::Bytes { after: 0, bytes: self.settings.clone() });
            Vec::new()
        });
        pending.extend(bytes);
        if pending.starts_with(PREFACE) {
            pending.drain(..PREFACE.len());
        }
        while pending.len() >= 9 {
            let length = usize::from(pending[0]) << 16
                | usize::from(pending[1]) << 8
                | usize::from(pending[2]);
            if pending.len() < 9 + length {
                break;
            }
            let whole: Vec<u8> = pending.drain(..9 + length).collect();
            let stream = u32::from_be_bytes([whole[5], whole[6], whole[7], whole[8]]);
            match whole[3] {
                HEADERS => {
                    self.requests += 1;
                    replies.extend((self.answer)(self.requests, stream));
                }
                RST_STREAM => self.resets += 1,
                _ => {}
            }
        }
        Some(replies)
    }
}

fn iterations(vus: u32, iterations: u64) -> Executor {
    Executor::SharedIterations { vus, iterations, max_duration: Duration::from_secs(60) }
}

fn plan(streams: u32, executor: Executor) -> PlanBuilder {
    PlanBuilder::new(executor).speaking(Protocol::Http2 { streams })
}

fn run<F, M>(plan: &PlanBuilder, server: M) -> Outcome
where
    F: FnMut(u64, u32) -> Vec<Reply>,
    M: Fn() -> Server<F> + Sync,
{
    plan.run_on(&StopToken::default(), |_| Ok(SimReactor::new(server())))
}

#[test]
fn users_share_connections_in_groups() {
    let plan = plan(8, iterations(20, 400)).tap();
    let outcome = run(&plan, || Server::new(|_, stream| bytes(10 * MILLI, ok(stream))));
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (400, 0), "{:?}", tally.exemplars);
    assert_eq!(tally.connections, 3);
    assert_eq!(tally.phases[PhaseKind::Connect as usize].len(), 3);
    // Who did not lead waited for the connection: that is the queue, not the exchange.
    assert_eq!(tally.duration.max(), Some(Duration::from_millis(10)));
    let latency = tally.latency.max().expect("not empty");
    assert!((10_900..11_200).contains(&latency.as_micros()), "{latency:?}");
    let taken = plan.taken();
    let response = taken[0].response().expect("answered");
    assert_eq!((response.version, response.status), (HttpVersion::Http2, 200));
    assert_eq!(response.body, b"ok");
}

#[test]
fn what_the_server_allows_at_once_is_kept_and_the_rest_waits_its_turn() {
    let outcome = run(&plan(8, iterations(8, 80)), || {
        let mut server = Server::new(|_, stream| bytes(10 * MILLI, ok(stream)));
        server.settings = max_streams(2);
        server
    });
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (80, 0, 1));
    let queued = tally.phases[PhaseKind::Queued as usize].max().expect("recorded");
    assert!(queued >= Duration::from_millis(29), "{queued:?}");
    assert_eq!(tally.duration.max(), Some(Duration::from_millis(10)));
}

#[test]
fn a_refused_stream_is_sent_once_more_whatever_its_method() {
    let plan = plan(4, iterations(4, 40)).post(b"body");
    let outcome = run(&plan, || {
        Server::new(|number, stream| {
            let reply = if number % 5 == 0 { refuse(stream) } else { ok(stream) };
            bytes(MILLI, reply)
        })
    });
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (40, 0, 1));
}

#[test]
fn a_stream_refused_twice_has_failed() {
    let outcome =
        run(&plan(2, iterations(2, 6)), || Server::new(|_, stream| bytes(MILLI, refuse(stream))));
    let tally = outcome.only_series();
    assert_eq!(tally.failures.get(&FailureClass::Reset), Some(&6), "{:?}", tally.failures);
    assert_eq!(tally.connections, 1);
}

#[test]
fn a_connection_that_is_going_away_serves_what_it_took_and_is_replaced() {
    let outcome = run(&plan(4, iterations(4, 100)), || {
        Server::new(|number, stream| {
            let mut replies = bytes(10 * MILLI, ok(stream));
            if number % 10 == 0 {
                replies.extend(bytes(2 * MILLI, go_away(stream - 4)));
            }
            replies
        })
    });
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (100, 0), "{:?}", tally.exemplars);
    assert!(tally.connections > 5, "{}", tally.connections);
}

#[test]
fn a_timeout_ends_one_stream_only() {
    let plan = plan(4, iterations(4, 12)).timeout(Duration::from_millis(100));
    let outcome = run(&plan, || {
        Server::new(
            |number, stream| if number == 2 { Vec::new() } else { bytes(MILLI, ok(stream)) },
        )
    });
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (12, 1, 1));
    assert_eq!(tally.failures.get(&FailureClass::WaitTimeout), Some(&1), "{:?}", tally.failures);
}

#[test]
fn what_breaks_the_connection_ends_every_exchange_on_it() {
    type End = fn(u32) -> Vec<Reply>;
    let ends: [(End, FailureClass); 4] = [
        (|_| vec![Reply::Close { after: MILLI }], FailureClass::Closed),
        (|_| vec![Reply::Reset { after: MILLI }], FailureClass::Reset),
        (|_| bytes(MILLI, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), FailureClass::Protocol),
        (
            |stream| bytes(MILLI, frame(HEADERS, END_HEADERS, stream, &[0xff; 40])),
            FailureClass::Protocol,
        ),
    ];
    for (end, class) in ends {
        let outcome = run(&plan(3, iterations(3, 3)), || Server::new(|_, stream| end(stream)));
        let tally = outcome.only_series();
        assert_eq!(tally.failures.get(&class), Some(&3), "{class}: {:?}", tally.exemplars);
    }
}

#[test]
fn nobody_listening_fails_everybody_who_waited() {
    let outcome = run(&plan(4, iterations(4, 8)), || {
        let mut server = Server::new(|_, _| Vec::new());
        server.connect = vec![Accept::Refuse(MILLI); 20];
        server
    });
    let tally = outcome.only_series();
    assert_eq!(tally.failures.get(&FailureClass::ConnectRefused), Some(&8), "{:?}", tally.failures);
}

#[test]
fn a_connection_that_is_never_made_times_everybody_out() {
    let plan = plan(4, iterations(4, 8)).timeout(Duration::from_millis(200));
    let outcome = run(&plan, || {
        let mut server = Server::new(|_, _| Vec::new());
        server.connect = vec![Accept::Never; 20];
        server
    });
    let tally = outcome.only_series();
    assert_eq!(tally.failures.get(&FailureClass::ConnectTimeout), Some(&8), "{:?}", tally.failures);
}

#[test]
fn an_end_of_the_run_leaves_nobody_behind() {
    let executor = Executor::ConstantVus { vus: 6, duration: Duration::from_millis(500) };
    let plan = plan(4, executor).grace(Duration::from_millis(100));
    let outcome = run(&plan, || {
        Server::new(
            |number, stream| if number > 20 { Vec::new() } else { bytes(MILLI, ok(stream)) },
        )
    });
    assert_eq!(outcome.only_series().requests, 20);
    assert_eq!(outcome.totals().scenarios[0].interrupted, 6);
}
