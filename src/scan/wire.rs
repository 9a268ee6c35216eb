//! The seam between the engine and the network.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::http::Client;
use crate::http::SendOptions;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::InScope;
use crate::model::Timings;

/// A future that can be moved between threads.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Exchange> + Send + 'a>>;

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
}
