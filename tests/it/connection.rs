//! How connections are made, by load and by the scanner's client alike: TLS, routes, proxies.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use rcgen::SanType;
use rustls::version::TLS12;
use rustls::version::TLS13;
use shakedown::http::ClientOptions;
use shakedown::http::tls::TrustPolicy;
use shakedown::model::ConnectTo;
use shakedown::model::ConnectionReuse;
use shakedown::model::Exchange;
use shakedown::model::Failure;
use shakedown::model::FailureClass;
use shakedown::model::PhaseKind;
use shakedown::model::Proxy;
use shakedown::model::Resolve;
use shakedown::model::Route;
use shakedown::model::SessionReuse;
use shakedown::model::Tally;
use shakedown::model::Target;
use shakedown::model::TlsVersion;
use shakedown::model::TlsVersions;
use shakedown::model::parse_sources;
use shakedown::plan::Connection;
use shakedown::plan::Executor;
use shakedown::plan::TlsPolicy;

use crate::http_server::client;
use crate::http_server::get;
use crate::http_server::patient;
use crate::load_bed::PlanBuilder;
use crate::load_server::Keep;
use crate::load_server::TestServer;
use crate::program::OddServer;
use crate::program::told;
use crate::program::write;
use crate::proxy_server::Guests;
use crate::proxy_server::ProxyServer;
use crate::tls_bed::Authority;
use crate::tls_bed::Valid;
use crate::tls_bed::loopback;

fn usual() -> Connection {
    Connection::new(Duration::from_secs(20), TlsPolicy::Verify)
}

/// `count` requests of one user with `connection`.
fn load(url: &str, count: u64, connection: &Connection) -> Tally {
    let max_duration = Duration::from_secs(30);
    let executor = Executor::SharedIterations { vus: 1, iterations: count, max_duration };
    let mut plan = PlanBuilder::against(url, executor);
    plan.plan_mut().connection = connection.clone();
    plan.run().only_series().clone()
}

/// The same by the scanner's client, once.
fn scan(url: &str, connection: &Connection) -> Exchange {
    let origin = Target::parse(url).expect("a valid URL").origin;
    let options = ClientOptions {
        trust: TrustPolicy::Verify,
        ca_files: connection.ca_files.clone(),
        tls: connection.tls_options.clone(),
        route: connection.route.clone(),
        reuse: connection.reuse,
        connect_timeout: connection.connect_timeout,
        ..patient()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async { get(&client(&origin, options), &origin, "/").await })
}

/// Both get their answers.
fn works(url: &str, connection: &Connection) {
    let tally = load(url, 5, connection);
    assert_eq!((tally.requests, tally.failed), (5, 0), "{:?}", tally.exemplars);
    let exchange = scan(url, connection);
    assert!(exchange.outcome.is_ok(), "{:?}", exchange.outcome);
}

/// Both fail alike; why.
fn fails(url: &str, connection: &Connection) -> Failure {
    let tally = load(url, 1, connection);
    let (class, detail) = tally.exemplars[0].failure.clone().expect("it failed");
    let failure = scan(url, connection).outcome.expect_err("fails too");
    assert_eq!(failure.class, class, "{failure} / {detail}");
    Failure::new(class, detail)
}

fn through(proxy: &str) -> Connection {
    let proxy = Some(Proxy::parse(proxy).expect("a proxy"));
    Connection { route: Route { proxy, ..Route::default() }, ..usual() }
}

#[test]
fn a_server_that_wants_to_know_us_gets_our_certificate() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let server = TestServer::secured(Keep::Alive, authority.demanding_config(&[version]));
        let mut connection = Connection { ca_files: vec![authority.file()], ..usual() };
        let refused = fails(&server.url(), &connection);
        assert_eq!(refused.class, FailureClass::Tls);
        assert!(refused.detail.contains("--cert"), "{refused}");
        connection.tls_options.identity = Some(authority.client());
        works(&server.url(), &connection);
        let stranger = Authority::new();
        connection.tls_options.identity = Some(stranger.client());
        assert!(fails(&server.url(), &connection).detail.contains("--cert"));
    }
}

