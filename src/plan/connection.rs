//! How connections are made: the plan's `connection` block, and the flags that go before it.

use std::path::PathBuf;
use std::time::Duration;

use super::file::Overrides;
use super::flags::FlagError;
use super::protocol;
use super::reader::{Fields, Keys, Reader};
use super::types::Connection;
use crate::model::ClientIdentity;
use crate::model::ConnectTo;
use crate::model::ConnectionReuse;
use crate::model::Family;
use crate::model::Header;
use crate::model::Proxy;
use crate::model::Resolve;
use crate::model::Route;
use crate::model::SessionReuse;
use crate::model::TlsOptions;
use crate::model::TlsVersion;
use crate::model::TlsVersions;
use crate::model::parse_sources;

pub(super) const CONNECTION: Keys = Keys {
    of: "connection",
    known: &[
        "connect_timeout",
        "tls",
        "connect_to",
        "resolve",
        "ip",
        "unix_socket",
        "local_addresses",
        "proxy",
        "keepalive",
        "http",
        "streams",
        "pipeline",
    ],
    later: &[],
};
pub(super) const TLS: Keys = Keys {
    of: "connection.tls",
    known: &["cert", "key", "sni", "min", "max", "session_reuse"],
    later: &[],
};

/// What the command line says about connections; each part goes before the plan's.
#[derive(Debug, Clone, Default)]
pub struct ConnectionFlags {
    /// `--cert`.
    pub cert: Option<PathBuf>,
    /// `--key`; without it the key is in the certificate's file.
    pub key: Option<PathBuf>,
    /// `--sni`.
    pub sni: Option<String>,
    /// `--tls-min`.
    pub tls_min: Option<TlsVersion>,
    /// `--tls-max`.
    pub tls_max: Option<TlsVersion>,
    /// `--no-session-reuse`.
    pub sessions: SessionReuse,
    /// `--connect-to`, `--resolve`, `--ipv4`, `--ipv6`, `--unix-socket`, `--local-address`, `-x`.
    pub route: Route,
    /// `--disable-keepalive`.
    pub reuse: ConnectionReuse,
    /// `--connect-timeout`.
    pub connect_timeout: Option<Duration>,
}

/// Lets flags go before what `connection` says.
///
/// # Errors
/// Flags that exclude each other, or something of the plan.
pub fn apply_flags(flags: &ConnectionFlags, connection: &mut Connection) -> Result<(), FlagError> {
    let tls = &mut connection.tls_options;
    if let Some(cert) = &flags.cert {
        let key = flags.key.as_ref().unwrap_or(cert).clone();
        tls.identity = Some(ClientIdentity { certificate: cert.clone(), key });
    } else if flags.key.is_some() {
        return Err(FlagError::Usage(
            "--key needs the certificate it belongs to: --cert".to_owned(),
        ));
    }
    if flags.sni.is_some() {
        tls.server_name.clone_from(&flags.sni);
    }
    if flags.tls_min.is_some() || flags.tls_max.is_some() {
        tls.versions =
            TlsVersions::between(flags.tls_min, flags.tls_max).map_err(FlagError::Usage)?;
    }
    if flags.sessions == SessionReuse::Off {
        tls.sessions = SessionReuse::Off;
    }
    connection.route.put_before(&flags.route);
    connection.route.check().map_err(FlagError::Usage)?;
    if let Some(limit) = flags.connect_timeout {
        if limit.is_zero() {
            let told = "the connect timeout must be longer than 0".to_owned();
            return Err(FlagError::Usage(told));
        }
        connection.connect_timeout = Some(limit);
    }
    if flags.reuse == ConnectionReuse::Off {
        close_after_each(connection);
    }
    protocol::check(connection, connection.protocol)
        .map_err(|text| FlagError::Usage(text.to_owned()))?;
    Ok(())
}

/// Says so in each request too: then the server closes first, and its side keeps the port busy.
fn close_after_each(connection: &mut Connection) {
    connection.reuse = ConnectionReuse::Off;
    if !connection.headers.iter().any(|header| header.is("connection")) {
        connection.headers.push(Header::new("Connection", "close"));
    }
}

