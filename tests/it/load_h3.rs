//! HTTP/3 against a real server: streams, bodies, and what can go wrong on a connection.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rcgen::SanType;
use shakedown::model::ClientIdentity;
use shakedown::model::ConnectTo;
use shakedown::model::FailureClass;
use shakedown::model::HttpVersion;
use shakedown::model::PhaseKind;
use shakedown::model::SessionReuse;
use shakedown::model::Tally;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Protocol;
use shakedown::plan::Spacing;
use shakedown::plan::TlsPolicy;

use crate::h3_server::H3Server;
use crate::h3_server::Habit;
use crate::h3_server::LossyPath;
use crate::h3_server::Setup;
use crate::load_bed::PlanBuilder;
use crate::program::told;
use crate::program::write;
use crate::tls_bed::Authority;
use crate::tls_bed::Valid;

pub(crate) fn iterations(vus: u32, iterations: u64) -> Executor {
    Executor::SharedIterations { vus, iterations, max_duration: Duration::from_secs(60) }
}

pub(crate) fn plan(server: &H3Server, path: &str, streams: u32, executor: Executor) -> PlanBuilder {
    PlanBuilder::against(&server.url(path), executor)
        .speaking(Protocol::Http3 { streams })
        .trusting(TlsPolicy::Verify, vec![server.authority.file()])
}

pub(crate) fn run(plan: &PlanBuilder) -> Tally {
    plan.run().only_series().clone()
}

#[test]
fn client_and_server_count_the_same() {
    let server = H3Server::new(Habit::Answer);
    let plan = plan(&server, "/10", 8, iterations(32, 4_000)).threads(2).tap();
    let tally = run(&plan);
    assert_eq!((tally.requests, tally.failed), (4_000, 0), "{:?}", tally.exemplars);
    assert_eq!(server.requests(), 4_000);
    assert_eq!((tally.connections, server.connections()), (4, 4));
    // Both are QUIC's one handshake, and charged to whoever led in making the connection.
    for phase in [PhaseKind::Connect, PhaseKind::Tls] {
        let handshakes = &tally.phases[phase as usize];
        assert_eq!(handshakes.len(), 4, "{phase:?}");
        // Neither is nothing, although all of the server's answer may come at once.
        let least = handshakes.min().expect("not empty");
        assert!(least > Duration::from_micros(1), "{phase:?}: {least:?}");
    }
    assert_eq!(tally.phases[PhaseKind::Wait as usize].len(), 4_000);
    assert!(tally.bytes_received > 4_000 * 10);
    let taken = plan.taken();
    let response = taken[0].response().expect("answered");
    assert_eq!((response.version, response.status), (HttpVersion::Http3, 200));
    assert_eq!(response.body, b"xxxxxxxxxx");
}

#[test]
fn large_bodies_go_both_ways() {
    let server = H3Server::new(Habit::Answer);
    let body = vec![b'u'; 3_000_000];
    let plan = plan(&server, "/5000000", 2, iterations(2, 6)).post(&body);
    let tally = run(&plan);
    assert_eq!((tally.requests, tally.failed), (6, 0), "{:?}", tally.exemplars);
    assert_eq!(server.seen.received.load(Ordering::SeqCst), 18_000_000);
    assert!(tally.bytes_received > 30_000_000, "{}", tally.bytes_received);
    assert!(tally.bytes_sent > 18_000_000, "{}", tally.bytes_sent);
}

#[test]
fn an_open_model_sends_all_that_is_scheduled() {
    let server = H3Server::new(Habit::Answer);
    let executor = Executor::ConstantArrivalRate {
        rate: 300.0,
        duration: Duration::from_secs(1),
        pre_allocated_vus: 4,
        max_vus: 16,
        late: Late::Queue,
        arrivals: Spacing::Even,
    };
    let tally = run(&plan(&server, "/", 4, executor));
    assert_eq!((tally.requests, tally.failed, server.requests()), (300, 0, 300));
}

#[test]
fn sessions_are_resumed_unless_switched_off() {
    let server = H3Server::new(Habit::GoAway(5));
    for (sessions, is_resumed) in [(SessionReuse::On, true), (SessionReuse::Off, false)] {
        let mut plan = plan(&server, "/", 1, iterations(1, 40));
        plan.plan_mut().connection.tls_options.sessions = sessions;
        let tally = run(&plan);
        assert_eq!((tally.requests, tally.failed), (40, 0), "{:?}", tally.exemplars);
        assert!(tally.connections >= 4, "{}", tally.connections);
        assert_eq!(tally.tls_resumed > 0, is_resumed, "{}", tally.tls_resumed);
    }
}

