//! Which of the two ways requests go.

use tokio::sync::Semaphore;

use super::flight::Flight;
use super::last_bytes;
use super::one_packet;
use crate::http::client::connection::Connection;
use crate::http::client::driver::Client;
use crate::http::client::driver::Inner;
use crate::http::tls::HTTP_1_1;
use crate::http::tls::HTTP_2;
use crate::model::Exchange;
use crate::model::HttpVersion;
use crate::model::InScope;
use crate::model::Origin;
use crate::model::Scheme;

impl Client {
    /// Sends requests so that all of them end at one instant, and reads their responses; what came of
    /// each stands in the same order. Their number is the caller's to bound. The cap on the rate counts
    /// each, before any is released; connections are as many as requests (one, over HTTP/2), whatever
    /// [`ClientOptions::max_connections`](super::super::ClientOptions::max_connections) says.
    ///
    /// Opening all connections, and reading all responses, may each take as long as an exchange.
    ///
    /// Cancel safe: dropping the future closes its connections; the requests may have been sent.
    pub async fn send_together(&self, requests: Vec<InScope>) -> Vec<Exchange> {
        let inner = &self.inner;
        let most = inner.options.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        let permits = u32::try_from(requests.len().clamp(1, most)).unwrap_or(u32::MAX);
        let permits = inner.permits.acquire_many(permits).await;
        let _permits = permits.expect("the semaphore is never closed");
        for _ in &requests {
            inner.pacer.acquire().await;
        }
        let requests = requests.into_iter().map(InScope::into_request);
        let mut flights: Vec<_> = requests.map(|request| Flight::new(inner, request)).collect();
        inner.release(&mut flights).await;
        flights.into_iter().map(|flight| flight.into_exchange(inner)).collect()
    }
}

impl Inner {
    async fn release(&self, flights: &mut [Flight]) {
        let Some(origin) = self.shared_origin(flights) else {
            return last_bytes::release(self, None, flights).await;
        };
        let opened = self.open_shared(&origin, flights).await;
        let opened = match opened {
            Some(connection) if origin.scheme == Scheme::Http || connection.speaks_http2() => {
                if one_packet::release(self, connection, flights).await.is_ok() {
                    return;
                }
                None
            }
            // HTTP/1.1 was agreed on: it is the first of many. Why there is none, each finds out.
            opened => opened,
        };
        last_bytes::release(self, opened, flights).await;
    }

    /// Where all of them go, if one connection could carry them.
    fn shared_origin(&self, flights: &[Flight]) -> Option<Origin> {
        let (first, others) = flights.split_first()?;
        let origin = &first.request.origin;
        let is_one = others.iter().all(|other| other.request.origin == *origin);
        let may_share = match origin.scheme {
            Scheme::Https => true,
            Scheme::Http => {
                self.options.known == HttpVersion::Http2 && self.options.route.proxy.is_none()
            }
        };
        (is_one && may_share && !others.is_empty()).then(|| origin.clone())
    }

    async fn open_shared(&self, origin: &Origin, flights: &mut [Flight]) -> Option<Connection> {
        let record = &mut flights.first_mut()?.record;
        let tls = self.dialler.tls.offering(&[HTTP_2, HTTP_1_1]);
        let dialled = self.dialler.dial_over(&tls, origin, None, record);
        tokio::time::timeout(self.options.timeout, dialled).await.ok()?.ok()
    }
}