/// Reads the plan's `connection` block into `connection`.
pub(super) fn connection(
    plan: &Fields<'_>,
    overrides: &Overrides,
    connection: &mut Connection,
    reader: &mut Reader,
) {
    let Some(entry) = plan.entry("connection") else { return };
    let Some(fields) = reader.fields(&entry.node, &entry.key_at, &CONNECTION) else { return };
    connection.protocol = protocol::protocol(&fields, reader);
    connection.tls_options = tls(&fields, reader);
    connection.route = route(&fields, overrides, reader);
    connection.connect_timeout =
        fields.get("connect_timeout").and_then(|node| reader.positive_duration(node));
    if let Err(conflict) = connection.route.check() {
        reader.problem(&entry.key_at, conflict);
    }
    if fields.get("keepalive").and_then(|node| reader.boolean(node)) == Some(false) {
        close_after_each(connection);
    }
    if let Err(conflict) = protocol::check(connection, connection.protocol) {
        reader.problem(&entry.key_at, conflict);
    }
}

fn tls(connection: &Fields<'_>, reader: &mut Reader) -> TlsOptions {
    let Some(entry) = connection.entry("tls") else { return TlsOptions::default() };
    let Some(fields) = reader.fields(&entry.node, &entry.key_at, &TLS) else {
        return TlsOptions::default();
    };
    let certificate = file(&fields, "cert", reader);
    let key = file(&fields, "key", reader);
    if let (None, Some(key)) = (fields.get("cert"), fields.entry("key")) {
        reader.problem(&key.key_at, "`key` needs the certificate it belongs to: `cert`");
    }
    let mut version =
        |key| fields.get(key).and_then(|node| reader.parsed(node, "1.2 or 1.3", TlsVersion::parse));
    let (min, max) = (version("min"), version("max"));
    let versions = TlsVersions::between(min, max).unwrap_or_else(|conflict| {
        reader.problem(&entry.key_at, conflict);
        TlsVersions::Any
    });
    let reuses = fields.get("session_reuse").and_then(|node| reader.boolean(node));
    TlsOptions {
        identity: certificate.map(|certificate| ClientIdentity {
            key: key.unwrap_or_else(|| certificate.clone()),
            certificate,
        }),
        server_name: fields.get("sni").and_then(|node| {
            reader.parsed(node, "a host name", |text| {
                let fine = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
                if fine { Ok(text.to_owned()) } else { Err(format!("`{text}` is not a host name")) }
            })
        }),
        versions,
        sessions: if reuses == Some(false) { SessionReuse::Off } else { SessionReuse::On },
    }
}

fn route(connection: &Fields<'_>, overrides: &Overrides, reader: &mut Reader) -> Route {
    let sources = each(connection, "local_addresses", "addresses", reader, parse_sources);
    let socket = connection.get("unix_socket").and_then(|node| reader.text(node, "a path"));
    Route {
        connect_to: each(connection, "connect_to", "rules", reader, ConnectTo::parse),
        resolve: each(connection, "resolve", "rules", reader, Resolve::parse),
        family: connection
            .get("ip")
            .and_then(|node| {
                reader.parsed(node, "4 or 6", |text| match text {
                    "4" => Ok(Family::V4),
                    "6" => Ok(Family::V6),
                    _ => Err(format!("expected 4 or 6; found `{text}`")),
                })
            })
            .unwrap_or_default(),
        unix_socket: socket.map(|path| overrides.directory.join(path)),
        sources: sources.into_iter().flatten().collect(),
        proxy: connection.get("proxy").and_then(|node| reader.parsed(node, "a URL", Proxy::parse)),
    }
}

/// What `parse` makes of each text of a list; what it refuses is reported at its place.
fn each<T>(
    fields: &Fields<'_>,
    key: &str,
    of: &str,
    reader: &mut Reader,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let mut found = Vec::new();
    for (text, at) in reader.texts(node, of) {
        match parse(text) {
            Ok(value) => found.push(value),
            Err(message) => reader.problem(at, message),
        }
    }
    found
}

/// A file of the plan, relative to its directory.
fn file(fields: &Fields<'_>, key: &str, reader: &mut Reader) -> Option<PathBuf> {
    let node = fields.get(key)?;
    let name = reader.text(node, "a PEM file")?;
    let path = reader.beside(&node.at, name);
    if !path.is_file() {
        reader.problem(&node.at, format!("`{}` is not a file", path.display()));
        return None;
    }
    Some(path)
}
