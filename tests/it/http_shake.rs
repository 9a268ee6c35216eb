//! Handshakes for their own sake, with servers that speak TLS and some that do not.

use std::sync::Arc;

use rcgen::SanType;
use rustls::ServerConfig;
use shakedown::http::ClientOptions;
use shakedown::http::tls::TrustPolicy;
use shakedown::http::tls::own::Offer;
use shakedown::http::tls::own::Refusal;
use shakedown::http::tls::own::Reply;
use shakedown::http::tls::own::Version;
use shakedown::http::tls::own::suites;
use shakedown::model::CertificateReport;
use shakedown::model::Scheme;
use shakedown::model::Trust;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::http_server::Server;
use crate::http_server::client;
use crate::http_server::patient;
use crate::tls_bed::Authority;
use crate::tls_bed::Valid;
use crate::tls_bed::loopback;
use crate::tls_bed::self_signed;

async fn secured(config: ServerConfig) -> Server {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Server::start(move |tcp, _| {
        let acceptor = acceptor.clone();
        async move {
            let _refused = acceptor.accept(tcp).await;
        }
    })
    .await
}

/// A server that reads once and answers with these bytes.
async fn odd(answer: Vec<u8>) -> Server {
    Server::start(move |mut tcp, _| {
        let answer = answer.clone();
        async move {
            let mut buffer = [0; 4096];
            let _read = tcp.read(&mut buffer).await;
            let _sent = tcp.write_all(&answer).await;
        }
    })
    .await
}

fn options(authority: Option<&Authority>) -> ClientOptions {
    ClientOptions {
        trust: TrustPolicy::AcceptAndReport,
        ca_files: authority.map(Authority::file).into_iter().collect(),
        ..patient()
    }
}

async fn offered(server: &Server, version: Version) -> Reply {
    let origin = server.origin(Scheme::Https, "127.0.0.1");
    let offer = Offer { version, suites: suites(None), random: [3; 32], server_name: None };
    client(&origin, options(None)).offer(&origin, &offer).await.expect("there is a server")
}

async fn offered_and_told(config: ServerConfig, authority: &Authority) -> CertificateReport {
    let server = secured(config).await;
    let origin = server.origin(Scheme::Https, "127.0.0.1");
    let report = client(&origin, options(Some(authority))).certificate(&origin).await;
    report.expect("there is a server").expect("it shows something")
}

#[tokio::test]
async fn a_server_agrees_to_what_it_speaks_and_to_nothing_else() {
    let authority = Authority::new();
    let server = secured(authority.server_config(loopback(), Valid::Now)).await;
    let Reply::Agreed { version, certificates, .. } = offered(&server, Version::Tls12).await else {
        panic!("rustls speaks TLS 1.2")
    };
    assert_eq!((version, certificates.len()), (Version::Tls12, 1));
    for version in [Version::Ssl30, Version::Tls10, Version::Tls11] {
        let reply = offered(&server, version).await;
        assert!(matches!(reply, Reply::Refused(Refusal::Alert(_))), "{version:?} {reply:?}");
    }
}

#[tokio::test]
async fn what_is_no_tls_is_no_agreement() {
    let plain = odd(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await;
    assert_eq!(offered(&plain, Version::Tls12).await, Reply::Refused(Refusal::NotTls));
    let silent = odd(Vec::new()).await;
    assert_eq!(offered(&silent, Version::Tls12).await, Reply::Refused(Refusal::Closed));
    let endless = odd([22, 3, 3, 0, 4, 1, 0, 0, 0].repeat(60_000)).await;
    assert_eq!(offered(&endless, Version::Tls12).await, Reply::Refused(Refusal::NotTls));
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_told_by_itself() {
    let authority = Authority::new();
    let other = || vec![SanType::DnsName("shop.example".try_into().expect("a name"))];
    let good = offered_and_told(authority.server_config(loopback(), Valid::Now), &authority).await;
    assert_eq!((good.trust, good.wrong_name), (Trust::Trusted, None));
    assert_eq!((good.chain[0].key.as_str(), good.chain[0].key_bits), ("EC", 256));
    assert_eq!(good.chain[0].names, ["127.0.0.1"]);

    let both = offered_and_told(authority.server_config(other(), Valid::Expired), &authority).await;
    assert_eq!(both.trust, Trust::Trusted);
    assert_eq!(both.wrong_name.as_deref(), Some("127.0.0.1"));
    assert_eq!(both.chain[0].names, ["shop.example"]);
    assert_eq!(both.chain[0].valid_until.as_secs(), 1_009_843_200);

    let (own, _dir, _file) = self_signed(loopback(), Valid::Expired);
    let own = offered_and_told(own, &authority).await;
    assert!(matches!(own.trust, Trust::Untrusted(_)), "{:?}", own.trust);
    assert!(own.chain[0].is_self_signed && own.wrong_name.is_none());
}

#[tokio::test]
async fn a_certificate_is_seen_whatever_version_it_is_shown_in() {
    let authority = Authority::new();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = authority.demanding_config(&[version]);
        let server = secured(config).await;
        let origin = server.origin(Scheme::Https, "127.0.0.1");
        let report = client(&origin, options(Some(&authority))).certificate(&origin).await;
        let report = report.expect("there is a server").expect("it shows something");
        assert_eq!(report.trust, Trust::Trusted, "{version:?}");
    }
}

#[tokio::test]
async fn dates_that_contradict_each_other_are_told_as_they_are() {
    let authority = Authority::new();
    let mut params = rcgen::CertificateParams::default();
    params.subject_alt_names = loopback();
    params.not_before = rcgen::date_time_ymd(2040, 1, 1);
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let report = offered_and_told(authority.config_of(&params), &authority).await;
    assert!(report.chain[0].valid_from > report.chain[0].valid_until);
}