#[test]
fn a_connection_that_is_going_away_is_replaced() {
    let server = H3Server::new(Habit::GoAway(10));
    let tally = run(&plan(&server, "/", 4, iterations(8, 200)));
    assert_eq!(tally.requests, 200);
    assert!(tally.connections > 8, "{}", tally.connections);
    assert_eq!(tally.failed, 0, "{:?}", tally.exemplars);
}

#[test]
fn a_rejected_request_is_sent_once_more_whatever_its_method() {
    let server = H3Server::new(Habit::RejectEvery(5));
    let tally = run(&plan(&server, "/", 1, iterations(1, 40)).post(b"body"));
    assert_eq!((tally.requests, tally.failed, tally.connections), (40, 0, 1));
}

#[test]
fn a_reset_ends_one_stream_only() {
    let server = H3Server::new(Habit::ResetEvery(10));
    let tally = run(&plan(&server, "/", 4, iterations(4, 50)));
    assert_eq!(tally.failures.get(&FailureClass::Reset), Some(&5), "{:?}", tally.exemplars);
    assert_eq!((tally.requests, tally.connections), (50, 1));
}

#[test]
fn a_connection_that_is_closed_in_mid_run_is_replaced() {
    // With an error, what was under way has failed; POST is not sent twice.
    for (code, class) in [(0x100, FailureClass::Closed), (0x102, FailureClass::Reset)] {
        let server = H3Server::new(Habit::Close { at: 20, code });
        let tally = run(&plan(&server, "/", 1, iterations(1, 60)).post(b"body"));
        assert_eq!(tally.failures.get(&class), Some(&1), "{:?}", tally.exemplars);
        assert_eq!((tally.requests, tally.connections), (60, 2));
    }
}

#[test]
fn a_timeout_ends_the_exchange_and_keeps_the_connection() {
    let server = H3Server::new(Habit::Silence);
    let plan = plan(&server, "/", 2, iterations(2, 4)).timeout(Duration::from_millis(300));
    let tally = run(&plan);
    assert_eq!(tally.failures.get(&FailureClass::WaitTimeout), Some(&4), "{:?}", tally.exemplars);
    assert_eq!(tally.connections, 1);
}

#[test]
fn a_body_of_another_length_than_announced_is_no_response() {
    let server = H3Server::new(Habit::Lie);
    let tally = run(&plan(&server, "/100", 1, iterations(1, 3)));
    assert_eq!(tally.failures.get(&FailureClass::Protocol), Some(&3), "{:?}", tally.exemplars);
}

#[test]
fn responses_with_more_headers_than_we_read_are_given_up() {
    for habit in [Habit::EndlessFrame, Habit::LongHeaders] {
        let server = H3Server::new(habit);
        let tally = run(&plan(&server, "/", 1, iterations(1, 3)));
        let too_large = tally.failures.get(&FailureClass::TooLarge);
        assert_eq!(too_large, Some(&3), "{habit:?}: {:?}", tally.exemplars);
        assert_eq!(tally.connections, 1, "{habit:?}");
    }
}

#[test]
fn certificates_are_judged_as_over_tcp() {
    let server = H3Server::new(Habit::Answer);
    let stranger = Authority::new();
    let strange =
        plan(&server, "/", 1, iterations(1, 2)).trusting(TlsPolicy::Verify, vec![stranger.file()]);
    let tally = run(&strange);
    assert_eq!(tally.failures.get(&FailureClass::Certificate), Some(&2), "{:?}", tally.exemplars);
    let shown = format!("{:?}", tally.exemplars);
    assert!(shown.contains("--cacert"), "{shown}");
    let insecure =
        plan(&server, "/", 1, iterations(1, 2)).trusting(TlsPolicy::AcceptAndReport, Vec::new());
    assert_eq!(run(&insecure).failed, 0);
}

#[test]
fn the_name_is_the_urls_or_the_one_that_is_named() {
    let authority = Authority::new();
    let config = authority.server_config(
        vec![SanType::DnsName("shop.example".try_into().expect("valid"))],
        Valid::Now,
    );
    let server = H3Server::of(authority, config, Setup::default());
    let mut named = plan(&server, "/", 1, iterations(1, 1));
    assert_eq!(run(&named).failures.get(&FailureClass::Certificate), Some(&1));
    named.plan_mut().connection.tls_options.server_name = Some("shop.example".to_owned());
    assert_eq!(run(&named).failed, 0);
    let url = "https://shop.example/";
    let mut routed = PlanBuilder::against(url, iterations(1, 1))
        .speaking(Protocol::Http3 { streams: 1 })
        .trusting(TlsPolicy::Verify, vec![server.authority.file()]);
    let to = format!("shop.example:443:127.0.0.1:{}", server.address.port());
    let connection = &mut routed.plan_mut().connection;
    connection.route.connect_to = vec![ConnectTo::parse(&to).expect("a rule")];
    connection.route.sources = vec!["127.0.0.7".parse().expect("an address")];
    let tally = run(&routed);
    assert_eq!((tally.requests, tally.failed), (1, 0), "{:?}", tally.exemplars);
}

