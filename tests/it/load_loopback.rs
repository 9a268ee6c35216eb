//! The load engine on real sockets: both sides count the same.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use shakedown::load;
use shakedown::load::LoadError;
use shakedown::model::FailureClass;
use shakedown::model::PhaseKind;
use shakedown::model::StopToken;
use shakedown::model::Target;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Protocol;
use shakedown::plan::Spacing;
use shakedown::plan::TlsPolicy;

use crate::load_bed::PlanBuilder;
use crate::load_server::Keep;
use crate::load_server::TestServer;

fn iterations(vus: u32, iterations: u64) -> Executor {
    Executor::SharedIterations { vus, iterations, max_duration: Duration::from_secs(30) }
}

#[test]
fn client_and_server_count_the_same() {
    let server = TestServer::plain(Keep::Alive);
    let outcome = PlanBuilder::against(&server.url(), iterations(8, 2_000)).threads(2).run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (2_000, 0), "{:?}", tally.exemplars);
    assert_eq!(server.requests(), 2_000);
    assert_eq!((tally.connections, server.connections()), (8, 8));
    assert!(tally.bytes_received > 2_000 * 10_000);
    assert_eq!(tally.phases[PhaseKind::Connect as usize].len(), 8);
    assert!(tally.phases[PhaseKind::Queued as usize].is_empty());
}

#[test]
fn users_who_share_a_connection_share_it_on_several_threads_too() {
    let server = TestServer::plain(Keep::Alive);
    let plan = PlanBuilder::against(&server.url(), iterations(24, 1_200))
        .speaking(Protocol::Http1 { pipeline: 8 })
        .threads(2);
    let outcome = plan.run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (1_200, 0), "{:?}", tally.exemplars);
    assert_eq!((tally.connections, server.connections()), (3, 3));
}

#[test]
fn an_open_model_sends_all_that_is_scheduled() {
    let server = TestServer::plain(Keep::Alive);
    let executor = Executor::ConstantArrivalRate {
        rate: 400.0,
        duration: Duration::from_millis(1_500),
        pre_allocated_vus: 4,
        max_vus: 16,
        late: Late::Queue,
        arrivals: Spacing::Even,
    };
    let outcome = PlanBuilder::against(&server.url(), executor).run();
    assert_eq!((outcome.only_series().requests, server.requests()), (600, 600));
    assert_eq!(outcome.only_series().failed, 0);
    assert_eq!(outcome.only_series().latency.len(), 600);
}

#[test]
fn a_server_that_closes_after_a_few_requests_costs_none() {
    let server = TestServer::plain(Keep::For(7));
    let outcome = PlanBuilder::against(&server.url(), iterations(4, 700)).run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (700, 0), "{:?}", tally.failures);
    assert_eq!(server.requests(), 700);
    assert!(tally.connections >= 100, "{}", tally.connections);
}

#[test]
fn tls_is_trusted_by_an_additional_root_or_on_request() {
    let server = TestServer::tls(Keep::For(50));
    let mut root = tempfile::NamedTempFile::new().expect("a temporary file");
    root.write_all(server.certificate.as_bytes()).expect("writable");
    let trusting = [
        (TlsPolicy::Verify, vec![root.path().to_owned()]),
        (TlsPolicy::AcceptAndReport, Vec::new()),
    ];
    for (policy, roots) in trusting {
        let before = server.requests();
        let plan =
            PlanBuilder::against(&server.url(), iterations(4, 400)).trusting(policy, roots).tap();
        let outcome = plan.run();
        let tally = outcome.only_series();
        assert_eq!((tally.requests, tally.failed), (400, 0), "{:?}", tally.exemplars);
        assert_eq!(server.requests() - before, 400);
        assert_eq!(tally.phases[PhaseKind::Tls as usize].len(), tally.connections);
        assert!(tally.bytes_received > 400 * 10_000);
        let exchange = plan.taken().swap_remove(0);
        assert_eq!(exchange.response().expect("answered").body.len(), 10_000);
        let tls = exchange.tls.expect("over TLS");
        assert_eq!(tls.version, "TLSv1.3");
        assert_eq!(tls.certificate_fault.is_some(), policy == TlsPolicy::AcceptAndReport);
    }
}

#[test]
fn a_certificate_nobody_vouches_for_is_refused() {
    let server = TestServer::tls(Keep::Alive);
    let outcome = PlanBuilder::against(&server.url(), iterations(1, 3)).run();
    let tally = outcome.only_series();
    assert_eq!(tally.failures.get(&FailureClass::Certificate), Some(&3), "{:?}", tally.failures);
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_closed_port_is_refused_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let outcome = PlanBuilder::against(&format!("http://{address}/"), iterations(2, 6)).run();
    let tally = outcome.only_series();
    assert_eq!(tally.failures.get(&FailureClass::ConnectRefused), Some(&6), "{:?}", tally.failures);
}

#[test]
fn a_server_that_speaks_first_is_no_http_server() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    // Ends with the test's process.
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            // A client that goes away is no failure of the server.
            let _ = stream.write_all(b"SSH-2.0-test\r\n\r\n");
            kept.push(stream);
        }
    });
    let outcome = PlanBuilder::against(&format!("http://{address}/"), iterations(2, 4)).run();
    let tally = outcome.only_series();
    assert_eq!(tally.failures.get(&FailureClass::Protocol), Some(&4), "{:?}", tally.failures);
}

/// Accepts, and then does nothing at all.
fn mute() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    // Ends with the test's process.
    std::thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    address
}

#[test]
fn a_handshake_and_a_request_that_nobody_takes_are_timeouts_of_their_own() {
    let address = mute();
    let hasty = Duration::from_millis(200);
    let silent = PlanBuilder::against(&format!("https://{address}/"), iterations(1, 1));
    let tally = silent.timeout(hasty).run().only_series().clone();
    assert_eq!(tally.failures.get(&FailureClass::TlsTimeout), Some(&1), "{:?}", tally.failures);
    let large = PlanBuilder::against(&format!("http://{address}/"), iterations(1, 1));
    let tally = large.post(&vec![b'x'; 64 << 20]).timeout(hasty).run().only_series().clone();
    assert_eq!(tally.failures.get(&FailureClass::SendTimeout), Some(&1), "{:?}", tally.failures);
}

#[test]
fn nothing_is_sent_out_of_scope() {
    let mut builder = PlanBuilder::new(iterations(1, 1));
    let elsewhere = Target::parse("http://127.0.0.1:10/").expect("a valid URL");
    builder.plan_mut().requests[0].request.origin = elsewhere.origin;
    let (events, _taken) = tokio::sync::mpsc::channel(10);
    let error = load::run(&builder.job(), &events, &StopToken::default());
    assert!(matches!(error, Err(LoadError::OutOfScope { .. })), "{error:?}");

    let public = PlanBuilder::against("http://192.0.2.1/", iterations(1, 1));
    let error = load::run(&public.job(), &events, &StopToken::default());
    let Err(LoadError::Address { source, .. }) = error else { panic!("{error:?}") };
    assert_eq!(source.class, FailureClass::OutOfScope);
}
