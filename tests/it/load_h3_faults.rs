//! HTTP/3 against peers that are not there, are something else, or do not stay.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use shakedown::model::FailureClass;
use shakedown::model::Resolve;
use shakedown::model::Tally;
use shakedown::plan::Executor;
use shakedown::plan::Late;
use shakedown::plan::Protocol;
use shakedown::plan::Spacing;
use shakedown::plan::TlsPolicy;

use crate::h3_server::H3Server;
use crate::h3_server::Habit;
use crate::h3_server::Setup;
use crate::load_bed::PlanBuilder;
use crate::load_h3::iterations;
use crate::load_h3::plan;
use crate::load_h3::run;
use crate::program::told;

/// What is answered to a datagram.
type Answer = fn(&[u8]) -> Vec<u8>;

/// A peer that is no server of QUIC: it answers each datagram by what `answer` makes of it.
struct Stranger {
    url: String,
    over: Arc<AtomicBool>,
}

impl Stranger {
    fn new(answer: Answer) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("https://{}/", socket.local_addr().expect("it is bound"));
        let over = Arc::new(AtomicBool::new(false));
        let stranger = Self { url, over: Arc::clone(&over) };
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("not zero");
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !over.load(Ordering::Relaxed) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    let _ = socket.send_to(&answer(&buffer[..length]), from);
                }
            }
        });
        stranger
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn against(url: &str, requests: u64) -> PlanBuilder {
    let mut plan = PlanBuilder::against(url, iterations(2, requests))
        .speaking(Protocol::Http3 { streams: 2 })
        .trusting(TlsPolicy::AcceptAndReport, Vec::new());
    plan.plan_mut().connection.connect_timeout = Some(Duration::from_millis(300));
    plan
}

fn only(tally: &Tally, class: FailureClass, count: u64) {
    assert_eq!((tally.requests, tally.failed), (count, count), "{:?}", tally.exemplars);
    assert_eq!(tally.failures.get(&class), Some(&count), "{:?}", tally.exemplars);
}

#[test]
fn nobody_at_the_port_is_a_refused_connection() {
    for host in ["127.0.0.1:0", "[::1]:0"] {
        let free = UdpSocket::bind(host).expect("a port is free");
        let url = format!("https://{}/", free.local_addr().expect("it is bound"));
        drop(free);
        // Within the limit for connecting: the system says so, and it is heard.
        only(&run(&against(&url, 4)), FailureClass::ConnectRefused, 4);
        let (code, _, err) = told(&["load", &url, "--http3", "-n", "1"]);
        assert_eq!(code, 86, "{err}");
        assert!(err.contains("refused"), "{err}");
    }
}

#[test]
fn who_answers_nothing_that_is_quic_is_a_connect_timeout() {
    let answers: [Answer; 4] = [
        // Text, our own words, something with a long header, and nothing at all.
        |_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        <[u8]>::to_vec,
        |_| [&[0xc3, 0, 0, 0, 1], [0xff; 60].as_slice()].concat(),
        |_| Vec::new(),
    ];
    for answer in answers {
        let stranger = Stranger::new(answer);
        only(&run(&against(&stranger.url, 2)), FailureClass::ConnectTimeout, 2);
    }
}

/// Version Negotiation that knows one version, which nobody speaks (RFC 9000 §17.2.1).
fn another_version(initial: &[u8]) -> Vec<u8> {
    let (to, rest) = initial[5..].split_at(1 + usize::from(initial[5]));
    let from = &rest[..=usize::from(rest[0])];
    [&[0x80, 0, 0, 0, 0], from, to, &[0x1a, 0x2a, 0x3a, 0x4a]].concat()
}

#[test]
fn a_server_of_another_version_is_told_so() {
    let stranger = Stranger::new(another_version);
    let tally = run(&against(&stranger.url, 2));
    only(&tally, FailureClass::Protocol, 2);
    let told = format!("{:?}", tally.exemplars);
    assert!(told.contains("version"), "{told}");
}

#[test]
fn a_server_of_another_protocol_is_told_so() {
    // One refuses ours, the other looks at none.
    for protocol in [Some("doq"), None] {
        let server = H3Server::set_up(Setup { protocol, ..Setup::default() });
        let tally = run(&plan(&server, "/", 1, iterations(1, 1)));
        only(&tally, FailureClass::Protocol, 1);
        let told = format!("{:?}", tally.exemplars);
        assert!(told.contains("does not speak HTTP/3"), "{protocol:?}: {told}");
    }
}

#[test]
fn addresses_are_proved_to_a_server_that_asks() {
    let server = H3Server::set_up(Setup { retries: true, ..Setup::default() });
    let tally = run(&plan(&server, "/10", 4, iterations(8, 80)));
    assert_eq!((tally.requests, tally.failed), (80, 0), "{:?}", tally.exemplars);
    assert_eq!((tally.connections, server.connections()), (2, 2));
}