#[test]
fn versions_are_limited_and_none_in_common_is_told() {
    let authority = Authority::new();
    let server = TestServer::secured(Keep::Alive, authority.demanding_config(&[&TLS12]));
    let mut connection = Connection { ca_files: vec![authority.file()], ..usual() };
    connection.tls_options.identity = Some(authority.client());
    connection.tls_options.versions = TlsVersions::Only(TlsVersion::V1_3);
    assert!(fails(&server.url(), &connection).detail.contains("--tls-min"));
    connection.tls_options.versions = TlsVersions::Only(TlsVersion::V1_2);
    let exchange = scan(&server.url(), &connection);
    assert_eq!(exchange.tls.expect("over TLS").version, "TLSv1.2");
    works(&server.url(), &connection);
}

#[test]
fn another_name_is_asked_for_and_looked_for() {
    let authority = Authority::new();
    let name = vec![SanType::DnsName("shop.example".try_into().expect("a name"))];
    let config = authority.server_config(name, Valid::Now);
    let server = TestServer::secured(Keep::Alive, config);
    let mut connection = Connection { ca_files: vec![authority.file()], ..usual() };
    let refused = fails(&server.url(), &connection);
    assert_eq!(refused.class, FailureClass::Certificate);
    assert!(refused.detail.contains("--sni"), "{refused}");
    connection.tls_options.server_name = Some("shop.example".to_owned());
    works(&server.url(), &connection);
}

#[test]
fn sessions_are_resumed_unless_that_is_switched_off() {
    let authority = Authority::new();
    for (sessions, resumed) in [(SessionReuse::On, 9), (SessionReuse::Off, 0)] {
        let config = authority.server_config(loopback(), Valid::Now);
        let server = TestServer::secured(Keep::For(1), config);
        let mut connection = Connection { ca_files: vec![authority.file()], ..usual() };
        connection.tls_options.sessions = sessions;
        let tally = load(&server.url(), 10, &connection);
        assert_eq!((tally.requests, tally.failed, tally.connections), (10, 0, 10));
        assert_eq!(tally.tls_resumed, resumed);
    }
}

#[test]
fn what_does_not_speak_tls_is_asked_for_http() {
    let server = OddServer::start(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        // Until the client goes: a reset could overtake the answer.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let failure = fails(&server.url().replace("http:", "https:"), &usual());
    assert_eq!(failure.class, FailureClass::Tls);
    assert!(failure.detail.contains("http://"), "{failure}");
}

/// Accepts and says nothing.
fn mute() -> OddServer {
    OddServer::start(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    })
}

#[test]
fn connecting_has_a_limit_of_its_own() {
    let server = mute();
    let hasty = Connection { connect_timeout: Some(Duration::from_millis(200)), ..usual() };
    let failure = fails(&server.url().replace("http:", "https:"), &hasty);
    assert_eq!(failure.class, FailureClass::TlsTimeout);
    let proxied = Connection { route: through(&server.url()).route, ..hasty.clone() };
    let failure = fails("https://127.0.0.1:9/", &proxied);
    assert_eq!(failure.class, FailureClass::ConnectTimeout);
    // What comes after the connection has the whole time.
    let short = Connection { timeout: Duration::from_millis(900), ..hasty };
    let tally = load(&server.url(), 1, &short);
    assert_eq!(tally.failures.get(&FailureClass::WaitTimeout), Some(&1), "{:?}", tally.failures);
    assert_eq!(tally.latency.max().map(|max| max >= Duration::from_millis(900)), Some(true));
}

#[test]
fn names_lead_where_the_user_says_and_the_host_stays() {
    let server = TestServer::plain(Keep::Alive);
    let port = server.address.port();
    let resolve = vec![Resolve::parse("shop.example:80:127.0.0.1").expect("a rule")];
    let to_port = ConnectTo::parse(&format!(":80::{port}")).expect("a rule");
    let routes = [
        Route {
            resolve: vec![
                Resolve::parse(&format!("shop.example:{port}:127.0.0.1")).expect("a rule"),
            ],
            connect_to: vec![to_port],
            ..Route::default()
        },
        Route {
            connect_to: vec![
                ConnectTo::parse(&format!("shop.example:80:127.0.0.1:{port}")).expect("a rule"),
            ],
            ..Route::default()
        },
    ];
    for route in routes {
        works("http://shop.example/", &Connection { route, ..usual() });
    }
    let head = server.counted.head.get().expect("requests came");
    assert!(head.contains("\r\nHost: shop.example\r\n"), "{head}");
    // Nobody listens on port 80 of that address, or somebody else: the rule is for this name.
    let route = Route { resolve, ..Route::default() };
    assert_eq!(route.addresses("other.example", 80), None);
}

