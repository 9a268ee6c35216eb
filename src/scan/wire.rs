//! The seam between the engine and the network.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::http::Client;
use crate::http::SendOptions;
use crate::http::tls::own::Offer;
use crate::http::tls::own::Reply;
use crate::model::CertificateReport;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::InScope;
use crate::model::Origin;
use crate::model::Timings;

/// A future that can be moved between threads.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Exchange> + Send + 'a>>;

/// The same for several exchanges.
pub type SendingAll<'a> = Pin<Box<dyn Future<Output = Vec<Exchange>> + Send + 'a>>;

/// Time that passes.
pub type Waiting<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Sends one admitted request. The HTTP client is one, a site in memory is the other, so that crawl
/// and checks are tested without sockets.
pub trait Wire: Send + Sync {
    /// One exchange; redirects are not followed, failures stand in the outcome. Dropping the future
    /// cancels the exchange.
    fn send(&self, request: InScope) -> Sending<'_>;

    /// The same, with what is different for this exchange; by default nothing is.
    fn send_with(&self, request: InScope, _options: SendOptions) -> Sending<'_> {
        self.send(request)
    }

    /// Exchanges whose requests end at one instant, in the order of the requests; by default they
    /// follow each other.
    fn send_together(&self, requests: Vec<InScope>) -> SendingAll<'_> {
        Box::pin(async move {
            let mut exchanges = Vec::with_capacity(requests.len());
            for request in requests {
                exchanges.push(self.send(request).await);
            }
            exchanges
        })
    }

    /// Lets so much time pass. A site in memory may have a time of its own, for which nobody waits.
    fn pause(&self, how_long: Duration) -> Waiting<'_> {
        Box::pin(tokio::time::sleep(how_long))
    }

    /// The time by which [`Self::pause`] goes; `None` is the run's clock.
    fn time(&self) -> Option<Duration> {
        None
    }

    /// What an origin answers to an offer of TLS. By default there is nobody who answers.
    fn offer<'a>(&'a self, _origin: &'a Origin, _offer: &'a Offer) -> Shaking<'a, Reply> {
        no_handshakes()
    }

    /// Whom an origin shows itself as; `None` where it shows nothing. By default as [`Self::offer`].
    fn certificate<'a>(&'a self, _origin: &'a Origin) -> Shaking<'a, Option<CertificateReport>> {
        no_handshakes()
    }

    /// The same for an answer that may never end: `most` later it is what has come until then, cut
    /// and marked, or a `WaitTimeout`.
    fn send_within(&self, request: InScope, most: Duration) -> Sending<'_> {
        let asked = request.request().clone();
        Box::pin(async move {
            let sent = tokio::time::timeout(most, self.send(request)).await;
            sent.unwrap_or_else(|_elapsed| {
                let text = format!("no response within {} s", most.as_secs_f64());
                Exchange {
                    request: asked,
                    outcome: Err(Failure::new(FailureClass::WaitTimeout, text)),
                    timings: Timings { wait: most, ..Timings::default() },
                    peer: None,
                    tls: None,
                }
            })
        })
    }
}

/// What comes of a handshake that is made for its own sake.
pub type Shaking<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

fn no_handshakes<'a, T: Send + 'a>() -> Shaking<'a, T> {
    let failure = Failure::new(FailureClass::Connect, "there are no handshakes here");
    Box::pin(std::future::ready(Err(failure)))
}

impl Wire for Client {
    fn send(&self, request: InScope) -> Sending<'_> {
        Box::pin(Self::send(self, request))
    }

    fn send_with(&self, request: InScope, options: SendOptions) -> Sending<'_> {
        Box::pin(async move { Self::send_with(self, request, &options).await })
    }

    fn send_within(&self, request: InScope, most: Duration) -> Sending<'_> {
        Box::pin(Self::send_within(self, request, most))
    }

    fn send_together(&self, requests: Vec<InScope>) -> SendingAll<'_> {
        Box::pin(Self::send_together(self, requests))
    }

    fn offer<'a>(&'a self, origin: &'a Origin, offer: &'a Offer) -> Shaking<'a, Reply> {
        Box::pin(Self::offer(self, origin, offer))
    }

    fn certificate<'a>(&'a self, origin: &'a Origin) -> Shaking<'a, Option<CertificateReport>> {
        Box::pin(Self::certificate(self, origin))
    }
}