#[test]
fn a_client_certificate_is_shown_to_who_wants_one() {
    let authority = Authority::new();
    let config = authority.demanding_config(&[&rustls::version::TLS13]);
    let server = H3Server::of(authority, config, Setup::default());
    let mut plan = plan(&server, "/", 1, iterations(1, 2));
    let tally = run(&plan);
    assert_eq!(tally.failures.get(&FailureClass::Tls), Some(&2), "{:?}", tally.exemplars);
    let shown = format!("{:?}", tally.exemplars);
    assert!(shown.contains("--cert"), "{shown}");
    let identity: ClientIdentity = server.authority.client();
    plan.plan_mut().connection.tls_options.identity = Some(identity);
    assert_eq!(run(&plan).failed, 0);
}

#[test]
fn lost_datagrams_are_sent_again() {
    let server = H3Server::new(Habit::Answer);
    let path = LossyPath::to(server.address, 10);
    let url = format!("https://{}/20000", path.address);
    let plan = PlanBuilder::against(&url, iterations(4, 100))
        .speaking(Protocol::Http3 { streams: 4 })
        .trusting(TlsPolicy::Verify, vec![server.authority.file()])
        .post(&vec![b'u'; 20_000]);
    let tally = run(&plan);
    assert_eq!((tally.requests, tally.failed), (100, 0), "{:?}", tally.exemplars);
    assert_eq!(server.requests(), 100);
    let lost = path.lost.load(Ordering::Relaxed);
    assert!(lost > 100, "{lost}");
}

#[test]
fn the_server_hears_that_a_connection_ends() {
    let server = H3Server::new(Habit::Answer);
    run(&plan(&server, "/", 1, iterations(3, 30)));
    // It notices in its own time, which is not the 30 s after which it would give up.
    let mut patience = 0;
    while server.seen.closed.load(Ordering::SeqCst) < 3 {
        patience += 1;
        assert!(patience < 500, "{:?}", server.seen);
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_program_takes_it_from_flags_and_plan() {
    let server = H3Server::new(Habit::Answer);
    let url = server.url("/7");
    let ca = server.authority.file();
    let ca = ca.to_str().expect("a plain path");
    let args =
        ["load", &url, "--http3", "--cacert", ca, "-n", "64", "-c", "2", "-p", "4", "--json"];
    let (code, out, err) = told(&args);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\"http_reqs\""), "{out}");
    // One more is made before the start, to see whether the target can be reached.
    assert_eq!((server.requests(), server.connections()), (64, 3));
    let dir = tempfile::tempdir().expect("a directory");
    let plan = write(
        dir.path(),
        "plan.yml",
        &format!(
            "version: 1\ntarget: {url}\nca_files: [{ca}]\nconnection: {{ http: 3, streams: 4 }}\n\
             requests:\n  one: {{ get: /3 }}\nflows:\n  f: [ {{ use: one }} ]\nscenarios:\n  s: {{ \
             executor: shared-iterations, exec: f, vus: 8, iterations: 40 }}\n"
        ),
    );
    let (code, _, err) = told(&["load", &plan]);
    assert_eq!(code, 0, "{err}");
    assert_eq!((server.requests(), server.connections()), (104, 6));
}

#[test]
fn what_contradicts_it_is_refused_before_anything_is_sent() {
    let url = "https://127.0.0.1:9/";
    let cases: [(&[&str], &str); 8] = [
        (&["load", "http://127.0.0.1:9/", "--http3"], "https://"),
        (&["load", url, "--http3", "--tls-max", "1.2"], "TLS 1.3"),
        (&["load", url, "--http3", "-x", "127.0.0.1:1"], "proxy"),
        (&["load", url, "--http3", "--unix-socket", "a.sock"], "unix socket"),
        (&["load", url, "--http3", "--disable-keepalive"], "HTTP/3"),
        (&["load", url, "--http3", "--pipeline", "2"], "-p"),
        (&["load", url, "--http3", "--http2"], "--http2"),
        (&["load", "wss://127.0.0.1:9/", "--http3"], "--http3"),
    ];
    for (args, said) in cases {
        let (code, _, err) = told(args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
}
