//! Flags about how connections are made: for every command that sends.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;

use super::args::duration;
use crate::model::ConnectTo;
use crate::model::ConnectionReuse;
use crate::model::Family;
use crate::model::Proxy;
use crate::model::Resolve;
use crate::model::Route;
use crate::model::SessionReuse;
use crate::model::TlsVersion;
use crate::model::parse_sources;
use crate::plan::ConnectionFlags;

/// Who we say that we are, where connections go, and how they are secured.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct ConnectArgs {
    /// Basic authentication.
    #[arg(short = 'a', long = "basic-auth", value_name = "USER:PASSWORD")]
    basic_auth: Option<String>,
    /// The Accept header.
    #[arg(short = 'A', long, value_name = "TYPE")]
    accept: Option<String>,
    /// The Content-Type header.
    #[arg(short = 'T', long, value_name = "TYPE")]
    content_type: Option<String>,
    /// The Host header; connections still go where the URL says.
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Longest wait for a connection, proxy and TLS included (--timeout alone unless given).
    #[arg(long, value_name = "TIME", value_parser = duration)]
    connect_timeout: Option<Duration>,
    /// Client certificate (PEM), for servers that want one.
    #[arg(long, value_name = "FILE")]
    pub(super) cert: Option<PathBuf>,
    /// Its private key (PEM), unless it stands in the same file.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
    /// Name asked for in the TLS handshake, which the certificate must show, instead of the URL's.
    #[arg(long, value_name = "NAME")]
    pub(super) sni: Option<String>,
    /// Lowest version of TLS: 1.2 or 1.3.
    #[arg(long, value_name = "VERSION", value_parser = TlsVersion::parse)]
    tls_min: Option<TlsVersion>,
    /// Highest version of TLS: 1.2 or 1.3.
    #[arg(long, value_name = "VERSION", value_parser = TlsVersion::parse)]
    tls_max: Option<TlsVersion>,
    /// Make every TLS handshake a full one instead of resuming sessions.
    #[arg(long)]
    no_session_reuse: bool,
    /// Connect to the second host and port for what is meant for the first; each may be empty; may
    /// be repeated. The dialled address must be in scope.
    #[arg(long, value_name = "HOST:PORT:HOST2:PORT2", value_parser = ConnectTo::parse)]
    connect_to: Vec<ConnectTo>,
    /// Use these addresses for a host (`*` for all) and port; may be repeated.
    #[arg(long, value_name = "HOST:PORT:ADDRESS", value_parser = Resolve::parse)]
    resolve: Vec<Resolve>,
    /// IPv4 addresses only.
    #[arg(long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 addresses only.
    #[arg(long)]
    ipv6: bool,
    /// Connect to this Unix socket whatever the URL's host.
    #[arg(long, value_name = "PATH")]
    unix_socket: Option<PathBuf>,
    /// Addresses to connect from, in turn (127.0.0.2,127.0.0.9 or 127.0.0.2-127.0.0.50): each has
    /// its own tens of thousands of ports.
    #[arg(long, value_name = "ADDRESS,…", value_parser = sources)]
    local_address: Vec<Sources>,
    /// Send everything through this proxy: http://, https:// (TLS to the proxy, whose certificate must
    /// be trusted), socks5:// (we resolve names) or socks5h:// (it does). Proxies of the environment
    /// (`http_proxy`) are not looked at: a load test through a forgotten one would measure that.
    #[arg(short = 'x', long, value_name = "[SCHEME://][USER:PASSWORD@]HOST:PORT", value_parser = Proxy::parse)]
    pub(super) proxy: Option<Proxy>,
    /// One request per connection.
    #[arg(long)]
    disable_keepalive: bool,
}

/// clap takes a list that comes from one value for a list of values, unless it has a name.
#[derive(Debug, Clone)]
struct Sources(Vec<IpAddr>);

fn sources(text: &str) -> Result<Sources, String> {
    parse_sources(text).map(Sources)
}

impl ConnectArgs {
    /// What plan and URL alike take.
    pub(super) fn flags(&self) -> ConnectionFlags {
        ConnectionFlags {
            cert: self.cert.clone(),
            key: self.key.clone(),
            sni: self.sni.clone(),
            tls_min: self.tls_min,
            tls_max: self.tls_max,
            sessions: if self.no_session_reuse { SessionReuse::Off } else { SessionReuse::On },
            route: self.route(),
            connect_timeout: self.connect_timeout,
            reuse: if self.disable_keepalive { ConnectionReuse::Off } else { ConnectionReuse::On },
        }
    }

    fn route(&self) -> Route {
        Route {
            connect_to: self.connect_to.clone(),
            resolve: self.resolve.clone(),
            family: match (self.ipv4, self.ipv6) {
                (true, _) => Family::V4,
                (_, true) => Family::V6,
                (false, false) => Family::Any,
            },
            unix_socket: self.unix_socket.clone(),
            sources: self.local_address.iter().flat_map(|list| list.0.clone()).collect(),
            proxy: self.proxy.clone(),
        }
    }

    /// Header lines that have a flag of their own, before those of `-H`.
    pub(super) fn headers(&self) -> Vec<String> {
        let line = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{name}: {value}"))
        };
        let basic = self.basic_auth.as_ref();
        let basic = basic.map(|who| format!("Basic {}", STANDARD.encode(who)));
        [
            line("Host", &self.host),
            line("Authorization", &basic),
            line("Accept", &self.accept),
            line("Content-Type", &self.content_type),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
