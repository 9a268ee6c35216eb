//! The client: queue, connection, exchange, and every failure as data.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::connection::Broken;
use super::connection::Connection;
use super::connection::Reading;
use super::dial::Dialler;
use super::options::ClientOptions;
use super::options::ContentDecoding;
use super::options::SendOptions;
use super::pool::Pool;
use super::record::Record;
use crate::http::clock::Clock;
use crate::http::content;
use crate::http::h1;
use crate::http::h1::RequestKind;
use crate::http::h3;
use crate::http::h3::QuicSetup;
use crate::http::pacer::Pacer;
use crate::http::route;
use crate::http::route::Way;
use crate::http::tls::HTTP_1_1;
use crate::http::tls::TlsError;
use crate::http::tls::TlsSetup;
use crate::model::ConnectionReuse;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::InScope;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Response;
use crate::model::Scope;
use crate::model::TlsInfo;

/// Sends requests one exchange at a time, bytes as they are, keeping connections alive. Clones
/// share connections and caps.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) dialler: Dialler,
    pub(super) options: ClientOptions,
    /// With what is ours added.
    headers: Vec<Header>,
    pub(super) pacer: Pacer,
    pub(super) clock: Clock,
    pool: Pool,
    pub(super) permits: Semaphore,
}

impl Client {
    /// A client that dials only what `scope` admits, at `pacer`'s rate.
    ///
    /// # Errors
    /// [`TlsError`] for certificates or keys that cannot be used.
    pub fn new(
        scope: Arc<Scope>,
        options: ClientOptions,
        pacer: Pacer,
        clock: Clock,
    ) -> Result<Self, TlsError> {
        let tls = TlsSetup::new(options.trust, &options.ca_files, &options.tls, &[HTTP_1_1])?;
        let proxy = options.route.proxy.as_ref();
        let proxy_tls = TlsSetup::for_proxy(proxy, &options.ca_files, &options.tls)?;
        let max_connections = options.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        let inner = Inner {
            dialler: Dialler {
                limit: options.connect_timeout,
                scope,
                route: options.route.clone(),
                tls,
                proxy_tls,
                made: AtomicUsize::new(0),
            },
            headers: options.standing_headers(),
            pacer,
            clock,
            pool: Pool::new(clock, max_connections, options.idle_timeout),
            permits: Semaphore::new(max_connections),
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Sends one request and reads its response; redirects are the caller's. Whatever goes wrong is
    /// in the exchange's outcome:
    ///
    /// * `Dns`, `OutOfScope` (no address is admitted), `ConnectRefused`, `ConnectTimeout`,
    ///   `Connect`, `Proxy`, `Certificate`, `Tls`, `TlsTimeout`: there was no connection;
    /// * `Closed`, `Reset`: the connection ended before the response did;
    /// * `SendTimeout`, `WaitTimeout`, `ReceiveTimeout`: [`ClientOptions::timeout`] passed then;
    /// * `Protocol`, `TooLarge`: see [`h1::ProtocolError`]; `Protocol` also for a request whose
    ///   headers would break lines ([`h1::EncodeError`]), which is not sent.
    ///
    /// A body longer than [`ClientOptions::max_body`] is cut and marked, not a failure. A request
    /// with an idempotent method is sent once more when a kept connection turns out to be closed
    /// before the first byte of an answer; others never go over a kept connection, because they
    /// must not be sent twice (RFC 9112 §9.3.1).
    ///
    /// Cancel safe: dropping the future closes its connection; the request may have been sent.
    pub async fn send(&self, request: InScope) -> Exchange {
        self.send_with(request, &SendOptions::default()).await
    }

    /// The same for a response that may never end, as a stream of events does: `most` after the
    /// request was sent, what has come of it is the response, cut and marked like one that is too
    /// long. `WaitTimeout` where nothing has.
    ///
    /// Cancel safe as [`Client::send`].
    pub async fn send_within(&self, request: InScope, most: Duration) -> Exchange {
        let options = SendOptions { max_time: Some(most), ..SendOptions::default() };
        self.send_with(request, &options).await
    }

    /// The same, with what is different for this exchange.
    ///
    /// Cancel safe as [`Client::send`].
    pub async fn send_with(&self, request: InScope, options: &SendOptions) -> Exchange {
        let request = request.into_request();
        let mut record = Record::start(self.inner.clock);
        let outcome = self.inner.send(&request, options, &mut record).await;
        record.finish();
        let Record { timings, peer, tls, .. } = record;
        Exchange { request, outcome, timings, peer, tls }
    }

    /// Resolves, connects and shakes hands, sends nothing and closes: can the target be reached?
    ///
    /// Cancel safe: dropping the future closes its connection.
    ///
    /// # Errors
    /// A [`Failure`] as of [`Client::send`].
    pub async fn preflight(
        &self,
        origin: &Origin,
    ) -> Result<(Option<SocketAddr>, Option<TlsInfo>), Failure> {
        let inner = &self.inner;
        inner.dialler.judge(origin)?;
        let mut record = Record::start(inner.clock);
        let dialled = inner.dialler.dial(origin, None, &mut record);
        match tokio::time::timeout(inner.options.timeout, dialled).await {
            Ok(dialled) => dialled.map(|connection| (connection.peer(), connection.tls().cloned())),
            Err(_) => Err(record.timed_out(inner.options.timeout)),
        }
    }

    /// The same over QUIC, which this client does not speak otherwise: for a load that does.
    ///
    /// Cancel safe: the handshake ends by itself on its own thread.
    ///
    /// # Errors
    /// As [`Client::preflight`].
    pub async fn preflight_quic(&self, origin: &Origin) -> Result<(), Failure> {
        let inner = &self.inner;
        let dialler = &inner.dialler;
        dialler.judge(origin)?;
        let way = Way::find(origin, &dialler.route, &dialler.scope).await?.over_udp();
        let setup = QuicSetup::new(&dialler.tls, &dialler.tls.server_name(&origin.host)?);
        let limit = dialler.limit.unwrap_or(inner.options.timeout);
        let clock = inner.clock;
        let reached = tokio::task::spawn_blocking(move || h3::reach(&setup, &way, clock, limit));
        reached
            .await
            .unwrap_or_else(|panic| Err(Failure::new(FailureClass::Cancelled, panic.to_string())))
    }
}

impl Inner {
    async fn send(
        &self,
        request: &Request,
        options: &SendOptions,
        record: &mut Record,
    ) -> Result<Response, Failure> {
        let bytes = match &options.bytes {
            Some(bytes) => bytes.clone(),
            None => self.encoded(request)?,
        };
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        self.pacer.acquire().await;
        let exchanged = self.exchange(request, &bytes, options, record);
        let limit = options.timeout.unwrap_or(self.options.timeout);
        let outcome = tokio::time::timeout(limit, exchanged).await;
        let mut response = outcome.unwrap_or_else(|_| Err(record.timed_out(limit)))?;
        if self.options.decoding == ContentDecoding::GzipDeflate {
            content::decode(&mut response, self.max_body(options));
        }
        Ok(response)
    }

    /// A request as HTTP/1.1 has it.
    pub(super) fn encoded(&self, request: &Request) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        h1::encode(request, &self.headers, &mut bytes)
            .map_err(|error| Failure::new(FailureClass::Protocol, error.to_string()))?;
        route::dress(&self.options.route, request, &mut bytes);
        Ok(bytes)
    }

    fn max_body(&self, options: &SendOptions) -> usize {
        options.max_body.unwrap_or(self.options.max_body)
    }

    async fn exchange(
        &self,
        request: &Request,
        bytes: &[u8],
        options: &SendOptions,
        record: &mut Record,
    ) -> Result<Response, Failure> {
        let is_apart = is_apart(request, options);
        if !is_apart
            && request.method.is_idempotent()
            && let Some(kept) = self.pool.take(&request.origin).await
        {
            record.peer = kept.peer();
            record.tls = kept.tls().cloned();
            match self.exchange_on(kept, request, bytes, options, record).await {
                Err(broken) if broken.is_stale_connection() => {
                    record.start_over();
                    // The cap counts what is sent, not what was meant.
                    self.pacer.acquire().await;
                }
                outcome => return outcome.map_err(|broken| broken.failure),
            }
        }
        let new =
            self.dialler.dial(&request.origin, options.server_name.as_deref(), record).await?;
        self.exchange_on(new, request, bytes, options, record)
            .await
            .map_err(|broken| broken.failure)
    }

    async fn exchange_on(
        &self,
        mut connection: Connection,
        request: &Request,
        bytes: &[u8],
        options: &SendOptions,
        record: &mut Record,
    ) -> Result<Response, Broken> {
        let kind = RequestKind::of(&request.method);
        let reading = Reading { max_body: self.max_body(options), max_time: options.max_time };
        let response = connection.exchange(bytes, kind, reading, record).await?;
        let is_apart = is_apart(request, options);
        if !is_apart && connection.can_reuse() && self.options.reuse == ConnectionReuse::On {
            self.pool.put(&request.origin, connection);
        }
        Ok(response)
    }
}

/// Whether an exchange has a connection of its own: it says so itself, or it is not like others.
fn is_apart(request: &Request, options: &SendOptions) -> bool {
    let is_last = request
        .header("connection")
        .is_some_and(|header| header.text().eq_ignore_ascii_case("close"));
    is_last || options.bytes.is_some() || options.server_name.is_some()
}

impl Broken {
    fn is_stale_connection(&self) -> bool {
        !self.has_started
            && matches!(self.failure.class, FailureClass::Closed | FailureClass::Reset)
    }
}
