//! One exchange on a stream of its own, from the request's first byte to the response's last.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::Buf as _;
use bytes::Bytes;
use h3::client::RequestStream;
use h3::client::SendRequest;
use h3::error::StreamError;
use http::HeaderMap;
use http::Method;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::response::Parts;

use super::fault;
use super::quic::Shared;
use super::streams::Held;
use super::streams::RecvHalf;
use super::streams::SendHalf;
use super::streams::Transport;
use crate::http::lanes::Again;
use crate::http::lanes::Lost;
use crate::http::message::Message;
use crate::model::Failure;
use crate::model::FailureClass;

/// What of a response came, in order.
pub(super) enum News {
    Head(Box<Parts>),
    Body(Bytes),
    Trailers(Box<HeaderMap>),
}

/// Where an exchange puts what its lane is to hear.
#[derive(Default)]
pub(super) struct Mail {
    pub(super) news: RefCell<VecDeque<News>>,
    /// The request is in QUIC's hands whole.
    pub(super) is_sent: Cell<bool>,
}

/// Sends the request and hands on its response. Cancel safe: dropped, it resets its stream.
pub(super) async fn exchange(
    mut requests: SendRequest<Transport, Bytes>,
    quic: Shared,
    message: Message,
    mail: Rc<Mail>,
) -> Result<(), Lost> {
    let has_body = message.head.method() != Method::HEAD;
    let stream = requests
        .send_request(message.head)
        .await
        .map_err(|error| fault::request(error, &quic.borrow()))?;
    let held = quic.borrow_mut().held.remove(&stream.id()).unwrap_or_default();
    let (send, recv) = stream.split();
    let mut upload = pin!(upload(send, message.body));
    let download = Download { stream: recv, held: &held, quic: &quic, mail: &mail };
    let mut download = pin!(download.run(has_body));
    poll_fn(|cx| {
        // A server may answer before it has everything, and want no more: its response says so.
        if !mail.is_sent.get() && upload.as_mut().poll(cx).is_ready() {
            mail.is_sent.set(true);
        }
        download.as_mut().poll(cx)
    })
    .await
}

async fn upload(
    mut stream: RequestStream<SendHalf, Bytes>,
    body: Bytes,
) -> Result<(), StreamError> {
    if !body.is_empty() {
        stream.send_data(body).await?;
    }
    stream.finish().await
}

struct Download<'a> {
    stream: RequestStream<RecvHalf, Bytes>,
    held: &'a Held,
    quic: &'a Shared,
    mail: &'a Mail,
}

impl Download<'_> {
    async fn run(mut self, has_body: bool) -> Result<(), Lost> {
        let parts = self.head().await?;
        let has_body =
            has_body && !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let announced = parts.headers.get(CONTENT_LENGTH).filter(|_| has_body);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        self.mail.news.borrow_mut().push_back(News::Head(Box::new(parts)));
        let length = self.body().await?;
        match announced {
            Some(announced) if announced != length => Err(mismatch(announced, length)),
            _ => Ok(()),
        }
    }

    /// The final response's head, those of interim ones passed over.
    async fn head(&mut self) -> Result<Parts, Lost> {
        loop {
            let response = within(self.held, self.stream.recv_response()).await;
            let response = response.ok_or_else(too_large)?;
            let response =
                response.map_err(|error| fault::lost(error, false, &self.quic.borrow()))?;
            self.held.clear();
            if !response.status().is_informational() {
                return Ok(response.into_parts().0);
            }
        }
    }

    /// Hands on the body, and says how long it was.
    async fn body(&mut self) -> Result<u64, Lost> {
        let mut length = 0;
        let lost = |error| fault::lost(error, true, &self.quic.borrow());
        loop {
            let next = poll_fn(|cx| {
                let polled = self.stream.poll_recv_data(cx);
                polled.map_ok(|data| data.map(|mut data| data.copy_to_bytes(data.remaining())))
            });
            match within(self.held, next).await.ok_or_else(too_large)?.map_err(lost)? {
                None => break,
                Some(data) => {
                    self.held.clear();
                    length += data.len() as u64;
                    if !data.is_empty() {
                        self.mail.news.borrow_mut().push_back(News::Body(data));
                    }
                }
            }
        }
        let trailers = within(self.held, self.stream.recv_trailers()).await;
        if let Some(trailers) = trailers.ok_or_else(too_large)?.map_err(lost)? {
            self.mail.news.borrow_mut().push_back(News::Trailers(Box::new(trailers)));
        }
        Ok(length)
    }
}

/// What `future` gives; `None` if it waits for a frame that is larger than anything we keep.
async fn within<F: Future>(held: &Held, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if held.is_full() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

fn too_large() -> Lost {
    let detail = "HTTP/3: a frame of the response is larger than we are willing to read";
    Lost { failure: Failure::new(FailureClass::TooLarge, detail), again: Again::Never }
}

fn mismatch(announced: u64, length: u64) -> Lost {
    let detail = format!("HTTP/3: Content-Length says {announced} bytes, {length} came");
    Lost { failure: Failure::new(FailureClass::Protocol, detail), again: Again::Never }
}
