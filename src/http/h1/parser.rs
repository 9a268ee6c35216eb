//! The response state machine: any split of the same bytes gives the same events.

use std::mem::MaybeUninit;

use super::chunked::Chunked;
use super::chunked::Step;
use super::error::ProtocolError;
use super::framing::BodyLength;
use super::framing::Framing;
use super::framing::RequestKind;
use super::framing::framing;
use super::head::Head;
use super::recent::Parsed;
use super::recent::RecentHead;
use crate::model::HttpVersion;

/// Bytes of a head (and of a trailer section) that are read unless told otherwise.
pub const DEFAULT_MAX_HEAD: usize = 64 * 1024;

/// Header fields of one response that are read.
pub const MAX_FIELDS: usize = 256;

/// 1xx responses before a final one that are skipped.
const MAX_INTERIM: u32 = 32;

/// Takes what a response consists of, in order: one head, then body bytes.
pub trait ResponseSink {
    /// The final response's head (1xx are skipped), exactly once.
    fn head(&mut self, head: &Head<'_>);
    /// The next bytes of the body, transfer coding removed, never empty.
    fn body(&mut self, data: &[u8]);
}

/// What [`ResponseParser::feed`] did with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fed {
    /// How many of them belong to this response; all of them unless it is complete.
    pub consumed: usize,
    /// Whether more are needed.
    pub progress: Progress,
}

/// How far a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More bytes are needed, or the end of the stream.
    NeedMore,
    /// The response is complete.
    Complete,
}

/// What the end of the stream means for the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eof {
    /// The response is complete: its body was to end with the connection, or had ended before.
    Complete,
    /// Not one byte of the response had come: a reused connection may have been idle too long.
    BeforeFirstByte,
    /// The response is cut.
    Truncated,
}

/// One response after the other from the bytes of one connection, without I/O.
///
/// A head inside one read is parsed in place; only a head that is split over reads is copied. A
/// parser that is kept does not allocate per response.
#[derive(Debug)]
pub struct ResponseParser {
    max_head: usize,
    kind: RequestKind,
    course: Course,
    /// The beginning of a head whose end has not come yet.
    partial: Vec<u8>,
    /// How much of `partial` was looked at by the last attempt to parse it.
    attempted: usize,
    started: bool,
    recent: RecentHead,
}

/// How far a response is, and what its head said.
#[derive(Debug)]
struct Course {
    state: State,
    interim: u32,
    keep_alive: bool,
}

impl Course {
    const START: Self = Self { state: State::Head, interim: 0, keep_alive: false };

    fn take_head<S: ResponseSink>(
        &mut self,
        parsed: &Parsed<'_>,
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        let head = &parsed.head;
        if matches!(head.status, 100 | 102..200) {
            self.interim += 1;
            if self.interim > MAX_INTERIM {
                return Err(ProtocolError::TooManyInterim { limit: MAX_INTERIM });
            }
            return Ok(());
        }
        self.keep_alive = head.keep_alive;
        self.state = parsed.body.into();
        sink.head(head);
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Exact(u64),
    Chunked(Chunked),
    UntilClose,
    Complete,
}

impl From<BodyLength> for State {
    fn from(length: BodyLength) -> Self {
        match length {
            BodyLength::Exact(0) => Self::Complete,
            BodyLength::Exact(left) => Self::Exact(left),
            BodyLength::Chunked => Self::Chunked(Chunked::START),
            BodyLength::UntilClose => Self::UntilClose,
        }
    }
}

impl Default for ResponseParser {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_HEAD)
    }
}

impl ResponseParser {
    /// A parser for a new connection that reads heads of up to `max_head` bytes; it awaits the
    /// response to an ordinary request.
    pub fn new(max_head: usize) -> Self {
        Self {
            max_head,
            kind: RequestKind::Ordinary,
            course: Course::START,
            partial: Vec::new(),
            attempted: 0,
            started: false,
            recent: RecentHead::default(),
        }
    }

    /// Awaits the response to another request; buffers stay allocated.
    pub fn reset(&mut self, kind: RequestKind) {
        self.kind = kind;
        self.course = Course::START;
        self.partial.clear();
        self.attempted = 0;
        self.started = false;
    }

    /// Whether any byte of the awaited response (a 1xx counts) has come.
    pub fn has_started(&self) -> bool {
        self.started
    }

    /// Whether the awaited response is complete.
    pub fn is_complete(&self) -> bool {
        self.course.state == State::Complete
    }

    /// Whether the connection may carry another request: the response is complete and the peer
    /// did not say that it closes. Bytes left over from the read rule it out as well.
    pub fn can_reuse(&self) -> bool {
        self.course.keep_alive && self.is_complete()
    }

    /// Goes on with the next bytes of the connection. Nothing is consumed beyond the end of the
    /// response.
    ///
    /// # Errors
    /// [`ProtocolError`]; after one the parser must be reset and the connection closed.
    #[inline]
    pub fn feed<S: ResponseSink>(
        &mut self,
        bytes: &[u8],
        sink: &mut S,
    ) -> Result<Fed, ProtocolError> {
        self.started |= !bytes.is_empty();
        let mut rest = bytes;
        while !rest.is_empty() && self.course.state != State::Complete {
            rest = match self.course.state {
                State::Head => self.feed_head(rest, sink)?,
                State::Exact(left) => self.feed_exact(left, rest, sink),
                State::Chunked(chunked) => self.feed_chunked(chunked, rest, sink)?,
                State::UntilClose => {
                    sink.body(rest);
                    &[]
                }
                State::Complete => break,
            };
        }
        let progress = if self.is_complete() { Progress::Complete } else { Progress::NeedMore };
        Ok(Fed { consumed: bytes.len() - rest.len(), progress })
    }

