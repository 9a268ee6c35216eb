//! One of several requests on their way.

use std::time::Duration;

use crate::http::client::driver::Inner;
use crate::http::client::options::ContentDecoding;
use crate::http::client::record::Record;
use crate::http::content;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::Request;
use crate::model::Response;

/// How long beginnings have to arrive.
pub(super) const SETTLE: Duration = Duration::from_millis(100);

/// A request, and what has come of it.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) request: Request,
    /// As HTTP/1.1 has it; never empty while it is open.
    pub(super) bytes: Vec<u8>,
    pub(super) record: Record,
    outcome: Option<Result<Response, Failure>>,
}

impl Flight {
    /// A request that is not sent yet; one that cannot be is over already.
    pub(super) fn new(inner: &Inner, request: Request) -> Self {
        let (bytes, outcome) = match inner.encoded(&request) {
            Ok(bytes) => (bytes, None),
            Err(failure) => (Vec::new(), Some(Err(failure))),
        };
        Self { request, bytes, record: Record::start(inner.clock), outcome }
    }

    /// Whether nothing has come of it yet.
    pub(super) fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// It is over; only the first end counts.
    pub(super) fn end(&mut self, outcome: Result<Response, Failure>) {
        if self.outcome.is_none() {
            self.record.finish();
            self.outcome = Some(outcome);
        }
    }

    /// The exchange that it was; what is still open has run out of time.
    pub(super) fn into_exchange(mut self, inner: &Inner) -> Exchange {
        let limit = inner.options.timeout;
        let late = self.record.timed_out(limit);
        self.end(Err(late));
        let mut outcome = self.outcome.expect("it has just ended, if it had not before");
        if let (Ok(response), ContentDecoding::GzipDeflate) = (&mut outcome, inner.options.decoding)
        {
            content::decode(response, inner.options.max_body);
        }
        let Record { timings, peer, tls, .. } = self.record;
        Exchange { request: self.request, outcome, timings, peer, tls }
    }
}
