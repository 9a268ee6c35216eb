//! HTTP/3 in virtual time: the server's time and the path's, and what QUIC adds where datagrams are
//! lost.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use shakedown::http::reactor::Accept;
use shakedown::http::reactor::SimReactor;
use shakedown::model::FailureClass;
use shakedown::model::Histogram;
use shakedown::model::PhaseKind;
use shakedown::model::StopToken;
use shakedown::model::Tally;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Protocol;
use shakedown::plan::Spacing;
use shakedown::plan::TlsPolicy;

use crate::h3_sim::Bed;
use crate::h3_sim::Law;
use crate::h3_sim::To;
use crate::h3_sim::WAY;
use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_bed::START;

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;
/// A moment in mid-run.
const THEN: u64 = START + SECOND;

fn iterations(vus: u32, iterations: u64) -> Executor {
    Executor::SharedIterations { vus, iterations, max_duration: Duration::from_secs(3_600) }
}

fn arrivals(rate: f64, seconds: u64, vus: u32) -> Executor {
    Executor::ConstantArrivalRate {
        rate,
        duration: Duration::from_secs(seconds),
        pre_allocated_vus: vus,
        max_vus: vus,
        late: Late::Queue,
        arrivals: Spacing::Even,
    }
}

/// Load of a server on which `law` holds.
struct Run {
    bed: Bed,
    plan: PlanBuilder,
}

impl Run {
    fn of(streams: u32, executor: Executor) -> Self {
        Self::on(Bed::new(), streams, executor)
    }

    fn on(bed: Bed, streams: u32, executor: Executor) -> Self {
        let plan = PlanBuilder::against("https://127.0.0.1:9/", executor)
            .speaking(Protocol::Http3 { streams })
            .trusting(TlsPolicy::Verify, vec![bed.authority.file()]);
        Self { bed, plan }
    }

    fn with(mut self, change: impl FnOnce(PlanBuilder) -> PlanBuilder) -> Self {
        self.plan = change(self.plan);
        self
    }

    fn outcome(&self, law: &Law) -> Outcome {
        let server = |_| Ok(SimReactor::new(self.bed.serving(law.clone())));
        self.plan.run_on(&StopToken::default(), server)
    }

    fn tally(&self, law: &Law) -> Tally {
        self.outcome(law).only_series().clone()
    }
}

/// The least and the most of it, in microseconds.
fn range(histogram: &Histogram) -> (u128, u128) {
    let micros = |value: Option<Duration>| value.expect("not empty").as_micros();
    (micros(histogram.min()), micros(histogram.max()))
}

/// As exactly as a histogram of three digits says it.
fn assert_near(quantile: Option<Duration>, millis: u64) {
    let micros = quantile.expect("not empty").as_micros() as f64;
    let error = micros / (millis as f64 * 1e3) - 1.0;
    assert!(error.abs() < 0.001, "{micros} µs instead of {millis} ms");
}

#[test]
fn figures_are_the_servers_time_and_the_paths() {
    let tally = Run::of(4, iterations(8, 800)).tally(&Law::default());
    assert_eq!((tally.requests, tally.failed), (800, 0), "{:?}", tally.exemplars);
    let connect = &tally.phases[PhaseKind::Connect as usize];
    assert_eq!((connect.len(), range(connect)), (2, (2_000, 2_000)));
    // 10 ms of service, 2 ms of the way back.
    assert_eq!(range(&tally.duration), (12_000, 12_000));
    // The first ones waited for the handshake, which is one round trip.
    assert_eq!(range(&tally.latency), (12_000, 14_000));
    assert_near(tally.latency.quantile(0.98), 12);
}

#[test]
fn a_server_that_proves_addresses_costs_one_more_round_trip() {
    let law = Law { retries: true, ..Law::default() };
    let tally = Run::of(1, iterations(1, 10)).tally(&law);
    assert_eq!((tally.requests, tally.failed), (10, 0), "{:?}", tally.exemplars);
    assert_eq!(range(&tally.phases[PhaseKind::Connect as usize]), (4_000, 4_000));
    assert_eq!(
        (range(&tally.duration), range(&tally.latency)),
        ((12_000, 12_000), (12_000, 16_000))
    );
}

/// 1 ms of service, and a stall of 500 ms.
fn stalling(at: u64) -> u64 {
    let to = THEN + 500 * MILLI;
    let ready = if (THEN..to).contains(&at) { to } else { at };
    ready - at + MILLI
}

/// Latencies of 1,000/s on so many users, computed without the engine.
fn stall_reference(seconds: u64, users: usize) -> Vec<u64> {
    // Nothing is sent before the handshake's end.
    let mut free: BinaryHeap<_> = (0..users).map(|_| Reverse(START + WAY)).collect();
    let mut latencies: Vec<_> = (0..seconds * 1_000)
        .map(|index| {
            let intended = START + index * MILLI;
            let Reverse(free_at) = free.pop().expect("there are users");
            let sent = intended.max(free_at);
            let done = sent + stalling(sent) + WAY;
            free.push(Reverse(done));
            done - intended
        })
        .collect();
    latencies.sort_unstable();
    latencies
}

