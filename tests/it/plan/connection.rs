//! The plan's `connection` block.

use shakedown::model::ConnectionReuse;
use shakedown::model::Family;
use shakedown::model::SessionReuse;
use shakedown::model::TlsVersion;
use shakedown::model::TlsVersions;

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
