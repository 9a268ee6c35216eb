//! One connection, and one exchange on it.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::ReadBuf;
use tokio_rustls::client::TlsStream;

use super::record::Record;
use super::socket::Socket;
use crate::http::fault;
use crate::http::h1::Collector;
use crate::http::h1::Eof;
use crate::http::h1::Progress;
use crate::http::h1::RequestKind;
use crate::http::h1::ResponseParser;
use crate::http::tls::HTTP_2;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::PhaseKind;
use crate::model::Response;
use crate::model::TlsInfo;

/// Bytes read at once.
const READ_SIZE: usize = 16 * 1024;

/// A stream with or without TLS.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Stream {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// 0 for the end, also where TLS ends without `close_notify`, as many servers do it: whether
    /// the response is whole is for its framing to say.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let read = match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
        };
        match read {
            Ok(count) => Ok(count),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            Err(error) => {
                Err(fault::failure(fault::stream_class(&error), "reading the response", &error))
            }
        }
    }
}

/// An open connection and its parser.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    peer: Option<SocketAddr>,
    tls: Option<TlsInfo>,
    parser: ResponseParser,
    buffer: Vec<u8>,
    can_reuse: bool,
}

/// How much of a response is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Bytes of its body.
    pub(super) max_body: usize,
    /// From the end of the request; what has come until then is the response.
    pub(super) max_time: Option<Duration>,
}

impl Reading {
    async fn time_is_up(self) -> Duration {
        let Some(limit) = self.max_time else { return std::future::pending().await };
        tokio::time::sleep(limit).await;
        limit
    }
}

/// A failed exchange.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) failure: Failure,
    /// Whether any byte of a response had come.
    pub(super) has_started: bool,
}

impl Connection {
    pub(super) fn new(stream: Stream, peer: Option<SocketAddr>, tls: Option<TlsInfo>) -> Self {
        Self {
            stream,
            peer,
            tls,
            parser: ResponseParser::default(),
            buffer: vec![0; READ_SIZE],
            can_reuse: false,
        }
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    pub(super) fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }

    /// What the peer has shown, as DER, its own first; none without TLS.
    pub(super) fn certificates(&self) -> Vec<Vec<u8>> {
        let Stream::Tls(stream) = &self.stream else { return Vec::new() };
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        shown.iter().map(|certificate| certificate.as_ref().to_vec()).collect()
    }

    /// Whether HTTP/2 was agreed on in the handshake.
    pub(super) fn speaks_http2(&self) -> bool {
        let Stream::Tls(stream) = &self.stream else { return false };
        stream.get_ref().1.alpn_protocol() == Some(HTTP_2)
    }

    /// What is below, for another protocol.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }

    /// Whether another request may follow the one before.
    pub(super) fn can_reuse(&self) -> bool {
        self.can_reuse
    }

    /// Whether the peer has neither closed an idle connection nor sent what nobody asked for.
    pub(super) async fn is_quiet(&mut self) -> bool {
        poll_fn(|context| Poll::Ready(self.poll_unasked(context).is_pending())).await
    }

    /// Sends a request and reads its response as far as `reading` says.
    pub(super) async fn exchange(
        &mut self,
        request: &[u8],
        kind: RequestKind,
        reading: Reading,
        record: &mut Record,
    ) -> Result<Response, Broken> {
        let sent = self.begin(request, kind, record).await;
        record.enter(PhaseKind::Wait);
        self.answer(sent, reading, record).await
    }

    /// Sends the beginning of a request, or all of it.
    pub(super) async fn begin(
        &mut self,
        bytes: &[u8],
        kind: RequestKind,
        record: &mut Record,
    ) -> io::Result<()> {
        self.parser.reset(kind);
        self.can_reuse = false;
        record.enter(PhaseKind::Send);
        self.stream.write(bytes).await
    }

    /// Sends the end of a request that was begun.
    pub(super) async fn finish(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write(bytes).await
    }

    /// Reads the response to what was `sent`.
    pub(super) async fn answer(
        &mut self,
        sent: io::Result<()>,
        reading: Reading,
        record: &mut Record,
    ) -> Result<Response, Broken> {
        // A peer that refuses a body may answer and close before having read it: the answer counts.
        let outcome = self.receive(reading, record).await;
        let has_started = self.parser.has_started();
        match (outcome, sent) {
            (Ok(response), sent) => {
                self.can_reuse &= sent.is_ok();
                Ok(response)
            }
            // An alert says more than that the other side is gone.
            (Err(failure), _) if failure.class == FailureClass::Tls => {
                Err(Broken { failure, has_started })
            }
            (Err(_), Err(error)) if !has_started => {
                let class = fault::stream_class(&error);
                Err(Broken { failure: fault::failure(class, "sending", &error), has_started })
            }
            (Err(failure), _) => Err(Broken { failure, has_started }),
        }
    }

    async fn receive(
        &mut self,
        reading: Reading,
        record: &mut Record,
    ) -> Result<Response, Failure> {
        let mut collector = Collector::new(reading.max_body);
        let mut wire_len = 0;
        let mut is_cut = false;
        let mut time_is_up = std::pin::pin!(reading.time_is_up());
        loop {
            let count = tokio::select! {
                read = self.stream.read(&mut self.buffer) => read?,
                limit = &mut time_is_up => {
                    if !collector.has_head() {
                        return Err(record.timed_out(limit));
                    }
                    is_cut = true;
                    break;
                }
            };
            if count == 0 {
                self.end_of_stream()?;
                break;
            }
            if !self.parser.has_started() {
                record.enter(PhaseKind::Receive);
            }
            let fed = self.parser.feed(&self.buffer[..count], &mut collector)?;
            wire_len += fed.consumed as u64;
            if fed.progress == Progress::Complete {
                self.can_reuse = self.parser.can_reuse() && fed.consumed == count;
                break;
            }
            if collector.is_truncated() {
                break;
            }
        }
        let mut response = collector.finish(wire_len).expect("a body follows its head");
        response.truncated |= is_cut;
        Ok(response)
    }

    fn end_of_stream(&mut self) -> Result<(), Failure> {
        let detail = match self.parser.eof()? {
            Eof::Complete => return Ok(()),
            Eof::BeforeFirstByte => "the peer closed the connection without an answer",
            Eof::Truncated => "the peer closed the connection amid the response",
        };
        Err(Failure::new(FailureClass::Closed, detail))
    }

    fn poll_unasked(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, &mut buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, &mut buffer),
        }
    }
}
