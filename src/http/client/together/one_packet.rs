//! HTTP/2: a stream for each on one connection, all waiting for one packet.

use bytes::Bytes;
use tokio::time::timeout;

use super::answers::Answers;
use super::flight::Flight;
use super::flight::SETTLE;
use crate::http::client::connection::Connection;
use crate::http::client::connection::Stream;
use crate::http::client::driver::Inner;
use crate::http::fault;
use crate::http::h2::Session;
use crate::http::lanes::Room;
use crate::http::message::Message;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::PhaseKind;

/// Bytes read at once.
const READ_SIZE: usize = 16 * 1024;

/// They cannot go so, and nothing of them was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unfit;

/// Sends them over the connection; what has not ended then has run out of time.
///
/// # Errors
/// [`Unfit`]: the peer does not speak HTTP/2 after all, or takes fewer at once, or one of them has no form in
/// it.
pub(super) async fn release(
    inner: &Inner,
    connection: Connection,
    flights: &mut [Flight],
) -> Result<(), Unfit> {
    let limit = inner.options.timeout;
    let mut messages = messages(flights)?;
    let ends: Vec<Bytes> = messages.iter_mut().map(take_end).collect();
    let count = flights.len();
    for flight in flights.iter_mut().filter(|flight| flight.is_open()) {
        flight.record.peer = connection.peer();
        flight.record.tls = connection.tls().cloned();
        flight.record.enter(PhaseKind::Queued);
    }
    let mut line = Line {
        stream: connection.into_stream(),
        session: Session::new(count),
        answers: Answers::new(flights, inner.options.max_body),
        out: Vec::new(),
        buffer: vec![0; READ_SIZE],
    };
    let greeted = timeout(limit, line.greet()).await;
    let has_room = line.session.room() == Room::Free && line.session.most_streams() >= count;
    if !matches!(greeted, Ok(Ok(()))) || !has_room {
        return Err(Unfit);
    }
    line.enter(PhaseKind::Send);
    let begun = timeout(limit, line.begin(&messages)).await;
    if let Ok(begun) = begun {
        line.settle(begun);
        line.enter(PhaseKind::Queued);
        tokio::time::sleep(SETTLE).await;
        let finished = timeout(limit, line.finish(&ends)).await;
        if let Ok(finished) = finished {
            line.settle(finished);
        }
    }
    Ok(())
}

/// What is sent of each, in the form of HTTP/2; nothing of those that are over.
fn messages(flights: &[Flight]) -> Result<Vec<Option<Message>>, Unfit> {
    let message = |flight: &Flight| {
        if !flight.is_open() {
            return Ok(None);
        }
        let scheme = flight.request.origin.scheme.as_str();
        Message::of_h1(scheme, &flight.bytes).map(Some).map_err(|_| Unfit)
    };
    flights.iter().map(message).collect()
}

/// The last byte of the body, which stays behind; nothing where there is none.
fn take_end(message: &mut Option<Message>) -> Bytes {
    let Some(message) = message else { return Bytes::new() };
    let start = message.body.len().saturating_sub(1);
    message.body.split_off(start)
}

/// The connection with all that goes on over it.
struct Line<'a> {
    stream: Stream,
    session: Session,
    answers: Answers<'a>,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

impl Line<'_> {
    /// Until the server has said what it takes.
    async fn greet(&mut self) -> Result<(), Failure> {
        self.flush().await?;
        while !self.session.is_greeted() {
            self.receive().await?;
            if self.session.is_over() {
                return Err(Failure::new(FailureClass::Protocol, "this is not HTTP/2"));
            }
        }
        self.flush().await
    }

    /// Everything but the ends. Heads are written at once; of bodies what the server's windows allow.
    async fn begin(&mut self, messages: &[Option<Message>]) -> Result<(), Failure> {
        let lanes = || (0..).zip(messages).filter_map(|(lane, it)| Some((lane, it.as_ref()?)));
        for (lane, message) in lanes() {
            self.session.open(lane, message);
        }
        self.flush().await?;
        while lanes().any(|(lane, _)| self.session.backlog(lane) > 0) {
            self.receive().await?;
            self.session.advance();
            self.flush().await?;
        }
        Ok(())
    }

    /// The ends, in one write, and what comes then.
    async fn finish(&mut self, ends: &[Bytes]) -> Result<(), Failure> {
        for (lane, end) in (0..).zip(ends) {
            self.session.finish_with(lane, end.clone());
        }
        self.flush().await?;
        self.enter(PhaseKind::Wait);
        while self.session.active() > 0 {
            self.receive().await?;
            self.session.advance();
            self.flush().await?;
        }
        Ok(())
    }

    /// After a failure nothing more comes.
    fn settle(&mut self, outcome: Result<(), Failure>) {
        if let Err(failure) = outcome {
            self.session.fail(&failure, &mut self.answers);
        }
    }

    /// All that are under way are in that phase now.
    fn enter(&mut self, phase: PhaseKind) {
        for flight in self.answers.flights.iter_mut().filter(|flight| flight.is_open()) {
            flight.record.enter(phase);
        }
    }

    /// Writes all that is to be written.
    async fn flush(&mut self) -> Result<(), Failure> {
        loop {
            let is_more = self.session.take_outbox(&mut self.out);
            if !self.out.is_empty() {
                let written = self.stream.write(&self.out).await;
                written.map_err(|error| {
                    fault::failure(fault::stream_class(&error), "sending", &error)
                })?;
                self.out.clear();
            }
            if !is_more {
                return Ok(());
            }
            self.session.advance();
        }
    }

    /// Takes in what comes next; of responses that are too long nothing more is wanted.
    async fn receive(&mut self) -> Result<(), Failure> {
        let count = self.stream.read(&mut self.buffer).await?;
        if count == 0 {
            self.session.end_of_stream(&mut self.answers);
            let text = "the peer closed the connection amid the responses";
            return Err(Failure::new(FailureClass::Closed, text));
        }
        self.session.receive(&self.buffer[..count], &mut self.answers);
        for lane in self.answers.take_cut() {
            self.session.cancel(lane);
        }
        Ok(())
    }
}
