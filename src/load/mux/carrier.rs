//! The protocols that carry several exchanges on one connection.

use bytes::Bytes;

use crate::http::h1::Pipeline;
use crate::http::h2::Session;
use crate::http::h3;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Room;
use crate::http::message::Message;
use crate::http::reactor::Nanos;
use crate::load::program::Carriage;
use crate::load::program::Prepared;
use crate::model::Failure;
use crate::model::FailureClass;

/// An open connection's protocol.
#[derive(Debug)]
pub(in crate::load) enum Carrier {
    H2(Box<Session>),
    /// There from the connection's first datagram on: its handshake is QUIC's own.
    H3(Box<h3::Session>),
    Pipeline(Box<Pipeline>),
}

impl Carrier {
    /// `None` for a link that nobody shares, and for HTTP/3, which has one already.
    pub(super) fn new(carriage: Carriage) -> Option<Self> {
        match carriage {
            Carriage::Alone | Carriage::Http3 { .. } => None,
            Carriage::Http2 { lanes } => Some(Self::H2(Box::new(Session::new(lanes as usize)))),
            Carriage::Pipeline { lanes } => Some(Self::Pipeline(Box::new(Pipeline::new(lanes)))),
        }
    }

    pub(super) fn room(&mut self) -> Room {
        match self {
            Self::H2(session) => session.room(),
            Self::H3(session) => session.room(),
            Self::Pipeline(pipeline) => pipeline.room(),
        }
    }

    /// Begins the request; `rendered` are its bytes if they are not those that lie ready.
    pub(super) fn begin(
        &mut self,
        lane: u32,
        prepared: &Prepared,
        rendered: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let begin: &mut dyn FnMut(&Message) -> Result<(), Failure> = match self {
            Self::H2(session) => &mut |message| {
                session.begin(lane, message);
                Ok(())
            },
            Self::H3(session) => &mut |message| session.begin(lane, message),
            Self::Pipeline(pipeline) => {
                let bytes = rendered.unwrap_or(&prepared.bytes);
                pipeline.begin(lane, prepared.kind, bytes);
                return Ok(());
            }
        };
        if let Some(rendered) = rendered {
            let scheme = prepared.request.origin.scheme.as_str();
            let message = Message::of_h1(scheme, rendered)
                .map_err(|error| Failure::new(FailureClass::Protocol, error.to_string()))?;
            return begin(&message);
        }
        begin(prepared.message.as_ref().expect("compiled for requests that go in frames"))
    }

    /// Takes datagrams of `each` bytes, the last of which may have fewer.
    pub(super) fn take_datagrams(&mut self, bytes: &[u8], each: usize, now: Nanos) {
        match self {
            Self::H3(session) => {
                for datagram in bytes.chunks(each.max(1)) {
                    session.receive(datagram, now);
                }
            }
            Self::H2(_) | Self::Pipeline(_) => {}
        }
    }

    /// Begins a request that is made already; only HTTP/2 carries such.
    pub(in crate::load) fn begin_message(
        &mut self,
        lane: u32,
        message: &Message,
    ) -> Result<(), Failure> {
        match self {
            Self::H2(session) => {
                session.begin(lane, message);
                Ok(())
            }
            Self::H3(_) | Self::Pipeline(_) => Err(no_streams()),
        }
    }

    /// The same, and more of its body follows.
    pub(in crate::load) fn open(&mut self, lane: u32, message: &Message) -> Result<(), Failure> {
        match self {
            Self::H2(session) => {
                session.open(lane, message);
                Ok(())
            }
            Self::H3(_) | Self::Pipeline(_) => Err(no_streams()),
        }
    }

    /// More of the body of a request that was opened.
    pub(in crate::load) fn send(&mut self, lane: u32, bytes: Bytes) {
        if let Self::H2(session) = self {
            session.send(lane, bytes);
        }
    }

    /// The end of that body.
    pub(in crate::load) fn finish(&mut self, lane: u32) {
        if let Self::H2(session) = self {
            session.finish(lane);
        }
    }

    /// Bytes of it that wait for the server to allow more.
    pub(in crate::load) fn backlog(&self, lane: u32) -> usize {
        match self {
            Self::H2(session) => session.backlog(lane),
            Self::H3(_) | Self::Pipeline(_) => 0,
        }
    }

    pub(super) fn receive<S: LaneSink>(&mut self, bytes: &[u8], sink: &mut S) {
        match self {
            Self::H2(session) => session.receive(bytes, sink),
            // It comes in datagrams.
            Self::H3(_) => {}
            Self::Pipeline(pipeline) => pipeline.receive(bytes, sink),
        }
    }

    pub(super) fn end_of_stream<S: LaneSink>(&mut self, sink: &mut S) {
        match self {
            Self::H2(session) => session.end_of_stream(sink),
            // The end of a connection is told in it.
            Self::H3(_) => {}
            Self::Pipeline(pipeline) => pipeline.end_of_stream(sink),
        }
    }

    pub(super) fn advance<S: LaneSink>(&mut self, now: Nanos, sink: &mut S) {
        match self {
            Self::H2(session) => session.advance(),
            Self::H3(session) => session.advance(now, sink),
            Self::Pipeline(_) => {}
        }
    }

    pub(super) fn fail<S: LaneSink>(&mut self, failure: &Failure, sink: &mut S) {
        match self {
            Self::H2(session) => session.fail(failure, sink),
            Self::H3(session) => session.fail(failure, sink),
            Self::Pipeline(pipeline) => pipeline.fail(failure, sink),
        }
    }

    /// Gives up one exchange. True if it was under way.
    pub(super) fn cancel(&mut self, lane: u32) -> bool {
        match self {
            Self::H2(session) => session.cancel(lane),
            Self::H3(session) => session.cancel(lane),
            Self::Pipeline(pipeline) => pipeline.cancel(lane),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::H2(session) => session.is_over(),
            Self::H3(session) => session.is_over(),
            Self::Pipeline(pipeline) => pipeline.is_over(),
        }
    }

    pub(super) fn active(&self) -> usize {
        match self {
            Self::H2(session) => session.active(),
            Self::H3(session) => session.active(),
            Self::Pipeline(pipeline) => pipeline.active(),
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        match self {
            Self::H2(session) => session.is_blocked(),
            Self::H3(_) | Self::Pipeline(_) => false,
        }
    }

    pub(super) fn take_outbox(&mut self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::H2(session) => session.take_outbox(out),
            // It leaves in datagrams.
            Self::H3(_) => false,
            Self::Pipeline(pipeline) => pipeline.take_outbox(out),
        }
    }

    pub(super) fn take_unsent(&mut self, each: impl FnMut(u32)) {
        match self {
            Self::H2(session) => session.take_unsent(each),
            Self::H3(session) => session.take_unsent(each),
            Self::Pipeline(pipeline) => pipeline.take_unsent(each),
        }
    }
}

fn no_streams() -> Failure {
    Failure::new(FailureClass::Protocol, "HTTP/1.1 has no streams for a call")
}