    /// The peer sends no more.
    ///
    /// # Errors
    /// [`ProtocolError::Head`] where what came can never become a head.
    pub fn eof(&mut self) -> Result<Eof, ProtocolError> {
        match self.course.state {
            State::Head if !self.started => Ok(Eof::BeforeFirstByte),
            State::Head => {
                parse_head(&self.partial, self.kind)?;
                Ok(Eof::Truncated)
            }
            State::UntilClose | State::Complete => {
                self.course.state = State::Complete;
                Ok(Eof::Complete)
            }
            State::Exact(_) | State::Chunked(_) => Ok(Eof::Truncated),
        }
    }

    fn feed_head<'a, S: ResponseSink>(
        &mut self,
        bytes: &'a [u8],
        sink: &mut S,
    ) -> Result<&'a [u8], ProtocolError> {
        if !self.partial.is_empty() {
            return self.feed_split_head(bytes, sink);
        }
        if let Some(parsed) = self.recent.recall(bytes, self.kind)
            && parsed.len <= self.max_head
        {
            self.course.take_head(&parsed, sink)?;
            return Ok(&bytes[parsed.len..]);
        }
        let window = &bytes[..bytes.len().min(self.max_head)];
        if let Some(parsed) = parse_head(window, self.kind)? {
            self.recent.remember(bytes, self.kind, &parsed);
            self.course.take_head(&parsed, sink)?;
            return Ok(&bytes[parsed.len..]);
        }
        if window.len() == self.max_head {
            return Err(ProtocolError::HeadTooLarge { limit: self.max_head });
        }
        self.partial.extend_from_slice(window);
        self.attempted = window.len();
        Ok(&[])
    }

    /// Parsing is attempted when an empty line came, or when there is twice as much as before (to
    /// notice garbage): a head that drips in byte by byte costs its length, not its square.
    fn feed_split_head<'a, S: ResponseSink>(
        &mut self,
        bytes: &'a [u8],
        sink: &mut S,
    ) -> Result<&'a [u8], ProtocolError> {
        let before = self.partial.len();
        let window = &bytes[..bytes.len().min(self.max_head - before)];
        self.partial.extend_from_slice(window);
        let is_full = self.partial.len() == self.max_head;
        let is_due = is_full || self.partial.len() >= 2 * self.attempted;
        if !is_due && !has_empty_line(&self.partial, before) {
            return Ok(&[]);
        }
        self.attempted = self.partial.len();
        let partial = std::mem::take(&mut self.partial);
        let outcome = match parse_head(&partial, self.kind)? {
            Some(parsed) => {
                self.course.take_head(&parsed, sink)?;
                Some(parsed.len - before)
            }
            None => None,
        };
        self.partial = partial;
        match outcome {
            Some(used) => {
                self.partial.clear();
                Ok(&bytes[used..])
            }
            None if is_full => Err(ProtocolError::HeadTooLarge { limit: self.max_head }),
            None => Ok(&[]),
        }
    }

    fn feed_exact<'a, S: ResponseSink>(
        &mut self,
        left: u64,
        bytes: &'a [u8],
        sink: &mut S,
    ) -> &'a [u8] {
        let available = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let (data, rest) = bytes.split_at(available);
        self.course.state = BodyLength::Exact(left - data.len() as u64).into();
        sink.body(data);
        rest
    }

    fn feed_chunked<'a, S: ResponseSink>(
        &mut self,
        mut chunked: Chunked,
        bytes: &'a [u8],
        sink: &mut S,
    ) -> Result<&'a [u8], ProtocolError> {
        let mut bytes = bytes;
        loop {
            match chunked.step(bytes, self.max_head)? {
                Step::Data { data, rest } => {
                    sink.body(data);
                    bytes = rest;
                }
                Step::NeedMore => {
                    self.course.state = State::Chunked(chunked);
                    return Ok(&[]);
                }
                Step::End { rest } => {
                    self.course.state = State::Complete;
                    return Ok(rest);
                }
            }
        }
    }
}

/// The head at the start of `bytes`; `None` while its end is missing.
fn parse_head(bytes: &[u8], kind: RequestKind) -> Result<Option<Parsed<'_>>, ProtocolError> {
    let mut storage = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let mut config = httparse::ParserConfig::default();
    // RFC 9112 §5.1 and §5.2 want both read; servers that are tested send them.
    config.allow_spaces_after_header_name_in_responses(true);
    config.allow_obsolete_multiline_headers_in_responses(true);
    let parsed = config.parse_response_with_uninit_headers(&mut response, bytes, &mut storage);
    let len = match parsed {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(ProtocolError::TooManyFields { limit: MAX_FIELDS });
        }
        Err(error) => return Err(ProtocolError::Head(error)),
    };
    let status = response.code.expect("a complete head has a status");
    let minor_version = response.version.expect("a complete head has a version");
    if status < 100 {
        return Err(ProtocolError::Status(status));
    }
    let Framing { body, keep_alive, content_length } =
        framing(kind, status, minor_version, response.headers)?;
    // Empty lines before the status line are not part of it (RFC 9112 §2.2).
    let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let raw = &bytes[start..len];
    let version = if minor_version == 0 { HttpVersion::Http10 } else { HttpVersion::Http11 };
    let head = Head { status, version, content_length, keep_alive, raw, layout: None };
    Ok(Some(Parsed { head, len, body }))
}

/// Whether an empty line ends at or after index `from` of `bytes`.
fn has_empty_line(bytes: &[u8], from: usize) -> bool {
    memchr::memchr_iter(b'\n', &bytes[from..]).any(|offset| {
        let before = &bytes[..from + offset];
        before.ends_with(b"\n") || before.ends_with(b"\n\r")
    })
}
