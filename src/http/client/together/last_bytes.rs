//! HTTP/1.1: a connection for each, all waiting for one byte.

use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::coop::unconstrained;

use super::flight::Flight;
use super::flight::SETTLE;
use crate::http::client::connection::Connection;
use crate::http::client::connection::Reading;
use crate::http::client::driver::Inner;
use crate::http::client::record::Record;
use crate::http::fault;
use crate::http::h1::RequestKind;
use crate::model::Failure;
use crate::model::PhaseKind;
use crate::model::Request;

/// Sends them; `first` is a connection that the first may take.
pub(super) async fn release(inner: &Inner, mut first: Option<Connection>, flights: &mut [Flight]) {
    let begun = flights.iter_mut().map(|flight| begin(inner, first.take(), flight));
    let mut connections = join_all(begun).await;
    tokio::time::sleep(SETTLE).await;
    let sent = finish(inner.options.timeout, &mut connections, flights).await;
    let answers = flights.iter_mut().zip(connections).zip(sent);
    let answers = answers
        .filter_map(|((flight, connection), sent)| Some(answer(inner, flight, connection?, sent)));
    join_all(answers).await;
}

/// A connection to which everything but the last byte was given; where there is none, the flight is
/// over.
async fn begin(
    inner: &Inner,
    connection: Option<Connection>,
    flight: &mut Flight,
) -> Option<Connection> {
    let (_last, beginning) = flight.bytes.split_last().filter(|_| flight.is_open())?;
    let limit = inner.options.timeout;
    let opened = open(inner, connection, &flight.request, beginning, &mut flight.record);
    let opened = tokio::time::timeout(limit, opened).await;
    let opened = opened.unwrap_or_else(|_| Err(flight.record.timed_out(limit)));
    match opened {
        Ok(connection) => {
            flight.record.enter(PhaseKind::Queued);
            Some(connection)
        }
        Err(failure) => {
            flight.end(Err(failure));
            None
        }
    }
}

async fn open(
    inner: &Inner,
    connection: Option<Connection>,
    request: &Request,
    beginning: &[u8],
    record: &mut Record,
) -> Result<Connection, Failure> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => inner.dialler.dial(&request.origin, None, record).await?,
    };
    let sent = connection.begin(beginning, RequestKind::of(&request.method), record).await;
    sent.map_err(|error| fault::failure(fault::stream_class(&error), "sending", &error))?;
    Ok(connection)
}

/// Gives every connection the byte that it waits for. Nobody else's turn comes in between, however many
/// they are.
async fn finish(
    limit: Duration,
    connections: &mut [Option<Connection>],
    flights: &mut [Flight],
) -> Vec<io::Result<()>> {
    let mut sent = Vec::with_capacity(connections.len());
    let giving = async {
        for (connection, flight) in connections.iter_mut().zip(flights.iter()) {
            sent.push(match (connection, flight.bytes.last_chunk::<1>()) {
                (Some(connection), Some(last)) => connection.finish(last).await,
                _ => Ok(()),
            });
        }
    };
    // Whoever does not read holds up nobody else for longer; what is left open runs out of time.
    let _late = tokio::time::timeout(limit, unconstrained(giving)).await;
    for flight in flights.iter_mut().filter(|flight| flight.is_open()) {
        flight.record.enter(PhaseKind::Wait);
    }
    sent
}

async fn answer(
    inner: &Inner,
    flight: &mut Flight,
    mut connection: Connection,
    sent: io::Result<()>,
) {
    let limit = inner.options.timeout;
    let reading = Reading { max_body: inner.options.max_body, max_time: None };
    let answered = connection.answer(sent, reading, &mut flight.record);
    let outcome = match tokio::time::timeout(limit, answered).await {
        Ok(answered) => answered.map_err(|broken| broken.failure),
        Err(_) => Err(flight.record.timed_out(limit)),
    };
    flight.end(outcome);
}
