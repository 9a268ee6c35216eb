//! TLS: trust, faults that are told, and failures by class.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::SanType;
use rustls::ServerConfig;
use shakedown::http::ClientOptions;
use shakedown::http::tls::TlsError;
use shakedown::http::tls::TlsSetup;
use shakedown::http::tls::TrustPolicy;
use shakedown::model::ClientIdentity;
use shakedown::model::Exchange;
use shakedown::model::FailureClass;
use shakedown::model::Scheme;
use shakedown::model::TlsOptions;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::http_server::Server;
use crate::http_server::client;
use crate::http_server::get;
use crate::http_server::hasty;
use crate::http_server::patient;
use crate::http_server::read_request;
use crate::tls_bed::Authority;
use crate::tls_bed::Valid;
use crate::tls_bed::loopback;
use crate::tls_bed::self_signed;

/// How a server ends a connection after its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    KeepAlive,
    /// Without `close_notify`.
    Abrupt,
}

async fn serve(config: ServerConfig, answer: &'static [u8], ending: Ending) -> Server {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Server::start(move |tcp, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(tcp).await else { return };
            while read_request(&mut stream).await.is_some() {
                let _ = stream.write_all(answer).await;
                let _ = stream.flush().await;
                if ending == Ending::Abrupt {
                    let (mut tcp, _) = stream.into_inner();
                    let _ = tcp.shutdown().await;
                    return;
                }
            }
        }
    })
    .await
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn verifying(authority: Option<&Authority>) -> ClientOptions {
    ClientOptions {
        trust: TrustPolicy::Verify,
        ca_files: authority.map(Authority::file).into_iter().collect(),
        ..patient()
    }
}

fn accepting(authority: Option<&Authority>) -> ClientOptions {
    ClientOptions { trust: TrustPolicy::AcceptAndReport, ..verifying(authority) }
}

async fn over_tls(config: ServerConfig, options: ClientOptions) -> Exchange {
    let server = serve(config, OK, Ending::KeepAlive).await;
    let origin = server.origin(Scheme::Https, "127.0.0.1");
    get(&client(&origin, options), &origin, "/").await
}

fn class(exchange: &Exchange) -> Option<FailureClass> {
    exchange.outcome.as_ref().err().map(|failure| failure.class)
}

fn fault(exchange: &Exchange) -> Option<&str> {
    exchange.tls.as_ref().expect("a TLS connection").certificate_fault.as_deref()
}

#[tokio::test]
async fn an_additional_root_is_trusted() {
    let authority = Authority::new();
    for options in [verifying(Some(&authority)), accepting(Some(&authority))] {
        let config = authority.server_config(loopback(), Valid::Now);
        let exchange = over_tls(config, options).await;
        assert_eq!(class(&exchange), None);
        let tls = exchange.tls.as_ref().expect("a TLS connection");
        assert_eq!(tls.version, "TLSv1.3");
        assert!(tls.cipher_suite.starts_with("TLS_"), "{}", tls.cipher_suite);
        assert_eq!(tls.certificate_fault, None);
        assert!(!exchange.timings.tls.is_zero());
    }
}

#[tokio::test]
async fn bad_certificates_are_refused_or_reported() {
    let authority = Authority::new();
    let other_name = vec![SanType::DnsName("other.example.com".try_into().expect("a name"))];
    let cases = [
        (None, loopback(), Valid::Now, "not signed by anybody"),
        (Some(&authority), other_name, Valid::Now, "not valid for name"),
        (Some(&authority), loopback(), Valid::Expired, "expired"),
    ];
    for (trusted, names, valid, told) in cases {
        let refused =
            over_tls(authority.server_config(names.clone(), valid), verifying(trusted)).await;
        let failure = refused.outcome.expect_err("refused");
        assert_eq!(failure.class, FailureClass::Certificate, "{told}");
        assert!(failure.detail.contains(told), "{failure}");
        assert_eq!(refused.tls, None);
        let accepted = over_tls(authority.server_config(names, valid), accepting(trusted)).await;
        assert_eq!(class(&accepted), None, "{told}");
        let fault = fault(&accepted).unwrap_or_default();
        assert!(fault.contains(told), "{fault}");
    }
}

/// What the usual one-liner for a test server makes: self-signed, with the mark of an authority.
#[tokio::test]
async fn a_self_signed_certificate_is_told_as_such() {
    let authority = Authority::new();
    let config = authority.own_config();
    let exchange = over_tls(config, accepting(None)).await;
    assert_eq!(class(&exchange), None);
    let fault = fault(&exchange).unwrap_or_default();
    assert!(fault.contains("self-signed"), "{fault}");
}

