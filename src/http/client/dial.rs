//! From an origin to a connection: DNS, TCP, TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::connection::Stream;
use super::record::Record;
use crate::http::dns;
use crate::http::fault;
use crate::http::tls;
use crate::http::tls::TlsSetup;
use crate::model::Failure;
use crate::model::Origin;
use crate::model::PhaseKind;
use crate::model::Scheme;
use crate::model::Scope;

/// A new connection to `origin`; phases, peer and TLS go into `record`.
pub(super) async fn dial(
    origin: &Origin,
    scope: &Scope,
    tls: &TlsSetup,
    record: &mut Record,
) -> Result<Connection, Failure> {
    record.enter(PhaseKind::Dns);
    let addresses = dns::resolve(&origin.host, origin.port, scope).await?;
    record.enter(PhaseKind::Connect);
    let (tcp, peer) = connect(&addresses).await?;
    record.peer = Some(peer);
    match origin.scheme {
        Scheme::Http => Ok(Connection::new(Stream::Plain(tcp), peer, None)),
        Scheme::Https => {
            record.enter(PhaseKind::Tls);
            let connection = handshake(tcp, peer, &origin.host, tls).await?;
            record.tls = connection.tls().cloned();
            Ok(connection)
        }
    }
}

/// One address after the other: `localhost` may be `::1` first while the server is on 127.0.0.1.
/// If none accepts, the first one's failure is told.
async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Failure> {
    let mut first = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                // Small requests must not wait for acknowledgements; where it fails, they do.
                let _ = tcp.set_nodelay(true);
                return Ok((tcp, *address));
            }
            Err(error) => {
                let what = format!("connecting to {address}");
                let class = fault::connect_class(&error);
                first.get_or_insert(fault::failure(class, &what, &error));
            }
        }
    }
    Err(first.expect("resolving gives at least one address"))
}

async fn handshake(
    tcp: TcpStream,
    peer: SocketAddr,
    host: &str,
    tls: &TlsSetup,
) -> Result<Connection, Failure> {
    let name = tls::server_name(host)?;
    let connector = TlsConnector::from(Arc::clone(tls.config()));
    let stream = connector.connect(name.clone(), tcp).await.map_err(|error| {
        let what = format!("TLS handshake with {host} ({peer})");
        fault::failure(fault::stream_class(&error), &what, &error)
    })?;
    let info = tls.info(stream.get_ref().1, &name);
    Ok(Connection::new(Stream::Tls(Box::new(stream)), peer, Some(info)))
}