#[test]
fn everything_goes_to_a_unix_socket() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("app.sock");
    let listener = UnixListener::bind(&path).expect("binds");
    // Ends with the test's process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut lines =
                    BufReader::new(stream.try_clone().expect("a second handle")).lines();
                while let Some(Ok(line)) = lines.next() {
                    if line.is_empty() {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    }
                }
            });
        }
    });
    let route = Route { unix_socket: Some(path.clone()), ..Route::default() };
    works("http://shop.example/", &Connection { route, ..usual() });
    assert_eq!(scan_peer(&path), None);
    let missing = Route { unix_socket: Some(dir.path().join("none.sock")), ..Route::default() };
    let failure = fails("http://shop.example/", &Connection { route: missing, ..usual() });
    assert_eq!(failure.class, FailureClass::Connect);
    assert!(failure.detail.contains("none.sock"), "{failure}");
    let socket = path.to_str().expect("UTF-8");
    let (code, _, stderr) =
        told(&["load", "http://shop.example/", "--unix-socket", socket, "-n", "20", "-c", "2"]);
    assert_eq!(code, 0, "{stderr}");
}

fn scan_peer(path: &std::path::Path) -> Option<std::net::SocketAddr> {
    let route = Route { unix_socket: Some(path.to_owned()), ..Route::default() };
    scan("http://shop.example/", &Connection { route, ..usual() }).peer
}

#[test]
fn source_addresses_take_turns() {
    let server = TestServer::plain(Keep::For(1));
    let sources = parse_sources("127.0.0.2-127.0.0.4").expect("a range");
    let route = Route { sources: sources.clone(), ..Route::default() };
    let tally = load(&server.url(), 6, &Connection { route: route.clone(), ..usual() });
    assert_eq!((tally.requests, tally.failed), (6, 0), "{:?}", tally.exemplars);
    let peers = server.counted.peers.lock().expect("not poisoned").clone();
    assert_eq!(peers, [&sources[..], &sources[..]].concat());
    assert!(scan(&server.url(), &Connection { route, ..usual() }).outcome.is_ok());
    assert_eq!(server.counted.peers.lock().expect("not poisoned").last(), Some(&sources[0]));
    let foreign: IpAddr = "192.0.2.7".parse().expect("an address");
    let route = Route { sources: vec![foreign], ..Route::default() };
    assert_eq!(
        fails(&server.url(), &Connection { route, ..usual() }).class,
        FailureClass::LocalLimit
    );
}

#[test]
fn without_keepalive_every_request_has_its_connection() {
    let server = TestServer::plain(Keep::Alive);
    let connection = Connection { reuse: ConnectionReuse::Off, ..usual() };
    let tally = load(&server.url(), 7, &connection);
    assert_eq!((tally.requests, tally.failed, tally.connections), (7, 0, 7));
    let (code, _, stderr) =
        told(&["load", &server.url(), "--disable-keepalive", "-n", "9", "-c", "3"]);
    assert_eq!(code, 0, "{stderr}");
    // Seven, nine, and the look whether the target is there.
    assert_eq!(server.connections(), 17);
}

#[test]
fn a_proxy_forwards_http_and_tunnels_the_rest() {
    let authority = Authority::new();
    let plain = TestServer::plain(Keep::Alive);
    let config = authority.server_config(loopback(), Valid::Now);
    let secured = TestServer::secured(Keep::Alive, config);
    for guests in [Guests::All, Guests::Known] {
        let who = if guests == Guests::Known { "me:secret@" } else { "" };
        for scheme in ["http", "socks5", "socks5h"] {
            let proxy = ProxyServer::start(guests);
            carries_both(&proxy, &format!("{scheme}://{who}"), &authority, &plain, &secured);
        }
    }
}

/// HTTP and HTTPS both arrive through the proxy, and only it learns who we are to it.
fn carries_both(
    proxy: &ProxyServer,
    who: &str,
    authority: &Authority,
    plain: &TestServer,
    secured: &TestServer,
) {
    let mut connection = through(&format!("{who}{}", proxy.address));
    connection.ca_files = vec![authority.file()];
    works(&plain.url(), &connection);
    works(&secured.url(), &connection);
    let asked = proxy.asked();
    let (forwarded, tunnelled) = if who.starts_with("http") {
        (format!("GET {} HTTP/1.1", plain.url()), format!("CONNECT {} HTTP/1.1", secured.address))
    } else {
        (plain.address.to_string(), secured.address.to_string())
    };
    assert_eq!((asked.first(), asked.last()), (Some(&forwarded), Some(&tunnelled)));
    let head = plain.counted.head.get().expect("requests came");
    assert!(!head.contains("secret"), "{head}");
}

