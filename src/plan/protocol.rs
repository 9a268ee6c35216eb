//! What is spoken on connections: the plan's `connection`, and the flags of a URL's load.

use super::defaults;
use super::flags::{FlagError, LoadFlags};
use super::reader::{Fields, Reader};
use super::types::{Connection, Protocol};
use crate::model::ConnectionReuse;
use crate::model::HttpVersion;
use crate::model::Origin;
use crate::model::Scheme;
use crate::model::TlsVersion;

/// Streams or pipelined requests of one connection at most: beyond it, no server plays along.
const MOST: u32 = 1_000;

/// The word of the plan's `connection`, HTTP/1.1 without one.
pub(super) fn protocol(fields: &Fields<'_>, reader: &mut Reader) -> Protocol {
    let version = version(fields, reader);
    let mut count = |key| {
        let node = fields.get(key)?;
        reader.number(node, "a number from 1 to 1000", |count: u32| (1..=MOST).contains(&count))
    };
    let (streams, pipeline) = (count("streams"), count("pipeline"));
    let (foreign, cure) = match version {
        Some(HttpVersion::Http2) => ("pipeline", "HTTP/2 has streams instead: write `streams`"),
        Some(HttpVersion::Http3) => ("pipeline", "HTTP/3 has streams instead: write `streams`"),
        Some(HttpVersion::Http10 | HttpVersion::Http11) | None => (
            "streams",
            "they are HTTP/2's and HTTP/3's: add `http: 2`, or write `pipeline` for HTTP/1.1",
        ),
    };
    if let Some(entry) = fields.entry(foreign) {
        let text = format!("`{foreign}` has no meaning for this version of HTTP");
        reader.problem_with_help(&entry.key_at, text, cure);
    }
    match version {
        Some(HttpVersion::Http2) => Protocol::Http2 { streams: streams.unwrap_or(1) },
        Some(HttpVersion::Http3) => Protocol::Http3 { streams: streams.unwrap_or(1) },
        Some(HttpVersion::Http10 | HttpVersion::Http11) | None => {
            Protocol::Http1 { pipeline: pipeline.unwrap_or(1) }
        }
    }
}

/// The flags' word, and the virtual users that they ask for: `-p` for each connection.
pub(super) fn of_flags(flags: &LoadFlags) -> Result<(Protocol, Option<u32>), FlagError> {
    let usage = |text: &str| Err(FlagError::Usage(text.to_owned()));
    let protocol = match (flags.http_version, flags.parallel, flags.pipeline) {
        (HttpVersion::Http2, _, Some(_)) => {
            return usage("--pipeline is for HTTP/1.1; HTTP/2 has -p, streams per connection");
        }
        (HttpVersion::Http3, _, Some(_)) => {
            return usage("--pipeline is for HTTP/1.1; HTTP/3 has -p, streams per connection");
        }
        (HttpVersion::Http2, parallel, None) => Protocol::Http2 { streams: parallel.unwrap_or(1) },
        (HttpVersion::Http3, parallel, None) => Protocol::Http3 { streams: parallel.unwrap_or(1) },
        (HttpVersion::Http10 | HttpVersion::Http11, Some(_), _) => {
            return usage(
                "-p is for HTTP/2 and HTTP/3: add --http2 or --http3, or use --pipeline for HTTP/1.1",
            );
        }
        (HttpVersion::Http10 | HttpVersion::Http11, None, pipeline) => {
            Protocol::Http1 { pipeline: pipeline.unwrap_or(1) }
        }
    };
    let each = protocol.users_per_connection();
    if each > MOST {
        return usage("one connection carries at most 1000 requests at once");
    }
    // Stages of users say themselves how many there are.
    let connections = match (flags.connections, &flags.vu_stages) {
        (None, None) if each > 1 => Some(defaults::CONNECTIONS),
        (connections, _) => connections,
    };
    Ok((protocol, connections.map(|connections| connections.saturating_mul(each))))
}

/// What connections that speak `protocol` cannot be at once.
pub(super) fn check(connection: &Connection, protocol: Protocol) -> Result<(), &'static str> {
    let is_shared = protocol != Protocol::USUAL;
    if is_shared && connection.reuse == ConnectionReuse::Off {
        return Err(
            "a connection for each request carries one at a time: keep it alive, or leave \
                    out HTTP/2, HTTP/3 and pipelining",
        );
    }
    match protocol {
        Protocol::Http3 { .. } => check_http3(connection),
        Protocol::Http1 { .. } | Protocol::Http2 { .. } => Ok(()),
    }
}

/// QUIC goes over UDP, and has TLS 1.3 built in.
fn check_http3(connection: &Connection) -> Result<(), &'static str> {
    if !connection.tls_options.versions.allow(TlsVersion::V1_3) {
        return Err(
            "HTTP/3 is TLS 1.3 or nothing: allow it (--tls-max, `connection.tls.max`), or \
                    leave out HTTP/3",
        );
    }
    if connection.route.proxy.is_some() {
        return Err(
            "HTTP/3 goes over UDP, and the proxies that there are carry TCP: leave out the \
                    proxy, or HTTP/3",
        );
    }
    if connection.route.unix_socket.is_some() {
        return Err(
            "HTTP/3 goes over UDP, and a unix socket is no way for it: leave out one of the \
                    two",
        );
    }
    Ok(())
}

/// Why a request to `origin` cannot be sent, if so.
pub(super) fn unfit_origin(protocol: Protocol, origin: &Origin) -> Option<&'static str> {
    let is_http3 = match protocol {
        Protocol::Http3 { .. } => true,
        Protocol::Http1 { .. } | Protocol::Http2 { .. } => false,
    };
    (is_http3 && origin.scheme == Scheme::Http)
        .then_some("HTTP/3 exists with TLS only: write https:// instead of http://")
}

/// The version under `http`, of connections or of one request.
pub(super) fn version(fields: &Fields<'_>, reader: &mut Reader) -> Option<HttpVersion> {
    fields.get("http").and_then(|node| reader.parsed(node, "1.1, 2 or 3", sent_version))
}

fn sent_version(text: &str) -> Result<HttpVersion, String> {
    HttpVersion::parse(text)
        .filter(|version| *version != HttpVersion::Http10)
        .ok_or_else(|| format!("`{text}` is not a version of HTTP that is sent; write 1.1, 2 or 3"))
}