#[test]
fn a_stall_is_seen_by_every_arrival_it_delayed() {
    let law = Law { service: |at| Some(stalling(at)), ..Law::default() };
    let outcome = Run::of(32, arrivals(1_000.0, 4, 32)).outcome(&law);
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (4_000, 0, 1));
    assert_eq!(outcome.totals().scenarios[0].dropped, 0);
    let reference = stall_reference(4, 32);
    for per_mille in [10, 500, 900, 950, 990, 999, 1_000] {
        let expected = reference[(reference.len() * per_mille).div_ceil(1_000) - 1] as f64 / 1e9;
        let measured = tally.latency.quantile(per_mille as f64 / 1e3).expect("not empty");
        let error = (measured.as_secs_f64() - expected).abs() / expected;
        assert!(error <= 0.002, "{per_mille} ‰: {measured:?} instead of {expected}");
    }
    // From the actual start, the stall would have been 32 requests of 4,000.
    assert_near(tally.duration.quantile(0.99), 3);
}

#[test]
fn a_lost_first_datagram_is_sent_again_when_quic_says() {
    let law = Law { loses: |to, _, before| to == To::Server && before == 0, ..Law::default() };
    let tally = Run::of(2, iterations(2, 20)).tally(&law);
    assert_eq!((tally.requests, tally.failed, tally.connections), (20, 0, 1));
    // Three times the initial round-trip time of 333 ms (RFC 9002 §6.2.1, §6.2.2), and the path's.
    assert_eq!(range(&tally.phases[PhaseKind::Connect as usize]).1, (3 * 333 + 2) * 1_000);
    assert_eq!(range(&tally.duration), (12_000, 12_000));
}

/// Loses the first datagram after a moment in mid-run that goes that way.
fn loses_one(lost: To) -> fn(To, u64, u64) -> bool {
    // Somebody sends in each 12 ms, and only once.
    match lost {
        To::Server => |to, at, _| to == To::Server && (THEN..THEN + 12 * MILLI).contains(&at),
        To::Client => |to, at, _| to == To::Client && (THEN..THEN + 12 * MILLI).contains(&at),
    }
}

#[test]
fn a_lost_datagram_costs_one_probe_timeout() {
    for lost in [To::Server, To::Client] {
        let law = Law { loses: loses_one(lost), ..Law::default() };
        let tally = Run::of(1, iterations(1, 300)).tally(&law);
        assert_eq!((tally.requests, tally.failed, tally.connections), (300, 0, 1), "{lost:?}");
        // The probe's timeout: the smoothed round-trip time (the path's 2 ms, which never vary), a
        // timer's granularity of 1 ms and the 25 ms that the peer may take to acknowledge (RFC 9002
        // §6.2.1). The probe may repeat what was lost, or ask for the acknowledgement that tells.
        let slow = tally.duration.max().expect("not empty").as_micros();
        assert!((40_000..=42_010).contains(&slow), "{lost:?}: {slow} µs");
        assert_near(tally.duration.quantile(0.996), 12);
    }
}

#[test]
fn whichever_datagram_is_lost_nothing_fails() {
    let run = Run::of(2, iterations(4, 16));
    for to in [To::Server, To::Client] {
        for number in 0..24 {
            let tally = run.tally(&Law { lost: Some((to, number)), ..Law::default() });
            let counts = (tally.requests, tally.failed, tally.connections);
            assert_eq!(counts, (16, 0, 2), "{number} to the {to:?}: {:?}", tally.exemplars);
            // Nothing is worse than the handshake's first timeout.
            assert!(range(&tally.latency).1 <= 1_020_000, "{number} to the {to:?}");
        }
    }
}

#[test]
fn datagrams_that_overtake_each_other_cost_what_they_take() {
    let law = Law { way: |number| WAY + number % 4 * MILLI, ..Law::default() };
    let tally = Run::of(8, iterations(32, 640)).tally(&law);
    assert_eq!((tally.requests, tally.failed, tally.connections), (640, 0, 4));
    assert_eq!(range(&tally.duration), (12_000, 15_000));
}

#[test]
fn a_path_that_is_cut_for_a_while_delays_and_fails_nothing() {
    let law = Law { loses: |_, at, _| (THEN..THEN + 300 * MILLI).contains(&at), ..Law::default() };
    let tally = Run::of(64, arrivals(100.0, 3, 64)).tally(&law);
    assert_eq!((tally.requests, tally.failed, tally.connections), (300, 0, 1));
    // The probes' intervals double; the last one that is lost is repeated after as long as all
    // before it took.
    let slowest = tally.latency.max().expect("not empty");
    assert!((312..700).contains(&slowest.as_millis()), "{slowest:?}");
    assert_near(tally.latency.quantile(0.5), 12);
}