#[test]
fn a_proxy_over_tls_forwards_http_and_tunnels_tls_within_tls() {
    let authority = Authority::new();
    let plain = TestServer::plain(Keep::Alive);
    let config = authority.server_config(loopback(), Valid::Now);
    let secured = TestServer::secured(Keep::Alive, config);
    for guests in [Guests::All, Guests::Known] {
        let who = if guests == Guests::Known { "me:secret@" } else { "" };
        let proxy = ProxyServer::secured(guests, authority.server_config(loopback(), Valid::Now));
        carries_both(&proxy, &format!("https://{who}"), &authority, &plain, &secured);
    }
}

/// More in one piece than either session takes at once.
#[test]
fn much_goes_through_tls_within_tls() {
    let authority = Authority::new();
    let config = authority.server_config(loopback(), Valid::Now);
    let server = TestServer::secured(Keep::Alive, config);
    let proxy = ProxyServer::secured(Guests::All, authority.server_config(loopback(), Valid::Now));
    let mut connection = through(&format!("https://{}", proxy.address));
    connection.ca_files = vec![authority.file()];
    let max_duration = Duration::from_secs(30);
    let executor = Executor::SharedIterations { vus: 4, iterations: 400, max_duration };
    let mut plan = PlanBuilder::against(&server.url(), executor);
    plan.plan_mut().connection = connection;
    plan.plan_mut().requests[0]
        .request
        .headers
        .push(shakedown::model::Header::new("X-Long", "a".repeat(6_000)));
    let outcome = plan.run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (400, 0), "{:?}", tally.exemplars);
    assert_eq!((tally.connections, server.connections()), (4, 4));
    assert!(tally.bytes_received > 400 * 10_000);
    assert_eq!(tally.phases[PhaseKind::Tls as usize].len(), 4, "the target's alone");
}

