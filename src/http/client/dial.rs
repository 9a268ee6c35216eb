//! From an origin to a connection: DNS, TCP, proxy, TLS.

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::connection::Stream;
use super::record::Record;
use super::socket::Socket;
use crate::http::fault;
use crate::http::route::Endpoint;
use crate::http::route::Via;
use crate::http::route::Way;
use crate::http::tls;
use crate::http::tls::TlsSetup;
use crate::http::tunnel::Tunnel;
use crate::http::tunnel::TunnelTo;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Origin;
use crate::model::OutOfScope;
use crate::model::PhaseKind;
use crate::model::Proxy;
use crate::model::Route;
use crate::model::Scheme;
use crate::model::Scope;

/// Makes connections.
#[derive(Debug)]
pub(super) struct Dialler {
    pub(super) scope: Arc<Scope>,
    pub(super) route: Route,
    pub(super) tls: TlsSetup,
    /// For the way to a proxy that is spoken to over TLS.
    pub(super) proxy_tls: Option<TlsSetup>,
    /// For one connection; `None` leaves it to the exchange's time.
    pub(super) limit: Option<Duration>,
    /// Connections so far: source addresses take turns.
    pub(super) made: AtomicUsize,
}

impl Dialler {
    /// Whether `origin` may be dialled at all; its address is judged once it is known.
    pub(super) fn judge(&self, origin: &Origin) -> Result<(), Failure> {
        if self.scope.origins().contains(origin) {
            return Ok(());
        }
        let reason = OutOfScope::Origin { origin: origin.clone() };
        Err(Failure::new(FailureClass::OutOfScope, reason.to_string()))
    }

    /// A new connection to `origin`; phases, peer and TLS go into `record`. `server_name` is the name in
    /// the TLS handshake where it is not the host.
    pub(super) async fn dial(
        &self,
        origin: &Origin,
        server_name: Option<&str>,
        record: &mut Record,
    ) -> Result<Connection, Failure> {
        self.dial_over(&self.tls, origin, server_name, record).await
    }

    /// The same with handshakes that are made in another way.
    pub(super) async fn dial_over(
        &self,
        tls: &TlsSetup,
        origin: &Origin,
        server_name: Option<&str>,
        record: &mut Record,
    ) -> Result<Connection, Failure> {
        let made = self.make(tls, origin, server_name, record);
        let Some(limit) = self.limit else { return made.await };
        let made = tokio::time::timeout(limit, made).await;
        made.unwrap_or_else(|_| Err(record.timed_out(limit)))
    }

    async fn make(
        &self,
        tls: &TlsSetup,
        origin: &Origin,
        server_name: Option<&str>,
        record: &mut Record,
    ) -> Result<Connection, Failure> {
        let (socket, endpoint) = self.reach(origin, record).await?;
        let peer = endpoint.address();
        match origin.scheme {
            Scheme::Http => Ok(Connection::new(Stream::Plain(socket), peer, None)),
            Scheme::Https => {
                record.enter(PhaseKind::Tls);
                let host = server_name.unwrap_or(&origin.host);
                let connection = handshake(tls, socket, &endpoint, host).await?;
                record.tls = connection.tls().cloned();
                Ok(connection)
            }
        }
    }

    /// A socket to `origin`, through whatever lies between, before any TLS with it.
    pub(super) async fn reach(
        &self,
        origin: &Origin,
        record: &mut Record,
    ) -> Result<(Socket, Endpoint), Failure> {
        record.enter(PhaseKind::Dns);
        let way = Way::find(origin, &self.route, &self.scope).await?;
        record.enter(PhaseKind::Connect);
        let (mut socket, endpoint) = self.connect(&way).await?;
        record.peer = endpoint.address();
        if let (Some(setup), Some(proxy)) = (&self.proxy_tls, way.via.proxy()) {
            socket = secured(socket, setup, proxy).await?;
        }
        if let Via::Tunnel(to) = &way.via {
            tunnel(&mut socket, to).await?;
        }
        Ok((socket, endpoint.clone()))
    }

