//! How connections are made.

use serde_json::json;

use super::shape::{Object, boolean, duration, example, list, object, of, text, version, whole};

pub(super) fn objects() -> Vec<Object> {
    vec![connection(), tls()]
}

fn connection() -> Object {
    object!("connection", connection::CONNECTION, "How connections are made.")
        .key("connect_timeout", duration(), "Longest wait for a connection, TLS included.")
        .key("tls", of("tls"), "How handshakes are made.")
        .key(
            "connect_to",
            list(&example(text(), &["shop.example:443:127.0.0.1:8443"])),
            "Connect elsewhere: HOST:PORT:HOST:PORT, as curl has it.",
        )
        .key(
            "resolve",
            list(&example(text(), &["shop.example:443:127.0.0.1"])),
            "The address of a name: HOST:PORT:ADDRESS, as curl has it.",
        )
        .key("ip", json!({ "enum": [4, 6, "4", "6"] }), "Addresses of this kind only.")
        .key("unix_socket", text(), "A Unix socket instead of TCP, relative to the plan.")
        .key(
            "local_addresses",
            list(&example(text(), &["127.0.0.2-127.0.0.4"])),
            "Addresses to connect from, in turn.",
        )
        .key(
            "proxy",
            example(text(), &["http://127.0.0.1:3128", "socks5h://127.0.0.1:1080"]),
            "A proxy, with user and password if it wants them.",
        )
        .key_or("keepalive", boolean(), true, "`false` makes a connection for each request.")
        .key_or("http", version(), 1.1, "Version of HTTP.")
        .key_or(
            "streams",
            whole(1, 1000),
            1,
            "Users that share a connection, in HTTP/2 and HTTP/3.",
        )
        .key_or("pipeline", whole(1, 1000), 1, "Requests ahead of responses, in HTTP/1.1.")
}

fn tls() -> Object {
    let versions = json!({ "enum": [1.2, 1.3, "1.2", "1.3"] });
    object!("tls", connection::TLS, "How handshakes are made.")
        .key("cert", text(), "The client's certificate (PEM), relative to the plan.")
        .key("key", text(), "Its key (PEM); without it, it is in the certificate's file.")
        .key("sni", text(), "The server's name, instead of the URL's host.")
        .key("min", versions.clone(), "Least version of TLS.")
        .key("max", versions, "Greatest version of TLS.")
        .key_or("session_reuse", boolean(), true, "`false` makes a whole handshake each time.")
}