#[tokio::test]
async fn a_resumed_session_still_tells_the_fault() {
    let authority = Authority::new();
    let config = authority.server_config(loopback(), Valid::Expired);
    let server = serve(config, OK, Ending::KeepAlive).await;
    let origin = server.origin(Scheme::Https, "127.0.0.1");
    let options =
        ClientOptions { idle_timeout: std::time::Duration::ZERO, ..accepting(Some(&authority)) };
    let client = client(&origin, options);
    for _ in 0..3 {
        let exchange = get(&client, &origin, "/").await;
        assert_eq!(class(&exchange), None);
        assert!(fault(&exchange).is_some_and(|fault| fault.contains("expired")));
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_tls_connection_is_kept_and_its_facts_stay() {
    let authority = Authority::new();
    let config = authority.server_config(loopback(), Valid::Now);
    let server = serve(config, OK, Ending::KeepAlive).await;
    let origin = server.origin(Scheme::Https, "127.0.0.1");
    let client = client(&origin, accepting(None));
    for number in 0..3 {
        let exchange = get(&client, &origin, "/").await;
        assert_eq!(class(&exchange), None);
        assert!(fault(&exchange).is_some());
        assert_eq!(exchange.timings.tls.is_zero(), number > 0);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_end_without_close_notify_is_judged_by_the_framing() {
    let authority = Authority::new();
    let cases: [(&[u8], Option<FailureClass>); 2] = [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil close", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", Some(FailureClass::Closed)),
    ];
    for (answer, expected) in cases {
        let config = authority.server_config(loopback(), Valid::Now);
        let server = serve(config, answer, Ending::Abrupt).await;
        let origin = server.origin(Scheme::Https, "127.0.0.1");
        let exchange = get(&client(&origin, accepting(None)), &origin, "/").await;
        assert_eq!(class(&exchange), expected);
    }
}

#[tokio::test]
async fn what_is_not_tls_is_a_tls_failure() {
    let server = Server::start(|mut stream, _| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.shutdown().await;
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let origin = server.origin(Scheme::Https, "127.0.0.1");
    let client = client(&origin, accepting(None));
    assert_eq!(class(&get(&client, &origin, "/").await), Some(FailureClass::Tls));
    assert_eq!(client.preflight(&origin).await.expect_err("no TLS").class, FailureClass::Tls);
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_timeout() {
    let server = Server::start(|mut stream, _| async move {
        while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    let origin = server.origin(Scheme::Https, "127.0.0.1");
    let exchange = get(&client(&origin, hasty()), &origin, "/").await;
    assert_eq!(class(&exchange), Some(FailureClass::TlsTimeout));
    assert!(!exchange.timings.tls.is_zero());
}

#[tokio::test]
async fn preflight_tells_the_certificates_fault_and_sends_nothing() {
    let authority = Authority::new();
    let config = authority.server_config(loopback(), Valid::Now);
    let server = serve(config, OK, Ending::KeepAlive).await;
    let origin = server.origin(Scheme::Https, "127.0.0.1");
    let (peer, tls) = client(&origin, accepting(None)).preflight(&origin).await.expect("reachable");
    assert_eq!(peer, Some(server.address));
    assert!(tls.expect("TLS").certificate_fault.is_some());
    let refused = client(&origin, verifying(None)).preflight(&origin).await;
    assert_eq!(refused.expect_err("not trusted").class, FailureClass::Certificate);
}

#[test]
fn unusable_root_files_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let missing = dir.path().join("missing.pem");
    let setup = |roots: &[PathBuf], options: &TlsOptions| {
        TlsSetup::new(TrustPolicy::Verify, roots, options, &[])
    };
    let usual = TlsOptions::default();
    let error = setup(std::slice::from_ref(&missing), &usual);
    assert!(matches!(error, Err(TlsError::RootFile { path, .. }) if path == missing));
    let empty = dir.path().join("empty.pem");
    std::fs::write(&empty, "no certificate here\n").expect("writes");
    let error = setup(std::slice::from_ref(&empty), &usual);
    assert!(matches!(error, Err(TlsError::NoCertificate { path }) if path == empty));
    let garbage = dir.path().join("garbage.pem");
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&garbage, pem).expect("writes");
    let error = setup(&[garbage], &usual);
    assert!(matches!(error, Err(TlsError::Roots(_))));
    let identity = |certificate: &PathBuf, key: &PathBuf| TlsOptions {
        identity: Some(ClientIdentity { certificate: certificate.clone(), key: key.clone() }),
        ..TlsOptions::default()
    };
    let authority = Authority::new();
    let fine = authority.client();
    let error = setup(&[], &identity(&missing, &fine.key));
    assert!(matches!(error, Err(TlsError::IdentityFile { path, .. }) if path == missing));
    let error = setup(&[], &identity(&fine.certificate, &empty));
    assert!(matches!(error, Err(TlsError::IdentityFile { path, .. }) if path == empty));
    let error = setup(&[], &identity(&fine.certificate, &authority.client().key));
    assert!(matches!(error, Err(TlsError::Identity(_))), "the key of another one");
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_when_it_is_named_and_for_its_names_only() {
    let elsewhere = || vec![SanType::DnsName("elsewhere.example".try_into().expect("a name"))];
    let cases = [
        ("named", loopback(), Valid::Now, true, None),
        ("not named", loopback(), Valid::Now, false, Some(FailureClass::Certificate)),
        ("another name", elsewhere(), Valid::Now, true, Some(FailureClass::Certificate)),
        ("expired", loopback(), Valid::Expired, true, Some(FailureClass::Certificate)),
    ];
    for (case, names, valid, named, expected) in cases {
        let (config, _dir, file) = self_signed(names, valid);
        let ca_files = if named { vec![file] } else { Vec::new() };
        let options = ClientOptions { ca_files, ..verifying(None) };
        let exchange = over_tls(config, options).await;
        assert_eq!(class(&exchange), expected, "{case}: {:?}", exchange.outcome);
    }
}