    /// One address after the other: `localhost` may be `::1` first while the server is on
    /// 127.0.0.1. If none accepts, the first one's failure is told.
    async fn connect<'a>(&self, way: &'a Way) -> Result<(Socket, &'a Endpoint), Failure> {
        let turn = self.made.fetch_add(1, Ordering::Relaxed);
        let mut first = None;
        for endpoint in &way.endpoints {
            match connect_to(endpoint, way.source(endpoint, turn)).await {
                Ok(socket) => return Ok((socket, endpoint)),
                Err(error) => {
                    let class = fault::connect_class(&error);
                    first.get_or_insert(fault::failure(class, &way.connecting(endpoint), &error));
                }
            }
        }
        Err(first.expect("a way has at least one end"))
    }
}

async fn handshake(
    tls: &TlsSetup,
    socket: Socket,
    endpoint: &Endpoint,
    host: &str,
) -> Result<Connection, Failure> {
    let name = tls.server_name(host)?;
    let connector = TlsConnector::from(Arc::clone(tls.config()));
    let stream = connector.connect(name.clone(), socket).await.map_err(|error| {
        fault::handshake(&format!("TLS handshake with {host} ({endpoint})"), &error)
    })?;
    let info = tls.info(stream.get_ref().1, &name);
    Ok(Connection::new(Stream::Tls(Box::new(stream)), endpoint.address(), Some(info)))
}

/// The way to the proxy, over TLS from here on.
async fn secured(socket: Socket, setup: &TlsSetup, proxy: &Proxy) -> Result<Socket, Failure> {
    let failed = |error: &io::Error| {
        if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return tls::proxy_failure(proxy, error);
        }
        let what = format!("TLS handshake with the proxy {proxy}");
        fault::failure(fault::stream_class(error), &what, error)
    };
    let name = setup.server_name(&proxy.host)?;
    let connector = TlsConnector::from(Arc::clone(setup.config()));
    let stream = connector.connect(name, socket).await.map_err(|error| failed(&error))?;
    Ok(Socket::Proxy(Box::new(stream)))
}

async fn connect_to(endpoint: &Endpoint, from: Option<IpAddr>) -> io::Result<Socket> {
    match endpoint {
        Endpoint::Tcp(address) => {
            let tcp = connect_tcp(*address, from).await?;
            // Small requests must not wait for acknowledgements; where it fails, they do.
            let _ = tcp.set_nodelay(true);
            Ok(Socket::Tcp(tcp))
        }
        Endpoint::Udp(_) => Err(io::ErrorKind::Unsupported.into()),
        #[cfg(unix)]
        Endpoint::Unix(path) => tokio::net::UnixStream::connect(path).await.map(Socket::Unix),
        #[cfg(not(unix))]
        Endpoint::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

async fn connect_tcp(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(from) = from else { return TcpStream::connect(to).await };
    let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(to).await
}

/// Talks to the proxy until it has connected us.
async fn tunnel(socket: &mut Socket, to: &TunnelTo) -> Result<(), Failure> {
    let mut tunnel = Tunnel::new(to);
    let broken = |error: &io::Error| {
        let what = format!("asking the proxy {} for a connection", to.proxy());
        fault::failure(fault::stream_class(error), &what, error)
    };
    let mut buffer = [0; 512];
    loop {
        let out = tunnel.outgoing();
        socket.write_all(out).await.map_err(|error| broken(&error))?;
        socket.flush().await.map_err(|error| broken(&error))?;
        let sent = out.len();
        tunnel.sent(sent);
        match socket.read(&mut buffer).await {
            Ok(0) => return Err(tunnel.closed()),
            Ok(count) if tunnel.take(&buffer[..count])? => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(broken(&error)),
        }
    }
}