#[test]
fn a_proxy_that_nobody_vouches_for_gets_nothing() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let server = TestServer::plain(Keep::Alive);
    let proxy = ProxyServer::secured(Guests::All, stranger.server_config(loopback(), Valid::Now));
    let mut connection = through(&format!("https://me:secret@{}", proxy.address));
    connection.ca_files = vec![authority.file()];
    // What is accepted of targets is not accepted of the proxy.
    connection.tls = TlsPolicy::AcceptAndReport;
    for url in [server.url(), "https://127.0.0.1:9/".to_owned()] {
        let failure = fails(&url, &connection);
        assert_eq!(failure.class, FailureClass::Proxy);
        assert!(failure.detail.contains("TLS with the proxy https://127.0.0.1"), "{failure}");
        assert!(failure.detail.contains("--cacert"), "{failure}");
    }
    assert_eq!(proxy.asked(), [""; 0]);
    // One that speaks no TLS at all.
    let plain = OddServer::start(|mut stream| {
        use std::io::Read as _;
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let failure = fails(&server.url(), &through(&format!("https://{}", plain.address)));
    assert_eq!(failure.class, FailureClass::Proxy);
    assert!(failure.detail.contains("http:// instead of https://"), "{failure}");
}

#[test]
fn a_tunnel_counts_as_connecting_and_is_made_once() {
    let server = TestServer::plain(Keep::Alive);
    let proxy = ProxyServer::start(Guests::All);
    let tally = load(&server.url(), 5, &through(&format!("socks5h://{}", proxy.address)));
    assert_eq!((tally.requests, tally.failed, tally.connections), (5, 0, 1));
    assert_eq!(tally.phases[PhaseKind::Connect as usize].len(), 1);
    assert_eq!(proxy.asked().len(), 1);
}

#[test]
fn failures_say_that_it_was_the_proxy() {
    let proxy = ProxyServer::start(Guests::Known);
    let secured = "https://127.0.0.1:9/";
    for url in [format!("http://{}", proxy.address), format!("socks5://{}", proxy.address)] {
        let failure = fails(secured, &through(&url));
        assert_eq!(failure.class, FailureClass::Proxy);
        assert!(failure.detail.contains(&url), "{failure}");
    }
    let with = format!("http://me:secret@{}", proxy.address);
    let failure = fails(secured, &through(&with));
    assert!(failure.detail.contains("502 Bad Gateway"), "{failure}");
    assert!(!failure.detail.contains("secret"), "{failure}");
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = gone.local_addr().expect("it is bound");
    drop(gone);
    let failure = fails(secured, &through(&address.to_string()));
    assert_eq!(failure.class, FailureClass::ConnectRefused);
    assert!(failure.detail.contains("the proxy"), "{failure}");
}

#[test]
fn the_program_goes_through_a_proxy_and_keeps_its_password() {
    let server = TestServer::plain(Keep::Alive);
    let proxy = ProxyServer::start(Guests::Known);
    let through = format!("http://me:secret@{}", proxy.address);
    let dir = tempfile::tempdir().expect("a directory");
    let report = dir.path().join("run.json");
    let json = format!("--json={}", report.display());
    let (code, _, stderr) =
        told(&["load", &server.url(), "-x", &through, "-n", "20", "-c", "2", &json]);
    assert_eq!((code, server.requests()), (0, 20), "{stderr}");
    let (code, _, stderr) = told(&["scan", &server.url(), "-x", &through, "--max-urls", "3"]);
    assert_eq!(code, 0, "{stderr}");
    let report = std::fs::read_to_string(report).expect("was written");
    assert!(!stderr.contains("secret") && !report.contains("secret"));
}

#[test]
fn ohas_flags_mean_what_they_mean_to_oha() {
    let server = TestServer::plain(Keep::Alive);
    let dir = tempfile::tempdir().expect("a directory");
    let body = write(dir.path(), "body.json", "{\"a\":1}");
    let url = server.url();
    let flags = [
        "load",
        &url,
        "-n",
        "1",
        "-c",
        "1",
        "-m",
        "PUT",
        "-D",
        &body,
        "-t",
        "5s",
        "-a",
        "me:pw",
        "-A",
        "text/html",
        "-T",
        "application/json",
        "--host",
        "shop.example",
        "--no-color",
    ];
    let (code, _, stderr) = told(&flags);
    assert_eq!(code, 0, "{stderr}");
    let head = server.counted.head.get().unwrap_or_else(|| panic!("{stderr}"));
    for line in [
        "PUT / HTTP/1.1",
        "Host: shop.example",
        "Authorization: Basic bWU6cHc=",
        "Accept: text/html",
        "Content-Type: application/json",
        "Content-Length: 7",
    ] {
        assert!(head.contains(&format!("{line}\r\n")), "{line} is not in {head}");
    }
    let (code, _, stderr) = told(&["load", &url, "-D", &body, "-d", "x"]);
    assert_eq!(code, 2, "{stderr}");
}

#[test]
fn the_program_says_which_flags_do_nothing_together() {
    let url = "http://127.0.0.1:9/";
    let cases: [(&[&str], &str); 7] = [
        (&["--connect-timeout", "0"], "longer than 0"),
        (&["--unix-socket", "/none", "-x", "127.0.0.1:1"], "proxy"),
        (&["-x", "http://127.0.0.1:1", "--resolve", "a:80:127.0.0.1"], "resolve"),
        (&["--tls-min", "1.3", "--tls-max", "1.2"], "1.3"),
        (&["--key", "key.pem"], "--cert"),
        (&["--ipv4", "--ipv6"], "--ipv6"),
        (&["--connect-to", "a:1:b"], "HOST:PORT:HOST2:PORT2"),
    ];
    for (flags, told_about) in cases {
        for command in ["load", "scan"] {
            let (code, _, stderr) = told(&[&[command, url], flags].concat());
            assert_eq!(code, 2, "{flags:?}: {stderr}");
            assert!(stderr.contains(told_about), "{flags:?}: {stderr}");
        }
    }
}

#[test]
fn a_load_over_ipv6_stays_on_it() {
    let server = TestServer::plain_on_ipv6(Keep::Alive);
    let named = format!("http://localhost:{}/", server.address.port());
    for url in [server.url(), named] {
        let before = server.requests();
        // Whatever this machine's hosts file calls localhost.
        let resolve = format!("localhost:{}:::1", server.address.port());
        let load = ["load", &url, "--ipv6", "--resolve", &resolve, "-n", "40", "-c", "4"];
        let (code, _, stderr) = told(&load);
        assert_eq!((code, server.requests() - before), (0, 40), "{stderr}");
    }
    let peers = server.counted.peers.lock().expect("not poisoned").clone();
    assert!(peers.iter().all(IpAddr::is_ipv6), "{peers:?}");
    // An address of the other family is none.
    let (code, _, stderr) = told(&["load", &server.url(), "--ipv4", "-n", "1"]);
    assert_ne!(code, 0, "{stderr}");
}
