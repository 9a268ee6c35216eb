//! One request of a load, sent by itself so that it can be looked at. Nothing is measured.

use super::client;
use crate::http::ClientOptions;
use crate::http::ContentDecoding;
use crate::http::clock::Clock;
use crate::http::h1;
use crate::http::route;
use crate::http::tls::TlsError;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::OutOfScope;
use crate::plan::Plan;

/// Bytes of a response's body that are read.
const MAX_BODY: usize = 64 << 10;

/// What was sent, byte for byte, and what came of it.
#[derive(Debug)]
pub struct Sent {
    /// Head and body of the request as they went out.
    pub request: Vec<u8>,
    /// The exchange; its body is at most 64 KiB long, its content coding is left in place.
    pub exchange: Exchange,
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// Certificates that cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The scope leaves the request out.
    #[error(transparent)]
    OutOfScope(#[from] OutOfScope),
    /// The request would break the protocol.
    #[error(transparent)]
    Request(#[from] h1::EncodeError),
}

/// Sends the plan's first request over HTTP/1.1; redirects are not followed.
///
/// # Errors
/// [`OnceError`]; what goes wrong on the way is in the exchange's outcome.
pub async fn send_once(plan: &Plan, clock: Clock) -> Result<Sent, OnceError> {
    let options = ClientOptions {
        decoding: ContentDecoding::Off,
        max_body: MAX_BODY,
        headers: Vec::new(),
        ..client::options(plan)
    };
    let client = client::client(plan, options, clock)?;
    let mut request = plan.requests[0].request.clone();
    for header in &plan.connection.headers {
        if request.header(&header.name).is_none() {
            request.headers.push(header.clone());
        }
    }
    // The client would add it; so that it is shown, it stands here.
    if request.header("user-agent").is_none() {
        let name = concat!("shakedown/", env!("CARGO_PKG_VERSION"));
        request.headers.push(Header::new("User-Agent", name));
    }
    let mut bytes = Vec::new();
    h1::encode(&request, &[], &mut bytes)?;
    route::dress(&plan.connection.route, &request, &mut bytes);
    let exchange = client.send(plan.scope.admit(request)?).await;
    Ok(Sent { request: bytes, exchange })
}