#[test]
fn ipv6_is_spoken_as_ipv4_is() {
    let server = H3Server::set_up(Setup { at: "[::1]:0", ..Setup::default() });
    let tally = run(&plan(&server, "/20000", 4, iterations(8, 80)).post(&vec![b'u'; 20_000]));
    assert_eq!((tally.requests, tally.failed), (80, 0), "{:?}", tally.exemplars);
    let ca = server.authority.file();
    let ca = ca.to_str().expect("a plain path");
    let url = server.url("/7");
    let (code, _, err) = told(&["load", &url, "--http3", "--cacert", ca, "-n", "8", "--ipv6"]);
    assert_eq!((code, server.requests()), (0, 88), "{err}");
}

#[test]
fn where_one_address_refuses_the_next_is_tried() {
    let server = H3Server::new(Habit::Answer);
    let port = server.address.port();
    let mut plan =
        PlanBuilder::against(&format!("https://shop.example:{port}/"), iterations(4, 40))
            .speaking(Protocol::Http3 { streams: 2 })
            .trusting(TlsPolicy::AcceptAndReport, Vec::new());
    let rule = format!("shop.example:{port}:::1,127.0.0.1");
    let rule = Resolve::parse(&rule).expect("a rule");
    plan.plan_mut().connection.route.resolve = vec![rule];
    let tally = run(&plan);
    assert_eq!((tally.requests, tally.failed), (40, 0), "{:?}", tally.exemplars);
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_connection_that_the_server_finds_idle_is_replaced() {
    let idle = Some(Duration::from_millis(150));
    let server = H3Server::set_up(Setup { idle, ..Setup::default() });
    let plan = plan(&server, "/", 1, iterations(2, 6)).think(Duration::from_millis(400));
    let tally = run(&plan);
    assert_eq!((tally.requests, tally.failed), (6, 0), "{:?}", tally.exemplars);
    assert_eq!((tally.connections, server.connections()), (6, 6));
}

#[test]
fn a_server_that_restarts_is_survived() {
    for (is_posted, most) in [(false, 0), (true, 2)] {
        let mut server = H3Server::new(Habit::Answer);
        let executor = Executor::ConstantArrivalRate {
            rate: 50.0,
            duration: Duration::from_secs(2),
            pre_allocated_vus: 8,
            max_vus: 8,
            late: Late::Queue,
            arrivals: Spacing::Even,
        };
        let mut plan = plan(&server, "/", 8, executor);
        if is_posted {
            plan = plan.post(b"body");
        }
        let tally = thread::scope(|scope| {
            let running = scope.spawn(|| run(&plan));
            while server.requests() < 20 {
                thread::sleep(Duration::from_millis(1));
            }
            server.die();
            server.rise();
            running.join().expect("no panic")
        });
        assert_eq!(tally.requests, 100, "{:?}", tally.exemplars);
        assert_eq!((tally.connections, server.connections()), (2, 2), "{:?}", tally.exemplars);
        // Those under way, or sent to a server that knows nothing of them.
        let reset = tally.failures.get(&FailureClass::Reset).copied().unwrap_or(0);
        assert_eq!(reset, tally.failed, "{:?}", tally.exemplars);
        assert!(reset <= most && (reset > 0) == is_posted, "{:?}", tally.exemplars);
    }
}

#[test]
fn a_server_that_is_away_refuses_until_it_is_back() {
    let mut server = H3Server::new(Habit::Answer);
    let executor = Executor::ConstantVus { vus: 4, duration: Duration::from_secs(2) };
    let plan = plan(&server, "/", 2, executor).think(Duration::from_millis(5));
    let (tally, before) = thread::scope(|scope| {
        let running = scope.spawn(|| run(&plan));
        while server.requests() < 50 {
            thread::sleep(Duration::from_millis(1));
        }
        server.die();
        let before = server.requests();
        thread::sleep(Duration::from_millis(300));
        server.rise();
        (running.join().expect("no panic"), before)
    });
    let refused = tally.failures.get(&FailureClass::ConnectRefused).copied().unwrap_or(0);
    let reset = tally.failures.get(&FailureClass::Reset).copied().unwrap_or(0);
    assert!(refused > 0 && refused < 500, "{:?}", tally.failures);
    assert_eq!(refused + reset, tally.failed, "{:?}", tally.failures);
    assert!(server.requests() > before + 50, "{} after {before}", server.requests());
}

#[test]
fn a_server_that_ends_is_no_cause_of_a_storm_of_connections() {
    let server = H3Server::new(Habit::Answer);
    let executor = Executor::ConstantVus { vus: 4, duration: Duration::from_millis(900) };
    let plan = plan(&server, "/", 2, executor);
    let tally = thread::scope(|scope| {
        scope.spawn(|| {
            while server.requests() < 50 {
                thread::yield_now();
            }
            server.close();
        });
        run(&plan)
    });
    // Of the 50 that it saw, those under way had no answer.
    assert!(tally.requests - tally.failed >= 50 - 4, "{:?}", tally.failures);
    assert!(tally.failed > 0 && tally.failed < 1_000, "{:?}", tally.failures);
}
