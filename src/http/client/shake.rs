//! Handshakes for their own sake: what a server agrees to, and whom it shows itself as.

use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;

use super::driver::Client;
use super::driver::Inner;
use super::record::Record;
use super::socket::Socket;
use crate::http::tls::own::Offer;
use crate::http::tls::own::Reply;
use crate::http::tls::own::ReplyReader;
use crate::http::tls::own::Version;
use crate::http::tls::own::suites;
use crate::model::CertificateReport;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Origin;

/// For an answer to an offer; who says nothing has not agreed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes read at once.
const READ_SIZE: usize = 8 * 1024;

impl Client {
    /// Makes an offer of TLS over a connection of its own, reads what the server says to it, and closes. The
    /// name is the origin's, or the user's.
    ///
    /// Cancel safe: dropping the future closes its connection.
    ///
    /// # Errors
    /// A [`Failure`] as of [`Client::send`]: there was no connection.
    pub async fn offer(&self, origin: &Origin, offer: &Offer) -> Result<Reply, Failure> {
        let inner = &self.inner;
        inner.dialler.judge(origin)?;
        let server_name = match inner.dialler.tls.server_name(&origin.host)? {
            ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
            _ => None,
        };
        let offer = Offer { server_name, ..offer.clone() };
        let mut socket = self.plain(origin).await?;
        let mut reader = ReplyReader::new(&offer);
        // Who does not answer, or breaks off, has not agreed.
        let _elapsed = tokio::time::timeout(PATIENCE, talk(&mut socket, &offer, &mut reader)).await;
        Ok(reader.finish())
    }

    /// What the origin shows of itself, and what is wrong with it; `None` where it shows nothing. Of a server
    /// with which rustls has no version in common, what it shows in an older one.
    ///
    /// Cancel safe as [`Client::offer`].
    ///
    /// # Errors
    /// As [`Client::offer`].
    pub async fn certificate(&self, origin: &Origin) -> Result<Option<CertificateReport>, Failure> {
        let inner = &self.inner;
        inner.dialler.judge(origin)?;
        let _permit = inner.permits.acquire().await.expect("the semaphore is never closed");
        inner.pacer.acquire().await;
        let mut record = Record::start(inner.clock);
        let dialled = inner.dialler.dial(origin, None, &mut record);
        let dialled = inner.in_time(dialled).await;
        let chain = match dialled {
            Ok(connection) => connection.certificates(),
            Err(failure) if is_of_tls(failure.class) => {
                let random = [0x5a; 32];
                let offer = Offer {
                    version: Version::Tls12,
                    suites: suites(None),
                    random,
                    server_name: None,
                };
                match self.offer(origin, &offer).await? {
                    Reply::Agreed { certificates, .. } => certificates,
                    Reply::Refused(_) => return Err(failure),
                }
            }
            Err(failure) => return Err(failure),
        };
        let name = inner.dialler.tls.server_name(&origin.host)?;
        Ok(inner.dialler.tls.examine(&chain, &name, inner.clock.unix_seconds()))
    }

    async fn plain(&self, origin: &Origin) -> Result<Socket, Failure> {
        let inner = &self.inner;
        inner.pacer.acquire().await;
        let mut record = Record::start(inner.clock);
        inner.in_time(inner.dialler.reach(origin, &mut record)).await.map(|(socket, _)| socket)
    }
}

impl Inner {
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let limit = self.options.timeout;
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let text = format!("no connection within {} s", limit.as_secs_f64());
            Err(Failure::new(FailureClass::ConnectTimeout, text))
        })
    }
}

fn is_of_tls(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Tls | FailureClass::Certificate | FailureClass::Closed | FailureClass::Reset
    )
}

async fn talk(socket: &mut Socket, offer: &Offer, reader: &mut ReplyReader) -> std::io::Result<()> {
    socket.write_all(&offer.to_bytes()).await?;
    socket.flush().await?;
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let count = socket.read(&mut buffer).await?;
        if count == 0 || reader.feed(&buffer[..count]) {
            return Ok(());
        }
    }
}
