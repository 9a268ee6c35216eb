//! The plan's `connection` block.

use shakedown::model::ConnectionReuse;
use shakedown::model::Family;
use shakedown::model::HttpVersion;
use shakedown::model::SessionReuse;
use shakedown::model::TlsVersion;
use shakedown::model::TlsVersions;
use shakedown::plan::Protocol;

use super::resolve;

const BASE: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";

#[test]
fn every_key_is_taken() {
    let text = format!(
        "{BASE}connection:\n  connect_timeout: 5s\n  tls: {{ sni: shop.example, min: 1.3, session_reuse: false }}\n  \
         connect_to: ['shop.example:443:127.0.0.1:8443']\n  resolve: ['a.example:80:127.0.0.1']\n  \
         ip: 4\n  local_addresses: [127.0.0.2-127.0.0.4, 127.0.0.9]\n  \
         proxy: socks5://127.0.0.1:1080\n  keepalive: false\n"
    );
    let connection = resolve(&text).unwrap_or_else(|e| panic!("{}", e.render(false))).connection;
    assert_eq!(connection.connect_timeout, Some(std::time::Duration::from_secs(5)));
    assert_eq!(connection.tls_options.server_name.as_deref(), Some("shop.example"));
    assert_eq!(connection.tls_options.versions, TlsVersions::Only(TlsVersion::V1_3));
    assert_eq!(connection.tls_options.sessions, SessionReuse::Off);
    assert_eq!((connection.route.connect_to.len(), connection.route.resolve.len()), (1, 1));
    assert_eq!((connection.route.family, connection.route.sources.len()), (Family::V4, 4));
    let proxy = connection.route.proxy.expect("one is given");
    assert_eq!(proxy.to_string(), "socks5://127.0.0.1:1080");
    assert_eq!(connection.reuse, ConnectionReuse::Off);
    assert!(connection.headers.iter().any(|header| header.is("connection")));
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let text = format!(
        "{BASE}connection:\n  tls: {{ cert: none.pem, min: 1.1 }}\n  connect_to: [a]\n  \
         ip: 5\n  proxi: x\n  proxy: 'ftp://127.0.0.1'\n"
    );
    let errors = resolve(&text).expect_err("all of it is wrong");
    insta::assert_snapshot!(errors.render(false), @r#"
      × `none.pem` is not a file
       ╭─[plan.yml:4:16]
     3 │ connection:
     4 │   tls: { cert: none.pem, min: 1.1 }
       ·                ────────
     5 │   connect_to: [a]
       ╰────
      × TLS 1.1 is broken and not supported; use 1.2 or 1.3
       ╭─[plan.yml:4:31]
     3 │ connection:
     4 │   tls: { cert: none.pem, min: 1.1 }
       ·                               ───
     5 │   connect_to: [a]
       ╰────
      × `a` is not HOST:PORT:HOST2:PORT2, like example.com:443:127.0.0.1:8443
       ╭─[plan.yml:5:16]
     4 │   tls: { cert: none.pem, min: 1.1 }
     5 │   connect_to: [a]
       ·                ─
     6 │   ip: 5
       ╰────
      × expected 4 or 6; found `5`
       ╭─[plan.yml:6:7]
     5 │   connect_to: [a]
     6 │   ip: 5
       ·       ─
     7 │   proxi: x
       ╰────
      × unknown key `proxi` in connection, did you mean `proxy`?
       ╭─[plan.yml:7:3]
     6 │   ip: 5
     7 │   proxi: x
       ·   ─────
     8 │   proxy: 'ftp://127.0.0.1'
       ╰────
      × proxies with the scheme `ftp` are not supported; write it like http://127.0.0.1:3128 or
      │ socks5://127.0.0.1:1080
       ╭─[plan.yml:8:10]
     7 │   proxi: x
     8 │   proxy: 'ftp://127.0.0.1'
       ·          ─────────────────
       ╰────
    "#);
}

#[test]
fn what_would_do_nothing_is_refused() {
    for (block, told) in [
        ("unix_socket: a.sock, proxy: 127.0.0.1", "a proxy does nothing"),
        ("proxy: 127.0.0.1, resolve: ['a:80:127.0.0.1']", "resolve does nothing"),
        ("tls: { min: 1.3, max: 1.2 }", "no version of TLS"),
        ("tls: { key: k.pem }", "`cert`"),
        ("http: 3, tls: { max: 1.2 }", "TLS 1.3"),
        ("http: 3, proxy: 127.0.0.1", "over UDP"),
        ("http: 3, unix_socket: a.sock", "over UDP"),
        ("http: 3, keepalive: false", "HTTP/3"),
        ("http: 3, pipeline: 2", "no meaning"),
        ("http: 3 }\nrequests: { a: { get: / }", "https://"),
    ] {
        let errors = resolve(&format!("{BASE}connection: {{ {block} }}\n")).expect_err(block);
        assert!(errors.to_string().contains(told), "{errors}");
    }
}

#[test]
fn a_request_may_have_a_version_of_its_own() {
    let text = format!(
        "{BASE}scope: {{ origins: [ auto, 'https://127.0.0.1:8080' ] }}\nconnection: {{ http: 3, streams: 9 }}\n\
         requests:\n  a: {{ get: 'https://127.0.0.1:8080/' }}\n\
         \x20 b: {{ get: /, http: 1.1 }}\n  c: {{ get: /, http: '2' }}\n\
         \x20 d: {{ ws: /, http: 1.1, messages: [ {{ send: a }} ] }}\n"
    );
    let plan = resolve(&text).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let spoken = plan.requests.iter().map(|request| plan.connection.protocol_of(request));
    assert_eq!(
        spoken.collect::<Vec<_>>(),
        [
            Protocol::Http3 { streams: 9 },
            Protocol::USUAL,
            Protocol::Http2 { streams: 9 },
            Protocol::USUAL
        ]
    );
    let of_h1 = Protocol::Http1 { pipeline: 4 };
    assert_eq!(of_h1.in_version(HttpVersion::Http11), of_h1);
    assert_eq!(of_h1.in_version(HttpVersion::Http2), Protocol::Http2 { streams: 1 });
}

#[test]
fn a_version_that_its_connections_cannot_carry_is_refused() {
    let ws = "ws: /, messages: [ { send: a } ]";
    for (connection, request, told) in [
        ("", "get: /, http: 4".to_owned(), "`4` is not a version of HTTP that is sent"),
        ("", "get: /, http: 3".to_owned(), "HTTP/3 exists with TLS only"),
        ("", format!("{ws}, http: 2"), "has its connection alone"),
        ("http: 2", ws.to_owned(), "has its connection alone"),
        ("keepalive: false", "get: /, http: 2".to_owned(), "carries one at a time"),
        ("proxy: 127.0.0.1", "get: 'https://127.0.0.1:8080/', http: 3".to_owned(), "over UDP"),
        ("", "grpc: a.B/C, proto: a.proto, http: 2".to_owned(), "gRPC is HTTP/2's"),
    ] {
        let text =
            format!("{BASE}connection: {{ {connection} }}\nrequests: {{ a: {{ {request} }} }}\n");
        let errors = resolve(&text).expect_err(&request);
        assert!(errors.to_string().contains(told), "{request}: {errors}");
    }
    let login = "{ post: /login, http: 2, json: { a: b } }";
    let text = format!("{BASE}auth: {{ a: {{ login: [ {login} ] }} }}\n");
    let errors = resolve(&text).expect_err("refused");
    assert!(errors.to_string().contains("a login speaks what"), "{errors}");
}