#[test]
fn a_response_may_take_longer_than_a_connection_may_be_idle() {
    let law = Law { service: |_| Some(100 * SECOND), ..Law::default() };
    for limit in [5, 30] {
        let run = Run::on(Bed::idling(Duration::from_secs(limit)), 2, iterations(2, 4));
        let tally = run.with(|plan| plan.timeout(Duration::from_secs(200))).tally(&law);
        assert_eq!((tally.requests, tally.failed, tally.connections), (4, 0, 1), "{limit} s");
        assert_eq!(range(&tally.duration).1 / 100_000, 1_000, "{limit} s");
    }
}

#[test]
fn a_server_that_vanishes_is_noticed_when_the_connection_was_idle_too_long() {
    let law = Law { loses: |_, at, _| at >= THEN, ..Law::default() };
    let run = Run::of(1, iterations(1, 100)).with(|plan| plan.timeout(Duration::from_secs(200)));
    let tally = run.with(|plan| plan.post(b"body")).tally(&law);
    let lost = (FailureClass::Reset, tally.failures.get(&FailureClass::Reset));
    assert_eq!((tally.requests, lost.1), (100, Some(&1)), "{:?}", tally.exemplars);
    let failure = tally
        .exemplars
        .iter()
        .find(|exemplar| exemplar.failure.as_ref().is_some_and(|(class, _)| *class == lost.0));
    // Counted from the first packet of the request that asks for an acknowledgement; `quinn` skips
    // packet numbers by chance (against optimistic acknowledgements), and where that delays a loss,
    // the 30 s begin up to some probes later: one run in a hundred.
    let latency = failure.expect("it was lost").latency;
    assert!((30_000..33_000).contains(&latency.as_millis()), "{latency:?}");
    let timeouts = tally.failures.get(&FailureClass::ConnectTimeout);
    assert_eq!(timeouts, Some(&(tally.failed - 1)));
    // 83 had their answer in the second before: 2 ms of handshake, 12 ms each.
    assert_eq!(tally.failed, 100 - 83);
}

#[test]
fn a_connection_that_was_idle_too_long_is_replaced() {
    for (pause, connections) in [(20, 1), (40, 5)] {
        let run = Run::of(1, iterations(1, 5));
        let tally = run.with(|plan| plan.think(Duration::from_secs(pause))).tally(&Law::default());
        assert_eq!((tally.requests, tally.failed), (5, 0), "{pause}: {:?}", tally.exemplars);
        assert_eq!(tally.connections, connections, "{pause}");
    }
}

#[test]
fn a_server_that_restarts_resets_what_it_does_not_know() {
    let law = Law { restart: Some(THEN), ..Law::default() };
    let run = Run::of(2, iterations(4, 800));
    let tally = run.tally(&law);
    assert_eq!((tally.requests, tally.failed), (800, 0), "{:?}", tally.exemplars);
    assert_eq!(tally.connections, 4);
    // What was under way is not sent twice if it changes something.
    let tally = run.with(|plan| plan.post(b"body")).tally(&law);
    assert_eq!(tally.failures.get(&FailureClass::Reset), Some(&4), "{:?}", tally.exemplars);
    assert_eq!((tally.failed, tally.connections), (4, 4));
    let told = format!("{:?}", tally.exemplars);
    assert!(told.contains("stateless reset"), "{told}");
}

#[test]
fn nobody_who_listens_or_nobody_who_answers() {
    let refuse = Law { accept: Accept::Refuse(MILLI), ..Law::default() };
    let tally = Run::of(4, iterations(4, 8)).tally(&refuse);
    let refused = tally.failures.get(&FailureClass::ConnectRefused);
    assert_eq!(refused, Some(&8), "{:?}", tally.exemplars);
    let silence = Law { accept: Accept::Never, ..Law::default() };
    let run = Run::of(4, iterations(4, 8)).with(|plan| plan.timeout(Duration::from_millis(200)));
    let tally = run.tally(&silence);
    let timeouts = tally.failures.get(&FailureClass::ConnectTimeout);
    assert_eq!(timeouts, Some(&8), "{:?}", tally.exemplars);
}

#[test]
fn a_full_send_buffer_delays_and_loses_nothing() {
    let run = Run::of(2, iterations(2, 4)).with(|plan| plan.post(&vec![b'u'; 500_000]));
    let outcome = run.plan.run_on(&StopToken::default(), |_| {
        Ok(SimReactor::new(run.bed.serving(Law::default())).with_write_limit(3_000))
    });
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed, tally.connections), (4, 0, 1));
    assert!(tally.bytes_sent > 2_000_000, "{}", tally.bytes_sent);
}
